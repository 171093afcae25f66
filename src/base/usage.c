/* What this rank has used: processor time, and the largest memory of a stretch of work. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include "umklapp/base.h"

PetscReal ProcessorTime(void)
{
  struct timespec now;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (PetscReal)now.tv_sec + 1e-9 * (PetscReal)now.tv_nsec;
}

/* Linux forgets the peak when 5 is written to clear_refs. */
PetscReal MemoryPeakBegin(void)
{
  PetscReal now;
  FILE     *file;

  malloc_trim(0);
  file = fopen("/proc/self/clear_refs", "w");
  if (file) {
    fputs("5", file);
    fclose(file);
  }
  MemoryUsage(&now, NULL);
  return now;
}

PetscReal MemoryPeakEnd(void)
{
  char      line[128];
  PetscReal peak, kib;
  FILE     *file = fopen("/proc/self/status", "r");

  MemoryUsage(&peak, NULL);
  if (!file) return peak;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %lf", &kib) == 1) peak = kib / 1024.0;
  fclose(file);
  return peak;
}

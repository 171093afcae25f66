/* What this rank has used: processor time, and the largest memory of a stretch of work. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
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

/* A line of /proc/self/status in MiB, or `otherwise` */
static PetscReal status(const char *name, PetscReal otherwise)
{
  char      line[128];
  PetscReal kib;
  FILE     *file = fopen("/proc/self/status", "r");

  if (!file) return otherwise;
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name)) && sscanf(line + strlen(name), ": %lf", &kib) == 1) otherwise = kib / 1024.0;
  fclose(file);
  return otherwise;
}

PetscReal MemoryPeakEnd(void)
{
  PetscReal now;

  MemoryUsage(&now, NULL);
  return status("VmHWM", now);
}

PetscReal MemoryOfProgram(void) { return status("RssFile", 0.0); }

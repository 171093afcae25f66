/* What rank 0 tells the user on standard output, and how long steps take. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "umklapp/base.h"

static int log_level = 1;

void LogSetLevel(int level)
{
  log_level = level;
}

static bool speaks(int level)
{
  int initialized = 0, finalized = 0, rank = 0;

  if (level > log_level) return false;
  if (MPI_Initialized(&initialized) || MPI_Finalized(&finalized)) return false;
  if (initialized && !finalized && MPI_Comm_rank(PETSC_COMM_WORLD ? PETSC_COMM_WORLD : MPI_COMM_WORLD, &rank)) return false;
  return rank == 0;
}

void Log(int level, const char *format, ...)
{
  va_list args;

  if (!speaks(level)) return;
  va_start(args, format);
  vfprintf(stdout, format, args);
  va_end(args);
  if (!*format || format[strlen(format) - 1] != '\n') fputc('\n', stdout);
  fflush(stdout);
}

void LogWarning(const char *format, ...)
{
  va_list args;

  if (!speaks(1)) return;
  fputs("warning: ", stdout);
  va_start(args, format);
  vfprintf(stdout, format, args);
  va_end(args);
  fputc('\n', stdout);
  fflush(stdout);
}

PetscReal WallTime(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (PetscReal)now.tv_sec + 1e-9 * (PetscReal)now.tv_nsec;
}

/* "12 s", "3 min 20 s", "2 h 05 min" */
static const char *duration(PetscReal seconds, char text[32])
{
  const double s = seconds > 0 && seconds < 1e9 ? seconds : 0;
  const long   whole = (long)(s + 0.5);

  if (s < 9.95) snprintf(text, 32, "%.1f s", s);
  else if (whole < 60) snprintf(text, 32, "%ld s", whole);
  else if (whole < 3600) snprintf(text, 32, "%ld min %02ld s", whole / 60, whole % 60);
  else snprintf(text, 32, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  return text;
}

void ProgressBegin(Progress *p, const char *stage, PetscReal total)
{
  const char *term = getenv("TERM");

  p->stage = stage;
  p->total = total;
  p->start = p->last = WallTime();
  /* mpirun hands every process a pseudo-terminal, also when its own output goes to a file */
  p->terminal = isatty(STDOUT_FILENO) && !getenv("OMPI_COMM_WORLD_SIZE") && term && strcmp(term, "dumb");
}

void ProgressUpdate(Progress *p, PetscReal done)
{
  const PetscReal now = WallTime(), elapsed = now - p->start;
  char            left[32];

  if (now - p->last < (p->terminal ? 0.2 : 10.0) || done <= 0 || p->total <= 0 || elapsed <= 0) return;
  p->last = now;
  if (!speaks(1)) return;
  printf("%s  %s: %3.0f %%, %.3g/s, %s left%s", p->terminal ? "\r" : "", p->stage, 100 * fmin(done / p->total, 1), done / elapsed,
         duration(elapsed * fmax(p->total - done, 0) / done, left), p->terminal ? "\033[K" : "\n");
  fflush(stdout);
}

void ProgressEnd(Progress *p)
{
  char text[32];

  if (!speaks(1)) return;
  printf("%s  %s: %s%s\n", p->terminal ? "\r" : "", p->stage, duration(WallTime() - p->start, text), p->terminal ? "\033[K" : "");
  fflush(stdout);
}

void MemoryUsage(PetscReal *now, PetscReal *peak)
{
  struct rusage usage;
  long          pages = 0;
  FILE         *file  = fopen("/proc/self/statm", "r");

  getrusage(RUSAGE_SELF, &usage);
  if (file) {
    if (fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    fclose(file);
  }
  if (peak) *peak = (PetscReal)usage.ru_maxrss / 1024;
  if (now) *now = pages ? (PetscReal)pages * (PetscReal)sysconf(_SC_PAGESIZE) / (1024 * 1024) : (PetscReal)usage.ru_maxrss / 1024;
}

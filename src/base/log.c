/* What rank 0 tells the user on standard output and in the log file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "log_impl.h"

static int   log_level = 1;
static FILE *file;     /* of the log, on rank 0 */
static bool  live;     /* a line of progress stands in the terminal, without its end */

void LogSetLevel(int level)
{
  log_level = level;
}

int LogGetLevel(void)
{
  return log_level;
}

/* Whether this is the rank that speaks; before MPI is up, every process. */
static bool speaker(void)
{
  int initialized = 0, finalized = 0, rank = 0;

  if (MPI_Initialized(&initialized) || MPI_Finalized(&finalized)) return false;
  if (initialized && !finalized && MPI_Comm_rank(PETSC_COMM_WORLD ? PETSC_COMM_WORLD : MPI_COMM_WORLD, &rank)) return false;
  return rank == 0;
}

PetscErrorCode LogOpen(const char *path)
{
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  if (speaker()) {
    file = fopen(path, "a");
    if (!file) code = InputErrorAt(path, 0, "cannot write the log: %s", strerror(errno));
  }
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, code));
  PetscFunctionReturn(0);
}

void LogClose(void)
{
  if (file) fclose(file);
  file = NULL;
}

bool LogIsOpen(void)
{
  return file != NULL;
}

/* Each line of the text with the time before it. A log that cannot be written any more does not end the run. */
static void to_file(const char *text)
{
  const time_t now = time(NULL);
  struct tm    local;
  char         stamp[32];

  if (!file) return;
  strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
  for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
    end = strchr(line, '\n');
    if (!end) end = line + strlen(line);
    fprintf(file, "%s  %.*s\n", stamp, (int)(end - line), line);
  }
  if (fflush(file) || ferror(file)) {
    fclose(file);
    file = NULL;
    printf("warning: the log cannot be written any more: %s\n", strerror(errno));
  }
}

static void to_screen(const char *text)
{
  if (live) fputs("\r\033[K", stdout);
  live = false;
  fputs(text, stdout);
  if (!*text || text[strlen(text) - 1] != '\n') fputc('\n', stdout);
  fflush(stdout);
}

void LogPut(bool screen, bool log, const char *text)
{
  if (!speaker()) return;
  if (screen) to_screen(text);
  if (log) to_file(text);
}

void LogLive(const char *text)
{
  if (!speaker() || log_level < 1) return;
  printf("\r%s\033[K", text);
  fflush(stdout);
  live = true;
}

static void put(int level, const char *lead, const char *format, va_list args)
{
  char   *text = NULL;
  size_t  size;
  FILE   *out;

  if (!speaker() || (level > log_level && !file)) return;
  out = open_memstream(&text, &size);
  if (!out) return;
  fputs(lead, out);
  vfprintf(out, format, args);
  if (!fclose(out)) LogPut(level <= log_level, true, text);
  free(text);
}

void Log(int level, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  put(level, "", format, args);
  va_end(args);
}

void LogWarning(const char *format, ...)
{
  va_list args;

  va_start(args, format);
  put(1, "warning: ", format, args);
  va_end(args);
}

void LogError(const char *format, ...)
{
  va_list args, copy;

  va_start(args, format);
  va_copy(copy, args);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  if (file) put(log_level + 1, "", format, copy);
  va_end(copy);
  va_end(args);
}

PetscReal WallTime(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (PetscReal)now.tv_sec + 1e-9 * (PetscReal)now.tv_nsec;
}

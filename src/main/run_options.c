/* Options of `umklapp run` that say when to stop and what to tell. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"

static PetscReal limit; /* seconds of wall time; 0: none */

static const struct {
  const char *name;
  PetscReal   seconds;
} units[] = {{"s", 1.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}};

/* D-HH:MM:SS or HH:MM:SS, minutes and seconds of two digits below 60. */
static bool ReadClock(const char *text, PetscReal *seconds)
{
  long  part[4] = {0};
  char *end;
  int   n = 1;

  if (strchr(text, '-')) {
    if (!isdigit((unsigned char)*text)) return false;
    part[0] = strtol(text, &end, 10);
    if (*end != '-') return false;
    text = end + 1;
  }
  for (; n < 4; n++) {
    if (!isdigit((unsigned char)*text)) return false;
    part[n] = strtol(text, &end, 10);
    if (n > 1 && (end - text != 2 || part[n] > 59)) return false;
    if (*end != (n < 3 ? ':' : 0)) return false;
    text = end + 1;
  }
  *seconds = 86400.0 * (PetscReal)part[0] + 3600.0 * (PetscReal)part[1] + 60.0 * (PetscReal)part[2] + (PetscReal)part[3];
  return true;
}

static PetscErrorCode ReadTime(const char *option, const char *text, PetscReal *seconds)
{
  char     *end;
  PetscReal number;

  if (!ReadClock(text, seconds)) {
    PetscCheckInput(!strchr(text, ':'), NULL, 0, "option '%s': '%s' is no time: HH:MM:SS, D-HH:MM:SS, or a number with a unit, such as '90 min'", option, text);
    number = strtod(text, &end);
    PetscCheckInput(end != text, NULL, 0, "option '%s': '%s' is no time: HH:MM:SS, D-HH:MM:SS, or a number with a unit, such as '90 min'", option, text);
    while (isspace((unsigned char)*end)) end++;
    PetscCheckInput(*end, NULL, 0, "option '%s': '%s' has no unit: '%s s', '%s min', '%s h' or '%s d'", option, text, text, text, text, text);
    *seconds = -1.0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
      if (!strcmp(end, units[i].name)) *seconds = number * units[i].seconds;
    if (*seconds == -1.0) PetscCheckInput(false, NULL, 0, "option '%s': unknown unit '%s' of time: s, min, h or d", option, end);
  }
  PetscCheckInput(isfinite(*seconds) && *seconds > 0.0 && *seconds < 1e9, NULL, 0, "option '%s': '%s' must be positive and less than 30 years", option, text);
  return 0;
}

/* Says in the log which run begins. */
static PetscErrorCode BeginLog(const char *path, const char *deck)
{
  char        host[256] = "";
  const char *job       = getenv("SLURM_JOB_ID");
  int         size;

  PetscFunctionBeginUser;
  PetscCall(LogOpen(path));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  (void)gethostname(host, sizeof host - 1);
  Log(3, "umklapp %s (%s): run of %s begins on %d rank%s, %s, process %d%s%s", ProgramVersion(), ProgramCommit(), deck, size, size > 1 ? "s" : "", host, (int)getpid(), job ? ", job " : "", job ? job : "");
  PetscFunctionReturn(0);
}

PetscErrorCode RunReadOptions(const Arguments *a)
{
  const char *time = ArgumentsGet(a, "--max-time"), *progress = ArgumentsGet(a, "--progress"), *log = ArgumentsGet(a, "--log");
  PetscReal   interval;

  PetscFunctionBeginUser;
  if (time) PetscCall(ReadTime("--max-time", time, &limit));
  if (progress) {
    PetscCall(ReadTime("--progress", progress, &interval));
    ProgressSetInterval(interval);
  }
  if (log) PetscCall(BeginLog(log, a->operand[0]));
  PetscFunctionReturn(0);
}

PetscErrorCode RunWatchStop(const char *output)
{
  const char  *slash = strrchr(output, '/');
  const size_t folder = slash ? (size_t)(slash + 1 - output) : 0;
  char        *file;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(folder + 8, &file));
  snprintf(file, folder + 8, "%.*sSTOP", (int)folder, output);
  PetscCall(StopInstall(limit, file));
  PetscCall(PetscFree(file));
  PetscFunctionReturn(0);
}

/* How far a stage is, how long it will take, and what memory the process holds. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "log_impl.h"

#define LIVE_INTERVAL  0.2  /* seconds between lines in a terminal */
#define FIRST_INTERVAL 10.0 /* elsewhere, unless asked for another: a tenth of what a stage has taken, within these */
#define LAST_INTERVAL  60.0
#define SHORT_STAGE    1.0  /* stages shorter than this are not spoken of when they end */

static PetscReal interval; /* asked for; 0: not */

void ProgressSetInterval(PetscReal seconds)
{
  interval = seconds;
}

/* "12 s", "3 min 20 s", "2 h 05 min" */
static const char *duration(PetscReal seconds, char text[32])
{
  const double s     = seconds > 0 && seconds < 1e9 ? seconds : 0;
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

  *p       = (Progress){.stage = stage, .total = total};
  p->start = p->last = p->logged = WallTime();
  /* mpirun hands every process a pseudo-terminal, also when its own output goes to a file */
  p->terminal = isatty(STDOUT_FILENO) && !getenv("OMPI_COMM_WORLD_SIZE") && term && strcmp(term, "dumb");
}

/* Whether it is time for a line on the screen, in the log. */
static bool due(Progress *p, bool *screen, bool *log)
{
  const PetscReal now = WallTime(), elapsed = now - p->start;
  const PetscReal usual = interval > 0 ? interval : fmin(LAST_INTERVAL, fmax(FIRST_INTERVAL, 0.1 * elapsed)), often = LogGetLevel() > 1 ? 0.25 * usual : usual;

  *screen = LogGetLevel() > 0 && now - p->last >= (p->terminal ? LIVE_INTERVAL : often);
  *log    = LogIsOpen() && now - p->logged >= often;
  if (*screen) p->last = now;
  if (*log) p->logged = now;
  if (*screen || *log) p->shown = true;
  return *screen || *log;
}

static void show(const Progress *p, bool screen, bool log, const char *text, PetscReal left)
{
  PetscReal now;
  char      line[512], duration_text[32], left_text[64] = "";

  MemoryUsage(&now, NULL);
  if (left >= 0 && left < 1e9) snprintf(left_text, sizeof left_text, ", %s left", duration(left, duration_text));
  snprintf(line, sizeof line, "  %s: %s%s, %.0f MiB", p->stage, text, left_text, now);
  if (screen && p->terminal) LogLive(line);
  LogPut(screen && !p->terminal, log, line);
}

void ProgressUpdate(Progress *p, PetscReal done)
{
  PetscReal elapsed;
  char      text[160];
  bool      screen, file;

  if (done <= 0 || p->total <= 0 || !due(p, &screen, &file)) return;
  elapsed = fmax(WallTime() - p->start, 1e-9);
  snprintf(text, sizeof text, "%.6g of %.6g, %.0f %%, %.3g/s", done, p->total, 100 * fmin(done / p->total, 1), done / elapsed);
  show(p, screen, file, text, elapsed * fmax(p->total - done, 0) / done);
}

/* Left: as if the residual went on falling as it fell since the beginning. */
void ProgressIterate(Progress *p, PetscInt iteration, PetscReal residual, PetscReal target)
{
  PetscReal elapsed, fallen, left = -1;
  char      text[160];
  bool      screen, file;

  if (p->first <= 0) p->first = residual;
  if (iteration <= 0 || !due(p, &screen, &file)) return;
  elapsed = fmax(WallTime() - p->start, 1e-9);
  fallen  = residual > 0 ? log10(p->first / residual) : 0;
  if (fallen > 0.1 && target > 0) left = elapsed * fmax(log10(residual / target), 0) / fallen;
  snprintf(text, sizeof text, "%d, residual %.2e of %.2e wanted, %.3g/s", (int)iteration, residual, target, iteration / elapsed);
  show(p, screen, file, text, left);
}

void ProgressEnd(Progress *p)
{
  const PetscReal elapsed = WallTime() - p->start;
  char            text[32];

  Log(p->shown || elapsed >= SHORT_STAGE ? 1 : 2, "  %s: %s", p->stage, duration(elapsed, text));
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

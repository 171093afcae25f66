/* The text of a forecast. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "forecast.h"

#define GIB    1024.0 /* MiB */
#define MARGIN_MEMORY 1.25
#define MARGIN_TIME   2.0
#define FULL   0.95   /* of the memory per rank that may be used */

/* "12 s", "3 min 20 s", "2 h 05 min", "4 days 3 h" */
static const char *duration(PetscReal seconds, char text[32])
{
  const PetscReal whole = floor(PetscMin(seconds, 1e12) + 0.5);
  if (seconds < 9.95) snprintf(text, 32, "%.1f s", seconds);
  else if (whole < 60.0) snprintf(text, 32, "%.0f s", whole);
  else if (whole < 3600.0) snprintf(text, 32, "%.0f min %02.0f s", floor(whole / 60.0), fmod(whole, 60.0));
  else if (whole < 259200.0) snprintf(text, 32, "%.0f h %02.0f min", floor(whole / 3600.0), floor(fmod(whole, 3600.0) / 60.0));
  else snprintf(text, 32, "%.0f days", floor(whole / 86400.0 + 0.5));
  return text;
}

static const char *size_of(PetscReal bytes, char text[32])
{
  if (bytes < 1024.0 * 1024.0) snprintf(text, 32, "%.0f KiB", bytes / 1024.0);
  else if (bytes < 1073741824.0) snprintf(text, 32, "%.1f MiB", bytes / 1048576.0);
  else snprintf(text, 32, "%.1f GiB", bytes / 1073741824.0);
  return text;
}

static const char *mesh_text(const ForecastMeshes *m, char text[96])
{
  char part[2][40] = {"", ""};
  if (m->electrons[0]) snprintf(part[0], 40, "%d x %d x %d", (int)m->electrons[0], (int)m->electrons[1], (int)m->electrons[2]);
  if (m->phonons[0] && memcmp(m->electrons, m->phonons, sizeof m->phonons)) snprintf(part[1], 40, "%d x %d x %d", (int)m->phonons[0], (int)m->phonons[1], (int)m->phonons[2]);
  snprintf(text, 96, "%s%s%s", part[0], part[0][0] && part[1][0] ? ", phonons " : "", part[1]);
  return text;
}

/* MiB of this machine that nobody uses */
static PetscReal available(void)
{
  char      line[128];
  PetscReal kib  = 0.0;
  FILE     *file = fopen("/proc/meminfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "MemAvailable: %lf", &kib) == 1) break;
  if (file) fclose(file);
  return kib > 0.0 ? kib / 1024.0 : 4.0 * GIB;
}

static PetscReal memory_of(const ForecastOptions *o, PetscInt ranks)
{
  return o->memory > 0.0 ? o->memory : available() / (PetscReal)PetscMin(ranks, o->per_node);
}

static void print_counts(const Forecast *f, const Estimate *e)
{
  const PetscReal grow = pow(f->ratio, f->dimension);
  PetscReal       share = 1.0;
  char            text[96];
  bool            all = true;
  Log(1, "meshes    %s", mesh_text(&f->mesh, text));
  if (f->ratio > 1.0) Log(1, "          measured on %s, carried over by powers of the edge", mesh_text(&f->measured, text));
  if (f->states[1] > 0.0) Log(1, "states    %.4g of electrons, %.4g of phonons", f->states[0] * grow, f->states[1] * grow);
  else Log(1, "states    %.4g of %s", f->states[0] * grow, f->lattice ? "phonons" : "electrons");
  for (int k = 0; k < f->noperators; k++) {
    all   = all && f->op[k].sample.complete;
    share = PetscMin(share, f->op[k].sample.share);
  }
  if (all && f->ratio == 1.0) Log(1, "processes %.4g, all of them counted", e->processes);
  else Log(1, "processes %.4g, from a sample of %.3g %%", e->processes, 100.0 * share / pow(f->ratio, 2.0 * f->dimension - (f->gaussian ? 0.0 : 1.0)));
  Log(1, "operator  %.4g coupled pairs of states, %.4g nonzeros, on one rank", e->blocks, 18.0 * e->blocks);
  if (f->pilot[0].ratio == 1.0) Log(1, "pilot     the deck itself, %d of %d point%s solved", (int)f->pilot[0].points, (int)f->points, f->points > 1 ? "s" : "");
  else {
    ForecastMeshes m;
    PetscReal      ratio;
    ForecastScaleMeshes(f, 1.0 / f->pilot[0].ratio, &m, &ratio);
    Log(1, "pilot     %s, %d of %d point%s solved", mesh_text(&m, text), (int)f->pilot[0].points, (int)f->points, f->points > 1 ? "s" : "");
  }
}

/* The three largest parts, in percent */
static void print_parts(const char *what, int n, const PetscReal *part, const char *const *name)
{
  PetscReal sum = 0.0;
  char      text[256];
  size_t    at = 0;
  bool      used[16] = {false};
  for (int i = 0; i < n; i++) sum += part[i];
  for (int k = 0; k < 3; k++) {
    int best = -1;
    for (int i = 0; i < n; i++)
      if (!used[i] && (best < 0 || part[i] > part[best])) best = i;
    if (sum <= 0.0 || part[best] < 0.02 * sum) break;
    used[best] = true;
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.0f %%", k ? ", " : "", name[best], 100.0 * part[best] / sum);
  }
  Log(1, "%s%s", what, at ? text : "little of anything");
}

/* The same without a limit of collision.memory */
static void estimate_whole(const Forecast *f, PetscInt ranks, PetscInt per_node, PetscReal x, Estimate *e)
{
  Forecast whole = *f;
  whole.limit    = HUGE_VAL;
  ForecastEstimate(&whole, ranks, per_node, x, e);
}

/* Edges of the largest meshes that a rank's memory holds with all processes and blocks, relative to the deck's; 0: none */
static PetscReal largest(const Forecast *f, PetscInt ranks, PetscInt per_node, PetscReal memory)
{
  PetscReal low = 0.05, high = 20.0;
  Estimate  e;
  estimate_whole(f, ranks, per_node, low, &e);
  if (e.memory > FULL * memory) return 0.0;
  for (int i = 0; i < 40; i++) {
    const PetscReal x = sqrt(low * high);
    estimate_whole(f, ranks, per_node, x, &e);
    if (e.memory <= FULL * memory) low = x;
    else high = x;
  }
  return low;
}

static void job_text(const Estimate *e, char text[96])
{
  const PetscReal minutes = ceil(MARGIN_TIME * e->seconds / 60.0) + 1.0, memory = ceil(PetscMax(MARGIN_MEMORY * e->memory, e->memory + 64.0));
  snprintf(text, 96, "--mem-per-cpu=%.0fM --time=%02.0f:%02.0f:00", memory, floor(minutes / 60.0), fmod(minutes, 60.0));
}

static PetscErrorCode print_ranks(const Forecast *f, const ForecastOptions *o)
{
  static const ReportColumn columns[] = {{"ranks", "", "%.0f"}, {"time", "", NULL}, {"find", "s", "%.3g"}, {"solve", "s", "%.3g"}, {"memory", "MiB/rank", "%.0f"}, {"node", "GiB", "%.1f"}, {"sbatch", "", NULL}, {"", "", NULL}};
  ReportTable table;
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(8, columns, &table));
  for (int i = 0; i < o->nranks; i++) {
    Estimate        e;
    char            time[32], job[96];
    ForecastEstimate(f, o->ranks[i], o->per_node, 1.0, &e);
    const char     *note      = e.memory > memory_of(o, o->ranks[i]) ? "too large" : !e.kept ? "found at each point" : !e.stored && !f->replayed ? "replayed" : "";
    const PetscReal values[8] = {(PetscReal)o->ranks[i], NAN, e.time[TIME_FIND], e.time[TIME_RATES] + e.time[TIME_FILL] + e.time[TIME_APPLY] + e.time[TIME_REST], e.memory, e.node / GIB, NAN, NAN};
    job_text(&e, job);
    const char *text[8] = {NULL, duration(e.seconds, time), NULL, NULL, NULL, NULL, job, note};
    PetscCall(ReportTableAddRow(table, values, text));
  }
  PetscCall(ReportTablePrint(table, stdout));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

static void print_largest(const Forecast *f, const ForecastOptions *o)
{
  Log(1, "largest meshes whose processes and blocks fit, with collision.memory large enough:");
  for (int i = 0; i < o->nranks; i++) {
    const PetscReal has = memory_of(o, o->ranks[i]);
    PetscReal       x   = largest(f, o->ranks[i], o->per_node, has), ratio;
    ForecastMeshes  m;
    Estimate        e;
    char            text[96], time[32];
    for (int attempt = 0; x > 0.0 && attempt < 8; attempt++, x *= 0.97) { /* edges are rounded */
      ForecastScaleMeshes(f, x, &m, &ratio);
      estimate_whole(f, o->ranks[i], o->per_node, 1.0 / ratio, &e);
      if (e.memory <= FULL * has) break;
    }
    if (x > 0.0) Log(1, "  %5d rank%s of %.3g GiB: %s, %s", (int)o->ranks[i], o->ranks[i] > 1 ? "s" : " ", has / GIB, mesh_text(&m, text), duration(e.seconds, time));
    else Log(1, "  %5d rank%s of %.3g GiB: none", (int)o->ranks[i], o->ranks[i] > 1 ? "s" : " ", has / GIB);
  }
}

/* What collision.memory may be on the first number of ranks */
static void print_limit(const Forecast *f, const ForecastOptions *o)
{
  const PetscReal has = memory_of(o, o->ranks[0]);
  PetscReal       beside;
  Estimate        e;
  estimate_whole(f, o->ranks[0], o->per_node, 1.0, &e);
  beside = e.memory - e.mib[MEMORY_PROCESSES] - e.mib[MEMORY_BLOCKS];
  if (e.memory <= FULL * has) Log(1, "limit     collision.memory of %.2g GiB keeps all processes and blocks on %d rank%s; the deck has %.3g", 1.2 * (e.mib[MEMORY_PROCESSES] + e.mib[MEMORY_BLOCKS]) / GIB, (int)o->ranks[0], o->ranks[0] > 1 ? "s" : "", f->limit / (GIB * 1048576.0));
  else Log(1, "limit     collision.memory of at most %.2g GiB on %d rank%s of %.3g GiB; the deck has %.3g", PetscMax(0.0, (FULL * has - beside) / f->noperators) / GIB, (int)o->ranks[0], o->ranks[0] > 1 ? "s" : "", has / GIB, f->limit / (GIB * 1048576.0));
}

PetscErrorCode ForecastPrint(const Forecast *f, const ForecastOptions *o)
{
  Estimate e;
  char     text[2][32];

  PetscFunctionBeginUser;
  ForecastEstimate(f, 1, 1, 1.0, &e);
  print_counts(f, &e);
  Log(1, "files     results %s, checkpoint up to %s", size_of(e.results, text[0]), size_of(e.checkpoint, text[1]));
  ForecastEstimate(f, o->ranks[0], o->per_node, 1.0, &e);
  print_parts("time      ", TIME_PARTS, e.time, ForecastTimeName);
  print_parts("memory    ", MEMORY_PARTS, e.mib, ForecastMemoryName);
  PetscCall(print_ranks(f, o));
  print_largest(f, o);
  print_limit(f, o);
  for (int i = 0; i < TIME_PARTS; i++) Log(2, "  %-28s %.3g s", ForecastTimeName[i], e.time[i]);
  for (int i = 0; i < MEMORY_PARTS; i++) Log(2, "  %-28s %.1f MiB", ForecastMemoryName[i], e.mib[i]);
  for (int k = 0; k < f->noperators; k++) {
    const ForecastOperator *p = &f->op[k];
    Log(2, "  operator %d: ns per process: find %.0f, rates %.1f, first %.1f, fill %.1f, replay %.1f; per block %.2f; per unknown %.1f; %.3g blocks, %.4g pairs", k, 1e9 * p->sample.seconds / PetscMax(1.0, p->sample.processes), 1e9 * p->rates, 1e9 * p->first, 1e9 * p->fill, 1e9 * p->replay, 1e9 * p->apply, 1e9 * p->vector, p->blocks[0], p->sample.pairs);
    for (int i = 0; i < f->npilots; i++) {
      const CollisionWork *w = &f->pilot[i].work[k];
      Log(2, "  pilot %d: ratio %.3f, %d points, %d rates %.3g s, %d fills %.3g s, %d applications %.3g s, rest %.3g s a point, %.1f MiB", i, f->pilot[i].ratio, (int)f->pilot[i].points, (int)w->rates, w->rates_s, (int)w->fills, w->fills_s, (int)w->applications, w->applications_s, f->pilot[i].rest, f->pilot[i].memory);
    }
  }
  PetscFunctionReturn(0);
}

/* `umklapp forecast DECK`: options, and the order of things. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "forecast.h"
#include "study.h"

static PetscErrorCode read_ranks(const char *list, ForecastOptions *o)
{
  static const PetscInt usual[] = {1, 2, 4, 8, 16, 32, 64};

  PetscFunctionBeginUser;
  if (!list) {
    o->nranks = (int)(sizeof usual / sizeof usual[0]);
    PetscCall(PetscArraycpy(o->ranks, usual, o->nranks));
    PetscFunctionReturn(0);
  }
  for (const char *at = list;; at++) {
    char      *end;
    const long n = (errno = 0, strtol(at, &end, 10));
    if (end == at || errno || n < 1 || n > 10000000 || (*end && *end != ',')) return InputErrorAt(NULL, 0, "--ranks: '%s' is no list of numbers of ranks, such as 1,2,4,8", list);
    if (o->nranks == FORECAST_MAX_RANKS) return InputErrorAt(NULL, 0, "--ranks: more than %d entries", FORECAST_MAX_RANKS);
    o->ranks[o->nranks++] = (PetscInt)n;
    at                    = end;
    if (!*at) PetscFunctionReturn(0);
  }
}

static PetscErrorCode read_options(const Arguments *a, ForecastOptions *o)
{
  const char *memory = ArgumentsGet(a, "--memory"), *node = ArgumentsGet(a, "--per-node");
  char       *end;

  PetscFunctionBeginUser;
  PetscCall(read_ranks(ArgumentsGet(a, "--ranks"), o));
  if (memory) {
    o->memory = 1024.0 * strtod(memory, &end);
    if (end == memory || *end || !(o->memory > 0.0) || o->memory > 1e9) return InputErrorAt(NULL, 0, "--memory: '%s' is no number of GiB per rank, such as 2 or 3.5", memory);
  }
  o->per_node = PetscMax(1, (PetscInt)sysconf(_SC_NPROCESSORS_ONLN));
  if (node) {
    const long n = (errno = 0, strtol(node, &end, 10));
    if (end == node || *end || errno || n < 1 || n > 100000) return InputErrorAt(NULL, 0, "--per-node: '%s' is no number of ranks on a node", node);
    o->per_node = (PetscInt)n;
  }
  PetscFunctionReturn(0);
}

/* On one rank: the sample and the pilots are small, and what other ranks would measure is the same. */
static PetscErrorCode forecast(const Arguments *a, const ForecastOptions *o)
{
  const PetscReal start = WallTime();
  Forecast       *f;
  Deck            deck;
  const char     *study;
  PetscReal       program;

  PetscFunctionBeginUser;
  PetscCall(ForecastLoadDeck(a, NULL, &deck));
  PetscCall(StudyName(deck, &study));
  if (study) PetscCall(DeckError(deck, study, "'%s' makes this deck a study: forecasts are of transport", study));
  PetscCall(PetscNew(&f));
  LogSetLevel(0);
  PetscErrorCode code = ForecastMeasure(a, f);
  program             = MemoryOfProgram();
  if (!code) code = ForecastRunPilots(a, f);
  f->start += PetscMax(0.0, MemoryOfProgram() - program); /* pages of solvers, which the pilots were the first to use */
  LogSetLevel(a->level);
  PetscCall(code);
  PetscCall(ForecastPrint(f, o));
  PetscCall(ForecastSave(f, o, deck));
  Log(1, "done in %.1f s", WallTime() - start);
  PetscCall(PetscFree(f));
  PetscCall(DeckDestroy(&deck));
  PetscFunctionReturn(0);
}

PetscErrorCode CommandForecast(const Arguments *a)
{
  ForecastOptions o = {0};
  int             rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(read_options(a, &o));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, rank ? 0 : forecast(a, &o)));
  PetscFunctionReturn(0);
}

/*
  A forecast is kept beside the results file that the deck names, OUTPUT.forecast, for the run to compare: lines of text,

    umklapp forecast 1
    deck HASH                       of the deck's text, overrides included
    RANKS SECONDS MIB RESULTS       bytes of the results file
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "forecast.h"

#define FIRST_LINE "umklapp forecast 1"

/* FNV-1a of the deck's text */
static PetscErrorCode hash_deck(Deck deck, uint64_t *hash)
{
  const char *text;

  PetscFunctionBeginUser;
  PetscCall(DeckGetText(deck, &text));
  *hash = UINT64_C(0xcbf29ce484222325);
  for (const char *c = text; *c; c++) *hash = (*hash ^ (uint64_t)(unsigned char)*c) * UINT64_C(0x100000001b3);
  PetscFunctionReturn(0);
}

static PetscErrorCode file_name(Deck deck, char path[PETSC_MAX_PATH_LEN])
{
  const char *output = "results.h5";

  PetscFunctionBeginUser;
  PetscCall(DeckGetString(deck, "output", &output, NULL));
  snprintf(path, PETSC_MAX_PATH_LEN, "%s.forecast", output);
  PetscFunctionReturn(0);
}

PetscErrorCode ForecastSave(const Forecast *f, const ForecastOptions *o, Deck deck)
{
  char     path[PETSC_MAX_PATH_LEN];
  uint64_t hash = 0;
  FILE    *file;

  PetscFunctionBeginUser;
  PetscCall(file_name(deck, path));
  PetscCall(hash_deck(deck, &hash));
  file = fopen(path, "w");
  if (file) {
    fprintf(file, FIRST_LINE "\ndeck %016" PRIx64 "\n", hash);
    for (int i = 0; i < o->nranks; i++) {
      Estimate e;
      ForecastEstimate(f, o->ranks[i], o->per_node, 1.0, &e);
      fprintf(file, "%d %.6g %.6g %.6g\n", (int)o->ranks[i], e.seconds, e.memory, e.results);
    }
  }
  if (!file || ferror(file) || fclose(file)) LogWarning("the forecast is not kept: %s cannot be written", path);
  else Log(1, "kept      %s, for the run to compare", path);
  PetscFunctionReturn(0);
}

/* What a kept forecast of this deck says for so many ranks, between its numbers along a straight line of the logarithms; seconds = 0 without one. */
static PetscErrorCode read_kept(Deck deck, int ranks, PetscReal *seconds, PetscReal *memory)
{
  char      path[PETSC_MAX_PATH_LEN], line[128];
  uint64_t  hash = 0, kept;
  FILE     *file;
  PetscReal t, m, last[3] = {0.0, 0.0, 0.0};
  int       n;

  PetscFunctionBeginUser;
  PetscCall(file_name(deck, path));
  PetscCall(hash_deck(deck, &hash));
  file = fopen(path, "r");
  if (!file) PetscFunctionReturn(0);
  bool ours = fgets(line, sizeof line, file) && !strncmp(line, FIRST_LINE "\n", sizeof FIRST_LINE) && fgets(line, sizeof line, file) && sscanf(line, "deck %" SCNx64, &kept) == 1 && kept == hash;
  while (ours && *seconds == 0.0 && fgets(line, sizeof line, file)) {
    if (sscanf(line, "%d %lf %lf", &n, &t, &m) != 3 || !(n > last[0] && t > 0.0 && m > 0.0)) break;
    const PetscReal part = last[0] > 0.0 ? log(ranks / last[0]) / log(n / last[0]) : 1.0;
    if (n == ranks || (last[0] > 0.0 && n > ranks)) {
      *seconds = n == ranks ? t : last[1] * pow(t / last[1], part);
      *memory  = n == ranks ? m : last[2] * pow(m / last[2], part);
    }
    last[0] = n;
    last[1] = t;
    last[2] = m;
  }
  fclose(file);
  PetscFunctionReturn(0);
}

PetscErrorCode ForecastCompare(Deck deck, Results results, PetscReal start)
{
  PetscReal said[2] = {0.0, 0.0}, now, peak;
  int       rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  if (!rank) PetscCall(read_kept(deck, size, &said[0], &said[1]));
  PetscCallMPI(MPI_Bcast(said, 2, MPIU_REAL, 0, PETSC_COMM_WORLD));
  if (!(said[0] > 0.0)) PetscFunctionReturn(0);
  if (results) {
    PetscCall(ResultsWriteAttributeReal(results, "/", "forecast_wall_time_s", said[0]));
    PetscCall(ResultsWriteAttributeReal(results, "/", "forecast_memory_MiB", said[1]));
    PetscFunctionReturn(0);
  }
  MemoryUsage(&now, &peak);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  Log(1, "forecast  %.1f s and %.0f MiB per rank; took %.1f s and %.0f MiB", said[0], said[1], WallTime() - start, peak);
  PetscFunctionReturn(0);
}

/* Where the time of a run went, and its memory: in the text and in the results file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "run.h"

static const char *const sum_name[6] = {"material", "states", "processes", "solve", "write", "rest"};
static const struct {
  const char *stage;
  int         sum;
} sum_of[] = {{"material", 0}, {"mesh", 1}, {"carriers", 1}, {"states", 1}, {"channels", 2}, {"processes", 2}, {"operator", 3}, {"point", 3}, {"solve", 3}, {"respond", 3}, {"write", 4}};

static int SumOf(const char *stage)
{
  for (size_t i = 0; i < sizeof(sum_of) / sizeof(sum_of[0]); i++)
    if (!strcmp(stage, sum_of[i].stage)) return sum_of[i].sum;
  return 5;
}

PetscErrorCode RunWriteTimes(Results r)
{
  const StageSummary *s;
  PetscInt            n;
  PetscReal          *value;
  char                names[512] = "";
  size_t              at         = 0;

  PetscFunctionBeginUser;
  PetscCall(StageReport(&n, &s));
  PetscCall(PetscMalloc1(n, &value));
  for (PetscInt i = 0; i < n; i++) {
    value[i] = s[i].wall;
    at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "", s[i].name);
  }
  PetscCall(ResultsWriteArray(r, "/timing/wall", 1, &n, value, RESULTS_LABEL("s", "stage", "wall time of each stage, up to the writing of this file")));
  for (PetscInt i = 0; i < n; i++) value[i] = s[i].work;
  PetscCall(ResultsWriteArray(r, "/timing/work", 1, &n, value, RESULTS_LABEL("s", "stage", "mean over ranks of the time at work")));
  for (PetscInt i = 0; i < n; i++) value[i] = s[i].imbalance;
  PetscCall(ResultsWriteArray(r, "/timing/imbalance", 1, &n, value, RESULTS_LABEL("1", "stage", "time at work, largest over mean of the ranks")));
  for (PetscInt i = 0; i < n; i++) value[i] = s[i].memory;
  PetscCall(ResultsWriteArray(r, "/timing/memory", 1, &n, value, RESULTS_LABEL("MiB", "stage", "memory of the largest rank at the end of the stage")));
  PetscCall(ResultsWriteAttributeString(r, "/timing", "stages", names));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static void PrintStages(PetscInt n, const StageSummary *s)
{
  Log(1, "  %-10s  %9s  %9s  %8s  %7s", "stage", "seconds", "work", "max/mean", "MiB");
  for (PetscInt i = 0; i < n; i++) Log(1, "  %-10s  %9.2f  %9.2f  %8.3f  %7.0f", s[i].name, s[i].wall, s[i].work, s[i].imbalance, s[i].memory);
}

PetscErrorCode RunReportMachine(PetscReal start)
{
  const StageSummary *s;
  PetscInt            n;
  PetscReal           now, peak, sum[6] = {0}, all = WallTime() - start;
  int                 size;
  char                text[256] = "";
  size_t              at        = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  MemoryUsage(&now, &peak);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  PetscCall(StageReport(&n, &s));
  for (PetscInt i = 0; i < n; i++) sum[SumOf(s[i].name)] += s[i].wall;
  sum[5] = all - sum[0] - sum[1] - sum[2] - sum[3] - sum[4];
  PrintStages(n, s);
  for (int i = 0; i < 6; i++) at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %.1f", i ? ", " : "", sum_name[i], PetscMax(0.0, sum[i]));
  Log(1, "seconds   %s", text);
  Log(1, "done in %.1f s on %d rank%s, at most %.0f MiB per rank", all, size, size > 1 ? "s" : "", peak);
  PetscFunctionReturn(0);
}

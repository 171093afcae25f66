/*
  Stages of a run: PETSc's log stages, so that -log_view tells them apart, with a clock of their own for the report.

  Work is processor time of this rank's thread: ranks that share a core, or wait for each other, do not look busy. A stage of which no rank
  marked its work counts whole, by the wall.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <time.h>
#include "umklapp/base.h"

#define MAX_STAGES 24

typedef struct {
  char          name[sizeof(((StageSummary *)0)->name)];
  PetscLogStage log;
  bool          marked;       /* work was marked */
  PetscReal     wall, work;   /* seconds so far */
  PetscReal     memory;       /* MiB when it last ended */
} Stage;

static struct {
  Stage        stage[MAX_STAGES];
  int          n, now;           /* now: position plus one, 0 between stages */
  PetscReal    start;            /* of the present stage */
  int          depth;            /* of work marked within work */
  PetscReal    work_start;
  StageSummary summary[MAX_STAGES];
} stages;

static PetscReal ThreadTime(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (PetscReal)now.tv_sec + 1e-9 * (PetscReal)now.tv_nsec;
}

static void AddWork(void)
{
  const PetscReal now = ThreadTime();

  if (stages.now) {
    stages.stage[stages.now - 1].work += now - stages.work_start;
    stages.stage[stages.now - 1].marked = true;
  }
  stages.work_start = now;
}

/* What the present stage has taken up to now goes to its account. */
static void Settle(void)
{
  const PetscReal now = WallTime();

  if (stages.depth) AddWork();
  if (stages.now) {
    Stage *s = &stages.stage[stages.now - 1];
    s->wall += now - stages.start;
    MemoryUsage(&s->memory, NULL);
  }
  stages.start = now;
}

static PetscErrorCode Find(const char *name, int *position)
{
  int i = 0;

  PetscFunctionBeginUser;
  while (i < stages.n && strcmp(stages.stage[i].name, name)) i++;
  if (i == stages.n) {
    PetscCheck(stages.n < MAX_STAGES, PETSC_COMM_SELF, PETSC_ERR_PLIB, "more than %d stages: '%s'", MAX_STAGES, name);
    snprintf(stages.stage[i].name, sizeof stages.stage[i].name, "%s", name);
    PetscCall(PetscLogStageRegister(name, &stages.stage[i].log));
    Log(3, "stage     %s", name); /* once, in the log file */
    stages.n++;
  }
  *position = i;
  PetscFunctionReturn(0);
}

PetscErrorCode StageBegin(const char *name)
{
  int position = 0;

  PetscFunctionBeginUser;
  Settle();
  if (stages.now) PetscCall(PetscLogStagePop());
  stages.now = 0;
  if (*name) {
    PetscCall(Find(name, &position));
    PetscCall(PetscLogStagePush(stages.stage[position].log));
    stages.now = position + 1;
  }
  PetscFunctionReturn(0);
}

void StageWorkBegin(void)
{
  if (!stages.depth++) stages.work_start = ThreadTime();
}

void StageWorkEnd(void)
{
  if (stages.depth == 1) AddWork();
  stages.depth--;
}

PetscErrorCode StageReport(PetscInt *n, const StageSummary **summary)
{
  PetscReal most[2 * MAX_STAGES], sum[MAX_STAGES], wall[MAX_STAGES];
  int       marked[MAX_STAGES], size;

  PetscFunctionBeginUser;
  Settle();
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (int i = 0; i < stages.n; i++) marked[i] = stages.stage[i].marked;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, marked, stages.n, MPI_INT, MPI_MAX, PETSC_COMM_WORLD));
  for (int i = 0; i < stages.n; i++) {
    const Stage *s = &stages.stage[i];
    wall[i] = s->wall;
    most[i] = sum[i] = marked[i] ? s->work : s->wall;
    most[MAX_STAGES + i] = s->memory;
  }
  PetscCallMPI(MPI_Bcast(wall, stages.n, MPIU_REAL, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, stages.n, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, most, stages.n, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, most + MAX_STAGES, stages.n, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  for (int i = 0; i < stages.n; i++) {
    StageSummary *s = &stages.summary[i];
    *s = (StageSummary){.wall = wall[i], .work = sum[i] / size, .imbalance = sum[i] > 0.0 ? most[i] * size / sum[i] : 1.0, .memory = most[MAX_STAGES + i]};
    memcpy(s->name, stages.stage[i].name, sizeof s->name);
  }
  *n       = stages.n;
  *summary = stages.summary;
  PetscFunctionReturn(0);
}

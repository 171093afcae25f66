/*
  umklapp: read the command line, start MPI and PETSc, run one sub-command, end all ranks with one exit status.

    0 done; 2 bad input; 3 a solve did not converge; 75 stopped cleanly before the end; 1 anything else
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <slepcsys.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cblas.h>
#include "commands.h"

/* Seconds that a failed rank waits for the others to fail as well before it ends them. */
#define PATIENCE 5.0

/* PETSc sees its own options only: no -help, no ~/.petscrc, no signal handlers. */
static PetscErrorCode Start(Arguments *a, char *program)
{
  char  *words[ARGUMENTS_MAX + 4] = {program, "-skip_petscrc", "-no_signal_handler"}, **argv = words;
  int    argc                     = 3;

  for (int i = 0; i < a->npetsc; i++) words[argc++] = a->petsc[i];
  if (!getenv("OMP_NUM_THREADS") && !getenv("OPENBLAS_NUM_THREADS")) openblas_set_num_threads(1); /* ranks are the parallelism */
  PetscFunctionBeginUser;
  PetscCall(SlepcInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsClearValue(NULL, "-skip_petscrc"));
  PetscCall(PetscOptionsClearValue(NULL, "-no_signal_handler"));
  PetscCall(ErrorInstallHandler());
  LogSetLevel(a->level);
  PetscFunctionReturn(0);
}

/* A PETSc option that nothing asked for was most likely mistyped. */
static PetscErrorCode WarnUnused(void)
{
  char   **names, **values;
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &names, &values));
  for (PetscInt i = 0; i < n; i++) LogWarning("PETSc option -%s was not used", names[i]);
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &names, &values));
  PetscFunctionReturn(0);
}

static PetscErrorCode Dispatch(const Arguments *a)
{
  PetscErrorCode code;
  int            rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (a->error[0]) return InputErrorAt(NULL, 0, "%s", a->error);
  if (a->help || a->version) {
    if (!rank && a->help) ArgumentsPrintHelp(a, stdout);
    if (!rank && a->version) printf("umklapp %s (%s)\n", ProgramVersion(), ProgramCommit());
    return 0;
  }
  code = a->command->run(a);
  if (!code && a->command->petsc) code = WarnUnused();
  return code;
}

static int ExitStatus(PetscErrorCode code)
{
  switch (code) {
  case 0: return 0;
  case UMK_ERR_INPUT: return 2;
  case UMK_ERR_CONVERGE: return 3;
  case UMK_ERR_STOPPED: return 75;
  default: return 1;
  }
}

/* True when every rank has come to its end. A rank that failed waits a while only: the others may hang in a call it never joins. */
static bool AllArrived(MPI_Comm world, PetscErrorCode code)
{
  const struct timespec nap = {0, 2000000};
  const PetscReal       end = WallTime() + PATIENCE;
  MPI_Request           request;
  int                   done = 0;

  if (MPI_Ibarrier(world, &request)) return false;
  while (!MPI_Test(&request, &done, MPI_STATUS_IGNORE) && !done) {
    if (code && WallTime() > end) return false;
    nanosleep(&nap, NULL);
  }
  return done;
}

/* One message, one status, no rank left behind. */
static int Finish(MPI_Comm world, PetscErrorCode code)
{
  const bool together = AllArrived(world, code);
  int        rank, sound;

  if (together && StopFinish()) return 1;
  if (together) code = ErrorAgree(world, code);
  MPI_Comm_rank(world, &rank);
  if (code == UMK_ERR_STOPPED && !rank) LogError("umklapp: stopped: %s%s%s", StopReason(), ErrorMessage()[0] ? "; " : "", ErrorMessage());
  else if (code && ErrorMessage()[0] && (!rank || !together)) LogError("umklapp: %s", ErrorMessage());
  sound = ResultsAbandon(together);
  LogClose();
  if (!together) MPI_Abort(MPI_COMM_WORLD, ExitStatus(code));
  if (MPI_Allreduce(MPI_IN_PLACE, &sound, 1, MPI_INT, MPI_MIN, world)) return 1;
  if (!sound) _exit(ExitStatus(code)); /* without MPI_Finalize */
  MPI_Comm_free(&world);
  if (SlepcFinalize()) return 1;
  return ExitStatus(code);
}

int main(int argc, char **argv)
{
  Arguments arguments;
  MPI_Comm  world;

  BlasSelectKernel(argv);
  ArgumentsParse(argc, argv, &arguments);
  if (Start(&arguments, argv[0])) return 1;
  if (MPI_Comm_dup(PETSC_COMM_WORLD, &world)) return 1;
  return Finish(world, Dispatch(&arguments));
}

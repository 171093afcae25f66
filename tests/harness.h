/*
  The frame of every test program: PETSc up, Check without forking, one suite, exit status 0 when all pass.
  Under MPI every rank runs every test; assert on values that all ranks agree on (CollectiveOk), or one failing
  rank leaves the others waiting.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_HARNESS_H
#define UMKLAPP_TEST_HARNESS_H

#include <check.h>
#include <slepcsys.h>
#include <stdlib.h>
#include "umklapp/base.h"

/* A call that must succeed on all ranks. */
#define ck_call(...) \
  do { \
    PetscErrorCode ck_call_code = ErrorAgree(PETSC_COMM_WORLD, (__VA_ARGS__)); \
    ck_assert_msg(ck_call_code == 0, "%s: error %d: %s", #__VA_ARGS__, (int)ck_call_code, ErrorMessage()); \
  } while (0)

/* True on all ranks when true on all. Collective. */
static inline bool CollectiveOk(bool ok)
{
  int mine = ok, all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, PETSC_COMM_WORLD);
  return all;
}
#define ck_all(cond) ck_assert_msg(CollectiveOk(cond), "not on all ranks: %s", #cond)
/* |a - b| <= tolerance * scale on all ranks */
#define ck_near(a, b, tolerance, scale) \
  do { \
    double ck_a = (a), ck_b = (b), ck_t = (tolerance) * fabs((double)(scale)); \
    ck_assert_msg(CollectiveOk(fabs(ck_a - ck_b) <= ck_t), "%s = %.15g, %s = %.15g, difference %.3g > %.3g", #a, ck_a, #b, ck_b, fabs(ck_a - ck_b), ck_t); \
  } while (0)

/* A new folder, the same on all ranks; every rank may remove it when it is empty. Collective. */
static inline void TemporaryFolder(char *folder, size_t size)
{
  int rank, made = 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(folder, size, "/tmp/umklapp-test-XXXXXX");
  if (!rank) made = mkdtemp(folder) != NULL;
  MPI_Bcast(folder, (int)size, MPI_CHAR, 0, PETSC_COMM_WORLD);
  ck_all(made);
}

static inline int HarnessRun(int argc, char **argv, Suite *(*make)(void))
{
  int failed = 1, rank;
  if (SlepcInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (ErrorInstallHandler()) return 1;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  SRunner *runner = srunner_create(make());
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, rank ? CK_SILENT : CK_NORMAL);
  failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, PETSC_COMM_WORLD);
  if (SlepcFinalize()) return 1;
  return failed ? 1 : 0;
}
#define TEST_MAIN(make) \
  int main(int argc, char **argv) \
  { \
    return HarnessRun(argc, argv, make); \
  }

#endif

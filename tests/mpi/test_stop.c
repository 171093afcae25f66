/* Stopping: a signal on one rank while it, others or all are busy or wait; the clock; the file; nothing left on its way. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "harness.h"

#define PATIENCE 5.0 /* seconds */

static int rank, size;

/* A loop of this rank's own, until asked to stop. */
static PetscErrorCode Busy(bool raising, int number)
{
  const PetscReal begin = WallTime();
  bool            raised = !raising;

  while (WallTime() < begin + PATIENCE) {
    if (!raised && WallTime() > begin + 0.01) raised = !raise(number);
    if (StopPending()) return UMK_ERR_STOPPED;
    usleep(1000);
  }
  return 0;
}

/* One rank is asked; all are busy, or all but one, which waits for them and, as rank 0, passes on what it hears. */
static void signal_in_loop(int asked, int idle, int number, const char *name)
{
  const PetscReal begin = WallTime();

  ck_call(StopInstall(0, NULL));
  ck_assert(ErrorAgree(PETSC_COMM_WORLD, rank == idle && idle != asked ? 0 : Busy(rank == asked, number)) == UMK_ERR_STOPPED);
  ck_all(WallTime() < begin + 1.0);
  ck_call(StopFinish());
  ck_all(!strcmp(StopReason(), name));
  ck_all(!StopPending());
}

START_TEST(signals_in_loops)
{
  const int last = size - 1;

  signal_in_loop(last, -1, SIGTERM, "SIGTERM");
  signal_in_loop(last, 0, SIGUSR1, "SIGUSR1");
  signal_in_loop(0, last, SIGTERM, "SIGTERM");
}
END_TEST

/* As srun does; and a message that nobody waits for. */
START_TEST(all_at_once)
{
  ck_call(StopInstall(0, NULL));
  ck_assert(ErrorAgree(PETSC_COMM_WORLD, Busy(true, SIGTERM)) == UMK_ERR_STOPPED);
  ck_call(StopFinish());
  ck_call(StopInstall(0, NULL)); /* right after the last loop nobody looks any more */
  if (rank == size - 1) raise(SIGUSR1);
  (void)StopPending();
  ck_call(StopFinish());
  ck_call(StopFinish());
}
END_TEST

START_TEST(limit)
{
  const PetscReal begin = WallTime();

  ck_call(StopInstall(0.3, NULL));
  ck_all(!StopPending());
  ck_assert(ErrorAgree(PETSC_COMM_WORLD, Busy(false, 0)) == UMK_ERR_STOPPED);
  ck_all(WallTime() > begin + 0.29 && WallTime() < begin + 1.0);
  ck_call(StopFinish());
  ck_all(!strcmp(StopReason(), "the limit of 0:00:00 of wall time"));
}
END_TEST

START_TEST(file)
{
  const PetscReal begin = WallTime();
  char            name[64];
  int             pid = (int)getpid();

  MPI_Bcast(&pid, 1, MPI_INT, 0, PETSC_COMM_WORLD);
  snprintf(name, sizeof name, "stop.%d", pid);
  ck_call(StopInstall(0, name));
  ck_all(!StopPending());
  if (rank == size - 1) fclose(fopen(name, "w"));
  ck_assert(ErrorAgree(PETSC_COMM_WORLD, Busy(false, 0)) == UMK_ERR_STOPPED);
  ck_all(WallTime() < begin + 2.0);
  ck_call(StopFinish());
  ck_all(!strncmp(StopReason(), "the file stop.", 14));
  ck_assert(StopInstall(0, name) == UMK_ERR_INPUT);
  ck_all(strstr(ErrorMessage(), "remove it") != NULL);
  if (!rank) remove(name);
  ErrorClear();
}
END_TEST

static int beats, last_beats;

static PetscErrorCode Beat(void *ctx, bool stopping)
{
  ++*(int *)ctx;
  last_beats += stopping;
  return 0;
}

START_TEST(pulse)
{
  PetscErrorCode code = 0;

  beats = last_beats = 0;
  ck_assert(Pulse() == 0);
  ck_call(StopInstall(0, NULL));
  PulseSet(Beat, &beats);
  for (int i = 0; i < 10 && !code; i++) {
    if (i == 4 && rank == size / 2) raise(SIGTERM);
    code = Pulse();
    ck_all(code == (i < 4 ? 0 : UMK_ERR_STOPPED));
  }
  ck_all(code == UMK_ERR_STOPPED && beats == 5 && last_beats == 1);
  ck_all(!strcmp(StopReason(), "SIGTERM"));
  ck_call(StopFinish());
  ck_assert(Pulse() == 0);
  ck_all(beats == 5);
}
END_TEST

static volatile sig_atomic_t seen;
static void See(int number) { seen = number; }

START_TEST(earlier_meaning_returns)
{
  signal(SIGTERM, See);
  ck_call(StopInstall(0, NULL));
  raise(SIGTERM);
  ck_all(!seen && StopPending());
  ck_call(StopFinish());
  raise(SIGTERM);
  ck_all(seen == SIGTERM);
  signal(SIGTERM, SIG_DFL);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("stop");
  TCase *t = tcase_create("stop");

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, signals_in_loops);
  tcase_add_test(t, all_at_once);
  tcase_add_test(t, limit);
  tcase_add_test(t, file);
  tcase_add_test(t, pulse);
  tcase_add_test(t, earlier_meaning_returns);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)

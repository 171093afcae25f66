/* Node-shared arrays on any number of ranks, and with the ranks dealt to two pretended nodes; agreement on errors. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <time.h>
#include "harness.h"

static int rank, size;

static void fill_and_combine(size_t n)
{
  SharedArray array;
  double     *x;
  bool        right = true;
  /* ranges of different length per rank, in reversed order of ranks */
  const size_t at = (size_t)(size - 1 - rank), begin = n * at * at / ((size_t)size * (size_t)size), end = n * (at + 1) * (at + 1) / ((size_t)size * (size_t)size);

  ck_call(SharedArrayCreate(PETSC_COMM_WORLD, n * sizeof *x, &array));
  ck_call(SharedArrayGet(array, &x));
  ck_all(x != NULL);
  for (size_t i = 0; i < n; i++) right = right && x[i] == 0;
  ck_all(right);
  ck_call(SharedArrayFence(array));
  for (size_t i = begin; i < end; i++) x[i] = sqrt((double)i) + 1;
  ck_call(SharedArrayCombine(array, begin * sizeof *x, end * sizeof *x));
  for (size_t i = 0; i < n; i++) right = right && x[i] == sqrt((double)i) + 1;
  ck_all(right);
  ck_call(SharedArrayDestroy(&array));
  ck_all(array == NULL);
}

START_TEST(combine_one_node)
{
  fill_and_combine(1000);
  fill_and_combine(1);
  fill_and_combine(0);
}
END_TEST

START_TEST(combine_pretended_nodes)
{
  for (int nodes = 2; nodes <= 3; nodes++) {
    char text[16];
    snprintf(text, sizeof text, "%d", nodes);
    ck_call(PetscOptionsSetValue(NULL, "-shared_nodes", text));
    fill_and_combine(1000);
    fill_and_combine(2);
    fill_and_combine(0);
  }
  ck_call(PetscOptionsClearValue(NULL, "-shared_nodes"));
}
END_TEST

/* Every rank writes its own place of its node's copy; the largest of the nodes' copies is everybody's. */
START_TEST(reduce_over_nodes)
{
  SharedArray array;
  int        *x;
  bool        right = true;

  ck_call(PetscOptionsSetValue(NULL, "-shared_nodes", _i ? "2" : "1"));
  ck_call(SharedArrayCreate(PETSC_COMM_WORLD, (size_t)size * sizeof *x, &array));
  ck_call(SharedArrayGet(array, &x));
  x[rank] = rank + 1;
  ck_call(SharedArrayReduce(array, (size_t)size, MPI_INT, MPI_MAX));
  for (int r = 0; r < size; r++) right = right && x[r] == r + 1;
  ck_all(right);
  ck_call(SharedArrayDestroy(&array));
  ck_call(PetscOptionsClearValue(NULL, "-shared_nodes"));
}
END_TEST

START_TEST(one_owner_per_node)
{
  SharedArray array;
  bool        owner;
  int         mine, owners;
  int        *x;

  ck_call(SharedArrayCreate(PETSC_COMM_WORLD, sizeof *x, &array));
  ck_call(SharedArrayIsOwner(array, &owner));
  ck_call(SharedArrayGet(array, &x));
  mine = owner;
  MPI_Allreduce(&mine, &owners, 1, MPI_INT, MPI_SUM, PETSC_COMM_WORLD);
  ck_assert_int_eq(owners, 1);
  if (owner) *x = 42;
  ck_call(SharedArrayFence(array));
  ck_all(*x == 42);
  ck_call(SharedArrayFence(array));
  ck_call(SharedArrayDestroy(&array));
  ck_call(SharedArrayDestroy(&array));
}
END_TEST

START_TEST(errors_agree)
{
  const int first = size / 2;
  char      expected[64];
  PetscErrorCode code = 0;

  ErrorClear();
  ck_all(ErrorAgree(PETSC_COMM_WORLD, 0) == 0);
  ck_all(!*ErrorMessage());
  if (rank >= first) code = InputErrorAt("data.h5", 7, "rank %d", rank);
  ck_all(ErrorAgree(PETSC_COMM_WORLD, code) == UMK_ERR_INPUT);
  snprintf(expected, sizeof expected, "data.h5:7: rank %d", first);
  ck_all(!strcmp(ErrorMessage(), expected));
  ErrorClear();
}
END_TEST

/* Processor time, so that a loaded machine changes nothing. */
static void spin(double seconds)
{
  struct timespec now, start;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec) < seconds);
}

/* Rank r works r + 1 parts: the largest is size parts, the mean (size + 1)/2; what is not marked does not count. */
START_TEST(stages_of_a_run)
{
  const StageSummary *s;
  const double        part = 0.005;
  PetscInt            n;

  for (int visit = 0; visit < 2; visit++) {
    ck_call(StageBegin("uneven"));
    StageWorkBegin();
    StageWorkBegin();
    spin(part * (rank + 1));
    StageWorkEnd();
    StageWorkEnd();
    spin(part);
    ck_call(StageBegin("even"));
    spin(part);
  }
  ck_call(StageBegin(""));
  spin(part);
  ck_call(StageReport(&n, &s));
  ck_assert_int_eq(n, 2);
  ck_assert_str_eq(s[0].name, "uneven");
  ck_assert_str_eq(s[1].name, "even");
  ck_near(s[0].work, part * (size + 1), 0.05, part * (size + 1));
  ck_near(s[0].imbalance, 2.0 * size / (size + 1), 0.05, 2);
  ck_all(s[0].wall >= 2 * part && s[1].work >= 2 * part && s[0].memory > 1);
}
END_TEST

static Suite *suite(void)
{
  Suite *s = suite_create("shared");
  TCase *t = tcase_create("shared");

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  tcase_add_test(t, combine_one_node);
  tcase_add_test(t, combine_pretended_nodes);
  tcase_add_loop_test(t, reduce_over_nodes, 0, 2);
  tcase_add_test(t, one_owner_per_node);
  tcase_add_test(t, errors_agree);
  tcase_add_test(t, stages_of_a_run);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(suite)

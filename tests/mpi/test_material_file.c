/* The native material file on several ranks, and on pretended nodes: every rank sees the same numbers, or the same error. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../small_material.h"
#include <unistd.h>

static char path[512];

static void on_nodes(const char *nodes)
{
  SmallMaterial s = {.bits = 32, .real = 1, .polar = 1};
  Material      m, n;

  ck_call(PetscOptionsSetValue(NULL, "-shared_nodes", nodes));
  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  ck_call(MaterialWrite(m, path, NULL));
  ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, path, &n));
  const Wannier *a = m->data, *b = n->data;
  ck_all(a->g.bytes == b->g.bytes && !memcmp(a->g.at, b->g.at, a->g.bytes));
  ck_all(!memcmp(a->H.at, b->H.at, a->H.bytes) && !memcmp(a->D.at, b->D.at, a->D.bytes) && !memcmp(a->position.at, b->position.at, a->position.bytes));
  for (PetscInt i = 0; i < 27 * 27 * 54; i += 101) ck_all(((float *)b->g.at)[i] == (float)creal(s.g[i]));
  ck_call(MaterialDestroy(&m));
  ck_call(MaterialDestroy(&n));
  free(s.g);
}

START_TEST(same_everywhere)
{
  on_nodes("1");
  on_nodes("2");
}
END_TEST

START_TEST(same_error_everywhere)
{
  Material m = NULL;
  int      rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) ck_assert_int_eq(truncate(path, 20000), 0);
  MPI_Barrier(PETSC_COMM_WORLD);
  const PetscErrorCode code = MaterialCreateFromFile(PETSC_COMM_WORLD, path, &m);
  ck_all(code == UMK_ERR_INPUT && !m && strstr(ErrorMessage(), "HDF5 file"));
  ErrorClear();
  if (rank == 0) unlink(path);
}
END_TEST

static void setup(void)
{
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  if (rank == 0) snprintf(path, sizeof(path), "%s/umklapp-material-%d.h5", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
  MPI_Bcast(path, sizeof(path), MPI_CHAR, 0, PETSC_COMM_WORLD);
}

static Suite *make_suite(void)
{
  Suite *suite = suite_create("material file");
  TCase *cases = tcase_create("ranks");

  tcase_add_unchecked_fixture(cases, setup, NULL);
  tcase_add_test(cases, same_everywhere);
  tcase_add_test(cases, same_error_everywhere);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

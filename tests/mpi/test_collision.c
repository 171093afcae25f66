/* Every tensor on all ranks against the same run on one, within 1e-10; the replayed operator and the rates of channels too. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/decks.h"
#include "../support/operator_checks.h"

static char material[512], text[1024];

static void compare(const char *name, const char *deck, const char *sets)
{
  Engine           one, all;
  TransportTensors x[LEVEL_COUNT], y;
  char             what[300];

  snprintf(what, sizeof what, "%s, %s", name, sets);
  ck_call(EngineCreate(PETSC_COMM_SELF, deck, sets, &one));
  for (int l = 0; l <= LEVEL_FULL; l++) ck_call(EngineSolve(&one, 0, (TransportLevel)l, &x[l]));
  ck_call(EngineDestroy(&one));
  ck_call(EngineCreate(PETSC_COMM_WORLD, deck, sets, &all));
  for (int l = 0; l <= LEVEL_FULL; l++) {
    ck_call(EngineSolve(&all, 0, (TransportLevel)l, &y));
    const PetscReal distance = TensorsDistance(&y, &x[l]);
    ck_assert_msg(CollectiveOk(distance <= 1e-10), "%s, %s: differs from one rank by %.3g", what, TransportLevelName[l], distance);
  }
  OperatorCheckSymmetric(&all, what);
  OperatorCheckReplay(&all, what);
  ck_call(EngineDestroy(&all));
}

START_TEST(models)
{
  char sets[300];

  snprintf(sets, sizeof sets, "solver.tolerance=1e-12;%s", delta_schemes[_i % NSCHEMES]);
  compare(model_decks[_i].name, model_decks[_i].text, sets);
}
END_TEST

/* Phonons: processes of three members whose rows are on other ranks. */
START_TEST(lattice)
{
  snprintf(text, sizeof text, "temperature: 300 K\nsolver: {tolerance: 1e-12}\nmaterial: %s/inputs/data/silicon-phonons.h5\nphonons: {mesh: 5}\nscattering: {three_phonon: {}, isotope: natural, boundary: 1 um}\n",
           getenv("UMKLAPP_SOURCE"));
  compare("phonons of silicon", text, lattice_schemes[_i]);
}
END_TEST

START_TEST(silicon)
{
  static const char *const carriers[] = {"carriers={electrons: 1e16 cm^-3};electrons.window=0.4 eV;delta=adaptive", "carriers={holes: 1e16 cm^-3};electrons.window=0.4 eV;delta=tetrahedron"};

  snprintf(text, sizeof text, "temperature: 300 K\nsolver: {tolerance: 1e-12}\nmaterial: %s\nelectrons: {mesh: 8}\nscattering: {electron_phonon: {}, ionized_impurity: {density: 1e16 cm^-3}}\n", material);
  compare("silicon", text, carriers[_i]);
}
END_TEST

/* Electrons and phonons of silicon together, at mesh ratio 2, phonons around q = 0 refined; on all ranks rates are summed over few rows at a time, and the ranks are on two nodes */
START_TEST(drag)
{
  const char      *source = getenv("UMKLAPP_SOURCE");
  Engine           one, all;
  TransportTensors x[LEVEL_COUNT], y;

  snprintf(text, sizeof text,
           "temperature: 300 K\nsolver: {tolerance: 1e-12}\nmaterial: {file: %s/inputs/data/silicon.h5, third_order: {import: native, path: %s/inputs/data/silicon-phonons.h5}}\n"
           "carriers: {electrons: 1e16 cm^-3}\nelectrons: {mesh: 8, window: 0.8 eV}\nphonons: {mesh: 4, refine: 6 nm^-1}\n"
           "scattering: {electron_phonon: {}, three_phonon: {}, isotope: natural, boundary: 1 mm}\nsolve: [rta, full, drag]\n",
           source, source);
  ck_call(EngineCreate(PETSC_COMM_SELF, text, NULL, &one));
  for (int l = 0; l < LEVEL_COUNT; l++) ck_call(EngineSolve(&one, 0, (TransportLevel)l, &x[l]));
  ck_call(EngineDestroy(&one));
  ck_call(PetscOptionsSetValue(NULL, "-collision_rows", "71"));
  ck_call(PetscOptionsSetValue(NULL, "-shared_nodes", "2"));
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &all));
  for (int l = 0; l < LEVEL_COUNT; l++) {
    ck_call(EngineSolve(&all, 0, (TransportLevel)l, &y));
    const PetscReal distance = TensorsDistance(&y, &x[l]), parts = fabs(y.seebeck_phonon[0][0] - x[l].seebeck_phonon[0][0]);
    ck_assert_msg(CollectiveOk(distance <= 1e-10), "drag, %s: differs from one rank by %.3g", TransportLevelName[l], distance);
    ck_assert_msg(CollectiveOk(parts <= 1e-10 * fabs(x[l].seebeck[0][0])), "drag, %s: phonons' part of S %.12g, on one rank %.12g", TransportLevelName[l], y.seebeck_phonon[0][0], x[l].seebeck_phonon[0][0]);
  }
  ck_assert_msg(y.seebeck_phonon[0][0] != 0.0, "no drag");
  ck_call(PetscOptionsClearValue(NULL, "-collision_rows"));
  ck_call(PetscOptionsClearValue(NULL, "-shared_nodes"));
  ck_call(EngineDestroy(&all));
}
END_TEST

static void set_up(void)
{
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  ck_call(rank == 0 ? SiliconRestore(INTERPOLATION_SYMMETRIC, material) : 0);
  MPI_Bcast(material, sizeof material, MPI_CHAR, 0, PETSC_COMM_WORLD);
}

static void tear_down(void)
{
  int rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank == 0) SiliconRemove(material);
}

static Suite *make_suite(void)
{
  Suite *suite = suite_create("collision on several ranks");
  TCase *cases = tcase_create("models"), *first = tcase_create("silicon");

  tcase_set_timeout(cases, 120);
  tcase_set_timeout(first, 120);
  tcase_add_loop_test(cases, models, 0, NMODELS);
  tcase_add_loop_test(cases, lattice, 0, NSCHEMES);
  suite_add_tcase(suite, cases);
  if (!SiliconPresent()) return suite;
  tcase_add_unchecked_fixture(first, set_up, tear_down);
  tcase_add_loop_test(first, silicon, 0, 2);
  tcase_add_test(first, drag);
  suite_add_tcase(suite, first);
  return suite;
}

TEST_MAIN(make_suite)

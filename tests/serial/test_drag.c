/*
  Electrons and phonons as one system, silicon: symmetric and semidefinite at mesh ratios 1, 2 and 3 with every delta scheme, Onsager's relation between
  the three drives, the same on the wedge as on the whole zone; levels rta and full as each species has them alone; what drag does to the thermopower
  read both ways.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/decks.h"
#include "../support/operator_checks.h"
#include "transport/drag_impl.h"

static char material[600], text[1400], what[300];

static void create(const char *sets, Engine *e)
{
  snprintf(text, sizeof text,
           "temperature: 300 K\nsolver: {tolerance: 1e-11}\nmaterial: %s\ncarriers: {electrons: 1e16 cm^-3}\nelectrons: {mesh: 12, window: 0.5 eV}\nphonons: {mesh: 6}\n"
           "scattering: {electron_phonon: {}, three_phonon: {}, isotope: natural, boundary: 100 um}\nsolve: [rta, full, drag]\n",
           material);
  snprintf(what, sizeof what, "silicon, %s", sets);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

static const char *const schemes[NSCHEMES] = {"delta.scheme=adaptive", "delta.scheme=gaussian;delta.width=8 meV", "delta.scheme=tetrahedron"};

/* Ratios 1, 2, 3. */
START_TEST(system_operator)
{
  static const int mesh[3] = {6, 4, 3}, fine[3] = {6, 8, 9};
  Engine           e;
  TransportTensors x;
  char             sets[200];

  static const int ratio[5] = {0, 1, 2, 1, 2}, scheme[5] = {0, 1, 2, 2, 0}; /* all nine for a model: test_drag_models.c */
  snprintf(sets, sizeof sets, "%s;electrons.mesh=%d;phonons.mesh=%d;electrons.window=0.8 eV", schemes[scheme[_i]], fine[ratio[_i]], mesh[ratio[_i]]);
  create(sets, &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, x.onsager_defect);
  for (int r = 0; r < 3; r++) {
    const PetscReal kT = e.scan.kT[0];
    ck_assert_msg(fabs(x.seebeck_electron[r][r] + x.seebeck_phonon[r][r] - x.seebeck[r][r]) <= 1e-12 * fabs(x.seebeck[r][r]), "%s: parts of S do not add up", what);
    ck_assert_msg(fabs(x.peltier_phonon[r][r] - kT * x.seebeck_phonon[r][r]) <= 1e-8 * kT * fabs(x.seebeck[r][r]), "%s: drag's Peltier coefficient %.8g, T S %.8g", what, x.peltier_phonon[r][r], kT * x.seebeck_phonon[r][r]);
  }
  ck_assert_msg(x.seebeck_phonon[0][0] != 0.0, "%s: no drag", what);
  const PetscReal least = OperatorCheckDrag(&e, what);
  ck_assert_msg(least >= -1e-12, "%s: eigenvalue %.3g of the largest", what, least);
  ck_call(EngineDestroy(&e));
}
END_TEST

START_TEST(whole_zone)
{
  static const char *const meshes[2] = {"electrons.mesh=6;phonons.mesh=6", "electrons.mesh=8;phonons.mesh=4"};
  Engine                   e;
  TransportTensors         wedge[LEVEL_COUNT], zone;
  char                     sets[200];

  for (int symmetry = 1; symmetry >= 0; symmetry--) {
    snprintf(sets, sizeof sets, "%s;%s;electrons.window=0.8 eV;symmetry=%s", schemes[_i % 3], meshes[_i / 3], symmetry ? "crystal" : "none");
    create(sets, &e);
    for (int l = 0; l < LEVEL_COUNT; l++) {
      ck_call(EngineSolve(&e, 0, (TransportLevel)l, symmetry ? &wedge[l] : &zone));
      if (symmetry) continue;
      ck_assert_msg(TensorsDistance(&wedge[l], &zone) <= 1e-8, "%s, %s: wedge and whole zone differ by %.3g", what, TransportLevelName[l], TensorsDistance(&wedge[l], &zone));
    }
    ck_call(EngineDestroy(&e));
  }
}
END_TEST

/* Levels rta and full: what electrons have with phonons in equilibrium, at full the phonons with electrons in equilibrium beside what the lattice has alone. */
START_TEST(apart)
{
  Engine           both, electrons;
  TransportTensors x, y;

  create("electrons.mesh=8;phonons.mesh=8;electrons.window=0.8 eV;delta=tetrahedron", &both);
  snprintf(text, sizeof text,
           "temperature: 300 K\nsolver: {tolerance: 1e-11}\nmaterial: %s\ncarriers: {electrons: 1e16 cm^-3}\nelectrons: {mesh: 8, window: 0.8 eV}\nscattering: {electron_phonon: {}, boundary: 100 um}\ndelta: tetrahedron\n",
           material);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &electrons));
  for (int l = 0; l <= LEVEL_FULL; l++) {
    ck_call(EngineSolve(&both, 0, (TransportLevel)l, &x));
    ck_call(EngineSolve(&electrons, 0, (TransportLevel)l, &y));
    ck_assert_msg(fabs(x.conductivity[0][0] - y.conductivity[0][0]) <= 1e-10 * y.conductivity[0][0], "%s: sigma %.12g, alone %.12g", TransportLevelName[l], x.conductivity[0][0], y.conductivity[0][0]);
    ck_assert_msg(fabs(x.seebeck[0][0] - y.seebeck[0][0]) <= 1e-10 * fabs(y.seebeck[0][0]), "%s: S %.12g, alone %.12g", TransportLevelName[l], x.seebeck[0][0], y.seebeck[0][0]);
  }
  ck_call(EngineDestroy(&electrons));
  ck_call(EngineDestroy(&both));
}
END_TEST

/* Which phonons drag: their sum is the phonons' Peltier coefficient over T to round-off, their Seebeck coefficient as far as the equations are solved. */
START_TEST(modes)
{
  Engine           e;
  TransportTensors x;
  PetscReal       *part, sum = 0.0, size = 0.0, peltier, seebeck;

  create(_i ? "electrons.mesh=12;phonons.mesh=4" : "electrons.mesh=8;phonons.mesh=8;electrons.window=0.8 eV", &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  ck_call(PetscMalloc1(e.drag->np, &part));
  ck_call(DragModesSeebeck(e.drag, LEVEL_DRAG, PART_COARSE, &e.scan.point[0], &x, part));
  for (PetscInt i = 0; i < e.drag->np; i++) {
    sum += part[i];
    size += fabs(part[i]);
  }
  peltier = (x.peltier_phonon[0][0] + x.peltier_phonon[1][1] + x.peltier_phonon[2][2]) / (3.0 * e.scan.kT[0]);
  seebeck = (x.seebeck_phonon[0][0] + x.seebeck_phonon[1][1] + x.seebeck_phonon[2][2]) / 3.0;
  ck_assert_msg(seebeck != 0.0 && fabs(sum - peltier) <= 1e-13 * size, "%s: modes sum to %.15g, Pi/T %.15g", what, sum, peltier);
  ck_assert_msg(fabs(sum - seebeck) <= 1e-8 * size, "%s: modes sum to %.15g, S %.15g", what, sum, seebeck);
  ck_call(PetscFree(part));
  ck_call(EngineDestroy(&e));
}
END_TEST

static void set_up(void)
{
  const char *source = getenv("UMKLAPP_SOURCE");

  LogSetLevel(0);
  snprintf(material, sizeof material, "{file: %s/inputs/data/silicon.h5, third_order: {import: native, path: %s/inputs/data/silicon-phonons.h5}}", source, source);
}

static Suite *make_suite(void)
{
  Suite *suite = suite_create("drag");
  TCase *cases = tcase_create("silicon");

  tcase_set_timeout(cases, 120);
  tcase_add_unchecked_fixture(cases, set_up, NULL);
  tcase_add_loop_test(cases, system_operator, 0, 5);
  tcase_add_loop_test(cases, whole_zone, 2, 5);
  tcase_add_test(cases, apart);
  tcase_add_loop_test(cases, modes, 0, 2);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

/*
  Electrons and phonons of aluminium as one system: Onsager's relation and a semidefinite operator at mesh ratios 1, 2, 3 with every delta scheme.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/operator_checks.h"

static char material[512];

START_TEST(ratios)
{
  static const char *const schemes[3] = {"adaptive", "{scheme: gaussian, width: 100 meV}", "tetrahedron"};
  static const int         fine[3] = {8, 8, 9}, coarse[3] = {8, 4, 3};
  TransportTensors         x;
  Engine                   e;
  char                     text[1000];

  snprintf(text, sizeof text,
           "temperature: 300 K\nsolver: {tolerance: 1e-11}\nmaterial: %s\nelectrons: {mesh: %d, window: 0.6 eV}\nphonons: {mesh: %d}\ndelta: %s\nscattering: {electron_phonon: {}, boundary: 10 um}\nsolve: [rta, full, drag]\n",
           material, fine[_i / 3], coarse[_i / 3], schemes[_i % 3]);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &e));
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  const PetscReal least = OperatorCheckDrag(&e, schemes[_i % 3]);
  if (getenv("UMKLAPP_TEST_VERBOSE")) printf("%d^3/%d^3 %s: Onsager %.1e, eigenvalue %.1e, %d steps\n", fine[_i / 3], coarse[_i / 3], schemes[_i % 3], x.onsager_defect, least, (int)x.iterations);
  ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "Onsager defect %.3g", x.onsager_defect);
  ck_assert_msg(x.seebeck_phonon[0][0] != 0.0, "no drag");
  ck_assert_msg(least >= -1e-12, "eigenvalue %.3g of the largest", least);
  ck_call(EngineDestroy(&e));
}
END_TEST

static void set_up(void) { ck_call(DataRestore("aluminium", INTERPOLATION_SYMMETRIC, material)); }
static void tear_down(void) { SiliconRemove(material); }

static Suite *make_suite(void)
{
  Suite *suite = suite_create("drag in aluminium");
  TCase *cases = tcase_create("mesh ratios");

  tcase_set_timeout(cases, 600);
  tcase_add_unchecked_fixture(cases, set_up, tear_down);
  tcase_add_loop_test(cases, ratios, 0, 9);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  if (!DataPresent("aluminium")) return 77;
  return HarnessRun(argc, argv, make_suite);
}

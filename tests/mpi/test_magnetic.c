/*
  The magnetic operator on any number of ranks: antisymmetric to the last bit, and the tensors of one rank, collisions included.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/in_field.h"

static const char *const text =
  "temperature: 300 K\nmagnetic_field: [[2, 2, 2]] T\n"
  "material: {model: {extent: 0.22 eV, bands: [{kind: ellipsoid, mass: 0.2 m_e, edge: 0.1 eV}, {kind: ellipsoid, type: valence, mass: 0.4 m_e, edge: -0.1 eV}]}}\n"
  "carriers: {net: 1e17 cm^-3}\nelectrons: {mesh: 11, window: 0.2 eV}\n"
  "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3}}\n";

START_TEST(ranks)
{
  const PetscReal B[3] = {2.0 * UMK_TESLA, 2.0 * UMK_TESLA, 2.0 * UMK_TESLA};
  PetscReal       here[2][2][3][3], alone[2][2][3][3], defect, work;
  Engine          e;

  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &e));
  ck_call(InFieldAntisymmetry(&e, B, &defect, &work));
  ck_call(InFieldSolve(&e, 0, B, 0, here));
  ck_call(EngineDestroy(&e));
  ck_assert_msg(defect == 0.0 && work < 1e-14, "|Lambda + Lambda^T| = %.3g, x.Lambda x = %.3g", defect, work);
  ck_call(EngineCreate(PETSC_COMM_SELF, text, NULL, &e));
  ck_call(InFieldSolve(&e, 0, B, 0, alone));
  ck_call(EngineDestroy(&e));
  ck_assert_msg(fabs(alone[0][0][0][1] - alone[0][0][1][0]) > 0.01 * alone[0][0][0][0], "no Hall effect");
  for (int t = 0; t < 4; t++)
    for (int r = 0; r < 9; r++) ck_near((&here[t / 2][t % 2][0][0])[r], (&alone[t / 2][t % 2][0][0])[r], 1e-10, alone[t / 2][t % 2][0][0]);
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("magnetic operator on ranks");
  TCase *cases = tcase_create("ranks");

  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, ranks);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

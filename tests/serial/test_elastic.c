/*
  Elastic scattering: isotropic, the in-scattering cancels and full = rta; anisotropic (screened charges), full is the transport time with
  1 - cos(theta) and rta the total rate, both against integrals over energy and angle.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/decks.h"
#include "../support/engine.h"

static const struct {
  const char *name, *text;
} isotropic[] = {
  {"acoustic, ellipsoid", DECK_HEAD
   "material: {model: {extent: 0.27 eV, bands: [{kind: ellipsoid, mass: [0.98, 0.19, 0.4] m_e, axes: [[1, 2, 2], [2, 1, -2], [2, -2, 1]]}]}}\n"
   "carriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 15, window: 0.25 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3}}\n"},
  {"contacts, Kane", DECK_HEAD
   "material: {model: {extent: 0.27 eV, bands: [{kind: kane, mass: 0.067 m_e, nonparabolicity: 0.64 1/eV}]}}\n"
   "carriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 16, window: 0.25 eV}\n"
   "scattering: {short_range: {density: 1e18 cm^-3, potential: 1 eV*nm^3}}\n"},
  {"acoustic and contacts, six valleys", DECK_HEAD
   "material: {model: {extent: 0.27 eV, bands: [{kind: ellipsoid, family: delta, mass: [0.98, 0.19] m_e}]}}\n"
   "carriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 14, window: 0.25 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3}, short_range: {density: 1e18 cm^-3, potential: 1 eV*nm^3, between: all}}\n"},
  {"contacts, power law in 2D", DECK_HEAD
   "material: {model: {dimension: 2, extent: 0.5 eV, metal: true, bands: [{kind: power, energy: 0.5 eV, wavevector: 0.1 1/angstrom, exponent: 3}]}}\n"
   "carriers: {chemical_potential: 0.2 eV}\nelectrons: {mesh: 32, window: [0.02, 0.45] eV}\n"
   "scattering: {short_range: {sheet_density: 1e12 cm^-2, sheet_potential: 1 eV*nm^2}}\n"},
  {"acoustic, square lattice", DECK_HEAD
   "material: {model: {dimension: 2, lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
   "carriers: {chemical_potential: 0.3 eV}\nelectrons: {mesh: 24, window: 0.7 eV}\n"
   "scattering: {acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, sheet_density: 1e-7 g/cm^2}}\n"},
  {"acoustic, fcc lattice", DECK_HEAD
   "material: {model: {cell: [[0, 2, 2], [2, 0, 2], [2, 2, 0]] angstrom, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
   "carriers: {electrons: 1e20 cm^-3}\nelectrons: {mesh: 12, window: 0.9 eV}\n"
   "scattering: {acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3}}\n"},
};
enum { NISOTROPIC = sizeof(isotropic) / sizeof(isotropic[0]) };

START_TEST(full_is_rta)
{
  for (int scheme = 0; scheme < NSCHEMES; scheme++)
    for (int zone = 0; zone < (_i == 3 ? 2 : 1); zone++) {
      Engine           e;
      TransportTensors rta, full;
      char             sets[200];

      snprintf(sets, sizeof sets, "%s;symmetry=%s", delta_schemes[scheme], zone ? "none" : "crystal");
      ck_call(EngineCreate(PETSC_COMM_WORLD, isotropic[_i].text, sets, &e));
      ck_call(EngineSolve(&e, 0, LEVEL_RTA, &rta));
      ck_call(EngineSolve(&e, 0, LEVEL_FULL, &full));
      ck_call(EngineDestroy(&e));
      ck_assert_msg(TensorsDistance(&full, &rta) <= 1e-8, "%s, %s: full and rta differ by %.3g", isotropic[_i].name, sets, TensorsDistance(&full, &rta));
    }
}
END_TEST

/* --- screened charges --------------------------------------------------------------------- */

#define MASS      0.2
#define EPSILON   11.7
#define DENSITY   (1e17 / UMK_CM3)
#define SCREENING (4e-9 / UMK_BOHR_M)

static const char charges[] = DECK_HEAD "material: {model: {eps_zero: 11.7, extent: 0.3 eV, bands: [{kind: ellipsoid, mass: 0.2 m_e}]}}\n"
                                        "carriers: {electrons: 1e15 cm^-3}\n"
                                        "electrons: {window: 0.3 eV}\n"
                                        "scattering: {ionized_impurity: {density: 1e17 cm^-3, screening: length, screening_length: 4 nm}}\n";

/* 1/tau(E) = 2 pi n g(E) (1/2) int dcos weight |4 pi/(eps (q^2 + q_s^2))|^2, g per spin; midpoint rule */
static PetscReal rate(PetscReal E, bool transport)
{
  enum { N = 4000 };
  const PetscReal k = sqrt(2.0 * MASS * E), g = MASS * k / (2.0 * UMK_PI * UMK_PI);
  PetscReal       sum = 0.0;

  for (int i = 0; i < N; i++) {
    const PetscReal t = -1.0 + (i + 0.5) * 2.0 / N, q2 = 2.0 * k * k * (1.0 - t), v = 4.0 * UMK_PI / (EPSILON * (q2 + 1.0 / (SCREENING * SCREENING)));
    sum += (transport ? 1.0 - t : 1.0) * v * v / N;
  }
  return 2.0 * UMK_PI * DENSITY * g * sum;
}

/* (1/m) <tau>, weights E^(3/2) exp(-E/kT) */
static PetscReal mobility(PetscReal kT, bool transport)
{
  enum { N = 600 };
  PetscReal top = 0.0, bottom = 0.0;

  for (int i = 0; i < N; i++) {
    const PetscReal E = (i + 0.5) * 0.3 * UMK_EV / N, w = pow(E, 1.5) * exp(-E / kT);
    top += w / rate(E, transport);
    bottom += w;
  }
  return top / bottom / MASS;
}

START_TEST(transport_time)
{
  static const char *const mesh[] = {"electrons.mesh=20", "electrons.mesh=40"};
  PetscReal                error[2][LEVEL_COUNT], exact[LEVEL_COUNT];

  for (int n = 0; n < 2; n++) {
    Engine           e;
    TransportTensors x;

    ck_call(EngineCreate(PETSC_COMM_WORLD, charges, mesh[n], &e));
    const StatesPoint *p = &e.scan.point[0];
    for (int l = 0; l <= LEVEL_FULL; l++) {
      ck_call(EngineSolve(&e, 0, (TransportLevel)l, &x));
      exact[l]    = mobility(p->kT, l == LEVEL_FULL);
      error[n][l] = x.conductivity[0][0] / p->electrons / exact[l] - 1.0;
    }
    ck_call(EngineDestroy(&e));
  }
  ck_assert_msg(exact[LEVEL_FULL] > 2.0 * exact[LEVEL_RTA], "the test is not sensitive to the angle");
  for (int l = 0; l <= LEVEL_FULL; l++) {
    if (getenv("UMKLAPP_TEST_VERBOSE")) printf("%s: %.5g of the integral on 20^3, %.5g on 40^3\n", TransportLevelName[l], error[0][l], error[1][l]);
    ck_assert_msg(fabs(error[1][l]) < 0.02 && fabs(error[1][l]) < 0.5 * fabs(error[0][l]), "%s: error %.4f, then %.4f on twice the mesh", TransportLevelName[l], error[0][l], error[1][l]);
  }
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("elastic scattering");
  TCase *cases = tcase_create("models");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, full_is_rta, 0, NISOTROPIC);
  tcase_add_test(cases, transport_time);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

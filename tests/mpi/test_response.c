/* Fields and frequencies on all ranks against the same run on one: every L_XY within 1e-10; levels full and drag. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/engine.h"

#define MOST 8

static const char *const decks[2] = {
  "temperature: 300 K\nmaterial: {model: {lattice_constant: 4 angstrom, eps_infinity: 10, eps_zero: 15, bands: [{kind: cosine, hopping: 0.1 eV}]}}\ncarriers: {electrons: 1e20 cm^-3}\n"
  "electrons: {mesh: 8, window: 0.6 eV}\nscattering: {polar_optical: {energy: 40 meV}}\nsolver: {tolerance: 1e-12}\n"
  "magnetic_field: [[0, 0, 0], [0, 0, 300], [10, 20, 5]] T\nfrequency: [0, 2] THz\n",
  "temperature: 600 K\nsolver: {tolerance: 1e-12}\nmaterial: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}], phonons: {kind: debye, mass: 27 amu, sound: [4000, 2500] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}}}\ncarriers: {electrons: 1e21 cm^-3}\nelectrons: {mesh: 6, window: 1.4 eV}\nphonons: {mesh: 3}\ndelta: {scheme: gaussian, width: 60 meV}\n"
  "scattering: {electron_phonon: {}, phonon_relaxation: 10 ps}\nsolve: [full, drag]\nmagnetic_field: [[0, 0, 0], [0, 0, 30]] T\nfrequency: [0, 2] THz\n"};

static PetscInt respond(MPI_Comm comm, const char *deck, TransportLevel level, TransportResponse *x)
{
  Engine            e;
  TransportTensors  still;
  TransportLowField low[MOST];
  PetscReal         weight[2][2][3][3];
  ck_call(EngineCreate(comm, deck, NULL, &e));
  ck_call(EngineSolve(&e, 0, level, &still));
  ck_call(e.both ? DragRespond(e.drag, level, &e.scan.point[0], &e.scan.fields, &still, x, low, weight) : TransportRespond(e.transport, level, &e.scan.point[0], &e.scan.fields, &still, x, low, weight));
  const PetscInt n = e.scan.fields.nB * e.scan.fields.nF;
  ck_call(EngineDestroy(&e));
  return n;
}

START_TEST(ranks)
{
  const TransportLevel level = _i ? LEVEL_DRAG : LEVEL_FULL;
  TransportResponse    one[MOST], all[MOST];
  const PetscInt       n = respond(PETSC_COMM_SELF, decks[_i], level, one);

  ck_assert_int_eq((int)respond(PETSC_COMM_WORLD, decks[_i], level, all), (int)n);
  for (PetscInt k = 0; k < n; k++)
    for (int t = 0; t < 4; t++)
      for (int c = 0; c < 2; c++) {
        const PetscReal *a = c ? &all[k].im.L[t / 2][t % 2][0][0] : &all[k].re.L[t / 2][t % 2][0][0], *b = c ? &one[k].im.L[t / 2][t % 2][0][0] : &one[k].re.L[t / 2][t % 2][0][0];
        PetscReal difference = 0.0;
        for (int r = 0; r < 9; r++) difference = PetscMax(difference, fabs(a[r] - b[r]));
        ck_assert_msg(CollectiveOk(difference <= 1e-10 * fabs(one[k].re.L[t / 2][t % 2][0][0])), "deck %d, point %d: differs from one rank by %.3g", _i, (int)k, difference / fabs(one[k].re.L[t / 2][t % 2][0][0]));
      }
  ck_assert_msg(fabs(all[2].re.L[0][0][0][1]) > 1e-6 * all[2].re.L[0][0][0][0], "no Hall current");
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("fields and frequencies on several ranks");
  TCase *cases = tcase_create("response");
  tcase_set_timeout(cases, 60);
  tcase_add_loop_test(cases, ranks, 0, 2);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

/*
  Silicon against ../shared/data/silicon/reference_transport.json, 20x20x20, Gaussian of 30 meV: the `symmetric` mobilities of an independent
  program and those EPW 5.3.1 printed, by rebuilding their definitions from the library's energies, vertices and phonons
  (support/wedge_mobility.h); and the program itself against both. Skipped (77) where that data is absent.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/wedge_mobility.h"

static char source[512], symmetric[512]; /* material files: EPW's own lattice vectors, or vertices with the crystal's symmetry */

static const WedgeSetting setting = {.mesh = 20, .fermi = 6.612 * UMK_EV, .window = 0.3 * UMK_EV, .width = 0.03 * UMK_EV, .density = 1e15 / UMK_CM3};

static const WedgeResult electrons[] = {{100, 6.528821, {75207.505, 95403.258}}, {300, 6.340992, {1625.7184, 1336.1789}}};
static const WedgeResult holes[]     = {{300, 6.51299, {198.18912, 194.12941}}};
static const WedgeResult epw_electrons[] = {{100, 6.528821, {12636.5, 10256.3}}, {300, 6.340992, {1382.53, 1062.52}}};
static const WedgeResult epw_holes[]     = {{300, 6.51299, {184.127, 180.214}}};

START_TEST(reference_electrons)
{
  WedgeSetting s      = setting;
  WedgeResult  row[2] = {{.kelvin = 100}, {.kelvin = 300}};

  s.material    = source;
  s.occupations = _i ? OCCUPATIONS_EPW : OCCUPATIONS_SYMMETRIC;
  WedgeMobility(&s, 2, row);
  for (int i = 0; i < 2; i++) ck_near(row[i].mu, electrons[i].mu, 2e-6, 1.0);
  WedgeCompare(_i ? "electrons, EPW's occupations" : "electrons", 2, row, _i ? epw_electrons : electrons, 1e-4);
}
END_TEST

START_TEST(reference_holes)
{
  WedgeSetting s      = setting;
  WedgeResult  row[1] = {{.kelvin = 300}};

  s.material    = source;
  s.holes       = true;
  s.fermi       = WedgeValenceTop(source);
  s.occupations = _i ? OCCUPATIONS_EPW : OCCUPATIONS_SYMMETRIC;
  WedgeMobility(&s, 1, row);
  ck_near(row[0].mu, holes[0].mu, 2e-6, 1.0);
  WedgeCompare(_i ? "holes, EPW's occupations" : "holes", 1, row, _i ? epw_holes : holes, 1e-4);
}
END_TEST

/* Electrons with the program itself */
static void run(const char *file, PetscInt n, WedgeResult *row)
{
  char             text[1024];
  Engine           e;
  TransportTensors x;

  snprintf(text, sizeof text,
    "material: %s\ntemperature: [100, 300] K\ncarriers: {electrons: 1e15 cm^-3}\nelectrons: {mesh: 20, window: [6.312, 6.912] eV}\n"
    "delta: {scheme: gaussian, width: 30 meV, cutoff: 12}\nsolver: {tolerance: 1e-11}\nscattering: {electron_phonon: {}}\n", file);
  ck_call(EngineCreate(PETSC_COMM_SELF, text, NULL, &e));
  for (PetscInt i = 0; i < n; i++)
    for (int l = 0; l <= LEVEL_FULL; l++) {
      ck_call(EngineSolve(&e, i, (TransportLevel)l, &x));
      row[i].mobility[l] = (x.conductivity[0][0] + x.conductivity[1][1] + x.conductivity[2][2]) / 3.0 / e.scan.point[i].electrons * MOBILITY_CM2_VS;
    }
  ck_call(EngineDestroy(&e));
}

/* With EPW's data the program differs from the reference by what the symmetry of their vertices lacks. */
START_TEST(program_source)
{
  WedgeResult row[2];

  run(source, 2, row);
  WedgeCompare("program, source data", 2, row, electrons, 0.01);
}
END_TEST

/* With data that have it, rows from their own states and processes from the absorbing side are the same. At 300 K the two degenerate bands
   at X, whose velocities point apart, carry a little of the current: the program keeps their spread, the little group's average does not. */
START_TEST(program_symmetric)
{
  WedgeSetting s = setting;
  WedgeResult  row[2], expected[2] = {{.kelvin = 100}, {.kelvin = 300}};

  s.material = symmetric;
  WedgeMobility(&s, 2, expected);
  run(symmetric, 2, row);
  WedgeCompare("program, symmetric data", 1, row, expected, 1e-9);
  WedgeCompare("program, symmetric data", 1, row + 1, expected + 1, 1e-4);
}
END_TEST

static void set_up(void)
{
  ck_call(SiliconRestore(INTERPOLATION_SOURCE, source));
  ck_call(SiliconRestore(INTERPOLATION_SYMMETRIC, symmetric));
}

static void tear_down(void)
{
  SiliconRemove(source);
  SiliconRemove(symmetric);
}

static Suite *make_suite(void)
{
  Suite *suite = suite_create("silicon reference mobilities");
  TCase *cases = tcase_create("20x20x20, 30 meV");

  tcase_set_timeout(cases, 120);
  tcase_add_unchecked_fixture(cases, set_up, tear_down);
  tcase_add_loop_test(cases, reference_electrons, 0, 2);
  tcase_add_loop_test(cases, reference_holes, 0, 2);
  tcase_add_test(cases, program_source);
  tcase_add_test(cases, program_symmetric);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  if (!SiliconPresent()) return 77;
  return HarnessRun(argc, argv, make_suite);
}

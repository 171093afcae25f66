/*
  The magnetic operator on models: antisymmetric to the last bit, nothing on functions of energy to the differences' order, the wedge's tensors those of the
  whole zone, and (1/tau + Lambda) y = X against the closed form sigma = n e^2 (m/tau + q B x)^-1.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include <string.h>
#include "../support/decks.h"
#include "../support/in_field.h"
#include "drive/drive_impl.h"

/* UMKLAPP_SHOW=1 in the environment: what was measured */
#define SHOW(...) do { if (getenv("UMKLAPP_SHOW")) fprintf(stderr, __VA_ARGS__); } while (0)

static const char *const directions[3] = {"[0, 0, 9]", "[6, 6, 6]", "[3, -5, 7]"};
static const PetscReal   direction[3][3] = {{0, 0, 9}, {6, 6, 6}, {3, -5, 7}};

static void create(const char *text, const char *extra, int field, Engine *e, PetscReal B[3])
{
  char sets[400];
  snprintf(sets, sizeof sets, "magnetic_field=[%s] T;scattering={relaxation_time: {tau: 100 fs, exponent: 0.5}};%s", directions[field], extra ? extra : "solver.tolerance=1e-10");
  for (int r = 0; r < 3; r++) B[r] = direction[field][r] * UMK_TESLA;
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

static PetscReal tensor_distance(PetscReal a[2][2][3][3], PetscReal b[2][2][3][3])
{
  PetscReal worst = 0.0;
  for (int t = 0; t < 4; t++) {
    PetscReal difference = 0.0, scale = 0.0;
    for (int r = 0; r < 9; r++) {
      difference = PetscMax(difference, fabs((&a[t / 2][t % 2][0][0])[r] - (&b[t / 2][t % 2][0][0])[r]));
      scale      = PetscMax(scale, fabs((&b[t / 2][t % 2][0][0])[r]));
    }
    if (!(difference <= worst * scale)) worst = difference / scale; /* NaN stays */
  }
  return worst;
}

/* --- antisymmetry, wedge and zone ----------------------------------------------------------------- */

static bool sheet(const ModelDeck *d) { return strstr(d->text, "dimension: 2") != NULL; }

/* Valleys: coarser than their decks say. */
static bool box(const ModelDeck *d) { return !sheet(d) && !strstr(d->text, "cosine"); }

START_TEST(wedge_and_zone)
{
  const ModelDeck *d     = &model_decks[_i / 2];
  const int        field = sheet(d) ? 0 : _i % 2 ? 2 : _i % 4 / 2; /* a general direction, and one of symmetry */
  PetscReal        B[3], wedge[2][2][3][3], zone[2][2][3][3], defect, work;
  Engine           e;

  create(d->text, box(d) ? "electrons.mesh=9" : NULL, field, &e, B);
  ck_call(InFieldSolve(&e, 0, B, 0, wedge));
  ck_call(InFieldAntisymmetry(&e, B, &defect, &work));
  const int nops = (int)e.mesh->nops;
  ck_call(EngineDestroy(&e));
  create(d->text, box(d) ? "electrons.mesh=9;symmetry=none" : "symmetry=none", field, &e, B);
  ck_call(InFieldSolve(&e, 0, B, 0, zone));
  ck_call(EngineDestroy(&e));
  const PetscReal off = tensor_distance(wedge, zone);
  SHOW("%s, %s: %d operations, wedge - zone %.2e, x.Lambda x %.2e, Hall share %.3f\n", d->name, directions[field], nops, off, work, fabs(zone[0][0][0][1] - zone[0][0][1][0]) / zone[0][0][0][0]);
  ck_assert_msg(off < 1e-8, "%s, %s: wedge and zone differ by %.3g", d->name, directions[field], off);
  ck_assert_msg(defect == 0.0, "%s, %s: |Lambda + Lambda^T| = %.3g", d->name, directions[field], defect);
  ck_assert_msg(work < 1e-14, "%s, %s: x.Lambda x = %.3g", d->name, directions[field], work);
}
END_TEST

/* --- functions of energy ---------------------------------------------------------------------------- */

/* A whole band: no edges of a window. */
static const char *const band =
  "temperature: 2000 K\nmaterial: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
  "carriers: {electrons: 1e20 cm^-3}\nelectrons: {mesh: 8, window: 2 eV}\nscattering: {relaxation_time: 100 fs}\n";

/* |Lambda w| / |w|, over the same of w v */
static PetscReal leakage(PetscInt n, int reach)
{
  const PetscInt  *state;
  const PetscReal *w;
  PetscReal        B[3], norm[2];
  PetscInt         begin, nlocal;
  char             extra[80];
  Mat              Lambda;
  Vec              y, image;
  Engine           e;

  snprintf(extra, sizeof extra, "symmetry=none;electrons.mesh=%d", (int)n);
  create(band, extra, 2, &e, B);
  ck_call(EngineSetPoint(&e, 0, NULL));
  ck_call(CollisionGetLocalStates(e.collision, SPECIES_ELECTRON, &begin, &nlocal, &state));
  ck_call(CollisionGetWeights(e.collision, SPECIES_ELECTRON, &w));
  ck_call(MagneticCreate(e.collision, e.electrons, B, reach, &Lambda));
  ck_call(CollisionCreateVec(e.collision, &y));
  ck_call(VecDuplicate(y, &image));
  for (int odd = 0; odd < 2; odd++) {
    PetscReal one, two;
    for (PetscInt i = 0; i < 3 * nlocal; i++) ck_call(VecSetValue(y, 3 * begin + i, w[state[i / 3]] * (odd ? e.electrons->velocity[3 * state[i / 3] + i % 3] : 1.0), INSERT_VALUES));
    ck_call(VecAssemblyBegin(y));
    ck_call(VecAssemblyEnd(y));
    ck_call(MatMult(Lambda, y, image));
    ck_call(VecNorm(y, NORM_2, &one));
    ck_call(VecNorm(image, NORM_2, &two));
    norm[odd] = two / one;
  }
  ck_call(MatDestroy(&Lambda));
  ck_call(VecDestroy(&y));
  ck_call(VecDestroy(&image));
  ck_call(EngineDestroy(&e));
  return norm[0] / norm[1];
}

START_TEST(energy_functions)
{
  for (int reach = 1; reach <= MAGNETIC_REACH; reach += 3) {
    const PetscReal coarse = leakage(14, reach), fine = leakage(18, reach), order = log(coarse / fine) / log(18.0 / 14.0);
    SHOW("order %d: Lambda f(e) %.2e on 14, %.2e on 18: observed order %.2f\n", 2 * reach, coarse, fine, order);
    ck_assert_msg(order > 1.7 * reach, "differences of order %d: order %.2f", 2 * reach, order);
  }
}
END_TEST

/* --- constant relaxation time ------------------------------------------------------------------------- */

#define TAU 100e-15 /* s */
typedef struct {
  const char *name, *text;
  PetscReal   m[3][3]; /* mass tensor, electron masses */
} Drude;

static const Drude drude[] = {
  {"sphere", "temperature: 300 K\nmaterial: {model: {bands: [{kind: ellipsoid, mass: 0.5 m_e}]}}\ncarriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 17, window: 0.4 eV}\n"
   "scattering: {relaxation_time: 100 fs}\n", {{0.5, 0, 0}, {0, 0.5, 0}, {0, 0, 0.5}}},
  {"tilted ellipsoid", "temperature: 300 K\nmaterial: {model: {bands: [{kind: ellipsoid, mass: [0.98, 0.19, 0.4] m_e, axes: [[1, 2, 2], [2, 1, -2], [2, -2, 1]]}]}}\n"
   "carriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 19, window: 0.4 eV}\nscattering: {relaxation_time: 100 fs}\n",
   {{(0.98 + 4 * 0.19 + 4 * 0.4) / 9, (2 * 0.98 + 2 * 0.19 - 4 * 0.4) / 9, (2 * 0.98 - 4 * 0.19 + 2 * 0.4) / 9},
    {(2 * 0.98 + 2 * 0.19 - 4 * 0.4) / 9, (4 * 0.98 + 0.19 + 4 * 0.4) / 9, (4 * 0.98 - 2 * 0.19 - 2 * 0.4) / 9},
    {(2 * 0.98 - 4 * 0.19 + 2 * 0.4) / 9, (4 * 0.98 - 2 * 0.19 - 2 * 0.4) / 9, (4 * 0.98 + 4 * 0.19 + 0.4) / 9}}},
  {"sheet", "temperature: 300 K\nmaterial: {model: {dimension: 2, bands: [{kind: ellipsoid, mass: 0.5 m_e}]}}\ncarriers: {sheet_electrons: 1e11 cm^-2}\n"
   "electrons: {mesh: 25, window: 0.4 eV}\nscattering: {relaxation_time: 100 fs}\n", {{0.5, 0, 0}, {0, 0.5, 0}, {0, 0, 0.5}}},
};

/* sigma/n = (m/tau + q [B x])^-1, q = -1: m u/tau = q (E + u x B) */
static void closed_form(const Drude *d, const PetscReal B[3], PetscReal sigma[3][3])
{
  const PetscReal tau = TAU / UMK_TIME_S, b[3][3] = {{0, -B[2], B[1]}, {B[2], 0, -B[0]}, {-B[1], B[0], 0}};
  PetscReal       m[3][3];
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = d->m[r / 3][r % 3] / tau - b[r / 3][r % 3];
  Invert3((const PetscReal(*)[3])m, sigma);
}

START_TEST(constant_time)
{
  static const PetscReal angle[4]  = {0.01, 0.1, 1.0, 10.0}; /* omega_c tau of mass 0.5 */
  const Drude           *d         = &drude[_i];
  const int              dimension = _i == 2 ? 2 : 3;
  PetscReal              L[2][2][3][3], wanted[3][3];
  char                   sets[100];
  Engine                 e;

  for (int a = 0; a < 4; a++) {
    const PetscReal strength = angle[a] * 0.5 / (TAU / UMK_TIME_S), B[3] = {_i == 1 ? 0.6 * strength : 0.0, _i == 1 ? 0.48 * strength : 0.0, _i == 1 ? -0.64 * strength : strength};
    snprintf(sets, sizeof sets, "magnetic_field=[[%g, %g, %g]] T", B[0] / UMK_TESLA, B[1] / UMK_TESLA, B[2] / UMK_TESLA);
    if (a == 0) ck_call(EngineCreate(PETSC_COMM_WORLD, d->text, sets, &e));
    ck_call(InFieldSolve(&e, 0, B, 0, L));
    closed_form(d, B, wanted);
    PetscReal off = 0.0, largest = 0.0;
    for (int i = 0; i < dimension; i++)
      for (int j = 0; j < dimension; j++) {
        off     = PetscMax(off, fabs(L[0][0][i][j] / e.scan.point[0].electrons - wanted[i][j]));
        largest = PetscMax(largest, fabs(wanted[i][j]));
      }
    const PetscReal rho = L[0][0][0][0] / (L[0][0][0][0] * L[0][0][1][1] - L[0][0][0][1] * L[0][0][1][0]); /* transverse, sphere and sheet */
    const PetscReal mr  = rho * e.scan.point[0].electrons * TAU / UMK_TIME_S / 0.5 - 1.0;
    SHOW("%s, omega_c tau %g: sigma off %.2e of its largest element; sigma_xx off %.2e; magnetoresistance %.2e\n", d->name, angle[a], off / largest, L[0][0][0][0] / e.scan.point[0].electrons / wanted[0][0] - 1.0, mr);
    ck_assert_msg(off < 0.002 * largest, "%s, omega_c tau %g: sigma %.3g off", d->name, angle[a], off / largest);
    ck_near(L[0][0][0][0] / e.scan.point[0].electrons, wanted[0][0], 0.005, wanted[0][0]);
    ck_near(L[0][0][0][1] / e.scan.point[0].electrons, wanted[0][1], 0.005, PetscMax(fabs(wanted[0][1]), 0.01 * largest));
    if (_i != 1) ck_assert_msg(fabs(mr) < 0.002, "%s: magnetoresistance %.3g", d->name, mr);
  }
  ck_call(EngineDestroy(&e));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("magnetic operator");
  TCase *cases = tcase_create("models");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, wedge_and_zone, 0, 2 * NMODELS);
  tcase_add_test(cases, energy_functions);
  tcase_add_loop_test(cases, constant_time, 0, 3);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

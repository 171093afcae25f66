/*
  Import with interpolation: symmetric, on the silicon and aluminium sets of ../shared/data (skipped, 77, where these are absent):
  |g|^2 equal over stars and under exchange of initial and final state, coarse-mesh values those of the source, energies equal
  over stars. Aluminium's functions share a centre: it is put on nearest images, but not averaged. Its file comes back to the bit.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include <sys/stat.h>
#include "umklapp/material.h"

#define NEAR  1e-6 /* hartree: states this close are averaged */
#define PAIRS 48

static char folder[512];
static const PetscReal generic[4][2][3] = {{{0, 0.4, 0.45}, {0.05, 0.1, -0.2}}, {{0.13, -0.27, 0.41}, {0.31, 0.07, 0.22}}, {{0.02, 0.03, 0.05}, {0.46, 0.38, -0.19}}, {{0.37, 0.37, 0.11}, {-0.11, 0.23, 0.05}}};

static Material import_with(const char *set, const ImportOptions *options)
{
  Material m;
  char     path[600];

  snprintf(path, sizeof(path), "%s/%s", folder, set);
  ck_call(MaterialImport(PETSC_COMM_WORLD, "epw", path, options, &m));
  return m;
}

static Material import(const char *set, Interpolation interpolation, PetscReal real_tolerance)
{
  ImportOptions options;

  ck_call(ImportOptionsDefault(&options));
  options.interpolation  = interpolation;
  options.real_tolerance = real_tolerance;
  return import_with(set, &options);
}

/* Mean over neighbours closer than NEAR along the middle axis of x[outer][n][inner] */
static void average(PetscInt outer, PetscInt n, PetscInt inner, const PetscReal *energy, PetscReal *x)
{
  for (PetscInt first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && energy[last] - energy[last - 1] < NEAR; last++);
    for (PetscInt oi = 0; oi < outer * inner; oi++) {
      PetscReal sum = 0.0;

      for (PetscInt j = first; j < last; j++) sum += x[(oi / inner * n + j) * inner + oi % inner];
      for (PetscInt j = first; j < last; j++) x[(oi / inner * n + j) * inner + oi % inner] = sum / (PetscReal)(last - first);
    }
  }
}

/* g2 [np][m][n][nu] of np pairs (k, q), allocated; transposed: [n][m][nu]. Averaged over degenerate states. */
static PetscReal *coupling(Material m, PetscInt np, const PetscReal (*pairs)[2][3], bool transposed)
{
  PetscInt   nb, nm, first[PAIRS] = {0}, count[PAIRS];
  PetscReal  k[PAIRS][3], e[PAIRS][16], ef[16], omega[16], *g, *t;
  Complex   *U, Uf[256], u[256];
  Coupling   c;

  ck_call(MaterialGetSizes(m, &nb, &nm, NULL, NULL));
  const PetscInt size = nb * nb * nm;
  g = malloc(sizeof(PetscReal) * (size_t)(np * size)), t = malloc(sizeof(PetscReal) * (size_t)(np * size)), U = malloc(sizeof(Complex) * (size_t)(np * nb * nb));
  for (PetscInt i = 0; i < np; i++) memcpy(k[i], pairs[i][0], sizeof(k[i])), count[i] = nb;
  ck_call(MaterialElectrons(m, np, k[0], NULL, NULL, U));
  ck_call(CouplingCreate(m, &c));
  ck_call(CouplingSetInitial(c, np, k[0], U, first, count));
  for (PetscInt i = 0; i < np; i++) {
    const PetscReal *q = pairs[i][1], kq[3] = {k[i][0] + q[0], k[i][1] + q[1], k[i][2] + q[2]};
    PetscReal       *x = g + i * size;

    ck_call(MaterialElectrons(m, 1, k[i], e[i], NULL, NULL));
    ck_call(MaterialElectrons(m, 1, kq, ef, NULL, Uf));
    ck_call(MaterialPhonons(m, 1, q, omega, NULL, u));
    ck_call(CouplingEvaluate(c, i, 1, q, nb, Uf, u, omega, 1e-5, x));
    average(nb * nb, nm, 1, omega, x);
    average(nb, nb, nm, e[i], x);
    average(1, nb, nb * nm, ef, x);
    for (PetscInt j = 0; j < size; j++) t[i * size + (j / nm % nb * nb + j / nm / nb) * nm + j % nm] = x[j];
  }
  ck_call(CouplingDestroy(&c));
  free(U);
  free(transposed ? g : t);
  return transposed ? t : g;
}

/* Largest |b - a| over the largest |a| of a pair; a: the same for all np pairs (one) or one each. Frees both. */
static PetscReal difference(Material m, PetscInt np, bool one, PetscReal *a, PetscReal *b)
{
  PetscInt  nb, nm;
  PetscReal worst = 0.0;

  ck_call(MaterialGetSizes(m, &nb, &nm, NULL, NULL));
  for (PetscInt i = 0; i < np; i++) {
    const PetscInt   size = nb * nb * nm;
    const PetscReal *x    = one ? a : a + i * size;
    PetscReal        d = 0.0, scale = 0.0;

    for (PetscInt j = 0; j < size; j++) {
      d     = fmax(d, isfinite(b[i * size + j]) ? fabs(x[j] - b[i * size + j]) : HUGE_VAL);
      scale = fmax(scale, fabs(x[j]));
    }
    worst = fmax(worst, d / scale);
  }
  free(a);
  free(b);
  return worst;
}

static void rotate(const CrystalOp *op, const PetscReal k[3], PetscReal r[3])
{
  for (int i = 0; i < 3; i++) r[i] = op->k[i][0] * k[0] + op->k[i][1] * k[1] + op->k[i][2] * k[2];
}

/* Worst over the images of a pair of points */
static PetscReal star_defect(Material m, const PetscReal pair[2][3])
{
  PetscReal images[PAIRS][2][3];
  Crystal   c;

  ck_call(MaterialGetCrystal(m, &c));
  ck_assert_int_eq(c->nops, PAIRS);
  for (PetscInt i = 0; i < PAIRS; i++)
    for (int j = 0; j < 2; j++) rotate(&c->op[i], pair[j], images[i][j]);
  return difference(m, PAIRS, true, coupling(m, 1, (const PetscReal(*)[2][3])pair, false), coupling(m, PAIRS, (const PetscReal(*)[2][3])images, false));
}

static PetscReal exchange_defect(Material m, PetscInt np, const PetscReal (*pairs)[2][3])
{
  PetscReal exchanged[PAIRS][2][3];

  for (PetscInt i = 0; i < np; i++)
    for (int c = 0; c < 3; c++) {
      exchanged[i][0][c] = pairs[i][0][c] + pairs[i][1][c];
      exchanged[i][1][c] = -pairs[i][1][c];
    }
  return difference(m, np, false, coupling(m, np, pairs, false), coupling(m, np, (const PetscReal(*)[2][3])exchanged, true));
}

/* eV; frequencies over their scale */
static void energy_defect(Material m, const PetscReal k[3], PetscReal *electrons, PetscReal *phonons)
{
  PetscInt  nb, nm;
  PetscReal e[2][16], w[2][16], r[3];
  Crystal   c;

  ck_call(MaterialGetSizes(m, &nb, &nm, NULL, NULL));
  ck_call(MaterialGetCrystal(m, &c));
  ck_call(MaterialElectrons(m, 1, k, e[0], NULL, NULL));
  ck_call(MaterialPhonons(m, 1, k, w[0], NULL, NULL));
  *electrons = *phonons = 0.0;
  for (PetscInt i = 0; i < c->nops; i++) {
    rotate(&c->op[i], k, r);
    ck_call(MaterialElectrons(m, 1, r, e[1], NULL, NULL));
    ck_call(MaterialPhonons(m, 1, r, w[1], NULL, NULL));
    for (PetscInt b = 0; b < nb; b++) *electrons = fmax(*electrons, UMK_HARTREE_EV * fabs(e[1][b] - e[0][b]));
    for (PetscInt b = 0; b < nm; b++) *phonons = fmax(*phonons, fabs(w[1][b] - w[0][b]) / w[0][nm - 1]);
  }
}

/* Coarse-mesh values (mesh n x n x n) of the source, redistributed */
static PetscReal coarse_defect(Material source, Material m, PetscReal n)
{
  static const int points[5][2][3] = {{{1, 2, 3}, {1, 0, 0}}, {{1, 0, 0}, {1, 1, 2}}, {{0, 0, 0}, {2, 2, 0}}, {{3, 1, 2}, {2, 1, 3}}, {{2, 2, 0}, {0, 3, 1}}};
  PetscReal        pairs[5][2][3];

  for (int i = 0; i < 30; i++) pairs[i / 6][i / 3 % 2][i % 3] = points[i / 6][i / 3 % 2][i % 3] / n;
  return difference(m, 5, false, coupling(source, 5, (const PetscReal(*)[2][3])pairs, false), coupling(m, 5, (const PetscReal(*)[2][3])pairs, false));
}

static void defects(Material m, int npoints, PetscReal *star, PetscReal *exchange)
{
  *star     = 0.0;
  *exchange = exchange_defect(m, npoints, generic);
  for (int i = 0; i < npoints; i++) *star = fmax(*star, star_defect(m, generic[i]));
  if (getenv("UMKLAPP_TEST_VERBOSE")) printf("star %.1e exchange %.1e\n", *star, *exchange);
}

START_TEST(silicon)
{
  Material  source = import("silicon", INTERPOLATION_SOURCE, 1e-4), near = import("silicon", INTERPOLATION_REDISTRIBUTED, 1e-4), symmetric = import("silicon", INTERPOLATION_SYMMETRIC, 1e-4);
  PetscReal star, exchange, electrons, phonons, coarse;

  defects(source, 1, &star, &exchange);
  ck_assert_msg(star > 0.01 && exchange > 0.01, "the source's interpolation is already symmetric: these points test nothing");
  defects(near, 1, &star, &exchange);
  ck_assert_msg(star < 1e-3 && exchange < 1e-3, "redistributed: star %.1e, exchange %.1e", star, exchange);
  defects(symmetric, 4, &star, &exchange);
  ck_assert_msg(star < 1e-10, "|g|^2 differs by %.1e over a star", star);
  ck_assert_msg(exchange < 1e-10, "|g|^2 differs by %.1e when initial and final state are exchanged", exchange);
  coarse = coarse_defect(source, near, 4);
  ck_assert_msg(coarse < 1e-10, "coarse-mesh |g|^2 moved by %.1e", coarse);
  for (int i = 0; i < 4; i++) {
    energy_defect(symmetric, generic[i][0], &electrons, &phonons);
    ck_assert_msg(electrons < 1e-12 && phonons < 1e-12, "energies differ by %.1e eV, frequencies by %.1e over a star", electrons, phonons);
  }
  ck_call(MaterialDestroy(&source));
  ck_call(MaterialDestroy(&near));
  ck_call(MaterialDestroy(&symmetric));
}
END_TEST

/* Images are cut alike */
START_TEST(silicon_rounded)
{
  ImportOptions options;
  Material      m;
  PetscReal     star, exchange;

  ck_call(ImportOptionsDefault(&options));
  options.precision     = 32;
  options.mantissa_bits = 13;
  options.threshold     = 2e-5;
  m                     = import_with("silicon", &options);
  defects(m, 2, &star, &exchange);
  ck_assert_msg(star < 1e-10 && exchange < 1e-10, "rounded: star %.1e, exchange %.1e", star, exchange);
  ck_call(MaterialDestroy(&m));
}
END_TEST

/* Most blocks of vectors are empty: written and read, the coupling is the same to the bit. Destroys m. */
static void check_file(Material m)
{
  Material read;
  char     path[600];

  snprintf(path, sizeof(path), "%s/material.h5", folder);
  ck_call(MaterialWrite(m, path, "test"));
  ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, path, &read));
  ck_assert(difference(m, 4, false, coupling(m, 4, generic, false), coupling(read, 4, generic, false)) == 0.0);
  ck_call(MaterialDestroy(&m));
  ck_call(MaterialDestroy(&read));
}

START_TEST(aluminium)
{
  Material  source = import("aluminium", INTERPOLATION_SOURCE, -1.0), m = import("aluminium", INTERPOLATION_SYMMETRIC, -1.0);
  PetscReal star, exchange, coarse;

  ck_assert_msg(exchange_defect(source, 1, generic) > 0.01, "the source's interpolation is already symmetric: these points test nothing");
  defects(m, 1, &star, &exchange);
  ck_assert_msg(star < 1e-3 && exchange < 1e-3, "star %.1e, exchange %.1e", star, exchange); /* rounding of the data set */
  coarse = coarse_defect(source, m, 4);
  if (getenv("UMKLAPP_TEST_VERBOSE")) printf("coarse %.1e\n", coarse);
  ck_assert_msg(coarse < 1e-10, "coarse-mesh |g|^2 moved by %.1e", coarse);
  ck_call(MaterialDestroy(&source));
  check_file(m);
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("symmetric import");
  TCase *cases = tcase_create("sets");

  LogSetLevel(0);
  tcase_set_timeout(cases, 60);
  tcase_add_test(cases, silicon);
  tcase_add_test(cases, silicon_rounded);
  tcase_add_test(cases, aluminium);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  const char *source = getenv("UMKLAPP_SOURCE"), *temporary = getenv("TMPDIR");
  char        data[512], command[2600];
  struct stat status;
  int         failed = 0;

  snprintf(data, sizeof(data), "%s/../shared/data", source ? source : ".");
  if (stat(data, &status)) return 77;
  snprintf(folder, sizeof(folder), "%s/umklapp-symmetric-XXXXXX", temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 1;
  snprintf(command, sizeof(command), "for s in silicon aluminium; do /usr/bin/python3 '%s/restore.py' '%s/'$s '%s/'$s >/dev/null || exit 1; done", data, data, folder);
  failed = system(command) ? 1 : HarnessRun(argc, argv, make_suite);
  snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  if (system(command)) failed = 1;
  return failed;
}

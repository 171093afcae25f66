/* Paths and densities of states of `umklapp bands`, against closed forms. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "main/dispersion.h"

static const PetscReal cube[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
static const PetscReal fcc[3][3]  = {{-5, 0, 5}, {0, 5, 5}, {-5, 5, 0}};

enum { BINS = 240 };

/* N(e) of e = sum_c (1 - cos k_c), one band, lattice constant 1, on an n^dimension mesh; edges from 0 to 2 dimension */
static void count(int dimension, PetscInt n, PetscReal integrated[BINS + 1])
{
  const PetscInt size[3] = {n, n, dimension == 3 ? n : 1};
  Crystal        crystal;
  KMesh          mesh;
  PetscReal     *energy;

  ck_call(CrystalCreate(dimension, cube, 0, NULL, NULL, NULL, 1e-5, &crystal));
  ck_call(MeshCreate(PETSC_COMM_WORLD, crystal, size, true, &mesh));
  ck_call(PetscMalloc1(mesh->nwedge, &energy));
  for (PetscInt i = 0; i < mesh->nwedge; i++) {
    PetscReal k[3];
    MeshPoint(mesh, mesh->wedge[i], k);
    energy[i] = 0;
    for (int c = 0; c < dimension; c++) energy[i] += 1 - cos(2 * UMK_PI * k[c]);
  }
  ck_call(DosIntegrate(mesh, 1, energy, BINS, 0, 2.0 * dimension / BINS, integrated));
  ck_call(PetscFree(energy));
  ck_call(MeshDestroy(&mesh));
  ck_call(CrystalDestroy(&crystal));
}

START_TEST(counts_states)
{
  for (int dimension = 2; dimension <= 3; dimension++) {
    PetscReal below[BINS + 1], e = 0.5, exact;
    count(dimension, 32, below);
    ck_near(below[0], 0, 1e-14, 1);
    ck_near(below[BINS], 1, 1e-12, 1);
    ck_near(below[BINS / 2], 0.5, 1e-12, 1); /* e -> 2 dimension - e by k -> k + (pi, ..) */
    for (int i = 0; i < BINS; i++) ck_assert(below[i] <= below[i + 1]);
    /* bottom of the band: e = k^2/2 - k^4/24; sphere of radius k = sqrt(2 e), corrected to first order in e */
    if (dimension == 3) exact = pow(2 * e, 1.5) / (6 * UMK_PI * UMK_PI) * (1 + 0.15 * e);
    else exact = 2 * e / (4 * UMK_PI) * (1 + 0.125 * e);
    ck_near(below[(int)(BINS * e / (2 * dimension) + 0.5)], exact, 0.03, exact);
  }
}
END_TEST

START_TEST(tetrahedra_converge)
{
  PetscReal coarse[BINS + 1], fine[BINS + 1], finest[BINS + 1], first = 0, second = 0;

  count(3, 12, coarse);
  count(3, 24, fine);
  count(3, 48, finest);
  for (int i = 0; i <= BINS; i++) {
    first  = PetscMax(first, fabs(coarse[i] - finest[i]));
    second = PetscMax(second, fabs(fine[i] - finest[i]));
  }
  ck_assert_msg(first / second > 3.5, "errors %g and %g are not of second order", first, second);
}
END_TEST

START_TEST(path_of_fcc)
{
  const char text[] = "path: {count: 101}\n";
  Crystal    crystal;
  Deck       deck, path;
  KPath      p;

  ck_call(DispersionRegisterKeys());
  ck_call(DeckCreateFromText("test", text, 0, NULL, &deck));
  ck_call(DeckGetSection(deck, "path", &path));
  ck_call(CrystalCreate(3, fcc, 0, NULL, NULL, NULL, 1e-5, &crystal));
  ck_call(KPathCreate(path, crystal, &p));
  ck_assert_int_eq(p.nticks, 6);
  ck_assert_str_eq(p.label[1], "X");
  ck_near(p.distance[p.tick[1]], 2 * UMK_PI / 10, 1e-12, 1);                                                           /* Gamma-X = 2 pi/a */
  ck_near(p.distance[p.tick[5]] - p.distance[p.tick[4]], sqrt(3) * UMK_PI / 10, 1e-12, 1);                             /* Gamma-L = sqrt(3) pi/a */
  ck_near(p.distance[p.tick[2]] - p.distance[p.tick[1]], UMK_PI / 10, 1e-12, 1);                                       /* X-W = pi/a */
  ck_near(p.distance[p.tick[4]] - p.distance[p.tick[3]], 3 * UMK_PI / sqrt(2) / 10, 1e-12, 1);                         /* K-Gamma = 3 pi/(sqrt(2) a) */
  ck_assert_int_ge(p.n, 99);
  ck_assert_int_le(p.n, 103);
  for (PetscInt i = 1; i < p.n; i++) ck_assert(p.distance[i] > p.distance[i - 1]);
  ck_call(KPathDestroy(&p));
  ck_call(CrystalDestroy(&crystal));
  ck_call(DeckDestroy(&deck));
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("dispersion");
  TCase *t = tcase_create("dispersion");
  tcase_add_test(t, counts_states);
  tcase_add_test(t, tetrahedra_converge);
  tcase_add_test(t, path_of_fcc);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(make)

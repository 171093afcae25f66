/*
  Silicon against the `symmetric` mobilities of ../shared/data/silicon/reference_transport.json: an independent program with the weights
  and processes of this one, and EPW 5.3.1's conventions for the rest. Those are rebuilt here from the library's energies, vertices and
  phonons:

  - states: bands that come within the window anywhere, at every k that has one of them in the window;
  - every row from its own state: 1/tau_a = sum 2 pi/N |g(k_a, q)|^2 (w_j w_l/w_a) [delta(e_j - e_a - w) + delta(e_a - e_j - w)],
    k_a in the wedge. umklapp evaluates a process once, from the absorbing side. The two agree only as far as |g| has the crystal's
    symmetry and |g_mn(k, q)| = |g_nm(k + q, -q)|, which EPW's Wigner-Seitz weights break;
  - velocities: within a degenerate set, for each Cartesian component, the eigenvalues of the velocity matrix in ascending order, then
    averaged over the little group of k.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <lapacke.h>
#include <stdlib.h>
#include "../support/engine.h"

#define DEGENERATE (1e-6 * UMK_RYDBERG)
#define OMEGA_MIN  (5.0 / 219474.6313632) /* 5 cm^-1 in hartree */
#define MESH       20
#define WIDTH      (0.03 * UMK_EV)
#define WINDOW     (0.3 * UMK_EV)
#define MAX_BANDS  8
#define CARRIER_DENSITY (1e15 / UMK_CM3)
#define FERMI_ELECTRONS (6.612 * UMK_EV)
#define CM2_VS     (UMK_BOHR_M * UMK_BOHR_M / UMK_TIME_S / UMK_HARTREE_EV * 1e4) /* e bohr^2/hbar */

static char source[512], symmetric[512]; /* material files: EPW's own lattice vectors, or vertices with the crystal's symmetry */

typedef struct {
  Material   m;
  KMesh      mesh;
  PetscInt   npoints, nwedge, band, nb; /* points of the window; bands band .. band + nb - 1 */
  PetscInt  *point, *wedge;             /* [npoints] linear index; [nwedge] number in mesh->wedge */
  int32_t   *wedge_at;                  /* [mesh->nwedge] position in wedge, or -1 */
  PetscReal *energy;                    /* [npoints][MAX_BANDS] */
  PetscReal *k;                         /* [npoints][3] */
  Complex   *U;                         /* [npoints][MAX_BANDS][MAX_BANDS] */
  PetscReal *velocity;                  /* [nwedge][nb][3] */
  PetscReal *rate;                      /* [nwedge * nb] */
  PetscReal *A;                         /* in-scattering, [3 nwedge nb][3 nwedge nb] */
} Wedge;

static PetscInt position(const Wedge *w, PetscInt linear)
{
  for (PetscInt p = 0; p < w->npoints; p++)
    if (w->point[p] == linear) return p;
  return -1;
}

static void find_points(Wedge *w, PetscReal fermi)
{
  const PetscInt size = (PetscInt)w->mesh->size;
  PetscReal     *k = malloc(sizeof(PetscReal) * 3 * (size_t)size), *e = malloc(sizeof(PetscReal) * MAX_BANDS * (size_t)size);
  PetscInt       low = MAX_BANDS, high = -1;

  for (PetscInt i = 0; i < size; i++) MeshPoint(w->mesh, i, k + 3 * i);
  ck_call(MaterialElectrons(w->m, size, k, e, NULL, NULL));
  w->point = malloc(sizeof(PetscInt) * (size_t)size);
  w->wedge = malloc(sizeof(PetscInt) * (size_t)size);
  w->wedge_at = malloc(sizeof(int32_t) * (size_t)w->mesh->nwedge);
  w->npoints = w->nwedge = 0;
  for (PetscInt i = 0; i < w->mesh->nwedge; i++) w->wedge_at[i] = -1;
  for (PetscInt i = 0; i < size; i++) {
    bool in = false;
    for (PetscInt b = 0; b < MAX_BANDS; b++) {
      if (fabs(e[i * MAX_BANDS + b] - fermi) >= WINDOW) continue;
      in   = true;
      low  = PetscMin(low, b);
      high = PetscMax(high, b);
    }
    if (!in) continue;
    w->point[w->npoints++] = i;
    if (w->mesh->op_of[i] != 0) continue;
    w->wedge_at[w->mesh->wedge_of[i]] = (int32_t)w->nwedge;
    w->wedge[w->nwedge++]             = w->mesh->wedge_of[i];
  }
  w->band = low;
  w->nb   = high - low + 1;
  w->k      = malloc(sizeof(PetscReal) * 3 * (size_t)w->npoints);
  w->energy = malloc(sizeof(PetscReal) * MAX_BANDS * (size_t)w->npoints);
  w->U      = malloc(sizeof(Complex) * MAX_BANDS * MAX_BANDS * (size_t)w->npoints);
  for (PetscInt p = 0; p < w->npoints; p++) MeshPoint(w->mesh, w->point[p], w->k + 3 * p);
  ck_call(MaterialElectrons(w->m, w->npoints, w->k, w->energy, NULL, w->U));
  free(k), free(e);
}

/* v <- (1/|L|) sum_h h v over the little group of a wedge point */
static void little_average(KMesh mesh, PetscInt linear, PetscReal v[3])
{
  PetscReal sum[3] = {0, 0, 0};
  PetscInt  i[3], count = 0;

  MeshIndices(mesh, linear, i);
  for (PetscInt io = 0; io < mesh->nops; io++) {
    PetscReal y[3];
    if (MeshImage(mesh, (int)io, i) != linear) continue;
    MatVec3(MeshOpCart(mesh, (int)io), v, y);
    for (int c = 0; c < 3; c++) sum[c] += y[c];
    count++;
  }
  for (int c = 0; c < 3; c++) v[c] = sum[c] / (PetscReal)count;
}

static void find_velocities(Wedge *w)
{
  w->velocity = calloc((size_t)(w->nwedge * w->nb * 3), sizeof(PetscReal));
  for (PetscInt i = 0; i < w->nwedge; i++) {
    const PetscInt   linear = (PetscInt)w->mesh->wedge[w->wedge[i]];
    const PetscReal *e      = w->energy + position(w, linear) * MAX_BANDS;
    PetscReal        k[3];
    Complex          v[MAX_BANDS * MAX_BANDS * 3];

    MeshPoint(w->mesh, linear, k);
    ck_call(MaterialVelocityMatrix(w->m, k, v));
    for (PetscInt first = 0, last; first < MAX_BANDS; first = last) {
      for (last = first + 1; last < MAX_BANDS && e[last] - e[last - 1] < DEGENERATE; last++);
      const lapack_int d = (lapack_int)(last - first);
      for (int c = 0; c < 3; c++) {
        Complex   h[MAX_BANDS * MAX_BANDS];
        PetscReal x[MAX_BANDS];
        for (lapack_int n = 0; n < d * d; n++) h[n] = v[3 * ((first + n / d) * MAX_BANDS + first + n % d) + c];
        ck_assert_int_eq(LAPACKE_zheev(LAPACK_ROW_MAJOR, 'N', 'U', d, (lapack_complex_double *)h, d, x), 0);
        for (lapack_int n = 0; n < d; n++)
          if (first + n >= w->band && first + n < w->band + w->nb) w->velocity[3 * (i * w->nb + first + n - w->band) + c] = x[n];
      }
    }
    for (PetscInt b = 0; b < w->nb; b++) little_average(w->mesh, linear, w->velocity + 3 * (i * w->nb + b));
  }
}

/* Mean over runs of degenerate energies: v [outer][n][inner] */
static void average(PetscInt outer, PetscInt n, PetscInt inner, const PetscReal *energy, PetscReal *v)
{
  for (PetscInt first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && energy[last] - energy[last - 1] < DEGENERATE; last++);
    for (PetscInt o = 0; last - first > 1 && o < outer; o++)
      for (PetscInt i = 0; i < inner; i++) {
        PetscReal sum = 0.0;
        for (PetscInt j = first; j < last; j++) sum += v[(o * n + j) * inner + i];
        for (PetscInt j = first; j < last; j++) v[(o * n + j) * inner + i] = sum / (PetscReal)(last - first);
      }
  }
}

static PetscReal delta(PetscReal x) { return exp(-(x / WIDTH) * (x / WIDTH)) / (sqrt(UMK_PI) * WIDTH); }

static PetscReal fermi_weight(PetscReal e, const StatesPoint *p) { return StatesWeight(SPECIES_ELECTRON, e, p); }

/* Row `row` (a wedge state) and partner (p, band j): rate and in-scattering through all modes. */
static void add_partner(Wedge *w, const StatesPoint *t, PetscInt row, PetscReal ea, PetscInt p, PetscInt j, PetscInt nm, const PetscReal *omega, const PetscReal *g2)
{
  const PetscInt  n  = 3 * w->nwedge * w->nb, wedge = w->mesh->wedge_of[w->point[p]], column = w->wedge_at[wedge] * w->nb + j;
  const PetscReal ej = w->energy[p * MAX_BANDS + w->band + j], wa = fermi_weight(ea, t), wj = fermi_weight(ej, t);
  const PetscReal(*S)[3] = MeshOpCart(w->mesh, w->mesh->op_of[w->point[p]]);
  PetscReal sum = 0.0;

  for (PetscInt nu = 0; nu < nm; nu++) {
    if (omega[nu] <= OMEGA_MIN) continue;
    sum += g2[nu] * 0.5 / sinh(0.5 * omega[nu] / t->kT) * (delta(ej - ea - omega[nu]) + delta(ea - ej - omega[nu]));
  }
  sum *= 2.0 * UMK_PI / (PetscReal)w->mesh->size;
  w->rate[row] += sum * wj / wa;
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) w->A[(3 * row + r) * n + 3 * column + c] -= sum * S[r][c];
}

static void build(Wedge *w, PetscInt ntemperatures, const StatesPoint *t, Wedge *out)
{
  const PetscInt np = w->npoints, n = w->nwedge * w->nb;
  PetscInt       nm, first[1] = {w->band}, count[1] = {w->nb};
  Coupling       coupling;

  ck_call(MaterialGetSizes(w->m, NULL, &nm, NULL, NULL));
  ck_call(CouplingCreate(w->m, &coupling));
  PetscReal *q = malloc(sizeof(PetscReal) * 3 * (size_t)np), *omega = malloc(sizeof(PetscReal) * (size_t)(np * nm)), *g2 = malloc(sizeof(PetscReal) * (size_t)(np * nm * w->nb * w->nb));
  Complex   *u = malloc(sizeof(Complex) * (size_t)(np * nm * nm)), *Uf = malloc(sizeof(Complex) * (size_t)(np * MAX_BANDS * w->nb));
  for (PetscInt p = 0; p < np * MAX_BANDS; p++)
    for (PetscInt b = 0; b < w->nb; b++) Uf[p * w->nb + b] = w->U[p * MAX_BANDS + w->band + b];
  for (PetscInt i = 0; i < ntemperatures; i++) {
    out[i]      = *w;
    out[i].rate = calloc((size_t)n, sizeof(PetscReal));
    out[i].A    = calloc((size_t)(9 * n * n), sizeof(PetscReal));
  }
  for (PetscInt i = 0; i < w->nwedge; i++) {
    const PetscInt at = position(w, (PetscInt)w->mesh->wedge[w->wedge[i]]);

    for (PetscInt p = 0; p < 3 * np; p++) q[p] = w->k[p] - w->k[3 * at + p % 3];
    ck_call(MaterialPhonons(w->m, np, q, omega, NULL, u));
    ck_call(CouplingSetInitial(coupling, 1, w->k + 3 * at, w->U + at * MAX_BANDS * MAX_BANDS, first, count));
    ck_call(CouplingEvaluate(coupling, 0, np, q, w->nb, Uf, u, omega, OMEGA_MIN, g2));
    for (PetscInt p = 0; p < np; p++) {
      PetscReal *g = g2 + p * w->nb * w->nb * nm;
      average(1, w->nb, w->nb * nm, w->energy + p * MAX_BANDS + w->band, g);
      average(w->nb, w->nb, nm, w->energy + at * MAX_BANDS + w->band, g);
      for (PetscInt j = 0; j < w->nb; j++)
        for (PetscInt b = 0; b < w->nb; b++)
          for (PetscInt s = 0; s < ntemperatures; s++)
            add_partner(&out[s], &t[s], i * w->nb + b, w->energy[at * MAX_BANDS + w->band + b], p, j, nm, omega + p * nm, g + (j * w->nb + b) * nm);
    }
  }
  ck_call(CouplingDestroy(&coupling));
  free(q), free(omega), free(g2), free(u), free(Uf);
}

/* What is scattered into a state is averaged over its little group, as its velocity is. */
static void project(Wedge *w)
{
  const PetscInt n = 3 * w->nwedge * w->nb;

  for (PetscInt a = 0; a < n; a += 3)
    for (PetscInt column = 0; column < n; column++) {
      PetscReal v[3] = {w->A[a * n + column], w->A[(a + 1) * n + column], w->A[(a + 2) * n + column]};
      little_average(w->mesh, (PetscInt)w->mesh->wedge[w->wedge[a / (3 * w->nb)]], v);
      for (int c = 0; c < 3; c++) w->A[(a + c) * n + column] = v[c];
    }
}

/* (g_s / 3 N V) sum_a N_a w_a v_a . y_a / (n kT), in cm^2/V/s */
static PetscReal mobility(const Wedge *w, const StatesPoint *t, PetscReal carriers, const PetscReal *y)
{
  PetscReal sum = 0.0;

  for (PetscInt a = 0; a < w->nwedge * w->nb; a++) {
    const PetscInt  i = a / w->nb, at = position(w, (PetscInt)w->mesh->wedge[w->wedge[i]]);
    const PetscReal e = w->energy[at * MAX_BANDS + w->band + a % w->nb];
    sum += (PetscReal)w->mesh->star[w->wedge[i]] * fermi_weight(e, t) * Dot3(w->velocity + 3 * a, y + 3 * a);
  }
  return 2.0 / 3.0 * sum / ((PetscReal)w->mesh->size * w->mesh->crystal->volume * t->kT * carriers) * CM2_VS;
}

static void solve(Wedge *w, const StatesPoint *t, PetscReal carriers, PetscReal *rta, PetscReal *full)
{
  const PetscInt n = w->nwedge * w->nb;
  PetscReal     *y = malloc(sizeof(PetscReal) * 3 * (size_t)n);
  lapack_int    *pivot = malloc(sizeof(lapack_int) * 3 * (size_t)n);

  for (int level = 0; level < 2; level++) {
    for (PetscInt a = 0; a < n; a++) {
      const PetscInt  at = position(w, (PetscInt)w->mesh->wedge[w->wedge[a / w->nb]]);
      const PetscReal e  = w->energy[at * MAX_BANDS + w->band + a % w->nb];
      for (int c = 0; c < 3; c++) {
        y[3 * a + c] = fermi_weight(e, t) * w->velocity[3 * a + c] / (level == 0 ? w->rate[a] : 1.0);
        if (level == 1) w->A[(3 * a + c) * (3 * n + 1)] += w->rate[a];
      }
    }
    if (level == 1) ck_assert_int_eq(LAPACKE_dgesv(LAPACK_ROW_MAJOR, (lapack_int)(3 * n), 1, w->A, (lapack_int)(3 * n), pivot, y, 1), 0);
    *(level == 0 ? rta : full) = mobility(w, t, carriers, y);
  }
  free(y), free(pivot);
}

typedef struct {
  PetscReal kelvin, mu, mobility[LEVEL_COUNT]; /* K, eV, cm^2/V/s */
} Row;
/* reference_transport.json */
static const Row electrons[] = {{100, 6.528821, {75207.505, 95403.258}}, {300, 6.340992, {1625.7184, 1336.1789}}};
static const Row holes[]     = {{300, 6.51299, {198.18912, 194.12941}}};

/* Fills mu and mobility of rows whose temperature is given. fermi: middle of the window. */
static void rebuild(const char *file, PetscReal fermi, bool hole, PetscInt n, Row *row)
{
  const PetscInt mesh[3] = {MESH, MESH, MESH};
  Wedge          w = {0}, at[4];
  StatesPoint    t[4];
  Crystal        crystal;
  Carriers       carriers;

  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, file, &w.m));
  ck_call(MaterialGetCrystal(w.m, &crystal));
  ck_call(MeshCreate(PETSC_COMM_SELF, crystal, mesh, true, &w.mesh));
  ck_call(CarriersCreate(PETSC_COMM_SELF, w.m, w.mesh, &carriers));
  find_points(&w, fermi);
  find_velocities(&w);
  for (PetscInt i = 0; i < n; i++) {
    t[i] = (StatesPoint){.kT = row[i].kelvin * UMK_KELVIN};
    ck_call(CarriersSolve(carriers, hole ? CARRIERS_HOLES : CARRIERS_ELECTRONS, CARRIER_DENSITY, &t[i]));
    row[i].mu = t[i].mu * UMK_HARTREE_EV;
  }
  build(&w, n, t, at);
  for (PetscInt i = 0; i < n; i++) {
    project(&at[i]);
    solve(&at[i], &t[i], CARRIER_DENSITY, &row[i].mobility[LEVEL_RTA], &row[i].mobility[LEVEL_FULL]);
    free(at[i].rate), free(at[i].A);
  }
  ck_call(CarriersDestroy(&carriers));
  ck_call(MeshDestroy(&w.mesh));
  ck_call(MaterialDestroy(&w.m));
  free(w.point), free(w.wedge), free(w.wedge_at), free(w.energy), free(w.k), free(w.U), free(w.velocity);
}

static void compare(const char *name, PetscInt n, const Row *row, const Row *expected, PetscReal tolerance)
{
  for (PetscInt i = 0; i < n; i++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const PetscReal error = row[i].mobility[l] / expected[i].mobility[l] - 1.0;
      if (getenv("UMKLAPP_TEST_VERBOSE")) printf("%s %g K %s: %.8g, expected %.8g, %.1e\n", name, row[i].kelvin, TransportLevelName[l], row[i].mobility[l], expected[i].mobility[l], error);
      ck_assert_msg(fabs(error) <= tolerance, "%s %g K %s: %.8g, expected %.8g", name, row[i].kelvin, TransportLevelName[l], row[i].mobility[l], expected[i].mobility[l]);
    }
}

#define REFERENCE_TOLERANCE 1e-4

START_TEST(reference_electrons)
{
  Row row[2] = {{.kelvin = 100}, {.kelvin = 300}};

  rebuild(source, FERMI_ELECTRONS, false, 2, row);
  for (int i = 0; i < 2; i++) ck_near(row[i].mu, electrons[i].mu, 2e-6, 1.0);
  compare("electrons", 2, row, electrons, REFERENCE_TOLERANCE);
}
END_TEST

START_TEST(reference_holes)
{
  Material        m;
  const PetscReal gamma[3] = {0, 0, 0};
  PetscReal       e[MAX_BANDS];
  Row             row[1] = {{.kelvin = 300}};

  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, source, &m));
  ck_call(MaterialElectrons(m, 1, gamma, e, NULL, NULL));
  ck_call(MaterialDestroy(&m));
  rebuild(source, e[3], true, 1, row);
  ck_near(row[0].mu, holes[0].mu, 2e-6, 1.0);
  compare("holes", 1, row, holes, REFERENCE_TOLERANCE);
}
END_TEST

/* Electrons with the program itself */
static void run(const char *file, PetscInt n, Row *row)
{
  char             text[1024];
  Engine           e;
  TransportTensors x;

  snprintf(text, sizeof text,
    "material: %s\ntemperature: [100, 300] K\ncarriers: {electrons: 1e15 cm^-3}\nelectrons: {mesh: 20, window: [6.312, 6.912] eV}\n"
    "delta: {scheme: gaussian, width: 30 meV, cutoff: 12}\nsolver: {tolerance: 1e-11}\nscattering: {electron_phonon: {}}\n", file);
  ck_call(EngineCreate(PETSC_COMM_SELF, text, NULL, &e));
  for (PetscInt i = 0; i < n; i++) {
    row[i].kelvin = electrons[i].kelvin;
    for (int l = 0; l < LEVEL_COUNT; l++) {
      ck_call(EngineSolve(&e, i, (TransportLevel)l, &x));
      row[i].mobility[l] = (x.conductivity[0][0] + x.conductivity[1][1] + x.conductivity[2][2]) / 3.0 / e.scan.point[i].electrons * CM2_VS;
    }
  }
  ck_call(EngineDestroy(&e));
}

/* With EPW's data the program differs from the reference by what the symmetry of their vertices lacks. */
START_TEST(program_source)
{
  Row row[2];

  run(source, 2, row);
  compare("program, source data", 2, row, electrons, 0.01);
}
END_TEST

/* With data that have it, rows from their own states and processes from the absorbing side are the same. At 300 K the two degenerate bands
   at X, whose velocities point apart, carry a little of the current: the program keeps their spread, the little group's average does not. */
START_TEST(program_symmetric)
{
  Row row[2], expected[2] = {{.kelvin = 100}, {.kelvin = 300}};

  rebuild(symmetric, FERMI_ELECTRONS, false, 2, expected);
  run(symmetric, 2, row);
  compare("program, symmetric data", 1, row, expected, 1e-9);
  compare("program, symmetric data", 1, row + 1, expected + 1, 1e-4);
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
  tcase_add_test(cases, reference_electrons);
  tcase_add_test(cases, reference_holes);
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

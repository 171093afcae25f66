/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <lapacke.h>
#include <stdlib.h>
#include "wedge_mobility.h"

#define DEGENERATE (1e-6 * UMK_RYDBERG)
#define OMEGA_MIN  (5.0 / 219474.6313632) /* 5 cm^-1 in hartree */
#define MAX_BANDS  8

typedef struct {
  const WedgeSetting *set;
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
  PetscReal *A;                         /* minus in-scattering, [3 nwedge nb][3 nwedge nb] */
} Wedge;

static PetscInt position(const Wedge *w, PetscInt linear)
{
  for (PetscInt p = 0; p < w->npoints; p++)
    if (w->point[p] == linear) return p;
  return -1;
}

static void find_points(Wedge *w)
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
      if (fabs(e[i * MAX_BANDS + b] - w->set->fermi) >= w->set->window) continue;
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

static PetscReal delta(PetscReal x, PetscReal width) { return exp(-(x / width) * (x / width)) / (sqrt(UMK_PI) * width); }

/* What one mode contributes to 1/tau_a (out) and to the scattering of F_j into F_a (in), |g|^2 and 2 pi/N apart. */
static void weights(const WedgeSetting *set, PetscReal kT, PetscReal xa, PetscReal xj, PetscReal omega, PetscReal *out, PetscReal *in)
{
  const PetscReal absorb = delta((xj - xa) * kT - omega, set->width), emit = delta((xa - xj) * kT - omega, set->width);

  if (set->occupations == OCCUPATIONS_SYMMETRIC) {
    const PetscReal w = 0.5 / sinh(0.5 * omega / kT) * (absorb + emit), ratio = cosh(0.5 * xa) / cosh(0.5 * xj); /* w_j/w_a */
    *out = w * ratio;
    *in  = w / ratio;
  } else {
    const PetscReal n = 1.0 / expm1(omega / kT), fa = 1.0 / (exp(xa) + 1.0), fj = 1.0 / (exp(xj) + 1.0);
    *out = (fj + n) * absorb + (1.0 - fj + n) * emit;
    *in  = (fa + n) * emit + (1.0 - fa + n) * absorb;
  }
}

/* Row `row` (a wedge state) and partner (p, band j): rate and in-scattering through all modes. */
static void add_partner(Wedge *w, const StatesPoint *t, PetscInt row, PetscReal ea, PetscInt p, PetscInt j, PetscInt nm, const PetscReal *omega, const PetscReal *g2)
{
  const PetscInt  n  = 3 * w->nwedge * w->nb, wedge = w->mesh->wedge_of[w->point[p]], column = w->wedge_at[wedge] * w->nb + j;
  const PetscReal ej = w->energy[p * MAX_BANDS + w->band + j], scale = 2.0 * UMK_PI / (PetscReal)w->mesh->size;
  const PetscReal(*S)[3] = MeshOpCart(w->mesh, w->mesh->op_of[w->point[p]]);
  PetscReal out, in, sum = 0.0;

  for (PetscInt nu = 0; nu < nm; nu++) {
    if (omega[nu] <= OMEGA_MIN) continue;
    weights(w->set, t->kT, (ea - t->mu) / t->kT, (ej - t->mu) / t->kT, omega[nu], &out, &in);
    w->rate[row] += scale * g2[nu] * out;
    sum += scale * g2[nu] * in;
  }
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

static PetscReal energy(const Wedge *w, PetscInt a) { return w->energy[position(w, (PetscInt)w->mesh->wedge[w->wedge[a / w->nb]]) * MAX_BANDS + w->band + a % w->nb]; }

/* (g_s / 3 N V n) sum_a N_a v_a . F_a, in cm^2/V/s */
static PetscReal mobility(const Wedge *w, const PetscReal *F)
{
  PetscReal sum = 0.0;

  for (PetscInt a = 0; a < w->nwedge * w->nb; a++) sum += (PetscReal)w->mesh->star[w->wedge[a / w->nb]] * Dot3(w->velocity + 3 * a, F + 3 * a);
  return 2.0 / 3.0 * sum / ((PetscReal)w->mesh->size * w->mesh->crystal->volume * w->set->density) * MOBILITY_CM2_VS;
}

/* F_a / tau_a - sum_j in_aj S F_j = (-df/de) v_a */
static void solve(Wedge *w, const StatesPoint *t, PetscReal result[LEVEL_COUNT])
{
  const PetscInt n     = w->nwedge * w->nb;
  PetscReal     *F     = malloc(sizeof(PetscReal) * 3 * (size_t)n);
  lapack_int    *pivot = malloc(sizeof(lapack_int) * 3 * (size_t)n);

  for (int level = 0; level <= LEVEL_FULL; level++) {
    for (PetscInt a = 0; a < n; a++) {
      const PetscReal weight = StatesWeight(SPECIES_ELECTRON, energy(w, a), t);
      for (int c = 0; c < 3; c++) {
        F[3 * a + c] = weight * weight / t->kT * w->velocity[3 * a + c] / (level == LEVEL_RTA ? w->rate[a] : 1.0);
        if (level == LEVEL_FULL) w->A[(3 * a + c) * (3 * n + 1)] += w->rate[a];
      }
    }
    if (level == LEVEL_FULL) ck_assert_int_eq(LAPACKE_dgesv(LAPACK_ROW_MAJOR, (lapack_int)(3 * n), 1, w->A, (lapack_int)(3 * n), pivot, F, 1), 0);
    result[level] = mobility(w, F);
  }
  free(F), free(pivot);
}

void WedgeMobility(const WedgeSetting *set, PetscInt n, WedgeResult *result)
{
  const PetscInt mesh[3] = {set->mesh, set->mesh, set->mesh};
  Wedge          w = {.set = set}, at[4];
  StatesPoint    t[4];
  Crystal        crystal;
  Carriers       carriers;

  ck_assert_int_le(n, 4);
  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, set->material, &w.m));
  ck_call(MaterialGetCrystal(w.m, &crystal));
  ck_call(MeshCreate(PETSC_COMM_SELF, crystal, mesh, true, &w.mesh));
  ck_call(CarriersCreate(PETSC_COMM_SELF, w.m, w.mesh, &carriers));
  find_points(&w);
  find_velocities(&w);
  for (PetscInt i = 0; i < n; i++) {
    t[i] = (StatesPoint){.kT = result[i].kelvin * UMK_KELVIN};
    ck_call(CarriersSolve(carriers, set->holes ? CARRIERS_HOLES : CARRIERS_ELECTRONS, set->density, &t[i]));
    result[i].mu = t[i].mu * UMK_HARTREE_EV;
  }
  build(&w, n, t, at);
  for (PetscInt i = 0; i < n; i++) {
    project(&at[i]);
    solve(&at[i], &t[i], result[i].mobility);
    free(at[i].rate), free(at[i].A);
  }
  ck_call(CarriersDestroy(&carriers));
  ck_call(MeshDestroy(&w.mesh));
  ck_call(MaterialDestroy(&w.m));
  free(w.point), free(w.wedge), free(w.wedge_at), free(w.energy), free(w.k), free(w.U), free(w.velocity);
}

void WedgeCompare(const char *name, PetscInt n, const WedgeResult *result, const WedgeResult *expected, PetscReal tolerance)
{
  for (PetscInt i = 0; i < n; i++)
    for (int l = 0; l <= LEVEL_FULL; l++) {
      const PetscReal error = result[i].mobility[l] / expected[i].mobility[l] - 1.0;
      if (getenv("UMKLAPP_TEST_VERBOSE")) printf("%s %g K %s: %.8g, expected %.8g, %.1e\n", name, expected[i].kelvin, TransportLevelName[l], result[i].mobility[l], expected[i].mobility[l], error);
      ck_assert_msg(fabs(error) <= tolerance, "%s %g K %s: %.8g, expected %.8g", name, expected[i].kelvin, TransportLevelName[l], result[i].mobility[l], expected[i].mobility[l]);
    }
}

PetscReal WedgeValenceTop(const char *material)
{
  Material        m;
  const PetscReal gamma[3] = {0, 0, 0};
  PetscReal       e[MAX_BANDS];

  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, material, &m));
  ck_call(MaterialElectrons(m, 1, gamma, e, NULL, NULL));
  ck_call(MaterialDestroy(&m));
  return e[3];
}

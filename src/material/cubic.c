/*
  The three-phonon vertex, Phi_3(q0 n0; q n; q' n') with q + q' = q0 up to a reciprocal vector, in real arithmetic over pairs (R, -R) of lattice
  vectors (wannier_impl.h, Pairing):

    contraction, once per q0:  T(R'')_{a,c,n0} = sum_{R',b} Phi_abc(0, R', R'') e^{-i q0.R'} conj(u_b,n0(q0))
                               rows of B: T(R'') + T(-R'') (cosines), i (T(R'') - T(-R'')) (sines)
    per pair (q, q'):          W = B^T . (cos, sin)(q'.R'')                      real GEMM: half the flops of complex phases
                               Phi_3 = sum_{a,c} u_a,n(q) W_{n0,a,c} u_c,n'(q')
  Pairs are the fastest index of W, so that the small rotations run on vectors of VECTOR_WIDTH pairs. Models give |Phi_3|^2 themselves.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"
#include <cblas.h>
#include <stdlib.h>

#define MOST       256              /* most pairs per block */
#define TILE_BYTES ((size_t)768 << 10)

typedef struct {
  int      R[2][3]; /* R'', R' */
  PetscInt triplet;
} Entry;

struct _p_Cubic {
  Material    m;
  PetscInt    nm, ntriplets, nsecond, nthird; /* distinct R', R'' */
  PetscInt   *triplet, *second, *third;       /* [ntriplets], by R'': position in the material's list, of R' and R'' in theirs */
  int       (*R_second)[3], (*R_third)[3];
  Pairing     pairing;                        /* of R'' */
  PetscReal  *T, *B, *z, *phases, *W;         /* T [nthird][nm a][nm c][nm n0] complex; z [nsecond][nm b][nm n0] complex */
  RealVector *rotation;
  PetscInt    block;                          /* pairs per block */
  PetscReal   q0[3], *omega0;
  PetscReal   flops, seconds;
};

/* --- lists ------------------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  for (int i = 0; i < 6; i++)
    if (x->R[i / 3][i % 3] != y->R[i / 3][i % 3]) return x->R[i / 3][i % 3] < y->R[i / 3][i % 3] ? -1 : 1;
  return x->triplet < y->triplet ? -1 : x->triplet > y->triplet;
}

static int compare_vectors(const void *a, const void *b)
{
  const int *x = a, *y = b;

  for (int i = 0; i < 3; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

/* Sort [n] vectors and leave each once; returns how many */
static PetscInt distinct(PetscInt n, int (*R)[3])
{
  PetscInt kept = 0;

  qsort(R, (size_t)n, sizeof(*R), compare_vectors);
  for (PetscInt i = 0; i < n; i++)
    if (kept == 0 || memcmp(R[kept - 1], R[i], sizeof(*R))) memmove(R[kept++], R[i], sizeof(*R));
  return kept;
}

static PetscInt find(PetscInt n, int (*R)[3], const int key[3])
{
  int(*at)[3] = bsearch(key, R, (size_t)n, sizeof(*R), compare_vectors);

  return (PetscInt)(at - R);
}

static PetscErrorCode sort_triplets(Cubic c)
{
  const Wannier *w      = c->m->data;
  const int(*R)[2][3]   = (const int(*)[2][3])w->T_R.at;
  const PetscInt n      = w->head.nT;
  Entry         *entry;

  PetscFunctionBeginUser;
  c->ntriplets = n;
  PetscCall(PetscMalloc1(n, &entry));
  PetscCall(PetscMalloc5(n, &c->triplet, n, &c->second, n, &c->third, n, &c->R_second, n, &c->R_third));
  for (PetscInt t = 0; t < n; t++) {
    entry[t].triplet = t;
    memcpy(entry[t].R[0], R[t][1], sizeof(R[t][1]));
    memcpy(entry[t].R[1], R[t][0], sizeof(R[t][0]));
    memcpy(c->R_second[t], R[t][0], sizeof(R[t][0]));
    memcpy(c->R_third[t], R[t][1], sizeof(R[t][1]));
  }
  qsort(entry, (size_t)n, sizeof(*entry), compare_entries);
  c->nsecond = distinct(n, c->R_second);
  c->nthird  = distinct(n, c->R_third);
  for (PetscInt t = 0; t < n; t++) {
    c->triplet[t] = entry[t].triplet;
    c->third[t]   = find(c->nthird, c->R_third, entry[t].R[0]);
    c->second[t]  = find(c->nsecond, c->R_second, entry[t].R[1]);
  }
  PetscCall(PetscFree(entry));
  PetscFunctionReturn(0);
}

PetscErrorCode CubicCreate(Material m, Cubic *cubic)
{
  const PetscInt nm = m->nmodes, n3 = nm * nm * nm;
  Cubic          c;

  PetscFunctionBeginUser;
  PetscCheckInput(m->has_cubic, NULL, 0, "material %s has no third-order force constants", m->name);
  PetscCall(PetscNew(&c));
  *cubic = c;
  c->m   = m;
  c->nm  = nm;
  PetscCall(PetscMalloc1(nm, &c->omega0));
  if (m->ops->cubic) PetscFunctionReturn(0);
  PetscCall(sort_triplets(c));
  PetscCall(PairingCreate(c->nthird, c->R_third, &c->pairing));
  /* W in the second-level cache; the odd multiple of the vector keeps its rows out of each other's cache sets */
  c->block         = PetscMin(MOST, PetscMax(4 * VECTOR_WIDTH, (PetscInt)(TILE_BYTES / (sizeof(PetscReal) * 2 * (size_t)n3)) / VECTOR_WIDTH * VECTOR_WIDTH));
  const size_t row = (size_t)(2 * n3), ld = (size_t)c->block + VECTOR_WIDTH, rows = (size_t)(c->pairing.ncos + c->pairing.nsin);
  PetscCall(AlignedAlloc((size_t)c->nthird * row, &c->T));
  PetscCall(AlignedAlloc(rows * row, &c->B));
  PetscCall(AlignedAlloc((size_t)(c->nsecond * nm * nm * 2), &c->z));
  PetscCall(AlignedAlloc(rows * ld, &c->phases));
  PetscCall(AlignedAlloc(row * ld, &c->W));
  PetscCall(AlignedAlloc((size_t)(4 * nm * nm + 2 * nm + n3) * VECTOR_WIDTH, (PetscReal **)&c->rotation));
  PetscFunctionReturn(0);
}

PetscErrorCode CubicDestroy(Cubic *cubic)
{
  Cubic c = *cubic;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(0);
  if (!c->m->ops->cubic) {
    PetscCall(PetscFree5(c->triplet, c->second, c->third, c->R_second, c->R_third));
    PetscCall(PairingDestroy(&c->pairing));
    PetscCall(AlignedFree(&c->T));
    PetscCall(AlignedFree(&c->B));
    PetscCall(AlignedFree(&c->z));
    PetscCall(AlignedFree(&c->phases));
    PetscCall(AlignedFree(&c->W));
    PetscCall(AlignedFree((PetscReal **)&c->rotation));
  }
  PetscCall(PetscFree(c->omega0));
  PetscCall(PetscFree(*cubic));
  PetscFunctionReturn(0);
}

PetscErrorCode CubicGetCost(Cubic c, PetscReal *flops, PetscReal *seconds)
{
  PetscFunctionBeginUser;
  if (flops) *flops = c->flops;
  if (seconds) *seconds = c->seconds;
  PetscFunctionReturn(0);
}

/* --- the decaying phonon ---------------------------------------------------------------------------------- */

/* z [R'][b][n0] = e^{-i q0.R'} conj(u_b,n0) */
static void second_leg(Cubic c, const PetscReal q0[3], const Complex *u)
{
  const PetscInt n = c->nm * c->nm;
  Complex       *z = (Complex *)c->z;

  for (PetscInt r = 0; r < c->nsecond; r++) {
    const int      *R     = c->R_second[r];
    const PetscReal angle = -2.0 * UMK_PI * (q0[0] * R[0] + q0[1] * R[1] + q0[2] * R[2]);
    const Complex   phase = CMPLX(cos(angle), sin(angle));

    for (PetscInt i = 0; i < n; i++) z[r * n + i] = phase * conj(u[i]);
  }
}

/* T [R''][a][c][n0] += sum_b Phi_abc z_b,n0 */
static void add_triplets(Cubic c)
{
  const Wannier   *w     = c->m->data;
  const int(*atom)[3]    = (const int(*)[3])w->T_atom.at;
  const PetscReal *phi3  = w->phi3.at;
  const PetscInt   nm = c->nm, wide = 2 * nm;

  memset(c->T, 0, sizeof(PetscReal) * (size_t)(c->nthird * nm * nm * wide));
  for (PetscInt t = 0; t < c->ntriplets; t++) {
    const PetscInt   at  = c->triplet[t];
    const PetscReal *phi = phi3 + 27 * at, *z = c->z + (c->second[t] * nm + 3 * atom[at][1]) * wide;

    for (int a = 0; a < 3; a++)
      for (int k = 0; k < 3; k++) {
        PetscReal *restrict T = c->T + (((c->third[t] * nm) + 3 * atom[at][0] + a) * nm + 3 * atom[at][2] + k) * wide;

        for (PetscInt i = 0; i < wide; i++) T[i] += phi[9 * a + k] * z[i] + phi[9 * a + 3 + k] * z[wide + i] + phi[9 * a + 6 + k] * z[2 * wide + i];
      }
  }
}

/* Rows of B [ncos + nsin][re, im][n0][a][c] */
static void pair_rows(Cubic c)
{
  const Pairing *p  = &c->pairing;
  const PetscInt nm = c->nm, n2 = nm * nm, N = n2 * nm;
  const Complex *T  = (const Complex *)c->T;

  for (PetscInt r = 0; r < p->ncos; r++) {
    const PetscInt s = r - (p->ncos - p->nsin);
    PetscReal     *even = c->B + 2 * N * r, *odd = c->B + 2 * N * (p->ncos + s);

    for (PetscInt i = 0; i < n2; i++)
      for (PetscInt n = 0; n < nm; n++) {
        const Complex plus  = p->plus[r] < 0 ? 0.0 : T[(p->plus[r] * n2 + i) * nm + n];
        const Complex minus = p->minus[r] < 0 ? 0.0 : T[(p->minus[r] * n2 + i) * nm + n];

        even[n * n2 + i]     = creal(plus) + creal(minus);
        even[N + n * n2 + i] = cimag(plus) + cimag(minus);
        if (s < 0) continue; /* the origin has no partner */
        odd[n * n2 + i]     = cimag(minus) - cimag(plus);
        odd[N + n * n2 + i] = creal(plus) - creal(minus);
      }
  }
}

PetscErrorCode CubicSetFirst(Cubic c, const PetscReal q0[3], const Complex *displacement, const PetscReal *omega)
{
  const PetscReal start = WallTime();

  PetscFunctionBeginUser;
  PetscCall(PetscArraycpy(c->q0, q0, 3));
  PetscCall(PetscArraycpy(c->omega0, omega, c->nm));
  if (!c->m->ops->cubic) {
    second_leg(c, q0, displacement);
    add_triplets(c);
    pair_rows(c);
    c->flops += 108.0 * (PetscReal)c->ntriplets * (PetscReal)c->nm;
  }
  c->seconds += WallTime() - start;
  PetscFunctionReturn(0);
}

/* --- pairs ------------------------------------------------------------------------------------------------ */

/* v [c] (re, im) = sum_a u_a,n W_ac; W: real parts of one n0, rows ld apart, imaginary parts `im` further on */
static inline __attribute__((always_inline)) void rotate_first(PetscInt nm, PetscInt n, const RealVector *u, const PetscReal *W, PetscInt ld, size_t im, RealVector *v)
{
  for (PetscInt k = 0; k < nm; k++) {
    RealVector r = {0}, i = {0};

    for (PetscInt a = 0; a < nm; a++) {
      const PetscReal *w  = W + (size_t)(a * nm + k) * (size_t)ld;
      const RealVector wr = *(const RealVector *)w, wi = *(const RealVector *)(w + im), ur = u[2 * (a * nm + n)], ui = u[2 * (a * nm + n) + 1];

      r += ur * wr - ui * wi;
      i += ur * wi + ui * wr;
    }
    v[2 * k]     = r;
    v[2 * k + 1] = i;
  }
}

/* phi2 [n'] = |sum_c v_c u_c,n'|^2 */
static inline __attribute__((always_inline)) void rotate_second(PetscInt nm, const RealVector *v, const RealVector *u, RealVector *phi2)
{
  for (PetscInt n = 0; n < nm; n++) {
    RealVector r = {0}, i = {0};

    for (PetscInt k = 0; k < nm; k++) {
      const RealVector ur = u[2 * (k * nm + n)], ui = u[2 * (k * nm + n) + 1];

      r += v[2 * k] * ur - v[2 * k + 1] * ui;
      i += v[2 * k] * ui + v[2 * k + 1] * ur;
    }
    phi2[n] = r * r + i * i;
  }
}

static inline __attribute__((always_inline)) void finish(PetscInt nm, const RealVector *u, const RealVector *u1, const PetscReal *W, PetscInt ld, RealVector *v, RealVector *phi2)
{
  const size_t im = (size_t)(nm * nm * nm) * (size_t)ld;

  for (PetscInt n0 = 0; n0 < nm; n0++)
    for (PetscInt n = 0; n < nm; n++) {
      rotate_first(nm, n, u, W + (size_t)(n0 * nm * nm) * (size_t)ld, ld, im, v);
      rotate_second(nm, v, u1, phi2 + (n0 * nm + n) * nm);
    }
}

static void finish_any(PetscInt nm, const RealVector *u, const RealVector *u1, const PetscReal *W, PetscInt ld, RealVector *v, RealVector *phi2)
{
  if (nm == 6) finish(6, u, u1, W, ld, v, phi2);
  else if (nm == 3) finish(3, u, u1, W, ld, v, phi2);
  else finish(nm, u, u1, W, ld, v, phi2);
}

/* n <= block pairs */
static PetscErrorCode evaluate_block(Cubic c, PetscInt n, const Complex *displacement, const PetscReal *q1, const Complex *displacement1, PetscReal *phi2)
{
  const Pairing *p    = &c->pairing;
  const PetscInt nm = c->nm, m2 = nm * nm, N = m2 * nm, ld = c->block + VECTOR_WIDTH;
  const PetscInt rows = p->ncos + p->nsin, wide = (n + VECTOR_WIDTH - 1) / VECTOR_WIDTH * VECTOR_WIDTH;
  RealVector    *u = c->rotation, *u1 = u + 2 * m2, *v = u1 + 2 * m2, *out = v + 2 * nm;

  PetscFunctionBeginUser;
  PetscCall(PairingPhases(p, n, q1, ld, c->phases));
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)(2 * N), (int)wide, (int)rows, 1.0, c->B, (int)(2 * N), c->phases, (int)ld, 0.0, c->W, (int)ld);
  for (PetscInt i0 = 0; i0 < n; i0 += VECTOR_WIDTH) {
    const PetscInt some = PetscMin(VECTOR_WIDTH, n - i0);

    GatherRows(some, m2, displacement + i0 * m2, u);
    GatherRows(some, m2, displacement1 + i0 * m2, u1);
    finish_any(nm, u, u1, c->W + i0, ld, v, out);
    for (PetscInt i = 0; i < some; i++)
      for (PetscInt j = 0; j < N; j++) phi2[(i0 + i) * N + j] = ((const PetscReal *)out)[j * VECTOR_WIDTH + i];
  }
  c->flops += (PetscReal)n * (4.0 * (PetscReal)rows * (PetscReal)N + 16.0 * (PetscReal)N * (PetscReal)nm);
  PetscFunctionReturn(0);
}

PetscErrorCode CubicEvaluate(Cubic c, PetscInt npairs, const PetscReal *q, const Complex *displacement, const PetscReal *omega, const PetscReal *q1, const Complex *displacement1, const PetscReal *omega1, PetscReal *phi2)
{
  const PetscReal start = WallTime();
  const PetscInt  m2    = c->nm * c->nm;

  PetscFunctionBeginUser;
  if (c->m->ops->cubic) PetscCall(c->m->ops->cubic(c->m, npairs, c->q0, c->omega0, q, omega, q1, omega1, phi2));
  for (PetscInt i = 0; i < npairs && !c->m->ops->cubic; i += c->block)
    PetscCall(evaluate_block(c, PetscMin(c->block, npairs - i), displacement + i * m2, &q1[3 * i], displacement1 + i * m2, phi2 + i * m2 * c->nm));
  c->seconds += WallTime() - start;
  PetscFunctionReturn(0);
}

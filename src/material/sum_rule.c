/*
  Acoustic sum rules of the force constants F_ai,bj(n) between atom a in the home cell and atom b in cell n of the coarse mesh.

    translations   sum_bn F_ai,bj(n) = 0                          exchange   F_ai,bj(n) = F_bj,ai(-n)
    rotations      sum_bn F_ai,bj(n) r_k - F_ai,bk(n) r_j = 0     (Born and Huang, sec. 23), r from a to b in n, the mean over its nearest images

  simple: the on-site elements take up what the translations lack. crystal, rotational: the nearest constants (least squares over all
  elements of the mesh, as Mounet and Marzari, PRB 71, 205214) that obey the exchange and C F = 0, C all the translations (and rotations):
  F <- S (F - C^T l) with S the projection on the exchange and C S C^T l = C S F, by conjugate gradients (the conditions depend on each other).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

#define CONVERGED 1e-14 /* of the largest element */
#define DEPENDENT 1e-8  /* curvature per cell, below which a direction is a combination of others */

typedef struct {
  const Folded *f;
  PetscInt      nat, size, nc, parts; /* size of F; conditions; 1: translations, 2: and rotations */
  PetscReal    *r;                    /* [cells][nat][nat][3] */
  PetscReal     unit;                 /* a typical |r|, so that both kinds of condition weigh alike */
} Conditions;

static inline PetscInt element(const Conditions *c, PetscInt n, PetscInt a, int i, PetscInt b) { return (n * 3 * c->nat + 3 * a + i) * 3 * c->nat + 3 * b; }

static PetscErrorCode conditions_create(const Folded *f, bool rotations, Conditions *c)
{
  PetscReal square = 0.0;

  PetscFunctionBeginUser;
  *c = (Conditions){.f = f, .nat = f->natoms, .size = f->cells_q * f->nm * f->nm, .parts = rotations ? 2 : 1};
  c->nc = 9 * c->nat * c->parts;
  PetscCall(PetscMalloc1(3 * f->cells_q * c->nat * c->nat, &c->r));
  for (PetscInt i = 0; i < f->cells_q * c->nat * c->nat; i++) {
    const PetscReal *a = &f->tau[3 * (i / c->nat % c->nat)], *b = &f->tau[3 * (i % c->nat)], shift[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};

    PetscCall(FoldedMeanImage(f, f->nq, i / (c->nat * c->nat), shift, &c->r[3 * i]));
    square += Dot3(&c->r[3 * i], &c->r[3 * i]);
  }
  c->unit = PetscMax(sqrt(square / (PetscReal)(f->cells_q * c->nat * c->nat)), 1e-3);
  PetscFunctionReturn(0);
}

/* v [nc] = C F */
static void apply(const Conditions *c, const PetscReal *F, PetscReal *v)
{
  const PetscInt half = 9 * c->nat;

  memset(v, 0, sizeof(PetscReal) * (size_t)c->nc);
  for (PetscInt n = 0; n < c->f->cells_q; n++)
    for (PetscInt ab = 0; ab < c->nat * c->nat; ab++)
      for (int i = 0; i < 3; i++) {
        const PetscInt   a = ab / c->nat;
        const PetscReal *x = &F[element(c, n, a, i, ab % c->nat)], *r = &c->r[3 * (n * c->nat * c->nat + ab)];

        for (int j = 0; j < 3; j++) v[9 * a + 3 * i + j] += x[j];
        for (int k = 0; k < 3 && c->parts == 2; k++) v[half + 9 * a + 3 * i + k] += (x[(k + 1) % 3] * r[(k + 2) % 3] - x[(k + 2) % 3] * r[(k + 1) % 3]) / c->unit;
      }
}

/* F = C^T v */
static void apply_transpose(const Conditions *c, const PetscReal *v, PetscReal *F)
{
  const PetscInt half = 9 * c->nat;

  for (PetscInt n = 0; n < c->f->cells_q; n++)
    for (PetscInt ab = 0; ab < c->nat * c->nat; ab++)
      for (int i = 0; i < 3; i++) {
        const PetscInt   a = ab / c->nat;
        const PetscReal *l = &v[9 * a + 3 * i], *m = &v[half + 9 * a + 3 * i], *r = &c->r[3 * (n * c->nat * c->nat + ab)];
        PetscReal       *x = &F[element(c, n, a, i, ab % c->nat)];

        for (int j = 0; j < 3; j++) x[j] = l[j] + (c->parts == 2 ? (r[(j + 1) % 3] * m[(j + 2) % 3] - r[(j + 2) % 3] * m[(j + 1) % 3]) / c->unit : 0.0);
      }
}

/* F <- (F + its exchange) / 2; returns the largest element that this takes away */
static PetscReal exchange(const Conditions *c, PetscReal *F)
{
  const PetscInt nm = 3 * c->nat, *N = c->f->nq;
  PetscReal      worst = 0.0;

  for (PetscInt n = 0; n < c->f->cells_q; n++) {
    int R[3];

    FoldedVector(N, n, R);
    const PetscInt m = FoldedCell(N, -R[0], -R[1], -R[2]);
    for (PetscInt x = 0; x < nm * nm; x++) {
      PetscReal *here = &F[n * nm * nm + x], *there = &F[m * nm * nm + x % nm * nm + x / nm];

      if (there < here) continue;
      worst = PetscMax(worst, 0.5 * fabs(*here - *there));
      *here = *there = 0.5 * (*here + *there);
    }
  }
  return worst;
}

static PetscReal largest(PetscInt n, const PetscReal *x)
{
  PetscReal most = 0.0;

  for (PetscInt i = 0; i < n; i++) most = PetscMax(most, fabs(x[i]));
  return most;
}

static PetscReal dot(PetscInt n, const PetscReal *x, const PetscReal *y)
{
  PetscReal sum = 0.0;

  for (PetscInt i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

/* F, which obeys the exchange, onto the conditions. Conjugate gradients on C S C^T l = C F. */
static PetscErrorCode project(const Conditions *c, PetscReal scale, PetscReal *F)
{
  PetscReal *G, *l, *r, *p, *Ap, rho;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5(c->size, &G, c->nc, &l, c->nc, &r, c->nc, &p, c->nc, &Ap));
  memset(l, 0, sizeof(PetscReal) * (size_t)c->nc);
  apply(c, F, r);
  memcpy(p, r, sizeof(PetscReal) * (size_t)c->nc);
  rho = dot(c->nc, r, r);
  for (PetscInt it = 0; it < 4 * c->nc && sqrt(rho) > CONVERGED * scale; it++) {
    apply_transpose(c, p, G);
    exchange(c, G);
    apply(c, G, Ap);
    const PetscReal curvature = dot(c->nc, p, Ap), old = rho, step = rho / curvature;

    if (!(curvature > DEPENDENT * (PetscReal)c->f->cells_q * dot(c->nc, p, p))) break;
    for (PetscInt i = 0; i < c->nc; i++) l[i] += step * p[i], r[i] -= step * Ap[i];
    rho = dot(c->nc, r, r);
    for (PetscInt i = 0; i < c->nc; i++) p[i] = r[i] + rho / old * p[i];
  }
  apply_transpose(c, l, G);
  exchange(c, G);
  for (PetscInt i = 0; i < c->size; i++) F[i] -= G[i];
  PetscCall(PetscFree5(G, l, r, p, Ap));
  PetscFunctionReturn(0);
}

static void simple(const Conditions *c, const PetscReal *lack, PetscReal *F)
{
  for (PetscInt a = 0; a < c->nat; a++)
    for (int ij = 0; ij < 9; ij++) F[element(c, 0, a, ij / 3, a) + ij % 3] -= lack[9 * a + ij];
}

static PetscErrorCode impose(const char *path, SumRule rule, const Conditions *all, PetscReal *F)
{
  static const char *const name[] = {"none", "simple", "crystal", "rotational"};
  const PetscInt           half   = 9 * all->nat;
  const PetscReal          scale  = largest(all->size, F);
  Conditions               c      = *all;
  PetscReal               *v, *copy, before[2], after[2], asymmetry;

  PetscFunctionBeginUser;
  PetscCheckInput(scale > 0.0, path, 0, "every force constant is zero");
  if (rule != SUM_RULE_ROTATIONAL) c.parts = 1, c.nc = half;
  PetscCall(PetscMalloc2(all->nc, &v, all->size, &copy));
  memcpy(copy, F, sizeof(PetscReal) * (size_t)all->size);
  apply(all, F, v);
  before[0] = largest(half, v) / scale, before[1] = largest(half, v + half) / scale;
  asymmetry = exchange(all, copy) / scale;
  if (rule == SUM_RULE_SIMPLE) simple(all, v, F);
  else if (rule != SUM_RULE_NONE) {
    memcpy(F, copy, sizeof(PetscReal) * (size_t)all->size);
    PetscCall(project(&c, scale, F));
  }
  apply(all, F, v);
  after[0] = largest(half, v) / scale, after[1] = largest(half, v + half) / scale;
  Log(1, "  sum rule %s: raw constants miss translations by %.1e of the largest, exchange of indices by %.1e, rotations by %.1e; now translations %.1e, rotations %.1e", name[rule], before[0], asymmetry, before[1],
      after[0], after[1]);
  PetscCall(PetscFree2(v, copy));
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedSumRule(const char *path, SumRule rule, Folded *f)
{
  Conditions     c;
  PetscReal     *F;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(conditions_create(f, true, &c));
  PetscCall(PetscMalloc1(c.size, &F));
  for (PetscInt i = 0; i < c.size; i++) F[i] = creal(f->D[i]);
  code = impose(path, rule, &c, F);
  for (PetscInt i = 0; i < c.size && !code; i++) f->D[i] = CMPLX(F[i], cimag(f->D[i]));
  PetscCall(PetscFree(F));
  PetscCall(PetscFree(c.r));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* Small made-up first-principles materials for tests: random ones, and a chain of springs and hoppings with closed forms. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_SMALL_MATERIAL_H
#define UMKLAPP_TEST_SMALL_MATERIAL_H

#include <stdlib.h>
#include "material/wannier_impl.h"

typedef struct {
  PetscInt bits, real, polar, open; /* open: coupling vectors not closed under inversion */
  PetscInt alone, cubic;            /* phonons alone; triplets of third-order force constants */
  Complex *g;                       /* [nRe][nRp][nm][ket][bra], as rounded to the storage type */
} SmallMaterial;

static inline PetscReal Uniform(void)
{
  return rand() / (RAND_MAX + 1.0) - 0.5;
}

/* Vectors of the cube -top..top */
static inline void SmallCube(int top, PetscInt *n, int (**R)[3])
{
  *n = 0;
  if (PetscMalloc1((2 * top + 1) * (2 * top + 1) * (2 * top + 1), R)) abort();
  for (int i = -top; i <= top; i++)
    for (int j = -top; j <= top; j++)
      for (int k = -top; k <= top; k++) memcpy((*R)[(*n)++], (int[3]){i, j, k}, sizeof(int[3]));
}

/* F(R) [n][n] real, falling off; F(-R) = F(R)^T. R runs over a cube, so that vector r has its partner at nR - 1 - r. */
static inline void SmallHermitian(PetscInt nR, int (*R)[3], PetscInt n, Complex *F)
{
  for (PetscInt r = 0; r <= nR / 2; r++)
    for (PetscInt c = 0; c < n * n; c++) {
      const PetscReal x = Uniform() * exp(-0.7 * (R[r][0] * R[r][0] + R[r][1] * R[r][1] + R[r][2] * R[r][2]));

      F[r * n * n + c]                               = x;
      F[(nR - 1 - r) * n * n + c % n * n + c / n] = r == nR / 2 && c % n == c / n ? x + 0.3 * (PetscReal)(c / n) : x;
    }
  for (PetscInt c = 0; c < n * n; c++) /* the middle is its own partner */
    if (c % n < c / n) F[nR / 2 * n * n + c % n * n + c / n] = F[nR / 2 * n * n + c];
}

static inline PetscErrorCode SmallSlab(void *ctx, PetscInt i, void *slab)
{
  const struct {
    SmallMaterial *s;
    PetscInt       n;
  } *c = ctx;
  const Complex *g = c->s->g + i * c->n;

  for (PetscInt e = 0; e < c->n; e++) {
    if (c->s->real && c->s->bits == 64) ((PetscReal *)slab)[e] = creal(g[e]);
    if (c->s->real && c->s->bits == 32) ((float *)slab)[e] = (float)creal(g[e]);
    if (!c->s->real && c->s->bits == 64) ((Complex *)slab)[e] = g[e];
    if (!c->s->real && c->s->bits == 32) ((float *)slab)[2 * e] = (float)creal(g[e]), ((float *)slab)[2 * e + 1] = (float)cimag(g[e]);
  }
  return 0;
}

static inline void SmallCoupling(SmallMaterial *small, WannierSource *s)
{
  const PetscInt n = s->head.nRe * s->head.nRp * s->head.nm * s->head.nb * s->head.nb;

  small->g = malloc(sizeof(Complex) * (size_t)n);
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal re = Uniform(), im = small->real ? 0.0 : Uniform();

    small->g[i] = small->bits == 32 ? CMPLX((float)re, (float)im) : CMPLX(re, im);
  }
}

static inline PetscErrorCode SmallCubic(PetscInt n, WannierSource *s)
{
  PetscFunctionBeginUser;
  s->head.nT = n;
  PetscCall(PetscMalloc1(n, &s->T_atom));
  PetscCall(PetscMalloc1(n, &s->T_R));
  PetscCall(PetscMalloc1(27 * n, &s->phi3));
  for (PetscInt t = 0; t < n; t++) {
    for (int i = 0; i < 3; i++) s->T_atom[t][i] = rand() % 2;
    for (int i = 0; i < 6; i++) s->T_R[t][i / 3][i % 3] = rand() % 5 - 2;
    for (int i = 0; i < 27; i++) s->phi3[27 * t + i] = Uniform();
  }
  PetscFunctionReturn(0);
}

/* Two different atoms at general positions, three functions, triclinic cell. Collective; free small->g. */
static inline PetscErrorCode SmallRandom(MPI_Comm comm, SmallMaterial *small, Material *m)
{
  static const PetscReal a[3][3] = {{6, 0.3, 0}, {0.4, 7, -0.2}, {0, 0.5, 8}}, tau[6] = {0.1, 0, 0, 2.5, 3.1, 4.2};
  WannierSource          s       = {0};
  struct {
    SmallMaterial *s;
    PetscInt       n;
  } context = {small, 0};

  PetscFunctionBeginUser;
  srand(20);
  s.head = (WannierHead){.name = "small", .nb = 3, .nm = 6, .natoms = 2, .spin = 2, .nvalence = 1, .coarse_k = {3, 3, 3}, .coarse_q = {3, 3, 3}, .polar = small->polar, .has_position = 1,
                         .dimension = 3, .symprec = 1e-4, .polar_length = 9.0, .fermi = 0.1, .g_bits = small->bits, .g_real = small->real, .mantissa_bits = 11, .threshold = 1e-6};
  memcpy(s.head.a, a, sizeof(a));
  for (int i = 0; i < 9; i++) s.head.epsilon[i / 3][i % 3] = i % 4 ? 0.1 * (i % 3 + i / 3) : 5.0 + i;
  SmallCube(1, &s.head.nRk, &s.Rk);
  SmallCube(1, &s.head.nRq, &s.Rq);
  SmallCube(1, &s.head.nRe, &s.Re);
  SmallCube(1, &s.head.nRp, &s.Rp);
  if (small->open) s.head.nRe -= 5, s.head.nRp -= 3;
  PetscCall(PetscMalloc1(6, &s.tau));
  PetscCall(PetscMalloc1(2, &s.mass));
  PetscCall(PetscMalloc1(2, &s.species));
  PetscCall(PetscMalloc1(9, &s.centres));
  PetscCall(PetscMalloc1(18, &s.zstar));
  PetscCall(PetscArraycpy(s.tau, tau, 6));
  s.mass[0] = 2e4, s.mass[1] = 5e4, s.species[0] = 1, s.species[1] = 2;
  for (int i = 0; i < 9; i++) s.centres[i] = Uniform(), s.zstar[i] = i % 4 ? 0.2 * Uniform() : 2.0, s.zstar[9 + i] = -s.zstar[i];
  PetscCall(PetscMalloc1(27 * 9, &s.H));
  PetscCall(PetscMalloc1(27 * 27, &s.position));
  PetscCall(PetscMalloc1(27 * 36, &s.D));
  SmallHermitian(27, s.Rk, 3, s.H);
  SmallHermitian(27, s.Rq, 6, s.D);
  for (int r = 0; r < 27; r++) /* <a,0|r|b,R>, of functions with zero mean: r(-R) = r(R)^T apart from R on the diagonal */
    for (int c = 0; c < 27; c++) s.position[r * 27 + c] = 0.0;
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < 9; c++) s.position[13 * 27 + i * 9 + c] = 0.1 * (i + 1) * (c / 3 + c % 3);
  PetscCall(PetscStrallocpy("made up\nfor tests\n", &s.provenance));
  SmallCoupling(small, &s);
  context.n     = s.head.nRp * 6 * 9;
  s.by_electron = true;
  s.read_slab   = SmallSlab;
  s.ctx         = &context;
  if (small->cubic) PetscCall(SmallCubic(small->cubic, &s));
  if (small->alone) {
    s.head.nb = s.head.nRk = s.head.nRe = s.head.nRp = s.head.has_position = 0;
    s.head.coarse_k[0] = s.head.coarse_k[1] = s.head.coarse_k[2] = 1;
    s.head.mantissa_bits = 0, s.head.threshold = s.head.fermi = 0.0;
  }
  PetscCall(WannierCreate(comm, &s, m));
  PetscCall(WannierSourceDestroy(&s));
  PetscFunctionReturn(0);
}

#endif

/*
  Rate of the vertex kernel beside DGEMM's on the same core: bench_vertex [MATERIAL.h5] [bands] [partners].
  Without a file a material of silicon's size is made up: 8 Wannier functions, 6 modes, 123 x 123 vectors, real coupling.
  Last line: the ratio of the two rates for the partners alone, and with the half transform of their k shared in.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <slepcsys.h>
#include <stdlib.h>
#include <time.h>
#include "main/commands.h"
#include "material/wannier_impl.h"

#define POINTS 16 /* k points half-transformed at once */

/* Seconds this process has computed: what else the machine does is left out */
static PetscReal cpu_seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (PetscReal)t.tv_sec + 1e-9 * (PetscReal)t.tv_nsec;
}

static PetscReal uniform(void)
{
  return rand() / (RAND_MAX + 1.0) - 0.5;
}

/* Flops per second of a square DGEMM of order 1000, best of five */
static PetscReal dgemm_rate(void)
{
  const int  n = 1000;
  PetscReal *a, *b, *c, best = HUGE_VAL;

  if (AlignedAlloc((size_t)(n * n), &a) || AlignedAlloc((size_t)(n * n), &b) || AlignedAlloc((size_t)(n * n), &c)) return 0.0;
  for (int i = 0; i < n * n; i++) a[i] = uniform(), b[i] = uniform(), c[i] = 0.0;
  for (int i = 0; i < 5; i++) {
    const PetscReal start = cpu_seconds();

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
    best = fmin(best, cpu_seconds() - start);
  }
  AlignedFree(&a), AlignedFree(&b), AlignedFree(&c);
  return 2.0 * n * n * n / best;
}

static PetscErrorCode random_slab(void *ctx, PetscInt i, void *slab)
{
  const PetscInt *n = ctx;

  for (PetscInt c = 0; c < *n; c++) ((PetscReal *)slab)[c] = uniform();
  return 0;
}

/* Vectors within a sphere of the fcc lattice, closed under inversion */
static PetscErrorCode sphere(PetscInt most, PetscInt *n, int (**R)[3])
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(most, R));
  *n = 0;
  for (int shell = 0; shell < 200; shell++)
    for (int i = -6; i <= 6; i++)
      for (int j = -6; j <= 6; j++)
        for (int k = -6; k <= 6; k++)
          if (i * i + j * j + k * k + i * j + j * k + i * k == shell && *n < most) memcpy((*R)[(*n)++], (int[3]){i, j, k}, sizeof(int[3]));
  PetscFunctionReturn(0);
}

static PetscErrorCode made_up(Material *m)
{
  static const PetscReal half = 5.1, tau[6] = {0, 0, 0, 2.55, 2.55, 2.55};
  WannierSource          s = {.head = {.name = "random", .nb = 8, .nm = 6, .natoms = 2, .spin = 2, .nvalence = 4, .coarse_k = {4, 4, 4}, .coarse_q = {4, 4, 4}, .dimension = 3, .symprec = 1e-4, .g_bits = 64, .g_real = 1}};
  PetscInt               slab;

  PetscFunctionBeginUser;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) s.head.a[i][j] = i == j ? 0.0 : half;
  PetscCall(sphere(123, &s.head.nRk, &s.Rk));
  PetscCall(sphere(123, &s.head.nRq, &s.Rq));
  PetscCall(sphere(123, &s.head.nRe, &s.Re));
  PetscCall(sphere(123, &s.head.nRp, &s.Rp));
  PetscCall(PetscMalloc1(6, &s.tau));
  PetscCall(PetscMalloc1(2, &s.mass));
  PetscCall(PetscMalloc1(2, &s.species));
  PetscCall(PetscArraycpy(s.tau, tau, 6));
  s.mass[0] = s.mass[1] = 28.0855 * UMK_AMU;
  s.species[0] = s.species[1] = 1;
  PetscCall(PetscCalloc1(24, &s.centres));
  PetscCall(PetscMalloc1(s.head.nRk * 64, &s.H));
  PetscCall(PetscMalloc1(s.head.nRq * 36, &s.D));
  for (PetscInt i = 0; i < s.head.nRk * 64; i++) s.H[i] = uniform();
  for (PetscInt i = 0; i < s.head.nRq * 36; i++) s.D[i] = uniform();
  slab        = s.head.nRe * 6 * 64;
  s.read_slab = random_slab;
  s.ctx       = &slab;
  PetscCall(WannierCreate(PETSC_COMM_SELF, &s, m));
  PetscCall(WannierSourceDestroy(&s));
  PetscFunctionReturn(0);
}

typedef struct {
  PetscInt   nb, nm, count, nq;
  PetscReal *k, *q, *omega, *g2;
  Complex   *U, *Uf, *u;
} Points;

static PetscErrorCode make_points(Material m, PetscInt count, PetscInt nq, Points *p)
{
  PetscInt nb, nm;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, &nb, &nm, NULL, NULL));
  *p = (Points){.nb = nb, .nm = nm, .count = count, .nq = nq};
  PetscCall(PetscMalloc4(3 * POINTS, &p->k, 3 * nq, &p->q, nq * nm, &p->omega, nq * count * count * nm, &p->g2));
  PetscCall(PetscMalloc3(POINTS * nb * nb, &p->U, nq * nb * count, &p->Uf, nq * nm * nm, &p->u));
  for (PetscInt i = 0; i < 3 * POINTS; i++) p->k[i] = uniform();
  for (PetscInt i = 0; i < 3 * nq; i++) p->q[i] = uniform();
  for (PetscInt i = 0; i < nq * nb * count; i++) p->Uf[i] = CMPLX(uniform(), uniform());
  PetscCall(MaterialElectrons(m, POINTS, p->k, NULL, NULL, p->U));
  PetscCall(MaterialPhonons(m, nq, p->q, p->omega, NULL, p->u));
  PetscFunctionReturn(0);
}

/* Seconds and flops of the half transforms and of the partners, best of three */
static PetscErrorCode measure(Coupling c, Points *p, PetscReal cost[2][2])
{
  PetscInt  first[POINTS], count[POINTS];
  PetscReal f0, f1, f2;

  PetscFunctionBeginUser;
  for (int i = 0; i < POINTS; i++) first[i] = 0, count[i] = p->count;
  cost[0][1] = cost[1][1] = HUGE_VAL;
  for (int repeat = 0; repeat < 3; repeat++) {
    PetscCall(CouplingGetCost(c, &f0, NULL));
    const PetscReal s0 = cpu_seconds();
    PetscCall(CouplingSetInitial(c, POINTS, p->k, p->U, first, count));
    PetscCall(CouplingGetCost(c, &f1, NULL));
    const PetscReal s1 = cpu_seconds();
    for (PetscInt ik = 0; ik < POINTS; ik++) PetscCall(CouplingEvaluate(c, ik, p->nq, p->q, p->count, p->Uf, p->u, p->omega, 0.0, p->g2));
    const PetscReal s2 = cpu_seconds();
    PetscCall(CouplingGetCost(c, &f2, NULL));
    cost[0][0] = f1 - f0, cost[0][1] = fmin(cost[0][1], s1 - s0);
    cost[1][0] = f2 - f1, cost[1][1] = fmin(cost[1][1], s2 - s1);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode run(int argc, char **argv)
{
  const PetscInt count = argc > 2 ? atoi(argv[2]) : 2, nq = argc > 3 ? atoi(argv[3]) : 2000;
  Material       m;
  Coupling       c;
  Points         p;
  PetscReal      cost[2][2] = {{0}}, peak;

  PetscFunctionBeginUser;
  if (argc > 1 && strcmp(argv[1], "-")) PetscCall(MaterialCreateFromFile(PETSC_COMM_SELF, argv[1], &m));
  else PetscCall(made_up(&m));
  PetscCall(CouplingCreate(m, &c));
  PetscCall(make_points(m, count, nq, &p));
  PetscCall(measure(c, &p, cost));
  peak = dgemm_rate();
  printf("dgemm 1000                 %8.2f Gflop/s\n", 1e-9 * peak);
  printf("half transform, %2d k       %8.2f Gflop/s  %8.3f ms per k\n", POINTS, 1e-9 * cost[0][0] / cost[0][1], 1e3 * cost[0][1] / POINTS);
  printf("partners, %2d x %2d bands    %8.2f Gflop/s  %8.3f us per k, q pair\n", (int)count, (int)count, 1e-9 * cost[1][0] / cost[1][1], 1e6 * cost[1][1] / POINTS / (PetscReal)nq);
  printf("vertex/dgemm %.3f partners alone, %.3f with the half transform of %d partners each\n", cost[1][0] / cost[1][1] / peak, (cost[0][0] + cost[1][0]) / (cost[0][1] + cost[1][1]) / peak, (int)nq);
  PetscCall(PetscFree4(p.k, p.q, p.omega, p.g2));
  PetscCall(PetscFree3(p.U, p.Uf, p.u));
  PetscCall(CouplingDestroy(&c));
  PetscCall(MaterialDestroy(&m));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  BlasSelectKernel(argv); /* as the program does */
  if (SlepcInitialize(&argc, &argv, NULL, NULL) || ErrorInstallHandler()) return 1;
  const PetscErrorCode code = run(argc, argv);
  if (code) fprintf(stderr, "%s\n", ErrorMessage());
  return SlepcFinalize() || code;
}

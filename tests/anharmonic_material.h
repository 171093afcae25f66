/* Small made-up crystals with third-order force constants: one without any symmetry, and zincblende held by springs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_ANHARMONIC_MATERIAL_H
#define UMKLAPP_TEST_ANHARMONIC_MATERIAL_H

#include "small_material.h"

typedef struct { /* a copy of what the material holds, for sums by hand */
  PetscInt   n, room;
  int      (*atom)[3], (*R)[2][3];
  PetscReal *phi;
} Triplets;

static inline void TripletsFree(Triplets *t)
{
  free(t->atom), free(t->R), free(t->phi);
  memset(t, 0, sizeof *t);
}

static inline void TripletsAdd(Triplets *t, const int atom[3], const int R[2][3], const PetscReal phi[27])
{
  if (t->n == t->room) {
    t->room = 2 * t->room + 64;
    t->atom = realloc(t->atom, sizeof(*t->atom) * (size_t)t->room);
    t->R    = realloc(t->R, sizeof(*t->R) * (size_t)t->room);
    t->phi  = realloc(t->phi, sizeof(PetscReal[27]) * (size_t)t->room);
  }
  memcpy(t->atom[t->n], atom, sizeof(*t->atom));
  memcpy(t->R[t->n], R, sizeof(*t->R));
  memcpy(t->phi + 27 * t->n++, phi, sizeof(PetscReal[27]));
}

/* The six orders of the atoms of one triplet, the first moved to the home cell */
static inline void TripletsAddOrders(Triplets *t, const int atom[3], const int R[2][3], const PetscReal phi[27])
{
  static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const int        at[3][3]    = {{0, 0, 0}, {R[0][0], R[0][1], R[0][2]}, {R[1][0], R[1][1], R[1][2]}};

  for (int p = 0; p < 6; p++) {
    const int *o = order[p];
    int        a[3], r[2][3];
    PetscReal  f[27];

    for (int i = 0; i < 3; i++) a[i] = atom[o[i]];
    for (int i = 0; i < 6; i++) r[i / 3][i % 3] = at[o[1 + i / 3]][i % 3] - at[o[0]][i % 3];
    for (int i = 0; i < 27; i++) {
      const int x[3] = {i / 9, i / 3 % 3, i % 3};
      int       y[3];

      for (int j = 0; j < 3; j++) y[o[j]] = x[j];
      f[i] = phi[9 * y[0] + 3 * y[1] + y[2]];
    }
    TripletsAdd(t, a, (const int(*)[3])r, f);
  }
}

/* Displacements [nm][nm] of three phonons, legs 0, 1, 2 of Phi_abc(0, R', R''); modes n */
static inline Complex TripletsSum(const Triplets *t, PetscInt nm, const PetscReal *const q[3], const Complex *const u[3], const PetscInt n[3])
{
  Complex sum = 0.0;

  for (PetscInt i = 0; i < t->n; i++) {
    PetscReal angle = 0.0;
    Complex   s     = 0.0;

    for (int c = 0; c < 3; c++) angle += 2.0 * UMK_PI * (q[1][c] * t->R[i][0][c] + q[2][c] * t->R[i][1][c]);
    for (int x = 0; x < 27; x++) s += t->phi[27 * i + x] * u[0][(3 * t->atom[i][0] + x / 9) * nm + n[0]] * u[1][(3 * t->atom[i][1] + x / 3 % 3) * nm + n[1]] * u[2][(3 * t->atom[i][2] + x % 3) * nm + n[2]];
    sum += CMPLX(cos(angle), sin(angle)) * s;
  }
  return sum;
}

static inline PetscErrorCode AnharmonicCreate(MPI_Comm comm, WannierSource *s, const Triplets *t, Material *m)
{
  PetscFunctionBeginUser;
  s->head.nT = t->n;
  PetscCall(PetscMalloc1(t->n, &s->T_atom));
  PetscCall(PetscMalloc1(t->n, &s->T_R));
  PetscCall(PetscMalloc1(27 * t->n, &s->phi3));
  memcpy(s->T_atom, t->atom, sizeof(*t->atom) * (size_t)t->n);
  memcpy(s->T_R, t->R, sizeof(*t->R) * (size_t)t->n);
  memcpy(s->phi3, t->phi, sizeof(PetscReal[27]) * (size_t)t->n);
  PetscCall(WannierCreate(comm, s, m));
  PetscCall(WannierSourceDestroy(s));
  PetscFunctionReturn(0);
}

static inline PetscErrorCode AnharmonicAtoms(WannierSource *s, const PetscReal a[3][3], const PetscReal tau[6], const PetscReal mass[2])
{
  PetscFunctionBeginUser;
  s->head = (WannierHead){.name = "anharmonic", .nm = 6, .natoms = 2, .spin = 2, .coarse_k = {1, 1, 1}, .coarse_q = {3, 3, 3}, .dimension = 3, .symprec = 1e-4};
  memcpy(s->head.a, a, sizeof(s->head.a));
  PetscCall(PetscMalloc1(6, &s->tau));
  PetscCall(PetscMalloc1(2, &s->mass));
  PetscCall(PetscMalloc1(2, &s->species));
  PetscCall(PetscArraycpy(s->tau, tau, 6));
  PetscCall(PetscArraycpy(s->mass, mass, 2));
  s->species[0] = 1, s->species[1] = 2;
  SmallCube(1, &s->head.nRq, &s->Rq);
  PetscCall(PetscCalloc1(s->head.nRq * 36, &s->D));
  PetscFunctionReturn(0);
}

/* No symmetry but time reversal; one atom in a stiff place, the other in a soft one, so that soft phonons merge into stiff ones. Collective. */
static inline PetscErrorCode AnharmonicRandom(MPI_Comm comm, PetscInt ntriplets, Triplets *t, Material *m)
{
  static const PetscReal a[3][3] = {{6, 0.3, 0}, {0.4, 7, -0.2}, {0, 0.5, 8}}, tau[6] = {0.1, 0, 0, 2.5, 3.1, 4.2}, mass[2] = {2e4, 5e4};
  WannierSource          s = {0};

  PetscFunctionBeginUser;
  srand(31);
  PetscCall(AnharmonicAtoms(&s, a, tau, mass));
  SmallHermitian(s.head.nRq, s.Rq, 6, s.D);
  for (PetscInt i = 0; i < s.head.nRq * 36; i++) s.D[i] *= 0.01;
  for (int c = 0; c < 6; c++) s.D[s.head.nRq / 2 * 36 + 7 * c] = c < 3 ? 0.08 + 0.004 * c : 0.05 + 0.006 * c;
  memset(t, 0, sizeof *t);
  for (PetscInt i = 0; i < ntriplets; i++) {
    int       atom[3], R[2][3];
    PetscReal phi[27];

    for (int j = 0; j < 3; j++) atom[j] = rand() % 2;
    for (int j = 0; j < 6; j++) R[j / 3][j % 3] = rand() % 5 - 2;
    for (int j = 0; j < 27; j++) phi[j] = Uniform();
    TripletsAddOrders(t, atom, (const int(*)[3])R, phi);
  }
  PetscCall(AnharmonicCreate(comm, &s, t, m));
  PetscFunctionReturn(0);
}

/* A bond from atom i of the home cell to atom j of cell R: second derivative k, third g, no tension */
static inline void add_bond(WannierSource *s, Triplets *t, int i, int j, const int R[3], const PetscReal d[3], PetscReal k, PetscReal g)
{
  const PetscReal r = Norm3(d), n[3] = {d[0] / r, d[1] / r, d[2] / r};
  PetscReal       P[27];
  PetscInt        cell = 0;

  while (memcmp(s->Rq[cell], R, sizeof(int[3]))) cell++;
  for (int x = 0; x < 9; x++) {
    s->D[13 * 36 + (3 * i + x / 3) * 6 + 3 * i + x % 3] += k * n[x / 3] * n[x % 3];
    s->D[cell * 36 + (3 * i + x / 3) * 6 + 3 * j + x % 3] -= k * n[x / 3] * n[x % 3];
  }
  for (int x = 0; x < 27; x++) {
    const int a = x / 9, b = x / 3 % 3, c = x % 3;

    P[x] = (g - 3.0 * k / r) * n[a] * n[b] * n[c] + k / r * (n[a] * (b == c) + n[b] * (a == c) + n[c] * (a == b));
  }
  for (int legs = 0; legs < 4; legs++) { /* bit set: that leg is atom j */
    const int atom[3] = {i, legs & 1 ? j : i, legs & 2 ? j : i}, zero[3] = {0};
    int       cells[2][3];
    PetscReal phi[27];

    memcpy(cells[0], legs & 1 ? R : zero, sizeof(zero));
    memcpy(cells[1], legs & 2 ? R : zero, sizeof(zero));
    for (int x = 0; x < 27; x++) phi[x] = (legs == 0 || legs == 3 ? -1.0 : 1.0) * P[x];
    TripletsAdd(t, atom, (const int(*)[3])cells, phi);
  }
}

/* Springs to the 4 nearest and the 12 next neighbours. Collective. */
static inline PetscErrorCode AnharmonicZincblende(MPI_Comm comm, Triplets *t, Material *m)
{
  static const PetscReal h = 5.1, a[3][3] = {{0, 5.1, 5.1}, {5.1, 0, 5.1}, {5.1, 5.1, 0}}, tau[6] = {0, 0, 0, 2.55, 2.55, 2.55}, mass[2] = {5e4, 3e4};
  WannierSource          s = {0};

  PetscFunctionBeginUser;
  memset(t, 0, sizeof *t);
  PetscCall(AnharmonicAtoms(&s, a, tau, mass));
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      for (PetscInt r = 0; r < s.head.nRq; r++) {
        const PetscReal R[3] = {s.Rq[r][0], s.Rq[r][1], s.Rq[r][2]};
        PetscReal       d[3];

        MatTVec3(a, R, d);
        for (int c = 0; c < 3; c++) d[c] += tau[3 * j + c] - tau[3 * i + c];
        if (Norm3(d) > 0.1 && Norm3(d) < 0.9 * h) add_bond(&s, t, i, j, s.Rq[r], d, 0.1, -0.25);
        else if (Norm3(d) > 0.1 && Norm3(d) < 1.45 * h) add_bond(&s, t, i, j, s.Rq[r], d, i ? 0.012 : 0.008, -0.02);
      }
  PetscCall(AnharmonicCreate(comm, &s, t, m));
  PetscFunctionReturn(0);
}

#endif

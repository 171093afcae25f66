/*
  Third-order force constants on their way from a file to the common structure (private to src/material).

    Phi_abc(0 kappa, R' kappa', R'' kappa''),  a triplet = three atoms, the first in the home cell; hartree/bohr^3

  Sum rule (translation)   sum over all atoms of any one index = 0
  Permutation              Phi_abc(0 kappa, R' kappa', R'' kappa'') = Phi_bac(0 kappa', -R' kappa, R''-R' kappa'') = ...
  Space group {S|t}        Phi_abc(triplet) = S_ia S_jb S_kc Phi_ijk(image of the triplet)

  A set holds each triplet once; what is added to one that is there is summed. Rank 0 of an import.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_THIRD_ORDER_H
#define UMKLAPP_THIRD_ORDER_H

#include "wannier_impl.h"

typedef struct {
  int atom[3], R[2][3];
} Triplet;

typedef struct {
  PetscInt   n, capacity, slots;
  Triplet   *triplet; /* [n] */
  PetscReal *phi;     /* [n][27] */
  PetscInt  *slot;    /* [slots], a power of 2: position + 1, or 0 */
} ThirdOrder;

PetscErrorCode ThirdOrderCreate(ThirdOrder *t);
PetscErrorCode ThirdOrderDestroy(ThirdOrder *t);
/* phi may be NULL: the triplet alone. */
PetscErrorCode ThirdOrderAdd(ThirdOrder *t, const Triplet *triplet, const PetscReal phi[27]);
/* -1 when it is not there */
PetscInt       ThirdOrderFind(const ThirdOrder *t, const Triplet *triplet);

/* Largest violations over the largest element */
typedef struct {
  PetscReal largest, sum[3], permutation, group;
} ThirdOrderDefects;
PetscErrorCode ThirdOrderCheck(const ThirdOrder *t, const Crystal crystal, ThirdOrderDefects *d);
/* Averages over the permutations (and the crystal's operations), alternating with the projection on the sum rule, to convergence. */
PetscErrorCode ThirdOrderImpose(ThirdOrder *t, const Crystal crystal, bool group);
/* Checks, imposes what the options ask for and hands the triplets over in lexicographic order, replacing what `s` had. t is emptied. */
PetscErrorCode ThirdOrderFinish(ThirdOrder *t, const char *path, const ImportOptions *options, WannierSource *s);

#endif

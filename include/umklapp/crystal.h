/*
  crystal: lattice, atoms and the operations that leave them (and any field) in place.

  Rows of `a` are the lattice vectors a_i (bohr), rows of `b` the reciprocal vectors, a_i . b_j = 2 pi delta_ij.
  Cartesian r = sum_i x_i a_i;  k = sum_i k_i b_i with k_i fractional.

  An operation {S|t}: r -> S r + t takes k to S k. Time reversal takes k to -k and a velocity or
  field vector to its negative; an operation that contains it carries time_reversal = true and S already with the sign:
  `cart` and `k` are what acts on k, velocities and the response vector y alike.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_CRYSTAL_H
#define UMKLAPP_CRYSTAL_H

#include "umklapp/deck.h"

#define CRYSTAL_MAX_OPS 96

typedef struct {
  int       k[3][3];       /* k'_i = sum_j k[i][j] k_j, fractional coordinates of b */
  PetscReal cart[3][3];    /* the same in Cartesian coordinates: orthogonal */
  PetscReal t[3];          /* fractional translation, of a */
  bool      time_reversal; /* k-action is minus the space operation's */
} CrystalOp;

typedef struct _p_Crystal *Crystal;
struct _p_Crystal {
  PetscReal  a[3][3], b[3][3], volume; /* bohr, 1/bohr, bohr^3 */
  int        dimension;                /* 3, or 2: k_3 absent, volume = area * thickness */
  PetscReal  thickness;                /* bohr; 2D: as given, or 0 = sheet values (then volume is the area) */
  PetscInt   natoms;
  PetscReal *tau;                      /* [natoms][3] Cartesian, bohr */
  PetscReal *mass;                     /* [natoms] electron masses */
  int       *species;                  /* [natoms] */
  PetscInt   nops;                     /* op[0] is the identity */
  CrystalOp  op[CRYSTAL_MAX_OPS];
  int       *atom_image;               /* [nops][natoms]: atom kappa goes to atom_image[op][kappa] */
  int      (*atom_shift)[3];           /* [nops][natoms]: S tau_kappa + t = tau_image + shift (lattice vectors) of the space part */
  char       symbol[16];               /* international symbol, "" for models */
};

/* CrystalCreate - lattice rows in bohr, atoms Cartesian bohr; finds the space group (spglib, tolerance symprec bohr) and adds time
   reversal. natoms == 0 (models): the lattice's own point group. Not collective. */
PetscErrorCode CrystalCreate(int dimension, const PetscReal a[3][3], PetscInt natoms, const PetscReal *tau, const PetscReal *mass, const int *species, PetscReal symprec, Crystal *crystal);
PetscErrorCode CrystalDestroy(Crystal *crystal);
/* Keep the operations for which keep(op, ctx) is true; identity always stays; the kept set must be a group (checked). */
PetscErrorCode CrystalFilterOps(Crystal crystal, bool (*keep)(const CrystalOp *, void *), void *ctx);

#endif

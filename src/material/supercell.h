/*
  A supercell of a primitive cell: which primitive atom each of its atoms is, in which cell, and the nearest images of one seen from another
  (private to src/material).

    images of j from i: the lattice vectors R with |R + tau_j - tau_i| least among all that differ by vectors of the supercell; equal weights
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_SUPERCELL_H
#define UMKLAPP_SUPERCELL_H

#include "cell.h"

#define IMAGES_MOST 64

typedef struct {
  const Cell *primitive; /* borrowed */
  PetscInt    n, cells;  /* atoms; primitive cells */
  int        *atom;      /* [n] primitive atom */
  int       (*R)[3];     /* [n] its cell */
  PetscInt   *first;     /* [primitive atoms] first atom of the supercell that is it */
  int         S[3][3];   /* rows: the supercell's vectors of the primitive lattice, made short */
  PetscInt    mesh[3];   /* smallest mesh of primitive cells whose vectors are vectors of the supercell */
} Supercell;

/* path names the file of both cells. */
PetscErrorCode SupercellCreate(const char *path, const Cell *primitive, const Cell *super, Supercell *sc);
PetscErrorCode SupercellDestroy(Supercell *sc);
PetscErrorCode SupercellImages(const Supercell *sc, PetscInt i, PetscInt j, int *nimages, int R[IMAGES_MOST][3]);

#endif

/*
  Lattice vectors of the Wigner-Seitz cell of a coarse mesh, seen from a shift s:

    W(s) = { n : |n + s| is minimal among its images n + i.nc },   weight 1 / (number of images that are equally near)

  With several shifts (one per pair of orbitals or atoms) the list is the union in order of first appearance: shifts in the order
  given, n1 outermost and n3 innermost within each. That is the order of EPW 5.3.1's files (use_ws), which store no vectors.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_WIGNER_SEITZ_H
#define UMKLAPP_WIGNER_SEITZ_H

#include "umklapp/base.h"

typedef struct {
  PetscInt   nR, nshifts;
  int      (*R)[3];  /* [nR] */
  PetscReal *weight; /* [nR][nshifts]: 1/degeneracy, 0 outside that shift's cell */
} WignerSeitz;

/* a: lattice vectors (rows) in the unit in which distances squared are compared to 1e-6; shift: [nshifts][3] fractional.
   Stops and returns nR = limit + 1 without vectors as soon as more than `limit` appear (limit <= 0: none). Not collective. */
PetscErrorCode WignerSeitzCreate(const PetscReal a[3][3], const PetscInt nc[3], PetscInt nshifts, const PetscReal *shift, PetscInt limit, WignerSeitz *ws);
PetscErrorCode WignerSeitzDestroy(WignerSeitz *ws);
/* Same vectors in the same order with the same weights */
bool           WignerSeitzEqual(const WignerSeitz *x, const WignerSeitz *y);

#endif

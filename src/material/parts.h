/*
  One crystal under two names (private to src/material): files of different programs, or of one program run on different cells, name the same atoms
  and lattice vectors differently. With a' the lattice vectors of `other` and a those of `s`, a'_i = sum_j W_ij a_j (W whole, |det| = 1),

    atom k of other in its cell R stands where atom[k] of s stands in the cell R W + shift[k],    up to one shift of the origin.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_PARTS_H
#define UMKLAPP_PARTS_H

#include "wannier_impl.h"

typedef struct {
  PetscInt natoms;
  int      W[3][3];
  int     *atom, (*shift)[3]; /* [natoms] of other */
} CellMap;

/* other: head.a, head.natoms, tau and, unless NULL, mass. An input error about `path` when the crystals differ. Not collective. */
PetscErrorCode CellMapCreate(const char *path, const WannierSource *s, const WannierSource *other, CellMap *map);
PetscErrorCode CellMapDestroy(CellMap *map);
/* R of s, from a vector R' of other between its atoms k (in the home cell) and l (in R') */
void           CellMapVector(const CellMap *map, int k, int l, const int R[3], int out[3]);

/* Force constants, dipole data and third order of `other` into `s`, where it has them. other keeps its arrays. */
PetscErrorCode SourceMerge(const char *path, WannierSource *s, const WannierSource *other);
/* Its third order alone; an input error when it has none. */
PetscErrorCode SourceMergeCubic(const char *path, WannierSource *s, const WannierSource *other);

#endif

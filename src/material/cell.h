/*
  A cell as another program's file gives it, to be found again in the material (private to src/material; parts.h has the map).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_CELL_H
#define UMKLAPP_CELL_H

#include "parts.h"

typedef char Symbol[8];

typedef struct {
  PetscReal  a[3][3]; /* rows, bohr */
  PetscInt   natoms;
  PetscReal *x;       /* [natoms][3] fractional */
  PetscReal *mass;    /* [natoms] electron masses, 0: unknown */
  Symbol    *symbol;  /* [natoms], "" unknown */
} Cell;

PetscErrorCode CellCreate(PetscInt natoms, Cell *c);
PetscErrorCode CellDestroy(Cell *c);

/* Where the cell's atoms and lattice vectors are in the material's; path names the cell in errors. */
PetscErrorCode CellMatch(const char *path, const Cell *c, const WannierSource *s, CellMap *map);
/* The material's own cell */
PetscErrorCode CellMapIdentity(const WannierSource *s, CellMap *map);

/* x = n + rest with whole n: false when a component is farther than tolerance from a whole number */
static inline bool WholeVector(const PetscReal x[3], PetscReal tolerance, int n[3])
{
  bool whole = true;

  for (int i = 0; i < 3; i++) {
    n[i]  = (int)lrint(x[i]);
    whole = whole && fabs(x[i] - n[i]) <= tolerance;
  }
  return whole;
}

/* Standard mass of an element in electron masses; 0 when there is none of that name */
PetscReal ElementMass(const char *symbol);

/* POSCAR, and the cell in ShengBTE's CONTROL (poscar.c) */
PetscErrorCode CellReadPoscar(const char *path, Cell *c);
typedef struct { /* what belongs to the harmonic force constants */
  PetscInt   scell[3];
  PetscReal *born, epsilon[9]; /* [natoms][field][displacement], NULL: none */
} Control;
/* x: NULL, or where to put it; the cell then has masses */
PetscErrorCode CellReadControl(const char *path, Cell *c, Control *x);

#endif

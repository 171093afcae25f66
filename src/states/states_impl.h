/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_STATES_IMPL_H
#define UMKLAPP_STATES_IMPL_H

#include "umklapp/states.h"

#define STATES_MAX_ARRAYS 24

typedef struct _p_StatesPrivate {
  int         narrays;
  SharedArray array[STATES_MAX_ARRAYS];
} StatesPrivate;

/* A node-shared array owned by the states, at *address. Collective. */
PetscErrorCode StatesNewArray(States states, size_t bytes, SharedArray *array, void *address);
/* spread.c. Directions [n][3], caller frees; the spread of d states degenerate at one k, velocity matrix v [nbands][nbands][3]. Not collective. */
PetscErrorCode SpreadDirections(Crystal crystal, PetscInt *n, PetscReal **direction);
PetscErrorCode SpreadDegenerate(PetscInt nbands, const Complex *v, PetscInt d, const int32_t *band, const PetscReal mean[3], PetscInt ndirections, const PetscReal *direction, PetscReal spread[6]);
/* Fills s->spread of the wedge states from the velocity matrices [n][n][3] of the material; all zero without. Collective. */
typedef PetscErrorCode (*SpreadMatrix)(Material, const PetscReal k[3], Complex *v);
PetscErrorCode SpreadFill(States states, PetscInt n, SpreadMatrix matrix);

#endif

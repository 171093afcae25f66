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
/* This rank's contiguous share [begin, end) of n items. */
void StatesShare(MPI_Comm comm, PetscInt n, PetscInt *begin, PetscInt *end);

#endif

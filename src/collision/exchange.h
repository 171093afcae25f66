/* Vectors shared by a node: exchange.c. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_COLLISION_EXCHANGE_H
#define UMKLAPP_COLLISION_EXCHANGE_H

#include <petscvec.h>
#include "umklapp/base.h"

typedef struct _p_Exchange {
  SharedArray  array[2];
  PetscScalar *in, *out;         /* [n], one copy per node */
  size_t       first, nlocal, n; /* this rank's part */
  int          rank, size;       /* on the node */
} *Exchange;

/* Of vectors with n entries, of which this rank owns nlocal from first on. Collective, as all of these. */
PetscErrorCode ExchangeCreate(MPI_Comm comm, PetscInt first, PetscInt nlocal, PetscInt n, Exchange *exchange);
PetscErrorCode ExchangeDestroy(Exchange *exchange);
/* x as every rank sees it: [n], until the next call. */
PetscErrorCode ExchangeGather(Exchange exchange, Vec x, const PetscScalar **all);
/* y <- sum over ranks of their values [n][width] at rows place [n], ascending, of `width` entries each. */
PetscErrorCode ExchangeReduce(Exchange exchange, PetscInt width, PetscInt n, const int32_t *place, const PetscScalar *value, Vec y);

#endif

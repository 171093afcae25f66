/*
  Vectors of the operator shared by a node: what its ranks' processes read, in one copy that the nodes exchange, and what they add, summed on the node
  before it travels. A node takes part with one message where each of its ranks would, and every value comes to it once.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exchange.h"

PetscErrorCode ExchangeCreate(MPI_Comm comm, PetscInt first, PetscInt nlocal, PetscInt n, Exchange *exchange)
{
  Exchange e;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&e));
  *exchange = e;
  e->first  = (size_t)first;
  e->nlocal = (size_t)nlocal;
  e->n      = (size_t)n;
  for (int k = 0; k < 2; k++) {
    PetscCall(SharedArrayCreate(comm, sizeof(PetscScalar) * e->n, &e->array[k]));
    PetscCall(SharedArrayGet(e->array[k], k ? &e->out : &e->in));
  }
  PetscCall(SharedArrayGetNode(e->array[0], &e->rank, &e->size));
  PetscFunctionReturn(0);
}

PetscErrorCode ExchangeDestroy(Exchange *exchange)
{
  Exchange e = *exchange;
  PetscFunctionBeginUser;
  if (!e) PetscFunctionReturn(0);
  for (int k = 0; k < 2; k++) PetscCall(SharedArrayDestroy(&e->array[k]));
  PetscCall(PetscFree(*exchange));
  PetscFunctionReturn(0);
}

PetscErrorCode ExchangeGather(Exchange e, Vec x, const PetscScalar **all)
{
  const PetscScalar *mine;
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(x, &mine));
  PetscCall(PetscArraycpy(e->in + e->first, mine, e->nlocal));
  PetscCall(VecRestoreArrayRead(x, &mine));
  PetscCall(SharedArrayCombine(e->array[0], sizeof(PetscScalar) * e->first, sizeof(PetscScalar) * (e->first + e->nlocal)));
  *all = e->in;
  PetscFunctionReturn(0);
}

/* The node's rows in as many parts as it has ranks; rank r adds to part r first, to the next one then, and so on: no two to one at a time, and always in the same order. */
PetscErrorCode ExchangeReduce(Exchange e, PetscInt width, PetscInt n, const int32_t *place, const PetscScalar *value, Vec y)
{
  const size_t rows = e->n / (size_t)width;
  PetscScalar *mine;
  PetscFunctionBeginUser;
  for (int step = 0; step < e->size; step++) {
    const size_t part = (size_t)((e->rank + step) % e->size), begin = rows * part / (size_t)e->size, end = rows * (part + 1) / (size_t)e->size;
    PetscInt     low = 0, high = n;
    if (step == 0) PetscCall(PetscArrayzero(e->out + begin * (size_t)width, (end - begin) * (size_t)width));
    while (low < high) { /* the first place of this part */
      const PetscInt middle = low + (high - low) / 2;
      if ((size_t)place[middle] < begin) low = middle + 1;
      else high = middle;
    }
    for (PetscInt i = low; i < n && (size_t)place[i] < end; i++)
      for (PetscInt r = 0; r < width; r++) e->out[(size_t)place[i] * (size_t)width + (size_t)r] += value[(size_t)i * (size_t)width + (size_t)r];
    if (step + 1 < e->size) PetscCall(SharedArrayFence(e->array[1]));
  }
  PetscCall(SharedArrayReduce(e->array[1], e->n, MPIU_SCALAR, MPI_SUM));
  PetscCall(VecGetArrayWrite(y, &mine));
  PetscCall(PetscArraycpy(mine, e->out + e->first, e->nlocal));
  PetscCall(VecRestoreArrayWrite(y, &mine));
  PetscFunctionReturn(0);
}

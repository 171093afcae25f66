/* Arrays with one copy per node, filled from rank 0. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"

#define CHUNK ((size_t)16 << 20)

PetscErrorCode NodeArrayCreate(MPI_Comm comm, size_t bytes, NodeArray *array)
{
  PetscFunctionBeginUser;
  array->bytes = bytes;
  PetscCall(SharedArrayCreate(comm, bytes, &array->window));
  PetscCall(SharedArrayGet(array->window, &array->at));
  PetscFunctionReturn(0);
}

PetscErrorCode NodeArrayFrom(MPI_Comm comm, size_t bytes, const void *source, NodeArray *array)
{
  char *chunk;
  bool  owner;
  int   rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(NodeArrayCreate(comm, bytes, array));
  PetscCall(SharedArrayIsOwner(array->window, &owner));
  PetscCall(PetscMalloc1(PetscMin(bytes, CHUNK), &chunk));
  for (size_t at = 0; at < bytes; at += CHUNK) {
    const size_t n = PetscMin(CHUNK, bytes - at);

    if (rank == 0) memcpy(chunk, (const char *)source + at, n);
    PetscCallMPI(MPI_Bcast(chunk, (int)n, MPI_BYTE, 0, comm));
    if (owner) memcpy((char *)array->at + at, chunk, n);
  }
  PetscCall(PetscFree(chunk));
  PetscCall(SharedArrayFence(array->window));
  PetscFunctionReturn(0);
}

PetscErrorCode NodeArrayDestroy(NodeArray *array)
{
  PetscFunctionBeginUser;
  if (array->window) PetscCall(SharedArrayDestroy(&array->window));
  array->at    = NULL;
  array->bytes = 0;
  PetscFunctionReturn(0);
}

/* Kept processes: batches copied as they come, 22 to 30 bytes a process. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <stdlib.h>
#include <string.h>

static void *take(char **at, const void *from, size_t bytes)
{
  void *to = *at;
  if (!from) return NULL;
  memcpy(to, from, bytes);
  *at += (bytes + 7) / 8 * 8;
  return to;
}

static size_t padded(const void *from, size_t bytes) { return from ? (bytes + 7) / 8 * 8 : 0; }

PetscErrorCode StoreAppend(Store *store, PetscInt channel, PetscInt point, const ProcessBatch *b)
{
  Chunk       *chunk;
  const size_t n     = (size_t)b->count;
  size_t       bytes = padded(b->kernel, 8 * n);
  char        *at;
  PetscFunctionBeginUser;
  for (int m = 0; m < b->nmembers; m++) bytes += padded(b->state[m], 4 * n) + padded(b->op[m], n) + padded(b->energy[m], 8 * n);
  PetscCall(PetscMalloc1(sizeof(Chunk) + bytes, &at));
  chunk          = (Chunk *)at;
  chunk->batch   = *b;
  chunk->channel = channel;
  chunk->point   = point;
  chunk->block   = NULL;
  chunk->next    = NULL;
  at             = (char *)chunk + sizeof(Chunk);
  chunk->batch.kernel = take(&at, b->kernel, 8 * n);
  for (int m = 0; m < b->nmembers; m++) {
    chunk->batch.state[m]  = take(&at, b->state[m], 4 * n);
    chunk->batch.op[m]     = take(&at, b->op[m], n);
    chunk->batch.energy[m] = take(&at, b->energy[m], 8 * n);
  }
  if (store->last) store->last->next = chunk;
  else store->first = chunk;
  store->last = chunk;
  store->bytes += (PetscReal)(sizeof(Chunk) + bytes);
  store->processes += (PetscReal)n;
  PetscFunctionReturn(0);
}

PetscErrorCode StoreClear(Store *store)
{
  PetscFunctionBeginUser;
  for (Chunk *c = store->first, *next; c; c = next) {
    next = c->next;
    PetscCall(PetscFree(c->block));
    PetscCall(PetscFree(c));
  }
  memset(store, 0, sizeof(*store));
  PetscFunctionReturn(0);
}

PetscErrorCode StoreCut(Store *store, const Store *before)
{
  Chunk *first = before->last ? before->last->next : store->first;
  PetscFunctionBeginUser;
  for (Chunk *c = first, *next; c; c = next) {
    next = c->next;
    PetscCall(PetscFree(c->block));
    PetscCall(PetscFree(c));
  }
  *store = *before;
  if (store->last) store->last->next = NULL;
  PetscFunctionReturn(0);
}

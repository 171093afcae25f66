/* The set of coupled pairs of states, with positions that never change once given. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <string.h>

static inline uint64_t hash_pair(int32_t a, int32_t b)
{
  uint64_t x = ((uint64_t)(uint32_t)a << 32 | (uint32_t)b) * UINT64_C(0x9E3779B97F4A7C15);
  return x ^ x >> 29;
}

#define TRIANGLE_MOST 8192 /* unknowns up to which a table of all pairs may be held: 134 MB */

#define SLOTS_MOST    (1 << 30) /* positions are int32 */

/* Whether a table of all n (n + 1)/2 pairs takes no more than hashing so many. */
static bool triangle(PetscReal nunknowns, PetscReal expected) { return nunknowns > 0.0 && nunknowns <= TRIANGLE_MOST && 0.5 * nunknowns * (nunknowns + 1.0) <= 2.0 * expected; }

PetscReal CollisionTableBytes(PetscReal nunknowns, PetscReal processes, PetscReal blocks)
{
  if (blocks <= 0.0) return 0.0;
  return sizeof(int32_t) * (triangle(nunknowns, 3.0 * processes) ? 0.5 * nunknowns * (nunknowns + 1.0) : pow(2.0, PetscMax(12.0, ceil(log2(2.0 * blocks)))));
}

PetscErrorCode BlockListPrepare(BlockList *l, PetscInt nunknowns, PetscReal expected)
{
  const size_t n = (size_t)nunknowns * ((size_t)nunknowns + 1) / 2;
  PetscFunctionBeginUser;
  if (l->pair || l->slot || !triangle((PetscReal)nunknowns, expected)) PetscFunctionReturn(0);
  l->nunknowns = nunknowns;
  PetscCall(PetscMalloc1(n, &l->slot));
  memset(l->slot, 0xff, sizeof(int32_t) * n);
  PetscFunctionReturn(0);
}

static PetscErrorCode insert_triangle(BlockList *l, int32_t a, int32_t b, int32_t *position)
{
  int32_t *slot = &l->slot[(size_t)b * ((size_t)b + 1) / 2 + (size_t)a];
  PetscFunctionBeginUser;
  if (*slot < 0) {
    if (l->count == l->capacity) {
      l->capacity = PetscMax(4096, 2 * l->capacity);
      PetscCall(PetscRealloc(sizeof(*l->pair) * (size_t)l->capacity, &l->pair));
    }
    l->pair[l->count][0] = a;
    l->pair[l->count][1] = b;
    *slot                = (int32_t)l->count++;
  }
  *position = *slot;
  PetscFunctionReturn(0);
}

static PetscErrorCode grow(BlockList *l)
{
  const PetscInt64 slots = l->slots ? 2 * (PetscInt64)l->slots : 4096, capacity = slots / 2;
  int32_t (*pair)[2];
  PetscFunctionBeginUser;
  if (slots > SLOTS_MOST) return InputErrorAt(NULL, 0, "solver.operator: more than %d pairs of coupled states on one rank: use more ranks, or replayed", SLOTS_MOST / 2);
  PetscCall(PetscMalloc1(capacity, &pair));
  for (PetscInt i = 0; i < l->count; i++) {
    pair[i][0] = l->pair[i][0];
    pair[i][1] = l->pair[i][1];
  }
  PetscCall(PetscFree(l->pair));
  PetscCall(PetscFree(l->slot));
  PetscCall(PetscMalloc1(slots, &l->slot));
  for (PetscInt64 i = 0; i < slots; i++) l->slot[i] = -1;
  l->pair     = pair;
  l->slots    = (PetscInt)slots;
  l->capacity = (PetscInt)capacity;
  for (PetscInt i = 0; i < l->count; i++) {
    uint64_t at = hash_pair(pair[i][0], pair[i][1]) & (uint64_t)(slots - 1);
    while (l->slot[at] >= 0) at = (at + 1) & (uint64_t)(slots - 1);
    l->slot[at] = (int32_t)i;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode BlockListFind(BlockList *l, int32_t a, int32_t b, int32_t *position)
{
  PetscFunctionBeginUser;
  if (a > b) {
    int32_t t = a;
    a         = b;
    b         = t;
  }
  if (l->nunknowns) {
    PetscCall(insert_triangle(l, a, b, position));
    PetscFunctionReturn(0);
  }
  if (l->count == l->capacity) PetscCall(grow(l));
  uint64_t at = hash_pair(a, b) & (uint64_t)(l->slots - 1);
  for (; l->slot[at] >= 0; at = (at + 1) & (uint64_t)(l->slots - 1)) {
    const int32_t *p = l->pair[l->slot[at]];
    if (p[0] == a && p[1] == b) {
      *position = l->slot[at];
      PetscFunctionReturn(0);
    }
  }
  l->pair[l->count][0] = a;
  l->pair[l->count][1] = b;
  l->slot[at]          = (int32_t)l->count;
  *position            = (int32_t)l->count++;
  PetscFunctionReturn(0);
}

PetscErrorCode BlockListDestroy(BlockList *l)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(l->pair));
  PetscCall(PetscFree(l->slot));
  *l = (BlockList){0};
  PetscFunctionReturn(0);
}

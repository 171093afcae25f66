/* Wedge points dealt to ranks by the work of enumerating their processes; rows of the operator. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

/* Points of species s have places place[s] .. place[s] + nk - 1 in one list. */
typedef struct {
  PetscInt place[NSPECIES], n;
} Places;

static Places find_places(Collision c)
{
  Places p = {{0, 0}, 0};
  for (int s = 0; s < NSPECIES; s++) {
    p.place[s] = p.n;
    if (c->states[s]) p.n += c->states[s]->nk;
  }
  return p;
}

/* work [n] of the places begin ... end - 1 */
static PetscErrorCode find_work(Collision c, const Places *p, PetscInt begin, PetscInt end, PetscReal *work)
{
  Progress progress;
  PetscInt done = 0;
  PetscFunctionBeginUser;
  ProgressBegin(&progress, "dealing the work", (PetscReal)(c->nchannels * (end - begin)));
  for (PetscInt i = 0; i < c->nchannels; i++) {
    const Species  s    = c->channel[i]->first;
    const PetscInt last = PetscMin(end - p->place[s], c->states[s]->nk);
    for (PetscInt ik = PetscMax(0, begin - p->place[s]); ik < last; ik++) {
      PetscReal w;
      if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
      PetscCall(ChannelWork(c->channel[i], ik, &w));
      work[p->place[s] + ik] += w;
      ProgressUpdate(&progress, (PetscReal)++done);
    }
  }
  PetscFunctionReturn(0);
}

/* work [n], one copy per node: each rank finds that of a part of the list. */
static PetscErrorCode gather_work(Collision c, const Places *p, SharedArray array)
{
  PetscReal *work;
  PetscInt   begin, end;
  PetscFunctionBeginUser;
  PetscCall(SharedArrayGet(array, &work));
  StatesShare(c->comm, p->n, &begin, &end);
  PetscCall(ErrorAgree(c->comm, find_work(c, p, begin, end, work)));
  PetscCall(SharedArrayCombine(array, sizeof(PetscReal) * (size_t)begin, sizeof(PetscReal) * (size_t)end));
  PetscFunctionReturn(0);
}

typedef struct {
  PetscReal load;
  int       rank;
} Bin;

static bool before(const Bin *a, const Bin *b) { return a->load < b->load || (a->load == b->load && a->rank < b->rank); }

/* The first of a heap has grown. */
static void sift(int n, Bin *heap)
{
  for (int at = 0, least;; at = least) {
    least = at;
    for (int child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
      if (before(&heap[child], &heap[least])) least = child;
    if (least == at) return;
    const Bin swap = heap[at];
    heap[at]       = heap[least];
    heap[least]    = swap;
  }
}

/* Longest first, each to the least loaded rank. One rank of each node does it: the same on all nodes. */
static PetscErrorCode deal(PetscInt n, const PetscReal *work, int size, int32_t *owner)
{
  Bin       *heap;
  PetscReal *key;
  PetscInt  *order;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &key, n, &order, size, &heap));
  for (int r = 0; r < size; r++) heap[r] = (Bin){0.0, r};
  for (PetscInt i = 0; i < n; i++) {
    key[i]   = -work[i];
    order[i] = i;
  }
  PetscCall(PetscSortRealWithArrayInt(n, key, order));
  for (PetscInt i = 0; i < n; i++) {
    owner[order[i]] = heap[0].rank;
    heap[0].load += work[order[i]];
    sift(size, heap);
  }
  PetscCall(PetscFree3(key, order, heap));
  PetscFunctionReturn(0);
}

typedef PetscInt PerSpecies[NSPECIES];

/* first [size + 1][species]: row of each rank's first unknown of a species; electrons of a rank come before its phonons. Points of this rank: c->nk. */
static PetscErrorCode count_rows(Collision c, const Places *p, const int32_t *owner, int rank, int size, PerSpecies *first)
{
  PetscInt row = 0;
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(first, size + 1));
  for (int s = 0; s < NSPECIES; s++) {
    const States t = c->states[s];
    for (PetscInt ik = 0; t && ik < t->nk; ik++) {
      const int32_t r = owner[p->place[s] + ik];
      if (r == rank) c->nk[s]++;
      if (c->unknown[s]) first[r][s] += t->first[ik + 1] - t->first[ik];
    }
  }
  for (int r = 0; r <= size; r++)
    for (int s = 0; s < NSPECIES; s++) {
      const PetscInt n = first[r][s];
      first[r][s]      = row;
      row += n;
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode number_rows(Collision c, const Places *p, const int32_t *owner)
{
  PerSpecies *next;
  int         rank, size;
  bool        writer;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscMalloc1(size + 1, &next));
  PetscCall(count_rows(c, p, owner, rank, size, next));
  c->row_first = next[rank][0];
  c->nrows     = next[rank + 1][0] - c->row_first;
  PetscCall(PetscMalloc1(c->nrows, &c->local));
  PetscCall(SharedArrayIsOwner(c->row_array, &writer));
  for (int s = 0; s < NSPECIES; s++) {
    const States t    = c->states[s];
    PetscInt     n    = 0;
    c->begin[s]    = next[rank][s] - c->row_first;
    c->nlocal[s]   = (s + 1 < NSPECIES ? next[rank][s + 1] - c->row_first : c->nrows) - c->begin[s];
    if (t) PetscCall(PetscMalloc1(c->nk[s], &c->ik[s]));
    for (PetscInt ik = 0; t && ik < t->nk; ik++) {
      const int32_t r = owner[p->place[s] + ik];
      if (r == rank) c->ik[s][n++] = ik;
      for (int32_t a = t->first[ik]; c->unknown[s] && a < t->first[ik + 1]; a++) {
        const PetscInt row = next[r][s]++;
        if (r == rank) c->local[row - c->row_first] = a;
        if (writer) c->row[c->offset[s] + a] = (int32_t)row;
      }
    }
  }
  PetscCall(PetscFree(next));
  PetscCall(SharedArrayFence(c->row_array));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionDeal(Collision c)
{
  const Places p = find_places(c);
  SharedArray  work_array, owner_array;
  PetscReal   *work;
  int32_t     *owner;
  int          size;
  bool         dealer;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(SharedArrayCreate(c->comm, sizeof(*work) * (size_t)p.n, &work_array));
  PetscCall(SharedArrayCreate(c->comm, sizeof(*owner) * (size_t)p.n, &owner_array));
  PetscCall(SharedArrayGet(work_array, &work));
  PetscCall(SharedArrayGet(owner_array, &owner));
  PetscCall(SharedArrayIsOwner(owner_array, &dealer));
  PetscCall(gather_work(c, &p, work_array));
  PetscCall(ErrorAgree(c->comm, dealer ? deal(p.n, work, size, owner) : 0));
  PetscCall(SharedArrayFence(owner_array));
  PetscCall(number_rows(c, &p, owner));
  PetscCall(SharedArrayDestroy(&work_array));
  PetscCall(SharedArrayDestroy(&owner_array));
  PetscFunctionReturn(0);
}

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

static PetscErrorCode gather_work(Collision c, const Places *p, PetscReal *work)
{
  int rank, size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscArrayzero(work, p->n));
  for (PetscInt i = 0; i < c->nchannels; i++) {
    const Species s = c->channel[i]->first;
    for (PetscInt ik = rank; ik < c->states[s]->nk; ik += size) {
      PetscReal w;
      PetscCall(ChannelWork(c->channel[i], ik, &w));
      work[p->place[s] + ik] += w;
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, work, (PetscMPIInt)p->n, MPIU_REAL, MPI_SUM, c->comm));
  PetscFunctionReturn(0);
}

/* Longest first, each to the least loaded rank. */
static PetscErrorCode deal(PetscInt n, const PetscReal *work, int size, int *owner)
{
  PetscReal *load, *key;
  PetscInt  *order;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(size, &load));
  PetscCall(PetscMalloc2(n, &key, n, &order));
  for (PetscInt i = 0; i < n; i++) {
    key[i]   = -work[i];
    order[i] = i;
  }
  PetscCall(PetscSortRealWithArrayInt(n, key, order));
  for (PetscInt i = 0; i < n; i++) {
    int best = 0;
    for (int r = 1; r < size; r++)
      if (load[r] < load[best]) best = r;
    owner[order[i]] = best;
    load[best] += work[order[i]];
  }
  PetscCall(PetscFree(load));
  PetscCall(PetscFree2(key, order));
  PetscFunctionReturn(0);
}

static PetscErrorCode number_rows(Collision c, const Places *p, const int *owner)
{
  PetscInt row = 0;
  int      rank, size;
  bool     writer;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  for (int s = 0; s < NSPECIES; s++)
    if (c->states[s]) PetscCall(PetscMalloc1(c->states[s]->nk, &c->ik[s]));
  PetscCall(PetscMalloc1(c->nunknowns, &c->local));
  PetscCall(SharedArrayIsOwner(c->row_array, &writer));
  for (int r = 0; r < size; r++) {
    if (r == rank) c->row_first = row;
    for (int s = 0; s < NSPECIES; s++) {
      const States t = c->states[s];
      if (r == rank) c->begin[s] = c->nrows;
      for (PetscInt ik = 0; t && ik < t->nk; ik++) {
        if (owner[p->place[s] + ik] != r) continue;
        if (r == rank) c->ik[s][c->nk[s]++] = ik;
        for (int32_t a = t->first[ik]; c->unknown[s] && a < t->first[ik + 1]; a++, row++) {
          if (r == rank) c->local[c->nrows++] = a;
          if (writer) c->row[c->offset[s] + a] = (int32_t)row;
        }
      }
      if (r == rank) c->nlocal[s] = c->nrows - c->begin[s];
    }
  }
  PetscCall(SharedArrayFence(c->row_array));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionDeal(Collision c)
{
  const Places p = find_places(c);
  PetscReal   *work;
  int         *owner, size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscMalloc2(p.n, &work, p.n, &owner));
  PetscCall(gather_work(c, &p, work));
  PetscCall(deal(p.n, work, size, owner));
  PetscCall(number_rows(c, &p, owner));
  PetscCall(PetscFree2(work, owner));
  PetscFunctionReturn(0);
}

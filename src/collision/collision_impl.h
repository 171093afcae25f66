/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_COLLISION_IMPL_H
#define UMKLAPP_COLLISION_IMPL_H

#include "umklapp/collision.h"

/* A batch that was kept: the arrays its `batch` points to are one allocation. */
typedef struct _Chunk {
  ProcessBatch   batch;
  PetscInt       channel;
  int32_t       *block;  /* [count] position of the (first, last) electron pair in the operator's block list; NULL until known */
  struct _Chunk *next;
} Chunk;

typedef struct {
  Chunk    *first, *last;
  PetscReal bytes, processes;
} Store;

/* Unordered pairs of wedge states that processes couple, in order of discovery; open addressing. */
typedef struct {
  PetscInt  count, capacity, slots;
  int32_t (*pair)[2]; /* [count], a <= b */
  int32_t  *slot;     /* [slots] position in pair, or -1 */
} BlockList;

struct _p_Collision {
  MPI_Comm    comm;
  States      electrons, phonons;
  PetscInt    nchannels;
  Channel    *channel;
  PetscReal   memory;            /* bytes per rank that may be kept */
  bool        keep, walls, set_up;
  PetscInt    nk, *ik;           /* wedge points of this rank */
  PetscInt    nlocal, *local;    /* its states, row order */
  PetscInt    row_first;         /* first local state row */
  SharedArray row_array, weight_array[2];
  int32_t    *row;               /* [nstates] state row, node-shared */
  PetscReal  *weight[2];         /* [electrons], [phonons] w, node-shared */
  StatesPoint point;
  PetscInt    only;              /* the one channel that acts, or -1 */
  PetscInt    serial;            /* counts points, to know what is stale */
  Store       fixed, moving;     /* point-independent and point-dependent processes */
  PetscReal   processes;         /* enumerated at SetUp or at the last point, this rank */
  PetscReal   charge_defect;     /* of this point */
  PetscReal  *rate;              /* [nchannels + 1][nlocal]; total last */
  PetscReal (*rotation)[9];      /* Cartesian mesh operations */
  PetscReal (*projector)[9];     /* [nk] onto the vectors that the point's little group leaves alone, node-shared */
  SharedArray projector_array;
  BlockList   blocks;
  PetscInt    blocks_in_matrix;  /* what the sparsity pattern knows */
  Mat         A, D;
  PetscInt    serial_A, serial_D;
  PetscReal  *value;             /* [blocks][9] */
  int         ncomponent;        /* entries of a block that the operations can fill */
  int         component[9];
};

/* What an active (electron) pair of a process is. */
typedef struct {
  int first, last; /* member positions; last < 0: one-member process */
} ActivePair;
ActivePair ProcessActivePair(const ProcessBatch *batch);

/* store.c */
PetscErrorCode StoreAppend(Store *store, PetscInt channel, const ProcessBatch *batch);
PetscErrorCode StoreClear(Store *store);
/* blocks.c */
PetscErrorCode BlockListFind(BlockList *list, int32_t a, int32_t b, int32_t *position); /* inserts when new */
PetscErrorCode BlockListDestroy(BlockList *list);
/* Hand every process of this point to the sink: kept ones by replay, others by enumeration. chunk: NULL when not from the store. */
typedef PetscErrorCode (*ChunkConsumer)(void *ctx, PetscInt channel, const ProcessBatch *batch, Chunk *chunk);
PetscErrorCode CollisionForEach(Collision collision, ChunkConsumer consume, void *ctx);
/* prod w over all members of process n, at the current point */
static inline PetscReal ProcessWeight(Collision c, const ProcessBatch *b, PetscInt n)
{
  PetscReal w = 1.0;
  for (int m = 0; m < b->nmembers; m++) {
    if (b->species[m] == SPECIES_BATH) w *= 0.5 / sinh(0.5 * b->energy[m][n] / c->point.kT);
    else w *= c->weight[b->species[m]][b->state[m][n]];
  }
  return w;
}
/* little.c */
PetscErrorCode CollisionBuildProjectors(Collision collision);
PetscErrorCode CollisionComputeRates(Collision collision);

#endif

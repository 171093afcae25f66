/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_COLLISION_IMPL_H
#define UMKLAPP_COLLISION_IMPL_H

#include "exchange.h"
#include "umklapp/collision.h"

#define NSPECIES  2 /* electrons, phonons; bath bosons have no states */
#define MAX_PAIRS (PROCESS_MAX_MEMBERS * (PROCESS_MAX_MEMBERS - 1) / 2)

/* A batch that was kept: the arrays its `batch` points to are one allocation. */
typedef struct _Chunk {
  ProcessBatch   batch;
  PetscInt       channel, point; /* wedge point of the first members */
  int32_t       *block;  /* [pairs][count] positions of the pairs of unknowns in the operator's block list; NULL until known */
  struct _Chunk *next;
} Chunk;

typedef struct {
  Chunk    *first, *last;
  PetscReal bytes, processes;
} Store;

/* Unordered pairs of unknowns that processes couple, in order of discovery; found by a triangular table where many of all pairs are expected, else by hashing. Zero-initialize. */
typedef struct {
  PetscInt  count, capacity, slots;
  PetscInt  nunknowns; /* > 0: slot is the triangle [n (n + 1)/2] */
  int32_t (*pair)[2];  /* [count], a <= b */
  int32_t  *slot;      /* position in pair, or -1 */
} BlockList;

/* Where the enumeration of the point-independent channels stands, in the order of channels and of this rank's points. */
typedef struct {
  bool    **finished;    /* [nchannels][nk of the channel's species]: this rank's points that are done, restored or enumerated */
  PetscInt  channel, k;  /* next */
  bool      prepared;    /* the channel at hand */
  PetscInt  nfresh, capacity, (*fresh)[2]; /* (channel, wedge point) finished since the last CollisionMarkSaved */
  Chunk    *saved;       /* the last chunk before that mark; NULL: none */
  PetscInt  done, total;
  Progress  report;
} EnumerationState;

struct _p_Collision {
  MPI_Comm    comm;
  States      states[NSPECIES];   /* NULL: none of these in the run */
  bool        unknown[NSPECIES];
  PetscInt    offset[NSPECIES], nunknowns; /* unknown number of state a: offset[species] + a */
  KMesh       mesh;               /* of the unknowns */
  PetscInt    nchannels, ncolumns;/* columns of rates: channels, the total, parts of channels */
  Channel    *channel;
  PetscReal   memory;             /* bytes per rank that may be kept */
  bool        keep, walls, set_up;
  PetscInt    nk[NSPECIES], *ik[NSPECIES]; /* wedge points of this rank */
  PetscInt    begin[NSPECIES], nlocal[NSPECIES]; /* its unknowns, row order: begin, number */
  PetscInt    nrows, *local;      /* unknowns of this rank; [nrows] state numbers within their species */
  PetscInt    row_first;          /* first unknown of this rank, in row order */
  SharedArray row_array, weight_array[NSPECIES], star_array;
  int32_t    *row;                /* [nunknowns] place in row order, node-shared */
  PetscReal   multiplicity[NSPECIES]; /* how often a state of the mesh counts, relative to an electron's: see CollisionGetMultiplicity */
  PetscReal  *star;               /* [nunknowns] images times multiplicity, node-shared */
  PetscReal  *weight[NSPECIES];   /* w of all states, node-shared */
  StatesPoint point;
  PetscInt    only;               /* the one channel that acts, or -1 */
  CollisionWork work;
  PetscReal   drawn[NSPECIES];    /* of a sample: share of the wedge points */
  PetscInt    serial;             /* counts points, to know what is stale */
  Store       fixed, moving;      /* point-independent and point-dependent processes */
  PetscReal   processes;          /* point-independent ones, this rank */
  EnumerationState progress;
  PetscReal   charge_defect, energy_defect; /* of this point */
  PetscReal  *rate;               /* [ncolumns][nrows] */
  PetscReal (*rotation)[9];       /* Cartesian mesh operations */
  uint8_t    *relative;           /* [nops][nops] position of S_a^-1 S_b */
  PetscReal (*projector[NSPECIES])[9]; /* [nk] onto the vectors that the point's little group leaves alone, node-shared */
  SharedArray projector_array[NSPECIES];
  BlockList   blocks;
  PetscReal   block_limit;        /* bytes they may take while their number is being found; 0: no limit */
  PetscInt    blocks_in_matrix;   /* what the sparsity pattern knows */
  Mat         A, D;
  PetscInt    serial_A, serial_D, serial_blocks;
  Progress    filling;            /* of the blocks */
  PetscReal   filled;             /* processes, for it */
  Exchange    exchange;           /* of the shells; NULL before the first */
  PetscReal  *value;              /* [nvalues][9] of the blocks, this rank's share */
  PetscInt    nvalues;
  int         ncomponent;         /* entries of a block that the operations can fill */
  int         component[9];
};

/* Members of a batch that are unknowns, and their pairs. */
typedef struct {
  int n, member[PROCESS_MAX_MEMBERS];
  int npairs, pair[MAX_PAIRS][2]; /* member positions, first < second */
} ActiveMembers;
ActiveMembers CollisionActive(Collision c, const ProcessBatch *batch);

static inline PetscInt MemberUnknown(Collision c, const ProcessBatch *b, int m, PetscInt n) { return c->offset[b->species[m]] + b->state[m][n]; }
static inline int MemberOp(const ProcessBatch *b, int m, PetscInt n) { return b->op[m] ? b->op[m][n] : 0; }
/* Images of a process: those of its first member's point, times the multiplicity of that species. */
static inline PetscReal ProcessStar(Collision c, const ProcessBatch *b, PetscInt n) { return c->multiplicity[b->species[0]] * c->states[b->species[0]]->star[b->state[0][n]]; }
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

/* events.c: what -log_view times and counts */
enum { EVENT_RATES, EVENT_FILL, EVENT_BLOCKS, EVENT_REPLAY, EVENT_COUNT };
extern PetscLogEvent CollisionEvent[EVENT_COUNT];
PetscErrorCode CollisionRegisterEvents(void);
/* store.c */
PetscErrorCode StoreAppend(Store *store, PetscInt channel, PetscInt point, const ProcessBatch *batch);
PetscErrorCode StoreClear(Store *store);
PetscErrorCode StoreCut(Store *store, const Store *before); /* back to what it was then, of which nothing has gone since */
/* blocks.c */
/* Before the first pair: a table of all pairs where it is no larger than what so many expected ones need anyway, else hashing. */
PetscErrorCode BlockListPrepare(BlockList *list, PetscInt nunknowns, PetscReal expected);
PetscErrorCode BlockListFind(BlockList *list, int32_t a, int32_t b, int32_t *position); /* inserts when new */
PetscErrorCode BlockListDestroy(BlockList *list);
/* deal.c: wedge points to ranks, rows. */
PetscErrorCode CollisionDeal(Collision c);
/* Hand every process of this point to the sink: kept ones by replay, others by enumeration. chunk: NULL when not from the store. */
typedef PetscErrorCode (*ChunkConsumer)(void *ctx, PetscInt channel, const ProcessBatch *batch, Chunk *chunk);
PetscErrorCode CollisionForEach(Collision collision, ChunkConsumer consume, void *ctx);
/* enumerate.c: channels that depend on the point, at the present one; no enumeration to go on with. Collective. */
PetscErrorCode CollisionEnumerateMoving(Collision c);
PetscErrorCode CollisionForgetProgress(Collision c);
/* little.c */
PetscErrorCode CollisionBuildProjectors(Collision collision);
/* operator.c */
PetscErrorCode CollisionFillBlocks(Collision c);
/* rates.c */
PetscInt       CollisionPartColumn(Collision c, PetscInt channel); /* column of rates of the channel's first part */
PetscErrorCode CollisionComputeRates(Collision collision);

#endif

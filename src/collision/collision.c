/* Dealing wedge points to ranks, enumerating processes, going from point to point. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

static const DeckKey keys[] = {
  {"collision",        DECK_SECTION, .help = "the collision operator"},
  {"collision.memory", DECK_REAL, .fallback = "6", .min = 0, .max = 1e6, .help = "GiB per rank for kept processes; beyond it they are enumerated anew at every temperature and density"},
  {NULL}};

PetscErrorCode CollisionRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

ActivePair ProcessActivePair(const ProcessBatch *b)
{
  ActivePair p = {-1, -1};
  for (int m = 0; m < b->nmembers; m++) {
    if (b->species[m] != SPECIES_ELECTRON) continue;
    if (p.first < 0) p.first = m;
    else p.last = m;
  }
  return p;
}

/* Entries of a 3x3 block that some operation can fill. */
static void find_components(Collision c)
{
  bool used[9] = {false};
  for (PetscInt io = 0; io < c->electrons->mesh->nops; io++)
    for (int r = 0; r < 9; r++) {
      if (c->rotation[io][r] == 0.0) continue;
      used[r] = used[3 * (r % 3) + r / 3] = true;
    }
  c->ncomponent = 0;
  for (int r = 0; r < 9; r++)
    if (used[r]) c->component[c->ncomponent++] = r;
}

PetscErrorCode CollisionCreate(MPI_Comm comm, Deck deck, States electrons, States phonons, PetscInt nchannels, Channel *channels, Collision *collision)
{
  Collision c;
  PetscReal gib;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  *collision   = c;
  c->comm      = comm;
  c->electrons = electrons;
  c->phonons   = phonons;
  c->nchannels = nchannels;
  c->channel   = channels;
  c->serial_A = c->serial_D = c->only = -1;
  PetscCall(DeckGetReal(deck, "memory", &gib, NULL));
  c->memory = gib * 1073741824.0;
  c->keep   = true;
  PetscCall(PetscMalloc1(electrons->mesh->nops, &c->rotation));
  for (PetscInt io = 0; io < electrons->mesh->nops; io++) PetscCall(PetscArraycpy(c->rotation[io], &MeshOpCart(electrons->mesh, (int)io)[0][0], 9));
  find_components(c);
  PetscCall(CollisionBuildProjectors(c));
  PetscCall(SharedArrayCreate(comm, sizeof(int32_t) * (size_t)electrons->nstates, &c->row_array));
  PetscCall(SharedArrayGet(c->row_array, &c->row));
  PetscCall(SharedArrayCreate(comm, sizeof(PetscReal) * (size_t)electrons->nstates, &c->weight_array[0]));
  PetscCall(SharedArrayGet(c->weight_array[0], &c->weight[0]));
  if (phonons) {
    PetscCall(SharedArrayCreate(comm, sizeof(PetscReal) * (size_t)phonons->nstates, &c->weight_array[1]));
    PetscCall(SharedArrayGet(c->weight_array[1], &c->weight[1]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionDestroy(Collision *collision)
{
  Collision c = *collision;
  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(0);
  PetscCall(StoreClear(&c->fixed));
  PetscCall(StoreClear(&c->moving));
  PetscCall(BlockListDestroy(&c->blocks));
  PetscCall(MatDestroy(&c->A));
  PetscCall(MatDestroy(&c->D));
  PetscCall(PetscFree(c->value));
  PetscCall(PetscFree(c->rate));
  PetscCall(PetscFree(c->rotation));
  PetscCall(PetscFree(c->ik));
  PetscCall(PetscFree(c->local));
  PetscCall(SharedArrayDestroy(&c->projector_array));
  PetscCall(SharedArrayDestroy(&c->row_array));
  PetscCall(SharedArrayDestroy(&c->weight_array[0]));
  if (c->weight_array[1]) PetscCall(SharedArrayDestroy(&c->weight_array[1]));
  PetscCall(PetscFree(c));
  *collision = NULL;
  PetscFunctionReturn(0);
}

/* --- dealing ------------------------------------------------------------------------------ */

static PetscErrorCode gather_work(Collision c, PetscReal *work)
{
  const PetscInt nk = c->electrons->nk;
  int            rank, size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscArrayzero(work, nk));
  for (PetscInt ik = rank; ik < nk; ik += size)
    for (PetscInt i = 0; i < c->nchannels; i++) {
      PetscReal w;
      PetscCall(ChannelWork(c->channel[i], ik, &w));
      work[ik] += w;
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, work, (PetscMPIInt)nk, MPIU_REAL, MPI_SUM, c->comm));
  PetscFunctionReturn(0);
}

/* Longest first, each to the least loaded rank. */
static PetscErrorCode deal(PetscInt nk, const PetscReal *work, int size, int *owner)
{
  PetscReal *load, *key;
  PetscInt  *order;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(size, &load));
  PetscCall(PetscMalloc2(nk, &key, nk, &order));
  for (PetscInt i = 0; i < nk; i++) {
    key[i]   = -work[i];
    order[i] = i;
  }
  PetscCall(PetscSortRealWithArrayInt(nk, key, order));
  for (PetscInt i = 0; i < nk; i++) {
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

static PetscErrorCode number_rows(Collision c, const int *owner)
{
  States   s = c->electrons;
  PetscInt row = 0;
  int      rank, size;
  bool     writer;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(c->comm, &rank));
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscMalloc1(s->nk, &c->ik));
  PetscCall(PetscMalloc1(s->nstates, &c->local));
  PetscCall(SharedArrayIsOwner(c->row_array, &writer));
  c->row_first = -1;
  for (int r = 0; r < size; r++) {
    if (r == rank) c->row_first = row;
    for (PetscInt ik = 0; ik < s->nk; ik++) {
      if (owner[ik] != r) continue;
      if (r == rank) c->ik[c->nk++] = ik;
      for (int32_t a = s->first[ik]; a < s->first[ik + 1]; a++, row++) {
        if (r == rank) c->local[c->nlocal++] = a;
        if (writer) c->row[a] = (int32_t)row;
      }
    }
  }
  PetscCall(SharedArrayFence(c->row_array));
  PetscFunctionReturn(0);
}

/* --- enumeration -------------------------------------------------------------------------- */

typedef struct {
  Collision     c;
  PetscInt      channel;
  Store        *store;   /* NULL: do not keep */
  ChunkConsumer consume; /* NULL: only keep */
  void         *ctx;
  PetscReal     processes;
} Enumeration;

static PetscErrorCode enumeration_consume(void *ctx, const ProcessBatch *batch)
{
  Enumeration *e = ctx;
  PetscFunctionBeginUser;
  e->processes += (PetscReal)batch->count;
  if (e->store && e->c->keep) PetscCall(StoreAppend(e->store, e->channel, batch));
  if (e->store && e->store == &e->c->fixed && e->store->bytes > e->c->memory) {
    e->c->keep = false;
    PetscCall(StoreClear(e->store));
  }
  if (e->consume) PetscCall(e->consume(e->ctx, e->channel, batch, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Collision c, bool point_dependent, Enumeration *e, const char *stage)
{
  ProcessSink sink = {enumeration_consume, e};
  Progress    progress;
  PetscInt    n = 0, done = 0;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < c->nchannels; i++) n += c->channel[i]->point_dependent == point_dependent;
  if (n == 0) PetscFunctionReturn(0);
  if (stage) ProgressBegin(&progress, stage, (PetscReal)(n * c->nk));
  for (PetscInt i = 0; i < c->nchannels; i++) {
    if (c->channel[i]->point_dependent != point_dependent || (c->only >= 0 && c->only != i)) continue;
    e->channel = i;
    if (c->channel[i]->type->prepare) PetscCall(c->channel[i]->type->prepare(c->channel[i], c->nk, c->ik));
    for (PetscInt k = 0; k < c->nk; k++) {
      PetscCall(ChannelEnumerate(c->channel[i], &c->point, c->ik[k], &sink));
      if (stage) ProgressUpdate(&progress, (PetscReal)++done);
    }
  }
  if (stage) ProgressEnd(&progress);
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionForEach(Collision c, ChunkConsumer consume, void *ctx)
{
  Enumeration e = {.c = c, .consume = consume, .ctx = ctx};
  PetscFunctionBeginUser;
  for (Chunk *k = c->fixed.first; k; k = k->next)
    if (c->only < 0 || c->only == k->channel) PetscCall(consume(ctx, k->channel, &k->batch, k));
  if (!c->keep) PetscCall(enumerate(c, false, &e, NULL));
  for (Chunk *k = c->moving.first; k; k = k->next)
    if (c->only < 0 || c->only == k->channel) PetscCall(consume(ctx, k->channel, &k->batch, k));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionSetUp(Collision c)
{
  PetscReal  *work;
  int        *owner, size, kept;
  Enumeration e = {.c = c, .store = &c->fixed};
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(PetscMalloc2(c->electrons->nk, &work, c->electrons->nk, &owner));
  PetscCall(gather_work(c, work));
  PetscCall(deal(c->electrons->nk, work, size, owner));
  PetscCall(number_rows(c, owner));
  PetscCall(PetscFree2(work, owner));
  PetscCall(ErrorAgree(c->comm, enumerate(c, false, &e, "scattering processes")));
  kept = c->keep;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &kept, 1, MPI_INT, MPI_MIN, c->comm));
  if (!kept) {
    c->keep = false;
    PetscCall(StoreClear(&c->fixed));
    Log(1, "processes exceed collision.memory: they will be enumerated anew at every point");
  }
  c->processes = e.processes;
  PetscCall(PetscMalloc1((c->nchannels + 1) * c->nlocal, &c->rate));
  c->set_up = true;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetCost(Collision c, CollisionCost *cost)
{
  PetscReal sum[2], most;
  int       size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  sum[0] = c->processes + c->moving.processes;
  sum[1] = (PetscReal)c->blocks.count;
  most   = sum[0];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPI_MAX, c->comm));
  cost->processes = sum[0];
  cost->blocks    = sum[1];
  cost->imbalance = sum[0] > 0.0 ? most * size / sum[0] : 1.0;
  cost->bytes     = c->fixed.bytes + c->moving.bytes;
  cost->kept      = c->keep;
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_weights(Collision c, int which, States s)
{
  PetscInt begin, end;
  PetscFunctionBeginUser;
  StatesShare(c->comm, s->nstates, &begin, &end);
  PetscCall(SharedArrayFence(c->weight_array[which]));
  for (PetscInt a = begin; a < end; a++) c->weight[which][a] = StatesWeight(s->species, s->energy[a], &c->point);
  PetscCall(SharedArrayCombine(c->weight_array[which], sizeof(PetscReal) * (size_t)begin, sizeof(PetscReal) * (size_t)end));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionSetPoint(Collision c, const StatesPoint *point)
{
  Enumeration e    = {.c = c, .store = &c->moving};
  const bool  keep = c->keep;
  PetscFunctionBeginUser;
  PetscCheck(c->set_up, c->comm, PETSC_ERR_ORDER, "CollisionSetUp first");
  c->point = *point;
  c->only  = -1;
  c->serial++;
  PetscCall(fill_weights(c, 0, c->electrons));
  if (c->phonons) PetscCall(fill_weights(c, 1, c->phonons));
  PetscCall(StoreClear(&c->moving));
  c->keep             = true; /* the processes of one point are always kept */
  PetscErrorCode code = enumerate(c, true, &e, NULL);
  c->keep             = keep;
  PetscCall(ErrorAgree(c->comm, code));
  PetscCall(CollisionComputeRates(c));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionRestrict(Collision c, PetscInt channel)
{
  PetscFunctionBeginUser;
  c->only = channel;
  c->serial++;
  PetscCall(CollisionComputeRates(c));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetChannelCount(Collision c, PetscInt *n)
{
  PetscFunctionBeginUser;
  *n = c->nchannels;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetLocalStates(Collision c, PetscInt *nlocal, const PetscInt **states)
{
  PetscFunctionBeginUser;
  *nlocal = c->nlocal;
  if (states) *states = c->local;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreateVec(Collision c, Vec *v)
{
  PetscFunctionBeginUser;
  PetscCall(VecCreateMPI(c->comm, 3 * c->nlocal, PETSC_DETERMINE, v));
  PetscCall(VecSetBlockSize(*v, 3));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetRates(Collision c, PetscInt channel, const PetscReal **rates)
{
  PetscFunctionBeginUser;
  *rates = c->rate + (channel < 0 ? c->nchannels : channel) * c->nlocal;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetWeights(Collision c, const PetscReal **weights)
{
  PetscFunctionBeginUser;
  *weights = c->weight[0];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionHasWalls(Collision c, bool *walls)
{
  PetscFunctionBeginUser;
  *walls = c->walls;
  PetscFunctionReturn(0);
}

/* Going from point to point, access. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <string.h>

static const DeckKey keys[] = {
  {"collision",        DECK_SECTION, .help = "the collision operator"},
  {"collision.memory", DECK_REAL, .fallback = "6", .min = 0, .max = 1e6, .help = "GiB per rank for kept processes, and for the assembled operator; beyond it processes are enumerated anew at every temperature and density, and the operator is applied by replaying them"},
  {NULL}};

PetscErrorCode CollisionRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

ActiveMembers CollisionActive(Collision c, const ProcessBatch *b)
{
  ActiveMembers a = {0};
  for (int m = 0; m < b->nmembers; m++)
    if (b->species[m] != SPECIES_BATH && c->unknown[b->species[m]]) a.member[a.n++] = m;
  for (int i = 0; i < a.n; i++)
    for (int j = i + 1; j < a.n; j++) {
      a.pair[a.npairs][0]   = a.member[i];
      a.pair[a.npairs++][1] = a.member[j];
    }
  return a;
}

/* Entries of a 3x3 block that some operation can fill. */
static void find_components(Collision c)
{
  bool used[9] = {false};
  for (PetscInt io = 0; io < c->mesh->nops; io++)
    for (int r = 0; r < 9; r++) {
      if (c->rotation[io][r] == 0.0) continue;
      used[r] = used[3 * (r % 3) + r / 3] = true;
    }
  c->ncomponent = 0;
  for (int r = 0; r < 9; r++)
    if (used[r]) c->component[c->ncomponent++] = r;
}

/* Operations as matrices on mesh indices: the group's multiplication table, solved for S_a^-1 S_b. */
static PetscErrorCode find_relative(Collision c)
{
  const PetscInt n = c->mesh->nops;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &c->rotation, n * n, &c->relative));
  for (PetscInt io = 0; io < n; io++) PetscCall(PetscArraycpy(c->rotation[io], &MeshOpCart(c->mesh, (int)io)[0][0], 9));
  for (PetscInt a = 0; a < n; a++)
    for (PetscInt r = 0; r < n; r++) { /* S_a S_r = S_b: r is S_a^-1 S_b */
      int      product[3][3];
      PetscInt b;
      for (int i = 0; i < 9; i++) {
        product[i / 3][i % 3] = 0;
        for (int k = 0; k < 3; k++) product[i / 3][i % 3] += c->mesh->index_op[a][i / 3][k] * c->mesh->index_op[r][k][i % 3];
      }
      for (b = 0; b < n && memcmp(product, c->mesh->index_op[b], sizeof(product)); b++) {}
      PetscCheck(b < n, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the mesh's operations are not a group");
      c->relative[a * n + b] = (uint8_t)r;
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode share_stars(Collision c)
{
  bool writer;
  PetscFunctionBeginUser;
  PetscCall(SharedArrayCreate(c->comm, sizeof(PetscReal) * (size_t)PetscMax(1, c->nunknowns), &c->star_array));
  PetscCall(SharedArrayGet(c->star_array, &c->star));
  PetscCall(SharedArrayIsOwner(c->star_array, &writer));
  for (int s = 0; writer && s < NSPECIES; s++)
    for (PetscInt a = 0; c->unknown[s] && a < c->states[s]->nstates; a++) c->star[c->offset[s] + a] = c->multiplicity[s] * c->states[s]->star[a];
  PetscCall(SharedArrayFence(c->star_array));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreate(MPI_Comm comm, Deck deck, States electrons, States phonons, unsigned unknowns, PetscInt nchannels, Channel *channels, Collision *collision)
{
  static const unsigned mask[NSPECIES] = {CHANNEL_ON_ELECTRONS, CHANNEL_ON_PHONONS};
  Collision             c;
  PetscReal             gib;
  PetscFunctionBeginUser;
  PetscCall(CollisionRegisterEvents());
  PetscCall(PetscNew(&c));
  *collision                    = c;
  c->comm                       = comm;
  c->states[SPECIES_ELECTRON]   = electrons;
  c->states[SPECIES_PHONON]     = phonons;
  c->nchannels                  = nchannels;
  c->channel                    = channels;
  c->serial_A = c->serial_D = c->serial_blocks = c->only = -1;
  PetscCall(DeckGetReal(deck, "memory", &gib, NULL));
  c->memory = gib * 1073741824.0;
  c->keep   = true;
  for (int s = 0; s < NSPECIES; s++) {
    c->offset[s] = c->nunknowns;
    if (!c->states[s]) continue;
    c->unknown[s] = (unknowns & mask[s]) != 0;
    if (c->unknown[s]) {
      PetscCheckInput(3 * ((PetscInt64)c->nunknowns + c->states[s]->nstates) < PetscMin((PetscInt64)3 * INT32_MAX, (PetscInt64)PETSC_MAX_INT), NULL, 0, "%lld states are unknowns, three numbers each: more than this build can count; -Dpetsc64=true can",
                      (long long)c->nunknowns + (long long)c->states[s]->nstates);
      c->nunknowns += c->states[s]->nstates;
      c->mesh = c->states[s]->mesh;
    }
    PetscCall(SharedArrayCreate(comm, sizeof(PetscReal) * (size_t)c->states[s]->nstates, &c->weight_array[s]));
    PetscCall(SharedArrayGet(c->weight_array[s], &c->weight[s]));
  }
  c->multiplicity[SPECIES_ELECTRON] = c->multiplicity[SPECIES_PHONON] = 1.0;
  if (electrons && phonons) c->multiplicity[SPECIES_PHONON] = (PetscReal)electrons->mesh->size / ((PetscReal)phonons->mesh->size * electrons->spin);
  c->ncolumns = nchannels + 1;
  for (PetscInt i = 0; i < nchannels; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && channels[i]->type->part[p]; p++) c->ncolumns++;
  PetscCall(find_relative(c));
  find_components(c);
  PetscCall(CollisionBuildProjectors(c));
  PetscCall(share_stars(c));
  PetscCall(SharedArrayCreate(comm, sizeof(int32_t) * (size_t)PetscMax(1, c->nunknowns), &c->row_array));
  PetscCall(SharedArrayGet(c->row_array, &c->row));
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
  PetscCall(CollisionForgetProgress(c));
  PetscCall(ExchangeDestroy(&c->exchange));
  PetscCall(PetscFree2(c->rotation, c->relative));
  PetscCall(PetscFree(c->local));
  PetscCall(SharedArrayDestroy(&c->row_array));
  PetscCall(SharedArrayDestroy(&c->star_array));
  for (int s = 0; s < NSPECIES; s++) {
    PetscCall(PetscFree(c->ik[s]));
    if (c->projector_array[s]) PetscCall(SharedArrayDestroy(&c->projector_array[s]));
    if (c->weight_array[s]) PetscCall(SharedArrayDestroy(&c->weight_array[s]));
  }
  PetscCall(PetscFree(c));
  *collision = NULL;
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
  PetscFunctionBeginUser;
  PetscCheck(c->set_up, c->comm, PETSC_ERR_ORDER, "CollisionSetUp first");
  c->point = *point;
  c->only  = -1;
  c->serial++;
  for (int s = 0; s < NSPECIES; s++)
    if (c->states[s]) PetscCall(fill_weights(c, s, c->states[s]));
  PetscCall(CollisionEnumerateMoving(c));
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

PetscErrorCode CollisionGetLocalStates(Collision c, Species species, PetscInt *begin, PetscInt *nlocal, const PetscInt **states)
{
  PetscFunctionBeginUser;
  if (begin) *begin = c->begin[species];
  if (nlocal) *nlocal = c->nlocal[species];
  if (states) *states = c->local + c->begin[species];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetRow(Collision c, Species species, PetscInt state, PetscInt *row)
{
  PetscFunctionBeginUser;
  *row = c->row[c->offset[species] + state];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreateVec(Collision c, Vec *v)
{
  PetscFunctionBeginUser;
  PetscCall(VecCreateMPI(c->comm, 3 * c->nrows, PETSC_DETERMINE, v));
  PetscCall(VecSetBlockSize(*v, 3));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetRates(Collision c, PetscInt channel, const PetscReal **rates)
{
  PetscFunctionBeginUser;
  *rates = c->rate + (size_t)(channel < 0 ? c->nchannels : channel) * (size_t)c->nrows;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetPartRates(Collision c, PetscInt channel, int part, const PetscReal **rates)
{
  PetscFunctionBeginUser;
  *rates = c->rate + (size_t)(CollisionPartColumn(c, channel) + part) * (size_t)c->nrows;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetPoint(Collision c, const StatesPoint **point)
{
  PetscFunctionBeginUser;
  *point = &c->point;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetWeights(Collision c, Species species, const PetscReal **weights)
{
  PetscFunctionBeginUser;
  *weights = c->weight[species];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetMultiplicity(Collision c, Species species, PetscReal *multiplicity)
{
  PetscFunctionBeginUser;
  *multiplicity = c->multiplicity[species];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetStates(Collision c, Species species, States *states)
{
  PetscFunctionBeginUser;
  *states = c->states[species];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionHasWalls(Collision c, bool *walls)
{
  PetscFunctionBeginUser;
  *walls = c->walls;
  PetscFunctionReturn(0);
}

/*
  The operator as numbers. Every coupled pair of unknowns has one block of 3x3 in `value`, filled by replaying processes (each rank's own share).
  Blocks are applied as they stand (apply.c), or handed with their transposes to PETSc as the same numbers, so that A is symmetric to the last bit.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

static PetscErrorCode find_blocks(Collision c, const ProcessBatch *b, const ActiveMembers *active, int32_t *block)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < active->npairs; k++) {
    const int      m = active->pair[k][0], n = active->pair[k][1];
    const PetscInt from = c->offset[b->species[m]], to = c->offset[b->species[n]];
    int32_t       *out = block + k * b->count;
    for (PetscInt i = 0; i < b->count; i++) PetscCall(BlockListFind(&c->blocks, (int32_t)(from + b->state[m][i]), (int32_t)(to + b->state[n][i]), &out[i]));
  }
  PetscFunctionReturn(0);
}

/* Blocks with their pairs and the table that finds them, and the places of blocks beside the processes */
static PetscReal block_bytes(Collision c) { return (72.0 + 8.0) * (PetscReal)c->blocks.count + 4.0 * (PetscReal)c->blocks.slots + 12.0 * (c->processes + c->moving.processes); }
static bool over_limit(Collision c) { return c->block_limit > 0.0 && block_bytes(c) > c->block_limit; }

/* At most as many pairs as this rank's processes have: three of three members */
static PetscErrorCode prepare_blocks(Collision c)
{
  PetscFunctionBeginUser;
  PetscCall(BlockListPrepare(&c->blocks, c->nunknowns, 3.0 * (c->processes + c->moving.processes)));
  PetscFunctionReturn(0);
}

/* Learn the pairs of a batch; kept batches remember where theirs are. */
static PetscErrorCode scan(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Collision           c      = ctx;
  const ActiveMembers active = CollisionActive(c, b);
  int32_t            *block;
  PetscFunctionBeginUser;
  (void)channel;
  if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  ProgressUpdate(&c->filling, c->filled += (PetscReal)b->count);
  if (active.npairs == 0 || (chunk && chunk->block) || over_limit(c)) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(active.npairs * b->count, &block));
  PetscCall(find_blocks(c, b, &active, block));
  if (chunk) chunk->block = block;
  else PetscCall(PetscFree(block));
  PetscFunctionReturn(0);
}

static void add_block(const PetscReal S[9], PetscReal x, bool transpose, bool self, PetscReal value[9])
{
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 3; k++) {
      if (self) value[3 * r + k] += x * (S[3 * r + k] + S[3 * k + r]);
      else value[3 * r + k] += x * (transpose ? S[3 * k + r] : S[3 * r + k]);
    }
}

/* One pair of members: K prod(w)/(w_a w_b) s_a s_b N_first/sqrt(N_a N_b) S_a^T S_b, x: K prod(w) N_first of each process. */
static void insert_pair(Collision c, const ProcessBatch *b, const int pair[2], const PetscReal *x, const int32_t *block)
{
  const int        m = pair[0], n = pair[1], nops = (int)c->mesh->nops;
  const PetscInt   from = c->offset[b->species[m]], to = c->offset[b->species[n]];
  const PetscReal *w = c->weight[b->species[m]], *v = c->weight[b->species[n]], sign = (PetscReal)(b->s[m] * b->s[n]);
  for (PetscInt i = 0; i < b->count; i++) {
    const int32_t   am = b->state[m][i], an = b->state[n][i];
    const PetscInt  first = from + am, last = to + an;
    const PetscReal y = sign * x[i] / (w[am] * v[an] * sqrt(c->star[first] * c->star[last]));
    add_block(c->rotation[c->relative[MemberOp(b, m, i) * nops + MemberOp(b, n, i)]], y, first > last, first == last, c->value + 9 * (size_t)block[i]);
  }
}

static PetscErrorCode insert(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Collision           c      = ctx;
  const ActiveMembers active = CollisionActive(c, b);
  PetscReal          *x;
  int32_t            *block;
  PetscFunctionBeginUser;
  (void)channel;
  if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  ProgressUpdate(&c->filling, c->filled += (PetscReal)b->count);
  if (active.npairs == 0) PetscFunctionReturn(0);
  block = chunk ? chunk->block : NULL;
  if (!chunk) {
    PetscCall(PetscMalloc1(active.npairs * b->count, &block));
    PetscCall(find_blocks(c, b, &active, block));
  }
  PetscCall(PetscMalloc1(b->count, &x));
  for (PetscInt i = 0; i < b->count; i++) x[i] = b->kernel[i] * ProcessWeight(c, b, i) * ProcessStar(c, b, i);
  for (int k = 0; k < active.npairs; k++) insert_pair(c, b, active.pair[k], x, block + (size_t)k * (size_t)b->count);
  PetscCall(PetscLogFlops(24.0 * active.npairs * b->count)); /* 18 of a block, 6 of its factor */
  PetscCall(PetscFree(x));
  if (!chunk) PetscCall(PetscFree(block));
  PetscFunctionReturn(0);
}

static const PetscReal (*unknown_projector(Collision c, PetscInt unknown))[3]
{
  const int s = unknown >= c->offset[SPECIES_PHONON] ? SPECIES_PHONON : SPECIES_ELECTRON;
  return (const PetscReal(*)[3])c->projector[s][c->states[s]->k[unknown - c->offset[s]]];
}

/* value <- P_a value P_b */
static void project_blocks(Collision c)
{
  for (PetscInt p = 0; p < c->blocks.count; p++) {
    const PetscReal(*Pa)[3] = unknown_projector(c, c->blocks.pair[p][0]), (*Pb)[3] = unknown_projector(c, c->blocks.pair[p][1]);
    PetscReal(*value)[3]    = (PetscReal(*)[3])(c->value + 9 * (size_t)p), left[3][3];
    MatMul3(Pa, (const PetscReal(*)[3])value, left);
    MatMul3((const PetscReal(*)[3])left, Pb, value);
    if (c->blocks.pair[p][0] != c->blocks.pair[p][1]) continue;
    for (int r = 0; r < 3; r++) /* symmetric to the last bit */
      for (int k = 0; k < r; k++) value[r][k] = value[k][r];
  }
}

static PetscInt64 entries(Collision c)
{
  PetscInt64 n = 3 * c->nrows;
  for (PetscInt p = 0; p < c->blocks.count; p++) n += c->ncomponent * (c->blocks.pair[p][0] == c->blocks.pair[p][1] ? 1 : 2);
  return n;
}

static PetscErrorCode preallocate(Collision c)
{
  PetscInt        *i, *j;
  PetscInt64       at    = 0;
  const PetscInt64 total = entries(c);
  const PetscCount n     = (PetscCount)total;
  PetscErrorCode   code  = 0;
  PetscFunctionBeginUser;
  if (total > PETSC_MAX_INT) code = InputErrorAt(NULL, 0, "solver.operator: assembled: %lld entries of the matrix from one rank, its limit is %lld: use more ranks, blocks, or a build with -Dpetsc64=true", (long long)total, (long long)PETSC_MAX_INT);
  PetscCall(ErrorAgree(c->comm, code));
  PetscCall(PetscMalloc2(n, &i, n, &j));
  for (PetscInt p = 0; p < c->blocks.count; p++) {
    const PetscInt a = 3 * c->row[c->blocks.pair[p][0]], b = 3 * c->row[c->blocks.pair[p][1]];
    for (int t = 0; t < (a == b ? 1 : 2); t++)
      for (int k = 0; k < c->ncomponent; k++, at++) {
        const PetscInt r = a + c->component[k] / 3, s = b + c->component[k] % 3;
        i[at] = t ? s : r;
        j[at] = t ? r : s;
      }
  }
  for (PetscInt r = 0; r < 3 * c->nrows; r++, at++) i[at] = j[at] = 3 * c->row_first + r;
  PetscCall(MatDestroy(&c->A));
  PetscCall(MatCreate(c->comm, &c->A));
  PetscCall(MatSetSizes(c->A, 3 * c->nrows, 3 * c->nrows, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(c->A, MATAIJ));
  PetscCall(MatSetPreallocationCOO(c->A, n, i, j));
  PetscCall(MatSetOption(c->A, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(MatSetOption(c->A, MAT_SYMMETRY_ETERNAL, PETSC_TRUE));
  PetscCall(PetscFree2(i, j));
  c->blocks_in_matrix = c->blocks.count;
  PetscFunctionReturn(0);
}

static PetscErrorCode set_values(Collision c)
{
  PetscScalar     *v;
  const PetscReal *rate;
  PetscInt64       at = 0;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)entries(c), &v));
  for (PetscInt p = 0; p < c->blocks.count; p++)
    for (int t = 0; t < (c->blocks.pair[p][0] == c->blocks.pair[p][1] ? 1 : 2); t++)
      for (int k = 0; k < c->ncomponent; k++) v[at++] = c->value[9 * (size_t)p + (size_t)c->component[k]];
  PetscCall(CollisionGetRates(c, -1, &rate));
  for (PetscInt r = 0; r < 3 * c->nrows; r++) v[at++] = rate[r / 3] > 0.0 ? rate[r / 3] : 1.0;
  PetscCall(MatSetValuesCOO(c->A, v, INSERT_VALUES));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(0);
}

/* One pass over the processes */
static PetscErrorCode pass(Collision c, const char *stage, ChunkConsumer consume)
{
  c->filled = 0.0;
  ProgressBegin(&c->filling, stage, c->processes + c->moving.processes);
  PetscFunctionBeginUser;
  PetscCall(CollisionForEach(c, consume, c));
  ProgressEnd(&c->filling);
  PetscFunctionReturn(0);
}

static PetscErrorCode find_pairs(Collision c)
{
  const PetscReal start = ProcessorTime();
  PetscFunctionBeginUser;
  PetscCall(prepare_blocks(c));
  StageWorkBegin();
  const PetscErrorCode code = pass(c, "pairs of states", scan);
  StageWorkEnd();
  PetscCall(ErrorAgree(c->comm, code));
  c->work.scans++;
  c->work.scans_s += ProcessorTime() - start;
  PetscFunctionReturn(0);
}

/* This rank's share of the blocks at the present point. */
PetscErrorCode CollisionFillBlocks(Collision c)
{
  PetscErrorCode code;
  PetscReal      start;
  PetscFunctionBeginUser;
  if (c->serial_blocks == c->serial) PetscFunctionReturn(0);
  PetscCall(PetscLogEventBegin(CollisionEvent[EVENT_FILL], 0, 0, 0, 0));
  PetscCall(find_pairs(c));
  start = ProcessorTime();
  if (c->blocks.count != c->nvalues) {
    PetscCall(PetscFree(c->value));
    PetscCall(PetscMalloc1(9 * (size_t)PetscMax(1, c->blocks.count), &c->value));
    c->nvalues = c->blocks.count;
  }
  PetscCall(PetscArrayzero(c->value, 9 * (size_t)c->blocks.count));
  StageWorkBegin();
  code = pass(c, "blocks of the operator", insert);
  if (!code) project_blocks(c);
  StageWorkEnd();
  PetscCall(ErrorAgree(c->comm, code));
  PetscCall(PetscLogEventEnd(CollisionEvent[EVENT_FILL], 0, 0, 0, 0));
  c->serial_blocks = c->serial;
  c->work.fills++;
  c->work.fills_s += ProcessorTime() - start;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetOperator(Collision c, Mat *A)
{
  int stale;
  PetscFunctionBeginUser;
  if (c->serial_A != c->serial) {
    PetscCall(CollisionFillBlocks(c));
    stale = !c->A || c->blocks.count != c->blocks_in_matrix;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &stale, 1, MPI_INT, MPI_MAX, c->comm));
    if (stale) PetscCall(preallocate(c));
    PetscCall(set_values(c));
    c->serial_A = c->serial;
  }
  *A = c->A;
  PetscFunctionReturn(0);
}

static PetscErrorCode forget_place(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  PetscFunctionBeginUser;
  (void)ctx;
  (void)channel;
  (void)b;
  if (chunk) PetscCall(PetscFree(chunk->block));
  PetscFunctionReturn(0);
}

/* Surely, when every pair of every process had a block of its own; else they are found one by one, up to the limit. */
PetscErrorCode CollisionOperatorFits(Collision c, bool *fits)
{
  const PetscReal n = (PetscReal)c->nunknowns, processes = c->processes + c->moving.processes, kept = c->fixed.bytes + c->moving.bytes;
  const PetscReal most  = PetscMin(3.0 * processes, 0.5 * n * (n + 1.0)); /* blocks from this rank: a process of three members has three pairs */
  int             all   = most * (72.0 + 8.0) + 12.0 * processes + kept <= c->memory && most < 1e9;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, c->comm));
  if (!all) {
    c->block_limit = c->memory > kept ? c->memory - kept : 1.0;
    PetscCall(find_pairs(c));
    all = !over_limit(c);
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, c->comm));
    c->block_limit = 0.0;
    if (!all) {
      PetscCall(CollisionForEach(c, forget_place, NULL));
      PetscCall(BlockListDestroy(&c->blocks));
      c->serial_blocks = c->serial_A = -1;
    }
  }
  *fits = all;
  PetscFunctionReturn(0);
}

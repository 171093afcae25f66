/*
  The assembled operator. Every coupled pair of wedge states has one block of 3x3 in `value`, filled by replaying processes;
  the block and its transpose are then handed to PETSc as the same numbers, so that A is symmetric to the last bit.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

static PetscErrorCode find_blocks(Collision c, const ProcessBatch *b, ActivePair pair, int32_t *block)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < b->count; i++) PetscCall(BlockListFind(&c->blocks, b->state[pair.first][i], b->state[pair.last][i], &block[i]));
  PetscFunctionReturn(0);
}

/* Learn the pairs of a batch; kept batches remember where theirs are. */
static PetscErrorCode scan(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Collision        c    = ctx;
  const ActivePair pair = ProcessActivePair(b);
  int32_t         *block;
  PetscFunctionBeginUser;
  (void)channel;
  if (pair.last < 0 || (chunk && chunk->block)) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(b->count, &block));
  PetscCall(find_blocks(c, b, pair, block));
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

static PetscErrorCode insert(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Collision        c    = ctx;
  const PetscReal *star = c->electrons->star, *w = c->weight[0];
  const ActivePair pair = ProcessActivePair(b);
  int32_t         *block;
  PetscFunctionBeginUser;
  (void)channel;
  if (pair.last < 0) PetscFunctionReturn(0);
  block = chunk ? chunk->block : NULL;
  if (!chunk) {
    PetscCall(PetscMalloc1(b->count, &block));
    PetscCall(find_blocks(c, b, pair, block));
  }
  const PetscReal sign = (PetscReal)(b->s[pair.first] * b->s[pair.last]);
  for (PetscInt i = 0; i < b->count; i++) {
    const int32_t    first = b->state[pair.first][i], last = b->state[pair.last][i];
    const PetscReal  x = sign * b->kernel[i] * ProcessWeight(c, b, i) / (w[first] * w[last]) * sqrt(star[first] / star[last]);
    add_block(c->rotation[b->op[pair.last] ? b->op[pair.last][i] : 0], x, first > last, first == last, c->value + 9 * (size_t)block[i]);
  }
  if (!chunk) PetscCall(PetscFree(block));
  PetscFunctionReturn(0);
}

/* value <- P_a value P_b */
static void project_blocks(Collision c)
{
  for (PetscInt p = 0; p < c->blocks.count; p++) {
    const PetscReal(*Pa)[3] = (const PetscReal(*)[3])c->projector[c->electrons->k[c->blocks.pair[p][0]]];
    const PetscReal(*Pb)[3] = (const PetscReal(*)[3])c->projector[c->electrons->k[c->blocks.pair[p][1]]];
    PetscReal(*value)[3]    = (PetscReal(*)[3])(c->value + 9 * (size_t)p), left[3][3];
    MatMul3(Pa, (const PetscReal(*)[3])value, left);
    MatMul3((const PetscReal(*)[3])left, Pb, value);
    if (c->blocks.pair[p][0] != c->blocks.pair[p][1]) continue;
    for (int r = 0; r < 3; r++) /* symmetric to the last bit */
      for (int k = 0; k < r; k++) value[r][k] = value[k][r];
  }
}

static PetscInt entries(Collision c)
{
  PetscInt n = 3 * c->nlocal;
  for (PetscInt p = 0; p < c->blocks.count; p++) n += c->ncomponent * (c->blocks.pair[p][0] == c->blocks.pair[p][1] ? 1 : 2);
  return n;
}

static PetscErrorCode preallocate(Collision c)
{
  PetscInt *i, *j, at = 0;
  PetscFunctionBeginUser;
  const PetscInt n = entries(c);
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
  for (PetscInt r = 0; r < 3 * c->nlocal; r++, at++) i[at] = j[at] = 3 * c->row_first + r;
  PetscCall(MatDestroy(&c->A));
  PetscCall(MatCreate(c->comm, &c->A));
  PetscCall(MatSetSizes(c->A, 3 * c->nlocal, 3 * c->nlocal, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(c->A, MATAIJ));
  PetscCall(MatSetPreallocationCOO(c->A, n, i, j));
  PetscCall(MatSetOption(c->A, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(MatSetOption(c->A, MAT_SYMMETRY_ETERNAL, PETSC_TRUE));
  PetscCall(PetscFree2(i, j));
  PetscCall(PetscFree(c->value));
  PetscCall(PetscMalloc1(9 * (size_t)PetscMax(1, c->blocks.count), &c->value));
  c->blocks_in_matrix = c->blocks.count;
  PetscFunctionReturn(0);
}

static PetscErrorCode set_values(Collision c)
{
  PetscScalar     *v;
  const PetscReal *rate;
  PetscInt         at = 0;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(entries(c), &v));
  for (PetscInt p = 0; p < c->blocks.count; p++)
    for (int t = 0; t < (c->blocks.pair[p][0] == c->blocks.pair[p][1] ? 1 : 2); t++)
      for (int k = 0; k < c->ncomponent; k++) v[at++] = c->value[9 * (size_t)p + (size_t)c->component[k]];
  PetscCall(CollisionGetRates(c, -1, &rate));
  for (PetscInt r = 0; r < 3 * c->nlocal; r++) v[at++] = rate[r / 3] > 0.0 ? rate[r / 3] : 1.0;
  PetscCall(MatSetValuesCOO(c->A, v, INSERT_VALUES));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetOperator(Collision c, Mat *A)
{
  int stale;
  PetscFunctionBeginUser;
  if (c->serial_A != c->serial) {
    PetscCall(ErrorAgree(c->comm, CollisionForEach(c, scan, c)));
    stale = !c->A || c->blocks.count != c->blocks_in_matrix;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &stale, 1, MPI_INT, MPI_MAX, c->comm));
    if (stale) PetscCall(preallocate(c));
    PetscCall(PetscArrayzero(c->value, 9 * (size_t)c->blocks.count));
    PetscCall(ErrorAgree(c->comm, CollisionForEach(c, insert, c)));
    project_blocks(c);
    PetscCall(set_values(c));
    c->serial_A = c->serial;
  }
  *A = c->A;
  PetscFunctionReturn(0);
}

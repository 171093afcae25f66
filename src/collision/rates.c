/* The diagonal: 1/tau of every state and channel, and the check of charge conservation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct {
  Collision  c;
  PetscReal *rate;   /* [nchannels + 1][nstates]; the last is the sum */
  PetscReal *off;    /* [nstates] sum over partners of |A_ab| w_b, or NULL */
  bool       walls;
} Rates;

static PetscErrorCode add_rates(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Rates           *r    = ctx;
  Collision        c    = r->c;
  const PetscInt   n    = c->electrons->nstates;
  const PetscReal *star = c->electrons->star, *w = c->weight[0];
  PetscReal       *rate = r->rate + channel * n;
  const ActivePair pair = ProcessActivePair(b);
  PetscFunctionBeginUser;
  (void)chunk;
  for (PetscInt i = 0; i < b->count; i++) {
    const int32_t first = b->state[pair.first][i];
    if (pair.last < 0) {
      rate[first] += b->kernel[i];
      r->walls = true;
      continue;
    }
    const int32_t   last = b->state[pair.last][i];
    const PetscReal W    = b->kernel[i] * ProcessWeight(c, b, i);
    rate[first] += W / (w[first] * w[first]);
    rate[last] += W / (w[last] * w[last]) * star[first] / star[last];
    if (!r->off) continue;
    r->off[first] += W / w[first];
    r->off[last] += W / w[last] * star[first] / star[last];
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionComputeRates(Collision c)
{
  const PetscInt n     = c->electrons->nstates, m = c->nchannels + 1;
  Rates          r     = {.c = c};
  int            walls;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(m * n, &r.rate));
  PetscCall(ErrorAgree(c->comm, CollisionForEach(c, add_rates, &r)));
  for (PetscInt i = 0; i < c->nchannels * n; i++) r.rate[c->nchannels * n + i % n] += r.rate[i];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.rate, (PetscMPIInt)(m * n), MPIU_REAL, MPI_SUM, c->comm));
  for (PetscInt k = 0; k < m; k++)
    for (PetscInt i = 0; i < c->nlocal; i++) c->rate[k * c->nlocal + i] = r.rate[k * n + c->local[i]];
  walls = r.walls;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &walls, 1, MPI_INT, MPI_MAX, c->comm));
  c->walls = walls;
  PetscCall(PetscFree(r.rate));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionChargeDefect(Collision c, PetscReal *defect)
{
  const PetscInt n = c->electrons->nstates, m = c->nchannels;
  Rates          r = {.c = c};
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2((m + 1) * n, &r.rate, n, &r.off));
  PetscCall(ErrorAgree(c->comm, CollisionForEach(c, add_rates, &r)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.off, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.rate, (PetscMPIInt)(m * n), MPIU_REAL, MPI_SUM, c->comm));
  *defect = 0.0;
  for (PetscInt a = 0; a < n; a++) {
    PetscReal diagonal = 0.0;
    if (!(r.off[a] > 0.0)) continue;
    for (PetscInt k = 0; k < m; k++) diagonal += r.rate[k * n + a];
    if (!c->walls) *defect = PetscMax(*defect, fabs(diagonal * c->weight[0][a] - r.off[a]) / (2.0 * r.off[a]));
  }
  PetscCall(PetscFree2(r.rate, r.off));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionGetDiagonal(Collision c, Mat *D)
{
  PetscFunctionBeginUser;
  if (!c->D) {
    PetscCall(MatCreateAIJ(c->comm, 3 * c->nlocal, 3 * c->nlocal, PETSC_DETERMINE, PETSC_DETERMINE, 1, NULL, 0, NULL, &c->D));
    PetscCall(MatSetOption(c->D, MAT_SPD, PETSC_TRUE));
  }
  if (c->serial_D != c->serial) {
    Vec              v;
    PetscScalar     *x;
    const PetscReal *rate;
    PetscCall(CollisionGetRates(c, -1, &rate));
    PetscCall(CollisionCreateVec(c, &v));
    PetscCall(VecGetArray(v, &x));
    for (PetscInt i = 0; i < 3 * c->nlocal; i++) x[i] = rate[i / 3] > 0.0 ? rate[i / 3] : 1.0;
    PetscCall(VecRestoreArray(v, &x));
    PetscCall(MatDiagonalSet(c->D, v, INSERT_VALUES));
    PetscCall(VecDestroy(&v));
    c->serial_D = c->serial;
  }
  *D = c->D;
  PetscFunctionReturn(0);
}

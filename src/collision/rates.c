/* The diagonal: 1/tau of every state and channel, and the check of charge conservation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct {
  Collision  c;
  PetscReal *rate;   /* [nchannels][nstates] */
  PetscReal *off;    /* [nstates] sum over partners of |A_ab| w_b */
  PetscReal *w2;     /* [nstates] 1/w^2 */
  bool       walls;
} Rates;

static PetscErrorCode add_rates(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Rates           *r    = ctx;
  Collision        c    = r->c;
  const PetscReal *star = c->electrons->star, *w = c->weight[0];
  PetscReal       *rate = r->rate + channel * c->electrons->nstates;
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
    const PetscReal W    = b->kernel[i] * ProcessWeight(c, b, i), V = W * star[first] / star[last];
    rate[first] += W * r->w2[first];
    rate[last] += V * r->w2[last];
    r->off[first] += W / w[first];
    r->off[last] += V / w[last];
  }
  PetscFunctionReturn(0);
}

/* Row sums of A against w, from diagonal and off-diagonal apart: zero when every process conserves charge. */
static PetscReal charge_defect(Collision c, const Rates *r)
{
  const PetscInt n      = c->electrons->nstates;
  PetscReal      defect = 0.0;
  for (PetscInt a = 0; !r->walls && a < n; a++) {
    PetscReal diagonal = 0.0;
    for (PetscInt k = 0; k < c->nchannels; k++) diagonal += r->rate[k * n + a];
    if (r->off[a] > 0.0) defect = PetscMax(defect, fabs(diagonal * c->weight[0][a] - r->off[a]) / (2.0 * r->off[a]));
  }
  return defect;
}

PetscErrorCode CollisionComputeRates(Collision c)
{
  const PetscInt n = c->electrons->nstates, m = c->nchannels;
  Rates          r = {.c = c};
  int            walls;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc3(m * n, &r.rate, n, &r.off, n, &r.w2));
  for (PetscInt a = 0; a < n; a++) r.w2[a] = 1.0 / (c->weight[0][a] * c->weight[0][a]);
  PetscCall(ErrorAgree(c->comm, CollisionForEach(c, add_rates, &r)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.rate, (PetscMPIInt)(m * n), MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.off, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  walls = r.walls;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &walls, 1, MPI_INT, MPI_MAX, c->comm));
  c->walls = r.walls = walls;
  PetscCall(PetscArrayzero(c->rate + m * c->nlocal, c->nlocal));
  for (PetscInt k = 0; k < m; k++)
    for (PetscInt i = 0; i < c->nlocal; i++) {
      c->rate[k * c->nlocal + i] = r.rate[k * n + c->local[i]];
      c->rate[m * c->nlocal + i] += r.rate[k * n + c->local[i]];
    }
  c->charge_defect = charge_defect(c, &r);
  PetscCall(PetscFree3(r.rate, r.off, r.w2));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionChargeDefect(Collision c, PetscReal *defect)
{
  PetscFunctionBeginUser;
  *defect = c->charge_defect;
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

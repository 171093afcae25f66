/* The diagonal: 1/tau of every unknown, per channel and part, and the checks of what processes conserve. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct {
  Collision  c;
  PetscReal *rate;   /* [ncolumns][nunknowns] */
  PetscReal *charge; /* [nunknowns] electrons: sum over other electrons b of -A_ab w_b */
  PetscReal *energy; /* [nunknowns] sum over all members b of A_ab w_b e_b */
  PetscReal *bulk;   /* [nunknowns] 1/tau without walls */
  bool       walls;
} Rates;

PetscInt CollisionPartColumn(Collision c, PetscInt channel)
{
  PetscInt column = c->nchannels + 1;
  for (PetscInt i = 0; i < channel; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && c->channel[i]->type->part[p]; p++) column++;
  return column;
}

static PetscReal member_energy(Collision c, const ProcessBatch *b, int m, PetscInt n)
{
  if (b->species[m] == SPECIES_BATH) return b->energy[m][n];
  return c->states[b->species[m]]->energy[b->state[m][n]] - (b->species[m] == SPECIES_ELECTRON ? c->point.mu : 0.0);
}

static void add_walls(Rates *r, const ProcessBatch *b, PetscReal *rate)
{
  r->walls = true;
  for (PetscInt i = 0; i < b->count; i++) rate[MemberUnknown(r->c, b, 0, i)] += b->kernel[i];
}

static PetscErrorCode add_rates(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Rates              *r      = ctx;
  Collision           c      = r->c;
  const ActiveMembers active = CollisionActive(c, b);
  const bool          parts  = c->channel[channel]->type->part[0] != NULL;
  PetscReal          *rate   = r->rate + (parts ? CollisionPartColumn(c, channel) + b->part : channel) * c->nunknowns;
  PetscFunctionBeginUser;
  (void)chunk;
  if (active.n == 0) PetscFunctionReturn(0);
  if (b->nmembers == 1) {
    add_walls(r, b, rate);
    PetscFunctionReturn(0);
  }
  for (PetscInt i = 0; i < b->count; i++) {
    const PetscReal W      = b->kernel[i] * ProcessWeight(c, b, i) * ProcessStar(c, b, i);
    PetscReal       energy = 0.0;
    for (int m = 0; m < b->nmembers; m++) energy += b->s[m] * member_energy(c, b, m, i);
    for (int k = 0; k < active.n; k++) {
      const int       m = active.member[k];
      const PetscInt  a = MemberUnknown(c, b, m, i);
      const PetscReal w = c->weight[b->species[m]][b->state[m][i]], V = W / (c->star[a] * w);
      rate[a] += V / w;
      r->bulk[a] += V / w;
      r->energy[a] += b->s[m] * V * energy;
      if (b->species[m] != SPECIES_ELECTRON) continue;
      for (int other = 0; other < b->nmembers; other++)
        if (other != m && b->species[other] == SPECIES_ELECTRON) r->charge[a] -= b->s[m] * b->s[other] * V;
    }
  }
  PetscFunctionReturn(0);
}

/* Row sums of A against w, from diagonal and off-diagonal apart: zero when every process conserves charge. */
static PetscReal charge_defect(Collision c, const Rates *r)
{
  PetscReal defect = 0.0;
  for (PetscInt a = 0; !r->walls && c->unknown[SPECIES_ELECTRON] && a < c->states[SPECIES_ELECTRON]->nstates; a++) {
    const PetscInt u = c->offset[SPECIES_ELECTRON] + a;
    const PetscReal diagonal = r->rate[c->nchannels * c->nunknowns + u];
    if (r->charge[u] > 0.0) defect = PetscMax(defect, fabs(diagonal * c->weight[SPECIES_ELECTRON][a] - r->charge[u]) / (2.0 * r->charge[u]));
  }
  return defect;
}

static PetscReal energy_defect(Collision c, const Rates *r)
{
  PetscReal sum[2] = {0, 0};
  for (int s = 0; s < NSPECIES; s++)
    for (PetscInt a = 0; c->unknown[s] && a < c->states[s]->nstates; a++) {
      const PetscInt  u = c->offset[s] + a;
      const PetscReal d = r->bulk[u] * c->weight[s][a] * (c->states[s]->energy[a] - (s == SPECIES_ELECTRON ? c->point.mu : 0.0));
      sum[0] += c->star[u] * r->energy[u] * r->energy[u];
      sum[1] += c->star[u] * d * d;
    }
  return sum[1] > 0.0 ? sqrt(sum[0] / sum[1]) : 0.0;
}

/* Totals of channels from their parts, then of all channels. */
static void add_columns(Collision c, PetscReal *rate)
{
  for (PetscInt i = 0; i < c->nchannels; i++) {
    const PetscInt base = CollisionPartColumn(c, i);
    for (int p = 0; p < CHANNEL_MAX_PARTS && c->channel[i]->type->part[p]; p++)
      for (PetscInt a = 0; a < c->nunknowns; a++) rate[i * c->nunknowns + a] += rate[(base + p) * c->nunknowns + a];
    for (PetscInt a = 0; a < c->nunknowns; a++) rate[c->nchannels * c->nunknowns + a] += rate[i * c->nunknowns + a];
  }
}

PetscErrorCode CollisionComputeRates(Collision c)
{
  const PetscInt n = c->nunknowns;
  Rates          r = {.c = c};
  int            walls;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc4(c->ncolumns * n, &r.rate, n, &r.charge, n, &r.energy, n, &r.bulk));
  StageWorkBegin();
  const PetscErrorCode code = CollisionForEach(c, add_rates, &r);
  StageWorkEnd();
  PetscCall(ErrorAgree(c->comm, code));
  for (PetscInt k = 0; k < c->ncolumns; k++) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.rate + k * n, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.charge, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.bulk, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, r.energy, (PetscMPIInt)n, MPIU_REAL, MPI_SUM, c->comm));
  walls = r.walls;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &walls, 1, MPI_INT, MPI_MAX, c->comm));
  c->walls = r.walls = walls;
  add_columns(c, r.rate);
  for (PetscInt k = 0; k < c->ncolumns; k++)
    for (int s = 0; s < NSPECIES; s++)
      for (PetscInt i = c->begin[s]; i < c->begin[s] + c->nlocal[s]; i++) c->rate[k * c->nrows + i] = r.rate[k * n + c->offset[s] + c->local[i]];
  c->charge_defect = charge_defect(c, &r);
  c->energy_defect = energy_defect(c, &r);
  PetscCall(PetscFree4(r.rate, r.charge, r.energy, r.bulk));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionEnergyDefect(Collision c, PetscReal *defect)
{
  PetscFunctionBeginUser;
  *defect = c->energy_defect;
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
    PetscCall(MatCreateAIJ(c->comm, 3 * c->nrows, 3 * c->nrows, PETSC_DETERMINE, PETSC_DETERMINE, 1, NULL, 0, NULL, &c->D));
    PetscCall(MatSetOption(c->D, MAT_SPD, PETSC_TRUE));
  }
  if (c->serial_D != c->serial) {
    Vec              v;
    PetscScalar     *x;
    const PetscReal *rate;
    PetscCall(CollisionGetRates(c, -1, &rate));
    PetscCall(CollisionCreateVec(c, &v));
    PetscCall(VecGetArray(v, &x));
    for (PetscInt i = 0; i < 3 * c->nrows; i++) x[i] = rate[i / 3] > 0.0 ? rate[i / 3] : 1.0;
    PetscCall(VecRestoreArray(v, &x));
    PetscCall(MatDiagonalSet(c->D, v, INSERT_VALUES));
    PetscCall(VecDestroy(&v));
    c->serial_D = c->serial;
  }
  *D = c->D;
  PetscFunctionReturn(0);
}

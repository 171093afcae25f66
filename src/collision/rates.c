/*
  The diagonal: 1/tau of every unknown, per channel and part, and the checks of what processes conserve.

  A rank's processes add to rows of all ranks. It sums them channel by channel over a window of rows, all of them while they take less than
  WINDOW bytes, and each window goes to the ranks that own its rows by one MPI_Reduce_scatter: what a rank needs for it is bounded on any mesh.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

#define WINDOW 67108864.0

typedef struct {
  Collision    c;
  PetscInt     first, n; /* the window: rows first .. first + n - 1 */
  PetscReal   *rate;     /* [parts][n] */
  PetscReal   *energy;   /* [n] sum over all members b of A_ab w_b e_b */
  PetscReal   *charge;   /* [n] electrons: sum over other electrons b of -A_ab w_b; NULL without electrons */
  PetscReal   *wall;     /* [own rows] one-member processes, of one channel */
  bool         walls;    /* there are some, in any channel */
  PetscMPIInt *rows;     /* [ranks] */
} Rates;

typedef struct { /* [own rows], all channels */
  PetscReal *energy, *charge, *bulk; /* bulk: 1/tau without walls */
} Sums;

PetscInt CollisionPartColumn(Collision c, PetscInt channel)
{
  PetscInt column = c->nchannels + 1;
  for (PetscInt i = 0; i < channel; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && c->channel[i]->type->part[p]; p++) column++;
  return column;
}

/* Columns that a channel's processes go to: its parts, or its own. */
static int part_columns(Collision c, PetscInt channel, PetscInt *first)
{
  int parts = 0;
  while (parts < CHANNEL_MAX_PARTS && c->channel[channel]->type->part[parts]) parts++;
  *first = parts ? CollisionPartColumn(c, channel) : channel;
  return PetscMax(1, parts);
}

static PetscReal member_energy(Collision c, const ProcessBatch *b, int m, PetscInt n)
{
  if (b->species[m] == SPECIES_BATH) return b->energy[m][n];
  return c->states[b->species[m]]->energy[b->state[m][n]] - (b->species[m] == SPECIES_ELECTRON ? c->point.mu : 0.0);
}

/* Walls act on states of the points that a rank enumerates: its own rows. */
static PetscErrorCode add_walls(Rates *r, const ProcessBatch *b)
{
  const Collision c = r->c;
  PetscFunctionBeginUser;
  r->walls = true;
  for (PetscInt i = 0; i < b->count; i++) {
    const PetscInt row = c->row[MemberUnknown(c, b, 0, i)], own = row - c->row_first;
    PetscCheck(own >= 0 && own < c->nrows, PETSC_COMM_SELF, PETSC_ERR_PLIB, "one-member process on row %" PetscInt_FMT " of another rank", row);
    if (row >= r->first && row < r->first + r->n) r->wall[own] += b->kernel[i];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode add_rates(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Rates              *r      = ctx;
  Collision           c      = r->c;
  const ActiveMembers active = CollisionActive(c, b);
  PetscReal          *rate   = r->rate + (size_t)b->part * (size_t)r->n;
  PetscFunctionBeginUser;
  (void)chunk;
  (void)channel;
  if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  if (active.n == 0) PetscFunctionReturn(0);
  if (b->nmembers == 1) {
    PetscCall(add_walls(r, b));
    PetscFunctionReturn(0);
  }
  for (PetscInt i = 0; i < b->count; i++) {
    const PetscReal W      = b->kernel[i] * ProcessWeight(c, b, i) * ProcessStar(c, b, i);
    PetscReal       energy = 0.0;
    for (int m = 0; m < b->nmembers; m++) energy += b->s[m] * member_energy(c, b, m, i);
    for (int k = 0; k < active.n; k++) {
      const int       m   = active.member[k];
      const PetscInt  a   = MemberUnknown(c, b, m, i), row = c->row[a] - r->first;
      const PetscReal w   = c->weight[b->species[m]][b->state[m][i]], V = W / (c->star[a] * w);
      if (row < 0 || row >= r->n) continue;
      rate[row] += V / w;
      r->energy[row] += b->s[m] * V * energy;
      if (b->species[m] != SPECIES_ELECTRON) continue;
      for (int other = 0; other < b->nmembers; other++)
        if (other != m && b->species[other] == SPECIES_ELECTRON) r->charge[row] -= b->s[m] * b->s[other] * V;
    }
  }
  PetscFunctionReturn(0);
}

/* out [own rows] += a window's sums over all ranks, or = */
static PetscErrorCode reduce(const Rates *r, const PetscReal *sums, bool add, PetscReal *out)
{
  const Collision c    = r->c;
  const PetscInt  from = PetscMax(r->first, c->row_first), to = PetscMin(r->first + r->n, c->row_first + c->nrows);
  PetscReal      *mine;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(PetscMax(1, to - from), &mine));
  PetscCallMPI(MPI_Reduce_scatter(sums, mine, r->rows, MPIU_REAL, MPI_SUM, c->comm));
  for (PetscInt i = from; i < to; i++) out[i - c->row_first] = mine[i - from] + (add ? out[i - c->row_first] : 0.0);
  PetscCall(PetscFree(mine));
  PetscFunctionReturn(0);
}

/* How many of a window's rows each rank owns. */
static PetscErrorCode deal_rows(Rates *r)
{
  const Collision c     = r->c;
  PetscMPIInt     mine  = (PetscMPIInt)PetscMax(0, PetscMin(r->first + r->n, c->row_first + c->nrows) - PetscMax(r->first, c->row_first));
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, r->rows, 1, MPI_INT, c->comm));
  PetscFunctionReturn(0);
}

static PetscErrorCode add_channel(Rates *r, PetscInt channel, Sums *sums)
{
  const Collision c    = r->c;
  const PetscInt  only = c->only;
  PetscInt        column;
  const int       parts = part_columns(c, channel, &column);
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(r->rate, (size_t)parts * (size_t)r->n));
  PetscCall(PetscArrayzero(r->energy, r->n));
  if (r->charge) PetscCall(PetscArrayzero(r->charge, r->n));
  PetscCall(PetscArrayzero(r->wall, c->nrows));
  StageWorkBegin();
  c->only                   = channel;
  const PetscErrorCode code = CollisionForEach(c, add_rates, r);
  c->only                   = only;
  StageWorkEnd();
  PetscCall(ErrorAgree(c->comm, code));
  PetscCall(reduce(r, r->energy, true, sums->energy));
  if (r->charge) PetscCall(reduce(r, r->charge, true, sums->charge));
  for (int p = 0; p < parts; p++) {
    PetscReal     *rate = c->rate + (size_t)(column + p) * (size_t)c->nrows;
    const PetscInt from = PetscMax(r->first, c->row_first) - c->row_first, to = PetscMin(r->first + r->n, c->row_first + c->nrows) - c->row_first;
    PetscCall(reduce(r, r->rate + (size_t)p * (size_t)r->n, false, rate));
    for (PetscInt i = from; i < to; i++) {
      sums->bulk[i] += rate[i];
      if (p == 0) rate[i] += r->wall[i];
    }
  }
  PetscFunctionReturn(0);
}

/* Rows whose sums are held at once: the same on all ranks. Processes that are not kept are enumerated anew for each window: there is room for a larger one. */
static PetscErrorCode window_rows(Collision c, PetscInt *rows)
{
  const PetscReal room = c->keep ? WINDOW : PetscMax(WINDOW, 0.25 * c->memory);
  PetscFunctionBeginUser;
  *rows = (PetscInt)PetscMin((PetscReal)c->nunknowns, room / ((CHANNEL_MAX_PARTS + 2) * sizeof(PetscReal)));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-collision_rows", rows, NULL)); /* for tests */
  *rows = PetscMax(1, *rows);
  PetscFunctionReturn(0);
}

static PetscErrorCode add_windows(Collision c, Sums *sums)
{
  Rates    r = {.c = c};
  PetscInt rows;
  int      size, walls;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCall(window_rows(c, &rows));
  PetscCall(PetscMalloc4((size_t)CHANNEL_MAX_PARTS * (size_t)rows, &r.rate, rows, &r.energy, c->nrows, &r.wall, size, &r.rows));
  if (c->unknown[SPECIES_ELECTRON]) PetscCall(PetscMalloc1(rows, &r.charge));
  for (r.first = 0; r.first < c->nunknowns; r.first += r.n) {
    r.n = PetscMin(rows, c->nunknowns - r.first);
    PetscCall(deal_rows(&r));
    for (PetscInt i = 0; i < c->nchannels; i++)
      if (c->only < 0 || c->only == i) PetscCall(add_channel(&r, i, sums));
  }
  walls = r.walls;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &walls, 1, MPI_INT, MPI_MAX, c->comm));
  c->walls = walls;
  PetscCall(PetscFree(r.charge));
  PetscCall(PetscFree4(r.rate, r.energy, r.wall, r.rows));
  PetscFunctionReturn(0);
}

/* Row sums of A against w, from diagonal and off-diagonal apart: zero when every process conserves charge. */
static PetscErrorCode charge_defect(Collision c, const Sums *sums)
{
  const PetscReal *total = c->rate + (size_t)c->nchannels * (size_t)c->nrows;
  const int        s     = SPECIES_ELECTRON;
  PetscFunctionBeginUser;
  c->charge_defect = 0.0;
  for (PetscInt i = c->begin[s]; !c->walls && c->unknown[s] && i < c->begin[s] + c->nlocal[s]; i++)
    if (sums->charge[i] > 0.0) c->charge_defect = PetscMax(c->charge_defect, fabs(total[i] * c->weight[s][c->local[i]] - sums->charge[i]) / (2.0 * sums->charge[i]));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &c->charge_defect, 1, MPIU_REAL, MPI_MAX, c->comm));
  PetscFunctionReturn(0);
}

static PetscErrorCode energy_defect(Collision c, const Sums *sums)
{
  PetscReal sum[2] = {0, 0};
  PetscFunctionBeginUser;
  for (int s = 0; s < NSPECIES; s++)
    for (PetscInt i = c->begin[s]; i < c->begin[s] + c->nlocal[s]; i++) {
      const PetscInt  a = c->local[i];
      const PetscReal d = sums->bulk[i] * c->weight[s][a] * (c->states[s]->energy[a] - (s == SPECIES_ELECTRON ? c->point.mu : 0.0)), star = c->star[c->offset[s] + a];
      sum[0] += star * sums->energy[i] * sums->energy[i];
      sum[1] += star * d * d;
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPI_SUM, c->comm));
  c->energy_defect = sum[1] > 0.0 ? sqrt(sum[0] / sum[1]) : 0.0;
  PetscFunctionReturn(0);
}

/* Totals of channels from their parts, then of all channels. */
static void add_columns(Collision c)
{
  const size_t n     = (size_t)c->nrows;
  PetscReal   *total = c->rate + (size_t)c->nchannels * n;
  for (PetscInt i = 0; i < c->nchannels; i++) {
    PetscReal *rate = c->rate + (size_t)i * n;
    PetscInt   first;
    const int  parts = part_columns(c, i, &first);
    for (int p = 0; first != i && p < parts; p++)
      for (size_t a = 0; a < n; a++) rate[a] += c->rate[(size_t)(first + p) * n + a];
    for (size_t a = 0; a < n; a++) total[a] += rate[a];
  }
}

PetscErrorCode CollisionComputeRates(Collision c)
{
  const PetscReal start = ProcessorTime();
  Sums            sums;
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(CollisionEvent[EVENT_RATES], 0, 0, 0, 0));
  PetscCall(PetscCalloc3(c->nrows, &sums.energy, c->nrows, &sums.charge, c->nrows, &sums.bulk));
  PetscCall(PetscArrayzero(c->rate, (size_t)c->ncolumns * (size_t)c->nrows));
  PetscCall(add_windows(c, &sums));
  add_columns(c);
  PetscCall(charge_defect(c, &sums));
  PetscCall(energy_defect(c, &sums));
  PetscCall(PetscFree3(sums.energy, sums.charge, sums.bulk));
  PetscCall(PetscLogEventEnd(CollisionEvent[EVENT_RATES], 0, 0, 0, 0));
  c->work.rates++;
  c->work.rates_s += ProcessorTime() - start;
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

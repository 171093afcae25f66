/* Electrons and phonons together in fields and at frequencies: see response.h. The field turns electrons alone. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drag_impl.h"
#include "response.h"
#include <string.h>

typedef struct {
  Drag               d;
  const StatesPoint *p;
  PetscReal         *rate, *shared; /* work: 1/Re or 1/Im of tau/(1 - i omega tau) */
} Context;

static PetscErrorCode moment(void *context, Vec x, Vec z, PetscReal m[3][3])
{
  const Context *c = context;
  PetscFunctionBeginUser;
  PetscCall(DragMoment(c->d, x, z, c->p->kT, m));
  PetscFunctionReturn(0);
}

/* Rank that owns a row of the layout */
static int owner(const PetscInt *range, PetscInt row)
{
  int rank = 0;
  while (row >= range[rank + 1]) rank++;
  return rank;
}

/* Lambda of the electrons' collision in the layout of the system: in both a rank's electrons come first. */
static PetscErrorCode magnetic(void *context, const PetscReal B[3], Mat *Lambda)
{
  const Drag      d = ((const Context *)context)->d;
  const PetscInt  n = 3 * (d->ne + d->nl);
  const PetscInt *from, *to;
  PetscInt       *inside, *outside;
  int             me;
  Mat             L;
  PetscFunctionBeginUser;
  PetscCall(DriveCreateMagnetic(d->c1, d->electrons, B, &L));
  PetscCall(VecGetOwnershipRanges(d->v1, &from));
  PetscCall(VecGetOwnershipRanges(d->x[0], &to));
  PetscCallMPI(MPI_Comm_rank(d->comm, &me));
  PetscCall(PetscCalloc2(n, &inside, n, &outside));
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) PetscCall(MatCreateAIJ(d->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, 0, inside, 0, outside, Lambda));
    for (PetscInt i = 0; i < 3 * d->ne; i++) {
      PetscInt           count;
      const PetscInt    *cols;
      const PetscScalar *values;
      PetscCall(MatGetRow(L, from[me] + i, &count, &cols, &values));
      for (PetscInt j = 0; j < count; j++) {
        const int rank = owner(from, cols[j]);
        if (pass == 1) PetscCall(MatSetValue(*Lambda, to[me] + i, to[rank] + cols[j] - from[rank], values[j], INSERT_VALUES));
        else (rank == me ? inside : outside)[i]++;
      }
      PetscCall(MatRestoreRow(L, from[me] + i, &count, &cols, &values));
    }
  }
  PetscCall(MatAssemblyBegin(*Lambda, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*Lambda, MAT_FINAL_ASSEMBLY));
  PetscCall(PetscFree2(inside, outside));
  PetscCall(MatDestroy(&L));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_point(void *context, PetscReal omega, ResponsePoint *from, TransportResponse *to)
{
  Context   *c = context;
  const Drag d = c->d;
  PetscFunctionBeginUser;
  ResponseBegin(from, to);
  if (from->missing) PetscFunctionReturn(0);
  for (int part = 0; part < (omega != 0.0 ? 2 : 1); part++) {
    PetscCall(TransportSpreadRates(d->ne + d->nl, d->rate, omega, part == 1, c->rate));
    for (PetscInt i = 0; i < d->nf; i++) c->shared[i] = d->member[i] * d->shared[i]; /* 1/tau itself */
    PetscCall(TransportSpreadRates(d->nf, c->shared, omega, part == 1, c->shared));
    for (PetscInt i = 0; i < d->nf; i++) c->shared[i] = d->member[i] > 0.0 ? c->shared[i] / d->member[i] : 0.0;
    for (int a = 0; a < DRAG_DRIVES; a++)
      for (int b = 0; b < DRAG_DRIVES; b++) {
        PetscReal m[3][3] = {{0}};
        PetscCall(DragAddSpread(d, a, b, c->p, c->rate, c->shared, 1.0 / c->p->kT, m));
        for (int r = 0; r < 9; r++) from->L[a][b][r / 3][r % 3] += (part ? I : 1.0) * m[r / 3][r % 3];
      }
  }
  DragReadTensors(d, c->p->kT, from->L, &to->re, &to->im);
  PetscFunctionReturn(0);
}

/* Of the field alone and of the gradient on both species; only sums over the gradient's parts are kept. */
static PetscErrorCode fill_weight(Context *c, PetscReal weight[2][2][3][3])
{
  const Drag d = c->d;
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(&weight[0][0][0][0], 36));
  for (PetscInt i = 0; i < d->ne + d->nl; i++) c->rate[i] = d->rate[i] > 0.0; /* states that the drives act on */
  for (PetscInt i = 0; i < d->nf; i++) c->shared[i] = d->shared[i] > 0.0 ? 1.0 / d->member[i] : 0.0;
  for (int a = 0; a < DRAG_DRIVES; a++)
    for (int b = 0; b < DRAG_DRIVES; b++) {
      PetscReal m[3][3], (*to)[3] = weight[a != DRAG_FIELD][b != DRAG_FIELD];
      PetscCall(DragMoment(d, d->x[a], d->x[b], c->p->kT, m));
      PetscCall(DragAddSpread(d, a, b, c->p, c->rate, c->shared, 1.0 / c->p->kT, m));
      for (int r = 0; r < 9; r++) to[r / 3][r % 3] += m[r / 3][r % 3];
    }
  PetscFunctionReturn(0);
}

PetscErrorCode DragRespond(Drag d, TransportLevel level, const StatesPoint *p, const TransportFields *f, const TransportTensors *still, TransportResponse *response, TransportLowField *low, PetscReal weight[2][2][3][3])
{
  Context        c = {.d = d, .p = p};
  ResponseSystem s = {.comm = d->comm, .ndrives = DRAG_DRIVES, .X = d->x, .still = still->steady_state_missing ? NULL : d->z[level], .tolerance = d->tolerance, .max_iterations = d->max_iterations, .usual = still->iterations, .shifted = d->shifted, .context = &c, .moment = moment, .magnetic = magnetic, .read = read_point};
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(d->ne + d->nl, &c.rate, d->nf, &c.shared));
  if (level != LEVEL_RTA) {
    s.A = d->A;
    if (d->null) PetscCall(MatNullSpaceGetVecs(d->null, NULL, &s.nnull, &s.null));
    s.nuniform = d->nuniform;
  }
  PetscCall(MatCreateVecs(d->D, &s.D, NULL));
  PetscCall(MatGetDiagonal(d->D, s.D));
  PetscCall(ResponseRun(&s, (int)d->electrons->mesh->crystal->dimension, p->kT, d->reversed, f, still, response, low));
  PetscCall(fill_weight(&c, weight));
  PetscCall(VecDestroy(&s.D));
  PetscCall(PetscFree2(c.rate, c.shared));
  PetscFunctionReturn(0);
}

/* Fields and frequencies at one point: see response.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response_impl.h"
#include <lapacke.h>

#define PARALLEL 1e-12

/* --- one field and frequency ---------------------------------------------------------------------- */

/* Lambda of a unit field along B; nothing to do where it is the last one's. */
static PetscErrorCode set_field(Solver *v, const PetscReal B[3])
{
  const PetscReal b = Norm3(B), before = v->strength;
  PetscFunctionBeginUser;
  v->strength = b;
  if (b == 0.0) {
    PetscCall(MatDestroy(&v->Lambda));
    PetscFunctionReturn(0);
  }
  const PetscReal unit[3] = {B[0] / b, B[1] / b, B[2] / b}, along = Dot3(unit, v->direction);
  if (v->Lambda && fabs(fabs(along) - 1.0) < PARALLEL) {
    v->strength = along > 0.0 ? b : -b;
    for (int c = 0; c < 2; c++) v->turned[c] = v->turned[c] || (v->strength > 0.0) != (before > 0.0);
    PetscFunctionReturn(0);
  }
  v->turned[0] = v->turned[1] = true;
  PetscCall(MatDestroy(&v->Lambda));
  PetscCall(PetscArraycpy(v->direction, unit, 3));
  PetscCall(v->s->magnetic(v->s->context, unit, &v->Lambda));
  PetscFunctionReturn(0);
}

/* Null vectors of A that Lambda annihilates too: uniform shifts, and combinations of the others, eigenvectors of (Lambda n_i).(Lambda n_j). Caller destroys. */
static PetscErrorCode common_null(Solver *v, PetscInt *count, Vec n[DRIVE_MAX_NULL])
{
  const PetscInt all = v->s->nnull - v->s->nuniform;
  const Vec     *from = v->s->null + v->s->nuniform;
  PetscReal      G[DRIVE_MAX_NULL * DRIVE_MAX_NULL], value[DRIVE_MAX_NULL], scale = 0.0;
  Vec           *w;
  PetscFunctionBeginUser;
  for (*count = 0; *count < v->s->nuniform; ++*count) {
    PetscCall(VecDuplicate(v->work, &n[*count]));
    PetscCall(VecCopy(v->s->null[*count], n[*count]));
  }
  if (all == 0) PetscFunctionReturn(0);
  PetscCall(VecDuplicateVecs(v->work, all, &w));
  for (PetscInt i = 0; i < all; i++) {
    PetscReal norm;
    PetscCall(VecPointwiseMult(w[i], v->s->D, from[i]));
    PetscCall(VecNorm(w[i], NORM_2, &norm));
    scale = PetscMax(scale, norm);
    PetscCall(ResponseApplyPart(v, false, true, from[i], w[i]));
  }
  for (PetscInt i = 0; i < all; i++) PetscCall(VecMDot(w[i], all, w, G + i * all));
  const lapack_int info = LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)all, G, (lapack_int)all, value);
  UmkCheck(info == 0, "dsyev failed: %d", (int)info);
  for (PetscInt e = 0; e < all && sqrt(PetscMax(value[e], 0.0)) <= 10.0 * NULL_TOLERANCE * scale; e++) {
    PetscCall(VecDuplicate(v->work, &n[*count]));
    PetscCall(VecZeroEntries(n[*count]));
    for (PetscInt i = 0; i < all; i++) PetscCall(VecAXPY(n[*count], G[i * all + e], from[i]));
    ++*count;
  }
  PetscCall(VecDestroyVecs(all, &w));
  PetscFunctionReturn(0);
}

/* Largest share of a drive along the null vectors. */
static PetscErrorCode overlap(const ResponseSystem *s, PetscInt count, Vec *n, PetscReal *share)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < s->ndrives; k++) {
    PetscReal   norm, sum = 0.0;
    PetscScalar along[DRIVE_MAX_NULL];
    PetscCall(VecNorm(s->X[k], NORM_2, &norm));
    if (count > 0) PetscCall(VecMDot(s->X[k], count, n, along));
    for (PetscInt i = 0; i < count; i++) sum += along[i] * along[i];
    if (norm > 0.0) *share = PetscMax(*share, sqrt(sum) / norm);
  }
  PetscFunctionReturn(0);
}

/* <X, z> of all drives, u and v apart */
static PetscErrorCode read_moments(Solver *v, int k, Vec z, ResponsePoint *point)
{
  const ResponseSystem *s = v->s;
  const PetscScalar    *a;
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(z, &a));
  for (int c = 0; c < (v->doubled ? 2 : 1); c++) {
    PetscCall(VecPlaceArray(v->in, a + c * v->n));
    for (int i = 0; i < s->ndrives; i++) {
      PetscReal m[3][3];
      PetscCall(s->moment(s->context, s->X[i], v->in, m));
      for (int r = 0; r < 9; r++) point->L[i][k][r / 3][r % 3] = c ? point->L[i][k][r / 3][r % 3] + I * m[r / 3][r % 3] : m[r / 3][r % 3];
    }
    PetscCall(VecResetArray(v->in));
  }
  PetscCall(VecRestoreArrayRead(z, &a));
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_drive(Solver *v, int k, ResponsePoint *point)
{
  const ResponseSystem *s = v->s;
  const Vec          b    = v->b[v->doubled];
  Past              *past = &v->past[v->doubled][k];
  KSPConvergedReason reason;
  PetscInt           iterations;
  PetscReal          residual;
  const PetscScalar *x;
  PetscScalar       *to;
  Vec                z;
  PetscFunctionBeginUser;
  PetscCall(VecZeroEntries(b));
  PetscCall(VecGetArrayRead(s->X[k], &x));
  PetscCall(VecGetArray(b, &to));
  PetscCall(PetscArraycpy(to, x, v->n));
  PetscCall(VecRestoreArrayRead(s->X[k], &x));
  PetscCall(VecRestoreArray(b, &to));
  PetscCall(ResponseSwapRows(v, b));
  if (v->space) PetscCall(MatNullSpaceRemove(v->space, b));
  PetscCall(VecDuplicate(b, &z));
  PetscCall(ResponseChooseStart(v, past, b, z));
  PetscCall(ResponseKrylov(v, b, z, &reason, &iterations));
  PetscCall(TransportTrueResidual(v->K[v->doubled], b, z, &residual));
  point->iterations = PetscMax(point->iterations, iterations);
  point->residual   = PetscMax(point->residual, residual);
  point->converged  = point->converged && reason > 0 && residual <= 10.0 * s->tolerance;
  PetscCall(read_moments(v, k, z, point));
  if (reason > 0) PetscCall(ResponseRemember(v, past, z));
  PetscCall(VecDestroy(&z));
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_point(Solver *v, PetscReal omega, ResponsePoint *point)
{
  PetscInt count = 0;
  Vec      n[DRIVE_MAX_NULL];
  PetscFunctionBeginUser;
  v->omega   = omega;
  v->doubled = omega != 0.0;
  *point     = (ResponsePoint){.converged = true};
  if (!v->ksp[v->doubled]) PetscCall(ResponseCreateKSP(v, v->doubled));
  if (!v->doubled) PetscCall(common_null(v, &count, n));
  PetscCall(overlap(v->s, count, n, &point->null_overlap));
  if (count > 0) PetscCall(MatNullSpaceCreate(v->s->comm, PETSC_FALSE, count, n, &v->space));
  for (PetscInt i = 0; i < count; i++) PetscCall(VecDestroy(&n[i]));
  point->missing = point->null_overlap > OVERLAP_LIMIT;
  if (point->missing) point->converged = false;
  PetscCall(MatSetNullSpace(v->K[v->doubled], v->space));
  PetscCall(ResponsePrecondition(v, !v->direct[v->doubled] || v->turned[v->doubled]));
  v->turned[v->doubled] = false;
  for (int k = 0; k < v->s->ndrives && !point->missing; k++) PetscCall(solve_drive(v, k, point));
  PetscCall(MatNullSpaceDestroy(&v->space));
  PetscFunctionReturn(0);
}

/* --- lists --------------------------------------------------------------------------------------- */

/* dL_XY/d|B| at B = 0: z_1 = -A^-1 Lambda z_0, and <X, z_1> = -<A^-1 X, Lambda z_0>. */
static PetscErrorCode first_order(Solver *v, PetscReal (*L)[RESPONSE_DRIVES][3][3])
{
  const ResponseSystem *s = v->s;
  Vec                   w;
  PetscFunctionBeginUser;
  if (!s->still || !v->Lambda) PetscFunctionReturn(0);
  PetscCall(VecDuplicate(s->D, &w));
  for (int k = 0; k < s->ndrives; k++) {
    PetscCall(MatMult(v->Lambda, s->still[k], w));
    PetscCall(VecScale(w, v->strength > 0.0 ? -1.0 : 1.0));
    for (int i = 0; i < s->ndrives; i++) PetscCall(s->moment(s->context, s->still[i], w, L[i][k]));
  }
  PetscCall(VecDestroy(&w));
  PetscFunctionReturn(0);
}

/* Fields of a direction together, the weakest first; then those opposite. */
static PetscErrorCode sort_fields(const TransportFields *f, PetscInt *order)
{
  PetscInt *line;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(f->nB, &line));
  for (PetscInt i = 0; i < f->nB; i++) {
    const PetscReal b = Norm3(f->B[i]);
    line[i] = b > 0.0 ? 2 * i : -1;
    for (PetscInt j = 0; j < i && b > 0.0; j++)
      if (Norm3(f->B[j]) > 0.0 && fabs(fabs(Dot3(f->B[i], f->B[j])) / (b * Norm3(f->B[j])) - 1.0) < PARALLEL) {
        line[i] = line[j] / 2 * 2 + (Dot3(f->B[i], f->B[line[j] / 2]) < 0.0);
        break;
      }
    PetscInt at = i;
    for (; at > 0; at--) {
      const PetscInt other = order[at - 1];
      if (line[other] < line[i] || (line[other] == line[i] && Norm3(f->B[other]) <= b)) break;
      order[at] = other;
    }
    order[at] = i;
  }
  PetscCall(PetscFree(line));
  PetscFunctionReturn(0);
}

/* No field, the diagonal alone: z = X/(D - i omega) */
static PetscErrorCode diagonal(const ResponseSystem *s, PetscReal omega, ResponsePoint *point)
{
  Vec z[2];
  PetscFunctionBeginUser;
  *point = (ResponsePoint){.converged = true};
  for (int c = 0; c < 2; c++) PetscCall(VecDuplicate(s->D, &z[c]));
  for (int k = 0; k < s->ndrives; k++) {
    const PetscScalar *x, *d;
    PetscScalar       *u, *v;
    PetscInt           n;
    PetscCall(VecGetLocalSize(s->D, &n));
    PetscCall(VecGetArrayRead(s->X[k], &x));
    PetscCall(VecGetArrayRead(s->D, &d));
    PetscCall(VecGetArray(z[0], &u));
    PetscCall(VecGetArray(z[1], &v));
    for (PetscInt i = 0; i < n; i++) {
      u[i] = d[i] * x[i] / (d[i] * d[i] + omega * omega);
      v[i] = omega * x[i] / (d[i] * d[i] + omega * omega);
    }
    PetscCall(VecRestoreArrayRead(s->X[k], &x));
    PetscCall(VecRestoreArrayRead(s->D, &d));
    PetscCall(VecRestoreArray(z[0], &u));
    PetscCall(VecRestoreArray(z[1], &v));
    for (int i = 0; i < s->ndrives; i++) {
      PetscReal re[3][3], im[3][3];
      PetscCall(s->moment(s->context, s->X[i], z[0], re));
      PetscCall(s->moment(s->context, s->X[i], z[1], im));
      TensorJoin((const PetscReal(*)[3])re, (const PetscReal(*)[3])im, point->L[i][k]);
    }
  }
  for (int c = 0; c < 2; c++) PetscCall(VecDestroy(&z[c]));
  PetscFunctionReturn(0);
}

/* No field: Lanczos for all frequencies; those that it leaves unconverged by themselves. */
static PetscErrorCode no_field(Solver *v, const TransportFields *f, ResponsePoint *points)
{
  const ResponseSystem *s = v->s;
  PetscInt              n = 0, *at;
  PetscReal            *omega;
  ResponsePoint        *some;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(f->nF, &at, f->nF, &omega, f->nF, &some));
  for (PetscInt w = 0; w < f->nF; w++) {
    if (f->omega[w] == 0.0) continue;
    some[n]  = (ResponsePoint){.converged = true};
    omega[n] = f->omega[w];
    at[n++]  = w;
  }
  for (int k = 0; k < s->ndrives && n > 0 && s->A && !s->shifted; k++) PetscCall(ResponseLanczos(s, k, n, omega, some));
  for (PetscInt i = n - 1; i >= 0; i--) { /* high frequencies are the easy ones */
    if (!s->A) PetscCall(diagonal(s, omega[i], &some[i]));
    else if (s->shifted || !some[i].converged) PetscCall(solve_point(v, omega[i], &some[i]));
    points[at[i]] = some[i];
  }
  PetscCall(PetscFree3(at, omega, some));
  PetscFunctionReturn(0);
}

PetscErrorCode ResponseSolve(const ResponseSystem *s, const TransportFields *f, ResponsePoint *points, PetscReal (*first)[RESPONSE_DRIVES][RESPONSE_DRIVES][3][3])
{
  PetscInt *order;
  Solver    v;
  PetscFunctionBeginUser;
  PetscCall(ResponseSolverCreate(s, &v));
  PetscCall(PetscMalloc1(f->nB, &order));
  PetscCall(sort_fields(f, order));
  PetscCall(PetscArrayzero(first, f->nB));
  for (int k = 0; k < s->ndrives && s->still; k++) PetscCall(ResponseRemember(&v, &v.past[0][k], s->still[k]));
  for (PetscInt i = 0; i < f->nB; i++) {
    const PetscInt b = order[i];
    PetscCall(set_field(&v, f->B[b]));
    PetscCall(first_order(&v, first[b]));
    if (!v.Lambda) PetscCall(no_field(&v, f, points + b * f->nF));
    for (PetscInt w = 0; w < f->nF && v.Lambda; w++) PetscCall(solve_point(&v, f->omega[w], &points[b * f->nF + w]));
  }
  PetscCall(PetscFree(order));
  PetscCall(ResponseSolverDestroy(&v));
  PetscFunctionReturn(0);
}

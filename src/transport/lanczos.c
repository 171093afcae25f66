/*
  All frequencies from one Lanczos run: A V = V T + beta v e^T with V e_1 = X/|X|, so that

    z(omega) = |X| V (T - i omega)^-1 e_1,   L_XY(omega) = sum_j <X^X, v_j> c_j(omega),   residual = beta |c_m(omega)|

  for every omega at once: A - i omega has the Krylov space of A (Frommer, Computing 70, 87 (2003)). The relation holds step by step in rounded
  arithmetic too, so residuals are true without orthogonalizing again; that of the lowest frequency, the last to converge, is formed from the
  solution itself as a check. Weights and nodes of T are the quadrature of the spectral density: the sum rule is exact after one step.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response.h"

#define CHUNK 64

typedef struct {
  const ResponseSystem *s;
  PetscInt              nF;
  const PetscReal      *omega;  /* [nF] */
  PetscInt              n, size;
  PetscReal            *alpha, *beta;       /* [size]; beta[j] couples j and j + 1 */
  PetscReal           (*m)[RESPONSE_DRIVES][3][3]; /* [size] moments of the drives with v_j */
  Complex              *d, *y;              /* [nF] last pivot of T - i omega, and of the right-hand side */
  PetscReal             norm;
  /* the solution at frequency `check`, from p_j = v_j - (beta/d) p_{j-1} */
  PetscInt check;
  Vec      p[2], z[2];
} Lanczos;

static PetscErrorCode grow(Lanczos *l)
{
  PetscFunctionBeginUser;
  if (l->n < l->size) PetscFunctionReturn(0);
  l->size += CHUNK;
  PetscCall(PetscRealloc(l->size * sizeof(*l->alpha), &l->alpha));
  PetscCall(PetscRealloc(l->size * sizeof(*l->beta), &l->beta));
  PetscCall(PetscRealloc(l->size * sizeof(*l->m), &l->m));
  PetscFunctionReturn(0);
}

/* z += (y/d) p */
static PetscErrorCode add_to_solution(Lanczos *l)
{
  const Complex c = l->y[l->check] / l->d[l->check];
  PetscFunctionBeginUser;
  PetscCall(VecAXPBYPCZ(l->z[0], creal(c), -cimag(c), 1.0, l->p[0], l->p[1]));
  PetscCall(VecAXPBYPCZ(l->z[1], cimag(c), creal(c), 1.0, l->p[0], l->p[1]));
  PetscFunctionReturn(0);
}

/* p <- v - (beta/d) p, with the pivot d of the row before */
static PetscErrorCode next_direction(Lanczos *l, Vec v, PetscReal beta)
{
  const Complex c = l->n > 0 ? -beta / l->d[l->check] : 0.0;
  Vec           old;
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(v, &old));
  PetscCall(VecCopy(l->p[0], old));
  PetscCall(VecAXPBY(l->p[0], -cimag(c), creal(c), l->p[1]));
  PetscCall(VecAXPBY(l->p[1], cimag(c), creal(c), old));
  PetscCall(VecAXPY(l->p[0], 1.0, v));
  PetscCall(VecDestroy(&old));
  PetscFunctionReturn(0);
}

/* One more row of T: pivots of T - i omega at every frequency. Largest residual so far. */
static PetscReal pivots(Lanczos *l, PetscReal alpha, PetscReal before, PetscReal after)
{
  PetscReal worst = 0.0;
  for (PetscInt f = 0; f < l->nF; f++) {
    const Complex last = l->d[f];
    l->d[f] = alpha - I * l->omega[f] - (l->n > 0 ? before * before / last : 0.0);
    l->y[f] = l->n > 0 ? -before / last * l->y[f] : l->norm;
    worst   = PetscMax(worst, after * cabs(l->y[f] / l->d[f]) / l->norm);
  }
  return worst;
}

/* r of the lowest frequency from its solution */
static PetscErrorCode true_residual(Lanczos *l, Vec x, PetscReal *residual)
{
  PetscReal part[2] = {0, 0};
  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    Vec r;
    PetscCall(VecDuplicate(x, &r));
    PetscCall(MatMult(l->s->A, l->z[c], r));
    PetscCall(VecAXPY(r, c ? -l->omega[l->check] : l->omega[l->check], l->z[1 - c]));
    if (c == 0) PetscCall(VecAXPY(r, -1.0, x));
    PetscCall(VecNorm(r, NORM_2, &part[c]));
    PetscCall(VecDestroy(&r));
  }
  *residual = sqrt(part[0] * part[0] + part[1] * part[1]) / l->norm;
  PetscFunctionReturn(0);
}

/* c = (T - i omega)^-1 |X| e_1, and with it the moments */
static PetscErrorCode read_out(const Lanczos *l, int k, PetscInt f, PetscReal beta, ResponsePoint *point)
{
  const PetscInt n = l->n;
  Complex       *d, *c;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &d, n, &c));
  for (PetscInt j = 0; j < n; j++) {
    const Complex factor = j > 0 ? l->beta[j - 1] / d[j - 1] : 0.0;
    d[j] = l->alpha[j] - I * l->omega[f] - (j > 0 ? factor * l->beta[j - 1] : 0.0);
    c[j] = j > 0 ? -factor * c[j - 1] : l->norm;
  }
  for (PetscInt j = n - 1; j >= 0; j--) c[j] = (c[j] - (j < n - 1 ? l->beta[j] * c[j + 1] : 0.0)) / d[j];
  for (int i = 0; i < l->s->ndrives; i++)
    for (int r = 0; r < 9; r++) {
      Complex sum = 0.0;
      for (PetscInt j = 0; j < n; j++) sum += l->m[j][i][r / 3][r % 3] * c[j];
      point->L[i][k][r / 3][r % 3] = sum;
    }
  const PetscReal residual = beta * cabs(c[n - 1]) / l->norm;
  point->residual          = PetscMax(point->residual, residual);
  point->iterations        = PetscMax(point->iterations, n);
  point->converged         = point->converged && residual <= l->s->tolerance;
  PetscCall(PetscFree2(d, c));
  PetscFunctionReturn(0);
}

static PetscErrorCode create(const ResponseSystem *s, int k, PetscInt nF, const PetscReal *omega, Lanczos *l)
{
  PetscFunctionBeginUser;
  *l = (Lanczos){.s = s, .nF = nF, .omega = omega};
  PetscCall(VecNorm(s->X[k], NORM_2, &l->norm));
  PetscCall(PetscMalloc2(nF, &l->d, nF, &l->y));
  for (PetscInt f = 1; f < nF; f++)
    if (omega[f] < omega[l->check]) l->check = f;
  for (int c = 0; c < 2; c++) {
    PetscCall(VecDuplicate(s->X[k], &l->p[c]));
    PetscCall(VecDuplicate(s->X[k], &l->z[c]));
    PetscCall(VecZeroEntries(l->p[c]));
    PetscCall(VecZeroEntries(l->z[c]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Lanczos *l)
{
  PetscFunctionBeginUser;
  for (int c = 0; c < 2; c++) {
    PetscCall(VecDestroy(&l->p[c]));
    PetscCall(VecDestroy(&l->z[c]));
  }
  PetscCall(PetscFree2(l->d, l->y));
  PetscCall(PetscFree(l->alpha));
  PetscCall(PetscFree(l->beta));
  PetscCall(PetscFree(l->m));
  PetscFunctionReturn(0);
}

/* Steps until every frequency has converged; beta: of the last. */
static PetscErrorCode iterate(Lanczos *l, Vec x, PetscReal *beta)
{
  Vec       v, w, before;
  Progress  progress;
  PetscReal worst = HUGE_VAL, top = 0.0, last = 0.0;
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(x, &v));
  PetscCall(VecDuplicate(x, &w));
  PetscCall(VecDuplicate(x, &before));
  PetscCall(VecCopy(x, v));
  PetscCall(VecScale(v, 1.0 / l->norm));
  PetscCall(VecZeroEntries(before));
  ProgressBegin(&progress, "iterations", 0.0);
  while (worst > l->s->tolerance && l->n < l->s->max_iterations) {
    PetscScalar alpha;
    PetscCall(Pulse());
    if (l->n > 0) ProgressIterate(&progress, l->n, worst, l->s->tolerance);
    PetscCall(grow(l));
    for (int i = 0; i < l->s->ndrives; i++) PetscCall(l->s->moment(l->s->context, l->s->X[i], v, l->m[l->n][i]));
    PetscCall(next_direction(l, v, last));
    PetscCall(MatMult(l->s->A, v, w));
    PetscCall(VecAXPY(w, -last, before));
    PetscCall(VecDot(v, w, &alpha));
    PetscCall(VecAXPY(w, -alpha, v));
    PetscCall(VecNorm(w, NORM_2, beta));
    top = PetscMax(top, fabs(alpha) + *beta);
    if (*beta <= 1e-15 * top) *beta = 0.0; /* the space is exhausted */
    worst = pivots(l, alpha, last, *beta);
    PetscCall(add_to_solution(l));
    l->alpha[l->n]  = alpha;
    l->beta[l->n++] = *beta;
    last            = *beta;
    if (last == 0.0) break;
    PetscCall(VecCopy(v, before));
    PetscCall(VecAXPBY(v, 1.0 / last, 0.0, w));
  }
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&w));
  PetscCall(VecDestroy(&before));
  PetscFunctionReturn(0);
}

PetscErrorCode ResponseLanczos(const ResponseSystem *s, int k, PetscInt nF, const PetscReal *omega, ResponsePoint *point)
{
  Lanczos   l;
  PetscReal beta = 0.0, residual = 0.0;
  PetscFunctionBeginUser;
  PetscCall(create(s, k, nF, omega, &l));
  if (l.norm > 0.0) {
    PetscCall(iterate(&l, s->X[k], &beta));
    for (PetscInt f = 0; f < nF; f++) PetscCall(read_out(&l, k, f, beta, &point[f]));
    PetscCall(true_residual(&l, s->X[k], &residual));
    point[l.check].residual = PetscMax(point[l.check].residual, residual);
  }
  PetscCall(destroy(&l));
  PetscFunctionReturn(0);
}

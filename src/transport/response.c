/* Fields and frequencies at one point: see response.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response.h"
#include <lapacke.h>

#define KEPT     8    /* solutions that the next one starts from, of each drive */
#define RESTART  60
#define TIGHTER  0.1  /* than the symmetric system, whose tensors err by the square of the residual */
#define FEW      40   /* iterations more than twice those without field, and the preconditioner is made anew at this field */
#define PARALLEL 1e-12

typedef struct { /* solutions, and what A makes of them */
  PetscInt n, next;
  Vec      z[KEPT], Az[KEPT];
} Past;

typedef struct {
  const ResponseSystem *s;
  Mat       Lambda;              /* of a unit field along `direction`; NULL without */
  PetscReal direction[3];
  PetscReal strength, omega;     /* of the solve at hand: strength may be negative */
  bool      doubled;             /* omega != 0: [u; v] on each rank */
  PetscInt  n;                   /* local rows of A */
  MatNullSpace space;            /* what A + Lambda annihilates: left out of the space, so that Lambda's error there is too */
  Vec       in, out, work;       /* of A's layout; in and out without an array of their own */
  Vec       b[2];                /* right-hand side, real and doubled */
  Mat       K[2];
  KSP       ksp[2];
  Mat       P[2];                /* D + Lambda - i omega of this or an earlier field; NULL: to be made */
  bool      direct[2], given[2]; /* P factorized exactly; the preconditioner is the user's */
  bool      turned[2];           /* the field has another direction or sign than P's */
  Past      past[2][RESPONSE_DRIVES];
} Solver;

/* --- the operator ------------------------------------------------------------------------------- */

static PetscErrorCode apply_part(Solver *v, bool symmetric, bool antisymmetric, Vec x, Vec y)
{
  PetscFunctionBeginUser;
  if (!symmetric) PetscCall(VecZeroEntries(y));
  else if (v->s->A) PetscCall(MatMult(v->s->A, x, y));
  else PetscCall(VecPointwiseMult(y, v->s->D, x));
  if (antisymmetric && v->Lambda) {
    PetscCall(MatMult(v->Lambda, x, v->work));
    PetscCall(VecAXPY(y, v->strength, v->work));
  }
  PetscFunctionReturn(0);
}

/* y = (A if symmetric) x + (Lambda - i omega if antisymmetric) x */
static PetscErrorCode apply(Solver *v, bool symmetric, bool antisymmetric, Vec x, Vec y)
{
  const PetscScalar *a;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  if (!v->doubled) {
    PetscCall(apply_part(v, symmetric, antisymmetric, x, y));
    if (v->space) PetscCall(MatNullSpaceRemove(v->space, y));
    PetscFunctionReturn(0);
  }
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArray(y, &b));
  for (int c = 0; c < 2; c++) {
    PetscCall(VecPlaceArray(v->in, a + c * v->n));
    PetscCall(VecPlaceArray(v->out, b + c * v->n));
    PetscCall(apply_part(v, symmetric, antisymmetric, v->in, v->out));
    PetscCall(VecResetArray(v->in));
    PetscCall(VecResetArray(v->out));
  }
  for (PetscInt i = 0; antisymmetric && i < v->n; i++) {
    b[i] += v->omega * a[v->n + i];
    b[v->n + i] -= v->omega * a[i];
  }
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(VecRestoreArray(y, &b));
  PetscFunctionReturn(0);
}

static PetscErrorCode mult(Mat K, Vec x, Vec y)
{
  Solver *v;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(K, &v));
  PetscCall(apply(v, true, true, x, y));
  PetscFunctionReturn(0);
}

/* --- the preconditioner: D + Lambda - i omega ------------------------------------------------------ */

/* Column of the (doubled) system for component c of column j of A's layout. */
static PetscInt column(const Solver *v, const PetscInt *range, PetscInt j, int c)
{
  int rank = 0;
  while (j >= range[rank + 1]) rank++;
  return (v->doubled ? 2 : 1) * range[rank] + c * (range[rank + 1] - range[rank]) + j - range[rank];
}

static PetscErrorCode count_entries(const Solver *v, PetscInt begin, PetscInt *diagonal, PetscInt *other)
{
  const int parts = v->doubled ? 2 : 1;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < v->n; i++) {
    PetscInt        n = 0, inside = 1 + v->doubled, outside = 0;
    const PetscInt *cols;
    if (v->Lambda) {
      PetscCall(MatGetRow(v->Lambda, begin + i, &n, &cols, NULL));
      for (PetscInt j = 0; j < n; j++) {
        if (cols[j] >= begin && cols[j] < begin + v->n) inside += cols[j] != begin + i;
        else outside++;
      }
      PetscCall(MatRestoreRow(v->Lambda, begin + i, &n, &cols, NULL));
    }
    for (int c = 0; c < parts; c++) {
      diagonal[c * v->n + i] = inside;
      other[c * v->n + i]    = outside;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_row(const Solver *v, const PetscInt *range, PetscInt i, int c, PetscReal d, Mat P)
{
  const PetscInt row = column(v, range, i, c);
  PetscInt       n;
  const PetscInt *cols;
  const PetscScalar *values;
  PetscFunctionBeginUser;
  PetscCall(MatSetValue(P, row, row, d, ADD_VALUES));
  if (v->doubled) PetscCall(MatSetValue(P, row, column(v, range, i, 1 - c), c ? -v->omega : v->omega, ADD_VALUES));
  if (!v->Lambda) PetscFunctionReturn(0);
  PetscCall(MatGetRow(v->Lambda, i, &n, &cols, &values));
  for (PetscInt j = 0; j < n; j++) PetscCall(MatSetValue(P, row, column(v, range, cols[j], c), v->strength * values[j], ADD_VALUES));
  PetscCall(MatRestoreRow(v->Lambda, i, &n, &cols, &values));
  PetscFunctionReturn(0);
}

static PetscErrorCode create_preconditioner(const Solver *v, Mat *P)
{
  const int          parts = v->doubled ? 2 : 1;
  PetscInt          *diagonal, *other, begin, end;
  const PetscInt    *range;
  const PetscScalar *d;
  PetscFunctionBeginUser;
  PetscCall(VecGetOwnershipRange(v->s->D, &begin, &end));
  PetscCall(VecGetOwnershipRanges(v->s->D, &range));
  PetscCall(PetscMalloc2(2 * v->n, &diagonal, 2 * v->n, &other));
  PetscCall(count_entries(v, begin, diagonal, other));
  PetscCall(MatCreateAIJ(v->s->comm, parts * v->n, parts * v->n, PETSC_DETERMINE, PETSC_DETERMINE, 0, diagonal, 0, other, P));
  PetscCall(VecGetArrayRead(v->s->D, &d));
  for (PetscInt i = begin; i < end; i++)
    for (int c = 0; c < parts; c++) PetscCall(fill_row(v, range, i, c, d[i - begin], *P));
  PetscCall(VecRestoreArrayRead(v->s->D, &d));
  PetscCall(MatAssemblyBegin(*P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*P, MAT_FINAL_ASSEMBLY));
  PetscCall(PetscFree2(diagonal, other));
  PetscFunctionReturn(0);
}

/* --- a solver ------------------------------------------------------------------------------------ */

static PetscErrorCode create_ksp(Solver *v, int doubled)
{
  const PetscInt n = (1 + doubled) * v->n;
  PetscBool      given;
  PC             pc;
  PetscFunctionBeginUser;
  PetscCall(VecCreateMPI(v->s->comm, n, PETSC_DETERMINE, &v->b[doubled]));
  PetscCall(MatCreateShell(v->s->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, v, &v->K[doubled]));
  PetscCall(MatShellSetOperation(v->K[doubled], MATOP_MULT, (void (*)(void))mult));
  PetscCall(KSPCreate(v->s->comm, &v->ksp[doubled]));
  PetscCall(KSPSetOptionsPrefix(v->ksp[doubled], "response_"));
  PetscCall(KSPSetType(v->ksp[doubled], KSPGMRES));
  PetscCall(KSPGMRESSetRestart(v->ksp[doubled], RESTART));
  PetscCall(KSPSetPCSide(v->ksp[doubled], PC_RIGHT));
  PetscCall(KSPSetNormType(v->ksp[doubled], KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPSetTolerances(v->ksp[doubled], PetscMax(TIGHTER * v->s->tolerance, 1e-13), 1e-300, 1e8, v->s->max_iterations));
  PetscCall(KSPSetInitialGuessNonzero(v->ksp[doubled], PETSC_TRUE));
  PetscCall(KSPGetPC(v->ksp[doubled], &pc));
  PetscCall(PCSetType(pc, PCBJACOBI));
  PetscCall(PetscOptionsHasName(NULL, "response_", "-pc_type", &given));
  v->given[doubled] = given;
  PetscCall(KSPSetFromOptions(v->ksp[doubled]));
  PetscFunctionReturn(0);
}

/* From incomplete factors, good while a carrier turns little between collisions, to exact ones. */
static PetscErrorCode make_direct(Solver *v)
{
  PC pc;
  PetscFunctionBeginUser;
  PetscCall(KSPGetPC(v->ksp[v->doubled], &pc));
  PetscCall(PCSetType(pc, PCLU));
#if defined(PETSC_HAVE_MUMPS)
  PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
#else
  PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERSUPERLU_DIST));
#endif
  v->direct[v->doubled] = true;
  PetscFunctionReturn(0);
}

/* P at this field and frequency. Exact factors of a field of the same sign serve others: with those of b the spectrum at b' lies between 1 and b'/b. */
static PetscErrorCode precondition(Solver *v, bool anew)
{
  const int c = v->doubled;
  PetscFunctionBeginUser;
  if (anew) PetscCall(MatDestroy(&v->P[c]));
  if (!v->P[c]) PetscCall(create_preconditioner(v, &v->P[c]));
  PetscCall(KSPSetOperators(v->ksp[c], v->K[c], v->P[c]));
  PetscFunctionReturn(0);
}

static PetscErrorCode create(const ResponseSystem *s, Solver *v)
{
  PetscFunctionBeginUser;
  *v = (Solver){.s = s};
  PetscCall(VecGetLocalSize(s->D, &v->n));
  PetscCall(VecDuplicate(s->D, &v->work));
  PetscCall(VecCreateMPIWithArray(s->comm, 1, v->n, PETSC_DETERMINE, NULL, &v->in));
  PetscCall(VecCreateMPIWithArray(s->comm, 1, v->n, PETSC_DETERMINE, NULL, &v->out));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Solver *v)
{
  PetscFunctionBeginUser;
  for (int i = 0; i < 2 * RESPONSE_DRIVES; i++) {
    Past *p = &v->past[i / RESPONSE_DRIVES][i % RESPONSE_DRIVES];
    for (PetscInt k = 0; k < p->n; k++) {
      PetscCall(VecDestroy(&p->z[k]));
      PetscCall(VecDestroy(&p->Az[k]));
    }
  }
  for (int c = 0; c < 2; c++) {
    PetscCall(VecDestroy(&v->b[c]));
    PetscCall(MatDestroy(&v->K[c]));
    PetscCall(MatDestroy(&v->P[c]));
    PetscCall(KSPDestroy(&v->ksp[c]));
  }
  PetscCall(VecDestroy(&v->in));
  PetscCall(VecDestroy(&v->out));
  PetscCall(VecDestroy(&v->work));
  PetscCall(MatDestroy(&v->Lambda));
  PetscFunctionReturn(0);
}

/* --- where to start ------------------------------------------------------------------------------ */

static PetscErrorCode remember(Solver *v, Past *p, Vec z)
{
  const PetscInt at = p->next;
  PetscFunctionBeginUser;
  if (at == p->n) {
    PetscCall(VecDuplicate(z, &p->z[at]));
    PetscCall(VecDuplicate(z, &p->Az[at]));
    p->n++;
  }
  p->next = (at + 1) % KEPT;
  PetscCall(VecCopy(z, p->z[at]));
  PetscCall(apply(v, true, false, z, p->Az[at]));
  PetscFunctionReturn(0);
}

/* z <- the combination of past solutions that leaves least of b */
static PetscErrorCode choose_start(Solver *v, const Past *p, Vec b, Vec z)
{
  PetscReal G[KEPT * KEPT], c[KEPT], singular[KEPT];
  Vec      *w;
  lapack_int rank;
  PetscFunctionBeginUser;
  PetscCall(VecZeroEntries(z));
  if (p->n == 0) PetscFunctionReturn(0);
  PetscCall(VecDuplicateVecs(b, p->n, &w));
  for (PetscInt i = 0; i < p->n; i++) {
    PetscCall(apply(v, false, true, p->z[i], w[i]));
    PetscCall(VecAXPY(w[i], 1.0, p->Az[i]));
    PetscCall(VecMDot(w[i], i + 1, w, G + i * p->n));
    for (PetscInt j = 0; j < i; j++) G[j * p->n + i] = G[i * p->n + j];
  }
  PetscCall(VecMDot(b, p->n, w, c));
  const lapack_int info = LAPACKE_dgelsd(LAPACK_ROW_MAJOR, (lapack_int)p->n, (lapack_int)p->n, 1, G, (lapack_int)p->n, c, 1, singular, 1e-14, &rank);
  UmkCheck(info == 0, "dgelsd failed: %d", (int)info);
  PetscCall(VecMAXPY(z, p->n, c, (Vec *)p->z));
  PetscCall(VecDestroyVecs(p->n, &w));
  PetscFunctionReturn(0);
}

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
    PetscCall(apply_part(v, false, true, from[i], w[i]));
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

/* Few iterations first; where they do not do, with a preconditioner of this very field. */
static PetscErrorCode krylov(Solver *v, Vec b, Vec z, KSPConvergedReason *reason, PetscInt *iterations)
{
  const int c   = v->doubled;
  const KSP ksp = v->ksp[c];
  PetscInt  more;
  PetscFunctionBeginUser;
  PetscCall(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, v->given[c] ? v->s->max_iterations : PetscMin(FEW + 2 * v->s->usual, v->s->max_iterations)));
  PetscCall(KSPSolve(ksp, b, z));
  PetscCall(KSPGetConvergedReason(ksp, reason));
  PetscCall(KSPGetIterationNumber(ksp, iterations));
  if (*reason > 0 || v->given[c] || *iterations >= v->s->max_iterations) PetscFunctionReturn(0);
  if (!v->direct[c]) PetscCall(make_direct(v));
  PetscCall(precondition(v, true));
  PetscCall(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, v->s->max_iterations - *iterations));
  PetscCall(KSPSolve(ksp, b, z));
  PetscCall(KSPGetConvergedReason(ksp, reason));
  PetscCall(KSPGetIterationNumber(ksp, &more));
  *iterations += more;
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
  if (v->space) PetscCall(MatNullSpaceRemove(v->space, b));
  PetscCall(VecDuplicate(b, &z));
  PetscCall(choose_start(v, past, b, z));
  PetscCall(krylov(v, b, z, &reason, &iterations));
  PetscCall(TransportTrueResidual(v->K[v->doubled], b, z, &residual));
  point->iterations = PetscMax(point->iterations, iterations);
  point->residual   = PetscMax(point->residual, residual);
  point->converged  = point->converged && reason > 0;
  PetscCall(read_moments(v, k, z, point));
  if (reason > 0) PetscCall(remember(v, past, z));
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
  if (!v->ksp[v->doubled]) PetscCall(create_ksp(v, v->doubled));
  if (!v->doubled) PetscCall(common_null(v, &count, n));
  PetscCall(overlap(v->s, count, n, &point->null_overlap));
  if (count > 0) PetscCall(MatNullSpaceCreate(v->s->comm, PETSC_FALSE, count, n, &v->space));
  for (PetscInt i = 0; i < count; i++) PetscCall(VecDestroy(&n[i]));
  point->missing = point->null_overlap > OVERLAP_LIMIT;
  if (point->missing) point->converged = false;
  PetscCall(MatSetNullSpace(v->K[v->doubled], v->space));
  PetscCall(precondition(v, !v->direct[v->doubled] || v->turned[v->doubled]));
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
  PetscCall(create(s, &v));
  PetscCall(PetscMalloc1(f->nB, &order));
  PetscCall(sort_fields(f, order));
  PetscCall(PetscArrayzero(first, f->nB));
  for (int k = 0; k < s->ndrives && s->still; k++) PetscCall(remember(&v, &v.past[0][k], s->still[k]));
  for (PetscInt i = 0; i < f->nB; i++) {
    const PetscInt b = order[i];
    PetscCall(set_field(&v, f->B[b]));
    PetscCall(first_order(&v, first[b]));
    if (!v.Lambda) PetscCall(no_field(&v, f, points + b * f->nF));
    for (PetscInt w = 0; w < f->nF && v.Lambda; w++) PetscCall(solve_point(&v, f->omega[w], &points[b * f->nF + w]));
  }
  PetscCall(PetscFree(order));
  PetscCall(destroy(&v));
  PetscFunctionReturn(0);
}

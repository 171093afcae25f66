/* One field and frequency by Krylov methods: operator, preconditioner, where to start. See response.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response_impl.h"
#include <lapacke.h>

#define RESTART  60
#define TIGHTER  0.1  /* than the symmetric system, whose tensors err by the square of the residual */
#define FEW      40   /* iterations more than twice those without field, and the preconditioner is made anew at this field */

/* --- the operator ------------------------------------------------------------------------------- */

PetscErrorCode ResponseApplyPart(Solver *v, bool symmetric, bool antisymmetric, Vec x, Vec y)
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
    PetscCall(ResponseApplyPart(v, symmetric, antisymmetric, x, y));
    if (v->space) PetscCall(MatNullSpaceRemove(v->space, y));
    PetscFunctionReturn(0);
  }
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArray(y, &b));
  for (int c = 0; c < 2; c++) {
    PetscCall(VecPlaceArray(v->in, a + c * v->n));
    PetscCall(VecPlaceArray(v->out, b + c * v->n));
    PetscCall(ResponseApplyPart(v, symmetric, antisymmetric, v->in, v->out));
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

PetscErrorCode ResponseSwapRows(Solver *v, Vec y)
{
  const PetscScalar *d;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  if (!v->doubled) PetscFunctionReturn(0);
  PetscCall(VecGetArrayRead(v->s->D, &d));
  PetscCall(VecGetArray(y, &b));
  for (PetscInt i = 0; i < v->n; i++) {
    const PetscScalar keep = b[i];
    if (d[i] >= v->omega) continue;
    b[i]        = b[v->n + i];
    b[v->n + i] = keep;
  }
  PetscCall(VecRestoreArray(y, &b));
  PetscCall(VecRestoreArrayRead(v->s->D, &d));
  PetscFunctionReturn(0);
}

static PetscErrorCode mult(Mat K, Vec x, Vec y)
{
  Solver *v;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(K, &v));
  PetscCall(apply(v, true, true, x, y));
  PetscCall(ResponseSwapRows(v, y));
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
  const bool     swapped = v->doubled && d < v->omega;
  const PetscInt own = column(v, range, i, c), row = column(v, range, i, swapped ? 1 - c : c);
  PetscInt       n;
  const PetscInt *cols;
  const PetscScalar *values;
  PetscFunctionBeginUser;
  PetscCall(MatSetValue(P, row, own, d, ADD_VALUES));
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

PetscErrorCode ResponseCreateKSP(Solver *v, int doubled)
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
  PetscCall(TransportWatch(v->ksp[doubled]));
  PetscFunctionReturn(0);
}

/* From incomplete factors, good while a carrier turns little between collisions, to exact ones. */
static PetscErrorCode make_direct(Solver *v)
{
  PC          pc;
  PetscMPIInt size;
  PetscFunctionBeginUser;
  PetscCall(KSPGetPC(v->ksp[v->doubled], &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCallMPI(MPI_Comm_size(v->s->comm, &size));
#if defined(PETSC_HAVE_SUITESPARSE)
  if (size == 1) PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERUMFPACK)); /* its triangular solves are several times faster for one right-hand side */
  else
#endif
#if defined(PETSC_HAVE_MUMPS)
    PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
#else
    PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERSUPERLU_DIST));
#endif
  v->direct[v->doubled] = true;
  PetscFunctionReturn(0);
}

/* P at this field and frequency. Exact factors of a field of the same sign serve others: with those of b the spectrum at b' lies between 1 and b'/b. */
PetscErrorCode ResponsePrecondition(Solver *v, bool anew)
{
  const int c = v->doubled;
  PetscFunctionBeginUser;
  if (anew) PetscCall(MatDestroy(&v->P[c]));
  if (!v->P[c]) PetscCall(create_preconditioner(v, &v->P[c]));
  PetscCall(KSPSetOperators(v->ksp[c], v->K[c], v->P[c]));
  PetscFunctionReturn(0);
}

PetscErrorCode ResponseSolverCreate(const ResponseSystem *s, Solver *v)
{
  PetscFunctionBeginUser;
  *v = (Solver){.s = s};
  PetscCall(VecGetLocalSize(s->D, &v->n));
  PetscCall(VecDuplicate(s->D, &v->work));
  PetscCall(VecCreateMPIWithArray(s->comm, 1, v->n, PETSC_DETERMINE, NULL, &v->in));
  PetscCall(VecCreateMPIWithArray(s->comm, 1, v->n, PETSC_DETERMINE, NULL, &v->out));
  PetscFunctionReturn(0);
}

PetscErrorCode ResponseSolverDestroy(Solver *v)
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

PetscErrorCode ResponseRemember(Solver *v, Past *p, Vec z)
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
PetscErrorCode ResponseChooseStart(Solver *v, const Past *p, Vec b, Vec z)
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
    PetscCall(ResponseSwapRows(v, w[i]));
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

/* Few iterations first; where they do not do, with a preconditioner of this very field. */
PetscErrorCode ResponseKrylov(Solver *v, Vec b, Vec z, KSPConvergedReason *reason, PetscInt *iterations)
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
  PetscCall(ResponsePrecondition(v, true));
  PetscCall(KSPSetTolerances(ksp, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, v->s->max_iterations - *iterations));
  PetscCall(KSPSolve(ksp, b, z));
  PetscCall(KSPGetConvergedReason(ksp, reason));
  PetscCall(KSPGetIterationNumber(ksp, &more));
  *iterations += more;
  PetscFunctionReturn(0);
}

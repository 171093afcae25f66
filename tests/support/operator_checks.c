/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <lapacke.h>
#include <slepceps.h>
#include <stdlib.h>
#include "operator_checks.h"
#include "transport/drag_impl.h"

static PetscReal largest_rate(Engine *e)
{
  const PetscReal *rate;
  PetscInt         n;
  PetscReal        most = 0.0;

  ck_call(CollisionGetLocalStates(e->collision, e->species, NULL, &n, NULL));
  ck_call(CollisionGetRates(e->collision, -1, &rate));
  for (PetscInt i = 0; i < n; i++) most = PetscMax(most, rate[i]);
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPIU_REAL, MPI_MAX, e->comm);
  return most;
}

void OperatorCheckSymmetric(Engine *e, const char *what)
{
  Mat       A, B;
  PetscReal norm, size;
  int       nranks; /* three and more add up to one element in an order that differs between it and its mirror image */

  MPI_Comm_size(e->comm, &nranks);
  ck_call(CollisionGetOperator(e->collision, &A));
  ck_call(MatTranspose(A, MAT_INITIAL_MATRIX, &B));
  ck_call(MatAXPY(B, -1.0, A, DIFFERENT_NONZERO_PATTERN));
  ck_call(MatNorm(B, NORM_FROBENIUS, &norm));
  ck_call(MatNorm(A, NORM_FROBENIUS, &size));
  ck_call(MatDestroy(&B));
  ck_assert_msg(norm <= (nranks > 2 ? 1e-16 : 0.0) * size, "%s: |A - A^T| = %.3g |A|, not zero", what, norm / size);
}

/* Smallest eigenvalue, of all: a Krylov method meets it from above. */
static PetscReal smallest_slepc(Mat A)
{
  EPS         eps;
  PetscInt    n;
  PetscScalar low = 0.0;

  ck_call(EPSCreate(PetscObjectComm((PetscObject)A), &eps));
  ck_call(EPSSetOperators(eps, A, NULL));
  ck_call(EPSSetProblemType(eps, EPS_HEP));
  ck_call(EPSSetType(eps, EPSLAPACK));
  ck_call(EPSSetWhichEigenpairs(eps, EPS_SMALLEST_REAL));
  ck_call(EPSSolve(eps));
  ck_call(EPSGetConverged(eps, &n));
  ck_assert_int_gt(n, 0);
  ck_call(EPSGetEigenvalue(eps, 0, &low, NULL));
  ck_call(EPSDestroy(&eps));
  return PetscRealPart(low);
}

/* The same without eigenvectors, a tenth of the time; on one rank. */
static PetscReal smallest_lapack(Mat A, PetscInt n)
{
  Mat          dense;
  PetscScalar *a;
  PetscReal   *value = malloc(sizeof(PetscReal) * (size_t)n), low;

  ck_call(MatConvert(A, MATSEQDENSE, MAT_INITIAL_MATRIX, &dense));
  ck_call(MatDenseGetArray(dense, &a));
  ck_assert_int_eq(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, a, (lapack_int)n, value), 0);
  ck_call(MatDenseRestoreArray(dense, &a));
  ck_call(MatDestroy(&dense));
  low = value[0];
  free(value);
  return low;
}

void OperatorCheckSemidefinite(Engine *e, const char *what)
{
  Mat             A;
  PetscInt        n;
  const PetscReal scale = largest_rate(e);

  ck_call(CollisionGetOperator(e->collision, &A));
  ck_call(MatGetSize(A, &n, NULL));
  const PetscReal low = n <= 400 ? smallest_slepc(A) : smallest_lapack(A, n);
  ck_assert_msg(low >= -1e-12 * scale, "%s: eigenvalue %.3g of the largest rate", what, low / scale);
}

PetscReal OperatorCheckDrag(Engine *e, const char *what)
{
  Vec        x = e->drag->x[0], y = e->drag->x[1]; /* no longer needed once solved */
  PetscInt   n;
  PetscReal *a, *value, asymmetry = 0.0, size = 0.0, least;

  ck_call(VecGetSize(x, &n));
  ck_call(PetscMalloc2(n * n, &a, n, &value));
  for (PetscInt j = 0; j < n; j++) {
    const PetscScalar *column;
    ck_call(VecZeroEntries(x));
    ck_call(VecSetValue(x, j, 1.0, INSERT_VALUES));
    ck_call(VecAssemblyBegin(x));
    ck_call(VecAssemblyEnd(x));
    ck_call(MatMult(e->drag->A, x, y));
    ck_call(VecGetArrayRead(y, &column));
    ck_call(PetscArraycpy(a + j * n, column, n));
    ck_call(VecRestoreArrayRead(y, &column));
  }
  for (PetscInt i = 0; i < n; i++)
    if (!(e->drag->rate[i / 3] > 0.0)) a[i * n + i] = 0.0; /* states that take no part: one on the diagonal */
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; j < n; j++) {
      asymmetry = PetscMax(asymmetry, fabs(a[i * n + j] - a[j * n + i]));
      size      = PetscMax(size, fabs(a[i * n + j]));
    }
  ck_assert_msg(asymmetry <= 1e-14 * size, "%s: asymmetry %.3g", what, asymmetry / size);
  ck_assert_int_eq(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, a, (lapack_int)n, value), 0);
  least = value[0] / value[n - 1];
  ck_call(PetscFree2(a, value));
  return least;
}

static void check_shell(Engine *e, CollisionApply how, const char *what)
{
  Mat         A, shell;
  Vec         x, y, z;
  PetscRandom random;
  PetscReal   norm, size;

  ck_call(CollisionGetOperator(e->collision, &A));
  ck_call(CollisionCreateShell(e->collision, how, &shell));
  ck_call(CollisionCreateVec(e->collision, &x));
  ck_call(VecDuplicate(x, &y));
  ck_call(VecDuplicate(x, &z));
  ck_call(PetscRandomCreate(e->comm, &random));
  ck_call(PetscRandomSetInterval(random, -1.0, 1.0));
  for (int repeat = 0; repeat < 3; repeat++) {
    ck_call(VecSetRandom(x, random));
    ck_call(MatMult(A, x, y));
    ck_call(MatMult(shell, x, z));
    ck_call(VecNorm(y, NORM_2, &size));
    ck_call(VecAXPY(z, -1.0, y));
    ck_call(VecNorm(z, NORM_2, &norm));
    ck_assert_msg(norm <= 1e-13 * size, "%s: the %s operator differs by %.3g", what, how == COLLISION_BLOCKS ? "blockwise" : "replayed", norm / size);
  }
  ck_call(PetscRandomDestroy(&random));
  ck_call(VecDestroy(&x));
  ck_call(VecDestroy(&y));
  ck_call(VecDestroy(&z));
  ck_call(MatDestroy(&shell));
}

void OperatorCheckReplay(Engine *e, const char *what)
{
  check_shell(e, COLLISION_BLOCKS, what);
  check_shell(e, COLLISION_REPLAY, what);
}

void OperatorCheckCharge(Engine *e, const char *what)
{
  const PetscReal *w, *rate;
  const PetscInt  *state;
  PetscInt         count;
  PetscReal        defect;
  Mat              A;
  Vec              n, an;

  ck_call(CollisionChargeDefect(e->collision, &defect));
  ck_assert_msg(defect <= 1e-13, "%s: CollisionChargeDefect %.3g", what, defect);
  ck_call(CollisionGetOperator(e->collision, &A));
  ck_call(CollisionGetLocalStates(e->collision, SPECIES_ELECTRON, NULL, &count, &state));
  ck_call(CollisionGetWeights(e->collision, SPECIES_ELECTRON, &w));
  ck_call(CollisionGetRates(e->collision, -1, &rate));
  ck_call(CollisionCreateVec(e->collision, &n));
  ck_call(VecDuplicate(n, &an));
  for (int c = 0; c < 3; c++) {
    PetscScalar *v;
    PetscReal    worst = 0.0, scale = 0.0;

    ck_call(VecGetArray(n, &v));
    for (PetscInt i = 0; i < 3 * count; i++) v[i] = i % 3 == c && rate[i / 3] > 0.0 ? sqrt(e->electrons->star[state[i / 3]]) * w[state[i / 3]] : 0.0;
    for (PetscInt i = 0; i < count; i++) scale = PetscMax(scale, PetscAbsScalar(rate[i] * v[3 * i + c]));
    ck_call(VecRestoreArray(n, &v));
    ck_call(MatMult(A, n, an));
    ck_call(VecNorm(an, NORM_INFINITY, &worst));
    MPI_Allreduce(MPI_IN_PLACE, &scale, 1, MPIU_REAL, MPI_MAX, e->comm);
    ck_assert_msg(worst <= 1e-13 * scale, "%s: a uniform shift along %c is not a null vector: %.3g", what, 'x' + c, worst / scale);
  }
  ck_call(VecDestroy(&n));
  ck_call(VecDestroy(&an));
}

/* Small dense linear algebra of the interpolation, over LAPACK. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"
#include <lapacke.h>
#include <stdlib.h>

PetscErrorCode AlignedAlloc(size_t count, PetscReal **array)
{
  PetscFunctionBeginUser;
  *array = aligned_alloc(64, (count * sizeof(PetscReal) + 127) / 64 * 64);
  PetscCheck(*array, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for %zu numbers", count);
  PetscFunctionReturn(0);
}

PetscErrorCode AlignedFree(PetscReal **array)
{
  PetscFunctionBeginUser;
  free(*array);
  *array = NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode EigenWorkCreate(PetscInt n, EigenWork *w)
{
  PetscFunctionBeginUser;
  w->n     = n;
  w->lwork = 34 * n;
  PetscCall(PetscMalloc3(n * n, &w->a, w->lwork, &w->work, 3 * n, &w->rwork));
  PetscFunctionReturn(0);
}

PetscErrorCode EigenWorkDestroy(EigenWork *w)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(w->a, w->work, w->rwork));
  PetscFunctionReturn(0);
}

PetscErrorCode HermitianEigen(EigenWork *w, const Complex *H, PetscReal *value, Complex *U)
{
  const PetscInt n = w->n;

  PetscFunctionBeginUser;
  for (PetscInt a = 0; a < n; a++)
    for (PetscInt b = 0; b <= a; b++) w->a[b * n + a] = 0.5 * (H[a * n + b] + conj(H[b * n + a]));
  const lapack_int info = LAPACKE_zheev_work(LAPACK_COL_MAJOR, U ? 'V' : 'N', 'L', (lapack_int)n, (lapack_complex_double *)w->a, (lapack_int)n, value,
                                             (lapack_complex_double *)w->work, (lapack_int)w->lwork, w->rwork);
  UmkCheck(info == 0, "zheev failed with %d on a matrix of order %d", (int)info, (int)n);
  if (U)
    for (PetscInt b = 0; b < n; b++)
      for (PetscInt a = 0; a < n; a++) U[a * n + b] = w->a[b * n + a];
  PetscFunctionReturn(0);
}

void HermitianDiagonal(PetscInt n, const Complex *M, const Complex *U, PetscReal *diagonal)
{
  for (PetscInt j = 0; j < n; j++) diagonal[j] = 0.0;
  for (PetscInt a = 0; a < n; a++)
    for (PetscInt b = 0; b <= a; b++) {
      const Complex   h     = 0.5 * (M[a * n + b] + conj(M[b * n + a]));
      const PetscReal twice = a == b ? 1.0 : 2.0;

      for (PetscInt j = 0; j < n; j++) {
        const Complex hu = h * U[b * n + j];

        diagonal[j] += twice * (creal(U[a * n + j]) * creal(hu) + cimag(U[a * n + j]) * cimag(hu));
      }
    }
}

void HermitianRotate(PetscInt n, const Complex *M, const Complex *U, Complex *out)
{
  memset(out, 0, sizeof(Complex) * (size_t)(n * n));
  for (PetscInt a = 0; a < n; a++)
    for (PetscInt j = 0; j < n; j++) {
      Complex mu = 0.0;

      for (PetscInt b = 0; b < n; b++) mu += 0.5 * (M[a * n + b] + conj(M[b * n + a])) * U[b * n + j];
      for (PetscInt i = 0; i < n; i++) out[i * n + j] += conj(U[a * n + i]) * mu;
    }
}

void AverageDegenerate(PetscInt n, const PetscReal *energy, int width, PetscReal *value)
{
  for (PetscInt first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && energy[last] - energy[last - 1] < MATERIAL_DEGENERATE; last++);
    if (last == first + 1) continue;
    for (int c = 0; c < width; c++) {
      PetscReal sum = 0.0;

      for (PetscInt i = first; i < last; i++) sum += value[i * width + c];
      for (PetscInt i = first; i < last; i++) value[i * width + c] = sum / (PetscReal)(last - first);
    }
  }
}

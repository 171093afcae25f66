/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "in_field.h"
#include <petscksp.h>
#include "drive/drive_impl.h"

PetscErrorCode InFieldSolve(Engine *e, PetscInt at, const PetscReal B[3], int reach, PetscReal L[2][2][3][3])
{
  const StatesPoint *p;
  Mat                A, Lambda, sum;
  Vec                x[2], z[2];
  KSP                ksp;
  PC                 pc;
  int                size;

  PetscFunctionBeginUser;
  PetscCall(EngineSetPoint(e, at, &p));
  PetscCall(CollisionGetOperator(e->collision, &A));
  if (reach == 0) PetscCall(DriveCreateMagnetic(e->collision, e->electrons, B, &Lambda));
  else PetscCall(MagneticCreate(e->collision, e->electrons, B, reach, &Lambda));
  PetscCall(MatDuplicate(A, MAT_COPY_VALUES, &sum));
  PetscCall(MatAXPY(sum, 1.0, Lambda, DIFFERENT_NONZERO_PATTERN));
  PetscCall(KSPCreate(e->comm, &ksp));
  PetscCall(KSPSetOperators(ksp, sum, sum));
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPGMRESSetRestart(ksp, 300));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCallMPI(MPI_Comm_size(e->comm, &size));
  PetscCall(PCSetType(pc, size == 1 ? PCLU : PCJACOBI));
  if (size == 1) PetscCall(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
  PetscCall(KSPSetTolerances(ksp, 1e-11, 0.0, PETSC_DEFAULT, 3000));
  for (int k = 0; k < 2; k++) {
    PetscCall(CollisionCreateVec(e->collision, &x[k]));
    PetscCall(CollisionCreateVec(e->collision, &z[k]));
    PetscCall(DriveFill(e->collision, e->electrons, p, k ? DRIVE_GRADIENT : DRIVE_FIELD, NULL, x[k]));
    PetscCall(KSPSolve(ksp, x[k], z[k]));
  }
  for (int k = 0; k < 4; k++) {
    PetscCall(DriveMoment(e->collision, e->electrons, x[k / 2], z[k % 2], L[k / 2][k % 2]));
    for (int r = 0; r < 9; r++) L[k / 2][k % 2][r / 3][r % 3] /= p->kT;
  }
  for (int k = 0; k < 2; k++) {
    PetscCall(VecDestroy(&x[k]));
    PetscCall(VecDestroy(&z[k]));
  }
  PetscCall(KSPDestroy(&ksp));
  PetscCall(MatDestroy(&sum));
  PetscCall(MatDestroy(&Lambda));
  PetscFunctionReturn(0);
}

PetscErrorCode InFieldAntisymmetry(Engine *e, const PetscReal B[3], PetscReal *defect, PetscReal *work)
{
  Mat       Lambda, transpose;
  Vec       x, y;
  PetscReal dot, nx, ny;

  PetscFunctionBeginUser;
  PetscCall(EngineSetPoint(e, 0, NULL));
  PetscCall(DriveCreateMagnetic(e->collision, e->electrons, B, &Lambda));
  PetscCall(CollisionCreateVec(e->collision, &x));
  PetscCall(VecDuplicate(x, &y));
  PetscCall(VecSetRandom(x, NULL));
  PetscCall(MatMult(Lambda, x, y));
  PetscCall(VecDot(x, y, &dot));
  PetscCall(VecNorm(x, NORM_2, &nx));
  PetscCall(VecNorm(y, NORM_2, &ny));
  *work = fabs(dot) / (nx * ny);
  PetscCall(MatTranspose(Lambda, MAT_INITIAL_MATRIX, &transpose));
  PetscCall(MatAXPY(transpose, 1.0, Lambda, DIFFERENT_NONZERO_PATTERN));
  PetscCall(MatNorm(transpose, NORM_FROBENIUS, defect));
  PetscCall(MatDestroy(&transpose));
  PetscCall(MatDestroy(&Lambda));
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&y));
  PetscFunctionReturn(0);
}

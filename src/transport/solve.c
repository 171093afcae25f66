/* The whole operator: Krylov or Richardson, null vectors, true residuals. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"

#define DECAY_LIMIT    1e-5  /* (z.Az)/(z.Dz) below which a response decays by nothing but round-off and tails of delta functions */

static PetscErrorCode create_ksp(Transport t)
{
  PC pc;
  PetscFunctionBeginUser;
  PetscCall(KSPCreate(t->comm, &t->ksp));
  PetscCall(KSPSetType(t->ksp, t->picard ? KSPRICHARDSON : KSPCG));
  PetscCall(KSPSetTolerances(t->ksp, t->tolerance, 1e-300, 1e8, t->max_iterations));
  PetscCall(KSPSetNormType(t->ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPSetInitialGuessNonzero(t->ksp, PETSC_TRUE));
  PetscCall(KSPGetPC(t->ksp, &pc));
  PetscCall(PCSetType(pc, PCJACOBI));
  PetscCall(KSPSetFromOptions(t->ksp));
  PetscCall(TransportWatch(t->ksp));
  PetscFunctionReturn(0);
}

static PetscErrorCode make_operator(Collision collision, OperatorKind *kind, Mat *shell, Mat *A)
{
  PetscFunctionBeginUser;
  if (*kind == OPERATOR_AUTO) {
    bool fits;
    PetscCall(CollisionOperatorFits(collision, &fits));
    if (!fits) Log(1, "operator  applied by replaying processes: its blocks would not fit in collision.memory beside them");
    *kind = fits ? OPERATOR_BLOCKS : OPERATOR_REPLAYED;
  }
  if (*kind == OPERATOR_ASSEMBLED) {
    PetscCall(CollisionGetOperator(collision, A));
    PetscFunctionReturn(0);
  }
  PetscCall(MatDestroy(shell)); /* the partners of point-dependent channels may have changed */
  PetscCall(CollisionCreateShell(collision, *kind == OPERATOR_BLOCKS ? COLLISION_BLOCKS : COLLISION_REPLAY, shell));
  *A = *shell;
  PetscFunctionReturn(0);
}

PetscErrorCode TransportOperator(Collision collision, OperatorKind *kind, Mat *shell, Mat *A)
{
  PetscFunctionBeginUser;
  PetscCall(StageBegin("operator"));
  PetscCall(make_operator(collision, kind, shell, A));
  PetscCall(StageBegin("solve"));
  PetscFunctionReturn(0);
}

/* n less its components along the kept ones, normalized; false when nothing is left. */
static PetscErrorCode orthonormalize(PetscInt kept, Vec *null, Vec n, bool *left)
{
  PetscReal norm;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < kept; i++) {
    PetscScalar overlap;
    PetscCall(VecDot(null[i], n, &overlap));
    PetscCall(VecAXPY(n, -overlap, null[i]));
  }
  PetscCall(VecNorm(n, NORM_2, &norm));
  *left = norm > 1e-6;
  if (*left) PetscCall(VecScale(n, 1.0 / norm));
  PetscFunctionReturn(0);
}

/* Largest share of a drive that lies in the space of the vectors n. */
static PetscErrorCode drive_overlap(Transport t, PetscInt count, Vec *n, PetscReal *share)
{
  PetscFunctionBeginUser;
  *share = 0.0;
  for (int k = 0; k < t->nkinds; k++) {
    PetscReal norm, sum = 0.0;
    PetscCall(VecNorm(t->drive[t->kind[k]], NORM_2, &norm));
    for (PetscInt i = 0; i < count; i++) {
      PetscScalar overlap;
      PetscCall(VecDot(n[i], t->drive[t->kind[k]], &overlap));
      sum += PetscAbsScalar(overlap) * PetscAbsScalar(overlap);
    }
    if (norm > 0.0) *share = PetscMax(*share, sqrt(sum) / norm);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode TransportKeepNull(Mat A, Mat D, PetscInt count, Vec *n, PetscInt *kept)
{
  Vec an, dn;
  PetscFunctionBeginUser;
  *kept = 0;
  PetscCall(MatCreateVecs(D, &an, &dn));
  for (PetscInt i = 0; i < count; i++) {
    PetscReal norm_a, norm_d;
    bool      left;
    PetscCall(MatMult(A, n[i], an));
    PetscCall(MatMult(D, n[i], dn));
    PetscCall(VecNorm(an, NORM_2, &norm_a));
    PetscCall(VecNorm(dn, NORM_2, &norm_d));
    left = norm_d > 0.0 && norm_a <= NULL_TOLERANCE * norm_d;
    if (left) PetscCall(orthonormalize(*kept, n, n[i], &left));
    if (left) {
      Vec swap     = n[*kept];
      n[(*kept)++] = n[i];
      n[i]         = swap;
    }
  }
  PetscCall(VecDestroy(&an));
  PetscCall(VecDestroy(&dn));
  PetscFunctionReturn(0);
}

/* Candidates n that the operator really annihilates, as a null space; NULL when there are none. */
static PetscErrorCode find_null_space(Transport t, Mat A, Mat D, MatNullSpace *space, TransportTensors *x)
{
  PetscInt count, kept;
  Vec      n[DRIVE_MAX_NULL];
  PetscFunctionBeginUser;
  *space = NULL;
  PetscCall(DriveNullVectors(t->collision, t->states, &count, n));
  PetscCall(TransportKeepNull(A, D, count, n, &kept));
  PetscCall(drive_overlap(t, kept, n, &x->null_overlap));
  if (kept > 0) PetscCall(MatNullSpaceCreate(t->comm, PETSC_FALSE, kept, n, space));
  for (PetscInt i = 0; i < count; i++) PetscCall(VecDestroy(&n[i]));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportSymmetryDefect(Mat A, PetscReal *defect)
{
  Vec         x, y, ax, ay;
  PetscRandom random;
  PetscScalar xay, yax;
  PetscReal   nx, nay;
  PetscFunctionBeginUser;
  PetscCall(MatCreateVecs(A, &x, &y));
  PetscCall(VecDuplicate(x, &ax));
  PetscCall(VecDuplicate(x, &ay));
  PetscCall(PetscRandomCreate(PetscObjectComm((PetscObject)A), &random));
  PetscCall(VecSetRandom(x, random));
  PetscCall(VecSetRandom(y, random));
  PetscCall(PetscRandomDestroy(&random));
  PetscCall(MatMult(A, x, ax));
  PetscCall(MatMult(A, y, ay));
  PetscCall(VecDot(x, ay, &xay));
  PetscCall(VecDot(y, ax, &yax));
  PetscCall(VecNorm(x, NORM_2, &nx));
  PetscCall(VecNorm(ay, NORM_2, &nay));
  *defect = nx * nay > 0.0 ? PetscAbsScalar(xay - yax) / (nx * nay) : 0.0;
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&y));
  PetscCall(VecDestroy(&ax));
  PetscCall(VecDestroy(&ay));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportTrueResidual(Mat A, Vec b, Vec z, PetscReal *residual)
{
  Vec       r;
  PetscReal norm, scale;
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(b, &r));
  PetscCall(MatMult(A, z, r));
  PetscCall(VecAYPX(r, -1.0, b));
  PetscCall(VecNorm(r, NORM_2, &norm));
  PetscCall(VecNorm(b, NORM_2, &scale));
  PetscCall(VecDestroy(&r));
  *residual = scale > 0.0 ? norm / scale : 0.0;
  PetscFunctionReturn(0);
}

/* Start from the relaxation-time solution, or from a neighbour's when its residual is smaller. */
static PetscErrorCode choose_start(Transport t, Mat A, int kind)
{
  PetscReal r_rta, r_last;
  PetscFunctionBeginUser;
  PetscCall(TransportTrueResidual(A, t->drive[kind], t->solution[LEVEL_RTA][kind], &r_rta));
  PetscCall(TransportTrueResidual(A, t->drive[kind], t->solution[LEVEL_FULL][kind], &r_last));
  if (!(r_last < PetscMin(r_rta, 1.0))) {
    if (r_rta < 1.0) PetscCall(VecCopy(t->solution[LEVEL_RTA][kind], t->solution[LEVEL_FULL][kind]));
    else PetscCall(VecZeroEntries(t->solution[LEVEL_FULL][kind]));
  }
  PetscFunctionReturn(0);
}

/* A solution that hardly decays: states that scatter only into themselves and their like, as on a mesh too coarse for elastic scattering. */
static PetscErrorCode check_decay(Mat D, Vec b, Vec z)
{
  Vec         dz;
  PetscScalar zaz, zdz;
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(z, &dz));
  PetscCall(MatMult(D, z, dz));
  PetscCall(VecDot(z, b, &zaz));
  PetscCall(VecDot(z, dz, &zdz));
  PetscCall(VecDestroy(&dz));
  if (PetscRealPart(zaz) < DECAY_LIMIT * PetscRealPart(zdz))
    LogWarning("the solution decays %.1e times slower than its states scatter: they scatter only into themselves; refine the mesh, widen the delta functions or add inelastic scattering", PetscRealPart(zdz / zaz));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportSetOperator(Transport t, TransportTensors *x)
{
  Mat D;
  PetscFunctionBeginUser;
  PetscCall(TransportOperator(t->collision, &t->operator, &t->shell, &t->A));
  PetscCall(CollisionGetDiagonal(t->collision, &D));
  PetscCall(MatNullSpaceDestroy(&t->null));
  PetscCall(find_null_space(t, t->A, D, &t->null, x));
  PetscCall(MatSetNullSpace(t->A, t->null));
  PetscCall(MatSetTransposeNullSpace(t->A, t->null));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportSolveFull(Transport t, TransportTensors *x)
{
  Mat          A, D;
  MatNullSpace space;
  PetscFunctionBeginUser;
  if (!t->ksp) PetscCall(create_ksp(t));
  PetscCall(TransportSetOperator(t, x));
  PetscCall(CollisionGetDiagonal(t->collision, &D));
  A     = t->A;
  space = t->null;
  PetscCall(TransportSymmetryDefect(A, &x->symmetry_defect));
  PetscCall(KSPSetOperators(t->ksp, A, D));
  if (x->null_overlap > OVERLAP_LIMIT) {
    if (!t->alone) LogWarning("the drive overlaps a null vector of the collision operator (share %.3g): nothing stops that current, there is no steady state", x->null_overlap);
    x->converged            = false;
    x->steady_state_missing = true;
  }
  for (int i = 0; i < t->nkinds && !x->steady_state_missing; i++) {
    const DriveKind    k = t->kind[i];
    KSPConvergedReason reason;
    PetscInt           iterations;
    PetscReal          residual;
    if (space) PetscCall(MatNullSpaceRemove(space, t->drive[k]));
    PetscCall(choose_start(t, A, (int)k));
    PetscCall(KSPSolve(t->ksp, t->drive[k], t->solution[LEVEL_FULL][k]));
    PetscCall(KSPGetConvergedReason(t->ksp, &reason));
    PetscCall(KSPGetIterationNumber(t->ksp, &iterations));
    PetscCall(TransportTrueResidual(A, t->drive[k], t->solution[LEVEL_FULL][k], &residual));
    if (i == 0 && !t->alone) PetscCall(check_decay(D, t->drive[k], t->solution[LEVEL_FULL][k]));
    x->iterations = PetscMax(x->iterations, iterations);
    x->residual   = PetscMax(x->residual, residual);
    if (reason < 0) {
      x->converged = false;
      LogWarning("the %s solution did not converge: residual %.3g after %d iterations (%s)", k == DRIVE_FIELD ? "field" : "gradient", residual, (int)iterations, KSPConvergedReasons[reason]);
    }
  }
  PetscFunctionReturn(0);
}

/* The operator of electrons and phonons together, and its solution. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drag_impl.h"

/* --- A ------------------------------------------------------------------------------------------ */

static PetscLogEvent interpolation;

/* Phonons of the lattice on the fine mesh, or back, as an event of PETSc's log. */
static PetscErrorCode interpolate(Drag d, bool back)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(interpolation, 0, 0, 0, 0));
  PetscCall(back ? MatMultTranspose(d->P, d->vf, d->vl) : MatMult(d->P, d->vl, d->vf));
  PetscCall(PetscLogEventEnd(interpolation, 0, 0, 0, 0));
  PetscFunctionReturn(0);
}

/* v1 <- [electrons of in; P phonons of in], either left out */
static PetscErrorCode spread_out(Drag d, const PetscScalar *in, bool electrons, bool phonons)
{
  PetscScalar       *v;
  const PetscScalar *f;
  const PetscReal   *rate;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetRates(d->c1, -1, &rate));
  if (phonons) {
    PetscCall(VecGetArray(d->vl, &v));
    for (PetscInt i = 0; i < 3 * d->nl; i++) v[i] = in[3 * d->ne + i] / d->scale_l[i / 3];
    PetscCall(VecRestoreArray(d->vl, &v));
    PetscCall(DragProjectLattice(d, d->vl)); /* rows of P are those of the wedge: right for what the little groups allow */
    PetscCall(interpolate(d, false));
  }
  PetscCall(VecZeroEntries(d->v1));
  PetscCall(VecGetArray(d->v1, &v));
  PetscCall(VecGetArrayRead(d->vf, &f));
  if (electrons) PetscCall(PetscArraycpy(v, in, 3 * d->ne));
  for (PetscInt i = 0; phonons && i < 3 * d->nf; i++) v[3 * d->ne + i] = rate[d->ne + i / 3] > 0.0 ? f[i] * d->scale_f[i / 3] : 0.0;
  PetscCall(VecRestoreArrayRead(d->vf, &f));
  PetscCall(VecRestoreArray(d->v1, &v));
  PetscFunctionReturn(0);
}

/* out += [electrons of w1; P^T phonons of w1], either left out */
static PetscErrorCode gather_in(Drag d, bool electrons, bool phonons, PetscScalar *out)
{
  const PetscScalar *w;
  PetscScalar       *f;
  const PetscReal   *rate;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetRates(d->c1, -1, &rate));
  PetscCall(VecGetArrayRead(d->w1, &w));
  for (PetscInt i = 0; electrons && i < 3 * d->ne; i++) out[i] += w[i];
  if (phonons) {
    PetscCall(VecGetArray(d->vf, &f));
    for (PetscInt i = 0; i < 3 * d->nf; i++) f[i] = rate[d->ne + i / 3] > 0.0 ? w[3 * d->ne + i] * d->scale_f[i / 3] : 0.0;
    PetscCall(VecRestoreArray(d->vf, &f));
  }
  PetscCall(VecRestoreArrayRead(d->w1, &w));
  if (phonons) {
    const PetscScalar *v;
    PetscCall(interpolate(d, true));
    PetscCall(DragProjectLattice(d, d->vl));
    PetscCall(VecGetArrayRead(d->vl, &v));
    for (PetscInt i = 0; i < 3 * d->nl; i++) out[3 * d->ne + i] += v[i] / d->scale_l[i / 3];
    PetscCall(VecRestoreArrayRead(d->vl, &v));
  }
  PetscFunctionReturn(0);
}

/* out += C_2 phonons of in; phonons that nothing scatters keep their value */
static PetscErrorCode add_lattice(Drag d, const PetscScalar *in, PetscScalar *out)
{
  const PetscReal   *rate;
  PetscScalar       *v;
  const PetscScalar *w;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetRates(d->c2, -1, &rate));
  PetscCall(VecGetArray(d->v2, &v));
  for (PetscInt i = 0; i < 3 * d->np; i++) v[i] = rate[i / 3] > 0.0 ? in[3 * d->ne + i] / d->root[i / 3] : 0.0;
  PetscCall(VecRestoreArray(d->v2, &v));
  PetscCall(MatMult(d->op[1], d->v2, d->w2));
  PetscCall(VecGetArrayRead(d->w2, &w));
  for (PetscInt i = 0; i < 3 * d->np; i++)
    if (rate[i / 3] > 0.0) out[3 * d->ne + i] += w[i] / d->root[i / 3];
  PetscCall(VecRestoreArrayRead(d->w2, &w));
  for (PetscInt i = 3 * d->ne; i < 3 * (d->ne + d->nl); i++)
    if (!(d->rate[i / 3] > 0.0)) out[i] = in[i];
  PetscFunctionReturn(0);
}

static PetscErrorCode mult(Mat A, Vec x, Vec y)
{
  Drag               d;
  const PetscScalar *in;
  PetscScalar       *out;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &d));
  PetscCall(VecZeroEntries(y));
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArray(y, &out));
  for (int pass = 0; pass < (d->level == LEVEL_DRAG ? 1 : 2); pass++) { /* apart, one species after the other */
    const bool electrons = d->level == LEVEL_DRAG || pass == 0, phonons = d->level == LEVEL_DRAG || pass == 1;
    PetscCall(spread_out(d, in, electrons, phonons));
    PetscCall(MatMult(d->op[0], d->v1, d->w1));
    PetscCall(gather_in(d, electrons, phonons, out));
  }
  PetscCall(add_lattice(d, in, out));
  PetscCall(VecRestoreArrayRead(x, &in));
  PetscCall(VecRestoreArray(y, &out));
  PetscFunctionReturn(0);
}

PetscErrorCode DragCreateOperator(Drag d)
{
  const PetscInt n = 3 * (d->ne + d->nl);
  PC             pc;
  PetscClassId   class_id;
  PetscFunctionBeginUser;
  if (!interpolation) {
    PetscCall(PetscClassIdRegister("Drag", &class_id));
    PetscCall(PetscLogEventRegister("Interpolation", class_id, &interpolation));
  }
  PetscCall(MatCreateShell(d->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, d, &d->A));
  PetscCall(MatShellSetOperation(d->A, MATOP_MULT, (void (*)(void))mult));
  PetscCall(MatShellSetOperation(d->A, MATOP_MULT_TRANSPOSE, (void (*)(void))mult));
  PetscCall(MatSetOption(d->A, MAT_SYMMETRIC, PETSC_TRUE));
  PetscCall(MatCreateAIJ(d->comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, 1, NULL, 0, NULL, &d->D));
  PetscCall(MatSetOption(d->D, MAT_SPD, PETSC_TRUE));
  PetscCall(KSPCreate(d->comm, &d->ksp));
  PetscCall(KSPSetType(d->ksp, KSPCG));
  PetscCall(KSPSetTolerances(d->ksp, d->tolerance, 1e-300, 1e8, d->max_iterations));
  PetscCall(KSPSetNormType(d->ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPSetInitialGuessNonzero(d->ksp, PETSC_TRUE));
  PetscCall(KSPGetPC(d->ksp, &pc));
  if (d->picard) PetscCall(PCSetType(pc, PCJACOBI));
  else PetscCall(TransportDeflationCreate(pc));
  PetscCall(KSPSetFromOptions(d->ksp));
  PetscFunctionReturn(0);
}

/* --- a point ------------------------------------------------------------------------------------ */

/* sqrt(multiplicity N) w of this rank's phonons of a collision */
static PetscErrorCode fill_scale(Collision c, States s, PetscReal multiplicity, PetscReal *scale)
{
  const PetscReal *w;
  const PetscInt  *state;
  PetscInt         n;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, SPECIES_PHONON, NULL, &n, &state));
  PetscCall(CollisionGetWeights(c, SPECIES_PHONON, &w));
  for (PetscInt i = 0; i < n; i++) scale[i] = sqrt(multiplicity * s->star[state[i]]) * w[state[i]];
  PetscFunctionReturn(0);
}

/* sum over local fine phonons of x_f with the weights of the interpolation, per lattice state over the square of its scale */
static PetscErrorCode fold(Drag d, const PetscReal *x, PetscReal *out)
{
  Vec          fine, lattice;
  PetscScalar *v;
  PetscFunctionBeginUser;
  PetscCall(MatCreateVecs(d->weights, &lattice, &fine));
  PetscCall(VecGetArray(fine, &v));
  for (PetscInt i = 0; i < d->nf; i++) v[i] = x[i] * d->scale_f[i] * d->scale_f[i];
  PetscCall(VecRestoreArray(fine, &v));
  PetscCall(MatMultTranspose(d->weights, fine, lattice));
  PetscCall(VecGetArray(lattice, &v));
  for (PetscInt i = 0; i < d->nl; i++) out[i] = v[i] / (d->scale_l[i] * d->scale_l[i]);
  PetscCall(VecRestoreArray(lattice, &v));
  PetscCall(VecDestroy(&fine));
  PetscCall(VecDestroy(&lattice));
  PetscFunctionReturn(0);
}

/* Scales of the lattice: its own mesh's, times the root of the mass. */
static PetscErrorCode fill_masses(Drag d)
{
  const PetscInt *coarse;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < d->nl; i++) d->root[i] = 1.0;
  if (!d->inside) PetscFunctionReturn(0);
  PetscCall(CollisionGetLocalStates(d->c2, SPECIES_PHONON, NULL, NULL, &coarse));
  PetscCall(fold(d, d->member, d->root));
  for (PetscInt i = 0; i < d->np; i++) d->root[i] += DragReplaced(d, coarse[i]) ? 0.0 : 1.0;
  for (PetscInt i = 0; i < d->nl; i++) {
    d->root[i] = d->root[i] > 0.0 ? sqrt(d->root[i]) : 1.0; /* phonons that refined ones stand for take no part */
    d->scale_l[i] *= d->root[i];
  }
  PetscFunctionReturn(0);
}

/* 1/tau: electrons' own; phonons' by phonons and walls, and the mean over the finer mesh of theirs by electrons. */
static PetscErrorCode fill_rates(Drag d)
{
  const PetscReal *r1, *r2;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetRates(d->c1, -1, &r1));
  PetscCall(CollisionGetRates(d->c2, -1, &r2));
  PetscCall(PetscArraycpy(d->rate, r1, d->ne));
  PetscCall(fold(d, r1 + d->ne, d->rate + d->ne));
  for (PetscInt i = 0; i < d->np; i++) d->rate[d->ne + i] += r2[i] / (d->root[i] * d->root[i]);
  for (PetscInt i = 0; i < d->nf; i++) d->shared[i] = d->member[i] > 0.0 ? r1[d->ne + i] / d->member[i] : 0.0;
  PetscFunctionReturn(0);
}

PetscErrorCode DragSetPoint(Drag d)
{
  Vec          v;
  PetscScalar *a;
  PetscFunctionBeginUser;
  d->multiplicity = (PetscReal)d->electrons->mesh->size / ((PetscReal)d->phonons->mesh->size * d->electrons->spin);
  PetscCall(CollisionGetMultiplicity(d->c1, SPECIES_PHONON, &d->fine_multiplicity));
  PetscCall(fill_scale(d->c1, d->fine, d->fine_multiplicity, d->scale_f));
  PetscCall(fill_scale(d->c2, d->phonons, d->multiplicity, d->scale_l));
  for (PetscInt i = 0; i < d->nr; i++) d->scale_l[d->np + i] = d->scale_f[d->refined[i]];
  PetscCall(fill_masses(d));
  PetscCall(fill_rates(d));
  PetscCall(VecDuplicate(d->x[0], &v));
  PetscCall(VecGetArray(v, &a));
  for (PetscInt i = 0; i < 3 * (d->ne + d->nl); i++) a[i] = d->rate[i / 3] > 0.0 ? d->rate[i / 3] : 1.0;
  PetscCall(VecRestoreArray(v, &a));
  PetscCall(MatDiagonalSet(d->D, v, INSERT_VALUES));
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(0);
}

/* --- solution ----------------------------------------------------------------------------------- */

static PetscErrorCode solve_rta(Drag d)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < DRAG_DRIVES; k++) {
    const PetscScalar *x;
    PetscScalar       *z;
    PetscCall(VecGetArrayRead(d->x[k], &x));
    PetscCall(VecGetArray(d->z[LEVEL_RTA][k], &z));
    for (PetscInt i = 0; i < 3 * (d->ne + d->nl); i++) z[i] = d->rate[i / 3] > 0.0 ? x[i] / d->rate[i / 3] : 0.0;
    PetscCall(VecRestoreArrayRead(d->x[k], &x));
    PetscCall(VecRestoreArray(d->z[LEVEL_RTA][k], &z));
  }
  PetscFunctionReturn(0);
}

/* Candidates: uniform shifts of the electrons that the symmetry allows; crystal momentum of both species together (drag), or of the phonons. */
static PetscErrorCode candidates(Drag d, PetscInt *count, Vec n[DRIVE_MAX_NULL])
{
  PetscReal M[9][9];
  Vec       shift[DRIVE_MAX_NULL];
  PetscInt  nshift;
  const int nmomentum = DriveCommutingMatrices(d->phonons->mesh, M);
  PetscFunctionBeginUser;
  PetscCall(DriveNullVectors(d->c1, d->electrons, &nshift, shift));
  *count = nshift + nmomentum;
  for (PetscInt i = 0; i < *count; i++) {
    const PetscReal *m = i >= nshift ? M[i - nshift] : NULL; /* of crystal momentum */
    PetscScalar     *v;
    PetscCall(VecDuplicate(d->x[0], &n[i]));
    PetscCall(VecZeroEntries(n[i]));
    if (m) {
      if (d->level == LEVEL_DRAG) {
        PetscCall(DriveMomentum(d->c1, d->electrons, m, d->rate, d->v1));
        PetscCall(DragInsert(d, d->v1, PART_ELECTRONS, 1.0, n[i]));
      }
      PetscCall(DriveMomentum(d->c2, d->phonons, m, d->rate + d->ne, d->v2));
      PetscCall(DragInsert(d, d->v2, PART_COARSE, sqrt(d->multiplicity), n[i]));
      if (d->inside) {
        PetscCall(DriveMomentum(d->c1, d->fine, m, NULL, d->v1));
        PetscCall(DragInsert(d, d->v1, PART_REFINED, sqrt(d->fine_multiplicity), n[i]));
      }
      PetscCall(VecGetArray(n[i], &v));
      for (PetscInt r = 0; r < 3 * d->nl; r++) v[3 * d->ne + r] *= d->root[r / 3];
      PetscCall(VecRestoreArray(n[i], &v));
    } else {
      PetscCall(DragInsert(d, shift[i], PART_ELECTRONS, 1.0, n[i]));
      PetscCall(VecDestroy(&shift[i]));
    }
    PetscCall(VecNormalize(n[i], NULL));
  }
  PetscFunctionReturn(0);
}

/* Of kept null vectors the uniform shifts come first: those without phonons. */
static PetscErrorCode count_uniform(Drag d, PetscInt kept, const Vec *n)
{
  PetscFunctionBeginUser;
  for (d->nuniform = 0; d->nuniform < kept; d->nuniform++) {
    const PetscScalar *v;
    PetscReal          sum = 0.0;
    PetscCall(VecGetArrayRead(n[d->nuniform], &v));
    for (PetscInt i = 3 * d->ne; i < 3 * (d->ne + d->nl); i++) sum += v[i] * v[i];
    PetscCall(VecRestoreArrayRead(n[d->nuniform], &v));
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPI_SUM, d->comm));
    if (sum > 0.0) break;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode find_null_space(Drag d, MatNullSpace *space, TransportTensors *x)
{
  Vec      n[DRIVE_MAX_NULL];
  PC       pc;
  PetscInt count, kept;
  PetscFunctionBeginUser;
  *space = NULL;
  PetscCall(candidates(d, &count, n));
  PetscCall(TransportKeepNull(d->A, d->D, count, n, &kept));
  PetscCall(count_uniform(d, kept, n));
  for (int k = 0; k < DRAG_DRIVES; k++) {
    PetscReal norm, sum = 0.0;
    PetscCall(VecNorm(d->x[k], NORM_2, &norm));
    for (PetscInt i = 0; i < kept; i++) {
      PetscScalar overlap;
      PetscCall(VecDot(n[i], d->x[k], &overlap));
      sum += PetscAbsScalar(overlap) * PetscAbsScalar(overlap);
    }
    if (norm > 0.0) x->null_overlap = PetscMax(x->null_overlap, sqrt(sum) / norm);
  }
  if (kept > 0) PetscCall(MatNullSpaceCreate(d->comm, PETSC_FALSE, kept, n, space));
  PetscCall(KSPGetPC(d->ksp, &pc));
  PetscCall(TransportDeflationSet(pc, d->A, d->D, count - kept, n + kept));
  for (PetscInt i = 0; i < count; i++) PetscCall(VecDestroy(&n[i]));
  PetscFunctionReturn(0);
}

/* Start from the level's last solution, the level below, or nothing: whichever leaves least. */
static PetscErrorCode choose_start(Drag d, TransportLevel level, int k)
{
  PetscReal best = 1.0;
  int       from = -1;
  PetscFunctionBeginUser;
  for (int l = 0; l <= (int)level; l++) {
    PetscReal r;
    PetscCall(TransportTrueResidual(d->A, d->x[k], d->z[l][k], &r));
    if (r < best) {
      best = r;
      from = l;
    }
  }
  if (from < 0) PetscCall(VecZeroEntries(d->z[level][k]));
  else if (from != (int)level) PetscCall(VecCopy(d->z[from][k], d->z[level][k]));
  PetscFunctionReturn(0);
}

/* r <- X - A z with the rows of one species alone */
static PetscErrorCode half_residual(Drag d, Vec b, Vec z, bool phonons, Vec r)
{
  PetscScalar *v;
  PetscFunctionBeginUser;
  d->level = LEVEL_DRAG;
  PetscCall(MatMult(d->A, z, r));
  PetscCall(VecAYPX(r, -1.0, b));
  PetscCall(VecGetArray(r, &v));
  if (phonons) PetscCall(PetscArrayzero(v, 3 * d->ne));
  else PetscCall(PetscArrayzero(v + 3 * d->ne, 3 * d->nl));
  PetscCall(VecRestoreArray(r, &v));
  PetscFunctionReturn(0);
}

/* The two equations in turn, each solved for its own species with the other's last response: what is usually done, for comparison. */
static PetscErrorCode solve_in_turn(Drag d, int k, PetscInt *iterations, KSPConvergedReason *reason)
{
  Vec       r, dz, z = d->z[LEVEL_DRAG][k];
  PetscReal residual = 1.0;
  PetscFunctionBeginUser;
  PetscCall(VecDuplicate(z, &r));
  PetscCall(VecDuplicate(z, &dz));
  for (*iterations = 0; *iterations < d->max_iterations && residual > d->tolerance && residual < 1e8; ++*iterations) {
    for (int phonons = 0; phonons < 2; phonons++) {
      PetscReal norm;
      PetscCall(half_residual(d, d->x[k], z, phonons, r));
      PetscCall(VecNorm(r, NORM_2, &norm));
      if (norm == 0.0) continue;
      d->level = LEVEL_FULL;
      PetscCall(VecZeroEntries(dz));
      PetscCall(KSPSolve(d->ksp, r, dz));
      PetscCall(VecAXPY(z, 1.0, dz));
    }
    d->level = LEVEL_DRAG;
    PetscCall(TransportTrueResidual(d->A, d->x[k], z, &residual));
  }
  *reason = residual <= d->tolerance ? KSP_CONVERGED_RTOL : residual < 1e8 ? KSP_DIVERGED_ITS : KSP_DIVERGED_DTOL;
  d->level = LEVEL_DRAG;
  PetscCall(VecDestroy(&r));
  PetscCall(VecDestroy(&dz));
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_one(Drag d, TransportLevel level, int k, TransportTensors *x)
{
  static const char *const name[DRAG_DRIVES] = {"field", "gradient on electrons", "gradient on phonons"};
  KSPConvergedReason       reason;
  PetscInt                 iterations;
  PetscReal                residual, norm;
  PetscFunctionBeginUser;
  PetscCall(VecNorm(d->x[k], NORM_2, &norm));
  if (norm == 0.0) {
    PetscCall(VecZeroEntries(d->z[level][k]));
    PetscFunctionReturn(0);
  }
  PetscCall(choose_start(d, level, k));
  if (d->picard && level == LEVEL_DRAG) PetscCall(solve_in_turn(d, k, &iterations, &reason));
  else {
    PetscCall(KSPSolve(d->ksp, d->x[k], d->z[level][k]));
    PetscCall(KSPGetConvergedReason(d->ksp, &reason));
    PetscCall(KSPGetIterationNumber(d->ksp, &iterations));
  }
  PetscCall(TransportTrueResidual(d->A, d->x[k], d->z[level][k], &residual));
  x->iterations = PetscMax(x->iterations, iterations);
  x->residual   = PetscMax(x->residual, residual);
  if (reason < 0) {
    x->converged = false;
    LogWarning("level %s, %s: not converged, residual %.3g after %d iterations (%s)", TransportLevelName[level], name[k], residual, (int)iterations, KSPConvergedReasons[reason]);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DragSolveLevel(Drag d, TransportLevel level, TransportTensors *x)
{
  MatNullSpace space;
  PetscFunctionBeginUser;
  PetscCall(solve_rta(d));
  if (level == LEVEL_RTA) PetscFunctionReturn(0);
  d->level = level;
  PetscCall(TransportOperator(d->c1, &d->kind[0], &d->shell[0], &d->op[0]));
  PetscCall(TransportOperator(d->c2, &d->kind[1], &d->shell[1], &d->op[1]));
  PetscCall(find_null_space(d, &space, x));
  PetscCall(MatNullSpaceDestroy(&d->null));
  d->null = space;
  PetscCall(MatSetNullSpace(d->A, space));
  PetscCall(MatSetTransposeNullSpace(d->A, space));
  PetscCall(TransportSymmetryDefect(d->A, &x->symmetry_defect));
  if (d->picard) PetscCall(KSPSetType(d->ksp, level == LEVEL_FULL ? KSPRICHARDSON : KSPCG));
  PetscCall(KSPSetOperators(d->ksp, d->A, d->D));
  if (x->null_overlap > OVERLAP_LIMIT) {
    LogWarning("level %s: the drive overlaps a null vector of the collision operator (share %.3g): nothing stops that current, there is no steady state", TransportLevelName[level], x->null_overlap);
    x->converged            = false;
    x->steady_state_missing = true;
  }
  for (int k = 0; k < DRAG_DRIVES && !x->steady_state_missing; k++) {
    if (space) PetscCall(MatNullSpaceRemove(space, d->x[k]));
    PetscCall(solve_one(d, level, k, x));
  }
  PetscFunctionReturn(0);
}

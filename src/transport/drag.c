/* Electrons and phonons as one symmetric system: see Drag in transport.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drag_impl.h"
#include <string.h>

PetscErrorCode DragCreate(MPI_Comm comm, Deck deck, Collision electrons, Collision lattice, Drag *drag)
{
  Drag     d;
  PetscInt kind;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&d));
  *drag        = d;
  d->comm      = comm;
  d->c1        = electrons;
  d->c2        = lattice;
  PetscCall(CollisionGetStates(electrons, SPECIES_ELECTRON, &d->electrons));
  PetscCall(CollisionGetStates(lattice, SPECIES_PHONON, &d->phonons));
  PetscCall(CollisionGetStates(electrons, SPECIES_PHONON, &d->fine));
  PetscCall(DeckGetChoice(deck, "operator", &kind));
  d->kind[0] = d->kind[1] = (OperatorKind)kind;
  PetscCall(DeckGetReal(deck, "tolerance", &d->tolerance, NULL));
  PetscCall(DeckGetInt(deck, "max_iterations", &d->max_iterations, NULL));
  PetscCall(DeckGetChoice(deck, "method", &kind));
  d->picard = kind == 1;
  PetscCall(CollisionGetLocalStates(electrons, SPECIES_ELECTRON, NULL, &d->ne, NULL));
  PetscCall(CollisionGetLocalStates(lattice, SPECIES_PHONON, NULL, &d->np, NULL));
  PetscCall(CollisionGetLocalStates(electrons, SPECIES_PHONON, NULL, &d->nf, NULL));
  PetscCall(CollisionCreateInterpolation(electrons, lattice, &d->P, &d->weights));
  PetscCall(CollisionCreateVec(electrons, &d->v1));
  PetscCall(VecDuplicate(d->v1, &d->w1));
  PetscCall(MatCreateVecs(d->P, &d->v2, &d->vf));
  PetscCall(VecDuplicate(d->v2, &d->w2));
  PetscCall(VecDuplicate(d->vf, &d->wf));
  PetscCall(PetscMalloc3(d->nf, &d->scale_f, d->np, &d->scale_p, d->ne + d->np, &d->rate));
  PetscCall(VecCreateMPI(comm, 3 * (d->ne + d->np), PETSC_DETERMINE, &d->x[0]));
  for (int k = 1; k < DRAG_DRIVES; k++) PetscCall(VecDuplicate(d->x[0], &d->x[k]));
  for (int k = 0; k < DRAG_DRIVES; k++)
    for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(VecDuplicate(d->x[0], &d->z[l][k]));
  PetscCall(DragCreateOperator(d));
  PetscFunctionReturn(0);
}

PetscErrorCode DragDestroy(Drag *drag)
{
  Drag d = *drag;
  PetscFunctionBeginUser;
  if (!d) PetscFunctionReturn(0);
  for (int k = 0; k < DRAG_DRIVES; k++) {
    PetscCall(VecDestroy(&d->x[k]));
    for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(VecDestroy(&d->z[l][k]));
  }
  Vec *const work[] = {&d->v1, &d->w1, &d->v2, &d->w2, &d->vf, &d->wf};
  for (int i = 0; i < 6; i++) PetscCall(VecDestroy(work[i]));
  Mat *const matrix[] = {&d->P, &d->weights, &d->shell[0], &d->shell[1], &d->A, &d->D};
  for (int i = 0; i < 6; i++) PetscCall(MatDestroy(matrix[i]));
  PetscCall(KSPDestroy(&d->ksp));
  PetscCall(PetscFree3(d->scale_f, d->scale_p, d->rate));
  PetscCall(PetscFree(d));
  *drag = NULL;
  PetscFunctionReturn(0);
}

/* --- drives and moments ----------------------------------------------------------------------- */

/* Rows of one species of vector x, as a vector of its own collision. */
static PetscErrorCode extract(Drag d, Vec x, bool phonons, Vec to)
{
  const PetscScalar *a;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  PetscCall(VecZeroEntries(to));
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArray(to, &b));
  if (phonons) PetscCall(PetscArraycpy(b, a + 3 * d->ne, 3 * d->np));
  else PetscCall(PetscArraycpy(b, a, 3 * d->ne));
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(VecRestoreArray(to, &b));
  PetscFunctionReturn(0);
}

static PetscErrorCode insert(Drag d, Vec from, bool phonons, PetscReal factor, Vec x)
{
  const PetscScalar *a;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(from, &a));
  PetscCall(VecGetArray(x, &b));
  for (PetscInt i = 0; i < 3 * (phonons ? d->np : d->ne); i++) b[i + (phonons ? 3 * d->ne : 0)] = factor * a[i];
  PetscCall(VecRestoreArrayRead(from, &a));
  PetscCall(VecRestoreArray(x, &b));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_drives(Drag d, const StatesPoint *p)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < DRAG_DRIVES; k++) PetscCall(VecZeroEntries(d->x[k]));
  PetscCall(DriveFill(d->c1, d->electrons, p, DRIVE_FIELD, d->rate, d->v1));
  PetscCall(insert(d, d->v1, false, 1.0, d->x[DRAG_FIELD]));
  PetscCall(DriveFill(d->c1, d->electrons, p, DRIVE_GRADIENT, d->rate, d->v1));
  PetscCall(insert(d, d->v1, false, 1.0, d->x[DRAG_ELECTRONS]));
  PetscCall(DriveFill(d->c2, d->phonons, p, DRIVE_GRADIENT, d->rate + d->ne, d->v2));
  PetscCall(insert(d, d->v2, true, sqrt(d->multiplicity), d->x[DRAG_PHONONS]));
  PetscFunctionReturn(0);
}

/* <x, z> of the rows that x drives, per k_B T */
static PetscErrorCode moment(Drag d, int drive, Vec z, PetscReal kT, PetscReal m[3][3])
{
  PetscFunctionBeginUser;
  if (drive == DRAG_PHONONS) {
    PetscCall(extract(d, d->x[drive], true, d->v2));
    PetscCall(extract(d, z, true, d->w2));
    PetscCall(DriveMoment(d->c2, d->phonons, d->v2, d->w2, m));
    for (int r = 0; r < 9; r++) m[r / 3][r % 3] /= d->multiplicity;
  } else {
    PetscCall(extract(d, d->x[drive], false, d->v1));
    PetscCall(extract(d, z, false, d->w1));
    PetscCall(DriveMoment(d->c1, d->electrons, d->v1, d->w1, m));
  }
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] /= kT;
  PetscFunctionReturn(0);
}

static PetscErrorCode add_spread(Drag d, int a, int b, const StatesPoint *p, PetscReal m[3][3])
{
  PetscReal add[3][3] = {{0}};
  PetscFunctionBeginUser;
  if (a == DRAG_PHONONS && b == DRAG_PHONONS) PetscCall(DriveSpread(d->c2, d->phonons, p, DRIVE_GRADIENT, DRIVE_GRADIENT, d->rate + d->ne, add));
  else if (a != DRAG_PHONONS && b != DRAG_PHONONS) PetscCall(DriveSpread(d->c1, d->electrons, p, a == DRAG_FIELD ? DRIVE_FIELD : DRIVE_GRADIENT, b == DRAG_FIELD ? DRIVE_FIELD : DRIVE_GRADIENT, d->rate, add));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] += add[r / 3][r % 3] / p->kT;
  PetscFunctionReturn(0);
}

static void add_to(const PetscReal a[3][3], PetscReal sum[3][3])
{
  for (int r = 0; r < 9; r++) sum[r / 3][r % 3] += a[r / 3][r % 3];
}

/* a b times factor; c: minus it from c */
static void multiply(const PetscReal a[3][3], const PetscReal b[3][3], PetscReal factor, PetscReal out[3][3])
{
  MatMul3(a, b, out);
  for (int r = 0; r < 9; r++) out[r / 3][r % 3] *= factor;
}

/* sqrt of the sum of squares */
static PetscReal size_of(const PetscReal m[3][3])
{
  PetscReal sum = 0.0;
  for (int r = 0; r < 9; r++) sum += m[r / 3][r % 3] * m[r / 3][r % 3];
  return sqrt(sum);
}

#define CONST3(m) ((const PetscReal(*)[3])(m))

/* Tensors from the nine moments of the three drives. */
static void read_tensors(Drag d, PetscReal kT, PetscReal L[DRAG_DRIVES][DRAG_DRIVES][3][3], TransportTensors *x)
{
  const int dimension = d->electrons->mesh->crystal->dimension;
  PetscReal tmp[3][3], tmp2[3][3], part[2][3][3], worst = 0.0;
  for (int a = 0; a < DRAG_DRIVES; a++)
    for (int b = 0; b < DRAG_DRIVES; b++) {
      const PetscReal scale = sqrt(size_of(CONST3(L[a][a])) * size_of(CONST3(L[b][b])));
      add_to(CONST3(L[a][b]), x->L[a != DRAG_FIELD][b != DRAG_FIELD]);
      for (int r = 0; r < 9; r++) tmp[r / 3][r % 3] = L[a][b][r / 3][r % 3] - L[b][a][r % 3][r / 3];
      if (scale > 0.0) worst = PetscMax(worst, size_of(CONST3(tmp)) / scale);
    }
  TransportReadTensors(dimension, kT, x);
  x->onsager_defect = worst;
  const PetscReal(*rho)[3] = CONST3(x->resistivity);
  multiply(rho, CONST3(L[DRAG_FIELD][DRAG_ELECTRONS]), 1.0 / kT, x->seebeck_electron);
  multiply(rho, CONST3(L[DRAG_FIELD][DRAG_PHONONS]), 1.0 / kT, x->seebeck_phonon);
  multiply(CONST3(L[DRAG_ELECTRONS][DRAG_FIELD]), rho, 1.0, x->peltier_electron);
  multiply(CONST3(L[DRAG_PHONONS][DRAG_FIELD]), rho, 1.0, x->peltier_phonon);
  for (int s = 0; s < 2; s++) { /* heat at zero current, by the species that carries it */
    const int a = s ? DRAG_PHONONS : DRAG_ELECTRONS;
    MatMul3(CONST3(s ? x->peltier_phonon : x->peltier_electron), CONST3(x->L[DRIVE_FIELD][DRIVE_GRADIENT]), tmp2);
    for (int r = 0; r < 9; r++) part[s][r / 3][r % 3] = (L[a][DRAG_ELECTRONS][r / 3][r % 3] + L[a][DRAG_PHONONS][r / 3][r % 3] - tmp2[r / 3][r % 3]) / kT;
  }
  memcpy(x->kappa, part[0], sizeof(x->kappa));
  memcpy(x->lattice, part[1], sizeof(x->lattice));
  multiply(CONST3(x->kappa), rho, 1.0 / kT, x->lorenz);
}

PetscErrorCode DragSolve(Drag d, TransportLevel level, const StatesPoint *p, TransportTensors *x)
{
  PetscReal L[DRAG_DRIVES][DRAG_DRIVES][3][3];
  PetscFunctionBeginUser;
  memset(x, 0, sizeof(*x));
  x->converged   = true;
  x->matthiessen = NAN;
  PetscCall(DragSetPoint(d));
  PetscCall(fill_drives(d, p));
  PetscCall(DragSolveLevel(d, level, x));
  if (x->steady_state_missing) {
    TransportFillNan(x);
    PetscFunctionReturn(0);
  }
  if (x->converged && x->residual > 100.0 * d->tolerance) { /* the solver's recursion met it, the true residual does not */
    x->converged = false;
    LogWarning("level %s: not converged, true residual %.3g for a tolerance of %.3g", TransportLevelName[level], x->residual, d->tolerance);
  }
  for (int a = 0; a < DRAG_DRIVES; a++)
    for (int b = 0; b < DRAG_DRIVES; b++) {
      PetscCall(moment(d, a, d->z[level][b], p->kT, L[a][b]));
      PetscCall(add_spread(d, a, b, p, L[a][b]));
    }
  read_tensors(d, p->kT, L, x);
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetFree(Drag d, PetscInt *count)
{
  PetscInt n = 0;
  PetscFunctionBeginUser;
  for (PetscInt i = d->ne; i < d->ne + d->np; i++) n += !(d->rate[i] > 0.0);
  PetscCallMPI(MPI_Allreduce(&n, count, 1, MPIU_INT, MPI_SUM, d->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetRates(Drag d, Species species, const PetscReal **rate)
{
  PetscFunctionBeginUser;
  *rate = species == SPECIES_PHONON ? d->rate + d->ne : d->rate;
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetSolution(Drag d, TransportLevel level, Species species, Vec *z)
{
  PetscFunctionBeginUser;
  if (species == SPECIES_ELECTRON) {
    PetscCall(extract(d, d->z[level][DRAG_FIELD], false, d->w1));
    *z = d->w1;
    PetscFunctionReturn(0);
  }
  PetscCall(extract(d, d->z[level][DRAG_ELECTRONS], true, d->v2));
  PetscCall(extract(d, d->z[level][DRAG_PHONONS], true, d->w2));
  PetscCall(VecAXPY(d->w2, 1.0, d->v2));
  PetscCall(VecScale(d->w2, 1.0 / sqrt(d->multiplicity)));
  *z = d->w2;
  PetscFunctionReturn(0);
}

PetscErrorCode DragModes(Drag d, TransportLevel level, const StatesPoint *p, PetscReal *part)
{
  Vec z;
  PetscFunctionBeginUser;
  PetscCall(DragGetSolution(d, level, SPECIES_PHONON, &z));
  PetscCall(extract(d, d->x[DRAG_PHONONS], true, d->v2));
  PetscCall(VecScale(d->v2, 1.0 / sqrt(d->multiplicity)));
  PetscCall(TransportModesOf(d->c2, d->phonons, d->v2, z, d->rate + d->ne, p, part));
  PetscFunctionReturn(0);
}

PetscErrorCode DragModesSeebeck(Drag d, TransportLevel level, const StatesPoint *p, const TransportTensors *tensors, PetscReal *part)
{
  const KMesh        mesh  = d->phonons->mesh;
  const PetscReal    scale = d->phonons->spin / (mesh->size * mesh->crystal->volume * d->multiplicity * p->kT * p->kT * mesh->crystal->dimension);
  const PetscScalar *x, *z;
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(d->x[DRAG_PHONONS], &x));
  PetscCall(VecGetArrayRead(d->z[level][DRAG_FIELD], &z));
  for (PetscInt i = 0; i < d->np; i++) {
    PetscReal answer[3]; /* to a unit current */
    MatTVec3(CONST3(tensors->resistivity), z + 3 * (d->ne + i), answer);
    part[i] = scale * Dot3(x + 3 * (d->ne + i), answer);
  }
  PetscCall(VecRestoreArrayRead(d->x[DRAG_PHONONS], &x));
  PetscCall(VecRestoreArrayRead(d->z[level][DRAG_FIELD], &z));
  PetscFunctionReturn(0);
}

/* Electrons and phonons as one symmetric system: see Drag in transport.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drag_impl.h"
#include <string.h>

PetscErrorCode DragCreate(MPI_Comm comm, Deck deck, Collision electrons, Collision lattice, const PetscReal *inside, Drag *drag)
{
  Drag            d;
  PetscInt        kind;
  const PetscInt *state;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&d));
  *drag        = d;
  d->comm      = comm;
  d->c1        = electrons;
  d->c2        = lattice;
  d->inside    = inside;
  PetscCall(CollisionGetStates(electrons, SPECIES_ELECTRON, &d->electrons));
  PetscCall(CollisionGetStates(lattice, SPECIES_PHONON, &d->phonons));
  PetscCall(CollisionGetStates(electrons, SPECIES_PHONON, &d->fine));
  PetscCall(DeckGetChoice(deck, "operator", &kind));
  d->kind[0] = d->kind[1] = (OperatorKind)kind;
  PetscCall(DeckGetReal(deck, "tolerance", &d->tolerance, NULL));
  PetscCall(DeckGetInt(deck, "max_iterations", &d->max_iterations, NULL));
  PetscCall(DeckGetChoice(deck, "method", &kind));
  d->picard = kind == 1;
  PetscCall(DeckGetChoice(deck, "frequencies", &kind));
  d->shifted = kind == 1;
  PetscCall(DeckGetBool(deck, "reverse_field", &d->reversed));
  PetscCall(CollisionGetLocalStates(electrons, SPECIES_ELECTRON, NULL, &d->ne, NULL));
  PetscCall(CollisionGetLocalStates(lattice, SPECIES_PHONON, NULL, &d->np, NULL));
  PetscCall(CollisionGetLocalStates(electrons, SPECIES_PHONON, NULL, &d->nf, NULL));
  PetscCall(CollisionCreateInterpolation(electrons, lattice, inside, &d->nr, &d->refined, &d->P, &d->weights));
  d->nl = d->np + d->nr;
  PetscCall(CollisionCreateVec(electrons, &d->v1));
  PetscCall(VecDuplicate(d->v1, &d->w1));
  PetscCall(CollisionCreateVec(lattice, &d->v2));
  PetscCall(VecDuplicate(d->v2, &d->w2));
  PetscCall(MatCreateVecs(d->P, &d->vl, &d->vf));
  PetscCall(PetscMalloc6(d->nf, &d->scale_f, d->nl, &d->scale_l, d->ne + d->nl, &d->rate, d->nf, &d->shared, d->nl, &d->root, d->nf, &d->member));
  PetscCall(CollisionGetLocalStates(electrons, SPECIES_PHONON, NULL, NULL, &state));
  for (PetscInt i = 0; i < d->nf; i++) d->member[i] = inside ? inside[d->fine->wedge[d->fine->k[state[i]]]] : 0.0;
  PetscCall(VecCreateMPI(comm, 3 * (d->ne + d->nl), PETSC_DETERMINE, &d->x[0]));
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
  Vec *const work[] = {&d->v1, &d->w1, &d->v2, &d->w2, &d->vf, &d->vl};
  for (int i = 0; i < 6; i++) PetscCall(VecDestroy(work[i]));
  Mat *const matrix[] = {&d->P, &d->weights, &d->shell[0], &d->shell[1], &d->A, &d->D};
  for (int i = 0; i < 6; i++) PetscCall(MatDestroy(matrix[i]));
  PetscCall(KSPDestroy(&d->ksp));
  PetscCall(MatNullSpaceDestroy(&d->null));
  PetscCall(PetscFree6(d->scale_f, d->scale_l, d->rate, d->shared, d->root, d->member));
  PetscCall(PetscFree(d->refined));
  PetscCall(PetscFree(d));
  *drag = NULL;
  PetscFunctionReturn(0);
}

/* --- drives and moments ----------------------------------------------------------------------- */

/* Where a part's rows are in a vector of the system, and how many states it has. */
static PetscInt part_rows(Drag d, DragPart part, PetscInt *begin)
{
  *begin = part == PART_ELECTRONS ? 0 : part == PART_COARSE ? d->ne : d->ne + d->np;
  return part == PART_ELECTRONS ? d->ne : part == PART_COARSE ? d->np : d->nr;
}

PetscErrorCode DragExtract(Drag d, Vec x, DragPart part, Vec to)
{
  PetscInt           begin;
  const PetscInt     n = part_rows(d, part, &begin);
  const PetscScalar *a;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  PetscCall(VecZeroEntries(to));
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArray(to, &b));
  for (PetscInt i = 0; i < n; i++)
    for (int r = 0; r < 3; r++) b[3 * (part == PART_REFINED ? d->ne + d->refined[i] : i) + r] = a[3 * (begin + i) + r];
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscCall(VecRestoreArray(to, &b));
  PetscFunctionReturn(0);
}

PetscErrorCode DragInsert(Drag d, Vec from, DragPart part, PetscReal factor, Vec x)
{
  PetscInt           begin;
  const PetscInt     n = part_rows(d, part, &begin);
  const PetscScalar *a;
  PetscScalar       *b;
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(from, &a));
  PetscCall(VecGetArray(x, &b));
  for (PetscInt i = 0; i < n; i++)
    for (int r = 0; r < 3; r++) b[3 * (begin + i) + r] = factor * a[3 * (part == PART_REFINED ? d->ne + d->refined[i] : i) + r];
  PetscCall(VecRestoreArrayRead(from, &a));
  PetscCall(VecRestoreArray(x, &b));
  PetscFunctionReturn(0);
}

/* The gradient's drive on the lattice. Coarse phonons have theirs; what the region's fine phonons add, each with its membership, goes where their
   response is made from: (1/scale_l) P^T scale_f. */
static PetscErrorCode fill_phonons(Drag d, const StatesPoint *p, Vec x)
{
  const PetscScalar *a;
  PetscScalar       *f, *v;
  PetscFunctionBeginUser;
  PetscCall(DriveFill(d->c2, d->phonons, p, DRIVE_GRADIENT, d->rate + d->ne, d->v2));
  PetscCall(DragInsert(d, d->v2, PART_COARSE, sqrt(d->multiplicity), x));
  if (!d->inside) PetscFunctionReturn(0);
  PetscCall(VecGetArray(x, &v));
  for (PetscInt i = 0; i < 3 * d->np; i++) v[3 * d->ne + i] /= d->root[i / 3];
  PetscCall(VecRestoreArray(x, &v));
  PetscCall(DriveFill(d->c1, d->fine, p, DRIVE_GRADIENT, d->shared, d->v1));
  PetscCall(VecGetArrayRead(d->v1, &a));
  PetscCall(VecGetArray(d->vf, &f));
  for (PetscInt i = 0; i < 3 * d->nf; i++) f[i] = sqrt(d->fine_multiplicity) * d->member[i / 3] * d->scale_f[i / 3] * a[3 * d->ne + i];
  PetscCall(VecRestoreArrayRead(d->v1, &a));
  PetscCall(VecRestoreArray(d->vf, &f));
  PetscCall(MatMultTranspose(d->P, d->vf, d->vl));
  PetscCall(DragProjectLattice(d, d->vl));
  PetscCall(VecGetArrayRead(d->vl, &a));
  PetscCall(VecGetArray(x, &v));
  for (PetscInt i = 0; i < 3 * d->nl; i++)
    if (d->rate[d->ne + i / 3] > 0.0) v[3 * d->ne + i] += a[i] / d->scale_l[i / 3];
  PetscCall(VecRestoreArrayRead(d->vl, &a));
  PetscCall(VecRestoreArray(x, &v));
  PetscFunctionReturn(0);
}

PetscErrorCode DragProjectLattice(Drag d, Vec lattice)
{
  PetscScalar *v, *a;
  PetscFunctionBeginUser;
  PetscCall(VecGetArray(lattice, &v));
  PetscCall(VecGetArray(d->v2, &a));
  PetscCall(PetscArraycpy(a, v, 3 * d->np));
  PetscCall(VecRestoreArray(d->v2, &a));
  PetscCall(CollisionProject(d->c2, d->v2));
  PetscCall(VecGetArray(d->v2, &a));
  PetscCall(PetscArraycpy(v, a, 3 * d->np));
  PetscCall(VecRestoreArray(d->v2, &a));
  if (d->inside) {
    PetscCall(VecZeroEntries(d->v1));
    PetscCall(VecGetArray(d->v1, &a));
    for (PetscInt i = 0; i < d->nr; i++) PetscCall(PetscArraycpy(a + 3 * (d->ne + d->refined[i]), v + 3 * (d->np + i), 3));
    PetscCall(VecRestoreArray(d->v1, &a));
    PetscCall(CollisionProject(d->c1, d->v1));
    PetscCall(VecGetArray(d->v1, &a));
    for (PetscInt i = 0; i < d->nr; i++) PetscCall(PetscArraycpy(v + 3 * (d->np + i), a + 3 * (d->ne + d->refined[i]), 3));
    PetscCall(VecRestoreArray(d->v1, &a));
  }
  PetscCall(VecRestoreArray(lattice, &v));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_drives(Drag d, const StatesPoint *p)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < DRAG_DRIVES; k++) PetscCall(VecZeroEntries(d->x[k]));
  PetscCall(DriveFill(d->c1, d->electrons, p, DRIVE_FIELD, d->rate, d->v1));
  PetscCall(DragInsert(d, d->v1, PART_ELECTRONS, 1.0, d->x[DRAG_FIELD]));
  PetscCall(DriveFill(d->c1, d->electrons, p, DRIVE_GRADIENT, d->rate, d->v1));
  PetscCall(DragInsert(d, d->v1, PART_ELECTRONS, 1.0, d->x[DRAG_ELECTRONS]));
  PetscCall(fill_phonons(d, p, d->x[DRAG_PHONONS]));
  PetscFunctionReturn(0);
}

static PetscErrorCode add_moment(Drag d, DragPart part, Vec x, Vec z, PetscReal factor, PetscReal m[3][3])
{
  const bool coarse = part == PART_COARSE;
  const Vec  a = coarse ? d->v2 : d->v1, b = coarse ? d->w2 : d->w1;
  PetscReal  add[3][3];
  PetscFunctionBeginUser;
  PetscCall(DragExtract(d, x, part, a));
  PetscCall(DragExtract(d, z, part, b));
  PetscCall(DriveMoment(coarse ? d->c2 : d->c1, part == PART_ELECTRONS ? d->electrons : coarse ? d->phonons : d->fine, a, b, add));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] += factor * add[r / 3][r % 3];
  PetscFunctionReturn(0);
}

PetscErrorCode DragMoment(Drag d, Vec x, Vec z, PetscReal kT, PetscReal m[3][3])
{
  PetscFunctionBeginUser;
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = 0.0;
  PetscCall(add_moment(d, PART_ELECTRONS, x, z, 1.0 / kT, m));
  PetscCall(add_moment(d, PART_COARSE, x, z, 1.0 / (kT * d->multiplicity), m));
  if (d->inside) PetscCall(add_moment(d, PART_REFINED, x, z, 1.0 / (kT * d->fine_multiplicity), m));
  PetscFunctionReturn(0);
}

PetscErrorCode DragAddSpread(Drag d, int a, int b, const StatesPoint *p, const PetscReal *rate, const PetscReal *shared, PetscReal factor, PetscReal m[3][3])
{
  PetscReal add[3][3] = {{0}};
  PetscFunctionBeginUser;
  if (a == DRAG_PHONONS && b == DRAG_PHONONS) {
    PetscCall(DriveSpread(d->c2, d->phonons, p, DRIVE_GRADIENT, DRIVE_GRADIENT, rate + d->ne, add));
    if (d->inside) PetscCall(DriveSpread(d->c1, d->fine, p, DRIVE_GRADIENT, DRIVE_GRADIENT, shared, add));
  } else if (a != DRAG_PHONONS && b != DRAG_PHONONS) PetscCall(DriveSpread(d->c1, d->electrons, p, a == DRAG_FIELD ? DRIVE_FIELD : DRIVE_GRADIENT, b == DRAG_FIELD ? DRIVE_FIELD : DRIVE_GRADIENT, rate, add));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] += factor * add[r / 3][r % 3];
  PetscFunctionReturn(0);
}

#define CONST3(m) ((const PetscReal(*)[3])(m))
#define CONSTC(m) ((const Complex(*)[3])(m))
#define PUT(value, member) TensorSplit(CONSTC(value), re->member, im ? im->member : NULL)

void DragReadTensors(Drag d, PetscReal kT, Complex L[DRAG_DRIVES][DRAG_DRIVES][3][3], TransportTensors *re, TransportTensors *im)
{
  Complex   both[2][2][3][3] = {{{{0}}}}, rho[3][3], tmp[3][3], carried[2][3][3], worst_part[3][3];
  PetscReal worst = 0.0;
  for (int a = 0; a < DRAG_DRIVES; a++)
    for (int b = 0; b < DRAG_DRIVES; b++) {
      const PetscReal scale = sqrt(TensorNorm(CONSTC(L[a][a])) * TensorNorm(CONSTC(L[b][b])));
      for (int r = 0; r < 9; r++) {
        both[a != DRAG_FIELD][b != DRAG_FIELD][r / 3][r % 3] += L[a][b][r / 3][r % 3];
        worst_part[r / 3][r % 3] = L[a][b][r / 3][r % 3] - L[b][a][r % 3][r / 3];
      }
      if (scale > 0.0) worst = PetscMax(worst, TensorNorm(CONSTC(worst_part)) / scale);
    }
  TransportReadComplex((int)d->electrons->mesh->crystal->dimension, kT, (const Complex(*)[2][3][3])both, re, im);
  re->onsager_defect = worst;
  TensorJoin(CONST3(re->resistivity), im ? CONST3(im->resistivity) : NULL, rho);
  TensorMultiply(CONSTC(rho), CONSTC(L[DRAG_FIELD][DRAG_ELECTRONS]), 1.0 / kT, tmp);
  PUT(tmp, seebeck_electron);
  TensorMultiply(CONSTC(rho), CONSTC(L[DRAG_FIELD][DRAG_PHONONS]), 1.0 / kT, tmp);
  PUT(tmp, seebeck_phonon);
  for (int s = 0; s < 2; s++) { /* heat at zero current, by the species that carries it */
    const int a = s ? DRAG_PHONONS : DRAG_ELECTRONS;
    TensorMultiply(CONSTC(L[a][DRAG_FIELD]), CONSTC(rho), 1.0, carried[s]);
    TensorMultiply(CONSTC(carried[s]), CONSTC(both[DRIVE_FIELD][DRIVE_GRADIENT]), 1.0, tmp);
    for (int r = 0; r < 9; r++) tmp[r / 3][r % 3] = (L[a][DRAG_ELECTRONS][r / 3][r % 3] + L[a][DRAG_PHONONS][r / 3][r % 3] - tmp[r / 3][r % 3]) / kT;
    if (s) PUT(tmp, lattice);
    else PUT(tmp, kappa);
  }
  PUT(carried[0], peltier_electron);
  PUT(carried[1], peltier_phonon);
  TensorJoin(CONST3(re->kappa), im ? CONST3(im->kappa) : NULL, tmp);
  TensorMultiply(CONSTC(tmp), CONSTC(rho), 1.0 / kT, tmp);
  PUT(tmp, lorenz);
}

PetscErrorCode DragSolve(Drag d, TransportLevel level, const StatesPoint *p, TransportTensors *x)
{
  Complex   L[DRAG_DRIVES][DRAG_DRIVES][3][3];
  PetscReal m[3][3];
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
      PetscCall(DragMoment(d, d->x[a], d->z[level][b], p->kT, m));
      PetscCall(DragAddSpread(d, a, b, p, d->rate, d->shared, 1.0 / p->kT, m));
      TensorJoin(CONST3(m), NULL, L[a][b]);
    }
  DragReadTensors(d, p->kT, L, x, NULL);
  PetscFunctionReturn(0);
}

bool DragReplaced(Drag d, PetscInt state)
{
  const KMesh coarse = d->phonons->mesh, fine = d->fine->mesh;
  return d->inside && d->inside[fine->wedge_of[MeshSame(coarse, coarse->wedge[d->phonons->wedge[d->phonons->k[state]]], fine)]] == 1.0;
}

PetscErrorCode DragGetFree(Drag d, PetscInt *count)
{
  const PetscInt *state;
  PetscInt        n = 0;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->c2, SPECIES_PHONON, NULL, NULL, &state));
  for (PetscInt i = 0; i < d->nl; i++) n += !(d->rate[d->ne + i] > 0.0) && (i >= d->np || !DragReplaced(d, state[i]));
  PetscCallMPI(MPI_Allreduce(&n, count, 1, MPIU_INT, MPI_SUM, d->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetRates(Drag d, Species species, const PetscReal **rate)
{
  PetscFunctionBeginUser;
  *rate = species == SPECIES_PHONON ? d->rate + d->ne : d->rate;
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetRefined(Drag d, PetscInt *n, const PetscInt **local)
{
  PetscFunctionBeginUser;
  *n = d->nr;
  if (local) *local = d->refined;
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetVector(Drag d, TransportLevel level, int drive, DragPart part, Vec *z, PetscInt *begin, PetscInt *n)
{
  PetscFunctionBeginUser;
  PetscCheck(drive >= 0 && drive < DRAG_DRIVES, d->comm, PETSC_ERR_ARG_OUTOFRANGE, "drive %d", drive);
  *z = d->z[level][drive];
  *n = part_rows(d, part, begin);
  PetscFunctionReturn(0);
}

/* What the gradient on both species does to phonons of a part */
static PetscErrorCode phonon_response(Drag d, TransportLevel level, DragPart part, Vec z)
{
  const Vec work = part == PART_COARSE ? d->v2 : d->v1;
  PetscFunctionBeginUser;
  PetscCall(DragExtract(d, d->z[level][DRAG_ELECTRONS], part, work));
  PetscCall(DragExtract(d, d->z[level][DRAG_PHONONS], part, z));
  PetscCall(VecAXPY(z, 1.0, work));
  PetscCall(VecScale(z, 1.0 / sqrt(part == PART_COARSE ? d->multiplicity : d->fine_multiplicity)));
  PetscFunctionReturn(0);
}

PetscErrorCode DragGetSolution(Drag d, TransportLevel level, DragPart part, Vec *z)
{
  const bool   coarse = part == PART_COARSE;
  PetscScalar *v;
  PetscFunctionBeginUser;
  *z = coarse ? d->w2 : d->w1;
  if (part == PART_ELECTRONS) {
    PetscCall(DragExtract(d, d->z[level][DRAG_FIELD], part, *z));
    PetscFunctionReturn(0);
  }
  PetscCall(phonon_response(d, level, part, *z));
  PetscCall(VecGetArray(*z, &v));
  for (PetscInt i = 0; coarse && i < 3 * d->np; i++) v[i] /= d->root[i / 3];
  for (PetscInt i = 0; !coarse && i < 3 * d->nr; i++) v[3 * (d->ne + d->refined[i / 3]) + i % 3] /= d->root[d->np + i / 3];
  PetscCall(VecRestoreArray(*z, &v));
  PetscFunctionReturn(0);
}

PetscErrorCode DragModes(Drag d, TransportLevel level, DragPart part, const StatesPoint *p, PetscReal *share)
{
  const bool coarse = part == PART_COARSE;
  const Vec  x      = coarse ? d->v2 : d->v1;
  const Vec  z      = coarse ? d->w2 : d->w1;
  PetscReal *all;
  PetscFunctionBeginUser;
  PetscCall(phonon_response(d, level, part, z));
  PetscCall(DragExtract(d, d->x[DRAG_PHONONS], part, x));
  PetscCall(VecScale(x, 1.0 / sqrt(coarse ? d->multiplicity : d->fine_multiplicity)));
  if (coarse) {
    PetscCall(TransportModesOf(d->c2, d->phonons, x, z, d->rate + d->ne, p, share));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(d->nf, &all)); /* what degenerate fine phonons around the region add beyond their mean velocity has no refined row and is left out here */
  PetscCall(TransportModesOf(d->c1, d->fine, x, z, d->shared, p, all));
  for (PetscInt i = 0; i < d->nr; i++) share[i] = all[d->refined[i]];
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

PetscErrorCode DragModesSeebeck(Drag d, TransportLevel level, DragPart part, const StatesPoint *p, const TransportTensors *tensors, PetscReal *share)
{
  const KMesh        mesh  = d->electrons->mesh; /* a mesh's size times the multiplicity of its phonons is the same for both */
  const PetscReal    scale = d->electrons->spin / ((PetscReal)mesh->size * mesh->crystal->volume * p->kT * p->kT * mesh->crystal->dimension);
  const PetscScalar *x, *z;
  PetscInt           begin;
  const PetscInt     n = part_rows(d, part, &begin);
  PetscFunctionBeginUser;
  PetscCall(VecGetArrayRead(d->x[DRAG_PHONONS], &x));
  PetscCall(VecGetArrayRead(d->z[level][DRAG_FIELD], &z));
  for (PetscInt i = 0; i < n; i++) {
    PetscReal answer[3]; /* to a unit current */
    MatTVec3(CONST3(tensors->resistivity), z + 3 * (begin + i), answer);
    share[i] = scale * Dot3(x + 3 * (begin + i), answer);
  }
  PetscCall(VecRestoreArrayRead(d->x[DRAG_PHONONS], &x));
  PetscCall(VecRestoreArrayRead(d->z[level][DRAG_FIELD], &z));
  PetscFunctionReturn(0);
}

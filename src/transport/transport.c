/* Tensors from the solutions of the kinetic equation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"
#include <string.h>

const char *const TransportLevelName[LEVEL_COUNT] = {"rta", "full", "drag"};

static const DeckKey keys[] = {
  {"solver",                DECK_SECTION, .help = "how the kinetic equation is solved"},
  {"solver.method",         DECK_CHOICE, .choices = "cg|picard", .fallback = "cg", .help = "conjugate gradients, or Richardson's iteration with the relaxation times (Omini-Sparavigna); at level drag picard solves the two equations in turn"},
  {"solver.tolerance",      DECK_REAL, .fallback = "1e-9", .min = 1e-14, .max = 1e-2, .help = "true residual relative to the drive; petsc: ksp_rtol overrides"},
  {"solver.max_iterations", DECK_INT, .fallback = "2000", .min = 1, .max = 1000000, .help = "iterations before giving up"},
  {"solver.operator",       DECK_CHOICE, .choices = "auto|blocks|assembled|replayed", .fallback = "auto", .help = "blocks of coupled states, a PETSc matrix, or processes replayed at each application; auto: blocks while they fit in collision.memory beside the processes, else replayed"},
  {"solver.frequencies",    DECK_CHOICE, .choices = "lanczos|shifted", .fallback = "lanczos", .help = "without a magnetic field: all frequencies from one Lanczos run, or each solved by itself, for comparison"},
  {"solver.reverse_field",  DECK_BOOL, .fallback = "false", .help = "solve each magnetic field reversed too, for the audit of L(B) = L(-B)^T where the list has no -B"},
  {"solver.matthiessen",    DECK_BOOL, .fallback = "false", .help = "solve each channel alone too, for the deviation from Matthiessen's rule"},
  {NULL}};

PetscErrorCode TransportRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportCreate(MPI_Comm comm, Deck deck, Collision collision, States states, Transport *transport)
{
  Transport t;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&t));
  *transport   = t;
  t->comm      = comm;
  t->collision = collision;
  t->states    = states;
  PetscInt method, kind, shifted;
  PetscCall(DeckGetChoice(deck, "method", &method));
  PetscCall(DeckGetChoice(deck, "operator", &kind));
  PetscCall(DeckGetChoice(deck, "frequencies", &shifted));
  PetscCall(DeckGetBool(deck, "reverse_field", &t->reversed));
  t->shifted  = shifted == 1;
  t->picard   = method == 1;
  t->operator = kind;
  if (states->species == SPECIES_ELECTRON) t->kind[t->nkinds++] = DRIVE_FIELD;
  t->kind[t->nkinds++] = DRIVE_GRADIENT;
  PetscCall(DeckGetReal(deck, "tolerance", &t->tolerance, NULL));
  PetscCall(DeckGetInt(deck, "max_iterations", &t->max_iterations, NULL));
  PetscCall(DeckGetBool(deck, "matthiessen", &t->matthiessen));
  for (int k = 0; k < 2; k++) {
    PetscCall(CollisionCreateVec(collision, &t->drive[k]));
    for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(CollisionCreateVec(collision, &t->solution[l][k]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode TransportDestroy(Transport *transport)
{
  Transport t = *transport;
  PetscFunctionBeginUser;
  if (!t) PetscFunctionReturn(0);
  for (int k = 0; k < 2; k++) {
    PetscCall(VecDestroy(&t->drive[k]));
    for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(VecDestroy(&t->solution[l][k]));
  }
  PetscCall(KSPDestroy(&t->ksp));
  PetscCall(MatDestroy(&t->shell));
  PetscCall(MatNullSpaceDestroy(&t->null));
  PetscCall(PetscFree(t));
  *transport = NULL;
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_rta(Transport t)
{
  PetscInt         n;
  const PetscReal *rate;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetRates(t->collision, -1, &rate));
  for (int i = 0; i < t->nkinds; i++) {
    const DriveKind    k = t->kind[i];
    const PetscScalar *x;
    PetscScalar       *z;
    PetscCall(VecGetLocalSize(t->drive[k], &n));
    PetscCall(VecGetArrayRead(t->drive[k], &x));
    PetscCall(VecGetArray(t->solution[LEVEL_RTA][k], &z));
    for (PetscInt r = 0; r < n; r++) z[r] = rate[r / 3] > 0.0 ? x[r] / rate[r / 3] : 0.0;
    PetscCall(VecRestoreArrayRead(t->drive[k], &x));
    PetscCall(VecRestoreArray(t->solution[LEVEL_RTA][k], &z));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_level(Transport t, TransportLevel level, const StatesPoint *p, TransportTensors *x)
{
  PetscFunctionBeginUser;
  memset(x, 0, sizeof(*x));
  x->converged   = true;
  x->matthiessen = NAN;
  for (int k = 0; k < t->nkinds; k++) PetscCall(DriveFill(t->collision, t->states, p, t->kind[k], NULL, t->drive[t->kind[k]]));
  PetscCall(solve_rta(t));
  if (level != LEVEL_RTA) PetscCall(TransportSolveFull(t, x));
  if (x->steady_state_missing) {
    TransportFillNan(x);
    PetscFunctionReturn(0);
  }
  for (int i = 0; i < t->nkinds; i++)
    for (int k = 0; k < t->nkinds; k++) {
      PetscReal(*L)[3] = x->L[t->kind[i]][t->kind[k]];
      PetscCall(DriveMoment(t->collision, t->states, t->drive[t->kind[i]], t->solution[level][t->kind[k]], L));
      PetscCall(DriveSpread(t->collision, t->states, p, t->kind[i], t->kind[k], NULL, L));
      for (int r = 0; r < 9; r++) L[r / 3][r % 3] /= p->kT;
    }
  if (t->states->species == SPECIES_PHONON) {
    Complex L[3][3];
    TensorJoin((const PetscReal(*)[3])x->L[DRIVE_GRADIENT][DRIVE_GRADIENT], NULL, L);
    TransportReadLattice(p->kT, (const Complex(*)[3])L, x, NULL);
  } else TransportReadTensors(t->states->mesh->crystal->dimension, p->kT, x);
  PetscFunctionReturn(0);
}

/* Trace of what the species conducts: charge, or heat */
static PetscReal conducted(Transport t, const TransportTensors *x)
{
  const PetscReal(*m)[3] = t->states->species == SPECIES_PHONON ? (const PetscReal(*)[3])x->lattice : (const PetscReal(*)[3])x->conductivity;
  return m[0][0] + m[1][1] + m[2][2];
}

/* sigma sum_c 1/sigma_c - 1 (phonons: kappa), from traces. A channel that leaves states unscattered has no resistance of its own. */
static PetscErrorCode matthiessen(Transport t, TransportLevel level, const StatesPoint *p, TransportTensors *x)
{
  PetscInt         n;
  PetscReal        sum = 0.0;
  Vec              keep[2];
  TransportTensors one;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetChannelCount(t->collision, &n));
  if (n < 2) PetscFunctionReturn(0);
  PetscCheck(n <= TRANSPORT_MAX_CHANNELS, t->comm, PETSC_ERR_PLIB, "%d channels", (int)n);
  for (int k = 0; k < t->nkinds; k++) {
    PetscCall(VecDuplicate(t->drive[t->kind[k]], &keep[k]));
    PetscCall(VecCopy(t->solution[level][t->kind[k]], keep[k]));
  }
  t->alone = true;
  for (PetscInt c = 0; c < n; c++) {
    PetscInt  free_states;
    PetscReal fraction;
    x->alone[c] = INFINITY;
    PetscCall(CollisionRestrict(t->collision, c));
    PetscCall(DriveUnscattered(t->collision, t->states, p, &free_states, &fraction));
    if (fraction > 1e-9) continue;
    PetscCall(solve_level(t, level, p, &one));
    if (one.steady_state_missing) continue; /* it resists nothing */
    x->alone[c] = conducted(t, &one) / t->states->mesh->crystal->dimension;
    sum += 1.0 / conducted(t, &one);
  }
  t->alone = false;
  PetscCall(CollisionRestrict(t->collision, -1));
  t->A           = NULL; /* one channel's */
  x->matthiessen = sum * conducted(t, x) - 1.0;
  for (int k = 0; k < t->nkinds; k++) {
    PetscCall(VecCopy(keep[k], t->solution[level][t->kind[k]]));
    PetscCall(VecDestroy(&keep[k]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode TransportSolve(Transport t, TransportLevel level, const StatesPoint *p, TransportTensors *x)
{
  PetscFunctionBeginUser;
  PetscCall(solve_level(t, level, p, x));
  if (t->matthiessen) PetscCall(matthiessen(t, level, p, x));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportGetSolution(Transport t, TransportLevel level, DriveKind kind, Vec *z)
{
  PetscFunctionBeginUser;
  *z = t->solution[level][kind];
  PetscFunctionReturn(0);
}

PetscErrorCode TransportModesOf(Collision c, States s, Vec drive, Vec solution, const PetscReal *rate, const StatesPoint *p, PetscReal *part)
{
  const PetscReal    scale = s->spin / (s->mesh->size * s->mesh->crystal->volume * p->kT * p->kT * s->mesh->crystal->dimension);
  PetscInt           begin, n;
  const PetscInt    *state;
  const PetscScalar *x, *z;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, s->species, &begin, &n, &state));
  PetscCall(VecGetArrayRead(drive, &x));
  PetscCall(VecGetArrayRead(solution, &z));
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt  at = 3 * (begin + i), a = state[i];
    const PetscReal f  = s->energy[a] * StatesWeight(s->species, s->energy[a], p);
    part[i]            = x[at] * z[at] + x[at + 1] * z[at + 1] + x[at + 2] * z[at + 2];
    if (s->spread && rate[i] > 0.0) part[i] += s->star[a] * f * f * (s->spread[6 * a] + s->spread[6 * a + 1] + s->spread[6 * a + 2]) / rate[i];
    part[i] *= scale;
  }
  PetscCall(VecRestoreArrayRead(drive, &x));
  PetscCall(VecRestoreArrayRead(solution, &z));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportModes(Transport t, TransportLevel level, const StatesPoint *p, PetscReal *part)
{
  PetscInt         begin, n;
  const PetscReal *rate;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(t->collision, t->states->species, &begin, &n, NULL));
  PetscCall(CollisionGetRates(t->collision, -1, &rate));
  PetscCall(TransportModesOf(t->collision, t->states, t->drive[DRIVE_GRADIENT], t->solution[level][DRIVE_GRADIENT], rate + begin, p, part));
  PetscFunctionReturn(0);
}

/*
  The full zone of phonon states, one copy per node: every mesh point with its frequencies, velocities and displacements rotated from the
  wedge, for processes among phonons. Points are the mesh's own order, point[i] = i.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"

typedef struct { /* the arrays being filled */
  int64_t   *point;
  int32_t   *wedge, *state;
  uint8_t   *op;
  PetscReal *energy, *velocity, *wavevector;
} Points;

enum { POINT, WEDGE, OP, STATE, ENERGY, VELOCITY, WAVEVECTOR, ARRAYS };

static PetscErrorCode allocate(States s, const size_t bytes[ARRAYS], SharedArray a[ARRAYS], Points *p)
{
  const size_t n         = (size_t)s->mesh->size;
  void *const  at[ARRAYS] = {&p->point, &p->wedge, &p->op, &p->state, &p->energy, &p->velocity, &p->wavevector};
  PetscFunctionBeginUser;
  for (int i = 0; i < ARRAYS; i++) PetscCall(StatesNewArray(s, n * bytes[i], &a[i], at[i]));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_point(States s, PetscInt i, Points *p)
{
  const PetscInt   nm = s->nb;
  const size_t     at = (size_t)i * (size_t)nm;
  const PetscReal *omega;
  PetscFunctionBeginUser;
  p->point[i] = i;
  p->wedge[i] = s->mesh->wedge_of[i];
  p->op[i]    = s->mesh->op_of[i];
  PetscCall(StatesPhononsAt(s, i, &omega, p->velocity + 3 * at, NULL));
  PetscCall(PetscArraycpy(p->energy + at, omega, nm));
  for (PetscInt nu = 0; nu < nm; nu++) p->state[at + (size_t)nu] = -1;
  for (int32_t a = s->first[p->wedge[i]]; a < s->first[p->wedge[i] + 1]; a++) p->state[at + (size_t)s->band[a]] = a;
  PetscCall(StatesMomentum(s, i, p->wavevector + 3 * i));
  PetscFunctionReturn(0);
}

PetscErrorCode StatesFillPhononPoints(States s)
{
  const size_t real = sizeof(PetscReal), nm = (size_t)s->nb;
  const size_t bytes[ARRAYS] = {sizeof(int64_t), sizeof(int32_t), 1, sizeof(int32_t) * nm, real * nm, 3 * real * nm, 3 * real};
  SharedArray  a[ARRAYS];
  Points       p;
  PetscInt     begin, end;
  PetscErrorCode code = 0;
  PetscFunctionBeginUser;
  UmkCheck(s->species == SPECIES_PHONON, "points of electron states are those of their window");
  if (s->point) PetscFunctionReturn(0);
  PetscCheckInput(3 * s->mesh->size * s->nb < INT32_MAX, NULL, 0, "phonons: %lld modes of the whole zone are too many: a coarser mesh", (long long)s->mesh->size * s->nb);
  PetscCall(allocate(s, bytes, a, &p));
  StatesShare(s->comm, (PetscInt)s->mesh->size, &begin, &end);
  for (PetscInt i = begin; i < end && !code; i++) code = StopPending() ? UMK_ERR_STOPPED : fill_point(s, i, &p);
  PetscCall(ErrorAgree(s->comm, code));
  for (int i = 0; i < ARRAYS; i++) PetscCall(SharedArrayCombine(a[i], bytes[i] * (size_t)begin, bytes[i] * (size_t)end));
  s->npoints            = (PetscInt)s->mesh->size;
  s->band_first         = 0;
  s->point              = p.point;
  s->point_wedge        = p.wedge;
  s->point_op           = p.op;
  s->point_state        = p.state;
  s->point_energy       = p.energy;
  s->point_velocity     = p.velocity;
  s->point_wavevector   = p.wavevector;
  PetscFunctionReturn(0);
}

PetscErrorCode StatesFillPhononDisplacements(States s)
{
  const size_t bytes = sizeof(Complex) * (size_t)(s->nb * s->nb);
  SharedArray  a;
  Complex     *u;
  PetscInt     begin, end;
  PetscErrorCode code = 0;
  PetscFunctionBeginUser;
  PetscCall(StatesFillPhononPoints(s));
  if (s->point_displacement) PetscFunctionReturn(0);
  PetscCall(StatesNewArray(s, (size_t)s->mesh->size * bytes, &a, &u));
  StatesShare(s->comm, (PetscInt)s->mesh->size, &begin, &end);
  for (PetscInt i = begin; i < end && !code; i++) code = StopPending() ? UMK_ERR_STOPPED : StatesPhononsAt(s, i, NULL, NULL, u + (size_t)i * (size_t)(s->nb * s->nb));
  PetscCall(ErrorAgree(s->comm, code));
  PetscCall(SharedArrayCombine(a, bytes * (size_t)begin, bytes * (size_t)end));
  s->point_displacement = u;
  PetscFunctionReturn(0);
}

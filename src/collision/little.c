/*
  The little group of a wedge point leaves its response alone: h y_k = y_k. The quadratic form of the processes is right on such
  vectors only, so the operator is P (D + O) P + (1 - P) D with P_k = (1/|L_k|) sum_{h k = k} h; D is a number per state.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

PetscErrorCode CollisionBuildProjectors(Collision c)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < NSPECIES; k++) {
    const States s = c->states[k];
    PetscInt     begin, end;
    if (!c->unknown[k]) continue;
    StatesShare(c->comm, s->nk, &begin, &end);
    PetscCall(SharedArrayCreate(c->comm, sizeof(PetscReal[9]) * (size_t)s->nk, &c->projector_array[k]));
    PetscCall(SharedArrayGet(c->projector_array[k], &c->projector[k]));
    for (PetscInt ik = begin; ik < end; ik++) MeshLittleGroup(s->mesh, s->mesh->wedge[s->wedge[ik]], c->projector[k][ik]);
    PetscCall(SharedArrayCombine(c->projector_array[k], sizeof(PetscReal[9]) * (size_t)begin, sizeof(PetscReal[9]) * (size_t)end));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionProject(Collision c, Vec x)
{
  PetscScalar *v;
  PetscFunctionBeginUser;
  PetscCall(VecGetArray(x, &v));
  for (int s = 0; s < NSPECIES; s++)
    for (PetscInt i = c->begin[s]; i < c->begin[s] + c->nlocal[s]; i++) {
      const PetscReal  *P    = c->projector[s][c->states[s]->k[c->local[i]]];
      const PetscScalar y[3] = {v[3 * i], v[3 * i + 1], v[3 * i + 2]};
      for (int r = 0; r < 3; r++) v[3 * i + r] = P[3 * r] * y[0] + P[3 * r + 1] * y[1] + P[3 * r + 2] * y[2];
    }
  PetscCall(VecRestoreArray(x, &v));
  PetscFunctionReturn(0);
}

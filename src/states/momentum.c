/* Crystal momentum of mesh points: see StatesMomentum. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"

static void mean_shortest(KMesh mesh, PetscInt64 linear, PetscReal k[3])
{
  PetscReal image[MESH_MAX_SHORTEST][3];
  const int n = MeshShortest(mesh, linear, image);
  for (int r = 0; r < 3; r++) {
    k[r] = 0.0;
    for (int i = 0; i < n; i++) k[r] += image[i][r] / n;
  }
}

PetscErrorCode StatesMomentum(States s, PetscInt64 linear, PetscReal k[3])
{
  PetscFunctionBeginUser;
  if (s->momentum) MatVec3(MeshOpCart(s->mesh, s->mesh->op_of[linear]), s->momentum + 3 * s->mesh->wedge_of[linear], k);
  else mean_shortest(s->mesh, linear, k);
  PetscFunctionReturn(0);
}

PetscErrorCode StatesFollowMesh(States s, KMesh coarse, const PetscReal *inside)
{
  SharedArray a;
  MeshStencil stencil;
  PetscReal  *momentum;
  bool        writer;
  PetscErrorCode code = 0;
  PetscFunctionBeginUser;
  PetscCall(StatesNewArray(s, 3 * sizeof(PetscReal) * (size_t)s->mesh->nwedge, &a, &momentum));
  PetscCall(SharedArrayIsOwner(a, &writer));
  PetscCall(MeshStencilCreate(coarse, s->mesh, &stencil));
  for (PetscInt iw = 0; writer && iw < s->mesh->nwedge && !code; iw++) {
    PetscInt64       at[MESH_STENCIL_MAX];
    const PetscReal *weight;
    PetscReal       *k = momentum + 3 * iw;
    int              n;
    if (StopPending()) code = UMK_ERR_STOPPED;
    if (inside && inside[iw] == 1.0) {
      mean_shortest(s->mesh, s->mesh->wedge[iw], k);
      continue;
    }
    PetscCall(MeshStencilAt(stencil, s->mesh->wedge[iw], &n, at, &weight));
    for (int v = 0; v < n; v++) {
      PetscReal corner[3];
      mean_shortest(coarse, at[v], corner);
      for (int r = 0; r < 3; r++) k[r] += weight[v] * corner[r];
    }
  }
  PetscCall(MeshStencilDestroy(&stencil));
  PetscCall(ErrorAgree(s->comm, code));
  PetscCall(SharedArrayFence(a));
  s->momentum = momentum;
  PetscFunctionReturn(0);
}

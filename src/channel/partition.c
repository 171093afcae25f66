/* Processes among phonons shared between two meshes: see PhononPartition in channel.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static bool fine_side(const ChannelContext *c) { return c->partition && c->partition->coarse; }

PetscInt PartnersCount(const ChannelContext *c) { return fine_side(c) ? (PetscInt)c->partition->coarse->mesh->size : c->phonons->npoints; }
KMesh    PartnersMesh(const ChannelContext *c) { return fine_side(c) ? c->partition->coarse->mesh : c->phonons->mesh; }
States   PartnersStates(const ChannelContext *c) { return fine_side(c) ? c->partition->coarse : c->phonons; }
bool     PartnersStep(const ChannelContext *c) { return fine_side(c); }

void PartnersFill(const ChannelContext *c, PetscInt64 first, int32_t *point)
{
  const KMesh mesh = c->phonons->mesh, step = PartnersMesh(c);
  PetscInt    i[3], k[3];
  MeshIndices(mesh, first, i);
  for (PetscInt n = 0; n < PartnersCount(c); n++) {
    MeshIndices(step, n, k);
    for (int r = 0; r < 3; r++) {
      const PetscInt ratio = mesh->n[r] / step->n[r];
      k[r]                 = ratio * k[r] + i[r] % ratio;
    }
    point[n] = (int32_t)MeshLinear(mesh, k);
  }
}

PetscReal PartnersShare(const ChannelContext *c, int n, const PetscInt wedge[])
{
  PetscReal none = 1.0, sum = 0.0;
  if (!c->partition) return 1.0;
  for (int i = 0; i < n; i++) {
    none *= 1.0 - c->partition->inside[wedge[i]];
    sum += c->partition->inside[wedge[i]];
  }
  if (!c->partition->coarse) return none;
  const PetscReal first = c->partition->inside[wedge[0]];
  return first > 0.0 ? (1.0 - none) * first / sum * (PetscReal)c->phonons->mesh->size / (PetscReal)c->partition->coarse->mesh->size : 0.0;
}

PetscReal PartnersOne(const ChannelContext *c, PetscInt wedge)
{
  if (!c->partition) return 1.0;
  return c->partition->coarse ? c->partition->inside[wedge] : 1.0 - c->partition->inside[wedge];
}

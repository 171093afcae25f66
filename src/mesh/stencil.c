/* Linear interpolation from a mesh to a finer multiple of it: see MeshStencil in mesh.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/mesh.h"

#define INSIDE 1e-9 /* barycentric coordinates above minus this are inside */

typedef struct { /* weights of coarse points around one position in a cell: base + at[i] */
  int       n, at[MESH_STENCIL_MAX][3];
  PetscReal weight[MESH_STENCIL_MAX];
} Corners;

struct _p_MeshStencil {
  KMesh    coarse, fine; /* borrowed */
  PetscInt ratio[3];
  Corners *corners;      /* [ratio0 ratio1 ratio2] */
};

static void add_corner(Corners *s, const int at[3], PetscReal weight)
{
  int i = 0;
  if (weight <= INSIDE) return;
  while (i < s->n && (s->at[i][0] != at[0] || s->at[i][1] != at[1] || s->at[i][2] != at[2])) i++;
  if (i == s->n) {
    if (s->n == MESH_STENCIL_MAX) return;
    for (int r = 0; r < 3; r++) s->at[i][r] = at[r];
    s->weight[s->n++] = 0.0;
  }
  s->weight[i] += weight;
}

/* Barycentric coordinates of x (in units of mesh steps) in a simplex with integer corners; two dimensions: a triangle, the last is 0. */
static bool barycentric(const int corner[4][3], int ncorners, const PetscReal x[3], PetscReal lambda[4])
{
  PetscReal m[3][3], inverse[3][3];
  lambda[3] = 0.0;
  for (int r = 0; r < 3; r++)
    for (int v = 0; v < 3; v++) m[r][v] = v < ncorners - 1 ? corner[v + 1][r] - corner[0][r] : (r == 2);
  Invert3((const PetscReal(*)[3])m, inverse);
  const PetscReal d[3] = {x[0] - corner[0][0], x[1] - corner[0][1], x[2] - corner[0][2]};
  lambda[0]            = 1.0;
  for (int v = 1; v < ncorners; v++) {
    lambda[v] = Dot3(inverse[v - 1], d);
    lambda[0] -= lambda[v];
  }
  for (int v = 0; v < ncorners; v++)
    if (lambda[v] < -INSIDE) return false;
  return true;
}

/* x: fractional position in the cell of a base point, 0 <= x < 1 */
static PetscErrorCode find_corners(KMesh mesh, const PetscReal x[3], Corners *s)
{
  const int reach = 2;
  PetscReal sum   = 0.0;
  PetscFunctionBeginUser;
  s->n = 0;
  for (PetscInt t = 0; t < mesh->ntetra; t++)
    for (int b0 = -reach; b0 <= reach; b0++)
      for (int b1 = -reach; b1 <= reach; b1++)
        for (int b2 = -(mesh->ncorners == 4 ? reach : 0); b2 <= (mesh->ncorners == 4 ? reach : 0); b2++) {
          const PetscReal moved[3] = {x[0] - b0, x[1] - b1, x[2] - b2};
          PetscReal       lambda[4];
          if (!barycentric((const int(*)[3])mesh->tetra[t], mesh->ncorners, moved, lambda)) continue;
          for (int v = 0; v < mesh->ncorners; v++) {
            const int at[3] = {mesh->tetra[t][v][0] + b0, mesh->tetra[t][v][1] + b1, mesh->tetra[t][v][2] + b2};
            add_corner(s, at, lambda[v] * mesh->tetra_weight[t]);
          }
        }
  for (int i = 0; i < s->n; i++) sum += s->weight[i];
  PetscCheck(s->n > 0 && s->n < MESH_STENCIL_MAX, PETSC_COMM_SELF, PETSC_ERR_PLIB, "no simplex holds a point of the finer mesh");
  for (int i = 0; i < s->n; i++) s->weight[i] /= sum;
  PetscFunctionReturn(0);
}

PetscErrorCode MeshStencilCreate(KMesh coarse, KMesh fine, MeshStencil *stencil)
{
  MeshStencil     s;
  const PetscInt *r;
  PetscFunctionBeginUser;
  for (int c = 0; c < 3; c++) PetscCheck(fine->n[c] % coarse->n[c] == 0, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP, "mesh %d does not divide %d", (int)coarse->n[c], (int)fine->n[c]);
  PetscCall(PetscNew(&s));
  *stencil  = s;
  s->coarse = coarse;
  s->fine   = fine;
  for (int c = 0; c < 3; c++) s->ratio[c] = fine->n[c] / coarse->n[c];
  r = s->ratio;
  PetscCall(PetscMalloc1(r[0] * r[1] * r[2], &s->corners));
  for (PetscInt o = 0; o < r[0] * r[1] * r[2]; o++) {
    const PetscReal x[3] = {(PetscReal)(o / (r[1] * r[2])) / r[0], (PetscReal)(o / r[2] % r[1]) / r[1], (PetscReal)(o % r[2]) / r[2]};
    PetscCall(find_corners(coarse, x, &s->corners[o]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode MeshStencilDestroy(MeshStencil *stencil)
{
  PetscFunctionBeginUser;
  if (!*stencil) PetscFunctionReturn(0);
  PetscCall(PetscFree((*stencil)->corners));
  PetscCall(PetscFree(*stencil));
  PetscFunctionReturn(0);
}

PetscErrorCode MeshStencilAt(MeshStencil s, PetscInt64 point, int *n, PetscInt64 at[MESH_STENCIL_MAX], const PetscReal **weight)
{
  PetscInt i[3], base[3], offset[3];
  PetscFunctionBeginUser;
  MeshIndices(s->fine, point, i);
  for (int c = 0; c < 3; c++) {
    base[c]   = i[c] / s->ratio[c];
    offset[c] = i[c] % s->ratio[c];
  }
  const Corners *k = &s->corners[(offset[0] * s->ratio[1] + offset[1]) * s->ratio[2] + offset[2]];
  for (int v = 0; v < k->n; v++) at[v] = MeshLinear(s->coarse, (PetscInt[3]){base[0] + k->at[v][0], base[1] + k->at[v][1], base[2] + k->at[v][2]});
  *n      = k->n;
  *weight = k->weight;
  PetscFunctionReturn(0);
}

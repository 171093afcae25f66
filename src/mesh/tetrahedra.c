/*
  Tiling of the mesh by simplices. A cell is cut into Kuhn simplices about its shortest main diagonal (Bloechl, Jepsen,
  Andersen, Phys. Rev. B 49, 16223 (1994)); the tiling is then averaged over its images under the mesh's operations, so that
  weights of symmetry-equivalent points are equal whatever the cell's shape.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mesh_impl.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  int       corner[4][3];
  PetscReal weight;
} Simplex;

static int compare_corner(const void *a, const void *b)
{
  const int *x = a, *y = b;
  for (int c = 0; c < 3; c++)
    if (x[c] != y[c]) return x[c] < y[c] ? -1 : 1;
  return 0;
}

/* Translate so that the lexicographically first corner is the origin, corners sorted: equal simplices become identical. */
static void canonical(Simplex *s, int ncorners)
{
  int origin[3];
  qsort(s->corner, (size_t)ncorners, sizeof(s->corner[0]), compare_corner);
  memcpy(origin, s->corner[0], sizeof(origin));
  for (int v = 0; v < ncorners; v++)
    for (int c = 0; c < 3; c++) s->corner[v][c] -= origin[c];
  if (ncorners == 3) memcpy(s->corner[3], s->corner[2], sizeof(origin));
}

static void add_simplex(Simplex *list, PetscInt *n, const Simplex *s)
{
  for (PetscInt i = 0; i < *n; i++)
    if (!memcmp(list[i].corner, s->corner, sizeof(s->corner))) {
      list[i].weight += s->weight;
      return;
    }
  list[(*n)++] = *s;
}

/* signs e_c of the shortest main diagonal sum_c e_c b_c/n_c */
static void shortest_diagonal(KMesh mesh, int dimension, int sign[3])
{
  PetscReal best = HUGE_VAL;
  for (int trial = 0; trial < (dimension == 3 ? 4 : 2); trial++) {
    int       e[3] = {1, trial & 1 ? -1 : 1, trial & 2 ? -1 : 1};
    PetscReal d[3] = {0, 0, 0};
    for (int c = 0; c < dimension; c++)
      for (int i = 0; i < 3; i++) d[i] += e[c] * mesh->crystal->b[c][i] / mesh->n[c];
    if (Norm3(d) < best * (1.0 - 1e-9)) {
      best = Norm3(d);
      memcpy(sign, e, sizeof(e));
    }
  }
}

PetscErrorCode MeshBuildTetrahedra(KMesh mesh)
{
  const int(*m)[3][3] = (const int(*)[3][3])mesh->index_op;
  static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const int        dimension = mesh->crystal->dimension, nkuhn = dimension == 3 ? 6 : 2;
  Simplex         *list;
  PetscInt         n = 0;
  int              sign[3] = {1, 1, 1};

  PetscFunctionBeginUser;
  mesh->ncorners = dimension + 1;
  shortest_diagonal(mesh, dimension, sign);
  PetscCall(PetscCalloc1(6 * mesh->nops, &list));
  for (PetscInt io = 0; io < mesh->nops; io++)
    for (int t = 0; t < nkuhn; t++) {
      const int *p = dimension == 3 ? order[t] : order[2 * t];
      Simplex    s = {.weight = 1.0 / (PetscReal)(nkuhn * mesh->nops)};
      int        at[3] = {0, 0, 0};
      for (int v = 0; v <= dimension; v++) {
        for (int c = 0; c < 3; c++) s.corner[v][c] = m[io][c][0] * at[0] + m[io][c][1] * at[1] + m[io][c][2] * at[2];
        if (v < dimension) at[p[v]] += sign[p[v]];
      }
      canonical(&s, mesh->ncorners);
      add_simplex(list, &n, &s);
    }
  mesh->ntetra = n;
  PetscCall(PetscMalloc2(n, &mesh->tetra, n, &mesh->tetra_weight));
  for (PetscInt i = 0; i < n; i++) {
    memcpy(mesh->tetra[i], list[i].corner, sizeof(list[i].corner));
    mesh->tetra_weight[i] = list[i].weight;
  }
  PetscCall(PetscFree(list));
  PetscFunctionReturn(0);
}

/* Phonon responses of a fine mesh from a coarse one: see CollisionCreateInterpolation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

#define INSIDE      1e-9 /* barycentric coordinates above minus this are inside */
#define MAX_CORNERS 512

typedef struct { /* weights of coarse points around one fine point: base + at[i] */
  int       n, at[MAX_CORNERS][3];
  PetscReal weight[MAX_CORNERS];
} Stencil;

static void add_corner(Stencil *s, const int at[3], PetscReal weight)
{
  int i = 0;
  if (weight <= INSIDE) return;
  while (i < s->n && (s->at[i][0] != at[0] || s->at[i][1] != at[1] || s->at[i][2] != at[2])) i++;
  if (i == s->n) {
    if (s->n == MAX_CORNERS) return;
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
static PetscErrorCode make_stencil(KMesh mesh, const PetscReal x[3], Stencil *s)
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
  PetscCheck(s->n > 0 && s->n < MAX_CORNERS, PETSC_COMM_SELF, PETSC_ERR_PLIB, "no simplex holds a point of the finer mesh");
  for (int i = 0; i < s->n; i++) s->weight[i] /= sum;
  PetscFunctionReturn(0);
}

typedef struct {
  Collision fine, coarse;
  PetscInt  ratio[3];
  Stencil  *stencil;    /* [ratio0 ratio1 ratio2] */
} Interpolator;

/* One fine state: its 3 rows of P, its row of the weights; first: of this rank, in states. */
static PetscErrorCode set_rows(const Interpolator *ip, Mat P, Mat weights, PetscInt local, PetscInt first)
{
  const States f = ip->fine->states[SPECIES_PHONON], c = ip->coarse->states[SPECIES_PHONON];
  const PetscInt a = ip->fine->local[ip->fine->begin[SPECIES_PHONON] + local];
  PetscInt       i[3], base[3], offset[3];
  PetscFunctionBeginUser;
  MeshIndices(f->mesh, f->mesh->wedge[f->wedge[f->k[a]]], i);
  for (int r = 0; r < 3; r++) {
    base[r]   = i[r] / ip->ratio[r];
    offset[r] = i[r] % ip->ratio[r];
  }
  const Stencil *s = &ip->stencil[(offset[0] * ip->ratio[1] + offset[1]) * ip->ratio[2] + offset[2]];
  for (int k = 0; k < s->n; k++) {
    const PetscInt   point[3] = {base[0] + s->at[k][0], base[1] + s->at[k][1], base[2] + s->at[k][2]};
    const PetscInt64 linear   = MeshLinear(c->mesh, point);
    const int32_t    state    = StatesPhononState(c, c->mesh->wedge_of[linear], f->band[a]);
    const PetscReal(*S)[3]    = MeshOpCart(c->mesh, c->mesh->op_of[linear]);
    if (state < 0) continue;
    const PetscInt column = ip->coarse->row[ip->coarse->offset[SPECIES_PHONON] + state];
    PetscCall(MatSetValue(weights, first + local, column, s->weight[k], ADD_VALUES));
    for (int r = 0; r < 3; r++)
      for (int t = 0; t < 3; t++)
        if (S[r][t] != 0.0 || r == t) PetscCall(MatSetValue(P, 3 * (first + local) + r, 3 * column + t, s->weight[k] * S[r][t], ADD_VALUES));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode prepare(Interpolator *ip)
{
  const KMesh fine = ip->fine->states[SPECIES_PHONON]->mesh, coarse = ip->coarse->states[SPECIES_PHONON]->mesh;
  PetscFunctionBeginUser;
  for (int r = 0; r < 3; r++) {
    PetscCheck(fine->n[r] % coarse->n[r] == 0, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP, "mesh %d does not divide %d", (int)coarse->n[r], (int)fine->n[r]);
    ip->ratio[r] = fine->n[r] / coarse->n[r];
  }
  PetscCall(PetscMalloc1(ip->ratio[0] * ip->ratio[1] * ip->ratio[2], &ip->stencil));
  for (PetscInt o = 0; o < ip->ratio[0] * ip->ratio[1] * ip->ratio[2]; o++) {
    const PetscReal x[3] = {(PetscReal)(o / (ip->ratio[1] * ip->ratio[2])) / ip->ratio[0], (PetscReal)(o / ip->ratio[2] % ip->ratio[1]) / ip->ratio[1], (PetscReal)(o % ip->ratio[2]) / ip->ratio[2]};
    PetscCall(make_stencil(coarse, x, &ip->stencil[o]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode create_matrix(MPI_Comm comm, PetscInt rows, PetscInt columns, PetscInt most, Mat *m)
{
  PetscFunctionBeginUser;
  PetscCall(MatCreateAIJ(comm, rows, columns, PETSC_DETERMINE, PETSC_DETERMINE, most, NULL, most, NULL, m));
  PetscCall(MatSetOption(*m, MAT_NEW_NONZERO_ALLOCATION_ERR, PETSC_FALSE));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreateInterpolation(Collision fine, Collision coarse, Mat *P, Mat *weights)
{
  Interpolator   ip = {.fine = fine, .coarse = coarse};
  const PetscInt n  = fine->nlocal[SPECIES_PHONON];
  PetscInt       first;
  PetscFunctionBeginUser;
  PetscCall(prepare(&ip));
  PetscCall(create_matrix(fine->comm, 3 * n, 3 * coarse->nrows, 72, P));
  PetscCall(create_matrix(fine->comm, n, coarse->nrows, 24, weights));
  PetscCall(MatGetOwnershipRange(*weights, &first, NULL));
  for (PetscInt i = 0; i < n; i++) PetscCall(set_rows(&ip, *P, *weights, i, first));
  PetscCall(MatAssemblyBegin(*P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyBegin(*weights, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*weights, MAT_FINAL_ASSEMBLY));
  PetscCall(PetscFree(ip.stencil));
  PetscFunctionReturn(0);
}

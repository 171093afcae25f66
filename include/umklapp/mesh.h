/*
  mesh: uniform Gamma-centred meshes, their irreducible wedge, stars and tetrahedra.

  A point is (i1, i2, i3), 0 <= i < n, k = sum_c (i_c / n_c) b_c, with the linear index i = (i1 n2 + i2) n3 + i3.
  Every point is the image of one wedge point, k = S k_w; `wedge_of` and `op_of` give both, one copy per node.

  Tetrahedra tile a mesh cell by translations of Kuhn simplices. So that weights respect the crystal, the tiling is averaged over
  its images under the mesh's operations (one image is enough for fcc with its shortest diagonal).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MESH_H
#define UMKLAPP_MESH_H

#include "umklapp/crystal.h"

typedef struct _p_KMesh *KMesh;
struct _p_KMesh {
  MPI_Comm    comm;
  PetscInt    n[3];
  PetscInt64  size;                     /* n1 n2 n3 */
  Crystal     crystal;                  /* borrowed */
  PetscInt    nops;                     /* operations of the crystal that map the mesh onto itself and leave the fields in place; op[0] identity */
  int         op[CRYSTAL_MAX_OPS];      /* index into crystal->op */
  int         index_op[CRYSTAL_MAX_OPS][3][3]; /* its action on mesh indices, i'_c = sum_d index_op[c][d] i_d */
  PetscInt    nwedge;
  const PetscInt64 *wedge;              /* [nwedge] node-shared: linear index of the representative, ascending */
  const PetscInt *star;                 /* [nwedge] node-shared: number of its images */
  const int32_t *wedge_of;              /* [size] node-shared: wedge number of a point */
  const uint8_t *op_of;                 /* [size] node-shared: position in op[] of S with k = S k_w */
  SharedArray wedge_of_window, op_of_window, wedge_window, star_window;
  PetscInt    ntetra;                   /* per mesh point (all images of the tiling) */
  int         ncorners;                 /* 4; 3 in two dimensions, where the simplices are triangles and corner 3 repeats corner 2 */
  int       (*tetra)[4][3];             /* [ntetra] corner offsets from the base point, which is a corner */
  PetscReal  *tetra_weight;             /* [ntetra] share of the mesh cell's volume; they sum to 1 */
  PetscReal   width2[3][3];             /* (1/12) <S sum_c dk_c dk_c^T S^T>, dk_c = b_c/n_c: variance of a cell, made invariant under S; bohr^-2 */
};

/* MeshCreate - collective. wedge = false: the whole zone (op[] holds the identity only); tetrahedra, width2 and lines are the crystal's either way. */
PetscErrorCode MeshCreate(MPI_Comm comm, Crystal crystal, const PetscInt n[3], bool wedge, KMesh *mesh);
/*
  MeshCreateInField - the same with the operations that leave every magnetic field of the list in place as an axial vector, det(S) S B = B. S is what acts on k
  and v: q (v x B).grad_k keeps its form under k -> S k by that rule alone, time reversal (k -> -k, the bands without field) included: it does not turn B here.
  In two dimensions only B_z counts. Collective.
*/
PetscErrorCode MeshCreateInField(MPI_Comm comm, Crystal crystal, const PetscInt n[3], bool wedge, PetscInt nfields, const PetscReal (*B)[3], KMesh *mesh);
PetscErrorCode MeshDestroy(KMesh *mesh);
static inline PetscInt64 MeshLinear(KMesh mesh, const PetscInt i[3])
{
  PetscInt f[3];
  for (int c = 0; c < 3; c++) f[c] = ((i[c] % mesh->n[c]) + mesh->n[c]) % mesh->n[c];
  return ((PetscInt64)f[0] * mesh->n[1] + f[1]) * mesh->n[2] + f[2];
}
static inline void MeshIndices(KMesh mesh, PetscInt64 linear, PetscInt i[3])
{
  i[2] = (PetscInt)(linear % mesh->n[2]);
  i[1] = (PetscInt)((linear / mesh->n[2]) % mesh->n[1]);
  i[0] = (PetscInt)(linear / ((PetscInt64)mesh->n[1] * mesh->n[2]));
}
/* fractional coordinates in [0, 1) */
static inline void MeshPoint(KMesh mesh, PetscInt64 linear, PetscReal k[3])
{
  PetscInt i[3];
  MeshIndices(mesh, linear, i);
  for (int c = 0; c < 3; c++) k[c] = (PetscReal)i[c] / (PetscReal)mesh->n[c];
}
/* linear index of the image of indices i under mesh operation iop */
static inline PetscInt64 MeshImage(KMesh mesh, int iop, const PetscInt i[3])
{
  const int(*m)[3] = (const int(*)[3])mesh->index_op[iop];
  const PetscInt j[3] = {m[0][0] * i[0] + m[0][1] * i[1] + m[0][2] * i[2], m[1][0] * i[0] + m[1][1] * i[1] + m[1][2] * i[2], m[2][0] * i[0] + m[2][1] * i[1] + m[2][2] * i[2]};
  return MeshLinear(mesh, j);
}
/* linear index in a finer mesh, a multiple of `coarse`, of the same k */
static inline PetscInt64 MeshSame(KMesh coarse, PetscInt64 linear, KMesh fine)
{
  PetscInt i[3];
  MeshIndices(coarse, linear, i);
  for (int c = 0; c < 3; c++) i[c] *= fine->n[c] / coarse->n[c];
  return MeshLinear(fine, i);
}
/* linear index of `to` - `from` */
PetscInt64 MeshDifference(KMesh mesh, PetscInt64 to, PetscInt64 from);
/* Cartesian vectors of a point folded to its shortest images (bohr^-1); returns how many are equally short: several on the zone's faces */
#define MESH_MAX_SHORTEST 16
int MeshShortest(KMesh mesh, PetscInt64 linear, PetscReal cart[MESH_MAX_SHORTEST][3]);
/* Cartesian matrix of mesh operation iop */
static inline const PetscReal (*MeshOpCart(KMesh mesh, int iop))[3] { return (const PetscReal(*)[3])mesh->crystal->op[mesh->op[iop]].cart; }

/*
  MeshLines - lines of the mesh along which to take derivatives: grad_k phi = sum_l dual[l] d(phi)/ds_l, s_l in steps step[l] (mesh indices), dual in bohr.
  The mesh's own axes and their images under all the crystal's operations that map the mesh onto itself, averaged: symmetric whatever the cell's shape.
  Directions with a single point are left out. dual of steps step and -step are opposite; each line is listed once. Not collective.
*/
#define MESH_MAX_LINES (3 * CRYSTAL_MAX_OPS)
typedef struct {
  int       n;
  PetscInt  step[MESH_MAX_LINES][3];
  PetscReal dual[MESH_MAX_LINES][3];
} MeshLines;
PetscErrorCode MeshGetLines(KMesh mesh, MeshLines *lines);
/* P = (1/|L|) sum_{h in L} h over the operations h of the mesh that leave a point in place: the part of a vector that they allow. Not collective. */
void MeshLittleGroup(KMesh mesh, PetscInt64 linear, PetscReal P[9]);

/*
  MeshStencil - values of a fine mesh from those of a coarser one of which it is a multiple: linear in the coarse mesh's tetrahedra, averaged over the tilings
  that the crystal's operations make of them, so exact for what is linear in k. Each coarse point's weights over the fine mesh sum to the ratio of
  the meshes' sizes. A mesh that does not divide the other is an argument error.
*/
#define MESH_STENCIL_MAX 512
typedef struct _p_MeshStencil *MeshStencil;
PetscErrorCode MeshStencilCreate(KMesh coarse, KMesh fine, MeshStencil *stencil);
PetscErrorCode MeshStencilDestroy(MeshStencil *stencil);
/* The coarse points (linear) and weights for one fine point; weight: borrowed. Not collective. */
PetscErrorCode MeshStencilAt(MeshStencil stencil, PetscInt64 point, int *n, PetscInt64 at[MESH_STENCIL_MAX], const PetscReal **weight);

#endif

/* Uniform meshes: the wedge, and the map of every point to it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mesh_impl.h"
#include <string.h>

/* Integer action of each operation on mesh indices, i'_c = sum_d M_cd i_d; operations that do not map the mesh onto itself are left out. */
static PetscErrorCode select_ops(KMesh mesh)
{
  int(*m)[3][3] = mesh->index_op;
  PetscFunctionBeginUser;
  mesh->nops = 0;
  for (PetscInt io = 0; io < mesh->crystal->nops; io++) {
    const CrystalOp *op = &mesh->crystal->op[io];
    bool             fits = true;
    for (int c = 0; c < 3; c++)
      for (int d = 0; d < 3; d++) {
        PetscInt numerator = op->k[c][d] * mesh->n[c];
        fits               = fits && numerator % mesh->n[d] == 0;
        m[mesh->nops][c][d] = (int)(numerator / mesh->n[d]);
      }
    if (fits) mesh->op[mesh->nops++] = (int)io;
  }
  PetscFunctionReturn(0);
}

/* Keep the operations under which the fields, axial vectors, stay what they are. */
static void keep_fields(KMesh mesh, PetscInt nfields, const PetscReal (*B)[3])
{
  PetscInt kept = 0;
  for (PetscInt io = 0; io < mesh->nops; io++) {
    const PetscReal(*S)[3] = MeshOpCart(mesh, (int)io);
    const PetscReal det    = Det3(S);
    bool            keeps  = true;
    for (PetscInt f = 0; f < nfields; f++) {
      const PetscReal b[3] = {mesh->crystal->dimension == 3 ? B[f][0] : 0.0, mesh->crystal->dimension == 3 ? B[f][1] : 0.0, B[f][2]};
      PetscReal       image[3];
      MatVec3(S, b, image);
      for (int r = 0; r < 3; r++) keeps = keeps && fabs(det * image[r] - b[r]) <= 1e-9 * Norm3(b);
    }
    if (!keeps) continue;
    mesh->op[kept] = mesh->op[io];
    memcpy(mesh->index_op[kept++], mesh->index_op[io], sizeof(mesh->index_op[io]));
  }
  mesh->nops = kept;
}

/* Scan in ascending order: the first point met of each star is its representative. One pass over the mesh by one rank of each node. */
static PetscErrorCode fill_map(KMesh mesh, int32_t *wedge_of, uint8_t *op_of, PetscInt *nwedge)
{
  PetscInt i[3], count = 0;
  Progress progress;
  PetscFunctionBeginUser;
  ProgressBegin(&progress, "wedge of the mesh", (PetscReal)mesh->size);
  for (PetscInt64 k = 0; k < mesh->size; k++) wedge_of[k] = -1;
  for (PetscInt64 k = 0; k < mesh->size; k++) {
    if (wedge_of[k] >= 0) continue;
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    ProgressUpdate(&progress, (PetscReal)k);
    MeshIndices(mesh, k, i);
    for (PetscInt io = 0; io < mesh->nops; io++) {
      PetscInt64 j = MeshImage(mesh, (int)io, i);
      if (wedge_of[j] >= 0) continue;
      wedge_of[j] = (int32_t)count;
      op_of[j]    = (uint8_t)io;
    }
    count++;
  }
  ProgressEnd(&progress);
  *nwedge = count;
  PetscFunctionReturn(0);
}

static PetscErrorCode build_wedge(KMesh mesh)
{
  int32_t    *wedge_of;
  uint8_t    *op_of;
  PetscInt64 *wedge;
  PetscInt   *star;
  bool        owner;
  PetscFunctionBeginUser;
  PetscCall(SharedArrayCreate(mesh->comm, sizeof(int32_t) * (size_t)mesh->size, &mesh->wedge_of_window));
  PetscCall(SharedArrayCreate(mesh->comm, (size_t)mesh->size, &mesh->op_of_window));
  PetscCall(SharedArrayGet(mesh->wedge_of_window, &wedge_of));
  PetscCall(SharedArrayGet(mesh->op_of_window, &op_of));
  PetscCall(SharedArrayIsOwner(mesh->wedge_of_window, &owner));
  PetscCall(ErrorAgree(mesh->comm, owner ? fill_map(mesh, wedge_of, op_of, &mesh->nwedge) : 0));
  PetscCall(SharedArrayFence(mesh->wedge_of_window));
  PetscCall(SharedArrayFence(mesh->op_of_window));
  PetscCallMPI(MPI_Bcast(&mesh->nwedge, 1, MPIU_INT, 0, mesh->comm));
  mesh->wedge_of = wedge_of;
  mesh->op_of    = op_of;
  PetscCall(SharedArrayCreate(mesh->comm, sizeof(PetscInt64) * (size_t)mesh->nwedge, &mesh->wedge_window));
  PetscCall(SharedArrayCreate(mesh->comm, sizeof(PetscInt) * (size_t)mesh->nwedge, &mesh->star_window));
  PetscCall(SharedArrayGet(mesh->wedge_window, &wedge));
  PetscCall(SharedArrayGet(mesh->star_window, &star));
  for (PetscInt64 k = 0; owner && k < mesh->size; k++) {
    if (op_of[k] == 0) wedge[wedge_of[k]] = k;
    star[wedge_of[k]]++;
  }
  PetscCall(SharedArrayFence(mesh->wedge_window));
  PetscCall(SharedArrayFence(mesh->star_window));
  mesh->wedge = wedge;
  mesh->star  = star;
  PetscFunctionReturn(0);
}

static void cell_width(KMesh mesh)
{
  PetscReal w[3][3] = {{0}};
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        if (mesh->n[c] > 1) w[i][j] += mesh->crystal->b[c][i] * mesh->crystal->b[c][j] / (12.0 * mesh->n[c] * mesh->n[c]);
      }
  for (int r = 0; r < 9; r++) mesh->width2[r / 3][r % 3] = 0.0;
  for (PetscInt io = 0; io < mesh->nops; io++) {
    const PetscReal(*s)[3] = MeshOpCart(mesh, (int)io);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++)
          for (int l = 0; l < 3; l++) mesh->width2[i][j] += s[i][k] * w[k][l] * s[j][l] / (PetscReal)mesh->nops;
  }
}

PetscErrorCode MeshCreate(MPI_Comm comm, Crystal crystal, const PetscInt n[3], bool wedge, KMesh *mesh)
{
  PetscFunctionBeginUser;
  PetscCall(MeshCreateInField(comm, crystal, n, wedge, 0, NULL, mesh));
  PetscFunctionReturn(0);
}

PetscErrorCode MeshCreateInField(MPI_Comm comm, Crystal crystal, const PetscInt n[3], bool wedge, PetscInt nfields, const PetscReal (*B)[3], KMesh *out)
{
  KMesh mesh;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&mesh));
  *out          = mesh;
  mesh->comm    = comm;
  mesh->crystal = crystal;
  for (int c = 0; c < 3; c++) mesh->n[c] = n[c];
  mesh->size = (PetscInt64)n[0] * n[1] * n[2];
  PetscCheckInput(mesh->size > 0 && mesh->size < INT32_MAX, NULL, 0, "mesh: %d x %d x %d points are more than 2^31", (int)n[0], (int)n[1], (int)n[2]);
  PetscCall(select_ops(mesh));
  cell_width(mesh);
  PetscCall(MeshBuildTetrahedra(mesh));
  if (!wedge) mesh->nops = 1; /* delta functions are the crystal's all the same */
  keep_fields(mesh, nfields, B);
  PetscCall(build_wedge(mesh));
  PetscFunctionReturn(0);
}

PetscErrorCode MeshDestroy(KMesh *mesh)
{
  PetscFunctionBeginUser;
  if (!*mesh) PetscFunctionReturn(0);
  PetscCall(SharedArrayDestroy(&(*mesh)->wedge_of_window));
  PetscCall(SharedArrayDestroy(&(*mesh)->op_of_window));
  PetscCall(SharedArrayDestroy(&(*mesh)->wedge_window));
  PetscCall(SharedArrayDestroy(&(*mesh)->star_window));
  PetscCall(PetscFree2((*mesh)->tetra, (*mesh)->tetra_weight));
  PetscCall(PetscFree(*mesh));
  PetscFunctionReturn(0);
}

PetscInt64 MeshDifference(KMesh mesh, PetscInt64 to, PetscInt64 from)
{
  PetscInt a[3], b[3];
  MeshIndices(mesh, to, a);
  MeshIndices(mesh, from, b);
  for (int c = 0; c < 3; c++) a[c] -= b[c];
  return MeshLinear(mesh, a);
}

int MeshShortest(KMesh mesh, PetscInt64 linear, PetscReal cart[MESH_MAX_SHORTEST][3])
{
  const PetscReal(*b)[3] = (const PetscReal(*)[3])mesh->crystal->b;
  PetscReal k[3], best = HUGE_VAL;
  int       n = 0;
  MeshPoint(mesh, linear, k);
  for (int c = 0; c < 3; c++) k[c] -= round(k[c]);
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++)
      for (int l = -1; l <= 1; l++) {
        PetscReal x[3] = {k[0] + i, k[1] + j, k[2] + l}, v[3];
        if (mesh->n[2] == 1 && l != 0) continue;
        MatTVec3(b, x, v);
        const PetscReal length2 = Dot3(v, v);
        if (length2 > best * (1.0 + 1e-9) || n == MESH_MAX_SHORTEST) continue;
        if (length2 < best * (1.0 - 1e-9)) n = 0;
        best = n ? best : length2;
        for (int c = 0; c < 3; c++) cart[n][c] = v[c];
        n++;
      }
  return n;
}

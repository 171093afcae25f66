/* Lines of the mesh for derivatives, and the operations that leave a point in place. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mesh_impl.h"

/* Its line, either way round: 1 or -1 times the one listed, which is added when new. */
static int find_line(MeshLines *lines, const PetscInt step[3], int *line)
{
  for (int l = 0; l < lines->n; l++) {
    const PetscInt *s = lines->step[l];
    *line             = l;
    if (s[0] == step[0] && s[1] == step[1] && s[2] == step[2]) return 1;
    if (s[0] == -step[0] && s[1] == -step[1] && s[2] == -step[2]) return -1;
  }
  *line = lines->n++;
  for (int c = 0; c < 3; c++) {
    lines->step[*line][c] = step[c];
    lines->dual[*line][c] = 0.0;
  }
  return 1;
}

/* Action of a crystal's operation on mesh indices; false when it does not map the mesh onto itself. */
static bool index_action(KMesh mesh, const CrystalOp *op, PetscInt m[3][3])
{
  for (int c = 0; c < 3; c++)
    for (int d = 0; d < 3; d++) {
      const PetscInt numerator = op->k[c][d] * mesh->n[c];
      if (numerator % mesh->n[d]) return false;
      m[c][d] = numerator / mesh->n[d];
    }
  return true;
}

/* grad_k = sum_c (a_c n_c/2 pi) d/di_c, averaged over S (...) S^T */
PetscErrorCode MeshGetLines(KMesh mesh, MeshLines *lines)
{
  const Crystal crystal = mesh->crystal;
  PetscInt      m[3][3], nops = 0;
  PetscFunctionBeginUser;
  lines->n = 0;
  for (PetscInt io = 0; io < crystal->nops; io++) {
    if (!index_action(mesh, &crystal->op[io], m)) continue;
    nops++;
    for (int c = 0; c < 3; c++) {
      const PetscInt step[3] = {m[0][c], m[1][c], m[2][c]};
      PetscReal      dual[3];
      int            line, sign;
      if (mesh->n[c] == 1) continue;
      MatVec3((const PetscReal(*)[3])crystal->op[io].cart, crystal->a[c], dual);
      sign = find_line(lines, step, &line);
      for (int r = 0; r < 3; r++) lines->dual[line][r] += sign * dual[r] * mesh->n[c] / (2.0 * UMK_PI);
    }
  }
  for (int l = 0; l < lines->n; l++)
    for (int r = 0; r < 3; r++) lines->dual[l][r] /= (PetscReal)nops;
  PetscFunctionReturn(0);
}

void MeshLittleGroup(KMesh mesh, PetscInt64 linear, PetscReal P[9])
{
  PetscInt i[3], count = 0;
  MeshIndices(mesh, linear, i);
  for (int r = 0; r < 9; r++) P[r] = 0.0;
  for (PetscInt io = 0; io < mesh->nops; io++) {
    if (MeshImage(mesh, (int)io, i) != linear) continue;
    for (int r = 0; r < 9; r++) P[r] += MeshOpCart(mesh, (int)io)[r / 3][r % 3];
    count++;
  }
  for (int r = 0; r < 9; r++) {
    P[r] /= (PetscReal)count;
    if (fabs(P[r]) < 1e-14) P[r] = 0.0;
  }
}

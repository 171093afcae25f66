/* Drives of the electrons on the wedge, and the currents they read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/drive.h"

static PetscReal drive_factor(States s, const StatesPoint *p, DriveKind kind, PetscInt a)
{
  return sqrt(s->star[a]) * StatesWeight(s->species, s->energy[a], p) * (kind == DRIVE_FIELD ? -1.0 : s->energy[a] - p->mu);
}

PetscErrorCode DriveFill(Collision c, States s, const StatesPoint *p, DriveKind kind, Vec x)
{
  PetscInt         n;
  const PetscInt  *local;
  const PetscReal *rate;
  PetscScalar     *v;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, &n, &local));
  PetscCall(CollisionGetRates(c, -1, &rate));
  PetscCall(VecGetArray(x, &v));
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal f = rate[i] > 0.0 ? drive_factor(s, p, kind, local[i]) : 0.0;
    for (int r = 0; r < 3; r++) v[3 * i + r] = f * s->velocity[3 * local[i] + r];
  }
  PetscCall(VecRestoreArray(x, &v));
  PetscCall(CollisionProject(c, x));
  PetscFunctionReturn(0);
}

/* (1/|G|) sum_S S m S^T over the operations of the mesh */
static void symmetrize(KMesh mesh, PetscReal m[3][3])
{
  PetscReal sum[3][3] = {{0}};
  for (PetscInt io = 0; io < mesh->nops; io++) {
    const PetscReal(*S)[3] = MeshOpCart(mesh, (int)io);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++)
          for (int l = 0; l < 3; l++) sum[i][j] += S[i][k] * m[k][l] * S[j][l];
  }
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = sum[r / 3][r % 3] / (PetscReal)mesh->nops;
}

PetscErrorCode DriveMoment(Collision c, States s, Vec x, Vec z, PetscReal m[3][3])
{
  PetscInt           n;
  const PetscScalar *vx, *vz;
  const PetscReal    scale = s->spin / ((PetscReal)s->mesh->size * s->mesh->crystal->volume);
  PetscReal          sum[9] = {0};
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, &n, NULL));
  PetscCall(VecGetArrayRead(x, &vx));
  PetscCall(VecGetArrayRead(z, &vz));
  for (PetscInt i = 0; i < n; i++)
    for (int r = 0; r < 9; r++) sum[r] += vx[3 * i + r / 3] * vz[3 * i + r % 3];
  PetscCall(VecRestoreArrayRead(x, &vx));
  PetscCall(VecRestoreArrayRead(z, &vz));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 9, MPIU_REAL, MPI_SUM, s->comm));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = scale * sum[r];
  symmetrize(s->mesh, m);
  PetscFunctionReturn(0);
}

PetscErrorCode DriveSpread(Collision c, States s, const StatesPoint *p, DriveKind x, DriveKind y, PetscReal m[3][3])
{
  static const int at[3][3] = {{0, 5, 4}, {5, 1, 3}, {4, 3, 2}};
  PetscInt         n;
  const PetscInt  *local;
  const PetscReal *rate, scale = s->spin / ((PetscReal)s->mesh->size * s->mesh->crystal->volume);
  PetscReal        sum[9] = {0}, add[3][3];
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, &n, &local));
  PetscCall(CollisionGetRates(c, -1, &rate));
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal *C = s->spread + 6 * local[i];
    if (!(rate[i] > 0.0)) continue;
    const PetscReal f = drive_factor(s, p, x, local[i]) * drive_factor(s, p, y, local[i]) / rate[i];
    for (int r = 0; r < 9; r++) sum[r] += f * C[at[r / 3][r % 3]];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 9, MPIU_REAL, MPI_SUM, s->comm));
  for (int r = 0; r < 9; r++) add[r / 3][r % 3] = scale * sum[r];
  symmetrize(s->mesh, add);
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] += add[r / 3][r % 3];
  PetscFunctionReturn(0);
}

/* Orthonormal basis of the vectors that every operation leaves alone: Gram-Schmidt on the columns of (1/|G|) sum_S S. */
static int invariant_vectors(KMesh mesh, PetscReal basis[3][3])
{
  PetscReal P[3][3] = {{0}};
  int       n       = 0;
  for (PetscInt io = 0; io < mesh->nops; io++)
    for (int r = 0; r < 9; r++) P[r / 3][r % 3] += MeshOpCart(mesh, (int)io)[r / 3][r % 3] / (PetscReal)mesh->nops;
  for (int c = 0; c < 3; c++) {
    PetscReal v[3] = {P[0][c], P[1][c], P[2][c]};
    for (int b = 0; b < n; b++) {
      PetscReal d = Dot3(v, basis[b]);
      for (int r = 0; r < 3; r++) v[r] -= d * basis[b][r];
    }
    PetscReal norm = Norm3(v);
    if (norm < 1e-8) continue;
    for (int r = 0; r < 3; r++) basis[n][r] = v[r] / norm;
    n++;
  }
  return n;
}

PetscErrorCode DriveNullVectors(Collision c, States s, PetscInt *count, Vec vectors[3])
{
  PetscReal        basis[3][3];
  PetscInt         n;
  const PetscInt  *local;
  const PetscReal *rate, *w;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, &n, &local));
  PetscCall(CollisionGetRates(c, -1, &rate));
  PetscCall(CollisionGetWeights(c, &w));
  *count = invariant_vectors(s->mesh, basis);
  for (PetscInt b = 0; b < *count; b++) {
    PetscScalar *v;
    PetscCall(CollisionCreateVec(c, &vectors[b]));
    PetscCall(VecGetArray(vectors[b], &v));
    for (PetscInt i = 0; i < 3 * n; i++) v[i] = rate[i / 3] > 0.0 ? sqrt(s->star[local[i / 3]]) * w[local[i / 3]] * basis[b][i % 3] : 0.0;
    PetscCall(VecRestoreArray(vectors[b], &v));
    PetscCall(VecNormalize(vectors[b], NULL));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DriveUnscattered(Collision c, States s, const StatesPoint *p, PetscInt *number, PetscReal *fraction)
{
  PetscInt         n;
  const PetscInt  *local;
  const PetscReal *rate;
  PetscReal        sum[3] = {0, 0, 0};
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, &n, &local));
  PetscCall(CollisionGetRates(c, -1, &rate));
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal f = drive_factor(s, p, DRIVE_FIELD, local[i]), x = f * f * Dot3(s->velocity + 3 * local[i], s->velocity + 3 * local[i]);
    sum[0] += x;
    if (rate[i] > 0.0) continue;
    sum[1] += x;
    sum[2] += 1.0;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPIU_REAL, MPI_SUM, s->comm));
  *number   = (PetscInt)sum[2];
  *fraction = sum[0] > 0.0 ? sum[1] / sum[0] : 0.0;
  PetscFunctionReturn(0);
}

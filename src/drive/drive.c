/* Drives of electrons and phonons on the wedge, and the currents they read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/drive.h"

/* This rank's part of one species: states, their rates, and where they begin in a local vector. */
typedef struct {
  PetscInt         n, begin;
  const PetscInt  *state;
  const PetscReal *rate;
} Local;

static PetscErrorCode get_local(Collision c, States s, const PetscReal *rate, Local *l)
{
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(c, s->species, &l->begin, &l->n, &l->state));
  if (rate) l->rate = rate;
  else {
    PetscCall(CollisionGetRates(c, -1, &l->rate));
    l->rate += l->begin;
  }
  PetscFunctionReturn(0);
}

static PetscReal drive_factor(States s, const StatesPoint *p, DriveKind kind, PetscInt a)
{
  const PetscReal common = sqrt(s->star[a]) * StatesWeight(s->species, s->energy[a], p);
  if (s->species == SPECIES_PHONON) return kind == DRIVE_FIELD ? 0.0 : common * s->energy[a];
  return common * (kind == DRIVE_FIELD ? -1.0 : s->energy[a] - p->mu);
}

PetscErrorCode DriveFill(Collision c, States s, const StatesPoint *p, DriveKind kind, const PetscReal *rate, Vec x)
{
  Local        l;
  PetscScalar *v;
  PetscFunctionBeginUser;
  PetscCall(get_local(c, s, rate, &l));
  PetscCall(VecZeroEntries(x));
  PetscCall(VecGetArray(x, &v));
  for (PetscInt i = 0; i < l.n; i++) {
    const PetscReal f = l.rate[i] > 0.0 ? drive_factor(s, p, kind, l.state[i]) : 0.0;
    for (int r = 0; r < 3; r++) v[3 * (l.begin + i) + r] = f * s->velocity[3 * l.state[i] + r];
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
  Local              l;
  const PetscScalar *vx, *vz;
  const PetscReal    scale = s->spin / ((PetscReal)s->mesh->size * s->mesh->crystal->volume);
  PetscReal          sum[9] = {0};
  PetscFunctionBeginUser;
  PetscCall(get_local(c, s, NULL, &l));
  PetscCall(VecGetArrayRead(x, &vx));
  PetscCall(VecGetArrayRead(z, &vz));
  for (PetscInt i = l.begin; i < l.begin + l.n; i++)
    for (int r = 0; r < 9; r++) sum[r] += vx[3 * i + r / 3] * vz[3 * i + r % 3];
  PetscCall(VecRestoreArrayRead(x, &vx));
  PetscCall(VecRestoreArrayRead(z, &vz));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 9, MPIU_REAL, MPI_SUM, s->comm));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = scale * sum[r];
  symmetrize(s->mesh, m);
  PetscFunctionReturn(0);
}

PetscErrorCode DriveSpread(Collision c, States s, const StatesPoint *p, DriveKind x, DriveKind y, const PetscReal *rate, PetscReal m[3][3])
{
  static const int at[3][3] = {{0, 5, 4}, {5, 1, 3}, {4, 3, 2}};
  Local            l;
  const PetscReal  scale  = s->spin / ((PetscReal)s->mesh->size * s->mesh->crystal->volume);
  PetscReal        sum[9] = {0}, add[3][3];
  PetscFunctionBeginUser;
  if (!s->spread) PetscFunctionReturn(0);
  PetscCall(get_local(c, s, rate, &l));
  for (PetscInt i = 0; i < l.n; i++) {
    const PetscReal *C = s->spread + 6 * l.state[i];
    if (!(l.rate[i] > 0.0)) continue;
    const PetscReal f = drive_factor(s, p, x, l.state[i]) * drive_factor(s, p, y, l.state[i]) / l.rate[i];
    for (int r = 0; r < 9; r++) sum[r] += f * C[at[r / 3][r % 3]];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 9, MPIU_REAL, MPI_SUM, s->comm));
  for (int r = 0; r < 9; r++) add[r / 3][r % 3] = scale * sum[r];
  symmetrize(s->mesh, add);
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] += add[r / 3][r % 3];
  PetscFunctionReturn(0);
}

int DriveCommutingMatrices(KMesh mesh, PetscReal basis[9][9])
{
  int n = 0;
  for (int e = 0; e < 9; e++) {
    PetscReal M[9] = {0}, norm = 0.0;
    for (PetscInt io = 0; io < mesh->nops; io++) {
      const PetscReal(*S)[3] = MeshOpCart(mesh, (int)io);
      for (int r = 0; r < 9; r++) M[r] += S[r / 3][e / 3] * S[r % 3][e % 3] / (PetscReal)mesh->nops;
    }
    for (int b = 0; b < n; b++) {
      PetscReal d = 0.0;
      for (int r = 0; r < 9; r++) d += M[r] * basis[b][r];
      for (int r = 0; r < 9; r++) M[r] -= d * basis[b][r];
    }
    for (int r = 0; r < 9; r++) norm += M[r] * M[r];
    if (norm < 1e-16) continue;
    for (int r = 0; r < 9; r++) basis[n][r] = M[r] / sqrt(norm);
    n++;
  }
  return n;
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

/* w c (M == NULL), or w M k, of every state that scatters; 0 elsewhere */
static PetscErrorCode null_vector(Collision c, States s, const PetscReal *constant, const PetscReal *M, const PetscReal *rate, Vec vector)
{
  Local            l;
  const PetscReal *w;
  PetscScalar     *v;
  PetscFunctionBeginUser;
  PetscCall(get_local(c, s, rate, &l));
  PetscCall(CollisionGetWeights(c, s->species, &w));
  PetscCall(VecZeroEntries(vector));
  PetscCall(VecGetArray(vector, &v));
  for (PetscInt i = 0; i < l.n; i++) {
    const PetscInt  a = l.state[i];
    const PetscReal f = l.rate[i] > 0.0 ? sqrt(s->star[a]) * w[a] : 0.0;
    PetscReal       k[3];
    if (M) PetscCall(StatesMomentum(s, s->mesh->wedge[s->wedge[s->k[a]]], k));
    for (int r = 0; r < 3; r++) v[3 * (l.begin + i) + r] = f * (M ? Dot3(M + 3 * r, k) : constant[r]);
  }
  PetscCall(VecRestoreArray(vector, &v));
  PetscCall(CollisionProject(c, vector));
  PetscFunctionReturn(0);
}

PetscErrorCode DriveMomentum(Collision c, States s, const PetscReal M[9], const PetscReal *rate, Vec vector)
{
  PetscFunctionBeginUser;
  PetscCall(null_vector(c, s, NULL, M, rate, vector));
  PetscFunctionReturn(0);
}

PetscErrorCode DriveNullVectors(Collision c, States s, PetscInt *count, Vec vectors[DRIVE_MAX_NULL])
{
  PetscReal basis[3][3], M[9][9];
  const int nconstant = s->species == SPECIES_ELECTRON ? invariant_vectors(s->mesh, basis) : 0;
  const int nmomentum = s->species == SPECIES_PHONON ? DriveCommutingMatrices(s->mesh, M) : 0;
  PetscFunctionBeginUser;
  for (int b = 0; b < nconstant + nmomentum; b++) {
    const bool momentum = b >= nconstant;
    PetscCall(CollisionCreateVec(c, &vectors[b]));
    PetscCall(null_vector(c, s, momentum ? NULL : basis[b], momentum ? M[b - nconstant] : NULL, NULL, vectors[b]));
    PetscCall(VecNormalize(vectors[b], NULL));
  }
  *count = nconstant + nmomentum;
  PetscFunctionReturn(0);
}

PetscErrorCode DriveUnscattered(Collision c, States s, const StatesPoint *p, PetscInt *number, PetscReal *fraction)
{
  const DriveKind kind   = s->species == SPECIES_PHONON ? DRIVE_GRADIENT : DRIVE_FIELD;
  PetscReal       sum[3] = {0, 0, 0};
  Local           l;
  PetscFunctionBeginUser;
  PetscCall(get_local(c, s, NULL, &l));
  for (PetscInt i = 0; i < l.n; i++) {
    const PetscReal *v = s->velocity + 3 * l.state[i], f = drive_factor(s, p, kind, l.state[i]), x = f * f * Dot3(v, v);
    sum[0] += x;
    if (l.rate[i] > 0.0) continue;
    sum[1] += x;
    sum[2] += 1.0;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPIU_REAL, MPI_SUM, s->comm));
  *number   = (PetscInt)sum[2];
  *fraction = sum[0] > 0.0 ? sum[1] / sum[0] : 0.0;
  PetscFunctionReturn(0);
}

/* Phonon responses of a fine mesh from the unknowns of a lattice: see CollisionCreateInterpolation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct {
  Collision        fine, coarse;
  const PetscReal *inside;        /* [fine wedge] or NULL */
  MeshStencil      stencil;
  PetscInt         nrefined, *refined; /* local phonons of `fine` that are unknowns */
  SharedArray      column_array;
  PetscInt        *column;        /* [coarse wedge][nb] column of the phonon: a coarse unknown's, its refined twin's, or -1; one copy per node */
  PetscInt         first;         /* first column of this rank */
} Interpolator;

static States fine_states(const Interpolator *ip) { return ip->fine->states[SPECIES_PHONON]; }
static States coarse_states(const Interpolator *ip) { return ip->coarse->states[SPECIES_PHONON]; }
static PetscInt local_state(const Interpolator *ip, PetscInt local) { return ip->fine->local[ip->fine->begin[SPECIES_PHONON] + local]; }

static PetscErrorCode find_refined(Interpolator *ip)
{
  const States   f = fine_states(ip);
  const PetscInt n = ip->fine->nlocal[SPECIES_PHONON];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &ip->refined));
  for (PetscInt i = 0; ip->inside && i < n; i++)
    if (ip->inside[f->wedge[f->k[local_state(ip, i)]]] == 1.0) ip->refined[ip->nrefined++] = i;
  PetscFunctionReturn(0);
}

/* Columns of the refined phonons that lie on the coarse mesh, where they stand for its own. */
static PetscErrorCode find_twins(Interpolator *ip, PetscInt *twin)
{
  const States f = fine_states(ip), c = coarse_states(ip);
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < ip->nrefined; i++) {
    const PetscInt a = local_state(ip, ip->refined[i]);
    PetscInt       at[3];
    bool           common = true;
    MeshIndices(f->mesh, f->mesh->wedge[f->wedge[f->k[a]]], at);
    for (int r = 0; r < 3; r++) {
      const PetscInt ratio = f->mesh->n[r] / c->mesh->n[r];
      common               = common && at[r] % ratio == 0;
      at[r] /= ratio;
    }
    if (common) twin[c->mesh->wedge_of[MeshLinear(c->mesh, at)] * c->nb + f->band[a]] = ip->first + ip->coarse->nrows + i;
  }
  PetscFunctionReturn(0);
}

/* Place of a coarse row among the columns: coarse rows and refined phonons of ranks before its owner come first. before [ranks + 1][2]: their sums. */
static PetscInt column_of_row(PetscInt row, int size, const PetscInt (*before)[2])
{
  int low = 0, high = size - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (row < before[middle + 1][0]) high = middle;
    else low = middle + 1;
  }
  return row + before[low][1];
}

static PetscErrorCode count_before(const Interpolator *ip, int *size, PetscInt (**before)[2])
{
  const PetscInt mine[2] = {ip->coarse->nrows, ip->nrefined};
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(ip->fine->comm, size));
  PetscCall(PetscCalloc1(*size + 1, before));
  PetscCallMPI(MPI_Allgather(mine, 2, MPIU_INT, *before + 1, 2, MPIU_INT, ip->fine->comm));
  for (int r = 0; r < *size; r++)
    for (int i = 0; i < 2; i++) (*before)[r + 1][i] += (*before)[r][i];
  PetscFunctionReturn(0);
}

/* Columns: on each rank its coarse phonons, then its refined ones. Twins first, by their owners; each rank then fills a part of the wedge. */
static PetscErrorCode number_columns(Interpolator *ip)
{
  const States c = coarse_states(ip);
  const size_t n = (size_t)c->mesh->nwedge * (size_t)c->nb;
  PetscInt     begin, end, (*before)[2];
  int          rank, size;
  bool         writer;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(ip->fine->comm, &rank));
  PetscCall(count_before(ip, &size, &before));
  PetscCall(SharedArrayCreate(ip->fine->comm, sizeof(PetscInt) * n, &ip->column_array));
  PetscCall(SharedArrayGet(ip->column_array, &ip->column));
  PetscCall(SharedArrayIsOwner(ip->column_array, &writer));
  for (size_t i = 0; writer && i < n; i++) ip->column[i] = -1;
  PetscCall(SharedArrayFence(ip->column_array));
  ip->first = before[rank][0] + before[rank][1];
  PetscCall(find_twins(ip, ip->column));
  PetscCall(SharedArrayReduce(ip->column_array, n, MPIU_INT, MPI_MAX));
  StatesShare(ip->fine->comm, c->mesh->nwedge, &begin, &end);
  for (PetscInt iw = begin; iw < end; iw++)
    for (PetscInt b = 0; b < c->nb; b++) {
      const int32_t state = StatesPhononState(c, iw, b);
      if (state >= 0 && ip->column[iw * c->nb + b] < 0) ip->column[iw * c->nb + b] = column_of_row(ip->coarse->row[ip->coarse->offset[SPECIES_PHONON] + state], size, (const PetscInt(*)[2])before);
    }
  const size_t each = sizeof(PetscInt) * (size_t)c->nb;
  PetscCall(SharedArrayCombine(ip->column_array, each * (size_t)begin, each * (size_t)end));
  PetscCall(PetscFree(before));
  PetscFunctionReturn(0);
}

/* One fine state: its 3 rows of P, its row of the weights; first: of this rank, in states. */
static PetscErrorCode set_rows(const Interpolator *ip, Mat P, Mat weights, PetscInt local, PetscInt first)
{
  const States     f = fine_states(ip), c = coarse_states(ip);
  const PetscInt   a = local_state(ip, local);
  const PetscInt64 q = f->mesh->wedge[f->wedge[f->k[a]]];
  PetscInt64       at[MESH_STENCIL_MAX];
  const PetscReal *weight;
  int              n;
  PetscFunctionBeginUser;
  PetscCall(MeshStencilAt(ip->stencil, q, &n, at, &weight));
  for (int k = 0; k < n; k++) {
    const PetscInt column = ip->column[c->mesh->wedge_of[at[k]] * c->nb + f->band[a]];
    if (column < 0) continue;
    const PetscInt64 same  = MeshSame(c->mesh, at[k], f->mesh);
    const bool       twin  = ip->inside && ip->inside[f->mesh->wedge_of[same]] == 1.0; /* rotated from the fine mesh's wedge */
    const PetscReal(*S)[3] = twin ? MeshOpCart(f->mesh, f->mesh->op_of[same]) : MeshOpCart(c->mesh, c->mesh->op_of[at[k]]);
    PetscCall(MatSetValue(weights, first + local, column, weight[k], ADD_VALUES));
    for (int r = 0; r < 3; r++)
      for (int t = 0; t < 3; t++)
        if (S[r][t] != 0.0 || r == t) PetscCall(MatSetValue(P, 3 * (first + local) + r, 3 * column + t, weight[k] * S[r][t], ADD_VALUES));
  }
  PetscFunctionReturn(0);
}

/* A refined phonon is its own. */
static PetscErrorCode set_own(const Interpolator *ip, Mat P, Mat weights, PetscInt i, PetscInt first)
{
  const PetscInt row = first + ip->refined[i], column = ip->first + ip->coarse->nrows + i;
  PetscFunctionBeginUser;
  PetscCall(MatSetValue(weights, row, column, 1.0, ADD_VALUES));
  for (int r = 0; r < 3; r++) PetscCall(MatSetValue(P, 3 * row + r, 3 * column + r, 1.0, ADD_VALUES));
  PetscFunctionReturn(0);
}

static PetscErrorCode create_matrix(MPI_Comm comm, PetscInt rows, PetscInt columns, PetscInt most, Mat *m)
{
  PetscFunctionBeginUser;
  PetscCall(MatCreateAIJ(comm, rows, columns, PETSC_DETERMINE, PETSC_DETERMINE, most, NULL, most, NULL, m));
  PetscCall(MatSetOption(*m, MAT_NEW_NONZERO_ALLOCATION_ERR, PETSC_FALSE));
  PetscFunctionReturn(0);
}

static PetscErrorCode assemble(Mat m)
{
  PetscFunctionBeginUser;
  PetscCall(MatAssemblyBegin(m, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(m, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreateInterpolation(Collision fine, Collision coarse, const PetscReal *inside, PetscInt *nrefined, PetscInt **refined, Mat *P, Mat *weights)
{
  Interpolator   ip = {.fine = fine, .coarse = coarse, .inside = inside};
  const PetscInt n  = fine->nlocal[SPECIES_PHONON];
  PetscInt       first, own = 0;
  PetscErrorCode code = 0;
  Progress       progress;
  PetscFunctionBeginUser;
  PetscCall(MeshStencilCreate(coarse_states(&ip)->mesh, fine_states(&ip)->mesh, &ip.stencil));
  PetscCall(find_refined(&ip));
  PetscCall(number_columns(&ip));
  PetscCall(create_matrix(fine->comm, 3 * n, 3 * (coarse->nrows + ip.nrefined), 72, P));
  PetscCall(create_matrix(fine->comm, n, coarse->nrows + ip.nrefined, 24, weights));
  PetscCall(MatGetOwnershipRange(*weights, &first, NULL));
  ProgressBegin(&progress, "interpolation of phonons", (PetscReal)n);
  for (PetscInt i = 0; i < n && !code; i++) {
    if (own < ip.nrefined && ip.refined[own] == i) PetscCall(set_own(&ip, *P, *weights, own++, first));
    else PetscCall(set_rows(&ip, *P, *weights, i, first));
    if (StopPending()) code = UMK_ERR_STOPPED;
    ProgressUpdate(&progress, (PetscReal)(i + 1));
  }
  PetscCall(ErrorAgree(fine->comm, code));
  ProgressEnd(&progress);
  PetscCall(assemble(*P));
  PetscCall(assemble(*weights));
  PetscCall(MeshStencilDestroy(&ip.stencil));
  PetscCall(SharedArrayDestroy(&ip.column_array));
  *nrefined = ip.nrefined;
  *refined  = ip.refined;
  PetscFunctionReturn(0);
}

/* Phonon responses of a fine mesh from the unknowns of a lattice: see CollisionCreateInterpolation. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct {
  Collision        fine, coarse;
  const PetscReal *inside;        /* [fine wedge] or NULL */
  MeshStencil      stencil;
  PetscInt         nrefined, *refined; /* local phonons of `fine` that are unknowns */
  PetscInt        *column;        /* [coarse wedge][nb] column of the phonon: a coarse unknown's, its refined twin's, or -1 */
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
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, twin, (PetscMPIInt)(c->mesh->nwedge * c->nb), MPIU_INT, MPI_MAX, ip->fine->comm));
  PetscFunctionReturn(0);
}

/* Columns: on each rank its coarse phonons, then its refined ones. */
static PetscErrorCode number_columns(Interpolator *ip)
{
  const States c = coarse_states(ip);
  PetscInt     mine[2] = {ip->coarse->nrows, ip->nrefined}, *all;
  int          size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(ip->fine->comm, &size));
  PetscCall(PetscMalloc1(2 * size, &all));
  PetscCallMPI(MPI_Allgather(mine, 2, MPIU_INT, all, 2, MPIU_INT, ip->fine->comm));
  PetscCall(PetscMalloc1(c->mesh->nwedge * c->nb, &ip->column));
  for (PetscInt i = 0; i < c->mesh->nwedge * c->nb; i++) ip->column[i] = -1;
  ip->first = mine[0] + mine[1];
  PetscCallMPI(MPI_Scan(MPI_IN_PLACE, &ip->first, 1, MPIU_INT, MPI_SUM, ip->fine->comm));
  ip->first -= mine[0] + mine[1];
  PetscCall(find_twins(ip, ip->column));
  for (PetscInt iw = 0; iw < c->mesh->nwedge; iw++)
    for (PetscInt b = 0; b < c->nb; b++) {
      const int32_t state = StatesPhononState(c, iw, b);
      if (state < 0 || ip->column[iw * c->nb + b] >= 0) continue;
      PetscInt row = ip->coarse->row[ip->coarse->offset[SPECIES_PHONON] + state], before = 0, refined = 0;
      for (int r = 0; row >= before + all[2 * r]; r++) {
        before += all[2 * r];
        refined += all[2 * r + 1];
      }
      ip->column[iw * c->nb + b] = row + refined;
    }
  PetscCall(PetscFree(all));
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
  PetscFunctionBeginUser;
  PetscCall(MeshStencilCreate(coarse_states(&ip)->mesh, fine_states(&ip)->mesh, &ip.stencil));
  PetscCall(find_refined(&ip));
  PetscCall(number_columns(&ip));
  PetscCall(create_matrix(fine->comm, 3 * n, 3 * (coarse->nrows + ip.nrefined), 72, P));
  PetscCall(create_matrix(fine->comm, n, coarse->nrows + ip.nrefined, 24, weights));
  PetscCall(MatGetOwnershipRange(*weights, &first, NULL));
  for (PetscInt i = 0; i < n; i++) {
    if (own < ip.nrefined && ip.refined[own] == i) PetscCall(set_own(&ip, *P, *weights, own++, first));
    else PetscCall(set_rows(&ip, *P, *weights, i, first));
  }
  PetscCall(assemble(*P));
  PetscCall(assemble(*weights));
  PetscCall(MeshStencilDestroy(&ip.stencil));
  PetscCall(PetscFree(ip.column));
  *nrefined = ip.nrefined;
  *refined  = ip.refined;
  PetscFunctionReturn(0);
}

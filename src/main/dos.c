/* Number of states below an energy by linear tetrahedra (Bloechl, Jepsen, Andersen, Phys. Rev. B 49, 16223 (1994), appendix A). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dispersion.h"

/* Fraction of a tetrahedron with sorted corner energies that lies below x, e[0] < x < e[3]. */
static PetscReal FractionBelow(const PetscReal e[4], PetscReal x)
{
  const PetscReal e21 = e[1] - e[0], e31 = e[2] - e[0], e41 = e[3] - e[0], e32 = e[2] - e[1], e42 = e[3] - e[1], e43 = e[3] - e[2];
  PetscReal       d;

  if (x < e[1]) {
    d = x - e[0];
    return d * d * d / (e21 * e31 * e41);
  }
  if (x < e[2]) {
    d = x - e[1];
    return (e21 * e21 + 3 * e21 * d + 3 * d * d - (e31 + e42) / (e32 * e42) * d * d * d) / (e31 * e41);
  }
  d = e[3] - x;
  return 1 - d * d * d / (e41 * e42 * e43);
}

/* The same of a triangle, e[0] < x < e[2]. */
static PetscReal FractionBelow2(const PetscReal e[3], PetscReal x)
{
  if (x < e[1]) return (x - e[0]) * (x - e[0]) / ((e[1] - e[0]) * (e[2] - e[0]));
  return 1 - (e[2] - x) * (e[2] - x) / ((e[2] - e[0]) * (e[2] - e[1]));
}

typedef struct {
  PetscInt   nbands, n;
  PetscReal  first, step; /* edge i at first + i * step, 0 <= i <= n */
  int        ncorners;    /* of a simplex: 4, or 3 in two dimensions */
  PetscReal *partial;     /* simplices cut by the edge */
  PetscReal *whole;       /* simplices below this edge and not below the one before */
} Histogram;

static void AddSimplex(Histogram *h, PetscReal weight, PetscReal e[4])
{
  PetscInt i;

  for (int a = 1; a < h->ncorners; a++)
    for (int b = a; b > 0 && e[b - 1] > e[b]; b--) {
      const PetscReal swap = e[b];
      e[b]                 = e[b - 1];
      e[b - 1]             = swap;
    }
  for (i = PetscMax(0, (PetscInt)floor((e[0] - h->first) / h->step)); i <= h->n; i++) {
    const PetscReal x = h->first + i * h->step;
    if (x >= e[h->ncorners - 1]) break;
    if (x > e[0]) h->partial[i] += weight * (h->ncorners == 4 ? FractionBelow(e, x) : FractionBelow2(e, x));
  }
  if (i <= h->n) h->whole[i] += weight;
}

/* The simplices of the cell at one mesh point. */
static void AddCell(Histogram *h, KMesh mesh, PetscInt64 base, const PetscReal *energy)
{
  PetscInt at[3];

  MeshIndices(mesh, base, at);
  for (PetscInt t = 0; t < mesh->ntetra; t++) {
    PetscInt64 row[4];
    for (int c = 0; c < 4; c++) {
      const PetscInt corner[3] = {at[0] + mesh->tetra[t][c][0], at[1] + mesh->tetra[t][c][1], at[2] + mesh->tetra[t][c][2]};
      row[c]                   = (PetscInt64)mesh->wedge_of[MeshLinear(mesh, corner)] * h->nbands;
    }
    for (PetscInt b = 0; b < h->nbands; b++) AddSimplex(h, mesh->tetra_weight[t], (PetscReal[4]){energy[row[0] + b], energy[row[1] + b], energy[row[2] + b], energy[row[3] + b]});
  }
}

PetscErrorCode DosIntegrate(KMesh mesh, PetscInt nbands, const PetscReal *energy, PetscInt n, PetscReal first, PetscReal step, PetscReal *integrated)
{
  Histogram h     = {.nbands = nbands, .n = n, .first = first, .step = step, .ncorners = mesh->ncorners};
  PetscReal below = 0;
  int       rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(mesh->comm, &rank));
  PetscCallMPI(MPI_Comm_size(mesh->comm, &size));
  PetscCall(PetscCalloc2(n + 1, &h.partial, n + 1, &h.whole));
  for (PetscInt64 base = rank; base < mesh->size; base += size) AddCell(&h, mesh, base, energy);
  for (PetscInt i = 0; i <= n; i++) {
    below += h.whole[i];
    integrated[i] = (below + h.partial[i]) / (PetscReal)mesh->size;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, integrated, (PetscMPIInt)n + 1, MPIU_REAL, MPI_SUM, mesh->comm));
  PetscCall(PetscFree2(h.partial, h.whole));
  PetscFunctionReturn(0);
}

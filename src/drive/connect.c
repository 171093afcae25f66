/*
  Bands of neighbouring mesh points. Bands of a model keep their number. Bands that are ordered by energy cross: band m at k' = k + d continues band n at
  k where energies and velocities fit a smooth band, so that the sum over bands of

    (e'_m - e_n - (v_n + v'_m).d/2)^2 + |d|^2 |v'_m - v_n|^2/4

  is least among the permutations. It is the same seen from either point and from every image of the pair, needs no phases of eigenvectors, and
  follows a crossing that the mesh resolves round it and through it one that it does not. Degenerate bands have one mean velocity, and
  share alike what continues them.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive_impl.h"

#define DEGENERATE 5e-7 /* hartree: as MaterialElectrons averages velocities */

typedef struct {
  const PetscReal *energy, *velocity;
} Point;

static Point point_of(States s, PetscInt p) { return (Point){s->point_energy + p * s->nb, s->point_velocity + 3 * p * s->nb}; }

static PetscReal misfit(const Point *a, PetscInt n, const Point *b, PetscInt m, const PetscReal d[3])
{
  const PetscReal *v = a->velocity + 3 * n, *u = b->velocity + 3 * m;
  const PetscReal  mean[3] = {0.5 * (v[0] + u[0]), 0.5 * (v[1] + u[1]), 0.5 * (v[2] + u[2])}, bend[3] = {0.5 * (v[0] - u[0]), 0.5 * (v[1] - u[1]), 0.5 * (v[2] - u[2])};
  const PetscReal  jump = b->energy[m] - a->energy[n] - Dot3(mean, d);
  return jump * jump + Dot3(d, d) * Dot3(bend, bend);
}

/* Exchange the pair of bands that gains most until none gains. */
static void improve(PetscInt nb, const PetscReal *cost, PetscInt *to)
{
  PetscReal most;
  do {
    PetscInt swap[2] = {0, 0};
    most             = 0.0;
    for (PetscInt i = 0; i < nb; i++)
      for (PetscInt j = i + 1; j < nb; j++) {
        const PetscReal now = cost[i * nb + to[i]] + cost[j * nb + to[j]], gain = now - cost[i * nb + to[j]] - cost[j * nb + to[i]];
        if (gain <= most + 1e-9 * now) continue;
        most    = gain;
        swap[0] = i;
        swap[1] = j;
      }
    const PetscInt kept = to[swap[0]];
    to[swap[0]]         = to[swap[1]];
    to[swap[1]]         = kept;
  } while (most > 0.0);
}

/* Mean over each group of degenerate bands: of rows (stride 1 along a row), or of columns. */
static void share(PetscInt nb, const PetscReal *energy, PetscInt across, PetscInt along, PetscReal *M)
{
  for (PetscInt first = 0, last; first < nb; first = last) {
    for (last = first + 1; last < nb && energy[last] - energy[last - 1] < DEGENERATE; last++) {}
    for (PetscInt j = 0; last - first > 1 && j < nb; j++) {
      PetscReal sum = 0.0;
      for (PetscInt i = first; i < last; i++) sum += M[i * across + j * along];
      for (PetscInt i = first; i < last; i++) M[i * across + j * along] = sum / (PetscReal)(last - first);
    }
  }
}

PetscErrorCode BandsConnect(States s, PetscInt p, PetscInt q, const PetscReal d[3], PetscReal *M)
{
  const PetscInt nb = s->nb;
  const Point    a = point_of(s, p), b = point_of(s, q);
  PetscReal     *cost;
  PetscInt      *to;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < nb * nb; i++) M[i] = i % (nb + 1) == 0;
  if (nb == 1 || !s->point_U) PetscFunctionReturn(0);
  PetscCall(PetscMalloc2(nb * nb, &cost, nb, &to));
  for (PetscInt n = 0; n < nb; n++) to[n] = n;
  for (PetscInt n = 0; n < nb; n++)
    for (PetscInt m = 0; m < nb; m++) cost[n * nb + m] = misfit(&a, n, &b, m, d);
  improve(nb, cost, to);
  for (PetscInt n = 0; n < nb; n++)
    for (PetscInt m = 0; m < nb; m++) M[n * nb + m] = m == to[n];
  share(nb, a.energy, nb, 1, M);
  share(nb, b.energy, 1, nb, M);
  PetscCall(PetscFree2(cost, to));
  PetscFunctionReturn(0);
}

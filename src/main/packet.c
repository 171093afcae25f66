/* Wave packets: preparation from the modes of a branch, centre of energy. See packet.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "packet.h"

#define DEGENERATE (5e-7)  /* hartree */
#define FAR        18.0    /* Gaussians end where their exponent reaches this */

PetscErrorCode PacketFind(Material m, Packet *p)
{
  PetscInt   nm;
  PetscReal *omega, *velocity;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  PetscCall(PetscMalloc2(nm, &omega, 3 * nm, &velocity));
  PetscCall(MaterialPhonons(m, 1, p->q, omega, velocity, NULL));
  p->omega = omega[p->branch];
  for (int i = 0; i < 3; i++) p->velocity[i] = velocity[3 * p->branch + i];
  for (p->first = p->branch; p->first > 0 && p->omega - omega[p->first - 1] < DEGENERATE;) p->first--;
  for (p->last = p->branch + 1; p->last < nm && omega[p->last] - p->omega < DEGENERATE;) p->last++;
  PetscCall(PetscFree2(omega, velocity));
  PetscFunctionReturn(0);
}

void PacketMiddle(Crystal crystal, const PetscInt n[3], PetscReal middle[3])
{
  const PetscReal half[3] = {n[0] / 2, n[1] / 2, n[2] / 2}; /* a cell */
  MatTVec3(crystal->a, half, middle);
}

PetscReal PacketBoxRadius(Crystal crystal, const PetscInt n[3])
{
  PetscReal shortest = HUGE_VAL;

  for (int i = 0; i < 125; i++) {
    const PetscReal x[3] = {(i / 25 - 2) * n[0], (i / 5 % 5 - 2) * n[1], (i % 5 - 2) * n[2]};
    PetscReal       cart[3];

    MatTVec3(crystal->a, x, cart);
    if (i != 62) shortest = PetscMin(shortest, Norm3(cart));
  }
  return 0.5 * shortest;
}

/* --- preparation ---------------------------------------------------------------------------------------- */

typedef struct { /* amplitude of one wave vector of the box: displacements and velocities, [nm] each */
  PetscInt index[3];
  Complex *w, *v;
} Wave;

/* Wave vectors of the box within the Gaussian: index [n][3], exponent [n]; n when the arrays are NULL. */
static PetscInt ListWaves(Crystal crystal, const Packet *p, const PetscInt n[3], PetscInt (*index)[3], PetscReal *exponent)
{
  PetscInt found = 0, middle[3], range[3];

  for (int i = 0; i < 3; i++) {
    middle[i] = (PetscInt)lround(p->q[i] * n[i]);
    range[i]  = (PetscInt)ceil(sqrt(FAR) / p->width * Norm3(crystal->a[i]) * n[i] / (2 * UMK_PI)) + 1;
  }
  for (PetscInt i = -range[0]; i <= range[0]; i++)
    for (PetscInt j = -range[1]; j <= range[1]; j++)
      for (PetscInt k = -range[2]; k <= range[2]; k++) {
        const PetscInt  at[3]   = {middle[0] + i, middle[1] + j, middle[2] + k};
        const PetscReal away[3] = {(PetscReal)at[0] / n[0] - p->q[0], (PetscReal)at[1] / n[1] - p->q[1], (PetscReal)at[2] / n[2] - p->q[2]};
        PetscReal       cart[3], x;

        MatTVec3(crystal->b, away, cart);
        x = p->width * p->width * Dot3(cart, cart);
        if (x > FAR) continue;
        if (index) memcpy(index[found], at, sizeof at);
        if (exponent) exponent[found] = x;
        found++;
      }
  return found;
}

/* Mass-weighted polarization of the mode itself, e_0. */
static PetscErrorCode Polarization(Material m, const Packet *p, PetscInt nm, const PetscReal *sqrt_mass, Complex *e)
{
  Complex *u;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(nm * nm, &u));
  PetscCall(MaterialPhonons(m, 1, p->q, NULL, NULL, u));
  for (PetscInt c = 0; c < nm; c++) e[c] = u[c * nm + p->branch] * sqrt_mass[c];
  PetscCall(PetscFree(u));
  PetscFunctionReturn(0);
}

/* One wave vector: amplitudes, and its part in the mean velocity. mean[3] is the sum of the weights. */
static void FillWave(const Packet *p, PetscInt nm, const PetscReal *sqrt_mass, PetscReal exponent, const Complex *e0, const PetscReal *omega, const PetscReal *velocity, const Complex *u, Wave *wave, PetscReal mean[4])
{
  memset(wave->w, 0, sizeof(Complex) * (size_t)nm);
  memset(wave->v, 0, sizeof(Complex) * (size_t)nm);
  for (PetscInt b = p->first; b < p->last; b++) {
    Complex   overlap = 0;
    PetscReal weight;

    if (omega[b] < 1e-3 * p->omega) continue;
    for (PetscInt c = 0; c < nm; c++) overlap += conj(u[c * nm + b] * sqrt_mass[c]) * e0[c];
    overlap *= exp(-exponent);
    for (PetscInt c = 0; c < nm; c++) {
      wave->w[c] += overlap / omega[b] * u[c * nm + b] * sqrt_mass[c];
      wave->v[c] -= I * overlap * u[c * nm + b] * sqrt_mass[c];
    }
    weight = creal(overlap * conj(overlap));
    for (int i = 0; i < 3; i++) mean[i] += weight * velocity[3 * b + i];
    mean[3] += weight;
  }
}

/* Add a wave to this rank's cells; phase [3]: e^{2 pi i m (n - n / 2) / N} of every cell along each axis. */
static void AddWave(const LatticeLayout *l, const Wave *wave, Complex *const phase[3], PetscReal *w, PetscReal *v)
{
  for (int a = 0; a < 3; a++)
    for (PetscInt i = 0; i < l->n[a]; i++) phase[a][i] = cexp(2 * UMK_PI * I * (PetscReal)((wave->index[a] * (i - l->n[a] / 2)) % l->n[a]) / (PetscReal)l->n[a]);
  for (PetscInt i = l->begin; i < l->end; i++)
    for (PetscInt c = 0; c < l->nm; c++)
      for (PetscInt j = 0; j < l->n[1]; j++) {
        const Complex x = phase[0][i] * phase[1][j] * wave->w[c], y = phase[0][i] * phase[1][j] * wave->v[c];
        const size_t  at = LatticeIndex(l, i, j, 0, c);

        for (PetscInt k = 0; k < l->n[2]; k++) {
          const PetscReal re = creal(phase[2][k]), im = cimag(phase[2][k]);
          w[at + (size_t)k] += creal(x) * re - cimag(x) * im;
          v[at + (size_t)k] += creal(y) * re - cimag(y) * im;
        }
      }
}

PetscErrorCode PacketPrepare(Material m, const Packet *p, Lattice lattice, Packet *prepared)
{
  const LatticeLayout *l;
  Crystal              crystal;
  PetscInt             n, nm, (*index)[3];
  PetscReal           *exponent, *sqrt_mass, *omega, *velocity, *w, *v, mean[4] = {0};
  Complex             *e0, *u, *phase[3];
  Wave                 wave;

  PetscFunctionBeginUser;
  PetscCall(LatticeGetLayout(lattice, &l));
  PetscCall(LatticeGetState(lattice, &w, &v));
  PetscCall(MaterialGetCrystal(m, &crystal));
  nm = l->nm;
  n  = ListWaves(crystal, p, l->n, NULL, NULL);
  PetscCall(PetscMalloc5(n, &index, n, &exponent, nm, &sqrt_mass, nm, &omega, 3 * nm, &velocity));
  PetscCall(PetscMalloc4(nm, &e0, nm * nm, &u, nm, &wave.w, nm, &wave.v));
  PetscCall(PetscMalloc3(l->n[0], &phase[0], l->n[1], &phase[1], l->n[2], &phase[2]));
  for (PetscInt c = 0; c < nm; c++) sqrt_mass[c] = sqrt(crystal->mass[c / 3]);
  (void)ListWaves(crystal, p, l->n, index, exponent);
  PetscCall(Polarization(m, p, nm, sqrt_mass, e0));
  PetscCall(PetscArrayzero(w, l->size));
  PetscCall(PetscArrayzero(v, l->size));
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal q[3] = {(PetscReal)index[i][0] / l->n[0], (PetscReal)index[i][1] / l->n[1], (PetscReal)index[i][2] / l->n[2]};

    PetscCall(MaterialPhonons(m, 1, q, omega, velocity, u));
    memcpy(wave.index, index[i], sizeof wave.index);
    FillWave(p, nm, sqrt_mass, exponent[i], e0, omega, velocity, u, &wave, mean);
    AddWave(l, &wave, phase, w, v);
  }
  *prepared        = *p;
  prepared->nmodes = n;
  for (int i = 0; i < 3; i++) prepared->mean_velocity[i] = mean[i] / mean[3];
  PetscCall(PetscFree3(phase[0], phase[1], phase[2]));
  PetscCall(PetscFree4(e0, u, wave.w, wave.v));
  PetscCall(PetscFree5(index, exponent, sqrt_mass, omega, velocity));
  PetscFunctionReturn(0);
}

/* --- centre ----------------------------------------------------------------------------------------------- */

/* x: fractional in cells of the box; the nearest periodic image, Cartesian. */
static void NearestImage(Crystal crystal, const PetscInt n[3], const PetscReal x[3], PetscReal cart[3])
{
  PetscReal shortest = HUGE_VAL;

  for (int i = 0; i < 27; i++) {
    PetscReal y[3], z[3];

    for (int c = 0, d = i; c < 3; c++, d /= 3) y[c] = x[c] - (rint(x[c] / n[c]) + d % 3 - 1) * n[c];
    MatTVec3(crystal->a, y, z);
    if (Dot3(z, z) >= shortest) continue;
    shortest = Dot3(z, z);
    memcpy(cart, z, sizeof z);
  }
}

PetscErrorCode PacketMeasure(Material m, Lattice lattice, const PetscReal near[3], PetscReal *energy, PetscInt nbins, const PetscReal axis[3], PetscReal step, PetscReal *bins, PacketSample *sample)
{
  const LatticeLayout *l;
  Crystal              crystal;
  PetscReal            total, moment[3] = {0}, origin[3], inverse[3][3];
  PetscInt             natoms;

  PetscFunctionBeginUser;
  PetscCall(LatticeGetLayout(lattice, &l));
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(LatticeCurrent(lattice, sample->current));
  PetscCall(LatticeEnergy(lattice, energy, &total));
  natoms = l->nm / 3;
  Invert3(crystal->a, inverse);
  MatTVec3(inverse, near, origin);
  if (nbins) PetscCall(PetscArrayzero(bins, nbins));
  for (PetscInt i = 0; i < (l->end - l->begin) * l->n[1] * l->n[2]; i++) {
    const PetscReal x[3] = {(PetscReal)(l->begin + i / (l->n[1] * l->n[2])) - origin[0], (PetscReal)(i / l->n[2] % l->n[1]) - origin[1], (PetscReal)(i % l->n[2]) - origin[2]};
    PetscReal       cell[3] = {0};

    NearestImage(crystal, l->n, x, cell);
    for (PetscInt a = 0; a < natoms; a++) {
      const PetscReal e = energy[i * natoms + a], r[3] = {cell[0] + crystal->tau[3 * a], cell[1] + crystal->tau[3 * a + 1], cell[2] + crystal->tau[3 * a + 2]};
      const PetscInt  bin = nbins ? (PetscInt)floor(Dot3(r, axis) / step + 0.5 * nbins) : -1;

      for (int c = 0; c < 3; c++) moment[c] += e * r[c];
      if (bin >= 0 && bin < nbins) bins[bin] += e / (step * total);
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, moment, 3, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  if (nbins) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, bins, (PetscMPIInt)nbins, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  sample->energy = total;
  for (int c = 0; c < 3; c++) {
    sample->centre[c] = near[c] + moment[c] / total;
    sample->current[c] /= total;
  }
  PetscFunctionReturn(0);
}

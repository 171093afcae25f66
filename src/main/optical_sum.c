/* Sums over transitions and their spectra: see optical.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "optical.h"

#define LEAST (10e-3 * UMK_EV) /* width: no narrower than twice a bin, where a transition's energy hardly changes */
#define REACH 6.0 /* widths beyond which a delta function is left to its last bin */

static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};

static PetscReal Fermi(PetscReal energy, const StatesPoint *p) { return 0.5 * (1 - tanh(0.5 * (energy - p->mu) / p->kT)); }

/* A transition's weight [OPTICAL_COLUMNS] over the bins, the part below zero folded back. */
static void Deposit(const OpticalStudy *s, PetscReal *spectrum, PetscReal energy, PetscReal width, const PetscReal weight[OPTICAL_COLUMNS])
{
  const PetscInt first = (PetscInt)floor((energy - REACH * width) / s->bin), last = (PetscInt)floor((energy + REACH * width) / s->bin);
  PetscReal      before = 0;

  for (PetscInt i = first; i <= last; i++) {
    const PetscReal below = i == last ? 1 : 0.5 * erfc((energy - (i + 1) * s->bin) / (sqrt(2) * width));
    const PetscInt  bin   = PetscMin(s->nbins - 1, i >= 0 ? i : -1 - i);

    for (int c = 0; c < OPTICAL_COLUMNS; c++) spectrum[bin * OPTICAL_COLUMNS + c] += (below - before) * weight[c];
    before = below;
  }
}

/* Spread of the transition's energy over a mesh cell. */
static PetscReal Width(const OpticalStudy *s, const Complex *v, PetscInt n, PetscInt m)
{
  PetscReal g[3], w[3];

  if (s->width > 0) return s->width;
  for (int c = 0; c < 3; c++) g[c] = creal(v[3 * (m * s->nbands + m) + c] - v[3 * (n * s->nbands + n) + c]);
  MatVec3((const PetscReal(*)[3])s->mesh->width2, g, w);
  return PetscMax(LEAST, s->adaptive * sqrt(PetscMax(0, Dot3(g, w))));
}

static void AddPair(const OpticalStudy *s, PetscReal star, const PetscReal *energy, const Complex *v, PetscInt n, PetscInt m)
{
  const PetscReal apart = energy[m] - energy[n], width = Width(s, v, n, m);
  PetscReal       product[OPTICAL_COLUMNS];

  for (int c = 0; c < 6; c++) product[c] = creal(v[3 * (n * s->nbands + m) + pair[c][0]] * v[3 * (m * s->nbands + n) + pair[c][1]]);
  product[6] = 1;
  for (PetscInt p = 0; p < s->npoints; p++) {
    const StatesPoint *at       = &s->scan.point[p];
    const PetscReal    occupied = Fermi(energy[n], at) - Fermi(energy[m], at);
    PetscReal          weight[OPTICAL_COLUMNS];

    if (apart < 1e-6 * UMK_RYDBERG) { /* a degenerate set carries current like one band: both orders of the pair */
      const PetscReal x = 0.5 / cosh(0.5 * (energy[n] - at->mu) / at->kT);
      for (int c = 0; c < 6; c++) s->drude[6 * p + c] += 2 * star * s->scale * x * x / at->kT * product[c];
      continue;
    }
    if (fabs(occupied) < 1e-14) continue;
    for (int c = 0; c < 6; c++) weight[c] = star * UMK_PI * s->scale * occupied / apart * product[c];
    weight[6] = star * s->scale * occupied * s->crystal->volume;
    Deposit(s, s->spectrum + p * s->nbins * OPTICAL_COLUMNS, apart, width, weight);
  }
}

static void AddPoint(OpticalStudy *s, const PetscReal k[3], PetscReal star, const PetscReal *energy, const Complex *v, const PetscReal *w)
{
  PetscInt nvalence;
  bool     metal;

  for (PetscInt n = 0; n < s->nbands; n++) {
    for (PetscInt p = 0; p < s->npoints; p++) {
      const StatesPoint *at = &s->scan.point[p];
      const PetscReal    x = 0.5 / cosh(0.5 * (energy[n] - at->mu) / at->kT), f = Fermi(energy[n], at);
      const Complex     *own = v + 3 * (n * s->nbands + n);

      for (int c = 0; c < 6; c++) {
        s->drude[6 * p + c] += star * s->scale * x * x / at->kT * creal(own[pair[c][0]]) * creal(own[pair[c][1]]);
        s->sum[6 * p + c] += star * s->scale * f * w[6 * n + c];
      }
    }
    for (PetscInt m = n + 1; m < s->nbands; m++) AddPair(s, star, energy, v, n, m);
  }
  if (MaterialGetValenceBands(s->material, &nvalence, &metal) || metal || nvalence == 0 || nvalence >= s->nbands || energy[nvalence] - energy[nvalence - 1] > s->gap) return;
  s->gap = energy[nvalence] - energy[nvalence - 1];
  memcpy(s->gap_k, k, sizeof s->gap_k);
}

/* Mean over the operations of the mesh: the wedge's sum becomes the zone's. */
static void Symmetrize(const OpticalStudy *s, PetscReal *t)
{
  PetscReal mean[3][3] = {{0}}, full[3][3], turned[3][3], both[3][3];

  for (int c = 0; c < 6; c++) full[pair[c][0]][pair[c][1]] = full[pair[c][1]][pair[c][0]] = t[c];
  for (int o = 0; o < s->mesh->nops; o++) {
    const PetscReal(*S)[3] = MeshOpCart(s->mesh, o);
    PetscReal transposed[3][3];

    for (int i = 0; i < 9; i++) transposed[i / 3][i % 3] = S[i % 3][i / 3];
    MatMul3(S, (const PetscReal(*)[3])full, turned);
    MatMul3((const PetscReal(*)[3])turned, (const PetscReal(*)[3])transposed, both);
    for (int i = 0; i < 9; i++) mean[i / 3][i % 3] += both[i / 3][i % 3] / s->mesh->nops;
  }
  for (int c = 0; c < 6; c++) t[c] = mean[pair[c][0]][pair[c][1]];
}

static PetscErrorCode AddMine(OpticalStudy *s)
{
  PetscInt   begin, end;
  PetscReal *energy, *w;
  Complex   *v;
  Progress   progress;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(s->nbands, &energy, 6 * s->nbands, &w, 3 * s->nbands * s->nbands, &v));
  StatesShare(PETSC_COMM_WORLD, s->mesh->nwedge, &begin, &end);
  ProgressBegin(&progress, "transitions", (PetscReal)(end - begin));
  for (PetscInt i = begin; i < end; i++) {
    PetscReal k[3];

    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    MeshPoint(s->mesh, s->mesh->wedge[i], k);
    PetscCall(MaterialOpticalMatrices(s->material, s->position, k, energy, v, w));
    AddPoint(s, k, s->mesh->star[i], energy, v, w);
    ProgressUpdate(&progress, (PetscReal)(i + 1 - begin));
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree3(energy, w, v));
  PetscFunctionReturn(0);
}

PetscErrorCode OpticalSum(OpticalStudy *s)
{
  struct {
    double gap;
    int    rank;
  } least;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(s->npoints * s->nbins * OPTICAL_COLUMNS, &s->spectrum));
  PetscCall(PetscCalloc2(6 * s->npoints, &s->drude, 6 * s->npoints, &s->sum));
  s->gap = HUGE_VAL;
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, AddMine(s)));
  for (PetscInt p = 0; p < s->npoints; p++) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->spectrum + p * s->nbins * OPTICAL_COLUMNS, (PetscMPIInt)(s->nbins * OPTICAL_COLUMNS), MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->drude, (PetscMPIInt)(6 * s->npoints), MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->sum, (PetscMPIInt)(6 * s->npoints), MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  least.gap = s->gap;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &least.rank));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_DOUBLE_INT, MPI_MINLOC, PETSC_COMM_WORLD));
  s->gap = least.gap;
  PetscCallMPI(MPI_Bcast(s->gap_k, 3, MPIU_REAL, least.rank, PETSC_COMM_WORLD));
  for (PetscInt i = 0; i < s->npoints * s->nbins; i++) Symmetrize(s, s->spectrum + i * OPTICAL_COLUMNS);
  for (PetscInt p = 0; p < s->npoints; p++) {
    Symmetrize(s, s->drude + 6 * p);
    Symmetrize(s, s->sum + 6 * p);
  }
  PetscFunctionReturn(0);
}

PetscReal OpticalIntegral(const OpticalStudy *s, PetscInt point, int column)
{
  PetscReal sum = 0;

  for (PetscInt i = 0; i < s->nbins; i++) sum += s->spectrum[(point * s->nbins + i) * OPTICAL_COLUMNS + column];
  return sum;
}

/* Between the middles of the bins, linearly. */
static PetscReal Interpolate(const OpticalStudy *s, const PetscReal *bins, PetscReal energy, int column)
{
  const PetscReal x = PetscMax(0, energy / s->bin - 0.5);
  const PetscInt  i = (PetscInt)x;

  if (i + 1 >= s->nbins) return 0;
  return ((1 - (x - i)) * bins[i * OPTICAL_COLUMNS + column] + (x - i) * bins[(i + 1) * OPTICAL_COLUMNS + column]) / s->bin;
}

void OpticalSpectrum(const OpticalStudy *s, PetscInt point, Complex *conductivity, PetscReal *joint)
{
  const PetscReal *bins = s->spectrum + point * s->nbins * OPTICAL_COLUMNS;

  for (PetscInt e = 0; e < s->nenergies; e++) {
    const PetscReal omega   = s->energy[e];
    PetscReal       part[6] = {0};

    for (PetscInt i = 0; i < s->nbins; i++) {
      const PetscReal a = i * s->bin, b = a + s->bin, least = 1e-3 * s->bin;
      const PetscReal x = log(PetscMax(fabs(b - omega), least) * (a + omega) / ((b + omega) * PetscMax(fabs(a - omega), least)));

      if (omega == 0) break;
      if (i == 0 && omega < s->bin) continue;
      for (int c = 0; c < 6; c++) part[c] -= bins[i * OPTICAL_COLUMNS + c] / s->bin * x / UMK_PI;
    }
    for (int c = 0; c < 6; c++) conductivity[6 * e + c] = Interpolate(s, bins, omega, c) + I * part[c];
    if (joint) joint[e] = Interpolate(s, bins, omega, 6);
  }
}

/*
  Heat capacity of the phonons, C_V = k_B sum_nu integral over the zone of (x/2)^2/sinh^2(x/2), x = omega/k_B T.

  The zone is taken apart into boxes with three Gauss points a side, and its central box, of half the size, again into boxes, down to a box whose
  modes are warm at the lowest temperature. So T^3 holds as far down as omega = v q does, on any mesh.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dispersion.h"

#define BATCH     512
#define IMAGINARY 1e-5 /* hartree: below minus this a mode is unstable; above, round-off of an acoustic one */
#define LEVELS    60
#define AVOGADRO  6.02214076e23

static const PetscReal gauss_point[3] = {-0.77459666924148337704, 0.0, 0.77459666924148337704}, gauss_weight[3] = {5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0};

typedef struct {
  Material         m;
  PetscInt         nmodes, nT, count, turn;
  const PetscReal *kT;
  PetscReal       *sum;                          /* [nT], k_B */
  PetscReal        q[3 * BATCH], weight[BATCH];
  PetscReal       *omega, highest, imaginary;    /* share of unstable modes */
  int              dimension, rank, size;
} Integral;

static PetscErrorCode Flush(Integral *s)
{
  PetscFunctionBeginUser;
  PetscCall(MaterialPhonons(s->m, s->count, s->q, s->omega, NULL, NULL));
  for (PetscInt i = 0; i < s->count * s->nmodes; i++) {
    const PetscReal omega = s->omega[i], weight = s->weight[i / s->nmodes];
    s->highest = PetscMax(s->highest, omega);
    if (omega < -IMAGINARY) s->imaginary += weight / s->nmodes;
    for (PetscInt t = 0; t < s->nT && omega >= -IMAGINARY; t++) {
      const PetscReal half = 0.5 * fabs(omega) / s->kT[t], ratio = half > 1e-6 ? half / sinh(half) : 1.0;
      if (half < 300.0) s->sum[t] += weight * ratio * ratio;
    }
  }
  s->count = 0;
  PetscFunctionReturn(0);
}

/* Gauss points of one box, those of half of them (q and -q have the same frequencies), dealt to the ranks. */
static PetscErrorCode AddBox(Integral *s, const PetscReal centre[3], const PetscReal side[3])
{
  const int last = s->dimension == 3 ? 3 : 1;

  PetscFunctionBeginUser;
  if (s->turn++ % s->size != s->rank) PetscFunctionReturn(0);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < last; k++) {
        PetscReal *q = s->q + 3 * s->count;
        q[0] = centre[0] + 0.5 * side[0] * gauss_point[i];
        q[1] = centre[1] + 0.5 * side[1] * gauss_point[j];
        q[2] = last == 3 ? centre[2] + 0.5 * side[2] * gauss_point[k] : 0.0;
        s->weight[s->count] = 2.0 * side[0] * side[1] * gauss_weight[i] * gauss_weight[j] * (last == 3 ? side[2] * gauss_weight[k] : 1.0);
        if (++s->count == BATCH) PetscCall(Flush(s));
      }
  PetscFunctionReturn(0);
}

/* The box |q_c| < size/2 in n[c] boxes a side, with or without its central half. */
static PetscErrorCode AddLevel(Integral *s, PetscReal size, const PetscInt n[3], bool centre)
{
  const PetscReal side[3] = {size / n[0], size / n[1], size / n[2]};

  PetscFunctionBeginUser;
  for (PetscInt i = n[0] / 2; i < n[0]; i++)
    for (PetscInt j = 0; j < n[1]; j++)
      for (PetscInt k = 0; k < n[2]; k++) {
        const PetscInt  at[3] = {i, j, k};
        PetscReal       middle[3];
        bool            inside = true;
        for (int c = 0; c < s->dimension; c++) {
          middle[c] = (at[c] + 0.5) * side[c] - 0.5 * size;
          inside    = inside && fabs(middle[c]) < 0.25 * size;
        }
        if (centre || !inside) PetscCall(AddBox(s, middle, side));
      }
  PetscCall(Flush(s));
  PetscFunctionReturn(0);
}

PetscErrorCode HeatCapacity(Material m, const PetscInt mesh[3], PetscInt nT, const PetscReal *kT, PetscReal *capacity, PetscReal *imaginary)
{
  Integral  s = {.m = m, .nT = nT, .kT = kT, .sum = capacity};
  Crystal   crystal;
  PetscReal coldest = HUGE_VAL;
  PetscInt  n[3] = {1, 1, 1}, four[3] = {4, 4, 4};

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &s.rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &s.size));
  PetscCall(MaterialGetSizes(m, NULL, &s.nmodes, NULL, NULL));
  PetscCall(MaterialGetCrystal(m, &crystal));
  s.dimension = crystal->dimension;
  if (s.dimension == 2) four[2] = 1;
  for (int c = 0; c < s.dimension; c++) n[c] = 4 * ((mesh[c] + 11) / 12);
  for (PetscInt t = 0; t < nT; t++) coldest = PetscMin(coldest, kT[t]);
  PetscCall(PetscArrayzero(capacity, nT));
  PetscCall(PetscMalloc1(BATCH * s.nmodes, &s.omega));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, AddLevel(&s, 1.0, n, false)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &s.highest, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  const int levels = PetscMin(LEVELS, PetscMax(2, 3 + (int)ceil(log2(PetscMax(s.highest / coldest, 1.0)))));
  for (int l = 1; l < levels; l++) PetscCall(ErrorAgree(PETSC_COMM_WORLD, AddLevel(&s, pow(0.5, l), four, l == levels - 1)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, capacity, (PetscMPIInt)nT, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(&s.imaginary, imaginary, 1, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscFree(s.omega));
  PetscFunctionReturn(0);
}

typedef struct {
  PetscReal *temperature, *atom, *mole, *volume; /* [nT]: K, k_B, J/mol/K, J/m^3/K or J/m^2/K */
  const char *per_volume;
} Columns;

static PetscErrorCode Write(Results r, PetscInt nT, const Columns *c)
{
  PetscFunctionBeginUser;
  PetscCall(ResultsWriteArray(r, "/heat_capacity/temperature", 1, &nT, c->temperature, RESULTS_LABEL("K", "temperature", "temperature")));
  PetscCall(ResultsWriteArray(r, "/heat_capacity/per_atom", 1, &nT, c->atom, RESULTS_LABEL("k_B", "temperature", "heat capacity of the phonons at constant volume, per atom")));
  PetscCall(ResultsWriteArray(r, "/heat_capacity/molar", 1, &nT, c->mole, RESULTS_LABEL("J/mol/K", "temperature", "the same per mole of atoms")));
  PetscCall(ResultsWriteArray(r, "/heat_capacity/volumetric", 1, &nT, c->volume, RESULTS_LABEL(c->per_volume, "temperature", "the same per volume (a sheet without thickness: per area)")));
  PetscFunctionReturn(0);
}

static PetscErrorCode Print(PetscInt nT, const Columns *c)
{
  const ReportColumn column[4] = {{"T", "K", "%g"}, {"C_V per atom", "k_B", "%.5g"}, {"C_V", "J/mol/K", "%.5g"}, {"C_V", c->per_volume, "%.5g"}};
  ReportTable        table;

  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(4, column, &table));
  for (PetscInt t = 0; t < nT; t++) PetscCall(ReportTableAddRow(table, (PetscReal[4]){c->temperature[t], c->atom[t], c->mole[t], c->volume[t]}, NULL));
  Log(1, "heat capacity of the phonons (a mole is one of atoms)\n");
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

PetscErrorCode HeatCapacityRun(Deck deck, Material m, const PetscInt mesh[3], Results r)
{
  Crystal    crystal;
  Columns    c;
  PetscReal *kT, imaginary;
  PetscInt   nT;
  int        rank;

  PetscFunctionBeginUser;
  PetscCall(DeckGetRealList(deck, "temperature", &nT, &kT));
  if (nT == 0) {
    PetscCall(PetscFree(kT));
    PetscFunctionReturn(0);
  }
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(MaterialGetCrystal(m, &crystal));
  const bool      sheet = crystal->dimension == 2 && crystal->thickness == 0.0;
  const PetscReal unit  = UMK_BOLTZMANN_J / (crystal->volume * pow(UMK_BOHR_M, sheet ? 2 : 3));
  c.per_volume          = sheet ? "J/m^2/K" : "J/m^3/K";
  PetscCall(PetscMalloc4(nT, &c.temperature, nT, &c.atom, nT, &c.mole, nT, &c.volume));
  PetscCall(HeatCapacity(m, mesh, nT, kT, c.atom, &imaginary));
  for (PetscInt t = 0; t < nT; t++) {
    c.temperature[t] = kT[t] / UMK_KELVIN;
    c.volume[t]      = c.atom[t] * unit;
    c.atom[t] /= (PetscReal)crystal->natoms;
    c.mole[t] = c.atom[t] * UMK_BOLTZMANN_J * AVOGADRO;
  }
  if (imaginary > 0.0) LogWarning("%.2g of the modes are unstable (imaginary frequencies) and left out of the heat capacity", imaginary);
  PetscCall(Write(r, nT, &c));
  if (!rank) PetscCall(Print(nT, &c));
  PetscCall(PetscFree4(c.temperature, c.atom, c.mole, c.volume));
  PetscCall(PetscFree(kT));
  PetscFunctionReturn(0);
}

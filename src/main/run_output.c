/* Results file and report of `umklapp run`. Atomic units end here. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include "run.h"

#define AMPERE_PER_VOLT (UMK_CHARGE_C * UMK_CHARGE_C / UMK_HBAR_JS) /* e^2/hbar, S */
#define KB_OVER_E       (UMK_BOLTZMANN_J / UMK_CHARGE_C)            /* V/K */

typedef struct {
  const char *name, *units, *sheet_units, *description;
  Species     species;      /* whose */
  size_t      offset;       /* of the 3x3 tensor in TransportTensors */
  PetscReal   factor;       /* atomic -> units */
  PetscReal   sheet_factor; /* extra factor for sheet values: a length in bohr to some power, in m */
  bool        drag_only;    /* of level drag alone */
} Quantity;

static const Quantity quantities[] = {
  {"conductivity", "S/m", "S", "electrical conductivity", SPECIES_ELECTRON, offsetof(TransportTensors, conductivity), AMPERE_PER_VOLT / UMK_BOHR_M, UMK_BOHR_M},
  {"resistivity", "Ohm m", "Ohm", "inverse of the conductivity", SPECIES_ELECTRON, offsetof(TransportTensors, resistivity), UMK_BOHR_M / AMPERE_PER_VOLT, 1.0 / UMK_BOHR_M},
  {"seebeck", "V/K", "V/K", "Seebeck coefficient, E = S grad T without current", SPECIES_ELECTRON, offsetof(TransportTensors, seebeck), KB_OVER_E, 1.0},
  {"peltier", "V", "V", "Peltier coefficient, heat per charge carried by a current", SPECIES_ELECTRON, offsetof(TransportTensors, peltier), UMK_HARTREE_EV, 1.0},
  {"electronic_thermal_conductivity", "W/m/K", "W/K", "thermal conductivity of the electrons at zero current", SPECIES_ELECTRON, offsetof(TransportTensors, kappa),
   UMK_BOLTZMANN_J / (UMK_TIME_S * UMK_BOHR_M), UMK_BOHR_M},
  {"lorenz", "W Ohm/K^2", "W Ohm/K^2", "Lorenz number kappa_e / (sigma T)", SPECIES_ELECTRON, offsetof(TransportTensors, lorenz), KB_OVER_E *KB_OVER_E, 1.0},
  {"lattice_thermal_conductivity", "W/m/K", "W/K", "thermal conductivity of the phonons", SPECIES_PHONON, offsetof(TransportTensors, lattice),
   UMK_BOLTZMANN_J / (UMK_TIME_S * UMK_BOHR_M), UMK_BOHR_M},
  {"seebeck_electron", "V/K", "V/K", "Seebeck coefficient of the gradient that acts on electrons", SPECIES_ELECTRON, offsetof(TransportTensors, seebeck_electron), KB_OVER_E, 1.0, true},
  {"seebeck_phonon", "V/K", "V/K", "Seebeck coefficient of the gradient that acts on phonons, which drag electrons", SPECIES_ELECTRON, offsetof(TransportTensors, seebeck_phonon), KB_OVER_E, 1.0, true},
  {"peltier_electron", "V", "V", "heat per charge that a current carries in the electrons", SPECIES_ELECTRON, offsetof(TransportTensors, peltier_electron), UMK_HARTREE_EV, 1.0, true},
  {"peltier_phonon", "V", "V", "heat per charge that a current carries in the phonons, which it drags", SPECIES_ELECTRON, offsetof(TransportTensors, peltier_phonon), UMK_HARTREE_EV, 1.0, true},
};
#define KAPPA_E (&quantities[4])
#define KAPPA_L (&quantities[6])
#define CONST3(m) ((const PetscReal(*)[3])(m))
#define NQUANTITIES ((int)(sizeof(quantities) / sizeof(quantities[0])))
static const PetscReal mobility_factor = UMK_CHARGE_C * UMK_BOHR_M * UMK_BOHR_M / UMK_HBAR_JS * 1e4; /* e a0^2/hbar in cm^2/V/s */

static PetscReal density_factor(const RunData *d) { return d->sheet ? 1.0 / (UMK_BOHR_M * UMK_BOHR_M * 1e4) : UMK_CM3; }
static const char *density_units(const RunData *d) { return d->sheet ? "cm^-2" : "cm^-3"; }

static PetscErrorCode write_carriers(Results r, const RunData *d)
{
  const Scan    *s    = d->scan;
  const PetscInt n[2] = {s->nT, s->nC};
  PetscReal     *value;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(s->nT * s->nC, &value));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].mu * UMK_HARTREE_EV;
  PetscCall(ResultsWriteArray(r, "/points/chemical_potential", 2, n, value, RESULTS_LABEL("eV", "temperature, carriers", "chemical potential")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = ScanDensity(s, &s->point[i]) * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/carrier_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "carriers that the mobility refers to")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].electrons * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/electron_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "electrons in the conduction bands")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].holes * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/hole_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "holes in the valence bands")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_points(Results r, const RunData *d)
{
  const Scan    *s      = d->scan;
  const PetscInt nB = s->fields.nB, nF = s->fields.nF, dims[2] = {nB, 3};
  PetscReal     *value;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(PetscMax(s->nT, PetscMax(3 * nB, nF)), &value));
  for (PetscInt i = 0; i < s->nT; i++) value[i] = s->kT[i] / UMK_KELVIN;
  PetscCall(ResultsWriteArray(r, "/points/temperature", 1, &s->nT, value, RESULTS_LABEL("K", "temperature", "temperatures of the run")));
  if (d->states->species == SPECIES_ELECTRON) PetscCall(write_carriers(r, d));
  for (PetscInt i = 0; i < 3 * nB; i++) value[i] = s->fields.B[i / 3][i % 3] / UMK_TESLA;
  PetscCall(ResultsWriteArray(r, "/points/magnetic_field", 2, dims, value, RESULTS_LABEL("T", "field, i", "magnetic fields")));
  for (PetscInt i = 0; i < nF; i++) value[i] = s->fields.omega[i] / (2.0 * UMK_PI * UMK_TIME_S) * 1e-12;
  PetscCall(ResultsWriteArray(r, "/points/frequency", 1, &nF, value, RESULTS_LABEL("THz", "frequency", "frequencies")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

/* Which quantities a level has: of the species out of equilibrium; the split by species is drag's. */
static bool applies(const RunData *d, const Quantity *q, int l)
{
  if (q->drag_only) return d->beside && l == LEVEL_DRAG;
  return q->species == d->states->species || d->beside;
}

const TransportTensors *RunTensors(const RunData *d, int l, PetscInt at, PetscInt b, PetscInt w, bool imaginary)
{
  if (!d->response[l]) return imaginary ? NULL : &d->tensors[l][at];
  const TransportResponse *x = &d->response[l][(at * d->scan->fields.nB + b) * d->scan->fields.nF + w];
  return imaginary ? (d->scan->fields.alternating ? &x->im : NULL) : &x->re;
}

/* One tensor of all points, times factor[point of the scan] */
static PetscErrorCode write_tensor(Results r, const RunData *d, int l, const char *name, const char *units, const char *description, size_t offset, const PetscReal *factor)
{
  const TransportFields *f       = &d->scan->fields;
  const int              parts   = f->alternating ? 2 : 1;
  const PetscInt         n       = d->scan->nT * d->scan->nC, each = f->nB * f->nF;
  const PetscInt         dims[7] = {d->scan->nT, d->scan->nC, f->nB, f->nF, 3, 3, 2};
  PetscReal             *value;
  char                   path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(9 * n * each * parts, &value));
  for (PetscInt i = 0; i < n * each; i++)
    for (int c = 0; c < parts; c++) {
      const PetscReal *t = (const PetscReal *)((const char *)RunTensors(d, l, i / each, i % each / f->nF, i % f->nF, c == 1) + offset);
      for (int k = 0; k < 9; k++) value[(9 * i + k) * parts + c] = factor[i / each] * t[k];
    }
  snprintf(path, sizeof(path), "/transport/%s/%s", TransportLevelName[l], name);
  PetscCall(ResultsWriteArray(r, path, 5 + parts, dims, value, RESULTS_LABEL(units, parts == 2 ? "temperature, carriers, field, frequency, i, j, re/im" : "temperature, carriers, field, frequency, i, j", description)));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_level(Results r, const RunData *d, int l)
{
  const PetscInt n = d->scan->nT * d->scan->nC;
  PetscReal     *factor;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &factor));
  for (int q = 0; q < NQUANTITIES; q++) {
    if (!applies(d, &quantities[q], l)) continue;
    for (PetscInt i = 0; i < n; i++) factor[i] = quantities[q].factor * (d->sheet ? quantities[q].sheet_factor : 1.0);
    PetscCall(write_tensor(r, d, l, quantities[q].name, d->sheet ? quantities[q].sheet_units : quantities[q].units, quantities[q].description, quantities[q].offset, factor));
  }
  if (d->states->species == SPECIES_ELECTRON) {
    for (PetscInt i = 0; i < n; i++) factor[i] = mobility_factor / ScanDensity(d->scan, &d->scan->point[i]);
    PetscCall(write_tensor(r, d, l, "mobility", "cm^2/V/s", "drift mobility sigma/(n e)", quantities[0].offset, factor));
  }
  PetscCall(PetscFree(factor));
  PetscFunctionReturn(0);
}

/* Mean of the diagonal over the material's dimensions. */
static PetscReal mean(const RunData *d, const PetscReal m[3][3])
{
  const int n = d->states->mesh->crystal->dimension;
  return n == 3 ? (m[0][0] + m[1][1] + m[2][2]) / 3.0 : (m[0][0] + m[1][1]) / 2.0;
}

/* mean of the diagonal at level drag over that at level full, less 1 */
static PetscReal enhancement(const RunData *d, PetscInt at, size_t offset)
{
  const PetscReal drag = mean(d, (const PetscReal(*)[3])((const char *)&d->tensors[LEVEL_DRAG][at] + offset)), full = mean(d, (const PetscReal(*)[3])((const char *)&d->tensors[LEVEL_FULL][at] + offset));
  return full != 0.0 ? drag / full - 1.0 : NAN;
}

static const struct {
  const char *name, *title; /* title: its column in the report */
  size_t      offset;
} enhanced[] = {{"conductivity", "sigma", offsetof(TransportTensors, conductivity)},
                {"mobility", NULL, offsetof(TransportTensors, conductivity)}, /* at the same density */
                {"electronic_thermal_conductivity", "kappa_e", offsetof(TransportTensors, kappa)},
                {"lattice_thermal_conductivity", "kappa_ph", offsetof(TransportTensors, lattice)}};
#define NENHANCED ((int)(sizeof(enhanced) / sizeof(enhanced[0])))

static PetscErrorCode write_enhancement(Results r, const RunData *d)
{
  const PetscInt n       = d->scan->nT * d->scan->nC;
  const PetscInt dims[4] = {d->scan->nT, d->scan->nC, 1, 1};
  PetscReal     *value;
  char           path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &value));
  for (int k = 0; k < NENHANCED; k++) {
    for (PetscInt i = 0; i < n; i++) value[i] = enhancement(d, i, enhanced[k].offset);
    snprintf(path, sizeof(path), "/transport/drag/enhancement/%s", enhanced[k].name);
    PetscCall(ResultsWriteArray(r, path, 4, dims, value, RESULTS_LABEL("1", "temperature, carriers, field, frequency", "mean of the diagonal at level drag over that at level full, less 1")));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

#define NAUDIT 12
static PetscErrorCode write_audit(Results r, const RunData *d, int l)
{
  const PetscInt nB = d->scan->fields.nB, nF = d->scan->fields.nF, n = d->scan->nT * d->scan->nC * nB * nF;
  const PetscInt dims[4] = {d->scan->nT, d->scan->nC, nB, nF};
  PetscReal     *value[NAUDIT];
  static const struct {
    const char *name, *description;
  } row[NAUDIT] = {{"onsager_defect", "|L_XY(B) - L_YX(-B)^T| / sqrt(|L_XX| |L_YY|), the largest of all pairs of drives; NaN when -B was not solved"}, {"residual", "largest true residual |X - A z| / |X|"}, {"null_overlap", "share of the drive along a null vector of the operator"},
                   {"symmetry_defect", "|x.Ay - y.Ax| / (|x| |Ay|) for random vectors"}, {"iterations", "iterations of the longest of the solves"}, {"converged", "1: yes"},
                   {"matthiessen_deviation", "sigma sum_c 1/sigma_c - 1 (phonons: kappa); NaN when not asked for"}, {"charge_defect", "largest relative row sum of the operator against w"},
                   {"window_loss", "share of the drive's weight outside the energy window"}, {"unscattered", "share of the drive on states without any scattering (both species: on electrons)"},
                   {"energy_defect", "|A n|/|D n| for n = w times the energy: what energy conservation within the delta functions leaves"},
                   {"free_phonons", "modes that nothing scatters, left out"}};
  const int rows = d->free_phonons ? NAUDIT : NAUDIT - 1;
  char      path[128];
  PetscFunctionBeginUser;
  for (int k = 0; k < rows; k++) PetscCall(PetscMalloc1(n, &value[k]));
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt          at = i / (nB * nF);
    const TransportTensors *x = RunTensors(d, l, at, i % (nB * nF) / nF, i % nF, false), *still = &d->tensors[l][at];
    const bool      none        = x->steady_state_missing; /* nothing was solved */
    const PetscReal all[NAUDIT] = {none ? NAN : x->onsager_defect, none ? NAN : x->residual, x->null_overlap, still->symmetry_defect, (PetscReal)x->iterations, x->converged ? 1.0 : 0.0, still->matthiessen, d->charge_defect[at], d->window_loss[at], d->unscattered[at], d->energy_defect[at], d->free_phonons ? d->free_phonons[at] : 0.0};
    for (int k = 0; k < rows; k++) value[k][i] = all[k];
  }
  for (int k = 0; k < rows; k++) {
    snprintf(path, sizeof(path), "/audit/%s/%s", TransportLevelName[l], row[k].name);
    PetscCall(ResultsWriteArray(r, path, 4, dims, value[k], RESULTS_LABEL("1", "temperature, carriers, field, frequency", row[k].description)));
    PetscCall(PetscFree(value[k]));
  }
  PetscFunctionReturn(0);
}

/* What each channel alone would let through, where Matthiessen's rule was asked about. */
static PetscErrorCode write_alone(Results r, const RunData *d, int l)
{
  const PetscInt  n       = d->scan->nT * d->scan->nC, dims[4] = {d->scan->nT, d->scan->nC, 1, 1};
  const Quantity *q       = d->states->species == SPECIES_PHONON ? KAPPA_L : &quantities[0];
  const PetscReal factor  = q->factor * (d->sheet ? q->sheet_factor : 1.0);
  PetscReal      *value;
  char            path[128];
  PetscFunctionBeginUser;
  if (d->beside || d->nchannels < 2 || isnan(d->tensors[l][0].matthiessen)) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(n, &value));
  for (PetscInt c = 0; c < d->nchannels; c++) {
    for (PetscInt i = 0; i < n; i++) value[i] = factor * d->tensors[l][i].alone[c];
    snprintf(path, sizeof(path), "/audit/%s/alone/%s", TransportLevelName[l], d->channels[c]->type->name);
    PetscCall(ResultsWriteArray(r, path, 4, dims, value, RESULTS_LABEL(d->sheet ? q->sheet_units : q->units, "temperature, carriers, field, frequency", "mean of the diagonal if this channel alone acted; infinite where it stops nothing")));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

PetscErrorCode RunWrite(Results r, const RunData *d)
{
  PetscFunctionBeginUser;
  PetscCall(write_points(r, d));
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!d->scan->level[l]) continue;
    PetscCall(write_level(r, d, l));
    PetscCall(write_audit(r, d, l));
    PetscCall(write_alone(r, d, l));
    if (d->response[l]) PetscCall(RunWriteFields(r, d, l));
  }
  if (d->beside && d->scan->level[LEVEL_FULL] && d->scan->level[LEVEL_DRAG]) PetscCall(write_enhancement(r, d));
  for (const RunData *one = d; one; one = one->beside) {
    if (one->write_states) PetscCall(RunWriteStates(r, one));
    if (one->modes) PetscCall(RunWriteCumulative(r, one));
  }
  PetscFunctionReturn(0);
}

static bool anisotropic(const RunData *d, const PetscReal m[3][3])
{
  const PetscReal scale = fabs(mean(d, m));
  for (int i = 0; i < d->states->mesh->crystal->dimension; i++)
    for (int j = 0; j < d->states->mesh->crystal->dimension; j++)
      if (fabs(m[i][j] - (i == j ? mean(d, m) : 0.0)) > 1e-6 * scale) return true;
  return false;
}

static void report_row(const RunData *d, int l, PetscInt at, PetscReal row[10])
{
  const TransportTensors *x = &d->tensors[l][at];
  const StatesPoint      *p = &d->scan->point[at];
  const PetscReal         n = ScanDensity(d->scan, p), sigma = mean(d, x->conductivity);
  row[0] = p->kT / UMK_KELVIN;
  row[1] = n * density_factor(d);
  row[2] = p->mu * UMK_HARTREE_EV;
  row[3] = 0.0;
  row[4] = mobility_factor * sigma / n;
  row[5] = sigma * quantities[0].factor * (d->sheet ? quantities[0].sheet_factor : 1.0);
  row[6] = mean(d, x->seebeck) * KB_OVER_E * 1e6;
  row[7] = mean(d, x->kappa) * KAPPA_E->factor * (d->sheet ? KAPPA_E->sheet_factor : 1.0);
  row[8] = mean(d, x->lorenz) * KB_OVER_E * KB_OVER_E;
  row[9] = (PetscReal)x->iterations;
}

/* Beside the electrons' table: who drives the thermopower, what the phonons carry, and at level drag what it adds to the conductivities of level full. */
static PetscErrorCode report_both(const RunData *d)
{
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"density", density_units(d), "%.4g"}, {"level", NULL, NULL}, {"S electrons", "uV/K", "%.2f"}, {"S phonons", "uV/K", "%.2f"}, {"kappa_ph", d->sheet ? "W/K" : "W/m/K", "%.4g"},
                                  {"drag: sigma", "%", "%+.3g"}, {"kappa_e", "%", "%+.3g"}, {"kappa_ph", "%", "%+.3g"}};
  const bool         compared  = d->scan->level[LEVEL_FULL] && d->scan->level[LEVEL_DRAG];
  ReportTable        table;
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(compared ? 9 : 6, columns, &table));
  for (PetscInt at = 0; at < d->scan->nT * d->scan->nC; at++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const TransportTensors *x       = &d->tensors[l][at];
      const StatesPoint      *p       = &d->scan->point[at];
      const char             *text[9] = {NULL, NULL, TransportLevelName[l]};
      PetscReal               row[9]  = {p->kT / UMK_KELVIN, ScanDensity(d->scan, p) * density_factor(d), 0.0, mean(d, CONST3(x->seebeck_electron)) * KB_OVER_E * 1e6, mean(d, CONST3(x->seebeck_phonon)) * KB_OVER_E * 1e6,
                                         mean(d, CONST3(x->lattice)) * KAPPA_L->factor * (d->sheet ? KAPPA_L->sheet_factor : 1.0)};
      int                     column  = 6;
      if (!d->scan->level[l]) continue;
      for (int k = 0; k < NENHANCED && compared; k++)
        if (enhanced[k].title) row[column++] = l == LEVEL_DRAG ? 100.0 * enhancement(d, at, enhanced[k].offset) : NAN;
      PetscCall(ReportTableAddRow(table, row, text));
    }
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

static PetscErrorCode report_electrons(const RunData *d)
{
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"density", density_units(d), "%.4g"}, {"mu", "eV", "%.5f"}, {"level", NULL, NULL}, {"mobility", "cm^2/V/s", "%.6g"}, {"conductivity", d->sheet ? "S" : "S/m", "%.5g"},
                                  {"Seebeck", "uV/K", "%.2f"}, {"kappa_e", d->sheet ? "W/K" : "W/m/K", "%.4g"}, {"Lorenz", "W Ohm/K^2", "%.4g"}, {"steps", NULL, "%.0f"}};
  ReportTable        table;
  PetscReal          row[10];
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(10, columns, &table));
  for (PetscInt at = 0; at < d->scan->nT * d->scan->nC; at++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const char *text[10] = {NULL};
      if (!d->scan->level[l]) continue;
      report_row(d, l, at, row);
      text[3] = TransportLevelName[l];
      PetscCall(ReportTableAddRow(table, row, text));
    }
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

static PetscErrorCode report_phonons(const RunData *d)
{
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"level", NULL, NULL}, {"kappa", d->sheet ? "W/K" : "W/m/K", "%.5g"}, {"xx", NULL, "%.5g"}, {"yy", NULL, "%.5g"}, {"zz", NULL, "%.5g"}, {"steps", NULL, "%.0f"}};
  const PetscReal    factor    = KAPPA_L->factor * (d->sheet ? KAPPA_L->sheet_factor : 1.0);
  ReportTable        table;
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(7, columns, &table));
  for (PetscInt at = 0; at < d->scan->nT; at++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const TransportTensors *x       = &d->tensors[l][at];
      const PetscReal(*k)[3]          = (const PetscReal(*)[3])x->lattice;
      const char     *text[7]         = {NULL, TransportLevelName[l]};
      const PetscReal row[7]          = {d->scan->point[at].kT / UMK_KELVIN, 0.0, factor * mean(d, k), factor * k[0][0], factor * k[1][1], factor * k[2][2], (PetscReal)x->iterations};
      if (d->scan->level[l]) PetscCall(ReportTableAddRow(table, row, text));
    }
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

PetscErrorCode RunReport(const RunData *d)
{
  const bool phonons  = d->states->species == SPECIES_PHONON;
  PetscReal  worst[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  bool       tensors  = false;
  int        rank;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscFunctionReturn(0);
  PetscCall(phonons ? report_phonons(d) : report_electrons(d));
  if (d->beside) PetscCall(report_both(d));
  PetscCall(RunReportFields(d));
  for (PetscInt at = 0; at < d->scan->nT * d->scan->nC; at++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const TransportTensors *x      = &d->tensors[l][at];
      const PetscReal         one[8] = {x->onsager_defect, x->residual, d->charge_defect[at], d->window_loss[at], d->unscattered[at], d->energy_defect[at], x->symmetry_defect, d->free_phonons ? d->free_phonons[at] : 0.0};
      if (!d->scan->level[l]) continue;
      for (int k = 0; k < 8; k++) worst[k] = PetscMax(worst[k], one[k]);
      tensors = tensors || anisotropic(d, phonons ? x->lattice : x->conductivity);
    }
  if (phonons) Log(1, "audit     Onsager %.1e, residual %.1e, symmetry %.1e, energy %.1e, on unscattered states %.1e", worst[0], worst[1], worst[6], worst[5], worst[4]);
  else Log(1, "audit     Onsager %.1e, residual %.1e, charge %.1e, drive outside the window %.1e, on unscattered states %.1e", worst[0], worst[1], worst[2], worst[3], worst[4]);
  if (d->beside) Log(1, "          symmetry %.1e, energy %.1e", worst[6], worst[5]);
  if (worst[7] > 0.0) Log(1, "          %d phonon modes of the wedge, at most, are coupled to nothing and left out", (int)worst[7]);
  if (tensors) Log(1, "          the table shows the mean of the diagonal; full tensors are in the results file");
  if (worst[3] > 1e-4) LogWarning("the window cuts off %.2g of the drive's weight: widen electrons.window", worst[3]);
  if (worst[4] > 1e-6) LogWarning("states that nothing scatters carry %.2g of the drive and were left out: refine the mesh or widen the delta functions", worst[4]);
  PetscFunctionReturn(0);
}

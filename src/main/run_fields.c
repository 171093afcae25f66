/* What magnetic fields and frequencies add to the results file and to the report of `umklapp run`. Atomic units end here. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdlib.h>
#include "run.h"

#define TESLA        (1.0 / UMK_TESLA) /* atomic unit of the magnetic field in T */
#define KB_OVER_E    (UMK_BOLTZMANN_J / UMK_CHARGE_C)
#define KAPPA        (UMK_BOLTZMANN_J / (UMK_TIME_S * UMK_BOHR_M))
#define SIGMA        (UMK_CHARGE_C * UMK_CHARGE_C / UMK_HBAR_JS / UMK_BOHR_M)
#define REPORT_LINES 60

typedef struct {
  const char *name, *units, *sheet_units, *description;
  size_t      offset; /* in TransportMagnetic */
  bool        tensor;
  PetscReal   factor, sheet_factor;
} Quantity;

static const Quantity quantities[] = {
  {"hall_coefficient", "m^3/C", "m^2/C", "antisymmetric part of the resistivity over the field; B along z: [y, x] is R_H, negative for electrons", offsetof(TransportMagnetic, hall), true,
   UMK_BOHR_M *UMK_BOHR_M *UMK_BOHR_M / UMK_CHARGE_C, 1.0 / UMK_BOHR_M},
  {"nernst", "V/K/T", "V/K/T", "antisymmetric part of the Seebeck coefficient over the field; B along z: [y, x] is E_y/(B dT/dx)", offsetof(TransportMagnetic, nernst), true, KB_OVER_E / TESLA, 1.0},
  {"ettingshausen", "m K/A/T", "K/A/T", "B along z: [y, x] is (dT/dy)/(B J_x) without heat flow along y and gradient along x", offsetof(TransportMagnetic, ettingshausen), true, UMK_HARTREE_EV / KAPPA / TESLA, 1.0 / UMK_BOHR_M},
  {"magnetoresistance", "1", "1", "symmetric part of rho(B) - rho(0) over sqrt(rho_ii(0) rho_jj(0))", offsetof(TransportMagnetic, magnetoresistance), true, 1.0, 1.0},
  {"righi_leduc", "1/T", "1/T", "B along z: (dT/dy)/(B dT/dx) without heat flow along y and without current", offsetof(TransportMagnetic, righi_leduc), false, 1.0 / TESLA, 1.0},
  {"hall_mobility", "cm^2/V/s", "cm^2/V/s", "Hall coefficient over the mean resistivity across the field, signed", offsetof(TransportMagnetic, hall_mobility), false, 1e4 / TESLA, 1.0},
  {"hall_factor", "1", "1", "Hall coefficient times the carriers' charge density", offsetof(TransportMagnetic, hall_number), false, 1.0, 1.0},
  {"magnetoresistance_transverse", "1", "1", "rho(B)/rho(0) - 1, mean of the directions across the field", offsetof(TransportMagnetic, transverse), false, 1.0, 1.0},
  {"magnetoresistance_longitudinal", "1", "1", "rho(B)/rho(0) - 1 along the field", offsetof(TransportMagnetic, longitudinal), false, 1.0, 1.0},
};
#define NQUANTITIES ((int)(sizeof(quantities) / sizeof(quantities[0])))
#define HALL (&quantities[0])
#define NERNST (&quantities[1])

/* Density of charge that the Hall factor refers to: negative for electrons. */
static PetscReal charge(const Scan *s, const StatesPoint *p)
{
  if (s->kind == SCAN_HOLES) return ScanDensity(s, p);
  if (s->kind == SCAN_ELECTRONS || s->kind == SCAN_NEUTRAL) return -ScanDensity(s, p);
  return p->holes - p->electrons;
}

static void read_magnetic(const RunData *d, int l, PetscInt at, PetscInt b, PetscInt w, TransportMagnetic *x)
{
  const TransportFields  *f        = &d->scan->fields;
  const TransportTensors *still[2] = {&d->tensors[l][at], NULL};
  if (f->omega[w] != 0.0) still[0] = NULL;
  for (PetscInt o = 0; o < f->nB && f->omega[w] != 0.0; o++) {
    if (Norm3(f->B[o]) > 0.0) continue;
    for (int c = 0; c < 2; c++) still[c] = RunTensors(d, l, at, o, w, c == 1);
  }
  TransportReadMagnetic((int)d->states->mesh->crystal->dimension, f->B[b], charge(d->scan, &d->scan->point[at]), RunTensors(d, l, at, b, w, false), RunTensors(d, l, at, b, w, true), still, x);
}

static PetscReal factor_of(const RunData *d, const Quantity *q) { return q->factor * (d->sheet ? q->sheet_factor : 1.0); }

static PetscErrorCode write_quantity(Results r, const RunData *d, int l, const Quantity *q)
{
  const TransportFields *f     = &d->scan->fields;
  const int              parts = f->alternating ? 2 : 1, items = q->tensor ? 9 : 1;
  const PetscInt         n     = d->scan->nT * d->scan->nC * f->nB * f->nF;
  PetscInt               dims[7] = {d->scan->nT, d->scan->nC, f->nB, f->nF};
  int                    rank    = 4;
  PetscReal             *value;
  char                   path[128], axes[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n * items * parts, &value));
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt    at = i / (f->nB * f->nF), b = i / f->nF % f->nB, w = i % f->nF;
    TransportMagnetic x;
    const bool        none = Norm3(f->B[b]) == 0.0;
    if (!none) read_magnetic(d, l, at, b, w, &x);
    for (int k = 0; k < items * parts; k++) {
      const PetscReal *from = (const PetscReal *)((const char *)&x + q->offset); /* pairs */
      value[i * items * parts + k] = none ? NAN : factor_of(d, q) * from[2 * (k / parts) + k % parts];
    }
  }
  for (int k = 0; k < 2 && q->tensor; k++) dims[rank++] = 3;
  if (parts == 2) dims[rank++] = 2;
  snprintf(axes, sizeof(axes), "temperature, carriers, field, frequency%s%s", q->tensor ? ", i, j" : "", parts == 2 ? ", re/im" : "");
  snprintf(path, sizeof(path), "/transport/%s/%s", TransportLevelName[l], q->name);
  PetscCall(ResultsWriteArray(r, path, rank, dims, value, RESULTS_LABEL(d->sheet ? q->sheet_units : q->units, axes, q->description)));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

/* First order in the field, from the solutions without it */
static PetscErrorCode write_low_field(Results r, const RunData *d, int l)
{
  const TransportFields *f = &d->scan->fields;
  const PetscInt         n = d->scan->nT * d->scan->nC * f->nB, dims[5] = {d->scan->nT, d->scan->nC, f->nB, 3, 3};
  PetscReal             *value;
  char                   path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(9 * n, &value));
  for (int k = 0; k < 2; k++) {
    const Quantity *q = k ? NERNST : HALL;
    for (PetscInt i = 0; i < 9 * n; i++) {
      const TransportLowField *low = &d->low[l][i / 9];
      value[i] = factor_of(d, q) * (k ? low->nernst : low->hall)[i % 9 / 3][i % 3];
    }
    snprintf(path, sizeof(path), "/transport/%s/low_field/%s", TransportLevelName[l], q->name);
    PetscCall(ResultsWriteArray(r, path, 5, dims, value, RESULTS_LABEL(d->sheet ? q->sheet_units : q->units, "temperature, carriers, field, i, j", "limit of weak field along each field of the list, by perturbation")));
  }
  for (PetscInt i = 0; i < n; i++) value[i] = Norm3(f->B[i % f->nB]) > 0.0 ? TransportHallNumber((const PetscReal(*)[3])d->low[l][i].hall, f->B[i % f->nB], charge(d->scan, &d->scan->point[i / f->nB])) : NAN;
  snprintf(path, sizeof(path), "/transport/%s/low_field/hall_factor", TransportLevelName[l]);
  PetscCall(ResultsWriteArray(r, path, 3, dims, value, RESULTS_LABEL("1", "temperature, carriers, field", "Hall factor in the limit of weak field")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

/* --- frequencies --------------------------------------------------------------------------------- */

/* Trace of what is conducted: charge, of phonons heat */
static PetscReal trace(const RunData *d, const TransportTensors *x)
{
  const PetscReal(*m)[3] = (const PetscReal(*)[3])(d->states->species == SPECIES_PHONON ? x->lattice : x->conductivity);
  return m[0][0] + m[1][1] + m[2][2];
}

typedef struct {
  PetscReal omega, value;
} Sample;

static int by_omega(const void *a, const void *b)
{
  const PetscReal x = ((const Sample *)a)->omega, y = ((const Sample *)b)->omega;
  return (x > y) - (x < y);
}

/* (2/pi) int Re sigma d omega over the frequencies of the list, trapezoids, over the weight of the drives: 1 for a list that covers the spectrum. */
static PetscErrorCode covered(const RunData *d, int l, PetscInt at, PetscInt b, PetscReal *share)
{
  const TransportFields *f = &d->scan->fields;
  const bool      phonons  = d->states->species == SPECIES_PHONON;
  const PetscReal(*W)[3]   = (const PetscReal(*)[3])d->weight[at][phonons][phonons];
  const PetscReal total    = (W[0][0] + W[1][1] + W[2][2]) / (phonons ? d->scan->point[at].kT : 1.0);
  PetscReal       sum      = 0.0;
  Sample         *s;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(f->nF, &s));
  for (PetscInt w = 0; w < f->nF; w++) s[w] = (Sample){f->omega[w], trace(d, RunTensors(d, l, at, b, w, false))};
  qsort(s, (size_t)f->nF, sizeof(*s), by_omega);
  for (PetscInt w = 1; w < f->nF; w++) sum += 0.5 * (s[w].omega - s[w - 1].omega) * (s[w].value + s[w - 1].value);
  *share = f->nF > 1 ? 2.0 / UMK_PI * sum / total : NAN;
  PetscCall(PetscFree(s));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_sum_rule(Results r, const RunData *d, int l)
{
  const Scan    *s       = d->scan;
  const PetscInt n       = s->nT * s->nC, nB = s->fields.nB, dims[4] = {s->nT, s->nC, 3, 3}, each[3] = {s->nT, s->nC, nB};
  PetscReal     *value;
  char           path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n * PetscMax(nB, 9), &value));
  for (PetscInt i = 0; i < n * nB; i++) PetscCall(covered(d, l, i / nB, i % nB, &value[i]));
  snprintf(path, sizeof(path), "/audit/%s/sum_rule", TransportLevelName[l]);
  PetscCall(ResultsWriteArray(r, path, 3, each, value, RESULTS_LABEL("1", "temperature, carriers, field", "(2/pi) integral of the real part over the listed frequencies, over the weight of the drive: 1 where the list covers the spectrum")));
  for (PetscInt i = 0; i < 9 * n; i++) value[i] = d->weight[i / 9][DRIVE_FIELD][DRIVE_FIELD][i % 9 / 3][i % 3] * SIGMA / UMK_TIME_S * (d->sheet ? UMK_BOHR_M : 1.0);
  snprintf(path, sizeof(path), "/transport/%s/drude_weight", TransportLevelName[l]);
  if (d->states->species == SPECIES_ELECTRON) PetscCall(ResultsWriteArray(r, path, 4, dims, value, RESULTS_LABEL(d->sheet ? "S/s" : "S/m/s", "temperature, carriers, i, j", "n e^2/m of the window: (2/pi) integral of Re sigma over all omega; sigma -> i drude_weight/omega at high frequency")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

PetscErrorCode RunWriteFields(Results r, const RunData *d, int l)
{
  PetscFunctionBeginUser;
  for (int q = 0; q < NQUANTITIES && d->scan->fields.magnetic; q++) PetscCall(write_quantity(r, d, l, &quantities[q]));
  if (d->scan->fields.magnetic) PetscCall(write_low_field(r, d, l));
  if (d->scan->fields.alternating) PetscCall(write_sum_rule(r, d, l));
  PetscFunctionReturn(0);
}

/* --- report -------------------------------------------------------------------------------------- */

static PetscReal density(const RunData *d, PetscInt at) { return ScanDensity(d->scan, &d->scan->point[at]) * (d->sheet ? 1.0 / (UMK_BOHR_M * UMK_BOHR_M * 1e4) : UMK_CM3); }

static PetscErrorCode report_magnetic(const RunData *d)
{
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"density", d->sheet ? "cm^-2" : "cm^-3", "%.4g"}, {"level", NULL, NULL}, {"B", "T", "%g"}, {"Hall coefficient", d->sheet ? "m^2/C" : "m^3/C", "%.5g"}, {"Hall mobility", "cm^2/V/s", "%.5g"},
                                  {"Hall factor", NULL, "%.5f"}, {"transverse MR", NULL, "%.4g"}, {"longitudinal", NULL, "%.3g"}, {"Nernst", "uV/K/T", "%.4g"}, {"steps", NULL, "%.0f"}};
  const TransportFields *f = &d->scan->fields;
  ReportTable        table;
  PetscInt           lines = 0;
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(11, columns, &table));
  for (PetscInt i = 0; i < d->scan->nT * d->scan->nC * f->nB * LEVEL_COUNT; i++) {
    const PetscInt    l = i % LEVEL_COUNT, b = i / LEVEL_COUNT % f->nB, at = i / LEVEL_COUNT / f->nB;
    const PetscReal   size = Norm3(f->B[b]);
    const char       *text[11] = {NULL, NULL, TransportLevelName[l]};
    TransportMagnetic x;
    if (!d->scan->level[l] || size == 0.0 || ++lines > REPORT_LINES) continue;
    read_magnetic(d, (int)l, at, b, 0, &x);
    const PetscReal along[3] = {f->B[b][0] / size, f->B[b][1] / size, f->B[b][2] / size};
    const PetscReal nernst   = creal(along[0] * x.nernst[2][1] + along[1] * x.nernst[0][2] + along[2] * x.nernst[1][0]), hall = creal(along[0] * x.hall[2][1] + along[1] * x.hall[0][2] + along[2] * x.hall[1][0]);
    const PetscReal row[11]  = {d->scan->point[at].kT / UMK_KELVIN, density(d, at), 0.0, size * TESLA, hall * factor_of(d, HALL), creal(x.hall_mobility) * 1e4 / TESLA, creal(x.hall_number), creal(x.transverse), creal(x.longitudinal),
                                nernst * factor_of(d, NERNST) * 1e6, (PetscReal)RunTensors(d, (int)l, at, b, 0, false)->iterations};
    PetscCall(ReportTableAddRow(table, row, text));
  }
  PetscCall(ReportTableLog(table));
  if (lines > REPORT_LINES) Log(1, "          %d more lines are in the results file", (int)lines - REPORT_LINES);
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

static PetscErrorCode report_frequencies(const RunData *d)
{
  const bool         phonons   = d->states->species == SPECIES_PHONON;
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"level", NULL, NULL}, {"B", "T", "%g"}, {"frequency", "THz", "%g"}, {phonons ? "Re kappa" : "Re sigma", phonons ? "W/m/K" : d->sheet ? "S" : "S/m", "%.6g"}, {"Im", NULL, "%.6g"},
                                  {"Re S", "uV/K", "%.2f"}, {"Im S", NULL, "%.2f"}, {"Re kappa_e", d->sheet ? "W/K" : "W/m/K", "%.4g"}, {"Im", NULL, "%.4g"}, {"steps", NULL, "%.0f"}};
  const TransportFields *f = &d->scan->fields;
  const PetscReal    third = 1.0 / d->states->mesh->crystal->dimension, sheet = d->sheet ? UMK_BOHR_M : 1.0;
  ReportTable        table;
  PetscInt           lines = 0;
  PetscFunctionBeginUser;
  PetscCall(ReportTableCreate(11, columns, &table));
  for (PetscInt i = 0; i < d->scan->nT * d->scan->nC * f->nB * f->nF * LEVEL_COUNT; i++) {
    const PetscInt l = i % LEVEL_COUNT, w = i / LEVEL_COUNT % f->nF, b = i / LEVEL_COUNT / f->nF % f->nB, at = i / LEVEL_COUNT / f->nF / f->nB;
    const char    *text[11] = {NULL, TransportLevelName[l]};
    PetscReal      row[11]  = {d->scan->point[at].kT / UMK_KELVIN, 0.0, Norm3(f->B[b]) * TESLA, f->omega[w] / (2.0 * UMK_PI * UMK_TIME_S) * 1e-12};
    if (!d->scan->level[l] || ++lines > REPORT_LINES) continue;
    for (int c = 0; c < 2; c++) {
      const TransportTensors *x = RunTensors(d, (int)l, at, b, w, c == 1);
      row[4 + c] = third * trace(d, x) * (phonons ? KAPPA : SIGMA) * sheet;
      row[6 + c] = phonons ? NAN : third * (x->seebeck[0][0] + x->seebeck[1][1] + x->seebeck[2][2]) * KB_OVER_E * 1e6;
      row[8 + c] = phonons ? NAN : third * (x->kappa[0][0] + x->kappa[1][1] + x->kappa[2][2]) * KAPPA * sheet;
      if (c == 0) row[10] = (PetscReal)x->iterations;
    }
    PetscCall(ReportTableAddRow(table, row, text));
  }
  PetscCall(ReportTableLog(table));
  if (lines > REPORT_LINES) Log(1, "          %d more lines are in the results file", (int)lines - REPORT_LINES);
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

/* Residuals and L(B) = L(-B)^T over all fields and frequencies; those that did not converge. */
static PetscErrorCode report_audit(const RunData *d)
{
  const TransportFields *f = &d->scan->fields;
  PetscReal              worst[2] = {0, 0};
  bool                   reversed = false;
  PetscFunctionBeginUser;
  for (int l = 0; l < LEVEL_COUNT; l++) {
    PetscInt failed = 0;
    if (!d->scan->level[l]) continue;
    for (PetscInt i = 0; i < d->scan->nT * d->scan->nC * f->nB * f->nF; i++) {
      const TransportResponse *x = &d->response[l][i];
      failed += !x->re.converged;
      worst[0] = PetscMax(worst[0], x->re.residual);
      if (isnan(x->reversal_defect)) continue;
      worst[1] = PetscMax(worst[1], x->reversal_defect);
      reversed = true;
    }
    if (failed > 0) LogWarning("level %s: %d points of field and frequency did not converge", TransportLevelName[l], (int)failed);
  }
  Log(1, "fields    residual %.1e", worst[0]);
  if (reversed) Log(1, "          %s %.1e", f->magnetic ? "L(B) - L(-B)^T" : "L - L^T", worst[1]);
  PetscFunctionReturn(0);
}

PetscErrorCode RunReportFields(const RunData *d)
{
  PetscFunctionBeginUser;
  if (!d->scan->fields.magnetic && !d->scan->fields.alternating) PetscFunctionReturn(0);
  if (d->scan->fields.magnetic) PetscCall(report_magnetic(d));
  if (d->scan->fields.alternating) PetscCall(report_frequencies(d));
  PetscCall(report_audit(d));
  PetscFunctionReturn(0);
}

/* Results file and report of `umklapp run`. Atomic units end here. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include "run.h"

#define AMPERE_PER_VOLT (UMK_CHARGE_C * UMK_CHARGE_C / UMK_HBAR_JS) /* e^2/hbar, S */
#define KB_OVER_E       (UMK_BOLTZMANN_J / UMK_CHARGE_C)            /* V/K */

typedef struct {
  const char *name, *units, *sheet_units, *description;
  size_t      offset;       /* of the 3x3 tensor in TransportTensors */
  PetscReal   factor;       /* atomic -> units */
  PetscReal   sheet_factor; /* extra factor for sheet values: a length in bohr to some power, in m */
} Quantity;

static const Quantity quantities[] = {
  {"conductivity", "S/m", "S", "electrical conductivity", offsetof(TransportTensors, conductivity), AMPERE_PER_VOLT / UMK_BOHR_M, UMK_BOHR_M},
  {"resistivity", "Ohm m", "Ohm", "inverse of the conductivity", offsetof(TransportTensors, resistivity), UMK_BOHR_M / AMPERE_PER_VOLT, 1.0 / UMK_BOHR_M},
  {"seebeck", "V/K", "V/K", "Seebeck coefficient, E = S grad T without current", offsetof(TransportTensors, seebeck), KB_OVER_E, 1.0},
  {"peltier", "V", "V", "Peltier coefficient, heat per charge carried by a current", offsetof(TransportTensors, peltier), UMK_HARTREE_EV, 1.0},
  {"electronic_thermal_conductivity", "W/m/K", "W/K", "thermal conductivity of the electrons at zero current", offsetof(TransportTensors, kappa),
   UMK_BOLTZMANN_J / (UMK_TIME_S * UMK_BOHR_M), UMK_BOHR_M},
  {"lorenz", "W Ohm/K^2", "W Ohm/K^2", "Lorenz number kappa_e / (sigma T)", offsetof(TransportTensors, lorenz), KB_OVER_E *KB_OVER_E, 1.0},
};
#define NQUANTITIES ((int)(sizeof(quantities) / sizeof(quantities[0])))
static const PetscReal mobility_factor = UMK_CHARGE_C * UMK_BOHR_M * UMK_BOHR_M / UMK_HBAR_JS * 1e4; /* e a0^2/hbar in cm^2/V/s */

static PetscReal density_factor(const RunData *d) { return d->sheet ? 1.0 / (UMK_BOHR_M * UMK_BOHR_M * 1e4) : UMK_CM3; }
static const char *density_units(const RunData *d) { return d->sheet ? "cm^-2" : "cm^-3"; }

static PetscErrorCode write_points(Results r, const RunData *d)
{
  const Scan    *s      = d->scan;
  const PetscInt n[2]   = {s->nT, s->nC}, one[2] = {1, 3}, single = 1;
  PetscReal     *value, zero[3] = {0, 0, 0};
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(s->nT * s->nC, &value));
  for (PetscInt i = 0; i < s->nT; i++) value[i] = s->kT[i] / UMK_KELVIN;
  PetscCall(ResultsWriteArray(r, "/points/temperature", 1, n, value, RESULTS_LABEL("K", "temperature", "temperatures of the run")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].mu * UMK_HARTREE_EV;
  PetscCall(ResultsWriteArray(r, "/points/chemical_potential", 2, n, value, RESULTS_LABEL("eV", "temperature, carriers", "chemical potential")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = ScanDensity(s, &s->point[i]) * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/carrier_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "carriers that the mobility refers to")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].electrons * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/electron_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "electrons in the conduction bands")));
  for (PetscInt i = 0; i < s->nT * s->nC; i++) value[i] = s->point[i].holes * density_factor(d);
  PetscCall(ResultsWriteArray(r, "/points/hole_density", 2, n, value, RESULTS_LABEL(density_units(d), "temperature, carriers", "holes in the valence bands")));
  PetscCall(ResultsWriteArray(r, "/points/magnetic_field", 2, one, zero, RESULTS_LABEL("T", "field, i", "magnetic fields")));
  PetscCall(ResultsWriteArray(r, "/points/frequency", 1, &single, zero, RESULTS_LABEL("THz", "frequency", "frequencies")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static const PetscReal (*tensor(const Quantity *q, const TransportTensors *x))[3] { return (const PetscReal(*)[3])((const char *)x + q->offset); }

static PetscErrorCode write_level(Results r, const RunData *d, int l)
{
  const PetscInt n       = d->scan->nT * d->scan->nC;
  const PetscInt dims[6] = {d->scan->nT, d->scan->nC, 1, 1, 3, 3};
  PetscReal     *value;
  char           path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(9 * n, &value));
  for (int q = 0; q < NQUANTITIES; q++) {
    const PetscReal f = quantities[q].factor * (d->sheet ? quantities[q].sheet_factor : 1.0);
    for (PetscInt i = 0; i < 9 * n; i++) value[i] = f * tensor(&quantities[q], &d->tensors[l][i / 9])[(i % 9) / 3][i % 3];
    snprintf(path, sizeof(path), "/transport/%s/%s", TransportLevelName[l], quantities[q].name);
    PetscCall(ResultsWriteArray(r, path, 6, dims, value, RESULTS_LABEL(d->sheet ? quantities[q].sheet_units : quantities[q].units, "temperature, carriers, field, frequency, i, j", quantities[q].description)));
  }
  for (PetscInt i = 0; i < 9 * n; i++) value[i] = mobility_factor * d->tensors[l][i / 9].conductivity[(i % 9) / 3][i % 3] / ScanDensity(d->scan, &d->scan->point[i / 9]);
  snprintf(path, sizeof(path), "/transport/%s/mobility", TransportLevelName[l]);
  PetscCall(ResultsWriteArray(r, path, 6, dims, value, RESULTS_LABEL("cm^2/V/s", "temperature, carriers, field, frequency, i, j", "drift mobility sigma/(n e)")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_audit(Results r, const RunData *d, int l)
{
  const PetscInt n       = d->scan->nT * d->scan->nC;
  const PetscInt dims[4] = {d->scan->nT, d->scan->nC, 1, 1};
  PetscReal     *value[10];
  static const struct {
    const char *name, *description;
  } row[10] = {{"onsager_defect", "|L_ET - L_TE^T| / sqrt(|L_EE| |L_TT|)"}, {"residual", "largest true residual |X - A z| / |X|"}, {"null_overlap", "share of the drive along a null vector of the operator"},
               {"symmetry_defect", "|x.Ay - y.Ax| / (|x| |Ay|) for random vectors"}, {"iterations", "iterations of the longer of the two solves"}, {"converged", "1: yes"},
               {"matthiessen_deviation", "sigma sum_c 1/sigma_c - 1; NaN when not asked for"}, {"charge_defect", "largest relative row sum of the operator against w"},
               {"window_loss", "share of the drive's weight outside the energy window"}, {"unscattered", "share of the drive on states without any scattering"}};
  char path[128];
  PetscFunctionBeginUser;
  for (int k = 0; k < 10; k++) PetscCall(PetscMalloc1(n, &value[k]));
  for (PetscInt i = 0; i < n; i++) {
    const TransportTensors *x = &d->tensors[l][i];
    const PetscReal         all[10] = {x->onsager_defect, x->residual, x->null_overlap, x->symmetry_defect, (PetscReal)x->iterations, x->converged ? 1.0 : 0.0, x->matthiessen, d->charge_defect[i], d->window_loss[i], d->unscattered[i]};
    for (int k = 0; k < 10; k++) value[k][i] = all[k];
  }
  for (int k = 0; k < 10; k++) {
    snprintf(path, sizeof(path), "/audit/%s/%s", TransportLevelName[l], row[k].name);
    PetscCall(ResultsWriteArray(r, path, 4, dims, value[k], RESULTS_LABEL("1", "temperature, carriers, field, frequency", row[k].description)));
    PetscCall(PetscFree(value[k]));
  }
  PetscFunctionReturn(0);
}

/* Values [nlocal][width] of this rank's rows as [mine][width] in the order of the states, which are dealt evenly here. */
static PetscErrorCode state_order(const RunData *d, PetscInt width, const PetscReal *local, PetscInt mine, PetscReal *ordered)
{
  const PetscInt *states;
  PetscInt        nlocal;
  IS              to;
  Vec             rows, target;
  VecScatter      scatter;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, &nlocal, &states));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, width, width * nlocal, PETSC_DETERMINE, local, &rows));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, width, width * mine, PETSC_DETERMINE, ordered, &target));
  PetscCall(ISCreateBlock(PETSC_COMM_WORLD, width, nlocal, states, PETSC_COPY_VALUES, &to));
  PetscCall(VecScatterCreate(rows, NULL, target, to, &scatter));
  PetscCall(VecScatterBegin(scatter, rows, target, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, rows, target, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(ISDestroy(&to));
  PetscCall(VecDestroy(&rows));
  PetscCall(VecDestroy(&target));
  PetscFunctionReturn(0);
}

/* A table over states: local [points][nlocal][width] -> [nT][nC][nstates][width]; without points [nstates][width]; width 1 has no axis. */
static PetscErrorCode write_rows(Results r, const RunData *d, const char *path, bool points, PetscInt width, const PetscReal *local, PetscReal factor, const ResultsLabel *label)
{
  const PetscInt n = points ? d->scan->nT * d->scan->nC : 1;
  PetscInt       nlocal, mine = PETSC_DECIDE, total = d->electrons->nstates, begin = 0, dims[4], rank = 0;
  PetscReal     *value;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, &nlocal, NULL));
  PetscCall(PetscSplitOwnership(PETSC_COMM_WORLD, &mine, &total));
  PetscCallMPI(MPI_Exscan(&mine, &begin, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscMalloc1(n * mine * width, &value));
  for (PetscInt p = 0; p < n; p++) PetscCall(state_order(d, width, local + p * nlocal * width, mine, value + p * mine * width));
  for (PetscInt i = 0; i < n * mine * width; i++) value[i] *= factor;
  if (points) {
    dims[rank++] = d->scan->nT;
    dims[rank++] = d->scan->nC;
  }
  const ResultsPart part = {(int)rank, begin, mine};
  dims[rank++]           = total;
  if (width > 1) dims[rank++] = width;
  PetscCall(ResultsWritePart(r, path, (int)rank, dims, &part, value, label));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_static(Results r, const RunData *d)
{
  const PetscInt *local;
  PetscInt        n;
  PetscReal      *value;
  States          s = d->electrons;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, &n, &local));
  PetscCall(PetscMalloc1(3 * n, &value));
  for (PetscInt i = 0; i < n; i++) value[i] = s->energy[local[i]];
  PetscCall(write_rows(r, d, "/electrons/energy", false, 1, value, UMK_HARTREE_EV, RESULTS_LABEL("eV", "state", "band energy")));
  for (PetscInt i = 0; i < n; i++) value[i] = s->star[local[i]];
  PetscCall(write_rows(r, d, "/electrons/weight", false, 1, value, 1.0 / (PetscReal)s->mesh->size, RESULTS_LABEL("1", "state", "share of the zone: star of the wedge point / mesh points")));
  for (PetscInt i = 0; i < n; i++) value[i] = s->band[local[i]];
  PetscCall(write_rows(r, d, "/electrons/band", false, 1, value, 1.0, RESULTS_LABEL("1", "state", "band, counted from 0")));
  for (PetscInt i = 0; i < n; i++) MeshPoint(s->mesh, s->mesh->wedge[s->wedge[s->k[local[i]]]], value + 3 * i);
  PetscCall(write_rows(r, d, "/electrons/k", false, 3, value, 1.0, RESULTS_LABEL("1", "state, i", "wave vector, fractional")));
  for (PetscInt i = 0; i < 3 * n; i++) value[i] = s->velocity[3 * local[i / 3] + i % 3];
  PetscCall(write_rows(r, d, "/electrons/velocity", false, 3, value, UMK_VELOCITY_M_S, RESULTS_LABEL("m/s", "state, i", "group velocity")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_states(Results r, const RunData *d)
{
  const PetscInt n = d->scan->nT * d->scan->nC;
  PetscInt       nlocal;
  char           path[128];
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, &nlocal, NULL));
  PetscCall(write_static(r, d));
  for (PetscInt c = 0; c <= d->nchannels; c++) {
    snprintf(path, sizeof(path), "/electrons/rate/%s", c < d->nchannels ? d->channel_name[c] : "total");
    PetscCall(write_rows(r, d, path, true, 1, d->rates + c * n * nlocal, 1e-12 / UMK_TIME_S, RESULTS_LABEL("1/ps", "temperature, carriers, state", "scattering rate 1/tau")));
  }
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!d->scan->level[l]) continue;
    snprintf(path, sizeof(path), "/electrons/mean_free_displacement/%s", TransportLevelName[l]);
    PetscCall(write_rows(r, d, path, true, 3, d->displacement + 3 * l * n * nlocal, UMK_BOHR_M * 1e9, RESULTS_LABEL("nm", "temperature, carriers, state, i", "response to a field along i in length: v tau at level rta")));
  }
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
  }
  if (d->write_states) PetscCall(write_states(r, d));
  PetscFunctionReturn(0);
}

/* Mean of the diagonal over the material's dimensions. */
static PetscReal mean(const RunData *d, const PetscReal m[3][3])
{
  const int n = d->electrons->mesh->crystal->dimension;
  return n == 3 ? (m[0][0] + m[1][1] + m[2][2]) / 3.0 : (m[0][0] + m[1][1]) / 2.0;
}

static bool anisotropic(const RunData *d, const PetscReal m[3][3])
{
  const PetscReal scale = fabs(mean(d, m));
  for (int i = 0; i < d->electrons->mesh->crystal->dimension; i++)
    for (int j = 0; j < d->electrons->mesh->crystal->dimension; j++)
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
  row[7] = mean(d, x->kappa) * quantities[4].factor * (d->sheet ? quantities[4].sheet_factor : 1.0);
  row[8] = mean(d, x->lorenz) * KB_OVER_E * KB_OVER_E;
  row[9] = (PetscReal)x->iterations;
}

PetscErrorCode RunReport(const RunData *d)
{
  const ReportColumn columns[] = {{"T", "K", "%g"}, {"density", density_units(d), "%.4g"}, {"mu", "eV", "%.5f"}, {"level", NULL, NULL}, {"mobility", "cm^2/V/s", "%.6g"}, {"conductivity", d->sheet ? "S" : "S/m", "%.5g"},
                                  {"Seebeck", "uV/K", "%.2f"}, {"kappa_e", d->sheet ? "W/K" : "W/m/K", "%.4g"}, {"Lorenz", "W Ohm/K^2", "%.4g"}, {"steps", NULL, "%.0f"}};
  const PetscInt n = d->scan->nT * d->scan->nC;
  ReportTable    table;
  PetscReal      row[10], worst[5] = {0, 0, 0, 0, 0};
  bool           tensors = false;
  int            rank;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscFunctionReturn(0);
  PetscCall(ReportTableCreate(10, columns, &table));
  for (PetscInt at = 0; at < n; at++)
    for (int l = 0; l < LEVEL_COUNT; l++) {
      const char *text[10] = {NULL};
      if (!d->scan->level[l]) continue;
      report_row(d, l, at, row);
      text[3] = TransportLevelName[l];
      PetscCall(ReportTableAddRow(table, row, text));
      const TransportTensors *x = &d->tensors[l][at];
      worst[0] = PetscMax(worst[0], x->onsager_defect);
      worst[1] = PetscMax(worst[1], x->residual);
      worst[2] = PetscMax(worst[2], d->charge_defect[at]);
      worst[3] = PetscMax(worst[3], d->window_loss[at]);
      worst[4] = PetscMax(worst[4], d->unscattered[at]);
      tensors  = tensors || anisotropic(d, x->conductivity);
    }
  PetscCall(ReportTablePrint(table, stdout));
  PetscCall(ReportTableDestroy(&table));
  Log(1, "audit     Onsager %.1e, residual %.1e, charge %.1e, drive outside the window %.1e, on unscattered states %.1e", worst[0], worst[1], worst[2], worst[3], worst[4]);
  if (tensors) Log(1, "          the table shows the mean of the diagonal; full tensors are in the results file");
  if (worst[3] > 1e-4) LogWarning("the window cuts off %.2g of the drive's weight: widen electrons.window", worst[3]);
  if (worst[4] > 1e-6) LogWarning("states that nothing scatters carry %.2g of the drive and were left out: refine the mesh or widen the delta functions", worst[4]);
  PetscFunctionReturn(0);
}

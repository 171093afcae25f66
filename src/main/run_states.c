/* States of a run in the results file: energies, rates, mean free displacements, shares of the thermal conductivity. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run.h"

#define UMK_KAPPA     (UMK_BOLTZMANN_J / (UMK_TIME_S * UMK_BOHR_M)) /* W/m/K */
#define UMK_SEEBECK   (UMK_BOLTZMANN_J / UMK_CHARGE_C)              /* V/K */
#define UMK_TERAHERTZ (1e-12 / (2.0 * UMK_PI * UMK_TIME_S))         /* of an energy of one hartree */

PetscErrorCode RunStateOrder(const RunData *d, PetscInt width, PetscReal *local, PetscInt mine, PetscReal *ordered, bool back)
{
  const PetscInt nlocal = d->nlocal;
  IS             to;
  Vec            rows, target;
  VecScatter     scatter;
  PetscFunctionBeginUser;
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, width, width * nlocal, PETSC_DETERMINE, local, &rows));
  PetscCall(VecCreateMPIWithArray(PETSC_COMM_WORLD, width, width * mine, PETSC_DETERMINE, ordered, &target));
  PetscCall(ISCreateBlock(PETSC_COMM_WORLD, width, nlocal, d->number, PETSC_COPY_VALUES, &to));
  PetscCall(VecScatterCreate(rows, NULL, target, to, &scatter));
  PetscCall(VecScatterBegin(scatter, back ? target : rows, back ? rows : target, INSERT_VALUES, back ? SCATTER_REVERSE : SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, back ? target : rows, back ? rows : target, INSERT_VALUES, back ? SCATTER_REVERSE : SCATTER_FORWARD));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(ISDestroy(&to));
  PetscCall(VecDestroy(&rows));
  PetscCall(VecDestroy(&target));
  PetscFunctionReturn(0);
}

#define TOGETHER 32 /* points that are sent together */

/* Values of all points in the order of the file: local [points][nlocal][width] -> ordered [points][mine][width] */
static PetscErrorCode order_points(const RunData *d, PetscInt points, PetscInt width, const PetscReal *local, PetscInt mine, PetscReal *ordered)
{
  const size_t n = (size_t)d->nlocal, w = (size_t)width;
  PetscReal   *rows, *file;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n * w * TOGETHER, &rows, (size_t)mine * w * TOGETHER, &file));
  for (PetscInt begin = 0; begin < points; begin += TOGETHER) {
    const size_t m = (size_t)PetscMin(TOGETHER, points - begin);
    for (size_t p = 0; p < m; p++)
      for (size_t i = 0; i < n; i++) PetscCall(PetscArraycpy(rows + (i * m + p) * w, local + (((size_t)begin + p) * n + i) * w, w));
    PetscCall(RunStateOrder(d, (PetscInt)(m * w), rows, mine, file, false));
    for (size_t p = 0; p < m; p++)
      for (size_t i = 0; i < (size_t)mine; i++) PetscCall(PetscArraycpy(ordered + (((size_t)begin + p) * (size_t)mine + i) * w, file + (i * m + p) * w, w));
  }
  PetscCall(PetscFree2(rows, file));
  PetscFunctionReturn(0);
}

/* A table over states: local [points][nlocal][width] -> [nT][nC][nstates][width]; without points [nstates][width]; width 1 has no axis. */
static PetscErrorCode write_rows(Results r, const RunData *d, const char *path, bool points, PetscInt width, const PetscReal *local, PetscReal factor, const ResultsLabel *label)
{
  const PetscInt n = points ? d->scan->nT * d->scan->nC : 1;
  PetscInt       mine = PETSC_DECIDE, total = d->total, begin = 0, dims[4], rank = 0;
  PetscReal     *value;
  PetscFunctionBeginUser;
  PetscCall(PetscSplitOwnership(PETSC_COMM_WORLD, &mine, &total));
  PetscCallMPI(MPI_Exscan(&mine, &begin, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscMalloc1((size_t)n * (size_t)(mine * width), &value));
  PetscCall(order_points(d, n, width, local, mine, value));
  for (PetscInt64 i = 0; i < (PetscInt64)n * mine * width; i++) value[i] *= factor;
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

/* Path of a dataset of these states. */
static const char *in_group(const RunData *d, char path[128], const char *name, const char *more)
{
  snprintf(path, 128, "/%s/%s%s%s", d->part == PART_REFINED ? "phonons/refined" : d->states->species == SPECIES_PHONON ? "phonons" : "electrons", name, more ? "/" : "", more ? more : "");
  return path;
}

static PetscErrorCode write_static(Results r, const RunData *d)
{
  const bool      phonons = d->states->species == SPECIES_PHONON;
  const PetscInt  n = d->nlocal, *local = d->state;
  PetscReal      *value;
  States          s = d->states;
  char            path[128];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(3 * n, &value));
  for (PetscInt i = 0; i < n; i++) value[i] = s->energy[local[i]];
  PetscCall(write_rows(r, d, in_group(d, path, "energy", NULL), false, 1, value, UMK_HARTREE_EV, RESULTS_LABEL("eV", "state", phonons ? "energy of the mode" : "band energy")));
  if (phonons) PetscCall(write_rows(r, d, in_group(d, path, "frequency", NULL), false, 1, value, UMK_TERAHERTZ, RESULTS_LABEL("THz", "state", "frequency of the mode")));
  for (PetscInt i = 0; i < n; i++) value[i] = s->star[local[i]];
  PetscCall(write_rows(r, d, in_group(d, path, "weight", NULL), false, 1, value, 1.0 / (PetscReal)s->mesh->size, RESULTS_LABEL("1", "state", "share of the zone: star of the wedge point / mesh points")));
  for (PetscInt i = 0; i < n; i++) value[i] = s->band[local[i]];
  PetscCall(write_rows(r, d, in_group(d, path, phonons ? "branch" : "band", NULL), false, 1, value, 1.0, RESULTS_LABEL("1", "state", "counted from 0 by energy")));
  for (PetscInt i = 0; i < n; i++) MeshPoint(s->mesh, s->mesh->wedge[s->wedge[s->k[local[i]]]], value + 3 * i);
  PetscCall(write_rows(r, d, in_group(d, path, phonons ? "q" : "k", NULL), false, 3, value, 1.0, RESULTS_LABEL("1", "state, i", "wave vector, fractional")));
  for (PetscInt i = 0; i < 3 * n; i++) value[i] = s->velocity[3 * local[i / 3] + i % 3];
  PetscCall(write_rows(r, d, in_group(d, path, "velocity", NULL), false, 3, value, UMK_VELOCITY_M_S, RESULTS_LABEL("m/s", "state, i", "group velocity")));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

PetscErrorCode RunWriteStates(Results r, const RunData *d)
{
  const PetscInt n       = d->scan->nT * d->scan->nC;
  const bool     phonons = d->states->species == SPECIES_PHONON;
  const PetscInt nlocal = d->nlocal;
  char           path[128];
  PetscFunctionBeginUser;
  PetscCall(write_static(r, d));
  for (PetscInt c = 0; c < d->ncolumns; c++)
    PetscCall(write_rows(r, d, in_group(d, path, "rate", d->column[c]), true, 1, d->rates + (PetscInt64)(c * n) * nlocal, 1e-12 / UMK_TIME_S, RESULTS_LABEL("1/ps", "temperature, carriers, state", "scattering rate 1/tau")));
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!d->scan->level[l]) continue;
    PetscCall(write_rows(r, d, in_group(d, path, "mean_free_displacement", TransportLevelName[l]), true, 3, d->displacement + 3 * (PetscInt64)(l * n) * nlocal, UMK_BOHR_M * 1e9,
                         RESULTS_LABEL("nm", "temperature, carriers, state, i", phonons ? "response to a gradient along i in length: v tau at level rta" : "response to a field along i in length: v tau at level rta")));
    if (phonons) PetscCall(write_rows(r, d, in_group(d, path, "thermal_conductivity", TransportLevelName[l]), true, 1, d->modes + (PetscInt64)(l * n) * nlocal, UMK_KAPPA * (d->sheet ? UMK_BOHR_M : 1.0),
                                      RESULTS_LABEL(d->sheet ? "W/K" : "W/m/K", "temperature, carriers, state", "what the mode and its images add to the mean of kappa's diagonal")));
  }
  if (d->refined) PetscCall(RunWriteStates(r, d->refined));
  if (d->seebeck) PetscCall(write_rows(r, d, in_group(d, path, "seebeck", "drag"), true, 1, d->seebeck, UMK_SEEBECK, RESULTS_LABEL("V/K", "temperature, carriers, state", "what the mode and its images add to the mean of the diagonal of seebeck_phonon")));
  PetscFunctionReturn(0);
}

/* --- cumulative sums ----------------------------------------------------------- */

#define NBINS 200

/* Sums of the shares of the modes whose value is at most edge[i]; NaN where a share is */
static PetscErrorCode accumulate(PetscInt n, const PetscReal *value, const PetscReal *share, const PetscReal edge[NBINS], PetscReal sum[NBINS])
{
  PetscFunctionBeginUser;
  for (int i = 0; i < NBINS; i++) sum[i] = 0.0;
  for (PetscInt a = 0; a < n; a++)
    for (int i = NBINS - 1; i >= 0 && (value[a] <= edge[i] || isnan(share[a])); i--) sum[i] += share[a];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, NBINS, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

/* |F . v|/|v|: how far a mode carries its heat along its way */
static PetscReal free_path(const PetscReal *F, const PetscReal *v)
{
  const PetscReal speed = Norm3(v);
  return speed > 0.0 ? fabs(Dot3(F, v)) / speed : 0.0;
}

/* Equal steps of the logarithm from the shortest to the longest mean free path of a level; at most 10 decades. */
static PetscErrorCode path_edges(PetscInt n, const PetscReal *path, PetscReal edge[NBINS])
{
  PetscReal high = 0.0, low = HUGE_VAL;
  PetscFunctionBeginUser;
  for (PetscInt a = 0; a < n; a++) {
    high = PetscMax(high, path[a]);
    if (path[a] > 0.0) low = PetscMin(low, path[a]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &high, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &low, 1, MPIU_REAL, MPI_MIN, PETSC_COMM_WORLD));
  if (!(high > 0.0)) high = low = 1.0;
  low = PetscMax(low, 1e-10 * high);
  for (int i = 0; i < NBINS; i++) edge[i] = low * pow(high / low, (i + 1.0) / NBINS) * (1.0 + 1e-12);
  PetscFunctionReturn(0);
}

/* [nT][nC][NBINS] under /phonons/cumulative/LEVEL */
static PetscErrorCode write_bins(Results r, const RunData *d, int l, const char *name, PetscReal *value, PetscReal factor, const ResultsLabel *label)
{
  const PetscInt dims[3] = {d->scan->nT, d->scan->nC, NBINS};
  char           path[128];
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < dims[0] * dims[1] * NBINS; i++) value[i] *= factor;
  snprintf(path, sizeof(path), "/phonons/cumulative/%s/%s", TransportLevelName[l], name);
  PetscCall(ResultsWriteArray(r, path, 3, dims, value, label));
  PetscFunctionReturn(0);
}

/* The phonons of one record joined with those of the refined region, if any: frequencies, and per point mean free paths and shares. */
typedef struct {
  PetscInt   n;
  PetscReal *omega, *path, *kappa, *seebeck;
} Modes;

static void join(const RunData *d, int l, PetscInt p, PetscInt at, Modes *m)
{
  const PetscInt n = d->scan->nT * d->scan->nC;
  for (PetscInt a = 0; a < d->nlocal; a++, at++) {
    const PetscInt64 row = (PetscInt64)(l * n + p) * d->nlocal + a;
    m->omega[at]   = d->states->energy[d->state[a]];
    m->path[at]    = free_path(d->displacement + 3 * row, d->states->velocity + 3 * d->state[a]);
    m->kappa[at]   = d->modes[row];
    m->seebeck[at] = d->seebeck && l == LEVEL_DRAG ? d->seebeck[(PetscInt64)p * d->nlocal + a] : 0.0;
  }
}

static PetscErrorCode write_level(Results r, const RunData *d, int l, const PetscReal edge[NBINS])
{
  const PetscInt   n     = d->scan->nT * d->scan->nC;
  const PetscReal  kappa = UMK_KAPPA * (d->sheet ? UMK_BOHR_M : 1.0);
  const char      *units = d->sheet ? "W/K" : "W/m/K", *axes = "temperature, carriers, bin";
  const bool       drags = d->seebeck && l == LEVEL_DRAG;
  Modes            m     = {.n = d->nlocal + (d->refined ? d->refined->nlocal : 0)};
  PetscReal       *value[5]; /* edges of paths; kappa below a frequency, below a path; the same of the Seebeck coefficient */
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc4(m.n, &m.omega, m.n, &m.path, m.n, &m.kappa, m.n, &m.seebeck));
  for (int k = 0; k < 5; k++) PetscCall(PetscMalloc1(n * NBINS, &value[k]));
  for (PetscInt p = 0; p < n; p++) {
    join(d, l, p, 0, &m);
    if (d->refined) join(d->refined, l, p, d->nlocal, &m);
    PetscCall(path_edges(m.n, m.path, value[0] + p * NBINS));
    for (int k = 0; k < (drags ? 2 : 1); k++) {
      PetscCall(accumulate(m.n, m.omega, k ? m.seebeck : m.kappa, edge, value[1 + 2 * k] + p * NBINS));
      PetscCall(accumulate(m.n, m.path, k ? m.seebeck : m.kappa, value[0] + p * NBINS, value[2 + 2 * k] + p * NBINS));
    }
    for (int i = 0; i < NBINS && isnan(value[1][p * NBINS]); i++) value[0][p * NBINS + i] = NAN;
  }
  PetscCall(write_bins(r, d, l, "mean_free_path", value[0], UMK_BOHR_M * 1e9, RESULTS_LABEL("nm", axes, "mean free path |F.v|/|v|")));
  PetscCall(write_bins(r, d, l, "kappa_below_frequency", value[1], kappa, RESULTS_LABEL(units, axes, "mean of kappa's diagonal of modes up to the frequency")));
  PetscCall(write_bins(r, d, l, "kappa_below_mean_free_path", value[2], kappa, RESULTS_LABEL(units, axes, "mean of kappa's diagonal of modes up to the mean free path")));
  if (drags) {
    PetscCall(write_bins(r, d, l, "seebeck_below_frequency", value[3], UMK_SEEBECK, RESULTS_LABEL("V/K", axes, "mean of the diagonal of seebeck_phonon of modes up to the frequency")));
    PetscCall(write_bins(r, d, l, "seebeck_below_mean_free_path", value[4], UMK_SEEBECK, RESULTS_LABEL("V/K", axes, "mean of the diagonal of seebeck_phonon of modes up to the mean free path")));
  }
  for (int k = 0; k < 5; k++) PetscCall(PetscFree(value[k]));
  PetscCall(PetscFree4(m.omega, m.path, m.kappa, m.seebeck));
  PetscFunctionReturn(0);
}

PetscErrorCode RunWriteCumulative(Results r, const RunData *d)
{
  const PetscInt nbins = NBINS;
  PetscReal      edge[NBINS], value[NBINS], top = 0.0;
  PetscFunctionBeginUser;
  for (PetscInt a = 0; a < d->states->nstates; a++) top = PetscMax(top, d->states->energy[a]);
  for (PetscInt a = 0; d->refined && a < d->refined->states->nstates; a++) top = PetscMax(top, d->refined->states->energy[a]);
  for (int i = 0; i < NBINS; i++) {
    edge[i]  = top * (i + 1.0) / NBINS * (1.0 + 1e-12);
    value[i] = edge[i] * UMK_TERAHERTZ;
  }
  PetscCall(ResultsWriteArray(r, "/phonons/cumulative/frequency", 1, &nbins, value, RESULTS_LABEL("THz", "bin", "frequency")));
  for (int l = 0; l < LEVEL_COUNT; l++)
    if (d->scan->level[l]) PetscCall(write_level(r, d, l, edge));
  PetscFunctionReturn(0);
}

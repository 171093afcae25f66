/* `umklapp bands` and `umklapp phonons`: energies along a path and the density of states, to a results file and the report. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "dispersion.h"

#define DEFAULT_MESH 24

/* energy [n][nbands] in d->unit at the points k [n][3], dealt to the ranks, gathered on all. */
static PetscErrorCode Evaluate(Material m, const Dispersion *d, PetscInt n, const PetscReal *k, PetscReal *energy)
{
  PetscInt begin, end;
  int      rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  begin = (PetscInt)((PetscInt64)n * rank / size);
  end   = (PetscInt)((PetscInt64)n * (rank + 1) / size);
  PetscCall(PetscArrayzero(energy, n * d->nbands));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, d->evaluate(m, end - begin, k + 3 * begin, energy + begin * d->nbands)));
  for (PetscInt i = begin * d->nbands; i < end * d->nbands; i++) energy[i] *= d->factor;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, energy, (PetscMPIInt)(n * d->nbands), MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscFunctionReturn(0);
}

static void WidenEdges(PetscInt n, PetscInt nbands, const PetscReal *energy, PetscInt nbelow, PetscReal *edge)
{
  for (PetscInt i = 0; i < n && edge; i++) {
    if (nbelow > 0) edge[0] = PetscMax(edge[0], energy[i * nbands + nbelow - 1]);
    if (nbelow < nbands) edge[1] = PetscMin(edge[1], energy[i * nbands + nbelow]);
  }
}

static PetscErrorCode WritePath(Results r, const Dispersion *d, const KPath *p, const PetscReal *energy)
{
  char           path[128], labels[KPATH_MAX_TICKS * 16] = "";
  const PetscInt shape[2] = {p->n, 3}, bands[2] = {p->n, d->nbands};

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < p->nticks; i++) {
    if (i) strcat(labels, " ");
    strcat(labels, p->label[i]);
  }
  snprintf(path, sizeof path, "/path/%s/k", d->name);
  PetscCall(ResultsWriteArray(r, path, 2, shape, p->k[0], RESULTS_LABEL("1", "point, reciprocal vector", "points of the path, fractional coordinates")));
  snprintf(path, sizeof path, "/path/%s/distance", d->name);
  PetscCall(ResultsWriteArray(r, path, 1, shape, p->distance, RESULTS_LABEL("1/bohr", "point", "length of the path up to the point")));
  snprintf(path, sizeof path, "/path/%s/tick", d->name);
  PetscCall(ResultsWriteIntegers(r, path, 1, &p->nticks, p->tick, RESULTS_LABEL("1", "corner", "point at each corner of the path; attribute labels: their names")));
  PetscCall(ResultsWriteAttributeString(r, path, "labels", labels));
  snprintf(path, sizeof path, "/path/%s/%s", d->name, d->quantity);
  PetscCall(ResultsWriteArray(r, path, 2, bands, energy, RESULTS_LABEL(d->unit, "point, band", "along the path, in ascending order")));
  PetscFunctionReturn(0);
}

static PetscErrorCode PrintPath(const Dispersion *d, const KPath *p, const PetscReal *energy)
{
  const PetscInt ncolumns = PetscMin(p->nticks, 10) + 1;
  ReportColumn   column[12];
  PetscReal      row[12];
  ReportTable    table;

  PetscFunctionBeginUser;
  column[0] = (ReportColumn){"band", NULL, "%.0f"};
  for (PetscInt i = 1; i < ncolumns; i++) column[i] = (ReportColumn){p->label[i - 1], d->unit, "%.4f"};
  PetscCall(ReportTableCreate((int)ncolumns, column, &table));
  for (PetscInt b = 0; b < d->nbands; b++) {
    row[0] = (PetscReal)b + 1;
    for (PetscInt i = 1; i < ncolumns; i++) row[i] = energy[p->tick[i - 1] * d->nbands + b];
    PetscCall(ReportTableAddRow(table, row, NULL));
  }
  Log(1, "%s along the path (%" PetscInt_FMT " points)\n", d->name, p->n);
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  PetscFunctionReturn(0);
}

static PetscErrorCode RunPath(Deck deck, Material m, const Dispersion *d, Results r, PetscInt nbelow, PetscReal *edge)
{
  Deck       path;
  Crystal    crystal;
  KPath      p;
  PetscReal *energy;
  int        rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(DeckGetSection(deck, "path", &path));
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(KPathCreate(path, crystal, &p));
  PetscCall(PetscMalloc1(p.n * d->nbands, &energy));
  PetscCall(Evaluate(m, d, p.n, p.k[0], energy));
  WidenEdges(p.n, d->nbands, energy, nbelow, edge);
  PetscCall(WritePath(r, d, &p, energy));
  if (!rank) PetscCall(PrintPath(d, &p, energy));
  PetscCall(PetscFree(energy));
  PetscCall(KPathDestroy(&p));
  PetscFunctionReturn(0);
}

static PetscErrorCode GetMesh(Deck deck, const Dispersion *d, PetscInt n[3])
{
  char key[64];
  bool set;

  PetscFunctionBeginUser;
  snprintf(key, sizeof key, "%s.mesh", d->name);
  PetscCall(DeckGetInt3(deck, "dos.mesh", n, &set));
  if (!set) PetscCall(DeckGetInt3(deck, key, n, &set));
  if (!set) n[0] = n[1] = n[2] = DEFAULT_MESH;
  PetscFunctionReturn(0);
}

/* density [n] at the middles energy [n] of the bins, integrated [n + 1] at their edges */
static PetscErrorCode WriteDos(Results r, const Dispersion *d, PetscInt n, PetscReal first, PetscReal step, const PetscReal *integrated)
{
  char       path[128], inverse[32];
  PetscReal *middle, *density, *below;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &middle, n, &density, n, &below));
  for (PetscInt i = 0; i < n; i++) {
    middle[i]  = first + (i + 0.5) * step;
    density[i] = d->degeneracy * (integrated[i + 1] - integrated[i]) / step;
    below[i]   = d->degeneracy * integrated[i + 1];
  }
  snprintf(inverse, sizeof inverse, "1/%s", d->unit);
  snprintf(path, sizeof path, "/dos/%s/%s", d->name, d->quantity);
  PetscCall(ResultsWriteArray(r, path, 1, &n, middle, RESULTS_LABEL(d->unit, "bin", "middle of the bin")));
  snprintf(path, sizeof path, "/dos/%s/density", d->name);
  PetscCall(ResultsWriteArray(r, path, 1, &n, density, RESULTS_LABEL(inverse, "bin", "density of states per cell (spins included), mean over the bin")));
  snprintf(path, sizeof path, "/dos/%s/integrated", d->name);
  PetscCall(ResultsWriteArray(r, path, 1, &n, below, RESULTS_LABEL("1", "bin", "states per cell (spins included) below the upper edge of the bin")));
  PetscCall(PetscFree3(middle, density, below));
  PetscFunctionReturn(0);
}

static PetscErrorCode RunDos(Deck deck, Material m, const Dispersion *d, Results r, PetscInt nbelow, PetscReal *edge)
{
  Crystal    crystal;
  KMesh      mesh;
  PetscInt   size[3], n;
  PetscReal *k, *energy, *integrated, low = HUGE_VAL, high = -HUGE_VAL, step;

  PetscFunctionBeginUser;
  PetscCall(GetMesh(deck, d, size));
  PetscCall(DeckGetInt(deck, "dos.count", &n, NULL));
  PetscCall(MaterialGetCrystal(m, &crystal));
  if (crystal->dimension == 2) size[2] = 1;
  PetscCall(MeshCreate(PETSC_COMM_WORLD, crystal, size, true, &mesh));
  PetscCall(PetscMalloc3(3 * mesh->nwedge, &k, mesh->nwedge * d->nbands, &energy, n + 1, &integrated));
  for (PetscInt i = 0; i < mesh->nwedge; i++) MeshPoint(mesh, mesh->wedge[i], k + 3 * i);
  PetscCall(Evaluate(m, d, mesh->nwedge, k, energy));
  WidenEdges(mesh->nwedge, d->nbands, energy, nbelow, edge);
  for (PetscInt i = 0; i < mesh->nwedge * d->nbands; i++) {
    low  = PetscMin(low, energy[i]);
    high = PetscMax(high, energy[i]);
  }
  step = 1.04 * PetscMax(high - low, 1e-6 * (1 + fabs(low))) / n;
  low -= 0.02 * n / 1.04 * step;
  PetscCall(DosIntegrate(mesh, d->nbands, energy, n, low, step, integrated));
  PetscCall(WriteDos(r, d, n, low, step, integrated));
  Log(1, "density of states on %d x %d x %d points (%d in the wedge), %s %.4f to %.4f %s", (int)size[0], (int)size[1], (int)size[2], (int)mesh->nwedge, d->quantity, low + 0.02 * n / 1.04 * step, high, d->unit);
  PetscCall(PetscFree3(k, energy, integrated));
  PetscCall(MeshDestroy(&mesh));
  PetscFunctionReturn(0);
}

/* --output, or the deck's name without its ending, with the command's */
static PetscErrorCode OutputName(const Arguments *a, char *name, size_t size)
{
  const char *given = ArgumentsGet(a, "--output"), *slash, *dot;

  PetscFunctionBeginUser;
  if (given) PetscCall(PetscStrncpy(name, given, size));
  else {
    slash = strrchr(a->operand[0], '/');
    slash = slash ? slash + 1 : a->operand[0];
    dot   = strrchr(slash, '.');
    snprintf(name, size, "%.*s-%s.h5", dot && dot > slash ? (int)(dot - slash) : (int)strlen(slash), slash, a->command->name);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DispersionRun(const Arguments *a, Deck deck, Material m, const Dispersion *d, PetscInt nbelow, PetscReal *edge)
{
  char     name[PETSC_MAX_PATH_LEN];
  char     path[64];
  PetscInt mesh[3];
  Results  r;

  PetscFunctionBeginUser;
  if (edge) {
    edge[0] = -HUGE_VAL;
    edge[1] = HUGE_VAL;
  }
  PetscCall(OutputName(a, name, sizeof name));
  PetscCall(ResultsCreate(PETSC_COMM_WORLD, name, &r));
  PetscCall(ResultsWriteProvenance(r, deck));
  PetscCall(RunPath(deck, m, d, r, nbelow, edge));
  PetscCall(RunDos(deck, m, d, r, nbelow, edge));
  PetscCall(GetMesh(deck, d, mesh));
  if (d->more) PetscCall(d->more(deck, m, mesh, r));
  if (edge) {
    snprintf(path, sizeof path, "/path/%s", d->name);
    if (isfinite(edge[0])) PetscCall(ResultsWriteAttributeReal(r, path, "valence_top_eV", edge[0]));
    if (isfinite(edge[1])) PetscCall(ResultsWriteAttributeReal(r, path, "conduction_bottom_eV", edge[1]));
  }
  PetscCall(ResultsCommit(r));
  PetscCall(ResultsDestroy(&r));
  Log(1, "written: %s (pictures: umklapp plot %s)", name, name);
  PetscFunctionReturn(0);
}

/* States, processes of some wedge points and what they cost: see forecast.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "forecast.h"

#define MOST_POINTS  1200000  /* of a mesh whose states are made */
#define MOST_BYTES   160e6    /* of displacements of all phonons of a mesh */
#define MOST_PAIRS   4e9      /* of states and points that are weighed */
#define SAMPLE_TIME  10.0     /* seconds of processor time for each operator's sample */
#define SAMPLE_BYTES 67108864.0
#define MIB          1048576.0

/* --- meshes --------------------------------------------------------------------------------- */

PetscErrorCode ForecastLoadDeck(const Arguments *a, const ForecastMeshes *mesh, Deck *deck)
{
  const char *sets[ARGUMENTS_MAX], *output = ArgumentsGet(a, "--output");
  char        set[3][PETSC_MAX_PATH_LEN + 16];
  int         n = ArgumentsGetAll(a, "--set", sets), more = 0;

  PetscFunctionBeginUser;
  PetscCall(RegisterKeys());
  if (output) snprintf(set[more++], sizeof set[0], "output=%s", output);
  if (mesh && mesh->electrons[0]) snprintf(set[more++], sizeof set[0], "electrons.mesh=[%d, %d, %d]", (int)mesh->electrons[0], (int)mesh->electrons[1], (int)mesh->electrons[2]);
  if (mesh && mesh->phonons[0]) snprintf(set[more++], sizeof set[0], "phonons.mesh=[%d, %d, %d]", (int)mesh->phonons[0], (int)mesh->phonons[1], (int)mesh->phonons[2]);
  for (int i = 0; i < more; i++) sets[n++] = set[i];
  PetscCall(DeckCreateFromFile(PETSC_COMM_SELF, a->operand[0], n, sets, deck));
  PetscCall(DeckApplyPetscOptions(*deck));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_meshes(Forecast *f, const System *r)
{
  Deck     section;
  PetscInt n[3] = {16, 16, 16};
  bool     given;

  PetscFunctionBeginUser;
  if (!f->lattice) {
    PetscCall(DeckGetSection(r->deck, "electrons", &section));
    PetscCall(DeckGetInt3(section, "mesh", f->mesh.electrons, NULL));
  }
  PetscCall(DeckGetSection(r->deck, "phonons", &section));
  PetscCall(DeckGetInt3(section, "mesh", n, &given));
  if (given || f->lattice) PetscCall(PetscArraycpy(f->mesh.phonons, n, 3));
  PetscFunctionReturn(0);
}

static PetscReal edge(const ForecastMeshes *m, int dimension)
{
  const PetscInt *n = m->electrons[0] ? m->electrons : m->phonons;
  return pow((PetscReal)n[0] * (PetscReal)n[1] * (dimension == 2 ? 1.0 : (PetscReal)n[2]), 1.0 / dimension);
}

void ForecastScaleMeshes(const Forecast *f, PetscReal s, ForecastMeshes *to, PetscReal *ratio)
{
  *to = (ForecastMeshes){0};
  for (int c = 0; c < 3; c++) {
    const PetscInt e = f->mesh.electrons[c], p = f->mesh.phonons[c];
    const bool     flat = f->dimension == 2 && c == 2;
    if (f->both && e && p && e % p == 0) {
      to->phonons[c]   = flat ? p : PetscMax(2, (PetscInt)floor(s * (PetscReal)p + 0.5));
      to->electrons[c] = flat ? e : e / p * to->phonons[c];
    } else if (e) {
      to->electrons[c] = flat ? e : PetscMax(2, 2 * (PetscInt)floor(0.5 * s * (PetscReal)e + 0.5));
      to->phonons[c]   = p ? to->electrons[c] : 0;
    } else to->phonons[c] = flat ? p : PetscMax(2, 2 * (PetscInt)floor(0.5 * s * (PetscReal)p + 0.5));
  }
  if (s == 1.0) *to = f->mesh;
  *ratio = edge(&f->mesh, f->dimension) / edge(to, f->dimension);
}

/* Edges of the mesh whose states this machine makes in little time and memory, relative to the deck's. */
static PetscErrorCode choose_scale(const Forecast *f, Material m, PetscReal *s)
{
  PetscInt  nmodes;
  PetscReal most = MOST_POINTS, size = pow(edge(&f->mesh, f->dimension), f->dimension);

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, NULL, &nmodes, NULL, NULL));
  if (f->lattice) most = PetscMin(most, MOST_BYTES / (16.0 * (PetscReal)(nmodes * nmodes)));
  *s = size > most ? pow(most / size, 1.0 / f->dimension) : 1.0;
  PetscFunctionReturn(0);
}

/* --- what the deck asks for -------------------------------------------------------------------- */

static PetscErrorCode read_deck(Forecast *f, const System *r)
{
  Deck      section;
  PetscInt  kind;
  PetscReal gib;
  Crystal   crystal;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  f->dimension   = crystal->dimension;
  f->both        = r->both;
  f->lattice     = r->species == SPECIES_PHONON;
  f->noperators  = r->both ? 2 : 1;
  f->points      = r->scan.nT * r->scan.nC;
  f->fields      = r->scan.fields.nB;
  f->frequencies = r->scan.fields.nF;
  f->magnetic    = r->scan.fields.magnetic;
  f->alternating = r->scan.fields.alternating;
  f->tetrahedra  = r->context.delta.scheme == DELTA_TETRAHEDRON;
  f->gaussian    = r->context.delta.scheme == DELTA_GAUSSIAN;
  for (int l = 0; l < LEVEL_COUNT; l++)
    if (r->scan.level[l]) f->level[f->nlevels++] = l;
  PetscCall(DeckGetBool(r->deck, "write_states", &f->write_states));
  PetscCall(DeckGetSection(r->deck, "collision", &section));
  PetscCall(DeckGetReal(section, "memory", &gib, NULL));
  f->limit = gib * 1073741824.0;
  PetscCall(DeckGetSection(r->deck, "solver", &section));
  PetscCall(DeckGetChoice(section, "operator", &kind));
  f->assembled = kind == 2;
  f->replayed  = kind == 3;
  PetscCall(read_meshes(f, r));
  PetscFunctionReturn(0);
}

/* --- one operator -------------------------------------------------------------------------------- */

static PetscErrorCode time_applications(Collision c, CollisionApply how, int least, PetscReal *seconds)
{
  const PetscReal start = ProcessorTime();
  CollisionWork   before, after;
  Mat             A;
  Vec             x, y;

  PetscFunctionBeginUser;
  PetscCall(CollisionCreateShell(c, how, &A));
  PetscCall(CollisionCreateVec(c, &x));
  PetscCall(VecDuplicate(x, &y));
  PetscCall(VecSet(x, 1.0));
  PetscCall(MatMult(A, x, y)); /* pages of y and of what the shell holds are there now */
  PetscCall(CollisionGetWork(c, &before));
  for (int i = 0; i < least || (i < 50 && ProcessorTime() - start < 0.3); i++) PetscCall(MatMult(A, x, y));
  PetscCall(CollisionGetWork(c, &after));
  *seconds = (after.applications_s - before.applications_s) / (PetscReal)(after.applications - before.applications);
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&y));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(0);
}

/* What an application does with vectors beside blocks: two projections, two scatters, the diagonal; about thrice the projections. */
static PetscErrorCode time_vectors(Collision c, PetscReal *seconds)
{
  PetscReal start;
  Vec       x;

  PetscFunctionBeginUser;
  PetscCall(CollisionCreateVec(c, &x));
  PetscCall(VecSet(x, 1.0));
  start = ProcessorTime();
  for (int i = 0; i < 10; i++) PetscCall(CollisionProject(c, x));
  *seconds = 0.6 * (ProcessorTime() - start);
  PetscCall(VecDestroy(&x));
  PetscFunctionReturn(0);
}

static PetscErrorCode measure_operator(const System *r, Collision c, const CollisionSample *sample, ForecastOperator *o)
{
  const StatesPoint *point = &r->scan.point[0];
  CollisionWork      w[4];
  CollisionCost      cost;
  PetscReal          before, replay = 0.0, apply = 0.0, vectors = 0.0, share[FORECAST_SHARES];

  PetscFunctionBeginUser;
  o->sample = *sample;
  PetscCall(CollisionGetWork(c, &w[0]));
  before = MemoryPeakBegin();
  PetscCall(CollisionSetPoint(c, point));
  PetscCall(CollisionGetWork(c, &w[1]));
  PetscCall(CollisionGetCost(c, &cost));
  o->memory = PetscMax(0.0, MemoryPeakEnd() - before - sample->moving_bytes * sample->share / MIB);
  for (int i = 0; i < FORECAST_SHARES; i++) share[i] = pow(2.0, -i);
  PetscCall(CollisionCountBlocks(c, FORECAST_SHARES, share, o->blocks));
  PetscCall(time_applications(c, COLLISION_REPLAY, 1, &replay));
  PetscCall(time_applications(c, COLLISION_BLOCKS, 3, &apply));
  PetscCall(CollisionGetWork(c, &w[2]));
  PetscCall(CollisionSetPoint(c, point));
  PetscCall(time_applications(c, COLLISION_BLOCKS, 1, &apply));
  PetscCall(CollisionGetWork(c, &w[3]));
  PetscCall(CollisionGetCost(c, &cost));
  PetscCall(time_vectors(c, &vectors));
  const PetscReal n = PetscMax(1.0, cost.processes);
  o->rates  = (w[1].rates_s - w[0].rates_s) / n;
  o->fill   = (w[3].fills_s + w[3].scans_s - w[2].fills_s - w[2].scans_s) / n;
  o->first  = PetscMax(0.0, (w[2].fills_s + w[2].scans_s - w[1].fills_s - w[1].scans_s) / n - o->fill);
  o->replay = PetscMax(0.0, replay - vectors) / n;
  o->apply  = PetscMax(0.0, apply - vectors) / PetscMax(1.0, cost.blocks);
  o->vector = vectors / PetscMax(1.0, o->unknowns);
  PetscFunctionReturn(0);
}

/* --- the run's system, sampled ------------------------------------------------------------------- */

static PetscErrorCode make_system(const Arguments *a, Forecast *f, const ForecastMeshes *mesh, System *r)
{
  const PetscReal start = ProcessorTime();
  PetscReal       before, after;
  Deck            deck;

  PetscFunctionBeginUser;
  PetscCall(ForecastLoadDeck(a, mesh, &deck));
  before      = MemoryPeakBegin();
  PetscCall(SystemCreate(PETSC_COMM_SELF, deck, r));
  after         = MemoryPeakBegin();
  f->material   = PetscMax(0.0, after - before);
  f->material_s = ProcessorTime() - start;
  if (!mesh) f->start = before;
  PetscFunctionReturn(0);
}

/* Points and states that the weighing of points goes through, all pairs of them. */
static PetscReal pairs_weighed(const System *r)
{
  const States s = SystemUnknowns(r);
  return (PetscReal)s->nstates * (s->species == SPECIES_PHONON ? (PetscReal)s->mesh->size : (PetscReal)s->npoints * (PetscReal)s->nb);
}

static PetscErrorCode make_states(const Arguments *a, Forecast *f, System *r)
{
  PetscReal s = 1.0, start, scale, before;

  PetscFunctionBeginUser;
  PetscCall(choose_scale(f, r->material, &s));
  for (int attempt = 0;; attempt++) {
    if (s < 1.0) {
      PetscCall(SystemDestroy(r));
      ForecastScaleMeshes(f, s, &f->measured, &f->ratio);
      PetscCall(make_system(a, f, &f->measured, r));
    }
    before = MemoryPeakBegin();
    start  = ProcessorTime();
    PetscCall(SystemMakeStates(r));
    f->states_s = ProcessorTime() - start;
    f->made     = PetscMax(0.0, MemoryPeakBegin() - before);
    scale       = pow(MOST_PAIRS / pairs_weighed(r), 0.5 / f->dimension);
    if (scale >= 0.95 || attempt > 2) PetscFunctionReturn(0);
    s *= scale;
  }
}

static PetscErrorCode count_columns(Forecast *f, const System *r)
{
  PetscFunctionBeginUser;
  for (int k = 0; k < f->noperators; k++) {
    const PetscInt n       = k ? r->lattice.nchannels : r->nchannels;
    Channel *const channel = k ? r->lattice.channels : r->channels;
    f->ncolumns[k]         = n + 1 + (k == 1);
    for (PetscInt i = 0; i < n; i++)
      for (int p = 0; p < CHANNEL_MAX_PARTS && channel[i]->type->part[p]; p++) f->ncolumns[k]++;
  }
  f->states[0] = (PetscReal)SystemUnknowns(r)->nstates;
  if (r->both) f->states[1] = (PetscReal)r->lattice.phonons->nstates;
  PetscFunctionReturn(0);
}

static PetscErrorCode measure_collisions(Forecast *f, System *r, SystemSample *sample)
{
  const PetscReal start = ProcessorTime(), before = MemoryPeakBegin(), shared = SharedArrayTotal() / MIB;
  CollisionCost   cost;
  PetscReal       after, now, kept = 0.0, found = 0.0;

  PetscFunctionBeginUser;
  sample->point     = &r->scan.point[0];
  r->set_up         = SystemSetUpSample;
  r->set_up_context = sample;
  PetscCall(SystemMakeCollision(r));
  now   = ProcessorTime();
  after = MemoryPeakBegin();
  f->op[0].unknowns = (PetscReal)SystemUnknowns(r)->nstates + (r->both ? (PetscReal)r->phonons->nstates : 0.0);
  f->op[0].points   = (PetscReal)SystemUnknowns(r)->nk;
  if (r->both) {
    f->op[1].unknowns = (PetscReal)r->lattice.phonons->nstates;
    f->op[1].points   = (PetscReal)r->lattice.phonons->nk;
  }
  for (int k = 0; k < f->noperators; k++) {
    const CollisionSample *s = k ? &sample->lattice : &sample->electrons;
    PetscCall(CollisionGetCost(k ? r->lattice.collision : r->collision, &cost));
    kept += cost.bytes / MIB;
    found += s->seconds * s->share + 2.0 * s->deal_seconds;
  }
  f->drag     = r->both ? PetscMax(0.0, after - sample->memory) : 0.0;
  f->drag_s   = r->both ? now - sample->time : 0.0;
  f->create_s = PetscMax(0.0, now - start - found - f->drag_s);
  f->made += SharedArrayTotal() / MIB - shared;
  f->own = PetscMax(0.0, after - before - kept - f->drag - (SharedArrayTotal() / MIB - shared));
  PetscCall(count_columns(f, r));
  for (int k = 0; k < f->noperators; k++) PetscCall(measure_operator(r, k ? r->lattice.collision : r->collision, k ? &sample->lattice : &sample->electrons, &f->op[k]));
  PetscFunctionReturn(0);
}

PetscErrorCode ForecastMeasure(const Arguments *a, Forecast *f)
{
  System       r;
  SystemSample sample = {.seconds = SAMPLE_TIME, .bytes = SAMPLE_BYTES};

  PetscFunctionBeginUser;
  f->ratio = 1.0;
  PetscCall(make_system(a, f, NULL, &r));
  PetscCall(read_deck(f, &r));
  f->measured = f->mesh;
  PetscCall(make_states(a, f, &r));
  PetscCall(measure_collisions(f, &r, &sample));
  f->shared = SharedArrayTotal() / MIB;
  PetscCall(SystemDestroy(&r));
  PetscFunctionReturn(0);
}

/*
  `umklapp run`: deck -> material -> mesh -> carriers -> states -> channels -> collision -> transport -> results. The data flow of the
  program on one page.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "commands.h"
#include "run.h"

static const DeckKey keys[] = {
  {"write_states", DECK_BOOL, .fallback = "false", .help = "write energies, velocities, rates per channel and mean free displacements of the wedge states to the results"},
  {NULL}};

PetscErrorCode RunRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscCall(ScanRegisterKeys());
  PetscCall(CollisionRegisterKeys());
  PetscCall(TransportRegisterKeys());
  PetscFunctionReturn(0);
}

typedef struct { /* everything alive during a run, in the order it is made */
  Deck           deck;
  Results        results;
  Material       material;
  Scan           scan;
  KMesh          mesh;
  Carriers       carriers;
  States         electrons, phonons;
  ChannelContext context;
  PetscInt       nchannels;
  Channel       *channels;
  Collision      collision;
  Transport      transport;
  RunData        data;
  PetscReal      start, last, seconds[6];
} Run;

static const char *const stage_name[6] = {"material", "states", "processes", "solve", "write", "rest"};

/* Wall time since the last mark goes to that stage. */
static void Mark(Run *r, int stage)
{
  const PetscReal now = WallTime();
  r->seconds[stage] += now - r->last;
  r->last = now;
}

/* Mesh, carriers and the states of the window. */
static PetscErrorCode MakeStates(Run *r)
{
  Deck      electrons, phonons, scattering;
  Crystal   crystal;
  PetscInt     n[3], symmetry;
  StatesWindow window;
  PetscReal    omega_min;
  bool         needed;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "electrons", &electrons));
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  PetscCall(DeckGetInt3(electrons, "mesh", n, NULL));
  if (crystal->dimension == 2 && n[2] != 1) n[2] = 1;
  PetscCall(DeckGetChoice(r->deck, "symmetry", &symmetry));
  PetscCall(MeshCreate(PETSC_COMM_WORLD, crystal, n, symmetry == 0, &r->mesh));
  Log(1, "mesh      %d x %d x %d, %d points in the wedge, %d operations", (int)n[0], (int)n[1], (int)n[2], (int)r->mesh->nwedge, (int)r->mesh->nops);
  PetscCall(CarriersCreate(PETSC_COMM_WORLD, r->material, r->mesh, &r->carriers));
  PetscCall(ScanSolveCarriers(&r->scan, r->carriers, r->material));
  PetscCall(ScanWindow(&r->scan, electrons, r->carriers, r->material, &window));
  PetscCall(StatesCreateElectrons(PETSC_COMM_WORLD, r->material, r->mesh, &window, r->context.delta.scheme == DELTA_TETRAHEDRON, &r->electrons));
  for (PetscInt i = 0; i < window.n; i++) Log(1, "window    %.4f ... %.4f eV", window.energy[i][0] * UMK_HARTREE_EV, window.energy[i][1] * UMK_HARTREE_EV);
  Log(1, "states    %d on %d wedge points, %d points in the zone", (int)r->electrons->nstates, (int)r->electrons->nk, (int)r->electrons->npoints);
  PetscInt nq[3];
  bool     has_mesh;
  PetscCall(DeckGetInt3(phonons, "mesh", nq, &has_mesh));
  if (has_mesh && (nq[0] != n[0] || nq[1] != n[1] || nq[2] != n[2]))
    PetscCall(DeckError(phonons, "mesh", "levels rta and full take phonons in equilibrium at k' - k, on the electrons' mesh [%d, %d, %d]: leave phonons.mesh out or make it equal", (int)n[0], (int)n[1], (int)n[2]));
  PetscCall(ChannelsNeedPhonons(scattering, &needed));
  if (!needed) PetscFunctionReturn(0);
  PetscInt nmodes;
  PetscCall(MaterialGetSizes(r->material, NULL, &nmodes, NULL, NULL));
  if (nmodes == 0) PetscCall(DeckError(scattering, "", "this material has no phonons"));
  PetscCall(DeckGetReal(phonons, "minimum_frequency", &omega_min, NULL));
  PetscCall(StatesCreatePhonons(PETSC_COMM_WORLD, r->material, r->mesh, omega_min, &r->phonons));
  Log(1, "phonons   %d modes on %d wedge points", (int)r->phonons->nstates, (int)r->phonons->nk);
  PetscFunctionReturn(0);
}

static PetscErrorCode MakeCollision(Run *r)
{
  Deck          scattering, collision, solver;
  CollisionCost cost;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetSection(r->deck, "collision", &collision));
  PetscCall(DeckGetSection(r->deck, "solver", &solver));
  r->context.material  = r->material;
  r->context.electrons = r->electrons;
  r->context.phonons   = r->phonons;
  PetscCall(ChannelsCreateFromDeck(scattering, &r->context, &r->nchannels, &r->channels));
  if (r->nchannels == 0) PetscCall(DeckError(r->deck, "scattering", "no scattering mechanism: nothing limits the current"));
  PetscCall(CollisionCreate(PETSC_COMM_WORLD, collision, r->electrons, r->phonons, r->nchannels, r->channels, &r->collision));
  PetscCall(CollisionSetUp(r->collision));
  PetscCall(CollisionGetCost(r->collision, &cost));
  Log(1, "processes %.4g, max/mean over ranks %.3f, %.1f MiB per rank", cost.processes, cost.imbalance, cost.bytes / 1048576.0);
  for (PetscInt i = 0; i < r->nchannels; i++)
    if (r->channels[i]->type->report) PetscCall(r->channels[i]->type->report(r->channels[i]));
  PetscCall(TransportCreate(PETSC_COMM_WORLD, solver, r->collision, r->electrons, &r->transport));
  PetscFunctionReturn(0);
}

static PetscErrorCode AllocateData(Run *r)
{
  RunData       *d = &r->data;
  const PetscInt n = r->scan.nT * r->scan.nC;
  PetscInt       nlocal;
  Crystal        crystal;

  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(r->collision, &nlocal, NULL));
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  d->scan      = &r->scan;
  d->electrons = r->electrons;
  d->collision = r->collision;
  d->nchannels = r->nchannels;
  d->sheet     = crystal->dimension == 2 && crystal->thickness == 0.0;
  PetscCall(DeckGetBool(r->deck, "write_states", &d->write_states));
  for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(PetscCalloc1(n, &d->tensors[l]));
  PetscCall(PetscCalloc3(n, &d->charge_defect, n, &d->window_loss, n, &d->unscattered));
  PetscCall(PetscCalloc1(r->nchannels, &d->channel_name));
  for (PetscInt i = 0; i < r->nchannels; i++) d->channel_name[i] = r->channels[i]->type->name;
  if (d->write_states) PetscCall(PetscCalloc2((r->nchannels + 1) * n * nlocal, &d->rates, LEVEL_COUNT * n * nlocal * 3, &d->displacement));
  PetscFunctionReturn(0);
}

/* Mean free displacement F_a = z_a k_B T / (q w sqrt(N)), the response per unit field in length: v tau in the relaxation-time picture. */
static PetscErrorCode KeepStates(Run *r, TransportLevel level, PetscInt at)
{
  RunData           *d = &r->data;
  const PetscInt     n = r->scan.nT * r->scan.nC, *local;
  PetscInt           nlocal;
  Vec                z;
  const PetscScalar *v;
  const PetscReal   *rate, *w;

  PetscFunctionBeginUser;
  if (!d->write_states) PetscFunctionReturn(0);
  PetscCall(CollisionGetLocalStates(r->collision, &nlocal, &local));
  PetscCall(CollisionGetWeights(r->collision, &w));
  for (PetscInt c = 0; c <= r->nchannels; c++) {
    PetscCall(CollisionGetRates(r->collision, c < r->nchannels ? c : -1, &rate));
    PetscCall(PetscArraycpy(d->rates + (c * n + at) * nlocal, rate, nlocal));
  }
  PetscCall(TransportGetSolution(r->transport, level, &z));
  PetscCall(VecGetArrayRead(z, &v));
  for (PetscInt i = 0; i < 3 * nlocal; i++) d->displacement[3 * (level * n + at) * nlocal + i] = -v[i] / (w[local[i / 3]] * sqrt(r->electrons->star[local[i / 3]]));
  PetscCall(VecRestoreArrayRead(z, &v));
  PetscFunctionReturn(0);
}

static PetscErrorCode SolvePoints(Run *r, bool *converged)
{
  const PetscInt n = r->scan.nT * r->scan.nC;
  Progress       progress;

  PetscFunctionBeginUser;
  ProgressBegin(&progress, "solve", (PetscReal)n);
  for (PetscInt at = 0; at < n; at++) {
    const StatesPoint *p = &r->scan.point[at];
    PetscInt           number;
    PetscCall(CollisionSetPoint(r->collision, p));
    PetscCall(CollisionChargeDefect(r->collision, &r->data.charge_defect[at]));
    PetscCall(DriveUnscattered(r->collision, r->electrons, p, &number, &r->data.unscattered[at]));
    PetscCall(CarriersWindowLoss(r->carriers, r->electrons, ScanCarrierKind(&r->scan), p, &r->data.window_loss[at]));
    for (int l = 0; l < LEVEL_COUNT; l++) {
      if (!r->scan.level[l]) continue;
      PetscCall(TransportSolve(r->transport, (TransportLevel)l, p, &r->data.tensors[l][at]));
      *converged = *converged && r->data.tensors[l][at].converged;
      PetscCall(KeepStates(r, (TransportLevel)l, at));
    }
    ProgressUpdate(&progress, (PetscReal)(at + 1));
  }
  ProgressEnd(&progress);
  PetscFunctionReturn(0);
}

static PetscErrorCode Destroy(Run *r)
{
  PetscFunctionBeginUser;
  for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(PetscFree(r->data.tensors[l]));
  PetscCall(PetscFree3(r->data.charge_defect, r->data.window_loss, r->data.unscattered));
  PetscCall(PetscFree2(r->data.rates, r->data.displacement));
  PetscCall(PetscFree(r->data.channel_name));
  PetscCall(TransportDestroy(&r->transport));
  PetscCall(CollisionDestroy(&r->collision));
  PetscCall(ChannelsDestroy(r->nchannels, &r->channels));
  PetscCall(StatesDestroy(&r->phonons));
  PetscCall(StatesDestroy(&r->electrons));
  PetscCall(CarriersDestroy(&r->carriers));
  PetscCall(MeshDestroy(&r->mesh));
  PetscCall(ScanDestroy(&r->scan));
  PetscCall(MaterialDestroy(&r->material));
  PetscCall(ResultsDestroy(&r->results));
  PetscCall(DeckDestroy(&r->deck));
  PetscFunctionReturn(0);
}

static PetscErrorCode ReportMachine(Run *r)
{
  PetscReal now, peak;
  int       size;
  char      text[256] = "";
  size_t    at        = 0;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  MemoryUsage(&now, &peak);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  for (int i = 0; i < 6; i++) at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %.1f", i ? ", " : "", stage_name[i], r->seconds[i]);
  Log(1, "seconds   %s", text);
  Log(1, "done in %.1f s on %d rank%s, at most %.0f MiB per rank", WallTime() - r->start, size, size > 1 ? "s" : "", peak);
  PetscFunctionReturn(0);
}

PetscErrorCode CommandRun(const Arguments *a)
{
  Run             run = {0};
  Deck            delta, material;
  const char     *output = "results.h5", *name;
  bool            converged = true;

  PetscFunctionBeginUser;
  run.start = run.last = WallTime();
  PetscCall(CommandLoadDeck(a, &run.deck));
  PetscCall(DeckGetString(run.deck, "output", &output, NULL));
  PetscCall(ResultsCreate(PETSC_COMM_WORLD, output, &run.results));
  Mark(&run, 5);
  PetscCall(DeckGetSection(run.deck, "delta", &delta));
  PetscCall(DeltaFromDeck(delta, &run.context.delta));
  PetscCall(DeckGetSection(run.deck, "material", &material));
  PetscCall(MaterialCreateFromDeck(PETSC_COMM_WORLD, material, &run.material));
  PetscCall(MaterialGetName(run.material, &name));
  Log(1, "material  %s", name);
  PetscCall(ScanCreate(run.deck, run.material, &run.scan));
  Mark(&run, 0);
  PetscCall(MakeStates(&run));
  Mark(&run, 1);
  PetscCall(MakeCollision(&run));
  Mark(&run, 2);
  PetscCall(AllocateData(&run));
  PetscCall(SolvePoints(&run, &converged));
  Mark(&run, 3);
  PetscCall(ResultsWriteProvenance(run.results, run.deck));
  PetscCall(RunWrite(run.results, &run.data));
  PetscCall(ResultsCommit(run.results));
  Mark(&run, 4);
  PetscCall(RunReport(&run.data));
  Log(1, "results   %s", output);
  PetscCall(ReportMachine(&run));
  PetscCall(Destroy(&run));
  if (!converged) return UMK_ERR_CONVERGE;
  PetscFunctionReturn(0);
}

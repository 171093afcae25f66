/*
  `umklapp run`: deck -> material -> mesh -> carriers -> states -> channels -> collision -> transport -> results. The data flow of the
  program on one page.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "commands.h"
#include "run.h"
#include "study.h"

static const DeckKey keys[] = {
  {"write_states", DECK_BOOL, .fallback = "false", .help = "write energies, velocities, rates per channel, mean free displacements (and thermal conductivities of phonons) of the wedge states to the results"},
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

typedef struct {
  Results   results;
  System    system;
  RunData   data;
  PetscReal start, last, seconds[6];
} Run;

static const char *const stage_name[6] = {"material", "states", "processes", "solve", "write", "rest"};

/* Wall time since the last mark goes to that stage. */
static void Mark(Run *r, int stage)
{
  const PetscReal now = WallTime();
  r->seconds[stage] += now - r->last;
  r->last = now;
}

/* Names of the columns of rates: channels, the total, parts of channels. */
static PetscErrorCode NameColumns(const System *r, RunData *d)
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(r->nchannels * (1 + CHANNEL_MAX_PARTS) + 1, &d->column));
  for (PetscInt i = 0; i < r->nchannels; i++) snprintf(d->column[n++], sizeof(d->column[0]), "%s", r->channels[i]->type->name);
  snprintf(d->column[n++], sizeof(d->column[0]), "total");
  for (PetscInt i = 0; i < r->nchannels; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && r->channels[i]->type->part[p]; p++) snprintf(d->column[n++], sizeof(d->column[0]), "%s_%s", r->channels[i]->type->name, r->channels[i]->type->part[p]);
  d->ncolumns = n;
  PetscFunctionReturn(0);
}

static PetscErrorCode AllocateData(Run *run)
{
  System        *r = &run->system;
  RunData       *d = &run->data;
  const PetscInt n = r->scan.nT * r->scan.nC;
  PetscInt       nlocal;
  Crystal        crystal;

  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(r->collision, r->species, NULL, &nlocal, NULL));
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  d->scan      = &r->scan;
  d->states    = SystemUnknowns(r);
  d->collision = r->collision;
  d->sheet     = crystal->dimension == 2 && crystal->thickness == 0.0;
  PetscCall(DeckGetBool(r->deck, "write_states", &d->write_states));
  for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(PetscCalloc1(n, &d->tensors[l]));
  PetscCall(PetscCalloc4(n, &d->charge_defect, n, &d->energy_defect, n, &d->window_loss, n, &d->unscattered));
  PetscCall(NameColumns(r, d));
  if (d->write_states) PetscCall(PetscCalloc1(d->ncolumns * n * nlocal, &d->rates));
  if (d->write_states || r->species == SPECIES_PHONON) PetscCall(PetscCalloc1(LEVEL_COUNT * n * nlocal * 3, &d->displacement));
  if (r->species == SPECIES_PHONON) PetscCall(PetscCalloc1(LEVEL_COUNT * n * nlocal, &d->modes));
  PetscFunctionReturn(0);
}

static PetscErrorCode KeepRates(const System *r, RunData *d, PetscInt at)
{
  const PetscInt   n = r->scan.nT * r->scan.nC;
  PetscInt         nlocal, begin, column = r->nchannels + 1;
  const PetscReal *rate;

  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(r->collision, r->species, &begin, &nlocal, NULL));
  for (PetscInt c = 0; c <= r->nchannels; c++) {
    PetscCall(CollisionGetRates(r->collision, c < r->nchannels ? c : -1, &rate));
    PetscCall(PetscArraycpy(d->rates + (c * n + at) * nlocal, rate + begin, nlocal));
  }
  for (PetscInt i = 0; i < r->nchannels; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && r->channels[i]->type->part[p]; p++, column++) {
      PetscCall(CollisionGetPartRates(r->collision, i, p, &rate));
      PetscCall(PetscArraycpy(d->rates + (column * n + at) * nlocal, rate + begin, nlocal));
    }
  PetscFunctionReturn(0);
}

/* Mean free displacement F_a, the response per unit force in length: v tau in the relaxation-time picture. Electrons answer a field, z = -sqrt(N) w F / k_B T
   in these units; phonons a gradient, z = sqrt(N) w omega F. */
static PetscErrorCode KeepStates(const System *r, RunData *d, TransportLevel level, PetscInt at)
{
  const States       s = d->states;
  const PetscInt     n = r->scan.nT * r->scan.nC, *local;
  PetscInt           nlocal, begin;
  Vec                z;
  const PetscScalar *v;
  const PetscReal   *w;

  PetscFunctionBeginUser;
  if (d->write_states) PetscCall(KeepRates(r, d, at));
  if (!d->displacement) PetscFunctionReturn(0);
  PetscCall(CollisionGetLocalStates(r->collision, r->species, &begin, &nlocal, &local));
  PetscCall(CollisionGetWeights(r->collision, r->species, &w));
  PetscCall(TransportGetSolution(r->transport, level, r->species == SPECIES_PHONON ? DRIVE_GRADIENT : DRIVE_FIELD, &z));
  PetscCall(VecGetArrayRead(z, &v));
  for (PetscInt i = 0; i < 3 * nlocal; i++) {
    const PetscInt a = local[i / 3];
    d->displacement[3 * (level * n + at) * nlocal + i] = v[3 * begin + i] / (w[a] * sqrt(s->star[a]) * (r->species == SPECIES_PHONON ? s->energy[a] : -1.0));
  }
  PetscCall(VecRestoreArrayRead(z, &v));
  if (d->modes) PetscCall(TransportModes(r->transport, level, &r->scan.point[at], d->modes + (level * n + at) * nlocal));
  PetscFunctionReturn(0);
}

static PetscErrorCode SolvePoints(Run *run, bool *converged)
{
  System        *r = &run->system;
  RunData       *d = &run->data;
  const PetscInt n = r->scan.nT * r->scan.nC;
  Progress       progress;

  PetscFunctionBeginUser;
  ProgressBegin(&progress, "solve", (PetscReal)n);
  for (PetscInt at = 0; at < n; at++) {
    const StatesPoint *p = &r->scan.point[at];
    PetscInt           number;
    PetscCall(CollisionSetPoint(r->collision, p));
    PetscCall(CollisionChargeDefect(r->collision, &d->charge_defect[at]));
    PetscCall(CollisionEnergyDefect(r->collision, &d->energy_defect[at]));
    PetscCall(DriveUnscattered(r->collision, d->states, p, &number, &d->unscattered[at]));
    if (r->electrons) PetscCall(CarriersWindowLoss(r->carriers, r->electrons, ScanCarrierKind(&r->scan), p, &d->window_loss[at]));
    for (int l = 0; l < LEVEL_COUNT; l++) {
      if (!r->scan.level[l]) continue;
      PetscCall(TransportSolve(r->transport, (TransportLevel)l, p, &d->tensors[l][at]));
      *converged = *converged && d->tensors[l][at].converged;
      PetscCall(KeepStates(r, d, (TransportLevel)l, at));
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
  PetscCall(PetscFree4(r->data.charge_defect, r->data.energy_defect, r->data.window_loss, r->data.unscattered));
  PetscCall(PetscFree(r->data.rates));
  PetscCall(PetscFree(r->data.displacement));
  PetscCall(PetscFree(r->data.modes));
  PetscCall(PetscFree(r->data.column));
  PetscCall(SystemDestroy(&r->system));
  PetscCall(ResultsDestroy(&r->results));
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
  Run         run       = {0};
  const char *output    = "results.h5";
  bool        studied;
  bool        converged = true;
  Deck        deck;

  PetscFunctionBeginUser;
  run.start = run.last = WallTime();
  PetscCall(CommandLoadDeck(a, &deck));
  PetscCall(StudyRun(&deck, &studied));
  if (studied) PetscFunctionReturn(0);
  PetscCall(DeckGetString(deck, "output", &output, NULL));
  PetscCall(ResultsCreate(PETSC_COMM_WORLD, output, &run.results));
  Mark(&run, 5);
  PetscCall(SystemCreate(PETSC_COMM_WORLD, deck, &run.system));
  Mark(&run, 0);
  PetscCall(SystemMakeStates(&run.system));
  Mark(&run, 1);
  PetscCall(SystemMakeCollision(&run.system));
  Mark(&run, 2);
  PetscCall(AllocateData(&run));
  PetscCall(SolvePoints(&run, &converged));
  Mark(&run, 3);
  PetscCall(ResultsWriteProvenance(run.results, deck));
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

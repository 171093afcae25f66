/*
  `umklapp run`: deck -> material -> mesh -> carriers -> states -> channels -> collision -> transport -> results. The data flow of the
  program on one page.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "commands.h"
#include "fermi_surface.h"
#include "forecast.h"
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
  PetscCall(RunCheckpointRegisterKeys());
  PetscFunctionReturn(0);
}

typedef struct {
  Results   results;
  System    system;
  RunData   data, beside, refined; /* of a run with both species: the phonons, those of the refined region */
  RunCheckpoint checkpoint;
  PetscReal start;
} Run;

/* Names of the columns of rates: channels, the total, parts of channels; of phonons beside electrons what electrons do last. */
static PetscErrorCode NameColumns(RunData *d, bool beside)
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(d->nchannels * (1 + CHANNEL_MAX_PARTS) + 2, &d->column));
  for (PetscInt i = 0; i < d->nchannels; i++) snprintf(d->column[n++], sizeof(d->column[0]), "%s", d->channels[i]->type->name);
  snprintf(d->column[n++], sizeof(d->column[0]), "total");
  for (PetscInt i = 0; i < d->nchannels; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && d->channels[i]->type->part[p]; p++) snprintf(d->column[n++], sizeof(d->column[0]), "%s_%s", d->channels[i]->type->name, d->channels[i]->type->part[p]);
  if (beside) snprintf(d->column[n++], sizeof(d->column[0]), "electrons");
  d->ncolumns = n;
  PetscFunctionReturn(0);
}

/* The states of a record: all of their mesh, or the refined ones numbered by themselves. */
static PetscErrorCode ListStates(const System *r, RunData *d)
{
  const States    s = d->states;
  const PetscInt *local, *refined = NULL;

  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, s->species, NULL, &d->nlocal, &local));
  if (d->part == PART_REFINED) PetscCall(DragGetRefined(r->drag, &d->nlocal, &refined));
  PetscCall(PetscMalloc3(d->nlocal, &d->row, d->nlocal, &d->state, d->nlocal, &d->number));
  for (PetscInt i = 0; i < d->nlocal; i++) {
    d->row[i]   = refined ? refined[i] : i;
    d->state[i] = local[d->row[i]];
  }
  d->total = 0;
  for (PetscInt k = 0, i = 0; k < s->nk; k++) { /* a rank's states come in the order of their points */
    for (; i < d->nlocal && s->k[d->state[i]] == k; i++) d->number[i] = d->total + d->state[i] - s->first[k];
    if (!refined || r->refined.partition.inside[s->wedge[k]] == 1.0) d->total += s->first[k + 1] - s->first[k];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode AllocateStates(const System *r, RunData *d, bool beside)
{
  const PetscInt n       = r->scan.nT * r->scan.nC;
  const bool     phonons = d->states->species == SPECIES_PHONON;
  PetscInt       nlocal;
  Crystal        crystal;

  PetscFunctionBeginUser;
  PetscCall(ListStates(r, d));
  nlocal = d->nlocal;
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  d->scan  = &r->scan;
  d->sheet = crystal->dimension == 2 && crystal->thickness == 0.0;
  PetscCall(DeckGetBool(r->deck, "write_states", &d->write_states));
  PetscCall(NameColumns(d, beside));
  nlocal = PetscMax(1, nlocal); /* which arrays there are is the same on all ranks: no NULL where a rank has no states */
  if (d->write_states) PetscCall(PetscCalloc1((size_t)(d->ncolumns * n) * (size_t)nlocal, &d->rates));
  if (d->write_states || phonons) PetscCall(PetscCalloc1((size_t)(3 * LEVEL_COUNT * n) * (size_t)nlocal, &d->displacement));
  if (phonons) PetscCall(PetscCalloc1((size_t)(LEVEL_COUNT * n) * (size_t)nlocal, &d->modes));
  if (beside && r->scan.level[LEVEL_DRAG]) PetscCall(PetscCalloc1((size_t)n * (size_t)nlocal, &d->seebeck));
  PetscFunctionReturn(0);
}

static PetscErrorCode AllocateResponse(const Scan *s, RunData *d)
{
  const PetscInt n = s->nT * s->nC;

  PetscFunctionBeginUser;
  if (!s->fields.magnetic && !s->fields.alternating) PetscFunctionReturn(0);
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!s->level[l]) continue;
    PetscCall(PetscCalloc1(n * s->fields.nB * s->fields.nF, &d->response[l]));
    PetscCall(PetscCalloc1(n * s->fields.nB, &d->low[l]));
  }
  PetscCall(PetscCalloc1(n, &d->weight));
  PetscFunctionReturn(0);
}

static PetscErrorCode AllocateData(Run *run)
{
  System        *r = &run->system;
  RunData       *d = &run->data;
  const PetscInt n = r->scan.nT * r->scan.nC;

  PetscFunctionBeginUser;
  d->states    = SystemUnknowns(r);
  d->collision = r->collision;
  d->nchannels = r->nchannels;
  d->channels  = r->channels;
  PetscCall(AllocateStates(r, d, false));
  for (int l = 0; l < LEVEL_COUNT; l++) PetscCall(PetscCalloc1(n, &d->tensors[l]));
  PetscCall(AllocateResponse(&r->scan, d));
  PetscCall(PetscCalloc4(n, &d->charge_defect, n, &d->energy_defect, n, &d->window_loss, n, &d->unscattered));
  if (!r->both) PetscFunctionReturn(0);
  PetscCall(PetscCalloc1(n, &d->free_phonons));
  run->beside = (RunData){.states = r->lattice.phonons, .collision = r->lattice.collision, .nchannels = r->lattice.nchannels, .channels = r->lattice.channels, .part = PART_COARSE};
  d->beside   = &run->beside;
  PetscCall(AllocateStates(r, &run->beside, true));
  if (!r->refined.partition.inside) PetscFunctionReturn(0);
  run->refined = (RunData){.states = r->phonons, .collision = r->collision, .nchannels = r->refined.nchannels, .channels = r->refined.channels, .part = PART_REFINED, .first_channel = r->nchannels};
  run->beside.refined = &run->refined;
  PetscCall(AllocateStates(r, &run->refined, true));
  PetscFunctionReturn(0);
}

/* A rate of all local states, as column of this record's */
static void KeepColumn(RunData *d, PetscInt points, PetscInt column, PetscInt at, const PetscReal *rate)
{
  for (PetscInt i = 0; i < d->nlocal; i++) d->rates[(PetscInt64)(column * points + at) * d->nlocal + i] = rate[d->row[i]];
}

static PetscErrorCode KeepRates(const System *r, RunData *d, PetscInt at)
{
  const PetscInt   n = r->scan.nT * r->scan.nC;
  PetscInt         begin, column = d->nchannels + 1, before = 0;
  const PetscReal *rate, *total;

  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(d->collision, d->states->species, &begin, NULL, NULL));
  for (PetscInt c = 0; c <= d->nchannels; c++) {
    PetscCall(CollisionGetRates(d->collision, c < d->nchannels ? d->first_channel + c : -1, &rate));
    KeepColumn(d, n, c, at, rate + begin);
  }
  for (PetscInt i = 0; i < d->nchannels; i++)
    for (int p = 0; p < CHANNEL_MAX_PARTS && d->channels[i]->type->part[p]; p++, column++) {
      PetscCall(CollisionGetPartRates(d->collision, d->first_channel + i, p, &rate));
      KeepColumn(d, n, column, at, rate + begin);
    }
  if (column == d->ncolumns) PetscFunctionReturn(0);
  PetscCall(DragGetRates(r->drag, SPECIES_PHONON, &total));
  if (d->part == PART_REFINED) PetscCall(CollisionGetLocalStates(r->lattice.collision, SPECIES_PHONON, NULL, &before, NULL));
  for (PetscInt i = 0; i < d->nlocal; i++) { /* what its own channels leave of the whole is the electrons' */
    PetscReal own = 0.0;
    for (PetscInt c = 0; c < d->nchannels; c++) own += d->rates[(PetscInt64)(c * n + at) * d->nlocal + i];
    d->rates[(PetscInt64)(d->nchannels * n + at) * d->nlocal + i] = total[before + i];
    d->rates[(PetscInt64)(column * n + at) * d->nlocal + i]       = total[before + i] - own;
  }
  PetscFunctionReturn(0);
}

/* What each phonon carries: of the heat, and of the heat that a current drags along. */
static PetscErrorCode KeepModes(const System *r, RunData *d, TransportLevel level, PetscInt at, PetscInt nlocal, const TransportTensors *x)
{
  const StatesPoint *p     = &r->scan.point[at];
  PetscReal         *modes = d->modes + (PetscInt64)(level * r->scan.nT * r->scan.nC + at) * nlocal;

  PetscFunctionBeginUser;
  if (r->both) PetscCall(DragModes(r->drag, level, d->part, p, modes));
  else PetscCall(TransportModes(r->transport, level, p, modes));
  if (level == LEVEL_DRAG) PetscCall(DragModesSeebeck(r->drag, level, d->part, p, x, d->seebeck + (PetscInt64)at * nlocal));
  PetscFunctionReturn(0);
}

/* No steady state, no numbers of the states either. */
static void NoStates(RunData *d, TransportLevel level, PetscInt points, PetscInt at, PetscInt nlocal)
{
  for (PetscInt i = 0; d->displacement && i < 3 * nlocal; i++) d->displacement[3 * (PetscInt64)(level * points + at) * nlocal + i] = NAN;
  for (PetscInt i = 0; d->modes && i < nlocal; i++) d->modes[(PetscInt64)(level * points + at) * nlocal + i] = NAN;
  for (PetscInt i = 0; d->seebeck && level == LEVEL_DRAG && i < nlocal; i++) d->seebeck[(PetscInt64)at * nlocal + i] = NAN;
}

/* Mean free displacement F_a, the response per unit force in length: v tau in the relaxation-time picture. Electrons answer a field, z = -sqrt(N) w F / k_B T
   in these units; phonons a gradient, z = sqrt(N) w omega F. */
static PetscErrorCode KeepStates(const System *r, RunData *d, TransportLevel level, PetscInt at, const TransportTensors *x)
{
  const States       s = d->states;
  const bool         phonons = s->species == SPECIES_PHONON;
  const PetscInt     n = r->scan.nT * r->scan.nC, nlocal = d->nlocal;
  PetscInt           begin;
  Vec                z;
  const PetscScalar *v;
  const PetscReal   *w;

  PetscFunctionBeginUser;
  if (d->write_states) PetscCall(KeepRates(r, d, at));
  if (!d->displacement) PetscFunctionReturn(0);
  PetscCall(CollisionGetLocalStates(d->collision, s->species, &begin, NULL, NULL));
  if (x->steady_state_missing) {
    NoStates(d, level, n, at, nlocal);
    PetscFunctionReturn(0);
  }
  PetscCall(CollisionGetWeights(d->collision, s->species, &w));
  if (r->both) PetscCall(DragGetSolution(r->drag, level, d->part, &z));
  else PetscCall(TransportGetSolution(r->transport, level, phonons ? DRIVE_GRADIENT : DRIVE_FIELD, &z));
  PetscCall(VecGetArrayRead(z, &v));
  for (PetscInt i = 0; i < 3 * nlocal; i++) {
    const PetscInt a = d->state[i / 3];
    d->displacement[3 * (PetscInt64)(level * n + at) * nlocal + i] = v[3 * (begin + d->row[i / 3]) + i % 3] / (w[a] * sqrt(s->star[a]) * (phonons ? s->energy[a] : -1.0));
  }
  PetscCall(VecRestoreArrayRead(z, &v));
  if (d->modes) PetscCall(KeepModes(r, d, level, at, nlocal, x));
  PetscFunctionReturn(0);
}

/* Both collisions at a point, and what is known before solving. */
static PetscErrorCode SetPoint(const System *r, RunData *d, PetscInt at)
{
  const StatesPoint *p = &r->scan.point[at];
  PetscReal          lattice;
  PetscInt           number;

  PetscFunctionBeginUser;
  PetscCall(StageBegin("point"));
  PetscCall(CollisionSetPoint(r->collision, p));
  if (r->both) PetscCall(CollisionSetPoint(r->lattice.collision, p));
  PetscCall(CollisionChargeDefect(r->collision, &d->charge_defect[at]));
  PetscCall(CollisionEnergyDefect(r->collision, &d->energy_defect[at]));
  if (r->both) {
    PetscCall(CollisionEnergyDefect(r->lattice.collision, &lattice));
    d->energy_defect[at] = PetscMax(d->energy_defect[at], lattice);
  }
  PetscCall(DriveUnscattered(r->collision, d->states, p, &number, &d->unscattered[at]));
  if (r->electrons) PetscCall(CarriersWindowLoss(r->carriers, r->electrons, ScanCarrierKind(&r->scan), p, &d->window_loss[at]));
  PetscFunctionReturn(0);
}

/* Fields and frequencies of the list at a point. */
static PetscErrorCode Respond(const System *r, RunData *d, TransportLevel level, PetscInt at)
{
  const TransportFields  *f     = &r->scan.fields;
  const TransportTensors *still = &d->tensors[level][at];

  PetscFunctionBeginUser;
  if (!d->response[level]) PetscFunctionReturn(0);
  PetscCall(StageBegin("respond"));
  TransportResponse *response = d->response[level] + at * f->nB * f->nF;
  TransportLowField *low      = d->low[level] + at * f->nB;
  if (r->both) PetscCall(DragRespond(r->drag, level, &r->scan.point[at], f, still, response, low, d->weight[at]));
  else PetscCall(TransportRespond(r->transport, level, &r->scan.point[at], f, still, response, low, d->weight[at]));
  PetscFunctionReturn(0);
}

static PetscErrorCode CountFree(const System *r, RunData *d, PetscInt at)
{
  PetscInt count;

  PetscFunctionBeginUser;
  PetscCall(DragGetFree(r->drag, &count));
  d->free_phonons[at] = (PetscReal)count;
  PetscFunctionReturn(0);
}

/* One level at the collisions' present point. */
static PetscErrorCode SolveLevel(Run *run, TransportLevel level, PetscInt at)
{
  System            *r = &run->system;
  RunData           *d = &run->data;
  const StatesPoint *p = &r->scan.point[at];

  PetscFunctionBeginUser;
  PetscCall(StageBegin("solve"));
  if (r->both) PetscCall(DragSolve(r->drag, level, p, &d->tensors[level][at]));
  else PetscCall(TransportSolve(r->transport, level, p, &d->tensors[level][at]));
  PetscCall(Respond(r, d, level, at));
  PetscCall(KeepStates(r, d, level, at, &d->tensors[level][at]));
  if (r->both) PetscCall(KeepStates(r, &run->beside, level, at, &d->tensors[level][at]));
  if (run->beside.refined) PetscCall(KeepStates(r, &run->refined, level, at, &d->tensors[level][at]));
  PetscFunctionReturn(0);
}

/* From where the checkpoint stands. */
static PetscErrorCode SolvePoints(Run *run)
{
  System        *r = &run->system;
  RunCheckpoint *c = &run->checkpoint;
  const PetscInt n = r->scan.nT * r->scan.nC;
  Progress       progress;

  PetscFunctionBeginUser;
  PetscCall(RunCheckpointBegin(c, r, &run->data, r->both ? &run->beside : NULL, run->beside.refined ? &run->refined : NULL));
  ProgressBegin(&progress, "solve", (PetscReal)n);
  for (; c->at < n; c->at++, c->level = 0) {
    PetscCall(SetPoint(r, &run->data, c->at));
    for (; c->level < LEVEL_COUNT; c->level++) {
      if (!r->scan.level[c->level]) continue; /* no checkpoint between the last level and what is read off it */
      PetscCall(Pulse());
      PetscCall(SolveLevel(run, (TransportLevel)c->level, c->at));
    }
    if (r->both) PetscCall(CountFree(r, &run->data, c->at));
    ProgressUpdate(&progress, (PetscReal)(c->at + 1));
  }
  ProgressEnd(&progress);
  PetscCall(RunCheckpointEnd(c));
  PetscFunctionReturn(0);
}

/* All that was asked for, in this run and in those that it continues. */
static bool Converged(const Run *run)
{
  const Scan    *s = &run->system.scan;
  const RunData *d = &run->data;
  const PetscInt n = s->nT * s->nC, each = s->fields.nB * s->fields.nF;

  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!s->level[l]) continue;
    for (PetscInt i = 0; !d->response[l] && i < n; i++)
      if (!d->tensors[l][i].converged) return false;
    for (PetscInt i = 0; d->response[l] && i < n * each; i++)
      if (!d->response[l][i].re.converged) return false;
  }
  return true;
}

static PetscErrorCode Destroy(Run *r)
{
  PetscFunctionBeginUser;
  for (int l = 0; l < LEVEL_COUNT; l++) {
    PetscCall(PetscFree(r->data.tensors[l]));
    PetscCall(PetscFree(r->data.response[l]));
    PetscCall(PetscFree(r->data.low[l]));
  }
  PetscCall(PetscFree(r->data.weight));
  PetscCall(PetscFree4(r->data.charge_defect, r->data.energy_defect, r->data.window_loss, r->data.unscattered));
  for (int k = 0; k < 3; k++) {
    RunData *d = k == 0 ? &r->data : k == 1 ? &r->beside : &r->refined;
    PetscCall(PetscFree3(d->row, d->state, d->number));
    PetscCall(PetscFree(d->rates));
    PetscCall(PetscFree(d->displacement));
    PetscCall(PetscFree(d->modes));
    PetscCall(PetscFree(d->seebeck));
    PetscCall(PetscFree(d->free_phonons));
    PetscCall(PetscFree(d->column));
  }
  PetscCall(RunCheckpointDestroy(&r->checkpoint));
  PetscCall(SystemDestroy(&r->system));
  PetscCall(ResultsDestroy(&r->results));
  PetscFunctionReturn(0);
}

/* From deck to solutions. */
static PetscErrorCode Compute(Run *run, Deck deck)
{
  System *r = &run->system;

  PetscFunctionBeginUser;
  PetscCall(SystemCreate(PETSC_COMM_WORLD, deck, r));
  PetscCall(Pulse());
  PetscCall(SystemMakeStates(r));
  PetscCall(Pulse());
  r->set_up         = RunCheckpointSetUp;
  r->set_up_context = &run->checkpoint;
  PetscCall(SystemMakeCollision(r));
  PetscCall(AllocateData(run));
  PetscCall(SolvePoints(run));
  PetscCall(FermiSurfaceOfRun(r));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(Run *run, Deck deck)
{
  PetscFunctionBeginUser;
  PetscCall(StageBegin("write"));
  PetscCall(ResultsWriteProvenance(run->results, deck));
  if (Converged(run)) PetscCall(CheckpointMark(run->checkpoint.checkpoint, run->results));
  PetscCall(RunWrite(run->results, &run->data));
  PetscCall(RunWriteTimes(run->results));
  if (!run->checkpoint.continued) PetscCall(ForecastCompare(deck, run->results, run->start));
  PetscCall(ResultsCommit(run->results));
  PetscCall(CheckpointRemove(run->checkpoint.checkpoint));
  PetscFunctionReturn(0);
}

PetscErrorCode CommandRun(const Arguments *a)
{
  Run         run    = {0};
  const char *output = "results.h5";
  const bool  restart = ArgumentsGet(a, "--restart") != NULL;
  bool        done, converged;
  Deck        deck;

  PetscFunctionBeginUser;
  run.start = WallTime();
  PetscCall(RunReadOptions(a));
  PetscCall(CommandLoadDeck(a, &deck));
  PetscCall(StudyRun(&deck, restart, &done));
  if (done) PetscFunctionReturn(0);
  PetscCall(FermiSurfaceCheck(deck));
  PetscCall(DeckGetString(deck, "output", &output, NULL));
  PetscCall(ResultsCreate(PETSC_COMM_WORLD, output, &run.results)); /* from here on nobody else writes there */
  PetscCall(RunWatchStop(output));
  PetscCall(RunCheckpointCreate(deck, output, restart, &run.checkpoint, &done));
  if (done) {
    PetscCall(ResultsDestroy(&run.results));
    PetscCall(RunCheckpointDestroy(&run.checkpoint));
    PetscCall(DeckDestroy(&deck));
    PetscFunctionReturn(0);
  }
  PetscCall(RunCheckpointStopped(&run.checkpoint, Compute(&run, deck)));
  PetscCall(Write(&run, deck));
  PetscCall(StageBegin("report"));
  PetscCall(RunReport(&run.data));
  Log(1, "results   %s", output);
  PetscCall(StageBegin(""));
  PetscCall(RunReportMachine(run.start));
  if (!run.checkpoint.continued) PetscCall(ForecastCompare(deck, NULL, run.start)); /* a part of a run is not what was forecast */
  converged = Converged(&run);
  PetscCall(Destroy(&run));
  if (!converged) return UMK_ERR_CONVERGE;
  PetscFunctionReturn(0);
}

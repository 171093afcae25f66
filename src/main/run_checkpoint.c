/*
  Checkpoints of a run: what is saved, when, and how a restarted run takes it over. Processes go to files of their own as they are found; the state is the scan's position,
  the tensors and the states' values so far, and the solutions that the next ones start from, all in the order of the states, whatever the number of ranks.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "run.h"

static const DeckKey keys[] = {
  {"checkpoint", DECK_SECTION, .primary = "interval", .help = "files beside the results (OUTPUT.checkpoint) from which `umklapp run --restart` goes on"},
  {"checkpoint.interval", DECK_REAL, .unit = "s", .fallback = "600 s", .min = 0, .max = 1e7, .help = "time between checkpoints, longer where one takes more than 4 % of it; 0 s: only when the run is stopped"},
  {"checkpoint.processes", DECK_BOOL, .fallback = "true", .help = "save scattering processes too; false: they are found anew after a restart"},
  {NULL}};

/* Values that a run may change when it is restarted: where things lie, and how they are computed. Files of the material are compared by their bytes. */
static const char *const free_keys[] = {"title", "output", "checkpoint", "collision", "petsc", "solver.max_iterations", "solver.operator", "material.file", "material.path", "material.third_order.path"};

#define GROUP   64    /* points of the scan in one dataset of states, */
#define NUMBERS 1.5e9 /* and numbers in it */
#define PATIENCE 20.0 /* seconds that a stopping run may spend on processes */

PetscErrorCode RunCheckpointRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

/* --- what the run depends on */

static PetscErrorCode print_key(void *ctx, const char *path, const char *value)
{
  for (size_t i = 0; i < sizeof free_keys / sizeof *free_keys; i++) {
    const size_t n = strlen(free_keys[i]);
    if (!strncmp(path, free_keys[i], n) && (!path[n] || path[n] == '.')) return 0;
  }
  fprintf(ctx, "%s: ", path);
  for (const char *c = value; *c; c++) fputc(*c == '\n' ? ' ' : *c, ctx);
  fputc('\n', ctx);
  return 0;
}

/* PETSc's options that say when a solve is done, from the deck or the command line */
static PetscErrorCode print_options(FILE *out)
{
  static const char *const name[] = {"-ksp_rtol", "-ksp_atol", "-ksp_type"};

  PetscFunctionBeginUser;
  for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
    char      value[128];
    PetscBool set;
    PetscCall(PetscOptionsGetString(NULL, NULL, name[i], value, sizeof value, &set));
    if (set) fprintf(out, "PETSc option %s: %s\n", name[i], value);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Deck deck, const char *output, PetscReal interval, Checkpoint *checkpoint)
{
  PetscErrorCode code;
  uint64_t       hash;
  Deck           material;
  FILE          *out;
  char          *text = NULL;
  size_t         size;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "material", &material));
  PetscCall(MaterialFingerprint(PETSC_COMM_WORLD, material, output, &hash));
  out = open_memstream(&text, &size);
  UmkCheck(out, "no memory");
  code = DeckForEach(deck, print_key, out);
  if (!code) code = print_options(out);
  if (hash) fprintf(out, "material (hash of its files): %016" PRIx64 "\n", hash);
  fclose(out);
  if (!code) code = CheckpointCreate(PETSC_COMM_WORLD, output, text, interval, checkpoint);
  free(text);
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointCreate(Deck deck, const char *output, bool restart, RunCheckpoint *r, bool *complete)
{
  Deck        section;
  PetscReal   interval;
  const char *folder;
  bool        found;

  PetscFunctionBeginUser;
  memset(r, 0, sizeof(*r));
  *complete = false;
  PetscCall(DeckGetSection(deck, "checkpoint", &section));
  PetscCall(DeckGetReal(section, "interval", &interval, NULL));
  PetscCall(DeckGetBool(section, "processes", &r->processes));
  r->restart = restart;
  PetscCall(create(deck, output, interval * UMK_TIME_S, &r->checkpoint));
  PetscCall(CheckpointFound(r->checkpoint, &found));
  PetscCall(CheckpointGetFolder(r->checkpoint, &folder));
  if (found && !restart) PetscFunctionReturn(InputErrorAt(folder, 0, "holds an unfinished run: continue it with --restart, or remove this folder to begin anew"));
  r->continued = found;
  if (found) {
    PetscCall(CheckpointOpen(r->checkpoint, &found)); /* another deck's is refused before any work */
    PetscCall(CheckpointClose(r->checkpoint));
    PetscFunctionReturn(0);
  }
  if (!restart) PetscFunctionReturn(0);
  PetscCall(CheckpointComplete(r->checkpoint, output, complete));
  if (*complete) Log(1, "%s is complete: nothing is left to do", output);
  else Log(1, "restart   no checkpoint in %s: from the beginning", folder);
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointDestroy(RunCheckpoint *r)
{
  PetscFunctionBeginUser;
  PulseSet(NULL, NULL);
  PetscCall(CheckpointDestroy(&r->checkpoint));
  PetscFunctionReturn(0);
}

/* --- the parts of a state */

typedef struct { /* the same on all ranks: n numbers */
  char       path[96];
  PetscReal *data;
  size_t     n;
} Whole;

typedef struct { /* [points][width] of each of a record's states, local [points][nlocal][width] */
  char       path[96];
  RunData   *record;
  PetscReal *local;
  PetscInt   points, width;
} PerState;

typedef PetscErrorCode (*WholeFunction)(void *ctx, const Whole *w);
typedef PetscErrorCode (*PerStateFunction)(void *ctx, const PerState *s);

static PetscErrorCode visit(WholeFunction f, void *ctx, const char *name, int level, void *data, size_t bytes)
{
  Whole w = {.data = data, .n = bytes / sizeof(PetscReal)};

  PetscFunctionBeginUser;
  PetscCheck(bytes % sizeof(PetscReal) == 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: %zu bytes are no numbers", name, bytes);
  if (!data || !bytes) PetscFunctionReturn(0);
  if (level < 0) snprintf(w.path, sizeof w.path, "/run/%s", name);
  else snprintf(w.path, sizeof w.path, "/run/%s/%s", name, TransportLevelName[level]);
  PetscCall(f(ctx, &w));
  PetscFunctionReturn(0);
}

/* Structures of numbers go as they lie in memory: a checkpoint is read by the program that wrote it. */
static PetscErrorCode visit_whole(const RunCheckpoint *r, WholeFunction f, void *ctx)
{
  const Scan  *s = &r->system->scan;
  RunData     *d = r->record[0];
  const size_t n = (size_t)s->nT * (size_t)s->nC, nB = (size_t)s->fields.nB, nF = (size_t)s->fields.nF;

  PetscFunctionBeginUser;
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!s->level[l]) continue;
    PetscCall(visit(f, ctx, "tensors", l, d->tensors[l], n * sizeof(*d->tensors[l])));
    PetscCall(visit(f, ctx, "response", l, d->response[l], n * nB * nF * sizeof(*d->response[l])));
    PetscCall(visit(f, ctx, "low_field", l, d->low[l], n * nB * sizeof(*d->low[l])));
  }
  PetscCall(visit(f, ctx, "weight", -1, d->weight, n * sizeof(*d->weight)));
  PetscReal *const  value[] = {d->charge_defect, d->energy_defect, d->window_loss, d->unscattered, d->free_phonons};
  const char *const name[]  = {"charge_defect", "energy_defect", "window_loss", "unscattered", "free_phonons"};
  for (int k = 0; k < 5; k++) PetscCall(visit(f, ctx, name[k], -1, value[k], n * sizeof(PetscReal)));
  PetscFunctionReturn(0);
}

/* A table [n points][nlocal][width] of a record, of which the first `points` are known */
static PetscErrorCode visit_table(RunData *d, PerStateFunction f, void *ctx, PetscInt points, const char *name, PetscInt column, PetscReal *local, PetscInt width)
{
  PerState       s     = {.record = d, .width = width};
  const PetscInt group = (PetscInt)PetscMax(1.0, PetscMin((PetscReal)GROUP, NUMBERS / ((PetscReal)width * PetscMax(1, d->total))));

  PetscFunctionBeginUser;
  for (PetscInt begin = 0; local && d->total > 0 && begin < points; begin += group) {
    s.points = PetscMin(group, points - begin);
    s.local  = local + (size_t)begin * (size_t)d->nlocal * (size_t)width;
    snprintf(s.path, sizeof s.path, "/states/%d/%s/%d/%d", (int)d->part, name, (int)column, (int)begin);
    PetscCall(f(ctx, &s));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode visit_states(const RunCheckpoint *r, PerStateFunction f, void *ctx)
{
  const Scan  *scan   = &r->system->scan;
  const size_t n      = (size_t)scan->nT * (size_t)scan->nC;
  const PetscInt known = PetscMin((PetscInt)n, r->at + 1);

  PetscFunctionBeginUser;
  for (int k = 0; k < 3; k++) {
    RunData *d = r->record[k];
    if (!d) continue;
    const size_t each = n * (size_t)d->nlocal;
    for (PetscInt c = 0; d->rates && c < d->ncolumns; c++) PetscCall(visit_table(d, f, ctx, known, "rate", c, d->rates + (size_t)c * each, 1));
    for (int l = 0; l < LEVEL_COUNT; l++) {
      if (!scan->level[l]) continue;
      if (d->displacement) PetscCall(visit_table(d, f, ctx, known, "displacement", l, d->displacement + 3 * (size_t)l * each, 3));
      if (d->modes) PetscCall(visit_table(d, f, ctx, known, "modes", l, d->modes + (size_t)l * each, 1));
    }
    PetscCall(visit_table(d, f, ctx, known, "seebeck", 0, d->seebeck, 1));
  }
  PetscFunctionReturn(0);
}

/* Solution of a drive at a level on the states of a record, if the run has it: vector and its first row */
static PetscErrorCode get_solution(const RunCheckpoint *r, const RunData *d, TransportLevel level, int drive, Vec *z, PetscInt *begin)
{
  const System *s = r->system;
  PetscInt      n;

  PetscFunctionBeginUser;
  *z = NULL;
  if (!s->scan.level[level]) PetscFunctionReturn(0);
  if (s->both) PetscCall(DragGetVector(s->drag, level, drive, d->part, z, begin, &n));
  else if (drive < 2 && (drive == DRIVE_GRADIENT || d->states->species == SPECIES_ELECTRON)) {
    PetscCall(TransportGetSolution(s->transport, level, (DriveKind)drive, z));
    PetscCall(CollisionGetLocalStates(d->collision, d->states->species, begin, NULL, NULL));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode visit_solutions(const RunCheckpoint *r, PerStateFunction f, void *ctx, bool write)
{
  PetscFunctionBeginUser;
  for (int i = 0; i < 3 * LEVEL_COUNT * DRAG_SOLUTIONS; i++) {
    RunData  *d     = r->record[i % 3];
    const int level = i / 3 % LEVEL_COUNT, drive = i / 3 / LEVEL_COUNT;
    PerState  s     = {.record = d, .points = 1, .width = 3};
    PetscInt  begin;
    Vec       z;
    if (!d || d->total == 0 || level == LEVEL_RTA) continue;
    PetscCall(get_solution(r, d, (TransportLevel)level, drive, &z, &begin));
    if (!z) continue;
    snprintf(s.path, sizeof s.path, "/solution/%d/%s/%d", (int)d->part, TransportLevelName[level], drive);
    const PetscScalar *kept;
    if (write) {
      PetscCall(VecGetArrayRead(z, &kept));
      s.local = (PetscReal *)kept + 3 * begin;
    } else {
      PetscCall(VecGetArray(z, &s.local));
      s.local += 3 * begin;
    }
    PetscErrorCode code = f(ctx, &s);
    s.local -= 3 * begin;
    if (write) PetscCall(VecRestoreArrayRead(z, &kept));
    else PetscCall(VecRestoreArray(z, &s.local));
    PetscCall(code);
  }
  PetscFunctionReturn(0);
}

/* --- writing and reading them */

static PetscErrorCode write_whole(void *ctx, const Whole *w)
{
  const PetscInt n = (PetscInt)w->n;

  PetscFunctionBeginUser;
  PetscCall(ResultsWriteArray(ctx, w->path, 1, &n, w->data, RESULTS_LABEL("atomic", "as in memory", "of a checkpoint")));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_whole(void *ctx, const Whole *w)
{
  PetscFunctionBeginUser;
  PetscCall(CheckpointReadArray(ctx, w->path, (PetscInt)w->n, w->data));
  PetscFunctionReturn(0);
}

/* Rows [nlocal][points][width] of this rank, and its share of the dataset */
static PetscErrorCode share_states(const PerState *s, PetscInt dims[2], ResultsPart *part, PetscReal **rows, PetscReal **ordered)
{
  PetscInt mine = PETSC_DECIDE, total = s->record->total, begin = 0;
  const size_t each = (size_t)(s->points * s->width);

  PetscFunctionBeginUser;
  PetscCall(PetscSplitOwnership(PETSC_COMM_WORLD, &mine, &total));
  PetscCallMPI(MPI_Exscan(&mine, &begin, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  int rank;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) begin = 0;
  dims[0] = total;
  dims[1] = (PetscInt)each;
  *part   = (ResultsPart){0, begin, mine};
  PetscCall(PetscMalloc2((size_t)s->record->nlocal * each, rows, (size_t)mine * each, ordered));
  PetscFunctionReturn(0);
}

/* rows [nlocal][points][width] from the table [points][nlocal][width], or back */
static void turn(const PerState *s, PetscReal *rows, bool back)
{
  const size_t n = (size_t)s->record->nlocal, points = (size_t)s->points, width = (size_t)s->width;

  for (size_t p = 0; p < points; p++)
    for (size_t i = 0; i < n; i++) {
      PetscReal *row = rows + (i * points + p) * width, *entry = s->local + (p * n + i) * width;
      memcpy(back ? entry : row, back ? row : entry, width * sizeof(PetscReal));
    }
}

/* To the state that is being written, or from the one that is read: the other is NULL. */
static PetscErrorCode transfer_states(Results to, Checkpoint from, const PerState *s)
{
  PetscInt       dims[2];
  ResultsPart    part;
  PetscReal     *rows, *ordered;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(share_states(s, dims, &part, &rows, &ordered));
  if (to) {
    turn(s, rows, false);
    PetscCall(RunStateOrder(s->record, dims[1], rows, part.count, ordered, false));
    code = ResultsWritePart(to, s->path, 2, dims, &part, ordered, RESULTS_LABEL("atomic", "state, point and component", "of a checkpoint"));
  } else {
    code = CheckpointReadPart(from, s->path, 2, dims, &part, ordered);
    if (!code) code = RunStateOrder(s->record, dims[1], rows, part.count, ordered, true);
    if (!code) turn(s, rows, true);
  }
  PetscCall(PetscFree2(rows, ordered));
  PetscFunctionReturn(code);
}

static PetscErrorCode write_states(void *ctx, const PerState *s) { return transfer_states(ctx, NULL, s); }
static PetscErrorCode read_states(void *ctx, const PerState *s) { return transfer_states(NULL, ctx, s); }

static PetscErrorCode fill_state(const RunCheckpoint *r, Results state)
{
  PetscFunctionBeginUser;
  PetscCall(ResultsWriteAttributeInt(state, "/", "point", r->at));
  PetscCall(ResultsWriteAttributeInt(state, "/", "level", r->level));
  PetscCall(visit_whole(r, write_whole, state));
  PetscCall(visit_states(r, write_states, state));
  PetscCall(visit_solutions(r, write_states, state, true));
  PetscFunctionReturn(0);
}

/* --- saving */

static PetscErrorCode save(RunCheckpoint *r, bool stopping)
{
  PetscReal seconds = PATIENCE;
  Results   state;

  PetscFunctionBeginUser;
  for (int k = 0; k < 2; k++) {
    if (!r->processes || !r->collision[k]) continue;
    if (!stopping) PetscCall(CheckpointBudget(r->checkpoint, &seconds));
    PetscCall(CheckpointSaveProcesses(r->checkpoint, k, r->collision[k], seconds, stopping));
  }
  if (!r->solving) PetscFunctionReturn(0);
  PetscCall(CheckpointBegin(r->checkpoint, &state));
  PetscCall(CheckpointEnd(r->checkpoint, fill_state(r, state), &state));
  PetscFunctionReturn(0);
}

/* A disk that is full is no reason to lose the run. */
static PetscErrorCode try_to_save(RunCheckpoint *r, bool stopping)
{
  const PetscErrorCode code = save(r, stopping);

  PetscFunctionBeginUser;
  if (code && code != UMK_ERR_INPUT) PetscFunctionReturn(code);
  if (code) LogWarning("no checkpoint: %s", ErrorMessage());
  else Log(2, "checkpoint at point %d", (int)r->at + 1);
  ErrorClear();
  PetscFunctionReturn(0);
}

/* The second half of the line that a stopped run ends with */
static PetscErrorCode say_how_far(const RunCheckpoint *r)
{
  bool found;

  PetscFunctionBeginUser;
  PetscCall(CheckpointFound(r->checkpoint, &found));
  if (!found) (void)InputErrorAt(NULL, 0, "nothing is saved yet");
  else if (r->solving) (void)InputErrorAt(NULL, 0, "%d of %d points are solved, --restart continues", (int)r->at, (int)(r->system->scan.nT * r->system->scan.nC));
  else (void)InputErrorAt(NULL, 0, "processes found so far are saved, --restart continues");
  PetscFunctionReturn(0);
}

static PetscErrorCode beat(void *ctx, bool stopping)
{
  RunCheckpoint *r = ctx;
  PetscReal      wait;

  PetscFunctionBeginUser;
  PetscCall(CheckpointWait(r->checkpoint, &wait));
  if (stopping) {
    r->stopped = true;
    PetscCall(try_to_save(r, true));
    PetscCall(say_how_far(r));
  } else if (wait <= 0.0) PetscCall(try_to_save(r, false));
  else PetscFunctionReturn(0);
  PetscCall(CheckpointRest(r->checkpoint));
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointSetUp(void *ctx, PetscInt which, Collision collision)
{
  RunCheckpoint *r = ctx;
  PetscReal      restored, wait;
  bool           done = false;

  PetscFunctionBeginUser;
  PetscCall(CollisionBegin(collision));
  if (r->restart) {
    PetscCall(CheckpointLoadProcesses(r->checkpoint, which, collision, &restored));
    if (restored > 0.0) Log(1, "restart   %.4g processes are known", restored);
  }
  PetscCall(CollisionMarkSaved(collision));
  r->collision[which] = collision;
  PulseSet(beat, r);
  while (!done) {
    PetscCall(CheckpointWait(r->checkpoint, &wait));
    PetscCall(CollisionEnumerate(collision, PetscMax(wait, 0.0), &done));
    PetscCall(Pulse());
  }
  PetscCall(CollisionEnd(collision));
  PetscFunctionReturn(0);
}

/* --- going on */

static PetscErrorCode restore(RunCheckpoint *r)
{
  const Scan *s = &r->system->scan;
  PetscInt    level;
  bool        found;

  PetscFunctionBeginUser;
  PetscCall(CheckpointOpen(r->checkpoint, &found));
  if (found) {
    PetscCall(CheckpointReadInt(r->checkpoint, "point", &r->at));
    PetscCall(CheckpointReadInt(r->checkpoint, "level", &level));
    r->level = (int)level;
    PetscCall(visit_whole(r, read_whole, r->checkpoint));
    PetscCall(visit_states(r, read_states, r->checkpoint));
    PetscCall(visit_solutions(r, read_states, r->checkpoint, false));
    Log(1, "restart   %d of %d points are solved%s%s", (int)r->at, (int)(s->nT * s->nC), r->level > 0 && r->level < LEVEL_COUNT ? ", the next up to level " : "", r->level > 0 && r->level < LEVEL_COUNT ? TransportLevelName[r->level] : "");
  }
  PetscCall(CheckpointClose(r->checkpoint));
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointBegin(RunCheckpoint *r, System *system, RunData *data, RunData *beside, RunData *refined)
{
  PetscFunctionBeginUser;
  r->system    = system;
  r->record[0] = data;
  r->record[1] = beside;
  r->record[2] = refined;
  r->at        = 0;
  r->level     = 0;
  if (r->restart) PetscCall(restore(r));
  r->solving = true;
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointEnd(RunCheckpoint *r)
{
  PetscReal seconds, bytes;
  PetscInt  files;

  PetscFunctionBeginUser;
  PulseSet(NULL, NULL);
  PetscCall(CheckpointGetCost(r->checkpoint, &seconds, &bytes, &files));
  if (files > 0) Log(1, "checkpoint %d files, %.1f MiB, %.1f s", (int)files, bytes / 1048576.0, seconds);
  PetscFunctionReturn(0);
}

PetscErrorCode RunCheckpointStopped(RunCheckpoint *r, PetscErrorCode code)
{
  PetscFunctionBeginUser;
  if (code == UMK_ERR_STOPPED && !r->stopped && (r->collision[0] || r->solving)) PetscCall(beat(r, true));
  PetscFunctionReturn(code);
}

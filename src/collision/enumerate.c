/*
  Enumerating processes: this rank's wedge points, channel by channel. Point-independent channels go through their points once, in steps that
  may end between any two points, so that a run can save what it has and stop; others at every thermodynamic point.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <string.h>

typedef struct {
  Collision     c;
  PetscInt      channel, point;
  Store        *store;   /* NULL: do not keep */
  ChunkConsumer consume; /* NULL: only keep */
  void         *ctx;
  PetscReal     processes;
} Enumeration;

static PetscErrorCode consume(void *ctx, const ProcessBatch *batch)
{
  Enumeration *e = ctx;
  PetscFunctionBeginUser;
  e->processes += (PetscReal)batch->count;
  if (e->store && e->c->keep) PetscCall(StoreAppend(e->store, e->channel, e->point, batch));
  if (e->store && e->store == &e->c->fixed && e->store->bytes > e->c->memory) {
    e->c->keep = false;
    PetscCall(StoreClear(e->store));
  }
  if (e->consume) PetscCall(e->consume(e->ctx, e->channel, batch, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate_point(Enumeration *e, PetscInt channel, PetscInt point)
{
  const ProcessSink sink = {consume, e};
  PetscFunctionBeginUser;
  e->channel = channel;
  e->point   = point;
  PetscCall(ChannelEnumerate(e->c->channel[channel], &e->c->point, point, &sink));
  PetscFunctionReturn(0);
}

/* All of a kind at once */
static PetscErrorCode enumerate(Collision c, bool point_dependent, Enumeration *e)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < c->nchannels; i++) {
    const Channel channel = c->channel[i];
    if (channel->point_dependent != point_dependent || (c->only >= 0 && c->only != i)) continue;
    if (channel->type->prepare) PetscCall(channel->type->prepare(channel, c->nk[channel->first], c->ik[channel->first]));
    for (PetscInt k = 0; k < c->nk[channel->first]; k++) {
      PetscCall(enumerate_point(e, i, c->ik[channel->first][k]));
      if (e->store && StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED); /* agreed on by all ranks in CollisionEnumerateMoving */
    }
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionForEach(Collision c, ChunkConsumer consumer, void *ctx)
{
  Enumeration e = {.c = c, .consume = consumer, .ctx = ctx};
  PetscFunctionBeginUser;
  for (Chunk *k = c->fixed.first; k; k = k->next)
    if (c->only < 0 || c->only == k->channel) PetscCall(consumer(ctx, k->channel, &k->batch, k));
  if (!c->keep) PetscCall(enumerate(c, false, &e));
  for (Chunk *k = c->moving.first; k; k = k->next)
    if (c->only < 0 || c->only == k->channel) PetscCall(consumer(ctx, k->channel, &k->batch, k));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionEnumerateMoving(Collision c)
{
  const PetscReal start = ProcessorTime();
  Enumeration     e     = {.c = c, .store = &c->moving};
  const bool      keep  = c->keep;
  PetscErrorCode  code;
  PetscFunctionBeginUser;
  PetscCall(StoreClear(&c->moving));
  c->keep = true; /* the processes of one point are always kept */
  StageWorkBegin();
  code = enumerate(c, true, &e);
  StageWorkEnd();
  c->keep = keep;
  PetscCall(ErrorAgree(c->comm, code));
  c->work.moving_s += ProcessorTime() - start;
  PetscFunctionReturn(0);
}

/* --- point-independent channels in steps ------------------------------------------------------- */

static PetscErrorCode forget_finished(Collision c)
{
  EnumerationState *s = &c->progress;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; s->finished && i < c->nchannels; i++) PetscCall(PetscFree(s->finished[i]));
  PetscCall(PetscFree(s->finished));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionForgetProgress(Collision c)
{
  EnumerationState *s = &c->progress;
  PetscFunctionBeginUser;
  PetscCall(forget_finished(c));
  PetscCall(PetscFree(s->fresh));
  memset(s, 0, sizeof(*s));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionBegin(Collision c)
{
  EnumerationState *s = &c->progress;
  PetscFunctionBeginUser;
  PetscCall(CollisionDeal(c));
  PetscCall(CollisionForgetProgress(c));
  PetscCall(PetscCalloc1(c->nchannels, &s->finished));
  for (PetscInt i = 0; i < c->nchannels; i++) {
    if (c->channel[i]->point_dependent) continue;
    PetscCall(PetscCalloc1(PetscMax(1, c->nk[c->channel[i]->first]), &s->finished[i]));
    s->total += c->nk[c->channel[i]->first];
  }
  c->keep = true;
  c->processes = 0.0;
  if (s->total > 0) ProgressBegin(&s->report, "scattering processes", (PetscReal)s->total);
  PetscFunctionReturn(0);
}

static PetscErrorCode add_fresh(EnumerationState *s, PetscInt channel, PetscInt point)
{
  PetscFunctionBeginUser;
  if (s->nfresh == s->capacity) {
    s->capacity = PetscMax(256, 2 * s->capacity);
    PetscCall(PetscRealloc(sizeof(*s->fresh) * (size_t)s->capacity, &s->fresh));
  }
  s->fresh[s->nfresh][0]   = channel;
  s->fresh[s->nfresh++][1] = point;
  PetscFunctionReturn(0);
}

/* What is left of a channel's points, for channels that work ahead. */
static PetscErrorCode prepare(Collision c, PetscInt i)
{
  const Channel channel = c->channel[i];
  PetscInt      n = 0, *ik;
  PetscFunctionBeginUser;
  if (!channel->type->prepare) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(c->nk[channel->first], &ik));
  for (PetscInt k = 0; k < c->nk[channel->first]; k++)
    if (!c->progress.finished[i][k]) ik[n++] = c->ik[channel->first][k];
  PetscCall(channel->type->prepare(channel, n, ik));
  PetscCall(PetscFree(ik));
  PetscFunctionReturn(0);
}

/* A point's processes, or none of them: what is kept, and saved, is whole points. */
static PetscErrorCode whole_point(Enumeration *e, PetscInt channel, PetscInt point, bool *whole)
{
  Collision       c      = e->c;
  const Store     before = c->fixed;
  const PetscReal count  = e->processes;
  PetscErrorCode  code;
  PetscFunctionBeginUser;
  code   = enumerate_point(e, channel, point);
  *whole = code != UMK_ERR_STOPPED;
  if (!*whole) {
    e->processes = count;
    if (c->keep) PetscCall(StoreCut(&c->fixed, &before));
    code = 0;
  }
  PetscFunctionReturn(code);
}

/* At least one point; until the time `end`, a stop, or the last point */
static PetscErrorCode go_on(Collision c, PetscReal end, Enumeration *e, bool *done)
{
  EnumerationState *s     = &c->progress;
  bool              begun = false, whole;
  PetscFunctionBeginUser;
  *done = false;
  for (; s->channel < c->nchannels; s->channel++, s->k = 0, s->prepared = false) {
    const Channel channel = c->channel[s->channel];
    if (channel->point_dependent) continue;
    if (!s->prepared) PetscCall(prepare(c, s->channel));
    s->prepared = true;
    for (; s->k < c->nk[channel->first]; s->k++) {
      if (s->finished[s->channel][s->k]) continue;
      if (StopPending() || (begun && WallTime() >= end)) PetscFunctionReturn(0);
      begun = true;
      PetscCall(whole_point(e, s->channel, c->ik[channel->first][s->k], &whole));
      if (!whole) PetscFunctionReturn(0);
      s->finished[s->channel][s->k] = true;
      PetscCall(add_fresh(s, s->channel, c->ik[channel->first][s->k]));
      ProgressUpdate(&s->report, (PetscReal)++s->done);
    }
  }
  *done = true;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionEnumerate(Collision c, PetscReal seconds, bool *done)
{
  Enumeration    e = {.c = c, .store = &c->fixed};
  PetscErrorCode code;
  int            agreed[2];
  PetscFunctionBeginUser;
  StageWorkBegin();
  code = go_on(c, seconds < HUGE_VAL ? WallTime() + seconds : HUGE_VAL, &e, done);
  StageWorkEnd();
  code = ErrorAgree(c->comm, code);
  c->processes += e.processes;
  agreed[0] = *done;
  agreed[1] = c->keep;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, agreed, 2, MPI_INT, MPI_MIN, c->comm)); /* after an error too: what is saved then is a matter of all ranks */
  *done = agreed[0];
  if (!agreed[1]) {
    c->keep           = false;
    c->progress.saved = NULL;
    PetscCall(StoreClear(&c->fixed));
  }
  PetscFunctionReturn(code);
}

PetscErrorCode CollisionEnd(Collision c)
{
  PetscFunctionBeginUser;
  if (c->progress.total > 0) ProgressEnd(&c->progress.report);
  if (!c->keep) Log(1, "processes exceed collision.memory: they will be enumerated anew at every point");
  PetscCall(forget_finished(c));
  PetscCall(PetscMalloc1((size_t)c->ncolumns * (size_t)c->nrows, &c->rate));
  c->set_up = true;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionSetUp(Collision c)
{
  bool done = false;
  PetscFunctionBeginUser;
  PetscCall(CollisionBegin(c));
  PetscCall(CollisionEnumerate(c, HUGE_VAL, &done));
  if (!done) PetscFunctionReturn(UMK_ERR_STOPPED);
  PetscCall(CollisionEnd(c));
  PetscFunctionReturn(0);
}

/* --- what is saved, and restored ------------------------------------------------------------------ */

PetscErrorCode CollisionGetFresh(Collision c, PetscInt *n, const PetscInt (**points)[2], bool *kept)
{
  PetscFunctionBeginUser;
  *n      = c->progress.nfresh;
  *points = (const PetscInt(*)[2])c->progress.fresh;
  *kept   = c->keep;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionNextFresh(Collision c, void **position, CollisionPiece *piece)
{
  Chunk *k = *position;
  PetscFunctionBeginUser;
  k = k ? k->next : c->progress.saved ? c->progress.saved->next : c->fixed.first;
  if (k) *piece = (CollisionPiece){k->channel, k->point, &k->batch};
  *position = k;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionMarkSaved(Collision c)
{
  PetscFunctionBeginUser;
  c->progress.nfresh = 0;
  c->progress.saved  = c->fixed.last;
  PetscFunctionReturn(0);
}

/* Place of a wedge point in this rank's list, which ascends; -1 where it is another's. */
static PetscInt place(Collision c, PetscInt channel, PetscInt point)
{
  PetscInt at = -1;
  if (channel < 0 || channel >= c->nchannels || c->channel[channel]->point_dependent) return -1;
  const Species s = c->channel[channel]->first;
  if (PetscFindInt(point, c->nk[s], c->ik[s], &at)) return -1;
  return at < 0 ? -1 : at;
}

PetscErrorCode CollisionWants(Collision c, PetscInt channel, PetscInt point, bool *wanted)
{
  const PetscInt at = place(c, channel, point);
  PetscFunctionBeginUser;
  *wanted = at >= 0 && !c->progress.finished[channel][at];
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionRestore(Collision c, const CollisionPiece *piece)
{
  Enumeration e = {.c = c, .store = &c->fixed, .channel = piece->channel, .point = piece->point};
  PetscFunctionBeginUser;
  PetscCall(consume(&e, piece->batch));
  c->processes += e.processes;
  c->progress.saved = c->fixed.last;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionRestoreDone(Collision c, PetscInt channel, PetscInt point)
{
  const PetscInt at = place(c, channel, point);
  PetscFunctionBeginUser;
  PetscCheck(at >= 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "point %d of channel %d is another rank's", (int)point, (int)channel);
  c->progress.finished[channel][at] = true;
  c->progress.done++;
  PetscFunctionReturn(0);
}

/*
  Some of the wedge points as a collision operator, and from it what the whole one takes: see CollisionSetUpSample. The whole is estimated channel by channel as a ratio,
  processes over work (ChannelWork), of points drawn evenly in the order of their work: each leading part of the van der Corput sequence is such a draw.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <string.h>

#define FIRST 8 /* points of the first round; each round doubles the sample */

typedef struct { /* of one channel */
  PetscReal *work;      /* [nk] */
  PetscReal  all, some; /* of all points, of those drawn */
  PetscReal  processes, bytes, pairs, seconds; /* drawn */
} Tally;

typedef struct {
  Collision          c;
  const StatesPoint *point;
  Tally             *tally;             /* [nchannels] */
  PetscInt           n[NSPECIES], *order[NSPECIES], drawn[NSPECIES]; /* points of a species in the order in which they are drawn */
  Store              moving;            /* for their size alone */
  PetscInt           channel, ik;
} Sampler;

PetscErrorCode CollisionGetWork(Collision c, CollisionWork *work)
{
  PetscFunctionBeginUser;
  *work = c->work;
  PetscFunctionReturn(0);
}

static PetscErrorCode weigh(Sampler *s)
{
  Collision c = s->c;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(c->nchannels, &s->tally));
  for (PetscInt i = 0; i < c->nchannels; i++) {
    Tally         *t  = &s->tally[i];
    const PetscInt nk = c->nk[c->channel[i]->first];
    PetscCall(PetscMalloc1(nk, &t->work));
    for (PetscInt ik = 0; ik < nk; ik++) {
      PetscCall(ChannelWork(c->channel[i], ik, &t->work[ik]));
      t->all += t->work[ik];
    }
  }
  PetscFunctionReturn(0);
}

/* Points that come first in a channel, in the order of the van der Corput sequence over their work; heaviest: of all points. */
static PetscErrorCode put_in_order(Sampler *s, Species species, PetscReal *heaviest, PetscReal *sum)
{
  Collision      c  = s->c;
  const PetscInt nk = c->nk[species];
  PetscInt      *sorted, bits = 0, n = 0;
  PetscReal     *work;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(nk, &work, nk, &sorted));
  for (PetscInt ik = 0; ik < nk; ik++) {
    work[ik]   = 0.0;
    sorted[ik] = ik;
    for (PetscInt i = 0; i < c->nchannels; i++) {
      if (c->channel[i]->first != species) continue;
      work[ik] -= s->tally[i].work[ik];
      n = 1;
    }
    *heaviest = PetscMax(*heaviest, -work[ik]);
    *sum -= work[ik];
  }
  PetscCall(PetscSortRealWithArrayInt(nk, work, sorted));
  while (((PetscInt)1 << bits) < nk) bits++;
  PetscCall(PetscMalloc1(nk, &s->order[species]));
  for (PetscInt i = 0; n && i < (PetscInt)1 << bits; i++) {
    PetscInt at = 0;
    for (PetscInt b = 0; b < bits; b++) at |= (i >> b & 1) << (bits - 1 - b);
    if (at < nk) s->order[species][s->n[species]++] = sorted[at];
  }
  PetscCall(PetscFree2(work, sorted));
  PetscFunctionReturn(0);
}

static PetscErrorCode take(void *ctx, const ProcessBatch *b)
{
  Sampler            *s = ctx;
  Tally              *t = &s->tally[s->channel];
  Store              *store  = s->c->channel[s->channel]->point_dependent ? &s->moving : &s->c->fixed;
  const PetscReal     before = store->bytes;
  const ActiveMembers active = CollisionActive(s->c, b);
  PetscFunctionBeginUser;
  PetscCall(StoreAppend(store, s->channel, s->ik, b));
  t->processes += (PetscReal)b->count;
  t->pairs += (PetscReal)b->count * (PetscReal)active.npairs;
  t->bytes += store->bytes - before;
  PetscFunctionReturn(0);
}

/* `more` further points of a species */
static PetscErrorCode draw(Sampler *s, Species species, PetscInt more)
{
  Collision       c    = s->c;
  ProcessSink     sink = {take, s};
  const PetscInt *ik   = s->order[species] + s->drawn[species];
  PetscFunctionBeginUser;
  more = PetscMax(0, PetscMin(more, s->n[species] - s->drawn[species]));
  for (PetscInt i = 0; more > 0 && i < c->nchannels; i++) {
    Tally          *t     = &s->tally[i];
    const PetscReal start = ProcessorTime();
    if (c->channel[i]->first != species) continue;
    s->channel = i;
    if (c->channel[i]->type->prepare) PetscCall(c->channel[i]->type->prepare(c->channel[i], more, ik));
    for (PetscInt k = 0; k < more; k++) {
      s->ik = ik[k];
      PetscCall(ChannelEnumerate(c->channel[i], s->point, ik[k], &sink));
      t->some += t->work[ik[k]];
    }
    t->seconds += ProcessorTime() - start;
    PetscCall(StoreClear(&s->moving));
  }
  s->drawn[species] += more;
  PetscFunctionReturn(0);
}

/* Share of its points that a species has in the sample, where the least is drawn */
static PetscReal least_share(const Sampler *s)
{
  PetscReal least = 1.0;
  for (int k = 0; k < NSPECIES; k++)
    if (s->n[k] > 0) least = PetscMin(least, (PetscReal)s->drawn[k] / (PetscReal)s->n[k]);
  return least;
}

/* Rounds that double the sample, the species with the smaller share first; the last one cut to what is left of the time and the memory. */
static PetscErrorCode draw_rounds(Sampler *s, PetscReal seconds, PetscReal bytes, PetscInt least)
{
  const PetscReal start = ProcessorTime();
  PetscFunctionBeginUser;
  for (int k = 0; k < NSPECIES; k++) PetscCall(draw(s, (Species)k, PetscMax(FIRST, least)));
  for (PetscReal part = 1.0; part == 1.0 && least_share(s) < 1.0;) {
    const PetscReal used = PetscMax((ProcessorTime() - start) / seconds, s->c->fixed.bytes / bytes);
    if (used > 0.9) PetscFunctionReturn(0);
    part                  = PetscMin(1.0, 1.0 / used - 1.0); /* a full round doubles all at most */
    const PetscReal share = (1.0 + part) * least_share(s);
    for (int k = 0; k < NSPECIES; k++) PetscCall(draw(s, (Species)k, (PetscInt)ceil(share * (PetscReal)s->n[k]) - s->drawn[k]));
  }
  PetscFunctionReturn(0);
}

static void add_up(const Sampler *s, CollisionSample *e)
{
  PetscReal drawn = 0.0;
  for (PetscInt i = 0; i < s->c->nchannels; i++) {
    const Tally    *t      = &s->tally[i];
    const Species   first  = s->c->channel[i]->first;
    const bool      moving = s->c->channel[i]->point_dependent;
    const PetscReal factor = s->drawn[first] < s->n[first] && t->some > 0.0 ? t->all / t->some : 1.0;
    if (moving) {
      e->moving += factor * t->processes;
      e->moving_bytes += factor * t->bytes;
      e->moving_seconds += factor * t->seconds;
      e->moving_pairs += factor * t->pairs;
    } else {
      e->processes += factor * t->processes;
      e->bytes += factor * t->bytes;
      e->seconds += factor * t->seconds;
      e->pairs += factor * t->pairs;
      drawn += t->processes;
    }
  }
  e->share = e->processes > 0.0 ? drawn / e->processes : 1.0;
}

/* The points drawn are this rank's from now on. */
static PetscErrorCode keep_drawn(Sampler *s)
{
  Collision c = s->c;
  PetscFunctionBeginUser;
  for (int k = 0; k < NSPECIES; k++) {
    c->drawn[k] = s->n[k] > 0 ? (PetscReal)s->drawn[k] / (PetscReal)s->n[k] : 1.0;
    c->nk[k]    = s->drawn[k];
    if (!c->ik[k]) continue;
    PetscCall(PetscArraycpy(c->ik[k], s->order[k], s->drawn[k]));
    PetscCall(PetscSortInt(c->nk[k], c->ik[k]));
  }
  c->processes = c->fixed.processes;
  c->keep      = true;
  PetscCall(PetscMalloc1(c->ncolumns * c->nrows, &c->rate));
  c->set_up = true;
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionSetUpSample(Collision c, const StatesPoint *point, PetscReal seconds, PetscReal bytes, PetscInt least, CollisionSample *e)
{
  Sampler         s        = {.c = c, .point = point};
  PetscReal       heaviest = 0.0, sum = 0.0;
  const PetscReal start    = ProcessorTime();
  int             size;
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(c->comm, &size));
  PetscCheck(size == 1, c->comm, PETSC_ERR_ARG_WRONG, "a sample is one rank's");
  *e = (CollisionSample){.complete = true};
  PetscCall(CollisionDeal(c));
  e->deal_seconds = ProcessorTime() - start;
  PetscCall(weigh(&s));
  for (int k = 0; k < NSPECIES; k++)
    if (c->states[k]) PetscCall(put_in_order(&s, (Species)k, &heaviest, &sum));
  e->largest = sum > 0.0 ? heaviest / sum : 0.0;
  PetscCall(draw_rounds(&s, seconds, bytes, least));
  add_up(&s, e);
  for (int k = 0; k < NSPECIES; k++) e->complete = e->complete && s.drawn[k] == s.n[k];
  PetscCall(keep_drawn(&s));
  for (PetscInt i = 0; i < c->nchannels; i++) PetscCall(PetscFree(s.tally[i].work));
  PetscCall(PetscFree(s.tally));
  for (int k = 0; k < NSPECIES; k++) PetscCall(PetscFree(s.order[k]));
  PetscFunctionReturn(0);
}

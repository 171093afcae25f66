/*
  How many coupled pairs of unknowns a rank meets that has a share f of the wedge points, from a sample with the share s of them: the pairs of the sample, each with the number t of
  points that it is met from. A draw of f <= s of the points meets

    B(f) = sum_pairs 1 - (1 - f/s)^t

  of them. Beyond the sample (f > s) pairs are of two kinds. Own ones have a state of the point itself, and are met from one point or from two:
  B(f) = I f - f^2 N_2, with I meetings and N_2 pairs met from both. Others, the partners' among each other, are met from many points, more or less often: with a
  gamma distribution of the rate (as negative binomial counts of species, R. A. Fisher, A. S. Corbet and C. B. Williams, J. Anim. Ecol. 12, 42 (1943))
  B(f) = N (1 - (1 + m f/k)^-k), m N the meetings of all points; N and k are those that give the B of the sample and of half of it. The two kinds are
  taken for independent.

  Large samples are counted in a part of the pairs, chosen by their hash.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"
#include <stdlib.h>

#define ENTRIES (1 << 21) /* meetings of pairs that are looked at, about */
#define TIMES   64        /* meetings told apart */

typedef struct {
  uint64_t key; /* 0: empty */
  int32_t  last;
  uint16_t own, other;
} Entry;

typedef struct { /* pairs met from points of one species */
  PetscReal drawn;                     /* share of the points in the sample */
  PetscReal count[TIMES + 1], others[TIMES + 1]; /* pairs met t times, by others alone */
  PetscReal own_meetings, own_pairs, own_both, own_possible, own_shared; /* possible: with both points in the sample; shared: met by others too */
  PetscReal other_meetings, possible;  /* possible: all pairs of unknowns */
  PetscReal N, k;
} Meetings;

typedef struct {
  Collision c;
  size_t    slots;
  uint64_t  every; /* pairs looked at: one of these */
  Entry    *entry;
  uint8_t  *in_sample; /* [nunknowns] its point is in the sample */
  PetscInt  used;
} Table;

static uint64_t mix(uint64_t x)
{
  x ^= x >> 30;
  x *= UINT64_C(0xbf58476d1ce4e5b9);
  x ^= x >> 27;
  x *= UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static PetscErrorCode meet(Table *t, int32_t a, int32_t b, int32_t point, bool own)
{
  const uint64_t key = (uint64_t)(uint32_t)PetscMin(a, b) << 32 | ((uint32_t)PetscMax(a, b) + 1u), hash = mix(key);
  size_t         at  = (size_t)(hash >> 8) & (t->slots - 1);
  PetscFunctionBeginUser;
  if (hash % t->every) PetscFunctionReturn(0);
  while (t->entry[at].key && t->entry[at].key != key) at = (at + 1) & (t->slots - 1);
  Entry *e = &t->entry[at];
  if (!e->key) {
    PetscCheck((size_t)++t->used < t->slots, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the table of pairs is full");
    *e = (Entry){.key = key, .last = -1};
  }
  if (e->last == point) PetscFunctionReturn(0);
  e->last = point;
  if (own && e->own < UINT16_MAX) e->own++;
  if (!own && e->other < UINT16_MAX) e->other++;
  PetscFunctionReturn(0);
}

static PetscErrorCode meet_batch(Table *t, const ProcessBatch *b, int32_t point)
{
  const ActiveMembers active = CollisionActive(t->c, b);
  PetscFunctionBeginUser;
  for (int k = 0; k < active.npairs; k++) {
    const int m = active.pair[k][0], n = active.pair[k][1];
    for (PetscInt i = 0; i < b->count; i++) PetscCall(meet(t, (int32_t)MemberUnknown(t->c, b, m, i), (int32_t)MemberUnknown(t->c, b, n, i), point, m == 0));
  }
  PetscFunctionReturn(0);
}

/* --- batches of one point together -------------------------------------------------------------- */

typedef struct {
  const ProcessBatch *batch;
  int32_t             point;
} Place;

static int compare_places(const void *a, const void *b)
{
  const Place *x = a, *y = b;
  return (x->point > y->point) - (x->point < y->point);
}

static PetscErrorCode list_batches(Collision c, int species, PetscInt *n, Place **place, PetscReal *pairs)
{
  PetscFunctionBeginUser;
  *n     = 0;
  *pairs = 0.0;
  *place = NULL;
  for (int pass = 0; pass < 2; pass++) {
    if (pass) PetscCall(PetscMalloc1(*n, place));
    *n = 0;
    for (int s = 0; s < 2; s++)
      for (Chunk *k = s ? c->moving.first : c->fixed.first; k; k = k->next) {
        if (k->batch.species[0] != (Species)species || k->batch.count == 0) continue;
        if (pass) {
          (*place)[*n] = (Place){&k->batch, (int32_t)k->point};
          *pairs += (PetscReal)k->batch.count * CollisionActive(c, &k->batch).npairs;
        }
        (*n)++;
      }
  }
  if (*n > 0) qsort(*place, (size_t)*n, sizeof(Place), compare_places);
  PetscFunctionReturn(0);
}

static void read_table(const Table *t, Meetings *m)
{
  const PetscReal scale = (PetscReal)t->every;
  for (size_t i = 0; i < t->slots; i++) {
    const Entry  *e = &t->entry[i];
    const int32_t a = (int32_t)(e->key >> 32), b = (int32_t)((e->key & 0xffffffffu) - 1u);
    if (!e->key) continue;
    m->count[PetscMin(TIMES, e->own + e->other)] += scale;
    if (e->other > 0) m->others[PetscMin(TIMES, e->other)] += scale;
    m->other_meetings += scale * e->other;
    m->own_meetings += scale * e->own;
    if (e->own == 0) continue;
    m->own_pairs += scale;
    if (e->other > 0) m->own_shared += scale;
    if (a == b || !t->in_sample[a] || !t->in_sample[b]) continue;
    m->own_possible += scale;
    if (e->own > 1) m->own_both += scale;
  }
}

static PetscErrorCode count_meetings(Collision c, int species, Meetings *m)
{
  const PetscReal n = (PetscReal)c->nunknowns;
  Table           t = {.c = c, .slots = 1 << 12};
  Place          *place;
  PetscInt        nplaces;
  PetscReal       pairs;
  PetscFunctionBeginUser;
  *m = (Meetings){.drawn = c->drawn[species], .possible = 0.5 * n * (n + 1.0)};
  PetscCall(list_batches(c, species, &nplaces, &place, &pairs));
  t.every = 1 + (uint64_t)(pairs / ENTRIES);
  while ((PetscReal)t.slots < 2.5 * pairs / (PetscReal)t.every) t.slots *= 2;
  PetscCall(PetscCalloc1(t.slots, &t.entry));
  PetscCall(PetscCalloc1(c->nunknowns, &t.in_sample));
  for (int s = 0; s < NSPECIES; s++)
    for (PetscInt k = 0; c->unknown[s] && s == species && k < c->nk[s]; k++)
      for (int32_t a = c->states[s]->first[c->ik[s][k]]; a < c->states[s]->first[c->ik[s][k] + 1]; a++) t.in_sample[c->offset[s] + a] = 1;
  for (PetscInt i = 0; i < nplaces; i++) PetscCall(meet_batch(&t, place[i].batch, place[i].point));
  read_table(&t, m);
  PetscCall(PetscFree(t.in_sample));
  PetscCall(PetscFree(t.entry));
  PetscCall(PetscFree(place));
  PetscFunctionReturn(0);
}

/* --- the law --------------------------------------------------------------------------------------- */

/* Of the pairs of the sample those that a part of its points meets */
static PetscReal inside(const PetscReal count[TIMES + 1], PetscReal part)
{
  PetscReal sum = 0.0;
  for (int t = 1; t <= TIMES; t++) sum += count[t] * (1.0 - pow(1.0 - part, t));
  return sum;
}

static PetscReal law(PetscReal N, PetscReal k, PetscReal meetings) { return N * (1.0 - pow(1.0 + meetings / (N * k), -k)); }

/* k that gives the sample's pairs, for N; the law grows with k. */
static PetscReal solve_k(PetscReal N, PetscReal meetings, PetscReal pairs)
{
  PetscReal low = 1e-3, high = 1e3;
  for (int i = 0; i < 60; i++) {
    const PetscReal k = sqrt(low * high);
    if (law(N, k, meetings) < pairs) low = k;
    else high = k;
  }
  return sqrt(low * high);
}

static void fit(Meetings *m)
{
  const PetscReal whole = inside(m->others, 1.0), half = inside(m->others, 0.5);
  PetscReal       best = HUGE_VAL;
  for (int i = 0; i <= 60 && whole > 0.0; i++) {
    const PetscReal N = whole * pow(PetscMax(m->possible / whole, 1.0), i / 60.0) * (1.0 + 1e-9), k = solve_k(N, m->other_meetings, whole);
    const PetscReal error = fabs(law(N, k, m->other_meetings) / whole - 1.0) + fabs(law(N, k, 0.5 * m->other_meetings) / half - 1.0);
    if (error >= best) continue;
    best = error;
    m->N = N;
    m->k = k;
  }
}

/* Beyond the sample: in units of the sample's own estimate */
static PetscReal beyond(const Meetings *m, PetscReal f)
{
  const PetscReal s = m->drawn, x = f / s, others = m->N > 0.0 ? law(m->N, m->k, x * m->other_meetings) : 0.0, here = inside(m->others, 1.0);
  const PetscReal both = m->own_possible > 0.0 ? m->own_both / m->own_possible : 0.0; /* of pairs met at all when both points are there */
  const PetscReal own  = x * m->own_meetings * (1.0 - f * both / (1.0 + both));
  const PetscReal shared = m->own_pairs > 0.0 && here > 0.0 ? PetscMin(1.0, m->own_shared / m->own_pairs * others / here) : 0.0;
  return others + own * (1.0 - shared);
}

static PetscReal blocks_of(const Meetings *m, PetscReal f)
{
  const PetscReal sample = inside(m->count, 1.0), at = beyond(m, m->drawn);
  if (sample == 0.0) return 0.0;
  if (f <= m->drawn) return inside(m->count, f / m->drawn);
  return PetscMin(m->possible, sample * beyond(m, f) / at);
}

PetscErrorCode CollisionCountBlocks(Collision c, PetscInt n, const PetscReal *share, PetscReal *blocks)
{
  Meetings m;
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(blocks, n));
  for (int s = 0; s < NSPECIES; s++) {
    if (!c->states[s]) continue;
    PetscCall(count_meetings(c, s, &m));
    fit(&m);
    for (PetscInt i = 0; i < n; i++) blocks[i] += blocks_of(&m, PetscMin(1.0, share[i]));
  }
  PetscFunctionReturn(0);
}

/* Time, memory and files of a run from what was measured: see forecast.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forecast.h"

#define MIB       1048576.0
#define BLOCK     80.0  /* bytes: 3 x 3 values and the pair */
#define WINDOW    96.0  /* MiB: rates are summed in parts of some 64 */
#define VECTORS   30.0  /* of three numbers per unknown that a solver without fields has */
#define DISK      200e6 /* bytes/s of a results file */
#define LINK      1e9   /* bytes/s between ranks */
#define LATENCY   2e-5  /* s of a collective step, times log2 of the ranks */
#define SERIAL    0.3   /* of making states: mesh and geometry, done by each node */
#define BINS      200   /* of cumulative sums */
#define HEADER    590.0 /* bytes of a dataset beside its numbers */

const char *const ForecastTimeName[TIME_PARTS]     = {"reading the material", "states", "finding processes", "rates", "filling blocks", "applying the operator", "vectors and preconditioners", "writing"};
const char *const ForecastMemoryName[MEMORY_PARTS] = {"program", "material", "states", "tables and buffers", "processes", "blocks", "solver"};

/* What one operator's share of a rank is. */
typedef struct {
  PetscReal processes, moving, bytes, moving_bytes, pairs, moving_pairs, find, find_moving, unknowns, blocks, table;
  bool      kept, stored;
} Part;

static PetscReal power(const Forecast *f) { return 2.0 * f->dimension - (f->gaussian ? 0.0 : 1.0); }

/* Blocks of a rank: between the shares counted, straight in the logarithms. */
static PetscReal blocks_at(const ForecastOperator *o, PetscReal share)
{
  const PetscReal at = PetscMin(FORECAST_SHARES - 1.001, PetscMax(0.0, -log2(share)));
  const int       i  = (int)at;
  if (o->blocks[i] <= 0.0 || o->blocks[i + 1] <= 0.0) return o->blocks[i];
  return o->blocks[i] * pow(o->blocks[i + 1] / o->blocks[i], at - i) * (share < pow(2.0, 1 - FORECAST_SHARES) ? share * pow(2.0, FORECAST_SHARES - 1) : 1.0);
}

/* max/mean of the ranks' work: points are dealt, the heaviest first. */
static PetscReal imbalance(const ForecastOperator *o, PetscReal ranks, PetscReal x, int dimension)
{
  const PetscReal points = o->points * pow(x, dimension);
  return PetscMax(1.0, PetscMax(o->sample.largest * ranks * o->points / points, ranks / points));
}

static Part part_of(const Forecast *f, const ForecastOperator *o, PetscReal ranks, PetscReal x)
{
  const CollisionSample *s = &o->sample;
  const PetscReal        grow = pow(x, power(f)) / ranks;
  Part                   p = {.processes = s->processes * grow, .moving = s->moving * grow, .bytes = s->bytes * grow, .moving_bytes = s->moving_bytes * grow, .pairs = s->pairs * grow, .moving_pairs = s->moving_pairs * grow};
  p.find        = s->seconds * grow;
  p.find_moving = s->moving_seconds * grow;
  p.unknowns    = o->unknowns * pow(x, f->dimension);
  p.blocks      = PetscMin(pow(x, power(f)) * blocks_at(o, 1.0 / ranks), 0.5 * p.unknowns * (p.unknowns + 1.0));
  p.kept        = p.bytes <= f->limit;
  p.table       = CollisionTableBytes(p.unknowns, p.processes + p.moving, p.blocks);
  const PetscReal beside = p.moving_bytes + (p.kept ? p.bytes : 0.0), hashed = p.table == CollisionTableBytes(p.unknowns, 0.0, p.blocks) ? p.table : 0.0; /* a triangle is not counted */
  p.stored = !f->replayed && BLOCK * p.blocks + hashed + 12.0 * (p.processes + p.moving) + beside <= f->limit;
  return p;
}

/* Power of the edge that a quantity grows with, from two pilots; between least and most. */
static PetscReal slope(const Forecast *f, PetscReal fine, PetscReal coarse, PetscReal least, PetscReal most)
{
  if (f->npilots < 2 || fine <= 0.0 || coarse <= 0.0) return PetscMin(most, PetscMax(least, least > 0.0 ? (PetscReal)f->dimension : 0.0));
  return PetscMin(most, PetscMax(least, log(fine / coarse) / log(f->pilot[1].ratio / f->pilot[0].ratio)));
}

/* A count of the pilots at a point of the scan, on meshes with edges x times the deck's */
static PetscReal per_point(const Forecast *f, PetscInt fine, PetscInt coarse, PetscReal x)
{
  const PetscReal a = (PetscReal)fine / (PetscReal)f->pilot[0].points, b = f->npilots > 1 ? (PetscReal)coarse / (PetscReal)f->pilot[1].points : a;
  return a * pow(f->pilot[0].ratio * x, slope(f, a, b, 0.0, 0.7));
}

static void solve_operator(const Forecast *f, int k, const Part *p, PetscReal ranks, PetscReal x, Estimate *e)
{
  const ForecastOperator *o = &f->op[k];
  const CollisionWork    *w = &f->pilot[0].work[k], *v = &f->pilot[1].work[k];
  const PetscReal         n = (PetscReal)f->points, all = p->processes + p->moving, again = p->kept ? 0.0 : p->find;
  const PetscReal         rates = n * per_point(f, w->rates, v->rates, x), fills = n * per_point(f, w->fills, v->fills, x), applications = n * per_point(f, w->applications, v->applications, x);
  e->time[TIME_FIND] += n * p->find_moving + rates * again;
  e->time[TIME_RATES] += rates * o->rates * all;
  if (p->stored) {
    e->time[TIME_FIND] += 2.0 * fills * again;
    e->time[TIME_FILL] += fills * (o->fill + (p->kept ? 0.0 : o->first)) * all + o->first * all;
    e->time[TIME_APPLY] += applications * o->apply * p->blocks;
  } else {
    e->time[TIME_FIND] += applications * again;
    e->time[TIME_APPLY] += applications * o->replay * all;
  }
  e->time[TIME_APPLY] += applications * o->vector * p->unknowns / ranks;
  if (ranks > 1.0) e->time[TIME_APPLY] += applications * (48.0 * p->unknowns * PetscMin(1.0, 4.0 / ranks) / LINK + 3.0 * LATENCY * log2(ranks));
}

/* MiB of a rank's processes and blocks */
static void hold_operator(const Forecast *f, const Part *p, Estimate *e)
{
  PetscReal held  = p->moving_bytes, blocks = 0.0;
  if (p->kept) held += p->bytes;
  if (p->stored) blocks = BLOCK * p->blocks + p->table + 4.0 * (p->moving_pairs + (p->kept ? p->pairs : 0.0));
  if (!p->kept) held = PetscMax(held, PetscMax(0.0, f->limit - blocks)); /* filled up before it is known that they do not fit */
  else if (!p->stored && !f->replayed) blocks = PetscMax(0.0, f->limit - held);
  e->mib[MEMORY_PROCESSES] += held / MIB;
  e->mib[MEMORY_BLOCKS] += blocks / MIB;
}

/* Datasets of the results file and their numbers. */
static PetscReal results_bytes(const Forecast *f, PetscReal x)
{
  const PetscReal n = (PetscReal)f->points, each = n * (PetscReal)(f->fields * f->frequencies), grow = pow(x, f->dimension);
  const bool      phonons = f->lattice || f->both;
  PetscReal       tensors = f->lattice ? 1.0 : f->both ? 8.0 : 7.0, sets = f->lattice ? 7.0 : 11.0, bytes = 8.0 * 8.0 + 24.0 * (PetscReal)f->fields;
  if (f->magnetic) tensors += 12.0;
  for (int i = 0; i < f->nlevels; i++) {
    const bool drag = f->level[i] == LEVEL_DRAG;
    sets += 11.0 + tensors + (drag ? 8.0 : 0.0) + (phonons ? (drag ? 5.0 : 3.0) : 0.0);
    bytes += (tensors + (drag ? 8.0 : 0.0)) * each * 72.0 * (f->alternating ? 2.0 : 1.0) + 88.0 * each + (phonons ? (drag ? 5.0 : 3.0) * n * BINS * 8.0 : 0.0);
  }
  for (int k = 0; f->write_states && k < f->noperators; k++) {
    const bool      lattice = f->lattice || k == 1;
    const PetscReal columns = f->ncolumns[k], levels = f->nlevels;
    sets += 6.0 + columns + levels * (lattice ? 2.0 : 1.0);
    bytes += f->states[k] * grow * (72.0 + (lattice ? 8.0 : 0.0) + 8.0 * n * columns + n * levels * (lattice ? 32.0 : 24.0));
  }
  return sets * HEADER + bytes;
}

/* MiB per rank of numbers of single states that are kept until they are written */
static PetscReal states_kept(const Forecast *f, PetscReal ranks, PetscReal x)
{
  PetscReal bytes = 0.0;
  for (int k = 0; k < f->noperators; k++) {
    const bool      lattice = f->lattice || k == 1;
    const PetscReal values = (f->write_states ? f->ncolumns[k] : 0.0) + (lattice || f->write_states ? 9.0 : 0.0) + (lattice ? 4.0 : 0.0);
    bytes += 8.0 * values * (PetscReal)f->points * f->states[k] * pow(x, f->dimension);
  }
  return bytes / (ranks * MIB);
}

/* MiB of vectors, all ranks; in a field also of preconditioners and Krylov spaces, which the pilots say. */
static PetscReal solver_memory(const Forecast *f, PetscReal edges)
{
  const ForecastPilot *p = &f->pilot[0], *q = &f->pilot[1];
  PetscReal            unknowns = 0.0;
  for (int k = 0; k < f->noperators; k++) unknowns += f->op[k].unknowns;
  if (f->magnetic || f->alternating || f->assembled) return p->memory * pow(p->ratio * edges, slope(f, p->memory, q->memory, f->dimension, (f->assembled ? 2.0 : 1.4) * f->dimension));
  return VECTORS * 24.0 * unknowns * pow(f->ratio * edges, f->dimension) / MIB;
}

void ForecastEstimate(const Forecast *f, PetscInt nranks, PetscInt per_node, PetscReal edges, Estimate *e)
{
  const PetscReal      ranks = (PetscReal)nranks, x = edges * f->ratio, grow = pow(x, f->dimension), nodes = PetscMin(ranks, (PetscReal)per_node);
  const ForecastPilot *p = &f->pilot[0], *q = &f->pilot[1];
  PetscReal            rates = 0.0;
  *e = (Estimate){.kept = true, .stored = true};
  for (int k = 0; k < f->noperators; k++) {
    const ForecastOperator *o    = &f->op[k];
    const Part              part = part_of(f, o, ranks, x);
    e->time[TIME_FIND] += part.find * imbalance(o, ranks, x, f->dimension) + o->sample.deal_seconds * pow(x, 2.0 * f->dimension) / ranks;
    solve_operator(f, k, &part, ranks, edges, e);
    hold_operator(f, &part, e);
    rates = PetscMax(rates, PetscMin(o->memory * grow, PetscMax(o->memory, WINDOW)));
    e->kept   = e->kept && part.kept;
    e->stored = e->stored && part.stored;
    e->processes += ranks * (part.processes + part.moving);
    e->blocks += part.blocks;
    e->checkpoint += ranks * (part.kept ? part.bytes : 0.0) + 2.0 * 24.0 * part.unknowns * (PetscReal)(f->nlevels * (f->both ? 3 : f->lattice ? 1 : 2));
  }
  e->time[TIME_MATERIAL] = f->material_s;
  e->time[TIME_STATES]   = f->states_s * grow * (SERIAL + (1.0 - SERIAL) / ranks);
  e->time[TIME_FIND] += (f->create_s + f->drag_s) * grow / ranks;
  e->time[TIME_REST]  = (PetscReal)f->points * p->rest * pow(p->ratio * edges, slope(f, p->rest, q->rest, 0.5 * f->dimension, 2.2 * f->dimension)) / ranks;
  e->results          = results_bytes(f, x);
  e->checkpoint += 2.0 * states_kept(f, 1.0, x) * MIB; /* its processes once, its state twice */
  e->time[TIME_WRITE] = e->results / DISK;
  e->mib[MEMORY_PROGRAM]  = f->start;
  e->mib[MEMORY_MATERIAL] = f->material;
  e->mib[MEMORY_STATES]   = f->made * grow;
  e->mib[MEMORY_OWN]      = f->own * (f->tetrahedra ? grow : 1.0) + rates;
  e->mib[MEMORY_SOLVER]   = (f->drag * grow + solver_memory(f, edges)) / ranks + states_kept(f, ranks, x);
  for (int i = 0; i < TIME_PARTS; i++) e->seconds += e->time[i];
  for (int i = 0; i < MEMORY_PARTS; i++) e->memory += e->mib[i];
  const PetscReal once = PetscMin(f->shared, e->mib[MEMORY_MATERIAL] + f->made) + f->made * (grow - 1.0);
  e->node = nodes * e->memory - (nodes - 1.0) * PetscMin(once, e->memory);
}

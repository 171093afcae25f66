/*
  Electron-phonon scattering with interpolated vertices:  i + l -> j,  K = (2 pi/N) |g|^2 delta(e_j - e_i - omega_l),  q = k_j - k_i.

  A process is normal when k_i + q = k_j for the crystal momenta of StatesMomentum.

  Enumerated from the absorbing side. |g|^2 is averaged over states degenerate at k, at k + q and at q, where the gauge is free; all partners q
  of one k go through CouplingEvaluate in blocks. Points are looked at SPAN at a time, and those that take part wait until a block is full, so that
  work space does not grow with the mesh; tetrahedra, which join points, take all of them at once.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define BLOCK      512                   /* partners per call: whole blocks of CouplingEvaluate */
#define SPAN       2048                  /* points looked at together */
#define BATCH_K    32                    /* k points half-transformed together */
#define CAPACITY   8192                  /* processes per batch */

enum { ALL, NORMAL, UMKLAPP };

typedef struct { /* one wedge point being enumerated */
  PetscInt  ik, nstates, nbi;  /* first states; initial bands first_band .. first_band + nbi - 1 */
  PetscInt  first_band;
  int64_t   linear;
} Initial;

typedef struct {
  Coupling   coupling;
  PetscInt   kind;                 /* of processes that are kept */
  PetscInt   nprepared, *prepared; /* wedge points to come, from prepare() */
  PetscInt   nbatch;               /* the points now in the coupling: */
  PetscInt   batch[BATCH_K];
  PetscInt   span;                 /* points looked at together */
  int32_t   *q_wedge;              /* [span] wedge point of q = k' - k */
  int64_t   *q_linear;             /* [span] */
  PetscReal *x, *gradient, *second, *mode_velocity; /* [span], [span][3], same, [span][nmodes][3] */
  PetscReal *weight;               /* [state][slot][mode][span] */
  size_t     nweight;
  int32_t   *taken;                /* [span] */
  struct {                         /* partners waiting for their vertices */
    PetscInt   n;
    int32_t    point[BLOCK], q_wedge[BLOCK];
    int64_t    q_linear[BLOCK];
    PetscReal *weight;             /* [BLOCK][state][slot][mode] */
  } partner;
  PetscReal *g2, *q, *omega;       /* per block */
  Complex   *U, *displacement;
  int32_t   *member[3];            /* batch under construction */
  uint8_t   *op[3];
  PetscReal *kernel;
  PetscInt   count;
  PetscReal  processes, vertices;
} Data;

static const DeckKey keys[] = {
  {"scattering.electron_phonon", DECK_SECTION, .primary = "processes", .help = "electron-phonon coupling of the material"},
  {"scattering.electron_phonon.processes", DECK_CHOICE, .choices = "all|normal|umklapp", .fallback = "all", .help = "leave out umklapp, or normal, processes"},
  {NULL}};

static PetscErrorCode create(Channel c)
{
  Data    *d;
  States   el = c->context->electrons;
  PetscInt nbands, nm;
  bool     has_coupling;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(c->context->material, &nbands, &nm, &has_coupling, NULL));
  if (!has_coupling) PetscCall(DeckError(c->deck, "", "this material has no electron-phonon coupling; models: give material.model.coupling, or use acoustic_deformation, optical_deformation or polar_optical"));
  PetscCall(PetscNew(&d));
  c->data = d;
  PetscCall(DeckGetChoice(c->deck, "processes", &d->kind));
  PetscCall(CouplingCreate(c->context->material, &d->coupling));
  const bool     whole = c->context->delta.scheme == DELTA_TETRAHEDRON;
  const PetscInt np = whole ? el->npoints : PetscMin(SPAN, el->npoints), nb = el->nb;
  d->span = np;
  PetscCall(PetscMalloc5(np, &d->q_wedge, np, &d->q_linear, np, &d->x, 3 * np, &d->gradient, 3 * np, &d->second));
  PetscCall(PetscMalloc2(3 * (size_t)np * (size_t)nm, &d->mode_velocity, np, &d->taken));
  PetscCall(PetscMalloc5(BLOCK * nb * nb * nm, &d->g2, 3 * BLOCK, &d->q, BLOCK * nm, &d->omega, BLOCK * nbands * nb, &d->U, BLOCK * nm * nm, &d->displacement));
  PetscCall(PetscMalloc7(CAPACITY, &d->member[0], CAPACITY, &d->member[1], CAPACITY, &d->member[2], CAPACITY, &d->op[0], CAPACITY, &d->op[1], CAPACITY, &d->op[2], CAPACITY, &d->kernel));
  PetscCall(PetscArrayzero(d->op[0], CAPACITY));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Data *d = c->data;
  PetscFunctionBeginUser;
  if (!d) PetscFunctionReturn(0);
  PetscCall(CouplingDestroy(&d->coupling));
  PetscCall(PetscFree(d->prepared));
  PetscCall(PetscFree(d->weight));
  PetscCall(PetscFree(d->partner.weight));
  PetscCall(PetscFree5(d->q_wedge, d->q_linear, d->x, d->gradient, d->second));
  PetscCall(PetscFree2(d->mode_velocity, d->taken));
  PetscCall(PetscFree5(d->g2, d->q, d->omega, d->U, d->displacement));
  PetscCall(PetscFree7(d->member[0], d->member[1], d->member[2], d->op[0], d->op[1], d->op[2], d->kernel));
  PetscCall(PetscFree(d));
  c->data = NULL;
  PetscFunctionReturn(0);
}

static PetscErrorCode prepare(Channel c, PetscInt nk, const PetscInt *ik)
{
  Data *d = c->data;
  PetscFunctionBeginUser;
  PetscCall(PetscFree(d->prepared));
  PetscCall(PetscMalloc1(nk, &d->prepared));
  PetscCall(PetscArraycpy(d->prepared, ik, nk));
  d->nprepared = nk;
  d->nbatch    = 0;
  PetscFunctionReturn(0);
}

/* How far from x = 0 the delta function of a pair reaches: its width from the final state's velocity, far above a phonon's. */
static PetscReal reach(const Delta *delta, KMesh mesh, const PetscReal velocity[3])
{
  if (delta->scheme == DELTA_GAUSSIAN) return delta->cutoff * delta->width;
  const PetscReal cell = sqrt(2.0 * DeltaVariance(mesh, velocity));
  return delta->scheme == DELTA_TETRAHEDRON ? cell : delta->cutoff * PetscMax(delta->minimum, delta->width * cell);
}

/* Branches that conserve energy between state i and a slot of a point. */
static PetscInt count_branches(Channel c, int32_t i, PetscInt at, PetscInt q_wedge)
{
  const States     el = c->context->electrons, ph = c->context->phonons;
  const PetscReal *omega = ph->omega + (size_t)q_wedge * (size_t)ph->nb, de = el->point_energy[at] - el->energy[i];
  const PetscReal  slack = reach(&c->context->delta, el->mesh, el->point_velocity + 3 * at);
  PetscInt         n = 0;
  if (de < omega[0] - slack || de > omega[ph->nb - 1] + slack) return 0;
  for (PetscInt nu = 0; nu < ph->nb; nu++) n += fabs(de - omega[nu]) <= slack;
  return n;
}

/* Seconds, about: the half transform, then partners and their processes. */
static PetscErrorCode work(Channel c, PetscInt ik, PetscReal *out)
{
  const States  el = c->context->electrons, ph = c->context->phonons;
  const int64_t linear = el->mesh->wedge[el->wedge[ik]];
  PetscInt64    partners = 0, processes = 0;
  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < el->npoints; p++) {
    const PetscInt   q_wedge = ph->mesh->wedge_of[MeshDifference(ph->mesh, el->point[p], linear)];
    const PetscInt64 before  = processes;
    for (PetscInt slot = 0; slot < el->nb; slot++)
      for (int32_t i = el->first[ik]; el->point_state[p * el->nb + slot] >= 0 && i < el->first[ik + 1]; i++) processes += count_branches(c, i, p * el->nb + slot, q_wedge);
    partners += processes > before;
  }
  *out = 3e-3 + 6e-6 * (PetscReal)partners + 1e-7 * (PetscReal)processes + 3e-9 * (PetscReal)el->npoints * (PetscReal)(el->first[ik + 1] - el->first[ik]) * (PetscReal)(el->nb * ph->nb);
  PetscFunctionReturn(0);
}

/* Position of first states' bands at a wedge point. */
static void initial_bands(States el, PetscInt ik, PetscInt *first, PetscInt *count)
{
  PetscInt low = el->band[el->first[ik]], high = low;
  for (int32_t i = el->first[ik]; i < el->first[ik + 1]; i++) {
    low  = PetscMin(low, el->band[i]);
    high = PetscMax(high, el->band[i]);
  }
  *first = low;
  *count = high - low + 1;
}

/* Half-transform the next points of the prepared list, beginning with ik; *at: its position in the coupling. */
static PetscErrorCode load_batch(Channel c, PetscInt ik, PetscInt *at)
{
  Data     *d  = c->data;
  States    el = c->context->electrons;
  PetscInt  nbands, begin = 0, first[BATCH_K], count[BATCH_K];
  PetscReal k[3 * BATCH_K], *e;
  Complex  *U;
  PetscFunctionBeginUser;
  for (*at = 0; *at < d->nbatch; (*at)++)
    if (d->batch[*at] == ik) PetscFunctionReturn(0);
  while (begin < d->nprepared && d->prepared[begin] != ik) begin++;
  if (begin == d->nprepared) {
    PetscCall(prepare(c, 1, &ik));
    begin = 0;
  }
  d->nbatch = PetscMin(BATCH_K, d->nprepared - begin);
  PetscCall(MaterialGetSizes(c->context->material, &nbands, NULL, NULL, NULL));
  PetscCall(PetscMalloc2(BATCH_K * nbands, &e, BATCH_K * nbands * nbands, &U));
  for (PetscInt i = 0; i < d->nbatch; i++) {
    d->batch[i] = d->prepared[begin + i];
    MeshPoint(el->mesh, el->mesh->wedge[el->wedge[d->batch[i]]], k + 3 * i);
    initial_bands(el, d->batch[i], &first[i], &count[i]);
  }
  PetscCall(MaterialElectrons(c->context->material, d->nbatch, k, e, NULL, U));
  PetscCall(CouplingSetInitial(d->coupling, d->nbatch, k, U, first, count));
  PetscCall(PetscFree2(e, U));
  *at = 0;
  PetscFunctionReturn(0);
}

/* q of the points [begin, begin + n), and branch velocities there where the delta function wants them. */
static PetscErrorCode momenta(Channel c, const Initial *f, PetscInt begin, PetscInt n)
{
  Data    *d  = c->data;
  States   el = c->context->electrons, ph = c->context->phonons;
  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    d->q_linear[p] = MeshDifference(ph->mesh, el->point[begin + p], f->linear);
    d->q_wedge[p]  = ph->mesh->wedge_of[d->q_linear[p]];
    if (c->context->delta.scheme == DELTA_ADAPTIVE) PetscCall(StatesPhononsAt(ph, d->q_linear[p], NULL, d->mode_velocity + 3 * p * ph->nb, NULL));
  }
  PetscFunctionReturn(0);
}

static void fill_slice(Channel c, PetscInt begin, PetscInt n, int32_t i, PetscInt slot, PetscInt nu)
{
  Data            *d  = c->data;
  States           el = c->context->electrons, ph = c->context->phonons;
  const PetscInt   nm = ph->nb, nb = el->nb;
  const PetscReal *vi = el->velocity + 3 * i, *energy = el->point_energy + (size_t)begin * (size_t)nb, *velocity = el->point_velocity + 3 * (size_t)begin * (size_t)nb;
  for (PetscInt p = 0; p < n; p++) d->x[p] = energy[p * nb + slot] - el->energy[i] - ph->omega[(size_t)d->q_wedge[p] * (size_t)nm + (size_t)nu];
  if (c->context->delta.scheme != DELTA_ADAPTIVE) return;
  for (PetscInt p = 0; p < n; p++)
    for (int r = 0; r < 3; r++) {
      const PetscReal vl      = d->mode_velocity[3 * (p * nm + nu) + r];
      d->gradient[3 * p + r] = velocity[3 * (p * nb + slot) + r] - vl;
      d->second[3 * p + r]   = vi[r] - vl;
    }
}

static PetscErrorCode wanted(Channel c, const Initial *f, PetscInt p, int64_t q_linear, bool *yes)
{
  const Data *d    = c->data;
  const KMesh mesh = c->context->electrons->mesh;
  PetscReal   ki[3], kj[3], q[3];
  PetscFunctionBeginUser;
  *yes = true;
  if (d->kind == ALL) PetscFunctionReturn(0);
  PetscCall(StatesMomentum(c->context->electrons, f->linear, ki));
  PetscCall(StatesMomentum(c->context->electrons, c->context->electrons->point[p], kj));
  PetscCall(StatesMomentum(c->context->phonons, q_linear, q));
  const PetscReal G[3] = {ki[0] + q[0] - kj[0], ki[1] + q[1] - kj[1], ki[2] + q[2] - kj[2]};
  *yes = (Norm3(G) < 1e-6 * Norm3(mesh->crystal->b[0])) == (d->kind == NORMAL);
  PetscFunctionReturn(0);
}

static PetscInt slices(Channel c, const Initial *f) { return f->nstates * c->context->electrons->nb * c->context->phonons->nb; }

static PetscErrorCode make_room(Channel c, PetscInt nslices)
{
  Data *d = c->data;
  PetscFunctionBeginUser;
  if ((size_t)nslices * (size_t)d->span <= d->nweight) PetscFunctionReturn(0);
  d->nweight = (size_t)nslices * (size_t)d->span;
  PetscCall(PetscFree(d->weight));
  PetscCall(PetscFree(d->partner.weight));
  PetscCall(PetscMalloc1(d->nweight, &d->weight));
  PetscCall(PetscMalloc1((size_t)nslices * BLOCK, &d->partner.weight));
  PetscFunctionReturn(0);
}

/* Delta weights of all slices at the points [begin, begin + n): which of them take part. */
static PetscErrorCode weigh(Channel c, const Initial *f, PetscInt begin, PetscInt n)
{
  Data          *d  = c->data;
  States         el = c->context->electrons, ph = c->context->phonons;
  const Delta   *delta = &c->context->delta;
  const PetscInt nb = el->nb, nm = ph->nb, nslices = slices(c, f);
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(d->taken, n));
  for (PetscInt s = 0; s < nslices; s++) {
    const PetscInt slot = (s / nm) % nb, nu = s % nm;
    PetscReal     *w    = d->weight + (size_t)s * (size_t)d->span;
    bool           any;
    if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
    fill_slice(c, begin, n, el->first[f->ik] + (int32_t)(s / (nm * nb)), slot, nu);
    if (delta->scheme == DELTA_TETRAHEDRON) PetscCall(DeltaWeights(delta, el, d->x, NULL, NULL, w, &any));
    else PetscCall(DeltaWeightsOf(delta, el->mesh, n, d->x, d->gradient, d->second, w, &any));
    for (PetscInt p = 0; any && p < n; p++) d->taken[p] |= w[p] != 0.0 && el->point_state[(begin + p) * nb + slot] >= 0 && StatesPhononState(ph, d->q_wedge[p], nu) >= 0;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode flush(Channel c, const ProcessSink *sink)
{
  Data        *d     = c->data;
  ProcessBatch batch = {.count = d->count, .nmembers = 3, .species = {SPECIES_ELECTRON, SPECIES_PHONON, SPECIES_ELECTRON}, .s = {1, 1, -1}, .kernel = d->kernel};
  PetscFunctionBeginUser;
  if (d->count == 0) PetscFunctionReturn(0);
  for (int m = 0; m < 3; m++) {
    batch.state[m] = d->member[m];
    batch.op[m]    = d->op[m];
  }
  PetscCall(sink->consume(sink->ctx, &batch));
  d->processes += (PetscReal)d->count;
  d->count = 0;
  PetscFunctionReturn(0);
}

/* Processes of the waiting partners, g2 [n][nb][nbi][nm] at hand. */
static PetscErrorCode emit(Channel c, const Initial *f, const ProcessSink *sink)
{
  Data           *d  = c->data;
  States          el = c->context->electrons, ph = c->context->phonons;
  const PetscInt  nb = el->nb, nm = ph->nb, nslices = slices(c, f);
  const PetscReal prefactor = 2.0 * UMK_PI / (PetscReal)ph->mesh->size;
  PetscFunctionBeginUser;
  for (PetscInt a = 0; a < f->nstates; a++) {
    const int32_t  i  = el->first[f->ik] + (int32_t)a;
    const PetscInt bi = el->band[i] - f->first_band;
    for (PetscInt iq = 0; iq < d->partner.n; iq++)
      for (PetscInt slot = 0; slot < nb; slot++) {
        const int32_t p = d->partner.point[iq], j = el->point_state[p * nb + slot];
        if (j < 0) continue;
        for (PetscInt nu = 0; nu < nm; nu++) {
          const PetscReal w = d->partner.weight[iq * nslices + (a * nb + slot) * nm + nu];
          const int32_t   l = StatesPhononState(ph, d->partner.q_wedge[iq], nu);
          const PetscReal K = prefactor * w * d->g2[((iq * nb + slot) * f->nbi + bi) * nm + nu];
          if (l < 0 || !(K > 0.0)) continue;
          if (d->count == CAPACITY) PetscCall(flush(c, sink));
          const PetscInt n = d->count++;
          d->member[0][n]  = i;
          d->member[1][n]  = l;
          d->member[2][n]  = j;
          d->op[1][n]      = ph->mesh->op_of[d->partner.q_linear[iq]];
          d->op[2][n]      = el->point_op[p];
          d->kernel[n]     = K;
        }
      }
  }
  PetscFunctionReturn(0);
}

/* Vertices of the waiting partners, averaged where the gauge is free. at: place of the first point in the coupling. */
static PetscErrorCode vertices(Channel c, const Initial *f, PetscInt at)
{
  Data            *d  = c->data;
  States           el = c->context->electrons, ph = c->context->phonons;
  const PetscInt   nb = el->nb, nm = ph->nb, nq = d->partner.n;
  const PetscReal *initial = el->point_energy + (size_t)StatesFindPoint(el, f->linear) * (size_t)nb + (f->first_band - el->band_first);
  PetscInt         nbands;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(c->context->material, &nbands, NULL, NULL, NULL));
  for (PetscInt iq = 0; iq < nq; iq++) {
    const int32_t    p = d->partner.point[iq];
    const PetscReal *omega;
    MeshPoint(ph->mesh, d->partner.q_linear[iq], d->q + 3 * iq);
    PetscCall(StatesPhononsAt(ph, d->partner.q_linear[iq], &omega, NULL, d->displacement + iq * nm * nm));
    PetscCall(PetscArraycpy(d->omega + iq * nm, omega, nm));
    if (el->point_U) PetscCall(PetscArraycpy(d->U + iq * nbands * nb, el->point_U + (size_t)p * (size_t)(nbands * nb), nbands * nb));
    for (PetscInt b = 0; !el->point_U && b < nbands * nb; b++) d->U[iq * nbands * nb + b] = b / nb == el->band_first + b % nb;
  }
  PetscCall(CouplingEvaluate(d->coupling, at, nq, d->q, nb, d->U, d->displacement, d->omega, ph->omega_min, d->g2));
  for (PetscInt iq = 0; iq < nq; iq++) {
    PetscReal *g = d->g2 + iq * nb * f->nbi * nm;
    if (el->point_U) ChannelAverageDegenerate(1, nb, f->nbi * nm, el->point_energy + (size_t)d->partner.point[iq] * (size_t)nb, g);
    if (el->point_U) ChannelAverageDegenerate(nb, f->nbi, nm, initial, g);
    ChannelAverageDegenerate(nb * f->nbi, nm, 1, d->omega + iq * nm, g);
  }
  d->vertices += (PetscReal)(nq * nb * f->nbi * nm);
  PetscFunctionReturn(0);
}

/* Vertices and processes of the waiting partners. */
static PetscErrorCode finish_block(Channel c, const Initial *f, const ProcessSink *sink)
{
  Data    *d = c->data;
  PetscInt at;
  PetscFunctionBeginUser;
  if (d->partner.n == 0) PetscFunctionReturn(0);
  if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  PetscCall(load_batch(c, f->ik, &at));
  PetscCall(vertices(c, f, at));
  PetscCall(emit(c, f, sink));
  d->partner.n = 0;
  PetscFunctionReturn(0);
}

/* Points that take part wait for a full block. */
static PetscErrorCode queue(Channel c, const Initial *f, PetscInt begin, PetscInt n, const ProcessSink *sink)
{
  Data          *d       = c->data;
  const PetscInt nslices = slices(c, f);
  PetscFunctionBeginUser;
  for (PetscInt p = 0; p < n; p++) {
    bool yes;
    if (!d->taken[p]) continue;
    PetscCall(wanted(c, f, begin + p, d->q_linear[p], &yes));
    if (!yes) continue;
    const PetscInt i       = d->partner.n++;
    d->partner.point[i]    = (int32_t)(begin + p);
    d->partner.q_wedge[i]  = d->q_wedge[p];
    d->partner.q_linear[i] = d->q_linear[p];
    for (PetscInt s = 0; s < nslices; s++) d->partner.weight[i * nslices + s] = d->weight[(size_t)s * (size_t)d->span + (size_t)p];
    if (d->partner.n == BLOCK) PetscCall(finish_block(c, f, sink));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate_point(Channel c, const StatesPoint *point, PetscInt ik, const ProcessSink *sink)
{
  Data    *d  = c->data;
  States   el = c->context->electrons;
  Initial  f  = {.ik = ik, .nstates = el->first[ik + 1] - el->first[ik], .linear = el->mesh->wedge[el->wedge[ik]]};
  PetscFunctionBeginUser;
  (void)point;
  initial_bands(el, ik, &f.first_band, &f.nbi);
  PetscCall(make_room(c, slices(c, &f)));
  for (PetscInt begin = 0; begin < el->npoints; begin += d->span) {
    const PetscInt n = PetscMin(d->span, el->npoints - begin);
    PetscCall(momenta(c, &f, begin, n));
    PetscCall(weigh(c, &f, begin, n));
    PetscCall(queue(c, &f, begin, n, sink));
  }
  PetscCall(finish_block(c, &f, sink));
  PetscCall(flush(c, sink));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *point, PetscInt ik, const ProcessSink *sink)
{
  const Data *d = c->data;
  PetscReal   before, after;
  PetscFunctionBeginUser;
  PetscCall(CouplingGetCost(d->coupling, &before, NULL));
  PetscCall(enumerate_point(c, point, ik, sink));
  PetscCall(CouplingGetCost(d->coupling, &after, NULL));
  PetscCall(PetscLogFlops(after - before));
  PetscFunctionReturn(0);
}

static PetscErrorCode report(Channel c)
{
  Data     *d = c->data;
  PetscReal flops, seconds;
  PetscFunctionBeginUser;
  PetscCall(CouplingGetCost(d->coupling, &flops, &seconds));
  Log(1, "  electron_phonon: %.4g vertices and %.4g processes on rank 0, vertex kernel %.1f Gflop/s", d->vertices, d->processes, seconds > 0.0 ? 1e-9 * flops / seconds : 0.0);
  PetscFunctionReturn(0);
}

const ChannelType electron_phonon_channel = {
  .name = "electron_phonon", .help = "electron-phonon coupling of the material", .keys = keys, .needs_phonons = true, .acts = CHANNEL_ON_ELECTRONS | CHANNEL_ON_PHONONS,
  .create = create, .destroy = destroy, .enumerate = enumerate, .work = work, .prepare = prepare, .report = report};

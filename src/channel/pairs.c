/*
  The enumerator of two-body electron scattering; see pairs.h.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include "pairs.h"
#include <string.h>

#define BATCH      4096
#define DEGENERATE (1e-6 * UMK_RYDBERG)

const int PairsChoice[5] = {PAIRS_SAME, PAIRS_DIFFERENT, PAIRS_ALL, PAIRS_PARALLEL, PAIRS_CROSSED};

struct _p_Pairs {
  PetscReal self; /* C of the first state with itself */
  const ChannelContext *context;
  States           states;
  const int       *valley;    /* NULL: overlaps from U */
  const PetscReal *axes, *centres;
  PetscInt         nbands;
  bool             box;
  PetscReal        origin[3]; /* folded fractional k of the first point */
  PetscInt64       origin_linear;
  PetscInt         origin_point;
  PetscReal       *x, (*gradient)[3], (*second)[3], *weight; /* [npoints] */
  PetscInt         count;
  int32_t          first[BATCH], last[BATCH];
  uint8_t          op[BATCH];
  PetscReal        energy[BATCH], kernel[BATCH];
};

PetscErrorCode PairsCreate(const ChannelContext *context, Pairs *pairs)
{
  Pairs    p;
  PetscInt nmodes, spin;
  bool     coupling;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&p));
  *pairs     = p;
  p->context = context;
  p->states  = context->electrons;
  PetscCall(MaterialGetSizes(context->material, &p->nbands, &nmodes, &coupling, &spin));
  PetscCall(MaterialGetValleys(context->material, &p->valley));
  PetscCall(MaterialGetValleyAxes(context->material, &p->axes));
  PetscCall(MaterialGetCentres(context->material, &p->centres));
  PetscCall(MaterialIsBox(context->material, &p->box));
  PetscCall(PetscMalloc4(p->states->npoints, &p->x, p->states->npoints, &p->gradient, p->states->npoints, &p->second, p->states->npoints, &p->weight));
  PetscFunctionReturn(0);
}

PetscErrorCode PairsDestroy(Pairs *pairs)
{
  PetscFunctionBeginUser;
  if (!*pairs) PetscFunctionReturn(0);
  PetscCall(PetscFree4((*pairs)->x, (*pairs)->gradient, (*pairs)->second, (*pairs)->weight));
  PetscCall(PetscFree(*pairs));
  PetscFunctionReturn(0);
}

PetscErrorCode PairsCheckValleys(Channel c, const char *key, int valleys)
{
  const int *valley;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetValleys(c->context->material, &valley));
  if (!valley && valleys != PAIRS_ALL) return DeckError(c->deck, key, "pairs of valleys are known in model materials only; use '%s: all'", key);
  PetscFunctionReturn(0);
}

static void folded(KMesh mesh, PetscInt64 linear, PetscReal k[3])
{
  MeshPoint(mesh, linear, k);
  for (int c = 0; c < 3; c++) k[c] -= floor(k[c] + 0.5);
}

/* q = k_point - k_first: a plain difference in a model's box, the shortest images on a lattice (their number is returned) */
static int transfer(Pairs p, PetscInt point, PetscReal q[MESH_MAX_SHORTEST][3])
{
  KMesh     mesh = p->states->mesh;
  PetscReal k[3];
  if (!p->box) return MeshShortest(mesh, MeshDifference(mesh, p->states->point[point], p->origin_linear), q);
  folded(mesh, p->states->point[point], k);
  for (int c = 0; c < 3; c++) k[c] -= p->origin[c];
  MatTVec3((const PetscReal(*)[3])mesh->crystal->b, k, q[0]);
  return 1;
}

/* Which kind of pair two bands are; PAIRS_ALL where overlaps decide. */
static int pair_kind(Pairs p, PetscInt i, PetscInt j)
{
  if (!p->valley) return PAIRS_ALL;
  if (p->valley[i] == p->valley[j]) return PAIRS_SAME;
  return fabs(Dot3(&p->axes[3 * i], &p->axes[3 * j])) > 1.0 - 1e-9 ? PAIRS_PARALLEL : PAIRS_CROSSED;
}

/* |sum_a U*_aj(k') U_ai(k) exp(i q.tau_a)|^2, tau: Wannier centres */
static PetscReal overlap_one(Pairs p, PetscInt slot_i, PetscInt point, PetscInt slot_j, const PetscReal q[3])
{
  const States   s  = p->states;
  const Complex *ui = s->point_U + (size_t)p->origin_point * p->nbands * s->nb, *uj = s->point_U + (size_t)point * p->nbands * s->nb;
  Complex        sum = 0.0;
  for (PetscInt a = 0; a < p->nbands; a++) {
    const PetscReal phase = Dot3(q, &p->centres[3 * a]);
    sum += conj(uj[a * s->nb + slot_j]) * ui[a * s->nb + slot_i] * (cos(phase) + I * sin(phase));
  }
  return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

/* Slots begin .. end - 1 of a point whose states are degenerate with `slot`. */
static void degenerate(States s, PetscInt point, PetscInt slot, PetscInt *begin, PetscInt *end)
{
  const PetscReal *e = s->point_energy + point * s->nb;
  for (*begin = slot; *begin > 0 && e[*begin] - e[*begin - 1] < DEGENERATE; (*begin)--);
  for (*end = slot + 1; *end < s->nb && e[*end] - e[*end - 1] < DEGENERATE; (*end)++);
}

/* Averaged over degenerate states, where the gauge is free, and over the n shortest q: equal at symmetry images. */
static PetscReal overlap(Pairs p, PetscInt slot_i, PetscInt point, PetscInt slot_j, int n, const PetscReal (*q)[3])
{
  PetscInt  begin[2], end[2];
  PetscReal sum = 0.0;
  degenerate(p->states, p->origin_point, slot_i, &begin[0], &end[0]);
  degenerate(p->states, point, slot_j, &begin[1], &end[1]);
  for (PetscInt i = begin[0]; i < end[0]; i++)
    for (PetscInt j = begin[1]; j < end[1]; j++)
      for (int k = 0; k < n; k++) sum += overlap_one(p, i, point, j, q[k]);
  return sum / (PetscReal)(n * (end[0] - begin[0]) * (end[1] - begin[1]));
}

static PetscErrorCode flush(Pairs p, const PairScattering *sc, const ProcessSink *sink)
{
  const int    last  = sc->elastic ? 1 : 2;
  ProcessBatch batch = {.count = p->count, .nmembers = last + 1, .kernel = p->kernel};
  PetscFunctionBeginUser;
  if (!p->count) PetscFunctionReturn(0);
  batch.species[0] = SPECIES_ELECTRON;
  batch.s[0]       = 1;
  batch.state[0]   = p->first;
  if (!sc->elastic) {
    batch.species[1] = SPECIES_BATH;
    batch.s[1]       = 1;
    batch.energy[1]  = p->energy;
  }
  batch.species[last] = SPECIES_ELECTRON;
  batch.s[last]       = -1;
  batch.state[last]   = p->last;
  batch.op[last]      = p->op;
  PetscCall(sink->consume(sink->ctx, &batch));
  p->count = 0;
  PetscFunctionReturn(0);
}

/* e_j - e_i - omega over all points, and its gradients with k_j and with -k_i where the width asks for them */
static void mismatch(Pairs p, const PairScattering *sc, PetscInt i, PetscInt slot_j)
{
  const States s        = p->states;
  const bool   gradient = p->context->delta.scheme == DELTA_ADAPTIVE;
  for (PetscInt point = 0; point < s->npoints; point++) {
    const PetscInt at    = point * s->nb + slot_j;
    PetscReal      omega = sc->elastic ? 0.0 : sc->omega, wind[3] = {0, 0, 0};
    if (sc->sound > 0.0) {
      PetscReal       q[MESH_MAX_SHORTEST][3];
      const int       n      = transfer(p, point, q);
      const PetscReal length = Norm3(q[0]);
      omega                  = sc->sound * length;
      for (int c = 0; length > 0.0 && c < 3 * n; c++) wind[c % 3] += sc->sound * q[c / 3][c % 3] / (n * length);
    }
    p->x[point] = s->point_energy[at] - s->energy[i] - omega;
    for (int c = 0; gradient && c < 3; c++) {
      p->gradient[point][c] = s->point_velocity[3 * at + c] - wind[c];
      p->second[point][c]   = s->velocity[3 * i + c] - wind[c];
    }
  }
}

static PetscErrorCode emit(Pairs p, const PairScattering *sc, PetscInt i, PetscInt slot_j, int kind, const ProcessSink *sink)
{
  const States    s     = p->states;
  const PetscReal scale = 2.0 * UMK_PI * (sc->elastic ? 0.5 : 1.0) / ((PetscReal)s->mesh->size * s->mesh->crystal->volume);
  PetscFunctionBeginUser;
  for (PetscInt point = 0; point < s->npoints; point++) {
    const int32_t j = s->point_state[point * s->nb + slot_j];
    PetscReal     q[MESH_MAX_SHORTEST][3], q2, kernel;
    if (p->weight[point] == 0.0 || j < 0) continue;
    const int n = transfer(p, point, q);
    q2          = Dot3(q[0], q[0]);
    if (q2 == 0.0 && !sc->elastic && sc->sound > 0.0) continue; /* a phonon of no energy */
    /* +i -i is kept: it cancels in the operator, and the relaxation time is then the sum over the whole mesh */
    kernel = scale * p->weight[point] * (q2 == 0.0 && sc->elastic ? p->self : sc->strength(sc->ctx, q2));
    if (!isfinite(kernel)) continue; /* unscreened, q = 0 */
    if (!p->valley) kernel *= overlap(p, s->band[i] - s->band_first, point, slot_j, n, (const PetscReal(*)[3])q);
    if (kernel == 0.0) continue;
    p->first[p->count]  = (int32_t)i;
    p->last[p->count]   = j;
    p->op[p->count]     = s->point_op[point];
    p->energy[p->count] = sc->sound > 0.0 ? sc->sound * sqrt(q2) : sc->omega;
    p->kernel[p->count] = kernel;
    if (++p->count == BATCH) PetscCall(flush(p, sc, sink));
  }
  PetscFunctionReturn(0);
}

typedef struct {
  const PairScattering *sc;
  int                   dimension;
} SelfTerm;

/* C(q^2) with the measure of the patch, 2 q dq or dq */
static double self_integrand(double q, void *ctx)
{
  const SelfTerm *s = ctx;
  return s->sc->strength(s->sc->ctx, q * q) * (s->dimension == 3 ? 2.0 * q : 1.0);
}

/*
  Mean of C(q) over the patch of the constant-energy surface that the first state's own mesh cell cuts out: a disk in three dimensions, a segment
  in two. C itself for contact scattering; for a screened charge finite however sharp the peak at q = 0. Unscreened: infinite, left out.
*/
static PetscErrorCode self_strength(Pairs p, const PairScattering *sc, PetscReal *mean)
{
  KMesh           mesh = p->states->mesh;
  SelfTerm        term = {sc, mesh->crystal->dimension};
  gsl_function    f    = {self_integrand, &term};
  double          value, error;
  PetscReal       cell, edge;
  PetscFunctionBeginUser;
  *mean = sc->strength(sc->ctx, 0.0);
  if (!isfinite(*mean) || !sc->elastic) PetscFunctionReturn(0);
  cell = Det3((const PetscReal(*)[3])mesh->crystal->b) / (PetscReal)mesh->size;
  if (term.dimension == 2) cell /= mesh->crystal->b[2][2];
  edge = term.dimension == 3 ? pow(fabs(cell), 1.0 / 3.0) / sqrt(UMK_PI) : 0.5 * sqrt(fabs(cell));
  gsl_integration_workspace *work    = gsl_integration_workspace_alloc(200);
  gsl_error_handler_t       *handler = gsl_set_error_handler_off();
  const int                  status  = gsl_integration_qag(&f, 0.0, edge, 0.0, 1e-10, 200, GSL_INTEG_GAUSS31, work, &value, &error);
  gsl_set_error_handler(handler);
  gsl_integration_workspace_free(work);
  UmkCheck(status == 0 || error < 1e-6 * fabs(value), "integral of the self term: %s", gsl_strerror(status));
  *mean = term.dimension == 3 ? value / (edge * edge) : value / edge;
  PetscFunctionReturn(0);
}

PetscErrorCode PairsEnumerate(Pairs p, const PairScattering *sc, PetscInt ik, const ProcessSink *sink)
{
  const States s        = p->states;
  const bool   gradient = p->context->delta.scheme == DELTA_ADAPTIVE;
  PetscFunctionBeginUser;
  PetscCall(self_strength(p, sc, &p->self));
  p->origin_linear = s->mesh->wedge[s->wedge[ik]];
  folded(s->mesh, p->origin_linear, p->origin);
  if (!p->valley) {
    p->origin_point = StatesFindPoint(s, p->origin_linear);
    UmkCheck(p->origin_point >= 0, "wedge point %d is not among the points of the window", (int)ik);
  }
  for (PetscInt i = s->first[ik]; i < s->first[ik + 1]; i++)
    for (PetscInt slot = 0; slot < s->nb; slot++) {
      const int kind = pair_kind(p, s->band[i], s->band_first + slot);
      bool      any  = false;
      if (!(kind & sc->valleys)) continue;
      mismatch(p, sc, i, slot);
      PetscCall(DeltaWeights(&p->context->delta, s, p->x, gradient ? &p->gradient[0][0] : NULL, gradient ? &p->second[0][0] : NULL, p->weight, &any));
      if (any) PetscCall(emit(p, sc, i, slot, kind, sink));
    }
  PetscCall(flush(p, sc, sink));
  PetscFunctionReturn(0);
}

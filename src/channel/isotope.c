/*
  Scattering of phonons by the disorder of isotopes' masses (S. Tamura, Phys. Rev. B 27, 858 (1983)), to second order in the mass defects:

    1/tau_l = (pi/2N) omega_l^2 sum_l' sum_kappa g_kappa |e_kappa*(l) . e_kappa(l')|^2 delta(omega_l - omega_l'),
    g_kappa = sum_i f_i (1 - m_i/<m>)^2

  Elastic, +l -l': ordered pairs with half the kernel (pi/2N) omega omega' sum ... delta. The overlaps of eigenvectors are averaged over the
  degenerate modes of both members, where eigenvectors are a matter of choice. In a cubic crystal with one atom per cell 1/tau = (pi/6) g omega^2 D(omega),
  D the density of modes per cell.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "isotope.h"
#include "pairs.h"

#define BATCH      4096
#define DEGENERATE (1e-6 * UMK_RYDBERG)
#define RECOGNIZED 1e-3 /* of the standard atomic weight */

#define NAME "scattering.isotope"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .primary = "abundance", .help = "disorder of isotopes' masses"},
  {NAME ".abundance", DECK_CHOICE, .choices = "natural", .fallback = "natural", .help = "elements, recognized by their mass, with their natural isotopes"},
  {NAME ".variance", DECK_REAL_LIST, .min = 0, .max = 1, .min_count = 1, .help = "instead: relative variance of the mass, sum f_i (1 - m_i/<m>)^2, one per atom of the cell or per species"},
  {NULL}};

typedef struct {
  States     states;
  Crystal    crystal;
  PetscReal *strength;      /* [natoms] g_kappa mass_kappa^2, for displacements e/sqrt(M) */
  int32_t   *point;         /* [PartnersCount] partners of the point at hand */
  Complex   *work;          /* [nm][nm] */
  PetscReal *x, *weight;    /* [PartnersCount] */
  PetscReal  reach2;        /* Gaussian, adaptive: no process joins modes further apart in omega^2 */
  PetscInt   count;
  int32_t    first[BATCH], last[BATCH];
  uint8_t    op[BATCH];
  PetscReal  kernel[BATCH];
} Isotope;

void NaturalMoments(const NaturalElement *e, PetscReal *mass, PetscReal *variance)
{
  PetscReal sum = 0.0, first = 0.0, second = 0.0;
  for (int i = 0; i < ISOTOPES_MAX; i++) {
    sum += e->isotope[i].fraction;
    first += e->isotope[i].fraction * e->isotope[i].mass;
  }
  *mass = first / sum;
  for (int i = 0; i < ISOTOPES_MAX; i++) second += e->isotope[i].fraction * (1.0 - e->isotope[i].mass / *mass) * (1.0 - e->isotope[i].mass / *mass);
  *variance = second / sum;
}

const NaturalElement *NaturalNearest(PetscReal mass)
{
  const NaturalElement *best  = NULL;
  PetscReal             least = HUGE_VAL;
  for (const NaturalElement *e = NaturalElements; e->symbol; e++) {
    PetscReal mean, variance;
    NaturalMoments(e, &mean, &variance);
    if (fabs(mean - mass) < least) {
      least = fabs(mean - mass);
      best  = e;
    }
  }
  return best;
}

static PetscErrorCode natural_variance(Channel c, PetscReal mass, PetscReal *variance)
{
  const NaturalElement *e = NaturalNearest(mass / UMK_AMU);
  PetscReal             mean;
  PetscFunctionBeginUser;
  NaturalMoments(e, &mean, variance);
  if (fabs(mass / UMK_AMU / mean - 1.0) > RECOGNIZED)
    return DeckError(c->deck, "", "no element has atoms of %.4f amu (nearest: %s, %.4f): give their mass variances in scattering.isotope.variance", mass / UMK_AMU, e->symbol, mean);
  PetscFunctionReturn(0);
}

/* g of every atom: of nature, or of the deck. */
static PetscErrorCode read_variances(Channel c, PetscReal *g)
{
  const Isotope *z        = c->data;
  const PetscInt natoms   = z->crystal->natoms;
  PetscInt       nspecies = 0, n;
  PetscReal     *list;
  bool           given, named;
  PetscFunctionBeginUser;
  for (PetscInt ia = 0; ia < natoms; ia++) nspecies = PetscMax(nspecies, z->crystal->species[ia] + 1);
  PetscCall(DeckHas(c->deck, "variance", &given));
  PetscCall(DeckHas(c->deck, "abundance", &named));
  if (given && named) return DeckError(c->deck, "variance", "'abundance' and 'variance' exclude each other");
  if (!given) {
    for (PetscInt ia = 0; ia < natoms; ia++) PetscCall(natural_variance(c, z->crystal->mass[ia], &g[ia]));
    PetscFunctionReturn(0);
  }
  PetscCall(DeckGetRealList(c->deck, "variance", &n, &list));
  for (PetscInt ia = 0; ia < natoms && (n == natoms || n == nspecies); ia++) g[ia] = list[n == natoms ? ia : z->crystal->species[ia]];
  PetscCall(PetscFree(list));
  if (n != natoms && n != nspecies) return DeckError(c->deck, "variance", "%d variances for %d atoms of %d species", (int)n, (int)natoms, (int)nspecies);
  PetscFunctionReturn(0);
}

/* Square of the largest mismatch that any width keeps. */
static PetscReal reach2(States s, KMesh mesh, const Delta *d)
{
  PetscReal variance = 0.0;
  for (PetscInt i = 0; i < s->nstates; i++) variance = PetscMax(variance, DeltaVariance(mesh, s->velocity + 3 * i));
  return d->cutoff * d->cutoff * DeltaWidth2(d, variance);
}

static PetscErrorCode create(Channel c)
{
  Isotope *z;
  PetscInt n;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&z));
  c->data   = z;
  c->first  = SPECIES_PHONON;
  z->states = c->context->phonons;
  if (!z->states) return DeckError(c->deck, "", "scattering.isotope needs the phonons of a material that has them");
  PetscCall(MaterialGetCrystal(c->context->material, &z->crystal));
  PetscCall(PetscMalloc1(z->crystal->natoms, &z->strength));
  PetscCall(read_variances(c, z->strength));
  for (PetscInt ia = 0; ia < z->crystal->natoms; ia++) z->strength[ia] *= z->crystal->mass[ia] * z->crystal->mass[ia];
  PetscCall(StatesFillPhononPoints(z->states));
  if (PartnersStep(c->context)) PetscCall(StatesFillPhononPoints(c->context->partition->coarse));
  n = PartnersCount(c->context);
  PetscCall(PetscMalloc4(n, &z->x, n, &z->weight, n, &z->point, z->states->nb * z->states->nb, &z->work));
  z->reach2 = reach2(z->states, PartnersMesh(c->context), &c->context->delta);
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Isotope *z = c->data;
  PetscFunctionBeginUser;
  if (z) {
    PetscCall(PetscFree(z->strength));
    PetscCall(PetscFree4(z->x, z->weight, z->point, z->work));
  }
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

/* Modes begin .. end - 1 that are degenerate with nu. */
static void degenerate(PetscInt nm, const PetscReal *omega, PetscInt nu, PetscInt *begin, PetscInt *end)
{
  for (*begin = nu; *begin > 0 && omega[*begin] - omega[*begin - 1] < DEGENERATE; (*begin)--);
  for (*end = nu + 1; *end < nm && omega[*end] - omega[*end - 1] < DEGENERATE; (*end)++);
}

/* sum_kappa g |e*(nu) . e(mu)|^2, displacements u [nm][nm] */
static PetscReal overlap_one(const Isotope *z, PetscInt nm, const Complex *u, PetscInt nu, const Complex *v, PetscInt mu)
{
  PetscReal sum = 0.0;
  for (PetscInt ia = 0; ia < z->crystal->natoms; ia++) {
    Complex dot = 0.0;
    for (PetscInt c = 3 * ia; c < 3 * ia + 3; c++) dot += conj(u[c * nm + nu]) * v[c * nm + mu];
    sum += z->strength[ia] * (creal(dot) * creal(dot) + cimag(dot) * cimag(dot));
  }
  return sum;
}

/* The same averaged over degenerate modes of the wedge point iw and of a mesh point with displacements v. */
static PetscReal overlap(const Isotope *z, PetscInt iw, PetscInt nu, PetscInt point, const Complex *v, PetscInt mu)
{
  const States   s  = z->states;
  const PetscInt nm = s->nb;
  const Complex *u = s->displacement + (size_t)iw * (size_t)(nm * nm);
  PetscInt       a[2], b[2];
  PetscReal      sum = 0.0;
  degenerate(nm, s->omega + (size_t)iw * (size_t)nm, nu, &a[0], &a[1]);
  degenerate(nm, s->point_energy + (size_t)point * (size_t)nm, mu, &b[0], &b[1]);
  for (PetscInt i = a[0]; i < a[1]; i++)
    for (PetscInt j = b[0]; j < b[1]; j++) sum += overlap_one(z, nm, u, i, v, j);
  return sum / (PetscReal)((a[1] - a[0]) * (b[1] - b[0]));
}

static PetscErrorCode flush(Isotope *z, const ProcessSink *sink)
{
  const ProcessBatch batch = {.count = z->count, .nmembers = 2, .species = {SPECIES_PHONON, SPECIES_PHONON}, .s = {1, -1},
                              .state = {z->first, z->last}, .op = {NULL, z->op}, .kernel = z->kernel};
  PetscFunctionBeginUser;
  if (z->count) PetscCall(sink->consume(sink->ctx, &batch));
  z->count = 0;
  PetscFunctionReturn(0);
}

/* Processes of state i with branch mu of every partner where z->weight is not zero; that with itself is kept: it cancels in the operator. On the fine side
   of a partition a pair is met from each of its members with that member's share of the whole kernel. */
static PetscErrorCode emit(Isotope *z, const ChannelContext *context, PetscInt i, PetscInt mu, const ProcessSink *sink)
{
  const States    s     = z->states;
  const PetscInt  nm    = s->nb, iw = s->wedge[s->k[i]];
  const PetscReal scale = (PartnersStep(context) ? 1.0 : 0.5) * UMK_PI / (2.0 * (PetscReal)s->mesh->size) * s->energy[i];
  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < PartnersCount(context); n++) {
    const PetscInt point = z->point[n];
    const Complex *v;
    const int32_t  j     = s->point_state[point * nm + mu];
    if (z->weight[n] == 0.0 || j < 0) continue;
    const PetscReal share = PartnersShare(context, 2, (PetscInt[2]){iw, s->point_wedge[point]});
    if (share == 0.0) continue;
    PetscCall(StatesDisplacements(s, point, z->work, &v));
    const PetscReal kernel = share * scale * s->energy[j] * z->weight[n] * overlap(z, iw, s->band[i], point, v, mu);
    if (kernel == 0.0) continue;
    z->first[z->count]  = (int32_t)i;
    z->last[z->count]   = j;
    z->op[z->count]     = s->point_op[point];
    z->kernel[z->count] = kernel;
    if (++z->count == BATCH) PetscCall(flush(z, sink));
  }
  PetscFunctionReturn(0);
}

/* z->weight of branch mu at all partners, for state i. */
static PetscErrorCode weigh(Isotope *z, const ChannelContext *context, PetscInt i, PetscInt mu, bool *any)
{
  const States    s        = z->states;
  const Delta    *d        = &context->delta;
  const KMesh     mesh     = PartnersMesh(context);
  const bool      adaptive = d->scheme == DELTA_ADAPTIVE;
  const PetscReal own      = DeltaVariance(mesh, s->velocity + 3 * i);
  PetscFunctionBeginUser;
  if (d->scheme == DELTA_TETRAHEDRON) {
    for (PetscInt n = 0; n < PartnersCount(context); n++) z->x[n] = s->point_energy[z->point[n] * s->nb + mu] - s->energy[i];
    PetscCall(DeltaWeights(d, PartnersStates(context), z->x, NULL, NULL, z->weight, any));
    PetscFunctionReturn(0);
  }
  *any = false;
  for (PetscInt n = 0; n < PartnersCount(context); n++) {
    const PetscInt  at = z->point[n] * s->nb + mu;
    const PetscReal x = s->point_energy[at] - s->energy[i], x2 = x * x;
    z->weight[n] = 0.0;
    if (x2 > z->reach2) continue;
    const PetscReal width2 = DeltaWidth2(d, adaptive ? 0.5 * (own + DeltaVariance(mesh, s->point_velocity + 3 * at)) : 0.0);
    if (x2 > d->cutoff * d->cutoff * width2) continue;
    z->weight[n] = DeltaGaussian(x2, width2);
    *any         = true;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Isotope     *z = c->data;
  const States s = z->states;
  PetscFunctionBeginUser;
  (void)p;
  if (PartnersOne(c->context, s->wedge[ik]) == 0.0) PetscFunctionReturn(0);
  PartnersFill(c->context, s->mesh->wedge[s->wedge[ik]], z->point);
  for (PetscInt i = s->first[ik]; i < s->first[ik + 1]; i++)
    for (PetscInt mu = 0; mu < s->nb; mu++) {
      bool any;
      PetscCall(weigh(z, c->context, i, mu, &any));
      if (any) PetscCall(emit(z, c->context, i, mu, sink));
    }
  PetscCall(flush(z, sink));
  PetscFunctionReturn(0);
}

static PetscErrorCode work(Channel c, PetscInt ik, PetscReal *out)
{
  const States s = c->context->phonons;
  PetscFunctionBeginUser;
  *out = PartnersOne(c->context, s->wedge[ik]) > 0.0 ? 1e-8 * (PetscReal)(s->first[ik + 1] - s->first[ik]) * (PetscReal)s->nb * (PetscReal)PartnersCount(c->context) : 0.0;
  PetscFunctionReturn(0);
}

static PetscErrorCode report(Channel c)
{
  const Isotope *z = c->data;
  PetscFunctionBeginUser;
  for (PetscInt ia = 0; ia < z->crystal->natoms; ia++) {
    PetscInt same = 0;
    while (z->crystal->species[same] != z->crystal->species[ia] || z->strength[same] != z->strength[ia]) same++;
    if (same < ia) continue;
    Log(1, "isotopes  mass variance %.4g of atoms of %.4f amu", z->strength[ia] / (z->crystal->mass[ia] * z->crystal->mass[ia]), z->crystal->mass[ia] / UMK_AMU);
  }
  PetscFunctionReturn(0);
}

const ChannelType isotope_channel = {
  .name          = "isotope",
  .help          = "disorder of isotopes' masses (Tamura)",
  .keys          = keys,
  .needs_phonons = true,
  .acts          = CHANNEL_ON_PHONONS,
  .create        = create,
  .destroy       = destroy,
  .enumerate     = enumerate,
  .work          = work,
  .report        = report,
};

/*
  Three-phonon scattering,  l + l' -> l'',  q + q' = q'' up to a reciprocal vector (A. A. Maradudin and A. E. Fein, Phys. Rev. 128, 2589 (1962)):

    K = (pi/4N) |Phi_3|^2/(omega omega' omega'') delta(omega + omega' - omega'')

  Enumerated from the phonon l'' that decays; each unordered pair {l, l'} once, so that 1/tau'' = sum_pairs K (1 + n + n'), which is one half of the sum
  over ordered pairs. Two phonons of the same state, +l +l -l'', occur once in that sum and carry K/2: as the two members of the process they add
  2 (K/2) w'' = K (n - n'') to 1/tau, and 4 (K/2) w'' to A_ll.

  |Phi_3|^2 is averaged over the degenerate modes of each member. A process is normal when k + k' = k'' for the crystal momenta of
  StatesMomentum: k is then conserved exactly.

  On the fine side of a partition (channel.h) the phonon resolved comes first, both as one that decays and as one that merges, +l +l' -l''; its partners step over
  the coarse mesh and every ordered pair is met: decays carry K/2, merging pairs the share of the first member.

  Delta: adaptive widths take the variance of omega + omega' - omega'' over a mesh cell as seen with each of the three wavevectors held fixed; tetrahedra
  are linear in q at fixed q''. On the fine side the cell is the coarse mesh's with the first wavevector fixed, the fine one's with another fixed: a long wave, which changes
  the others' energies little, keeps its sharp selection rules.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define PAIRS    128  /* per call of the vertex kernel */
#define SECONDS  5e-7 /* about, of a pair and a mode of the first point */
#define CALLS    64   /* of the vertex kernel, whose entries are held */
#define CAPACITY 8192 /* processes per batch */

#define NAME "scattering.three_phonon"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .primary = "processes", .help = "third-order anharmonicity of the material"},
  {NAME ".processes", DECK_CHOICE, .choices = "all|normal|umklapp", .fallback = "all", .help = "leave out umklapp, or normal, processes"},
  {NULL}};

enum { NORMAL, UMKLAPP, PARTS, ALL = 0 };
typedef enum { DECAY, MERGE } Role; /* of the first member */

typedef struct { /* a process with a weight: number of the pair's q; slot (n0 nm + n) nm + n' */
  int32_t   pair, slot;
  PetscReal weight;
} Entry;

typedef struct { /* processes of one part under construction */
  PetscInt  count;
  int32_t  *member[3];
  uint8_t  *op[3];
  PetscReal *kernel;
} Buffer;

typedef struct {
  Cubic      cubic;
  PetscInt   processes; /* ALL, or 1 + the part wanted */
  PetscInt   nentries, capacity;
  Entry     *entry;
  int32_t   *point, *partner;                  /* [PartnersCount] q, and q' = q'' - q (DECAY) or q'' = q + q' (MERGE) */
  PetscReal *variance[3];                      /* [nm][nm] of (q, q'), (q'', q), (q'', q') */
  PetscReal *x, *weight;                       /* [PartnersCount], tetrahedra only */
  PetscReal *q[2], *omega[2], *phi2;           /* per call of the vertex kernel */
  Complex   *displacement[2];
  int        part[PAIRS];
  Buffer     buffer[PARTS];
  PetscReal  vertices, made;
} Data;

typedef struct { /* the first phonon, and how its partners run */
  PetscInt   q, nm, npartners;
  Role       role;
  bool       ordered; /* every ordered pair, not each unordered one once */
  KMesh      mesh;    /* whose cells the partners are in */
  const ChannelContext *context;
} First;

/* --- creation --------------------------------------------------------------------------------------------- */

static PetscErrorCode allocate(Data *d, States s, PetscInt np, bool tetrahedra)
{
  const PetscInt nm = s->nb;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5(np, &d->point, np, &d->partner, nm * nm, &d->variance[0], nm * nm, &d->variance[1], nm * nm, &d->variance[2]));
  if (tetrahedra) PetscCall(PetscMalloc2(np, &d->x, np, &d->weight));
  PetscCall(PetscMalloc7(3 * PAIRS, &d->q[0], 3 * PAIRS, &d->q[1], PAIRS * nm, &d->omega[0], PAIRS * nm, &d->omega[1], PAIRS * nm * nm * nm, &d->phi2, PAIRS * nm * nm, &d->displacement[0],
                         PAIRS * nm * nm, &d->displacement[1]));
  for (int p = 0; p < PARTS; p++) {
    Buffer *b = &d->buffer[p];
    PetscCall(PetscMalloc6(CAPACITY, &b->member[0], CAPACITY, &b->member[1], CAPACITY, &b->member[2], CAPACITY, &b->op[1], CAPACITY, &b->op[2], CAPACITY, &b->kernel));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Channel c)
{
  Data *d;
  bool  has_cubic;
  PetscFunctionBeginUser;
  c->first = SPECIES_PHONON;
  PetscCall(MaterialHasCubic(c->context->material, &has_cubic));
  if (!has_cubic) return DeckError(c->deck, "", "this material has no third-order force constants, which scattering.three_phonon needs");
  PetscCall(PetscNew(&d));
  c->data = d;
  PetscCall(DeckGetChoice(c->deck, "processes", &d->processes));
  PetscCall(CubicCreate(c->context->material, &d->cubic));
  if (PartnersStep(c->context)) {
    PetscCall(StatesFillPhononPoints(c->context->phonons));
    PetscCall(StatesFillPhononPoints(c->context->partition->coarse));
  } else PetscCall(StatesFillPhononDisplacements(c->context->phonons));
  PetscCall(allocate(d, c->context->phonons, PartnersCount(c->context), c->context->delta.scheme == DELTA_TETRAHEDRON));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Data *d = c->data;
  PetscFunctionBeginUser;
  if (!d) PetscFunctionReturn(0);
  PetscCall(CubicDestroy(&d->cubic));
  PetscCall(PetscFree(d->entry));
  PetscCall(PetscFree5(d->point, d->partner, d->variance[0], d->variance[1], d->variance[2]));
  PetscCall(PetscFree2(d->x, d->weight));
  PetscCall(PetscFree7(d->q[0], d->q[1], d->omega[0], d->omega[1], d->phi2, d->displacement[0], d->displacement[1]));
  for (int p = 0; p < PARTS; p++) {
    Buffer *b = &d->buffer[p];
    PetscCall(PetscFree6(b->member[0], b->member[1], b->member[2], b->op[1], b->op[2], b->kernel));
  }
  PetscCall(PetscFree(d));
  c->data = NULL;
  PetscFunctionReturn(0);
}

/* --- which processes conserve energy ------------------------------------------------------------------------- */

/* Legs q0, q and q1 of the first member, its partner and the third */
static int part_of(States s, Role role, PetscInt q0, PetscInt q, PetscInt q1)
{
  const PetscReal *k0 = s->point_wavevector + 3 * (role == DECAY ? q0 : q1), *k = s->point_wavevector + 3 * q, *k1 = s->point_wavevector + 3 * (role == DECAY ? q1 : q0);
  const PetscReal  G[3] = {k[0] + k1[0] - k0[0], k[1] + k1[1] - k0[1], k[2] + k1[2] - k0[2]};
  return Norm3(G) < 1e-6 * Norm3(s->mesh->crystal->b[0]) ? NORMAL : UMKLAPP;
}

static bool wanted(const Data *d, States s, const First *f, PetscInt pair)
{
  return d->processes == ALL || d->processes == 1 + part_of(s, f->role, f->q, d->point[pair], d->partner[pair]);
}

static PetscErrorCode add_entry(Data *d, PetscInt pair, PetscInt slot, PetscReal weight)
{
  PetscFunctionBeginUser;
  if (d->nentries == d->capacity) {
    d->capacity = PetscMax(65536, 2 * d->capacity);
    PetscCall(PetscRealloc(sizeof(Entry) * (size_t)d->capacity, &d->entry));
  }
  d->entry[d->nentries++] = (Entry){(int32_t)pair, (int32_t)slot, weight};
  PetscFunctionReturn(0);
}

/* out [nm][nm]: variance of x from the gradients v(a) - v(b) of modes of two points */
static void variances(States s, KMesh mesh, PetscInt a, PetscInt b, PetscReal *out)
{
  const PetscInt   nm = s->nb;
  const PetscReal *va = s->point_velocity + 3 * a * nm, *vb = s->point_velocity + 3 * b * nm;
  for (PetscInt i = 0; i < nm; i++)
    for (PetscInt j = 0; j < nm; j++) {
      const PetscReal g[3] = {va[3 * i] - vb[3 * j], va[3 * i + 1] - vb[3 * j + 1], va[3 * i + 2] - vb[3 * j + 2]};
      out[i * nm + j] = DeltaVariance(mesh, g) / 3.0;
    }
}

/* Gaussians of one pair of points */
static PetscErrorCode scan_pair(Data *d, const Delta *delta, States s, const First *f, PetscInt pair)
{
  const PetscInt   nm = f->nm, q = d->point[pair], q1 = d->partner[pair];
  const PetscReal  sign = f->role == DECAY ? 1.0 : -1.0; /* x = sign (omega' - ...) */
  const PetscReal *w0 = s->point_energy + f->q * nm, *w = s->point_energy + q * nm, *w1 = s->point_energy + q1 * nm, cutoff2 = delta->cutoff * delta->cutoff;
  const int32_t   *state0 = s->point_state + f->q * nm, *state = s->point_state + q * nm, *state1 = s->point_state + q1 * nm;
  const bool       adaptive = delta->scheme == DELTA_ADAPTIVE;
  PetscFunctionBeginUser;
  if (adaptive) {
    variances(s, f->mesh, q, q1, d->variance[0]);
    variances(s, s->mesh, f->q, q, d->variance[1]);
    variances(s, s->mesh, f->q, q1, d->variance[2]);
  }
  for (PetscInt n0 = 0; n0 < nm; n0++)
    for (PetscInt n = 0; n < nm; n++)
      for (PetscInt n1 = q == q1 && !f->ordered ? n : 0; n1 < nm; n1++) {
        const PetscReal x = sign * (w1[n1] - w0[n0]) + w[n], x2 = x * x;
        const PetscReal width2 = DeltaWidth2(delta, adaptive ? d->variance[0][n * nm + n1] + d->variance[1][n0 * nm + n] + d->variance[2][n0 * nm + n1] : 0.0);
        if (x2 > cutoff2 * width2 || state0[n0] < 0 || state[n] < 0 || state1[n1] < 0) continue;
        PetscCall(add_entry(d, pair, (n0 * nm + n) * nm + n1, DeltaGaussian(x2, width2)));
      }
  PetscFunctionReturn(0);
}

/* Weights of one slice (n0, n, n1) over the mesh at hand. Unordered pairs, n <= n1: modes (n, n1) at q > q' are (n1, n) at q'; the pair's number is its q. */
static PetscErrorCode take_slice(Data *d, States s, const First *f, PetscInt n0, PetscInt n, PetscInt n1)
{
  const PetscInt nm = f->nm;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < f->npartners; i++) {
    const PetscInt q = d->point[i], q1 = d->partner[i];
    if (d->weight[i] == 0.0 || s->point_state[q * nm + n] < 0 || s->point_state[q1 * nm + n1] < 0 || !wanted(d, s, f, i)) continue;
    if (!f->ordered && n == n1 && q > q1) continue;
    if (f->ordered || q <= q1) PetscCall(add_entry(d, i, (n0 * nm + n) * nm + n1, d->weight[i]));
    else PetscCall(add_entry(d, q1, (n0 * nm + n1) * nm + n, d->weight[i]));
  }
  PetscFunctionReturn(0);
}

static int compare_entries(const void *a, const void *b)
{
  const Entry *x = a, *y = b;
  if (x->pair != y->pair) return x->pair < y->pair ? -1 : 1;
  return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static PetscErrorCode scan_tetrahedra(Data *d, const Delta *delta, States s, const First *f)
{
  const PetscInt  nm   = f->nm;
  const PetscReal sign = f->role == DECAY ? 1.0 : -1.0;
  PetscFunctionBeginUser;
  for (PetscInt n0 = 0; n0 < nm; n0++)
    for (PetscInt n = 0; n < nm; n++)
      for (PetscInt n1 = f->ordered ? 0 : n; n1 < nm; n1++) {
        bool any;
        if (s->point_state[f->q * nm + n0] < 0) continue;
        if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
        for (PetscInt i = 0; i < f->npartners; i++)
          d->x[i] = s->point_energy[d->point[i] * nm + n] + sign * (s->point_energy[d->partner[i] * nm + n1] - s->point_energy[f->q * nm + n0]);
        PetscCall(DeltaWeights(delta, PartnersStates(f->context), d->x, NULL, NULL, d->weight, &any));
        if (any) PetscCall(take_slice(d, s, f, n0, n, n1));
      }
  qsort(d->entry, (size_t)d->nentries, sizeof(Entry), compare_entries);
  PetscFunctionReturn(0);
}

/* --- vertices and kernels --------------------------------------------------------------------------------- */

static PetscErrorCode flush(Data *d, Role role, int part, const ProcessSink *sink)
{
  Buffer      *b     = &d->buffer[part];
  ProcessBatch batch = {.count = b->count, .nmembers = 3, .species = {SPECIES_PHONON, SPECIES_PHONON, SPECIES_PHONON}, .s = {-1, 1, 1}, .kernel = b->kernel, .part = part};
  if (role == MERGE) batch.s[0] = 1, batch.s[2] = -1;
  PetscFunctionBeginUser;
  if (b->count == 0) PetscFunctionReturn(0);
  for (int m = 0; m < 3; m++) {
    batch.state[m] = b->member[m];
    batch.op[m]    = b->op[m];
  }
  PetscCall(sink->consume(sink->ctx, &batch));
  d->made += (PetscReal)b->count;
  b->count = 0;
  PetscFunctionReturn(0);
}

/* Displacements of a point, conjugated when the vertex kernel is to see the phonon at -q */
static PetscErrorCode load_displacements(States s, PetscInt q, bool conjugate, Complex *u)
{
  const PetscInt n = s->nb * s->nb;
  const Complex *at;
  PetscFunctionBeginUser;
  PetscCall(StatesDisplacements(s, q, u, &at));
  if (at != u) PetscCall(PetscArraycpy(u, at, n));
  for (PetscInt i = 0; conjugate && i < n; i++) u[i] = conj(u[i]);
  PetscFunctionReturn(0);
}

/* The points of pair i of a call, for the vertex kernel: its first leg is produced, the others consumed, so a merging pair is seen at -q */
static PetscErrorCode load_pair(Data *d, States s, const First *f, PetscInt i, PetscInt pair)
{
  const PetscInt nm = f->nm, at[2] = {d->point[pair], d->partner[pair]};
  PetscFunctionBeginUser;
  for (int leg = 0; leg < 2; leg++) {
    const bool flip = f->role == MERGE && leg == 0;
    MeshPoint(s->mesh, at[leg], d->q[leg] + 3 * i);
    for (int c = 0; flip && c < 3; c++) d->q[leg][3 * i + c] *= -1.0;
    PetscCall(PetscArraycpy(d->omega[leg] + i * nm, s->point_energy + at[leg] * nm, nm));
    PetscCall(load_displacements(s, at[leg], flip, d->displacement[leg] + i * nm * nm));
  }
  d->part[i] = part_of(s, f->role, f->q, at[0], at[1]);
  PetscFunctionReturn(0);
}

static PetscErrorCode vertices(Data *d, States s, const First *f, PetscInt npairs)
{
  const PetscInt   nm = f->nm;
  const PetscReal *w0 = s->point_energy + f->q * nm;
  PetscFunctionBeginUser;
  PetscCall(CubicEvaluate(d->cubic, npairs, d->q[0], d->displacement[0], d->omega[0], d->q[1], d->displacement[1], d->omega[1], d->phi2));
  for (PetscInt i = 0; i < npairs; i++) {
    PetscReal *phi2 = d->phi2 + i * nm * nm * nm;
    ChannelAverageDegenerate(1, nm, nm * nm, w0, phi2);
    ChannelAverageDegenerate(nm, nm, nm, d->omega[0] + i * nm, phi2);
    ChannelAverageDegenerate(nm * nm, nm, 1, d->omega[1] + i * nm, phi2);
  }
  d->vertices += (PetscReal)(npairs * nm * nm * nm);
  PetscFunctionReturn(0);
}

/* Processes of entries [begin, end), whose vertices are at hand: pairs in the order in which they were loaded. */
static PetscErrorCode emit(Data *d, States s, const First *f, PetscInt begin, PetscInt end, const ProcessSink *sink)
{
  const PetscInt  nm = f->nm;
  const PetscReal prefactor = UMK_PI / (4.0 * (PetscReal)s->mesh->size) * (f->ordered && f->role == DECAY ? 0.5 : 1.0), *w0 = s->point_energy + f->q * nm;
  PetscReal       share = 1.0;
  PetscInt        i = -1;
  PetscFunctionBeginUser;
  for (PetscInt e = begin; e < end; e++) {
    const Entry   *p = &d->entry[e];
    const PetscInt q = d->point[p->pair], q1 = d->partner[p->pair], n0 = p->slot / (nm * nm), n = p->slot / nm % nm, n1 = p->slot % nm;
    if (e == begin || p->pair != p[-1].pair) {
      i++;
      share = PartnersShare(f->context, 3, (PetscInt[3]){s->point_wedge[f->q], s->point_wedge[q], s->point_wedge[q1]});
    }
    PetscReal K = share * prefactor * p->weight * d->phi2[i * nm * nm * nm + p->slot] / (w0[n0] * d->omega[0][i * nm + n] * d->omega[1][i * nm + n1]);
    if (!f->ordered && q == q1 && n == n1) K *= 0.5;
    if (!(K > 0.0)) continue;
    Buffer *b = &d->buffer[d->part[i]];
    if (b->count == CAPACITY) PetscCall(flush(d, f->role, d->part[i], sink));
    b->member[0][b->count] = s->point_state[f->q * nm + n0];
    b->member[1][b->count] = s->point_state[q * nm + n];
    b->member[2][b->count] = s->point_state[q1 * nm + n1];
    b->op[1][b->count]     = s->point_op[q];
    b->op[2][b->count]     = s->point_op[q1];
    b->kernel[b->count++]  = K;
  }
  PetscFunctionReturn(0);
}

/* Vertices and processes of all entries */
static PetscErrorCode evaluate(Data *d, States s, const First *f, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  for (PetscInt begin = 0, end = 0; begin < d->nentries; begin = end) {
    PetscInt npairs = 0;
    if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
    for (; end < d->nentries; end++) {
      const bool fresh = end == begin || d->entry[end].pair != d->entry[end - 1].pair;
      if (fresh && npairs == PAIRS) break;
      if (fresh) PetscCall(load_pair(d, s, f, npairs++, d->entry[end].pair));
    }
    PetscCall(vertices(d, s, f, npairs));
    PetscCall(emit(d, s, f, begin, end, sink));
  }
  for (int p = 0; p < PARTS; p++) PetscCall(flush(d, f->role, p, sink));
  PetscFunctionReturn(0);
}

/* Gaussians pair by pair; entries are worked off before they become many, in whole calls of the vertex kernel. */
static PetscErrorCode scan_gaussian(Data *d, const Delta *delta, States s, const First *f, const ProcessSink *sink)
{
  PetscInt pairs = 0;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < f->npartners; i++) {
    const PetscInt before = d->nentries;
    if ((f->ordered || d->point[i] <= d->partner[i]) && wanted(d, s, f, i)) PetscCall(scan_pair(d, delta, s, f, i));
    if (d->nentries == before || ++pairs < CALLS * PAIRS) continue;
    PetscCall(evaluate(d, s, f, sink));
    d->nentries = pairs = 0;
  }
  PetscFunctionReturn(0);
}

static PetscInt third_point(KMesh mesh, Role role, PetscInt q0, PetscInt q)
{
  if (role == DECAY) return (PetscInt)MeshDifference(mesh, q0, q);
  PetscInt a[3], b[3];
  MeshIndices(mesh, q0, a);
  MeshIndices(mesh, q, b);
  for (int c = 0; c < 3; c++) a[c] += b[c];
  return (PetscInt)MeshLinear(mesh, a);
}

static PetscErrorCode enumerate_point(Channel c, const StatesPoint *point, PetscInt ik, const ProcessSink *sink)
{
  Data        *d     = c->data;
  States       s     = c->context->phonons;
  const Delta *delta = &c->context->delta;
  First        f     = {.q = (PetscInt)s->mesh->wedge[s->wedge[ik]], .nm = s->nb, .npartners = PartnersCount(c->context), .ordered = PartnersStep(c->context), .mesh = PartnersMesh(c->context), .context = c->context};
  PetscReal    q0[3];
  PetscFunctionBeginUser;
  (void)point;
  if (s->first[ik] == s->first[ik + 1] || PartnersOne(c->context, s->wedge[ik]) == 0.0) PetscFunctionReturn(0);
  PartnersFill(c->context, f.q, d->point);
  MeshPoint(s->mesh, f.q, q0);
  PetscCall(CubicSetFirst(d->cubic, q0, s->displacement + (size_t)s->wedge[ik] * (size_t)(f.nm * f.nm), s->point_energy + f.q * f.nm));
  for (int role = DECAY; role <= (f.ordered ? MERGE : DECAY); role++) {
    f.role = (Role)role;
    for (PetscInt i = 0; i < f.npartners; i++) d->partner[i] = (int32_t)third_point(s->mesh, f.role, f.q, d->point[i]);
    d->nentries = 0;
    PetscCall(delta->scheme == DELTA_TETRAHEDRON ? scan_tetrahedra(d, delta, s, &f) : scan_gaussian(d, delta, s, &f, sink));
    PetscCall(evaluate(d, s, &f, sink));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *point, PetscInt ik, const ProcessSink *sink)
{
  const Data *d = c->data;
  PetscReal   before, after;
  PetscFunctionBeginUser;
  PetscCall(CubicGetCost(d->cubic, &before, NULL));
  PetscCall(enumerate_point(c, point, ik, sink));
  PetscCall(CubicGetCost(d->cubic, &after, NULL));
  PetscCall(PetscLogFlops(after - before));
  PetscFunctionReturn(0);
}

/* Pairs of points with some modes whose frequencies bracket one that decays. */
static PetscErrorCode work(Channel c, PetscInt ik, PetscReal *out)
{
  States           s     = c->context->phonons;
  const PetscInt   nm    = s->nb, q0 = (PetscInt)s->mesh->wedge[s->wedge[ik]];
  const PetscReal  slack = c->context->delta.scheme == DELTA_GAUSSIAN ? 2.0 * c->context->delta.width : 0.0;
  PetscInt64       pairs = 0;
  PetscFunctionBeginUser;
  if (PartnersStep(c->context)) { /* merging, hardly any decays: nearly every partner has a third */
    *out = PartnersOne(c->context, s->wedge[ik]) > 0.0 ? SECONDS * (PetscReal)PartnersCount(c->context) * (PetscReal)(s->first[ik + 1] - s->first[ik]) : 0.0;
    PetscFunctionReturn(0);
  }
  for (PetscInt q = 0; q < s->npoints; q++) {
    const PetscInt q1 = (PetscInt)MeshDifference(s->mesh, q0, q);
    if (q > q1) continue;
    const PetscReal low = s->point_energy[q * nm] + s->point_energy[q1 * nm] - slack, high = s->point_energy[q * nm + nm - 1] + s->point_energy[q1 * nm + nm - 1] + slack;
    for (int32_t a = s->first[ik]; a < s->first[ik + 1]; a++) pairs += s->energy[a] > low && s->energy[a] < high;
  }
  *out = SECONDS * (1.0 + (PetscReal)pairs);
  PetscFunctionReturn(0);
}

static PetscErrorCode report(Channel c)
{
  Data     *d = c->data;
  PetscReal flops, seconds;
  PetscFunctionBeginUser;
  PetscCall(CubicGetCost(d->cubic, &flops, &seconds));
  Log(1, "  three_phonon: %.4g vertices and %.4g processes on rank 0, vertex kernel %.1f Gflop/s", d->vertices, d->made, seconds > 0.0 ? 1e-9 * flops / seconds : 0.0);
  PetscFunctionReturn(0);
}

const ChannelType three_phonon_channel = {
  .name          = "three_phonon",
  .help          = "phonons merge and split through third-order anharmonicity",
  .keys          = keys,
  .needs_phonons = true,
  .acts          = CHANNEL_ON_PHONONS,
  .part          = {[NORMAL] = "normal", [UMKLAPP] = "umklapp"},
  .create        = create,
  .destroy       = destroy,
  .enumerate     = enumerate,
  .work          = work,
  .report        = report,
};

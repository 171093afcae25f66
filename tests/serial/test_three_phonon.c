/*
  Three-phonon processes without matrix or MPI: the vertex kernel against sums by hand, and what a recording sink is handed against the golden rule

    1/tau = (pi/4N) sum |Phi_3|^2/(w w' w'') [ (n' - n'') delta(w + w' - w'') + (1/2)(1 + n' + n'') delta(w - w' - w'') ]

  summed over the whole zone with the material's own functions.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sys/stat.h>
#include "../harness.h"
#include "../anharmonic_material.h"
#include "states/states_impl.h"
#include "umklapp/collision.h"

#define KT    (300.0 * UMK_KELVIN)
#define FLOOR (0.05e-3 * UMK_EV)

typedef struct { /* processes by part */
  ProcessRecord part[2];
} Record;

typedef struct {
  Material       material;
  KMesh          mesh;
  States         states;
  ChannelContext context;
  Deck           deck;
  PetscInt       nchannels;
  Channel       *channel;
} Setting;

static PetscErrorCode consume(void *ctx, const ProcessBatch *batch)
{
  ProcessSink sink;

  PetscFunctionBeginUser;
  PetscCall(ProcessRecordSink(&((Record *)ctx)->part[batch->part], &sink));
  PetscCall(sink.consume(sink.ctx, batch));
  PetscFunctionReturn(0);
}

static void record_destroy(Record *r)
{
  for (int p = 0; p < 2; p++) ck_call(ProcessRecordDestroy(&r->part[p]));
  memset(r, 0, sizeof *r);
}

/* Material borrowed. text: what follows "three_phonon:" */
static void set_up(Material m, const PetscInt n[3], bool wedge, const Delta *delta, const char *text, Setting *s)
{
  Crystal crystal;
  Deck    scattering;
  char    deck[200];

  *s = (Setting){.material = m};
  ck_call(MaterialGetCrystal(m, &crystal));
  ck_call(MeshCreate(PETSC_COMM_SELF, crystal, n, wedge, &s->mesh));
  ck_call(StatesCreatePhonons(PETSC_COMM_SELF, m, s->mesh, FLOOR, &s->states));
  ck_call(ChannelRegisterKeys());
  snprintf(deck, sizeof deck, "scattering: {three_phonon: %s}\n", text);
  ck_call(DeckCreateFromText("test.yaml", deck, 0, NULL, &s->deck));
  ck_call(DeckGetSection(s->deck, "scattering", &scattering));
  s->context = (ChannelContext){.material = m, .phonons = s->states, .delta = *delta};
  ck_call(ChannelsCreateFromDeck(scattering, &s->context, CHANNEL_ON_PHONONS, &s->nchannels, &s->channel));
  ck_assert_int_eq(s->nchannels, 1);
}

static void enumerate(Setting *s, Record *r)
{
  const ProcessSink sink = {consume, r};

  memset(r, 0, sizeof *r);
  for (PetscInt ik = 0; ik < s->states->nk; ik++) ck_call(ChannelEnumerate(s->channel[0], NULL, ik, &sink));
}

static void tear_down(Setting *s)
{
  ck_call(ChannelsDestroy(s->nchannels, &s->channel));
  ck_call(StatesDestroy(&s->states));
  ck_call(MeshDestroy(&s->mesh));
  ck_call(DeckDestroy(&s->deck));
}

static PetscReal weight(PetscReal omega) { return 0.5 / sinh(0.5 * omega / KT); }
static PetscReal bose(PetscReal omega) { return 1.0 / expm1(omega / KT); }

/* 1/tau of every wedge state from the record, parts added */
static PetscReal *rates(const Setting *s, const Record *r)
{
  const States st   = s->states;
  PetscReal   *rate = calloc((size_t)st->nstates, sizeof(PetscReal));

  for (int p = 0; p < 2; p++)
    for (PetscInt e = 0; e < r->part[p].count; e++) {
      PetscReal product = r->part[p].kernel[e] * st->star[r->part[p].state[0][e]];

      for (int m = 0; m < 3; m++) product *= weight(st->energy[r->part[p].state[m][e]]);
      for (int m = 0; m < 3; m++) {
        const int32_t   a = r->part[p].state[m][e];
        const PetscReal w = weight(st->energy[a]);

        rate[a] += product / (w * w * st->star[a]);
      }
    }
  return rate;
}

/* --- vertex kernel ------------------------------------------------------------------------------------------ */

static void conjugate(PetscInt n, const Complex *u, Complex *out)
{
  for (PetscInt i = 0; i < n; i++) out[i] = conj(u[i]);
}

/* |Phi_3|^2 by the kernel for one pair; q0 produced */
static void kernel(Cubic c, PetscReal *const q[3], Complex *const u[3], const PetscReal *omega, PetscReal *phi2)
{
  ck_call(CubicSetFirst(c, q[0], u[0], omega));
  ck_call(CubicEvaluate(c, 1, q[1], u[1], omega, q[2], u[2], omega, phi2));
}

START_TEST(vertices)
{
  enum { PAIRS = 29 };
  static PetscReal q[PAIRS][3], q1[PAIRS][3], omega[PAIRS * 6], omega1[PAIRS * 6], phi2[PAIRS * 216], one[216], swapped[216], crossed[216];
  static Complex   u[PAIRS * 36], u1[PAIRS * 36], u0[36], back[36], minus[36];
  PetscReal        q0[3] = {0.25, 0.11, -0.4}, omega0[6], worst = 0.0, largest = 0.0, permuted = 0.0;
  Triplets         t;
  Material         m;
  Cubic            c;

  ck_call(AnharmonicRandom(PETSC_COMM_SELF, 12, &t, &m));
  ck_call(CubicCreate(m, &c));
  for (int i = 0; i < PAIRS; i++)
    for (int x = 0; x < 3; x++) q[i][x] = Uniform(), q1[i][x] = q0[x] - q[i][x] + (rand() % 3 - 1);
  ck_call(MaterialPhonons(m, 1, q0, omega0, NULL, u0));
  ck_call(MaterialPhonons(m, PAIRS, q[0], omega, NULL, u));
  ck_call(MaterialPhonons(m, PAIRS, q1[0], omega1, NULL, u1));
  conjugate(36, u0, back);
  ck_call(CubicSetFirst(c, q0, u0, omega0));
  ck_call(CubicEvaluate(c, PAIRS, q[0], u, omega, q1[0], u1, omega1, phi2));
  for (int i = 0; i < PAIRS; i++) {
    PetscReal  minus0[3] = {-q0[0], -q0[1], -q0[2]}, minusq[3] = {-q[i][0], -q[i][1], -q[i][2]};
    const PetscReal *const legs[3]  = {q[i], minus0, q1[i]};
    const Complex *const   modes[3] = {u + 36 * i, back, u1 + 36 * i};

    for (PetscInt n = 0; n < 216; n++) {
      const Complex sum = TripletsSum(&t, 6, legs, modes, (PetscInt[3]){n / 6 % 6, n / 36, n % 6});

      largest = PetscMax(largest, creal(sum * conj(sum)));
      worst   = PetscMax(worst, fabs(creal(sum * conj(sum)) - phi2[216 * i + n]));
    }
    conjugate(36, u + 36 * i, minus);
    kernel(c, (PetscReal * const[3]){q0, q1[i], q[i]}, (Complex * const[3]){u0, u1 + 36 * i, u + 36 * i}, omega0, swapped);
    kernel(c, (PetscReal * const[3]){minusq, minus0, q1[i]}, (Complex * const[3]){minus, back, u1 + 36 * i}, omega0, crossed);
    kernel(c, (PetscReal * const[3]){q0, q[i], q1[i]}, (Complex * const[3]){u0, u + 36 * i, u1 + 36 * i}, omega0, one);
    for (PetscInt n = 0; n < 216; n++) {
      const PetscInt a = n / 36, b = n / 6 % 6, d = n % 6;

      permuted = PetscMax(permuted, fabs(phi2[216 * i + n] - swapped[36 * a + 6 * d + b]));
      permuted = PetscMax(permuted, fabs(phi2[216 * i + n] - crossed[36 * b + 6 * a + d]));
      permuted = PetscMax(permuted, fabs(phi2[216 * i + n] - one[n]));
    }
  }
  ck_assert(largest > 0.0);
  ck_near(worst, 0.0, 1e-12, largest);
  ck_near(permuted, 0.0, 1e-12, largest);
  ck_call(CubicDestroy(&c));
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* Translation of the whole crystal costs nothing: vertices with an acoustic phonon vanish with its wavevector. */
START_TEST(acoustic_sum)
{
  PetscReal q0[3] = {0.31, 0.12, 0.27}, q[3] = {1e-7, 2e-7, -1e-7}, q1[3], omega[6], phi2[216], largest = 0.0, acoustic = 0.0;
  Complex   u[3][36];
  Triplets  t;
  Material  m;
  Cubic     c;

  ck_call(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  ck_call(CubicCreate(m, &c));
  for (int x = 0; x < 3; x++) q1[x] = q0[x] - q[x];
  ck_call(MaterialPhonons(m, 1, q0, omega, NULL, u[0]));
  ck_call(MaterialPhonons(m, 1, q, omega, NULL, u[1]));
  ck_call(MaterialPhonons(m, 1, q1, omega, NULL, u[2]));
  kernel(c, (PetscReal * const[3]){q0, q, q1}, (Complex * const[3]){u[0], u[1], u[2]}, omega, phi2);
  for (PetscInt n = 0; n < 216; n++) {
    largest = PetscMax(largest, phi2[n]);
    if (n / 6 % 6 < 3) acoustic = PetscMax(acoustic, phi2[n]);
  }
  ck_assert_msg(acoustic < 1e-11 * largest, "acoustic %g of %g", acoustic, largest);
  ck_call(CubicDestroy(&c));
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* --- golden rule --------------------------------------------------------------------------------------------- */

typedef struct { /* the material on every point of a mesh */
  PetscInt   N;
  PetscReal *q, *omega, *velocity;
  Complex   *u;
} Zone;

static void zone_fill(Material m, KMesh mesh, Zone *z)
{
  z->N        = (PetscInt)mesh->size;
  z->q        = malloc(sizeof(PetscReal[3]) * (size_t)z->N);
  z->omega    = malloc(sizeof(PetscReal[6]) * (size_t)z->N);
  z->velocity = malloc(sizeof(PetscReal[18]) * (size_t)z->N);
  z->u        = malloc(sizeof(Complex[36]) * (size_t)z->N);
  for (PetscInt i = 0; i < z->N; i++) MeshPoint(mesh, i, z->q + 3 * i);
  ck_call(MaterialPhonons(m, z->N, z->q, z->omega, z->velocity, z->u));
}

static void zone_free(Zone *z)
{
  free(z->q), free(z->omega), free(z->velocity), free(z->u);
}

static PetscReal cell_variance(KMesh mesh, const PetscReal *a, const PetscReal *b)
{
  PetscReal sum = 0.0;

  for (int i = 0; i < 9; i++) sum += (a[i / 3] - b[i / 3]) * mesh->width2[i / 3][i % 3] * (a[i % 3] - b[i % 3]);
  return sum;
}

/* delta(w + w1 - w0) of modes (point, mode) */
static PetscReal delta_of(const Delta *d, KMesh mesh, const Zone *z, PetscInt l, PetscInt l1, PetscInt l0)
{
  const PetscReal *v = z->velocity + 3 * l, *v1 = z->velocity + 3 * l1, *v0 = z->velocity + 3 * l0, x = z->omega[l] + z->omega[l1] - z->omega[l0];
  PetscReal        s = d->width;

  if (d->scheme == DELTA_ADAPTIVE) s = PetscMax(d->minimum, d->width * sqrt(2.0 / 3.0 * (cell_variance(mesh, v, v1) + cell_variance(mesh, v, v0) + cell_variance(mesh, v1, v0))));
  return fabs(x) > d->cutoff * s ? 0.0 : exp(-x * x / (s * s)) / (sqrt(UMK_PI) * s);
}

/* [36][N]: weights of delta(w_n(q) + w_n1(q0 - q) - w0) on the mesh by tetrahedra, for the decaying mode l0 */
static void tetrahedra_of(const Setting *s, const Delta *d, const Zone *z, PetscInt l0, PetscReal *weight)
{
  PetscReal *x = malloc(sizeof(PetscReal) * (size_t)z->N);
  bool       any;

  for (PetscInt modes = 0; modes < 36; modes++) {
    for (PetscInt q = 0; q < z->N; q++) x[q] = z->omega[6 * q + modes / 6] + z->omega[6 * MeshDifference(s->mesh, l0 / 6, q) + modes % 6] - z->omega[l0];
    ck_call(DeltaWeights(d, s->states, x, NULL, NULL, weight + modes * z->N, &any));
  }
  free(x);
}

/* 1/tau of all modes of the zone, l, l' merging into l''; occupations: n's of the formula, or the products of weights they stand for. Returns the number of {l, l'} -> l''. */
static PetscInt golden_rule(const Triplets *t, const Zone *z, const Setting *s, const Delta *d, bool occupations, PetscReal *rate)
{
  const KMesh mesh   = s->mesh;
  PetscReal  *weights = malloc(sizeof(PetscReal[36]) * (size_t)z->N);
  PetscInt    count  = 0;

  memset(rate, 0, sizeof(PetscReal) * (size_t)(6 * z->N));
  for (PetscInt l0 = 0; l0 < 6 * z->N; l0++) {
    Complex          back[36];
    const PetscReal *q0 = z->q + 3 * (l0 / 6), minus0[3] = {-q0[0], -q0[1], -q0[2]};

    conjugate(36, z->u + 36 * (l0 / 6), back);
    if (d->scheme == DELTA_TETRAHEDRON) tetrahedra_of(s, d, z, l0, weights);
    for (PetscInt l = 0; l < 6 * z->N; l++) {
      const PetscInt point = (PetscInt)MeshDifference(mesh, l0 / 6, l / 6);

      for (PetscInt l1 = 6 * point; l1 < 6 * point + 6; l1++) {
        const PetscReal delta = d->scheme == DELTA_TETRAHEDRON ? weights[(6 * (l % 6) + l1 % 6) * z->N + l / 6] : delta_of(d, mesh, z, l, l1, l0), w = z->omega[l], w1 = z->omega[l1], w0 = z->omega[l0];

        if (delta == 0.0 || w <= FLOOR || w1 <= FLOOR || w0 <= FLOOR) continue;
        const Complex   phi = TripletsSum(t, 6, (const PetscReal *const[3]){minus0, z->q + 3 * (l / 6), z->q + 3 * point}, (const Complex *const[3]){back, z->u + 36 * (l / 6), z->u + 36 * point}, (PetscInt[3]){l0 % 6, l % 6, l1 % 6});
        const PetscReal K   = UMK_PI / (4.0 * (PetscReal)z->N) * creal(phi * conj(phi)) / (w * w1 * w0) * delta;

        rate[l] += K * (occupations ? bose(w1) - bose(w0) : weight(w1) * weight(w0) / weight(w));
        rate[l0] += 0.5 * K * (occupations ? 1.0 + bose(w) + bose(w1) : weight(w) * weight(w1) / weight(w0));
        count += l <= l1;
      }
    }
  }
  free(weights);
  return count;
}

static const PetscInt coarse[3] = {4, 3, 2};

static void compare_golden(const Delta *delta, bool occupations, PetscReal tolerance)
{
  Triplets  t;
  Material  m;
  Setting   s;
  Record    r;
  Zone      z;
  PetscReal worst = 0.0;
  PetscInt  twice = 0, scattered = 0;

  ck_call(AnharmonicRandom(PETSC_COMM_SELF, 6, &t, &m));
  set_up(m, coarse, false, delta, "{}", &s);
  enumerate(&s, &r);
  zone_fill(m, s.mesh, &z);
  PetscReal     *expected = malloc(sizeof(PetscReal) * (size_t)(6 * z.N)), *rate = rates(&s, &r);
  const PetscInt count    = golden_rule(&t, &z, &s, delta, occupations, expected);

  ck_assert_int_gt(r.part[0].count, 0);
  ck_assert_int_gt(r.part[1].count, 0);
  ck_assert_int_eq(r.part[0].count + r.part[1].count, count);
  for (int p = 0; p < 2; p++)
    for (PetscInt e = 0; e < r.part[p].count; e++) twice += r.part[p].state[1][e] == r.part[p].state[2][e];
  ck_assert_int_gt(twice, 0);
  for (PetscInt a = 0; a < s.states->nstates; a++) {
    const PetscReal e = expected[6 * s.states->k[a] + s.states->band[a]];

    scattered += e > 0.0;
    if (e > 0.0) worst = PetscMax(worst, fabs(rate[a] / e - 1.0));
    else ck_assert(rate[a] == 0.0);
  }
  ck_assert_int_gt(scattered, 20);
  ck_assert_msg(worst < tolerance, "rates differ by %g of %d processes, %d of twice the same phonon, %d states", worst, (int)count, (int)twice, (int)scattered);
  free(expected), free(rate);
  zone_free(&z);
  record_destroy(&r);
  tear_down(&s);
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}

START_TEST(golden)
{
  compare_golden(&(Delta){DELTA_GAUSSIAN, 4e-5, 0.0, 4.5}, false, 1e-10);
  compare_golden(&(Delta){DELTA_ADAPTIVE, 0.6, 2e-6, 4.5}, false, 1e-10);
  compare_golden(&(Delta){DELTA_TETRAHEDRON}, false, 1e-10);
  compare_golden(&(Delta){DELTA_GAUSSIAN, 3e-6, 0.0, 4.5}, true, 0.02);
}
END_TEST

/* --- conservation --------------------------------------------------------------------------------------------- */

/* k of member m of process e, the average of the shortest images */
static void wavevector(const Setting *s, const ProcessRecord *r, PetscInt e, int m, PetscInt i[3], PetscReal k[3])
{
  const KMesh    mesh = s->mesh;
  PetscInt       w[3];
  PetscReal      images[MESH_MAX_SHORTEST][3];
  const PetscInt op = m ? r->op[m][e] : 0;

  MeshIndices(mesh, mesh->wedge[s->states->wedge[s->states->k[r->state[m][e]]]], w);
  const PetscInt64 linear = MeshImage(mesh, (int)op, w);
  const int        n      = MeshShortest(mesh, linear, images);

  MeshIndices(mesh, linear, i);
  for (int c = 0; c < 3; c++) {
    k[c] = 0.0;
    for (int j = 0; j < n; j++) k[c] += images[j][c] / n;
  }
}

START_TEST(conservation)
{
  const Delta    delta = {DELTA_GAUSSIAN, 3e-5, 0.0, 4.5};
  const PetscInt n[3]  = {4, 4, 4};
  Triplets       t;
  Material       m;
  Setting        s;
  Record         r;

  ck_call(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  set_up(m, n, true, &delta, "{}", &s);
  ck_assert_int_lt(s.mesh->nwedge, 10);
  enumerate(&s, &r);
  for (int p = 0; p < 2; p++) {
    ck_assert_int_gt(r.part[p].count, 0);
    for (PetscInt e = 0; e < r.part[p].count; e++) {
      PetscReal k[3], sum[3] = {0}, energy = 0.0;
      PetscInt  i[3], total[3] = {0};

      for (int l = 0; l < 3; l++) {
        wavevector(&s, &r.part[p], e, l, i, k);
        energy += r.part[p].s[l] * s.states->energy[r.part[p].state[l][e]];
        for (int c = 0; c < 3; c++) total[c] += r.part[p].s[l] * i[c], sum[c] += r.part[p].s[l] * k[c];
      }
      ck_assert(total[0] % 4 == 0 && total[1] % 4 == 0 && total[2] % 4 == 0);
      ck_assert(fabs(energy) <= 4.5 * 3e-5);
      ck_assert(p == 0 ? Norm3(sum) < 1e-12 : Norm3(sum) > 0.05);
      ck_assert(r.part[p].kernel[e] > 0.0);
    }
  }
  record_destroy(&r);
  tear_down(&s);
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* --- wedge ------------------------------------------------------------------------------------------------------- */

/* Rates on the wedge and on the whole zone; also each part alone is what it is among all. */
static void compare_wedge(Material m, const PetscInt n[3], const Delta *delta, PetscReal tolerance)
{
  Setting   s[2];
  Record    r[2], only;
  PetscReal *rate[2], worst = 0.0, largest = 0.0;

  for (int full = 0; full < 2; full++) {
    set_up(m, n, !full, delta, "{}", &s[full]);
    enumerate(&s[full], &r[full]);
    rate[full] = rates(&s[full], &r[full]);
  }
  for (PetscInt a = 0; a < s[1].states->nstates; a++) {
    const PetscInt w = s[0].mesh->wedge_of[s[1].mesh->wedge[s[1].states->k[a]]];
    int32_t        b = s[0].states->first[w];

    while (s[0].states->band[b] != s[1].states->band[a]) b++;
    largest = PetscMax(largest, rate[1][a]);
    worst   = PetscMax(worst, fabs(rate[1][a] - rate[0][b]));
  }
  ck_assert_msg(worst < tolerance * largest, "scheme %d: wedge and zone differ by %g", (int)delta->scheme, worst / largest);
  for (int p = 0; p < 2; p++) {
    Setting alone;

    set_up(m, n, true, delta, p ? "umklapp" : "normal", &alone);
    enumerate(&alone, &only);
    ck_assert_int_eq(only.part[p].count, r[0].part[p].count);
    ck_assert_int_eq(only.part[1 - p].count, 0);
    for (PetscInt e = 0; e < only.part[p].count; e++) ck_near(only.part[p].kernel[e], r[0].part[p].kernel[e], 1e-12, r[0].part[p].kernel[e]);
    record_destroy(&only);
    tear_down(&alone);
  }
  for (int full = 0; full < 2; full++) {
    free(rate[full]);
    record_destroy(&r[full]);
    tear_down(&s[full]);
  }
}

START_TEST(wedge)
{
  static const PetscInt meshes[2][3] = {{4, 4, 4}, {5, 5, 5}};
  Triplets t;
  Material m;

  ck_call(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  for (int i = 0; i < 2; i++) {
    compare_wedge(m, meshes[i], &(Delta){DELTA_GAUSSIAN, 5e-5, 0.0, 4.5}, 1e-8);
    compare_wedge(m, meshes[i], &(Delta){DELTA_ADAPTIVE, 1.0, 4e-6, 4.5}, 1e-8);
    compare_wedge(m, meshes[i], &(Delta){DELTA_TETRAHEDRON}, 1e-8);
  }
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* Simplices taken from the tiling on the fly are those of an explicit list */
START_TEST(tiling)
{
  static const PetscInt meshes[3][3] = {{5, 4, 6}, {3, 3, 40}, {1, 2, 1}};
  const Delta           delta        = {DELTA_TETRAHEDRON};
  Triplets              t;
  Material              m;

  ck_call(AnharmonicRandom(PETSC_COMM_SELF, 1, &t, &m));
  for (int i = 0; i < 3; i++) {
    Setting         s;
    bool            any[2];
    set_up(m, meshes[i], false, &delta, "{}", &s);
    const KMesh      mesh = s.mesh;
    const PetscInt   N = (PetscInt)mesh->size, nt = mesh->ntetra;
    struct _p_States list = *s.states;
    int32_t        (*corner)[4] = malloc(sizeof(*corner) * (size_t)(N * nt));
    PetscReal       *share = malloc(sizeof(PetscReal) * (size_t)(N * nt)), *x = malloc(sizeof(PetscReal[3]) * (size_t)N), *w = x + N, *w1 = x + 2 * N, worst = 0.0, largest = 0.0;

    for (PetscInt at = 0; at < N * nt; at++) {
      PetscInt base[3];

      MeshIndices(mesh, at / nt, base);
      for (int v = 0; v < 4; v++) corner[at][v] = (int32_t)MeshLinear(mesh, (PetscInt[3]){base[0] + mesh->tetra[at % nt][v][0], base[1] + mesh->tetra[at % nt][v][1], base[2] + mesh->tetra[at % nt][v][2]});
      share[at] = mesh->tetra_weight[at % nt];
    }
    list.ntetra       = N * nt;
    list.tetra        = (const int32_t(*)[4])corner;
    list.tetra_weight = share;
    for (PetscInt q = 0; q < N; q++) x[q] = Uniform();
    ck_call(DeltaWeights(&delta, s.states, x, NULL, NULL, w, &any[0]));
    ck_call(DeltaWeights(&delta, &list, x, NULL, NULL, w1, &any[1]));
    for (PetscInt q = 0; q < N; q++) {
      worst   = PetscMax(worst, fabs(w[q] - w1[q]));
      largest = PetscMax(largest, w1[q]);
    }
    ck_assert(any[0] == any[1] && (any[0] || i == 2));
    ck_assert_msg(worst <= 1e-12 * largest, "mesh %d: weights differ by %g of %g", i, worst, largest);
    free(corner), free(share), free(x);
    tear_down(&s);
  }
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* Total rates of the three schemes agree as far as a coarse mesh allows */
START_TEST(schemes)
{
  static const Delta delta[3] = {{DELTA_GAUSSIAN, 4e-5, 0.0, 4.5}, {DELTA_ADAPTIVE, 1.0, 4e-6, 4.5}, {DELTA_TETRAHEDRON}};
  const PetscInt     n[3]     = {10, 10, 10};
  PetscReal          total[3] = {0};
  Triplets           t;
  Material           m;

  ck_call(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  for (int i = 0; i < 3; i++) {
    Setting s;
    Record  r;

    set_up(m, n, true, &delta[i], "{}", &s);
    enumerate(&s, &r);
    PetscReal *rate = rates(&s, &r);
    for (PetscInt a = 0; a < s.states->nstates; a++) total[i] += rate[a] * s.states->star[a] * pow(weight(s.states->energy[a]) * s.states->energy[a], 2);
    free(rate);
    record_destroy(&r);
    tear_down(&s);
  }
  ck_near(total[0], total[2], 0.1, total[2]);
  ck_near(total[1], total[2], 0.1, total[2]);
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* --- velocities of degenerate branches -------------------------------------------------------------------------- */

/* Spread of states [a, b) from the velocities a step away along the same directions; differences, for MaterialPhonons averages what is nearly degenerate */
static void spread_nearby(const Setting *s, int32_t a, int32_t b, PetscReal spread[6])
{
  static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  const States     st         = s->states;
  const PetscReal  step = 1e-4, small = 1e-7;
  PetscReal       *direction, k[3], q[6][3], omega[6][6];
  PetscInt         n;

  for (int r = 0; r < 6; r++) spread[r] = -st->velocity[3 * a + pair[r][0]] * st->velocity[3 * a + pair[r][1]];
  ck_call(SpreadDirections(s->mesh->crystal, &n, &direction));
  for (PetscInt i = 0; i < n; i++) {
    MeshPoint(s->mesh, s->mesh->wedge[st->wedge[st->k[a]]], k);
    for (int c = 0; c < 3; c++) k[c] += step * Dot3(s->mesh->crystal->a[c], direction + 3 * i) / (2.0 * UMK_PI);
    for (int x = 0; x < 18; x++) q[x / 3][x % 3] = k[x % 3] + (x < 9 ? small : -small) * s->mesh->crystal->a[x % 3][x / 3 % 3] / (2.0 * UMK_PI);
    ck_call(MaterialPhonons(s->material, 6, q[0], omega[0], NULL, NULL));
    for (int32_t j = a; j < b; j++)
      for (int r = 0; r < 6; r++) {
        PetscReal product = 1.0;

        for (int l = 0; l < 2; l++) product *= (omega[pair[r][l]][st->band[j]] - omega[3 + pair[r][l]][st->band[j]]) / (2.0 * small);
        spread[r] += product / (n * (b - a));
      }
  }
  ck_call(PetscFree(direction));
}

START_TEST(spread)
{
  const PetscInt n[3]  = {5, 5, 5};
  const Delta    delta = {DELTA_TETRAHEDRON};
  PetscInt       found = 0;
  PetscReal      expected[6];
  Triplets       t;
  Material       m;
  Setting        s;

  ck_call(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  set_up(m, n, true, &delta, "{}", &s);
  const States st = s.states;
  for (int32_t a = 0, b; a < st->nstates; a = b) {
    for (b = a + 1; b < st->nstates && st->k[b] == st->k[a] && st->energy[b] - st->energy[b - 1] < 5e-7; b++) { }
    const PetscReal *C = st->spread + 6 * a, size = C[0] + C[1] + C[2];

    if (b == a + 1) ck_assert(size == 0.0);
    if (b == a + 1 || st->k[a] == 0) continue; /* at q = 0 branches part quadratically: nothing to see a step away */
    spread_nearby(&s, a, b, expected);
    for (int r = 0; r < 6; r++) ck_near(C[r], expected[r], 2e-3, Dot3(st->velocity + 3 * a, st->velocity + 3 * a) + size);
    found += size > 1e-3 * Dot3(st->velocity + 3 * a, st->velocity + 3 * a);
  }
  ck_assert_int_gt(found, 0);
  tear_down(&s);
  ck_call(MaterialDestroy(&m));
  TripletsFree(&t);
}
END_TEST

/* --- mistakes ------------------------------------------------------------------------------------------------- */

START_TEST(without_cubic)
{
  const PetscInt n[3]  = {2, 2, 2};
  const char    *deck  = "scattering:\n  three_phonon: {}\n";
  SmallMaterial  small = {.bits = 64, .real = 1};
  Material       m;
  Crystal        crystal;
  Deck           root, scattering;
  Channel       *channel;
  PetscInt       nchannels;
  ChannelContext context = {0};
  KMesh          mesh;
  Cubic          c;

  ck_call(SmallRandom(PETSC_COMM_SELF, &small, &m));
  ck_call(MaterialGetCrystal(m, &crystal));
  ck_call(MeshCreate(PETSC_COMM_SELF, crystal, n, true, &mesh));
  context.material = m;
  ck_call(StatesCreatePhonons(PETSC_COMM_SELF, m, mesh, FLOOR, &context.phonons));
  ck_call(ChannelRegisterKeys());
  ck_call(DeckCreateFromText("test.yaml", deck, 0, NULL, &root));
  ck_call(DeckGetSection(root, "scattering", &scattering));
  ck_assert_int_eq(ChannelsCreateFromDeck(scattering, &context, CHANNEL_ON_PHONONS, &nchannels, &channel), UMK_ERR_INPUT);
  ck_assert_msg(strstr(ErrorMessage(), "test.yaml:2") && strstr(ErrorMessage(), "third-order"), "%s", ErrorMessage());
  ErrorClear();
  ck_call(ChannelsDestroy(1, &channel));
  ck_assert_int_eq(CubicCreate(m, &c), UMK_ERR_INPUT);
  ErrorClear();
  ck_call(DeckDestroy(&root));
  ck_call(StatesDestroy(&context.phonons));
  ck_call(MeshDestroy(&mesh));
  ck_call(MaterialDestroy(&m));
  free(small.g);
}
END_TEST

/* --- silicon ------------------------------------------------------------------------------------------------------ */

START_TEST(silicon)
{
  const char    *source = getenv("UMKLAPP_SOURCE");
  const PetscInt n[3]   = {5, 5, 5};
  char           path[512];
  struct stat    status;
  Material       m;

  snprintf(path, sizeof path, "%s/inputs/data/silicon-phonons.h5", source ? source : ".");
  if (stat(path, &status)) return;
  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, path, &m));
  compare_wedge(m, n, &(Delta){DELTA_ADAPTIVE, 1.0, 4e-6, 4.5}, 1e-8);
  ck_call(MaterialDestroy(&m));
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("three_phonon");
  TCase *t = tcase_create("three_phonon");

  tcase_set_timeout(t, 0);
  tcase_add_test(t, vertices);
  tcase_add_test(t, acoustic_sum);
  tcase_add_test(t, golden);
  tcase_add_test(t, conservation);
  tcase_add_test(t, wedge);
  tcase_add_test(t, tiling);
  tcase_add_test(t, schemes);
  tcase_add_test(t, spread);
  tcase_add_test(t, without_cubic);
  tcase_add_test(t, silicon);
  suite_add_tcase(s, t);
  return s;
}

TEST_MAIN(make)

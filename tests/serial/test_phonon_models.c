/*
  Model phonons and what scatters them, against closed forms: dispersions, natural isotopes, rates of isotopes and walls, decay into two phonons,
  heat capacity.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <unistd.h>
#include "channel/isotope.h"
#include "harness.h"
#include "main/dispersion.h"
#include "umklapp/collision.h"

#define METRE_S (1.0 / UMK_VELOCITY_M_S)
#define NEWTON_M (UMK_BOHR_M * UMK_BOHR_M / UMK_HARTREE_J)
#define ANGSTROM (1.0 / UMK_BOHR_ANGSTROM)

typedef struct {
  Deck           deck;
  Material       material;
  KMesh          mesh;
  ChannelContext context;
  PetscInt       nchannels;
  Channel       *channels;
} Lattice;

/* phonons: what follows `phonons:` in the deck's model; mesh n x n x n; n = 0: the material alone. */
static void lattice_create(const char *phonons, const char *lattice, PetscInt n, const char *scattering, const char *scheme, Lattice *l)
{
  static bool registered;
  char        text[1024];
  Deck        section;
  Crystal     crystal;

  *l = (Lattice){0};
  LogSetLevel(0);
  if (!registered) {
    ck_call(MaterialRegisterKeys());
    ck_call(ChannelRegisterKeys());
    registered = true;
  }
  snprintf(text, sizeof text, "material: {model: {lattice_constant: 4 angstrom, lattice: %s, phonons: %s}}\nscattering: %s\ndelta: %s\n", lattice, phonons, scattering, scheme);
  ck_call(DeckCreateFromText("test.yaml", text, 0, NULL, &l->deck));
  ck_call(DeckGetSection(l->deck, "material", &section));
  ck_call(MaterialCreateFromDeck(PETSC_COMM_SELF, section, &l->material));
  if (n == 0) return;
  ck_call(DeckGetSection(l->deck, "delta", &section));
  ck_call(DeltaFromDeck(section, &l->context.delta));
  ck_call(MaterialGetCrystal(l->material, &crystal));
  ck_call(MeshCreate(PETSC_COMM_SELF, crystal, (PetscInt[3]){n, n, n}, true, &l->mesh));
  l->context.material = l->material;
  ck_call(StatesCreatePhonons(PETSC_COMM_SELF, l->material, l->mesh, 1e-7, &l->context.phonons));
  ck_call(DeckGetSection(l->deck, "scattering", &section));
  ck_call(ChannelsCreateFromDeck(section, &l->context, CHANNEL_ON_PHONONS, &l->nchannels, &l->channels));
}

static void lattice_destroy(Lattice *l)
{
  ck_call(ChannelsDestroy(l->nchannels, &l->channels));
  ck_call(StatesDestroy(&l->context.phonons));
  ck_call(MeshDestroy(&l->mesh));
  ck_call(MaterialDestroy(&l->material));
  ck_call(DeckDestroy(&l->deck));
}

/* Rates of the wedge states: each process stands for the star of its first member. */
static void rates_of(Lattice *l, PetscReal kT, PetscReal *rate)
{
  const States      s     = l->context.phonons;
  const StatesPoint point = {.kT = kT};
  ProcessRecord     r     = {0};
  ProcessSink       sink;

  ck_call(PetscArrayzero(rate, s->nstates));
  ck_call(ProcessRecordSink(&r, &sink));
  for (PetscInt ik = 0; ik < s->nk; ik++) {
    r.count = 0;
    ck_call(ChannelEnumerate(l->channels[0], &point, ik, &sink));
    for (PetscInt e = 0; e < r.count; e++) {
      PetscReal product = r.kernel[e];
      for (int m = 0; m < r.nmembers && r.nmembers > 1; m++) product *= StatesWeight(SPECIES_PHONON, s->energy[r.state[m][e]], &point);
      if (!(r.kernel[e] >= 0.0 && isfinite(r.kernel[e]))) ck_abort_msg("kernel %g", r.kernel[e]);
      for (int m = 0; m < r.nmembers; m++) {
        const int       a = r.state[m][e];
        const PetscReal w = StatesWeight(SPECIES_PHONON, s->energy[a], &point);
        rate[a] += product * s->star[r.state[0][e]] / s->star[a] / (r.nmembers > 1 ? w * w : 1.0);
      }
    }
  }
  ck_call(ProcessRecordDestroy(&r));
}

/* --- dispersions --------------------------------------------------------------------------------------------- */

static void frequencies(const char *phonons, const char *lattice, const PetscReal q[3], PetscReal omega[3], PetscReal velocity[9], Complex matrix[27])
{
  const PetscReal h = 1e-5;
  Lattice         l;
  Crystal         crystal;
  Complex         u[9];

  lattice_create(phonons, lattice, 0, "{}", "{}", &l);
  ck_call(MaterialPhonons(l.material, 1, q, omega, velocity, u));
  ck_call(MaterialPhononVelocityMatrix(l.material, q, matrix));
  ck_call(MaterialGetCrystal(l.material, &crystal));
  for (int i = 0; i < 9; i++) { /* the gradient along each reciprocal vector; displacements are orthonormal times sqrt(M) */
    PetscReal step[6], w[6], slope = 0.0;
    Complex   product = 0.0;
    for (int c = 0; c < 6; c++) step[c] = q[c % 3] + (c % 3 == i % 3 ? (c < 3 ? -h : h) : 0.0);
    ck_call(MaterialPhonons(l.material, 2, step, w, NULL, NULL));
    slope = (w[3 + i / 3] - w[i / 3]) / (2.0 * h);
    ck_near(Dot3(velocity + 3 * (i / 3), crystal->b[i % 3]), slope, 1e-6, omega[2]);
    for (int c = 0; c < 3; c++) product += conj(u[3 * c + i / 3]) * u[3 * c + i % 3] * crystal->mass[0];
    ck_near(cabs(product - (i % 4 == 0)), 0.0, 1e-12, 1.0);
  }
  for (int n = 0; n < 3; n++)
    for (int c = 0; c < 3; c++) ck_near(creal(matrix[3 * (4 * n) + c]), velocity[3 * n + c], 1e-9, omega[2]);
  lattice_destroy(&l);
}

static const char SPRINGS[] = "{kind: born_von_karman, mass: 28 amu, springs: [40, 7] N/m}", CHAINS[] = "{kind: born_von_karman, mass: 28 amu, springs: 40 N/m}";
static const char DEBYE[] = "{kind: debye, mass: 28 amu, sound: [9000, 5000] m/s}", EINSTEIN[] = "{kind: einstein, mass: 28 amu, frequency: 8 THz}";

START_TEST(born_von_karman)
{
  const PetscReal q[3] = {0.07, 0.19, 0.31}, unit = NEWTON_M / (28.0 * UMK_AMU);
  PetscReal       omega[3], v[9], s[3];
  Complex         matrix[27];

  for (int c = 0; c < 3; c++) s[c] = sin(UMK_PI * q[c]);
  frequencies(CHAINS, "simple_cubic", q, omega, v, matrix); /* three families of chains */
  for (int n = 0; n < 3; n++) ck_near(omega[n], 2.0 * sqrt(40.0 * unit) * s[n], 1e-12, omega[n]);
  ck_near(v[0], 4.0 * ANGSTROM * sqrt(40.0 * unit) * cos(UMK_PI * q[0]), 1e-12, v[0]);
  frequencies(SPRINGS, "simple_cubic", q, omega, v, matrix);
  for (int n = 0; n < 3; n++) {
    const PetscReal rest = 7.0 * (s[0] * s[0] + s[1] * s[1] + s[2] * s[2] - s[n] * s[n]);
    ck_near(omega[n], 2.0 * sqrt((40.0 * s[n] * s[n] + rest) * unit), 1e-12, omega[n]);
  }
  /* fcc, Gamma-X at the share x of 2 pi/a: L 8 (C_L + C_T), T 4 C_L + 12 C_T, times sin^2(pi x/2); C_T also through the second pair of planes */
  const PetscReal x = 0.3, along[3] = {x / 2, 0.0, x / 2}, half = sin(UMK_PI * x / 2.0);
  frequencies(SPRINGS, "fcc", (PetscReal[3]){0.11, -0.2, 0.37}, omega, v, matrix);
  Lattice l;
  lattice_create(SPRINGS, "fcc", 0, "{}", "{}", &l);
  ck_call(MaterialPhonons(l.material, 1, along, omega, NULL, NULL));
  ck_near(omega[2], half * sqrt(8.0 * (40.0 + 7.0) * unit), 1e-12, omega[2]);
  ck_near(omega[0], half * sqrt((4.0 * 40.0 + 12.0 * 7.0) * unit), 1e-12, omega[2]);
  ck_near(omega[1], omega[0], 1e-12, omega[2]);
  lattice_destroy(&l);
}
END_TEST

START_TEST(debye_and_einstein)
{
  const PetscReal q[3] = {0.07, 0.19, 0.31}, length = 2.0 * UMK_PI / (4.0 * ANGSTROM) * Norm3(q), face[3] = {0.5, 0.19, 0.31};
  PetscReal       omega[3], v[9];
  Complex         matrix[27];
  Lattice         l;

  frequencies(DEBYE, "simple_cubic", q, omega, v, matrix);
  for (int n = 0; n < 3; n++) ck_near(omega[n], (n == 2 ? 9000.0 : 5000.0) * METRE_S * length, 1e-12, omega[n]);
  for (int c = 0; c < 3; c++) ck_near(v[6 + c], 9000.0 * METRE_S * q[c] / Norm3(q), 1e-12, v[6]);
  frequencies(DEBYE, "fcc", (PetscReal[3]){-0.17, 0.23, 0.31}, omega, v, matrix);
  lattice_create(DEBYE, "simple_cubic", 0, "{}", "{}", &l); /* on a face two images are equally short: nothing moves across it, the trace is kept */
  ck_call(MaterialPhonons(l.material, 1, face, omega, v, NULL));
  for (int n = 0; n < 3; n++) ck_near(v[3 * n], 0.0, 1e-12, 9000.0 * METRE_S);
  ck_near(Dot3(omega, omega), (81.0 + 2.0 * 25.0) * 1e6 * METRE_S * METRE_S * pow(2.0 * UMK_PI / (4.0 * ANGSTROM) * Norm3(face), 2), 1e-12, Dot3(omega, omega));
  lattice_destroy(&l);
  frequencies(EINSTEIN, "bcc", q, omega, v, matrix);
  for (int n = 0; n < 3; n++) ck_near(omega[n], 2.0 * UMK_PI * 8e12 * UMK_TIME_S, 1e-9, omega[n]);
  ck_near(Norm3(v), 0.0, 1e-15, 1.0);
}
END_TEST

/* --- scattering ------------------------------------------------------------------------------------------------ */

START_TEST(natural_isotopes)
{
  static const struct {
    PetscReal mass, variance; /* as published, Tamura's g */
  } known[] = {{28.0855, 2.01e-4}, {72.63, 5.87e-4}, {12.011, 7.39e-5}, {69.723, 1.97e-4}, {114.818, 1.25e-5}, {74.9216, 0.0}, {26.9815, 0.0}, {121.760, 6.61e-5}, {127.60, 2.84e-4}};

  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    PetscReal mean, variance;
    NaturalMoments(NaturalNearest(known[i].mass), &mean, &variance);
    ck_near(mean, known[i].mass, 1e-4, known[i].mass);
    ck_near(variance, known[i].variance, 1.0, 0.006 * known[i].variance + 1e-12);
  }
  for (const NaturalElement *e = NaturalElements; e->symbol; e++) {
    PetscReal sum = 0.0, last = 0.0;
    for (int i = 0; i < ISOTOPES_MAX && e->isotope[i].mass > 0.0; i++) {
      ck_assert_msg(e->isotope[i].mass > last + 0.9 && e->isotope[i].fraction > 0.0 && fabs(e->isotope[i].mass - round(e->isotope[i].mass)) < 0.12, "%s, isotope %d", e->symbol, i);
      last = e->isotope[i].mass;
      sum += e->isotope[i].fraction;
    }
    ck_assert_msg(fabs(sum - 1.0) < 1.5e-4, "%s: fractions sum to %g", e->symbol, sum);
  }
}
END_TEST

#define GVAR 2e-4
static const char SOUND[] = "{kind: debye, mass: 28 amu, sound: [9000, 7000] m/s}", VARIANCE[] = "{isotope: {variance: 2e-4}}";

/* 1/tau of all states of a wedge point from its own processes, each of which is half a pair: sum_j K_ij w_j/w_i, or sum_j K_ij (kT = 0). */
static void rates_at(Lattice *l, PetscInt ik, PetscReal kT, PetscReal *rate)
{
  const States      s     = l->context.phonons;
  const StatesPoint point = {.kT = kT};
  ProcessRecord     r     = {0};
  ProcessSink       sink;

  ck_call(ProcessRecordSink(&r, &sink));
  ck_call(ChannelEnumerate(l->channels[0], &point, ik, &sink));
  for (PetscInt i = s->first[ik]; i < s->first[ik + 1]; i++) rate[i] = 0.0;
  for (PetscInt e = 0; e < r.count; e++) {
    const PetscReal i = s->energy[r.state[0][e]], j = s->energy[r.state[1][e]];
    if (s->k[r.state[0][e]] != ik || r.s[0] != 1 || r.s[1] != -1) ck_abort_msg("a process of another point or kind");
    rate[r.state[0][e]] += 2.0 * r.kernel[e] * (kT > 0.0 ? StatesWeight(SPECIES_PHONON, j, &point) / StatesWeight(SPECIES_PHONON, i, &point) : 1.0);
  }
  ck_call(ProcessRecordDestroy(&r));
}

/* Mean deviation from the closed form of modes whose constant-frequency surfaces lie within the zone: 1/tau = (pi/6) g omega^2 D(omega), in a Debye
   crystal with D = V omega^2 (1/v_L^3 + 2/v_T^3)/(2 pi^2); a Gaussian of width s makes omega^3 in it omega^3 + (3/2) s^2 omega. worst: of one state. */
static PetscReal isotope_deviation(PetscInt n, const char *scheme, PetscReal *worst)
{
  const PetscReal edge = UMK_PI / (4.0 * ANGSTROM), top = 7000.0 * METRE_S * edge, inverse = (pow(9000.0, -3) + 2.0 * pow(7000.0, -3)) / pow(METRE_S, 3);
  Lattice         l;
  PetscReal      *rate, sum = 0.0, weight = 0.0;

  lattice_create(SOUND, "simple_cubic", n, VARIANCE, scheme, &l);
  const States s = l.context.phonons;
  ck_call(PetscMalloc1(s->nstates, &rate));
  *worst = 0.0;
  for (PetscInt ik = 0; ik < s->nk; ik += 1 + s->nk / 100) {
    if (s->energy[s->first[ik]] > 0.85 * top) continue;
    rates_at(&l, ik, 0.0, rate);
    for (PetscInt a = s->first[ik]; a < s->first[ik + 1]; a++) {
      const PetscReal omega = s->energy[a], width = l.context.delta.scheme == DELTA_GAUSSIAN ? l.context.delta.width / omega : 0.0;
      const PetscReal want = UMK_PI / 6.0 * GVAR * pow(omega, 4) * (1.0 + 1.5 * width * width) * s->mesh->crystal->volume * inverse / (2.0 * UMK_PI * UMK_PI);
      if (omega < 0.4 * top || omega > 0.85 * top) continue;
      sum += s->star[a] * (rate[a] / want - 1.0);
      weight += s->star[a];
      *worst = PetscMax(*worst, fabs(rate[a] / want - 1.0));
    }
  }
  ck_call(PetscFree(rate));
  lattice_destroy(&l);
  return sum / weight;
}

START_TEST(isotope_rates)
{
  static const char *const schemes[] = {"{scheme: adaptive}", "{scheme: gaussian, width: 2 meV}", "{scheme: tetrahedron}"};
  for (int i = 0; i < 3; i++) {
    PetscReal       worst[2];
    const PetscReal coarse = isotope_deviation(12, schemes[i], &worst[0]), fine = isotope_deviation(36, schemes[i], &worst[1]);
    ck_assert_msg(fabs(fine) < 0.005 && fabs(fine) < fabs(coarse), "%s: off by %.2e on 36^3, %.2e on 12^3", schemes[i], fine, coarse);
    ck_assert_msg(worst[1] < 0.035 && worst[1] < 0.5 * worst[0], "%s: one state is off by %.2e on 36^3, %.2e on 12^3", schemes[i], worst[1], worst[0]);
  }
}
END_TEST

/* Processes of both members of a pair add up to the same rates: the kernel is symmetric, star by star, whatever vectors span degenerate modes. */
START_TEST(isotope_pairs)
{
  static const char *const phonons[] = {SOUND, SPRINGS, EINSTEIN}, *const lattices[] = {"simple_cubic", "fcc", "bcc"};
  for (int i = 0; i < 3; i++) {
    Lattice    l;
    PetscReal *both, *own;
    lattice_create(phonons[i], lattices[i], 6, VARIANCE, "{scheme: adaptive}", &l);
    const States s = l.context.phonons;
    ck_call(PetscMalloc2(s->nstates, &both, s->nstates, &own));
    rates_of(&l, 0.001, both);
    for (PetscInt ik = 0; ik < s->nk; ik++) rates_at(&l, ik, 0.001, own);
    for (PetscInt a = 0; a < s->nstates; a++) ck_near(both[a], own[a], 1e-9, own[a]);
    ck_call(PetscFree2(both, own));
    lattice_destroy(&l);
  }
}
END_TEST

START_TEST(walls)
{
  static const char *const decks[] = {"{boundary: 1 um}", "{boundary: {length: 1 um, specularity: 0.5}}"};
  for (int i = 0; i < 2; i++) {
    Lattice    l;
    PetscReal *rate;
    lattice_create(SPRINGS, "fcc", 6, decks[i], "{}", &l);
    ck_call(PetscMalloc1(l.context.phonons->nstates, &rate));
    rates_of(&l, 0.001, rate);
    for (PetscInt a = 0; a < l.context.phonons->nstates; a++) { /* degenerate modes: the root mean square of their speeds */
      const PetscReal *v = l.context.phonons->velocity + 3 * a, *C = l.context.phonons->spread + 6 * a;
      ck_near(rate[a], sqrt(Dot3(v, v) + C[0] + C[1] + C[2]) / (1e-6 / UMK_BOHR_M) * (i == 0 ? 1.0 : 1.0 / 3.0), 1e-9, rate[a] + 1e-20);
    }
    ck_call(PetscFree(rate));
    lattice_destroy(&l);
  }
}
END_TEST

/* --- decay of a longitudinal phonon ---------------------------------------------------------------------------- */

#define LONG  (9000.0 * METRE_S)
#define TRANS (5000.0 * METRE_S)
#define KT    (300.0 * UMK_KELVIN)

/* With lengths r, r' of the wavevectors of the products, d^3q = (2 pi/k) r r' dr dr': the rate of k -> (branch of velocity v) + (transverse) is
   (pi/4) V/(2 pi)^3 (2 pi/(k v_T)) int r r' B omega omega' omega'' (1 + n + n') dr, omega'' = v_L k = v r + v_T r'; |Phi_3|^2 = B (omega omega' omega'')^2. */
static PetscReal decay_rate(PetscReal k, PetscReal v, PetscReal volume, PetscReal strength)
{
  const PetscReal s = LONG / TRANS, low = v == LONG ? k * (s - 1.0) / (s + 1.0) : 0.5 * (s - 1.0) * k, top = v == LONG ? k : 0.5 * (s + 1.0) * k;
  PetscReal       sum = 0.0;
  const int       n   = 4000;
  for (int i = 0; i < n; i++) {
    const PetscReal r = low + (top - low) * (i + 0.5) / n, a = v * r, b = LONG * k - a;
    sum += r * b / TRANS * a * b * (1.0 + 1.0 / expm1(a / KT) + 1.0 / expm1(b / KT)) * (top - low) / n;
  }
  return UMK_PI / 4.0 * volume / pow(2.0 * UMK_PI, 3) * 2.0 * UMK_PI / (k * TRANS) * strength * LONG * k * sum;
}

/* Mean deviation of the decay rates into two transverse phonons [0], and a longitudinal and a transverse one [1]. */
static void decay_deviation(PetscInt n, const char *scheme, PetscReal deviation[2])
{
  const StatesPoint point = {.kT = KT};
  const PetscReal   mass = 28.0 * UMK_AMU, strength = 4.0 * 1.5 * 1.5 / (mass * LONG * LONG), edge = UMK_PI / (4.0 * ANGSTROM);
  PetscReal         weight = 0.0;
  ProcessRecord     r      = {0};
  ProcessSink       sink;
  Lattice           l;

  lattice_create("{kind: debye, mass: 28 amu, sound: [9000, 5000] m/s}, cubic: {kind: grueneisen, grueneisen: 1.5, sound: 9000 m/s}", "simple_cubic", n, "{three_phonon: {}}", scheme, &l);
  const States s = l.context.phonons;
  deviation[0] = deviation[1] = 0.0;
  ck_call(ProcessRecordSink(&r, &sink));
  for (PetscInt ik = 0; ik < s->nk; ik += 1 + s->nk / 200) {
    const int32_t   a = s->first[ik + 1] - 1; /* the longitudinal mode */
    const PetscReal k = s->energy[a] / LONG;
    PetscReal       rate[2] = {0.0, 0.0};
    if (k < 0.4 * edge || k > 0.68 * edge) continue; /* products reach to 1.4 k */
    r.count = 0;
    ck_call(ChannelEnumerate(l.channels[0], &point, ik, &sink));
    for (PetscInt e = 0; e < r.count; e++) {
      PetscReal product = r.kernel[e];
      int       nlong   = 0;
      bool      mine    = false;
      for (int m = 0; m < 3; m++) {
        const int state = r.state[m][e];
        if (r.s[m] < 0) mine = state == a;
        else nlong += s->band[state] == 2;
        product *= r.s[m] < 0 ? 1.0 / StatesWeight(SPECIES_PHONON, s->energy[state], &point) : StatesWeight(SPECIES_PHONON, s->energy[state], &point);
      }
      if (mine && nlong < 2) rate[nlong] += product;
    }
    deviation[0] += s->star[a] * (rate[0] / (2.0 * decay_rate(k, TRANS, s->mesh->crystal->volume, strength)) - 1.0); /* four ordered pairs of polarizations, half of each */
    deviation[1] += s->star[a] * (rate[1] / (2.0 * decay_rate(k, LONG, s->mesh->crystal->volume, strength)) - 1.0);  /* two polarizations */
    weight += s->star[a];
  }
  deviation[0] /= weight;
  deviation[1] /= weight;
  ck_call(ProcessRecordDestroy(&r));
  lattice_destroy(&l);
}

START_TEST(decay)
{
  static const char *const schemes[] = {"{scheme: adaptive}", "{scheme: gaussian, width: 1 meV}", "{scheme: tetrahedron}"};
  static const PetscReal   tolerance[3]  = {0.006, 0.006, 0.013}; /* with a longitudinal product the surface ends at Gamma, and converges more slowly */
  for (int i = 0; i < 3; i++) {
    PetscReal coarse[2], fine[2];
    decay_deviation(16, schemes[i], coarse);
    decay_deviation(32, schemes[i], fine);
    ck_assert_msg(fabs(fine[0]) < 0.005 && fabs(fine[0]) < fabs(coarse[0]), "%s: L to T + T is off by %.2e on 32^3, %.2e on 16^3", schemes[i], fine[0], coarse[0]);
    ck_assert_msg(fabs(fine[1]) < tolerance[i] && fabs(fine[1]) < fabs(coarse[1]), "%s: L to L + T is off by %.2e on 32^3, %.2e on 16^3", schemes[i], fine[1], coarse[1]);
  }
}
END_TEST

/* --- heat capacity ---------------------------------------------------------------------------------------------- */

static void capacity(Material m, PetscInt n, PetscInt nT, const PetscReal *kelvin, PetscReal *c)
{
  PetscReal kT[8], imaginary;
  for (PetscInt t = 0; t < nT; t++) kT[t] = kelvin[t] * UMK_KELVIN;
  ck_call(HeatCapacity(m, (PetscInt[3]){n, n, n}, nT, kT, c, &imaginary));
  ck_near(imaginary, 0.0, 1e-12, 1.0);
}

START_TEST(heat_capacity)
{
  const PetscReal kelvin[4] = {1.0, 4.0, 16.0, 1e5}, side = 4.0 * ANGSTROM, x = 2.0 * UMK_PI * 8e12 * UMK_TIME_S / (300.0 * UMK_KELVIN);
  PetscReal       c[4], e;
  Lattice         l;

  /* Debye: (12 pi^4/5) (T/Theta)^3 k_B, Theta^3 = (6 pi^2/V)/<1/v^3> */
  lattice_create(DEBYE, "simple_cubic", 0, "{}", "{}", &l);
  capacity(l.material, 12, 4, kelvin, c);
  for (int t = 0; t < 3; t++) {
    const PetscReal kT = kelvin[t] * UMK_KELVIN, inverse = (pow(9000.0, -3) + 2.0 * pow(5000.0, -3)) / pow(METRE_S, 3);
    const PetscReal theta = pow(6.0 * UMK_PI * UMK_PI / (side * side * side) * 3.0 / inverse, 1.0 / 3.0), want = 12.0 * pow(UMK_PI, 4) / 5.0 * pow(kT / theta, 3);
    ck_near(c[t], want, 1e-3, want);
  }
  ck_near(c[3], 3.0, 1e-4, 3.0); /* Dulong-Petit */
  lattice_destroy(&l);
  lattice_create(EINSTEIN, "fcc", 0, "{}", "{}", &l);
  capacity(l.material, 12, 1, (PetscReal[1]){300.0}, &e);
  ck_near(e, 3.0 * pow(0.5 * x / sinh(0.5 * x), 2), 1e-8, e);
  lattice_destroy(&l);
}
END_TEST

/* Silicon from force constants: T^3 below 10 K, 6 k_B per cell when hot. */
START_TEST(heat_capacity_of_silicon)
{
  const char     *source    = getenv("UMKLAPP_SOURCE");
  const PetscReal kelvin[4] = {1.0, 2.0, 300.0, 1e5};
  PetscReal       c[4];
  char            path[512];
  Material        m;

  snprintf(path, sizeof path, "%s/inputs/data/silicon.h5", source ? source : ".");
  if (access(path, R_OK)) return;
  LogSetLevel(0);
  ck_call(MaterialCreateFromFile(PETSC_COMM_SELF, path, &m));
  capacity(m, 12, 4, kelvin, c);
  ck_near(c[2] / 2.0, 2.39, 0.01, 2.39); /* 19.9 J/mol/K */
  ck_near(c[1] / c[0], 8.0, 0.005, 8.0);
  ck_near(c[3], 6.0, 1e-4, 6.0);
  ck_call(MaterialDestroy(&m));
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("phonon models");
  TCase *t = tcase_create("phonon models");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, born_von_karman);
  tcase_add_test(t, debye_and_einstein);
  tcase_add_test(t, natural_isotopes);
  tcase_add_test(t, isotope_rates);
  tcase_add_test(t, isotope_pairs);
  tcase_add_test(t, walls);
  tcase_add_test(t, decay);
  tcase_add_test(t, heat_capacity);
  tcase_add_test(t, heat_capacity_of_silicon);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(make)

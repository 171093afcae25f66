/*
  Every model channel without matrix or MPI: what a recording sink is handed conserves charge and energy, and its rates are the golden rule's.

  Compared is the rate averaged with w^2 E over a nondegenerate parabolic band (m = 0.5, 300 K), against the same average of the closed form.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/decks.h"
#include "../support/engine.h"
#include "umklapp/collision.h"

#define MASS  0.5
#define EPS0  12.9
#define EPSI  10.9
#define KT    (300.0 * UMK_KELVIN)
#define GRAM  (1e-3 / UMK_ELECTRON_KG)
#define RHO   (2.33 * GRAM / UMK_CM3)
#define SHEET (2.33e-7 * GRAM * UMK_BOHR_M * UMK_BOHR_M * 1e4)
#define SOUND (9000.0 / UMK_VELOCITY_M_S)
#define POT   (8.0 * UMK_EV)
#define OMEGA (0.036 * UMK_EV)
#define QS    (UMK_BOHR_M / 2e-9)
#define NM    (1e-9 / UMK_BOHR_M)

static double dos(double e) { return e > 0.0 ? MASS * sqrt(2.0 * MASS * e) / (2.0 * UMK_PI * UMK_PI) : 0.0; }
static double bose(double omega) { return 1.0 / expm1(omega / KT); }

static double acoustic(double e) { return 2.0 * UMK_PI * POT * POT * KT / (RHO * SOUND * SOUND) * dos(e); }
static double acoustic_2d(double e) { return POT * POT * KT / (SHEET * SOUND * SOUND) * MASS; }
/* Absorption up to q = 2 (k + m s), emission up to 2 (k - m s) */
static double acoustic_inelastic(double e)
{
  const double k = sqrt(2.0 * MASS * e), ms = MASS * SOUND;
  double       sum = 0.0;
  for (int sign = 1; sign >= -1; sign -= 2) {
    const double low = sign > 0 ? 2.0 * fmax(ms - k, 0.0) : 0.0, top = 2.0 * (k + sign * ms);
    for (int i = 0; top > low && i < 200; i++) {
      const double q = low + (top - low) * (i + 0.5) / 200;
      sum += q * q * (bose(SOUND * q) + (sign < 0)) * (top - low) / 200;
    }
  }
  return POT * POT * MASS / (4.0 * UMK_PI * RHO * SOUND * k) * sum;
}
static double optical(double e)
{
  const double d = 2.0 * UMK_EV * UMK_BOHR_ANGSTROM, c = d * d / (2.0 * RHO * OMEGA);
  return 2.0 * UMK_PI * c * (bose(OMEGA) * dos(e + OMEGA) + (bose(OMEGA) + 1.0) * dos(e - OMEGA));
}
static double polar(double e)
{
  const double alpha = (1.0 / EPSI - 1.0 / EPS0) * sqrt(MASS / (2.0 * OMEGA)), x = e / OMEGA;
  return 2.0 * alpha * OMEGA / sqrt(x) * (bose(OMEGA) * asinh(sqrt(x)) + (x > 1.0 ? (bose(OMEGA) + 1.0) * asinh(sqrt(x - 1.0)) : 0.0));
}
static double ionized(double e)
{
  const double k2 = 2.0 * MASS * e, z = 4.0 * UMK_PI / EPS0;
  return MASS * sqrt(k2) / (2.0 * UMK_PI) * (1e18 / UMK_CM3) * z * z * 2.0 / (QS * QS * (QS * QS + 4.0 * k2));
}
static double piezoelectric(double e)
{
  const double k2 = 2.0 * MASS * e, b = 4.0 * k2 / (QS * QS);
  return 4.0 * UMK_PI * 0.01 * KT / EPS0 * MASS / (4.0 * UMK_PI * sqrt(k2)) * (log1p(b) - b / (1.0 + b));
}
static double contact(double e)
{
  const double v = 0.5 * UMK_EV * NM * NM * NM;
  return 2.0 * UMK_PI * (1e18 / UMK_CM3) * v * v * dos(e);
}
static double contact_2d(double e)
{
  const double v = 0.5 * UMK_EV * NM * NM;
  return 1e12 * UMK_BOHR_M * UMK_BOHR_M * 1e4 * v * v * MASS;
}
static double wall(double e) { return sqrt(2.0 * e / MASS) / (100.0 * NM); }
static double given(double e) { return pow(e / (0.025 * UMK_EV), 0.5) / (100e-15 / UMK_TIME_S); }

#define MODEL(DIM) "material: {model: {dimension: " #DIM ", extent: 0.3 eV, eps_infinity: 10.9, eps_zero: 12.9, bands: [{kind: ellipsoid, mass: 0.5 m_e}]}}\n"
#define DECK3 DECK_HEAD MODEL(3) "carriers: {electrons: 1e13 cm^-3}\nelectrons: {mesh: 12, window: 0.3 eV}\nscattering: "
#define DECK2 DECK_HEAD MODEL(2) "carriers: {chemical_potential: -0.4 eV}\nelectrons: {mesh: 12, window: 0.3 eV}\nscattering: "

static const struct {
  const char *deck;
  double    (*rate)(double);
  int         dimension, mesh;
  double      tolerance[3]; /* adaptive, gaussian (10 meV), tetrahedron; about 1.3 times what was measured */
} cases[] = {
  {DECK3 "{acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3}}\n",                   acoustic,           3, 24, {0.004, 0.005, 0.006}},
  {DECK3 "{acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}}\n",  acoustic_inelastic, 3, 24, {0.012, 0.015, 0.01}},
  {DECK3 "{optical_deformation: {density: 2.33 g/cm^3, phonons: [{potential: 2 eV/angstrom, energy: 36 meV}]}}\n", optical,          3, 24, {0.005, 0.006, 0.003}},
  {DECK3 "{polar_optical: {energy: 36 meV}}\n",                                                                   polar,              3, 24, {0.015, 0.025, 0.07}},
  {DECK3 "{ionized_impurity: {density: 1e18 cm^-3, screening: length, screening_length: 2 nm}}\n",                ionized,            3, 24, {0.004, 0.03, 0.03}},
  {DECK3 "{piezoelectric: {coupling: 0.01, screening: length, screening_length: 2 nm}}\n",                        piezoelectric,      3, 24, {0.007, 0.004, 0.003}},
  {DECK3 "{short_range: {density: 1e18 cm^-3, potential: 0.5 eV*nm^3}}\n",                                        contact,            3, 24, {0.004, 0.005, 0.006}},
  {DECK3 "{boundary: 100 nm}\n",                                                                                  wall,               3, 24, {0.001, 0.001, 0.001}},
  {DECK3 "{relaxation_time: {tau: 100 fs, exponent: -0.5}}\n",                                                    given,              3, 24, {0.001, 0.001, 0.001}},
  {DECK2 "{acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, sheet_density: 2.33e-7 g/cm^2}}\n",           acoustic_2d,        2, 72, {0.02, 0.012, 0.001}},
  {DECK2 "{short_range: {sheet_density: 1e12 cm^-2, sheet_potential: 0.5 eV*nm^2}}\n",                            contact_2d,         2, 72, {0.02, 0.012, 0.001}},
};
enum { NCASES = sizeof(cases) / sizeof(cases[0]) };
static const char *const schemes[] = {"adaptive", "gaussian", "tetrahedron"};

static double average_rate(double (*rate)(double), int dimension)
{
  double sum = 0.0, norm = 0.0;
  for (int i = 0; i < 20000; i++) { /* E = top t^2 */
    const double t = (i + 0.5) / 20000, e = 25.0 * KT * t * t, weight = t * e * exp(-e / KT) * (dimension == 3 ? sqrt(e) : 1.0);
    sum += weight * rate(e);
    norm += weight;
  }
  return sum / norm;
}

/* Rates of the wedge states from recorded processes: each stands for the star of its first member. */
static void add_rates(const ProcessRecord *r, States s, const StatesPoint *p, double *rate)
{
  for (PetscInt e = 0; e < r->count; e++) {
    double    product = r->kernel[e];
    const int first = r->state[0][e];
    for (int m = 0; m < r->nmembers && r->nmembers > 1; m++) product *= StatesWeight(r->species[m], r->species[m] == SPECIES_BATH ? r->energy[m][e] : s->energy[r->state[m][e]], p);
    for (int m = 0; m < r->nmembers; m++) {
      if (r->species[m] == SPECIES_BATH) continue;
      const int    a = r->state[m][e];
      const double w = StatesWeight(SPECIES_ELECTRON, s->energy[a], p);
      rate[a] += product * s->star[first] / s->star[a] / (r->nmembers > 1 ? w * w : 1.0);
    }
  }
}

static void check_conservation(const ProcessRecord *r, States s, const Delta *delta)
{
  for (PetscInt e = 0; e < r->count; e++) {
    double energy = 0.0;
    int    charge = 0;
    for (int m = 0; m < r->nmembers; m++) {
      const bool bath = r->species[m] == SPECIES_BATH;
      energy += r->s[m] * (bath ? r->energy[m][e] : s->energy[r->state[m][e]]);
      charge += bath ? 0 : r->s[m];
    }
    if (!(r->kernel[e] >= 0.0 && isfinite(r->kernel[e]))) ck_abort_msg("kernel %g", r->kernel[e]);
    if (r->nmembers == 1) continue;
    if (charge != 0) ck_abort_msg("charge %d is not conserved", charge);
    if (delta->scheme == DELTA_GAUSSIAN && fabs(energy) > delta->cutoff * delta->width * (1.0 + 1e-9)) ck_abort_msg("energy %g is not conserved", energy);
  }
}

static double average_of_run(int icase, int scheme, int mesh)
{
  Engine             e;
  const StatesPoint *point;
  ProcessRecord      record = {0};
  ProcessSink        sink;
  double            *rate, sum = 0.0, norm = 0.0;
  char               sets[160];

  snprintf(sets, sizeof sets, cases[icase].dimension == 3 ? "delta.scheme=%s;delta.width=10 meV;electrons.mesh=%d" : "delta.scheme=%s;delta.width=10 meV;electrons.mesh=[%d, %d, 1]", schemes[scheme], mesh, mesh);
  ck_call(EngineCreate(PETSC_COMM_SELF, cases[icase].deck, sets, &e));
  ck_call(EngineSetPoint(&e, 0, &point));
  ck_call(ProcessRecordSink(&record, &sink));
  ck_call(PetscCalloc1(e.electrons->nstates, &rate));
  for (PetscInt ik = 0; ik < e.electrons->nk; ik++) {
    record.count = 0;
    ck_call(ChannelEnumerate(e.channels[0], point, ik, &sink));
    check_conservation(&record, e.electrons, &e.context.delta);
    add_rates(&record, e.electrons, point, rate);
  }
  for (PetscInt a = 0; a < e.electrons->nstates; a++) {
    const double w = StatesWeight(SPECIES_ELECTRON, e.electrons->energy[a], point), weight = e.electrons->star[a] * w * w * e.electrons->energy[a];
    sum += weight * rate[a];
    norm += weight;
  }
  ck_call(PetscFree(rate));
  ck_call(ProcessRecordDestroy(&record));
  ck_call(EngineDestroy(&e));
  return sum / norm;
}

START_TEST(golden_rule)
{
  const double want = average_rate(cases[_i].rate, cases[_i].dimension);
  for (int scheme = 0; scheme < 3; scheme++) {
    const double fine = average_of_run(_i, scheme, cases[_i].mesh) / want - 1.0;
    ck_assert_msg(fabs(fine) <= cases[_i].tolerance[scheme], "case %d, %s: the rate is off by %.2e", _i, schemes[scheme], fine);
    if (scheme > 0) continue;
    const double coarse = average_of_run(_i, scheme, cases[_i].mesh / 2) / want - 1.0;
    ck_assert_msg(fabs(fine) <= fmax(0.004, 0.75 * fabs(coarse)), "case %d: off by %.2e, %.2e on the coarse mesh: no convergence", _i, fine, coarse);
  }
}
END_TEST

/* density: carriers is the density of each point; what holds of a scan holds of its points. */
#define DOPED(MODEL, CARRIERS, DENSITY) DECK_HEAD MODEL "carriers: {" CARRIERS "}\nelectrons: {mesh: 11, window: 0.25 eV}\ndelta: tetrahedron\nscattering: {ionized_impurity: {density: " DENSITY "}}\n"
#define BIPOLAR "material: {model: {eps_zero: 12.9, extent: 0.27 eV, bands: [{kind: ellipsoid, mass: 0.5 m_e, edge: 0.15 eV}, {kind: ellipsoid, type: valence, mass: 0.3 m_e, edge: -0.15 eV}]}}\n"

static void doped(const char *text, const char *sets, int at, TransportTensors *x, const StatesPoint **point, StatesPoint *copy)
{
  Engine e;
  ck_call(EngineCreate(PETSC_COMM_SELF, text, sets, &e));
  ck_call(EngineSolve(&e, at, LEVEL_FULL, x));
  ck_call(EngineSetPoint(&e, at, point));
  *copy = **point;
  ck_call(EngineDestroy(&e));
}

START_TEST(dopants)
{
  static const double density[3] = {1e14, 1e17, 1e19};
  const StatesPoint  *point;
  StatesPoint         p;
  TransportTensors    given, scan;
  char                sets[200];

  for (int i = 0; i < 3; i++) {
    doped(DOPED(MODEL(3), "electrons: [1e14, 1e17, 1e19] cm^-3", "carriers"), NULL, i, &scan, &point, &p);
    snprintf(sets, sizeof sets, "carriers.electrons=%g cm^-3;scattering.ionized_impurity.density=%g cm^-3", density[i], density[i]);
    doped(DOPED(MODEL(3), "electrons: 1e17 cm^-3", "1 cm^-3"), sets, 0, &given, &point, &p);
    ck_near(scan.conductivity[0][0], given.conductivity[0][0], 1e-8, given.conductivity[0][0]);
  }
  doped(DOPED(BIPOLAR, "net: 1e17 cm^-3", "carriers"), "temperature=500 K", 0, &scan, &point, &p); /* neutral with as many donors as the net charge asks */
  ck_assert_msg(p.holes > 0.01 * p.electrons, "holes matter: %g of %g", p.holes, p.electrons);
  doped(DOPED(BIPOLAR, "net: 1e17 cm^-3", "1e17 cm^-3"), "temperature=500 K", 0, &given, &point, &p);
  ck_near(scan.conductivity[0][0], given.conductivity[0][0], 1e-8, given.conductivity[0][0]);
  doped(DOPED(BIPOLAR, "net: 1e17 cm^-3", "carriers"), "temperature=500 K;scattering.ionized_impurity.charge=2", 0, &scan, &point, &p); /* half as many, each four times as strong */
  ck_near(scan.conductivity[0][0], 0.5 * given.conductivity[0][0], 1e-8, given.conductivity[0][0]);
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("channels");
  TCase *t = tcase_create("golden rule");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, golden_rule, 0, NCASES);
  tcase_add_test(t, dopants);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(make)

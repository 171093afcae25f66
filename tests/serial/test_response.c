/*
  Magnetic fields and frequencies: Drude in closed form, all frequencies from one Lanczos run against each solved by itself, sum rules, L(B) = L(-B)^T,
  first order in the field against weak fields, drives that only a frequency makes finite.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/engine.h"

/* UMKLAPP_SHOW=1 in the environment: what was measured */
#define SHOW(...) do { if (getenv("UMKLAPP_SHOW")) fprintf(stderr, __VA_ARGS__); } while (0)
#define MOST 64

static const char *const drude =
  "temperature: 300 K\nmaterial: {model: {bands: [{kind: ellipsoid, mass: 0.5 m_e}]}}\ncarriers: {electrons: 1e17 cm^-3}\nelectrons: {mesh: 14, window: 0.4 eV}\n"
  "scattering: {relaxation_time: 100 fs}\nsolver: {tolerance: 1e-12}\n";
static const char *const polar =
  "temperature: 300 K\nmaterial: {model: {eps_infinity: 10.9, eps_zero: 12.9, extent: 0.3 eV, bands: [{kind: ellipsoid, mass: 0.067 m_e}]}}\ncarriers: {electrons: 1e16 cm^-3}\n"
  "electrons: {mesh: 14, window: 0.3 eV}\nscattering: {polar_optical: {energy: 36 meV}, acoustic_deformation: {potential: 9 eV, sound: 5000 m/s, density: 5.3 g/cm^3}}\nsolver: {tolerance: 1e-11}\n";
static const char *const cosine =
  "temperature: 300 K\nmaterial: {model: {lattice_constant: 4 angstrom, eps_infinity: 10, eps_zero: 15, bands: [{kind: cosine, hopping: 0.1 eV}]}}\ncarriers: {electrons: 1e20 cm^-3}\n"
  "electrons: {mesh: 8, window: 0.6 eV}\nscattering: {polar_optical: {energy: 40 meV}, acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}}\nsolver: {tolerance: 1e-11}\n";
static const char *const dragged =
  "temperature: 600 K\nsolver: {tolerance: 1e-11}\nmaterial: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}], phonons: {kind: debye, mass: 27 amu, sound: [4000, 2500] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}}}\ncarriers: {electrons: 1e21 cm^-3}\nelectrons: {mesh: 6, window: 1.4 eV}\nphonons: {mesh: 6}\ndelta: {scheme: gaussian, width: 60 meV}\nsolve: [full, drag]\n";

typedef struct {
  TransportTensors  still;
  TransportResponse x[MOST];
  TransportLowField low[MOST];
  PetscReal         weight[2][2][3][3];
  TransportFields   f; /* counts alone are good after `respond` */
} Answer;

/* All fields and frequencies of a deck at one level */
static void respond(const char *deck, const char *sets, TransportLevel level, Answer *a)
{
  Engine e;

  ck_call(EngineCreate(PETSC_COMM_WORLD, deck, sets, &e));
  ck_call(EngineSolve(&e, 0, level, &a->still));
  ck_assert(e.scan.fields.nB * e.scan.fields.nF <= MOST);
  a->f = e.scan.fields;
  ck_call(e.both ? DragRespond(e.drag, level, &e.scan.point[0], &e.scan.fields, &a->still, a->x, a->low, a->weight) : TransportRespond(e.transport, level, &e.scan.point[0], &e.scan.fields, &a->still, a->x, a->low, a->weight));
  for (PetscInt i = 0; i < a->f.nB * a->f.nF; i++) ck_assert_msg(a->x[i].re.converged, "%s %s: point %d not converged, residual %.3g", sets, TransportLevelName[level], (int)i, a->x[i].re.residual);
  ck_call(EngineDestroy(&e));
}

/* Largest difference of the L_XY of two complex answers, over sizes at the same frequency */
static PetscReal distance(const TransportResponse *a, const TransportResponse *b)
{
  PetscReal worst = 0.0;
  for (int t = 0; t < 4; t++) {
    PetscReal difference = 0.0, scale = 0.0;
    for (int r = 0; r < 9; r++) {
      difference = PetscMax(difference, hypot(a->re.L[t / 2][t % 2][r / 3][r % 3] - b->re.L[t / 2][t % 2][r / 3][r % 3], a->im.L[t / 2][t % 2][r / 3][r % 3] - b->im.L[t / 2][t % 2][r / 3][r % 3]));
      scale      = PetscMax(scale, hypot(b->re.L[t / 2][t % 2][r / 3][r % 3], b->im.L[t / 2][t % 2][r / 3][r % 3]));
    }
    worst = PetscMax(worst, difference / scale);
  }
  return worst;
}

/* --- frequencies ------------------------------------------------------------------------------- */

static const char *const list = "frequency=[0.1, 0, 0.5, 1, 2, 5, 20, 100] THz";

/* sigma = n e^2 tau/m / (1 - i omega tau), of the states of the mesh as of the continuum */
START_TEST(drude_closed_form)
{
  static const PetscReal nu[8] = {0.1, 0, 0.5, 1, 2, 5, 20, 100};
  Answer                 a;
  for (int l = LEVEL_RTA; l <= LEVEL_FULL; l++) {
    respond(drude, list, (TransportLevel)l, &a);
    for (int w = 0; w < 8; w++) {
      const PetscReal wt = 2.0 * UMK_PI * nu[w] * 0.1, sigma = a.still.conductivity[0][0], lorentz = 1.0 / (1.0 + wt * wt);
      ck_near(a.x[w].re.conductivity[0][0], sigma * lorentz, 1e-10, sigma * lorentz);
      ck_near(a.x[w].im.conductivity[0][0], sigma * lorentz * wt, 1e-10, sigma * lorentz * PetscMax(wt, 1e-3));
      ck_near(a.x[w].re.seebeck[1][1], a.still.seebeck[1][1], 1e-9, a.still.seebeck[1][1]);
      ck_near(a.x[w].re.resistivity[2][2], a.still.resistivity[2][2], 1e-9, a.still.resistivity[2][2]);
    }
    ck_near(a.weight[0][0][0][0], a.still.conductivity[0][0] / (100.0 * 1e-15 / UMK_TIME_S), 1e-10, a.weight[0][0][0][0]);
  }
}
END_TEST

START_TEST(lanczos_and_shifted)
{
  const char *const decks[3] = {polar, cosine, dragged};
  char              deck[2000], sets[200];
  Answer            a, b;
  for (int d = 0; d < 3; d++) {
    const TransportLevel level = d == 2 ? LEVEL_DRAG : LEVEL_FULL;
    snprintf(deck, sizeof deck, "%s%s", decks[d], d == 2 ? "scattering: {electron_phonon: {}, phonon_relaxation: 10 ps}\n" : "");
    respond(deck, list, level, &a);
    snprintf(sets, sizeof sets, "solver.frequencies=shifted;%s", list);
    respond(deck, sets, level, &b);
    for (int w = 0; w < 8; w++) {
      if (w == 1) continue; /* the steady state */
      SHOW("deck %d frequency %d: lanczos - shifted %.3e, Onsager %.3e\n", d, w, distance(&a.x[w], &b.x[w]), a.x[w].reversal_defect);
      ck_assert_msg(distance(&a.x[w], &b.x[w]) <= 1e-8, "deck %d: Lanczos and shifted solves differ by %.3g", d, distance(&a.x[w], &b.x[w]));
      ck_assert_msg(a.x[w].reversal_defect <= 1e-9, "deck %d: L_XY - L_YX^T %.3g at a frequency", d, a.x[w].reversal_defect);
    }
  }
}
END_TEST

/* int Re sigma d omega = (pi/2) weight: substitution omega = tan(theta)/tau_s makes the integrand smooth and the interval finite */
START_TEST(sum_rule)
{
  enum { N = 48 };
  char      sets[2000] = "frequency=[";
  PetscReal sum = 0.0, nu[N];
  Answer    a;
  for (int i = 0; i < N; i++) {
    nu[i] = 0.8 * tan(0.5 * UMK_PI * (i + 0.5) / N);
    snprintf(sets + strlen(sets), sizeof sets - strlen(sets), "%s%.15g", i ? ", " : "", nu[i]);
  }
  snprintf(sets + strlen(sets), sizeof sets - strlen(sets), "] THz");
  char deck[4000];
  snprintf(deck, sizeof deck, "%sfrequency: %s\n", polar, sets + strlen("frequency="));
  respond(deck, NULL, LEVEL_FULL, &a);
  for (int i = 0; i < N; i++) sum += 0.5 * UMK_PI / N * (0.8 + nu[i] * nu[i] / 0.8) * a.x[i].re.conductivity[0][0];
  sum *= 2.0 * UMK_PI * 1e12 * UMK_TIME_S * 2.0 / UMK_PI / a.weight[0][0][0][0];
  SHOW("sum rule: %.3e off\n", sum - 1.0);
  ck_assert_msg(fabs(sum - 1.0) <= 1e-4, "the sum rule is off by %.3g", sum - 1.0);
}
END_TEST

/* Phonons with nothing but a conserved momentum: no steady state, and a Drude peak. */
START_TEST(free_drift)
{
  Answer            a;
  Engine            e;
  TransportTensors  x;
  char              deck[2000];
  snprintf(deck, sizeof deck, "%sscattering: {electron_phonon: normal}\nfrequency: [1, 1e4] THz\n", dragged);
  ck_call(EngineCreate(PETSC_COMM_WORLD, deck, NULL, &e));
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  ck_assert_msg(x.steady_state_missing, "nothing stops the drift");
  ck_call(EngineDestroy(&e));
  respond(deck, NULL, LEVEL_DRAG, &a);
  ck_assert(a.x[0].im.conductivity[0][0] > 0.0);
  const PetscReal omega = 2.0 * UMK_PI * 1e4 * 1e12 * UMK_TIME_S;
  ck_near(a.x[1].im.conductivity[0][0] * omega, a.weight[0][0][0][0], 1e-3, a.weight[0][0][0][0]);
}
END_TEST

/* --- magnetic fields ------------------------------------------------------------------------------ */

static const char *const fields = "magnetic_field=[[0, 0, 30], [0, 0, -30], [10, 20, 5], [0, 0, 0], [0, 0, 0.01], [-10, -20, -5]] T";

START_TEST(reversed)
{
  char     deck[2000];
  Answer   a;
  for (int d = 0; d < 2; d++)
    for (int ac = 0; ac < 2; ac++) {
      char sets[300];
      snprintf(deck, sizeof deck, "%s%s", d ? dragged : cosine, d ? "scattering: {electron_phonon: {}, phonon_relaxation: 10 ps}\n" : "");
      snprintf(sets, sizeof sets, "%s;solver.reverse_field=true%s", fields, ac ? ";frequency=[2] THz" : "");
      respond(deck, sets, d ? LEVEL_DRAG : LEVEL_FULL, &a);
      for (int b = 0; b < 6; b++) {
        SHOW("deck %d ac %d field %d: L(B) - L(-B)^T %.3e, %d steps\n", d, ac, b, a.x[b].reversal_defect, (int)a.x[b].re.iterations);
        ck_assert_msg(a.x[b].reversal_defect <= 1e-9, "field %d: L(B) - L(-B)^T is %.3g", b, a.x[b].reversal_defect);
        if (b != 3) ck_assert_msg(fabs(a.x[b].re.L[0][0][0][1] - a.x[b].re.L[0][0][1][0]) > 1e-8 * fabs(a.x[b].re.L[0][0][0][0]), "the field does nothing");
      }
    }
}
END_TEST

/* The solution at 0.01 T against first order of the one without field; only along z there. */
START_TEST(weak_field)
{
  Answer a;
  for (int l = LEVEL_RTA; l <= LEVEL_FULL; l++) {
    TransportMagnetic m;
    const PetscReal   B[3] = {0, 0, 0.01 * UMK_TESLA}, strong[3] = {0, 0, 30 * UMK_TESLA};
    respond(cosine, fields, (TransportLevel)l, &a);
    TransportReadMagnetic(3, B, -1.0, &a.x[4].re, NULL, (const TransportTensors *const[2]){&a.still, NULL}, &m);
    SHOW("%s: Hall %.10g, first order %.10g; Nernst %.6g, %.6g\n", TransportLevelName[l], creal(m.hall[1][0]), a.low[4].hall[1][0], creal(m.nernst[1][0]), a.low[4].nernst[1][0]);
    ck_near(creal(m.hall[1][0]), a.low[4].hall[1][0], 1e-5, a.low[4].hall[1][0]);
    ck_near(creal(m.nernst[1][0]), a.low[4].nernst[1][0], 1e-3, a.low[4].nernst[1][0]);
    ck_near(a.low[0].hall[1][0], a.low[4].hall[1][0], 1e-12, a.low[4].hall[1][0]);
    ck_assert(isnan(a.low[3].hall[1][0]));
    TransportReadMagnetic(3, strong, -1.0, &a.x[0].re, NULL, (const TransportTensors *const[2]){&a.still, NULL}, &m);
    ck_assert(creal(m.transverse) > 0.0 && creal(m.hall[1][0]) < 0.0 && creal(m.hall_mobility) < 0.0 && creal(m.hall_number) > 0.0);
    ck_near(creal(m.hall[1][0]), -creal(m.hall[0][1]), 1e-12, creal(m.hall[1][0]));
  }
}
END_TEST

/* A sphere and one relaxation time: rho is that without field but for -B/(n e), at every strength; kappa P = T N with N = 0 to the mesh's error. */
START_TEST(sphere)
{
  static const PetscReal strength[4] = {1, 10, 60, 200};
  Answer                 a;
  respond(drude, "magnetic_field=[1, 10, 60, 200] T;electrons.mesh=20", LEVEL_RTA, &a);
  for (int b = 0; b < 4; b++) {
    TransportMagnetic m;
    const PetscReal   B[3] = {0, 0, strength[b] * UMK_TESLA}, kT = 300.0 * UMK_KELVIN;
    TransportReadMagnetic(3, B, -1e17 * 1e6 * UMK_BOHR_M * UMK_BOHR_M * UMK_BOHR_M, &a.x[b].re, NULL, (const TransportTensors *const[2]){&a.still, NULL}, &m);
    SHOW("%g T: hall factor - 1 %.2e, MR %.2e %.2e, %d steps\n", strength[b], creal(m.hall_number) - 1.0, creal(m.transverse), creal(m.longitudinal), (int)a.x[b].re.iterations);
    ck_near(creal(m.hall_number), 1.0, 2e-3, 1.0);
    ck_assert(fabs(creal(m.transverse)) < 2e-3 && fabs(creal(m.longitudinal)) < 2e-3);
    const PetscReal kappa = a.x[b].re.kappa[0][0], limit = 1e-3 * fabs(a.still.seebeck[0][0]) / Norm3(B);
    ck_assert_msg(fabs(creal(m.nernst[1][0])) < limit, "Nernst of a constant relaxation time");
    ck_near(creal(m.ettingshausen[1][0]) * kappa, kT * creal(m.nernst[1][0]), 1e-6, kT * limit);
  }
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("fields and frequencies");
  TCase *cases = tcase_create("response");
  tcase_set_timeout(cases, 60);
  tcase_add_test(cases, drude_closed_form);
  tcase_add_test(cases, lanczos_and_shifted);
  tcase_add_test(cases, sum_rule);
  tcase_add_test(cases, free_drift);
  tcase_add_test(cases, reversed);
  tcase_add_test(cases, weak_field);
  tcase_add_test(cases, sphere);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

/*
  Rates of phonons scattered by electrons against the golden rule in closed form, by mesh and delta scheme: which deviations fall with refinement.
  The mean over modes does, and with it what transport sees. Of a mode along an axis of the mesh, x = E(k+q) - E(k) - omega has one value for a whole plane of
  k, so the sum over k is one over planes, q dk/m apart: as long as widths go with the step, its deviation does not depend on the step.
  Longitudinal phonons, |g|^2 = D^2 q^2/(2 M omega), electrons of a parabolic band, spin 2, cell V; k = m omega/q - q/2 is where the shell meets q:

    two dimensions     1/tau = 2 pi |g|^2 2 V m/(4 pi^2 q) int dk_y [f(E) - f(E + omega)],  E = (k^2 + k_y^2)/2m
    three              1/tau = 2 pi |g|^2 2 V m^2/(4 pi^2 q) kT ln[(1 + e^((mu - E)/kT))/(1 + e^((mu - E - omega)/kT))],  E = k^2/2m
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/engine.h"

enum { NMESHES = 3, NSCHEMES = 4 };
static const char *const text =
  "temperature: 3000 K\n"
  "material: {model: {%slattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 1 m_e}], phonons: {kind: debye, mass: 27 amu, sound: [8000, 2500] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}}}\n"
  "carriers: {chemical_potential: 0.2 eV}\nelectrons: {mesh: %d, window: 2.3 eV}\nphonons: {mesh: %d}\ndelta: {scheme: %s%s}\nscattering: {electron_phonon: normal}\nsolve: drag\n";
static const char *const schemes[NSCHEMES] = {"adaptive", "tetrahedron", "gaussian", "gaussian"};

static PetscReal golden_rule(int dimension, PetscReal q, PetscReal omega, const StatesPoint *p)
{
  const PetscReal m = 1.0, a = 4.0 / UMK_BOHR_ANGSTROM, D = 3.0 * UMK_EV, k = m * omega / q - 0.5 * q, g2 = D * D * q * q / (2.0 * 27.0 * UMK_AMU * omega), step = 0.01 * sqrt(2.0 * m * p->kT);
  PetscReal       sum = 0.0;
  if (dimension == 3) {
    const PetscReal x = (p->mu - k * k / (2.0 * m)) / p->kT;
    return g2 * a * a * a * m * m / (UMK_PI * q) * p->kT * (log1p(exp(x)) - log1p(exp(x - omega / p->kT)));
  }
  for (int i = -1000; i <= 1000; i++) {
    const PetscReal x = ((k * k + i * step * i * step) / (2.0 * m) - p->mu) / p->kT;
    sum += step * (1.0 / (exp(x) + 1.0) - 1.0 / (exp(x + omega / p->kT) + 1.0));
  }
  return g2 * a * a * m / (UMK_PI * q) * sum;
}

typedef struct {
  int       modes;
  PetscReal mean, rms, worst, axis; /* of rate over golden rule - 1; worst of modes off the axes of the mesh, and along them */
} Deviation;

/* Modes of 0.2 < q < 0.5 1/angstrom, which every mesh has. */
static void deviation(Engine *e, int dimension, const StatesPoint *p, Deviation *d)
{
  const PetscReal *rate;
  const PetscInt  *state;
  PetscInt         begin, n, images = 0;
  PetscReal        sum = 0.0, exact = 0.0;

  ck_call(CollisionGetRates(e->collision, -1, &rate));
  ck_call(CollisionGetLocalStates(e->collision, SPECIES_PHONON, &begin, &n, &state));
  const States s = e->phonons;
  *d = (Deviation){0};
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt a = state[i];
    PetscReal      image[MESH_MAX_SHORTEST][3];
    (void)MeshShortest(s->mesh, s->mesh->wedge[s->wedge[s->k[a]]], image);
    const PetscReal q = Norm3(image[0]);
    if (s->band[a] < 2 || q < 0.2 * UMK_BOHR_ANGSTROM || q > 0.5 * UMK_BOHR_ANGSTROM) continue;
    const PetscReal there = golden_rule(dimension, q, s->energy[a], p), off = rate[begin + i] / there - 1.0;
    const bool      along = fmax(fabs(image[0][0]), fmax(fabs(image[0][1]), fabs(image[0][2]))) > (1.0 - 1e-9) * q;
    d->modes++;
    images += (PetscInt)s->star[a];
    d->rms += s->star[a] * off * off;
    if (along) d->axis = PetscMax(d->axis, fabs(off));
    else d->worst = PetscMax(d->worst, fabs(off));
    sum += s->star[a] * rate[begin + i];
    exact += s->star[a] * there;
  }
  d->mean = sum / exact - 1.0;
  d->rms  = sqrt(d->rms / images);
}

START_TEST(refinement)
{
  static const int mesh[2][NMESHES] = {{40, 80, 160}, {12, 18, 27}};
  const int        dimension = 2 + _i / NSCHEMES, scheme = _i % NSCHEMES;
  Deviation        d[NMESHES];

  for (int n = 0; n < NMESHES; n++) {
    const int          size = mesh[dimension - 2][n];
    const StatesPoint *p;
    Engine             e;
    char               deck[2000], width[60] = "";
    const PetscReal    meV = 60.0 * (scheme == 3 ? 1.0 : 40.0 / size); /* goes with the step of the mesh, or does not */
    if (scheme >= 2) snprintf(width, sizeof width, ", width: %.1f meV", meV);
    snprintf(deck, sizeof deck, text, dimension == 2 ? "dimension: 2, " : "", size, size, schemes[scheme], width);
    ck_call(EngineCreate(PETSC_COMM_SELF, deck, NULL, &e));
    ck_call(EngineSetPoint(&e, 0, &p));
    deviation(&e, dimension, p, &d[n]);
    ck_call(EngineDestroy(&e));
    if (getenv("UMKLAPP_TEST_VERBOSE"))
      printf("| %dD | %s%s | %d | %d | %+.2f %% | %.2f %% | %.2f %% | %.2f %% |\n", dimension, schemes[scheme], width, size, d[n].modes, 100.0 * d[n].mean, 100.0 * d[n].rms, 100.0 * d[n].worst, 100.0 * d[n].axis), fflush(stdout);
  }
  const Deviation *last = &d[NMESHES - 1];
  if (scheme == 3) ck_assert_msg(fmax(last->worst, last->axis) <= 0.005, "width of several steps: one mode is off by %.4f", fmax(last->worst, last->axis));
  else ck_assert_msg(fabs(last->mean) <= (scheme == 2 ? 0.01 : 0.005) && last->rms <= 0.7 * d[0].rms, "%dD, %s: mean %.4f, rms %.4f after %.4f", dimension, schemes[scheme], last->mean, last->rms, d[0].rms);
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("rates of phonons by electrons");
  TCase *cases = tcase_create("refinement");

  tcase_set_timeout(cases, 1200);
  tcase_add_loop_test(cases, refinement, 0, 2 * NSCHEMES - 1); /* a narrow width in three dimensions takes finer meshes */
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

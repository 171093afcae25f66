/*
  Electrons of a model and the model's own phonons as one system: rates against the golden rule in closed form, the drift limit, strong drag,
  phonons held in equilibrium, Onsager's relation at mesh ratios 1, 2, 3 in a metal, a semiconductor of several valleys and a sheet.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/operator_checks.h"
#include "transport/drag_impl.h"

/* UMKLAPP_SHOW=1 in the environment: what was measured */
#define SHOW(...) do { if (getenv("UMKLAPP_SHOW")) fprintf(stderr, __VA_ARGS__); } while (0)

/* A band below half filling on a simple cubic lattice: few umklapp processes. */
static const char *const metal =
  "temperature: 100 K\nsolver: {tolerance: 1e-11}\n"
  "material: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}], phonons: {kind: debye, mass: 27 amu, sound: [4000, 2500] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}}}\n"
  "carriers: {electrons: 1e21 cm^-3}\nelectrons: {mesh: 12, window: 0.7 eV}\nphonons: {mesh: 12}\ndelta: {scheme: gaussian, width: 20 meV}\n";

static void create(const char *scattering, const char *sets, Engine *e)
{
  char text[2000];
  snprintf(text, sizeof text, "%sscattering: {%s}\nsolve: [rta, full, drag]\n", metal, scattering);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

/* --- rates ---------------------------------------------------------------------------------- */

/* 1/tau of a phonon by electrons of a parabolic band (spin 2) in a sheet, |g|^2 = D^2 q^2/(2 M omega), D that of its polarization, A the cell's area:
   1/tau = 2 pi |g|^2 2 A m/(4 pi^2 q) int dk_y [f(E) - f(E + omega)],  E = [(m omega/q - q/2)^2 + k_y^2]/2m */
static PetscReal golden_rule(PetscReal q, PetscReal omega, PetscReal mass, PetscReal M, PetscReal D, PetscReal area, const StatesPoint *p)
{
  const PetscReal k = mass * omega / q - 0.5 * q, g2 = D * D * q * q / (2.0 * M * omega), step = 0.01 * sqrt(2.0 * mass * p->kT);
  PetscReal       sum = 0.0;
  for (int i = -1000; i <= 1000; i++) { /* smooth and vanishing at both ends: converges faster than any power of the step */
    const PetscReal x = ((k * k + i * step * i * step) / (2.0 * mass) - p->mu) / p->kT;
    sum += step * (1.0 / (exp(x) + 1.0) - 1.0 / (exp(x + omega / p->kT) + 1.0));
  }
  return 2.0 * UMK_PI * g2 * 2.0 * area * mass / (4.0 * UMK_PI * UMK_PI * q) * sum;
}

static const char *const parabolic =
  "temperature: 3000 K\n"
  "material: {model: {dimension: 2, lattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 1 m_e}], phonons: {kind: debye, mass: 27 amu, sound: [8000, 2500] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}}}\n"
  "carriers: {chemical_potential: 0.2 eV}\nelectrons: {mesh: 80, window: 2.3 eV}\nphonons: {mesh: 80}\ndelta: {scheme: gaussian, width: 30 meV}\nscattering: {electron_phonon: {}}\nsolve: drag\n";

START_TEST(rates)
{
  static const PetscReal potential[2][2] = {{3.0, 0.0}, {3.0, 2.0}}; /* longitudinal, transverse */
  Engine             e;
  const StatesPoint *p;
  const PetscReal   *rate;
  const PetscInt    *state;
  PetscInt           begin, n;
  PetscReal          worst = 0.0, sum = 0.0, exact = 0.0;

  ck_call(EngineCreate(PETSC_COMM_WORLD, parabolic, _i ? "material.model.coupling.transverse=2 eV" : NULL, &e));
  ck_call(EngineSetPoint(&e, 0, &p));
  ck_call(CollisionGetRates(e.collision, -1, &rate));
  ck_call(CollisionGetLocalStates(e.collision, SPECIES_PHONON, &begin, &n, &state));
  const States s = e.phonons;
  for (PetscInt i = 0; i < n; i++) {
    PetscReal       image[MESH_MAX_SHORTEST][3];
    const PetscInt  a = state[i];
    (void)MeshShortest(s->mesh, s->mesh->wedge[s->wedge[s->k[a]]], image);
    const PetscReal q = Norm3(image[0]), here = rate[begin + i];
    if (q < 0.18 * UMK_BOHR_ANGSTROM || q > 0.25 * UMK_BOHR_ANGSTROM) continue; /* columns of the mesh closer than the width, and that below the thermal spread */
    const PetscReal D = potential[_i][s->band[a] < 2];
    if (D == 0.0) {
      ck_assert_msg(fabs(here) <= 1e-12 * rate[begin + n - 1], "transverse phonons: %.3g", here);
      continue;
    }
    const PetscReal there = golden_rule(q, s->energy[a], 1.0, 27.0 * UMK_AMU, D * UMK_EV, pow(4.0 / UMK_BOHR_ANGSTROM, 2), p);
    SHOW("branch %d, q %.4f 1/A: rate/golden rule - 1 = %.5f\n", (int)s->band[a], q / UMK_BOHR_ANGSTROM, here / there - 1.0);
    worst = PetscMax(worst, fabs(here / there - 1.0));
    sum += s->star[a] * here;
    exact += s->star[a] * there;
  }
  SHOW("worst %.5f, mean %.5f\n", worst, sum / exact - 1.0);
  ck_assert_msg(worst > 0.0 && worst <= 0.005, "phonons by electrons: %.5f off the golden rule", worst);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* --- the drift mode --------------------------------------------------------------------------- */

/* phi = k of electrons and the phonons that they scatter (others stay behind), in the layout of the system; equal meshes */
static void drift(Drag d, Vec n)
{
  const PetscReal       *rate;
  static const PetscReal unit[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const PetscScalar     *a, *b;
  PetscScalar           *v;

  ck_call(CollisionGetRates(d->c1, -1, &rate));
  ck_assert_int_eq(d->nf, d->np);
  ck_call(VecZeroEntries(d->v1));
  ck_call(VecZeroEntries(d->v2));
  ck_call(DriveMomentum(d->c1, d->electrons, unit, d->rate, d->v1));
  ck_call(DriveMomentum(d->c2, d->phonons, unit, rate + d->ne, d->v2));
  ck_call(VecGetArrayRead(d->v1, &a));
  ck_call(VecGetArrayRead(d->v2, &b));
  ck_call(VecGetArray(n, &v));
  for (PetscInt r = 0; r < 3 * d->ne; r++) v[r] = a[r];
  for (PetscInt r = 0; r < 3 * d->np; r++) v[3 * d->ne + r] = sqrt(d->multiplicity) * b[r];
  ck_call(VecRestoreArrayRead(d->v1, &a));
  ck_call(VecRestoreArrayRead(d->v2, &b));
  ck_call(VecRestoreArray(n, &v));
}

/* sigma and S over what the drift mode alone has: (x.n)^2/(n.A n) and T S = x_T.n/x.n */
static void drift_ratios(Drag d, PetscReal *sigma, PetscReal *seebeck)
{
  PetscReal xn[DRAG_DRIVES], xz[DRAG_DRIVES], nAn;
  Vec       n, An;

  ck_call(VecDuplicate(d->x[0], &n));
  ck_call(VecDuplicate(d->x[0], &An));
  drift(d, n);
  d->level = LEVEL_DRAG;
  ck_call(MatMult(d->A, n, An));
  ck_call(VecDot(n, An, &nAn));
  for (int k = 0; k < DRAG_DRIVES; k++) {
    ck_call(VecDot(n, d->x[k], &xn[k]));
    ck_call(VecDot(d->x[DRAG_FIELD], d->z[LEVEL_DRAG][k], &xz[k]));
  }
  *sigma   = xz[DRAG_FIELD] / (xn[DRAG_FIELD] * xn[DRAG_FIELD] / nAn);
  *seebeck = (xz[DRAG_ELECTRONS] + xz[DRAG_PHONONS]) / xz[DRAG_FIELD] / ((xn[DRAG_ELECTRONS] + xn[DRAG_PHONONS]) / xn[DRAG_FIELD]);
  ck_call(VecDestroy(&n));
  ck_call(VecDestroy(&An));
}

/* All branches coupled, energies broadened beyond the mesh's gaps: no other mode than the drift is slow. */
static const char *const connected = "material.model.coupling={kind: constant, force: 3 eV/angstrom};temperature=600 K;carriers.electrons=3e21 cm^-3;delta.width=60 meV;electrons.window=2.4 eV;solver.tolerance=1e-8";

START_TEST(drift_limit)
{
  static const char *const tau[4] = {"10 ps", "1e3 ps", "1e4 ps", "1e5 ps"};
  PetscReal                last = HUGE_VAL, sigma, seebeck;
  TransportTensors         x;
  Engine                   e;
  char                     text[200];

  for (int i = 0; i < 4; i++) {
    snprintf(text, sizeof text, "electron_phonon: normal, phonon_relaxation: %s", tau[i]);
    create(text, connected, &e);
    ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
    ck_assert(x.converged);
    drift_ratios(e.drag, &sigma, &seebeck);
    SHOW("tau %s: sigma/drift - 1 = %.3e, S/drift - 1 = %.3e, %d steps, sigma %g\n", tau[i], sigma - 1.0, seebeck - 1.0, (int)x.iterations, x.conductivity[0][0]);
    ck_assert_msg(sigma - 1.0 > -1e-6, "the drift mode alone is a lower bound of sigma: %.3g", sigma - 1.0);
    ck_assert_msg(sigma - 1.0 < 0.6 * last, "tau %s: from %.3g to %.3g", tau[i], last, sigma - 1.0);
    last = sigma - 1.0;
    ck_call(EngineDestroy(&e));
  }
  ck_assert_msg(last < 0.01 && fabs(seebeck - 1.0) < 0.01, "sigma %.3g, S %.3g off the drift mode's", last, seebeck - 1.0);
  create("electron_phonon: normal", connected, &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  ck_assert_msg(x.steady_state_missing && !x.converged, "nothing stops the drift, overlap %.3g", x.null_overlap);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* --- strong and no drag ------------------------------------------------------------------------- */

START_TEST(strong_drag)
{
  static const char *const scattering = "electron_phonon: normal, phonon_relaxation: 150 ps";
  TransportTensors         full, x, picard;
  Engine                   e;
  char                     sets[500];

  snprintf(sets, sizeof sets, "%s;solver.tolerance=1e-9", connected);
  create(scattering, sets, &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &full));
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  const PetscReal gain = x.conductivity[0][0] / full.conductivity[0][0];
  ck_call(EngineDestroy(&e));
  snprintf(sets, sizeof sets, "%s;solver.tolerance=1e-9;solver.method=picard;solver.max_iterations=700", connected);
  create(scattering, sets, &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &picard));
  ck_call(EngineDestroy(&e));
  SHOW("strong drag: sigma x %.1f, %d steps, picard %d (%s, residual %.2g)\n", gain, (int)x.iterations, (int)picard.iterations, picard.converged ? "converged" : "not converged", picard.residual);
  ck_assert_msg(gain > 100.0, "sigma enhanced %.1f times", gain);
  ck_assert_msg(x.converged && x.iterations <= 60 && x.residual <= 1.01e-9, "%d steps, residual %.3g", (int)x.iterations, x.residual);
  ck_assert_msg(picard.iterations > 10 * x.iterations, "fixed point: %d iterations", (int)picard.iterations);
}
END_TEST

START_TEST(no_drag)
{
  TransportTensors full, drag;
  Engine           e;

  create("electron_phonon: {}, phonon_relaxation: 1e-7 ps, relaxation_time: 100 fs", NULL, &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &full));
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &drag));
  SHOW("no drag: sigma %.3e, S %.3e\n", drag.conductivity[0][0] / full.conductivity[0][0] - 1.0, drag.seebeck[0][0] / full.seebeck[0][0] - 1.0);
  ck_near(drag.conductivity[0][0], full.conductivity[0][0], 1e-6, full.conductivity[0][0]);
  ck_near(drag.seebeck[0][0], full.seebeck[0][0], 1e-6, full.seebeck[0][0]);
  ck_near(drag.kappa[0][0], full.kappa[0][0], 1e-6, full.kappa[0][0]);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* --- phonons that meet electrons alone ------------------------------------------------------------ */

/* A degenerate metal whose impurities relax its electrons, drifting phi = k.u but for kT/E_F: phonons that meet them alone drift along, and the heat
   that goes with the current is S_phonon = -C/(3 n e) (C. Herring, Phys. Rev. 96, 1163 (1954); J. M. Ziman, Electrons and Phonons, 10.11). */
static const char *const heavy =
  "temperature: [20, 28] K\nmaterial: {model: {metal: true, lattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 8 m_e}],\n"
  "  phonons: {kind: debye, mass: 27 amu, sound: [4500, 3000] m/s}, coupling: {kind: deformation, potential: 1 eV, transverse: 1 eV}}}\n"
  "carriers: {electrons: 2e21 cm^-3}\nelectrons: {mesh: 36, window: [0.045, 0.1] eV}\nphonons: {mesh: 12}\n"
  "scattering: {electron_phonon: {}, relaxation_time: {tau: 10 fs, exponent: -1, energy: 73.5 meV}, phonon_relaxation: 1 ms}\nsolve: drag\n";

START_TEST(saturated)
{
  TransportTensors x;
  Engine           e;
  Crystal          crystal;
  PetscReal        S[2], herring[2];

  ck_call(EngineCreate(PETSC_COMM_WORLD, heavy, _i ? "scattering.phonon_relaxation=0.2 ps" : NULL, &e));
  ck_call(MaterialGetCrystal(e.material, &crystal));
  const States s = e.lattice.phonons;
  for (int t = 0; t < 2; t++) {
    const StatesPoint *p = &e.scan.point[t];
    PetscReal          C = 0.0; /* k_B per bohr^3 */
    for (PetscInt a = 0; a < s->nstates; a++) C += s->star[a] * pow(StatesWeight(SPECIES_PHONON, s->energy[a], p) * s->energy[a] / p->kT, 2) / ((PetscReal)s->mesh->size * crystal->volume);
    ck_call(EngineSolve(&e, t, LEVEL_DRAG, &x));
    S[t]       = x.seebeck_phonon[0][0];
    herring[t] = -C / (3.0 * p->electrons);
    SHOW("%d K: S_phonon %.4g, -C/3n %.4g k_B/e, ratio %.4f\n", t ? 28 : 20, S[t], herring[t], S[t] / herring[t]);
    if (_i == 0) ck_near(S[t], herring[t], 0.08, herring[t]);
    else ck_assert_msg(S[t] < 0.0 && S[t] > 0.5 * herring[t], "phonons relaxed elsewhere drag less: %.4g of %.4g", S[t], herring[t]);
  }
  ck_call(EngineDestroy(&e));
}
END_TEST

/* --- symmetric, semidefinite ---------------------------------------------------------------------- */

/* Three valleys of one semiconductor, in a sheet and not; the metal above. */
static const char *const valleys =
  "temperature: 300 K\nsolver: {tolerance: 1e-11}\n"
  "material: {model: {lattice_constant: 5 angstrom, bands: [{kind: ellipsoid, mass: [3, 1] m_e, valleys: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}],\n"
  "  phonons: {kind: debye, mass: 28 amu, sound: [8000, 5000] m/s}, coupling: {kind: deformation, potential: 8 eV, transverse: 3 eV}, cubic: {kind: grueneisen, grueneisen: 1, sound: 6000 m/s}}}\n"
  "carriers: {electrons: 1e18 cm^-3}\nelectrons: {mesh: 6, window: 0.8 eV}\nphonons: {mesh: 6}\n";
static const char *const sheet =
  "temperature: 600 K\nsolver: {tolerance: 1e-11}\n"
  "material: {model: {dimension: 2, lattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 1 m_e}], phonons: {kind: debye, mass: 27 amu, sound: [8000, 4000] m/s},\n"
  "  coupling: {kind: deformation, potential: 3 eV}, cubic: {kind: grueneisen, grueneisen: 1, sound: 6000 m/s}}}\n"
  "carriers: {chemical_potential: 0.2 eV}\nelectrons: {mesh: 24, window: 0.9 eV}\nphonons: {mesh: 24}\n";

static const struct {
  const char *name, *text, *scattering;
  int         mesh[3], width; /* of electrons, by ratio; Gaussian, meV */
} systems[3] = {
  {"metal", NULL, "electron_phonon: {}, phonon_relaxation: 10 ps, boundary: 1 um", {12, 12, 12}, 30},
  {"valleys", valleys, "electron_phonon: {}, three_phonon: {}, boundary: 1 um", {6, 6, 9}, 100},
  {"sheet", sheet, "electron_phonon: {}, three_phonon: {}, boundary: 1 um", {12, 12, 12}, 60},
};

START_TEST(ratios)
{
  static const char *const schemes[3] = {"adaptive", "gaussian", "tetrahedron"};
  const int                at = _i / 9, ratio = _i % 9 / 3 + 1, mesh = systems[at].mesh[ratio - 1];
  TransportTensors         x;
  Engine                   e;
  char                     sets[200], text[2000];

  snprintf(sets, sizeof sets, "delta={scheme: %s, width: %d meV};electrons.mesh=%d;phonons.mesh=%d", schemes[_i % 3], systems[at].width, mesh, mesh / ratio);
  if (_i % 3 != 1) snprintf(sets, sizeof sets, "delta=%s;electrons.mesh=%d;phonons.mesh=%d", schemes[_i % 3], mesh, mesh / ratio);
  snprintf(text, sizeof text, "%sscattering: {%s}\nsolve: [rta, full, drag]\n", systems[at].text ? systems[at].text : metal, systems[at].scattering);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, &e));
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  const PetscReal least = OperatorCheckDrag(&e, systems[at].name);
  SHOW("%s, %s: Onsager %.2e, eigenvalue %.2e, S %.4g + %.4g, %d steps\n", systems[at].name, sets, x.onsager_defect, least, x.seebeck_electron[0][0], x.seebeck_phonon[0][0], (int)x.iterations);
  ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "%s, %s: Onsager defect %.3g", systems[at].name, sets, x.onsager_defect);
  ck_assert_msg(least >= -1e-12, "%s, %s: eigenvalue %.3g", systems[at].name, sets, least);
  ck_assert_msg(x.seebeck_phonon[0][0] != 0.0, "%s, %s: no drag", systems[at].name, sets);
  ck_call(EngineDestroy(&e));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("drag of models");
  TCase *cases = tcase_create("models");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, rates, 0, 2);
  tcase_add_test(cases, drift_limit);
  tcase_add_test(cases, strong_drag);
  tcase_add_test(cases, no_drag);
  tcase_add_loop_test(cases, saturated, 0, 2);
  tcase_add_loop_test(cases, ratios, 0, 27);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

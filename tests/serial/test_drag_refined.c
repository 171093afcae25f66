/*
  Phonons around q = 0 on the electrons' mesh, the others on a coarser one: the system stays symmetric and semidefinite, obeys Onsager's relation, is the same on the wedge
  as on the whole zone, conserves momentum to round-off; weights and rates are those of one mesh.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/operator_checks.h"
#include "collision/collision_impl.h"
#include "transport/drag_impl.h"

#define SHOW(...) do { if (getenv("UMKLAPP_SHOW")) fprintf(stderr, __VA_ARGS__); } while (0)

/* Mesh 4 has points 3.93 nm^-1 apart. */
static const char *const metal =
  "temperature: 300 K\nsolver: {tolerance: 1e-11}\n"
  "material: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}],\n"
  "  phonons: {kind: debye, mass: 27 amu, sound: [6000, 3500] m/s}, cubic: {kind: power, strength: 1 eV/angstrom^3, exponent: 1, frequency: 20 meV}, coupling: {kind: constant, force: 1 eV/angstrom}}}\n"
  "carriers: {electrons: 1e21 cm^-3}\nelectrons: {mesh: 8, window: 1.2 eV}\nphonons: {mesh: 4, refine: 4 nm^-1}\n";

static const char *const schemes[3] = {"delta.scheme=adaptive", "delta.scheme=gaussian;delta.width=40 meV", "delta.scheme=tetrahedron"};

static void create(const char *scattering, const char *sets, Engine *e)
{
  char text[2000];
  snprintf(text, sizeof text, "%sscattering: {%s}\nsolve: [rta, full, drag]\n", metal, scattering);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

static const char *const all = "electron_phonon: {}, three_phonon: {}, isotope: {variance: 1e-3}, boundary: 1 um";

START_TEST(symmetric)
{
  TransportTensors wedge[LEVEL_COUNT], zone;
  Engine           e;
  char             sets[200];

  create(all, schemes[_i], &e);
  ck_assert_msg(e.drag->nr > 0 && e.drag->np > 0, "%d refined phonons, %d coarse", (int)e.drag->nr, (int)e.drag->np);
  for (int l = 0; l < LEVEL_COUNT; l++) ck_call(EngineSolve(&e, 0, (TransportLevel)l, &wedge[l]));
  const TransportTensors *x = &wedge[LEVEL_DRAG];
  ck_assert_msg(x->converged && x->onsager_defect <= 1e-8, "%s: Onsager defect %.3g", schemes[_i], x->onsager_defect);
  ck_assert_msg(fabs(x->seebeck_phonon[0][0]) > 1e-3 * fabs(x->seebeck[0][0]), "%s: no drag", schemes[_i]);
  const PetscReal least = OperatorCheckDrag(&e, schemes[_i]);
  SHOW("%s: %d refined of %d, Onsager %.2e, eigenvalue %.2e, S %.4g + %.4g, %d steps\n", schemes[_i], (int)e.drag->nr, (int)e.drag->nl, x->onsager_defect, least, x->seebeck_electron[0][0], x->seebeck_phonon[0][0], (int)x->iterations);
  ck_assert_msg(least >= -1e-12, "%s: eigenvalue %.3g", schemes[_i], least);
  ck_call(EngineDestroy(&e));
  snprintf(sets, sizeof sets, "%s;symmetry=none", schemes[_i]);
  create(all, sets, &e);
  for (int l = 0; l < LEVEL_COUNT; l++) {
    ck_call(EngineSolve(&e, 0, (TransportLevel)l, &zone));
    SHOW("  %s: wedge - zone %.2e\n", TransportLevelName[l], TensorsDistance(&wedge[l], &zone));
    ck_assert_msg(TensorsDistance(&wedge[l], &zone) <= 1e-8, "%s, %s: wedge and whole zone differ by %.3g", schemes[_i], TransportLevelName[l], TensorsDistance(&wedge[l], &zone));
  }
  ck_call(EngineDestroy(&e));
}
END_TEST

/* Normal processes alone of both kinds: momentum of electrons and of phonons on both meshes together, to round-off. */
START_TEST(momentum)
{
  TransportTensors x;
  Engine           e;

  create("electron_phonon: normal, three_phonon: normal", schemes[_i], &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  SHOW("%s: momentum overlaps the drives by %.3g\n", schemes[_i], x.null_overlap);
  ck_assert_msg(x.steady_state_missing && x.null_overlap > 0.1, "%s: momentum is not conserved, overlap %.3g", schemes[_i], x.null_overlap);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* Which phonons drag: those of both meshes together sum to the phonons' Peltier coefficient over T. */
START_TEST(modes)
{
  TransportTensors x;
  Engine           e;
  PetscReal       *part, sum = 0.0, size = 0.0, peltier, refined = 0.0;

  create(all, schemes[0], &e);
  ck_call(EngineSolve(&e, 0, LEVEL_DRAG, &x));
  ck_call(PetscMalloc1(e.drag->nl, &part));
  ck_call(DragModesSeebeck(e.drag, LEVEL_DRAG, PART_COARSE, &e.scan.point[0], &x, part));
  ck_call(DragModesSeebeck(e.drag, LEVEL_DRAG, PART_REFINED, &e.scan.point[0], &x, part + e.drag->np));
  for (PetscInt i = 0; i < e.drag->nl; i++) {
    sum += part[i];
    size += fabs(part[i]);
    if (i >= e.drag->np) refined += fabs(part[i]);
  }
  peltier = (x.peltier_phonon[0][0] + x.peltier_phonon[1][1] + x.peltier_phonon[2][2]) / (3.0 * e.scan.kT[0]);
  ck_assert_msg(refined > 0.0 && fabs(sum - peltier) <= 1e-13 * size, "modes sum to %.15g, Pi/T %.15g", sum, peltier);
  ck_call(PetscFree(part));
  ck_call(EngineDestroy(&e));
}
END_TEST

/* The weights of both meshes add up to one zone; with wide delta functions, so that sums over partners hardly depend on their mesh, refined phonons
   have on average the rates that they have with all phonons on the fine mesh (single ones differ: mesh 4 has few partners). */
START_TEST(rates)
{
  static const char *const wide = "delta={scheme: gaussian, width: 40 meV};carriers.electrons=1e20 cm^-3";
  const PetscInt          *state;
  PetscReal                sum = 0.0, worst = 0.0, mean = 0.0;
  Engine                   one, two;
  TransportTensors         x;
  char                     sets[300];

  snprintf(sets, sizeof sets, "phonons={mesh: 8};%s", wide);
  create("electron_phonon: {}, three_phonon: {}, isotope: {variance: 1e-3}", sets, &one);
  create("electron_phonon: {}, three_phonon: {}, isotope: {variance: 1e-3}", wide, &two);
  ck_call(EngineSolve(&one, 0, LEVEL_RTA, &x));
  ck_call(EngineSolve(&two, 0, LEVEL_RTA, &x));
  const Drag d = two.drag;
  for (PetscInt iw = 0; iw < d->fine->mesh->nwedge; iw++) sum += d->inside[iw] * d->fine->mesh->star[iw] / (PetscReal)d->fine->mesh->size;
  for (PetscInt iw = 0; iw < d->phonons->mesh->nwedge; iw++) sum += (1.0 - two.lattice.partition.inside[iw]) * d->phonons->mesh->star[iw] / (PetscReal)d->phonons->mesh->size;
  ck_near(sum, 1.0, 1e-12, 1.0);
  ck_call(CollisionGetLocalStates(d->c1, SPECIES_PHONON, NULL, NULL, &state));
  ck_assert_int_eq(one.drag->phonons->nstates, d->fine->nstates);
  for (PetscInt i = 0; i < d->nr; i++) {
    const PetscInt  a     = state[d->refined[i]];
    const PetscReal ratio = d->rate[d->ne + d->np + i] / one.drag->rate[one.drag->ne + one.lattice.collision->row[a]];
    worst = PetscMax(worst, fabs(ratio - 1.0));
    mean += (ratio - 1.0) / d->nr;
  }
  SHOW("rates of %d refined phonons over those on one mesh: mean %.4f, worst %.4f off 1\n", (int)d->nr, mean, worst);
  ck_assert_msg(d->nr > 0 && worst < 0.3 && fabs(mean) < 0.05, "rates: mean %.4f, worst %.4f off 1", mean, worst);
  ck_call(EngineDestroy(&one));
  ck_call(EngineDestroy(&two));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("drag on two meshes of phonons");
  TCase *cases = tcase_create("refined");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, symmetric, 0, 3);
  tcase_add_loop_test(cases, momentum, 0, 3);
  tcase_add_test(cases, modes);
  tcase_add_test(cases, rates);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

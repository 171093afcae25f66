/*
  Some of the wedge points as a collision operator: a sample of everything has the processes, their bytes and the coupled pairs of the whole to the last one; what
  two dozen points say of the whole, and of a rank that has half of them, is right within what a forecast may err by.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include "../support/decks.h"
#include "../support/engine.h"
#include "collision/collision_impl.h"

static const struct {
  const char *name, *text;
} decks[] = {
  {"phonons", "temperature: 300 K\nphonons: {mesh: 10}\nscattering: {three_phonon: {}, isotope: natural, boundary: 1 mm}\n"},
  {"electrons and phonons",
   "material: {model: {metal: true, lattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 8 m_e}], phonons: {kind: debye, mass: 27 amu, sound: [4500, 3000] m/s}, "
   "coupling: {kind: deformation, potential: 1 eV, transverse: 1 eV}, cubic: {kind: grueneisen, grueneisen: 2, sound: 4000 m/s}}}\n"
   "temperature: 90 K\ncarriers: {electrons: 2e21 cm^-3}\nelectrons: {mesh: 20, window: [0.02, 0.17] eV}\nphonons: {mesh: 10}\n"
   "scattering: {electron_phonon: {}, three_phonon: {}, boundary: 10 um}\nsolve: [drag]\n"},
  {"charged centres, screened at each point", DECK_HEAD "material: {model: {eps_zero: 11.7, extent: 0.27 eV, bands: [{kind: ellipsoid, mass: [0.98, 0.19, 0.4] m_e}]}}\ncarriers: {electrons: 1e17 cm^-3}\n"
   "electrons: {mesh: 17, window: 0.25 eV}\nscattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}, ionized_impurity: {density: carriers}}\n"},
};
enum { NDECKS = sizeof(decks) / sizeof(decks[0]) };

static char text[1400];

static const char *deck_text(int i)
{
  if (i > 0) return decks[i].text;
  snprintf(text, sizeof text, "material: %s/inputs/data/silicon-phonons.h5\n%s", getenv("UMKLAPP_SOURCE"), decks[i].text);
  return text;
}

/* Processes of a whole operator, and the pairs that they couple */
static void whole(Engine *e, Collision c, CollisionCost *cost)
{
  ck_call(EngineSetPoint(e, 0, NULL));
  ck_call(CollisionFillBlocks(c));
  ck_call(CollisionGetCost(c, cost));
}

static void compare(const char *name, Engine *run, Engine *part, Collision c, Collision d, const CollisionSample *s, PetscReal processes, PetscReal blocks)
{
  const PetscReal share[2] = {1.0, 0.5};
  PetscReal       found[2];
  CollisionCost   cost;

  whole(run, c, &cost);
  ck_call(EngineSetPoint(part, 0, NULL));
  ck_call(CollisionCountBlocks(d, 2, share, found));
  ck_assert_msg(fabs(s->processes + s->moving - cost.processes) <= processes * cost.processes, "%s: %.8g processes, %.8g from a sample of %.3g", name, cost.processes, s->processes + s->moving, s->share);
  ck_assert_msg(fabs(s->bytes + s->moving_bytes - cost.bytes) <= PetscMax(processes, 1e-12) * cost.bytes, "%s: %.8g bytes, %.8g from a sample of %.3g", name, cost.bytes, s->bytes + s->moving_bytes, s->share);
  ck_assert_msg(fabs(found[0] - cost.blocks) <= blocks * cost.blocks, "%s: %.8g pairs, %.8g from a sample of %.3g", name, cost.blocks, found[0], s->share);
  ck_assert_msg(found[1] >= 0.5 * found[0] * (1.0 - 1e-12) && found[1] <= found[0], "%s: half of the points meet %.8g of %.8g pairs", name, found[1], found[0]);
}

static void check_deck(int i, bool everything)
{
  SystemSample s = {.seconds = everything ? 1e6 : 1e-9, .bytes = 1e12};
  Engine       run, part;

  ck_call(EngineCreate(PETSC_COMM_SELF, deck_text(i), NULL, &run));
  ck_call(EngineCreateSample(deck_text(i), NULL, &s, &part));
  ck_assert(s.electrons.complete == everything);
  compare(decks[i].name, &run, &part, run.collision, part.collision, &s.electrons, everything ? 0.0 : 0.1, everything ? 0.0 : 0.15);
  if (run.both) compare("phonons beside electrons", &run, &part, run.lattice.collision, part.lattice.collision, &s.lattice, everything ? 0.0 : 0.1, everything ? 0.0 : 0.15);
  ck_call(EngineDestroy(&run));
  ck_call(EngineDestroy(&part));
}

START_TEST(everything)
{
  check_deck(_i, true);
}
END_TEST

START_TEST(some)
{
  check_deck(_i, false);
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("sample");
  TCase *t = tcase_create("sample");

  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, everything, 0, NDECKS);
  tcase_add_loop_test(t, some, 0, NDECKS);
  suite_add_tcase(s, t);
  return s;
}

int main(int argc, char **argv) { return HarnessRun(argc, argv, make); }

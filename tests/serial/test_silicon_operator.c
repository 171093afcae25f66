/*
  The collision operator of silicon's electron-phonon coupling, every delta scheme: symmetric to the last bit, semidefinite, conserving
  charge, the same replayed as assembled, the same on the wedge as on the whole zone, Onsager's relation. Skipped (77) where ../shared/data is absent.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/decks.h"
#include "../support/operator_checks.h"

static char material[512], text[1024], what[200];

static const char *const carriers[] = {"carriers={electrons: 1e16 cm^-3};electrons.window=0.4 eV", "carriers={holes: 1e16 cm^-3};electrons.window=0.5 eV"};

static void create(int which, int scheme, const char *more, Engine *e)
{
  char sets[400];

  snprintf(text, sizeof text, "%smaterial: %s\nelectrons: {mesh: 10}\nscattering: {electron_phonon: {}, ionized_impurity: {density: 1e16 cm^-3}}\n", DECK_HEAD, material);
  snprintf(sets, sizeof sets, "%s;%s;%s", carriers[which], delta_schemes[scheme], more);
  snprintf(what, sizeof what, "silicon, %s, %s %s", which ? "holes" : "electrons", delta_schemes[scheme], more);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

START_TEST(wedge_operator)
{
  for (int scheme = 0; scheme < NSCHEMES; scheme++) {
    Engine           e;
    TransportTensors x;

    create(_i, scheme, "", &e);
    ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
    ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, x.onsager_defect);
    OperatorCheckSymmetric(&e, what);
    OperatorCheckSemidefinite(&e, what);
    OperatorCheckReplay(&e, what);
    ck_call(EngineDestroy(&e));
  }
}
END_TEST

START_TEST(whole_zone)
{
  for (int scheme = 0; scheme < NSCHEMES; scheme++) {
    Engine           e;
    TransportTensors wedge, x;

    create(_i, scheme, "electrons.mesh=8", &e);
    ck_call(EngineSolve(&e, 0, LEVEL_FULL, &wedge));
    ck_call(EngineDestroy(&e));
    create(_i, scheme, "symmetry=none;electrons.mesh=8", &e);
    ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
    ck_assert_msg(TensorsDistance(&wedge, &x) <= 1e-8, "%s: wedge and whole zone differ by %.3g", what, TensorsDistance(&wedge, &x));
    ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, x.onsager_defect);
    OperatorCheckSymmetric(&e, what);
    OperatorCheckCharge(&e, what);
    ck_call(EngineDestroy(&e));
  }
}
END_TEST

START_TEST(kept_or_not)
{
  Engine           kept, anew;
  TransportTensors x, y;

  create(0, 0, "", &kept);
  create(0, 0, "collision.memory=0;solver.operator=blocks", &anew);
  ck_call(EngineSolve(&kept, 0, LEVEL_FULL, &x));
  ck_call(EngineSolve(&anew, 0, LEVEL_FULL, &y));
  ck_assert_msg(TensorsDistance(&x, &y) == 0.0, "enumeration anew differs by %.3g", TensorsDistance(&x, &y));
  ck_call(EngineDestroy(&kept));
  ck_call(EngineDestroy(&anew));
}
END_TEST

static void set_up(void) { ck_call(SiliconRestore(INTERPOLATION_SYMMETRIC, material)); }
static void tear_down(void) { SiliconRemove(material); }

static Suite *make_suite(void)
{
  Suite *suite = suite_create("silicon operator");
  TCase *cases = tcase_create("silicon");

  tcase_set_timeout(cases, 120);
  tcase_add_unchecked_fixture(cases, set_up, tear_down);
  tcase_add_loop_test(cases, wedge_operator, 0, 2);
  tcase_add_loop_test(cases, whole_zone, 0, 2);
  tcase_add_test(cases, kept_or_not);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  if (!SiliconPresent()) return 77;
  return HarnessRun(argc, argv, make_suite);
}

/*
  The collision operator of every model with every delta scheme: symmetric to the last bit, semidefinite, conserving charge, the same
  replayed as assembled, the same on the wedge as on the whole zone; Onsager's relation in what it gives.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/decks.h"
#include "../support/operator_checks.h"

static char what[200];

static void create(int model, int scheme, const char *more, Engine *e)
{
  char sets[300];

  snprintf(sets, sizeof sets, "%s;%s", delta_schemes[scheme], more);
  snprintf(what, sizeof what, "%s, %s %s", model_decks[model].name, delta_schemes[scheme], more);
  ck_call(EngineCreate(PETSC_COMM_WORLD, model_decks[model].text, sets, e));
}

START_TEST(wedge_operator)
{
  for (int scheme = 0; scheme < NSCHEMES; scheme++) {
    Engine e;

    create(_i, scheme, "", &e);
    ck_call(EngineSetPoint(&e, 0, NULL));
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
    TransportTensors wedge[LEVEL_COUNT], zone;

    create(_i, scheme, "", &e);
    for (int l = 0; l < LEVEL_COUNT; l++) ck_call(EngineSolve(&e, 0, (TransportLevel)l, &wedge[l]));
    ck_assert_msg(wedge[LEVEL_FULL].converged, "%s: not converged", what);
    ck_assert_msg(wedge[LEVEL_FULL].onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, wedge[LEVEL_FULL].onsager_defect);
    ck_call(EngineDestroy(&e));

    create(_i, scheme, "symmetry=none", &e);
    ck_call(EngineSetPoint(&e, 0, NULL));
    OperatorCheckSymmetric(&e, what);
    if (!model_decks[_i].walls) OperatorCheckCharge(&e, what);
    for (int l = 0; l < LEVEL_COUNT; l++) {
      ck_call(EngineSolve(&e, 0, (TransportLevel)l, &zone));
      const PetscReal distance = TensorsDistance(&wedge[l], &zone);
      ck_assert_msg(distance <= 1e-8, "%s, %s: wedge and whole zone differ by %.3g", what, TransportLevelName[l], distance);
      ck_assert_msg(zone.onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, zone.onsager_defect);
    }
    ck_call(EngineDestroy(&e));
  }
}
END_TEST

/* Kept processes replayed, or enumerated anew at each use: the same sums in the same order. */
START_TEST(kept_or_not)
{
  Engine           kept, anew;
  TransportTensors x, y;
  CollisionCost    cost;

  create(_i, 0, "", &kept);
  create(_i, 0, "collision.memory=0", &anew);
  ck_call(CollisionGetCost(anew.collision, &cost));
  for (int l = 0; l < LEVEL_COUNT; l++) {
    ck_call(EngineSolve(&kept, 0, (TransportLevel)l, &x));
    ck_call(EngineSolve(&anew, 0, (TransportLevel)l, &y));
    ck_assert_msg(TensorsDistance(&x, &y) == 0.0, "%s, %s: enumeration anew differs by %.3g", what, TransportLevelName[l], TensorsDistance(&x, &y));
  }
  ck_call(EngineDestroy(&kept));
  ck_call(EngineDestroy(&anew));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("collision");
  TCase *cases = tcase_create("models");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, wedge_operator, 0, NMODELS);
  tcase_add_loop_test(cases, whole_zone, 0, NMODELS);
  tcase_add_loop_test(cases, kept_or_not, 0, NMODELS);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

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
    for (int l = 0; l <= LEVEL_FULL; l++) ck_call(EngineSolve(&e, 0, (TransportLevel)l, &wedge[l]));
    ck_assert_msg(wedge[LEVEL_FULL].converged, "%s: not converged", what);
    ck_assert_msg(wedge[LEVEL_FULL].onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, wedge[LEVEL_FULL].onsager_defect);
    ck_call(EngineDestroy(&e));

    create(_i, scheme, "symmetry=none", &e);
    ck_call(EngineSetPoint(&e, 0, NULL));
    OperatorCheckSymmetric(&e, what);
    if (!model_decks[_i].walls) OperatorCheckCharge(&e, what);
    for (int l = 0; l <= LEVEL_FULL; l++) {
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
  create(_i, 0, "collision.memory=0;solver.operator=blocks", &anew);
  ck_call(CollisionGetCost(anew.collision, &cost));
  for (int l = 0; l <= LEVEL_FULL; l++) {
    ck_call(EngineSolve(&kept, 0, (TransportLevel)l, &x));
    ck_call(EngineSolve(&anew, 0, (TransportLevel)l, &y));
    ck_assert_msg(TensorsDistance(&x, &y) == 0.0, "%s, %s: enumeration anew differs by %.3g", what, TransportLevelName[l], TensorsDistance(&x, &y));
  }
  ck_call(EngineDestroy(&kept));
  ck_call(EngineDestroy(&anew));
}
END_TEST

/* At the energy of a mesh point, faces between its images lie in the surface: the density of states there is the mean of those beside it. */
START_TEST(faces)
{
  Engine        e;
  PetscReal    *x, *weight, sum[3];
  bool          any;

  ck_call(EngineCreate(PETSC_COMM_WORLD, model_decks[_i].text, "delta.scheme=tetrahedron;electrons.mesh=12", &e));
  States s = e.electrons;
  ck_call(PetscMalloc2(s->npoints, &x, s->npoints, &weight));
  for (PetscInt a = 0; a < s->nstates; a++) {
    const PetscReal shift = 1e-9;
    if (s->energy[a] < 0.2 * UMK_EV || s->energy[a] > 0.5 * UMK_EV) continue; /* all corners are there */
    for (int side = 0; side < 3; side++) {
      for (PetscInt p = 0; p < s->npoints; p++) x[p] = s->point_energy[p * s->nb] - s->energy[a] - (side - 1) * shift;
      ck_call(DeltaWeights(&e.context.delta, s, x, NULL, NULL, weight, &any));
      sum[side] = 0.0;
      for (PetscInt p = 0; p < s->npoints; p++) sum[side] += weight[p];
    }
    ck_assert_msg(fabs(sum[1] - 0.5 * (sum[0] + sum[2])) <= 1e-5 * sum[1], "state %d: %.8g between %.8g and %.8g", (int)a, sum[1], sum[0], sum[2]);
  }
  ck_call(PetscFree2(x, weight));
  ck_call(EngineDestroy(&e));
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
  tcase_add_loop_test(cases, faces, NMODELS - 3, NMODELS); /* the lattices */
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

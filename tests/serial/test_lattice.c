/*
  The collision operator of phonons, silicon from force constants with isotopes: symmetric to the last bit, semidefinite, the same replayed as
  assembled, the same on the wedge as on the whole zone, every delta scheme. Crystal momentum is a null vector of normal processes alone, which
  then have no finite thermal conductivity; energy is conserved as far as the width of the delta functions lets it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../support/decks.h"
#include "../support/operator_checks.h"

static char what[200];

static void create(const char *scattering, const char *sets, Engine *e)
{
  char text[600];

  snprintf(text, sizeof text, "%smaterial: %s/inputs/data/silicon-phonons.h5\nphonons: {mesh: 4}\nscattering: {%s}\n", DECK_HEAD, getenv("UMKLAPP_SOURCE"), scattering);
  snprintf(what, sizeof what, "silicon, {%s}, %s", scattering, sets);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, sets, e));
}

START_TEST(wedge_operator)
{
  Engine           e;
  TransportTensors x;

  create("three_phonon: {}, isotope: natural", lattice_schemes[_i], &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
  ck_assert_msg(x.converged && x.onsager_defect <= 1e-8, "%s: Onsager defect %.3g", what, x.onsager_defect);
  OperatorCheckSymmetric(&e, what);
  OperatorCheckSemidefinite(&e, what);
  OperatorCheckReplay(&e, what);
  ck_call(EngineDestroy(&e));
}
END_TEST

START_TEST(whole_zone)
{
  Engine           e;
  TransportTensors wedge[LEVEL_COUNT], zone;
  char             sets[200];

  snprintf(sets, sizeof sets, "%s;solver.tolerance=1e-12", lattice_schemes[_i]);
  create("three_phonon: {}, isotope: natural, boundary: 1 um", sets, &e);
  for (int l = 0; l <= LEVEL_FULL; l++) ck_call(EngineSolve(&e, 0, (TransportLevel)l, &wedge[l]));
  ck_call(EngineDestroy(&e));
  snprintf(sets, sizeof sets, "%s;solver.tolerance=1e-12;symmetry=none", lattice_schemes[_i]);
  create("three_phonon: {}, isotope: natural, boundary: 1 um", sets, &e);
  for (int l = 0; l <= LEVEL_FULL; l++) {
    ck_call(EngineSolve(&e, 0, (TransportLevel)l, &zone));
    ck_assert_msg(zone.lattice[0][0] > 0.0, "%s: kappa %.3g", what, zone.lattice[0][0]);
    ck_assert_msg(TensorsDistance(&wedge[l], &zone) <= 1e-8, "%s, %s: wedge and whole zone differ by %.3g", what, TransportLevelName[l], TensorsDistance(&wedge[l], &zone));
  }
  OperatorCheckSymmetric(&e, what);
  OperatorCheckSemidefinite(&e, what);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* |A n|/|D n| of the best candidate for a null vector */
static PetscReal momentum_defect(Engine *e)
{
  Mat       A, D;
  Vec       n[DRIVE_MAX_NULL], an, dn;
  PetscInt  count;
  PetscReal best = HUGE_VAL;

  ck_call(CollisionGetOperator(e->collision, &A));
  ck_call(CollisionGetDiagonal(e->collision, &D));
  ck_call(DriveNullVectors(e->collision, e->phonons, &count, n));
  ck_assert_int_eq(count, e->mesh->nops > 1 ? 1 : 9);
  ck_call(CollisionCreateVec(e->collision, &an));
  ck_call(VecDuplicate(an, &dn));
  for (PetscInt i = 0; i < count; i++) {
    PetscReal norm_a, norm_d;

    ck_call(MatMult(A, n[i], an));
    ck_call(MatMult(D, n[i], dn));
    ck_call(VecNorm(an, NORM_2, &norm_a));
    ck_call(VecNorm(dn, NORM_2, &norm_d));
    best = PetscMin(best, norm_a / norm_d);
    ck_call(VecDestroy(&n[i]));
  }
  ck_call(VecDestroy(&an));
  ck_call(VecDestroy(&dn));
  return best;
}

/* Even and odd meshes, wedge and zone: exact without umklapp; nothing of the kind with it. */
START_TEST(momentum)
{
  static const char *const sets[] = {"phonons.mesh=5", "phonons.mesh=4", "phonons.mesh=4;symmetry=none", "phonons.mesh=5;delta=tetrahedron"};
  Engine                   e;
  TransportTensors         x;

  create("three_phonon: {processes: normal}", sets[_i], &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
  ck_assert_msg(momentum_defect(&e) <= 1e-12, "%s: crystal momentum decays, %.3g", what, momentum_defect(&e));
  ck_assert_msg(!x.converged && x.null_overlap > 0.1 && x.iterations == 0, "%s: solved although momentum is conserved: overlap %.3g, %d iterations", what, x.null_overlap, (int)x.iterations);
  ck_assert_msg(isnan(x.lattice[0][0]), "%s: a number for what has none", what);
  ck_call(EngineDestroy(&e));
  create("three_phonon: {}", sets[_i], &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
  ck_assert_msg(momentum_defect(&e) > 1e-3, "%s: umklapp processes conserve momentum", what);
  ck_assert_msg(x.converged && x.null_overlap == 0.0, "%s: not solved", what);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* phi = energy: what is left is of the order of width/energy and falls with the width. */
START_TEST(energy)
{
  PetscReal defect[2];

  for (int i = 0; i < 2; i++) {
    Engine e;
    create("three_phonon: {}, isotope: natural", i ? "phonons.mesh=6;delta={scheme: gaussian, width: 0.5 meV}" : "phonons.mesh=6;delta={scheme: gaussian, width: 2 meV}", &e);
    ck_call(EngineSetPoint(&e, 0, NULL));
    ck_call(CollisionEnergyDefect(e.collision, &defect[i]));
    ck_call(EngineDestroy(&e));
  }
  ck_assert_msg(defect[0] < 2e-2 && defect[1] > 0.0 && defect[1] < 0.5 * defect[0], "energy defects %.3g at 2 meV, %.3g at 0.5 meV", defect[0], defect[1]);
}
END_TEST

/* Where normal processes dominate, relaxation times call resistive what is not: the full solution conducts more. */
START_TEST(normal_processes_help)
{
  Engine           e;
  TransportTensors rta, full;

  create("three_phonon: {}, boundary: 100 um", "phonons.mesh=8;temperature=[60, 300] K", &e);
  for (int at = 0; at < 2; at++) {
    ck_call(EngineSolve(&e, at, LEVEL_RTA, &rta));
    ck_call(EngineSolve(&e, at, LEVEL_FULL, &full));
    ck_assert_msg(full.converged && full.lattice[0][0] > 1.005 * rta.lattice[0][0], "full/rta = %.5f", full.lattice[0][0] / rta.lattice[0][0]);
  }
  ck_call(EngineDestroy(&e));
}
END_TEST

/* Rates of parts add up to their channel, channels to the total. */
START_TEST(columns)
{
  Engine           e;
  const PetscReal *part[2], *channel[2], *total;
  PetscInt         n;

  create("three_phonon: {}, isotope: natural", "", &e);
  ck_call(EngineSetPoint(&e, 0, NULL));
  ck_call(CollisionGetLocalStates(e.collision, SPECIES_PHONON, NULL, &n, NULL));
  for (int i = 0; i < 2; i++) {
    ck_call(CollisionGetPartRates(e.collision, 0, i, &part[i]));
    ck_call(CollisionGetRates(e.collision, i, &channel[i]));
  }
  ck_call(CollisionGetRates(e.collision, -1, &total));
  for (PetscInt a = 0; a < n; a++) {
    ck_assert_msg(part[0][a] >= 0.0 && part[1][a] >= 0.0 && fabs(part[0][a] + part[1][a] - channel[0][a]) <= 1e-14 * channel[0][a], "normal and umklapp do not add up");
    ck_assert_msg(fabs(channel[0][a] + channel[1][a] - total[a]) <= 1e-14 * total[a], "channels do not add up");
  }
  ck_call(EngineDestroy(&e));
}
END_TEST

/* Walls alone: every mode flies L, kappa = (1/3) sum C v L; and Matthiessen's rule knows their resistance. */
START_TEST(walls)
{
  Engine           e;
  TransportTensors x, y;
  PetscReal        sum = 0.0;

  create("boundary: 1 um", "phonons.mesh=6", &e);
  ck_call(EngineSolve(&e, 0, LEVEL_RTA, &x));
  const States s = e.phonons;
  for (PetscInt a = 0; a < s->nstates; a++) {
    const PetscReal w = s->energy[a] * StatesWeight(SPECIES_PHONON, s->energy[a], &e.scan.point[0]), *C = s->spread + 6 * a, *v = s->velocity + 3 * a;
    sum += s->star[a] * w * w * sqrt(Dot3(v, v) + C[0] + C[1] + C[2]);
  }
  sum *= 1e-6 / UMK_BOHR_M / (3.0 * s->mesh->size * s->mesh->crystal->volume * e.scan.kT[0] * e.scan.kT[0]);
  ck_assert_msg(fabs(x.lattice[0][0] - sum) <= 1e-10 * sum, "kappa %.12g, sum over modes %.12g", x.lattice[0][0], sum);
  ck_call(EngineDestroy(&e));
  create("three_phonon: {}, boundary: 1 um", "phonons.mesh=6;solver.matthiessen=true", &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &x));
  ck_call(EngineDestroy(&e));
  create("three_phonon: {}", "phonons.mesh=6", &e);
  ck_call(EngineSolve(&e, 0, LEVEL_FULL, &y));
  ck_call(EngineDestroy(&e));
  const PetscReal rule = x.lattice[0][0] * (1.0 / sum + 1.0 / y.lattice[0][0]) - 1.0;
  ck_assert_msg(fabs(x.matthiessen - rule) <= 1e-8, "deviation from Matthiessen's rule %.8g, from the parts %.8g", x.matthiessen, rule);
}
END_TEST

START_TEST(kept_or_not)
{
  Engine           kept, anew;
  TransportTensors x, y;

  create("three_phonon: {}, isotope: natural", "", &kept);
  create("three_phonon: {}, isotope: natural", "collision.memory=0", &anew);
  for (int l = 0; l <= LEVEL_FULL; l++) {
    ck_call(EngineSolve(&kept, 0, (TransportLevel)l, &x));
    ck_call(EngineSolve(&anew, 0, (TransportLevel)l, &y));
    ck_assert_msg(TensorsDistance(&x, &y) <= 1e-8, "%s, %s: processes enumerated anew and an operator replayed differ by %.3g", what, TransportLevelName[l], TensorsDistance(&x, &y));
  }
  ck_call(EngineDestroy(&kept));
  ck_call(EngineDestroy(&anew));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("lattice");
  TCase *cases = tcase_create("silicon");

  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, wedge_operator, 0, NSCHEMES);
  tcase_add_loop_test(cases, whole_zone, 0, NSCHEMES);
  tcase_add_loop_test(cases, momentum, 0, 4);
  tcase_add_test(cases, energy);
  tcase_add_test(cases, normal_processes_help);
  tcase_add_test(cases, columns);
  tcase_add_test(cases, walls);
  tcase_add_test(cases, kept_or_not);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

/*
  Checkpoints: processes saved while they are found are all there again on any number of ranks; a file of another deck names its key, a damaged one is passed over; of two
  states the newer whole one counts.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>
#include "../harness.h"
#include "../support/engine.h"

static char folder[64], output[96], text[1024];

static void setup(void)
{
  TemporaryFolder(folder, sizeof folder);
  snprintf(output, sizeof output, "%s/r.h5", folder);
  snprintf(text, sizeof text, "temperature: 300 K\nmaterial: %s/inputs/data/silicon-phonons.h5\nphonons: {mesh: 5}\nscattering: {three_phonon: {}, isotope: natural, boundary: 1 um}\n", getenv("UMKLAPP_SOURCE"));
}

static void teardown(void)
{
  MPI_Barrier(PETSC_COMM_WORLD);
  rmdir(folder);
}

static PetscErrorCode make_collision(const Engine *e, Collision *c)
{
  Deck deck;
  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(e->deck, "collision", &deck));
  PetscCall(CollisionCreate(e->comm, deck, NULL, e->phonons, CHANNEL_ON_PHONONS, e->nchannels, e->channels, c));
  PetscCall(CollisionBegin(*c));
  PetscFunctionReturn(0);
}

/* Sum of all rates at the point, over all ranks of the collision */
static PetscErrorCode sum_rates(Collision c, MPI_Comm comm, const StatesPoint *p, PetscReal *sum)
{
  PetscInt         n;
  const PetscReal *rate;
  PetscFunctionBeginUser;
  PetscCall(CollisionSetPoint(c, p));
  PetscCall(CollisionGetRates(c, -1, &rate));
  PetscCall(CollisionGetLocalStates(c, SPECIES_PHONON, NULL, &n, NULL));
  *sum = 0.0;
  for (PetscInt i = 0; i < n; i++) *sum += rate[i];
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 1, MPIU_REAL, MPI_SUM, comm));
  PetscFunctionReturn(0);
}

/* Rounds of one point a rank, each saved; not all of them when `rounds` is small. */
static PetscErrorCode save_some(const Engine *e, const char *keys, int rounds, PetscReal *saved)
{
  Checkpoint    cp;
  Collision     c;
  CollisionCost cost;
  bool          done = false;
  PetscFunctionBeginUser;
  PetscCall(CheckpointCreate(e->comm, output, keys, 1.0, &cp));
  PetscCall(make_collision(e, &c));
  for (int k = 0; k < rounds && !done; k++) {
    PetscCall(CollisionEnumerate(c, 0.0, &done));
    PetscCall(CheckpointSaveProcesses(cp, 3, c, HUGE_VAL, false));
  }
  PetscCall(CollisionGetCost(c, &cost));
  *saved = cost.processes;
  PetscCall(CollisionDestroy(&c));
  PetscCall(CheckpointDestroy(&cp));
  PetscFunctionReturn(0);
}

/* Take over what is saved and find the rest. */
static PetscErrorCode go_on(const Engine *e, const char *keys, const StatesPoint *p, PetscReal *restored, PetscReal *processes, PetscReal *sum)
{
  Checkpoint     cp;
  Collision      c;
  CollisionCost  cost;
  PetscErrorCode code;
  bool           done = false;
  PetscFunctionBeginUser;
  PetscCall(CheckpointCreate(e->comm, output, keys, 1.0, &cp));
  PetscCall(make_collision(e, &c));
  code = CheckpointLoadProcesses(cp, 3, c, restored);
  if (!code) {
    PetscCall(CollisionEnumerate(c, HUGE_VAL, &done));
    PetscCheck(done, e->comm, PETSC_ERR_PLIB, "not done");
    PetscCall(CollisionEnd(c));
    PetscCall(CollisionGetCost(c, &cost));
    *processes = cost.processes;
    PetscCall(sum_rates(c, e->comm, p, sum));
  }
  PetscCall(CollisionDestroy(&c));
  PetscCall(CheckpointDestroy(&cp));
  PetscFunctionReturn(code);
}

static void remove_all(const Engine *e)
{
  Checkpoint cp;
  bool       found;
  ck_call(CheckpointCreate(e->comm, output, "", 1.0, &cp));
  ck_call(CheckpointRemove(cp));
  ck_call(CheckpointFound(cp, &found));
  ck_all(!found);
  ck_call(CheckpointDestroy(&cp));
}

START_TEST(processes)
{
  const char        *keys = "a: 1\nb: 2\n";
  const int          rounds[] = {1, 3, 1000};
  Engine             all, one;
  const StatesPoint *p;
  PetscReal          saved, restored, found, sum, expected;
  CollisionCost      cost;

  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &all));
  ck_call(EngineCreate(PETSC_COMM_SELF, text, NULL, &one));
  ck_call(CollisionGetCost(one.collision, &cost));
  ck_call(EngineSetPoint(&one, 0, &p));
  ck_call(sum_rates(one.collision, PETSC_COMM_SELF, p, &expected));
  ck_call(save_some(&all, keys, rounds[_i], &saved));
  ck_assert_msg(CollectiveOk(rounds[_i] == 1000 ? saved == cost.processes : saved < cost.processes && saved > 0.0), "%g of %g processes are saved", saved, cost.processes);
  for (int k = 0; k < 2; k++) {
    const Engine *e = k ? &one : &all;
    ck_call(go_on(e, keys, p, &restored, &found, &sum));
    ck_near(restored, saved, 0.0, 1.0);
    ck_near(found, cost.processes, 0.0, 1.0);
    ck_near(sum, expected, 1e-12, expected);
  }
  remove_all(&all);
  ck_call(EngineDestroy(&one));
  ck_call(EngineDestroy(&all));
}
END_TEST

/* --- a stop within a wedge point: the channel has handed over what it found there, and gives up */
static const ChannelType *whole_type;
static int                calls, stop_at;

static PetscErrorCode give_up(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  PetscCall(whole_type->enumerate(c, p, ik, sink));
  PetscFunctionReturn(++calls == stop_at ? UMK_ERR_STOPPED : 0);
}

START_TEST(within_a_point)
{
  Engine             e;
  const StatesPoint *p;
  ChannelType        type;
  Checkpoint         cp;
  Collision          c;
  CollisionCost      cost;
  PetscReal          restored, found, sum, expected;
  bool               done = true;

  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &e));
  ck_call(EngineSetPoint(&e, 0, &p));
  ck_call(CollisionGetCost(e.collision, &cost));
  ck_call(sum_rates(e.collision, PETSC_COMM_WORLD, p, &expected));
  whole_type          = e.channels[0]->type;
  type                = *whole_type;
  type.enumerate      = give_up;
  e.channels[0]->type = &type;
  calls               = 0;
  stop_at             = 2;
  ck_call(CheckpointCreate(e.comm, output, "a: 1\n", 1.0, &cp));
  ck_call(make_collision(&e, &c));
  ck_call(CollisionEnumerate(c, HUGE_VAL, &done));
  ck_all(!done);
  ck_call(CheckpointSaveProcesses(cp, 3, c, HUGE_VAL, false));
  ck_call(CollisionDestroy(&c));
  ck_call(CheckpointDestroy(&cp));
  e.channels[0]->type = whole_type;
  ck_call(go_on(&e, "a: 1\n", p, &restored, &found, &sum));
  ck_all(restored > 0.0);
  ck_near(found, cost.processes, 0.0, 1.0);
  ck_near(sum, expected, 1e-12, expected);
  remove_all(&e);
  ck_call(EngineDestroy(&e));
}
END_TEST

/* Another deck, another number of files, a file cut short */
START_TEST(not_ours)
{
  Engine             e;
  const StatesPoint *p;
  PetscReal          saved, restored, found, sum;
  char               path[160];
  int                rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  ck_call(EngineCreate(PETSC_COMM_WORLD, text, NULL, &e));
  ck_call(EngineSetPoint(&e, 0, &p));
  ck_call(save_some(&e, "a: 1\nb: 2\n", 2, &saved));
  const struct {
    const char *keys, *says;
  } other[] = {{"a: 1\nb: 3\n", "with b: 2, and this deck has 3"}, {"a: 1\n", "with b: 2, which this deck does not have"}, {"a: 1\nb: 2\nc: 4\n", "without c, and this deck has it: 4"}};
  for (int k = 0; k < 3; k++) {
    PetscErrorCode code = go_on(&e, other[k].keys, p, &restored, &found, &sum);
    ck_all(code == UMK_ERR_INPUT);
    ck_assert_msg(CollectiveOk(strstr(ErrorMessage(), other[k].says) != NULL), "%s", ErrorMessage());
    ErrorClear();
  }
  snprintf(path, sizeof path, "%s.checkpoint/processes-0001.h5", output);
  ck_all(rank || !truncate(path, 1000));
  MPI_Barrier(PETSC_COMM_WORLD);
  ck_call(go_on(&e, "a: 1\nb: 2\n", p, &restored, &found, &sum));
  ck_all(restored > 0.0 && restored < saved);
  remove_all(&e);
  ck_call(EngineDestroy(&e));
}
END_TEST

static void write_state(PetscReal value)
{
  const PetscInt n = 1;
  Checkpoint     cp;
  Results        r;
  bool           open;
  ck_call(CheckpointCreate(PETSC_COMM_WORLD, output, "a: 1\n", 1.0, &cp));
  ck_call(CheckpointOpen(cp, &open));
  ck_call(CheckpointClose(cp));
  ck_call(CheckpointBegin(cp, &r));
  ck_call(CheckpointEnd(cp, ResultsWriteArray(r, "/x", 1, &n, &value, RESULTS_LABEL("1", "i", "x")), &r));
  ck_call(CheckpointDestroy(&cp));
}

static PetscReal read_state(void)
{
  Checkpoint cp;
  PetscReal  value = NAN;
  bool       open;
  ck_call(CheckpointCreate(PETSC_COMM_WORLD, output, "a: 1\n", 1.0, &cp));
  ck_call(CheckpointOpen(cp, &open));
  if (open) ck_call(CheckpointReadArray(cp, "/x", 1, &value));
  ck_call(CheckpointDestroy(&cp));
  return value;
}

START_TEST(states)
{
  Engine e;
  char   path[160];
  int    rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  LogSetLevel(0);
  ck_all(isnan(read_state()));
  for (int k = 1; k <= 5; k++) {
    write_state(k);
    ck_all(read_state() == k);
  }
  snprintf(path, sizeof path, "%s.checkpoint/state-0.h5", output); /* the fifth */
  ck_all(rank || !truncate(path, 700));
  MPI_Barrier(PETSC_COMM_WORLD);
  ck_all(read_state() == 4.0);
  write_state(6.0); /* takes the damaged one's place */
  ck_all(read_state() == 6.0);
  e.comm = PETSC_COMM_WORLD;
  remove_all(&e);
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("checkpoints");
  TCase *cases = tcase_create("files");

  tcase_set_timeout(cases, 120);
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_add_loop_test(cases, processes, 0, 3);
  tcase_add_test(cases, within_a_point);
  tcase_add_test(cases, not_ours);
  tcase_add_test(cases, states);
  suite_add_tcase(suite, cases);
  return suite;
}
TEST_MAIN(make_suite)

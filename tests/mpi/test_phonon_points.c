/* The full zone of phonon states, and three-phonon processes, on any number of ranks and pretended nodes: what one rank alone finds. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "anharmonic_material.h"
#include "umklapp/channel.h"

static const PetscInt n[3] = {5, 4, 3};

static PetscErrorCode total(void *ctx, const ProcessBatch *batch)
{
  PetscReal *sum = ctx; /* number, kernels, kernels with the members' numbers */

  for (PetscInt e = 0; e < batch->count; e++) {
    sum[0] += 1.0;
    sum[1] += batch->kernel[e];
    sum[2] += batch->kernel[e] * (batch->state[0][e] + 3.0 * (batch->state[1][e] + batch->state[2][e]) + 100.0 * batch->part);
  }
  return 0;
}

/* Sums over the wedge points of this rank's share */
static void processes(Material m, States s, PetscReal sum[3])
{
  const ProcessSink sink    = {total, sum};
  ChannelContext    context = {.material = m, .phonons = s, .delta = {DELTA_GAUSSIAN, 4e-5, 0.0, 4.5}};
  PetscInt          begin, end, nchannels;
  Deck              deck, scattering;
  Channel          *channel;

  ck_call(ChannelRegisterKeys());
  ck_call(DeckCreateFromText("test.yaml", "scattering: {three_phonon: {}}\n", 0, NULL, &deck));
  ck_call(DeckGetSection(deck, "scattering", &scattering));
  ck_call(ChannelsCreateFromDeck(scattering, &context, CHANNEL_ON_PHONONS, &nchannels, &channel));
  StatesShare(s->comm, s->nk, &begin, &end);
  for (PetscInt ik = begin; ik < end; ik++) ck_assert(ChannelEnumerate(channel[0], NULL, ik, &sink) == 0);
  MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPI_DOUBLE, MPI_SUM, s->comm);
  ck_call(ChannelsDestroy(nchannels, &channel));
  ck_call(DeckDestroy(&deck));
}

/* to round-off: sums over lattice vectors are taken in batches that depend on the ranks */
static bool close_to(size_t count, const PetscReal *a, const PetscReal *b)
{
  PetscReal largest = 0.0, worst = 0.0;

  for (size_t i = 0; i < count; i++) largest = PetscMax(largest, fabs(b[i])), worst = PetscMax(worst, fabs(a[i] - b[i]));
  return largest > 0.0 && worst < 1e-9 * largest;
}

static bool same(size_t bytes, const void *a, const void *b) { return memcmp(a, b, bytes) == 0; }

static void compare(void)
{
  Triplets  t[2];
  Material  m[2];
  KMesh     mesh[2];
  States    s[2];
  PetscReal sum[2][3] = {{0}};

  for (int alone = 0; alone < 2; alone++) {
    const MPI_Comm comm = alone ? PETSC_COMM_SELF : PETSC_COMM_WORLD;
    Crystal        crystal;

    ck_call(AnharmonicRandom(comm, 6, &t[alone], &m[alone]));
    ck_call(MaterialGetCrystal(m[alone], &crystal));
    ck_call(MeshCreate(comm, crystal, n, true, &mesh[alone]));
    ck_call(StatesCreatePhonons(comm, m[alone], mesh[alone], 1e-6, &s[alone]));
    ck_call(StatesFillPhononDisplacements(s[alone]));
    ck_call(StatesFillPhononDisplacements(s[alone]));
    processes(m[alone], s[alone], sum[alone]);
  }
  const size_t np = 60;
  ck_all(s[0]->npoints == 60 && s[1]->npoints == 60);
  ck_all(same(np * sizeof(int64_t), s[0]->point, s[1]->point) && same(np * 4, s[0]->point_wedge, s[1]->point_wedge) && same(np, s[0]->point_op, s[1]->point_op));
  ck_all(same(np * 6 * 4, s[0]->point_state, s[1]->point_state) && same(np * 3 * sizeof(PetscReal), s[0]->point_wavevector, s[1]->point_wavevector));
  ck_all(close_to(np * 6, s[0]->point_energy, s[1]->point_energy) && close_to(np * 18, s[0]->point_velocity, s[1]->point_velocity));
  ck_all(close_to(np * 72, (const PetscReal *)s[0]->point_displacement, (const PetscReal *)s[1]->point_displacement));
  ck_all(sum[0][0] == sum[1][0] && sum[0][0] > 100.0);
  for (int i = 1; i < 3; i++) ck_near(sum[0][i], sum[1][i], 1e-9, sum[1][i]);
  for (int alone = 0; alone < 2; alone++) {
    ck_call(StatesDestroy(&s[alone]));
    ck_call(MeshDestroy(&mesh[alone]));
    ck_call(MaterialDestroy(&m[alone]));
    TripletsFree(&t[alone]);
  }
}

START_TEST(one_node)
{
  compare();
}
END_TEST

START_TEST(pretended_nodes)
{
  ck_call(PetscOptionsSetValue(NULL, "-shared_nodes", "2"));
  compare();
  ck_call(PetscOptionsClearValue(NULL, "-shared_nodes"));
}
END_TEST

static Suite *make(void)
{
  Suite *suite = suite_create("phonon_points");
  TCase *t     = tcase_create("points");

  tcase_set_timeout(t, 0);
  tcase_add_test(t, one_node);
  tcase_add_test(t, pretended_nodes);
  suite_add_tcase(suite, t);
  return suite;
}

TEST_MAIN(make)

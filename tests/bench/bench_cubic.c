/*
  Rate of the three-phonon vertex kernel beside ZGEMM's and DGEMM's on the same core, and seconds to enumerate all processes of a mesh's wedge:
  bench_cubic [MATERIAL.h5 or -] [mesh] [minimum width in meV]. "-": zincblende held by springs.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <slepcsys.h>
#include <time.h>
#include "../anharmonic_material.h"
#include "main/commands.h"
#include "umklapp/channel.h"

#define PAIRS 2048

/* Seconds this process has computed: what else the machine does is left out */
static PetscReal cpu_seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (PetscReal)t.tv_sec + 1e-9 * (PetscReal)t.tv_nsec;
}

/* Flops per second of a square product of order 800, best of five */
static PetscReal gemm_rate(bool complex_numbers)
{
  const int       n   = 800;
  const PetscReal one[2] = {1.0, 0.0}, zero[2] = {0.0, 0.0};
  PetscReal      *a, *b, *c, best = HUGE_VAL;

  if (AlignedAlloc((size_t)(2 * n * n), &a) || AlignedAlloc((size_t)(2 * n * n), &b) || AlignedAlloc((size_t)(2 * n * n), &c)) return 0.0;
  for (int i = 0; i < 2 * n * n; i++) a[i] = Uniform(), b[i] = Uniform(), c[i] = 0.0;
  for (int i = 0; i < 5; i++) {
    const PetscReal start = cpu_seconds();

    if (complex_numbers) cblas_zgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, one, a, n, b, n, zero, c, n);
    else cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
    best = fmin(best, cpu_seconds() - start);
  }
  AlignedFree(&a), AlignedFree(&b), AlignedFree(&c);
  return (complex_numbers ? 8.0 : 2.0) * n * n * n / best;
}

static PetscErrorCode bench_kernel(Material m)
{
  PetscInt   nm;
  PetscReal *q, *q1, *omega, *omega1, *phi2, q0[3] = {0.31, -0.2, 0.17}, cost[2] = {0}, best[2] = {HUGE_VAL, HUGE_VAL};
  Complex   *u, *u1;
  Cubic      c;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  const PetscReal vertices = (PetscReal)(PAIRS * nm * nm * nm);
  PetscCall(PetscMalloc5(3 * PAIRS, &q, 3 * PAIRS, &q1, PAIRS * nm, &omega, PAIRS * nm, &omega1, PAIRS * nm * nm * nm, &phi2));
  PetscCall(PetscMalloc2(PAIRS * nm * nm, &u, PAIRS * nm * nm, &u1));
  for (PetscInt i = 0; i < 3 * PAIRS; i++) q[i] = Uniform(), q1[i] = q0[i % 3] - q[i];
  PetscCall(MaterialPhonons(m, PAIRS, q, omega, NULL, u));
  PetscCall(MaterialPhonons(m, PAIRS, q1, omega1, NULL, u1));
  PetscCall(CubicCreate(m, &c));
  for (int repeat = 0; repeat < 5; repeat++) {
    PetscReal       f[3];
    const PetscReal s0 = cpu_seconds();

    PetscCall(CubicGetCost(c, &f[0], NULL));
    PetscCall(CubicSetFirst(c, q0, u, omega));
    PetscCall(CubicGetCost(c, &f[1], NULL));
    const PetscReal s1 = cpu_seconds();
    PetscCall(CubicEvaluate(c, PAIRS, q, u, omega, q1, u1, omega1, phi2));
    PetscCall(CubicGetCost(c, &f[2], NULL));
    best[0] = fmin(best[0], s1 - s0), best[1] = fmin(best[1], cpu_seconds() - s1);
    for (int i = 0; i < 2; i++) cost[i] = f[i + 1] - f[i];
  }
  const PetscReal zgemm = gemm_rate(true), dgemm = gemm_rate(false);
  printf("zgemm, dgemm 800     %8.2f %8.2f Gflop/s\n", 1e-9 * zgemm, 1e-9 * dgemm);
  printf("decaying phonon      %8.2f Gflop/s %10.3f ms per q0\n", 1e-9 * cost[0] / best[0], 1e3 * best[0]);
  printf("pairs                %8.2f Gflop/s %10.3f us per pair, %.4g vertices/s, %.1f %% of zgemm\n", 1e-9 * cost[1] / best[1], 1e6 * best[1] / PAIRS, vertices / best[1], 100.0 * cost[1] / best[1] / zgemm);
  PetscCall(CubicDestroy(&c));
  PetscCall(PetscFree5(q, q1, omega, omega1, phi2));
  PetscCall(PetscFree2(u, u1));
  PetscFunctionReturn(0);
}

static PetscErrorCode count(void *ctx, const ProcessBatch *batch)
{
  *(PetscReal *)ctx += (PetscReal)batch->count;
  return 0;
}

static PetscErrorCode bench_channel(Material m, PetscInt n, PetscReal minimum)
{
  static const char *const name[3] = {"adaptive", "gaussian", "tetrahedron"};
  Crystal        crystal;
  KMesh          mesh;
  Deck           deck, scattering;
  ChannelContext context = {.material = m};

  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(MeshCreate(PETSC_COMM_SELF, crystal, (PetscInt[3]){n, n, n}, true, &mesh));
  PetscCall(StatesCreatePhonons(PETSC_COMM_SELF, m, mesh, 0.62e-3 * UMK_EV, &context.phonons));
  PetscCall(StatesFillPhononDisplacements(context.phonons));
  PetscCall(ChannelRegisterKeys());
  PetscCall(DeckCreateFromText("bench", "scattering: {three_phonon: {}}\n", 0, NULL, &deck));
  PetscCall(DeckGetSection(deck, "scattering", &scattering));
  for (int scheme = 0; scheme < 3; scheme++) {
    PetscInt          nchannels;
    Channel          *channel;
    PetscReal         made = 0.0;
    const ProcessSink sink = {count, &made};

    context.delta = (Delta){(DeltaScheme)scheme, scheme == DELTA_GAUSSIAN ? 0.5e-3 * UMK_EV : 1.0, minimum, 4.5};
    PetscCall(ChannelsCreateFromDeck(scattering, &context, CHANNEL_ON_PHONONS, &nchannels, &channel));
    const PetscReal start = cpu_seconds();
    for (PetscInt ik = 0; ik < context.phonons->nk; ik++) PetscCall(ChannelEnumerate(channel[0], NULL, ik, &sink));
    printf("%-12s %4d^3, %d wedge points: %8.3f s, %.4g processes\n", name[scheme], (int)n, (int)context.phonons->nk, cpu_seconds() - start, made);
    PetscCall(channel[0]->type->report(channel[0]));
    PetscCall(ChannelsDestroy(nchannels, &channel));
  }
  PetscCall(DeckDestroy(&deck));
  PetscCall(StatesDestroy(&context.phonons));
  PetscCall(MeshDestroy(&mesh));
  PetscFunctionReturn(0);
}

static PetscErrorCode run(int argc, char **argv)
{
  Material m;
  Triplets t = {0};

  PetscFunctionBeginUser;
  if (argc > 1 && strcmp(argv[1], "-")) PetscCall(MaterialCreateFromFile(PETSC_COMM_SELF, argv[1], &m));
  else PetscCall(AnharmonicZincblende(PETSC_COMM_SELF, &t, &m));
  PetscCall(bench_kernel(m));
  PetscCall(bench_channel(m, argc > 2 ? atoi(argv[2]) : 12, (argc > 3 ? atof(argv[3]) : 0.1) * 1e-3 * UMK_EV));
  PetscCall(MaterialDestroy(&m));
  TripletsFree(&t);
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  BlasSelectKernel(argv); /* as the program does */
  if (SlepcInitialize(&argc, &argv, NULL, NULL) || ErrorInstallHandler()) return 1;
  const PetscErrorCode code = run(argc, argv);
  if (code) fprintf(stderr, "%s\n", ErrorMessage());
  return SlepcFinalize() || code;
}

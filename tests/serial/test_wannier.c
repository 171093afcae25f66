/* Interpolated materials: the kernel against the plain sum, velocities against differences, time reversal, closed forms of a cubic crystal. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../small_material.h"

#define NB 3
#define NM 6

static Complex phase(const int R[3], const PetscReal k[3])
{
  return cexp(2.0 * UMK_PI * I * (R[0] * k[0] + R[1] * k[1] + R[2] * k[2]));
}

/* |g|^2/(2 omega) by the formula of the header, one complex phase at a time */
static PetscReal plain(Material m, const SmallMaterial *s, const PetscReal *k, const PetscReal *q, const Complex *U, PetscInt n, const Complex *Uf, PetscInt nf, PetscInt f, const Complex *u, PetscInt nu, PetscReal omega)
{
  const Wannier *w = m->data;
  Complex        g = 0.0, L[NM] = {0}, overlap = 0.0;

  for (PetscInt e = 0; e < w->head.nRe; e++)
    for (PetscInt p = 0; p < w->head.nRp; p++) {
      const Complex factor = phase(w->Re[e], k) * phase(w->Rp[p], q);

      for (int c = 0; c < NM; c++)
        for (int ab = 0; ab < NB * NB; ab++)
          g += factor * s->g[((e * w->head.nRp + p) * NM + c) * NB * NB + ab] * U[ab / NB * NB + n] * conj(Uf[ab % NB * nf + f]) * u[c * NM + nu];
    }
  if (w->head.polar) {
    if (PolarVertex(m, q, L)) return NAN;
    for (int a = 0; a < NB; a++) overlap += conj(Uf[a * nf + f]) * U[a * NB + n];
    for (int c = 0; c < NM; c++) g += L[c] * overlap * u[c * NM + nu];
  }
  return (creal(g) * creal(g) + cimag(g) * cimag(g)) / (2.0 * omega);
}

static void check_kernel(SmallMaterial *s)
{
  enum { NK = 3, NQ = 9, NF = 2 };
  const PetscInt first[NK] = {0, 1, 2}, count[NK] = {3, 2, 1};
  Material       m;
  Coupling       c;
  PetscReal      k[3 * NK], q[3 * NQ], omega[NQ * NM], g2[NQ * NF * NB * NM], worst = 0.0, scale = 0.0;
  Complex        U[NK * NB * NB], Uf[NQ * NB * NF], u[NQ * NM * NM];

  ck_call(SmallRandom(PETSC_COMM_WORLD, s, &m));
  for (int i = 0; i < 3 * NK; i++) k[i] = 2.0 * Uniform();
  for (int i = 0; i < 3 * NQ; i++) q[i] = 2.0 * Uniform();
  for (int i = 0; i < NQ * NB * NF; i++) Uf[i] = CMPLX(Uniform(), Uniform());
  ck_call(MaterialElectrons(m, NK, k, NULL, NULL, U));
  ck_call(MaterialPhonons(m, NQ, q, omega, NULL, u));
  for (int i = 0; i < NQ * NM; i++) omega[i] = fabs(omega[i]);
  omega[NM] = 1e-9;
  ck_call(CouplingCreate(m, &c));
  ck_call(CouplingSetInitial(c, NK, k, U, first, count));
  for (int ik = 0; ik < NK; ik++) {
    ck_call(CouplingEvaluate(c, ik, NQ, q, NF, Uf, u, omega, 1e-8, g2));
    for (int iq = 0; iq < NQ; iq++)
      for (int f = 0; f < NF; f++)
        for (int n = 0; n < count[ik]; n++)
          for (int nu = 0; nu < NM; nu++) {
            const PetscReal got  = g2[((iq * NF + f) * count[ik] + n) * NM + nu];
            const PetscReal want = iq == 1 && nu == 0 ? 0.0 : plain(m, s, &k[3 * ik], &q[3 * iq], &U[ik * NB * NB], first[ik] + n, &Uf[iq * NB * NF], NF, f, &u[iq * NM * NM], nu, omega[iq * NM + nu]);

            worst = fmax(worst, fabs(got - want));
            scale = fmax(scale, want);
          }
  }
  ck_assert_msg(worst <= 1e-12 * scale, "kernel (%d bits, real %d, polar %d, open %d) differs from the plain sum by %.2e", (int)s->bits, (int)s->real, (int)s->polar, (int)s->open, worst / scale);
  ck_call(CouplingDestroy(&c));
  ck_call(MaterialDestroy(&m));
  free(s->g);
}

START_TEST(kernel_is_the_sum)
{
  for (int i = 0; i < 16; i++) check_kernel(&(SmallMaterial){.bits = i & 1 ? 32 : 64, .real = i >> 1 & 1, .polar = i >> 2 & 1, .open = i >> 3});
}
END_TEST

/* a long list of partners, in blocks, gives what one at a time does */
START_TEST(blocks_of_partners)
{
  enum { NQ = 700 };
  SmallMaterial  s = {.bits = 64, .real = 1};
  const PetscInt first = 0, count = 3;
  Material       m;
  Coupling       c;
  PetscReal     *q = malloc(sizeof(PetscReal) * 3 * NQ), *omega = malloc(sizeof(PetscReal) * NQ * NM), *g2 = malloc(sizeof(PetscReal) * NQ * NB * NB * NM), one[NB * NB * NM], k[3] = {0.1, 0.2, 0.3};
  Complex        U[NB * NB], *Uf = malloc(sizeof(Complex) * NQ * NB * NB), *u = malloc(sizeof(Complex) * NQ * NM * NM);

  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  for (int i = 0; i < 3 * NQ; i++) q[i] = Uniform();
  ck_call(MaterialElectrons(m, 1, k, NULL, NULL, U));
  ck_call(MaterialElectrons(m, NQ, q, NULL, NULL, Uf));
  ck_call(MaterialPhonons(m, NQ, q, omega, NULL, u));
  ck_call(CouplingCreate(m, &c));
  ck_call(CouplingSetInitial(c, 1, k, U, &first, &count));
  ck_call(CouplingEvaluate(c, 0, NQ, q, NB, Uf, u, omega, 0.0, g2));
  for (int iq = 0; iq < NQ; iq += 37) {
    ck_call(CouplingEvaluate(c, 0, 1, &q[3 * iq], NB, &Uf[iq * NB * NB], &u[iq * NM * NM], &omega[iq * NM], 0.0, one));
    for (int i = 0; i < NB * NB * NM; i++) ck_near(g2[iq * NB * NB * NM + i], one[i], 1e-12, fabs(one[i]) + 1e-3);
  }
  ck_call(CouplingDestroy(&c));
  ck_call(MaterialDestroy(&m));
  free(q), free(omega), free(g2), free(Uf), free(u), free(s.g);
}
END_TEST

/* d/dk along Cartesian axis i of the n values that `values` gives, by central differences of fourth order */
static void difference(Material m, bool phonons, const PetscReal *k, int axis, PetscReal *out)
{
  const PetscReal h = 2e-4, weight[4] = {1.0 / 12, -2.0 / 3, 2.0 / 3, -1.0 / 12}, step[4] = {-2, -1, 1, 2};
  PetscReal       x[4][NM];

  for (int s = 0; s < 4; s++) {
    PetscReal moved[3];

    for (int c = 0; c < 3; c++) moved[c] = k[c] + step[s] * h * m->crystal->a[c][axis] / (2.0 * UMK_PI);
    if (phonons) ck_call(MaterialPhonons(m, 1, moved, x[s], NULL, NULL));
    else ck_call(MaterialElectrons(m, 1, moved, x[s], NULL, NULL));
  }
  for (int n = 0; n < NM; n++) {
    out[n] = 0.0;
    for (int s = 0; s < 4 && (phonons || n < NB); s++) out[n] += weight[s] * x[s][n] / h;
  }
}

START_TEST(velocities_are_slopes)
{
  for (int polar = 0; polar < 2; polar++) {
    SmallMaterial s = {.bits = 64, .real = 1, .polar = polar};
    Material      m;
    PetscReal     k[3] = {0.13, -0.21, 0.37}, v[NB * 3], vq[NM * 3], slope[NM];

    ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
    ck_call(MaterialElectrons(m, 1, k, NULL, v, NULL));
    ck_call(MaterialPhonons(m, 1, k, NULL, vq, NULL));
    for (int i = 0; i < 3; i++) {
      difference(m, false, k, i, slope);
      for (int n = 0; n < NB; n++) ck_near(v[3 * n + i], slope[n], 1e-8, 1.0);
      difference(m, true, k, i, slope);
      for (int n = 0; n < NM; n++) ck_near(vq[3 * n + i], slope[n], 1e-8, 0.1);
    }
    ck_call(MaterialDestroy(&m));
    free(s.g);
  }
}
END_TEST

START_TEST(velocity_matrix)
{
  SmallMaterial s = {.bits = 64, .real = 1};
  Material      m;
  PetscReal     k[3] = {0.13, -0.21, 0.37}, v[NB * 3];
  Complex       V[NB * NB * 3];

  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  ck_call(MaterialElectrons(m, 1, k, NULL, v, NULL));
  ck_call(MaterialVelocityMatrix(m, k, V));
  for (int a = 0; a < NB; a++)
    for (int b = 0; b < NB; b++)
      for (int i = 0; i < 3; i++) ck_near(cabs(V[(a * NB + b) * 3 + i] - conj(V[(b * NB + a) * 3 + i])), 0.0, 1e-13, 1.0);
  for (int a = 0; a < NB; a++)
    for (int i = 0; i < 3; i++) ck_near(creal(V[(a * NB + a) * 3 + i]), v[3 * a + i], 1e-13, 1.0);
  ck_call(MaterialDestroy(&m));
  free(s.g);
}
END_TEST

START_TEST(time_reversal)
{
  SmallMaterial  s = {.bits = 64, .real = 1, .polar = 1};
  const PetscInt first[2] = {0, 0}, count[2] = {3, 3};
  Material       m;
  Coupling       c;
  PetscReal      k[6] = {0.13, -0.21, 0.37, -0.13, 0.21, -0.37}, q[6] = {0.3, 0.11, -0.4, -0.3, -0.11, 0.4}, kq[6], e[6], v[18], w[12], g[2][NB * NB * NM];
  Complex        U[2 * NB * NB], Uf[2 * NB * NB], u[2 * NM * NM];

  for (int i = 0; i < 6; i++) kq[i] = k[i] + q[i];
  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  ck_call(MaterialElectrons(m, 2, k, e, v, U));
  ck_call(MaterialElectrons(m, 2, kq, NULL, NULL, Uf));
  ck_call(MaterialPhonons(m, 2, q, w, NULL, u));
  for (int i = 0; i < NB; i++) ck_near(e[i], e[NB + i], 1e-13, 1.0);
  for (int i = 0; i < 3 * NB; i++) ck_near(v[i], -v[3 * NB + i], 1e-12, 1.0);
  for (int i = 0; i < NM; i++) {
    ck_near(w[i], w[NM + i], 1e-13, 1.0);
    w[i] = w[NM + i] = fabs(w[i]);
  }
  ck_call(CouplingCreate(m, &c));
  ck_call(CouplingSetInitial(c, 2, k, U, first, count));
  for (int i = 0; i < 2; i++) ck_call(CouplingEvaluate(c, i, 1, &q[3 * i], NB, &Uf[i * NB * NB], &u[i * NM * NM], &w[i * NM], 0.0, g[i]));
  for (int i = 0; i < NB * NB * NM; i++) ck_near(g[0][i], g[1][i], 1e-11, fabs(g[0][i]) + 1e-3);
  ck_call(CouplingDestroy(&c));
  ck_call(MaterialDestroy(&m));
  free(s.g);
}
END_TEST

/* --- simple cubic: one s function, hoppings t(R), springs along R, coupling by the change of the hoppings with length ---- */

static const PetscReal cell = 6.0;

static PetscReal hopping(const int R[3], PetscReal *slope)
{
  const int n = R[0] * R[0] + R[1] * R[1] + R[2] * R[2];

  *slope = n == 1 ? 0.011 : n == 2 ? -0.004 : 0.0;
  return n == 1 ? -0.05 : n == 2 ? 0.02 : 0.0;
}

static PetscErrorCode cubic_slab(void *ctx, PetscInt e, void *slab)
{
  int(*R)[3]   = ctx;
  PetscReal *g = slab, slope;

  hopping(R[e], &slope);
  for (int p = 0; p < 27; p++)
    for (int c = 0; c < 3; c++) {
      const bool at_ket = !memcmp(R[p], R[e], sizeof(int[3])), at_bra = p == 13;

      g[p * 3 + c] = (at_ket - at_bra) * slope * R[e][c] / sqrt(fmax(1, R[e][0] * R[e][0] + R[e][1] * R[e][1] + R[e][2] * R[e][2]));
    }
  return 0;
}

static void make_cubic(Material *m)
{
  WannierSource s = {.head = {.name = "cubic", .nb = 1, .nm = 3, .natoms = 1, .spin = 2, .nvalence = 1, .metal = 1, .coarse_k = {3, 3, 3}, .coarse_q = {3, 3, 3}, .dimension = 3, .symprec = 1e-4, .g_bits = 64, .g_real = 1}};
  PetscReal     slope;

  for (int i = 0; i < 3; i++) s.head.a[i][i] = cell;
  SmallCube(1, &s.head.nRk, &s.Rk);
  SmallCube(1, &s.head.nRq, &s.Rq);
  SmallCube(1, &s.head.nRe, &s.Re);
  SmallCube(1, &s.head.nRp, &s.Rp);
  ck_assert(!PetscCalloc1(3, &s.tau) && !PetscMalloc1(1, &s.mass) && !PetscMalloc1(1, &s.species) && !PetscCalloc1(3, &s.centres) && !PetscMalloc1(27, &s.H) && !PetscCalloc1(27 * 9, &s.D));
  s.mass[0]    = 5e4;
  s.species[0] = 1;
  for (int r = 0; r < 27; r++) {
    const PetscReal spring = 0.03 / (1 + abs(s.Rk[r][0]) + abs(s.Rk[r][1]) + abs(s.Rk[r][2])), n2 = s.Rk[r][0] * s.Rk[r][0] + s.Rk[r][1] * s.Rk[r][1] + s.Rk[r][2] * s.Rk[r][2];

    s.H[r] = hopping(s.Rk[r], &slope);
    for (int c = 0; c < 9 && r != 13; c++) {
      const PetscReal d = spring * (s.Rk[r][c / 3] * s.Rk[r][c % 3] / n2 + (c % 4 ? 0.0 : 0.1));

      s.D[9 * r + c] = -d;
      s.D[9 * 13 + c] += d;
    }
  }
  s.by_electron = true;
  s.read_slab   = cubic_slab;
  s.ctx         = s.Re;
  ck_call(WannierCreate(PETSC_COMM_WORLD, &s, m));
  ck_call(WannierSourceDestroy(&s));
}

/* sum over the modes of a degenerate set is free of the gauge: here over all modes, weighted by omega, i.e. |g_c|^2 / M */
static PetscReal closed_form(const PetscReal *k, const PetscReal *q, PetscReal mass)
{
  Complex g[3] = {0};

  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++)
      for (int l = -1; l <= 1; l++) {
        const int R[3] = {i, j, l};
        PetscReal slope;

        hopping(R, &slope);
        for (int c = 0; c < 3; c++) g[c] += slope * R[c] / sqrt(fmax(1, i * i + j * j + l * l)) * phase(R, k) * (phase(R, q) - 1.0);
      }
  return (pow(cabs(g[0]), 2) + pow(cabs(g[1]), 2) + pow(cabs(g[2]), 2)) / mass;
}

static void cubic_point(Material m, const PetscReal *k, const PetscReal *q, PetscReal *energy, PetscReal *velocity, PetscReal *omega, PetscReal *g2)
{
  const PetscInt zero = 0, one = 1;
  const PetscReal kq[3] = {k[0] + q[0], k[1] + q[1], k[2] + q[2]};
  Complex         U, Uf, u[9];
  Coupling        c;

  ck_call(MaterialElectrons(m, 1, k, energy, velocity, &U));
  ck_call(MaterialElectrons(m, 1, kq, NULL, NULL, &Uf));
  ck_call(MaterialPhonons(m, 1, q, omega, NULL, u));
  ck_call(CouplingCreate(m, &c));
  ck_call(CouplingSetInitial(c, 1, k, &U, &zero, &one));
  ck_call(CouplingEvaluate(c, 0, 1, q, 1, &Uf, u, omega, 0.0, g2));
  ck_call(CouplingDestroy(&c));
  for (int first = 0, last; first < 3; first = last) { /* average over degenerate modes */
    PetscReal sum = 0.0;

    for (last = first; last < 3 && omega[last] - omega[first] < 1e-9; last++) sum += g2[last];
    for (int i = first; i < last; i++) g2[i] = sum / (last - first);
  }
}

START_TEST(cubic_closed_forms)
{
  const PetscReal k[3] = {0.12, -0.2, 0.31};
  Material        m;
  PetscReal       e, v[3], w[3], g2[3];

  make_cubic(&m);
  ck_assert_int_eq(m->crystal->nops, 48 * (m->crystal->nops / 48));
  for (int high = 0; high < 2; high++) { /* a general q, and one along an axis with degenerate modes */
    const PetscReal q[3] = {0.23, high ? 0.0 : 0.05, high ? 0.0 : -0.4};
    PetscReal       sum = 0.0, want = closed_form(k, q, 5e4);

    cubic_point(m, k, q, &e, v, w, g2);
    ck_near(e, -0.1 * (cos(2 * UMK_PI * k[0]) + cos(2 * UMK_PI * k[1]) + cos(2 * UMK_PI * k[2])) + 0.08 * (cos(2 * UMK_PI * k[0]) * cos(2 * UMK_PI * k[1]) + cos(2 * UMK_PI * k[1]) * cos(2 * UMK_PI * k[2]) + cos(2 * UMK_PI * k[2]) * cos(2 * UMK_PI * k[0])), 1e-14, 1.0);
    for (int nu = 0; nu < 3; nu++) sum += 2.0 * w[nu] * g2[nu];
    ck_near(sum, want, 1e-12, want);
    for (PetscInt op = 0; op < m->crystal->nops; op++) {
      const CrystalOp *S = &m->crystal->op[op];
      PetscReal        Sk[3] = {0}, Sq[3] = {0}, Sv[3], se, sv[3], sw[3], sg[3];

      for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) Sk[i] += S->k[i][j] * k[j], Sq[i] += S->k[i][j] * q[j];
      cubic_point(m, Sk, Sq, &se, sv, sw, sg);
      MatVec3(S->cart, v, Sv);
      ck_near(se, e, 1e-13, 1.0);
      for (int i = 0; i < 3; i++) {
        ck_near(sv[i], Sv[i], 1e-13, 1.0);
        ck_near(sw[i], w[i], 1e-12, 1e-2);
        ck_near(sg[i], g2[i], 1e-9, want);
      }
    }
  }
  ck_call(MaterialDestroy(&m));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("wannier");
  TCase *cases = tcase_create("interpolation");

  tcase_add_test(cases, kernel_is_the_sum);
  tcase_add_test(cases, blocks_of_partners);
  tcase_add_test(cases, velocities_are_slopes);
  tcase_add_test(cases, velocity_matrix);
  tcase_add_test(cases, time_reversal);
  tcase_add_test(cases, cubic_closed_forms);
  suite_add_tcase(suite, cases);
  return suite;
}

TEST_MAIN(make_suite)

/*
  Force constants of Quantum ESPRESSO: frequencies of matdyn.x (version 6.7) for files that this test writes - triclinic, three atoms, Born charges,
  a mesh of 2 x 3 x 2, arbitrary constants, three sum rules - and for silicon (../shared/data, left out where absent); the conditions that the sum
  rules are to meet; one crystal under two names; the velocity matrix against finite differences.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <stdlib.h>
#include <sys/stat.h>
#include "material/parts.h"

#define INVERSE_CM (UMK_HARTREE_EV * 8065.543937349212)

static char     folder[512], silicon[600];
static uint32_t state;

static PetscReal uniform(void)
{
  state = state * 1664525u + 1013904223u;
  return state / 4294967296.0 - 0.5;
}

/* --- a file that has nothing but its format in common with a crystal ------------------------------------------- */

#define ATOMS 3
static const int       mesh[3]       = {2, 3, 2}, kind[ATOMS] = {1, 2, 1};
static const PetscReal tau[ATOMS][3] = {{0.02, 0.01, 0.0}, {0.31, 0.42, 0.55}, {0.7, 0.83, 0.21}}, charge[ATOMS] = {2.0, -3.1, 1.0};
static const PetscReal epsilon[3][3] = {{5.0, 0.3, 0.1}, {0.3, 6.0, -0.2}, {0.1, -0.2, 7.0}};

static void write_constants(FILE *f)
{
  for (int x = 0; x < 9 * ATOMS * ATOMS; x++) {
    const int i = x / (3 * ATOMS * ATOMS), j = x / (ATOMS * ATOMS) % 3, a = x / ATOMS % ATOMS, b = x % ATOMS;

    fprintf(f, "%4d%4d%4d%4d\n", i + 1, j + 1, a + 1, b + 1);
    for (int m = 0; m < mesh[0] * mesh[1] * mesh[2]; m++) {
      const PetscReal v = m == 0 && a == b ? (i == j ? 0.4 : 0.05 * uniform()) : 0.02 * uniform();

      fprintf(f, "%4d%4d%4d  %.11E\n", m % mesh[0] + 1, m / mesh[0] % mesh[1] + 1, m / mesh[0] / mesh[1] + 1, v);
    }
  }
}

/* polar: with the charges of the reference */
static void write_triclinic(const char *name, bool polar, char path[700])
{
  FILE *f;

  snprintf(path, 700, "%s/%s", folder, name);
  ck_assert_ptr_nonnull(f = fopen(path, "w"));
  state = 1;
  fprintf(f, "  2   3  14  9.0000000  1.1000000  1.2000000  0.1000000  0.2000000  0.3000000\n  1  'Xx '    20000.0\n  2  'Y '    50000.0\n");
  for (int i = 0; i < ATOMS; i++) fprintf(f, "%5d%5d%18.10f%18.10f%18.10f\n", i + 1, kind[i], tau[i][0], tau[i][1], tau[i][2]);
  fprintf(f, polar ? " T\n" : " F\n");
  for (int i = 0; i < 3 && polar; i++) fprintf(f, "%24.12f%24.12f%24.12f\n", epsilon[i][0], epsilon[i][1], epsilon[i][2]);
  for (int a = 0; a < ATOMS && polar; a++) {
    fprintf(f, "%5d\n", a + 1);
    for (int c = 0; c < 9; c++) fprintf(f, "%15.7f%s", (c % 4 ? 0.0 : charge[a]) + 0.4 * uniform(), c % 3 == 2 ? "\n" : "");
  }
  fprintf(f, "%4d%4d%4d\n", mesh[0], mesh[1], mesh[2]);
  write_constants(f);
  ck_assert_int_eq(fclose(f), 0);
}

static Material import(const char *path, SumRule rule, Interpolation interpolation)
{
  ImportOptions o;
  Material      m;

  ck_call(ImportOptionsDefault(&o));
  o.sum_rule      = rule;
  o.interpolation = interpolation;
  ck_call(MaterialImport(PETSC_COMM_WORLD, "qe_fc", path, &o, &m));
  return m;
}

/* Largest difference (1/cm) from n points q (2 pi / alat, Cartesian) with nm frequencies each */
static PetscReal difference(Material m, int n, const PetscReal (*q)[3], const PetscReal *reference)
{
  const WannierHead *h     = &((Wannier *)m->data)->head;
  PetscReal          worst = 0.0, omega[3 * ATOMS];

  for (int i = 0; i < n; i++) {
    PetscReal k[3];

    for (int c = 0; c < 3; c++) k[c] = Dot3(q[i], h->a[c]) / h->polar_length;
    ck_call(MaterialPhonons(m, 1, k, omega, NULL, NULL));
    for (int b = 0; b < h->nm; b++) worst = PetscMax(worst, fabs(omega[b] * INVERSE_CM - reference[i * h->nm + b]));
  }
  return worst;
}

static const PetscReal triclinic_q[3][3] = {{0.13, -0.21, 0.34}, {0.5, 0.25, -0.125}, {-0.04, 0.02, 0.01}};

/* matdyn.x, asr = 'no', 'simple', 'crystal', of exactly write_triclinic's file */
static const PetscReal triclinic[3][3][9] = {
  {{290.539509, 312.224935, 323.718866, 457.809753, 470.809163, 487.872536, 498.216974, 513.066702, 517.874710},
   {291.667217, 316.283008, 331.756861, 445.803972, 466.203050, 484.132738, 497.343779, 510.436576, 516.980777},
   {309.703567, 319.979938, 332.620731, 465.875694, 484.680195, 494.526973, 502.735592, 517.260106, 527.385169}},
  {{-247.315483, -210.864530, -151.331290, -109.634020, -92.102329, 49.052691, 93.917993, 143.804875, 230.787856},
   {-253.425159, -240.997425, -166.044293, -131.095361, -84.465164, 70.087197, 105.655975, 138.948786, 244.870700},
   {-236.660714, -148.577285, -135.922751, -70.932753, -4.057405, 51.026951, 124.475480, 167.479259, 243.646120}},
  {{286.327747, 308.525272, 318.161505, 441.192596, 470.861936, 473.891073, 498.264811, 514.015377, 522.237426},
   {290.075105, 316.716367, 332.066235, 447.630425, 467.325523, 485.462086, 498.296412, 511.555500, 518.447284},
   {43.371800, 54.153441, 61.551688, 366.647626, 382.752367, 415.419278, 488.934386, 499.094458, 520.760357}},
};

START_TEST(matdyn_triclinic)
{
  char path[700];

  write_triclinic("triclinic.fc", true, path);
  for (int rule = 0; rule < 3; rule++)
    for (int i = 0; i < 3; i += 2) { /* nothing to average but time reversal, which any real constants have */
      Material        m     = import(path, (SumRule)rule, (Interpolation)i);
      const PetscReal worst = difference(m, 3, triclinic_q, triclinic[rule][0]);

      ck_assert_msg(worst < 1e-6, "sum rule %d, interpolation %d: %g 1/cm from matdyn.x", rule, i, worst);
      ck_call(MaterialDestroy(&m));
    }
}
END_TEST

static const PetscReal silicon_q[4][3] = {{0.21, 0.07, 0.47}, {0.123, -0.456, 0.789}, {0.02, 0.31, 0.11}, {0.05, 0.05, 0.05}};

static const PetscReal silicon_frequency[3][4][6] = {
  {{126.285765, 145.820950, 235.431625, 462.271290, 479.232205, 486.409779},
   {172.462250, 207.016268, 323.084362, 385.173820, 464.172306, 471.956088},
   {94.074221, 102.702004, 163.352163, 488.427521, 490.904872, 501.861555},
   {25.220919, 25.220919, 48.651825, 509.760788, 509.760788, 510.278948}},
  {{126.304874, 145.837499, 235.441876, 462.276511, 479.237241, 486.414740},
   {172.476243, 207.027925, 323.091831, 385.180086, 464.177505, 471.961201},
   {94.099870, 102.725500, 163.366936, 488.432462, 490.909788, 501.866363},
   {25.316426, 25.316426, 48.701403, 509.765522, 509.765522, 510.283677}},
  {{126.285785, 145.820970, 235.431638, 462.271289, 479.232205, 486.409778},
   {172.462200, 207.016235, 323.084341, 385.173816, 464.172305, 471.956082},
   {94.073855, 102.701673, 163.351952, 488.427520, 490.904870, 501.861555},
   {25.301121, 25.301121, 48.693396, 509.760789, 509.760789, 510.278954}},
};

START_TEST(matdyn_silicon)
{
  struct stat status;

  if (stat(silicon, &status)) return;
  for (int rule = 0; rule < 3; rule++) {
    Material m = import(silicon, (SumRule)rule, INTERPOLATION_SOURCE), n = import(silicon, (SumRule)rule, INTERPOLATION_SYMMETRIC);

    ck_assert(difference(m, 4, silicon_q, silicon_frequency[rule][0]) < 1e-6);
    ck_assert(difference(n, 4, silicon_q, silicon_frequency[rule][0]) < 1e-4); /* averaged over the operations */
    ck_call(MaterialDestroy(&m));
    ck_call(MaterialDestroy(&n));
  }
}
END_TEST

/* --- sum rules ------------------------------------------------------------------------------------------------- */

/* Of the interpolated constants: largest sums over the neighbours of an atom, of F, and of F x r; largest |F - its exchange| */
static void violations(Material m, PetscReal *translation, PetscReal *rotation, PetscReal *exchange)
{
  const Wannier  *w  = m->data;
  const PetscInt  nm = w->head.nm;
  const Complex  *D  = w->D.at;

  *translation = *rotation = *exchange = 0.0;
  for (PetscInt ai = 0; ai < nm; ai++) {
    PetscReal sum[3] = {0}, moment[3] = {0};

    for (PetscInt r = 0; r < w->head.nRq; r++)
      for (PetscInt b = 0; b < nm / 3; b++) {
        PetscReal x[3], R[3] = {w->Rq[r][0], w->Rq[r][1], w->Rq[r][2]}, F[3];

        MatTVec3((const PetscReal(*)[3])w->head.a, R, x);
        for (int c = 0; c < 3; c++) x[c] += m->crystal->tau[3 * b + c] - m->crystal->tau[3 * (ai / 3) + c], F[c] = creal(D[r * nm * nm + ai * nm + 3 * b + c]);
        for (int c = 0; c < 3; c++) sum[c] += F[c], moment[c] += F[(c + 1) % 3] * x[(c + 2) % 3] - F[(c + 2) % 3] * x[(c + 1) % 3];
      }
    for (int c = 0; c < 3; c++) *translation = PetscMax(*translation, fabs(sum[c])), *rotation = PetscMax(*rotation, fabs(moment[c]));
  }
  for (PetscInt r = 0; r < w->pair_q.ncos; r++) {
    const Complex *plus = D + w->pair_q.plus[r] * nm * nm, *minus = w->pair_q.minus[r] < 0 ? plus : D + w->pair_q.minus[r] * nm * nm;

    for (PetscInt c = 0; c < nm * nm; c++) *exchange = PetscMax(*exchange, cabs(plus[c] - minus[c % nm * nm + c / nm]));
  }
}

START_TEST(conditions)
{
  /* which of translations, exchange, rotations each rule imposes */
  static const bool met[4][3] = {{false, false, false}, {true, false, false}, {true, true, false}, {true, true, true}};
  char              path[700];

  write_triclinic("neutral.fc", false, path);
  for (int rule = 0; rule < 4; rule++) {
    Material        m = import(path, (SumRule)rule, INTERPOLATION_SOURCE);
    const PetscReal gamma[3] = {0, 0, 0};
    PetscReal       v[3], omega[9];

    violations(m, &v[0], &v[2], &v[1]);
    for (int i = 0; i < 3; i++) ck_assert_msg(met[rule][i] == (v[i] < 1e-13) && (met[rule][i] || v[i] > 1e-4), "rule %d, condition %d: violated by %g", rule, i, v[i]);
    ck_call(MaterialPhonons(m, 1, gamma, omega, NULL, NULL));
    int nzero = 0;
    for (int b = 0; b < 9; b++) nzero += fabs(omega[b]) * INVERSE_CM < 1e-3;
    ck_assert_int_eq(nzero, rule < 2 ? 0 : 3); /* simple without the exchange: Hermitian only after the fact */
    ck_call(MaterialDestroy(&m));
  }
}
END_TEST

START_TEST(rotational_is_for_neutral_atoms)
{
  ImportOptions o;
  Material      m = NULL;
  char          path[700];

  write_triclinic("triclinic.fc", true, path);
  ck_call(ImportOptionsDefault(&o));
  o.sum_rule = SUM_RULE_ROTATIONAL;
  ck_assert_int_eq(MaterialImport(PETSC_COMM_WORLD, "qe_fc", path, &o, &m), UMK_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), "Born charges"));
  ErrorClear();
}
END_TEST

/* --- one crystal under two names ---------------------------------------------------------------------------------- */

/* `m` renamed as another program might: lattice W a, atoms in another order and other cells, another origin. Into `s`. */
static void rename_crystal(Material m, WannierSource *s)
{
  static const int W[3][3] = {{1, 1, 0}, {0, 1, -1}, {0, 0, 1}}, order[ATOMS] = {2, 0, 1}, moved[ATOMS][3] = {{1, 0, -1}, {0, 2, 0}, {0, 0, 0}};
  const Wannier   *w = m->data;
  const PetscInt   nm = w->head.nm;
  PetscReal        inverse[3][3], Wr[3][3], Wi[3][3];

  memset(s, 0, sizeof(*s));
  s->head = w->head;
  for (int c = 0; c < 9; c++) Wr[c / 3][c % 3] = W[c / 3][c % 3];
  MatMul3((const PetscReal(*)[3])Wr, (const PetscReal(*)[3])w->head.a, s->head.a);
  Invert3((const PetscReal(*)[3])Wr, Wi);
  Invert3((const PetscReal(*)[3])w->head.a, inverse);
  ck_call(PetscMalloc1(3 * ATOMS, &s->tau));
  ck_call(PetscMalloc1(ATOMS, &s->mass));
  ck_call(PetscMalloc1(9 * ATOMS, &s->zstar));
  for (int k = 0; k < ATOMS; k++) {
    const int a = order[k];

    for (int c = 0; c < 3; c++) s->tau[3 * k + c] = m->crystal->tau[3 * a + c] + moved[k][0] * w->head.a[0][c] + moved[k][1] * w->head.a[1][c] + moved[k][2] * w->head.a[2][c] + 0.3 * (c + 1);
    s->mass[k] = m->crystal->mass[a];
    memcpy(s->zstar + 9 * k, w->zstar + 9 * a, sizeof(PetscReal[9]));
  }
  s->head.nRq = w->head.nRq * ATOMS * ATOMS; /* a vector for each element's pair: the merge adds up nothing, so each pair's block stands alone */
  ck_call(PetscMalloc1(s->head.nRq, &s->Rq));
  ck_call(PetscCalloc1(s->head.nRq * nm * nm, &s->D));
  for (int i = 0; i < s->head.nRq; i++) {
    const int k = i % 9 / 3, l = i % 3, r = i / 9;
    PetscReal x[3], y[3];

    for (int c = 0; c < 3; c++) x[c] = w->Rq[r][c] - moved[l][c] + moved[k][c];
    MatTVec3((const PetscReal(*)[3])Wi, x, y);
    for (int c = 0; c < 3; c++) s->Rq[i][c] = (int)lrint(y[c]);
    for (int c = 0; c < 9; c++) s->D[i * nm * nm + (3 * k + c / 3) * nm + 3 * l + c % 3] = ((Complex *)w->D.at)[r * nm * nm + (3 * order[k] + c / 3) * nm + 3 * order[l] + c % 3];
  }
}

/* D(q) of the force constants, not mass weighted */
static void transform(const WannierSource *s, const PetscReal q[3], Complex *D)
{
  const PetscInt n = s->head.nm * s->head.nm;

  memset(D, 0, sizeof(Complex) * (size_t)n);
  for (PetscInt r = 0; r < s->head.nRq; r++) {
    const PetscReal x = 2.0 * UMK_PI * (q[0] * s->Rq[r][0] + q[1] * s->Rq[r][1] + q[2] * s->Rq[r][2]);

    for (PetscInt c = 0; c < n; c++) D[c] += CMPLX(cos(x), sin(x)) * s->D[r * n + c];
  }
}

/* The source that a part of an import would be at this moment */
static void source_of(Material m, WannierSource *s)
{
  const Wannier *w = m->data;
  const PetscInt n = w->head.nRq * w->head.nm * w->head.nm;

  memset(s, 0, sizeof(*s));
  s->head = w->head;
  ck_call(PetscMalloc1(3 * ATOMS, &s->tau));
  ck_call(PetscMalloc1(ATOMS, &s->mass));
  ck_call(PetscMalloc1(w->head.nRq, &s->Rq));
  ck_call(PetscMalloc1(n, &s->D));
  ck_call(PetscArraycpy(s->tau, m->crystal->tau, 3 * ATOMS));
  ck_call(PetscArraycpy(s->mass, m->crystal->mass, ATOMS));
  memcpy(s->Rq, w->Rq, sizeof(int[3]) * (size_t)w->head.nRq);
  memcpy(s->D, w->D.at, sizeof(Complex) * (size_t)n);
}

/* Triplets of `s`, and the same named as in `other` */
static void rename_triplets(const CellMap *back, WannierSource *s, WannierSource *other)
{
  const PetscInt n = other->head.nT = 50;

  ck_call(PetscMalloc1(n, &other->T_atom));
  ck_call(PetscMalloc1(n, &other->T_R));
  ck_call(PetscMalloc1(27 * n, &other->phi3));
  ck_call(PetscMalloc1(n, &s->T_atom));
  ck_call(PetscMalloc1(n, &s->T_R));
  for (PetscInt t = 0; t < n; t++) {
    for (int i = 0; i < 3; i++) s->T_atom[t][i] = rand() % ATOMS, other->T_atom[t][i] = back->atom[s->T_atom[t][i]];
    for (int i = 0; i < 6; i++) s->T_R[t][i / 3][i % 3] = rand() % 7 - 3;
    for (int i = 0; i < 2; i++) CellMapVector(back, s->T_atom[t][0], s->T_atom[t][i + 1], s->T_R[t][i], other->T_R[t][i]);
    for (int i = 0; i < 27; i++) other->phi3[27 * t + i] = uniform();
  }
}

START_TEST(another_name)
{
  const PetscReal q[3] = {0.17, -0.31, 0.23};
  WannierSource   s, other, wanted = {0};
  Complex         before[81], after[81];
  CellMap         back;
  char            path[700];

  write_triclinic("triclinic.fc", true, path);
  Material m = import(path, SUM_RULE_SIMPLE, INTERPOLATION_SOURCE);
  source_of(m, &s);
  rename_crystal(m, &other);
  ck_call(CellMapCreate("other", &other, &s, &back));
  rename_triplets(&back, &wanted, &other);
  transform(&s, q, before);
  memset(s.D, 0, sizeof(Complex)); /* something that the merge must replace */
  ck_call(SourceMerge("other.fc", &s, &other));
  transform(&s, q, after);
  for (int c = 0; c < 81; c++) ck_assert_msg(cabs(after[c] - before[c]) < 1e-14, "element %d of D(q) is off by %g", c, cabs(after[c] - before[c]));
  ck_assert(!memcmp(s.zstar, ((Wannier *)m->data)->zstar, sizeof(PetscReal[9 * ATOMS])));
  ck_assert(s.head.nT == 50 && !memcmp(s.T_atom, wanted.T_atom, 50 * sizeof(int[3])) && !memcmp(s.T_R, wanted.T_R, 50 * sizeof(int[6])));
  ck_call(CellMapDestroy(&back));
  ck_call(WannierSourceDestroy(&s));
  ck_call(WannierSourceDestroy(&other));
  ck_call(WannierSourceDestroy(&wanted));
  ck_call(MaterialDestroy(&m));
}
END_TEST

static void differs(WannierSource *s, WannierSource *other, const char *message)
{
  CellMap map;

  ck_assert_int_eq(CellMapCreate("other", s, other, &map), UMK_ERR_INPUT);
  ck_assert_msg(strstr(ErrorMessage(), message), "expected \"%s\", got: %s", message, ErrorMessage());
  ErrorClear();
}

START_TEST(another_crystal)
{
  WannierSource s, other;
  char          path[700];

  write_triclinic("triclinic.fc", true, path);
  Material m = import(path, SUM_RULE_SIMPLE, INTERPOLATION_SOURCE);
  source_of(m, &s);
  rename_crystal(m, &other);
  other.tau[4] += 0.1;
  differs(&s, &other, "stands where");
  other.tau[4] -= 0.1;
  other.mass[0] *= 1.5;
  differs(&s, &other, "no atom of that mass");
  other.mass[0] /= 1.5;
  other.head.a[0][0] *= 1.01;
  differs(&s, &other, "its lattice is not");
  other.head.natoms = 2;
  differs(&s, &other, "has 2 atoms");
  ck_call(WannierSourceDestroy(&s));
  ck_call(WannierSourceDestroy(&other));
  ck_call(MaterialDestroy(&m));
}
END_TEST

/* A native file completed by force constants: these replace what was there; the rest, and the file's past, stay. */
START_TEST(after_a_native_file)
{
  char          path[700], old[700], new[700];
  ImportOptions o;
  Material      m;

  write_triclinic("triclinic.fc", true, path);
  snprintf(old, sizeof(old), "%s/old.h5", folder);
  snprintf(new, sizeof(new), "%s/new.h5", folder);
  m = import(path, SUM_RULE_SIMPLE, INTERPOLATION_SOURCE);
  ck_call(MaterialWrite(m, old, "first"));
  ck_call(MaterialDestroy(&m));
  ck_call(ImportOptionsDefault(&o));
  o.sum_rule = SUM_RULE_CRYSTAL;
  ck_call(MaterialImportParts(PETSC_COMM_WORLD, 2, (ImportPart[]){{"native", old}, {"qe_fc", path}}, &o, &m));
  ck_call(MaterialWrite(m, new, "second"));
  ck_call(MaterialDestroy(&m));
  ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, new, &m));
  ck_assert(difference(m, 3, triclinic_q, triclinic[2][0]) < 1e-6);
  ck_assert_str_eq(((Wannier *)m->data)->provenance, "first\nsecond");
  ck_call(MaterialDestroy(&m));
}
END_TEST

/* --- velocities ------------------------------------------------------------------------------------------------------ */

/* Slopes of all modes at q along n: finite differences of sorted frequencies, away from crossings but at q itself */
static void slopes(Material m, const PetscReal q[3], const PetscReal step[3], PetscReal length, PetscReal *slope)
{
  PetscReal omega[2][9], p[3];
  PetscInt  nm;

  ck_call(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  for (int i = 0; i < 2; i++) {
    for (int c = 0; c < 3; c++) p[c] = q[c] + (i + 1) * step[c];
    ck_call(MaterialPhonons(m, 1, p, omega[i], NULL, NULL));
  }
  ck_call(MaterialPhonons(m, 1, q, slope, NULL, NULL));
  for (int b = 0; b < nm; b++) slope[b] = (4.0 * omega[0][b] - omega[1][b] - 3.0 * slope[b]) / (2.0 * length); /* forward, second order */
}

/* Eigenvalues of v.n within sets of modes closer than 1e-7 hartree at q, against the slopes; largest difference */
static PetscReal compare_velocities(Material m, const PetscReal q[3], const PetscReal n[3], int *pairs)
{
  const PetscReal(*a)[3] = (const PetscReal(*)[3])m->crystal->a;
  PetscReal omega[9], slope[9], step[3], worst = 0.0, value[9];
  PetscInt  nm;
  Complex   v[243], h[81];

  ck_call(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  ck_call(MaterialPhononVelocityMatrix(m, q, v));
  ck_call(MaterialPhonons(m, 1, q, omega, NULL, NULL));
  for (int c = 0; c < 3; c++) step[c] = 1e-4 * Dot3(n, a[c]) / (2.0 * UMK_PI);
  slopes(m, q, step, 1e-4, slope);
  for (PetscInt first = 0, last; first < nm; first = last) {
    for (last = first + 1; last < nm && omega[last] - omega[last - 1] < 1e-7; last++);
    const PetscInt d = last - first;
    EigenWork      work;

    for (PetscInt i = 0; i < d * d; i++) h[i] = v[((first + i / d) * nm + first + i % d) * 3] * n[0] + v[((first + i / d) * nm + first + i % d) * 3 + 1] * n[1] + v[((first + i / d) * nm + first + i % d) * 3 + 2] * n[2];
    ck_call(EigenWorkCreate(d, &work));
    ck_call(HermitianEigen(&work, h, value, NULL));
    ck_call(EigenWorkDestroy(&work));
    for (PetscInt i = 0; i < d; i++) worst = PetscMax(worst, fabs(value[i] - slope[first + i]));
    *pairs += d == 2 && fabs(value[1] - value[0]) > 1e-4; /* hartree bohr: a pair that the direction splits */
  }
  return worst;
}

START_TEST(velocity_matrix)
{
  const PetscReal line[3] = {0.21, 0.21, 0.21}, generic[3] = {0.11, 0.27, -0.38}, n[3] = {0.36, -0.48, 0.8}; /* Lambda: pairs that split linearly off the line */
  struct stat     status;
  char            path[700];
  int             pairs = 0;

  write_triclinic("triclinic.fc", true, path); /* with dipole terms */
  Material m = import(path, SUM_RULE_CRYSTAL, INTERPOLATION_SOURCE);
  const PetscReal worst = compare_velocities(m, generic, n, &pairs);
  ck_assert_msg(worst < 1e-8, "triclinic: off by %g", worst);
  ck_call(MaterialDestroy(&m));
  if (stat(silicon, &status)) return;
  m = import(silicon, SUM_RULE_SIMPLE, INTERPOLATION_SYMMETRIC);
  const PetscReal off = compare_velocities(m, line, n, &pairs);
  ck_assert_msg(off < 1e-8 && pairs == 2, "silicon: off by %g, %d pairs", off, pairs);
  ck_call(MaterialDestroy(&m));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("force constants of Quantum ESPRESSO");
  TCase *cases = tcase_create("qe_fc");

  tcase_add_test(cases, matdyn_triclinic);
  tcase_add_test(cases, matdyn_silicon);
  tcase_add_test(cases, conditions);
  tcase_add_test(cases, rotational_is_for_neutral_atoms);
  tcase_add_test(cases, another_name);
  tcase_add_test(cases, another_crystal);
  tcase_add_test(cases, after_a_native_file);
  tcase_add_test(cases, velocity_matrix);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  const char *source = getenv("UMKLAPP_SOURCE"), *temporary = getenv("TMPDIR");
  char        command[600];
  int         failed;

  LogSetLevel(0);
  snprintf(silicon, sizeof(silicon), "%s/../shared/data/silicon-fc3/si_dfpt666.fc", source ? source : ".");
  snprintf(folder, sizeof(folder), "%s/umklapp-qe-fc-XXXXXX", temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 1;
  failed = HarnessRun(argc, argv, make_suite);
  snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  return system(command) || failed;
}

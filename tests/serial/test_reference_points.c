/*
  Energies, velocities, frequencies and couplings on generic points, against the independent reader's numbers in
  ../shared/data/SET/reference_points.json, within 1e-8 of each quantity's scale. Skipped (77) where that data is absent.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include <float.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "umklapp/material.h"

#define SCALE_TOLERANCE 1e-8
#define MEV (1e3 * UMK_HARTREE_EV) /* hartree in meV */

static char folder[512];

typedef struct {
  PetscInt   n[6]; /* k, q, bands, modes */
  PetscReal *k, *q, *energy, *velocity, *omega, *g;
} Reference;

static void read_numbers(FILE *in, size_t n, PetscReal **x)
{
  *x = malloc(sizeof(PetscReal) * n);
  for (size_t i = 0; i < n; i++) ck_assert_int_eq(fscanf(in, "%lf", &(*x)[i]), 1);
}

/* The JSON file, flattened by the restoring script below */
static void read_reference(const char *set, Reference *r)
{
  char  path[600];
  FILE *in;
  long  nk, nq, nb, nm;

  snprintf(path, sizeof(path), "%s/%s.txt", folder, set);
  in = fopen(path, "r");
  ck_assert_ptr_nonnull(in);
  ck_assert_int_eq(fscanf(in, "%ld %ld %ld %ld", &nk, &nq, &nb, &nm), 4);
  r->n[0] = (PetscInt)nk, r->n[1] = (PetscInt)nq, r->n[2] = (PetscInt)nb, r->n[3] = (PetscInt)nm;
  read_numbers(in, (size_t)(3 * nk), &r->k);
  read_numbers(in, (size_t)(3 * nq), &r->q);
  read_numbers(in, (size_t)(nk * nb), &r->energy);
  read_numbers(in, (size_t)(nk * nb * 3), &r->velocity);
  read_numbers(in, (size_t)(nq * nm), &r->omega);
  read_numbers(in, (size_t)(nq * nk * nb * nb * nm), &r->g);
  fclose(in);
}

static void free_reference(Reference *r)
{
  free(r->k), free(r->q), free(r->energy), free(r->velocity), free(r->omega), free(r->g);
}

/* largest |a - b| over the largest |b| */
static PetscReal distance(size_t n, const PetscReal *a, const PetscReal *b)
{
  PetscReal d = 0.0, scale = 0.0;

  for (size_t i = 0; i < n; i++) {
    d     = fmax(d, fabs(a[i] - b[i]));
    scale = fmax(scale, fabs(b[i]));
    if (!isfinite(a[i])) return HUGE_VAL;
  }
  return d / scale;
}

/* Mean over groups of neighbours closer than `tolerance`, along one axis: x[outer][n][inner] */
static void average(PetscInt outer, PetscInt n, PetscInt inner, const PetscReal *energy, PetscReal tolerance, PetscReal *x)
{
  for (PetscInt first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && energy[last] - energy[last - 1] < tolerance; last++);
    for (PetscInt o = 0; o < outer; o++)
      for (PetscInt i = 0; i < inner; i++) {
        PetscReal sum = 0.0;

        for (PetscInt j = first; j < last; j++) sum += x[(o * n + j) * inner + i];
        for (PetscInt j = first; j < last; j++) x[(o * n + j) * inner + i] = sum / (PetscReal)(last - first);
      }
  }
}

/* |g| in meV [nq][nk][m][n][nu] */
static void couplings(Material m, const Reference *r, PetscReal *g)
{
  const PetscInt nk = r->n[0], nq = r->n[1], nb = r->n[2], nm = r->n[3], size = nb * nb * nm;
  const PetscReal near = 0.01 / MEV;
  Complex       *U = malloc(sizeof(Complex) * (size_t)(nk * nb * nb)), *Uf = malloc(sizeof(Complex) * (size_t)(nq * nb * nb)), *u = malloc(sizeof(Complex) * (size_t)(nq * nm * nm));
  PetscReal     *e = malloc(sizeof(PetscReal) * (size_t)(nk * nb)), *ef = malloc(sizeof(PetscReal) * (size_t)(nq * nb)), *kq = malloc(sizeof(PetscReal) * (size_t)(3 * nq)), *omega = malloc(sizeof(PetscReal) * (size_t)(nq * nm));
  PetscReal     *g2 = malloc(sizeof(PetscReal) * (size_t)(nq * size));
  PetscInt       first[16] = {0}, count[16];
  Coupling       c;

  for (int i = 0; i < 16; i++) count[i] = nb;
  ck_call(CouplingCreate(m, &c));
  ck_call(MaterialElectrons(m, nk, r->k, e, NULL, U));
  ck_call(MaterialPhonons(m, nq, r->q, omega, NULL, u));
  ck_call(CouplingSetInitial(c, nk, r->k, U, first, count));
  for (PetscInt ik = 0; ik < nk; ik++) {
    for (PetscInt i = 0; i < 3 * nq; i++) kq[i] = r->k[3 * ik + i % 3] + r->q[i];
    ck_call(MaterialElectrons(m, nq, kq, ef, NULL, Uf));
    ck_call(CouplingEvaluate(c, ik, nq, r->q, nb, Uf, u, omega, 0.001 / MEV, g2));
    for (PetscInt iq = 0; iq < nq; iq++) {
      PetscReal *x = &g2[iq * size];

      average(nb * nb, nm, 1, &omega[iq * nm], near, x);
      average(nb, nb, nm, &e[ik * nb], near, x);
      average(1, nb, nb * nm, &ef[iq * nb], near, x);
      for (PetscInt i = 0; i < size; i++) g[(iq * nk + ik) * size + i] = sqrt(x[i]) * MEV;
    }
  }
  ck_call(CouplingDestroy(&c));
  free(U), free(Uf), free(u), free(e), free(ef), free(kq), free(omega), free(g2);
}

static void check_set(const char *set, PetscReal real_tolerance)
{
  ImportOptions options;
  Material      m;
  Reference     r;
  char          path[600];

  read_reference(set, &r);
  const size_t ne = (size_t)(r.n[0] * r.n[2]), nw = (size_t)(r.n[1] * r.n[3]), ng = (size_t)(r.n[0] * r.n[1] * r.n[2] * r.n[2] * r.n[3]);
  PetscReal   *e = malloc(sizeof(PetscReal) * ne), *v = malloc(3 * sizeof(PetscReal) * ne), *w = malloc(sizeof(PetscReal) * nw), *g = malloc(sizeof(PetscReal) * ng);

  ck_call(ImportOptionsDefault(&options));
  options.real_tolerance = real_tolerance;
  options.interpolation  = INTERPOLATION_SOURCE;
  snprintf(path, sizeof(path), "%s/%s", folder, set);
  ck_call(MaterialImport(PETSC_COMM_WORLD, "epw", path, &options, &m));
  ck_call(MaterialElectrons(m, r.n[0], r.k, e, v, NULL));
  ck_call(MaterialPhonons(m, r.n[1], r.q, w, NULL, NULL));
  couplings(m, &r, g);
  for (size_t i = 0; i < ne; i++) e[i] *= UMK_HARTREE_EV;
  for (size_t i = 0; i < 3 * ne; i++) v[i] *= 2.0;
  /* Near zero a frequency is the root of round-off (1e-16 of the scale, squared): compare squares there. */
  for (size_t i = 0; i < nw; i++) {
    w[i] *= MEV;
    if (fabs(r.omega[i]) > 0.01) continue;
    w[i] = w[i] * fabs(w[i]);
    r.omega[i] *= fabs(r.omega[i]);
  }
  const PetscReal de = distance(ne, e, r.energy), dv = distance(3 * ne, v, r.velocity), dw = distance(nw, w, r.omega), dg = distance(ng, g, r.g);
  if (getenv("UMKLAPP_TEST_VERBOSE")) printf("%s: energies %.1e velocities %.1e frequencies %.1e couplings %.1e\n", set, de, dv, dw, dg);
  ck_assert_msg(de < SCALE_TOLERANCE, "%s: energies differ by %.2e of their scale", set, de);
  ck_assert_msg(dv < SCALE_TOLERANCE, "%s: velocities differ by %.2e of their scale", set, dv);
  ck_assert_msg(dw < SCALE_TOLERANCE, "%s: frequencies differ by %.2e of their scale", set, dw);
  ck_assert_msg(dg < SCALE_TOLERANCE, "%s: couplings differ by %.2e of their scale", set, dg);
  ck_call(MaterialDestroy(&m));
  free(e), free(v), free(w), free(g);
  free_reference(&r);
}

START_TEST(silicon)
{
  check_set("silicon", 1e-4);
}
END_TEST

START_TEST(aluminium)
{
  check_set("aluminium", -1.0);
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("reference points");
  TCase *cases = tcase_create("sets");

  tcase_set_timeout(cases, 60);
  tcase_add_test(cases, silicon);
  tcase_add_test(cases, aluminium);
  suite_add_tcase(suite, cases);
  return suite;
}

/* Raw files into `folder`, and the JSON as plain numbers */
static int restore(const char *data)
{
  static const char script[] = "import json,subprocess,sys\n"
                               "data,out=sys.argv[1:]\n"
                               "def flat(x):\n"
                               "  return [y for z in x for y in flat(z)] if isinstance(x,list) else [x]\n"
                               "for s in ('silicon','aluminium'):\n"
                               "  subprocess.run([sys.executable,data+'/restore.py',data+'/'+s,out+'/'+s],check=True,stdout=subprocess.DEVNULL)\n"
                               "  r=json.load(open(data+'/'+s+'/reference_points.json'))\n"
                               "  g=[v for k,v in r.items() if k.startswith('absg')][0]; v=[v for k,v in r.items() if k.startswith('velocity')][0]\n"
                               "  print(len(r['k_crystal']),len(r['q_crystal']),len(r['energy_eV'][0]),len(r['omega_meV'][0]),*flat(r['k_crystal']),*flat(r['q_crystal']),*flat(r['energy_eV']),*flat(v),*flat(r['omega_meV']),*flat(g),"
                               "file=open(out+'/'+s+'.txt','w'))\n";
  char  path[600], command[2048];
  FILE *out;

  snprintf(path, sizeof(path), "%s/flatten.py", folder);
  if (!(out = fopen(path, "w"))) return 1;
  fputs(script, out);
  fclose(out);
  snprintf(command, sizeof(command), "/usr/bin/python3 '%s' '%s' '%s'", path, data, folder);
  return system(command);
}

int main(int argc, char **argv)
{
  const char *source = getenv("UMKLAPP_SOURCE"), *temporary = getenv("TMPDIR");
  char        data[512], command[600];
  struct stat status;
  int         failed;

  snprintf(data, sizeof(data), "%s/../shared/data", source ? source : ".");
  if (stat(data, &status)) return 77;
  snprintf(folder, sizeof(folder), "%s/umklapp-reference-XXXXXX", temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 1;
  failed = restore(data) ? 1 : HarnessRun(argc, argv, make_suite);
  snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  if (system(command)) failed = 1;
  return failed;
}

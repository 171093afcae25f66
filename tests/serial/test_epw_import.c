/* EPW folders: a small one read right with the options of the import, and everything that can be wrong with one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../small_material.h"
#include "material/wigner_seitz.h"
#include <sys/stat.h>
#include <unistd.h>

/* One atom, one function on a cube of 7.5 bohr; k mesh 3x3x3, q mesh 2x2x2: 27 vectors each, those of q shared by images. */
#define NR 27

static char        folder[512], epw[600];
static WignerSeitz list_k, list_q;
static Complex     H[NR], g[NR][3][NR]; /* as in the files: [Rp][c][Re] */

static FILE *create(const char *name)
{
  char  path[700];
  FILE *out;

  snprintf(path, sizeof(path), "%s/%s", epw, name);
  out = fopen(path, "wb");
  ck_assert_ptr_nonnull(out);
  return out;
}

static void write_crystal(void)
{
  FILE *out = create("crystal.fmt");

  fprintf(out, "           1\n           3\n   1.0000000000000000     \n");
  fprintf(out, "  1.0 0.0 0.0 0.0 1.0 0.0 0.0 0.0 1.0\n  1.0 3*0.0 1.0D+000 3*0.0 1.0\n");
  fprintf(out, "   421.87500000000000\n   7.5000000000000000\n   0.0 0.0 0.0\n  24592.167480317454 9*0.0000000000000000\n           1\n F\n  0.0 0.0 0.0\n");
  fclose(out);
}

static void write_data(void)
{
  FILE *out = create("epwdata.fmt");

  fprintf(out, "  0.25000000000000000\n           1          27           3          27          27\n");
  for (int i = 0; i < 18; i++) fprintf(out, "  -0.0000000000000000%s", i % 3 == 2 ? "\n" : "");
  for (int r = 0; r < NR; r++) fprintf(out, " (%.17E,%.17E)\n", creal(H[r]), cimag(H[r]));
  for (int c = 0; c < 9; c++)
    for (int r = 0; r < NR; r++) fprintf(out, "  (%.17E,0.0E+000)\n", c % 4 ? 0.0 : list_q.R[r][0] || list_q.R[r][1] || list_q.R[r][2] ? -0.01 : 0.26);
  fclose(out);
  out = create("vmedata.fmt");
  for (int i = 0; i < 3 * NR; i++) fprintf(out, " (0.0000,0.0000)\n");
  fclose(out);
}

static void write_epw(void)
{
  FILE *out;

  if (mkdir(epw, 0700)) ck_assert(access(epw, W_OK) == 0);
  write_crystal();
  write_data();
  out = create("small.epmatwp");
  fwrite(g, 1, sizeof(g), out);
  fclose(out);
}

static void make_data(void)
{
  static const PetscReal cube[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, zero[3] = {0, 0, 0};

  ck_call(WignerSeitzCreate(cube, (PetscInt[3]){3, 3, 3}, 1, zero, 0, &list_k));
  ck_call(WignerSeitzCreate(cube, (PetscInt[3]){2, 2, 2}, 1, zero, 0, &list_q));
  ck_assert_int_eq(list_k.nR, NR);
  ck_assert_int_eq(list_q.nR, NR);
  srand(5);
  for (int r = 0; r <= NR / 2; r++) H[r] = H[NR - 1 - r] = 0.1 * Uniform();
  for (int p = 0; p < NR; p++)
    for (int c = 0; c < 3; c++)
      for (int e = 0; e < NR; e++) g[p][c][e] = CMPLX(Uniform(), 1e-6 * Uniform());
  for (int c = 0; c < 3; c++)
    for (int e = 0; e < NR; e++) g[3][c][e] *= 1e-9; /* a phonon vector that a threshold takes out */
}

static void options_of(ImportOptions *o)
{
  ck_call(ImportOptionsDefault(o));
  for (int i = 0; i < 3; i++) o->coarse_k[i] = 3, o->coarse_q[i] = 2;
  o->interpolation = INTERPOLATION_SOURCE;
}

START_TEST(read_right)
{
  ImportOptions  o;
  Material       m;
  const PetscInt weight_q[4] = {1, 2, 4, 8};

  options_of(&o);
  ck_call(MaterialImport(PETSC_COMM_WORLD, "epw", epw, &o, &m));
  const Wannier *w = m->data;
  ck_assert_int_eq(w->head.g_real, 1);
  ck_assert_int_eq(w->head.use_ws, 0);
  ck_assert_int_eq(m->spin, 2);
  for (int r = 0; r < NR; r++) ck_near(cabs(((Complex *)w->H.at)[r] - 0.5 * H[r]), 0.0, 1e-17, 1.0);
  for (int e = 0; e < NR; e++)
    for (int p = 0; p < NR; p++)
      for (int c = 0; c < 3; c++) {
        const PetscInt images = weight_q[abs(w->Rp[p][0]) + abs(w->Rp[p][1]) + abs(w->Rp[p][2])]; /* 1 and -1 are images on two points */

        ck_assert_double_eq(((PetscReal *)w->g.at)[(e * NR + p) * 3 + c], 0.5 * creal(g[p][c][e]) / (PetscReal)images);
      }
  ck_call(MaterialDestroy(&m));
}
END_TEST

START_TEST(stored_precision)
{
  ImportOptions o;
  Material      m;

  options_of(&o);
  o.precision     = 32;
  o.mantissa_bits = 10;
  o.threshold     = 1e-6;
  ck_call(MaterialImport(PETSC_COMM_WORLD, "epw", epw, &o, &m));
  const Wannier *w = m->data;
  ck_assert_int_eq(w->head.nRe, NR);
  ck_assert_int_eq(w->head.nRp, NR - 1); /* the one with nothing in it */
  for (int e = 0; e < NR; e++)
    for (int p = 0; p < NR - 1; p++)
      for (int c = 0; c < 3; c++) {
        const int       from = p < 3 ? p : p + 1;
        const PetscReal want = 0.5 * creal(g[from][c][e]) * list_q.weight[from], got = ((float *)w->g.at)[(e * (NR - 1) + p) * 3 + c];

        ck_assert(fabs(got - want) <= ldexp(fabs(want), -11));
        ck_assert_double_eq(ldexp(got, 60) - rint(ldexp(got, 60)), 0.0);
      }
  ck_call(MaterialDestroy(&m));
  o.real_tolerance = 1e-9;
  ck_call(MaterialImport(PETSC_COMM_WORLD, "epw", epw, &o, &m));
  ck_assert_int_eq(((Wannier *)m->data)->head.g_real, 0);
  ck_call(MaterialDestroy(&m));
}
END_TEST

/* --- what is wrong ------------------------------------------------------------------------------------------------ */

static void refused(const char *format, const char *path, const ImportOptions *o, const char *message)
{
  Material             m    = NULL;
  const PetscErrorCode code = MaterialImport(PETSC_COMM_WORLD, format, path, o, &m);

  ck_assert_msg(code == UMK_ERR_INPUT, "expected \"%s\", got error %d: %s", message, (int)code, ErrorMessage());
  ck_assert_msg(strstr(ErrorMessage(), message) && !strchr(ErrorMessage(), '\n'), "expected \"%s\", got: %s", message, ErrorMessage());
  ck_assert_ptr_null(m);
  ErrorClear();
}

/* Replace `from` in a file of the folder by `to`; from NULL: cut the file to half, "": remove it */
static void spoil(const char *name, const char *from, const char *to)
{
  char   path[700], *text, *at;
  long   size;
  size_t n;
  FILE  *file;

  snprintf(path, sizeof(path), "%s/%s", epw, name);
  if (from && !*from) {
    unlink(path);
    return;
  }
  file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  text = calloc(1, (size_t)size + 1);
  n    = fread(text, 1, (size_t)size, file);
  fclose(file);
  file = fopen(path, "wb");
  if (!from) fwrite(text, 1, n / 2, file);
  else {
    at = strstr(text, from);
    ck_assert_ptr_nonnull(at);
    fwrite(text, 1, (size_t)(at - text), file);
    fputs(to, file);
    fputs(at + strlen(from), file);
  }
  fclose(file);
  free(text);
}

START_TEST(malformed_files)
{
  static const struct {
    const char *file, *from, *to, *message;
  } cases[] = {
    {"crystal.fmt", "", "", "crystal.fmt: cannot be read"},
    {"epwdata.fmt", "", "", "epwdata.fmt: cannot be read"},
    {"vmedata.fmt", "", "", "vmedata.fmt: cannot be read"},
    {"small.epmatwp", "", "", "no coupling file"},
    {"crystal.fmt", "           1\n           3", "          -1\n           3", "crystal.fmt:1: expected number of atoms"},
    {"crystal.fmt", "           3\n", "           6\n", "crystal.fmt:2: 6 modes do not fit 1 atoms"},
    {"crystal.fmt", "   1.0000000000000000     \n", "   1.0000000000000000   0\n", "newer EPW"},
    {"crystal.fmt", "   1.0000000000000000     \n", "   1.00q0000x\n", "crystal.fmt:3: expected number of electrons"},
    {"crystal.fmt", "  1.0 0.0 0.0 0.0 1.0", "  1.0 0.0 0.0 0.5 1.0", "do not belong together"},
    {"crystal.fmt", "421.875", "400.0", "cell volume"},
    {"crystal.fmt", "   7.5000000000000000", "   NaN", "crystal.fmt:7: expected alat"},
    {"crystal.fmt", "24592.167480317454", "0.0", "has mass 0"},
    {"crystal.fmt", "           1\n F", "          11\n F", "kinds of the atoms"},
    {"crystal.fmt", " F\n", " maybe\n", "T or F"},
    {"crystal.fmt", " F\n  0.0 0.0 0.0", " F\n  0.0 0.0", "crystal.fmt:13: file ends where Wannier centres (value 3 of 3) should be"},
    {"crystal.fmt", " F\n  0.0 0.0 0.0", " F\n  0.0 0.0 0.0 0.0", "more values than expected after the Wannier centres"},
    {"crystal.fmt", "9*0.0000000000000000", "-3*0.0", "crystal.fmt:9: expected masses"},
    {"epwdata.fmt", "           1          27", "           1         -27", "epwdata.fmt:2: expected numbers of Wannier functions"},
    {"epwdata.fmt", "           1          27", "           1     9999999", "epwdata.fmt:2: Hamiltonian and force constants should be"},
    {"epwdata.fmt", "           1          27", "           1          26", "more values than expected after the force constants"},
    {"epwdata.fmt", "           1          27           3", "           1          27           6", "6 modes here, 3 in crystal.fmt"},
    {"epwdata.fmt", "           1          27           3", "           2          27           3", "file ends where Wannier centres"},
    {"epwdata.fmt", "  0.25000000000000000", "  Infinity", "epwdata.fmt:1: expected Fermi energy"},
    {"epwdata.fmt", "  -0.0000000000000000", "  1.0", "dielectric tensor is not positive"},
    {"epwdata.fmt", " (", " [", "a finite complex number"},
    {"epwdata.fmt", ",0.0E+000)", ";0.0E+000)", "expected force constants (value 1 of 243)"},
    {"epwdata.fmt", ",0.0E+000)", ",NaN)", "expected force constants (value 1 of 243)"},
    {"epwdata.fmt", NULL, NULL, "epwdata.fmt:"},
    {"vmedata.fmt", NULL, NULL, "vmedata.fmt:"},
    {"vmedata.fmt", " (0.0000,0.0000)\n", " (0.0000,0.0000)\n (0.0,0.0)\n", "more values than expected after the position matrix"},
    {"small.epmatwp", NULL, NULL, "is 17496 bytes; 1 Wannier functions, 27 x 27 vectors and 3 modes make 34992"},
  };
  ImportOptions o;

  options_of(&o);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    write_epw();
    spoil(cases[i].file, cases[i].from, cases[i].to);
    refused("epw", epw, &o, cases[i].message);
  }
  write_epw();
}
END_TEST

START_TEST(wrong_numbers)
{
  const Complex h = H[4], x = g[20][1][3];
  ImportOptions o;
  FILE         *out;
  char          path[700];

  options_of(&o);
  H[4] = 1.0; /* without its partner */
  write_epw();
  refused("epw", epw, &o, "not Hermitian");
  H[4]        = h;
  g[20][1][3] = NAN;
  write_epw();
  refused("epw", epw, &o, "coupling element (1, 1, 4, 2, 21) is not a finite number");
  g[20][1][3] = x;
  write_epw();
  out = create("other.epmatwp");
  fclose(out);
  refused("epw", epw, &o, "holds 2 files *.epmatwp");
  snprintf(path, sizeof(path), "%s/other.epmatwp", epw);
  unlink(path);
  refused("epw", "/no/such/folder", &o, "cannot be opened as a folder");
  snprintf(path, sizeof(path), "%s/crystal.fmt", epw);
  refused("epw", path, &o, "cannot be opened as a folder");
}
END_TEST

START_TEST(wrong_options)
{
  ImportOptions o;

  write_epw();
  ck_call(ImportOptionsDefault(&o));
  refused("epw", epw, &o, "several coarse meshes fit the counts of epwdata.fmt (k: 2x2x2, 3x3x3; q: 2x2x2, 3x3x3)");
  options_of(&o);
  o.coarse_k[0] = 5;
  refused("epw", epw, &o, "no coarse meshes as given give the 27 electron, 27 phonon and 27 coupling vectors");
  options_of(&o);
  o.precision = 16;
  refused("epw", epw, &o, "precision must be 64 or 32, not 16");
  options_of(&o);
  o.mantissa_bits = 60;
  refused("epw", epw, &o, "mantissa bits must be 0 (all) to 52, not 60");
  options_of(&o);
  o.threshold = 2.0;
  refused("epw", epw, &o, "threshold is a fraction");
  options_of(&o);
  refused("ewp", epw, &o, "no import format \"ewp\"");
}
END_TEST

static void setup(void)
{
  make_data();
  write_epw();
}

static void teardown(void)
{
  ck_call(WignerSeitzDestroy(&list_k));
  ck_call(WignerSeitzDestroy(&list_q));
}

static Suite *make_suite(void)
{
  Suite *suite = suite_create("epw import");
  TCase *cases = tcase_create("folder");

  LogSetLevel(0);
  snprintf(epw, sizeof(epw), "%s/epw", folder);
  tcase_add_unchecked_fixture(cases, setup, teardown);
  tcase_add_test(cases, read_right);
  tcase_add_test(cases, stored_precision);
  tcase_add_test(cases, malformed_files);
  tcase_add_test(cases, wrong_numbers);
  tcase_add_test(cases, wrong_options);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  const char *temporary = getenv("TMPDIR");
  char        command[600];
  int         failed;

  snprintf(folder, sizeof(folder), "%s/umklapp-epw-XXXXXX", temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 1;
  failed = HarnessRun(argc, argv, make_suite);
  snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  return system(command) || failed;
}

/* The native material file: what is read is what was written, to the bit; damaged and foreign files are one clear line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../harness.h"
#include "../small_material.h"
#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[512];

static void path_of(char path[700], const char *name)
{
  snprintf(path, 700, "%s/%s", folder, name);
}

static void same_array(const char *what, const NodeArray *x, const NodeArray *y)
{
  ck_assert_msg(x->bytes == y->bytes && (!x->bytes || !memcmp(x->at, y->at, x->bytes)), "%s changed on the way through the file", what);
}

static void same_material(Material x, Material y)
{
  const Wannier *a = x->data, *b = y->data;

  ck_assert(!memcmp(&a->head, &b->head, sizeof(a->head)));
  same_array("H", &a->H, &b->H);
  same_array("position", &a->position, &b->position);
  same_array("D", &a->D, &b->D);
  same_array("g", &a->g, &b->g);
  same_array("atoms of triplets", &a->T_atom, &b->T_atom);
  same_array("vectors of triplets", &a->T_R, &b->T_R);
  same_array("third order", &a->phi3, &b->phi3);
  ck_assert(!memcmp(a->Rk, b->Rk, sizeof(int[3]) * (size_t)a->head.nRk) && !memcmp(a->Rq, b->Rq, sizeof(int[3]) * (size_t)a->head.nRq));
  ck_assert(!memcmp(a->Re, b->Re, sizeof(int[3]) * (size_t)a->head.nRe) && !memcmp(a->Rp, b->Rp, sizeof(int[3]) * (size_t)a->head.nRp));
  if (x->nbands) ck_assert(!memcmp(x->centres, y->centres, 3 * sizeof(PetscReal) * (size_t)x->nbands));
  ck_assert(!memcmp(x->crystal->tau, y->crystal->tau, 6 * sizeof(PetscReal)) && !memcmp(x->crystal->mass, y->crystal->mass, 2 * sizeof(PetscReal)));
  if (a->head.polar) ck_assert(!memcmp(a->zstar, b->zstar, 18 * sizeof(PetscReal)));
  ck_assert_str_eq(a->provenance, b->provenance);
  ck_assert(x->nvalence == y->nvalence && x->metal == y->metal && x->spin == y->spin && x->epsilon_infinity == y->epsilon_infinity);
}

static void write_small(SmallMaterial *s, const char *path)
{
  Material m;

  ck_call(SmallRandom(PETSC_COMM_WORLD, s, &m));
  ck_call(MaterialWrite(m, path, NULL));
  ck_call(MaterialDestroy(&m));
  free(s->g);
}

START_TEST(round_trip)
{
  char path[700];

  path_of(path, "round.h5");
  for (int i = 0; i < 8; i++) {
    SmallMaterial s = {.bits = i & 1 ? 32 : 64, .real = i >> 1 & 1, .polar = i >> 2, .open = i & 1};
    Material      m, n;

    ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
    ck_call(MaterialWrite(m, path, NULL)); /* from the second on, over a file that is there */
    ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, path, &n));
    same_material(m, n);
    ck_call(MaterialDestroy(&m));
    ck_call(MaterialDestroy(&n));
    free(s.g);
  }
}
END_TEST

/* as the first part of an import, it is kept as it is */
START_TEST(as_a_part)
{
  char          path[700];
  ImportOptions options;

  path_of(path, "piece.h5");
  ck_call(ImportOptionsDefault(&options));
  for (int i = 0; i < 4; i++) {
    SmallMaterial s = {.bits = i & 1 ? 32 : 64, .real = i >> 1, .polar = i == 3, .open = i & 1, .cubic = 3 * i};
    Material      m, n;

    ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
    ck_call(MaterialWrite(m, path, NULL));
    ck_call(MaterialImport(PETSC_COMM_WORLD, "native", path, &options, &n));
    same_material(m, n);
    ck_call(MaterialDestroy(&m));
    ck_call(MaterialDestroy(&n));
    free(s.g);
  }
}
END_TEST

/* phonons alone, with and without the third order; electrons beside the third order */
START_TEST(phonons_alone)
{
  char path[700];

  path_of(path, "phonons.h5");
  for (int i = 0; i < 3; i++) {
    SmallMaterial   s    = {.bits = 64, .real = 1, .polar = i == 1, .alone = i < 2, .cubic = i == 0 ? 0 : 17};
    const PetscReal q[3] = {0.1, 0.2, -0.3};
    PetscReal       x[6], y[6];
    PetscInt        nbands, nmodes;
    bool            coupling, cubic;
    char           *text = NULL;
    size_t          size;
    FILE           *out = open_memstream(&text, &size);
    Material        m, n;

    ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
    ck_call(MaterialWrite(m, path, NULL));
    ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, path, &n));
    same_material(m, n);
    ck_call(MaterialGetSizes(n, &nbands, &nmodes, &coupling, NULL));
    ck_call(MaterialHasCubic(n, &cubic));
    ck_assert(nbands == (i < 2 ? 0 : 3) && nmodes == 6 && coupling == (i == 2) && cubic == (i > 0));
    ck_call(MaterialPhonons(m, 1, q, x, NULL, NULL));
    ck_call(MaterialPhonons(n, 1, q, y, NULL, NULL));
    ck_assert(!memcmp(x, y, sizeof(x)));
    ck_call(MaterialPrint(n, out));
    fclose(out);
    ck_assert((strstr(text, "17 triplets") != NULL) == (i > 0) && (strstr(text, "Wannier") != NULL) == (i == 2));
    ck_call(MaterialDestroy(&m));
    ck_call(MaterialDestroy(&n));
    free(text), free(s.g);
  }
}
END_TEST

START_TEST(provenance_is_stored)
{
  SmallMaterial s = {.bits = 64, .real = 1};
  Material      m, n;
  char          path[700], *text = NULL;
  size_t        size = 0;
  FILE         *out  = open_memstream(&text, &size);

  path_of(path, "provenance.h5");
  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  ck_call(MaterialWrite(m, path, "from here\n"));
  ck_call(MaterialCreateFromFile(PETSC_COMM_WORLD, path, &n));
  ck_call(MaterialPrint(n, out));
  fclose(out);
  ck_assert_ptr_nonnull(strstr(text, "from here"));
  ck_assert_ptr_nonnull(strstr(text, "mantissa rounded to 11 bits"));
  free(text), free(s.g);
  ck_call(MaterialDestroy(&m));
  ck_call(MaterialDestroy(&n));
}
END_TEST

static void refused(const char *path, const char *message)
{
  Material             m    = NULL;
  const PetscErrorCode code = MaterialCreateFromFile(PETSC_COMM_WORLD, path, &m);

  ck_assert_msg(code == UMK_ERR_INPUT, "%s: error %d instead of an input error: %s", message, (int)code, ErrorMessage());
  ck_assert_msg(strstr(ErrorMessage(), path) && strstr(ErrorMessage(), message) && !strchr(ErrorMessage(), '\n'), "expected \"%s\" about %s, got: %s", message, path, ErrorMessage());
  ck_assert_ptr_null(m);
  ErrorClear();
}

static void put_file(const char *path, const char *bytes, size_t n)
{
  FILE *out = fopen(path, "wb");

  fwrite(bytes, 1, n, out);
  fclose(out);
}

START_TEST(not_a_material)
{
  char  path[700];
  hid_t file;

  path_of(path, "absent.h5");
  refused(path, "No such file");
  refused(folder, "not an HDF5 file");
  path_of(path, "empty.h5");
  put_file(path, "", 0);
  refused(path, "not an HDF5 file");
  path_of(path, "text.h5");
  put_file(path, "material: silicon\n", 18);
  refused(path, "not an HDF5 file");
  path_of(path, "foreign.h5");
  file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  refused(path, "not an umklapp material");
}
END_TEST

static hid_t open_copy(char path[700], const char *name)
{
  SmallMaterial s = {.bits = 64, .real = 1, .cubic = 5};

  path_of(path, name);
  write_small(&s, path);
  return H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
}

static void set_attribute(hid_t file, const char *name, int64_t value)
{
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);

  ck_assert(H5Awrite(attribute, H5T_NATIVE_INT64, &value) >= 0);
  H5Aclose(attribute);
}

START_TEST(wrong_attributes)
{
  static const struct {
    const char *name, *message;
    int64_t     value;
  } cases[] = {{"format_version", "format version 99", 99}, {"wannier_functions", "wannier_functions is -3", -3},  {"wannier_functions", "wrong shape", 4}, {"atoms", "do not fit", 3}, {"electron_vectors", "wrong shape", 1000},
               {"coupling_bits", "48 bits", 48},            {"coupling_electron_vectors", "cannot be", 0},         {"coarse_q2", "coarse_q2 is 0", 0},      {"polar", "born_charges is missing", 1},
               {"third_order_triplets", "wrong shape", 4},  {"third_order_triplets", "third_order_triplets is -1", -1}, {"wannier_functions", "do not fit", 0}};
  char         path[700];

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const hid_t file = open_copy(path, "attribute.h5");

    set_attribute(file, cases[i].name, cases[i].value);
    H5Fclose(file);
    refused(path, cases[i].message);
  }
  const hid_t file = open_copy(path, "attribute.h5");
  H5Adelete(file, "spin_degeneracy");
  H5Fclose(file);
  refused(path, "spin_degeneracy is missing");
}
END_TEST

START_TEST(wrong_datasets)
{
  static const char *const names[] = {"crystal/lattice", "electrons/hamiltonian", "electrons/vectors", "phonons/force_constants", "coupling/g", "coupling/present", "coupling/phonon_vectors", "phonons/third_order/atoms",
                                             "phonons/third_order/force_constants"};
  char                     path[700];
  hid_t                    file, dataset;

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    file = open_copy(path, "dataset.h5");
    ck_assert(H5Ldelete(file, names[i], H5P_DEFAULT) >= 0);
    H5Fclose(file);
    refused(path, names[i]);
  }
  for (int nan = 0; nan < 3; nan++) { /* a mass that is no number, infinite, negative */
    const PetscReal mass[2] = {2e4, nan == 0 ? NAN : nan == 1 ? INFINITY : -1.0};

    file    = open_copy(path, "number.h5");
    dataset = H5Dopen2(file, "crystal/masses", H5P_DEFAULT);
    ck_assert(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, mass) >= 0);
    H5Dclose(dataset);
    H5Fclose(file);
    refused(path, nan == 2 ? "has mass -1" : "crystal/masses holds");
  }
  for (int far = 0; far < 2; far++) { /* an atom that does not exist, a cell beyond reach */
    static const char *const names_of[2] = {"phonons/third_order/atoms", "phonons/third_order/vectors"};
    int                      number[30]  = {0, 1, 0, 1, far ? 20000 : 2};

    file    = open_copy(path, "number.h5");
    dataset = H5Dopen2(file, names_of[far], H5P_DEFAULT);
    ck_assert(H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, number) >= 0);
    H5Dclose(dataset);
    H5Fclose(file);
    refused(path, far ? "triplet 0 reaches 20000 cells" : "triplet 1 names atom 2");
  }
  PetscReal *g = malloc(sizeof(PetscReal) * 27 * 27 * 54);
  for (int i = 0; i < 27 * 27 * 54; i++) g[i] = i == 26 * 27 * 54 + 7 ? NAN : 0.1;
  file    = open_copy(path, "number.h5");
  dataset = H5Dopen2(file, "coupling/g", H5P_DEFAULT);
  ck_assert(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, g) >= 0);
  H5Dclose(dataset);
  H5Fclose(file);
  free(g);
  refused(path, "not finite (electron vector 26, element 7)");
}
END_TEST

/* cut anywhere, or with a byte changed inside the data, the file is refused and nothing else happens */
START_TEST(truncated_and_corrupted)
{
  SmallMaterial s = {.bits = 64, .real = 1};
  char          path[700], *bytes;
  struct stat   status;
  FILE         *in;

  path_of(path, "damaged.h5");
  write_small(&s, path);
  ck_assert_int_eq(stat(path, &status), 0);
  const size_t size = (size_t)status.st_size;
  bytes             = malloc(size);
  in                = fopen(path, "rb");
  ck_assert_uint_eq(fread(bytes, 1, size, in), size);
  fclose(in);
  for (int cut = 1; cut < 8; cut++) {
    put_file(path, bytes, size * (size_t)cut / 8);
    refused(path, "HDF5 file");
  }
  for (size_t at = size / 2; at < size - 4096; at += size / 20) { /* the coupling is most of the file */
    bytes[at] ^= 0x10;
    put_file(path, bytes, size);
    bytes[at] ^= 0x10;
    refused(path, "damaged");
  }
  free(bytes);
}
END_TEST

START_TEST(unwritable)
{
  SmallMaterial s = {.bits = 64, .real = 1};
  Material      m;
  char          path[700];

  path_of(path, "no/such/folder.h5");
  ck_call(SmallRandom(PETSC_COMM_WORLD, &s, &m));
  ck_assert_int_eq(MaterialWrite(m, path, NULL), UMK_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), "cannot be written"));
  ErrorClear();
  path_of(path, "a-folder");
  mkdir(path, 0700);
  ck_assert_int_eq(MaterialWrite(m, path, NULL), UMK_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), "cannot be written"));
  ErrorClear();
  ck_call(MaterialDestroy(&m));
  free(s.g);
  snprintf(path, sizeof(path), "ls '%s' | grep -q part", folder);
  ck_assert_msg(system(path) != 0, "a temporary file was left behind");
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("native file");
  TCase *cases = tcase_create("file");

  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  tcase_add_test(cases, round_trip);
  tcase_add_test(cases, as_a_part);
  tcase_add_test(cases, phonons_alone);
  tcase_add_test(cases, provenance_is_stored);
  tcase_add_test(cases, not_a_material);
  tcase_add_test(cases, wrong_attributes);
  tcase_add_test(cases, wrong_datasets);
  tcase_add_test(cases, truncated_and_corrupted);
  tcase_add_test(cases, unwritable);
  suite_add_tcase(suite, cases);
  return suite;
}

int main(int argc, char **argv)
{
  const char *temporary = getenv("TMPDIR");
  char        command[600];
  int         failed;

  LogSetLevel(0);
  snprintf(folder, sizeof(folder), "%s/umklapp-native-XXXXXX", temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 1;
  failed = HarnessRun(argc, argv, make_suite);
  snprintf(command, sizeof(command), "rm -rf '%s'", folder);
  return system(command) || failed;
}

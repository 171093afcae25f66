/*
  The results file: what is written is what is read back, on any number of ranks; nothing is left behind without a commit; a place that
  cannot be written is said at once.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <hdf5.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glob.h>
#include "harness.h"
#include "umklapp/output.h"

static char folder[PETSC_MAX_PATH_LEN], path[PETSC_MAX_PATH_LEN + 16];

static void setup(void)
{
  TemporaryFolder(folder, sizeof folder);
  snprintf(path, sizeof path, "%s/r.h5", folder);
}

static void teardown(void)
{
  MPI_Barrier(PETSC_COMM_WORLD);
  unlink(path);
  rmdir(folder);
}

static size_t count_files(void)
{
  glob_t found;
  char   pattern[PETSC_MAX_PATH_LEN + 8];
  size_t n;
  MPI_Barrier(PETSC_COMM_WORLD);
  snprintf(pattern, sizeof pattern, "%s/*", folder);
  n = glob(pattern, 0, NULL, &found) ? 0 : found.gl_pathc;
  globfree(&found);
  MPI_Barrier(PETSC_COMM_WORLD);
  return n;
}

/* rows dealt unevenly; rank 1 holds none */
static ResultsPart deal(int axis, PetscInt n)
{
  int      rank, size;
  PetscInt per, first;
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  if (size == 1) return (ResultsPart){axis, 0, n};
  per   = n / (size - 1);
  first = rank < 2 ? 0 : (rank - 1) * per;
  if (rank == 1) return (ResultsPart){axis, per, 0};
  if (rank > 1) first = (rank - 1) * per;
  return (ResultsPart){axis, first, rank == size - 1 || size == 2 ? n - first : per};
}

static void read_back(const char *name, hid_t type, void *data)
{
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset;
  ck_assert(file >= 0);
  dataset = H5Dopen2(file, name, H5P_DEFAULT);
  ck_assert(dataset >= 0);
  ck_assert(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
  ck_assert(H5Aexists(dataset, "units") > 0 && H5Aexists(dataset, "axes") > 0 && H5Aexists(dataset, "description") > 0);
  H5Dclose(dataset);
  H5Fclose(file);
}

static PetscReal value(PetscInt i, PetscInt j, PetscInt k) { return 100.0 * i + 10.0 * j + k; }

START_TEST(arrays_come_back)
{
  Results         r;
  const PetscInt  n = 23, dims[3] = {2, n, 3};
  ResultsPart     part = deal(1, n);
  PetscReal       mine[2 * 23 * 3], all[2][23][3], points[3] = {1, NAN, 3}, again[3];
  int64_t         wide[23];
  PetscInt        numbers[23];

  for (PetscInt i = 0; i < 2; i++)
    for (PetscInt j = 0; j < part.count; j++)
      for (PetscInt k = 0; k < 3; k++) mine[(i * part.count + j) * 3 + k] = value(i, part.begin + j, k);
  for (PetscInt j = 0; j < part.count; j++) numbers[j] = 7 * (part.begin + j);
  ck_call(ResultsCreate(PETSC_COMM_WORLD, path, &r));
  ck_call(ResultsWriteProvenance(r, NULL));
  ck_call(ResultsWriteArray(r, "/points/a/b", 1, (PetscInt[]){3}, points, RESULTS_LABEL("K", "temperature", "test")));
  ck_call(ResultsWritePart(r, "/electrons/rate/x", 3, dims, &part, mine, RESULTS_LABEL("1/ps", "a, b, c", "test")));
  part.axis = 0;
  ck_call(ResultsWriteIntegersPart(r, "/electrons/band", 1, &n, &part, numbers, RESULTS_LABEL("1", "state", "test")));
  ck_call(ResultsWriteArray(r, "/empty", 1, (PetscInt[]){0}, NULL, RESULTS_LABEL("1", "none", "nothing")));
  ck_assert_uint_eq(count_files(), 2);
  ck_assert_int_ne(access(path, F_OK), 0); /* not under its name yet */
  ck_call(ResultsCommit(r));
  ck_call(ResultsDestroy(&r));
  ck_assert_ptr_null(r);
  ck_assert_uint_eq(count_files(), 1);
  read_back("/points/a/b", H5T_NATIVE_DOUBLE, again);
  ck_assert(again[0] == 1 && isnan(again[1]) && again[2] == 3);
  read_back("/electrons/rate/x", H5T_NATIVE_DOUBLE, all);
  for (PetscInt i = 0; i < 2; i++)
    for (PetscInt j = 0; j < n; j++)
      for (PetscInt k = 0; k < 3; k++) ck_assert(all[i][j][k] == value(i, j, k));
  read_back("/electrons/band", H5T_NATIVE_INT64, wide);
  for (PetscInt j = 0; j < n; j++) ck_assert_int_eq(wide[j], 7 * j);
}
END_TEST

START_TEST(attributes_come_back)
{
  Results r;
  char   *text, *again;
  int64_t ranks;
  int     size;
  hid_t   file, attribute, type;

  ck_call(PetscMalloc2(200001, &text, 200001, &again));
  memset(text, 'x', 200000);
  text[200000] = 0;
  ck_call(ResultsCreate(PETSC_COMM_WORLD, path, &r));
  ck_call(ResultsWriteProvenance(r, NULL));
  ck_call(ResultsWriteAttributeString(r, "/", "deck", text)); /* beyond the 64 kB of compact attributes; replaces one */
  ck_call(ResultsWriteAttributeReal(r, "/audit/full", "worst", 1.5));
  ck_call(ResultsCommit(r));
  ck_call(ResultsDestroy(&r));
  file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  ck_assert(file >= 0 && H5Aexists(file, "wall_time_s") > 0 && H5Aexists(file, "commit") > 0);
  attribute = H5Aopen(file, "deck", H5P_DEFAULT);
  type      = H5Aget_type(attribute);
  ck_assert(H5Aread(attribute, type, again) >= 0);
  ck_assert_str_eq(text, again);
  H5Tclose(type);
  H5Aclose(attribute);
  attribute = H5Aopen(file, "ranks", H5P_DEFAULT);
  ck_assert(H5Aread(attribute, H5T_NATIVE_INT64, &ranks) >= 0);
  MPI_Comm_size(PETSC_COMM_WORLD, &size);
  ck_assert_int_eq(ranks, size);
  H5Aclose(attribute);
  H5Fclose(file);
  ck_call(PetscFree2(text, again));
}
END_TEST

START_TEST(nothing_without_commit)
{
  Results r;

  ck_call(ResultsCreate(PETSC_COMM_WORLD, path, &r));
  ck_call(ResultsWriteProvenance(r, NULL));
  ck_call(ResultsDestroy(&r));
  ck_assert_uint_eq(count_files(), 0);
  ck_call(ResultsCreate(PETSC_COMM_WORLD, path, &r));
  ResultsAbandon(true);
  ck_assert_uint_eq(count_files(), 0);
  ck_call(ResultsDestroy(&r));
}
END_TEST

START_TEST(unwritable_is_said_at_once)
{
  Results r;
  char    missing[PETSC_MAX_PATH_LEN + 32];

  snprintf(missing, sizeof missing, "%s/no/r.h5", folder);
  ck_assert_int_eq(ResultsCreate(PETSC_COMM_WORLD, missing, &r), UMK_ERR_INPUT);
  ck_assert_ptr_null(r);
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), "cannot write"));
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), missing));
  ErrorClear();
  ck_assert_int_eq(ResultsCreate(PETSC_COMM_WORLD, folder, &r), UMK_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(ErrorMessage(), "folder"));
  ErrorClear();
  ck_assert_uint_eq(count_files(), 0);
}
END_TEST

/* A process apart that holds the lock of `path`, as another run's rank 0 would; ended by closing the pipe. */
static pid_t hold_lock(int *end)
{
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int          in[2], out[2], fd;
  char         name[PETSC_MAX_PATH_LEN + 32], byte = 0;
  pid_t        child;

  ck_assert(!pipe(in) && !pipe(out));
  child = fork();
  ck_assert_int_ge(child, 0);
  if (child) {
    close(in[0]);
    close(out[1]);
    ck_assert_int_eq(read(out[0], &byte, 1), 1);
    close(out[0]);
    *end = in[1];
    return child;
  }
  close(in[1]);
  snprintf(name, sizeof name, "%s.lock", path);
  fd = open(name, O_RDWR | O_CREAT, 0666);
  if (fd < 0 || fcntl(fd, F_SETLK, &all) || write(fd, "host far\nprocess 12\njob 34\nstart today\n", 39) != 39 || write(out[1], &byte, 1) != 1) _exit(1);
  (void)!read(in[0], &byte, 1);
  _exit(0);
}

static void refused(const char *what)
{
  Results r;

  ck_assert_int_eq(ResultsCreate(PETSC_COMM_WORLD, path, &r), UMK_ERR_INPUT);
  ck_assert_msg(strstr(ErrorMessage(), what) != NULL, "%s", ErrorMessage());
  ErrorClear();
}

static void granted(void)
{
  Results r;

  ck_call(ResultsCreate(PETSC_COMM_WORLD, path, &r));
  ck_assert_uint_eq(count_files(), 2);
  ck_call(ResultsDestroy(&r));
  ck_assert_uint_eq(count_files(), 0);
}

START_TEST(one_run_per_file)
{
  char  lock[PETSC_MAX_PATH_LEN + 32], part[PETSC_MAX_PATH_LEN + 32];
  int   rank, end = -1;
  pid_t child = 0;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  snprintf(lock, sizeof lock, "%s.lock", path);
  snprintf(part, sizeof part, "%s.part", path);
  if (!rank) {
    child = hold_lock(&end);
    fclose(fopen(part, "w")); /* the other run's */
  }
  refused("host far, process 12, job 34, since today");
  ck_assert_uint_eq(count_files(), 2);
  if (!rank) {
    close(end);
    waitpid(child, NULL, 0);
  }
  granted(); /* the lock died with its process, what it left is cleared away */
  granted();
}
END_TEST

static void leave_text(const char *host, long pid)
{
  char  lock[PETSC_MAX_PATH_LEN + 32];
  FILE *file;
  int   rank;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  MPI_Barrier(PETSC_COMM_WORLD);
  if (rank) return;
  snprintf(lock, sizeof lock, "%s.lock", path);
  file = fopen(lock, "w");
  ck_assert_ptr_nonnull(file);
  if (host) fprintf(file, "host %s\nprocess %ld\njob -\nstart today\n", host, pid);
  fclose(file);
}

START_TEST(no_locks_in_the_file_system)
{
  char   host[256] = "";
  int    rank;
  pid_t  gone;

  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  gethostname(host, sizeof host - 1);
  ck_call(PetscOptionsSetValue(NULL, "-output_lock_text", "1"));
  granted();
  leave_text("far", 1);
  refused("may be writing");
  leave_text(host, (long)getppid());
  refused("if it is no more, remove");
  gone = rank ? 0 : fork();
  if (!rank && !gone) _exit(0);
  if (gone) waitpid(gone, NULL, 0);
  leave_text(host, (long)gone);
  granted();
  leave_text(NULL, 0);
  granted();
  ck_call(PetscOptionsClearValue(NULL, "-output_lock_text"));
}
END_TEST

START_TEST(table_is_aligned)
{
  const ReportColumn columns[] = {{"T", "K", "%.0f"}, {"mobility", "cm²/V/s", "%.4g"}, {"level", NULL, NULL}};
  const char         expected[] = "    T  mobility  level\n    K   cm²/V/s       \n  100      1403   full\n  300         -    rta\n";
  char               text[256] = "";
  ReportTable        t;
  FILE              *out = fmemopen(text, sizeof text, "w");

  ck_call(ReportTableCreate(3, columns, &t));
  ck_call(ReportTableAddRow(t, (PetscReal[]){100, 1403.2, 0}, (const char *const[]){NULL, NULL, "full"}));
  ck_call(ReportTableAddRow(t, (PetscReal[]){300, NAN, 0}, (const char *const[]){NULL, NULL, "rta"}));
  ck_call(ReportTablePrint(t, out));
  ck_call(ReportTableDestroy(&t));
  fclose(out);
  ck_assert_str_eq(text, expected);
}
END_TEST

static Suite *make(void)
{
  Suite *s = suite_create("results");
  TCase *t = tcase_create("results");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, arrays_come_back);
  tcase_add_test(t, attributes_come_back);
  tcase_add_test(t, nothing_without_commit);
  tcase_add_test(t, unwritable_is_said_at_once);
  tcase_add_test(t, one_run_per_file);
  tcase_add_test(t, no_locks_in_the_file_system);
  tcase_add_test(t, table_is_aligned);
  suite_add_tcase(s, t);
  return s;
}
TEST_MAIN(make)

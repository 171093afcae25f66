/*
  Processes in checkpoints. A file holds what was found since the last one: under /C, C the collision's number in the run,

    point [n][2]           channel and wedge point of what is finished
    piece [m][COLUMNS]     pieces of these, and where their bytes begin
    bytes [total]          kernels, states, operations, energies of a piece, each array padded to 8 bytes, in this machine's order

  A piece knows nothing of ranks; a rank reads the pieces of the points that are dealt to it now.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint.h"

enum { CHANNEL, POINT, MEMBERS, PART, COUNT, FLAGS, OFFSET, BYTES, SPECIES, STOICHIOMETRY = SPECIES + PROCESS_MAX_MEMBERS, COLUMNS = STOICHIOMETRY + PROCESS_MAX_MEMBERS };
enum { HAS_STATE = 1, HAS_OP = 1 << PROCESS_MAX_MEMBERS, HAS_ENERGY = 1 << 2 * PROCESS_MAX_MEMBERS };

#define BUFFER ((size_t)32 << 20) /* bytes in one go */
#define SLOWEST 1e8 /* bytes/s of a disk until one has been seen at work */
#define ROWS   ((hsize_t)65536)   /* of a table */

static size_t padded(size_t bytes) { return (bytes + 7) / 8 * 8; }

/* --- a piece as bytes */

static void describe(const CollisionPiece *p, int64_t row[COLUMNS])
{
  const ProcessBatch *b = p->batch;
  const size_t        n = (size_t)b->count;
  size_t              bytes = padded(8 * n);

  memset(row, 0, sizeof(int64_t) * COLUMNS);
  for (int m = 0; m < b->nmembers; m++) {
    bytes += (b->state[m] ? padded(4 * n) : 0) + (b->op[m] ? padded(n) : 0) + (b->energy[m] ? padded(8 * n) : 0);
    row[FLAGS] |= ((b->state[m] ? HAS_STATE : 0) | (b->op[m] ? HAS_OP : 0) | (b->energy[m] ? HAS_ENERGY : 0)) << m;
    row[SPECIES + m]       = b->species[m];
    row[STOICHIOMETRY + m] = b->s[m];
  }
  row[CHANNEL] = p->channel;
  row[POINT]   = p->point;
  row[MEMBERS] = b->nmembers;
  row[PART]    = b->part;
  row[COUNT]   = (int64_t)n;
  row[BYTES]   = (int64_t)bytes;
}

static void put(char **at, const void *from, size_t bytes)
{
  if (!from) return;
  memcpy(*at, from, bytes);
  memset(*at + bytes, 0, padded(bytes) - bytes);
  *at += padded(bytes);
}

static void pack(const ProcessBatch *b, char *at)
{
  const size_t n = (size_t)b->count;
  put(&at, b->kernel, 8 * n);
  for (int m = 0; m < b->nmembers; m++) {
    put(&at, b->state[m], 4 * n);
    put(&at, b->op[m], n);
    put(&at, b->energy[m], 8 * n);
  }
}

static const void *get(const char **at, bool there, size_t bytes)
{
  const void *from = *at;
  if (!there) return NULL;
  *at += padded(bytes);
  return from;
}

/* A batch that borrows the bytes; false where they cannot be a piece's. */
static bool unpack(const int64_t row[COLUMNS], const char *at, ProcessBatch *b)
{
  const char  *begin = at;
  const size_t n     = (size_t)row[COUNT];

  memset(b, 0, sizeof(*b));
  if (row[MEMBERS] < 1 || row[MEMBERS] > PROCESS_MAX_MEMBERS || row[COUNT] < 0 || row[PART] < 0 || row[PART] >= CHANNEL_MAX_PARTS) return false;
  b->count    = (PetscInt)n;
  b->nmembers = (int)row[MEMBERS];
  b->part     = (int)row[PART];
  b->kernel   = get(&at, true, 8 * n);
  for (int m = 0; m < b->nmembers; m++) {
    b->species[m] = (Species)row[SPECIES + m];
    b->s[m]       = (signed char)row[STOICHIOMETRY + m];
    b->state[m]   = get(&at, row[FLAGS] >> m & HAS_STATE, 4 * n);
    b->op[m]      = get(&at, row[FLAGS] >> m & HAS_OP, n);
    b->energy[m]  = get(&at, row[FLAGS] >> m & HAS_ENERGY, 8 * n);
  }
  return at - begin == row[BYTES];
}

/* --- datasets of rows of any length; every rank writes, or reads, count rows from begin; of bytes: width 1 */

static bool create(hid_t file, const char *path, hid_t type, hsize_t total, hsize_t width, hid_t *dataset)
{
  const hsize_t dims[2] = {total, width};
  const hid_t   space = H5Screate_simple(2, dims, NULL), links = H5Pcreate(H5P_LINK_CREATE);

  *dataset = H5I_INVALID_HID;
  if (space >= 0 && links >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0) *dataset = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
  if (links >= 0) H5Pclose(links);
  if (space >= 0) H5Sclose(space);
  return *dataset >= 0;
}

static bool transfer(hid_t dataset, hid_t type, hsize_t begin, hsize_t count, hsize_t width, bool write, bool together, void *data)
{
  const hsize_t from[2] = {begin, 0}, size[2] = {count, width};
  const hid_t   space = H5Dget_space(dataset), memory = H5Screate_simple(2, size, NULL), how = H5Pcreate(H5P_DATASET_XFER);
  char          nothing = 0;
  bool          ok = space >= 0 && memory >= 0 && how >= 0 && H5Pset_dxpl_mpio(how, together ? H5FD_MPIO_COLLECTIVE : H5FD_MPIO_INDEPENDENT) >= 0;

  if (!count) ok = ok && H5Sselect_none(space) >= 0 && H5Sselect_none(memory) >= 0;
  else ok = ok && H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, size, NULL) >= 0;
  if (!data) data = &nothing;
  if (write) ok = ok && H5Dwrite(dataset, type, memory, space, how, data) >= 0;
  else ok = ok && H5Dread(dataset, type, memory, space, how, data) >= 0;
  if (how >= 0) H5Pclose(how);
  if (memory >= 0) H5Sclose(memory);
  if (space >= 0) H5Sclose(space);
  return ok;
}

/* --- writing */

typedef struct {
  PetscInt         npoints, npieces;
  const PetscInt (*point)[2];
  int64_t         *row;     /* [npieces][COLUMNS] */
  int64_t          bytes;
  int64_t          begin[3], total[3]; /* points, pieces, bytes: of this rank, of all */
} Fresh;

static PetscErrorCode list_fresh(Checkpoint c, Collision collision, bool *kept, Fresh *f)
{
  CollisionPiece piece;
  void          *at = NULL;

  PetscFunctionBeginUser;
  memset(f, 0, sizeof(*f));
  PetscCall(CollisionGetFresh(collision, &f->npoints, &f->point, kept));
  if (!*kept) PetscFunctionReturn(0);
  do {
    PetscCall(CollisionNextFresh(collision, &at, &piece));
    f->npieces += at != NULL;
  } while (at);
  PetscCall(PetscMalloc1((size_t)PetscMax(1, f->npieces) * COLUMNS, &f->row));
  for (PetscInt i = 0; i < f->npieces; i++) {
    int64_t *row = f->row + (size_t)i * COLUMNS;
    PetscCall(CollisionNextFresh(collision, &at, &piece));
    describe(&piece, row);
    row[OFFSET] = f->bytes;
    f->bytes += row[BYTES];
  }
  const int64_t mine[3] = {f->npoints, f->npieces, f->bytes};
  PetscCallMPI(MPI_Exscan(mine, f->begin, 3, MPI_INT64_T, MPI_SUM, c->comm));
  if (!c->rank) memset(f->begin, 0, sizeof(f->begin));
  PetscCallMPI(MPI_Allreduce(mine, f->total, 3, MPI_INT64_T, MPI_SUM, c->comm));
  for (PetscInt i = 0; i < f->npieces; i++) f->row[(size_t)i * COLUMNS + OFFSET] += f->begin[2];
  PetscFunctionReturn(0);
}

/* Tables are small: in one go. PetscInt points go as 64-bit numbers. */
static PetscErrorCode write_tables(Results r, const char *group, const Fresh *f)
{
  int64_t *point;
  char     path[64];
  hid_t    dataset;
  bool     ok;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(2 * (size_t)PetscMax(1, f->npoints), &point));
  for (PetscInt i = 0; i < 2 * f->npoints; i++) point[i] = f->point[i / 2][i % 2];
  snprintf(path, sizeof path, "%s/point", group);
  ok = create(r->file, path, H5T_NATIVE_INT64, (hsize_t)f->total[0], 2, &dataset);
  ok = ok && transfer(dataset, H5T_NATIVE_INT64, (hsize_t)f->begin[0], (hsize_t)f->npoints, 2, true, true, point);
  if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
  PetscCall(PetscFree(point));
  PetscCall(ResultsAgree(r, ok, path));
  if (!f->total[1]) PetscFunctionReturn(0);
  snprintf(path, sizeof path, "%s/piece", group);
  ok = create(r->file, path, H5T_NATIVE_INT64, (hsize_t)f->total[1], COLUMNS, &dataset);
  ok = ok && transfer(dataset, H5T_NATIVE_INT64, (hsize_t)f->begin[1], (hsize_t)f->npieces, COLUMNS, true, true, f->row);
  if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
  PetscCall(ResultsAgree(r, ok, path));
  PetscFunctionReturn(0);
}

/* This rank's bytes through a buffer; as many collective writes as the rank with most needs. */
static PetscErrorCode write_bytes(Checkpoint c, Results r, const char *group, Collision collision, const Fresh *f)
{
  CollisionPiece piece;
  void          *at   = NULL;
  hsize_t        begin = (hsize_t)f->begin[2];
  PetscInt       i    = 0;
  int            left;
  char           path[64], *buffer;
  hid_t          dataset;
  bool           ok;

  PetscFunctionBeginUser;
  snprintf(path, sizeof path, "%s/bytes", group);
  PetscCall(PetscMalloc1(BUFFER, &buffer));
  ok = create(r->file, path, H5T_NATIVE_UINT8, (hsize_t)f->total[2], 1, &dataset);
  do {
    size_t used = 0;
    for (; i < f->npieces && used + (size_t)f->row[(size_t)i * COLUMNS + BYTES] <= BUFFER; i++) {
      PetscCall(CollisionNextFresh(collision, &at, &piece));
      pack(piece.batch, buffer + used);
      used += (size_t)f->row[(size_t)i * COLUMNS + BYTES];
    }
    PetscCheck(used || i == f->npieces, PETSC_COMM_SELF, PETSC_ERR_PLIB, "a piece of %lld bytes", (long long)f->row[(size_t)i * COLUMNS + BYTES]);
    ok = ok && transfer(dataset, H5T_NATIVE_UINT8, begin, used, 1, true, true, buffer);
    begin += used;
    int state[2] = {!ok, i < f->npieces}; /* nobody goes on alone when one cannot */
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, state, 2, MPI_INT, MPI_MAX, c->comm));
    left = !state[0] && state[1];
  } while (left);
  if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
  PetscCall(PetscFree(buffer));
  PetscCall(ResultsAgree(r, ok, path));
  PetscFunctionReturn(0);
}

static PetscErrorCode next_segment(Checkpoint c, char name[32])
{
  bool state[2];

  PetscFunctionBeginUser;
  if (c->segment < 0) PetscCall(CheckpointLook(c, state, &c->segment));
  snprintf(name, 32, "processes-%04d.h5", (int)c->segment);
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointSaveProcesses(Checkpoint c, PetscInt which, Collision collision, PetscReal seconds, bool last)
{
  Results        r;
  PetscErrorCode code;
  Fresh          f;
  char           name[32], group[16];
  bool           kept;

  PetscFunctionBeginUser;
  PetscCall(list_fresh(c, collision, &kept, &f));
  if (!kept || !f.total[0]) {
    PetscCall(PetscFree(f.row));
    PetscFunctionReturn(0);
  }
  int fits = (PetscReal)f.total[2] <= seconds * (c->bytes > SLOWEST ? c->bytes / c->seconds : SLOWEST);
  PetscCallMPI(MPI_Bcast(&fits, 1, MPI_INT, 0, c->comm));
  if (!fits) {
    if (last) LogWarning("%.3g GiB of processes are not saved, it would take too long: they will be found anew", (double)f.total[2] / 1073741824.0);
    PetscCall(PetscFree(f.row));
    PetscFunctionReturn(0);
  }
  snprintf(group, sizeof group, "/%d", (int)which);
  PetscCall(next_segment(c, name));
  code = CheckpointFileCreate(c, name, "checkpoint processes", &r);
  if (!code) {
    code = ResultsReserve(r, 16 * (size_t)f.total[0] + 8 * COLUMNS * (size_t)f.total[1] + (size_t)f.total[2], "processes");
    if (!code) code = write_tables(r, group, &f);
    if (!code && f.total[2]) code = write_bytes(c, r, group, collision, &f);
    code = CheckpointFileEnd(c, code, &r);
  }
  PetscCall(PetscFree(f.row));
  if (code) PetscFunctionReturn(code);
  c->segment++;
  PetscCall(CollisionMarkSaved(collision));
  PetscFunctionReturn(0);
}

/* --- reading */

static hsize_t rows_of(hid_t dataset)
{
  const hid_t space   = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID;
  hsize_t     dims[2] = {0, 0};

  if (space >= 0 && H5Sget_simple_extent_ndims(space) == 2) H5Sget_simple_extent_dims(space, dims, NULL);
  if (space >= 0) H5Sclose(space);
  return dims[0];
}

/* Points of the file that this rank wants */
static PetscErrorCode read_points(hid_t dataset, Collision collision, PetscInt *n, PetscInt (**wanted)[2], bool *ok)
{
  const hsize_t total = rows_of(dataset);
  PetscInt      capacity = 0;
  int64_t     (*row)[2];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(ROWS, &row));
  for (hsize_t begin = 0; begin < total; begin += ROWS) {
    const hsize_t count = PetscMin(ROWS, total - begin);
    *ok = transfer(dataset, H5T_NATIVE_INT64, begin, count, 2, false, true, row) && *ok; /* collective, whatever was before */
    for (hsize_t i = 0; *ok && i < count; i++) {
      bool wants;
      PetscCall(CollisionWants(collision, (PetscInt)row[i][0], (PetscInt)row[i][1], &wants));
      if (!wants) continue;
      if (*n == capacity) {
        capacity = PetscMax(256, 2 * capacity);
        PetscCall(PetscRealloc(sizeof(**wanted) * (size_t)capacity, wanted));
      }
      (*wanted)[*n][0]     = (PetscInt)row[i][0];
      (*wanted)[(*n)++][1] = (PetscInt)row[i][1];
    }
  }
  PetscCall(PetscFree(row));
  PetscFunctionReturn(0);
}

/* Pieces first ... last of a table, bytes that follow each other */
static PetscErrorCode restore_run(hid_t bytes, Collision collision, const int64_t (*row)[COLUMNS], hsize_t n, char *buffer, PetscReal *restored, bool *ok)
{
  const int64_t begin = row[0][OFFSET], size = row[n - 1][OFFSET] + row[n - 1][BYTES] - begin;

  PetscFunctionBeginUser;
  *ok = *ok && bytes >= 0 && transfer(bytes, H5T_NATIVE_UINT8, (hsize_t)begin, (hsize_t)size, 1, false, false, buffer);
  for (hsize_t i = 0; *ok && i < n; i++) {
    ProcessBatch         batch;
    const CollisionPiece piece = {(PetscInt)row[i][CHANNEL], (PetscInt)row[i][POINT], &batch};
    *ok = unpack(row[i], buffer + (row[i][OFFSET] - begin), &batch);
    if (*ok) PetscCall(CollisionRestore(collision, &piece));
    *restored += (PetscReal)batch.count;
  }
  PetscFunctionReturn(0);
}

static int by_point(const void *a, const void *b)
{
  const PetscInt *x = a, *y = b;
  if (x[0] != y[0]) return (x[0] > y[0]) - (x[0] < y[0]);
  return (x[1] > y[1]) - (x[1] < y[1]);
}

static bool is_wanted(const int64_t row[COLUMNS], PetscInt n, PetscInt (*wanted)[2])
{
  const PetscInt key[2] = {(PetscInt)row[CHANNEL], (PetscInt)row[POINT]};
  return n > 0 && bsearch(key, wanted, (size_t)n, sizeof *wanted, by_point);
}

/* wanted [n]: finished points of this file, sorted */
static PetscErrorCode read_pieces(hid_t pieces, hid_t bytes, Collision collision, PetscInt n, PetscInt (*wanted)[2], PetscReal *restored, bool *ok)
{
  const hsize_t total = rows_of(pieces);
  int64_t     (*row)[COLUMNS];
  char         *buffer;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(ROWS, &row, BUFFER, &buffer));
  for (hsize_t begin = 0; begin < total; begin += ROWS) {
    const hsize_t count = PetscMin(ROWS, total - begin);
    *ok = transfer(pieces, H5T_NATIVE_INT64, begin, count, COLUMNS, false, true, row) && *ok;
    for (hsize_t i = 0, j; *ok && i < count; i = PetscMax(i + 1, j)) {
      for (j = i; j < count; j++) {
        const bool wants = is_wanted(row[j], n, wanted);
        *ok = *ok && row[j][BYTES] >= 0 && (size_t)row[j][BYTES] <= BUFFER;
        if (!wants || !*ok || (j > i && row[j][OFFSET] != row[j - 1][OFFSET] + row[j - 1][BYTES]) || (size_t)(row[j][OFFSET] + row[j][BYTES] - row[i][OFFSET]) > BUFFER) break;
      }
      if (j > i) PetscCall(restore_run(bytes, collision, (const int64_t(*)[COLUMNS])(row + i), j - i, buffer, restored, ok));
    }
  }
  PetscCall(PetscFree2(row, buffer));
  PetscFunctionReturn(0);
}

/* What is there of this collision in one open file */
static PetscErrorCode load(Checkpoint c, const char *path, hid_t file, PetscInt which, Collision collision, PetscReal *restored)
{
  static const char *const name[3] = {"point", "piece", "bytes"};
  hid_t          dataset[3];
  PetscInt       n = 0, (*wanted)[2] = NULL;
  PetscErrorCode code = 0;
  char           text[64];
  bool           ok = true;

  PetscFunctionBeginUser;
  for (int k = 0; k < 3; k++) {
    snprintf(text, sizeof text, "/%d", (int)which);
    dataset[k] = H5I_INVALID_HID;
    if (H5Lexists(file, text, H5P_DEFAULT) <= 0) continue;
    snprintf(text, sizeof text, "/%d/%s", (int)which, name[k]);
    if (H5Lexists(file, text, H5P_DEFAULT) > 0) dataset[k] = H5Dopen2(file, text, H5P_DEFAULT);
  }
  PetscCall(read_points(dataset[0], collision, &n, &wanted, &ok));
  if (n > 0) qsort(wanted, (size_t)n, sizeof *wanted, by_point);
  PetscCall(read_pieces(dataset[1], dataset[2], collision, n, wanted, restored, &ok));
  for (PetscInt i = 0; ok && i < n; i++) PetscCall(CollisionRestoreDone(collision, wanted[i][0], wanted[i][1]));
  PetscCall(PetscFree(wanted));
  for (int k = 0; k < 3; k++)
    if (dataset[k] >= 0) H5Dclose(dataset[k]);
  if (!ok) code = InputErrorAt(path, 0, "is damaged: remove it and begin again with --restart; its processes are found anew then");
  PetscCall(ErrorAgree(c->comm, code));
  PetscFunctionReturn(0);
}

static PetscErrorCode load_file(Checkpoint c, PetscInt segment, PetscInt which, Collision collision, PetscReal *restored)
{
  const size_t   length = strlen(c->folder) + 32;
  PetscErrorCode code;
  hid_t          file;
  char          *path;
  int            there;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(length, &path));
  snprintf(path, length, "%s/processes-%04d.h5", c->folder, (int)segment);
  there = !c->rank && !access(path, F_OK);
  PetscCallMPI(MPI_Bcast(&there, 1, MPI_INT, 0, c->comm));
  file = there ? CheckpointFileOpen(c, path) : H5I_INVALID_HID;
  if (there && file < 0) LogWarning("%s is damaged and passed over: its processes are found anew", path);
  if (file >= 0) {
    code = CheckpointFileCheck(c, path, file);
    if (!code) code = load(c, path, file, which, collision, restored);
    H5Fclose(file);
    PetscCall(PetscFree(path));
    PetscFunctionReturn(code);
  }
  PetscCall(PetscFree(path));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointLoadProcesses(Checkpoint c, PetscInt which, Collision collision, PetscReal *restored)
{
  bool     state[2];
  PetscInt segments;

  PetscFunctionBeginUser;
  *restored = 0.0;
  PetscCall(CheckpointLook(c, state, &segments));
  for (PetscInt i = 0; i < segments; i++) PetscCall(load_file(c, i, which, collision, restored));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, restored, 1, MPIU_REAL, MPI_SUM, c->comm));
  PetscFunctionReturn(0);
}

/* Reader of the native material file: docs/material-file.md. Rank 0 reads; whatever is wrong with a file is one line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "native_impl.h"
#include <errno.h>

#define ITEMS 32

typedef struct {
  char       *path;
  hid_t       file, coupling;
  hsize_t     shape[NATIVE_RANK]; /* of the coupling: blocks, displacement, ket, bra */
  int         bits;
  PetscInt    nRp;
  uint8_t    *present;            /* [nRe][nRp] */
  PetscInt   *first;              /* [nRe + 1] first block of each electron vector */
  H5E_auto2_t report;             /* HDF5's own way to tell errors, put back at the end */
  void       *report_context;
} Native;

static PetscErrorCode get_number(const Native *f, const char *name, PetscInt least, PetscInt most, PetscInt *value)
{
  int64_t      number;
  const hid_t  attribute = H5Aopen(f->file, name, H5P_DEFAULT);
  const herr_t status    = attribute >= 0 ? H5Aread(attribute, H5T_NATIVE_INT64, &number) : -1;

  PetscFunctionBeginUser;
  if (attribute >= 0) H5Aclose(attribute);
  if (status < 0) return InputErrorAt(f->path, 0, "is not a complete material file: attribute %s is missing", name);
  if (number < least || number > most) return InputErrorAt(f->path, 0, "attribute %s is %lld, not between %d and %d", name, (long long)number, (int)least, (int)most);
  *value = (PetscInt)number;
  PetscFunctionReturn(0);
}

/* A string attribute, allocated; NULL when there is none */
static PetscErrorCode get_text(hid_t file, const char *name, char **text)
{
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = attribute >= 0 ? H5Aget_type(attribute) : -1;

  PetscFunctionBeginUser;
  *text = NULL;
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type) && H5Tget_size(type) < 10000000) {
    PetscCall(PetscCalloc1(H5Tget_size(type) + 1, text));
    if (H5Aread(attribute, type, *text) < 0) PetscCall(PetscFree(*text));
  }
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  PetscFunctionReturn(0);
}

static PetscErrorCode check_format(const Native *f)
{
  char    *format;
  bool     right;
  PetscInt version = 0;

  PetscFunctionBeginUser;
  PetscCall(get_text(f->file, "format", &format));
  right = format && !strcmp(format, NATIVE_FORMAT);
  if (!right) {
    const bool         named = format != NULL;
    const PetscErrorCode code = InputErrorAt(f->path, 0, "is an HDF5 file, but not an umklapp material%s%.60s%s", named ? " (its format is \"" : "", named ? format : "", named ? "\")" : "");
    PetscCall(PetscFree(format));
    return code;
  }
  PetscCall(PetscFree(format));
  PetscCall(get_number(f, "format_version", 0, 1000000, &version));
  if (version != NATIVE_VERSION) return InputErrorAt(f->path, 0, "has format version %d; this program reads %d: import it again", (int)version, NATIVE_VERSION);
  PetscFunctionReturn(0);
}

/* Files of before these attributes existed: the source's images */
static PetscErrorCode read_interpolation(const Native *f, WannierHead *h)
{
  char *text;
  int   found = -1;

  PetscFunctionBeginUser;
  PetscCall(get_text(f->file, "interpolation", &text));
  if (!text) PetscFunctionReturn(0);
  for (int i = 0; i < 3; i++)
    if (!strcmp(text, native_interpolation[i])) found = i;
  if (found < 0) {
    const PetscErrorCode code = InputErrorAt(f->path, 0, "attribute interpolation is \"%.60s\", not source, redistributed or symmetric", text);
    PetscCall(PetscFree(text));
    return code;
  }
  PetscCall(PetscFree(text));
  h->interpolation = found;
  PetscCall(get_number(f, "symmetrized", 0, 1, &h->symmetrized));
  for (int i = 0; i < 4; i++) {
    const hid_t  attribute = H5Aopen(f->file, native_moved[i], H5P_DEFAULT);
    const herr_t status    = attribute >= 0 ? H5Aread(attribute, H5T_NATIVE_DOUBLE, &h->moved[i]) : -1;

    if (attribute >= 0) H5Aclose(attribute);
    if (status < 0) return InputErrorAt(f->path, 0, "is not a complete material file: attribute %s is missing", native_moved[i]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_head(const Native *f, WannierSource *s)
{
  WannierHead *h = &s->head;
  char        *name;
  const struct {
    const char *name;
    PetscInt    least, most, *value;
  } numbers[] = {{"wannier_functions", 0, 1000, &h->nb}, {"modes", 3, 3000, &h->nm}, {"atoms", 1, 1000, &h->natoms}, {"spin_degeneracy", 1, 2, &h->spin}, {"valence", 0, 100000, &h->nvalence}, {"metal", 0, 1, &h->metal},
                 {"dimension", 2, 3, &h->dimension}, {"polar", 0, 1, &h->polar}, {"position_matrix", 0, 1, &h->has_position}, {"electron_vectors", 0, 10000000, &h->nRk}, {"phonon_vectors", 1, 10000000, &h->nRq},
                 {"coupling_electron_vectors", 0, 10000000, &h->nRe}, {"coupling_phonon_vectors", 0, 10000000, &h->nRp}, {"coupling_bits", 32, 64, &h->g_bits}, {"coupling_real", 0, 1, &h->g_real}, {"use_ws", 0, 1, &h->use_ws},
                 {"coarse_k1", 1, 1000, &h->coarse_k[0]}, {"coarse_k2", 1, 1000, &h->coarse_k[1]}, {"coarse_k3", 1, 1000, &h->coarse_k[2]}, {"coarse_q1", 1, 1000, &h->coarse_q[0]}, {"coarse_q2", 1, 1000, &h->coarse_q[1]},
                 {"coarse_q3", 1, 1000, &h->coarse_q[2]}};

  PetscFunctionBeginUser;
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) PetscCall(get_number(f, numbers[i].name, numbers[i].least, numbers[i].most, numbers[i].value));
  if (h->nm != 3 * h->natoms) return InputErrorAt(f->path, 0, "%d modes do not fit %d atoms", (int)h->nm, (int)h->natoms);
  if ((h->nRe == 0) != (h->nRp == 0) || (h->g_bits != 32 && h->g_bits != 64)) return InputErrorAt(f->path, 0, "the coupling's sizes (%d x %d vectors, %d bits) cannot be", (int)h->nRe, (int)h->nRp, (int)h->g_bits);
  if ((h->nb == 0) != (h->nRk == 0) || (h->nb == 0 && h->nRe > 0)) return InputErrorAt(f->path, 0, "%d Wannier functions do not fit %d lattice vectors and %d of the coupling", (int)h->nb, (int)h->nRk, (int)h->nRe);
  if (H5Aexists(f->file, "third_order_triplets") > 0) PetscCall(get_number(f, "third_order_triplets", 0, 50000000, &h->nT)); /* not in files of before */
  PetscCall(read_interpolation(f, h));
  PetscCall(get_text(f->file, "name", &name));
  snprintf(h->name, sizeof(h->name), "%.63s", name ? name : "material");
  PetscCall(PetscFree(name));
  PetscCall(get_text(f->file, "provenance", &s->provenance));
  PetscFunctionReturn(0);
}

/* Open a dataset and compare its shape */
static PetscErrorCode open_dataset(const Native *f, const char *name, int rank, const hsize_t *shape, bool integer, hid_t *dataset)
{
  hsize_t found[H5S_MAX_RANK];
  bool    same;

  PetscFunctionBeginUser;
  /* chunks span several of the slabs that are read in turn: keep the last ones decompressed */
  const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
  if (access >= 0) H5Pset_chunk_cache(access, 521, (size_t)8 << 20, 0.75);
  *dataset = H5Dopen2(f->file, name, access);
  if (access >= 0) H5Pclose(access);
  if (*dataset < 0) return InputErrorAt(f->path, 0, "is not a complete material file: dataset %s is missing or damaged", name);
  const hid_t space = H5Dget_space(*dataset), type = H5Dget_type(*dataset);
  same = space >= 0 && H5Sget_simple_extent_ndims(space) == rank && H5Sget_simple_extent_dims(space, found, NULL) >= 0;
  for (int i = 0; same && i < rank; i++) same = found[i] == shape[i];
  const bool right = type >= 0 && H5Tget_class(type) == (integer ? H5T_INTEGER : H5T_FLOAT);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (same && right) PetscFunctionReturn(0);
  H5Dclose(*dataset);
  return InputErrorAt(f->path, 0, "dataset %s has the wrong %s", name, same ? "type" : "shape");
}

static PetscErrorCode check_finite(const Native *f, const char *name, size_t n, const PetscReal *x)
{
  PetscFunctionBeginUser;
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return InputErrorAt(f->path, 0, "dataset %s holds %g at position %zu", name, x[i], i);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_item(const Native *f, const NativeItem *item)
{
  hid_t  dataset;
  herr_t status;
  size_t n    = 1;
  void  *data = item->data;

  PetscFunctionBeginUser;
  PetscCall(open_dataset(f, item->path, item->rank, item->shape, item->integer, &dataset));
  for (int i = 0; i < item->rank; i++) n *= (size_t)item->shape[i];
  if (item->allocate) {
    PetscCall(PetscMalloc(n * (item->integer ? sizeof(int) : sizeof(PetscReal)), item->allocate));
    data = *item->allocate;
  }
  status = H5Dread(dataset, item->integer ? H5T_NATIVE_INT : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(dataset);
  if (status < 0) return InputErrorAt(f->path, 0, "dataset %s is damaged", item->path);
  if (!item->integer) PetscCall(check_finite(f, item->path, n, data));
  PetscFunctionReturn(0);
}

static PetscErrorCode check_physics(const Native *f, const WannierSource *s)
{
  PetscFunctionBeginUser;
  if (!(fabs(Det3((const PetscReal(*)[3])s->head.a)) > 1e-6)) return InputErrorAt(f->path, 0, "the lattice vectors span no volume");
  for (PetscInt i = 0; i < s->head.natoms; i++)
    if (!(s->mass[i] > 0.0)) return InputErrorAt(f->path, 0, "atom %d has mass %g", (int)i + 1, s->mass[i]);
  for (PetscInt i = 0; i < 3 * s->head.nT; i++)
    if (s->T_atom[i / 3][i % 3] < 0 || s->T_atom[i / 3][i % 3] >= s->head.natoms)
      return InputErrorAt(f->path, 0, "phonons/third_order/atoms: triplet %d names atom %d; the atoms are 0 to %d", (int)(i / 3), s->T_atom[i / 3][i % 3], (int)s->head.natoms - 1);
  for (PetscInt i = 0; i < 6 * s->head.nT; i++)
    if (abs(s->T_R[i / 6][i / 3 % 2][i % 3]) > 1000) return InputErrorAt(f->path, 0, "phonons/third_order/vectors: triplet %d reaches %d cells away", (int)(i / 6), s->T_R[i / 6][i / 3 % 2][i % 3]);
  PetscFunctionReturn(0);
}

/* --- coupling: one electron vector at a time ------------------------------------------------------------------- */

/* Blocks of electron vector i, spread to their places among the phonon vectors */
static PetscErrorCode read_slab(void *ctx, PetscInt i, void *slab)
{
  Native       *f                  = ctx;
  const hsize_t n                  = (hsize_t)(f->first[i + 1] - f->first[i]), elements = f->shape[1] * f->shape[2] * f->shape[3];
  const size_t  block              = (size_t)elements * (size_t)(f->bits / 8);
  hsize_t       start[NATIVE_RANK] = {(hsize_t)f->first[i]}, count[NATIVE_RANK] = {n, f->shape[1], f->shape[2], f->shape[3]};
  herr_t        status             = -1;
  char         *rows, *from;

  PetscFunctionBeginUser;
  memset(slab, 0, block * (size_t)f->nRp);
  if (n == 0) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(block * n, &rows));
  const hid_t space = H5Dget_space(f->coupling), memory = H5Screate_simple(4, count, NULL);
  if (space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0)
    status = H5Dread(f->coupling, f->bits == 32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, rows);
  if (space >= 0) H5Sclose(space);
  if (memory >= 0) H5Sclose(memory);
  bool   finite = true;
  size_t bad    = 0;
  for (size_t c = 0; status >= 0 && finite && c < elements * n; c++) {
    finite = isfinite(f->bits == 32 ? ((float *)rows)[c] : ((PetscReal *)rows)[c]);
    bad    = c;
  }
  from = rows;
  for (PetscInt ip = 0; ip < f->nRp; ip++) {
    if (!f->present[(size_t)i * (size_t)f->nRp + (size_t)ip]) continue;
    memcpy((char *)slab + block * (size_t)ip, from, block);
    from += block;
  }
  PetscCall(PetscFree(rows));
  if (status < 0) return InputErrorAt(f->path, 0, "dataset coupling/g is damaged (electron vector %d)", (int)i);
  if (!finite) return InputErrorAt(f->path, 0, "dataset coupling/g holds a number that is not finite (electron vector %d, element %zu)", (int)i, bad);
  PetscFunctionReturn(0);
}

/* Which pairs of vectors have a block, and where each electron vector's begin */
static PetscErrorCode read_present(Native *f, WannierSource *s)
{
  const PetscInt nRe = s->head.nRe, nRp = s->head.nRp;
  int           *flag = NULL;
  NativeItem     item = {.path = "coupling/present", .integer = true, .rank = 2, .shape = {(hsize_t)nRe, (hsize_t)nRp}, .allocate = (void **)&flag};

  PetscFunctionBeginUser;
  PetscCall(read_item(f, &item));
  f->nRp = nRp;
  PetscCall(PetscMalloc1((size_t)nRe * (size_t)nRp, &s->present));
  PetscCall(PetscMalloc1((size_t)nRe * (size_t)nRp, &f->present));
  PetscCall(PetscMalloc1(nRe + 1, &f->first));
  f->first[0] = 0;
  for (PetscInt e = 0; e < nRe; e++) {
    f->first[e + 1] = f->first[e];
    for (PetscInt p = 0; p < nRp; p++) {
      const size_t at = (size_t)e * (size_t)nRp + (size_t)p;
      f->present[at] = s->present[at] = flag[at] != 0;
      f->first[e + 1] += flag[at] != 0;
    }
  }
  PetscCall(PetscFree(flag));
  PetscFunctionReturn(0);
}

static PetscErrorCode open_coupling(Native *f, WannierSource *s)
{
  const WannierHead *h = &s->head;

  PetscFunctionBeginUser;
  PetscCall(read_present(f, s));
  const hsize_t shape[NATIVE_RANK] = {(hsize_t)f->first[h->nRe], (hsize_t)h->nm, (hsize_t)h->nb, (hsize_t)(h->nb * (h->g_real ? 1 : 2))};
  PetscCall(open_dataset(f, "coupling/g", 4, shape, false, &f->coupling));
  const hid_t attribute = H5Aopen(f->coupling, "mantissa_bits", H5P_DEFAULT);
  int64_t     bits      = 0;
  if (attribute >= 0) {
    H5Aread(attribute, H5T_NATIVE_INT64, &bits);
    H5Aclose(attribute);
  }
  s->head.mantissa_bits = (PetscInt)bits;
  memcpy(f->shape, shape, sizeof(shape));
  f->bits        = (int)h->g_bits;
  s->by_electron = true;
  s->read_slab   = read_slab;
  PetscFunctionReturn(0);
}

static PetscErrorCode read_file(Native *f, WannierSource *s)
{
  NativeItem items[ITEMS];
  int        n;

  PetscFunctionBeginUser;
  PetscCall(check_format(f));
  PetscCall(read_head(f, s));
  n = NativeItems(s, ITEMS, items);
  for (int i = 0; i < n; i++)
    if (!items[i].optional) PetscCall(read_item(f, &items[i]));
  PetscCall(check_physics(f, s));
  if (s->head.nRe > 0) PetscCall(open_coupling(f, s));
  PetscFunctionReturn(0);
}

static PetscErrorCode open_native(Native *f, WannierSource *s)
{
  FILE *probe = fopen(f->path, "rb");

  PetscFunctionBeginUser;
  if (!probe) return InputErrorAt(f->path, 0, "cannot be read: %s", strerror(errno));
  fclose(probe);
  if (H5Fis_hdf5(f->path) <= 0) return InputErrorAt(f->path, 0, "is not an HDF5 file");
  f->file = H5Fopen(f->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (f->file < 0) return InputErrorAt(f->path, 0, "is a damaged or truncated HDF5 file");
  PetscCall(read_file(f, s));
  PetscFunctionReturn(0);
}

static PetscErrorCode close_native(void *ctx)
{
  Native *f = ctx;

  PetscFunctionBeginUser;
  if (f->coupling >= 0) H5Dclose(f->coupling);
  if (f->file >= 0) H5Fclose(f->file);
  H5Eset_auto2(H5E_DEFAULT, f->report, f->report_context);
  PetscCall(PetscFree(f->present));
  PetscCall(PetscFree(f->first));
  PetscCall(PetscFree(f->path));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(0);
}

PetscErrorCode NativeOpen(const char *path, WannierSource *s)
{
  Native *f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  PetscCall(PetscStrallocpy(path, &f->path));
  f->file = f->coupling = -1;
  s->ctx   = f;
  s->close = close_native;
  H5Eget_auto2(H5E_DEFAULT, &f->report, &f->report_context); /* HDF5 keeps quiet until the source is closed: errors are ours to tell */
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  PetscCall(open_native(f, s));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialCreateFromFile(MPI_Comm comm, const char *path, Material *m)
{
  WannierSource  s    = {0};
  PetscErrorCode code = 0;
  int            rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) code = NativeOpen(path, &s);
  code = ErrorAgree(comm, code);
  if (!code) code = WannierCreate(comm, &s, m);
  PetscCall(WannierSourceDestroy(&s));
  PetscCall(code);
  PetscFunctionReturn(0);
}

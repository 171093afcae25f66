/* Force constants of phonopy and phono3py, text and HDF5: see phonopy.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"
#include "fortran_text.h"
#include <errno.h>

#define ATOMS_MOST 100000

PetscErrorCode SecondOrderDestroy(SecondOrder *fc)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(fc->row_atom));
  PetscCall(PetscFree(fc->fc));
  fc->nrows = fc->n = 0;
  PetscFunctionReturn(0);
}

/* --- FORCE_CONSTANTS ------------------------------------------------------------------------------------------ */

static PetscErrorCode read_text(FortranText *t, PetscReal unit, SecondOrder *fc)
{
  PetscInt pair[2];

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, "number of atoms", 1, ATOMS_MOST, 1, &fc->nrows));
  fc->n = fc->nrows;
  if (FortranTextMoreOnLine(t)) PetscCall(FortranTextInt(t, "number of atoms of the supercell", 1, ATOMS_MOST, 1, &fc->n));
  PetscCall(FortranTextExpect(t, "force constants", 22.0 * (PetscReal)fc->nrows * (PetscReal)fc->n));
  PetscCall(PetscMalloc1(fc->nrows, &fc->row_atom));
  PetscCall(PetscMalloc1((size_t)fc->nrows * (size_t)fc->n * 9, &fc->fc));
  for (PetscInt i = 0; i < fc->nrows; i++)
    for (PetscInt j = 0; j < fc->n; j++) {
      PetscReal *block = &fc->fc[((size_t)i * (size_t)fc->n + (size_t)j) * 9];

      PetscCall(FortranTextInt(t, "pair of atoms", 1, (int)fc->n, 2, pair));
      if (j == 0) fc->row_atom[i] = pair[0] - 1;
      if (pair[0] != fc->row_atom[i] + 1 || pair[1] != j + 1) return InputErrorAt(t->path, t->line, "atoms %d %d where %d %d should come", (int)pair[0], (int)pair[1], (int)fc->row_atom[i] + 1, (int)j + 1);
      PetscCall(FortranTextReal(t, "force constants", 9, block));
      for (int c = 0; c < 9; c++) block[c] *= unit;
    }
  PetscCall(FortranTextEnd(t, "the force constants"));
  PetscFunctionReturn(0);
}

PetscErrorCode SecondOrderReadText(const char *path, PetscReal unit, SecondOrder *fc)
{
  FortranText    t;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  memset(fc, 0, sizeof(*fc));
  PetscCall(FortranTextOpen(path, &t));
  code = read_text(&t, unit, fc);
  PetscCall(FortranTextClose(&t));
  if (code) PetscCall(SecondOrderDestroy(fc));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- HDF5 ------------------------------------------------------------------------------------------------------- */

/* Opens `name` and hands out its shape, which must have `rank` axes, the last of them 3. missing: nothing wrong when it is not there */
static PetscErrorCode open_dataset(const char *path, hid_t file, const char *name, int rank, int axes, bool missing, hid_t *dataset, hsize_t shape[8])
{
  int found = -1;

  PetscFunctionBeginUser;
  *dataset = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Dopen2(file, name, H5P_DEFAULT) : -1;
  if (*dataset < 0 && missing) PetscFunctionReturn(0);
  if (*dataset < 0) return InputErrorAt(path, 0, "has no dataset %s", name);
  const hid_t space = H5Dget_space(*dataset);
  if (space >= 0) found = H5Sget_simple_extent_ndims(space);
  if (found == rank) H5Sget_simple_extent_dims(space, shape, NULL);
  if (space >= 0) H5Sclose(space);
  if (found != rank) return InputErrorAt(path, 0, "dataset %s has %d axes where %d should be", name, found, rank);
  for (int i = axes; i < rank; i++)
    if (shape[i] != 3) return InputErrorAt(path, 0, "dataset %s: axis %d is of length %lld where 3 should be", name, i + 1, (long long)shape[i]);
  for (int i = 0; i < axes; i++)
    if (shape[i] < 1 || shape[i] > ATOMS_MOST) return InputErrorAt(path, 0, "dataset %s: axis %d is of length %lld", name, i + 1, (long long)shape[i]);
  PetscFunctionReturn(0);
}

/* p2s_map: the atom of the supercell that each row is; NULL when there is none or every atom has a row */
static PetscErrorCode read_rows(const char *path, hid_t file, PetscInt nrows, PetscInt n, PetscInt **row_atom)
{
  hid_t   map;
  hsize_t shape[8];
  int    *atoms;

  PetscFunctionBeginUser;
  *row_atom = NULL;
  PetscCall(open_dataset(path, file, "p2s_map", 1, 1, true, &map, shape));
  if (map < 0) PetscFunctionReturn(0);
  if (nrows == n || shape[0] != (hsize_t)nrows) {
    H5Dclose(map);
    if (nrows == n) PetscFunctionReturn(0);
    return InputErrorAt(path, 0, "p2s_map names %lld atoms, the force constants have %d rows", (long long)shape[0], (int)nrows);
  }
  PetscCall(PetscMalloc1(nrows, &atoms));
  PetscCall(PetscMalloc1(nrows, row_atom));
  const herr_t status = H5Dread(map, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, atoms);
  H5Dclose(map);
  for (PetscInt i = 0; i < nrows; i++) (*row_atom)[i] = atoms[i];
  PetscCall(PetscFree(atoms));
  if (status < 0) return InputErrorAt(path, 0, "dataset p2s_map cannot be read");
  for (PetscInt i = 0; i < nrows; i++)
    if ((*row_atom)[i] < 0 || (*row_atom)[i] >= n) return InputErrorAt(path, 0, "p2s_map names atom %d of %d", (int)(*row_atom)[i], (int)n);
  PetscFunctionReturn(0);
}

/* physical_unit of the file, when it is there */
static PetscErrorCode read_unit(const char *path, hid_t file, PetscReal *unit)
{
  const hid_t data = H5Lexists(file, "physical_unit", H5P_DEFAULT) > 0 ? H5Dopen2(file, "physical_unit", H5P_DEFAULT) : -1, type = data >= 0 ? H5Dget_type(data) : -1, space = data >= 0 ? H5Dget_space(data) : -1;
  char        text[64] = "", *variable = NULL;

  PetscFunctionBeginUser;
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1) {
    if (H5Tis_variable_str(type) > 0) {
      if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &variable) >= 0 && variable) snprintf(text, sizeof(text), "%s", variable);
      if (variable) H5free_memory(variable);
    } else if (H5Tget_size(type) < sizeof(text) && H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0) text[H5Tget_size(type)] = 0;
  }
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (data >= 0) H5Dclose(data);
  if (text[0]) PetscCall(PhonopyUnit(path, text, "hartree/bohr^2", unit));
  PetscFunctionReturn(0);
}

static PetscErrorCode check_finite(const char *path, const char *name, const PetscReal *x, PetscInt first, PetscInt n, int width)
{
  PetscFunctionBeginUser;
  for (size_t i = 0; i < (size_t)n * (size_t)width; i++)
    if (!isfinite(x[i])) return InputErrorAt(path, 0, "dataset %s holds a number that is not finite (row %d, element %zu)", name, (int)first + 1, i);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_second(const char *path, hid_t file, hid_t *dataset, PetscReal unit, SecondOrder *fc)
{
  const char *name = H5Lexists(file, "fc2", H5P_DEFAULT) > 0 ? "fc2" : "force_constants"; /* fc2: before version 1.13 of phono3py */
  hsize_t     shape[8];

  PetscFunctionBeginUser;
  PetscCall(open_dataset(path, file, name, 4, 2, false, dataset, shape));
  fc->nrows = (PetscInt)shape[0];
  fc->n     = (PetscInt)shape[1];
  PetscCall(read_rows(path, file, fc->nrows, fc->n, &fc->row_atom));
  PetscCall(read_unit(path, file, &unit));
  PetscCall(PetscMalloc1((size_t)fc->nrows * (size_t)fc->n * 9, &fc->fc));
  if (H5Dread(*dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, fc->fc) < 0) return InputErrorAt(path, 0, "dataset %s cannot be read", name);
  for (PetscInt i = 0; i < fc->nrows; i++) PetscCall(check_finite(path, name, &fc->fc[(size_t)i * (size_t)fc->n * 9], i, fc->n, 9));
  for (size_t i = 0; i < (size_t)fc->nrows * (size_t)fc->n * 9; i++) fc->fc[i] *= unit;
  PetscFunctionReturn(0);
}

static PetscErrorCode open_file(const char *path, hid_t *file)
{
  FILE *readable = fopen(path, "rb");

  PetscFunctionBeginUser;
  if (!readable) return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  fclose(readable);
  *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (*file < 0) return InputErrorAt(path, 0, "is not an HDF5 file, or it is damaged or truncated");
  PetscFunctionReturn(0);
}

PetscErrorCode SecondOrderReadHdf5(const char *path, PetscReal unit, SecondOrder *fc)
{
  hid_t          file = -1, dataset = -1;
  PetscErrorCode code;
  H5E_auto2_t    report;
  void          *context;

  PetscFunctionBeginUser;
  memset(fc, 0, sizeof(*fc));
  H5Eget_auto2(H5E_DEFAULT, &report, &context);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  code = open_file(path, &file);
  if (!code) code = read_second(path, file, &dataset, unit, fc);
  if (dataset >= 0) H5Dclose(dataset);
  if (file >= 0) H5Fclose(file);
  H5Eset_auto2(H5E_DEFAULT, report, context);
  if (code) PetscCall(SecondOrderDestroy(fc));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- fc3.hdf5 --------------------------------------------------------------------------------------------------------- */

static PetscErrorCode open_third(ThirdOrderFile *f)
{
  hsize_t shape[8], present[8];

  PetscFunctionBeginUser;
  PetscCall(open_file(f->path, &f->file));
  PetscCall(open_dataset(f->path, f->file, "fc3", 6, 3, false, &f->fc3, shape));
  f->nrows = (PetscInt)shape[0];
  f->n     = (PetscInt)shape[1];
  if (shape[2] != shape[1] || shape[0] > shape[1]) return InputErrorAt(f->path, 0, "dataset fc3 is of shape %lld x %lld x %lld atoms", (long long)shape[0], (long long)shape[1], (long long)shape[2]);
  PetscCall(read_rows(f->path, f->file, f->nrows, f->n, &f->row_atom));
  PetscCall(open_dataset(f->path, f->file, "fc3_nonzero_indices", 3, 3, true, &f->nonzero, present));
  if (f->nonzero >= 0 && memcmp(present, shape, 3 * sizeof(*shape))) return InputErrorAt(f->path, 0, "fc3_nonzero_indices is not of fc3's shape");
  PetscFunctionReturn(0);
}

PetscErrorCode ThirdOrderFileOpen(const char *path, ThirdOrderFile *f)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  memset(f, 0, sizeof(*f));
  f->file = f->fc3 = f->nonzero = -1;
  snprintf(f->path, sizeof(f->path), "%s", path);
  H5Eget_auto2(H5E_DEFAULT, &f->report, &f->report_context);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  code = open_third(f);
  if (code) PetscCall(ThirdOrderFileClose(f));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode ThirdOrderFileClose(ThirdOrderFile *f)
{
  PetscFunctionBeginUser;
  if (f->fc3 >= 0) H5Dclose(f->fc3);
  if (f->nonzero >= 0) H5Dclose(f->nonzero);
  if (f->file >= 0) H5Fclose(f->file);
  H5Eset_auto2(H5E_DEFAULT, f->report, f->report_context);
  f->file = f->fc3 = f->nonzero = -1;
  PetscCall(PetscFree(f->row_atom));
  PetscFunctionReturn(0);
}

/* Row `row` of a dataset */
static bool read_row(hid_t dataset, int rank, const hsize_t count[], PetscInt row, hid_t type, void *out)
{
  const hsize_t start[6] = {(hsize_t)row};
  const hid_t   space = H5Dget_space(dataset), memory = H5Screate_simple(rank, count, NULL);
  bool          ok = space >= 0 && memory >= 0;

  ok = ok && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 && H5Dread(dataset, type, memory, space, H5P_DEFAULT, out) >= 0;
  if (space >= 0) H5Sclose(space);
  if (memory >= 0) H5Sclose(memory);
  return ok;
}

PetscErrorCode ThirdOrderFileRead(const ThirdOrderFile *f, PetscInt row, PetscReal *phi, uint8_t *present)
{
  const hsize_t count[6] = {1, (hsize_t)f->n, (hsize_t)f->n, 3, 3, 3};

  PetscFunctionBeginUser;
  memset(present, 1, (size_t)f->n * (size_t)f->n);
  if (!read_row(f->fc3, 6, count, row, H5T_NATIVE_DOUBLE, phi)) return InputErrorAt(f->path, 0, "dataset fc3 cannot be read (row %d)", (int)row + 1);
  if (f->nonzero >= 0 && !read_row(f->nonzero, 3, count, row, H5T_NATIVE_UINT8, present)) return InputErrorAt(f->path, 0, "dataset fc3_nonzero_indices cannot be read (row %d)", (int)row + 1);
  PetscCall(check_finite(f->path, "fc3", phi, row, f->n * f->n, 27));
  PetscFunctionReturn(0);
}

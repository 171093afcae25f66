/* Checkpoints read back: which file, whether it is of this run, its datasets. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "checkpoint.h"

hid_t CheckpointFileOpen(Checkpoint c, const char *path)
{
  hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = H5I_INVALID_HID;

  if (access >= 0 && H5Pset_fapl_mpio(access, c->comm, MPI_INFO_NULL) >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0) file = H5Fopen(path, H5F_ACC_RDONLY, access);
  if (access >= 0) H5Pclose(access);
  int all = file >= 0;
  if (MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, c->comm)) all = 0;
  if (!all && file >= 0) H5Fclose(file);
  return all ? file : H5I_INVALID_HID;
}

static bool read_int(hid_t file, const char *name, int64_t *value)
{
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
  bool        ok        = attribute >= 0 && H5Aread(attribute, H5T_NATIVE_INT64, value) >= 0;

  if (attribute >= 0) H5Aclose(attribute);
  return ok;
}

PetscErrorCode CheckpointAttributeInt(Checkpoint c, const char *path, hid_t file, const char *name, PetscInt *value)
{
  int64_t        wide = 0;
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  if (!read_int(file, name, &wide)) code = InputErrorAt(path, 0, "is damaged: attribute %s cannot be read; remove it and begin again with --restart", name);
  PetscCall(ErrorAgree(c->comm, code));
  *value = (PetscInt)wide;
  PetscFunctionReturn(0);
}

/* Allocated; NULL when there is none */
static PetscErrorCode read_text(hid_t file, const char *name, char **text)
{
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;

  PetscFunctionBeginUser;
  *text = NULL;
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type)) {
    PetscCall(PetscCalloc1(H5Tget_size(type) + 1, text));
    if (H5Aread(attribute, type, *text) < 0) PetscCall(PetscFree(*text));
  }
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  PetscFunctionReturn(0);
}

/* --- whose checkpoint it is */

/* Value of a key in lines "path: value": its length, or -1 */
static int find_key(const char *keys, const char *path, int length, const char **value)
{
  for (const char *line = keys; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, path, (size_t)length) || strncmp(line + length, ": ", 2)) continue;
    *value = line + length + 2;
    return (int)strcspn(*value, "\n");
  }
  return -1;
}

/* The first key of `one` that `other` has otherwise, or not at all */
static bool find_difference(const char *one, const char *other, int length[3], const char *text[3])
{
  for (const char *line = one; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    const char *colon = strstr(line, ": ");
    if (!colon) continue;
    text[0]   = line;
    length[0] = (int)(colon - line);
    text[1]   = colon + 2;
    length[1] = (int)strcspn(text[1], "\n");
    length[2] = find_key(other, line, length[0], &text[2]);
    if (length[2] != length[1] || strncmp(text[1], text[2], (size_t)length[1])) return true;
  }
  return false;
}

static PetscErrorCode compare_keys(Checkpoint c, const char *path, const char *keys)
{
  const char *text[3], *advice = "change the deck back, or remove the folder to begin anew";
  int         length[3];

  if (find_difference(keys, c->keys, length, text)) {
    if (length[2] < 0) return InputErrorAt(path, 0, "is of a run with %.*s: %.*s, which this deck does not have; %s", length[0], text[0], PetscMin(length[1], 120), text[1], advice);
    return InputErrorAt(path, 0, "is of a run with %.*s: %.*s, and this deck has %.*s; %s", length[0], text[0], PetscMin(length[1], 120), text[1], PetscMin(length[2], 120), text[2], advice);
  }
  if (find_difference(c->keys, keys, length, text))
    return InputErrorAt(path, 0, "is of a run without %.*s, and this deck has it: %.*s; %s", length[0], text[0], PetscMin(length[1], 120), text[1], advice);
  return 0;
}

PetscErrorCode CheckpointFileCheck(Checkpoint c, const char *path, hid_t file)
{
  PetscErrorCode code    = 0;
  int64_t        version = 0;
  char          *keys, *program;

  PetscFunctionBeginUser;
  PetscCall(read_text(file, "keys", &keys));
  PetscCall(read_text(file, "version", &program));
  if (!read_int(file, "format_version", &version) || !keys || !program) code = InputErrorAt(path, 0, "is not a checkpoint: remove it");
  else if (version != CHECKPOINT_FORMAT_VERSION) code = InputErrorAt(path, 0, "has format version %d; this program reads %d: finish the run with the program that began it, or remove the folder", (int)version, CHECKPOINT_FORMAT_VERSION);
  else if (strcmp(program, ProgramVersion())) code = InputErrorAt(path, 0, "was written by umklapp %.40s, this is %s: finish the run with the program that began it, or remove the folder", program, ProgramVersion());
  else code = compare_keys(c, path, keys);
  PetscCall(PetscFree(keys));
  PetscCall(PetscFree(program));
  PetscCall(ErrorAgree(c->comm, code));
  PetscFunctionReturn(0);
}

/* --- the newer state */

static PetscErrorCode open_state(Checkpoint c, int which, hid_t *file, char **path, PetscInt *generation)
{
  const size_t length = strlen(c->folder) + 32;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(length, path));
  snprintf(*path, length, "%s/state-%d.h5", c->folder, which);
  *file = CheckpointFileOpen(c, *path);
  if (*file < 0) {
    LogWarning("%s is damaged and passed over", *path);
    PetscCall(PetscFree(*path));
    PetscFunctionReturn(0);
  }
  PetscCall(CheckpointFileCheck(c, *path, *file));
  PetscCall(CheckpointAttributeInt(c, *path, *file, "generation", generation));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointOpen(Checkpoint c, bool *open)
{
  bool     there[2];
  PetscInt segments, generation[2] = {-1, -1};
  hid_t    file[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
  char    *path[2] = {NULL, NULL};

  PetscFunctionBeginUser;
  PetscCall(CheckpointLook(c, there, &segments));
  for (int k = 0; k < 2; k++)
    if (there[k]) PetscCall(open_state(c, k, &file[k], &path[k], &generation[k]));
  const int newer = generation[1] > generation[0];
  *open           = file[newer] >= 0;
  c->file         = file[newer];
  c->path         = path[newer];
  c->generation   = generation[newer] + 1;
  if (file[!newer] >= 0) H5Fclose(file[!newer]);
  PetscCall(PetscFree(path[!newer]));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointClose(Checkpoint c)
{
  PetscFunctionBeginUser;
  if (c->file >= 0) H5Fclose(c->file);
  c->file = H5I_INVALID_HID;
  PetscCall(PetscFree(c->path));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointReadInt(Checkpoint c, const char *name, PetscInt *value)
{
  PetscFunctionBeginUser;
  PetscCall(CheckpointAttributeInt(c, c->path, c->file, name, value));
  PetscFunctionReturn(0);
}

/* --- datasets */

static bool read_slab(hid_t file, const char *path, int rank, const hsize_t *dims, const hsize_t *begin, const hsize_t *count, PetscReal *data)
{
  hid_t   dataset = H5Dopen2(file, path, H5P_DEFAULT), space = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID, memory = H5I_INVALID_HID, transfer = H5Pcreate(H5P_DATASET_XFER);
  hsize_t there[RESULTS_MAX_RANK] = {0}, all = 1;
  bool    ok = space >= 0 && transfer >= 0 && H5Sget_simple_extent_ndims(space) == rank && H5Sget_simple_extent_dims(space, there, NULL) == rank;

  for (int i = 0; i < rank; i++) {
    ok  = ok && there[i] == dims[i];
    all = all * count[i];
  }
  memory = H5Screate_simple(rank, count, NULL);
  ok     = ok && memory >= 0 && H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE) >= 0;
  if (!all) ok = ok && H5Sselect_none(memory) >= 0 && H5Sselect_none(space) >= 0;
  else ok = ok && H5Sselect_hyperslab(space, H5S_SELECT_SET, begin, NULL, count, NULL) >= 0;
  ok = ok && H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, space, transfer, all ? data : (PetscReal *)&all) >= 0;
  if (memory >= 0) H5Sclose(memory);
  if (transfer >= 0) H5Pclose(transfer);
  if (space >= 0) H5Sclose(space);
  if (dataset >= 0) H5Dclose(dataset);
  return ok;
}

PetscErrorCode CheckpointReadPart(Checkpoint c, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, PetscReal *data)
{
  hsize_t        all[RESULTS_MAX_RANK], begin[RESULTS_MAX_RANK], count[RESULTS_MAX_RANK];
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  PetscCheck(rank >= 1 && rank <= RESULTS_MAX_RANK, c->comm, PETSC_ERR_ARG_OUTOFRANGE, "a dataset of %d axes", rank);
  for (int i = 0; i < rank; i++) {
    const bool mine = part && part->axis == i;
    all[i]   = (hsize_t)dims[i];
    begin[i] = mine ? (hsize_t)part->begin : 0;
    count[i] = mine ? (hsize_t)part->count : all[i];
  }
  if (!read_slab(c->file, path, rank, all, begin, count, data)) code = InputErrorAt(c->path, 0, "is damaged: %s cannot be read; remove it and begin again with --restart", path);
  PetscCall(ErrorAgree(c->comm, code));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointReadArray(Checkpoint c, const char *path, PetscInt n, PetscReal *data)
{
  PetscFunctionBeginUser;
  PetscCall(CheckpointReadPart(c, path, 1, &n, NULL, data));
  PetscFunctionReturn(0);
}

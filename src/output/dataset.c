/* Datasets of the results file: replicated arrays written by rank 0, distributed ones by collective hyperslabs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results.h"

/* One write: the global shape, and the box of it that this rank writes. */
typedef struct {
  int     rank;
  hsize_t dims[RESULTS_MAX_RANK], begin[RESULTS_MAX_RANK], count[RESULTS_MAX_RANK];
  bool    empty; /* this rank writes nothing */
  hid_t   type;
} Slab;

static PetscErrorCode SlabSet(Slab *slab, int rank, const PetscInt *dims, const ResultsPart *part, bool writes)
{
  PetscFunctionBeginUser;
  PetscCheck(rank >= 0 && rank <= RESULTS_MAX_RANK, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "a dataset of %d axes", rank);
  PetscCheck(!part || (part->axis >= 0 && part->axis < rank), PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "no axis %d of %d", part->axis, rank);
  slab->rank  = rank;
  slab->empty = !writes;
  for (int i = 0; i < rank; i++) {
    slab->dims[i] = slab->count[i] = (hsize_t)dims[i];
    slab->begin[i]                 = 0;
    if (part && i == part->axis) {
      slab->begin[i] = (hsize_t)part->begin;
      slab->count[i] = (hsize_t)part->count;
    }
    if (!slab->count[i]) slab->empty = true;
  }
  PetscFunctionReturn(0);
}

static bool SlabTransfer(const Slab *slab, hid_t dataset, hid_t space, const void *data)
{
  hid_t memory = H5Screate_simple(slab->rank, slab->count, NULL), transfer = H5Pcreate(H5P_DATASET_XFER);
  bool  ok = memory >= 0 && transfer >= 0;

  ok = ok && H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE) >= 0;
  if (slab->empty) ok = ok && H5Sselect_none(memory) >= 0 && H5Sselect_none(space) >= 0;
  else if (slab->rank) ok = ok && H5Sselect_hyperslab(space, H5S_SELECT_SET, slab->begin, NULL, slab->count, NULL) >= 0;
  ok = ok && H5Dwrite(dataset, slab->type, memory, space, transfer, data) >= 0;
  if (transfer >= 0) H5Pclose(transfer);
  if (memory >= 0) H5Sclose(memory);
  return ok;
}

static bool SlabWrite(const Slab *slab, hid_t file, const char *path, const void *data)
{
  hid_t space = H5Screate_simple(slab->rank, slab->dims, NULL), links = H5Pcreate(H5P_LINK_CREATE), dataset = H5I_INVALID_HID;
  bool  ok = space >= 0 && links >= 0;

  ok = ok && H5Pset_create_intermediate_group(links, 1) >= 0;
  if (ok) dataset = H5Dcreate2(file, path, slab->type, space, links, H5P_DEFAULT, H5P_DEFAULT);
  ok = ok && dataset >= 0;
  ok = ok && (!H5Sget_simple_extent_npoints(space) || SlabTransfer(slab, dataset, space, data));
  if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
  if (links >= 0) H5Pclose(links);
  if (space >= 0) H5Sclose(space);
  return ok;
}

static PetscErrorCode Write(Results r, const char *path, const Slab *slab, const void *data, const ResultsLabel *label)
{
  size_t bytes = 8;
  bool   ok;

  PetscFunctionBeginUser;
  if (!data) data = slab; /* an empty part: nothing is read from it, but HDF5 wants an address */
  PetscCheck(data != slab || slab->empty, r->comm, PETSC_ERR_ARG_NULL, "%s: no data", path);
  PetscCheck(label && label->units && label->axes && label->description, r->comm, PETSC_ERR_ARG_NULL, "%s: a dataset needs units, axes and a description", path);
  for (int i = 0; i < slab->rank; i++) bytes *= (size_t)slab->dims[i];
  PetscCall(ResultsReserve(r, bytes, path));
  ok = SlabWrite(slab, r->file, path, data);
  PetscCall(ResultsAgree(r, ok, path));
  PetscCall(ResultsWriteAttributeString(r, path, "units", label->units));
  PetscCall(ResultsWriteAttributeString(r, path, "axes", label->axes));
  PetscCall(ResultsWriteAttributeString(r, path, "description", label->description));
  PetscFunctionReturn(0);
}

static hid_t IntegerType(void) { return sizeof(PetscInt) == 8 ? H5T_NATIVE_INT64 : H5T_NATIVE_INT32; }

PetscErrorCode ResultsWriteArray(Results r, const char *path, int rank, const PetscInt *dims, const PetscReal *data, const ResultsLabel *label)
{
  Slab slab = {.type = H5T_NATIVE_DOUBLE};

  PetscFunctionBeginUser;
  PetscCall(SlabSet(&slab, rank, dims, NULL, !r->rank));
  PetscCall(Write(r, path, &slab, data, label));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWriteIntegers(Results r, const char *path, int rank, const PetscInt *dims, const PetscInt *data, const ResultsLabel *label)
{
  Slab slab = {.type = IntegerType()};

  PetscFunctionBeginUser;
  PetscCall(SlabSet(&slab, rank, dims, NULL, !r->rank));
  PetscCall(Write(r, path, &slab, data, label));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWritePart(Results r, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, const PetscReal *data, const ResultsLabel *label)
{
  Slab slab = {.type = H5T_NATIVE_DOUBLE};

  PetscFunctionBeginUser;
  PetscCall(SlabSet(&slab, rank, dims, part, true));
  PetscCall(Write(r, path, &slab, data, label));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWriteIntegersPart(Results r, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, const PetscInt *data, const ResultsLabel *label)
{
  Slab slab = {.type = IntegerType()};

  PetscFunctionBeginUser;
  PetscCall(SlabSet(&slab, rank, dims, part, true));
  PetscCall(Write(r, path, &slab, data, label));
  PetscFunctionReturn(0);
}

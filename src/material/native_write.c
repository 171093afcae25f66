/* Writer of the native material file: docs/material-file.md. Rank 0 writes, to a temporary name that is renamed when complete. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "native_impl.h"
#include <errno.h>
#include <unistd.h>

#define ITEMS 32
#define CHUNK_BYTES ((hsize_t)1 << 20)

static PetscErrorCode put_text(hid_t object, const char *name, const char *text)
{
  PetscFunctionBeginUser;
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  UmkCheck(type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0, "HDF5 cannot make a string type");
  const hid_t  attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t status    = attribute >= 0 ? H5Awrite(attribute, type, text) : -1;
  UmkCheck(status >= 0 && H5Aclose(attribute) >= 0, "HDF5 cannot write attribute %s", name);
  H5Tclose(type);
  H5Sclose(space);
  PetscFunctionReturn(0);
}

static PetscErrorCode put_number(hid_t object, const char *name, PetscInt value)
{
  const int64_t number = value;

  PetscFunctionBeginUser;
  const hid_t  space = H5Screate(H5S_SCALAR), attribute = H5Acreate2(object, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t status = attribute >= 0 ? H5Awrite(attribute, H5T_NATIVE_INT64, &number) : -1;
  UmkCheck(status >= 0 && H5Aclose(attribute) >= 0, "HDF5 cannot write attribute %s", name);
  H5Sclose(space);
  PetscFunctionReturn(0);
}

/* Checksummed; arrays are shuffled and compressed. chunk NULL: the whole array. */
static PetscErrorCode make_dataset(hid_t file, const NativeItem *item, hid_t type, const hsize_t *chunk, bool compress, hid_t *dataset)
{
  PetscFunctionBeginUser;
  const hid_t links = H5Pcreate(H5P_LINK_CREATE), storage = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t space = item->rank ? H5Screate_simple(item->rank, item->shape, NULL) : H5Screate(H5S_SCALAR);
  UmkCheck(links >= 0 && storage >= 0 && space >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0, "HDF5 cannot describe %s", item->path);
  if (item->rank) {
    UmkCheck(H5Pset_chunk(storage, item->rank, chunk ? chunk : item->shape) >= 0, "HDF5 cannot chunk %s", item->path);
    if (compress) UmkCheck(H5Pset_shuffle(storage) >= 0 && H5Pset_deflate(storage, 6) >= 0, "HDF5 cannot compress %s", item->path);
    UmkCheck(H5Pset_fletcher32(storage) >= 0, "HDF5 cannot checksum %s", item->path);
  }
  *dataset = H5Dcreate2(file, item->path, type, space, links, storage, H5P_DEFAULT);
  UmkCheck(*dataset >= 0, "HDF5 cannot create %s", item->path);
  PetscCall(put_text(*dataset, "units", item->units));
  PetscCall(put_text(*dataset, "axes", item->axes));
  PetscCall(put_text(*dataset, "description", item->description));
  H5Pclose(links);
  H5Pclose(storage);
  H5Sclose(space);
  PetscFunctionReturn(0);
}

static PetscErrorCode write_item(hid_t file, const NativeItem *item)
{
  hid_t dataset;

  PetscFunctionBeginUser;
  PetscCall(make_dataset(file, item, item->integer ? H5T_STD_I32LE : H5T_IEEE_F64LE, NULL, true, &dataset));
  UmkCheck(H5Dwrite(dataset, item->integer ? H5T_NATIVE_INT : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, item->data) >= 0, "HDF5 cannot write %s", item->path);
  UmkCheck(H5Dclose(dataset) >= 0, "HDF5 cannot close %s", item->path);
  PetscFunctionReturn(0);
}

/* The blocks that hold something, in the order of coupling/present: as they lie in memory */
static PetscErrorCode write_coupling(hid_t file, const Wannier *w)
{
  const WannierHead *h     = &w->head;
  const hsize_t      parts = h->g_real ? 1 : 2, block = (hsize_t)(h->nm * h->nb * h->nb) * parts * (hsize_t)h->g_bits / 8;
  NativeItem         item  = {"coupling/g", "hartree/bohr", h->g_real ? "block, displacement, ket, bra" : "block, displacement, ket, bra re/im",
                              "derivative of the potential by a Cartesian displacement (3 atom + axis), short-range part when polar, Wigner-Seitz weights folded in; one block for each 1 of coupling/present",
                              .rank = 4, .shape = {(hsize_t)w->nslots, (hsize_t)h->nm, (hsize_t)h->nb, (hsize_t)h->nb * parts}};
  const hsize_t      chunk[NATIVE_RANK] = {PetscMin(item.shape[0], PetscMax((hsize_t)1, CHUNK_BYTES / block)), item.shape[1], item.shape[2], item.shape[3]};
  hid_t              dataset;

  PetscFunctionBeginUser;
  if (w->nslots == 0) return InputErrorAt(NULL, 0, "every element of the electron-phonon coupling is zero");
  PetscCall(make_dataset(file, &item, h->g_bits == 32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, chunk, true, &dataset));
  UmkCheck(H5Dwrite(dataset, h->g_bits == 32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, w->g.at) >= 0, "HDF5 cannot write the coupling");
  PetscCall(put_number(dataset, "mantissa_bits", h->mantissa_bits));
  UmkCheck(H5Dclose(dataset) >= 0, "HDF5 cannot close the coupling");
  PetscFunctionReturn(0);
}

static PetscErrorCode write_present(hid_t file, const Wannier *w)
{
  const size_t n = (size_t)w->head.nRe * (size_t)w->head.nRp;
  int         *flag;
  NativeItem   item = {"coupling/present", "1", "R electron, R phonon", "1: the pair of vectors holds something", .integer = true, .rank = 2, .shape = {(hsize_t)w->head.nRe, (hsize_t)w->head.nRp}};

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &flag));
  for (size_t i = 0; i < n; i++) flag[i] = ((const int *)w->slot.at)[i] >= 0;
  item.data = flag;
  PetscCall(write_item(file, &item));
  PetscCall(PetscFree(flag));
  PetscFunctionReturn(0);
}

static PetscErrorCode put_real(hid_t object, const char *name, PetscReal value)
{
  PetscFunctionBeginUser;
  const hid_t  space = H5Screate(H5S_SCALAR), attribute = H5Acreate2(object, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t status = attribute >= 0 ? H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value) : -1;
  UmkCheck(status >= 0 && H5Aclose(attribute) >= 0, "HDF5 cannot write attribute %s", name);
  H5Sclose(space);
  PetscFunctionReturn(0);
}

static PetscErrorCode write_interpolation(hid_t file, const WannierHead *h)
{
  PetscFunctionBeginUser;
  PetscCall(put_text(file, "interpolation", native_interpolation[h->interpolation]));
  PetscCall(put_number(file, "symmetrized", h->symmetrized));
  for (int i = 0; i < 4; i++) PetscCall(put_real(file, native_moved[i], h->moved[i]));
  PetscFunctionReturn(0);
}

/* What is new comes after what the data already carried. */
static PetscErrorCode put_provenance(hid_t file, const char *old, const char *new)
{
  const bool     both = new && old[0], newline = both && old[strlen(old) - 1] != '\n';
  PetscErrorCode code;
  char          *text;

  PetscFunctionBeginUser;
  if (!both) {
    PetscCall(put_text(file, "provenance", new ? new : old));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(strlen(old) + strlen(new) + 2, &text));
  snprintf(text, strlen(old) + strlen(new) + 2, "%s%s%s", old, newline ? "\n" : "", new);
  code = put_text(file, "provenance", text);
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode write_head(hid_t file, Material m, const char *provenance)
{
  const Wannier     *w = m->data;
  const WannierHead *h = &w->head;
  const struct {
    const char *name;
    PetscInt    value;
  } numbers[] = {{"format_version", NATIVE_VERSION}, {"wannier_functions", h->nb}, {"modes", h->nm}, {"atoms", h->natoms}, {"spin_degeneracy", h->spin}, {"valence", h->nvalence}, {"metal", h->metal},
                 {"dimension", h->dimension}, {"polar", h->polar}, {"position_matrix", h->has_position}, {"electron_vectors", h->nRk}, {"phonon_vectors", h->nRq}, {"coupling_electron_vectors", h->nRe},
                 {"coupling_phonon_vectors", h->nRp}, {"coupling_bits", h->g_bits}, {"coupling_real", h->g_real}, {"use_ws", h->use_ws}, {"coarse_k1", h->coarse_k[0]}, {"coarse_k2", h->coarse_k[1]},
                 {"coarse_k3", h->coarse_k[2]}, {"coarse_q1", h->coarse_q[0]}, {"coarse_q2", h->coarse_q[1]}, {"coarse_q3", h->coarse_q[2]}, {"third_order_triplets", h->nT}};

  PetscFunctionBeginUser;
  PetscCall(put_text(file, "format", NATIVE_FORMAT));
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) PetscCall(put_number(file, numbers[i].name, numbers[i].value));
  PetscCall(write_interpolation(file, h));
  PetscCall(put_text(file, "name", h->name));
  PetscCall(put_provenance(file, w->provenance, provenance));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_file(hid_t file, Material m, const char *provenance)
{
  Wannier      *w = m->data;
  WannierSource s = {.head = w->head, .tau = m->crystal->tau, .mass = m->crystal->mass, .species = m->crystal->species, .centres = m->centres, .zstar = w->zstar, .Rk = w->Rk, .Rq = w->Rq, .Re = w->Re, .Rp = w->Rp,
                     .H = w->H.at, .position = w->position.at, .D = w->D.at, .T_atom = w->T_atom.at, .T_R = w->T_R.at, .phi3 = w->phi3.at};
  NativeItem    items[ITEMS];
  const int     n = NativeItems(&s, ITEMS, items);

  PetscFunctionBeginUser;
  PetscCall(write_head(file, m, provenance));
  for (int i = 0; i < n; i++)
    if (!items[i].optional) PetscCall(write_item(file, &items[i]));
  if (m->has_coupling) PetscCall(write_coupling(file, w));
  if (m->has_coupling) PetscCall(write_present(file, w));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_and_rename(Material m, const char *path, const char *provenance)
{
  char           temporary[PETSC_MAX_PATH_LEN];
  hid_t          file;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  snprintf(temporary, sizeof(temporary), "%s.part%d", path, (int)getpid());
  errno = 0;
  file  = H5Fcreate(temporary, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
  if (file < 0) return InputErrorAt(path, 0, "cannot be written%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
  code = write_file(file, m, provenance);
  if (H5Fclose(file) < 0 && !code) code = InputErrorAt(path, 0, "cannot be written completely: is the disk full?");
  if (!code && rename(temporary, path)) code = InputErrorAt(path, 0, "cannot be written: %s", strerror(errno));
  if (code) unlink(temporary);
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode WannierWrite(Material m, const char *path, const char *provenance)
{
  H5E_auto2_t    report;
  void          *context;
  PetscErrorCode code = 0;
  int            rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(m->comm, &rank));
  if (rank == 0) {
    H5Eget_auto2(H5E_DEFAULT, &report, &context);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    code = write_and_rename(m, path, provenance);
    H5Eset_auto2(H5E_DEFAULT, report, context);
  }
  PetscCall(ErrorAgree(m->comm, code));
  PetscFunctionReturn(0);
}

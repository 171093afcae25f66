/* `umklapp inspect FILE`: what is in a material or results file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>
#include <string.h>
#include <unistd.h>
#include "commands.h"
#include "umklapp/material.h"

#define SHOWN 12 /* values of a dataset shown in full */

/* Text of a fixed-length string attribute, "" when absent; PetscFree by the caller. */
static PetscErrorCode ReadText(hid_t object, const char *name, char **text)
{
  hid_t  attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  size_t size = 0;

  PetscFunctionBeginUser;
  if (H5Aexists(object, name) > 0) attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute >= 0) type = H5Aget_type(attribute);
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0) size = H5Tget_size(type);
  PetscCall(PetscCalloc1(size + 1, text));
  if (size && H5Aread(attribute, type, *text) < 0) (*text)[0] = 0;
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  PetscFunctionReturn(0);
}

static PetscErrorCode PrintText(hid_t file, const char *name)
{
  char *text;

  PetscFunctionBeginUser;
  PetscCall(ReadText(file, name, &text));
  if (strchr(text, '\n')) {
    printf("%s:\n", name);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) printf("    %s\n", line);
  } else printf("%-15s %s\n", name, text);
  PetscCall(PetscFree(text));
  PetscFunctionReturn(0);
}

static void PrintNumber(hid_t file, const char *name)
{
  hid_t  attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
  double value;

  if (attribute < 0) return;
  if (H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0) printf("%-15s %g\n", name, value);
  H5Aclose(attribute);
}

static void PrintValues(hid_t dataset, hssize_t n)
{
  double value[SHOWN];

  if (n < 1 || n > SHOWN || H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) return;
  printf("     ");
  for (hssize_t i = 0; i < n; i++) printf(" %.6g", value[i]);
  printf("\n");
}

static PetscErrorCode PrintDataset(hid_t dataset, const char *name)
{
  hid_t   space = H5Dget_space(dataset);
  hsize_t dims[H5S_MAX_RANK];
  char   *units, *description, shape[128] = "";
  int     rank;

  PetscFunctionBeginUser;
  UmkCheck(space >= 0, "H5Dget_space of %s", name);
  rank = H5Sget_simple_extent_dims(space, dims, NULL);
  PetscCall(ReadText(dataset, "units", &units));
  PetscCall(ReadText(dataset, "description", &description));
  for (int i = 0; i < rank; i++) snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%llu", i ? " x " : "", (unsigned long long)dims[i]);
  printf("  /%-46s %-22s %-10s %s\n", name, rank ? shape : "scalar", units, description);
  PrintValues(dataset, H5Sget_simple_extent_npoints(space));
  H5Sclose(space);
  PetscCall(PetscFree(units));
  PetscCall(PetscFree(description));
  PetscFunctionReturn(0);
}

static herr_t Visit(hid_t file, const char *name, const H5O_info_t *info, void *ctx)
{
  hid_t dataset;

  if (info->type != H5O_TYPE_DATASET) return 0;
  dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dataset < 0 || PrintDataset(dataset, name)) return -1;
  return H5Dclose(dataset);
}

/* Results of another format may mean other things by the same names. */
static PetscErrorCode CheckVersion(const char *path, hid_t file)
{
  const hid_t attribute = H5Aexists(file, "format_version") > 0 ? H5Aopen(file, "format_version", H5P_DEFAULT) : H5I_INVALID_HID;
  int         version   = -1;

  if (attribute >= 0) {
    (void)H5Aread(attribute, H5T_NATIVE_INT, &version);
    H5Aclose(attribute);
  }
  PetscCheckInput(version == RESULTS_FORMAT_VERSION, path, 0, "results of format version %d; this program reads %d: use the program that wrote them", version, RESULTS_FORMAT_VERSION);
  return 0;
}

static PetscErrorCode PrintResults(const char *path, hid_t file)
{
  static const char *const texts[] = {"program", "version", "commit", "start", "petsc_options", "deck"};

  PetscFunctionBeginUser;
  PetscCall(CheckVersion(path, file));
  printf("%s: results of umklapp\n", path);
  PrintNumber(file, "format_version");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) PetscCall(PrintText(file, texts[i]));
  PrintNumber(file, "ranks");
  PrintNumber(file, "wall_time_s");
  printf("datasets:\n");
  if (H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, Visit, NULL, H5O_INFO_BASIC) < 0) PetscCall(InputErrorAt(path, 0, "the file is damaged: a dataset cannot be read"));
  PetscFunctionReturn(0);
}

/* Rank 0: print if it is a results file; *results says so. */
static PetscErrorCode TryResults(const char *path, bool *results)
{
  PetscErrorCode code = 0;
  hid_t          file;
  char          *content;

  PetscFunctionBeginUser;
  *results = false;
  UmkCheck(H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0, "HDF5 does not start");
  PetscCheckInput(!access(path, F_OK), path, 0, "no such file");
  PetscCheckInput(!access(path, R_OK), path, 0, "cannot be read");
  PetscCheckInput(H5Fis_hdf5(path) > 0, path, 0, "not an HDF5 file (or cut off): neither results nor a material");
  file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  PetscCheckInput(file >= 0, path, 0, "damaged or cut-off HDF5 file");
  PetscCall(ReadText(file, "content", &content));
  *results = !strcmp(content, "results");
  PetscCall(PetscFree(content));
  if (*results) code = PrintResults(path, file);
  H5Fclose(file);
  PetscFunctionReturn(code);
}

PetscErrorCode CommandInspect(const Arguments *a)
{
  PetscErrorCode code = 0;
  bool           results = false;
  Material       m;
  int            rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) code = TryResults(a->operand[0], &results);
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, code));
  PetscCallMPI(MPI_Bcast(&results, 1, MPI_C_BOOL, 0, PETSC_COMM_WORLD));
  if (results) PetscFunctionReturn(0);
  PetscCall(MaterialCreateFromFile(PETSC_COMM_WORLD, a->operand[0], &m));
  if (!rank) PetscCall(MaterialPrint(m, stdout));
  PetscCall(MaterialDestroy(&m));
  PetscFunctionReturn(0);
}

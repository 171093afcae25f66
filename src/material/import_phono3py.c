/*
  phono3py: second- and third-order force constants of a supercell with their cell, see phonopy.h. A folder or its YAML file: fc2.hdf5 and, when it is
  there, fc3.hdf5. The file fc3.hdf5 itself (after a part with harmonic constants): the third order alone.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"

static const char *const yaml_names[] = {"phono3py.yaml", "phono3py_params.yaml", "phono3py_disp.yaml", NULL};
static const char *const fc2_names[]  = {"fc2.hdf5", NULL};
static const char *const fc3_names[]  = {"fc3.hdf5", NULL};
static const char *const born_names[] = {"BORN", NULL};

static bool is_yaml(const char *text)
{
  return strlen(text) > 5 && !strcmp(text + strlen(text) - 5, ".yaml");
}

static PetscErrorCode read_second(const char *fc2, const char *born, PhonopyYaml *y, WannierSource *s)
{
  SecondOrder    fc;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(SecondOrderReadHdf5(fc2, y->constant, &fc));
  code = PhonopySecondOrder(y, fc2, &fc, born, s);
  PetscCall(SecondOrderDestroy(&fc));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode open_phono3py(const char *path, const ImportOptions *options, WannierSource *s)
{
  char           folder[PETSC_MAX_PATH_LEN], given[PETSC_MAX_PATH_LEN], yaml[PETSC_MAX_PATH_LEN], fc2[PETSC_MAX_PATH_LEN] = "", fc3[PETSC_MAX_PATH_LEN], born[PETSC_MAX_PATH_LEN];
  PhonopyYaml    y;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PhonopyFolder(path, folder, given));
  PhonopyFind(folder, yaml_names, yaml);
  if (is_yaml(given)) snprintf(yaml, sizeof(yaml), "%s", given), given[0] = 0;
  if (!yaml[0]) return InputErrorAt(folder, 0, "holds no phono3py.yaml, phono3py_params.yaml or phono3py_disp.yaml, which name the cell");
  PhonopyFind(folder, born_names, born);
  PhonopyFind(folder, fc3_names, fc3);
  if (given[0]) snprintf(fc3, sizeof(fc3), "%s", given);
  else PhonopyFind(folder, fc2_names, fc2);
  if (!fc2[0] && !given[0]) return InputErrorAt(folder, 0, "holds no fc2.hdf5%s", fc3[0] ? "; name fc3.hdf5 itself to take the third order alone" : "");
  PetscCall(PhonopyYamlRead(yaml, &y));
  code = PhonopyCrystal(&y, s);
  if (!code) ImportName(path, s->head.name);
  if (!code && fc2[0]) code = read_second(fc2, born, &y, s);
  if (!code && fc3[0]) code = PhonopyThirdOrder(&y, fc3, options, s);
  PetscCall(PhonopyYamlDestroy(&y));
  PetscCall(code);
  PetscFunctionReturn(0);
}

const Importer phono3py_importer = {"phono3py", "force constants of phono3py: a folder with phono3py*.yaml, fc2.hdf5 and fc3.hdf5; or fc3.hdf5 alone, after another part", open_phono3py};

/* phonopy: harmonic force constants of a supercell with their cell, see phonopy.h. A folder, its YAML file, or the file of constants beside it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"

static const char *const yaml_names[]     = {"phonopy.yaml", "phonopy_params.yaml", "phonopy_disp.yaml", NULL};
static const char *const constant_names[] = {"FORCE_CONSTANTS", "FORCE_CONSTANTS.gz", "force_constants.hdf5", "fc2.hdf5", NULL};
static const char *const born_names[]     = {"BORN", NULL};

static bool ends_with(const char *text, const char *end)
{
  return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

/* The constants in the YAML itself come first, unless another file is named */
static PetscErrorCode read_constants(const char *folder, const char *given, PhonopyYaml *y, char constants[PETSC_MAX_PATH_LEN], SecondOrder *fc)
{
  PetscFunctionBeginUser;
  snprintf(constants, PETSC_MAX_PATH_LEN, "%s", given);
  if (!given[0] && y->second.n) {
    snprintf(constants, PETSC_MAX_PATH_LEN, "%s", y->path);
    *fc       = y->second;
    y->second = (SecondOrder){0};
    PetscFunctionReturn(0);
  }
  if (!given[0]) PhonopyFind(folder, constant_names, constants);
  if (!constants[0]) return InputErrorAt(folder, 0, "holds no force constants: none of FORCE_CONSTANTS, force_constants.hdf5, fc2.hdf5, force_constants in %s", y->path);
  if (ends_with(constants, ".hdf5")) PetscCall(SecondOrderReadHdf5(constants, y->constant, fc));
  else PetscCall(SecondOrderReadText(constants, y->constant, fc));
  PetscFunctionReturn(0);
}

static PetscErrorCode open_phonopy(const char *path, const ImportOptions *options, WannierSource *s)
{
  char           folder[PETSC_MAX_PATH_LEN], given[PETSC_MAX_PATH_LEN], yaml[PETSC_MAX_PATH_LEN], constants[PETSC_MAX_PATH_LEN], born[PETSC_MAX_PATH_LEN];
  PhonopyYaml    y;
  SecondOrder    fc = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  (void)options;
  PetscCall(PhonopyFolder(path, folder, given));
  PhonopyFind(folder, yaml_names, yaml);
  if (ends_with(given, ".yaml")) snprintf(yaml, sizeof(yaml), "%s", given), given[0] = 0;
  if (!yaml[0]) return InputErrorAt(folder, 0, "holds no phonopy.yaml, phonopy_params.yaml or phonopy_disp.yaml, which name the cell");
  PhonopyFind(folder, born_names, born);
  PetscCall(PhonopyYamlRead(yaml, &y));
  code = PhonopyCrystal(&y, s);
  if (!code) ImportName(path, s->head.name);
  if (!code) code = read_constants(folder, given, &y, constants, &fc);
  if (!code) code = PhonopySecondOrder(&y, constants, &fc, born, s);
  PetscCall(SecondOrderDestroy(&fc));
  PetscCall(PhonopyYamlDestroy(&y));
  PetscCall(code);
  PetscFunctionReturn(0);
}

const Importer phonopy_importer = {"phonopy", "harmonic force constants of phonopy: a folder with phonopy.yaml and FORCE_CONSTANTS or *.hdf5 (or in the YAML), BORN", open_phonopy};

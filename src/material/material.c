/* Materials of any kind: creation from the deck, getters, dispatch. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "material_impl.h"

static const DeckKey keys[] = {
  {"material", DECK_SECTION, .primary = "file", .required = true, .help = "what the carriers move in: a native material file, files of another program, or a model"},
  {"material.file", DECK_STRING, .help = "native material file (HDF5, from `umklapp import`)"},
  {"material.import", DECK_STRING, .help = "format of files to import in place (see `umklapp import`)"},
  {"material.path", DECK_STRING, .help = "folder or file to import"},
  {"material.coarse_k", DECK_INT3, .min = 1, .max = 64, .help = "import: coarse mesh of the electrons; worked out when absent"},
  {"material.coarse_q", DECK_INT3, .min = 1, .max = 64, .help = "import: coarse mesh of the phonons; worked out when absent"},
  {"material.use_ws", DECK_BOOL, .help = "import: Wigner-Seitz cells centred between orbitals (EPW's use_ws); worked out when absent"},
  {"material.sum_rule", DECK_CHOICE, .choices = "none|simple|crystal|rotational", .help = "import: acoustic sum rule of the force constants; what the format needs when absent"},
  {"material.third_order", DECK_SECTION, .help = "third-order force constants beside the file or import, whose harmonic ones stay"},
  {"material.third_order.import", DECK_STRING, .help = "format of the files"},
  {"material.third_order.path", DECK_STRING, .help = "folder or file"},
  {"material.third_order.symmetry", DECK_CHOICE, .choices = "none|permutation|full", .fallback = "none", .help = "imposed on third-order force constants: nothing; permutation symmetry and sum rules; the space group too"},
  {NULL}};

PetscErrorCode MaterialRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscCall(MaterialModelRegisterKeys());
  PetscFunctionReturn(0);
}

/* Keys of an import beside one that takes none of them */
static PetscErrorCode refuse_import_keys(Deck deck, const char *beside)
{
  static const char *const names[] = {"path", "coarse_k", "coarse_q", "use_ws", "sum_rule"};

  PetscFunctionBeginUser;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    bool has;

    PetscCall(DeckHas(deck, names[i], &has));
    if (has) return DeckError(deck, names[i], "material.%s is for material.import, not for a %s", names[i], beside);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_import_options(Deck deck, ImportOptions *options)
{
  bool     set, use_ws;
  PetscInt rule;

  PetscFunctionBeginUser;
  PetscCall(ImportOptionsDefault(options));
  PetscCall(DeckGetInt3(deck, "coarse_k", options->coarse_k, &set));
  PetscCall(DeckGetInt3(deck, "coarse_q", options->coarse_q, &set));
  PetscCall(DeckHas(deck, "use_ws", &set));
  if (set) {
    PetscCall(DeckGetBool(deck, "use_ws", &use_ws));
    options->use_ws = use_ws;
  }
  PetscCall(DeckHas(deck, "sum_rule", &set));
  if (set) {
    PetscCall(DeckGetChoice(deck, "sum_rule", &rule));
    options->sum_rule = (SumRule)rule; /* the order of the choices */
  }
  PetscFunctionReturn(0);
}

/* parts[0] from the deck, parts[1] from its third_order; paths are the caller's to free. */
static PetscErrorCode read_parts(Deck deck, bool file, bool third, ImportPart parts[2], char *path[2], ImportOptions *options)
{
  const char *name;
  PetscInt    symmetry;
  Deck        section;
  bool        set;

  PetscFunctionBeginUser;
  PetscCall(DeckGetString(deck, file ? "file" : "path", &name, &set));
  if (!set) return DeckError(deck, "import", "material.import needs material.path");
  PetscCall(DeckResolvePath(deck, name, &path[0]));
  parts[0].format = "native";
  if (!file) PetscCall(DeckGetString(deck, "import", &parts[0].format, NULL));
  if (third) {
    PetscCall(DeckGetSection(deck, "third_order", &section));
    PetscCall(DeckGetString(section, "import", &parts[1].format, &set));
    if (!set) return DeckError(deck, "third_order", "material.third_order needs import, the format of the files");
    PetscCall(DeckGetString(section, "path", &name, &set));
    if (!set) return DeckError(deck, "third_order", "material.third_order needs path");
    PetscCall(DeckResolvePath(section, name, &path[1]));
    PetscCall(DeckGetChoice(section, "symmetry", &symmetry));
    parts[1].cubic_only  = true;
    options->third_order = (ThirdOrderSymmetry)symmetry; /* the order of the choices */
  }
  for (int i = 0; i < 2; i++) parts[i].path = path[i];
  PetscFunctionReturn(0);
}

/* A native file alone is read as it is; anything else is an import that leaves no file. */
static PetscErrorCode create_from_files(MPI_Comm comm, Deck deck, bool file, Material *m)
{
  ImportOptions  options;
  ImportPart     parts[2] = {{0}};
  char          *path[2]  = {NULL, NULL};
  PetscErrorCode code;
  bool           third;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(deck, "third_order", &third));
  if (file) PetscCall(refuse_import_keys(deck, "native file"));
  PetscCall(read_import_options(deck, &options));
  code = read_parts(deck, file, third, parts, path, &options);
  if (!code) code = file && !third ? MaterialCreateFromFile(comm, path[0], m) : MaterialImportParts(comm, third ? 2 : 1, parts, &options, m);
  PetscCall(PetscFree(path[0]));
  PetscCall(PetscFree(path[1]));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialCreateFromDeck(MPI_Comm comm, Deck deck, Material *m)
{
  bool file, format, model, third;
  Deck section;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(deck, "file", &file));
  PetscCall(DeckHas(deck, "import", &format));
  PetscCall(DeckHas(deck, "model", &model));
  PetscCall(DeckHas(deck, "third_order", &third));
  if (file + format + model != 1) return DeckError(deck, "", "material: give one of file, import (with path) or model, not %s", file + format + model ? "several" : "none");
  if (!model) {
    PetscCall(create_from_files(comm, deck, file, m));
    PetscFunctionReturn(0);
  }
  if (third) return DeckError(deck, "third_order", "material.third_order is for first-principles files, not for a model");
  PetscCall(refuse_import_keys(deck, "model"));
  PetscCall(DeckGetSection(deck, "model", &section));
  PetscCall(MaterialCreateModel(comm, section, m));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialCreateWithOps(MPI_Comm comm, const MaterialOps *ops, const char *name, Material *m)
{
  PetscFunctionBeginUser;
  PetscCall(PetscNew(m));
  (*m)->ops  = ops;
  (*m)->comm = comm;
  (*m)->spin = 2;
  PetscCall(PetscStrallocpy(name, &(*m)->name));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialDestroy(Material *m)
{
  PetscFunctionBeginUser;
  if (!*m) PetscFunctionReturn(0);
  if ((*m)->ops->destroy) PetscCall((*m)->ops->destroy(*m));
  if ((*m)->crystal) PetscCall(CrystalDestroy(&(*m)->crystal));
  PetscCall(PetscFree((*m)->name));
  PetscCall(PetscFree((*m)->valley));
  PetscCall(PetscFree((*m)->centres));
  PetscCall(PetscFree(*m));
  PetscFunctionReturn(0);
}

/* --- getters --------------------------------------------------------------------------------------------- */

PetscErrorCode MaterialGetCrystal(Material m, Crystal *crystal)
{
  PetscFunctionBeginUser;
  *crystal = m->crystal;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetName(Material m, const char **name)
{
  PetscFunctionBeginUser;
  *name = m->name;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetSizes(Material m, PetscInt *nbands, PetscInt *nmodes, bool *has_coupling, PetscInt *spin)
{
  PetscFunctionBeginUser;
  if (nbands) *nbands = m->nbands;
  if (nmodes) *nmodes = m->nmodes;
  if (has_coupling) *has_coupling = m->has_coupling;
  if (spin) *spin = m->spin;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialHasCubic(Material m, bool *has_cubic)
{
  PetscFunctionBeginUser;
  *has_cubic = m->has_cubic;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetValenceBands(Material m, PetscInt *nvalence, bool *metal)
{
  PetscFunctionBeginUser;
  if (nvalence) *nvalence = m->nvalence;
  if (metal) *metal = m->metal;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetValleys(Material m, const int **valley)
{
  PetscFunctionBeginUser;
  *valley = m->valley;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialIsBox(Material m, bool *box)
{
  PetscFunctionBeginUser;
  *box = m->box;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetCentres(Material m, const PetscReal **centres)
{
  PetscFunctionBeginUser;
  *centres = m->centres;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetDielectric(Material m, PetscReal *infinity, PetscReal *zero)
{
  PetscFunctionBeginUser;
  if (infinity) *infinity = m->epsilon_infinity;
  if (zero) *zero = m->epsilon_zero;
  PetscFunctionReturn(0);
}

/* --- dispatch ---------------------------------------------------------------------------------------------- */

PetscErrorCode MaterialElectrons(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U)
{
  PetscFunctionBeginUser;
  PetscCheck(m->nbands > 0, PETSC_COMM_SELF, PETSC_ERR_SUP, "material %s has no electrons", m->name);
  PetscCall(m->ops->electrons(m, nk, k, energy, velocity, U));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialPhonons(Material m, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement)
{
  PetscFunctionBeginUser;
  PetscCheck(m->nmodes > 0 && m->ops->phonons, PETSC_COMM_SELF, PETSC_ERR_SUP, "material %s has no phonons", m->name);
  PetscCall(m->ops->phonons(m, nq, q, omega, velocity, displacement));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialVelocityMatrix(Material m, const PetscReal k[3], Complex *v)
{
  PetscFunctionBeginUser;
  PetscCheck(m->nbands > 0 && m->ops->velocity_matrix, PETSC_COMM_SELF, PETSC_ERR_SUP, "material %s has no velocity matrix", m->name);
  PetscCall(m->ops->velocity_matrix(m, k, v));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialHasOptics(Material m, bool *optics, bool *position)
{
  PetscFunctionBeginUser;
  *optics   = m->nbands > 0 && m->ops->optical_matrices;
  *position = m->has_position;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialOpticalMatrices(Material m, bool position, const PetscReal k[3], PetscReal *energy, Complex *v, PetscReal *w)
{
  PetscFunctionBeginUser;
  PetscCheck(m->ops->optical_matrices, PETSC_COMM_SELF, PETSC_ERR_SUP, "material %s has bands without transitions", m->name);
  PetscCall(m->ops->optical_matrices(m, position, k, energy, v, w));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialPhononVelocityMatrix(Material m, const PetscReal q[3], Complex *v)
{
  PetscFunctionBeginUser;
  PetscCheck(m->nmodes > 0 && m->ops->phonon_velocity_matrix, PETSC_COMM_SELF, PETSC_ERR_SUP, "material %s has no velocity matrix of phonons", m->name);
  PetscCall(m->ops->phonon_velocity_matrix(m, q, v));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetForceConstants(Material m, PetscInt *nR, const int (**R)[3], const Complex **phi, bool *polar)
{
  PetscFunctionBeginUser;
  *nR    = 0;
  *R     = NULL;
  *phi   = NULL;
  *polar = false;
  if (m->nmodes > 0 && m->ops->force_constants) PetscCall(m->ops->force_constants(m, nR, R, phi, polar));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialWrite(Material m, const char *path, const char *provenance)
{
  PetscFunctionBeginUser;
  if (!m->ops->write) return InputErrorAt(NULL, 0, "material %s is a model: only first-principles data are written to a material file", m->name);
  PetscCall(m->ops->write(m, path, provenance));
  PetscFunctionReturn(0);
}

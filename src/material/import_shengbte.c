/*
  ShengBTE's FORCE_CONSTANTS_3RD (also packed by gzip): the number of blocks, then per block its number, R' and R'' (Cartesian, angstrom), three
  atoms, 27 lines "a b c value" in eV/angstrom^3. It names no cell: an earlier part of the import gives the material's, and a POSCAR or CONTROL
  beside the file gives the one whose atoms are numbered. Without one they are numbered as the material's.

  As the first part, CONTROL gives the crystal and FORCE_CONSTANTS_2ND (phonopy's FORCE_CONSTANTS) its harmonic constants: eV/angstrom^2, atoms of the
  supercell `scell` numbered with the cell along its first axis fastest, the atom of the cell slowest.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell.h"
#include "fortran_text.h"
#include "phonopy.h"
#include "third_order.h"
#include <sys/stat.h>

#define LATTICE_TOLERANCE 0.01 /* of a lattice vector */

typedef struct {
  char      file[PETSC_MAX_PATH_LEN], cell[PETSC_MAX_PATH_LEN]; /* cell: "" when there is none */
  PetscReal inverse[3][3];                                      /* of the lattice that R' and R'' are measured in, bohr */
  PetscInt  natoms;
  CellMap   map;
} Source;

static bool exists(const char *folder, const char *name, char path[PETSC_MAX_PATH_LEN])
{
  struct stat status;

  snprintf(path, PETSC_MAX_PATH_LEN, "%.*s%s", PETSC_MAX_PATH_LEN - 64, folder, name);
  if (!stat(path, &status) && S_ISREG(status.st_mode)) return true;
  path[0] = 0;
  return false;
}

/* A folder, or the file itself */
static PetscErrorCode find_files(const char *path, Source *x)
{
  static const char *const names[] = {"FORCE_CONSTANTS_3RD", "FORCE_CONSTANTS_3RD.gz"}, *const cells[] = {"CONTROL", "POSCAR_primitive", "POSCAR"};
  char                     folder[PETSC_MAX_PATH_LEN];
  struct stat              status;

  PetscFunctionBeginUser;
  snprintf(folder, sizeof(folder), "%.*s", (int)sizeof(folder) - 64, path);
  if (!stat(path, &status) && S_ISDIR(status.st_mode)) {
    strcat(folder, "/");
    for (int i = 0; i < 2 && !x->file[0]; i++) exists(folder, names[i], x->file);
    if (!x->file[0]) return InputErrorAt(path, 0, "holds no FORCE_CONSTANTS_3RD");
  } else {
    char *slash = strrchr(folder, '/');

    snprintf(x->file, sizeof(x->file), "%s", path);
    *(slash ? slash + 1 : folder) = 0;
  }
  for (int i = 0; i < 3 && !x->cell[0]; i++) exists(folder, cells[i], x->cell);
  PetscFunctionReturn(0);
}

static PetscErrorCode match_cell(Source *x, const WannierSource *s)
{
  Cell           cell;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  x->natoms = s->head.natoms;
  if (!x->cell[0]) {
    Invert3((const PetscReal(*)[3])s->head.a, x->inverse);
    PetscCall(CellMapIdentity(s, &x->map));
    PetscFunctionReturn(0);
  }
  if (!strcmp(x->cell + PetscMax(0, (int)strlen(x->cell) - 7), "CONTROL")) PetscCall(CellReadControl(x->cell, &cell, NULL));
  else PetscCall(CellReadPoscar(x->cell, &cell));
  Invert3((const PetscReal(*)[3])cell.a, x->inverse);
  code = CellMatch(x->cell, &cell, s, &x->map);
  PetscCall(CellDestroy(&cell));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_vectors(FortranText *t, const Source *x, int n[2][3])
{
  PetscReal R[3], f[3];

  PetscFunctionBeginUser;
  for (int i = 0; i < 2; i++) {
    PetscCall(FortranTextReal(t, i ? "vector of the third atom" : "vector of the second atom", 3, R));
    for (int c = 0; c < 3; c++) R[c] /= UMK_BOHR_ANGSTROM;
    MatTVec3((const PetscReal(*)[3])x->inverse, R, f);
    if (!WholeVector(f, LATTICE_TOLERANCE, n[i]))
      return InputErrorAt(t->path, t->line, "(%g %g %g) angstrom is not a lattice vector of %s: (%.4f %.4f %.4f) of its vectors", R[0] * UMK_BOHR_ANGSTROM, R[1] * UMK_BOHR_ANGSTROM, R[2] * UMK_BOHR_ANGSTROM,
                          x->cell[0] ? x->cell : "the material's cell", f[0], f[1], f[2]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_block(FortranText *t, const Source *x, PetscInt i, ThirdOrder *out)
{
  const PetscReal unit = UMK_EV * pow(UMK_BOHR_ANGSTROM, 3);
  PetscInt        number, atom[3], axis[3];
  PetscReal       phi[27];
  int             n[2][3];
  Triplet         triplet;

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, "number of the block", 0, INT_MAX, 1, &number));
  if (number != i + 1) return InputErrorAt(t->path, t->line, "block number %d where %d should come", (int)number, (int)i + 1);
  PetscCall(read_vectors(t, x, n));
  PetscCall(FortranTextInt(t, "atoms of the triplet", 1, (int)x->natoms, 3, atom));
  for (int c = 0; c < 27; c++) {
    PetscCall(FortranTextInt(t, "axes", 1, 3, 3, axis));
    if (axis[0] != c / 9 + 1 || axis[1] != c / 3 % 3 + 1 || axis[2] != c % 3 + 1)
      return InputErrorAt(t->path, t->line, "element %d %d %d where %d %d %d should come", (int)axis[0], (int)axis[1], (int)axis[2], c / 9 + 1, c / 3 % 3 + 1, c % 3 + 1);
    PetscCall(FortranTextReal(t, "force constant", 1, &phi[c]));
    phi[c] *= unit;
  }
  for (int k = 0; k < 3; k++) triplet.atom[k] = x->map.atom[atom[k] - 1];
  for (int k = 0; k < 2; k++) CellMapVector(&x->map, (int)atom[0] - 1, (int)atom[1 + k] - 1, n[k], triplet.R[k]);
  PetscCall(ThirdOrderAdd(out, &triplet, phi));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_blocks(FortranText *t, const Source *x, ThirdOrder *out)
{
  PetscInt n;

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, "number of blocks", 1, INT_MAX, 1, &n));
  PetscCall(FortranTextExpect(t, "blocks of 118 values", 236.0 * n));
  for (PetscInt i = 0; i < n; i++) PetscCall(read_block(t, x, i, out));
  PetscCall(FortranTextEnd(t, "the last block"));
  Log(1, "ShengBTE third order %s: %d blocks, atoms numbered as in %s", t->path, (int)n, x->cell[0] ? x->cell : "the material");
  PetscFunctionReturn(0);
}

/* --- harmonic ------------------------------------------------------------------------------------------------ */

/* Atom k in cell (i1, i2, i3) is number ((k n3 + i3) n2 + i2) n1 + i1 */
static PetscErrorCode make_supercell(const Cell *p, const PetscInt n[3], Cell *super)
{
  const PetscInt cells = n[0] * n[1] * n[2];

  PetscFunctionBeginUser;
  PetscCall(CellCreate(cells * p->natoms, super));
  for (int c = 0; c < 9; c++) super->a[c / 3][c % 3] = (PetscReal)n[c / 3] * p->a[c / 3][c % 3];
  for (PetscInt at = 0; at < super->natoms; at++) {
    const PetscInt k = at / cells, R[3] = {at % n[0], at / n[0] % n[1], at / (n[0] * n[1]) % n[2]};

    for (int c = 0; c < 3; c++) super->x[3 * at + c] = (p->x[3 * k + c] + (PetscReal)R[c]) / (PetscReal)n[c];
    super->mass[at] = p->mass[k];
    memcpy(super->symbol[at], p->symbol[k], sizeof(Symbol));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_harmonic(const Source *x, const char *second, WannierSource *s)
{
  PhonopyYaml    y       = {.length = 1.0 / UMK_BOHR_ANGSTROM, .constant = UMK_EV * UMK_BOHR_ANGSTROM * UMK_BOHR_ANGSTROM};
  Control        control = {0};
  SecondOrder    fc      = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  snprintf(y.path, sizeof(y.path), "%s", x->cell);
  PetscCall(CellReadControl(x->cell, &y.primitive, &control));
  y.born = control.born;
  memcpy(y.epsilon, control.epsilon, sizeof(y.epsilon));
  code = make_supercell(&y.primitive, control.scell, &y.supercell);
  if (!code) code = PhonopyCrystal(&y, s);
  if (!code) code = SecondOrderReadText(second, y.constant, &fc);
  if (!code && (fc.nrows != y.supercell.natoms || fc.n != fc.nrows))
    code = InputErrorAt(second, 1, "is for %d x %d atoms; the supercell %d x %d x %d of %s has %d", (int)fc.nrows, (int)fc.n, (int)control.scell[0], (int)control.scell[1], (int)control.scell[2], x->cell, (int)y.supercell.natoms);
  if (!code) code = PhonopySecondOrder(&y, second, &fc, "", s);
  PetscCall(SecondOrderDestroy(&fc));
  PetscCall(PhonopyYamlDestroy(&y));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* The crystal of a first part */
static PetscErrorCode open_crystal(const char *path, const Source *x, WannierSource *s)
{
  static const char *const names[] = {"FORCE_CONSTANTS_2ND", "FORCE_CONSTANTS_2ND.gz", NULL};
  char                     folder[PETSC_MAX_PATH_LEN], given[PETSC_MAX_PATH_LEN], control[PETSC_MAX_PATH_LEN], second[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  PhonopyFolder(path, folder, given);
  PhonopyFind(folder, (const char *const[]){"CONTROL", NULL}, control);
  PhonopyFind(folder, names, second);
  if (!control[0] || !second[0])
    return InputErrorAt(path, 0, "format shengbte holds no crystal without %s: give it after one that does, as in \"qe_fc FILE.fc shengbte PATH\"", control[0] ? names[0] : "CONTROL");
  PetscCall(read_harmonic(x, second, s));
  ImportName(folder, s->head.name);
  PetscFunctionReturn(0);
}

static PetscErrorCode open_shengbte(const char *path, const ImportOptions *options, WannierSource *s)
{
  Source         x = {0};
  ThirdOrder     third;
  FortranText    t = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(find_files(path, &x));
  if (!s->head.natoms) {
    PetscCall(open_crystal(path, &x, s));
    x.cell[0] = 0; /* the material's is this one */
  }
  PetscCall(ThirdOrderCreate(&third));
  code = match_cell(&x, s);
  if (!code) code = FortranTextOpen(x.file, &t);
  if (!code) code = read_blocks(&t, &x, &third);
  if (!code) code = ThirdOrderFinish(&third, x.file, options, s);
  PetscCall(FortranTextClose(&t));
  PetscCall(CellMapDestroy(&x.map));
  PetscCall(ThirdOrderDestroy(&third));
  PetscCall(code);
  PetscFunctionReturn(0);
}

const Importer shengbte_importer = {"shengbte", "third-order force constants, FORCE_CONSTANTS_3RD (or a folder with it and its CONTROL or POSCAR), after a format with a crystal, or first with CONTROL and FORCE_CONSTANTS_2ND", open_shengbte, .adds = true, .first = true};

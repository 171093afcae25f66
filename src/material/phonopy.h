/*
  Files of phonopy and phono3py (private to src/material): cells from a YAML file, force constants of a supercell from text, HDF5 or the YAML itself,
  Born charges from the YAML or a file BORN.

  The constants stand in rows: first atom one of each kind of the primitive cell (compact) or every atom (full), second (and third) atom every atom of
  the supercell. Like phonopy, only the rows of one atom of each kind are used; an element is shared equally among the nearest images of the second
  atom seen from the first, and of the third seen from the first.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_PHONOPY_H
#define UMKLAPP_PHONOPY_H

#include "import_impl.h"
#include "supercell.h"
#include <hdf5.h>

typedef struct {
  PetscInt   nrows, n;  /* rows, atoms of the supercell */
  PetscInt  *row_atom;  /* [nrows] first atom of each row; NULL: the first atom of each kind, in their order */
  PetscReal *fc;        /* [nrows][n][3][3] hartree/bohr^2 */
} SecondOrder;

typedef struct {
  char        path[PETSC_MAX_PATH_LEN];
  Cell        primitive, supercell, phonon_supercell; /* the last: of the harmonic constants, when it is another one; natoms = 0 otherwise */
  PetscReal   length, constant;                       /* units of lengths and of force constants: bohr, hartree/bohr^2 */
  bool        constant_given;                         /* by the file, not by default */
  PetscReal  *born, epsilon[9];                       /* [natoms][3][3] of the primitive cell, or NULL */
  PetscReal   nac_factor;                             /* e^2 in units of constant length^3; 0: not given */
  SecondOrder second;                                 /* n = 0: not in this file */
} PhonopyYaml;

PetscErrorCode PhonopyYamlRead(const char *path, PhonopyYaml *y);
PetscErrorCode PhonopyYamlDestroy(PhonopyYaml *y);
/* "eV/angstrom^2", "Ry/au^2", "eV/angstrom.au" */
PetscErrorCode PhonopyUnit(const char *path, const char *unit, const char *kind, PetscReal *factor);

/* FORCE_CONSTANTS; fc2.hdf5 or force_constants.hdf5. unit: of the numbers where the file does not say. */
PetscErrorCode SecondOrderReadText(const char *path, PetscReal unit, SecondOrder *fc);
PetscErrorCode SecondOrderReadHdf5(const char *path, PetscReal unit, SecondOrder *fc);
PetscErrorCode SecondOrderDestroy(SecondOrder *fc);
/* row[kappa]: the row of one atom of each kind; checks the shape */
PetscErrorCode SupercellRows(const char *path, const Supercell *sc, PetscInt nrows, PetscInt n, const PetscInt *row_atom, PetscInt *row, PetscInt *atom);

/* fc3.hdf5, one first atom at a time */
typedef struct {
  char      path[PETSC_MAX_PATH_LEN];
  hid_t     file, fc3, nonzero; /* nonzero < 0: there is none */
  PetscInt  nrows, n, *row_atom;
  H5E_auto2_t report;           /* HDF5's own way to tell errors, put back at the end */
  void     *report_context;
} ThirdOrderFile;
PetscErrorCode ThirdOrderFileOpen(const char *path, ThirdOrderFile *f);
/* phi [n][n][27], in the file's unit; present [n][n] */
PetscErrorCode ThirdOrderFileRead(const ThirdOrderFile *f, PetscInt row, PetscReal *phi, uint8_t *present);
PetscErrorCode ThirdOrderFileClose(ThirdOrderFile *f);

/* BORN: charges of the inequivalent atoms, or of all; born [natoms][3][3] all of them. factor 0: the default */
PetscErrorCode BornRead(const char *path, const Cell *primitive, PetscReal epsilon[9], PetscReal **born, PetscReal *factor);

/* The material: cell, harmonic constants, dipoles; and the third order in it */
PetscErrorCode PhonopyCrystal(const PhonopyYaml *y, WannierSource *s);
/* fc is used up: dipole parts are taken out of it. born: path of BORN or "". */
PetscErrorCode PhonopySecondOrder(PhonopyYaml *y, const char *path, SecondOrder *fc, const char *born, WannierSource *s);
PetscErrorCode PhonopyThirdOrder(const PhonopyYaml *y, const char *path, const ImportOptions *options, WannierSource *s);

/* The first of the names (ended by NULL) that is a file of the folder, or "" */
void PhonopyFind(const char *folder, const char *const *names, char path[PETSC_MAX_PATH_LEN]);
/* path is a folder, or a file in it: given[] is then that file, "" otherwise */
PetscErrorCode PhonopyFolder(const char *path, char folder[PETSC_MAX_PATH_LEN], char given[PETSC_MAX_PATH_LEN]);

#endif

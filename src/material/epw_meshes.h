/*
  The lattice vectors of EPW 5.3.1's files (private to src/material). The files do not hold them; the mesh is the one whose
  Wigner-Seitz list is as long as the header says, uniform meshes first:
    electrons  s = c_b - c_a;   phonons  s = tau_b - tau_a;   coupling  s = tau_na - (c_a + c_b)/2;   all 0 without use_ws
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_EPW_MESHES_H
#define UMKLAPP_EPW_MESHES_H

#include "import_impl.h"
#include "wigner_seitz.h"

typedef struct { /* what the text files say, Rydberg units */
  char        folder[PETSC_MAX_PATH_LEN];
  PetscReal   alat, nelec, ef, at[3][3], bg[3][3]; /* rows: vectors */
  PetscReal  *tau, *centres;                       /* alat */
  PetscReal  *tau_shift, *centre_shift;            /* fractional */
  PetscInt    nb, nm, nat, nrr[3];
  Complex    *H, *D, *r;                           /* in the order of the file */
} EpwText;

typedef enum { EPW_LIST_K, EPW_LIST_Q, EPW_LIST_G } EpwList;

/* The list of that mesh; ws->R == NULL when its length is not `count`. Not collective. */
PetscErrorCode EpwMakeList(const EpwText *x, EpwList list, bool use_ws, const PetscInt mesh[3], PetscInt count, WignerSeitz *ws);
/* Fill coarse_k, coarse_q and use_ws from the options, or work them out; an input error when none or several fit. Not collective. */
PetscErrorCode EpwFindMeshes(const EpwText *x, const ImportOptions *o, WannierHead *h);

#endif

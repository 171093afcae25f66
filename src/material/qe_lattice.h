/*
  Lattice vectors from Quantum ESPRESSO's Bravais index `ibrav` and celldm(1..6) (as the pw.x of version 6.5 and later documents them;
  -13 was another choice of axes before). celldm: a in bohr, b/a, c/a, then cosines of angles.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_QE_LATTICE_H
#define UMKLAPP_QE_LATTICE_H

#include "umklapp/base.h"

/* Why celldm cannot be for this ibrav, or NULL and the rows a in bohr. ibrav = 0 is not for this function. Not collective. */
const char *QeLattice(int ibrav, const PetscReal celldm[6], PetscReal a[3][3]);

#endif

/*
  Electrons in a magnetic field: (A + Lambda) z = X by GMRES, for tests of the magnetic operator. The deck's magnetic_field gives the mesh its operations.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_IN_FIELD_H
#define UMKLAPP_TEST_IN_FIELD_H

#include "engine.h"

/* L_XY = <X^X, z^Y>/k_B T in field B (atomic units) at a point of the scan, with differences of order 2 reach (0: as DriveCreateMagnetic). Collective. */
PetscErrorCode InFieldSolve(Engine *engine, PetscInt at, const PetscReal B[3], int reach, PetscReal L[2][2][3][3]);
/* Largest |Lambda_ij + Lambda_ji|, and |x.Lambda x|/(|x| |Lambda x|) of a random x. Collective. */
PetscErrorCode InFieldAntisymmetry(Engine *engine, const PetscReal B[3], PetscReal *defect, PetscReal *work);

#endif

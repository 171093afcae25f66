/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DRIVE_IMPL_H
#define UMKLAPP_DRIVE_IMPL_H

#include "umklapp/drive.h"

#define MAGNETIC_MAX_REACH 5
#define MAGNETIC_REACH     4 /* steps to either side: order 8 */

/* DriveCreateMagnetic with central differences of order 2 reach, 1 <= reach <= MAGNETIC_MAX_REACH. */
PetscErrorCode MagneticCreate(Collision collision, States electrons, const PetscReal B[3], int reach, Mat *Lambda);
/*
  BandsConnect - which bands of point q (positions in states->point) continue those of point p, at k_q = k_p + delta (bohr^-1): M[n nb + m], doubly
  stochastic, M(q, p) = M(p, q)^T. Not collective.
*/
PetscErrorCode BandsConnect(States states, PetscInt p, PetscInt q, const PetscReal delta[3], PetscReal *M);

#endif

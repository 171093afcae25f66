/* Dipole terms of a crystal that need not be a Material yet: see polar.c (private to src/material). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_POLAR_H
#define UMKLAPP_POLAR_H

#include "wannier_impl.h"

typedef struct {
  PetscInt         natoms, mesh[3];         /* mesh: a single cell along an axis leaves out its reciprocal vectors */
  PetscReal        b[3][3], volume, length; /* bohr^-1 with 2 pi, bohr^3; L of polar.c */
  PetscReal        epsilon[3][3];
  const PetscReal *tau, *zstar;             /* [natoms][3] bohr, [natoms][3 field][3 displacement] */
} Dipoles;

/* As PolarDynamical: adds to D [nm][nm], and to gradient [3][nm][nm] unless NULL. */
PetscErrorCode DipolesDynamical(const Dipoles *d, const PetscReal q[3], Complex *D, Complex *gradient);

#endif

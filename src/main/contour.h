/*
  Orbits in k space: closed curves E_n(k) = E in a plane b.k = h, and what their integrals say.

    A = area,   dA/dE = contour integral of dl / |v_perp|,   dA/dh = - (sign) contour integral of v_par dl / |v_perp|,   m_c = (1/2 pi) dA/dE

  v = dE/dk, sign +1 where energies inside are lower (an electron's orbit), -1 where they are higher (a hole's). dA/dE carries the sign.

  A polygon from the triangles of an isosurface gives the curve's shape: Fourier series of a few terms, from which points move along the
  gradient within the plane onto the curve. The points then are a smooth periodic function of their parameter, and the trapezoid rule converges faster
  than any power of their number, which is doubled until the integrals do not change.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_CONTOUR_H
#define UMKLAPP_MAIN_CONTOUR_H

#include "isosurface.h"

typedef struct { /* where curves live; e1, e2, b right-handed unit vectors */
  Material  material;
  Crystal   crystal;
  PetscReal inverse[3][3]; /* Cartesian -> fractional by MatTVec3 */
  PetscInt  nbands, band;
  PetscReal energy, e1[3], e2[3], b[3];
} ContourSpace;

typedef struct {
  PetscInt   n, nbase;
  PetscReal(*k)[3];        /* [n] points on the curve, Cartesian bohr^-1 */
  PetscReal(*v)[3];        /* [n] velocities there */
  PetscReal  h, area, mass_area /* dA/dE */, slope /* dA/dh */, length, centre[3];
  PetscReal  error;        /* relative change of dA/dE when the points were last doubled */
  int        sign;
} Contour;

typedef enum { WALK_CLOSED, WALK_OPEN, WALK_LOST } WalkEnd; /* LOST: longer than the walk may be, so open or nearly so */

PetscErrorCode ContourSpaceCreate(Material m, PetscInt band, PetscReal energy, const PetscReal direction[3], ContourSpace *space);
/*
  ContourWalk - from triangle `start` of the surface, laid out in its component, along the plane b.k = h until the curve closes. polygon [*n][3], PetscFree by
  caller; seen [ntriangles]: marked where the walk passes a triangle in its home place or an image of that at the same height; period: of an open orbit. Not collective.
*/
PetscErrorCode ContourWalk(const ContourSpace *space, Isosurface surface, PetscInt start, PetscReal h, bool *seen, PetscInt *n, PetscReal (**polygon)[3], WalkEnd *end, int period[3]);
/* Does the plane meet the triangle in its home place? */
bool           ContourMeets(const ContourSpace *space, Isosurface surface, PetscInt triangle, PetscReal h);
/* The curve near a closed polygon of n points in the plane b.k = h; *found false when there is none. tolerance: of the doubling; 0: a first look,
   n points to 1e-3 of their distance. Not collective. */
PetscErrorCode ContourCreate(const ContourSpace *space, PetscInt n, const PetscReal (*polygon)[3], PetscReal h, PetscReal tolerance, Contour *c, bool *found);
/* The same orbit in the plane b.k = h, or at another energy of the space in the same plane. */
PetscErrorCode ContourMove(const ContourSpace *space, const Contour *from, PetscReal h, PetscReal tolerance, Contour *c, bool *found);
PetscErrorCode ContourDestroy(Contour *c);

#endif

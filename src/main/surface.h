/*
  A constant-frequency surface omega_b(q) = omega_0 seen from Gamma, and the directions in which it sends energy.

  Directions of q are the corners of an octahedron's faces, each divided into n x n triangles and projected on the sphere; along each the roots |q| within the
  first zone are found by Brent's method. The enhancement of phonon focusing at a point of the surface (Maris, J. Acoust. Soc. Am. 50, 812 (1971)) is

    A = d Omega_q / d Omega_v,

  here the ratio of the solid angles that a triangle spans in q and in the group velocity, with the sign of the latter: negative where the surface is
  saddle-shaped; it changes sign at infinity, on the caustics, where the surface's Gaussian curvature is zero.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_SURFACE_H
#define UMKLAPP_MAIN_SURFACE_H

#include "umklapp/base.h"

#define SURFACE_SHEETS 4 /* roots along one direction */

/* omega [n] and velocity [n][3] (NULL: not wanted) of the branch at n Cartesian wave vectors q [n][3], 1/bohr */
typedef PetscErrorCode (*SurfaceBranch)(void *ctx, PetscInt n, const PetscReal *q, PetscReal *omega, PetscReal *velocity);
/* largest |q| along a unit vector that belongs to the first zone */
typedef PetscReal (*SurfaceLimit)(void *ctx, const PetscReal direction[3]);

typedef struct {
  PetscInt   n, nvertices, ntriangles;
  PetscReal (*direction)[3];              /* [nvertices] unit vectors, replicated: 4 n^2 + 2 of them whatever the crystal's mesh */
  PetscInt  (*triangle)[3];               /* [ntriangles] counter-clockwise from outside */
  PetscReal (*length)[SURFACE_SHEETS];    /* [nvertices] |q| of each root, ascending; 0: no such sheet */
  PetscReal (*velocity)[SURFACE_SHEETS][3]; /* [nvertices] group velocities */
  PetscReal  lowest, highest;             /* frequencies met on the way */
  SharedArray shared[2];                  /* length, velocity: one copy per node */
} Surface;

/* omega > 0: roots; omega = 0: the surface at |q| = small, of long waves, for branches whose frequency grows as |q|. Collective. */
PetscErrorCode SurfaceCreate(MPI_Comm comm, PetscInt n, SurfaceBranch branch, SurfaceLimit limit, void *ctx, PetscReal omega, PetscReal small, Surface *surface);
PetscErrorCode SurfaceDestroy(Surface *surface);
/* Signed solid angle of the triangle of three vectors, (-2 pi, 2 pi). */
PetscReal SolidAngle(const PetscReal a[3], const PetscReal b[3], const PetscReal c[3]);
/* Is this sheet there at all corners of the triangle? */
static inline bool SurfaceHas(const Surface *s, PetscInt t, int sheet)
{
  return s->length[s->triangle[t][0]][sheet] > 0 && s->length[s->triangle[t][1]][sheet] > 0 && s->length[s->triangle[t][2]][sheet] > 0;
}

#endif

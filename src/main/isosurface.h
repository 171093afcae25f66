/*
  Constant-energy surfaces E_n(k) = E of a band in the periodic zone, as triangles.

  The zone's mesh is divided further only in cells that the surface may pass, as energies and velocities at their corners tell. Every fine cell
  is six Kuhn simplices about its shortest diagonal, and a simplex is cut in one triangle or two. A vertex of a triangle lies on an edge of the simplices and
  belongs to a fine mesh point modulo the reciprocal lattice: triangles that share two vertices are neighbours, perhaps in the next zone.

    PetscCall(IsosurfaceMeshCreate(comm, m, n, refine, &mesh));
    PetscCall(IsosurfaceCreate(mesh, band, energy, &surface));
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_ISOSURFACE_H
#define UMKLAPP_MAIN_ISOSURFACE_H

#include "umklapp/material.h"

typedef struct _p_IsosurfaceMesh *IsosurfaceMesh;
struct _p_IsosurfaceMesh {
  MPI_Comm         comm;
  Material         material;       /* borrowed */
  Crystal          crystal;        /* borrowed */
  PetscInt         n[3], refine, nbands;
  int              flip[3];        /* +1, -1: the simplices' diagonal is the sum of flip[c] b_c/n_c */
  PetscReal        diagonal;       /* longest of a cell, bohr^-1 */
  const PetscReal *energy;         /* [n1 n2 n3][nbands] one copy per node */
  const PetscReal *velocity;       /* [n1 n2 n3][nbands][3] one copy per node */
  SharedArray      energy_window, velocity_window;
};

typedef struct {
  PetscInt  vertex[3];             /* of surface->k */
  int       cell[3][3];            /* lattice vector at which each corner sits in the triangle's own frame */
  PetscInt  neighbour[3];          /* 3 t + c: across the edge from corner c to corner c + 1 lies the edge c of triangle t; -1: none */
  PetscInt  component;
  int       home[3];               /* lattice vector that brings the triangle to its place in the component laid out in one piece */
} IsosurfaceTriangle;

typedef struct {
  Crystal             crystal;     /* borrowed */
  PetscInt            band;
  PetscReal           energy;
  PetscInt            nvertices, ntriangles, ncomponents;
  PetscReal         (*k)[3];       /* [nvertices] Cartesian, bohr^-1, at home cell 0 */
  IsosurfaceTriangle *triangle;
  bool               *open;        /* [ncomponents] the component reaches its own image in another zone */
  bool                cut;         /* a box model's surface reaches the box */
} *Isosurface;

/* IsosurfaceMeshCreate - energies and velocities of all bands on n points, every rank its share. In two dimensions n[2] is ignored. Collective. */
PetscErrorCode IsosurfaceMeshCreate(MPI_Comm comm, Material m, const PetscInt n[3], PetscInt refine, IsosurfaceMesh *mesh);
PetscErrorCode IsosurfaceMeshDestroy(IsosurfaceMesh *mesh);
/* IsosurfaceCreate - collective; the same on all ranks. No triangles: the band does not reach the energy (on the mesh). */
PetscErrorCode IsosurfaceCreate(IsosurfaceMesh mesh, PetscInt band, PetscReal energy, Isosurface *surface);
PetscErrorCode IsosurfaceDestroy(Isosurface *surface);
/* Corner c of a triangle, moved by lattice vectors `shift`; Cartesian. Not collective. */
void IsosurfaceCorner(Isosurface s, PetscInt triangle, int c, const int shift[3], PetscReal k[3]);

/* Lattice vector that moves the neighbour across edge `at` = 3 triangle + c from its own frame to where it touches the triangle in its. Not collective. */
void IsosurfaceStep(Isosurface s, PetscInt at, int step[3]);

#endif

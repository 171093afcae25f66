/*
  The study `orbits`: extremal orbits of constant-energy surfaces about a field, their areas, cyclotron masses and frequencies.

  Every surface (a band at an energy) falls into components; every component is cut by planes perpendicular to the field at equal distances; every
  closed curve found there is followed to the next plane, and where dA/dk_par changes its sign between them a root finder takes it to the extremal orbit.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_ORBITS_H
#define UMKLAPP_MAIN_ORBITS_H

#include "contour.h"
#include "study.h"

#define ORBIT_DRAWN 96 /* points kept of a curve */

typedef struct { /* numbers only: gathered as they are */
  PetscReal surface, direction, component, height; /* first two: positions in the study's lists */
  PetscReal kind;                                  /* WalkEnd */
  PetscReal period[3];                             /* open: lattice vector that the orbit goes along */
  PetscReal sign, area, mass, check;               /* bohr^-2; m_e: dA/dE / 2 pi, from the contour integral and from areas at two energies */
  PetscReal curvature, error, length;              /* d2A/dk_par2; relative, of the mass; bohr^-1 */
  PetscReal centre[3], extremal;                   /* extremal 2: A does not depend on k_par */
  PetscReal point[ORBIT_DRAWN][3];
} Orbit;
#define ORBIT_REALS ((PetscMPIInt)(sizeof(Orbit) / sizeof(PetscReal)))

typedef struct {
  PetscInt  n, capacity;
  Orbit    *orbit;
} OrbitList;

typedef struct { /* extremum of the band inside a closed component */
  PetscInt  surface, component;
  bool      found;
  PetscReal k[3], energy, mass[3], axis[3][3]; /* masses with sign, axes in rows */
  PetscReal w[3][3];                           /* inverse masses */
} Valley;

typedef struct {
  Isosurface surface;
  PetscInt   energy;      /* position in the list of energies */
  PetscReal(*offset)[3];  /* [ncomponents] lattice vector that brings a closed component to the first zone, Cartesian */
} OrbitSurface;

typedef struct {
  Deck       section;
  Material   material;
  Crystal    crystal;
  PetscInt   ndirections, nenergies, slices, nsurfaces, nvalleys;
  PetscReal(*direction)[3], *energy, *given, field; /* unit vectors; hartree, absolute, and as in the deck; atomic units */
  OrbitSurface *surface;
  Valley    *valley;
  OrbitList  list;
  PetscInt   failures;    /* curves that could not be followed to round-off */
} OrbitStudy;

PetscErrorCode OrbitListAppend(OrbitList *list, const Orbit *orbit);
/* Every orbit of plane number `slice` of a component and every extremum between it and the next. Not collective. */
PetscErrorCode OrbitSearch(const OrbitStudy *study, PetscInt surface, PetscInt direction, PetscInt component, PetscInt slice, OrbitList *list, PetscInt *failures);
/* Energy and inverse masses at the extremum of band next to k. *found false: none, or bands touch there. Not collective. */
PetscErrorCode ValleyFind(Material m, Crystal crystal, PetscInt band, const PetscReal k[3], PetscReal length, Valley *valley);
/* Top or bottom of a band, from the least point of a mesh downhill. Not collective. */
PetscErrorCode ValleyEdge(IsosurfaceMesh mesh, PetscInt band, bool top, PetscReal *energy);
/* To the file, and the table on standard output. Collective. */
PetscErrorCode OrbitsWrite(const OrbitStudy *study, Results r);
PetscErrorCode OrbitsReport(const OrbitStudy *study);

#endif

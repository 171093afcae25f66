/*
  Dispersions for comparison before transport: energies along a path and the density of states,

    g(e) = (1/N) sum_{n k} delta(e - e_nk),  linear tetrahedra, averaged over the bins of the energy axis.

  One description (a Dispersion) serves electrons and phonons.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_DISPERSION_H
#define UMKLAPP_MAIN_DISPERSION_H

#include "commands.h"
#include "umklapp/material.h"
#include "umklapp/mesh.h"

#define KPATH_MAX_TICKS 64

typedef struct {
  PetscInt   n, nticks;
  PetscReal(*k)[3];                      /* [n] fractional */
  PetscReal *distance;                   /* [n] 1/bohr, from the first point */
  PetscInt   tick[KPATH_MAX_TICKS];      /* position of each corner */
  char       label[KPATH_MAX_TICKS][16];
} KPath;

typedef struct {
  const char *name;       /* "electrons", "phonons": section of the deck and group of the file */
  const char *quantity;   /* "energy", "frequency" */
  const char *unit;       /* "eV", "THz" */
  PetscReal   factor;     /* hartree -> unit */
  PetscReal   degeneracy; /* of the density of states */
  PetscInt    nbands;
  PetscErrorCode (*evaluate)(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy);
  PetscErrorCode (*more)(Deck deck, Material m, const PetscInt mesh[3], Results r); /* what else is written; NULL: nothing. Collective */
} Dispersion;

PetscErrorCode DispersionRegisterKeys(void);
/* KPathCreate - the corners of the deck's `path`, or a usual path of the lattice. Not collective; free with KPathDestroy. */
PetscErrorCode KPathCreate(Deck path, Crystal crystal, KPath *kpath);
PetscErrorCode KPathDestroy(KPath *kpath);
/* DosIntegrate - collective. energy [nwedge][nbands]; integrated [n + 1]: states per cell below each of the edges
   first + i * step, without degeneracy.                                                                          */
PetscErrorCode DosIntegrate(KMesh mesh, PetscInt nbands, const PetscReal *energy, PetscInt n, PetscReal first, PetscReal step, PetscReal *integrated);
/* HeatCapacity - collective. capacity [nT]: of the phonons, k_B per cell, at the temperatures kT [nT] (hartree); mesh: points a side of the zone, at least.
   imaginary: share of the modes that is unstable, and left out. HeatCapacityRun: at the deck's temperatures, if any, to the results and the report. */
PetscErrorCode HeatCapacity(Material m, const PetscInt mesh[3], PetscInt nT, const PetscReal *kT, PetscReal *capacity, PetscReal *imaginary);
PetscErrorCode HeatCapacityRun(Deck deck, Material m, const PetscInt mesh[3], Results r);
/* DispersionRun - collective: path and density of states to the results file and the report. edge: [2] top of the bands below `nbelow`
   and bottom of those above, on path and mesh, in d->unit; NULL when not wanted. */
PetscErrorCode DispersionRun(const Arguments *a, Deck deck, Material m, const Dispersion *d, PetscInt nbelow, PetscReal *edge);

#endif

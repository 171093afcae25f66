/* Bands on a mesh for programs that draw Fermi surfaces: a study by itself, or beside a transport run, whose lifetimes can then colour the surface. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_FERMI_SURFACE_H
#define UMKLAPP_MAIN_FERMI_SURFACE_H

#include "run.h"

/* What can be wrong with the section, said before a run. Not collective. */
PetscErrorCode FermiSurfaceCheck(Deck deck);
/* After a run, at its first temperature and carriers; nothing when the deck has no section fermi_surface. Collective. */
PetscErrorCode FermiSurfaceOfRun(const System *system);

#endif

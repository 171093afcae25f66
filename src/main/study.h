/*
  Studies: what `umklapp run` does instead of transport when the deck has a section of that name. One entry of the table in study.c,
  one file src/main/NAME.c each.

    static const Study studies[] = {{"wave_packet", false, WavePacketRegisterKeys, WavePacketRun}, ...};
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_STUDY_H
#define UMKLAPP_MAIN_STUDY_H

#include "umklapp/material.h"
#include "umklapp/output.h"

typedef struct {
  const char *section;
  bool        electrons;       /* about electrons, and may take temperature, carriers and electrons from the deck; else about phonons */
  PetscErrorCode (*register_keys)(void);
  PetscErrorCode (*run)(Deck deck, Material m, Results r); /* collective; writes to r and prints its report */
  bool        beside_transport; /* where the deck has scattering it is no study: the run sees to it */
} Study;

PetscErrorCode StudyRegisterKeys(void);
/* Runs the study that the deck asks for, destroys the deck and says *done; does nothing when it asks for none. Collective. */
PetscErrorCode StudyRun(Deck *deck, bool restart, bool *done);

/* The section that makes the deck a study, NULL where it is transport's. Not collective. */
PetscErrorCode StudyName(Deck deck, const char **section);

PetscErrorCode WavePacketRegisterKeys(void);
PetscErrorCode WavePacketRun(Deck deck, Material m, Results r);
PetscErrorCode FocusingRegisterKeys(void);
PetscErrorCode FocusingRun(Deck deck, Material m, Results r);
PetscErrorCode OrbitsRegisterKeys(void);
PetscErrorCode OrbitsRun(Deck deck, Material m, Results r);
PetscErrorCode OpticalRegisterKeys(void);
PetscErrorCode OpticalRun(Deck deck, Material m, Results r);
PetscErrorCode FermiSurfaceRegisterKeys(void);
PetscErrorCode FermiSurfaceRun(Deck deck, Material m, Results r);

#endif

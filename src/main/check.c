/* `umklapp check DECK`: the effective deck, every key with its value or default and its unit; the material must be there and whole. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"
#include "umklapp/material.h"

PetscErrorCode CommandCheck(const Arguments *a)
{
  Deck     deck, section;
  Material m;
  int      rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(CommandLoadDeck(a, &deck));
  PetscCall(DeckGetSection(deck, "material", &section));
  PetscCall(MaterialCreateFromDeck(PETSC_COMM_WORLD, section, &m));
  if (!rank) PetscCall(DeckPrint(deck, stdout));
  PetscCall(MaterialDestroy(&m));
  PetscCall(DeckDestroy(&deck));
  PetscFunctionReturn(0);
}

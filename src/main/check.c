/* `umklapp check DECK`: the effective deck, every key with its value or default and its unit. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

PetscErrorCode CommandCheck(const Arguments *a)
{
  Deck deck;
  int  rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(CommandLoadDeck(a, &deck));
  if (!rank) PetscCall(DeckPrint(deck, stdout));
  PetscCall(DeckDestroy(&deck));
  PetscFunctionReturn(0);
}

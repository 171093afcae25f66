/* The keys of all layers, the deck of the command line, and `umklapp keys`. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "umklapp/channel.h"
#include "umklapp/material.h"
#include "commands.h"
#include "dispersion.h"
#include "study.h"

PetscErrorCode RegisterKeys(void)
{
  static bool done = false;

  PetscFunctionBeginUser;
  if (done) PetscFunctionReturn(0);
  done = true;
  PetscCall(MaterialRegisterKeys());
  PetscCall(StatesRegisterKeys());
  PetscCall(ChannelRegisterKeys());
  PetscCall(DispersionRegisterKeys());
  PetscCall(RunRegisterKeys());
  PetscCall(StudyRegisterKeys());
  PetscFunctionReturn(0);
}

PetscErrorCode CommandLoadDeck(const Arguments *a, Deck *deck)
{
  const char *sets[ARGUMENTS_MAX], *output = ArgumentsGet(a, "--output");
  char        set[PETSC_MAX_PATH_LEN + 16];
  int         n = ArgumentsGetAll(a, "--set", sets);

  PetscFunctionBeginUser;
  PetscCall(RegisterKeys());
  if (output) {
    snprintf(set, sizeof set, "output=%s", output);
    sets[n++] = set;
  }
  PetscCall(DeckCreateFromFile(PETSC_COMM_WORLD, a->operand[0], n, sets, deck));
  PetscCall(DeckApplyPetscOptions(*deck));
  PetscFunctionReturn(0);
}

PetscErrorCode CommandKeys(const Arguments *a)
{
  int rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(RegisterKeys());
  if (!rank && ArgumentsGet(a, "--markdown") && !a->noperands) printf("# The deck: every key\n\nWritten by `umklapp keys --markdown`; change the tables in the sources instead.\n\n");
  if (!rank) PetscCall(DeckPrintKeys(stdout, a->noperands ? a->operand[0] : NULL, ArgumentsGet(a, "--markdown") != NULL));
  PetscFunctionReturn(0);
}

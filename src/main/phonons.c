/* `umklapp phonons DECK`: phonon branches, their density of states and heat capacity; imaginary frequencies are shown as negative. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dispersion.h"

static PetscErrorCode Frequencies(Material m, PetscInt nq, const PetscReal *q, PetscReal *omega)
{
  return MaterialPhonons(m, nq, q, omega, NULL, NULL);
}

PetscErrorCode CommandPhonons(const Arguments *a)
{
  Dispersion d = {.name = "phonons", .quantity = "frequency", .unit = "THz", .factor = 1e-12 / (2 * UMK_PI * UMK_TIME_S), .degeneracy = 1, .evaluate = Frequencies, .more = HeatCapacityRun};
  Deck       deck, section;
  Material   m;

  PetscFunctionBeginUser;
  PetscCall(CommandLoadDeck(a, &deck));
  PetscCall(DeckGetSection(deck, "material", &section));
  PetscCall(MaterialCreateFromDeck(PETSC_COMM_WORLD, section, &m));
  PetscCall(MaterialGetSizes(m, NULL, &d.nbands, NULL, NULL));
  if (!d.nbands) PetscCall(DeckError(deck, "material", "the material has no phonon dispersion"));
  PetscCall(DispersionRun(a, deck, m, &d, 0, NULL));
  PetscCall(MaterialDestroy(&m));
  PetscCall(DeckDestroy(&deck));
  PetscFunctionReturn(0);
}

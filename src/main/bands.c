/* `umklapp bands DECK`: electron bands and their density of states. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dispersion.h"

static PetscErrorCode Energies(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy)
{
  return MaterialElectrons(m, nk, k, energy, NULL, NULL);
}

PetscErrorCode CommandBands(const Arguments *a)
{
  Dispersion d = {.name = "electrons", .quantity = "energy", .unit = "eV", .factor = UMK_HARTREE_EV, .evaluate = Energies};
  Deck       deck, section;
  Material   m;
  PetscInt   nvalence, spin;
  PetscReal  edge[2];
  bool       metal;

  PetscFunctionBeginUser;
  PetscCall(CommandLoadDeck(a, &deck));
  PetscCall(DeckGetSection(deck, "material", &section));
  PetscCall(MaterialCreateFromDeck(PETSC_COMM_WORLD, section, &m));
  PetscCall(MaterialGetSizes(m, &d.nbands, NULL, NULL, &spin));
  PetscCall(MaterialGetValenceBands(m, &nvalence, &metal));
  if (!d.nbands) PetscCall(DeckError(deck, "material", "the material has no electron bands"));
  d.degeneracy = spin;
  PetscCall(DispersionRun(a, deck, m, &d, nvalence, metal ? NULL : edge));
  if (!metal && isfinite(edge[0])) Log(1, "valence top %.4f eV", edge[0]);
  if (!metal && isfinite(edge[1])) Log(1, "conduction bottom %.4f eV", edge[1]);
  if (!metal && isfinite(edge[0]) && isfinite(edge[1])) Log(1, "gap on path and mesh %.4f eV", edge[1] - edge[0]);
  PetscCall(MaterialDestroy(&m));
  PetscCall(DeckDestroy(&deck));
  PetscFunctionReturn(0);
}

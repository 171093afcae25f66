/* What electron and phonon states share: arrays, destruction, look-up. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"

static const DeckKey keys[] = {
  {"electrons",        DECK_SECTION, .primary = "mesh", .help = "electron states"},
  {"electrons.mesh",   DECK_INT3, .fallback = "[40, 40, 40]", .min = 1, .max = 2000, .help = "uniform k mesh, n or [n1, n2, n3]"},
  {"electrons.window", DECK_REAL_LIST, .unit = "eV", .fallback = "0.35 eV", .min_count = 1, .max_count = 2,
   .help = "states within this energy of the band edge (both edges if bipolar; the chemical potential in a metal), or [emin, emax] absolute"},
  {"phonons",          DECK_SECTION, .primary = "mesh", .help = "phonon modes"},
  {"phonons.minimum_frequency", DECK_REAL, .unit = "meV", .min = 0, .max = 100, .help = "phonon modes below are left out (acoustic modes at q = 0); default 0.62 meV as partners of electrons, 0.01 meV where phonons carry the heat"},
  {"phonons.refine", DECK_REAL, .unit = "nm^-1", .positive = true, .max = 1e3, .help = "with drag: phonons at wave vectors up to this are unknowns of the electrons' mesh, the others of phonons.mesh; each kind scatters the other"},
  {"phonons.mesh",     DECK_INT3, .min = 1, .max = 2000, .help = "uniform q mesh: of phonons that carry heat (default 16), of `umklapp phonons` (density of states); as partners of electrons they are on the electrons' mesh"},
  {"symmetry",         DECK_CHOICE, .choices = "crystal|none", .fallback = "crystal", .help = "reduce k to the wedge of the crystal's operations, or treat the whole zone"},
  {NULL}};

PetscErrorCode StatesRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

PetscErrorCode StatesNewArray(States states, size_t bytes, SharedArray *array, void *address)
{
  PetscFunctionBeginUser;
  UmkCheck(states->priv->narrays < STATES_MAX_ARRAYS, "too many arrays");
  PetscCall(SharedArrayCreate(states->comm, bytes > 0 ? bytes : 1, array));
  states->priv->array[states->priv->narrays++] = *array;
  PetscCall(SharedArrayGet(*array, address));
  PetscFunctionReturn(0);
}

void StatesShare(MPI_Comm comm, PetscInt n, PetscInt *begin, PetscInt *end)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  *begin = (PetscInt)((PetscInt64)n * rank / size);
  *end   = (PetscInt)((PetscInt64)n * (rank + 1) / size);
}

PetscErrorCode StatesDestroy(States *states)
{
  PetscFunctionBeginUser;
  if (!*states) PetscFunctionReturn(0);
  for (int i = 0; i < (*states)->priv->narrays; i++) PetscCall(SharedArrayDestroy(&(*states)->priv->array[i]));
  PetscCall(PetscFree((*states)->priv));
  PetscCall(PetscFree(*states));
  PetscFunctionReturn(0);
}

PetscInt StatesFindPoint(States states, int64_t linear)
{
  PetscInt low = 0, high = states->npoints;
  while (low < high) {
    PetscInt middle = low + (high - low) / 2;
    if (states->point[middle] < linear) low = middle + 1;
    else high = middle;
  }
  return low < states->npoints && states->point[low] == linear ? low : -1;
}

/* The table of studies, and what they share: deck, material, results file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"
#include "study.h"

static const Study studies[] = {
  {"wave_packet", false, WavePacketRegisterKeys, WavePacketRun},
  {"focusing", false, FocusingRegisterKeys, FocusingRun},
  {"orbits", true, OrbitsRegisterKeys, OrbitsRun},
  {"optical", true, OpticalRegisterKeys, OpticalRun},
  {"fermi_surface", true, FermiSurfaceRegisterKeys, FermiSurfaceRun, .beside_transport = true},
  {NULL}};

/* Sections that belong to transport; studies of electrons share the last three. */
static const char *const transport[] = {"scattering", "phonons", "solve", "magnetic_field", "frequency", "carriers", "temperature", "electrons", NULL};
#define SHARED 5

PetscErrorCode StudyRegisterKeys(void)
{
  PetscFunctionBeginUser;
  for (const Study *s = studies; s->section; s++) PetscCall(s->register_keys());
  PetscFunctionReturn(0);
}

/* The study that the deck asks for, or NULL; an input error when it asks for two, or for transport as well. */
static PetscErrorCode Find(Deck deck, const Study **study)
{
  bool has;

  PetscFunctionBeginUser;
  *study = NULL;
  for (const Study *s = studies; s->section; s++) {
    PetscCall(DeckHas(deck, s->section, &has));
    if (has && s->beside_transport) {
      PetscCall(DeckHas(deck, "scattering", &has));
      has = !has;
    }
    if (!has) continue;
    if (*study) PetscCall(DeckError(deck, s->section, "one study per deck: '%s' or '%s'", (*study)->section, s->section));
    *study = s;
  }
  for (const char *const *t = transport; *study && *t; t++) {
    if ((*study)->electrons && t - transport >= SHARED) break;
    PetscCall(DeckHas(deck, *t, &has));
    if (has) PetscCall(DeckError(deck, *t, "'%s' belongs to transport, and '%s' makes this deck a study: write two decks", *t, (*study)->section));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Run(const Study *study, Deck deck)
{
  const PetscReal start  = WallTime();
  const char     *output = "results.h5", *name;
  Deck            section;
  Material        m;
  Results         r;
  PetscInt        nbands, nmodes;
  PetscReal       now, peak;
  int             size;

  PetscFunctionBeginUser;
  PetscCall(DeckGetString(deck, "output", &output, NULL));
  PetscCall(ResultsCreate(PETSC_COMM_WORLD, output, &r));
  PetscCall(RunWatchStop(output));
  PetscCall(DeckGetSection(deck, "material", &section));
  PetscCall(MaterialCreateFromDeck(PETSC_COMM_WORLD, section, &m));
  PetscCall(MaterialGetName(m, &name));
  PetscCall(MaterialGetSizes(m, &nbands, &nmodes, NULL, NULL));
  Log(1, "material  %s", name);
  if (study->electrons ? !nbands : !nmodes) PetscCall(DeckError(deck, "material", "the material has no %s, which '%s' is about", study->electrons ? "electron bands" : "phonons", study->section));
  PetscCall(ResultsWriteProvenance(r, deck));
  PetscCall(study->run(deck, m, r));
  PetscCall(ResultsCommit(r));
  Log(1, "results   %s (pictures: umklapp plot %s)", output, output);
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  MemoryUsage(&now, &peak);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPIU_REAL, MPI_MAX, PETSC_COMM_WORLD));
  Log(1, "done in %.1f s on %d rank%s, at most %.0f MiB per rank", WallTime() - start, size, size > 1 ? "s" : "", peak);
  PetscCall(ResultsDestroy(&r));
  PetscCall(MaterialDestroy(&m));
  PetscFunctionReturn(0);
}

PetscErrorCode StudyName(Deck deck, const char **section)
{
  const Study *study;

  PetscFunctionBeginUser;
  PetscCall(Find(deck, &study));
  *section = study ? study->section : NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode StudyRun(Deck *deck, bool restart, bool *done)
{
  const Study *study;

  PetscFunctionBeginUser;
  PetscCall(Find(*deck, &study));
  *done = study != NULL;
  if (!study) PetscFunctionReturn(0);
  if (restart) Log(1, "restart   studies are short and keep no checkpoints: from the beginning");
  PetscCall(Run(study, *deck));
  PetscCall(DeckDestroy(deck));
  PetscFunctionReturn(0);
}

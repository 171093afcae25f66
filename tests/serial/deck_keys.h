/* A key table with every type of key, and the least deck that satisfies it: what the deck's tests read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_DECK_KEYS_H
#define UMKLAPP_TEST_DECK_KEYS_H

#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "umklapp/deck.h"

static const DeckKey keys[] = {
  {"material", DECK_SECTION, .required = true, .primary = "file", .help = "material file or model"},
  {"material.file", DECK_STRING, .help = "native file"},
  {"material.model", DECK_SECTION, .help = "model"},
  {"material.model.bands", DECK_SECTION_LIST, .required = true, .min_count = 1, .help = "bands"},
  {"material.model.bands[].kind", DECK_CHOICE, .choices = "power|ellipsoid|kane|cosine", .required = true, .help = "shape"},
  {"material.model.bands[].mass", DECK_REAL_LIST, .unit = "m_e", .positive = true, .max_count = 3, .help = "masses"},
  {"material.model.bands[].nonparabolicity", DECK_REAL, .unit = "1/eV", .help = "alpha"},
  {"material.model.bands[].edge", DECK_REAL, .unit = "eV", .fallback = "0 eV", .help = "edge"},
  {"material.model.bands[].parts", DECK_SECTION_LIST, .help = "nested"},
  {"material.model.bands[].parts[].weight", DECK_REAL, .fallback = "1", .help = "weight"},
  {"temperature", DECK_REAL_LIST, .unit = "K", .fallback = "300 K", .positive = true, .max = 1e4, .min_count = 1, .help = "temperatures"},
  {"carriers.electrons", DECK_REAL_LIST, .unit = "cm^-3", .help = "electrons"},
  {"carriers.chemical_potential", DECK_REAL_LIST, .unit = "eV", .help = "chemical potential"},
  {"electrons.mesh", DECK_INT3, .required = true, .min = 1, .max = 2000, .help = "k mesh"},
  {"electrons.window", DECK_REAL_LIST, .unit = "eV", .fallback = "0.35 eV", .min_count = 1, .max_count = 2, .help = "window"},
  {"phonons", DECK_SECTION, .primary = "mesh", .help = "phonons"},
  {"phonons.mesh", DECK_INT3, .fallback = "[20, 20, 20]", .min = 1, .max = 2000, .help = "q mesh"},
  {"phonons.minimum", DECK_REAL, .unit = "meV", .fallback = "0.15 THz", .min = 0, .max = 100, .help = "smallest"},
  {"delta.scheme", DECK_CHOICE, .choices = "adaptive|gaussian|tetrahedron", .fallback = "adaptive", .help = "scheme"},
  {"delta.width", DECK_REAL, .unit = "meV", .positive = true, .help = "width"},
  {"scattering", DECK_SECTION, .required = true, .help = "channels"},
  {"scattering.electron_phonon", DECK_SECTION, .help = "first principles"},
  {"scattering.three_phonon", DECK_SECTION, .help = "three phonons"},
  {"scattering.isotope", DECK_SECTION, .primary = "kind", .help = "isotopes"},
  {"scattering.isotope.kind", DECK_CHOICE, .choices = "natural|none", .required = true, .help = "which"},
  {"scattering.boundary", DECK_SECTION, .primary = "length", .help = "walls"},
  {"scattering.boundary.length", DECK_REAL, .unit = "mm", .required = true, .positive = true, .help = "distance"},
  {"scattering.boundary.specularity", DECK_REAL, .fallback = "0", .min = 0, .max = 1, .help = "specular part"},
  {"scattering.ionized_impurity", DECK_SECTION, .help = "impurities"},
  {"scattering.ionized_impurity.density", DECK_REAL, .unit = "cm^-3", .required = true, .min = 0, .max = 1e24, .choices = "carriers|none", .help = "density"},
  {"scattering.ionized_impurity.charge", DECK_INT, .fallback = "1", .min = -10, .max = 10, .help = "charge"},
  {"scattering.ionized_impurity.screening", DECK_CHOICE, .choices = "debye|thomas_fermi|none", .fallback = "debye", .help = "screening"},
  {"magnetic_field", DECK_VECTOR_LIST, .unit = "T", .fallback = "[0, 0, 0] T", .help = "fields"},
  {"frequency", DECK_REAL_LIST, .unit = "eV", .fallback = "0 THz", .help = "frequencies"},
  {"direction", DECK_VECTOR, .unit = "nm", .help = "a direction"},
  {"solve", DECK_CHOICE_LIST, .choices = "rta|full|drag", .fallback = "[rta, full]", .help = "levels"},
  {"restart", DECK_BOOL, .fallback = "false", .help = "go on"},
  {"count", DECK_INT, .help = "an integer"},
  {"factor", DECK_REAL, .fallback = "1.5", .help = "a bare number"},
  {NULL}};

/* A deck that has what is required, two lines long; more is appended. */
static const char base[] = "material: a.h5\nscattering: {}\n";

static inline char *print(Deck deck)
{
  char  *text = NULL;
  size_t size = 0;
  FILE  *out  = open_memstream(&text, &size);

  ck_call(DeckPrint(deck, out));
  fclose(out);
  return text;
}

#endif

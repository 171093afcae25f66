/*
  Optical and intervalley phonons through deformation potentials: dispersionless, |M|^2 = D^2/(2 rho omega) per volume.

  Absorption of a bath boson: C = D^2/(2 rho omega), 1/tau_abs(E) = 2 pi C n g(E + omega). Every pair of valleys is counted
  separately, so D is the potential of one pair (Z final valleys make the rate Z times larger).
  f-type processes join valleys of different axes, g-type those of one axis.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.optical_deformation"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .help = "optical and intervalley phonons, deformation potentials"},
  DENSITY_KEYS(NAME, "g/cm^3", "g/cm^2", "mass density"),
  {NAME ".phonons", DECK_SECTION_LIST, .required = true, .min_count = 1, .help = "dispersionless phonons"},
  {NAME ".phonons[].potential", DECK_REAL, .unit = "eV/angstrom", .required = true, .positive = true, .help = "deformation potential D of one pair of valleys"},
  {NAME ".phonons[].energy", DECK_REAL, .unit = "meV", .required = true, .positive = true, .help = "phonon energy"},
  {NAME ".phonons[].between", DECK_CHOICE, .choices = PAIRS_CHOICES, .fallback = "same", .help = "valleys joined: the same, different ones, all, or of g (same axis) or f type"},
  {NULL}};

typedef struct {
  PetscReal      strength;
  PairScattering scattering;
} Phonon;
typedef struct {
  Pairs    pairs;
  PetscInt n;
  Phonon  *phonon;
} Optical;

static PetscReal strength(const void *ctx, PetscReal q2) { return ((const Phonon *)ctx)->strength; }

static PetscErrorCode read_phonon(Channel c, Deck d, PetscReal density, Phonon *phonon)
{
  PetscReal potential, omega;
  PetscInt  between;
  PetscFunctionBeginUser;
  PetscCall(DeckGetReal(d, "potential", &potential, NULL));
  PetscCall(DeckGetReal(d, "energy", &omega, NULL));
  PetscCall(DeckGetChoice(d, "between", &between));
  PetscCall(PairsCheckValleys(c, "phonons", PairsChoice[between]));
  phonon->strength   = potential * potential / (2.0 * density * omega);
  phonon->scattering = (PairScattering){.omega = omega, .valleys = PairsChoice[between], .strength = strength, .ctx = phonon};
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Channel c)
{
  Optical  *o;
  PetscReal density;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&o));
  c->data = o;
  PetscCall(ChannelGetDensity(c, &density));
  PetscCall(DeckGetSectionCount(c->deck, "phonons", &o->n));
  PetscCall(PetscCalloc1(o->n, &o->phonon));
  for (PetscInt i = 0; i < o->n; i++) {
    Deck d;
    PetscCall(DeckGetSectionAt(c->deck, "phonons", i, &d));
    PetscCall(read_phonon(c, d, density, &o->phonon[i]));
  }
  PetscCall(PairsCreate(c->context, &o->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Optical *o = c->data;
  PetscFunctionBeginUser;
  if (!o) PetscFunctionReturn(0);
  PetscCall(PairsDestroy(&o->pairs));
  PetscCall(PetscFree(o->phonon));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Optical *o = c->data;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < o->n; i++) PetscCall(PairsEnumerate(o->pairs, &o->phonon[i].scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType optical_deformation_channel = {
  .name      = "optical_deformation",
  .help      = "optical and intervalley phonons through deformation potentials",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

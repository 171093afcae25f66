/*
  Acoustic phonons through a deformation potential D: |M_q|^2 = D^2 q/(2 rho s) per volume, omega = s q.

  elastic: equipartition n = n + 1 = k_B T/(s q), absorption and emission together, energy exchange neglected:
      C = D^2 k_B T/(rho s^2),   1/tau(E) = 2 pi C g(E)   (g per spin and volume; depends on the temperature)
  inelastic: absorption of a bath boson of energy s q, C(q) = D^2 q/(2 rho s); emission is the same process backwards.
  rho: mass per volume, or per area in a sheet.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static const DeckKey keys[] = {
  {"scattering.acoustic_deformation", DECK_SECTION, .help = "acoustic phonons, deformation potential, within a valley"},
  {"scattering.acoustic_deformation.potential", DECK_REAL, .unit = "eV", .required = true, .positive = true, .help = "deformation potential"},
  {"scattering.acoustic_deformation.sound", DECK_REAL, .unit = "m/s", .required = true, .positive = true, .help = "sound velocity"},
  DENSITY_KEYS("scattering.acoustic_deformation", "g/cm^3", "g/cm^2", "mass density"),
  {"scattering.acoustic_deformation.kind", DECK_CHOICE, .choices = "elastic|inelastic", .fallback = "elastic", .help = "equipartition without energy exchange, or Debye phonons of energy s q"},
  {NULL}};

typedef struct {
  Pairs          pairs;
  PairScattering scattering;
  PetscReal      potential, sound, density, constant;
} Acoustic;

static PetscReal elastic(const void *ctx, PetscReal q2) { return ((const Acoustic *)ctx)->constant; }

static PetscReal inelastic(const void *ctx, PetscReal q2)
{
  const Acoustic *a = ctx;
  return a->potential * a->potential * sqrt(q2) / (2.0 * a->density * a->sound);
}

static PetscErrorCode create(Channel c)
{
  Acoustic *a;
  PetscInt  kind;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&a));
  c->data = a;
  PetscCall(DeckGetReal(c->deck, "potential", &a->potential, NULL));
  PetscCall(DeckGetReal(c->deck, "sound", &a->sound, NULL));
  PetscCall(ChannelGetDensity(c, &a->density));
  PetscCall(DeckGetChoice(c->deck, "kind", &kind));
  c->point_dependent = kind == 0;
  a->scattering      = (PairScattering){.elastic = kind == 0, .sound = kind == 0 ? 0.0 : a->sound, .valleys = PAIRS_SAME, .strength = kind == 0 ? elastic : inelastic, .ctx = a};
  PetscCall(PairsCreate(c->context, &a->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Acoustic *a = c->data;
  PetscFunctionBeginUser;
  if (a) PetscCall(PairsDestroy(&a->pairs));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Acoustic *a = c->data;
  PetscFunctionBeginUser;
  if (p) a->constant = a->potential * a->potential * p->kT / (a->density * a->sound * a->sound);
  PetscCall(PairsEnumerate(a->pairs, &a->scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType acoustic_deformation_channel = {
  .name      = "acoustic_deformation",
  .help      = "acoustic phonons through a deformation potential",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

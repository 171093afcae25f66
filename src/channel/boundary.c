/*
  Walls a distance L apart that reflect a share p of what hits them like mirrors and the rest diffusely: every state decays at the rate
  (|v|/L) (1 - p)/(1 + p) (J. M. Ziman, Electrons and Phonons (1960), chapter XI), |v| the root mean square over degenerate states.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static const DeckKey keys[] = {
  {"scattering.boundary", DECK_SECTION, .primary = "length", .help = "walls that scatter diffusely"},
  {"scattering.boundary.length", DECK_REAL, .unit = "mm", .required = true, .positive = true, .help = "distance L: rate (|v|/L) (1 - p)/(1 + p)"},
  {"scattering.boundary.specularity", DECK_REAL, .fallback = "0", .min = 0, .max = 1, .help = "share p of reflections that are like a mirror's"},
  {NULL}};

static PetscErrorCode create(Channel c)
{
  PetscReal *length, p; /* length: of free flight, L (1 + p)/(1 - p) */
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&length));
  c->data  = length;
  c->first = c->context->electrons ? SPECIES_ELECTRON : SPECIES_PHONON;
  PetscCall(DeckGetReal(c->deck, "length", length, NULL));
  PetscCall(DeckGetReal(c->deck, "specularity", &p, NULL));
  if (p == 1.0) return DeckError(c->deck, "specularity", "walls that are mirrors scatter nothing: specularity must be below 1");
  *length *= (1.0 + p) / (1.0 - p);
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

/* Degenerate states move apart: their mean velocity alone may be zero. */
static PetscReal rate(Channel c, States s, PetscInt a)
{
  const PetscReal *v = &s->velocity[3 * a], *C = s->spread ? &s->spread[6 * a] : NULL;
  return sqrt(Dot3(v, v) + (C ? C[0] + C[1] + C[2] : 0.0)) / *(PetscReal *)c->data;
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  (void)p;
  PetscCall(ChannelEmitRates(c, ik, rate, sink));
  PetscFunctionReturn(0);
}

const ChannelType boundary_channel = {
  .name      = "boundary",
  .help      = "walls: rate (|v|/L) (1 - p)/(1 + p)",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS | CHANNEL_ON_PHONONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
  .work      = ChannelWorkStates,
};

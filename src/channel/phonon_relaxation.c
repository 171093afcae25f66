/*
  A given relaxation time of phonons, 1/tau = (1/tau_0) (omega/omega_0)^r.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.phonon_relaxation"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .primary = "tau", .help = "relaxation rate of phonons (1/tau_0) (omega/omega_0)^r"},
  {NAME ".tau", DECK_REAL, .unit = "ps", .required = true, .positive = true, .help = "tau_0"},
  {NAME ".exponent", DECK_REAL, .fallback = "0", .min = -4, .max = 4, .help = "r"},
  {NAME ".frequency", DECK_REAL, .unit = "meV", .fallback = "10 meV", .positive = true, .help = "omega_0, as hbar omega_0 or omega_0/2 pi (8 THz)"},
  {NULL}};

typedef struct {
  PetscReal tau, exponent, frequency;
} Given;

static PetscErrorCode create(Channel c)
{
  Given *g;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&g));
  c->data  = g;
  c->first = SPECIES_PHONON;
  PetscCall(DeckGetReal(c->deck, "tau", &g->tau, NULL));
  PetscCall(DeckGetReal(c->deck, "exponent", &g->exponent, NULL));
  PetscCall(DeckGetReal(c->deck, "frequency", &g->frequency, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscReal rate(Channel c, States s, PetscInt a)
{
  const Given *g = c->data;
  return pow(s->energy[a] / g->frequency, g->exponent) / g->tau;
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  (void)p;
  PetscCall(ChannelEmitRates(c, ik, rate, sink));
  PetscFunctionReturn(0);
}

const ChannelType phonon_relaxation_channel = {
  .name      = "phonon_relaxation",
  .help      = "a given relaxation rate of phonons (1/tau_0) (omega/omega_0)^r",
  .keys      = keys,
  .acts      = CHANNEL_ON_PHONONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
  .work      = ChannelWorkStates,
};

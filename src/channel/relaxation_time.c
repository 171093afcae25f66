/*
  A given relaxation time tau(E) = tau_0 (E/E_0)^r.

  E is the distance from the band's own extremum: from its energy at k = 0 in models; otherwise from its lowest (conduction) or
  highest (valence) energy within the window. Below E_0/1000, where velocities vanish, tau stays what it is there.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static const DeckKey keys[] = {
  {"scattering.relaxation_time", DECK_SECTION, .primary = "tau", .help = "a relaxation time tau_0 (E/E_0)^r"},
  {"scattering.relaxation_time.tau", DECK_REAL, .unit = "fs", .required = true, .positive = true, .help = "tau_0"},
  {"scattering.relaxation_time.exponent", DECK_REAL, .fallback = "0", .min = -4, .max = 4, .help = "r"},
  {"scattering.relaxation_time.energy", DECK_REAL, .unit = "meV", .fallback = "25 meV", .positive = true, .help = "E_0, from the band's extremum"},
  {NULL}};

typedef struct {
  PetscReal  tau, exponent, energy;
  PetscReal *edge; /* [nb] of the window's bands */
} Given;

/* Of a band on a lattice: which end of its energies in the window is the extremum. */
static PetscErrorCode lattice_edges(States s, PetscReal *edge)
{
  PetscInt nvalence;
  bool     metal;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetValenceBands(s->material, &nvalence, &metal));
  for (PetscInt b = 0; b < s->nb; b++) {
    const bool valence = !metal && s->band_first + b < nvalence;
    edge[b] = valence ? -HUGE_VAL : HUGE_VAL;
  }
  for (PetscInt i = 0; i < s->nstates; i++) {
    PetscReal *e = &edge[s->band[i] - s->band_first];
    *e = !metal && s->band[i] < nvalence ? PetscMax(*e, s->energy[i]) : PetscMin(*e, s->energy[i]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode model_edges(States s, PetscReal *edge)
{
  const PetscReal gamma[3] = {0, 0, 0};
  PetscReal      *all;
  PetscInt        nbands;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(s->material, &nbands, NULL, NULL, NULL));
  PetscCall(PetscMalloc1(nbands, &all));
  PetscCall(MaterialElectrons(s->material, 1, gamma, all, NULL, NULL));
  PetscCall(PetscArraycpy(edge, all + s->band_first, s->nb));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Channel c)
{
  Given     *g;
  States     s = c->context->electrons;
  const int *valley;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&g));
  c->data = g;
  PetscCall(DeckGetReal(c->deck, "tau", &g->tau, NULL));
  PetscCall(DeckGetReal(c->deck, "exponent", &g->exponent, NULL));
  PetscCall(DeckGetReal(c->deck, "energy", &g->energy, NULL));
  PetscCall(PetscMalloc1(s->nb, &g->edge));
  PetscCall(MaterialGetValleys(s->material, &valley));
  PetscCall(valley ? model_edges(s, g->edge) : lattice_edges(s, g->edge));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Given *g = c->data;
  PetscFunctionBeginUser;
  if (g) PetscCall(PetscFree(g->edge));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscReal rate(Channel c, States s, PetscInt a)
{
  const Given    *g = c->data;
  const PetscReal e = fabs(s->energy[a] - g->edge[s->band[a] - s->band_first]) / g->energy;
  return pow(PetscMax(e, 1e-3), -g->exponent) / g->tau;
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  (void)p;
  PetscCall(ChannelEmitRates(c, ik, rate, sink));
  PetscFunctionReturn(0);
}

const ChannelType relaxation_time_channel = {
  .name      = "relaxation_time",
  .help      = "a given relaxation time tau_0 (E/E_0)^r",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
  .work      = ChannelWorkStates,
};

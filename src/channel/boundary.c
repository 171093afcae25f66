/*
  Diffuse walls a distance L apart: every state decays at the rate |v|/L.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static const DeckKey keys[] = {
  {"scattering.boundary", DECK_SECTION, .primary = "length", .help = "diffuse walls"},
  {"scattering.boundary.length", DECK_REAL, .unit = "mm", .required = true, .positive = true, .help = "distance L: rate |v|/L"},
  {NULL}};

static PetscErrorCode create(Channel c)
{
  PetscReal *length;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&length));
  c->data  = length;
  c->first = c->context->electrons ? SPECIES_ELECTRON : SPECIES_PHONON;
  PetscCall(DeckGetReal(c->deck, "length", length, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  const States    s      = c->first == SPECIES_ELECTRON ? c->context->electrons : c->context->phonons;
  const PetscInt  first  = s->first[ik], n = s->first[ik + 1] - first;
  const PetscReal length = *(PetscReal *)c->data;
  PetscReal      *rate;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &rate));
  for (PetscInt i = 0; i < n; i++) rate[i] = Norm3(&s->velocity[3 * (first + i)]) / length;
  PetscCall(ChannelEmitRates(c, ik, rate, sink));
  PetscCall(PetscFree(rate));
  PetscFunctionReturn(0);
}

static PetscErrorCode work(Channel c, PetscInt ik, PetscReal *out)
{
  const States s = c->first == SPECIES_ELECTRON ? c->context->electrons : c->context->phonons;
  PetscFunctionBeginUser;
  *out = s->first[ik + 1] - s->first[ik];
  PetscFunctionReturn(0);
}

const ChannelType boundary_channel = {
  .name      = "boundary",
  .help      = "diffuse walls: rate |v|/L",
  .keys      = keys,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
  .work      = work,
};

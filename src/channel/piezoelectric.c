/*
  Piezoelectric acoustic phonons, isotropic average, elastic with equipartition, within a valley:
      C(q) = (4 pi K^2 k_B T/eps) F(q), K^2 the electromechanical coupling,
  F(q) = q^2/(q^2 + q_s^2)^2 (1/q^2 without screening; its total rate then diverges at small angles, the momentum rate does not);
  in a sheet F = q/(2 (q + q_s)^2).
  Mahan, Many-Particle Physics, 1.3; Lundstrom, Fundamentals of Carrier Transport, 2.5.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.piezoelectric"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .primary = "coupling", .help = "piezoelectric acoustic phonons"},
  {NAME ".coupling", DECK_REAL, .required = true, .positive = true, .max = 1, .help = "electromechanical coupling K^2"},
  SCREENING_KEYS(NAME, "debye", "static one"),
  {NULL}};

typedef struct {
  Pairs          pairs;
  PairScattering scattering;
  Screening      screening;
  PetscReal      coupling, constant;
} Piezo;

static PetscReal strength(const void *ctx, PetscReal q2)
{
  const Piezo *z = ctx;
  return z->constant * ScreenedPolar(&z->screening, q2);
}

static PetscErrorCode create(Channel c)
{
  Piezo    *z;
  PetscReal infinity, zero;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&z));
  c->data = z;
  PetscCall(DeckGetReal(c->deck, "coupling", &z->coupling, NULL));
  PetscCall(MaterialGetDielectric(c->context->material, &infinity, &zero));
  PetscCall(ScreeningFromDeck(c, zero > 0.0 ? zero : infinity, &z->screening));
  z->scattering      = (PairScattering){.elastic = true, .valleys = PAIRS_SAME, .strength = strength, .ctx = z};
  c->point_dependent = true;
  PetscCall(PairsCreate(c->context, &z->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Piezo *z = c->data;
  PetscFunctionBeginUser;
  if (z) PetscCall(PairsDestroy(&z->pairs));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Piezo *z = c->data;
  PetscFunctionBeginUser;
  PetscCall(ScreeningSetPoint(&z->screening, p));
  z->constant = 4.0 * UMK_PI * z->coupling * p->kT / z->screening.epsilon * (z->screening.dimension == 2 ? z->screening.thickness : 1.0);
  PetscCall(PairsEnumerate(z->pairs, &z->scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType piezoelectric_channel = {
  .name      = "piezoelectric",
  .help      = "piezoelectric acoustic phonons",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

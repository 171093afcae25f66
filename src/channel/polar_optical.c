/*
  Polar optical phonons (Froehlich), within a valley: |M_q|^2 = (2 pi omega/q^2) (1/eps_inf - 1/eps_0) per volume.

  Absorption of a bath boson of energy omega: C(q) = 2 pi omega (1/eps_inf - 1/eps_0) F(q), F = q^2/(q^2 + q_s^2)^2, 1/q^2 without
  screening; in a sheet F = q/(2 (q + q_s)^2): bulk phonons summed over the wavevector across a thin layer.
  Screening is static, by the carriers, in the high-frequency dielectric.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.polar_optical"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .help = "polar optical phonons (Froehlich)"},
  {NAME ".energy", DECK_REAL, .unit = "meV", .required = true, .positive = true, .help = "phonon energy"},
  {NAME ".eps_infinity", DECK_REAL, .min = 1, .max = 1e6, .help = "high-frequency dielectric constant; default: the material's"},
  {NAME ".eps_zero", DECK_REAL, .min = 1, .max = 1e6, .help = "static dielectric constant; default: the material's"},
  SCREENING_KEYS(NAME, "none", "high-frequency one"),
  {NULL}};

typedef struct {
  Pairs          pairs;
  PairScattering scattering;
  Screening      screening;
  PetscReal      factor;
} Polar;

static PetscReal strength(const void *ctx, PetscReal q2)
{
  const Polar *f = ctx;
  return f->factor * ScreenedPolar(&f->screening, q2);
}

static PetscErrorCode dielectric(Channel c, PetscReal *infinity, PetscReal *zero)
{
  PetscReal value;
  bool      has;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetDielectric(c->context->material, infinity, zero));
  PetscCall(DeckGetReal(c->deck, "eps_infinity", &value, &has));
  if (has) *infinity = value;
  PetscCall(DeckGetReal(c->deck, "eps_zero", &value, &has));
  if (has) *zero = value;
  if (!(*infinity > 0.0)) return DeckError(c->deck, "eps_infinity", "scattering.polar_optical needs 'eps_infinity', for the material has none");
  if (!(*zero > 0.0)) return DeckError(c->deck, "eps_zero", "scattering.polar_optical needs 'eps_zero', for the material has none");
  if (*zero <= *infinity) return DeckError(c->deck, "eps_zero", "eps_zero %g must exceed eps_infinity %g", *zero, *infinity);
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Channel c)
{
  Polar    *f;
  PetscReal omega, infinity, zero;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  c->data = f;
  PetscCall(DeckGetReal(c->deck, "energy", &omega, NULL));
  PetscCall(dielectric(c, &infinity, &zero));
  PetscCall(ScreeningFromDeck(c, infinity, &f->screening));
  f->factor          = 2.0 * UMK_PI * omega * (1.0 / infinity - 1.0 / zero) * (f->screening.dimension == 2 ? f->screening.thickness : 1.0);
  f->scattering      = (PairScattering){.omega = omega, .valleys = PAIRS_SAME, .strength = strength, .ctx = f};
  c->point_dependent = ScreeningDependsOnPoint(&f->screening);
  PetscCall(PairsCreate(c->context, &f->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Polar *f = c->data;
  PetscFunctionBeginUser;
  if (f) PetscCall(PairsDestroy(&f->pairs));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Polar *f = c->data;
  PetscFunctionBeginUser;
  PetscCall(ScreeningSetPoint(&f->screening, p));
  PetscCall(PairsEnumerate(f->pairs, &f->scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType polar_optical_channel = {
  .name      = "polar_optical",
  .help      = "polar optical phonons (Froehlich)",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

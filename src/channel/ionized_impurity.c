/*
  Ionized impurities (Brooks-Herring), elastic, within a valley: C(q) = n_imp [4 pi Z/(eps (q^2 + q_s^2))]^2;
  in a sheet n_s [2 pi Z/(eps (q + q_s))]^2, impurities in the plane.
  density: carriers has as many as neutrality asks of dopants that are all ionized, n_imp Z = |n - p| at each point.
  Without screening the total rate diverges at small angles (the mesh cuts it off).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.ionized_impurity"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .help = "ionized impurities (Brooks-Herring)"},
  {NAME ".density", DECK_REAL, .unit = "cm^-3", .positive = true, .choices = "carriers", .help = "impurities; carriers: as many as neutralize each point's electrons and holes"},
  {NAME ".sheet_density", DECK_REAL, .unit = "cm^-2", .positive = true, .help = "impurities per area, in two dimensions"},
  {NAME ".charge", DECK_REAL, .fallback = "1", .positive = true, .max = 10, .help = "charge of an impurity in units of e"},
  SCREENING_KEYS(NAME, "debye", "static one"),
  {NULL}};

typedef struct {
  Pairs          pairs;
  PairScattering scattering;
  Screening      screening;
  PetscReal      charge;
  PetscReal      density; /* per unit of the crystal's volume */
  PetscReal      factor;  /* n Z^2 */
  bool           neutral; /* density: the point's, |n - p|/Z */
} Ionized;

static PetscReal strength(const void *ctx, PetscReal q2)
{
  const Ionized  *z = ctx;
  const PetscReal v = ScreenedCoulomb(&z->screening, q2);
  return z->factor * v * v;
}

static PetscErrorCode create(Channel c)
{
  Ionized  *z;
  PetscReal infinity, zero;
  PetscInt  word;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&z));
  c->data = z;
  PetscCall(DeckGetWord(c->deck, "density", &word));
  z->neutral = word == 0;
  if (!z->neutral) PetscCall(ChannelGetDensity(c, &z->density));
  PetscCall(DeckGetReal(c->deck, "charge", &z->charge, NULL));
  PetscCall(MaterialGetDielectric(c->context->material, &infinity, &zero));
  PetscCall(ScreeningFromDeck(c, zero > 0.0 ? zero : infinity, &z->screening));
  z->scattering      = (PairScattering){.elastic = true, .valleys = PAIRS_SAME, .strength = strength, .ctx = z};
  c->point_dependent = z->neutral || ScreeningDependsOnPoint(&z->screening);
  PetscCall(PairsCreate(c->context, &z->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Ionized *z = c->data;
  PetscFunctionBeginUser;
  if (z) PetscCall(PairsDestroy(&z->pairs));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Ionized        *z         = c->data;
  const PetscReal thickness = z->screening.dimension == 2 ? z->screening.thickness : 1.0; /* a sheet: n_s thickness = n thickness^2 */
  PetscFunctionBeginUser;
  UmkCheck(p || !z->neutral, "ionized dopants need a thermodynamic point");
  if (z->neutral) z->density = fabs(p->electrons - p->holes) / z->charge;
  z->factor = z->density * z->charge * z->charge * thickness * thickness;
  PetscCall(ScreeningSetPoint(&z->screening, p));
  PetscCall(PairsEnumerate(z->pairs, &z->scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType ionized_impurity_channel = {
  .name      = "ionized_impurity",
  .help      = "ionized impurities (Brooks-Herring)",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

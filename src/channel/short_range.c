/*
  Short-range impurities, elastic: n contacts V(r) = V_0 delta(r), C = n V_0^2, 1/tau(E) = 2 pi C g(E) (g per spin).

  Alloy disorder is the case n = x (1 - x)/Omega, V_0 = U Omega (Omega the volume per site, U the alloy potential); a neutral impurity
  of scattering length a has V_0 = 2 pi a/m.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define NAME "scattering.short_range"
static const DeckKey keys[] = {
  {NAME, DECK_SECTION, .help = "short-range (neutral, alloy, contact) impurities"},
  DENSITY_KEYS(NAME, "cm^-3", "cm^-2", "impurities"),
  {NAME ".potential", DECK_REAL, .unit = "eV*nm^3", .positive = true, .help = "V_0, the integral of one impurity's potential"},
  {NAME ".sheet_potential", DECK_REAL, .unit = "eV*nm^2", .positive = true, .help = "the same over an area, in two dimensions"},
  {NAME ".between", DECK_CHOICE, .choices = PAIRS_CHOICES, .fallback = "same", .help = "valleys joined: the same, different ones, all, or of g (same axis) or f type"},
  {NULL}};

typedef struct {
  Pairs          pairs;
  PairScattering scattering;
  PetscReal      constant;
} Contact;

static PetscReal strength(const void *ctx, PetscReal q2) { return ((const Contact *)ctx)->constant; }

/* V_0 as C = n V_0^2 wants it: in a layer a potential per area enters with the thickness. */
static PetscErrorCode read_potential(Channel c, PetscReal *potential)
{
  Crystal   crystal;
  PetscReal sheet;
  bool      has, has_sheet, layer;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(c->context->material, &crystal));
  PetscCall(DeckGetReal(c->deck, "potential", potential, &has));
  PetscCall(DeckGetReal(c->deck, "sheet_potential", &sheet, &has_sheet));
  layer = crystal->dimension == 2;
  if (has && has_sheet) return DeckError(c->deck, "sheet_potential", "'potential' and 'sheet_potential' exclude each other");
  if (has_sheet && !layer) return DeckError(c->deck, "sheet_potential", "a three-dimensional material needs 'potential'");
  if (has && layer && crystal->thickness == 0.0) return DeckError(c->deck, "potential", "a sheet without thickness needs 'sheet_potential'");
  if (!has && !has_sheet) return DeckError(c->deck, "potential", "scattering.short_range needs '%s'", layer ? "sheet_potential" : "potential");
  if (has_sheet) *potential = sheet * ChannelThickness(c);
  PetscFunctionReturn(0);
}

static PetscErrorCode create(Channel c)
{
  Contact  *z;
  PetscReal density, potential;
  PetscInt  between;
  bool      given;
  const int *valley;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&z));
  c->data = z;
  PetscCall(ChannelGetDensity(c, &density));
  PetscCall(read_potential(c, &potential));
  PetscCall(DeckGetChoice(c->deck, "between", &between));
  PetscCall(DeckHas(c->deck, "between", &given));
  PetscCall(MaterialGetValleys(c->context->material, &valley));
  if (given || valley) PetscCall(PairsCheckValleys(c, "between", PairsChoice[between]));
  z->constant   = density * potential * potential;
  z->scattering = (PairScattering){.elastic = true, .valleys = valley ? PairsChoice[between] : PAIRS_ALL, .strength = strength, .ctx = z};
  PetscCall(PairsCreate(c->context, &z->pairs));
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(Channel c)
{
  Contact *z = c->data;
  PetscFunctionBeginUser;
  if (z) PetscCall(PairsDestroy(&z->pairs));
  PetscCall(PetscFree(c->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode enumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  Contact *z = c->data;
  PetscFunctionBeginUser;
  PetscCall(PairsEnumerate(z->pairs, &z->scattering, ik, sink));
  PetscFunctionReturn(0);
}

const ChannelType short_range_channel = {
  .name      = "short_range",
  .help      = "short-range (neutral, alloy, contact) impurities",
  .keys      = keys,
  .acts      = CHANNEL_ON_ELECTRONS,
  .create    = create,
  .destroy   = destroy,
  .enumerate = enumerate,
};

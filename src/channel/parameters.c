/*
  Parameters that several channels share: densities per volume or area, and screening.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

static PetscErrorCode crystal_of(Channel c, Crystal *crystal)
{
  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(c->context->material, crystal));
  PetscFunctionReturn(0);
}

PetscReal ChannelThickness(Channel c)
{
  Crystal crystal = NULL;
  if (MaterialGetCrystal(c->context->material, &crystal) || crystal->dimension == 3 || crystal->thickness == 0.0) return 1.0;
  return crystal->thickness;
}

PetscErrorCode ChannelGetDensity(Channel c, PetscReal *density)
{
  Crystal   crystal;
  PetscReal sheet;
  bool      has, has_sheet;
  PetscFunctionBeginUser;
  PetscCall(crystal_of(c, &crystal));
  PetscCall(DeckGetReal(c->deck, "density", density, &has));
  PetscCall(DeckGetReal(c->deck, "sheet_density", &sheet, &has_sheet));
  if (has && has_sheet) return DeckError(c->deck, "sheet_density", "'density' and 'sheet_density' exclude each other");
  if (has_sheet && crystal->dimension == 3) return DeckError(c->deck, "sheet_density", "a three-dimensional material needs 'density', per volume");
  if (has && crystal->dimension == 2 && crystal->thickness == 0.0) return DeckError(c->deck, "density", "a sheet without thickness needs 'sheet_density', per area");
  if (!has && !has_sheet) return DeckError(c->deck, "density", "scattering.%s needs '%s'", c->type->name, crystal->dimension == 2 ? "sheet_density" : "density");
  if (has_sheet) *density = sheet / ChannelThickness(c);
  PetscFunctionReturn(0);
}

PetscErrorCode ScreeningFromDeck(Channel c, PetscReal epsilon, Screening *s)
{
  Crystal   crystal;
  PetscInt  kind;
  PetscReal given;
  bool      has, has_length;
  PetscFunctionBeginUser;
  PetscCall(crystal_of(c, &crystal));
  PetscCall(DeckGetChoice(c->deck, "screening", &kind));
  PetscCall(DeckGetReal(c->deck, "screening_length", &s->length, &has_length));
  PetscCall(DeckGetReal(c->deck, "dielectric", &given, &has));
  s->kind      = (ScreeningKind)kind;
  s->dimension = crystal->dimension;
  s->thickness = ChannelThickness(c);
  s->epsilon   = has ? given : epsilon;
  if (has_length != (s->kind == SCREENING_LENGTH))
    return DeckError(c->deck, has_length ? "screening_length" : "screening", "'screening: length' and 'screening_length' go together");
  if (!(s->epsilon > 0.0)) return DeckError(c->deck, "dielectric", "scattering.%s needs 'dielectric', for the material has no dielectric constant", c->type->name);
  s->qs = has_length ? 1.0 / s->length : 0.0;
  PetscFunctionReturn(0);
}

PetscErrorCode ScreeningSetPoint(Screening *s, const StatesPoint *p)
{
  PetscReal response;
  PetscFunctionBeginUser;
  if (!ScreeningDependsOnPoint(s)) PetscFunctionReturn(0);
  UmkCheck(p != NULL, "screening needs a thermodynamic point");
  response = s->kind == SCREENING_DEBYE ? (p->electrons + p->holes) / p->kT : p->dn_dmu;
  s->qs    = s->dimension == 3 ? sqrt(4.0 * UMK_PI * response / s->epsilon) : 2.0 * UMK_PI * response * s->thickness / s->epsilon;
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelEmitRates(Channel c, PetscInt ik, StateRate rate, const ProcessSink *sink)
{
  const States   s     = c->first == SPECIES_ELECTRON ? c->context->electrons : c->context->phonons;
  const int32_t  first = s->first[ik];
  const PetscInt n     = s->first[ik + 1] - first;
  const PetscReal share = c->first == SPECIES_PHONON ? PartnersOne(c->context, s->wedge[ik]) : 1.0;
  int32_t       *state;
  PetscReal     *kernel;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(n, &state, n, &kernel));
  for (PetscInt i = 0; i < n; i++) {
    state[i]  = first + (int32_t)i;
    kernel[i] = share * rate(c, s, state[i]);
  }
  ProcessBatch   batch = {.count = n, .nmembers = 1, .species = {c->first}, .s = {1}, .state = {state}, .kernel = kernel};
  PetscErrorCode code  = n > 0 && share > 0.0 ? sink->consume(sink->ctx, &batch) : 0;
  PetscCall(PetscFree2(state, kernel));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelWorkStates(Channel c, PetscInt ik, PetscReal *work)
{
  const States s = c->first == SPECIES_ELECTRON ? c->context->electrons : c->context->phonons;
  PetscFunctionBeginUser;
  *work = 1e-7 * (PetscReal)(s->first[ik + 1] - s->first[ik]); /* seconds, about */
  PetscFunctionReturn(0);
}

/* Creating and running channels: what all mechanisms share. The table is written from the list in meson.build. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/channel.h"

extern const ChannelType *const ChannelTable[];

static const DeckKey keys[] = {
  {"scattering", DECK_SECTION, .help = "scattering mechanisms, each a section"},
  {NULL}};

PetscErrorCode ChannelRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  for (int i = 0; ChannelTable[i]; i++) PetscCall(DeckRegisterKeys(ChannelTable[i]->keys));
  PetscCall(DeltaRegisterKeys());
  PetscFunctionReturn(0);
}

/* Enumeration by the mechanism's name in PETSc's log */
static PetscErrorCode find_event(const char *name, PetscLogEvent *event)
{
  static PetscClassId class_id = 0;
  PetscFunctionBeginUser;
  if (!class_id) PetscCall(PetscClassIdRegister("Channel", &class_id));
  PetscCall(PetscLogEventGetId(name, event));
  if (*event < 0) PetscCall(PetscLogEventRegister(name, class_id, event));
  PetscFunctionReturn(0);
}

static PetscErrorCode create_one(const ChannelType *type, Deck scattering, const ChannelContext *context, Channel *channel)
{
  Channel c;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  *channel   = c;
  c->type    = type;
  c->context = context;
  c->first   = SPECIES_ELECTRON;
  PetscCall(find_event(type->name, &c->event));
  PetscCall(DeckGetSection(scattering, type->name, &c->deck));
  PetscCall(type->create(c));
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelsCreateFromDeck(Deck scattering, const ChannelContext *context, unsigned species, PetscInt *n, Channel **channels)
{
  PetscInt size = 0;
  PetscFunctionBeginUser;
  while (ChannelTable[size]) size++;
  PetscCall(PetscCalloc1(size, channels));
  *n = 0;
  for (int i = 0; ChannelTable[i]; i++) {
    bool has;
    PetscCall(DeckHas(scattering, ChannelTable[i]->name, &has));
    if (!has || !(ChannelTable[i]->acts & species)) continue;
    if (species == CHANNEL_ON_PHONONS && (ChannelTable[i]->acts & CHANNEL_ON_ELECTRONS) && ChannelTable[i]->needs_phonons) continue;
    PetscCall(create_one(ChannelTable[i], scattering, context, &(*channels)[*n]));
    (*n)++;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelsNeedPhonons(Deck scattering, bool *needed)
{
  PetscFunctionBeginUser;
  *needed = false;
  for (int i = 0; ChannelTable[i]; i++) {
    bool has;
    PetscCall(DeckHas(scattering, ChannelTable[i]->name, &has));
    *needed = *needed || (has && ChannelTable[i]->needs_phonons);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelsActOn(Deck scattering, unsigned *species)
{
  PetscFunctionBeginUser;
  *species = 0;
  for (int i = 0; ChannelTable[i]; i++) {
    bool has;
    PetscCall(DeckHas(scattering, ChannelTable[i]->name, &has));
    if (has && ChannelTable[i]->acts != (CHANNEL_ON_ELECTRONS | CHANNEL_ON_PHONONS)) *species |= ChannelTable[i]->acts;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelsDestroy(PetscInt n, Channel **channels)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; *channels && i < n; i++) {
    Channel c = (*channels)[i];
    if (!c) continue;
    if (c->type->destroy) PetscCall(c->type->destroy(c));
    PetscCall(PetscFree(c));
  }
  PetscCall(PetscFree(*channels));
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelEnumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(c->event, 0, 0, 0, 0));
  PetscCall(c->type->enumerate(c, c->point_dependent ? p : NULL, ik, sink));
  PetscCall(PetscLogEventEnd(c->event, 0, 0, 0, 0));
  PetscFunctionReturn(0);
}

PetscErrorCode ChannelWork(Channel c, PetscInt ik, PetscReal *work)
{
  PetscFunctionBeginUser;
  if (c->type->work) PetscCall(c->type->work(c, ik, work));
  else {
    States s = c->context->electrons;
    *work    = 2e-8 * (PetscReal)(s->first[ik + 1] - s->first[ik]) * (PetscReal)s->npoints; /* seconds, about */
  }
  PetscFunctionReturn(0);
}

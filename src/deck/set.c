/* --set section.key=value: the value, read as in a deck, replaces or joins what the deck says. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

typedef struct {
  Deck        deck;
  const char *where;
  Node       *value;
  char        pattern[DECK_PATH_SIZE]; /* of the section reached */
} Set;

/* Cut the next name from *s: up to '.', '[' or the end. A free map takes all the rest. */
static PetscErrorCode cut_name(const Set *set, const char **s, char name[DECK_PATH_SIZE])
{
  const int    key    = DeckKeyFind(set->pattern);
  const bool   rest   = key >= 0 && DeckKeyAt(key)->type == DECK_FREE_MAP;
  const size_t length = rest ? strlen(*s) : strcspn(*s, ".[");

  PetscCheckInput(length && length < 100, set->where, 0, "write --set section.key=value");
  snprintf(name, DECK_PATH_SIZE, "%.*s", (int)length, *s);
  *s += length;
  return 0;
}

/* Cut "[3]" from *s; -1 when there is none. */
static PetscErrorCode cut_index(const Set *set, const char **s, long *index)
{
  char *end;

  *index = -1;
  if (**s != '[') return 0;
  *index = strtol(*s + 1, &end, 10);
  PetscCheckInput(isdigit((unsigned char)(*s)[1]) && *end == ']', set->where, 0, "a list index is written [0], [1], ...");
  *s = end + 1;
  return 0;
}

/* The place in `parent` under `name`, made when missing. */
static PetscErrorCode place(Set *set, Node *parent, const char *name, Node ***slot)
{
  const int key = DeckKeyFind(set->pattern);
  int       i;

  PetscFunctionBeginUser;
  if (parent->kind == NODE_NULL) parent->kind = NODE_MAP;
  if (parent->kind != NODE_MAP && key >= 0 && DeckKeyAt(key)->primary) PetscCall(NodeWrap(set->deck, DeckKeyAt(key)->primary, parent));
  PetscCheckInput(parent->kind == NODE_MAP, set->where, 0, "'%s' is %s in the deck and has no member '%s'", set->pattern, NodeKindName(parent), name);
  i = NodeFind(parent, name);
  if (i < 0) {
    Node *fresh;
    PetscCall(NodeCreate(set->deck, NODE_NULL, set->where, 0, &fresh));
    PetscCall(NodeAppend(set->deck, parent, name, fresh));
    i = parent->n - 1;
  }
  *slot = &parent->child[i];
  PetscFunctionReturn(0);
}

/* Step into an element of the list in *slot. index -1: the only one. */
static PetscErrorCode element(Set *set, const char *name, long index, Node ***slot)
{
  Node *list = **slot;

  PetscFunctionBeginUser;
  /* a single section stands for a list of one */
  if (list->kind == NODE_MAP && index <= 0) PetscFunctionReturn(0);
  PetscCheckInput(list->kind == NODE_LIST, set->where, 0, "'%s' is not a list in the deck", name);
  PetscCheckInput(index >= 0 || list->n == 1, set->where, 0, "'%s' is a list of %d: say which, %s[0] ...", name, list->n, name);
  PetscCheckInput(index < list->n, set->where, 0, "'%s' has %d entries in the deck; there is no [%ld]", name, list->n, index);
  *slot = &list->child[index < 0 ? 0 : index];
  PetscFunctionReturn(0);
}

static PetscErrorCode apply(Set *set, const char *path)
{
  Node *node = set->deck->node, **slot = NULL;
  char  name[DECK_PATH_SIZE], joined[DECK_PATH_SIZE];
  long  index;

  PetscFunctionBeginUser;
  for (int depth = 0;; depth++) {
    int  key;
    bool list;
    PetscCheckInput(depth < DECK_MAX_DEPTH, set->where, 0, "nested too deeply");
    PetscCall(cut_name(set, &path, name));
    PetscCall(cut_index(set, &path, &index));
    PetscCall(place(set, node, name, &slot));
    JoinPath(set->pattern, name, joined);
    key  = DeckKeyFind(joined);
    list = key >= 0 && DeckKeyAt(key)->type == DECK_SECTION_LIST;
    if (index >= 0 || (list && *path)) PetscCall(element(set, name, index, &slot));
    if (!*path) break;
    PetscCheckInput(*path == '.', set->where, 0, "write --set section.key=value");
    path++;
    JoinPath(joined, "", set->pattern);
    if (list && strlen(joined) + 3 < DECK_PATH_SIZE) strcat(set->pattern, "[]");
    node = *slot;
  }
  *slot = set->value;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckApplySet(Deck deck, const char *text)
{
  Set         set    = {.deck = deck};
  const char *equals = strchr(text, '=');
  char       *where, *path;

  PetscFunctionBeginUser;
  PetscCall(DeckAllocate(deck, strlen(text) + 8, &where));
  sprintf(where, "--set %s", text);
  set.where = where;
  PetscCheckInput(equals && equals > text, where, 0, "write --set section.key=value");
  PetscCheckInput(equals[1], where, 0, "a value is missing after '='");
  PetscCall(DeckCheckText(where, text, strlen(text)));
  PetscCall(DeckCopyText(deck, text, (size_t)(equals - text), &path));
  PetscCall(DeckParse(deck, where, false, equals + 1, &set.value));
  PetscCall(apply(&set, path));
  PetscFunctionReturn(0);
}

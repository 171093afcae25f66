/* Every value that a deck stands for, one by one: what a saved run is compared by. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

enum { MAX_MEMBERS = 256 };

typedef struct {
  Deck         root;
  DeckConsumer consume;
  void        *ctx;
} Lister;

static PetscErrorCode list_members(const Lister *l, const Node *map, const char *pattern, const char *shown, int depth);

static PetscErrorCode list_leaf(const Lister *l, int found, const Node *node, const char *shown)
{
  const Value   *value = node ? &node->value : l->root->fallback[found].count >= 0 ? &l->root->fallback[found] : NULL;
  char          *text  = NULL;
  size_t         size;
  FILE          *out;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (!value) PetscFunctionReturn(0);
  out = open_memstream(&text, &size);
  UmkCheck(out, "no memory");
  PrintValue(out, DeckKeyAt(found), value);
  fclose(out);
  code = l->consume(l->ctx, shown, text);
  free(text);
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode list_free_map(const Lister *l, const Node *map, const char *shown)
{
  char path[2 * DECK_PATH_SIZE];

  PetscFunctionBeginUser;
  for (int i = 0; map && i < map->n; i++) {
    snprintf(path, sizeof path, "%.255s.%.255s", shown, map->key[i]);
    PetscCall(l->consume(l->ctx, path, map->child[i]->text ? map->child[i]->text : "null"));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode list_entries(const Lister *l, const Node *list, const char *pattern, const char *shown, int depth)
{
  char item[DECK_PATH_SIZE], path[DECK_PATH_SIZE];

  PetscFunctionBeginUser;
  snprintf(item, sizeof item, "%.240s[]", pattern);
  for (int i = 0; list && i < list->n; i++) {
    snprintf(path, sizeof path, "%.240s[%d]", shown, i + 1);
    PetscCall(list_members(l, list->child[i], item, path, depth + 1));
  }
  PetscFunctionReturn(0);
}

/* Sections below the top mean something by being there (a channel, a model); an absent one at the top stands for its defaults. */
static PetscErrorCode list_section(const Lister *l, const Node *map, const char *pattern, const char *shown, int depth)
{
  PetscFunctionBeginUser;
  if (!map && depth > 0) PetscFunctionReturn(0);
  if (map && depth > 0) PetscCall(l->consume(l->ctx, shown, "given"));
  PetscCall(list_members(l, map, pattern, shown, depth + 1));
  PetscFunctionReturn(0);
}

static PetscErrorCode list_members(const Lister *l, const Node *map, const char *pattern, const char *shown, int depth)
{
  char(*names)[DECK_PATH_SIZE], path[DECK_PATH_SIZE], name[DECK_PATH_SIZE];
  int n;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(MAX_MEMBERS, &names));
  n = DeckMembers(pattern, MAX_MEMBERS, names);
  for (int i = 0; i < n; i++) {
    const int   at    = NodeFind(map, names[i]);
    const Node *child = at < 0 ? NULL : map->child[at];
    JoinPath(pattern, names[i], path);
    JoinPath(shown, names[i], name);
    const int         found = DeckKeyFind(path);
    const DeckKeyType type  = found < 0 ? DECK_SECTION : DeckKeyAt(found)->type;
    if (type == DECK_SECTION) PetscCall(list_section(l, child, path, name, depth));
    else if (type == DECK_SECTION_LIST) PetscCall(list_entries(l, child, path, name, depth));
    else if (type == DECK_FREE_MAP) PetscCall(list_free_map(l, child, name));
    else if (found < l->root->nkeys) PetscCall(list_leaf(l, found, child, name));
  }
  PetscCall(PetscFree(names));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckForEach(Deck deck, DeckConsumer consume, void *ctx)
{
  const Lister l = {deck->root, consume, ctx};

  PetscFunctionBeginUser;
  PetscCall(list_members(&l, deck->root->node, "", "", 0));
  PetscFunctionReturn(0);
}

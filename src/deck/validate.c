/* The tree against the key tables: every key known, every value of its type, nothing missing; shorthands written out. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

enum { MAX_MEMBERS = 256 };

typedef struct {
  char pattern[DECK_PATH_SIZE]; /* as in the tables, with [] */
  char shown[DECK_PATH_SIZE];   /* as the user would write it, with [2] */
} Path;

static PetscErrorCode section(Deck root, Node *map, const Path *path, int depth);

/* The key tables' path that ends in this name: where a misplaced key belongs. */
static const char *belongs(const char *name)
{
  const size_t n = strlen(name);

  for (int i = 0; i < DeckKeyCount(); i++) {
    const char  *path   = DeckKeyAt(i)->path;
    const size_t length = strlen(path);
    if (length > n + 1 && path[length - n - 1] == '.' && !strcmp(path + length - n, name)) return path;
  }
  return NULL;
}

static PetscErrorCode unknown_key(const Node *node, const Path *parent, const char *name)
{
  char(*names)[DECK_PATH_SIZE] = calloc(MAX_MEMBERS, sizeof *names);
  const char *pointers[MAX_MEMBERS], *elsewhere = belongs(name);
  char        hint[768] = "", inside[DECK_PATH_SIZE + 16] = "";
  int         n = names ? DeckMembers(parent->pattern, MAX_MEMBERS, names) : 0, nearest;
  size_t      used;

  for (int i = 0; i < n; i++) pointers[i] = names[i];
  nearest = NearestName(name, n, pointers);
  if (*parent->shown) snprintf(inside, sizeof inside, " in '%.*s'", DECK_PATH_SIZE - 1, parent->shown);
  if (nearest >= 0) snprintf(hint, sizeof hint, "; did you mean '%.200s'?", names[nearest]);
  else if (elsewhere) snprintf(hint, sizeof hint, "; did you mean '%.200s'?", elsewhere);
  else if (n) {
    used = (size_t)snprintf(hint, sizeof hint, "; known here:");
    for (int i = 0; i < n && used + 64 < sizeof hint; i++) used += (size_t)snprintf(hint + used, sizeof hint - used, "%s %.40s", i ? "," : "", names[i]);
  }
  free(names);
  return InputErrorAt(node->where, node->line, "unknown key '%.100s'%s%s", name, inside, hint);
}

PetscErrorCode NodeWrap(Deck deck, const char *primary, Node *node)
{
  Node *inner;

  PetscFunctionBeginUser;
  PetscCall(NodeCreate(deck, node->kind, node->where, node->line, &inner));
  *inner = *node;
  memset(node, 0, sizeof *node);
  node->kind  = NODE_MAP;
  node->where = inner->where;
  node->line  = inner->line;
  PetscCall(NodeAppend(deck, node, primary, inner));
  PetscFunctionReturn(0);
}

/* One section: a map, nothing, or what stands for it. */
static PetscErrorCode one_section(Deck root, const DeckKey *key, Node *node, const Path *path, int depth)
{
  PetscFunctionBeginUser;
  if (node->kind == NODE_NULL) node->kind = NODE_MAP;
  if (node->kind != NODE_MAP && key && key->primary) PetscCall(NodeWrap(root, key->primary, node));
  if (node->kind == NODE_SCALAR) return InputErrorAt(node->where, node->line, "'%s' is a section, not a single value: '%.80s'", path->shown, node->text);
  PetscCheckInput(node->kind == NODE_MAP, node->where, node->line, "'%s' is a section, not %s", path->shown, NodeKindName(node));
  PetscCall(section(root, node, path, depth + 1));
  PetscFunctionReturn(0);
}

static PetscErrorCode section_list(Deck root, const DeckKey *key, Node *node, const Path *path, int depth)
{
  PetscFunctionBeginUser;
  if (node->kind == NODE_NULL) node->kind = NODE_LIST;
  if (node->kind == NODE_MAP || (node->kind == NODE_SCALAR && key->primary)) {
    Node *inner;
    PetscCall(NodeCreate(root, node->kind, node->where, node->line, &inner));
    *inner = *node;
    memset(node, 0, sizeof *node);
    node->kind  = NODE_LIST;
    node->where = inner->where;
    node->line  = inner->line;
    PetscCall(NodeAppend(root, node, NULL, inner));
  }
  PetscCheckInput(node->kind == NODE_LIST && !node->unit, node->where, node->line, "'%s' must be a list of sections", path->shown);
  PetscCheckInput(node->n >= key->min_count && (!key->max_count || node->n <= key->max_count), node->where, node->line, "'%s' has %d entries; it needs at least %d%s", path->shown, node->n,
                  key->min_count, key->max_count ? ", and has too many" : "");
  for (int i = 0; i < node->n; i++) {
    Path item;
    snprintf(item.pattern, sizeof item.pattern, "%.240s[]", path->pattern);
    snprintf(item.shown, sizeof item.shown, "%.240s[%d]", path->shown, i);
    PetscCall(one_section(root, key, node->child[i], &item, depth));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode free_map(Node *node, const Path *path)
{
  if (node->kind == NODE_NULL) node->kind = NODE_MAP;
  PetscCheckInput(node->kind == NODE_MAP, node->where, node->line, "'%s' is a section of free keys, not %s", path->shown, NodeKindName(node));
  for (int i = 0; i < node->n; i++) {
    const Node *child = node->child[i];
    PetscCheckInput(child->kind == NODE_SCALAR || child->kind == NODE_NULL, child->where, child->line, "'%s.%s' must be a single value, not %s", path->shown, node->key[i], NodeKindName(child));
  }
  return 0;
}

static PetscErrorCode member(Deck root, Node *node, const Path *path, const Path *parent, const char *name, int depth)
{
  const int      found = DeckKeyFind(path->pattern);
  const DeckKey *key   = found < 0 ? NULL : DeckKeyAt(found);

  PetscFunctionBeginUser;
  if (!key && !DeckIsSection(path->pattern)) return unknown_key(node, parent, name);
  if (!key || key->type == DECK_SECTION) PetscCall(one_section(root, key, node, path, depth));
  else if (key->type == DECK_SECTION_LIST) PetscCall(section_list(root, key, node, path, depth));
  else if (key->type == DECK_FREE_MAP) PetscCall(free_map(node, path));
  else PetscCall(ValueParse(root, key, path->shown, node, &node->value));
  PetscFunctionReturn(0);
}

/* `path` is the key directly below `pattern`, not deeper. */
static bool direct_member(const char *path, const char *pattern)
{
  const size_t n = strlen(pattern);

  if (n && (strncmp(path, pattern, n) || path[n] != '.')) return false;
  return !strchr(path + n + (n > 0), '.');
}

static PetscErrorCode check_required(Deck root, const Node *map, const Path *path)
{
  for (int i = 0; i < DeckKeyCount(); i++) {
    const DeckKey *key = DeckKeyAt(i);
    const char    *name = strrchr(key->path, '.');
    name                = name ? name + 1 : key->path;
    if (!key->required || !direct_member(key->path, path->pattern) || NodeFind(map, name) >= 0) continue;
    if (!*path->shown) return InputErrorAt(root->name, 0, "missing key '%s': %s", name, key->help ? key->help : "it is required");
    return InputErrorAt(map->where, map->line, "missing key '%s' in '%s': %s", name, path->shown, key->help ? key->help : "it is required");
  }
  return 0;
}

static PetscErrorCode section(Deck root, Node *map, const Path *path, int depth)
{
  PetscFunctionBeginUser;
  PetscCheckInput(depth < DECK_MAX_DEPTH, map->where, map->line, "nested too deeply");
  for (int i = 0; i < map->n; i++) {
    Path below;
    /* a dot or bracket inside a key could pass for a path */
    PetscCheckInput(strlen(map->key[i]) < 100 && !strpbrk(map->key[i], ".[]"), map->child[i]->where, map->child[i]->line, "unknown key '%.100s'; sections are nested, not written with dots", map->key[i]);
    JoinPath(path->pattern, map->key[i], below.pattern);
    JoinPath(path->shown, map->key[i], below.shown);
    PetscCall(member(root, map->child[i], &below, path, map->key[i], depth));
  }
  PetscCall(check_required(root, map, path));
  PetscFunctionReturn(0);
}

static PetscErrorCode fallbacks(Deck root)
{
  PetscFunctionBeginUser;
  root->nkeys = DeckKeyCount();
  PetscCall(DeckAllocate(root, (size_t)root->nkeys * sizeof(Value), &root->fallback));
  for (int i = 0; i < root->nkeys; i++) {
    const DeckKey *key = DeckKeyAt(i);
    Node          *node;
    PetscErrorCode code;
    root->fallback[i].count = -1;
    if (!key->fallback) continue;
    code = DeckParse(root, NULL, false, key->fallback, &node);
    if (!code) code = ValueParse(root, key, key->path, node, &root->fallback[i]);
    PetscCheck(!code, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "key table: default of %s: %s", key->path, ErrorMessage());
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DeckValidate(Deck root)
{
  const Path top = {"", ""};

  PetscFunctionBeginUser;
  PetscCall(fallbacks(root));
  PetscCall(section(root, root->node, &top, 0));
  PetscFunctionReturn(0);
}

/* Reading values: views, the value by the user or the default, and errors at a key's line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

/* The node at a dotted path below `node`, NULL when absent; *last: the deepest that exists. */
static const Node *find(const Node *node, const char *path, const Node **last)
{
  *last = node;
  while (node && *path) {
    char         name[DECK_PATH_SIZE];
    const size_t n = strcspn(path, ".");
    int          i;
    snprintf(name, sizeof name, "%.*s", (int)n, path);
    i    = NodeFind(node, name);
    node = i < 0 ? NULL : node->child[i];
    if (node) *last = node;
    path += n + (path[n] == '.');
  }
  return node;
}

static PetscErrorCode view(Deck deck, const Node *node, const char *pattern, Deck *out)
{
  Deck root = deck->root, v;

  PetscFunctionBeginUser;
  for (v = root->next; v; v = v->next) {
    if (v->node != node || strcmp(v->pattern, pattern)) continue;
    *out = v;
    PetscFunctionReturn(0);
  }
  PetscCall(DeckAllocate(root, sizeof *v, &v));
  v->root    = root;
  v->node    = (Node *)node;
  v->next    = root->next;
  root->next = v;
  snprintf(v->pattern, sizeof v->pattern, "%s", pattern);
  *out = v;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetSection(Deck deck, const char *path, Deck *section)
{
  const Node *last, *node = find(deck->node, path, &last);
  char        pattern[DECK_PATH_SIZE];

  PetscFunctionBeginUser;
  JoinPath(deck->pattern, path, pattern);
  PetscCheck(!*pattern || DeckIsSection(pattern) || !node, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "%s is not a section", pattern);
  PetscCall(view(deck, node, pattern, section));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetSectionCount(Deck deck, const char *path, PetscInt *count)
{
  const Node *last, *node = find(deck->node, path, &last);

  *count = node && node->kind == NODE_LIST ? node->n : 0;
  return 0;
}

PetscErrorCode DeckGetSectionAt(Deck deck, const char *path, PetscInt index, Deck *section)
{
  const Node *last, *node = find(deck->node, path, &last);
  char        pattern[DECK_PATH_SIZE];

  PetscFunctionBeginUser;
  PetscCheck(node && node->kind == NODE_LIST && index >= 0 && index < node->n, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "%s has no entry %d", path, (int)index);
  JoinPath(deck->pattern, path, pattern);
  PetscCheck(strlen(pattern) + 3 < sizeof pattern, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "path too long: %s", path);
  strcat(pattern, "[]");
  PetscCall(view(deck, node->child[index], pattern, section));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckHas(Deck deck, const char *path, bool *has)
{
  const Node *last;

  *has = find(deck->node, path, &last) != NULL;
  return 0;
}

/* *value: by user or default, NULL when absent. Asking with another type than declared is a mistake of the program. */
static PetscErrorCode lookup(Deck deck, const char *path, unsigned types, const DeckKey **key, const Value **value)
{
  const Node *last, *node = find(deck->node, path, &last);
  char        pattern[DECK_PATH_SIZE];
  int         i;

  PetscFunctionBeginUser;
  JoinPath(deck->pattern, path, pattern);
  i = DeckKeyFind(pattern);
  PetscCheck(i >= 0 && i < deck->root->nkeys, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "no key %s in the tables registered before the deck was read", pattern);
  *key = DeckKeyAt(i);
  PetscCheck(types >> (*key)->type & 1, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "%s is declared as another type", pattern);
  *value = node ? &node->value : deck->root->fallback[i].count >= 0 ? &deck->root->fallback[i] : NULL;
  if (!*value && (*key)->required) return DeckError(deck, path, "missing key '%s': %s", pattern, (*key)->help ? (*key)->help : "it is required");
  PetscFunctionReturn(0);
}

#define TYPE(t) (1u << (t))

/* First n numbers; an absent value leaves *number as it was. */
static PetscErrorCode get_numbers(Deck deck, const char *path, unsigned types, int n, PetscReal *number, bool *set)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, types, &key, &value));
  if (value) memcpy(number, value->number, (size_t)n * sizeof *number);
  if (set) *set = value != NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetBool(Deck deck, const char *path, bool *value)
{
  PetscReal number;
  bool      set = false;

  PetscFunctionBeginUser;
  PetscCall(get_numbers(deck, path, TYPE(DECK_BOOL), 1, &number, &set));
  if (set) *value = number != 0;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetInt(Deck deck, const char *path, PetscInt *value, bool *set)
{
  PetscReal number;
  bool      has = false;

  PetscFunctionBeginUser;
  PetscCall(get_numbers(deck, path, TYPE(DECK_INT), 1, &number, &has));
  if (has) *value = (PetscInt)number;
  if (set) *set = has;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetReal(Deck deck, const char *path, PetscReal *number, bool *set)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_REAL), &key, &value));
  const bool given = value && !value->text;
  if (given) *number = value->number[0];
  if (set) *set = given;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetWord(Deck deck, const char *path, PetscInt *index)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_REAL), &key, &value));
  *index = value && value->text ? (PetscInt)value->number[0] : -1;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetString(Deck deck, const char *path, const char **text, bool *set)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_STRING) | TYPE(DECK_CHOICE), &key, &value));
  if (value) *text = value->text;
  if (set) *set = value != NULL;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetChoice(Deck deck, const char *path, PetscInt *index)
{
  PetscReal number;
  bool      set = false;

  PetscFunctionBeginUser;
  PetscCall(get_numbers(deck, path, TYPE(DECK_CHOICE), 1, &number, &set));
  if (set) *index = (PetscInt)number;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetChoiceList(Deck deck, const char *path, PetscInt *count, PetscInt **indices)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_CHOICE_LIST), &key, &value));
  *count = value ? value->count : 0;
  PetscCall(PetscMalloc1(PetscMax(*count, 1), indices));
  for (PetscInt i = 0; i < *count; i++) (*indices)[i] = (PetscInt)value->number[i];
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetInt3(Deck deck, const char *path, PetscInt value[3], bool *set)
{
  PetscReal number[3];
  bool      has = false;

  PetscFunctionBeginUser;
  PetscCall(get_numbers(deck, path, TYPE(DECK_INT3), 3, number, &has));
  for (int i = 0; has && i < 3; i++) value[i] = (PetscInt)number[i];
  if (set) *set = has;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetRealList(Deck deck, const char *path, PetscInt *count, PetscReal **values)
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_REAL_LIST), &key, &value));
  *count = value ? value->count : 0;
  PetscCall(PetscMalloc1(PetscMax(*count, 1), values));
  if (*count) memcpy(*values, value->number, (size_t)*count * sizeof **values);
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetVector(Deck deck, const char *path, PetscReal value[3], bool *set)
{
  PetscFunctionBeginUser;
  PetscCall(get_numbers(deck, path, TYPE(DECK_VECTOR), 3, value, set));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetVectorList(Deck deck, const char *path, PetscInt *count, PetscReal (**values)[3])
{
  const DeckKey *key;
  const Value   *value;

  PetscFunctionBeginUser;
  PetscCall(lookup(deck, path, TYPE(DECK_VECTOR_LIST) | TYPE(DECK_FIELD_LIST), &key, &value));
  *count = value ? value->count : 0;
  PetscCall(PetscMalloc1(PetscMax(*count, 1), values));
  if (*count) memcpy(*values, value->number, (size_t)*count * sizeof **values);
  PetscFunctionReturn(0);
}

PetscErrorCode DeckError(Deck deck, const char *path, const char *format, ...)
{
  const Node *last;
  char        text[1024];
  va_list     args;

  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  find(deck->node, path ? path : "", &last);
  /* the root itself has no line of its own to show */
  if (!last || last == deck->root->node) return InputErrorAt(deck->root->name, 0, "%s", text);
  return InputErrorAt(last->where, last->line, "%s", text);
}

/* From a node to the typed value its key declares. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

int ChoiceFind(const char *choices, const char *name, size_t length)
{
  int i = 0;

  for (const char *c = choices; *c; i++) {
    const size_t n = strcspn(c, "|");
    if (n == length && !strncmp(c, name, n)) return i;
    c += n + (c[n] == '|');
  }
  return -1;
}

bool ChoiceName(const char *choices, int i, size_t size, char *name)
{
  for (const char *c = choices; *c; i--) {
    const size_t n = strcspn(c, "|");
    if (i == 0) {
      snprintf(name, size, "%.*s", (int)n, c);
      return true;
    }
    c += n + (c[n] == '|');
  }
  return false;
}

static PetscErrorCode wrong_type(const DeckKey *key, const char *shown, const Node *node)
{
  char type[256];

  DeckTypeText(key, sizeof type, type);
  if (node->kind == NODE_SCALAR) return InputErrorAt(node->where, node->line, "'%s' must be %s, not '%.80s'", shown, type, node->text);
  return InputErrorAt(node->where, node->line, "'%s' must be %s, not %s", shown, type, NodeKindName(node));
}

static PetscErrorCode parse_bool(const DeckKey *key, const char *shown, const Node *node, PetscReal *number)
{
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "False", "True"};

  for (int i = 0; node->kind == NODE_SCALAR && i < 8; i++) {
    if (strcmp(node->text, words[i])) continue;
    *number = i % 2;
    return 0;
  }
  return wrong_type(key, shown, node);
}

static PetscErrorCode parse_int(const DeckKey *key, const char *shown, const Node *node, PetscReal *number)
{
  char     *end;
  char      range[96];
  long long i;

  if (node->kind != NODE_SCALAR) return wrong_type(key, shown, node);
  errno = 0;
  i     = strtoll(node->text, &end, 10);
  if (end == node->text || *end) return wrong_type(key, shown, node);
  PetscCheckInput(!errno && i >= -2147483647LL && i <= 2147483647LL, node->where, node->line, "'%s' is out of range: '%.80s' does not fit an integer", shown, node->text);
  *number = (PetscReal)i;
  if ((key->min == 0 && key->max == 0) || ((PetscReal)i >= key->min && (key->max < key->min || (PetscReal)i <= key->max))) {
    if (!key->positive || i > 0) return 0;
  }
  DeckRangeText(key, sizeof range, range);
  return InputErrorAt(node->where, node->line, "'%s' is out of range: '%.80s'; it must be %s", shown, node->text, range);
}

static PetscErrorCode parse_int3(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value)
{
  PetscFunctionBeginUser;
  if (node->kind != NODE_SCALAR && (node->kind != NODE_LIST || node->unit)) return wrong_type(key, shown, node);
  PetscCheckInput(node->kind != NODE_LIST || node->n == 3, node->where, node->line, "'%s' takes one or three integers, not %d", shown, node->n);
  PetscCall(DeckAllocate(deck, 3 * sizeof(PetscReal), &value->number));
  for (int i = 0; i < 3; i++) PetscCall(parse_int(key, shown, node->kind == NODE_LIST ? node->child[i] : node, &value->number[i]));
  value->count = 3;
  PetscFunctionReturn(0);
}

static PetscErrorCode parse_choice(const DeckKey *key, const char *shown, const Node *node, PetscReal *number)
{
  char        names[32][64], all[256];
  const char *pointers[32];
  int         n = 0, nearest;

  if (node->kind != NODE_SCALAR) return wrong_type(key, shown, node);
  nearest = ChoiceFind(key->choices, node->text, strlen(node->text));
  *number = nearest;
  if (nearest >= 0) return 0;
  for (; n < 32 && ChoiceName(key->choices, n, sizeof names[0], names[n]); n++) pointers[n] = names[n];
  nearest = NearestName(node->text, n, pointers);
  DeckTypeText(key, sizeof all, all);
  if (nearest >= 0) return InputErrorAt(node->where, node->line, "'%s' must be %s, not '%.80s'; did you mean '%s'?", shown, all, node->text, names[nearest]);
  return wrong_type(key, shown, node);
}

/* A word in the place of a number. */
static PetscErrorCode parse_word(Deck deck, const DeckKey *key, const Node *node, Value *value)
{
  PetscFunctionBeginUser;
  PetscCall(DeckAllocate(deck, sizeof(PetscReal), &value->number));
  value->number[0] = ChoiceFind(key->choices, node->text, strlen(node->text));
  value->count     = 1;
  value->text      = node->text;
  PetscFunctionReturn(0);
}

static PetscErrorCode parse_choices(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value)
{
  const bool list = node->kind == NODE_LIST;

  PetscFunctionBeginUser;
  PetscCheckInput(!list || !node->unit, node->where, node->line, "'%s': unexpected '%s' after the list", shown, node->unit);
  value->count = list ? node->n : 1;
  PetscCall(DeckAllocate(deck, (size_t)value->count * sizeof(PetscReal), &value->number));
  for (int i = 0; i < value->count; i++) {
    const Node *item = list ? node->child[i] : node;
    PetscCall(parse_choice(key, shown, item, &value->number[i]));
    for (int j = 0; j < i; j++) PetscCheckInput(value->number[i] != value->number[j], item->where, item->line, "'%s' names '%s' twice", shown, item->text);
  }
  PetscFunctionReturn(0);
}

/* One vector or a list of them; a unit after the outer list serves all. */
static PetscErrorCode parse_vectors(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value)
{
  const bool many = key->type != DECK_VECTOR && node->kind == NODE_LIST && (node->n == 0 || node->child[0]->kind == NODE_LIST);

  PetscFunctionBeginUser;
  if (node->kind != NODE_LIST) return wrong_type(key, shown, node);
  for (int i = 0; i < (many ? node->n : 1); i++) {
    const Node    *vector = many ? node->child[i] : node;
    const PetscInt before = value->count;
    if (vector->kind != NODE_LIST) return wrong_type(key, shown, vector);
    PetscCall(NumbersParse(deck, key, shown, vector, many ? node->unit : NULL, value));
    PetscCheckInput(value->count - before == 3, vector->where, vector->line, "'%s': a vector has three components, not %d", shown, (int)(value->count - before));
  }
  value->count /= 3;
  PetscFunctionReturn(0);
}

/* Strengths along z as vectors. Three of them could be meant as one vector. */
static PetscErrorCode parse_fields(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value)
{
  PetscReal *vector;

  PetscFunctionBeginUser;
  if (node->kind == NODE_LIST && node->n > 0 && node->child[0]->kind == NODE_LIST) {
    PetscCall(parse_vectors(deck, key, shown, node, value));
    PetscFunctionReturn(0);
  }
  PetscCheckInput(node->kind != NODE_LIST || node->n != 3, node->where, node->line, "'%s': three numbers could be one vector or three strengths along z; write [[x, y, z]] or [[0, 0, a], [0, 0, b], [0, 0, c]]", shown);
  PetscCall(NumbersParse(deck, key, shown, node, NULL, value));
  PetscCall(DeckAllocate(deck, 3 * (size_t)value->count * sizeof *vector, &vector));
  for (PetscInt i = 0; i < value->count; i++) vector[3 * i + 2] = value->number[i];
  value->number = vector;
  PetscFunctionReturn(0);
}

static PetscErrorCode check_count(const DeckKey *key, const char *shown, const Node *node, PetscInt count)
{
  const int low = key->min_count, high = key->max_count;

  if (count >= low && (!high || count <= high) && (count > 0 || key->type == DECK_VECTOR_LIST || key->type == DECK_REAL_LIST || key->type == DECK_FIELD_LIST)) return 0;
  if (high && low == high) return InputErrorAt(node->where, node->line, "'%s' takes %d value%s, not %d", shown, low, low == 1 ? "" : "s", (int)count);
  if (high) return InputErrorAt(node->where, node->line, "'%s' takes %d to %d values, not %d", shown, PetscMax(low, 1), high, (int)count);
  return InputErrorAt(node->where, node->line, "'%s' takes at least %d value%s, not %d", shown, PetscMax(low, 1), low > 1 ? "s" : "", (int)count);
}

PetscErrorCode ValueParse(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value)
{
  PetscFunctionBeginUser;
  memset(value, 0, sizeof *value);
  if (key->type == DECK_BOOL || key->type == DECK_INT || key->type == DECK_CHOICE) {
    PetscCall(DeckAllocate(deck, sizeof(PetscReal), &value->number));
    value->count = 1;
  }
  switch (key->type) {
  case DECK_BOOL:
    PetscCall(parse_bool(key, shown, node, value->number));
    break;
  case DECK_INT:
    PetscCall(parse_int(key, shown, node, value->number));
    break;
  case DECK_INT3:
    PetscCall(parse_int3(deck, key, shown, node, value));
    break;
  case DECK_STRING:
    if (node->kind != NODE_SCALAR || !*node->text) return wrong_type(key, shown, node);
    value->count = 1;
    value->text  = node->text;
    break;
  case DECK_CHOICE:
    PetscCall(parse_choice(key, shown, node, value->number));
    value->text = node->text;
    break;
  case DECK_CHOICE_LIST:
    PetscCall(parse_choices(deck, key, shown, node, value));
    PetscCall(check_count(key, shown, node, value->count));
    break;
  case DECK_REAL:
    if (node->kind != NODE_SCALAR) return wrong_type(key, shown, node);
    if (key->choices && ChoiceFind(key->choices, node->text, strlen(node->text)) >= 0) {
      PetscCall(parse_word(deck, key, node, value));
    } else PetscCall(NumbersParse(deck, key, shown, node, NULL, value));
    break;
  case DECK_REAL_LIST:
    PetscCall(NumbersParse(deck, key, shown, node, NULL, value));
    PetscCall(check_count(key, shown, node, value->count));
    break;
  case DECK_FIELD_LIST:
    PetscCall(parse_fields(deck, key, shown, node, value));
    PetscCall(check_count(key, shown, node, value->count));
    break;
  default:
    PetscCall(parse_vectors(deck, key, shown, node, value));
    if (key->type == DECK_VECTOR_LIST) PetscCall(check_count(key, shown, node, value->count));
  }
  PetscFunctionReturn(0);
}

/* Numbers with units: "300 K", "100:400:50 K", "[6.3 eV, 6.9 eV]", "[100, 200] K" to internal units, in range. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

typedef struct {
  Deck           deck;
  const DeckKey *key;
  const char    *shown;
  Value         *value;
  PetscInt       size;
} Numbers;

static bool has_unit(const DeckKey *key)
{
  return key->unit && strcmp(key->unit, "1");
}

/* A decimal number at *s. Hexadecimal is no number here; inf and nan are, and refused by the caller. */
static bool number_at(const char **s, double *number)
{
  char       *end;
  const char *digits = *s + (**s == '-' || **s == '+');

  if (digits[0] == '0' && tolower((unsigned char)digits[1]) == 'x') return false;
  *number = strtod(*s, &end);
  if (end == *s) return false;
  /* "infinity" and "nan", but not the beginning of a word */
  if (isalpha((unsigned char)*digits) && (isalnum((unsigned char)*end) || *end == '_')) return false;
  *s = end;
  return true;
}

/* The factor of `unit` for this key, or an error that says what is wrong with the unit. */
static PetscErrorCode unit_factor(const Numbers *n, const Node *node, const char *text, const char *unit, PetscReal *factor)
{
  const char *kind = has_unit(n->key) ? n->key->unit : "1", *nearest, *name;
  char        whole[DECK_PATH_SIZE];
  bool        known;

  *factor = 1;
  if (!unit || !*unit) {
    if (!has_unit(n->key)) return 0;
    return InputErrorAt(node->where, node->line, "'%s' has no unit: '%s' needs one, e.g. %s", n->shown, text, kind);
  }
  snprintf(whole, sizeof whole, "%s%s", *unit == '/' ? "1" : "", unit);
  if (!UnitParse(whole, kind, factor, &known)) return 0;
  name    = known ? UnitKindName(whole) : NULL;
  nearest = known ? NULL : UnitNearest(whole);
  /* "kk" is nearer to kg than to K, but nobody gives a temperature in kg */
  if (nearest && !strpbrk(unit, " */^") && UnitParse(nearest, kind, factor, &known)) nearest = NULL;
  if (name && !has_unit(n->key)) return InputErrorAt(node->where, node->line, "'%s' is %s; '%s' is a bare number", text, name, n->shown);
  if (name) return InputErrorAt(node->where, node->line, "'%s' is %s; '%s' needs e.g. %s", text, name, n->shown, kind);
  if (nearest) return InputErrorAt(node->where, node->line, "unknown unit '%.60s' in '%s'; did you mean '%s'?", unit, n->shown, nearest);
  if (!has_unit(n->key)) return InputErrorAt(node->where, node->line, "'%s' must be a bare number, not '%.80s'", n->shown, text);
  return InputErrorAt(node->where, node->line, "unknown unit '%.60s' in '%s'; it needs e.g. %s", unit, n->shown, kind);
}

static PetscErrorCode check_range(const Numbers *n, const Node *node, const char *text, PetscReal internal)
{
  const DeckKey  *key = n->key;
  const PetscReal slack = 1e-12;
  PetscReal       own = 1, x;
  char            range[96];
  bool            known, inside = true;

  if (has_unit(key)) {
    const PetscErrorCode code = UnitParse(key->unit, key->unit, &own, &known);
    PetscCheck(!code, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "key table: %s has the unknown unit %s", key->path, key->unit);
  }
  x = internal / own;
  if (key->min != 0 || key->max != 0) inside = x >= key->min - slack * fabs(key->min) && (key->max < key->min || x <= key->max + slack * fabs(key->max));
  if (inside && (!key->positive || x > 0)) return 0;
  DeckRangeText(key, sizeof range, range);
  return InputErrorAt(node->where, node->line, "'%s' is out of range: '%.80s'; it must be %s%s", n->shown, text, strcmp(range, "positive") && isdigit((unsigned char)*range) ? "from " : "", range);
}

static PetscErrorCode append(Numbers *n, const Node *node, const char *text, PetscReal number)
{
  Value *v = n->value;

  PetscFunctionBeginUser;
  PetscCheckInput(isfinite(number), node->where, node->line, "'%s' is not a finite number: '%.80s'", n->shown, text);
  PetscCall(check_range(n, node, text, number));
  PetscCheckInput(v->count < DECK_MAX_LIST, node->where, node->line, "'%s' has more than %d values", n->shown, DECK_MAX_LIST);
  if (v->count == n->size) {
    PetscReal *more;
    n->size = n->size ? 2 * n->size : 4;
    PetscCall(DeckAllocate(n->deck, (size_t)n->size * sizeof *more, &more));
    if (v->count) memcpy(more, v->number, (size_t)v->count * sizeof *more);
    v->number = more;
  }
  v->number[v->count++] = number;
  PetscFunctionReturn(0);
}

static PetscErrorCode append_range(Numbers *n, const Node *node, const char *text, const PetscReal x[3], PetscReal factor)
{
  PetscReal steps;

  PetscFunctionBeginUser;
  PetscCheckInput(isfinite(x[0]) && isfinite(x[1]) && isfinite(x[2]), node->where, node->line, "'%s' is not a finite range: '%.80s'", n->shown, text);
  PetscCheckInput(x[2] != 0 && (x[1] - x[0]) / x[2] >= 0, node->where, node->line, "'%s': the range '%.80s' never arrives; write first:last:step", n->shown, text);
  /* the last value counts when it is hit up to rounding */
  steps = floor((x[1] - x[0]) / x[2] * (1 + 1e-12) + 1e-9);
  PetscCheckInput(steps < DECK_MAX_LIST, node->where, node->line, "'%s': the range '%.80s' has more than %d values", n->shown, text, DECK_MAX_LIST);
  for (PetscInt i = 0; i <= (PetscInt)steps; i++) PetscCall(append(n, node, text, (x[0] + (PetscReal)i * x[2]) * factor));
  PetscFunctionReturn(0);
}

static PetscErrorCode scalar(Numbers *n, const Node *node, const char *unit)
{
  const char *s = node->text;
  char        type[256];
  PetscReal   x[3], factor;
  int         count = 0;

  PetscFunctionBeginUser;
  DeckTypeText(n->key, sizeof type, type);
  s += strspn(s, " ");
  for (;;) {
    PetscCheckInput(number_at(&s, &x[count]), node->where, node->line, "'%s' must be %s, not '%.80s'", n->shown, type, node->text);
    count++;
    if (*s != ':' || count == 3) break;
    PetscCheckInput(n->key->type == DECK_REAL_LIST || n->key->type == DECK_FIELD_LIST, node->where, node->line, "'%s' must be %s, not the range '%.80s'", n->shown, type, node->text);
    s++;
  }
  PetscCheckInput(count != 2 && *s != ':', node->where, node->line, "'%s': '%.80s' is not a range; write first:last:step", n->shown, node->text);
  s += strspn(s, " \t");
  PetscCheckInput(!*s || !unit, node->where, node->line, "'%s': '%.80s' has a unit, and so has its list (%s)", n->shown, node->text, unit);
  PetscCheckInput(isfinite(x[0]), node->where, node->line, "'%s' is not a finite number: '%.80s'", n->shown, node->text);
  PetscCall(unit_factor(n, node, node->text, unit ? unit : s, &factor));
  if (count == 3) PetscCall(append_range(n, node, node->text, x, factor));
  else PetscCall(append(n, node, node->text, x[0] * factor));
  PetscFunctionReturn(0);
}

static PetscErrorCode numbers(Numbers *n, const Node *node, const char *unit)
{
  char type[256];

  PetscFunctionBeginUser;
  if (node->kind == NODE_SCALAR) PetscCall(scalar(n, node, unit));
  else {
    DeckTypeText(n->key, sizeof type, type);
    PetscCheckInput(node->kind == NODE_LIST, node->where, node->line, "'%s' must be %s, not %s", n->shown, type, NodeKindName(node));
    PetscCheckInput(!unit || !node->unit, node->where, node->line, "'%s': a unit is given twice, '%s' and '%s'", n->shown, node->unit, unit);
    for (int i = 0; i < node->n; i++) {
      PetscCheckInput(node->child[i]->kind == NODE_SCALAR, node->child[i]->where, node->child[i]->line, "'%s' must be %s; an element is %s", n->shown, type, NodeKindName(node->child[i]));
      PetscCall(scalar(n, node->child[i], unit ? unit : node->unit));
    }
  }
  PetscFunctionReturn(0);
}

PetscErrorCode NumbersParse(Deck deck, const DeckKey *key, const char *shown, const Node *node, const char *unit, Value *value)
{
  Numbers n = {deck, key, shown, value, value->count};

  PetscFunctionBeginUser;
  PetscCall(numbers(&n, node, unit));
  PetscFunctionReturn(0);
}

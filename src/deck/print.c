/* The effective deck: what was given and what the defaults add, in declared units, as a deck that reads back the same. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "deck_impl.h"

enum { MAX_MEMBERS = 256 };

typedef struct {
  Deck        root;
  FILE       *out;
  const char *lead; /* "# " inside an absent section */
} Printer;

static bool plain(const char *text)
{
  static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"};

  if (!isalpha((unsigned char)*text) && *text != '/' && *text != '_') return false;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (!strcasecmp(text, words[i])) return false;
  for (const char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("_-./+", *c)) return false;
  return true;
}

void PrintText(FILE *out, const char *text)
{
  if (plain(text)) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (const char *c = text; *c; c++) {
    if (*c == '"' || *c == '\\') fprintf(out, "\\%c", *c);
    else if (*c == '\n') fputs("\\n", out);
    else if (*c == '\t') fputs("\\t", out);
    else if ((unsigned char)*c < 0x20) fprintf(out, "\\x%02x", (unsigned char)*c);
    else fputc(*c, out);
  }
  fputc('"', out);
}

/* The shortest decimal that gives back the same internal number to rounding; "300" and "1e16", not "3e+02" and "1e+16". */
static void print_number(FILE *out, PetscReal internal, PetscReal factor)
{
  char  text[40], *e;
  int   digits = 0;

  do snprintf(text, sizeof text, "%.*g", ++digits, internal / factor);
  while (digits < 17 && fabs(strtod(text, NULL) * factor - internal) > 4e-16 * fabs(internal));
  if (digits < 7) snprintf(text, sizeof text, "%.7g", strtod(text, NULL));
  e = strchr(text, 'e');
  if (e) {
    const int power = atoi(e + 1);
    snprintf(e, sizeof text - (size_t)(e - text), "e%d", power);
  }
  fputs(text, out);
}

static void print_numbers(FILE *out, const PetscReal *number, PetscInt count, PetscReal factor, bool brackets)
{
  if (brackets) fputc('[', out);
  for (PetscInt i = 0; i < count; i++) {
    if (i) fputs(", ", out);
    print_number(out, number[i], factor);
  }
  if (brackets) fputc(']', out);
}

static void print_choices(FILE *out, const DeckKey *key, const Value *value)
{
  char name[64];

  if (value->count != 1) fputc('[', out);
  for (PetscInt i = 0; i < value->count; i++)
    if (ChoiceName(key->choices, (int)value->number[i], sizeof name, name)) fprintf(out, "%s%s", i ? ", " : "", name);
  if (value->count != 1) fputc(']', out);
}

void PrintValue(FILE *out, const DeckKey *key, const Value *value)
{
  const bool unit   = key->unit && strcmp(key->unit, "1");
  PetscReal  factor = 1;
  bool       known;

  if (unit && UnitParse(key->unit, key->unit, &factor, &known)) factor = 1;
  if (key->type == DECK_REAL && value->text) {
    fputs(value->text, out);
    return;
  }
  switch (key->type) {
  case DECK_BOOL:
    fputs(value->number[0] != 0 ? "true" : "false", out);
    break;
  case DECK_STRING:
    PrintText(out, value->text);
    break;
  case DECK_CHOICE:
  case DECK_CHOICE_LIST:
    print_choices(out, key, value);
    break;
  case DECK_VECTOR_LIST:
  case DECK_FIELD_LIST:
    fputc('[', out);
    for (PetscInt i = 0; i < value->count; i++) {
      if (i) fputs(", ", out);
      print_numbers(out, value->number + 3 * i, 3, factor, true);
    }
    fputc(']', out);
    break;
  case DECK_VECTOR:
    print_numbers(out, value->number, 3, factor, true);
    break;
  case DECK_INT3:
  case DECK_REAL_LIST:
    print_numbers(out, value->number, value->count, factor, value->count != 1);
    break;
  default:
    print_numbers(out, value->number, value->count, factor, false);
  }
  if (unit && value->count > 0) fprintf(out, " %s", key->unit);
}

static void indent(const Printer *p, int depth)
{
  fprintf(p->out, "%s%*s", p->lead, 2 * depth, "");
}

static void print_free_map(const Printer *p, const Node *map, const char *name, int depth)
{
  if (!map) return;
  indent(p, depth);
  fprintf(p->out, "%s:%s\n", name, map->n ? "" : " {}");
  for (int i = 0; i < map->n; i++) {
    indent(p, depth + 1);
    PrintText(p->out, map->key[i]);
    fputs(": ", p->out);
    if (map->child[i]->kind == NODE_NULL) fputs("null", p->out);
    else if (map->child[i]->quoted) PrintText(p->out, map->child[i]->text);
    else fputs(map->child[i]->text, p->out);
    fputc('\n', p->out);
  }
}

/* Something to print below this section: a key of the user's or a default. */
static bool has_content(const Printer *p, const Node *map, const char *pattern)
{
  const size_t n = strlen(pattern);

  if (map && map->n) return true;
  for (int i = 0; i < p->root->nkeys; i++) {
    const char *path = DeckKeyAt(i)->path;
    if (p->root->fallback[i].count >= 0 && !strncmp(path, pattern, n) && path[n] == '.' && !strchr(path + n + 1, '.')) return true;
  }
  return false;
}

/* A member that must be given once the section is there: writing the section's defaults would not be a deck. */
static bool has_required(const char *pattern)
{
  const size_t n = strlen(pattern);

  for (int i = 0; i < DeckKeyCount(); i++) {
    const DeckKey *key = DeckKeyAt(i);
    if (key->required && !strncmp(key->path, pattern, n) && key->path[n] == '.' && !strchr(key->path + n + 1, '.')) return true;
  }
  return false;
}

static PetscErrorCode print_members(Printer *p, const Node *map, const char *pattern, int depth, bool dash);

static PetscErrorCode print_section(Printer *p, const DeckKey *key, const Node *map, const char *name, const char *pattern, int depth)
{
  const char *lead    = p->lead;
  const bool  comment = !map && (key || has_required(pattern));

  PetscFunctionBeginUser;
  /* A section's presence can mean something (a channel, a model): one that is absent stays a comment, and below the top it is left out. */
  if (comment && (depth > 0 || (key && key->required) || *p->lead)) PetscFunctionReturn(0);
  if (!map && !has_content(p, NULL, pattern)) PetscFunctionReturn(0);
  if (comment) p->lead = "# ";
  indent(p, depth);
  fprintf(p->out, "%s:%s%s\n", name, has_content(p, map, pattern) ? "" : " {}", comment ? "  # default" : "");
  PetscCall(print_members(p, map, pattern, depth + 1, false));
  p->lead = lead;
  PetscFunctionReturn(0);
}

static PetscErrorCode print_list(Printer *p, const Node *list, const char *name, const char *pattern, int depth)
{
  char item[DECK_PATH_SIZE];

  PetscFunctionBeginUser;
  if (!list) PetscFunctionReturn(0);
  snprintf(item, sizeof item, "%.240s[]", pattern);
  indent(p, depth);
  fprintf(p->out, "%s:%s\n", name, list->n ? "" : " []");
  for (int i = 0; i < list->n; i++) {
    if (!has_content(p, list->child[i], item)) {
      indent(p, depth + 1);
      fputs("- {}\n", p->out);
    } else PetscCall(print_members(p, list->child[i], item, depth + 2, true));
  }
  PetscFunctionReturn(0);
}

static void print_leaf(Printer *p, int found, const Node *node, const char *name, int depth, bool *dash)
{
  const Value *value = node ? &node->value : p->root->fallback[found].count >= 0 ? &p->root->fallback[found] : NULL;

  if (!value) return;
  indent(p, *dash ? depth - 1 : depth);
  fprintf(p->out, "%s%s: ", *dash ? "- " : "", name);
  *dash = false;
  PrintValue(p->out, DeckKeyAt(found), value);
  fputs(node || *p->lead ? "\n" : "  # default\n", p->out);
}

/* Leaves first: the first of them carries the dash of a list entry. */
static PetscErrorCode print_members(Printer *p, const Node *map, const char *pattern, int depth, bool dash)
{
  char(*names)[DECK_PATH_SIZE], path[DECK_PATH_SIZE];
  int n;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(MAX_MEMBERS, &names));
  n = DeckMembers(pattern, MAX_MEMBERS, names);
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < n; i++) {
      const int   at    = NodeFind(map, names[i]);
      const Node *child = at < 0 ? NULL : map->child[at];
      JoinPath(pattern, names[i], path);
      const int         found   = DeckKeyFind(path);
      const DeckKey    *key     = found < 0 ? NULL : DeckKeyAt(found);
      const DeckKeyType type    = key ? key->type : DECK_SECTION;
      const bool        section = type == DECK_SECTION || type == DECK_SECTION_LIST || type == DECK_FREE_MAP;
      /* at the top the order of registration reads best; in a list entry the dash needs a leaf */
      if (depth == 0 ? pass == 1 : section != (pass == 1)) continue;
      if (section && dash) {
        indent(p, depth - 1);
        fputs("-\n", p->out);
        dash = false;
      }
      if (type == DECK_SECTION) PetscCall(print_section(p, key, child, names[i], path, depth));
      else if (type == DECK_SECTION_LIST) PetscCall(print_list(p, child, names[i], path, depth));
      else if (type == DECK_FREE_MAP) print_free_map(p, child, names[i], depth);
      else if (found < p->root->nkeys) print_leaf(p, found, child, names[i], depth, &dash);
    }
  }
  PetscCall(PetscFree(names));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckPrint(Deck deck, FILE *out)
{
  Printer p = {deck->root, out, ""};

  PetscFunctionBeginUser;
  PetscCall(print_members(&p, deck->root->node, "", 0, false));
  PetscFunctionReturn(0);
}

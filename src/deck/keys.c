/* The registered key tables, and the keys that belong to the deck itself. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "deck_impl.h"

static const DeckKey own_keys[] = {
  {"title",  DECK_STRING,   .help = "what this run is about; goes into the results and the report"},
  {"output", DECK_STRING,   .help = "file of the results (HDF5)"},
  {"petsc",  DECK_FREE_MAP, .help = "options of PETSc and SLEPc, without the dash; those of the command line win"},
  {NULL}};

enum { MAX_TABLES = 128 };
static const DeckKey *tables[MAX_TABLES];
static int            ntables;

PetscErrorCode DeckRegisterKeys(const DeckKey *table)
{
  PetscFunctionBeginUser;
  for (int i = 0; i < ntables; i++)
    if (tables[i] == table) PetscFunctionReturn(0);
  PetscCheck(ntables < MAX_TABLES, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "more than %d key tables", MAX_TABLES);
  for (const DeckKey *key = table; key->path; key++) {
    PetscCheck(strlen(key->path) < DECK_PATH_SIZE, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "key path too long: %s", key->path);
    /* several modules may name a common section; a value has one owner */
    const int seen = DeckKeyFind(key->path);
    PetscCheck(seen < 0 || (key->type == DECK_SECTION && DeckKeyAt(seen)->type == DECK_SECTION), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "key declared twice: %s", key->path);
  }
  tables[ntables++] = table;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckRegisterOwnKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(own_keys));
  PetscFunctionReturn(0);
}

int DeckKeyCount(void)
{
  int n = 0;

  for (int i = 0; i < ntables; i++)
    for (const DeckKey *key = tables[i]; key->path; key++) n++;
  return n;
}

const DeckKey *DeckKeyAt(int i)
{
  for (int t = 0; t < ntables; t++)
    for (const DeckKey *key = tables[t]; key->path; key++)
      if (i-- == 0) return key;
  return NULL;
}

int DeckKeyFind(const char *pattern)
{
  int n = 0;

  for (int t = 0; t < ntables; t++)
    for (const DeckKey *key = tables[t]; key->path; key++, n++)
      if (!strcmp(key->path, pattern)) return n;
  return -1;
}

/* The path below a section, or NULL when `path` is not below it. */
static const char *below(const char *path, const char *section)
{
  const size_t n = strlen(section);

  if (!n) return path;
  return !strncmp(path, section, n) && path[n] == '.' ? path + n + 1 : NULL;
}

int DeckMembers(const char *pattern, int max, char (*names)[DECK_PATH_SIZE])
{
  int n = 0;

  for (int t = 0; t < ntables; t++) {
    for (const DeckKey *key = tables[t]; key->path; key++) {
      const char  *rest   = below(key->path, pattern);
      const size_t length = rest ? strcspn(rest, ".[") : 0;
      bool         seen   = !length;
      for (int i = 0; i < n && !seen; i++) seen = strlen(names[i]) == length && !strncmp(names[i], rest, length);
      if (seen || n == max) continue;
      memcpy(names[n], rest, length);
      names[n++][length] = '\0';
    }
  }
  return n;
}

bool DeckIsSection(const char *pattern)
{
  const int i = DeckKeyFind(pattern);

  if (i >= 0) return DeckKeyAt(i)->type == DECK_SECTION;
  for (int t = 0; t < ntables; t++)
    for (const DeckKey *key = tables[t]; key->path; key++)
      if (below(key->path, pattern)) return true;
  return false;
}

void JoinPath(const char *head, const char *tail, char path[DECK_PATH_SIZE])
{
  char joined[2 * DECK_PATH_SIZE];

  snprintf(joined, sizeof joined, "%.*s%s%.*s", DECK_PATH_SIZE - 1, head, *head && *tail ? "." : "", DECK_PATH_SIZE - 1, tail);
  snprintf(path, DECK_PATH_SIZE, "%.*s", DECK_PATH_SIZE - 1, joined);
}

static void choices_text(const DeckKey *key, const char *lead, size_t size, char *text)
{
  size_t used = (size_t)snprintf(text, size, "%s", lead);

  for (const char *c = key->choices; c && *c && used + 3 < size; c++) {
    if (*c == '|') {
      text[used++] = ',';
      text[used++] = ' ';
    } else text[used++] = *c;
  }
  text[used] = '\0';
}

void DeckTypeText(const DeckKey *key, size_t size, char *text)
{
  const bool        unit     = key->unit && strcmp(key->unit, "1");
  const char *const in       = unit ? " in " : "";
  const char *const name     = unit ? key->unit : "";
  char              lead[96];
  static const char *const plain[] = {
    [DECK_BOOL] = "true or false", [DECK_INT] = "an integer", [DECK_STRING] = "a text", [DECK_INT3] = "an integer n or three [n1, n2, n3]",
    [DECK_SECTION] = "a section", [DECK_SECTION_LIST] = "a list of sections", [DECK_FREE_MAP] = "a section of free keys"};

  switch (key->type) {
  case DECK_REAL:
    if (key->choices) {
      snprintf(lead, sizeof lead, "a number%s%s, or ", in, name);
      choices_text(key, lead, size, text);
    } else snprintf(text, size, "a number%s%s", in, name);
    break;
  case DECK_REAL_LIST:
    snprintf(text, size, "a number, list or range first:last:step%s%s", in, name);
    break;
  case DECK_VECTOR:
    snprintf(text, size, "a vector [x, y, z]%s%s", in, name);
    break;
  case DECK_VECTOR_LIST:
    snprintf(text, size, "a vector [x, y, z] or a list of them%s%s", in, name);
    break;
  case DECK_FIELD_LIST:
    snprintf(text, size, "strengths along z (number, list or range) or vectors [[x, y, z], ...]%s%s", in, name);
    break;
  case DECK_CHOICE:
    choices_text(key, "one of ", size, text);
    break;
  case DECK_CHOICE_LIST:
    choices_text(key, "one or a list of ", size, text);
    break;
  default:
    snprintf(text, size, "%s", plain[key->type]);
  }
}

void DeckRangeText(const DeckKey *key, size_t size, char *text)
{
  const bool        limits = key->min != 0 || key->max != 0, upper = limits && key->max >= key->min, lower = limits && (key->min != 0 || !key->positive);
  const bool        unit   = key->unit && strcmp(key->unit, "1");
  const char *const space  = unit ? " " : "";
  const char *const name   = unit ? key->unit : "";

  if (lower && upper) snprintf(text, size, "%g to %g%s%s", key->min, key->max, space, name);
  else if (lower) snprintf(text, size, "at least %g%s%s", key->min, space, name);
  else if (upper) snprintf(text, size, "positive, at most %g%s%s", key->max, space, name);
  else snprintf(text, size, "%s", key->positive ? "positive" : "");
}

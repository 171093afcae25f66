/* `umklapp keys` and docs/deck.md, from the registered tables. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "deck_impl.h"

enum { MAX_MEMBERS = 256 };

static bool is_section(const DeckKey *key)
{
  return key->type == DECK_SECTION || key->type == DECK_SECTION_LIST || key->type == DECK_FREE_MAP;
}

/* In the part of the listing named `top`: keys below it, itself when it is a section or `asked` for; "" is for single values at the top. */
static bool in_part(const DeckKey *key, const char *top, bool asked)
{
  const size_t n = strlen(top);

  if (!n) return !strpbrk(key->path, ".[") && !is_section(key);
  if (strncmp(key->path, top, n)) return false;
  return key->path[n] == '.' || key->path[n] == '[' || (!key->path[n] && (asked || is_section(key)));
}

static const char *fallback_text(const DeckKey *key)
{
  return key->fallback ? key->fallback : key->required ? "required" : "-";
}

static void print_escaped(FILE *out, const char *text)
{
  for (; *text; text++) fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_markdown(FILE *out, const char *top, bool asked)
{
  char type[256], range[96];

  fprintf(out, "## %s\n\n", *top ? top : "Top level");
  fputs("| key | type | default | range | meaning |\n|---|---|---|---|---|\n", out);
  for (int i = 0; i < DeckKeyCount(); i++) {
    const DeckKey *key = DeckKeyAt(i);
    if (!in_part(key, top, asked)) continue;
    DeckTypeText(key, sizeof type, type);
    DeckRangeText(key, sizeof range, range);
    fprintf(out, "| `%s` | %s", key->path, type);
    if (key->primary) fprintf(out, "; a single value stands for `%s`", key->primary);
    fprintf(out, key->fallback ? " | `%s` | %s | " : " | %s | %s | ", fallback_text(key), range);
    print_escaped(out, key->help ? key->help : "");
    fputs(" |\n", out);
  }
  fputc('\n', out);
}

static void print_aligned(FILE *out, const char *top, bool asked)
{
  char   type[256], range[96];
  size_t path_width = 0, default_width = 0;

  for (int i = 0; i < DeckKeyCount(); i++) {
    const DeckKey *key = DeckKeyAt(i);
    if (!in_part(key, top, asked)) continue;
    path_width    = PetscMax(path_width, strlen(key->path));
    default_width = PetscMax(default_width, strlen(fallback_text(key)));
  }
  for (int i = 0; i < DeckKeyCount(); i++) {
    const DeckKey *key = DeckKeyAt(i);
    if (!in_part(key, top, asked)) continue;
    DeckTypeText(key, sizeof type, type);
    DeckRangeText(key, sizeof range, range);
    fprintf(out, "%-*s  %-*s  %s", (int)path_width, key->path, (int)default_width, fallback_text(key), type);
    if (*range) fprintf(out, ", %s", range);
    if (key->primary) fprintf(out, "; a single value stands for %s", key->primary);
    if (key->help) fprintf(out, "\n%-*s    %s", (int)(path_width + default_width), "", key->help);
    fputc('\n', out);
  }
}

static PetscErrorCode unknown_section(const char *section, int n, char (*names)[DECK_PATH_SIZE])
{
  const char *pointers[MAX_MEMBERS];
  int         nearest;

  for (int i = 0; i < n; i++) pointers[i] = names[i];
  nearest = NearestName(section, n, pointers);
  if (nearest >= 0) return InputErrorAt(NULL, 0, "there is no section '%.100s'; did you mean '%s'?", section, names[nearest]);
  return InputErrorAt(NULL, 0, "there is no section '%.100s'; `umklapp keys` lists all keys", section);
}

PetscErrorCode DeckPrintKeys(FILE *out, const char *section, bool markdown)
{
  char(*names)[DECK_PATH_SIZE];
  int            n, printed = 0;
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  PetscCall(DeckRegisterOwnKeys());
  PetscCall(PetscMalloc1(MAX_MEMBERS + 1, &names));
  /* part 0: single values at the top */
  names[0][0] = '\0';
  n           = 1 + DeckMembers("", MAX_MEMBERS - 1, names + 1);
  for (int i = 0; i < n; i++) {
    const char *top = names[i];
    bool        any = false;
    if (section) {
      if (i) break;
      top = section;
    }
    for (int k = 0; k < DeckKeyCount() && !any; k++) any = in_part(DeckKeyAt(k), top, section != NULL);
    if (!any) continue;
    if (printed++ && !markdown) fputc('\n', out);
    if (markdown) print_markdown(out, top, section != NULL);
    else print_aligned(out, top, section != NULL);
  }
  if (!printed && section) code = unknown_section(section, n - 1, names + 1);
  PetscCall(PetscFree(names));
  PetscCall(code);
  PetscFunctionReturn(0);
}

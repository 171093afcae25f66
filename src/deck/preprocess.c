/*
  From the deck's text to YAML: "[100, 200, 300] K" is not YAML, since nothing may follow a flow sequence, so such a
  list and its unit are put between quotes. Only where a value can begin: brackets inside a title or a comment stay.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "deck_impl.h"

/* Bytes of the UTF-8 character at s, 0 when malformed. */
static int utf8_length(const unsigned char *s, size_t left)
{
  const int n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

  if (!n || (size_t)n > left || s[0] == 0xc0 || s[0] == 0xc1 || s[0] > 0xf4) return 0;
  for (int i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
  return n;
}

PetscErrorCode DeckCheckText(const char *name, const char *text, size_t length)
{
  int  line  = 1;
  bool blank = true;

  for (size_t i = 0; i < length;) {
    const unsigned char c = (unsigned char)text[i];
    const int           n = utf8_length((const unsigned char *)text + i, length - i);
    PetscCheckInput(c, name, line, "a zero byte: this is not a text file");
    PetscCheckInput(n, name, line, "byte 0x%02x is not UTF-8 text", c);
    PetscCheckInput((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r', name, line, "control character 0x%02x: this is not a text file", c);
    /* libyaml refuses these without saying where */
    PetscCheckInput(strncmp(text + i, "\xef\xbf\xbe", 3) && strncmp(text + i, "\xef\xbf\xbf", 3) && !(c == 0xc2 && (unsigned char)text[i + 1] < 0xa0 && (unsigned char)text[i + 1] != 0x85), name, line,
                    "a control character: this is not a text file");
    if (c == '\n') line++;
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') blank = false;
    i += (size_t)n;
  }
  PetscCheckInput(!blank, name, 0, "the deck is empty");
  return 0;
}

typedef struct {
  const char *in;
  char       *out;
  size_t      at, used;
  int         depth; /* of [ and { */
  bool        start; /* a value can begin here */
} Scan;

static bool blank_or_end(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

static bool comment_begins(const char *text, size_t at)
{
  return text[at] == '#' && (at == 0 || blank_or_end(text[at - 1]));
}

/* Position after the quoted scalar that begins at `at`. */
static size_t quoted_end(const char *text, size_t at)
{
  const char quote = text[at++];

  for (; text[at]; at++) {
    if (quote == '"' && text[at] == '\\' && text[at + 1]) at++;
    else if (text[at] == quote && quote == '\'' && text[at + 1] == quote) at++;
    else if (text[at] == quote) return at + 1;
  }
  return at;
}

/* Position of the bracket that closes the one at `at`, or 0. */
static size_t closing(const char *text, size_t at)
{
  int depth = 0;

  for (; text[at]; at++) {
    if (comment_begins(text, at)) {
      while (text[at + 1] && text[at + 1] != '\n') at++;
    } else if ((text[at] == '"' || text[at] == '\'') && at && strchr(" \t\n[,", text[at - 1])) {
      at = quoted_end(text, at) - 1;
    } else if (text[at] == '[' && ++depth > DECK_MAX_DEPTH) return 0;
    else if (text[at] == '{' || text[at] == '}') return 0;
    else if (text[at] == ']' && --depth == 0) return at;
  }
  return 0;
}

static void copy_to(Scan *s, size_t end)
{
  memcpy(s->out + s->used, s->in + s->at, end - s->at);
  s->used += end - s->at;
  s->at = end;
}

/* At '[': when a unit follows its ']', emit list and unit as one quoted scalar. */
static bool wrap(Scan *s)
{
  const size_t close = closing(s->in, s->at);
  size_t       from  = close + 1, end;

  if (!close) return false;
  while (s->in[from] == ' ' || s->in[from] == '\t') from++;
  if (!s->in[from] || strchr(",]}\r\n", s->in[from]) || comment_begins(s->in, from) || (s->in[from] == ':' && blank_or_end(s->in[from + 1]))) return false;
  for (end = from; s->in[end] && s->in[end] != '\n' && !comment_begins(s->in, end) && !(s->depth && strchr(",]}", s->in[end])); end++) { }
  while (end > from && strchr(" \t\r", s->in[end - 1])) end--;
  s->out[s->used++] = '\'';
  memcpy(s->out + s->used, DECK_LIST_MARK, strlen(DECK_LIST_MARK));
  s->used += strlen(DECK_LIST_MARK);
  for (bool comment = false; s->at < end; s->at++) {
    const char c = s->in[s->at];
    comment      = c != '\n' && (comment || comment_begins(s->in, s->at));
    if (c == '\'' && !comment) s->out[s->used++] = '\'';
    s->out[s->used++] = comment ? ' ' : c;
  }
  s->out[s->used++] = '\'';
  return true;
}

/* At '|' or '>': copy the block of text, all lines deeper than the line it was announced on. */
static void block_text(Scan *s)
{
  size_t line = s->at, indent, next;

  while (line && s->in[line - 1] != '\n') line--;
  indent = strspn(s->in + line, " ");
  do {
    const char *end = strchr(s->in + s->at, '\n');
    copy_to(s, end ? (size_t)(end - s->in) + 1 : strlen(s->in));
    next = strspn(s->in + s->at, " ");
  } while (s->in[s->at] && (next > indent || s->in[s->at + next] == '\n' || s->in[s->at + next] == '\r'));
  s->start = true;
}

static void step(Scan *s)
{
  const char c = s->in[s->at], after = s->in[s->at + 1];

  if (comment_begins(s->in, s->at)) {
    copy_to(s, s->at + strcspn(s->in + s->at, "\n"));
    return;
  }
  if (s->start && (c == '"' || c == '\'')) {
    copy_to(s, quoted_end(s->in, s->at));
    s->start = false;
    return;
  }
  if (s->start && s->depth == 0 && (c == '|' || c == '>')) {
    block_text(s);
    return;
  }
  if (s->start && c == '[' && wrap(s)) {
    s->start = false;
    return;
  }
  if ((s->start || s->depth) && (c == '[' || c == '{')) {
    s->depth++;
    s->start = true;
  } else if (s->depth && (c == ']' || c == '}')) {
    s->depth--;
    s->start = false;
  } else if (c == '\n' || (s->depth && c == ',')) s->start = true;
  else if (c == ':' && blank_or_end(after)) s->start = true;
  else if (!blank_or_end(c) && !(s->start && (c == '-' || c == '?') && blank_or_end(after))) s->start = false;
  copy_to(s, s->at + 1);
}

PetscErrorCode DeckPreprocess(Deck deck, const char *text, char **yaml)
{
  Scan s = {.in = text, .start = true};

  PetscFunctionBeginUser;
  /* wrapping adds 5 characters to a list of at least 4, and doubles quotes */
  PetscCall(DeckAllocate(deck, 3 * strlen(text) + 16, &s.out));
  if (!strncmp(text, "\xef\xbb\xbf", 3)) s.at = 3;
  while (s.in[s.at]) step(&s);
  *yaml = s.out;
  PetscFunctionReturn(0);
}

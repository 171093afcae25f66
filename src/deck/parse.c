/* From YAML text to nodes, over libyaml's events; lists with a unit (see preprocess.c) are read here. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <yaml.h>
#include "deck_impl.h"

typedef struct {
  Deck          deck;
  const char   *where;
  const char   *text;
  bool          lines;
  yaml_parser_t parser;
} Reader;

/* What is kept of a libyaml event. */
typedef struct {
  yaml_event_type_t type;
  int               line;
  bool              quoted, literal;
  char             *text;
} Event;

static int line_of(const Reader *r, size_t line)
{
  return r->lines ? (int)line + 1 : 0;
}

static bool tab_indents(const Reader *r, size_t line)
{
  const char *s = r->text;

  for (size_t i = 0; s && i < line; i++) {
    s = strchr(s, '\n');
    if (s) s++;
  }
  if (!s) return false;
  s += strspn(s, " ");
  return *s == '\t';
}

static PetscErrorCode syntax_error(const Reader *r)
{
  const yaml_parser_t *p       = &r->parser;
  const char          *problem = p->problem ? p->problem : "cannot be read";
  const size_t         line    = p->problem_mark.line;
  char                 opened[64] = "";

  if (tab_indents(r, line)) return InputErrorAt(r->where, line_of(r, line), "not valid YAML: a tab cannot indent; use spaces");
  if (p->context && r->lines && p->context_mark.line < line) snprintf(opened, sizeof opened, ", opened in line %d", (int)p->context_mark.line + 1);
  return InputErrorAt(r->where, line_of(r, line), "not valid YAML: %s%s%s%s", problem, p->context ? " " : "", p->context ? p->context : "", opened);
}

static PetscErrorCode next(Reader *r, Event *e)
{
  yaml_event_t event;
  const char  *text = NULL;
  bool         anchored = false, tagged = false;
  size_t       length = 0;

  PetscFunctionBeginUser;
  memset(e, 0, sizeof *e);
  if (!yaml_parser_parse(&r->parser, &event)) return syntax_error(r);
  e->type = event.type;
  e->line = line_of(r, event.start_mark.line);
  if (event.type == YAML_SCALAR_EVENT) {
    text       = (const char *)event.data.scalar.value;
    length     = event.data.scalar.length;
    anchored   = event.data.scalar.anchor != NULL;
    tagged     = event.data.scalar.tag != NULL;
    e->quoted  = event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    e->literal = event.data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE;
  } else if (event.type == YAML_SEQUENCE_START_EVENT) {
    anchored = event.data.sequence_start.anchor != NULL;
    tagged   = event.data.sequence_start.tag != NULL;
  } else if (event.type == YAML_MAPPING_START_EVENT) {
    anchored = event.data.mapping_start.anchor != NULL;
    tagged   = event.data.mapping_start.tag != NULL;
  }
  if (text) {
    PetscErrorCode code = DeckCopyText(r->deck, text, length, &e->text);
    yaml_event_delete(&event);
    PetscCall(code);
    PetscCheckInput(strlen(e->text) == length, r->where, e->line, "a zero byte inside a string");
  } else yaml_event_delete(&event);
  PetscCheckInput(!anchored && e->type != YAML_ALIAS_EVENT, r->where, e->line, "YAML anchors and aliases (& and *) are not used in a deck; write the value out, or quote it");
  PetscCheckInput(!tagged, r->where, e->line, "YAML tags (!) are not used in a deck; quote a value that begins with '!'");
  PetscFunctionReturn(0);
}

static void skip(const char **s)
{
  *s += strspn(*s, " \t\r\n");
}

/* Text up to one of the stop characters, without blanks around it. */
static PetscErrorCode take(Reader *r, const char **s, const char *stop, char **text)
{
  size_t length;

  PetscFunctionBeginUser;
  skip(s);
  length = strcspn(*s, stop);
  const char *begin = *s;
  *s += length;
  while (length && strchr(" \t\r\n", begin[length - 1])) length--;
  *text = NULL;
  if (length) PetscCall(DeckCopyText(r->deck, begin, length, text));
  PetscFunctionReturn(0);
}

/* "[a, [b, c] unit, d] unit"; s is at '['. stop: what ends the unit. */
static PetscErrorCode list_read(Reader *r, const char **s, int line, const char *stop, int depth, Node **out)
{
  Node *list, *item;

  PetscFunctionBeginUser;
  PetscCheckInput(depth < DECK_MAX_DEPTH, r->where, line, "lists nested too deeply");
  PetscCall(NodeCreate(r->deck, NODE_LIST, r->where, line, &list));
  (*s)++;
  for (skip(s); **s && **s != ']'; skip(s)) {
    if (**s == '[') PetscCall(list_read(r, s, line, ",]", depth + 1, &item));
    else {
      PetscCall(NodeCreate(r->deck, NODE_SCALAR, r->where, line, &item));
      PetscCall(take(r, s, ",[]", &item->text));
      PetscCheckInput(item->text, r->where, line, "an empty element in a list");
    }
    PetscCall(NodeAppend(r->deck, list, NULL, item));
    PetscCheckInput(**s == ',' || **s == ']', r->where, line, "a list needs ',' or ']' after '%s'", item->text ? item->text : "]");
    if (**s == ',') (*s)++;
  }
  PetscCheckInput(**s == ']', r->where, line, "a list without its ']'");
  (*s)++;
  PetscCall(take(r, s, stop, &list->unit));
  *out = list;
  PetscFunctionReturn(0);
}

static PetscErrorCode scalar_read(Reader *r, const Event *e, Node **out)
{
  static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
  const size_t             mark      = strlen(DECK_LIST_MARK);
  Node                    *node;

  PetscFunctionBeginUser;
  if (e->literal && !strncmp(e->text, DECK_LIST_MARK "[", mark + 1)) {
    const char *s = e->text + mark;
    PetscCall(list_read(r, &s, e->line, "", 0, out));
    PetscFunctionReturn(0);
  }
  PetscCall(NodeCreate(r->deck, NODE_SCALAR, r->where, e->line, &node));
  node->text   = e->text;
  node->quoted = e->quoted;
  for (size_t i = 0; !e->quoted && i < sizeof nothing / sizeof nothing[0]; i++)
    if (!strcmp(e->text, nothing[i])) node->kind = NODE_NULL;
  *out = node;
  PetscFunctionReturn(0);
}

static PetscErrorCode node_read(Reader *r, const Event *first, int depth, Node **out);

static PetscErrorCode map_read(Reader *r, const Event *first, int depth, Node **out)
{
  Node *map, *child;
  int  *lines = NULL, size = 0;
  Event key, value;

  PetscFunctionBeginUser;
  PetscCall(NodeCreate(r->deck, NODE_MAP, r->where, first->line, &map));
  for (;;) {
    int seen;
    PetscCall(next(r, &key));
    if (key.type == YAML_MAPPING_END_EVENT) break;
    PetscCheckInput(key.type == YAML_SCALAR_EVENT && *key.text && strncmp(key.text, DECK_LIST_MARK, strlen(DECK_LIST_MARK)), r->where, key.line, "a key must be a word");
    seen = NodeFind(map, key.text);
    if (seen >= 0 && r->lines) return InputErrorAt(r->where, key.line, "duplicate key '%s', first given in line %d", key.text, lines[seen]);
    PetscCheckInput(seen < 0, r->where, key.line, "duplicate key '%s'", key.text);
    PetscCall(next(r, &value));
    PetscCall(node_read(r, &value, depth + 1, &child));
    /* an empty value has its place after its key, perhaps lines below */
    if (child->kind != NODE_SCALAR) child->line = key.line;
    if (map->n == size) {
      int *more;
      size = size ? 2 * size : 8;
      PetscCall(DeckAllocate(r->deck, (size_t)size * sizeof *more, &more));
      if (map->n) memcpy(more, lines, (size_t)map->n * sizeof *more);
      lines = more;
    }
    lines[map->n] = key.line;
    PetscCall(NodeAppend(r->deck, map, key.text, child));
  }
  *out = map;
  PetscFunctionReturn(0);
}

static PetscErrorCode node_read(Reader *r, const Event *first, int depth, Node **out)
{
  PetscFunctionBeginUser;
  PetscCheckInput(depth < DECK_MAX_DEPTH, r->where, first->line, "nested too deeply");
  if (first->type == YAML_SCALAR_EVENT) PetscCall(scalar_read(r, first, out));
  else if (first->type == YAML_MAPPING_START_EVENT) PetscCall(map_read(r, first, depth, out));
  else {
    Node *list, *child;
    Event e;
    PetscCall(NodeCreate(r->deck, NODE_LIST, r->where, first->line, &list));
    for (;;) {
      PetscCall(next(r, &e));
      if (e.type == YAML_SEQUENCE_END_EVENT) break;
      PetscCall(node_read(r, &e, depth + 1, &child));
      PetscCall(NodeAppend(r->deck, list, NULL, child));
    }
    *out = list;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode document_read(Reader *r, Node **node)
{
  Event e;

  PetscFunctionBeginUser;
  PetscCall(next(r, &e)); /* stream start */
  PetscCall(next(r, &e));
  if (e.type == YAML_STREAM_END_EVENT) {
    PetscCall(NodeCreate(r->deck, NODE_NULL, r->where, 0, node));
    PetscFunctionReturn(0);
  }
  PetscCall(next(r, &e));
  PetscCall(node_read(r, &e, 0, node));
  PetscCall(next(r, &e)); /* document end */
  PetscCall(next(r, &e));
  PetscCheckInput(e.type == YAML_STREAM_END_EVENT, r->where, e.line, "a second YAML document; a deck is one");
  PetscFunctionReturn(0);
}

PetscErrorCode DeckParse(Deck deck, const char *where, bool lines, const char *text, Node **node)
{
  Reader         r = {.deck = deck, .where = where, .lines = lines};
  char          *yaml;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(DeckPreprocess(deck, text, &yaml));
  r.text = yaml;
  UmkCheck(yaml_parser_initialize(&r.parser), "libyaml: out of memory");
  yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&r.parser, (const unsigned char *)yaml, strlen(yaml));
  code = document_read(&r, node);
  yaml_parser_delete(&r.parser);
  PetscCall(code);
  PetscFunctionReturn(0);
}

/*
  Inside the deck layer. A deck's text becomes a tree of nodes, each knowing where it was written; validation against
  the registered key tables makes the tree canonical (shorthands written out) and leaves a typed value in every leaf.
  All memory of a deck hangs on its root and is freed with it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DECK_IMPL_H
#define UMKLAPP_DECK_IMPL_H

#include "umklapp/deck.h"

enum { DECK_MAX_DEPTH = 32, DECK_PATH_SIZE = 256, DECK_MAX_LIST = 100000 };

/* First character of a quoted scalar that preprocessing made of a list with a unit (U+E000, private use). */
#define DECK_LIST_MARK "\xee\x80\x80"

typedef enum {
  NODE_NULL,
  NODE_SCALAR,
  NODE_LIST,
  NODE_MAP
} NodeKind;

typedef struct {
  PetscInt   count;  /* of numbers, vectors or choices */
  PetscReal *number; /* internal units; 3 per vector; choices: position in .choices; true is 1 */
  char      *text;   /* strings, choices, and a word in the place of a number */
} Value;

typedef struct _Node Node;
struct _Node {
  NodeKind    kind;
  const char *where; /* file name, or "--set section.key=value" */
  int         line;  /* 0 for --set and defaults */
  bool        quoted;
  char       *text;  /* of a scalar */
  char       *unit;  /* text after a list, NULL without */
  int         n, size;
  Node      **child;
  char      **key;   /* of a map, [n] */
  Value       value; /* leaves, after validation */
};

typedef struct _Block Block;

struct _p_Deck {
  Deck  root;
  Node *node;                    /* NULL: absent */
  char  pattern[DECK_PATH_SIZE]; /* path in the key tables, "material.model.bands[]"; "" for the root */
  Deck  next;                    /* views already handed out */
  /* of the root only */
  char   *name, *text;
  Block  *blocks;
  int     nkeys;
  Value  *fallback; /* [nkeys] in the order of DeckKeyAt; count -1: none */
};

/* memory.c: zeroed memory that lives as long as the deck; nodes */
PetscErrorCode DeckAllocate(Deck deck, size_t bytes, void *address);
PetscErrorCode DeckCopyText(Deck deck, const char *text, size_t length, char **copy);
PetscErrorCode DeckFreeBlocks(Deck root);
PetscErrorCode NodeCreate(Deck deck, NodeKind kind, const char *where, int line, Node **node);
PetscErrorCode NodeAppend(Deck deck, Node *parent, const char *key, Node *child);
int            NodeFind(const Node *map, const char *key); /* position or -1 */
const char    *NodeKindName(const Node *node);

/* preprocess.c */
PetscErrorCode DeckCheckText(const char *name, const char *text, size_t length);
/* "[1, 2] K" becomes a quoted scalar; lines stay where they are. */
PetscErrorCode DeckPreprocess(Deck deck, const char *text, char **yaml);

/* parse.c: lines counts from 1, or false: every node has line 0. An empty text gives a NODE_NULL. */
PetscErrorCode DeckParse(Deck deck, const char *where, bool lines, const char *text, Node **node);

/* set.c */
PetscErrorCode DeckApplySet(Deck deck, const char *set);

/* keys.c: all registered keys in order */
PetscErrorCode DeckRegisterOwnKeys(void);
int            DeckKeyCount(void);
const DeckKey *DeckKeyAt(int i);
int            DeckKeyFind(const char *pattern); /* position or -1 */
/* Names of the members of a section, declared or implied by longer paths; names[i] is followed by a dot, '[' or its end. Returns their number. */
int  DeckMembers(const char *pattern, int max, char (*names)[DECK_PATH_SIZE]);
bool DeckIsSection(const char *pattern); /* a declared section, or one implied by the paths of its members */
/* "a number in eV", "one of a, b, c" ... */
void DeckTypeText(const DeckKey *key, size_t size, char *text);
void DeckRangeText(const DeckKey *key, size_t size, char *text);
void JoinPath(const char *head, const char *tail, char path[DECK_PATH_SIZE]);

/* value.c, number.c */
PetscErrorCode ValueParse(Deck deck, const DeckKey *key, const char *shown, const Node *node, Value *value);
PetscErrorCode NumbersParse(Deck deck, const DeckKey *key, const char *shown, const Node *node, const char *unit, Value *value);
int            ChoiceFind(const char *choices, const char *name, size_t length);
/* The i-th of "a|b|c". */
bool ChoiceName(const char *choices, int i, size_t size, char *name);

/* validate.c */
PetscErrorCode DeckValidate(Deck root);
PetscErrorCode NodeWrap(Deck deck, const char *primary, Node *node);

/* print.c */
void PrintText(FILE *out, const char *text);
void PrintValue(FILE *out, const DeckKey *key, const Value *value);

#endif

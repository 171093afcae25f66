/* Memory of a deck, and the nodes of its tree. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "deck_impl.h"

struct _Block {
  Block *next;
  _Alignas(16) char data[];
};

PetscErrorCode DeckAllocate(Deck deck, size_t bytes, void *address)
{
  Deck   root = deck->root;
  Block *block;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc(sizeof *block + bytes, &block));
  memset(block->data, 0, bytes);
  block->next      = root->blocks;
  root->blocks     = block;
  *(void **)address = block->data;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckFreeBlocks(Deck root)
{
  PetscFunctionBeginUser;
  while (root->blocks) {
    Block *next = root->blocks->next;
    PetscCall(PetscFree(root->blocks));
    root->blocks = next;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DeckCopyText(Deck deck, const char *text, size_t length, char **copy)
{
  PetscFunctionBeginUser;
  PetscCall(DeckAllocate(deck, length + 1, copy));
  memcpy(*copy, text, length);
  PetscFunctionReturn(0);
}

PetscErrorCode NodeCreate(Deck deck, NodeKind kind, const char *where, int line, Node **node)
{
  PetscFunctionBeginUser;
  PetscCall(DeckAllocate(deck, sizeof **node, node));
  (*node)->kind  = kind;
  (*node)->where = where;
  (*node)->line  = line;
  PetscFunctionReturn(0);
}

PetscErrorCode NodeAppend(Deck deck, Node *parent, const char *key, Node *child)
{
  PetscFunctionBeginUser;
  if (parent->n == parent->size) {
    const int size = parent->size ? 2 * parent->size : 4;
    Node    **children;
    char    **keys;
    PetscCall(DeckAllocate(deck, (size_t)size * sizeof *children, &children));
    PetscCall(DeckAllocate(deck, (size_t)size * sizeof *keys, &keys));
    if (parent->n) memcpy(children, parent->child, (size_t)parent->n * sizeof *children);
    if (parent->n) memcpy(keys, parent->key, (size_t)parent->n * sizeof *keys);
    parent->child = children;
    parent->key   = keys;
    parent->size  = size;
  }
  if (key) PetscCall(DeckCopyText(deck, key, strlen(key), &parent->key[parent->n]));
  parent->child[parent->n++] = child;
  PetscFunctionReturn(0);
}

int NodeFind(const Node *map, const char *key)
{
  if (!map || map->kind != NODE_MAP) return -1;
  for (int i = 0; i < map->n; i++)
    if (!strcmp(map->key[i], key)) return i;
  return -1;
}

const char *NodeKindName(const Node *node)
{
  switch (node->kind) {
  case NODE_NULL:
    return "nothing";
  case NODE_LIST:
    return "a list";
  case NODE_MAP:
    return "a section";
  default:
    return "a single value";
  }
}

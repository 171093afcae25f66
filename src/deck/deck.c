/* Creating a deck from a file or a text, its views, and what it hands on. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "deck_impl.h"

enum { MAX_BYTES = 4 << 20 };

/* The text, the nodes, the overrides; on failure the caller destroys. */
static PetscErrorCode fill(Deck deck, const char *text, size_t length, int nsets, const char *const *sets)
{
  size_t total = length + 2;

  PetscFunctionBeginUser;
  PetscCall(DeckCheckText(deck->name, text, length));
  PetscCall(DeckParse(deck, deck->name, true, text, &deck->node));
  PetscCheckInput(deck->node->kind != NODE_NULL, deck->name, 0, "the deck is empty");
  PetscCheckInput(deck->node->kind == NODE_MAP, deck->name, deck->node->line, "a deck is a section of keys (key: value), not %s", NodeKindName(deck->node));
  for (int i = 0; i < nsets; i++) {
    PetscCall(DeckApplySet(deck, sets[i]));
    total += strlen(sets[i]) + 10;
  }
  PetscCall(DeckAllocate(deck, total, &deck->text));
  memcpy(deck->text, text, length);
  if (length && text[length - 1] != '\n') strcat(deck->text, "\n");
  for (int i = 0; i < nsets; i++) {
    char *line = deck->text + strlen(deck->text);
    sprintf(line, "# --set %s\n", sets[i]);
    for (size_t c = 0; c + 1 < strlen(line); c++)
      if (line[c] == '\n' || line[c] == '\r') line[c] = ' ';
  }
  PetscCall(DeckValidate(deck));
  PetscFunctionReturn(0);
}

static PetscErrorCode create(const char *name, const char *text, size_t length, int nsets, const char *const *sets, Deck *out)
{
  Deck           deck;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *out = NULL;
  PetscCall(DeckRegisterOwnKeys());
  PetscCall(PetscNew(&deck));
  deck->root = deck;
  code       = DeckCopyText(deck, name, strlen(name), &deck->name);
  if (!code) code = fill(deck, text, length, nsets, sets);
  if (code) {
    PetscCall(DeckDestroy(&deck));
    PetscCall(code);
  }
  *out = deck;
  PetscFunctionReturn(0);
}

PetscErrorCode DeckCreateFromText(const char *name, const char *text, int nsets, const char *const *sets, Deck *deck)
{
  PetscFunctionBeginUser;
  PetscCall(create(name, text, strlen(text), nsets, sets, deck));
  PetscFunctionReturn(0);
}

/* Rank 0 only. *text has a zero after its end; free() by the caller. */
static PetscErrorCode read_file(const char *path, char **text, int *length)
{
  FILE       *file;
  struct stat info;
  size_t      got;

  *text = NULL;
  PetscCheckInput(!stat(path, &info), path, 0, "cannot be read: %s", strerror(errno));
  PetscCheckInput(!S_ISDIR(info.st_mode), path, 0, "is a folder, not a deck");
  file = fopen(path, "rb");
  PetscCheckInput(file, path, 0, "cannot be read: %s", strerror(errno));
  *text = malloc(MAX_BYTES + 1);
  got   = *text ? fread(*text, 1, MAX_BYTES, file) : 0;
  if (!*text || ferror(file)) {
    fclose(file);
    return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  }
  fclose(file);
  PetscCheckInput(got < MAX_BYTES, path, 0, "is larger than %d MiB: not a deck", MAX_BYTES >> 20);
  (*text)[got] = '\0';
  *length      = (int)got;
  return 0;
}

PetscErrorCode DeckCreateFromFile(MPI_Comm comm, const char *path, int nsets, const char *const *sets, Deck *deck)
{
  PetscErrorCode code = 0;
  char          *text = NULL;
  int            rank, length = 0;

  PetscFunctionBeginUser;
  *deck = NULL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) code = read_file(path, &text, &length);
  code = ErrorAgree(comm, code);
  if (!code) {
    PetscCallMPI(MPI_Bcast(&length, 1, MPI_INT, 0, comm));
    if (rank && !(text = malloc((size_t)length + 1))) code = PETSC_ERR_MEM;
    code = ErrorAgree(comm, code);
  }
  if (!code) {
    PetscCallMPI(MPI_Bcast(text, length + 1, MPI_CHAR, 0, comm));
    code = ErrorAgree(comm, create(path, text, (size_t)length, nsets, sets, deck));
  }
  free(text);
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode DeckDestroy(Deck *deck)
{
  Deck root = *deck;

  PetscFunctionBeginUser;
  if (!root) PetscFunctionReturn(0);
  PetscCheck(root->root == root, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "a view of a deck is borrowed: destroy the deck");
  PetscCall(DeckFreeBlocks(root));
  PetscCall(PetscFree(*deck));
  PetscFunctionReturn(0);
}

PetscErrorCode DeckGetText(Deck deck, const char **text)
{
  *text = deck->root->text;
  return 0;
}

PetscErrorCode DeckGetFileName(Deck deck, const char **name)
{
  *name = deck->root->name;
  return 0;
}

PetscErrorCode DeckApplyPetscOptions(Deck deck)
{
  const Node *root = deck->root->node;
  const int   at   = NodeFind(root, "petsc");

  PetscFunctionBeginUser;
  for (int i = 0; at >= 0 && i < root->child[at]->n; i++) {
    const char *name = root->child[at]->key[i];
    char        option[DECK_PATH_SIZE];
    PetscBool   given;
    PetscCheckInput(strspn(name, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name) && *name, root->child[at]->child[i]->where, root->child[at]->child[i]->line,
                    "'petsc.%s' is not the name of a PETSc option", name);
    snprintf(option, sizeof option, "%s%.200s", *name == '-' ? "" : "-", name);
    PetscCall(PetscOptionsHasName(NULL, NULL, option, &given));
    if (!given) PetscCall(PetscOptionsSetValue(NULL, option, root->child[at]->child[i]->kind == NODE_NULL ? NULL : root->child[at]->child[i]->text));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode DeckResolvePath(Deck deck, const char *name, char **resolved)
{
  const char *file  = deck->root->name, *slash = strrchr(file, '/');
  size_t      size  = strlen(name) + strlen(file) + 2;
  char       *joined;

  PetscFunctionBeginUser;
  if (*name == '/' || !slash || !access(name, F_OK)) {
    PetscCall(PetscStrallocpy(name, resolved));
    PetscFunctionReturn(0);
  }
  PetscCall(PetscMalloc1(size, &joined));
  snprintf(joined, size, "%.*s/%s", (int)(slash - file), file, name);
  if (access(joined, F_OK)) strcpy(joined, name);
  *resolved = joined;
  PetscFunctionReturn(0);
}

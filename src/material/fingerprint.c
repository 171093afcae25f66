/* Which data a deck's material is made of: a hash of the files' bytes, wherever they lie. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "umklapp/material.h"

#define PIECE ((size_t)1 << 20)

static uint64_t mix(uint64_t h, uint64_t word)
{
  h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return h ^ h >> 29;
}

static PetscErrorCode hash_file(const char *path, uint64_t *hash)
{
  FILE    *file = fopen(path, "rb");
  uint64_t word, *piece, h = *hash;
  size_t   n;

  PetscFunctionBeginUser;
  if (!file) PetscFunctionReturn(InputErrorAt(path, 0, "cannot be read: %s", strerror(errno)));
  PetscCall(PetscMalloc1(PIECE / sizeof(word), &piece));
  while ((n = fread(piece, 1, PIECE, file)) > 0) {
    const size_t rest = n % sizeof(word);
    for (size_t i = 0; i < n / sizeof(word); i++) h = mix(h, piece[i]);
    word = 0;
    memcpy(&word, (char *)piece + n - rest, rest);
    h = mix(h, word ^ n);
  }
  PetscCall(PetscFree(piece));
  fclose(file);
  *hash = h;
  PetscFunctionReturn(0);
}

/* Regular files of a folder in the order of their names */
static PetscErrorCode hash_folder(const char *path, uint64_t *hash)
{
  struct dirent **entry;
  const int       n = scandir(path, &entry, NULL, alphasort);
  PetscErrorCode  code = 0;

  PetscFunctionBeginUser;
  if (n < 0) PetscFunctionReturn(InputErrorAt(path, 0, "cannot be read: %s", strerror(errno)));
  for (int i = 0; i < n; i++) {
    char        name[PETSC_MAX_PATH_LEN];
    struct stat info;
    if (snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name) < (int)sizeof name && !stat(name, &info) && S_ISREG(info.st_mode) && !code) {
      for (const char *c = entry[i]->d_name; *c; c++) *hash = mix(*hash, (uint64_t)*c);
      code = hash_file(name, hash);
    }
    free(entry[i]);
  }
  free(entry);
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode hash_named(Deck deck, const char *key, uint64_t *hash)
{
  const char    *name;
  char          *path;
  struct stat    info;
  bool           set;
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(deck, key, &set));
  if (!set) PetscFunctionReturn(0);
  PetscCall(DeckGetString(deck, key, &name, NULL));
  PetscCall(DeckResolvePath(deck, name, &path));
  if (stat(path, &info)) code = InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  else code = S_ISDIR(info.st_mode) ? hash_folder(path, hash) : hash_file(path, hash);
  PetscCall(PetscFree(path));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode hash_all(Deck material, uint64_t *hash)
{
  Deck third;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(material, "third_order", &third));
  PetscCall(hash_named(material, "file", hash));
  PetscCall(hash_named(material, "path", hash));
  PetscCall(hash_named(third, "path", hash));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialFingerprint(MPI_Comm comm, Deck material, uint64_t *hash)
{
  PetscErrorCode code = 0;
  int            rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *hash = 0;
  if (!rank) code = hash_all(material, hash);
  PetscCall(ErrorAgree(comm, code));
  PetscCallMPI(MPI_Bcast(hash, 1, MPI_UINT64_T, 0, comm));
  PetscFunctionReturn(0);
}

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

/* Read beside a file that is named alone */
static const char *const companions[] = {"BORN", "CONTROL", "POSCAR", "FORCE_CONSTANTS", "FORCE_CONSTANTS_2ND", "FORCE_CONSTANTS_3RD", "fc2.hdf5", "fc3.hdf5", "force_constants.hdf5",
                                         "phono3py.yaml", "phono3py_disp.yaml", "phono3py_params.yaml", "phonopy.yaml", "phonopy_disp.yaml", "phonopy_params.yaml"};

static bool is_companion(const char *name)
{
  for (size_t i = 0; i < sizeof companions / sizeof *companions; i++)
    if (!strcmp(name, companions[i])) return true;
  return false;
}

static bool ends(const char *name, const char *end)
{
  const size_t n = strlen(name), m = strlen(end);
  return n >= m && !strcmp(name + n - m, end);
}

/* A run that is started in the folder of its material writes there. */
static bool is_written(const char *name, const char *output)
{
  const char *base = strrchr(output, '/');
  base             = base ? base + 1 : output;
  return !strncmp(name, base, strlen(base)) || ends(name, ".log") || ends(name, ".lock") || ends(name, ".part") || ends(name, ".forecast") || !strncmp(name, "slurm-", 6);
}

/* Regular files of a folder in the order of their names: all that no run writes, or the companions of one. */
static PetscErrorCode hash_folder(const char *path, const char *output, bool beside, uint64_t *hash)
{
  struct dirent **entry;
  const int       n = scandir(path, &entry, NULL, alphasort);
  PetscErrorCode  code = 0;

  PetscFunctionBeginUser;
  if (n < 0) PetscFunctionReturn(InputErrorAt(path, 0, "cannot be read: %s", strerror(errno)));
  for (int i = 0; i < n; i++) {
    const char *is = entry[i]->d_name;
    char        name[PETSC_MAX_PATH_LEN];
    struct stat info;
    if (!code && (beside ? is_companion(is) : !is_written(is, output)) && snprintf(name, sizeof name, "%s/%s", path, is) < (int)sizeof name && !stat(name, &info) && S_ISREG(info.st_mode)) {
      for (const char *c = is; *c; c++) *hash = mix(*hash, (uint64_t)*c);
      code = hash_file(name, hash);
    }
    free(entry[i]);
  }
  free(entry);
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode hash_path(char *path, const char *output, bool import, uint64_t *hash)
{
  struct stat info;
  char       *slash;

  PetscFunctionBeginUser;
  if (stat(path, &info)) PetscFunctionReturn(InputErrorAt(path, 0, "cannot be read: %s", strerror(errno)));
  if (S_ISDIR(info.st_mode)) PetscCall(hash_folder(path, output, false, hash));
  else {
    PetscCall(hash_file(path, hash));
    slash = strrchr(path, '/');
    if (slash) *slash = 0;
    if (import) PetscCall(hash_folder(slash ? path : ".", output, true, hash));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode hash_named(Deck deck, const char *key, const char *output, uint64_t *hash)
{
  const char    *name;
  char          *path;
  bool           set;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(deck, key, &set));
  if (!set) PetscFunctionReturn(0);
  PetscCall(DeckGetString(deck, key, &name, NULL));
  PetscCall(DeckResolvePath(deck, name, &path));
  code = hash_path(path, output, !strcmp(key, "path"), hash);
  PetscCall(PetscFree(path));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode hash_all(Deck material, const char *output, uint64_t *hash)
{
  Deck third;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(material, "third_order", &third));
  PetscCall(hash_named(material, "file", output, hash));
  PetscCall(hash_named(material, "path", output, hash));
  PetscCall(hash_named(third, "path", output, hash));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialFingerprint(MPI_Comm comm, Deck material, const char *output, uint64_t *hash)
{
  PetscErrorCode code = 0;
  int            rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *hash = 0;
  if (!rank) code = hash_all(material, output, hash);
  PetscCall(ErrorAgree(comm, code));
  PetscCallMPI(MPI_Bcast(hash, 1, MPI_UINT64_T, 0, comm));
  PetscFunctionReturn(0);
}

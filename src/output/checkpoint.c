/* The folder of checkpoints: files written in turn, when, and at what cost. The option -checkpoint_often forgets the cost, for tests. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "checkpoint.h"

#define SHARE 25.0 /* checkpoints may take this part of a run's time */

PetscErrorCode CheckpointCreate(MPI_Comm comm, const char *output, const char *keys, PetscReal interval, Checkpoint *checkpoint)
{
  const size_t length = strlen(output) + 16;
  PetscBool    often  = PETSC_FALSE;
  Checkpoint   c;

  PetscFunctionBeginUser;
  UmkCheck(H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0, "HDF5 does not start");
  PetscCall(PetscNew(&c));
  *checkpoint   = c;
  c->interval   = interval;
  c->generation = c->segment = -1;
  c->last = c->created = WallTime();
  c->file       = H5I_INVALID_HID;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-checkpoint_often", &often, NULL));
  c->often = often;
  PetscCallMPI(MPI_Comm_dup(comm, &c->comm));
  PetscCallMPI(MPI_Comm_rank(c->comm, &c->rank));
  PetscCall(PetscMalloc1(length, &c->folder));
  snprintf(c->folder, length, "%s.checkpoint", output);
  PetscCall(PetscStrallocpy(keys, &c->keys));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointDestroy(Checkpoint *checkpoint)
{
  Checkpoint c = *checkpoint;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(0);
  PetscCall(CheckpointClose(c));
  PetscCallMPI(MPI_Comm_free(&c->comm));
  PetscCall(PetscFree(c->folder));
  PetscCall(PetscFree(c->keys));
  PetscCall(PetscFree(*checkpoint));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointGetFolder(Checkpoint c, const char **folder)
{
  PetscFunctionBeginUser;
  *folder = c->folder;
  PetscFunctionReturn(0);
}

/* Rank 0 */
static void look(const char *folder, int found[3])
{
  DIR           *d = opendir(folder);
  struct dirent *entry;

  found[0] = found[1] = found[2] = 0;
  while (d && (entry = readdir(d))) {
    int number, end = 0;
    if (!strcmp(entry->d_name, "state-0.h5")) found[0] = 1;
    else if (!strcmp(entry->d_name, "state-1.h5")) found[1] = 1;
    else if (sscanf(entry->d_name, "processes-%d.h5%n", &number, &end) == 1 && end && !entry->d_name[end] && number >= found[2]) found[2] = number + 1;
  }
  if (d) closedir(d);
}

PetscErrorCode CheckpointLook(Checkpoint c, bool state[2], PetscInt *segments)
{
  int found[3];

  PetscFunctionBeginUser;
  if (!c->rank) look(c->folder, found);
  PetscCallMPI(MPI_Bcast(found, 3, MPI_INT, 0, c->comm));
  state[0]  = found[0];
  state[1]  = found[1];
  *segments = found[2];
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointFound(Checkpoint c, bool *found)
{
  bool     state[2];
  PetscInt segments;

  PetscFunctionBeginUser;
  PetscCall(CheckpointLook(c, state, &segments));
  *found = state[0] || state[1] || segments > 0;
  PetscFunctionReturn(0);
}

/* --- writing */

static PetscErrorCode make_folder(Checkpoint c)
{
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  if (!c->rank && mkdir(c->folder, 0777) && errno != EEXIST) code = InputErrorAt(c->folder, 0, "cannot be made: %s", strerror(errno));
  PetscCall(ErrorAgree(c->comm, code));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_head(Checkpoint c, Results r, const char *content)
{
  PetscFunctionBeginUser;
  PetscCall(ResultsWriteAttributeInt(r, "/", "format_version", CHECKPOINT_FORMAT_VERSION));
  PetscCall(ResultsWriteAttributeString(r, "/", "content", content));
  PetscCall(ResultsWriteAttributeString(r, "/", "version", ProgramVersion()));
  PetscCall(ResultsWriteAttributeString(r, "/", "keys", c->keys));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointFileCreate(Checkpoint c, const char *name, const char *content, Results *r)
{
  const size_t   length = strlen(c->folder) + strlen(name) + 2;
  PetscErrorCode code;
  char          *path;

  PetscFunctionBeginUser;
  c->begin = WallTime();
  PetscCall(make_folder(c));
  PetscCall(PetscMalloc1(length, &path));
  snprintf(path, length, "%s/%s", c->folder, name);
  code = ResultsCreate(c->comm, path, r);
  PetscCall(PetscFree(path));
  PetscCall(code);
  code = write_head(c, *r, content);
  if (code) PetscCall(ResultsDestroy(r));
  PetscFunctionReturn(code);
}

/* Size and time of a file that is whole; the folder's entry is brought to the disk as well. */
static PetscErrorCode count(Checkpoint c, const char *path)
{
  struct stat info;
  PetscReal   bytes = 0.0;

  PetscFunctionBeginUser;
  if (!c->rank) {
    const int fd = open(c->folder, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
      (void)fsync(fd); /* some file systems know no such thing for folders */
      close(fd);
    }
    if (!stat(path, &info)) bytes = (PetscReal)info.st_size;
  }
  PetscCallMPI(MPI_Bcast(&bytes, 1, MPIU_REAL, 0, c->comm));
  c->bytes += bytes;
  c->files++;
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointFileEnd(Checkpoint c, PetscErrorCode code, Results *r)
{
  PetscFunctionBeginUser;
  if (!code) code = ResultsCommit(*r);
  if (!code) code = count(c, (*r)->path);
  PetscCall(ResultsDestroy(r));
  c->cost = WallTime() - c->begin;
  c->seconds += c->cost;
  PetscFunctionReturn(code);
}

PetscErrorCode CheckpointBegin(Checkpoint c, Results *r)
{
  PetscErrorCode code;
  char           name[32];

  PetscFunctionBeginUser;
  if (c->generation < 0) c->generation = 0;
  snprintf(name, sizeof name, "state-%d.h5", (int)(c->generation % 2));
  PetscCall(CheckpointFileCreate(c, name, "checkpoint state", r));
  code = ResultsWriteAttributeInt(*r, "/", "generation", c->generation);
  if (code) PetscCall(ResultsDestroy(r));
  PetscFunctionReturn(code);
}

PetscErrorCode CheckpointEnd(Checkpoint c, PetscErrorCode code, Results *r)
{
  PetscFunctionBeginUser;
  code = CheckpointFileEnd(c, code, r);
  if (!code) c->generation++;
  PetscFunctionReturn(code);
}

/* Of this rank's clock */
static PetscReal budget(Checkpoint c) { return c->often ? HUGE_VAL : (WallTime() - c->created) / SHARE - c->seconds; }

PetscErrorCode CheckpointBudget(Checkpoint c, PetscReal *seconds)
{
  PetscFunctionBeginUser;
  *seconds = budget(c);
  PetscCallMPI(MPI_Bcast(seconds, 1, MPIU_REAL, 0, c->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointWait(Checkpoint c, PetscReal *seconds)
{
  PetscFunctionBeginUser;
  *seconds = c->interval > 0.0 ? PetscMax(c->last + c->interval - WallTime(), SHARE * (c->cost - budget(c))) : HUGE_VAL;
  PetscCallMPI(MPI_Bcast(seconds, 1, MPIU_REAL, 0, c->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointRest(Checkpoint c)
{
  PetscFunctionBeginUser;
  c->last = WallTime();
  PetscFunctionReturn(0);
}

PetscErrorCode CheckpointGetCost(Checkpoint c, PetscReal *seconds, PetscReal *bytes, PetscInt *files)
{
  PetscFunctionBeginUser;
  *seconds = c->seconds;
  *bytes   = c->bytes;
  *files   = c->files;
  PetscFunctionReturn(0);
}

/* --- of a run that is done */

static uint64_t hash(const char *text)
{
  uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

  for (; *text; text++) h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
  return h;
}

PetscErrorCode CheckpointMark(Checkpoint c, Results r)
{
  char text[32];

  PetscFunctionBeginUser;
  snprintf(text, sizeof text, "%016llx", (unsigned long long)hash(c->keys));
  PetscCall(ResultsWriteAttributeString(r, "/", "run", text));
  PetscFunctionReturn(0);
}

/* Rank 0 */
static bool is_complete(const char *output, const char *keys)
{
  const hid_t file      = access(output, R_OK) ? H5I_INVALID_HID : H5Fopen(output, H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t attribute = file >= 0 ? H5Aopen(file, "run", H5P_DEFAULT) : H5I_INVALID_HID, type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
  char        there[32] = "", text[32];
  bool        ok        = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tget_size(type) < sizeof there && H5Aread(attribute, type, there) >= 0;

  snprintf(text, sizeof text, "%016llx", (unsigned long long)hash(keys));
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  if (file >= 0) H5Fclose(file);
  return ok && !strcmp(there, text);
}

PetscErrorCode CheckpointComplete(Checkpoint c, const char *output, bool *complete)
{
  int found = 0;

  PetscFunctionBeginUser;
  if (!c->rank) found = is_complete(output, c->keys);
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, c->comm));
  *complete = found;
  PetscFunctionReturn(0);
}

/* Only what checkpoints are made of; a folder with anything else in it stays. */
static void remove_files(const char *folder)
{
  DIR           *d = opendir(folder);
  struct dirent *entry;
  char           path[PETSC_MAX_PATH_LEN];

  while (d && (entry = readdir(d))) {
    if (strncmp(entry->d_name, "state-", 6) && strncmp(entry->d_name, "processes-", 10)) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path) unlink(path);
  }
  if (d) closedir(d);
  rmdir(folder);
}

PetscErrorCode CheckpointRemove(Checkpoint c)
{
  PetscFunctionBeginUser;
  PetscCall(CheckpointClose(c));
  if (!c->rank) remove_files(c->folder);
  c->generation = c->segment = -1;
  PetscCallMPI(MPI_Barrier(c->comm));
  PetscFunctionReturn(0);
}

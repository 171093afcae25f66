/*
  Life of a results file: lock, temporary name, attributes, rename.

  The temporary lies in the folder of the final name, so that the rename is atomic. Every rank makes the same HDF5 calls in the
  same order, as parallel HDF5 requires; after each step that can fail on some ranks only, all agree.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "results.h"
#include "program.h"
#include "version.h"

static Results open_results; /* for ResultsAbandon */
static bool    broken;       /* HDF5 could not close a file, and will fall over it when MPI ends */

const char *ProgramVersion(void) { return UMKLAPP_VERSION; }
const char *ProgramCommit(void) { return UMKLAPP_COMMIT; }

PetscErrorCode ResultsAgree(Results r, bool ok, const char *what)
{
  PetscErrorCode code = 0;

  PetscFunctionBeginUser;
  if (!ok) code = InputErrorAt(r->path, 0, "cannot write %s (file system full, or broken)", what);
  PetscCall(ErrorAgree(r->comm, code));
  PetscFunctionReturn(0);
}

/* Rank 0: is the place of the results a place to write to, and nobody else writing there? Leaves an empty temporary file, in place of a killed run's. */
static PetscErrorCode OpenTemporary(Results r)
{
  struct stat    info;
  int            fd;
  PetscErrorCode code;

  if (!stat(r->path, &info) && S_ISDIR(info.st_mode)) return InputErrorAt(r->path, 0, "cannot write the results: it is a folder");
  if (r->lock[0]) {
    code = OutputLock(r->path, r->lock, &r->lock_fd);
    if (code) return code;
  }
  (void)unlink(r->temporary);
  fd = open(r->temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0) return InputErrorAt(r->path, 0, "cannot write the results: %s", strerror(errno));
  r->made = true;
  close(fd);
  const int error = ReserveFile(r->temporary, 0);
  if (error) return InputErrorAt(r->path, 0, "cannot write the results: %s", strerror(error));
  return 0;
}

/* A file that is given up. HDF5 writes what it still holds when it closes, and does not survive that there is no room: all of the file's is given back first. */
static void CloseAbandoned(Results r)
{
  if (r->file < 0) return;
  if (r->made) (void)!truncate(r->temporary, 0);
  if (H5Fclose(r->file) < 0) broken = true;
  r->file = H5I_INVALID_HID;
}

/* What this process made besides the results goes. */
static void Remove(Results r)
{
  if (r->made && r->temporary[0]) unlink(r->temporary);
  if (r->lock_fd >= 0) unlink(r->lock);
}

/* Ctrl-C, or the end of a batch job: leave no temporary behind, then end as without this handler. */
static void RemoveTemporaries(int number)
{
  for (Results r = open_results; r; r = r->next) Remove(r);
  signal(number, SIG_DFL);
  raise(number);
}

static void CatchSignals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction now;

  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!sigaction(numbers[i], NULL, &now) && now.sa_handler == SIG_DFL) signal(numbers[i], RemoveTemporaries);
}

/* The first file that a run opens is its results, and is locked; what it opens beside is its own then. */
static PetscErrorCode NameFiles(Results r)
{
  const size_t length = strlen(r->path) + 8;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(length, &r->temporary));
  PetscCall(PetscMalloc1(length, &r->lock));
  snprintf(r->temporary, length, "%s.part", r->path);
  snprintf(r->lock, length, "%s%s", open_results ? "" : r->path, open_results ? "" : ".lock");
  r->lock_fd = -1;
  PetscFunctionReturn(0);
}

static bool OpenFile(Results r)
{
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  bool  ok     = access >= 0;

  ok = ok && H5Pset_fapl_mpio(access, r->comm, MPI_INFO_NULL) >= 0;
  ok = ok && H5Pset_coll_metadata_write(access, true) >= 0;
  ok = ok && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0;
  ok = ok && H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST) >= 0; /* attributes beyond 64 kB: a long deck */
  if (ok) r->file = H5Fcreate(r->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (access >= 0) H5Pclose(access);
  return ok && r->file >= 0;
}

PetscErrorCode ResultsCreate(MPI_Comm comm, const char *path, Results *results)
{
  Results        r;
  PetscErrorCode code = 0;
  bool           ok;

  PetscFunctionBeginUser;
  *results = NULL;
  UmkCheck(H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0, "HDF5 does not start");
  PetscCall(PetscNew(&r));
  r->file  = H5I_INVALID_HID;
  r->start = WallTime();
  PetscCallMPI(MPI_Comm_dup(comm, &r->comm));
  PetscCallMPI(MPI_Comm_rank(r->comm, &r->rank));
  PetscCall(PetscStrallocpy(path, &r->path));
  PetscCall(NameFiles(r));
  r->next      = open_results;
  open_results = r;
  CatchSignals();
  if (!r->rank) code = OpenTemporary(r);
  code = ErrorAgree(r->comm, code);
  if (!code) {
    ok   = OpenFile(r);
    code = ResultsAgree(r, ok, "the results");
  }
  if (!code) code = ResultsReserve(r, 0, "the results");
  if (code) {
    PetscCall(ResultsDestroy(&r));
    PetscFunctionReturn(code);
  }
  *results = r;
  PetscFunctionReturn(0);
}

/* --- attributes */

static hid_t OpenObject(Results r, const char *object)
{
  hid_t links, group;

  if (!strcmp(object, "/")) return H5Oopen(r->file, object, H5P_DEFAULT);
  group = H5Oopen(r->file, object, H5P_DEFAULT);
  if (group >= 0) return group;
  links = H5Pcreate(H5P_LINK_CREATE);
  if (links < 0) return links;
  if (H5Pset_create_intermediate_group(links, 1) >= 0) group = H5Gcreate2(r->file, object, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  return group;
}

static bool WriteAttribute(Results r, const char *object, const char *name, hid_t type, const void *value)
{
  hid_t where = OpenObject(r, object), space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
  bool  ok = where >= 0 && space >= 0;

  if (ok && H5Aexists(where, name) > 0) ok = H5Adelete(where, name) >= 0;
  if (ok) attribute = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  ok = ok && attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
  if (attribute >= 0) ok = H5Aclose(attribute) >= 0 && ok;
  if (space >= 0) H5Sclose(space);
  if (where >= 0) H5Oclose(where);
  return ok;
}

PetscErrorCode ResultsWriteAttributeString(Results r, const char *object, const char *name, const char *value)
{
  hid_t type = H5Tcopy(H5T_C_S1);
  bool  ok   = type >= 0;

  PetscFunctionBeginUser;
  r->reserved += strlen(value); /* with the next dataset */
  ok = ok && H5Tset_size(type, strlen(value) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  ok = ok && WriteAttribute(r, object, name, type, value);
  if (type >= 0) H5Tclose(type);
  PetscCall(ResultsAgree(r, ok, name));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWriteAttributeReal(Results r, const char *object, const char *name, PetscReal value)
{
  PetscFunctionBeginUser;
  PetscCall(ResultsAgree(r, WriteAttribute(r, object, name, H5T_NATIVE_DOUBLE, &value), name));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWriteAttributeInt(Results r, const char *object, const char *name, PetscInt value)
{
  const int64_t wide = value;

  PetscFunctionBeginUser;
  PetscCall(ResultsAgree(r, WriteAttribute(r, object, name, H5T_NATIVE_INT64, &wide), name));
  PetscFunctionReturn(0);
}

PetscErrorCode ResultsWriteProvenance(Results r, Deck deck)
{
  const char *text = "";
  char       *options, start[64];
  time_t      now = time(NULL);
  struct tm   local;
  int         size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&now, sizeof now, MPI_BYTE, 0, r->comm));
  PetscCallMPI(MPI_Comm_size(r->comm, &size));
  strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
  if (deck) PetscCall(DeckGetText(deck, &text));
  PetscCall(ResultsWriteAttributeInt(r, "/", "format_version", RESULTS_FORMAT_VERSION));
  PetscCall(ResultsWriteAttributeString(r, "/", "content", "results"));
  PetscCall(ResultsWriteAttributeString(r, "/", "program", "umklapp"));
  PetscCall(ResultsWriteAttributeString(r, "/", "version", ProgramVersion()));
  PetscCall(ResultsWriteAttributeString(r, "/", "commit", ProgramCommit()));
  PetscCall(ResultsWriteAttributeString(r, "/", "deck", text));
  PetscCall(PetscOptionsGetAll(NULL, &options));
  PetscCall(ResultsWriteAttributeString(r, "/", "petsc_options", options));
  PetscCall(PetscFree(options));
  PetscCall(ResultsWriteAttributeInt(r, "/", "ranks", size));
  PetscCall(ResultsWriteAttributeString(r, "/", "start", start));
  PetscFunctionReturn(0);
}

/* --- end */

/* Rank 0, file closed on all ranks: onto the disk and under its name. */
static bool Publish(Results r)
{
  int  fd = open(r->temporary, O_RDWR);
  bool ok = fd >= 0 && ReserveEnd(fd) && !fsync(fd);

  if (fd >= 0) close(fd);
  return ok && !rename(r->temporary, r->path);
}

PetscErrorCode ResultsCommit(Results r)
{
  PetscReal seconds = WallTime() - r->start;
  bool      ok;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&seconds, 1, MPIU_REAL, 0, r->comm));
  PetscCall(ResultsWriteAttributeReal(r, "/", "wall_time_s", seconds));
  PetscCall(ResultsAgree(r, H5Fflush(r->file, H5F_SCOPE_GLOBAL) >= 0, "the results"));
  ok      = H5Fclose(r->file) >= 0;
  r->file = H5I_INVALID_HID;
  broken  = broken || !ok;
  PetscCall(ResultsAgree(r, ok, "the results"));
  ok = r->rank || Publish(r);
  PetscCall(ResultsAgree(r, ok, "the results"));
  r->temporary[0] = 0;
  PetscFunctionReturn(0);
}

static void Unlist(Results r)
{
  for (Results *link = &open_results; *link; link = &(*link)->next) {
    if (*link != r) continue;
    *link = r->next;
    return;
  }
}

PetscErrorCode ResultsDestroy(Results *results)
{
  Results r = *results;

  PetscFunctionBeginUser;
  if (!r) PetscFunctionReturn(0);
  Unlist(r);
  CloseAbandoned(r);
  Remove(r);
  if (r->lock_fd >= 0) close(r->lock_fd);
  PetscCallMPI(MPI_Comm_free(&r->comm));
  PetscCall(PetscFree(r->path));
  PetscCall(PetscFree(r->lock));
  PetscCall(PetscFree(r->temporary));
  PetscCall(PetscFree(*results));
  PetscFunctionReturn(0);
}

bool ResultsAbandon(bool together)
{
  for (Results r = open_results; r; r = r->next) {
    if (together) CloseAbandoned(r);
    Remove(r);
    if (r->lock_fd >= 0) close(r->lock_fd);
    r->file         = H5I_INVALID_HID;
    r->temporary[0] = 0;
    r->lock_fd      = -1;
  }
  return !broken;
}

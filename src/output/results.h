/* What the files of this layer share: an open results file and its error line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_OUTPUT_RESULTS_PRIVATE_H
#define UMKLAPP_OUTPUT_RESULTS_PRIVATE_H

#include <hdf5.h>
#include "umklapp/output.h"

struct _p_Results {
  MPI_Comm  comm;
  int       rank;      /* of this process in comm */
  char     *path;      /* final name */
  char     *temporary; /* "" once renamed */
  char     *lock;      /* name of the lock file; "" without one */
  int       lock_fd;   /* rank 0, while it is held; else -1 */
  bool      made;      /* this process made the temporary */
  hid_t     file;      /* < 0 when closed */
  size_t    reserved;  /* bytes on the disk for what was written and is being written */
  PetscReal start;     /* WallTime() at creation */
  Results   next;      /* of the open files of this process */
};

/* Collective: all ranks succeed, or all return an input error that names the file and what was being written. */
PetscErrorCode ResultsAgree(Results results, bool ok, const char *what);

/* reserve.c. Collective: before a dataset of `bytes` is made; an input error on all ranks when the disk has no room for it. */
PetscErrorCode ResultsReserve(Results results, size_t bytes, const char *what);
/* Room for a file to grow to so many bytes, and a MiB: 0 or errno. Not collective. */
int            ReserveFile(const char *path, size_t bytes);
/* What is reserved beyond the end of a file that is whole goes. Not collective. */
bool           ReserveEnd(int fd);

/* lock.c, on rank 0: the lock `path` of a results file, or an input error that names who has it. It ends with the process, or with close(fd) after unlink(path). Not collective. */
PetscErrorCode OutputLock(const char *output, const char *path, int *fd);

#endif

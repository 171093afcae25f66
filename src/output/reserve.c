/*
  Space on the disk before anything is written to it. When a disk fills up while HDF5 writes with MPI-IO, the rank whose write fails leaves the others waiting, and
  a file that cannot be flushed cannot be closed either. So rank 0 reserves the blocks (fallocate, beyond the end of the file, which keeps its size) of every dataset and of what
  HDF5 adds to it, before the ranks begin. Where the file system cannot reserve, free space is looked at.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "results.h"

#define SLACK  1048576 /* bytes: attributes, groups */
#define HEADER 8192    /* of a dataset */

/* Whether there is room for a file to grow to `bytes`; 0 where that cannot be told. */
static int Room(const char *path, size_t bytes)
{
  struct statvfs disk;
  struct stat    file;

  if (stat(path, &file) || statvfs(path, &disk)) return 0;
  const double there = 512.0 * (double)file.st_blocks + (double)disk.f_bavail * (double)disk.f_frsize;
  return there < (double)bytes ? ENOSPC : 0;
}

int ReserveFile(const char *path, size_t bytes)
{
  const int fd = open(path, O_WRONLY);
  int       error;

  if (fd < 0) return errno;
  bytes += SLACK;
  do error = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) ? errno : 0;
  while (error == EINTR);
  close(fd);
  if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == EPERM || error == ENODEV) error = Room(path, bytes);
  return error;
}

bool ReserveEnd(int fd)
{
  struct stat info;

  if (fstat(fd, &info)) return false;
  (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, info.st_size, (off_t)1 << 40);
  return !ftruncate(fd, info.st_size);
}

PetscErrorCode ResultsReserve(Results r, size_t bytes, const char *what)
{
  PetscErrorCode code = 0;
  int            error;

  PetscFunctionBeginUser;
  r->reserved += bytes + HEADER;
  if (!r->rank) {
    error = ReserveFile(r->temporary, r->reserved);
    if (error) code = InputErrorAt(r->path, 0, "cannot write %s: %s", what, strerror(error));
  }
  PetscCall(ErrorAgree(r->comm, code));
  PetscFunctionReturn(0);
}

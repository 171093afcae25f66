/*
  One run per results file: OUTPUT.lock, locked by the file system (fcntl) as long as the process of rank 0 lives, so that what a killed run left behind
  hinders nobody. Its text says whose it is. Where the file system knows no locks the text decides: a process of this host that is no more does not count.
  The option -output_lock_text takes that way on any file system.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "results.h"

#define TEXT 512

typedef struct {
  char host[256], job[64], start[64];
  long pid;
} Holder;

static void Myself(Holder *h)
{
  const char  *job = getenv("SLURM_JOB_ID");
  const time_t now = time(NULL);
  struct tm    local;

  memset(h, 0, sizeof *h);
  if (gethostname(h->host, sizeof h->host - 1) || !h->host[0]) snprintf(h->host, sizeof h->host, "unknown");
  snprintf(h->job, sizeof h->job, "%s", job && *job ? job : "-");
  h->pid = (long)getpid();
  strftime(h->start, sizeof h->start, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &local));
}

/* false: nothing to be read, as just after it was made */
static bool ReadHolder(int fd, Holder *h)
{
  char          text[TEXT];
  const ssize_t n = pread(fd, text, sizeof text - 1, 0);

  if (n <= 0) return false;
  text[n] = 0;
  return sscanf(text, "host %255s\nprocess %ld\njob %63s\nstart %63s", h->host, &h->pid, h->job, h->start) == 4;
}

static bool WriteHolder(int fd)
{
  Holder  h;
  char    text[TEXT];
  ssize_t n;

  Myself(&h);
  n = snprintf(text, sizeof text, "host %s\nprocess %ld\njob %s\nstart %s\n", h.host, h.pid, h.job, h.start);
  return !ftruncate(fd, 0) && pwrite(fd, text, (size_t)n, 0) == n;
}

static PetscErrorCode Taken(const char *output, const char *path, const Holder *h, bool sure)
{
  const bool job = h->job[0] && strcmp(h->job, "-");

  if (!h->host[0]) return InputErrorAt(output, 0, "another run is writing this file");
  if (sure) return InputErrorAt(output, 0, "another run is writing this file: host %s, process %ld%s%s, since %s", h->host, h->pid, job ? ", job " : "", job ? h->job : "", h->start);
  return InputErrorAt(output, 0, "another run may be writing this file: host %s, process %ld%s%s, since %s; if it is no more, remove %s", h->host, h->pid, job ? ", job " : "", job ? h->job : "", h->start, path);
}

/* Without locks: the text, unless it is of a process of this host that is no more. */
static bool Alive(const Holder *h)
{
  Holder me;

  Myself(&me);
  if (strcmp(h->host, me.host)) return true;
  return h->pid != me.pid && (!kill((pid_t)h->pid, 0) || errno == EPERM);
}

/* Whether the file that was locked is still the one of that name: its last owner may have removed it meanwhile. */
static bool Same(int fd, const char *path)
{
  struct stat open_one, named;
  return !fstat(fd, &open_one) && !stat(path, &named) && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* 0: locked; 1: someone else has it; 2: there are no locks here; -1: another error */
static int TryLock(int fd)
{
  struct flock all  = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  PetscBool    text = PETSC_FALSE;

  (void)PetscOptionsGetBool(NULL, NULL, "-output_lock_text", &text, NULL); /* for tests */
  if (text) return 2;
  if (!fcntl(fd, F_SETLK, &all)) return 0;
  if (errno == EAGAIN || errno == EACCES) return 1;
  return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOTSUP ? 2 : -1;
}

PetscErrorCode OutputLock(const char *output, const char *path, int *fd)
{
  Holder h;
  int    how;

  do {
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) return InputErrorAt(output, 0, "cannot write the results: %s", strerror(errno));
    how = TryLock(*fd);
    if (how == 0 && Same(*fd, path)) break;
    if (how != 0) break;
    close(*fd);
  } while (true);
  memset(&h, 0, sizeof h);
  const bool     known = ReadHolder(*fd, &h);
  PetscErrorCode code  = 0;
  if (how < 0) code = InputErrorAt(output, 0, "cannot lock %s: %s", path, strerror(errno));
  else if (how == 1) code = Taken(output, path, &h, true);
  else if (how == 2 && known && Alive(&h)) code = Taken(output, path, &h, false);
  else if (!WriteHolder(*fd)) {
    code = InputErrorAt(output, 0, "cannot write the results: %s", strerror(errno));
    unlink(path);
  }
  if (!code) return 0;
  close(*fd);
  *fd = -1;
  return code;
}

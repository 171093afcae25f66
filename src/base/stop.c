/*
  How all ranks hear that a run is to stop.

  The clock is looked at by every rank, the file by rank 0. A rank that gets a signal tells rank 0, rank 0 tells all: at most two messages per
  rank, on a communicator of their own, probed for every 0.1 s. So that rank 0 can pass a message on while it waits for ranks that are still busy, the
  wait in ErrorAgree probes too (StopWait).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "umklapp/base.h"

#define PROBE_INTERVAL 0.1 /* seconds between two looks */
#define FILE_INTERVAL  1.0
#define GRACE          10.0
#define SPIN           2e-3 /* seconds that a rank waits at full speed */
enum { TAG_UP = 1, TAG_DOWN = 2 };
enum { NOTHING, BY_FILE, BY_LIMIT, BY_USR1, BY_TERM }; /* of two, the higher is named */

static const int numbers[2] = {SIGTERM, SIGUSR1};
static volatile sig_atomic_t caught[2]; /* per signal of numbers */

static struct {
  MPI_Comm         comm; /* MPI_COMM_NULL when not installed */
  int              rank, size;
  int              reason; /* as far as this rank knows */
  PetscReal        limit, end, next, next_file, since; /* since: of the reason */
  char             file[PETSC_MAX_PATH_LEN]; /* "": none */
  bool             up, down;  /* has this rank told rank 0; has rank 0 told all (as a rank: has it come) */
  int              received;  /* rank 0: messages up */
  int              letter;
  MPI_Request     *request;   /* [size] of the messages sent */
  int              nrequests;
  struct sigaction before[2];
  PulseFunction    beat;
  void            *ctx;
} stop = {.comm = MPI_COMM_NULL};

static void Catch(int number)
{
  for (int i = 0; i < 2; i++)
    if (numbers[i] == number) caught[i] = 1;
}

static bool Exists(const char *file)
{
  struct stat info;
  return !stat(file, &info);
}

PetscErrorCode StopInstall(PetscReal seconds, const char *file)
{
  struct sigaction action = {.sa_handler = Catch, .sa_flags = SA_RESTART};
  PetscErrorCode   code   = 0;
  int              rank;

  PetscFunctionBeginUser;
  PetscCheck(stop.comm == MPI_COMM_NULL, PETSC_COMM_SELF, PETSC_ERR_ORDER, "StopInstall twice");
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank && file && Exists(file)) code = InputErrorAt(file, 0, "this file asks the run to stop; remove it");
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, code));
  stop.rank   = rank;
  stop.reason = NOTHING;
  stop.up = stop.down = false;
  stop.received = stop.nrequests = 0;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &stop.size));
  PetscCall(PetscMalloc1(stop.size, &stop.request));
  PetscCall(PetscStrncpy(stop.file, file ? file : "", sizeof stop.file));
  caught[0] = caught[1] = 0;
  for (int i = 0; i < 2; i++) PetscCheck(!sigaction(numbers[i], &action, &stop.before[i]), PETSC_COMM_SELF, PETSC_ERR_SYS, "no handler for signal %d", numbers[i]);
  stop.next  = stop.next_file = WallTime();
  stop.limit = seconds;
  stop.end   = stop.next + seconds;
  PetscCallMPI(MPI_Comm_dup(PETSC_COMM_WORLD, &stop.comm));
  PetscFunctionReturn(0);
}

static void Send(int to, int tag)
{
  (void)MPI_Isend(&stop.letter, 1, MPI_INT, to, tag, stop.comm, &stop.request[stop.nrequests++]);
}

/* One message of this kind, if any has come. */
static bool Receive(int tag, int *reason)
{
  MPI_Status status;
  int        there = 0;

  if (MPI_Iprobe(MPI_ANY_SOURCE, tag, stop.comm, &there, &status) || !there) return false;
  return !MPI_Recv(reason, 1, MPI_INT, status.MPI_SOURCE, tag, stop.comm, MPI_STATUS_IGNORE);
}

static void Look(PetscReal now)
{
  int heard = NOTHING;

  if (stop.rank) {
    if (Receive(TAG_DOWN, &heard)) stop.down = true;
  } else {
    if (Receive(TAG_UP, &heard)) stop.received++;
    if (stop.file[0] && now >= stop.next_file) {
      stop.next_file = now + FILE_INTERVAL;
      if (Exists(stop.file)) stop.reason = BY_FILE;
    }
  }
  if (stop.limit > 0 && now >= stop.end) stop.reason = BY_LIMIT;
  if (caught[1]) stop.reason = BY_USR1;
  if (caught[0]) stop.reason = BY_TERM;
  if (stop.reason == NOTHING && heard == NOTHING) return;
  stop.reason = stop.letter = PetscMax(stop.reason, heard);
  if (stop.rank && !heard && stop.reason != BY_LIMIT) {
    stop.up = true;
    Send(0, TAG_UP);
  }
  if (!stop.rank && stop.reason != BY_LIMIT) {
    stop.down = true;
    for (int to = 1; to < stop.size; to++) Send(to, TAG_DOWN);
  }
}

bool StopPending(void)
{
  PetscReal now;

  if (stop.comm == MPI_COMM_NULL) return false;
  if (stop.reason) return true;
  now = WallTime();
  if (now < stop.next && !caught[0] && !caught[1]) return false;
  stop.next = now + PROBE_INTERVAL;
  Look(now);
  stop.since = now;
  return stop.reason != NOTHING;
}

bool StopOverdue(void)
{
  return StopPending() && WallTime() > stop.since + GRACE;
}

const char *StopReason(void)
{
  static char text[PETSC_MAX_PATH_LEN + 16];
  const long  s = (long)(stop.limit + 0.5);

  switch (stop.reason) {
  case BY_TERM: return "SIGTERM";
  case BY_USR1: return "SIGUSR1";
  case BY_LIMIT: snprintf(text, sizeof text, "the limit of %ld:%02ld:%02ld of wall time", s / 3600, s / 60 % 60, s % 60); return text;
  case BY_FILE: snprintf(text, sizeof text, "the file %s", stop.file); return text;
  default: return "";
  }
}

/* Who has waited a while leaves the processor to those that work. */
PetscErrorCode StopWait(MPI_Request *request)
{
  const struct timespec nap   = {0, 100000};
  const PetscReal       begin = WallTime();
  int                   done  = 0;

  PetscFunctionBeginUser;
  if (stop.comm == MPI_COMM_NULL) {
    PetscCallMPI(MPI_Wait(request, MPI_STATUS_IGNORE));
    PetscFunctionReturn(0);
  }
  while (!done) {
    PetscCallMPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (!done) (void)StopPending();
    if (!done && WallTime() > begin + SPIN) nanosleep(&nap, NULL);
  }
  PetscFunctionReturn(0);
}

void PulseSet(PulseFunction beat, void *ctx)
{
  stop.beat = beat;
  stop.ctx  = ctx;
}

PetscErrorCode Pulse(void)
{
  int reason;

  PetscFunctionBeginUser;
  if (stop.comm == MPI_COMM_NULL) PetscFunctionReturn(0);
  (void)StopPending();
  reason = stop.reason;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &reason, 1, MPI_INT, MPI_MAX, stop.comm));
  if (reason && !stop.reason) stop.since = WallTime();
  stop.reason = reason;
  if (stop.beat) PetscCall(stop.beat(stop.ctx, reason != NOTHING));
  PetscFunctionReturn(reason != NOTHING ? UMK_ERR_STOPPED : 0);
}

/* sent: messages up of all ranks, whether rank 0 has told all */
static PetscErrorCode ReceiveRest(const int sent[2])
{
  int ignored;

  PetscFunctionBeginUser;
  for (; !stop.rank && stop.received < sent[0]; stop.received++) PetscCallMPI(MPI_Recv(&ignored, 1, MPI_INT, MPI_ANY_SOURCE, TAG_UP, stop.comm, MPI_STATUS_IGNORE));
  if (stop.rank && sent[1] && !stop.down) PetscCallMPI(MPI_Recv(&ignored, 1, MPI_INT, 0, TAG_DOWN, stop.comm, MPI_STATUS_IGNORE));
  PetscCallMPI(MPI_Waitall(stop.nrequests, stop.request, MPI_STATUSES_IGNORE));
  PetscFunctionReturn(0);
}

PetscErrorCode StopFinish(void)
{
  const int mine[2] = {stop.up, !stop.rank && stop.down};
  int       sent[2];

  PetscFunctionBeginUser;
  if (stop.comm == MPI_COMM_NULL) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Allreduce(mine, sent, 2, MPI_INT, MPI_SUM, stop.comm));
  PetscCall(ReceiveRest(sent));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &stop.reason, 1, MPI_INT, MPI_MAX, stop.comm));
  for (int i = 0; i < 2; i++) PetscCheck(!sigaction(numbers[i], &stop.before[i], NULL), PETSC_COMM_SELF, PETSC_ERR_SYS, "signal %d keeps its handler", numbers[i]);
  PetscCallMPI(MPI_Comm_free(&stop.comm));
  PetscCall(PetscFree(stop.request));
  stop.beat = NULL;
  PetscFunctionReturn(0);
}

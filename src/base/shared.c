/*
  One copy per node: a window allocated whole by the node's rank 0, and exchanges between the nodes' rank 0 ("leaders").
  The option -shared_nodes N deals the ranks of a machine to N pretended nodes, round robin, so that the exchange
  between nodes can be tested on one machine.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include "umklapp/base.h"

struct _p_SharedArray {
  MPI_Comm node;    /* ranks that see the same memory; borrowed, as the next */
  MPI_Comm leaders; /* rank 0 of each node; MPI_COMM_NULL elsewhere */
  MPI_Win  window;
  char    *address;
  size_t   bytes;
  int      node_rank, nodes;
};

/* How a communicator falls into nodes: found once, kept as its attribute; one for each -shared_nodes that was in force. */
typedef struct _Split {
  int            pretended, nodes;
  MPI_Comm       node, leaders;
  struct _Split *next;
} Split;

static PetscReal total; /* bytes of all that there are */

PetscReal SharedArrayTotal(void) { return total; }

static int keyval = MPI_KEYVAL_INVALID;

/* The world's are left to the end of the program: nothing can be freed collectively while MPI ends. */
static int forget(MPI_Comm comm, int key, void *value, void *extra)
{
  (void)key;
  (void)extra;
  for (Split *s = value, *next; s; s = next) {
    next = s->next;
    if (comm != MPI_COMM_WORLD && comm != MPI_COMM_SELF) {
      if (s->leaders != MPI_COMM_NULL) MPI_Comm_free(&s->leaders);
      MPI_Comm_free(&s->node);
    }
    free(s);
  }
  return MPI_SUCCESS;
}

static PetscErrorCode divide(MPI_Comm comm, int pretended, Split *s)
{
  MPI_Comm machine;
  int      rank, node_rank;

  PetscFunctionBeginUser;
  s->pretended = pretended;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &machine));
  PetscCallMPI(MPI_Comm_rank(machine, &node_rank));
  PetscCallMPI(MPI_Comm_split(machine, pretended > 1 ? node_rank % pretended : 0, node_rank, &s->node));
  PetscCallMPI(MPI_Comm_free(&machine));
  PetscCallMPI(MPI_Comm_set_errhandler(s->node, MPI_ERRORS_RETURN));
  PetscCallMPI(MPI_Comm_rank(s->node, &node_rank));
  PetscCallMPI(MPI_Comm_split(comm, node_rank ? MPI_UNDEFINED : 0, rank, &s->leaders));
  if (s->leaders != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_size(s->leaders, &s->nodes));
  PetscCallMPI(MPI_Bcast(&s->nodes, 1, MPI_INT, 0, s->node));
  PetscFunctionReturn(0);
}

static PetscErrorCode split(MPI_Comm comm, SharedArray a)
{
  PetscInt pretended = 1;
  Split   *first     = NULL, *s;
  int      found;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-shared_nodes", &pretended, NULL));
  if (keyval == MPI_KEYVAL_INVALID) PetscCallMPI(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, forget, &keyval, NULL));
  PetscCallMPI(MPI_Comm_get_attr(comm, keyval, &first, &found));
  if (!found) first = NULL;
  for (s = first; s && s->pretended != (int)pretended; s = s->next) {}
  if (!s) {
    s = calloc(1, sizeof *s);
    UmkCheck(s, "no memory for a node's communicators");
    PetscCall(divide(comm, (int)pretended, s));
    if (first) {
      s->next     = first->next;
      first->next = s;
    } else PetscCallMPI(MPI_Comm_set_attr(comm, keyval, s));
  }
  a->node    = s->node;
  a->leaders = s->leaders;
  a->nodes   = s->nodes;
  PetscCallMPI(MPI_Comm_rank(a->node, &a->node_rank));
  PetscFunctionReturn(0);
}

/* MPI keeps windows of several ranks in /dev/shm; Open MPI waits for ever where one does not fit. */
static PetscErrorCode check_room(SharedArray a, MPI_Aint bytes)
{
  struct statvfs room;
  int            ranks;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(a->node, &ranks));
  if (ranks > 1 && bytes > 0 && !statvfs("/dev/shm", &room)) {
    const double left = (double)room.f_bavail * (double)room.f_frsize;
    if (left < (double)bytes) PetscFunctionReturn(InputErrorAt("/dev/shm", 0, "shared memory of this node: %.1f MiB are left, %.1f are needed; make it larger, or run one rank per node", left / 1048576.0, (double)bytes / 1048576.0));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayCreate(MPI_Comm comm, size_t bytes, SharedArray *array)
{
  SharedArray a;
  MPI_Aint    size = 0;
  int         unit, code;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&a));
  PetscCall(split(comm, a));
  a->bytes = bytes;
  /* never an empty window: the address must be valid and aligned on every rank */
  if (a->node_rank == 0) size = (MPI_Aint)((bytes / 64 + 1) * 64);
  PetscCall(ErrorAgree(comm, check_room(a, size)));
  code = MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, a->node, &a->address, &a->window);
  PetscCall(ErrorAgree(comm, code ? PETSC_ERR_MEM : 0));
  PetscCallMPI(MPI_Win_shared_query(a->window, 0, &size, &unit, &a->address));
  PetscCallMPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, a->window));
  if (a->node_rank == 0) memset(a->address, 0, (size_t)size);
  PetscCall(SharedArrayFence(a));
  total += (PetscReal)bytes;
  *array = a;
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayGet(SharedArray array, void *address)
{
  *(void **)address = array->address;
  return 0;
}

PetscErrorCode SharedArrayIsOwner(SharedArray array, bool *owner)
{
  *owner = array->node_rank == 0;
  return 0;
}

PetscErrorCode SharedArrayGetNode(SharedArray array, int *rank, int *size)
{
  PetscFunctionBeginUser;
  *rank = array->node_rank;
  PetscCallMPI(MPI_Comm_size(array->node, size));
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayFence(SharedArray array)
{
  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Win_sync(array->window));
  PetscCallMPI(MPI_Barrier(array->node));
  PetscCallMPI(MPI_Win_sync(array->window));
  PetscFunctionReturn(0);
}

/* MPI counts are ints; pieces of 1 GiB stay below. */
static PetscErrorCode broadcast(char *data, uint64_t bytes, int root, MPI_Comm comm)
{
  const uint64_t piece = (uint64_t)1 << 30;

  PetscFunctionBeginUser;
  for (uint64_t at = 0; at < bytes; at += piece) PetscCallMPI(MPI_Bcast(data + at, (int)(bytes - at < piece ? bytes - at : piece), MPI_BYTE, root, comm));
  PetscFunctionReturn(0);
}

/* ranges: n pairs (begin, end) of this node. Drop empty ones and join neighbours, so that few messages are sent. */
static int join(int n, uint64_t (*ranges)[2])
{
  int kept = 0;

  for (int i = 0; i < n; i++) {
    if (ranges[i][1] <= ranges[i][0]) continue;
    if (kept && ranges[kept - 1][1] == ranges[i][0]) ranges[kept - 1][1] = ranges[i][1];
    else {
      ranges[kept][0]   = ranges[i][0];
      ranges[kept++][1] = ranges[i][1];
    }
  }
  return kept;
}

/* One range from each node, as where ranks are placed node by node: all in one exchange. */
static PetscErrorCode exchange_at_once(SharedArray a, int size, const uint64_t range[2], bool *done)
{
  uint64_t(*all)[2];
  int *count, *place;

  PetscFunctionBeginUser;
  *done = a->bytes < INT_MAX;
  if (!*done) PetscFunctionReturn(0);
  PetscCall(PetscMalloc3(size, &all, size, &count, size, &place));
  PetscCallMPI(MPI_Allgather(range, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, a->leaders));
  for (int i = 0; i < size; i++) {
    place[i] = (int)all[i][0];
    count[i] = (int)(all[i][1] - all[i][0]);
  }
  PetscCallMPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, a->address, count, place, MPI_BYTE, a->leaders));
  PetscCall(PetscFree3(all, count, place));
  PetscFunctionReturn(0);
}

static PetscErrorCode exchange(SharedArray a, int mine, uint64_t (*ranges)[2])
{
  int  size, rank, *counts;
  bool done = true;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(a->leaders, &size));
  PetscCallMPI(MPI_Comm_rank(a->leaders, &rank));
  PetscCall(PetscMalloc1(size, &counts));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, a->leaders));
  for (int i = 0; i < size; i++) done = done && counts[i] == 1;
  if (done) PetscCall(exchange_at_once(a, size, ranges[0], &done));
  for (int root = 0; root < size && !done; root++) {
    uint64_t(*pairs)[2] = ranges;
    if (root != rank) PetscCall(PetscMalloc1(counts[root], &pairs));
    PetscCall(broadcast((char *)pairs, (uint64_t)counts[root] * sizeof *pairs, root, a->leaders));
    for (int i = 0; i < counts[root]; i++) PetscCall(broadcast(a->address + pairs[i][0], pairs[i][1] - pairs[i][0], root, a->leaders));
    if (root != rank) PetscCall(PetscFree(pairs));
  }
  PetscCall(PetscFree(counts));
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayCombine(SharedArray array, size_t begin, size_t end)
{
  const uint64_t range[2] = {begin, end};
  uint64_t(*ranges)[2]    = NULL;
  int size;

  PetscFunctionBeginUser;
  PetscCheck(begin >= end || end <= array->bytes, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "range [%zu, %zu) of a shared array of %zu bytes", begin, end, array->bytes);
  PetscCall(SharedArrayFence(array));
  if (array->nodes == 1) PetscFunctionReturn(0);
  PetscCallMPI(MPI_Comm_size(array->node, &size));
  if (array->leaders != MPI_COMM_NULL) PetscCall(PetscMalloc1(size, &ranges));
  PetscCallMPI(MPI_Gather(range, 2, MPI_UINT64_T, ranges, 2, MPI_UINT64_T, 0, array->node));
  if (array->leaders != MPI_COMM_NULL) PetscCall(exchange(array, join(size, ranges), ranges));
  PetscCall(PetscFree(ranges));
  PetscCall(SharedArrayFence(array));
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayReduce(SharedArray array, size_t count, MPI_Datatype type, MPI_Op op)
{
  const size_t piece = (size_t)1 << 27;
  MPI_Aint     lower, extent;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Type_get_extent(type, &lower, &extent));
  PetscCheck(count * (size_t)extent <= array->bytes, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "%zu items of %zu bytes in a shared array of %zu bytes", count, (size_t)extent, array->bytes);
  PetscCall(SharedArrayFence(array));
  if (array->nodes == 1) PetscFunctionReturn(0);
  for (size_t at = 0; array->leaders != MPI_COMM_NULL && at < count; at += piece)
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, array->address + at * (size_t)extent, (int)(count - at < piece ? count - at : piece), type, op, array->leaders));
  PetscCall(SharedArrayFence(array));
  PetscFunctionReturn(0);
}

PetscErrorCode SharedArrayDestroy(SharedArray *array)
{
  SharedArray a = *array;

  PetscFunctionBeginUser;
  if (!a) PetscFunctionReturn(0);
  total -= (PetscReal)a->bytes;
  PetscCallMPI(MPI_Win_unlock_all(a->window));
  PetscCallMPI(MPI_Win_free(&a->window));
  PetscCall(PetscFree(*array));
  PetscFunctionReturn(0);
}

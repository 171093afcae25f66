/* A sink that keeps what it is handed. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

static PetscErrorCode record_grow(ProcessRecord *r, PetscInt more)
{
  PetscInt capacity = PetscMax(2 * r->capacity, r->count + more);
  PetscFunctionBeginUser;
  if (r->count + more <= r->capacity) PetscFunctionReturn(0);
  PetscCall(PetscRealloc(sizeof(PetscReal) * (size_t)capacity, &r->kernel));
  for (int m = 0; m < PROCESS_MAX_MEMBERS; m++) {
    PetscCall(PetscRealloc(sizeof(int32_t) * (size_t)capacity, &r->state[m]));
    PetscCall(PetscRealloc((size_t)capacity, &r->op[m]));
    PetscCall(PetscRealloc(sizeof(PetscReal) * (size_t)capacity, &r->energy[m]));
  }
  r->capacity = capacity;
  PetscFunctionReturn(0);
}

static PetscErrorCode record_consume(void *ctx, const ProcessBatch *b)
{
  ProcessRecord *r = ctx;
  PetscFunctionBeginUser;
  PetscCall(record_grow(r, b->count));
  r->nmembers = b->nmembers;
  for (int m = 0; m < b->nmembers; m++) {
    r->species[m] = b->species[m];
    r->s[m]       = b->s[m];
    for (PetscInt i = 0; i < b->count; i++) {
      r->state[m][r->count + i]  = b->state[m] ? b->state[m][i] : -1;
      r->op[m][r->count + i]     = b->op[m] ? b->op[m][i] : 0;
      r->energy[m][r->count + i] = b->energy[m] ? b->energy[m][i] : 0.0;
    }
  }
  PetscCall(PetscArraycpy(r->kernel + r->count, b->kernel, b->count));
  r->count += b->count;
  PetscFunctionReturn(0);
}

PetscErrorCode ProcessRecordSink(ProcessRecord *record, ProcessSink *sink)
{
  PetscFunctionBeginUser;
  sink->consume = record_consume;
  sink->ctx     = record;
  PetscFunctionReturn(0);
}

PetscErrorCode ProcessRecordDestroy(ProcessRecord *r)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(r->kernel));
  for (int m = 0; m < PROCESS_MAX_MEMBERS; m++) {
    PetscCall(PetscFree(r->state[m]));
    PetscCall(PetscFree(r->op[m]));
    PetscCall(PetscFree(r->energy[m]));
  }
  r->count = r->capacity = 0;
  PetscFunctionReturn(0);
}

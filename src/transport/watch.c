/* What every iteration of a Krylov solver does besides: hear whether to stop, say how far it is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"

typedef struct {
  Progress  progress;
  PetscReal target; /* residual to reach */
} Watch;

static PetscErrorCode monitor(KSP ksp, PetscInt iteration, PetscReal residual, void *context)
{
  Watch    *w = context;
  PetscReal relative, norm;
  Vec       b;
  PetscFunctionBeginUser;
  PetscCall(Pulse());
  if (iteration == 0) {
    PetscCall(KSPGetRhs(ksp, &b));
    PetscCall(VecNorm(b, NORM_2, &norm));
    PetscCall(KSPGetTolerances(ksp, &relative, NULL, NULL, NULL));
    w->target = relative * norm;
    ProgressBegin(&w->progress, "iterations", 0.0);
  }
  ProgressIterate(&w->progress, iteration, residual, w->target);
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(void **context)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(*context));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportWatch(KSP ksp)
{
  Watch *w;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&w));
  PetscCall(KSPMonitorSet(ksp, monitor, w, destroy));
  PetscFunctionReturn(0);
}

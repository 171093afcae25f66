/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TRANSPORT_IMPL_H
#define UMKLAPP_TRANSPORT_IMPL_H

#include <petscksp.h>
#include "umklapp/transport.h"

struct _p_Transport {
  MPI_Comm  comm;
  Collision collision; /* borrowed */
  States    states;    /* borrowed */
  int       nkinds;     /* drives that act on these states */
  DriveKind kind[2];
  bool      picard, matthiessen;
  enum { OPERATOR_AUTO, OPERATOR_BLOCKS, OPERATOR_ASSEMBLED, OPERATOR_REPLAYED } operator; /* order of the deck's choices */
  PetscReal tolerance;
  PetscInt  max_iterations;
  Vec       drive[2], solution[LEVEL_COUNT][2];
  KSP       ksp;
  Mat       shell;
};

/* Solve for both drives with the whole operator; fills the audit of x. */
PetscErrorCode TransportSolveFull(Transport t, TransportTensors *x);

#endif

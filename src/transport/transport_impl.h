/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TRANSPORT_IMPL_H
#define UMKLAPP_TRANSPORT_IMPL_H

#include <petscksp.h>
#include "umklapp/transport.h"

typedef enum { OPERATOR_AUTO, OPERATOR_BLOCKS, OPERATOR_ASSEMBLED, OPERATOR_REPLAYED } OperatorKind; /* order of the deck's choices */

struct _p_Transport {
  MPI_Comm  comm;
  Collision collision; /* borrowed */
  States    states;    /* borrowed */
  int       nkinds;     /* drives that act on these states */
  DriveKind kind[2];
  bool      picard, matthiessen;
  bool         alone; /* one channel is being solved for Matthiessen's rule: no warnings */
  OperatorKind operator;
  PetscReal tolerance;
  PetscInt  max_iterations;
  Vec       drive[2], solution[LEVEL_COUNT][2];
  KSP       ksp;
  Mat       shell;
};

/* Solve for both drives with the whole operator; fills the audit of x. */
PetscErrorCode TransportSolveFull(Transport t, TransportTensors *x);

/* The collision operator at the present point as `kind` says; *shell: a MATSHELL of the last call, replaced. AUTO is settled at the first. */
PetscErrorCode TransportOperator(Collision collision, OperatorKind *kind, Mat *shell, Mat *A);
/* |b - A z| / |b| */
PetscErrorCode TransportTrueResidual(Mat A, Vec b, Vec z, PetscReal *residual);
PetscErrorCode TransportSymmetryDefect(Mat A, PetscReal *defect);
/* Of n normalized candidates those that A annihilates, orthonormal and first; D: the diagonal. Collective. */
PetscErrorCode TransportKeepNull(Mat A, Mat D, PetscInt count, Vec *n, PetscInt *kept);
/* See TransportModes; rate: of the local states. */
PetscErrorCode TransportModesOf(Collision c, States s, Vec drive, Vec solution, const PetscReal *rate, const StatesPoint *p, PetscReal *part);
/* Electrons' tensors from L; x->L, k_B T. */
void TransportReadTensors(int dimension, PetscReal kT, TransportTensors *x);
/* No steady state: no number stands for it. */
void TransportFillNan(TransportTensors *x);
#define NULL_TOLERANCE 1e-9 /* |A n| / |D n| of a null vector */
#define OVERLAP_LIMIT  1e-6 /* share of a drive along a null vector beyond which there is no steady state */

#endif

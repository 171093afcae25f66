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
  Mat       A;              /* borrowed: the operator of the last solution, NULL when it is another's by now */
  MatNullSpace null;        /* its */
  bool      shifted, reversed; /* frequencies one by one; fields reversed too */
};

/* Every iteration from now on is a Pulse(), and says how far it is. A solution that is stopped holds the last iterate (cg, richardson). */
PetscErrorCode TransportWatch(KSP ksp);
/* Solve for both drives with the whole operator; fills the audit of x. */
PetscErrorCode TransportSolveFull(Transport t, TransportTensors *x);

/* t->A and t->null at the present point; the null vectors' share of the drives to x. */
PetscErrorCode TransportSetOperator(Transport t, TransportTensors *x);
/* The collision operator at the present point as `kind` says; *shell: a MATSHELL of the last call, replaced. AUTO is settled at the first. */
PetscErrorCode TransportOperator(Collision collision, OperatorKind *kind, Mat *shell, Mat *A);
/* |b - A z| / |b| */
PetscErrorCode TransportTrueResidual(Mat A, Vec b, Vec z, PetscReal *residual);
PetscErrorCode TransportSymmetryDefect(Mat A, PetscReal *defect);
/* Of n normalized candidates those that A annihilates, orthonormal and first; D: the diagonal. Collective. */
PetscErrorCode TransportKeepNull(Mat A, Mat D, PetscInt count, Vec *n, PetscInt *kept);
/* deflate.c: a PCSHELL, Jacobi's with n modes of A solved exactly; Set: for the operator at hand, nothing when the preconditioner is another one. Collective. */
PetscErrorCode TransportDeflationCreate(PC pc);
PetscErrorCode TransportDeflationSet(PC pc, Mat A, Mat D, PetscInt n, const Vec *mode);
/* See TransportModes; rate: of the local states. */
PetscErrorCode TransportModesOf(Collision c, States s, Vec drive, Vec solution, const PetscReal *rate, const StatesPoint *p, PetscReal *part);
/* Electrons' tensors from x->L. */
void TransportReadTensors(int dimension, PetscReal kT, TransportTensors *x);
/* The same of complex L, which re->L and im->L take over; im may be NULL. */
void TransportReadComplex(int dimension, PetscReal kT, const Complex L[2][2][3][3], TransportTensors *re, TransportTensors *im);
/* Phonons alone */
void TransportReadLattice(PetscReal kT, const Complex L[3][3], TransportTensors *re, TransportTensors *im);
/* out = factor a b; out may be a or b */
void TensorMultiply(const Complex a[3][3], const Complex b[3][3], Complex factor, Complex out[3][3]);
/* Inverse of the upper left d x d part; zero elsewhere. false: singular. */
bool      TensorInvert(int d, const Complex m[3][3], Complex inverse[3][3]);
PetscReal TensorNorm(const Complex m[3][3]);
void      TensorSplit(const Complex m[3][3], PetscReal re[3][3], PetscReal im[3][3]);      /* im may be NULL */
void      TensorJoin(const PetscReal re[3][3], const PetscReal im[3][3], Complex m[3][3]); /* im may be NULL */
/* No steady state: no number stands for it. */
void TransportFillNan(TransportTensors *x);
/* 1/(Re or Im of tau/(1 - i omega tau)) of 1/tau > 0, else 0 */
PetscErrorCode TransportSpreadRates(PetscInt n, const PetscReal *rate, PetscReal omega, bool imaginary, PetscReal *effective);
#define NULL_TOLERANCE 1e-9 /* |A n| / |D n| of a null vector */
#define OVERLAP_LIMIT  1e-6 /* share of a drive along a null vector beyond which there is no steady state */

#endif

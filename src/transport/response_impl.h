/* What response.c and response_krylov.c share. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_RESPONSE_IMPL_H
#define UMKLAPP_RESPONSE_IMPL_H

#include "response.h"

#define KEPT     8    /* solutions that the next one starts from, of each drive */

typedef struct { /* solutions, and what A makes of them */
  PetscInt n, next;
  Vec      z[KEPT], Az[KEPT];
} Past;

typedef struct {
  const ResponseSystem *s;
  Mat       Lambda;              /* of a unit field along `direction`; NULL without */
  PetscReal direction[3];
  PetscReal strength, omega;     /* of the solve at hand: strength may be negative */
  bool      doubled;             /* omega != 0: [u; v] on each rank */
  PetscInt  n;                   /* local rows of A */
  MatNullSpace space;            /* what A + Lambda annihilates: left out of the space, so that Lambda's error there is too */
  Vec       in, out, work;       /* of A's layout; in and out without an array of their own */
  Vec       b[2];                /* right-hand side, real and doubled */
  Mat       K[2];
  KSP       ksp[2];
  Mat       P[2];                /* D + Lambda - i omega of this or an earlier field; NULL: to be made */
  bool      direct[2], given[2]; /* P factorized exactly; the preconditioner is the user's */
  bool      turned[2];           /* the field has another direction or sign than P's */
  Past      past[2][RESPONSE_DRIVES];
} Solver;

/* Collective, all of these. */
PetscErrorCode ResponseSolverCreate(const ResponseSystem *s, Solver *v);
PetscErrorCode ResponseSolverDestroy(Solver *v);
/* y = (A if symmetric) x + (strength Lambda if antisymmetric) x, in A's layout */
PetscErrorCode ResponseApplyPart(Solver *v, bool symmetric, bool antisymmetric, Vec x, Vec y);
/* The two equations of a doubled state change places where omega exceeds its 1/tau: the larger is the pivot. */
PetscErrorCode ResponseSwapRows(Solver *v, Vec y);
/* K, b and the Krylov method of real (0) or doubled (1) systems */
PetscErrorCode ResponseCreateKSP(Solver *v, int doubled);
/* P of the present field and frequency where there is none, or anew */
PetscErrorCode ResponsePrecondition(Solver *v, bool anew);
/* z <- the combination of past solutions that leaves least of b */
PetscErrorCode ResponseChooseStart(Solver *v, const Past *past, Vec b, Vec z);
PetscErrorCode ResponseKrylov(Solver *v, Vec b, Vec z, KSPConvergedReason *reason, PetscInt *iterations);
/* Keep a solution to start from. */
PetscErrorCode ResponseRemember(Solver *v, Past *past, Vec z);

#endif

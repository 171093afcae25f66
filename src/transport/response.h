/*
  response: (A + Lambda_B - i omega) z = X for lists of fields and frequencies at one thermodynamic point, whatever the species.

  A is symmetric and semidefinite, Lambda_B antisymmetric: (x, (A + Lambda) x) = (x, A x), so that the system is solvable wherever A is. With
  z = u + i v it is real again, and again symmetric plus antisymmetric:

    [ A + Lambda   omega     ] [u]   [X]
    [ -omega       A + Lambda] [v] = [0]

  Field alone, and both together: GMRES from the right on the true residual, with D + Lambda - i omega for A. Each solve starts from the combination of
  the solutions before it (at other fields and frequencies, of the same drive) that leaves the least residual.
  Frequency alone: A - i omega is A shifted, and one Lanczos run from X serves all frequencies (lanczos.c). The diagonal alone is done at once.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_RESPONSE_H
#define UMKLAPP_RESPONSE_H

#include "transport_impl.h"

#define RESPONSE_DRIVES 3

typedef struct { /* at one field and frequency */
  Complex   L[RESPONSE_DRIVES][RESPONSE_DRIVES][3][3];
  PetscReal residual, null_overlap;
  PetscInt  iterations;
  bool      converged, missing; /* missing: no steady state */
} ResponsePoint;

typedef struct { /* borrowed, all of it */
  MPI_Comm    comm;
  Mat         A;          /* NULL: the diagonal alone */
  Vec         D;          /* its diagonal, positive */
  int         ndrives;
  const Vec  *X;
  const Vec  *still;      /* solutions without field and frequency; NULL without a steady state */
  PetscInt    nnull;
  const Vec  *null;       /* orthonormal null vectors of A */
  PetscInt    nuniform;   /* the first of them are uniform shifts of the electrons, which Lambda annihilates but for the mesh */
  PetscReal   tolerance;
  PetscInt    max_iterations;
  PetscInt    usual;      /* iterations without field and frequency */
  bool        shifted;    /* each frequency solved by itself, Lanczos left out */
  void       *context;
  PetscErrorCode (*moment)(void *context, Vec x, Vec z, PetscReal m[3][3]);             /* <x, z> / k_B T */
  PetscErrorCode (*magnetic)(void *context, const PetscReal B[3], Mat *Lambda);         /* MATAIJ, caller destroys */
  PetscErrorCode (*read)(void *context, PetscReal omega, ResponsePoint *from, TransportResponse *to); /* completes from->L, reads the tensors */
} ResponseSystem;

/* points [nB][nF]; those without field and frequency are left alone. first [nB][drives][drives]: dL/d|B| at B = 0 along each field (zero without a field or
   steady state). Collective. */
PetscErrorCode ResponseSolve(const ResponseSystem *system, const TransportFields *fields, ResponsePoint *points, PetscReal (*first)[RESPONSE_DRIVES][RESPONSE_DRIVES][3][3]);
/* L_XY of drive `k` at the nonzero frequencies, B = 0; point [nF]. converged is left false where the run ended too early. Collective. */
PetscErrorCode ResponseLanczos(const ResponseSystem *system, int k, PetscInt nF, const PetscReal *omega, ResponsePoint *point);

/* The common part of `from` (which must exist): audit, and NaN without a steady state. */
void ResponseBegin(const ResponsePoint *from, TransportResponse *to);
/* ResponseSolve with -B of each B where reversed, and what is read from it: see TransportRespond. The first drive is the field. Collective. */
PetscErrorCode ResponseRun(const ResponseSystem *system, int dimension, PetscReal kT, bool reversed, const TransportFields *fields, const TransportTensors *still, TransportResponse *response, TransportLowField *low);

#endif

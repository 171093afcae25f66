/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DRAG_IMPL_H
#define UMKLAPP_DRAG_IMPL_H

#include "transport_impl.h"

enum { DRAG_FIELD, DRAG_ELECTRONS, DRAG_PHONONS, DRAG_DRIVES }; /* the field; the gradient on electrons, on phonons */

/* Vectors of the system: this rank's electrons in the rows of c1, then its phonons in the rows of c2, z = sqrt(multiplicity N) y. */
struct _p_Drag {
  MPI_Comm     comm;
  Collision    c1, c2;                    /* borrowed */
  States       electrons, fine, phonons;  /* borrowed; fine: phonons on the electrons' mesh */
  PetscInt     ne, nf, np;                /* local states */
  OperatorKind kind[2];
  bool         picard;
  PetscReal    tolerance, multiplicity;   /* of the phonons, relative to the electrons' */
  PetscInt     max_iterations;
  Mat          P, weights, shell[2], op[2]; /* op: borrowed, at the present point */
  PetscReal   *scale_f, *scale_p;         /* sqrt(multiplicity N) w of local fine and coarse phonons */
  PetscReal   *rate;                      /* [ne + np] 1/tau */
  Vec          v1, w1, v2, w2, vf, wf;    /* layouts of c1, c2, local fine phonons */
  Vec          x[DRAG_DRIVES], z[LEVEL_COUNT][DRAG_DRIVES];
  TransportLevel level;                   /* that A stands for: full or drag */
  Mat          A, D;
  KSP          ksp;
};

/* drag_solve.c */
PetscErrorCode DragCreateOperator(Drag d);
/* Scales and rates of the collisions' present point. Collective. */
PetscErrorCode DragSetPoint(Drag d);
/* z[level] for all drives. Collective. */
PetscErrorCode DragSolveLevel(Drag d, TransportLevel level, TransportTensors *x);

#endif

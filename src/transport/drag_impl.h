/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DRAG_IMPL_H
#define UMKLAPP_DRAG_IMPL_H

#include "transport_impl.h"

enum { DRAG_FIELD, DRAG_ELECTRONS, DRAG_PHONONS, DRAG_DRIVES = DRAG_SOLUTIONS }; /* the field; the gradient on electrons, on phonons */

/* Vectors of the system: this rank's electrons in the rows of c1, then its lattice: phonons in the rows of c2, then refined ones, which are rows of c1;
   z = sqrt(mass multiplicity N) y. The mass of a lattice state is what it stands for, in states of its own mesh: 1, and more where fine phonons around the refined region are
   interpolated from it, so that 1/tau and the inertia -i omega are per phonon. */
struct _p_Drag {
  MPI_Comm     comm;
  Collision    c1, c2;                    /* borrowed */
  States       electrons, fine, phonons;  /* borrowed; fine: phonons on the electrons' mesh */
  const PetscReal *inside;                /* [fine wedge] membership of the refined region, or NULL; borrowed */
  PetscInt     ne, nf, np, nr, nl;        /* local states: electrons, fine phonons, coarse, refined, np + nr */
  PetscInt    *refined;                   /* [nr] local fine phonons that are unknowns */
  OperatorKind kind[2];
  bool         picard;
  PetscReal    tolerance, multiplicity;   /* of the coarse phonons, relative to the electrons' */
  PetscReal    fine_multiplicity;
  PetscInt     max_iterations;
  Mat          P, weights, shell[2], op[2]; /* op: borrowed, at the present point */
  PetscReal   *scale_f, *scale_l;         /* sqrt(multiplicity N) w of local fine phonons, sqrt(mass multiplicity N) w of the lattice */
  PetscReal   *root;                      /* [nl] sqrt(mass) */
  PetscReal   *rate;                      /* [ne + nl] 1/tau */
  PetscReal   *member;                    /* [nf] membership of the refined region, 0 without one */
  PetscReal   *shared;                    /* [nf] 1/tau of fine phonons over their membership, 0 outside the region */
  Vec          v1, w1, v2, w2, vf, vl;    /* layouts of c1, c2, local fine phonons, lattice */
  Vec          x[DRAG_DRIVES], z[LEVEL_COUNT][DRAG_DRIVES];
  TransportLevel level;                   /* that A stands for: full or drag */
  Mat          A, D;
  KSP          ksp;
  MatNullSpace null;                      /* of A */
  PetscInt     nuniform;                  /* the first of its vectors are uniform shifts of the electrons */
  bool         shifted, reversed;         /* as in Transport */
};

/* drag.c: rows of one part of a system's vector as a vector of c1 (electrons, refined phonons) or c2 (coarse ones), zero elsewhere; and back, times a factor. Not collective. */
PetscErrorCode DragExtract(Drag d, Vec x, DragPart part, Vec to);
PetscErrorCode DragInsert(Drag d, Vec from, DragPart part, PetscReal factor, Vec x);
/* <x, z> / k_B T over all parts. Collective. */
PetscErrorCode DragMoment(Drag d, Vec x, Vec z, PetscReal kT, PetscReal m[3][3]);
/* m += factor times DriveSpread of drives a and b with 1/tau as given (of the system's states; of fine phonons as `shared`). Collective. */
PetscErrorCode DragAddSpread(Drag d, int a, int b, const StatesPoint *p, const PetscReal *rate, const PetscReal *shared, PetscReal factor, PetscReal m[3][3]);
/* Tensors from the nine moments of the three drives; im may be NULL. */
void DragReadTensors(Drag d, PetscReal kT, Complex L[DRAG_DRIVES][DRAG_DRIVES][3][3], TransportTensors *re, TransportTensors *im);
/* Whether a coarse phonon's place is taken by a refined one at the same q. */
bool DragReplaced(Drag d, PetscInt state);
/* phi of the lattice's rows -> its part that the little groups allow. */
PetscErrorCode DragProjectLattice(Drag d, Vec lattice);

/* drag_solve.c */
PetscErrorCode DragCreateOperator(Drag d);
/* Scales and rates of the collisions' present point. Collective. */
PetscErrorCode DragSetPoint(Drag d);
/* z[level] for all drives. Collective. */
PetscErrorCode DragSolveLevel(Drag d, TransportLevel level, TransportTensors *x);

#endif

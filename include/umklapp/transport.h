/*
  transport: solving A z = X at each point and reading tensors.

    electrons  sigma = L_EE,  S = sigma^-1 L_ET / T,  Pi = L_TE sigma^-1,  kappa_e = (L_TT - L_TE sigma^-1 L_ET) / T (zero current)
    phonons    kappa = L_TT / T

  Levels: rta, z = tau X; full, the whole operator by conjugate gradients on the true residual, or by Richardson's iteration with the
  diagonal (Omini and Sparavigna, Phys. Rev. B 53, 9064 (1996)), kept for comparison.

  In a magnetic field and at a frequency (A + Lambda_B - i omega) z = X, the same read-outs: src/transport/response.c.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TRANSPORT_H
#define UMKLAPP_TRANSPORT_H

#include "umklapp/drive.h"

typedef enum { LEVEL_RTA, LEVEL_FULL, LEVEL_DRAG, LEVEL_COUNT } TransportLevel;
extern const char *const TransportLevelName[LEVEL_COUNT];

#define TRANSPORT_MAX_CHANNELS 32
typedef struct { /* atomic units (temperature as k_B T); in two dimensions the z row and column are zero */
  PetscReal conductivity[3][3], seebeck[3][3], peltier[3][3], kappa[3][3], lorenz[3][3], resistivity[3][3];
  PetscReal lattice[3][3];      /* thermal conductivity of the phonons; at level drag what they carry at zero current, as kappa what the electrons carry */
  PetscReal seebeck_electron[3][3], seebeck_phonon[3][3]; /* drag: the current that the gradient drives through either species, per sigma T */
  PetscReal peltier_electron[3][3], peltier_phonon[3][3]; /* drag: the heat that a current carries in either species */
  PetscReal L[2][2][3][3];      /* L_XY, X, Y of DriveKind */
  /* audit */
  PetscReal onsager_defect;     /* |L_ET - L_TE^T| / sqrt(|L_EE| |L_TT|) */
  PetscReal residual;           /* largest true |X - A z| / |X| */
  PetscReal null_overlap;       /* largest |<n, X>| / |X| with a null vector */
  PetscReal symmetry_defect;    /* |x.Ay - y.Ax| / (|x| |Ay|), random x, y; full only */
  PetscReal matthiessen;        /* sigma sum_c 1/sigma_c - 1 (phonons: kappa) over the channels alone; NaN with one channel or not asked */
  PetscReal alone[TRANSPORT_MAX_CHANNELS]; /* what each channel alone would let through: mean of sigma's diagonal (phonons: kappa's); infinite where it stops nothing; with matthiessen */
  PetscInt  iterations;
  bool      converged;
  bool      steady_state_missing; /* the drive overlaps a null vector: not solved, tensors are NaN */
} TransportTensors;

typedef struct { /* fields and frequencies of a run, atomic units */
  PetscInt   nB, nF;
  PetscReal (*B)[3];
  PetscReal  *omega;
  bool        alternating; /* some frequency is not 0: tensors are complex */
  bool        magnetic;    /* some field is not 0 */
} TransportFields;

typedef struct { /* at one field and frequency; the real parts of all tensors and the audit, and the imaginary parts */
  TransportTensors re, im;
  PetscReal        reversal_defect; /* largest |L_XY(B) - L_YX(-B)^T| / sqrt(|L_XX| |L_YY|); NaN when -B was not solved */
} TransportResponse;

typedef struct { /* what does not depend on the strength of the field */
  PetscReal hall[3][3], nernst[3][3]; /* lim of the antisymmetric parts of resistivity and Seebeck coefficient over |B|, along each field of the list */
} TransportLowField;

typedef struct { /* in a field: src/transport/galvanomagnetic.c; atomic units */
  Complex hall[3][3], nernst[3][3], ettingshausen[3][3]; /* antisymmetric; for B along z the coefficients are the elements [y][x] */
  Complex magnetoresistance[3][3];                       /* symmetric part of rho(B) - rho(0) over sqrt(rho_ii(0) rho_jj(0)) */
  Complex righi_leduc, hall_mobility;                    /* per field */
  Complex hall_number;                                   /* R_H times the density of charge: the Hall factor of one kind of carriers */
  Complex transverse, longitudinal;                      /* magnetoresistance, mean across B and along B */
} TransportMagnetic;
/* B != 0; charge: of the carriers per volume; im may be NULL; still: without field at the same frequency, re and im, NULL where unknown (no magnetoresistance then). Not collective. */
void TransportReadMagnetic(int dimension, const PetscReal B[3], PetscReal charge, const TransportTensors *re, const TransportTensors *im, const TransportTensors *const still[2], TransportMagnetic *magnetic);
/* The Hall factor of TransportLowField.hall. */
PetscReal TransportHallNumber(const PetscReal hall[3][3], const PetscReal B[3], PetscReal charge);

typedef struct _p_Transport *Transport;
PetscErrorCode TransportRegisterKeys(void);
/* deck: the section `solver`; states: the unknowns whose tensors are wanted. Collective. */
PetscErrorCode TransportCreate(MPI_Comm comm, Deck deck, Collision collision, States states, Transport *transport);
PetscErrorCode TransportDestroy(Transport *transport);
/* Solve at the collision operator's present point; starts from the last solution of that level. A drive with no steady state gives converged =
   false and a warning that says so. Collective. */
PetscErrorCode TransportSolve(Transport transport, TransportLevel level, const StatesPoint *point, TransportTensors *tensors);
/*
  TransportRespond - after TransportSolve of the level at the same point: response [nB][nF]; low [nB], NaN without a field, or without a steady
  state. A point of the list without field and frequency is that of `still`, which TransportSolve filled. weight: sum over states of the drives,
  L_XY -> i weight_XY / omega at high frequency. Collective.
*/
PetscErrorCode TransportRespond(Transport transport, TransportLevel level, const StatesPoint *point, const TransportFields *fields, const TransportTensors *still, TransportResponse *response, TransportLowField *low, PetscReal weight[2][2][3][3]);
/* The solution z of a drive, of the last TransportSolve of that level. Borrowed. */
PetscErrorCode TransportGetSolution(Transport transport, TransportLevel level, DriveKind kind, Vec *z);
/* TransportModes - part[i]: what this rank's state i of the transport's species contributes to the trace of kappa (phonons) over its dimension, images
   included: they sum to it over all ranks. [nlocal of CollisionGetLocalStates]. Not collective. */
PetscErrorCode TransportModes(Transport transport, TransportLevel level, const StatesPoint *point, PetscReal *part);

/*
  Electrons and phonons as one system (src/transport/drag.c). With C_1 the collisions of electrons and of phonons on the electrons' mesh, C_2
  those of phonons alone on a mesh that divides it, and phi_f = P phi_c,

    A = [ 1 0; 0 P ]^T C_1 [ 1 0; 0 P ] + [ 0 0; 0 C_2 ],      A z = X

  Three right-hand sides: the field, the gradient acting on electrons, and on phonons. Level full leaves out what couples the species, rta keeps the
  diagonal: 1/tau of phonons by electrons is the mean over the finer mesh with the weights of P.
*/
typedef struct _p_Drag *Drag;
/* Unknowns of the system: electrons; phonons of the coarse mesh; those of the refined region around q = 0. */
typedef enum { PART_ELECTRONS, PART_COARSE, PART_REFINED } DragPart;
/* deck: the section `solver`; electrons: C_1, unknowns of both species, with the phonons' own processes of the refined region; lattice: C_2; inside: membership of
   the refined region on the wedge of C_1's phonons (PhononPartition), NULL without one. Borrows all. Collective. */
PetscErrorCode DragCreate(MPI_Comm comm, Deck deck, Collision electrons, Collision lattice, const PetscReal *inside, Drag *drag);
PetscErrorCode DragDestroy(Drag *drag);
/* Both collisions at `point`. Starts from the last solution of the level. Collective. */
PetscErrorCode DragSolve(Drag drag, TransportLevel level, const StatesPoint *point, TransportTensors *tensors);
/* This rank's refined phonons: how many, and which of the local phonons of C_1. Borrowed. Not collective. */
PetscErrorCode DragGetRefined(Drag drag, PetscInt *n, const PetscInt **local);
/* 1/tau of this rank's states of a species at the last point, phonons by electrons included: coarse phonons, then refined ones. Borrowed. */
PetscErrorCode DragGetRates(Drag drag, Species species, const PetscReal **rate);
/* Response of a part at a level, in the layout and scale of its own collision (refined phonons: C_1's): electrons to the field, phonons to the gradient on both.
   Borrowed until the next call. Collective. */
PetscErrorCode DragGetSolution(Drag drag, TransportLevel level, DragPart part, Vec *z);
/* Response z of the whole system to one of its DRAG_SOLUTIONS drives, of the last DragSolve of that level, from which the next one starts; this rank's states of a part have the
   rows 3 (begin + i), i < n. Borrowed. Not collective. */
#define DRAG_SOLUTIONS 3
PetscErrorCode DragGetVector(Drag drag, TransportLevel level, int drive, DragPart part, Vec *z, PetscInt *begin, PetscInt *n);
/* As TransportRespond; the magnetic field acts on electrons alone, the frequency on both, masses lumped in a refined region. Collective. */
PetscErrorCode DragRespond(Drag drag, TransportLevel level, const StatesPoint *point, const TransportFields *fields, const TransportTensors *still, TransportResponse *response, TransportLowField *low, PetscReal weight[2][2][3][3]);
/* As TransportModes: what this rank's phonons of a part carry of the heat that the gradient drives, without a field. [np or nr] Not collective. */
PetscErrorCode DragModes(Drag drag, TransportLevel level, DragPart part, const StatesPoint *point, PetscReal *share);
/* Which phonons drag: share[i] = x_i . rho z_i, x the gradient's drive on this rank's phonon i of a part and z its response to the field, images included: over all ranks
   and both parts they sum to the mean of the diagonal of peltier_phonon / T, exactly, and so of seebeck_phonon as far as the equations are solved. tensors: of that
   DragSolve, for rho. Not collective. */
PetscErrorCode DragModesSeebeck(Drag drag, TransportLevel level, DragPart part, const StatesPoint *point, const TransportTensors *tensors, PetscReal *share);
/* Phonons coupled to nothing at the last point, all ranks. */
PetscErrorCode DragGetFree(Drag drag, PetscInt *count);

#endif

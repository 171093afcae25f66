/*
  drive: right-hand sides and currents. With z = sqrt(N) y on the wedge (collision.h), the field and the gradient drive

    X^E_a = sqrt(N_a) w_a q v_a            (electric field, q = -1; phonons: 0)
    X^T_a = sqrt(N_a) w_a (e_a - mu) v_a   (temperature gradient; phonons: mu = 0)

  and the same vectors read the currents: <X, Y> = g_s/(N V) sum_a X_a (x) Y_a averaged over the mesh's operations. With z^Y = A^-1 X^Y

    L_XY = <X^X, z^Y> / k_B T:   J = L_EE E - L_ET (grad T)/T,   J_Q = L_TE E - L_TT (grad T)/T

  L_XY = L_YX^T is Onsager's relation; nothing here enforces it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DRIVE_H
#define UMKLAPP_DRIVE_H

#include "umklapp/collision.h"

typedef enum { DRIVE_FIELD, DRIVE_GRADIENT } DriveKind;

/* DriveFill - x: a vector of CollisionCreateVec, in atomic units; rows of other species are zero. States without any scattering get zero: nothing relaxes
   them. rate: 1/tau of the local states where it is not the collision's own, or NULL; so below. Collective. */
PetscErrorCode DriveFill(Collision collision, States states, const StatesPoint *point, DriveKind kind, const PetscReal *rate, Vec x);
/* DriveMoment - m = g_s/(N V) sum_a x_a (x) z_a, symmetrized over the mesh's operations; [i][j]: i of x, j of z. Collective. */
PetscErrorCode DriveMoment(Collision collision, States states, Vec x, Vec z, PetscReal m[3][3]);
/*
  DriveSpread - what degenerate states add to L_XY beyond their mean velocity: around a crossing their velocities point apart, and that part of
  the response relaxes at 1/tau and is scattered into nothing:  m += g_s/(N V) sum_a N_a w_a^2 f^X f^Y C_a tau_a, C = states->spread.
  Lines and points of the zone only, so a correction of the mesh's order. Collective.
*/
PetscErrorCode DriveSpread(Collision collision, States states, const StatesPoint *point, DriveKind x, DriveKind y, const PetscReal *rate, PetscReal m[3][3]);
/*
  DriveCreateMagnetic - Lambda = (q/hbar)(v x B).grad_k, q = -1, on this rank's electron rows in the layout of CollisionCreateVec (z = sqrt(N) y; y is a vector
  field, y_{Sk} = S y_k for the operations of the mesh, which must leave B in place: MeshCreateInField); rows and columns of phonons are empty. Linear in B;
  at the collision's present point; Lambda^T = -Lambda to the last bit. B in atomic units. MATAIJ, caller destroys. Collective.
*/
PetscErrorCode DriveCreateMagnetic(Collision collision, States electrons, const PetscReal B[3], Mat *Lambda);
/*
  DriveNullVectors - candidates for null vectors of an operator without walls, normalized but not orthogonal. Electrons: uniform shifts that the
  symmetry allows, phi = c with S c = c (none for a group with inversion). Phonons: crystal momentum, phi = M k with every matrix M that commutes with
  the operations; k the shortest image, averaged on zone faces: null when only normal processes act. count <= DRIVE_MAX_NULL. Caller destroys. Collective.
*/
#define DRIVE_MAX_NULL 12
PetscErrorCode DriveNullVectors(Collision collision, States states, PetscInt *count, Vec vectors[DRIVE_MAX_NULL]);
/* v_a = sqrt(N_a) w_a M k_a, k as for DriveNullVectors. Collective. */
PetscErrorCode DriveMomentum(Collision collision, States states, const PetscReal M[9], const PetscReal *rate, Vec v);
/* Orthonormal basis, in the 9-dimensional space of 3x3 matrices, of those that commute with every operation of the mesh; how many. */
int DriveCommutingMatrices(KMesh mesh, PetscReal basis[9][9]);
/* Share of the drive's norm (field; phonons: gradient) carried by states without any scattering. Collective. */
PetscErrorCode DriveUnscattered(Collision collision, States states, const StatesPoint *point, PetscInt *states_out, PetscReal *fraction);

#endif

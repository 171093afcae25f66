/*
  A crystal of atoms on springs: n1 x n2 x n3 cells, periodic, moved by the real-space force constants.

    w'' = -D w,   w_a(R) = sqrt(M_a) u_a(R),   (D w)_a(R) = sum_R',b D_ab(R') w_b(R + R'),   D_ab(R) = Phi_ab(R) / sqrt(M_a M_b)

  in steps of PEFRL, a fourth-order symplectic composition (Omelyan, Mryglod and Folk, Comput. Phys. Commun. 146, 188 (2002)): four forces a step, the
  velocity of a wave wrong by 1.2e-4 (omega dt / 0.8)^4. Energy and its current are divided among the atoms (Hardy, Phys. Rev. 132, 168 (1963)):

    e_a = (1/2) w'_a w'_a + (1/2) w_a (D w)_a,   J = d/dt sum_a r_a e_a = (1/2) sum_ab (r_a - r_b) w_a D_ab w'_b

  Cells are dealt to the ranks in slabs of n2 x n3 planes; a force begins with the exchange of as many planes as the springs reach.

    PetscCall(LatticeCreate(comm, m, box, &lattice));
    PetscCall(LatticeGetState(lattice, &w, &v));         // LatticeIndex() says where
    PetscCall(LatticeStep(lattice, dt, nsteps));
    PetscCall(LatticeEnergy(lattice, energy, &total));
    PetscCall(LatticeDestroy(&lattice));
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_LATTICE_H
#define UMKLAPP_MAIN_LATTICE_H

#include "umklapp/material.h"

typedef struct _p_Lattice *Lattice;

typedef struct { /* where things lie; read only */
  PetscInt n[3], nm;      /* cells, displacements per cell */
  PetscInt begin, end;    /* planes of this rank */
  PetscInt reach[3];      /* of the springs, in cells */
  size_t   row, component, plane, size; /* strides in an array [plane][component][n2][n3], all with margins; its length */
} LatticeLayout;

/* LatticeCreate - collective. An input error where the forces are not those of springs: polar materials, models without force constants. */
PetscErrorCode LatticeCreate(MPI_Comm comm, Material m, const PetscInt n[3], Lattice *lattice);
PetscErrorCode LatticeDestroy(Lattice *lattice);
PetscErrorCode LatticeGetLayout(Lattice lattice, const LatticeLayout **layout);
/* Displacements and velocities, mass weighted. Borrowed; margins need not be set. */
PetscErrorCode LatticeGetState(Lattice lattice, PetscReal **w, PetscReal **v);
PetscErrorCode LatticeStep(Lattice lattice, PetscReal dt, PetscInt nsteps);
/* energy: this rank's atoms [end - begin][n2][n3][natoms], hartree; total of all ranks. Collective. */
PetscErrorCode LatticeEnergy(Lattice lattice, PetscReal *energy, PetscReal *total);
/* Sum of the energy current over all atoms: energy times velocity. Collective. */
PetscErrorCode LatticeCurrent(Lattice lattice, PetscReal current[3]);

/* Component c of cell (i - begin, j, k). */
static inline size_t LatticeIndex(const LatticeLayout *l, PetscInt i, PetscInt j, PetscInt k, PetscInt c)
{
  return (size_t)(i - l->begin + l->reach[0]) * l->plane + (size_t)c * l->component + (size_t)(j + l->reach[1]) * l->row + (size_t)(k + l->reach[2]);
}

#endif

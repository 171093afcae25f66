/*
  One wave packet on the lattice: superposition of the modes of one branch with Gaussian weights about q0,

    w(R, t = 0) = Re sum_q exp(-sigma^2 |q - q0|^2) / omega_q  e_q <e_q|e_0> exp(i q.(R - R_0)),   w' likewise with -i omega_q,

  q on the box's own wave vectors. The share of each q in the energy is a Gaussian about q0, and the energy in space one of standard
  deviation sigma about R_0. Branches that are degenerate at q0 are taken together. Without dispersion within the packet the
  energy moves at v(q0); at finite sigma at the mean over the packet, which differs by (1/8 sigma^2) Laplacian v + ...
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_PACKET_H
#define UMKLAPP_MAIN_PACKET_H

#include "lattice.h"

typedef struct {
  PetscReal q[3];      /* fractional */
  PetscInt  branch;    /* from 0 */
  PetscReal width;     /* sigma, bohr */
  /* filled by PacketFind */
  PetscReal omega, velocity[3]; /* of the mode: hartree; bohr hartree */
  PetscInt  first, last;        /* branches degenerate with it: first <= b < last */
  /* filled by PacketPrepare */
  PetscReal mean_velocity[3];   /* mean of the group velocity over the packet */
  PetscInt  nmodes;             /* wave vectors in it */
} Packet;

typedef struct { /* at one time */
  PetscReal time, energy, centre[3], current[3]; /* centre Cartesian, unwrapped; current over energy: a velocity */
} PacketSample;

/* Frequency, velocity and degenerate partners of the packet's mode. Not collective. */
PetscErrorCode PacketFind(Material m, Packet *p);
/* Put the packet at the middle of the box. Not collective. */
PetscErrorCode PacketPrepare(Material m, const Packet *p, Lattice lattice, Packet *prepared);
/* Centre of energy: the atoms' images nearest to `near` (Cartesian). Bins of the energy along `axis` (unit vector) about `near`, of width step, nbins of them,
   the middle one at near: share of the energy per bohr; nbins 0: none. energy: work, this rank's atoms. Collective. */
PetscErrorCode PacketMeasure(Material m, Lattice lattice, const PetscReal near[3], PetscReal *energy, PetscInt nbins, const PetscReal axis[3], PetscReal step, PetscReal *bins, PacketSample *sample);
/* Cartesian middle of the box. */
void PacketMiddle(Crystal crystal, const PetscInt n[3], PetscReal middle[3]);
/* Half the shortest vector of the box's lattice: a packet must be narrower. */
PetscReal PacketBoxRadius(Crystal crystal, const PetscInt n[3]);

#endif

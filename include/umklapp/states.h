/*
  states: the electron states in the energy window, or all phonon modes, of one mesh; their occupation weights.

    x_a = (e_a - mu)/k_B T,  w_a = 1/(2 cosh(x_a/2)) (fermion),  1/(2 sinh(x_a/2)) (boson)

  Unknowns live on wedge states; `points` are the full-zone points near the window with the map back to the wedge.
  Arrays are one copy per node. Band order is by energy.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_STATES_H
#define UMKLAPP_STATES_H

#include "umklapp/material.h"
#include "umklapp/mesh.h"

typedef enum { SPECIES_ELECTRON, SPECIES_PHONON, SPECIES_BATH } Species;

typedef struct _p_States *States;
struct _p_States {
  MPI_Comm    comm;
  Species     species;
  KMesh       mesh;     /* borrowed */
  Material    material; /* borrowed */
  PetscInt    spin;     /* degeneracy g_s that multiplies tensors; 1 for phonons */
  /* --- wedge states, global numbering: all states of wedge point 0, then 1, ... */
  PetscInt    nstates;
  PetscInt    nk;                 /* wedge points that carry states */
  const int32_t *wedge;           /* [nk] number of the point in mesh->wedge */
  const int32_t *first;           /* [nk + 1] first state of the point */
  const int32_t *k;               /* [nstates] -> 0..nk-1 */
  const int32_t *band;            /* [nstates] band or branch */
  const PetscReal *energy;        /* [nstates] hartree */
  const PetscReal *velocity;      /* [nstates][3] hartree bohr */
  const PetscReal *spread;        /* [nstates][6] xx yy zz yz xz xy, hartree^2 bohr^2: what products of velocities of degenerate states have beyond
                                     their mean velocity's (src/states/spread.c); zero elsewhere */
  const PetscReal *star;          /* [nstates] number of images of its k */
  /* --- full-zone points: those with states first is NOT guaranteed; ascending linear index. Includes the halo that tetrahedra need. */
  PetscInt    npoints;
  const int64_t *point;           /* [npoints] linear mesh index */
  const int32_t *point_wedge;     /* [npoints] -> mesh->wedge number */
  const uint8_t *point_op;        /* [npoints] position in mesh->op of S, k = S k_w */
  PetscInt    band_first, nb;     /* band range of the window: slots 0..nb-1 */
  const PetscReal *point_energy;  /* [npoints][nb] hartree */
  const PetscReal *point_velocity;/* [npoints][nb][3] hartree bohr */
  const int32_t *point_state;     /* [npoints][nb] wedge state, or -1 outside the window */
  const Complex *point_U;         /* [npoints][nbands][nb] columns of the slots; NULL for models */
  PetscInt    ntetra;
  const int32_t (*tetra)[4];      /* [ntetra] positions in points; only those with at least one corner that carries a state */
  const PetscReal *tetra_weight;  /* [ntetra] share of the mesh cell's volume */
  /* --- phonons only */
  PetscReal   omega_min;          /* modes below are dropped (hartree) */
  const PetscReal *omega;         /* [mesh->nwedge][nmodes] */
  const PetscReal *omega_velocity;/* [mesh->nwedge][nmodes][3] */
  const Complex *displacement;    /* [mesh->nwedge][nmodes][nmodes] at the wedge points */
  const PetscReal *momentum;      /* [mesh->nwedge][3] after StatesFollowMesh, bohr^-1; else NULL */
  /* after StatesFillPhononPoints, which also sets points, point_* above with nb = nmodes and every mesh point: point[i] = i */
  const PetscReal *point_wavevector;   /* [npoints][3] of StatesMomentum */
  const Complex *point_displacement;   /* [npoints][nmodes][nmodes], after StatesFillPhononDisplacements */
  struct _p_StatesPrivate *priv;
};

typedef struct {   /* one thermodynamic point of a scan */
  PetscReal kT;        /* hartree */
  PetscReal mu;        /* hartree */
  PetscReal electrons; /* carriers per bohr^3 in the conduction bands (all electrons of the bands for a metal) */
  PetscReal holes;     /* per bohr^3 in the valence bands */
  PetscReal dn_dmu;    /* per hartree bohr^3: screening */
} StatesPoint;

PetscErrorCode StatesRegisterKeys(void);
typedef struct {
  PetscInt  n;            /* 1 or 2 intervals */
  PetscReal energy[2][2]; /* absolute, hartree */
  PetscInt  band[2];      /* first, and one past the last, of the bands that may enter */
} StatesWindow;
/* Electrons in the window; halo: include the corners of tetrahedra. Collective. */
PetscErrorCode StatesCreateElectrons(MPI_Comm comm, Material m, KMesh mesh, const StatesWindow *window, bool halo, States *states);
/* All modes of the mesh above omega_min. Collective. */
PetscErrorCode StatesCreatePhonons(MPI_Comm comm, Material m, KMesh mesh, PetscReal omega_min, States *states);
PetscErrorCode StatesDestroy(States *states);

/* w of wedge state a at the point; bosons ignore mu */
static inline PetscReal StatesWeight(Species species, PetscReal energy, const StatesPoint *p)
{
  if (species == SPECIES_ELECTRON) return 0.5 / cosh(0.5 * (energy - p->mu) / p->kT);
  return 0.5 / sinh(0.5 * energy / p->kT);
}
/* This rank's contiguous share [begin, end) of n items that all ranks of comm divide. Not collective. */
void StatesShare(MPI_Comm comm, PetscInt n, PetscInt *begin, PetscInt *end);
/* State of a phonon branch at wedge point iw, or -1 when it lies below omega_min: frequencies ascend, so that those left out are the lowest. Not collective. */
static inline int32_t StatesPhononState(States phonons, PetscInt iw, PetscInt branch)
{
  const int32_t state = phonons->first[iw + 1] - (int32_t)(phonons->nb - branch);
  return state >= phonons->first[iw] ? state : -1;
}
/* StatesMomentum - crystal momentum of a mesh point, what its part of a drift phi = k.u is made of: the shortest image, the mean of equally short ones (bohr^-1); of phonons that follow
   a coarser mesh what that mesh's momenta interpolate to, the same except near the zone's faces. A process is normal when it keeps the sum of these. Not collective. */
PetscErrorCode StatesMomentum(States states, PetscInt64 linear, PetscReal k[3]);
/* StatesFollowMesh - these phonons' responses are interpolated from a coarser mesh (MeshStencil), except where inside [mesh->nwedge] is 1; inside may be NULL. Before their
   points are filled. Collective. */
PetscErrorCode StatesFollowMesh(States phonons, KMesh coarse, const PetscReal *inside);
/* Position of a full-zone linear index in `points`, or -1. */
PetscInt StatesFindPoint(States states, int64_t linear);
/* The full zone's arrays of phonon states: one copy per node; nothing the second time. Collective. */
PetscErrorCode StatesFillPhononPoints(States phonons);
/* The same with the displacements of every point: the largest of these arrays; where it is too large StatesPhononsAt rotates them one by one. Collective. */
PetscErrorCode StatesFillPhononDisplacements(States phonons);
/* Phonon data at any full-mesh q: frequency row of its wedge point, velocity and displacement rotated to q ([nmodes][3]; [nmodes][nmodes]; each may be NULL). */
PetscErrorCode StatesPhononsAt(States phonons, PetscInt64 linear, const PetscReal **omega, PetscReal *velocity, Complex *displacement);

/* StatesDisplacements - displacements [nmodes][nmodes] at any full-mesh q: *u borrows the filled array, or is work [nmodes][nmodes] with those rotated. Not collective. */
PetscErrorCode StatesDisplacements(States phonons, PetscInt64 linear, Complex *work, const Complex **u);

/* --- carriers: counted over the bands of the whole zone (src/states/carriers.c) */
typedef struct _p_Carriers *Carriers;
/* Energies of all bands on the wedge, distributed over ranks. Collective. */
PetscErrorCode CarriersCreate(MPI_Comm comm, Material m, KMesh mesh, Carriers *carriers);
PetscErrorCode CarriersDestroy(Carriers *carriers);
/* Top of the valence and bottom of the conduction bands on the mesh (metal: both the chemical potential at T = 0). */
PetscErrorCode CarriersGetEdges(Carriers carriers, PetscReal *valence, PetscReal *conduction);
/* Fill p->electrons, holes, dn_dmu from p->kT, p->mu. Collective. */
PetscErrorCode CarriersCount(Carriers carriers, StatesPoint *p);
typedef enum { CARRIERS_ELECTRONS, CARRIERS_HOLES, CARRIERS_NET } CarrierKind;
/* Find p->mu for a density (per bohr^3; NET: electrons - holes) by a bracketed root finder, to 1e-12 of it; then count. An unreachable density is UMK_ERR_INPUT. Collective. */
PetscErrorCode CarriersSolve(Carriers carriers, CarrierKind kind, PetscReal density, StatesPoint *p);
/* Fraction of the drive's weight sum f(1-f) v^2 that lies outside the window of `states`: of the conduction bands (ELECTRONS), the valence
   bands (HOLES) or all (NET). Collective. */
PetscErrorCode CarriersWindowLoss(Carriers carriers, States states, CarrierKind kind, const StatesPoint *p, PetscReal *fraction);

#endif

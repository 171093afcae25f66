/*
  Private to src/material: what a kind of material provides, and what every material holds.

  A kind (wannier.c, model.c) fills a MaterialOps and creates a material with MaterialCreateWithOps(), then sets the public
  members below; dispatch, checks of NULL and the getters are in material.c.

  MaterialOps members may assume valid arguments: counts >= 0, k present; any output pointer may be NULL.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MATERIAL_IMPL_H
#define UMKLAPP_MATERIAL_IMPL_H

#include "umklapp/material.h"

/* Bands, or modes, closer than this share their averaged velocity: 1e-6 Ry in hartree. */
#define MATERIAL_DEGENERATE (1e-6 * UMK_RYDBERG)

typedef struct {
  const char *kind; /* "wannier", "model" */
  PetscErrorCode (*destroy)(Material);
  PetscErrorCode (*electrons)(Material, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U);
  PetscErrorCode (*phonons)(Material, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement); /* NULL: nmodes == 0 */
  PetscErrorCode (*phonon_velocity_matrix)(Material, const PetscReal q[3], Complex *v);
  PetscErrorCode (*force_constants)(Material, PetscInt *nR, const int (**R)[3], const Complex **phi, bool *polar); /* NULL: none */
  PetscErrorCode (*velocity_matrix)(Material, const PetscReal k[3], Complex *v);
  PetscErrorCode (*optical_matrices)(Material, bool position, const PetscReal k[3], PetscReal *energy, Complex *v, PetscReal *w); /* NULL: bands without transitions */
  /* Models: |Phi_3|^2 of npairs pairs (q, q1) with one q0 [npairs][q0][q][q1], as CubicEvaluate returns it; NULL: none, or from third-order force constants */
  PetscErrorCode (*cubic)(Material, PetscInt npairs, const PetscReal q0[3], const PetscReal *omega0, const PetscReal *q, const PetscReal *omega, const PetscReal *q1, const PetscReal *omega1, PetscReal *phi2);
  /* Models: |g|^2 from `count` initial bands, ket [nbands][count], as CouplingEvaluate returns it; NULL: none, or interpolated */
  PetscErrorCode (*coupling)(Material, PetscInt count, const Complex *ket, PetscInt nq, const PetscReal *q, PetscInt nf, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2);
  PetscErrorCode (*write)(Material, const char *path, const char *provenance); /* NULL: has no native file */
  PetscErrorCode (*print)(Material, FILE *);                                   /* NULL: the general lines suffice */
} MaterialOps;

struct _p_Material {
  const MaterialOps *ops;
  MPI_Comm   comm;          /* borrowed */
  char      *name;          /* owned */
  Crystal    crystal;       /* owned */
  PetscInt   nbands, nmodes, spin;
  PetscInt   nvalence;      /* insulator, model: full bands, which come first; metal: electrons per cell in the bands */
  bool       metal, has_coupling, has_cubic, has_position, box;
  int       *valley;        /* [nbands], owned, or NULL */
  PetscReal *centres;       /* [nbands][3] Cartesian bohr, owned, or NULL */
  PetscReal  epsilon_infinity, epsilon_zero; /* 0: unknown */
  void      *data;          /* of the kind; freed by ops->destroy */
};

/* A material with everything zero but ops, comm, name (copied) and spin = 2. MaterialDestroy frees what is set. Not collective. */
PetscErrorCode MaterialCreateWithOps(MPI_Comm comm, const MaterialOps *ops, const char *name, Material *m);

/* The other kind, src/material/model*.c. Keys "material.model..."; model: the view of material.model. */
PetscErrorCode MaterialModelRegisterKeys(void);
PetscErrorCode MaterialCreateModel(MPI_Comm comm, Deck model, Material *m);

/* Average value[n][width] over runs of ascending energy[n] closer than MATERIAL_DEGENERATE. */
void AverageDegenerate(PetscInt n, const PetscReal *energy, int width, PetscReal *value);

#endif

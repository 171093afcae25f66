/*
  Model bands and phonons (private to src/material; phonons: model_phonons.c): valleys about their own centre, and a cosine band on a lattice.

    power      eps = E0 (k/k0)^p
    ellipsoid  eps = gamma(k) = k . W . k / 2,  W = sum_c axis_c axis_c^T / m_c
    kane       eps (1 + alpha eps) = gamma(k)
    cosine     eps = 2 sum_c t_c (1 - cos k.a_c)

  energy = edge + eps (conduction) or edge - eps (valence); the edge carries the strain shift
  Xi_d Tr(e) + Xi_u n.e.n of the valley whose axis is n.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MATERIAL_MODEL_H
#define UMKLAPP_MATERIAL_MODEL_H

#include "material_impl.h"

typedef enum { MODEL_POWER, MODEL_ELLIPSOID, MODEL_KANE, MODEL_COSINE } ModelKind; /* order of the deck's choices */

typedef struct {
  ModelKind kind;
  bool      valence;
  PetscReal edge;                        /* hartree, strain included */
  PetscReal w[3][3], axes[3][3], mass[3];/* inverse mass tensor; rows of axes: unit vectors of the masses */
  PetscReal alpha;                       /* 1/hartree */
  PetscReal energy, wavevector, exponent;
  PetscReal hopping[3];                  /* hartree, per lattice vector */
  int       valley;                      /* bands of the same valley share the origin of k */
} ModelBand;

typedef enum { PHONONS_DEBYE, PHONONS_EINSTEIN, PHONONS_SPRINGS } ModelPhononKind; /* order of the deck's choices */
#define MODEL_MAX_NEIGHBOURS 12
#define MODEL_MAX_IMAGES     16

typedef struct {
  ModelPhononKind kind;
  PetscReal mass, sound[2], frequency, spring[2]; /* electron masses; longitudinal, transverse; hartree; hartree/bohr^2 */
  int       nneighbours, range[3];
  PetscReal neighbour[MODEL_MAX_NEIGHBOURS][3];   /* Cartesian, bohr */
  bool      has_cubic;
  PetscReal cubic, exponent;                      /* |Phi_3|^2 = cubic (omega omega' omega'')^exponent */
} ModelPhonons;

typedef struct {
  PetscInt   nbands, nvalence; /* valence bands first */
  ModelBand *band;
  PetscReal *axis;             /* [nbands][3] unit vector of the first mass */
  PetscReal  extent;           /* hartree: energies reached inside the box */
  bool       box;              /* valleys about their own k origin; false: cosine bands on a lattice */
  int        dimension;
  Crystal    crystal;          /* borrowed from the material */
  bool       has_phonons;
  ModelPhonons phonons;
  bool       has_coupling, deformation;
  PetscReal  coupling;         /* D, hartree; or F, hartree/bohr */
  PetscReal  shear;            /* D of transverse modes, hartree */
} ModelMaterial;

extern const DeckKey ModelKeys[], ModelPhononKeys[], ModelCouplingKeys[];

/* Fill band, nbands, nvalence from the view of material.model. */
PetscErrorCode ModelReadBands(Deck model, ModelMaterial *m);
/* Fill phonons from the view of material.model; bands come first. */
PetscErrorCode ModelReadPhonons(Deck model, ModelMaterial *m);
/* What of the phonons follows from m->crystal. */
void ModelPhononsSetCrystal(ModelMaterial *m);
/* Cartesian images of q (fractional) that are equally short. */
int ModelShortest(const ModelMaterial *m, const PetscReal q[3], PetscReal image[MODEL_MAX_IMAGES][3]);
/* Fill the coupling from the view of material.model; bands and phonons come first. */
PetscErrorCode ModelReadCoupling(Deck model, ModelMaterial *m);
PetscErrorCode ModelCoupling(Material material, PetscInt count, const Complex *ket, PetscInt nq, const PetscReal *q, PetscInt nf, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2);
void ModelPhononsPrint(const ModelMaterial *m, FILE *out);
PetscErrorCode ModelPhononsEvaluate(Material material, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement);
PetscErrorCode ModelPhononVelocityMatrix(Material material, const PetscReal q[3], Complex *v);
PetscErrorCode ModelCubic(Material material, PetscInt npairs, const PetscReal q0[3], const PetscReal *omega0, const PetscReal *q, const PetscReal *omega, const PetscReal *q1, const PetscReal *omega1, PetscReal *phi2);
/* Lattice rows from the deck, or the box that encloses every valley up to the extent. thickness: 0 unless 2D with one. */
PetscErrorCode ModelReadCell(Deck model, ModelMaterial *m, PetscReal a[3][3], PetscReal *thickness);
/* Largest k.direction over the states of a valley within `extent` of its edge. */
PetscReal ModelBandReach(const ModelBand *b, PetscReal extent, const PetscReal direction[3]);
/* Energy (hartree) and gradient (hartree bohr; may be NULL) at Cartesian k; a: lattice rows, for the cosine. */
PetscReal ModelBandEnergy(const ModelBand *b, const PetscReal a[3][3], const PetscReal k[3], PetscReal gradient[3]);

#endif

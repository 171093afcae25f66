/*
  Model bands (private to src/material): valleys about their own centre, and a cosine band on a lattice.

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

typedef struct {
  PetscInt   nbands, nvalence; /* valence bands first */
  ModelBand *band;
  PetscReal *axis;             /* [nbands][3] unit vector of the first mass */
  PetscReal  extent;           /* hartree: energies reached inside the box */
  bool       box;              /* valleys about their own k origin; false: cosine bands on a lattice */
  int        dimension;
  Crystal    crystal;          /* borrowed from the material */
} ModelMaterial;

extern const DeckKey ModelKeys[];

/* Fill band, nbands, nvalence from the view of material.model. */
PetscErrorCode ModelReadBands(Deck model, ModelMaterial *m);
/* Lattice rows from the deck, or the box that encloses every valley up to the extent. thickness: 0 unless 2D with one. */
PetscErrorCode ModelReadCell(Deck model, ModelMaterial *m, PetscReal a[3][3], PetscReal *thickness);
/* Largest k.direction over the states of a valley within `extent` of its edge. */
PetscReal ModelBandReach(const ModelBand *b, PetscReal extent, const PetscReal direction[3]);
/* Energy (hartree) and gradient (hartree bohr; may be NULL) at Cartesian k; a: lattice rows, for the cosine. */
PetscReal ModelBandEnergy(const ModelBand *b, const PetscReal a[3][3], const PetscReal k[3], PetscReal gradient[3]);

#endif

/*
  The study `optical`: interband conductivity of interpolated electrons (Kubo and Greenwood) beside the intraband part,

    Re sigma_ij(omega) = (pi g_s / V N) sum_k sum_{n < m} (f_n - f_m)/(e_m - e_n) Re[v^i_nm v^j_mn] delta(omega - (e_m - e_n)),     omega > 0
    Im sigma_ij(omega) = -(2 omega/pi) P integral_0^inf Re sigma_ij(w) / (w^2 - omega^2) dw                                         (exp(-i omega t))
    D_ij               = (g_s / V N) sum_nk (-df/de) v^i_nn v^j_nn                       intraband: sigma = D tau / (1 - i omega tau)

  and the sum rule within the bands, (2/pi) integral Re sigma_ij + D_ij = T_ij = (g_s / V N) sum_nk f_n w_ij,nk, with w of MaterialOpticalMatrices.

  Transitions are collected in narrow bins, their delta functions integrated over each bin, so that sums do not depend on the broadening; the transform
  of a bin is exact.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_OPTICAL_H
#define UMKLAPP_MAIN_OPTICAL_H

#include "run.h"
#include "study.h"

#define OPTICAL_COLUMNS 7 /* xx yy zz yz xz xy, joint density of states */

typedef struct {
  Deck       section;
  Material   material;
  Crystal    crystal;
  KMesh      mesh;
  Scan       scan;
  PetscInt   nbands, npoints, nenergies, nbins;
  int        spin;
  bool       position;
  PetscReal *energy;          /* [nenergies] photons, hartree */
  PetscReal  width, adaptive; /* > 0: of every delta function; times the spread of a cell */
  PetscReal  tau, bin, scale; /* relaxation time, 0: none; width of a bin; g_s / V N */
  PetscReal *spectrum;        /* [npoints][nbins][OPTICAL_COLUMNS] integrals over bins */
  PetscReal *drude, *sum;     /* [npoints][6] D, T */
  PetscReal  gap, gap_k[3];   /* least e(nvalence + 1) - e(nvalence) on the mesh */
} OpticalStudy;

/* Sums over this rank's share of the wedge, added up over ranks and made symmetric. Collective. */
PetscErrorCode OpticalSum(OpticalStudy *study);
/* conductivity [nenergies][6] in atomic units of one point of the scan; joint [nenergies] (may be NULL): per hartree and cell, both spins. */
void           OpticalSpectrum(const OpticalStudy *study, PetscInt point, Complex *conductivity, PetscReal *joint);
/* Sum of a column over all bins. */
PetscReal      OpticalIntegral(const OpticalStudy *study, PetscInt point, int column);

#endif

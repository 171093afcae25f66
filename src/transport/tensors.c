/*
  What is read from L_XY: J = L_EE E - L_ET (grad T)/T, J_Q = L_TE E - L_TT (grad T)/T, real without a frequency.

    sigma = L_EE,  S = sigma^-1 L_ET / T,  Pi = L_TE sigma^-1,  kappa = (L_TT - L_TE sigma^-1 L_ET) / T
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"
#include <string.h>

void TensorMultiply(const Complex a[3][3], const Complex b[3][3], Complex factor, Complex out[3][3])
{
  Complex c[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) c[i][j] = factor * (a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j]);
  memcpy(out, c, sizeof(c));
}

bool TensorInvert(int d, const Complex m[3][3], Complex inverse[3][3])
{
  Complex   full[3][3] = {{0}};
  PetscReal scale      = 0.0;
  for (int i = 0; i < d; i++)
    for (int j = 0; j < d; j++) scale = PetscMax(scale, cabs(m[i][j]));
  memset(inverse, 0, sizeof(Complex[3][3]));
  if (!(scale > 0.0)) return false;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) full[i][j] = i < d && j < d ? m[i][j] / scale : i == j;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const int a = (j + 1) % 3, b = (j + 2) % 3, e = (i + 1) % 3, f = (i + 2) % 3;
      inverse[i][j] = full[a][e] * full[b][f] - full[a][f] * full[b][e];
    }
  const Complex det = full[0][0] * inverse[0][0] + full[0][1] * inverse[1][0] + full[0][2] * inverse[2][0];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) inverse[i][j] = i < d && j < d ? inverse[i][j] / (det * scale) : 0.0;
  return cabs(det) > 1e-14 || cabs(det) * scale * scale * scale > 1e-200;
}

PetscReal TensorNorm(const Complex m[3][3])
{
  PetscReal sum = 0.0;
  for (int r = 0; r < 9; r++) sum += creal(m[r / 3][r % 3] * conj(m[r / 3][r % 3]));
  return sqrt(sum);
}

void TensorSplit(const Complex m[3][3], PetscReal re[3][3], PetscReal im[3][3])
{
  for (int r = 0; r < 9; r++) {
    re[r / 3][r % 3] = creal(m[r / 3][r % 3]);
    if (im) im[r / 3][r % 3] = cimag(m[r / 3][r % 3]);
  }
}

void TensorJoin(const PetscReal re[3][3], const PetscReal im[3][3], Complex m[3][3])
{
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] = re[r / 3][r % 3] + (im ? I * im[r / 3][r % 3] : 0.0);
}

/* One result into the real tensors and, where wanted, the imaginary ones. */
#define PUT(value, member) TensorSplit(value, re->member, im ? im->member : NULL)

void TransportReadComplex(int dimension, PetscReal kT, const Complex L[2][2][3][3], TransportTensors *re, TransportTensors *im)
{
  const Complex(*EE)[3] = L[DRIVE_FIELD][DRIVE_FIELD], (*ET)[3] = L[DRIVE_FIELD][DRIVE_GRADIENT], (*TE)[3] = L[DRIVE_GRADIENT][DRIVE_FIELD], (*TT)[3] = L[DRIVE_GRADIENT][DRIVE_GRADIENT];
  Complex rho[3][3], tmp[3][3], tmp2[3][3];
  for (int x = 0; x < 2; x++)
    for (int y = 0; y < 2; y++) PUT(L[x][y], L[x][y]);
  PUT(EE, conductivity);
  if (!TensorInvert(dimension, EE, rho))
    for (int r = 0; r < 9; r++) rho[r / 3][r % 3] = NAN;
  PUT(rho, resistivity);
  TensorMultiply(rho, ET, 1.0 / kT, tmp);
  PUT(tmp, seebeck);
  TensorMultiply(TE, rho, 1.0, tmp);
  PUT(tmp, peltier);
  TensorMultiply(tmp, ET, 1.0, tmp2);
  for (int r = 0; r < 9; r++) tmp[r / 3][r % 3] = (TT[r / 3][r % 3] - tmp2[r / 3][r % 3]) / kT;
  PUT(tmp, kappa);
  TensorMultiply(tmp, rho, 1.0 / kT, tmp2);
  PUT(tmp2, lorenz);
  for (int r = 0; r < 9; r++) tmp[r / 3][r % 3] = ET[r / 3][r % 3] - TE[r % 3][r / 3];
  const PetscReal scale = sqrt(TensorNorm(EE) * TensorNorm(TT));
  re->onsager_defect    = scale > 0.0 ? TensorNorm(tmp) / scale : 0.0;
}

void TransportReadTensors(int dimension, PetscReal kT, TransportTensors *x)
{
  Complex L[2][2][3][3];
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++) TensorJoin((const PetscReal(*)[3])x->L[a][b], NULL, L[a][b]);
  TransportReadComplex(dimension, kT, (const Complex(*)[2][3][3])L, x, NULL);
}

void TransportReadLattice(PetscReal kT, const Complex L[3][3], TransportTensors *re, TransportTensors *im)
{
  Complex odd[3][3], kappa[3][3];
  for (int r = 0; r < 9; r++) {
    kappa[r / 3][r % 3] = L[r / 3][r % 3] / kT;
    odd[r / 3][r % 3]   = L[r / 3][r % 3] - L[r % 3][r / 3];
  }
  PUT(L, L[DRIVE_GRADIENT][DRIVE_GRADIENT]);
  PUT(kappa, lattice);
  re->onsager_defect = TensorNorm(L) > 0.0 ? TensorNorm((const Complex(*)[3])odd) / TensorNorm(L) : 0.0;
}

void TransportFillNan(TransportTensors *x)
{
  PetscReal(*const all[])[3] = {x->conductivity, x->seebeck, x->peltier, x->kappa, x->lorenz, x->resistivity, x->lattice, x->seebeck_electron, x->seebeck_phonon, x->peltier_electron, x->peltier_phonon, x->L[0][0], x->L[0][1], x->L[1][0], x->L[1][1]};
  for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
    for (int r = 0; r < 9; r++) all[k][r / 3][r % 3] = NAN;
}

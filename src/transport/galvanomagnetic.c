/*
  What resistivity, thermopower and thermal conductivity in a field B = |B| b are read as. Antisymmetric parts (A) over |B|, so that for B along z
  the element [y][x] is the coefficient:

    Hall           E_y = R_H B J_x,               rho^A_ij = -R_H eps_ijk B_k           R_H = 1/(n q)
    Nernst         E_y = N B dT/dx,               S^A/|B|
    Ettingshausen  dT/dy = P B J_x, dT/dx = 0, no heat flow along y: Pi^A/|B| over the mean of kappa across B;   kappa P = T N (Bridgman)
    Righi-Leduc    dT/dy = R B dT/dx, no heat flow and no current along y: (kappa^-1)^A over the mean of kappa^-1 across B
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"
#include <string.h>

/* (m - m^T)/2 times factor */
static void antisymmetric(const Complex m[3][3], PetscReal factor, Complex out[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) out[i][j] = 0.5 * factor * (m[i][j] - m[j][i]);
}

/* The element [y][x] of an antisymmetric tensor when z is along b */
static Complex around(const Complex m[3][3], const PetscReal b[3])
{
  return b[0] * m[2][1] + b[1] * m[0][2] + b[2] * m[1][0];
}

static Complex along(const Complex m[3][3], const PetscReal b[3])
{
  Complex sum = 0.0;
  for (int r = 0; r < 9; r++) sum += b[r / 3] * m[r / 3][r % 3] * b[r % 3];
  return sum;
}

/* Mean over the two directions across b */
static Complex across(const Complex m[3][3], const PetscReal b[3])
{
  return 0.5 * (m[0][0] + m[1][1] + m[2][2] - along(m, b));
}

PetscReal TransportHallNumber(const PetscReal hall[3][3], const PetscReal B[3], PetscReal charge)
{
  const PetscReal size = Norm3(B), b[3] = {B[0] / size, B[1] / size, B[2] / size};
  Complex         m[3][3];
  TensorJoin(hall, NULL, m);
  return charge * creal(around((const Complex(*)[3])m, b));
}

void TransportReadMagnetic(int dimension, const PetscReal B[3], PetscReal charge, const TransportTensors *re, const TransportTensors *im, const TransportTensors *const still[2], TransportMagnetic *x)
{
  const PetscReal size = Norm3(B), b[3] = {B[0] / size, B[1] / size, B[2] / size};
  Complex         rho[3][3], rho0[3][3], S[3][3], Pi[3][3], kappa[3][3], lattice[3][3], thermal[3][3], odd[3][3];
#define JOIN(member, to) TensorJoin((const PetscReal(*)[3])re->member, im ? (const PetscReal(*)[3])im->member : NULL, to)
#define CONST(m) ((const Complex(*)[3])(m))
  JOIN(resistivity, rho);
  JOIN(seebeck, S);
  JOIN(peltier, Pi);
  JOIN(kappa, kappa);
  JOIN(lattice, lattice);
  if (still[0]) TensorJoin((const PetscReal(*)[3])still[0]->resistivity, still[1] ? (const PetscReal(*)[3])still[1]->resistivity : NULL, rho0);
  for (int r = 0; r < 9 && !still[0]; r++) rho0[r / 3][r % 3] = NAN;
  for (int r = 0; r < 9; r++) kappa[r / 3][r % 3] += lattice[r / 3][r % 3];
  antisymmetric(CONST(rho), 1.0 / size, x->hall);
  antisymmetric(CONST(S), 1.0 / size, x->nernst);
  if (!TensorInvert(dimension, CONST(kappa), thermal))
    for (int r = 0; r < 9; r++) thermal[r / 3][r % 3] = NAN;
  antisymmetric(CONST(Pi), 1.0 / size, odd);
  for (int r = 0; r < 9; r++) x->ettingshausen[r / 3][r % 3] = odd[r / 3][r % 3] / across(CONST(kappa), b);
  antisymmetric(CONST(thermal), 1.0 / size, odd);
  x->righi_leduc   = around(CONST(odd), b) / across(CONST(thermal), b);
  x->hall_number   = charge * around(CONST(x->hall), b);
  x->hall_mobility = around(CONST(x->hall), b) / across(CONST(rho), b);
  for (int r = 0; r < 9; r++) {
    const int     i = r / 3, j = r % 3;
    const Complex scale = csqrt(rho0[i][i]) * csqrt(rho0[j][j]);
    x->magnetoresistance[i][j] = cabs(scale) != 0.0 ? (0.5 * (rho[i][j] + rho[j][i]) - rho0[i][j]) / scale : 0.0;
  }
  x->transverse   = across(CONST(rho), b) / across(CONST(rho0), b) - 1.0;
  x->longitudinal = dimension == 3 ? along(CONST(rho), b) / along(CONST(rho0), b) - 1.0 : NAN;
}

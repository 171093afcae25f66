/*
  Energies and velocities of model bands, in closed form.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"

/* gamma = k.W.k/2; g = W k */
static PetscReal quadratic(const ModelBand *b, const PetscReal k[3], PetscReal g[3])
{
  MatVec3(b->w, k, g);
  return 0.5 * Dot3(k, g);
}

static PetscReal kane(const ModelBand *b, const PetscReal k[3], PetscReal g[3])
{
  const PetscReal gamma = quadratic(b, k, g), root = sqrt(1.0 + 4.0 * b->alpha * gamma);
  for (int c = 0; c < 3; c++) g[c] /= root; /* d eps / d gamma = 1/(1 + 2 alpha eps) = 1/root */
  return 2.0 * gamma / (1.0 + root);
}

static PetscReal power(const ModelBand *b, const PetscReal k[3], PetscReal g[3])
{
  const PetscReal k2 = Dot3(k, k), eps = k2 > 0.0 ? b->energy * pow(sqrt(k2) / b->wavevector, b->exponent) : 0.0;
  for (int c = 0; c < 3; c++) g[c] = k2 > 0.0 ? b->exponent * eps * k[c] / k2 : 0.0;
  return eps;
}

static PetscReal cosine(const ModelBand *b, const PetscReal a[3][3], const PetscReal k[3], PetscReal g[3])
{
  PetscReal eps = 0.0;
  g[0] = g[1] = g[2] = 0.0;
  for (int i = 0; i < 3; i++) {
    const PetscReal phase = Dot3(k, a[i]), half = sin(0.5 * phase);
    eps += 4.0 * b->hopping[i] * half * half;
    for (int c = 0; c < 3; c++) g[c] += 2.0 * b->hopping[i] * sin(phase) * a[i][c];
  }
  return eps;
}

PetscReal ModelBandEnergy(const ModelBand *b, const PetscReal a[3][3], const PetscReal k[3], PetscReal gradient[3])
{
  const PetscReal sign = b->valence ? -1.0 : 1.0;
  PetscReal       g[3], eps = 0.0;
  switch (b->kind) {
  case MODEL_POWER: eps = power(b, k, g); break;
  case MODEL_ELLIPSOID: eps = quadratic(b, k, g); break;
  case MODEL_KANE: eps = kane(b, k, g); break;
  case MODEL_COSINE: eps = cosine(b, a, k, g); break;
  }
  if (gradient)
    for (int c = 0; c < 3; c++) gradient[c] = sign * g[c];
  return b->edge + sign * eps;
}

/* On the ellipsoid gamma = const the largest k.d is sqrt(2 gamma d.W^-1.d). */
PetscReal ModelBandReach(const ModelBand *b, PetscReal extent, const PetscReal direction[3])
{
  const PetscReal gamma = b->kind == MODEL_KANE ? extent * (1.0 + b->alpha * extent) : extent;
  PetscReal       mass  = 0.0;
  if (b->kind == MODEL_POWER) return Norm3(direction) * b->wavevector * pow(extent / b->energy, 1.0 / b->exponent);
  for (int i = 0; i < 3; i++) mass += b->mass[i] * Dot3(b->axes[i], direction) * Dot3(b->axes[i], direction);
  return sqrt(2.0 * gamma * mass);
}

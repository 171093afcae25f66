/*
  Dipole terms of polar crystals, in the form that was subtracted from the coarse-mesh data (EPW's rigid_epw; Gonze, PRB 50, 13035;
  Verdi and Giustino, PRL 115, 176401). K = q + G in units of 2 pi / L (L = polar_length, the source's alat), cut at (K.eps.K)/4 < 14:

    D_na,nb += (4 pi/V) [ sum_K (K.Z_na)(K.Z_nb) e^{2 pi i K.(tau_na - tau_nb)/L} e^{-K.eps.K/4}/(K.eps.K)
                          - delta_na,nb sum_{G /= 0} (G.Z_na) sum_nb' (G.Z_nb') cos(2 pi G.(tau_na - tau_nb')/L) e^{-G.eps.G/4}/(G.eps.G) ]
    L_na    += i (4 pi/V) sum_K e^{-2 pi i K.tau_na/L} (K.Z_na) e^{-x/4}/x,   x = (K.eps.K) (2 pi/L) (one factor: as in the source)
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar.h"

#define CUT 14.0

typedef struct {
  PetscReal K[3], KeK;  /* units of 2 pi / L */
  PetscReal eK[3];      /* (eps + eps^T)/2 . K */
} Wave;

/* K = q + G; false when zero or beyond the cut */
static bool make_wave(const Dipoles *d, const PetscReal q[3], const int n[3], Wave *k)
{
  const PetscReal unit = d->length / (2.0 * UMK_PI);

  for (int i = 0; i < 3; i++) {
    k->K[i] = 0.0;
    for (int c = 0; c < 3; c++) k->K[i] += (q[c] + n[c]) * d->b[c][i] * unit;
  }
  for (int i = 0; i < 3; i++) {
    k->eK[i] = 0.0;
    for (int j = 0; j < 3; j++) k->eK[i] += 0.5 * (d->epsilon[i][j] + d->epsilon[j][i]) * k->K[j];
  }
  k->KeK = Dot3(k->K, k->eK);
  return k->KeK > 1e-24 && k->KeK / 4.0 < CUT;
}

/* z[na][j] = sum_i K_i Z*[na][i][j], phase[na] = e^{-2 pi i K.tau/L} */
static void charges(const Dipoles *d, const PetscReal K[3], PetscReal *z, Complex *phase)
{
  for (PetscInt na = 0; na < d->natoms; na++) {
    const PetscReal x = -2.0 * UMK_PI / d->length * Dot3(K, &d->tau[3 * na]);

    for (int j = 0; j < 3; j++) z[3 * na + j] = K[0] * d->zstar[9 * na + j] + K[1] * d->zstar[9 * na + 3 + j] + K[2] * d->zstar[9 * na + 6 + j];
    phase[na] = CMPLX(cos(x), sin(x));
  }
}

/* Onto D (and its gradient) the terms of one K; self: the G sum that keeps the acoustic sum rule instead */
static void add_wave(const Dipoles *d, const Wave *k, PetscReal *z, Complex *phase, bool self, Complex *D, Complex *gradient)
{
  const PetscInt  nm = 3 * d->natoms, m2 = nm * nm;
  const PetscReal f  = 4.0 * UMK_PI / d->volume * exp(-k->KeK / 4.0) / k->KeK, unit = d->length / (2.0 * UMK_PI);

  charges(d, k->K, z, phase);
  for (PetscInt a = 0; a < nm; a++)
    for (PetscInt b = 0; b < nm; b++) {
      const PetscInt na = a / 3, nb = b / 3;
      const Complex  e  = conj(phase[na]) * phase[nb]; /* e^{i K.(tau_na - tau_nb)} */

      if (self) {
        D[a * nm + 3 * na + b % 3] -= f * z[a] * z[b] * creal(e);
        continue;
      }
      D[a * nm + b] += f * z[a] * z[b] * e;
      for (int i = 0; gradient && i < 3; i++) { /* d/dq_i in bohr: K is in 2 pi / L */
        const PetscReal da = d->zstar[9 * na + 3 * i + a % 3], db = d->zstar[9 * nb + 3 * i + b % 3];
        const PetscReal dtau = d->tau[3 * na + i] - d->tau[3 * nb + i];
        const PetscReal df   = -2.0 * k->eK[i] * (0.25 + 1.0 / k->KeK);

        gradient[i * m2 + a * nm + b] += f * e * (unit * (da * z[b] + z[a] * db + z[a] * z[b] * df) + I * dtau * z[a] * z[b]);
      }
    }
}

static void extent(const Dipoles *d, int top[3])
{
  const PetscReal unit = d->length / (2.0 * UMK_PI);

  for (int i = 0; i < 3; i++) top[i] = d->mesh[i] == 1 ? 0 : (int)(sqrt(4.0 * CUT) / (Norm3(d->b[i]) * unit)) + 1;
}

/* The lattice sums are periodic in q once q is near the origin; EPW's box of G is centred there. */
static void fold(const PetscReal q[3], PetscReal folded[3])
{
  for (int i = 0; i < 3; i++) folded[i] = q[i] - rint(q[i]);
}

PetscErrorCode DipolesDynamical(const Dipoles *d, const PetscReal q[3], Complex *D, Complex *gradient)
{
  const PetscReal zero[3] = {0, 0, 0};
  PetscReal       near[3], *z;
  Complex        *phase;
  int             top[3], n[3];

  PetscFunctionBeginUser;
  fold(q, near);
  extent(d, top);
  PetscCall(PetscMalloc2(3 * d->natoms, &z, d->natoms, &phase));
  for (n[0] = -top[0]; n[0] <= top[0]; n[0]++)
    for (n[1] = -top[1]; n[1] <= top[1]; n[1]++)
      for (n[2] = -top[2]; n[2] <= top[2]; n[2]++) {
        Wave k;

        if (make_wave(d, zero, n, &k)) add_wave(d, &k, z, phase, true, D, NULL);
        if (make_wave(d, near, n, &k)) add_wave(d, &k, z, phase, false, D, gradient);
      }
  PetscCall(PetscFree2(z, phase));
  PetscFunctionReturn(0);
}

static Dipoles dipoles(Material m)
{
  const Wannier *w = m->data;
  Dipoles        d = {.natoms = w->head.natoms, .volume = m->crystal->volume, .length = w->head.polar_length, .tau = m->crystal->tau, .zstar = w->zstar};

  memcpy(d.mesh, w->head.coarse_q, sizeof(d.mesh));
  memcpy(d.b, m->crystal->b, sizeof(d.b));
  memcpy(d.epsilon, w->head.epsilon, sizeof(d.epsilon));
  return d;
}

PetscErrorCode PolarDynamical(Material m, const PetscReal q[3], Complex *D, Complex *gradient)
{
  const Dipoles d = dipoles(m);

  PetscFunctionBeginUser;
  PetscCall(DipolesDynamical(&d, q, D, gradient));
  PetscFunctionReturn(0);
}

PetscErrorCode PolarVertex(Material m, const PetscReal q[3], Complex *L)
{
  const Wannier     *w = m->data;
  const WannierHead *h = &w->head;
  const Dipoles      d = dipoles(m);
  PetscReal          near[3], *z;
  Complex           *phase;
  int                n[3];

  PetscFunctionBeginUser;
  memset(L, 0, sizeof(Complex) * (size_t)h->nm);
  fold(q, near);
  if (fabs(near[0]) <= 1e-8 && fabs(near[1]) <= 1e-8 && fabs(near[2]) <= 1e-8) PetscFunctionReturn(0);
  PetscCall(PetscMalloc2(h->nm, &z, h->natoms, &phase));
  for (n[0] = -(int)h->coarse_q[0]; n[0] <= h->coarse_q[0]; n[0]++)
    for (n[1] = -(int)h->coarse_q[1]; n[1] <= h->coarse_q[1]; n[1]++)
      for (n[2] = -(int)h->coarse_q[2]; n[2] <= h->coarse_q[2]; n[2]++) {
        Wave k;

        if (!make_wave(&d, near, n, &k)) continue;
        const PetscReal x = k.KeK * 2.0 * UMK_PI / h->polar_length, f = 4.0 * UMK_PI / m->crystal->volume * exp(-x / 4.0) / x;
        charges(&d, k.K, z, phase);
        for (PetscInt c = 0; c < h->nm; c++) L[c] += I * f * phase[c / 3] * z[c];
      }
  PetscCall(PetscFree2(z, phase));
  PetscFunctionReturn(0);
}

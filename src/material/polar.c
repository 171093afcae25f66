/*
  Dipole terms of polar crystals, in the form that was subtracted from the coarse-mesh data (EPW's rigid_epw; Gonze, PRB 50, 13035;
  Verdi and Giustino, PRL 115, 176401). K = q + G in units of 2 pi / L (L = polar_length, the source's alat), cut at (K.eps.K)/4 < 14:

    D_na,nb += (4 pi/V) [ sum_K (K.Z_na)(K.Z_nb) e^{2 pi i K.(tau_na - tau_nb)/L} e^{-K.eps.K/4}/(K.eps.K)
                          - delta_na,nb sum_{G /= 0} (G.Z_na) sum_nb' (G.Z_nb') cos(2 pi G.(tau_na - tau_nb')/L) e^{-G.eps.G/4}/(G.eps.G) ]
    L_na    += i (4 pi/V) sum_K e^{-2 pi i K.tau_na/L} (K.Z_na) e^{-x/4}/x,   x = (K.eps.K) (2 pi/L) (one factor: as in the source)
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"

#define CUT 14.0

typedef struct {
  PetscReal K[3], KeK;  /* units of 2 pi / L */
  PetscReal eK[3];      /* (eps + eps^T)/2 . K */
} Wave;

/* K = q + G; false when zero or beyond the cut */
static bool make_wave(Material m, const PetscReal q[3], const int n[3], Wave *k)
{
  const WannierHead *h    = &((Wannier *)m->data)->head;
  const PetscReal    unit = h->polar_length / (2.0 * UMK_PI);

  for (int i = 0; i < 3; i++) {
    k->K[i] = 0.0;
    for (int c = 0; c < 3; c++) k->K[i] += (q[c] + n[c]) * m->crystal->b[c][i] * unit;
  }
  for (int i = 0; i < 3; i++) {
    k->eK[i] = 0.0;
    for (int j = 0; j < 3; j++) k->eK[i] += 0.5 * (h->epsilon[i][j] + h->epsilon[j][i]) * k->K[j];
  }
  k->KeK = Dot3(k->K, k->eK);
  return k->KeK > 1e-24 && k->KeK / 4.0 < CUT;
}

/* z[na][j] = sum_i K_i Z*[na][i][j], phase[na] = e^{-2 pi i K.tau/L} */
static void charges(Material m, const PetscReal K[3], PetscReal *z, Complex *phase)
{
  const Wannier *w = m->data;

  for (PetscInt na = 0; na < w->head.natoms; na++) {
    const PetscReal x = -2.0 * UMK_PI / w->head.polar_length * Dot3(K, &m->crystal->tau[3 * na]);

    for (int j = 0; j < 3; j++) z[3 * na + j] = K[0] * w->zstar[9 * na + j] + K[1] * w->zstar[9 * na + 3 + j] + K[2] * w->zstar[9 * na + 6 + j];
    phase[na] = CMPLX(cos(x), sin(x));
  }
}

/* Onto D (and its gradient) the terms of one K; self: the G sum that keeps the acoustic sum rule instead */
static void add_wave(Material m, const Wave *k, PetscReal *z, Complex *phase, bool self, Complex *D, Complex *gradient)
{
  const Wannier  *w    = m->data;
  const PetscInt  nm   = w->head.nm, m2 = nm * nm;
  const PetscReal f    = 4.0 * UMK_PI / m->crystal->volume * exp(-k->KeK / 4.0) / k->KeK, unit = w->head.polar_length / (2.0 * UMK_PI);

  charges(m, k->K, z, phase);
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
        const PetscReal da = w->zstar[9 * na + 3 * i + a % 3], db = w->zstar[9 * nb + 3 * i + b % 3];
        const PetscReal dtau = m->crystal->tau[3 * na + i] - m->crystal->tau[3 * nb + i];
        const PetscReal df   = -2.0 * k->eK[i] * (0.25 + 1.0 / k->KeK);

        gradient[i * m2 + a * nm + b] += f * e * (unit * (da * z[b] + z[a] * db + z[a] * z[b] * df) + I * dtau * z[a] * z[b]);
      }
    }
}

static void extent(Material m, int top[3])
{
  const WannierHead *h    = &((Wannier *)m->data)->head;
  const PetscReal    unit = h->polar_length / (2.0 * UMK_PI);

  for (int i = 0; i < 3; i++) top[i] = h->coarse_q[i] == 1 ? 0 : (int)(sqrt(4.0 * CUT) / (Norm3(m->crystal->b[i]) * unit)) + 1;
}

/* The lattice sums are periodic in q once q is near the origin; EPW's box of G is centred there. */
static void fold(const PetscReal q[3], PetscReal folded[3])
{
  for (int i = 0; i < 3; i++) folded[i] = q[i] - rint(q[i]);
}

PetscErrorCode PolarDynamical(Material m, const PetscReal q[3], Complex *D, Complex *gradient)
{
  const PetscReal zero[3] = {0, 0, 0};
  const Wannier  *w       = m->data;
  PetscReal       near[3], *z;
  Complex        *phase;
  int             top[3], n[3];

  PetscFunctionBeginUser;
  fold(q, near);
  extent(m, top);
  PetscCall(PetscMalloc2(w->head.nm, &z, w->head.natoms, &phase));
  for (n[0] = -top[0]; n[0] <= top[0]; n[0]++)
    for (n[1] = -top[1]; n[1] <= top[1]; n[1]++)
      for (n[2] = -top[2]; n[2] <= top[2]; n[2]++) {
        Wave k;

        if (make_wave(m, zero, n, &k)) add_wave(m, &k, z, phase, true, D, NULL);
        if (make_wave(m, near, n, &k)) add_wave(m, &k, z, phase, false, D, gradient);
      }
  PetscCall(PetscFree2(z, phase));
  PetscFunctionReturn(0);
}

PetscErrorCode PolarVertex(Material m, const PetscReal q[3], Complex *L)
{
  const Wannier     *w = m->data;
  const WannierHead *h = &w->head;
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

        if (!make_wave(m, near, n, &k)) continue;
        const PetscReal x = k.KeK * 2.0 * UMK_PI / h->polar_length, f = 4.0 * UMK_PI / m->crystal->volume * exp(-x / 4.0) / x;
        charges(m, k.K, z, phase);
        for (PetscInt c = 0; c < h->nm; c++) L[c] += I * f * phase[c / 3] * z[c];
      }
  PetscCall(PetscFree2(z, phase));
  PetscFunctionReturn(0);
}

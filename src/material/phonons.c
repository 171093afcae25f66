/*
  Interpolated phonons:  D(q) = sum_R e^{iq.R} D(R) (+ dipole part), mass weighted, D e = omega |omega| e, displacement e/sqrt(M),
  velocity  u^+ dD u / (2 omega), the trace over degenerate modes shared; the matrix  e_m^+ dD e_n / (2 sqrt(omega_m omega_n)).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"

#define BATCH 64

/* Long-range part of one q, mass weighted, onto D and (width > m2) its gradient */
static PetscErrorCode add_dipoles(Material m, const PetscReal q[3], bool gradient, Complex *D, Complex *work)
{
  const Wannier *w  = m->data;
  const PetscInt nm = w->head.nm, m2 = nm * nm;

  PetscFunctionBeginUser;
  memset(work, 0, sizeof(Complex) * (size_t)(4 * m2));
  PetscCall(PolarDynamical(m, q, work, gradient ? work + m2 : NULL));
  for (PetscInt c = 0; c < (gradient ? 4 : 1) * m2; c++) D[c] += work[c] / (w->sqrt_mass[c % m2 / nm] * w->sqrt_mass[c % nm]);
  PetscFunctionReturn(0);
}

static PetscErrorCode batch_phonons(Material m, EigenWork *eigen, PetscInt nq, const PetscReal *q, const PetscReal *phases, Complex *D, PetscReal *omega, PetscReal *velocity, Complex *displacement)
{
  const Wannier *w  = m->data;
  const PetscInt nm = w->head.nm, m2 = nm * nm, width = velocity ? 4 * m2 : m2;
  Complex       *e, *work;
  PetscReal     *value, *diagonal;

  PetscFunctionBeginUser;
  PetscCall(LatticeSumEvaluate(&w->sum_d, nq, BATCH, phases, 0, width, D));
  PetscCall(PetscMalloc4(m2, &e, 4 * m2, &work, nm, &value, nm, &diagonal));
  for (PetscInt iq = 0; iq < nq; iq++) {
    Complex *Dq = D + iq * width;

    if (w->head.polar) PetscCall(add_dipoles(m, &q[3 * iq], velocity != NULL, Dq, work));
    PetscCall(HermitianEigen(eigen, Dq, value, velocity || displacement ? e : NULL));
    for (PetscInt n = 0; n < nm; n++) value[n] = copysign(sqrt(fabs(value[n])), value[n]);
    if (omega) memcpy(omega + iq * nm, value, sizeof(PetscReal) * (size_t)nm);
    for (int i = 0; velocity && i < 3; i++) {
      HermitianDiagonal(nm, Dq + (i + 1) * m2, e, diagonal);
      /* an acoustic mode at Gamma has no direction to move in */
      for (PetscInt n = 0; n < nm; n++) velocity[(iq * nm + n) * 3 + i] = fabs(value[n]) > MATERIAL_DEGENERATE ? diagonal[n] / (2.0 * fabs(value[n])) : 0.0;
    }
    if (velocity) AverageDegenerate(nm, value, 3, velocity + iq * nm * 3);
    for (PetscInt c = 0; displacement && c < m2; c++) displacement[iq * m2 + c] = e[c] / w->sqrt_mass[c / nm];
  }
  PetscCall(PetscFree4(e, work, value, diagonal));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierPhonons(Material m, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement)
{
  const Wannier *w  = m->data;
  const PetscInt nm = w->head.nm, m2 = nm * nm;
  EigenWork      eigen;
  PetscReal     *phases;
  Complex       *D;

  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(nm, &eigen));
  PetscCall(AlignedAlloc((size_t)((w->pair_q.ncos + w->pair_q.nsin) * BATCH), &phases));
  PetscCall(PetscMalloc1(BATCH * 4 * m2, &D));
  for (PetscInt i = 0; i < nq; i += BATCH) {
    const PetscInt n = PetscMin(BATCH, nq - i);

    PetscCall(PairingPhases(&w->pair_q, n, &q[3 * i], BATCH, phases));
    PetscCall(batch_phonons(m, &eigen, n, &q[3 * i], phases, D, omega ? omega + i * nm : NULL, velocity ? velocity + 3 * i * nm : NULL, displacement ? displacement + i * m2 : NULL));
  }
  PetscCall(PetscFree(D));
  PetscCall(AlignedFree(&phases));
  PetscCall(EigenWorkDestroy(&eigen));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierPhononVelocityMatrix(Material m, const PetscReal q[3], Complex *v)
{
  const Wannier *w  = m->data;
  const PetscInt nm = w->head.nm, m2 = nm * nm;
  EigenWork      eigen;
  PetscReal     *phases, *omega;
  Complex       *D, *work, *e, *part;

  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(nm, &eigen));
  PetscCall(AlignedAlloc((size_t)((w->pair_q.ncos + w->pair_q.nsin) * VECTOR_WIDTH), &phases));
  PetscCall(PetscMalloc5(4 * m2, &D, 4 * m2, &work, m2, &e, m2, &part, nm, &omega));
  PetscCall(PairingPhases(&w->pair_q, 1, q, VECTOR_WIDTH, phases));
  PetscCall(LatticeSumEvaluate(&w->sum_d, 1, VECTOR_WIDTH, phases, 0, 4 * m2, D));
  if (w->head.polar) PetscCall(add_dipoles(m, q, true, D, work));
  PetscCall(HermitianEigen(&eigen, D, omega, e));
  for (PetscInt n = 0; n < nm; n++) omega[n] = sqrt(fabs(omega[n]));
  for (int i = 0; i < 3; i++) {
    HermitianRotate(nm, D + (i + 1) * m2, e, part);
    for (PetscInt c = 0; c < m2; c++) {
      const PetscReal wm = omega[c / nm], wn = omega[c % nm];

      v[3 * c + i] = PetscMin(wm, wn) > MATERIAL_DEGENERATE ? part[c] / (2.0 * sqrt(wm * wn)) : 0.0;
    }
  }
  PetscCall(PetscFree5(D, work, e, part, omega));
  PetscCall(AlignedFree(&phases));
  PetscCall(EigenWorkDestroy(&eigen));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierForceConstants(Material m, PetscInt *nR, const int (**R)[3], const Complex **phi, bool *polar)
{
  const Wannier *w = m->data;

  PetscFunctionBeginUser;
  *nR    = w->head.nRq;
  *R     = (const int(*)[3])w->Rq;
  *phi   = w->D.at;
  *polar = w->head.polar != 0;
  PetscFunctionReturn(0);
}

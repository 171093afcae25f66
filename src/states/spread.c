/*
  Velocities of degenerate states. Approached along a direction u, the states are those that diagonalize u.v in the degenerate subspace,
  with the velocities <n|v|n>: +s and -s around a line where two bands cross linearly, whose mean is zero. A mesh point on such a line
  stands for the points around it, so the product of velocities is averaged over directions:

    spread_ab = < (1/d) sum_n v_a,nn v_b,nn >_u - v_a v_b   (v: the mean)

  The directions are the images of a few generic ones under the crystal's operations, so that the tensor is covariant.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include "states_impl.h"

#define GENERIC    4
#define DEGENERATE (1e-6 * UMK_RYDBERG)

PetscErrorCode SpreadDirections(Crystal crystal, PetscInt *n, PetscReal **direction)
{
  static const PetscReal generic[GENERIC][3] = {{0.26, 0.48, 0.838}, {0.11, 0.29, 0.951}, {0.45, 0.57, 0.687}, {0.05, 0.63, 0.775}};
  PetscFunctionBeginUser;
  *n = GENERIC * crystal->nops;
  PetscCall(PetscMalloc1(3 * *n, direction));
  for (PetscInt io = 0; io < crystal->nops; io++)
    for (int g = 0; g < GENERIC; g++) MatVec3((const PetscReal(*)[3])crystal->op[io].cart, generic[g], *direction + 3 * (GENERIC * io + g));
  PetscFunctionReturn(0);
}

static inline Complex element(PetscInt nbands, const Complex *v, const int32_t *band, PetscInt n, PetscInt m, int c) { return v[3 * (band[n] * nbands + band[m]) + c]; }

PetscErrorCode SpreadDegenerate(PetscInt nbands, const Complex *v, PetscInt d, const int32_t *band, const PetscReal mean[3], PetscInt ndirections, const PetscReal *direction, PetscReal spread[6])
{
  static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  Complex         *h;
  PetscReal       *e;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(d * d, &h, d, &e));
  for (int r = 0; r < 6; r++) spread[r] = 0.0;
  for (PetscInt i = 0; i < ndirections; i++) {
    for (PetscInt n = 0; n < d; n++)
      for (PetscInt m = 0; m < d; m++) {
        h[n * d + m] = 0.0;
        for (int c = 0; c < 3; c++) h[n * d + m] += 0.5 * direction[3 * i + c] * (element(nbands, v, band, n, m, c) + conj(element(nbands, v, band, m, n, c)));
      }
    UmkCheck(LAPACKE_zheev(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)d, (lapack_complex_double *)h, (lapack_int)d, e) == 0, "zheev failed");
    for (PetscInt n = 0; n < d; n++) {
      PetscReal w[3];
      for (int c = 0; c < 3; c++) {
        Complex sum = 0.0;
        for (PetscInt p = 0; p < d; p++)
          for (PetscInt q = 0; q < d; q++) sum += conj(h[p * d + n]) * element(nbands, v, band, p, q, c) * h[q * d + n];
        w[c] = creal(sum);
      }
      for (int r = 0; r < 6; r++) spread[r] += w[pair[r][0]] * w[pair[r][1]] / (PetscReal)(d * ndirections);
    }
  }
  for (int r = 0; r < 6; r++) spread[r] -= mean[pair[r][0]] * mean[pair[r][1]];
  PetscCall(PetscFree2(h, e));
  PetscFunctionReturn(0);
}

PetscErrorCode SpreadFill(States s, PetscInt n, SpreadMatrix matrix)
{
  SharedArray array;
  PetscReal  *spread, k[3], *direction;
  PetscInt    begin, end, ndirections;
  Complex    *v;
  PetscErrorCode code = 0;
  PetscFunctionBeginUser;
  PetscCall(StatesNewArray(s, sizeof(PetscReal[6]) * (size_t)s->nstates, &array, &spread));
  s->spread = spread;
  if (!matrix) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(3 * n * n, &v));
  PetscCall(SpreadDirections(s->mesh->crystal, &ndirections, &direction));
  StatesShare(s->comm, s->nk, &begin, &end);
  for (PetscInt ik = begin; ik < end && !code; ik++) {
    bool have = false;
    if (StopPending()) code = UMK_ERR_STOPPED;
    for (int32_t a = s->first[ik], next; a < s->first[ik + 1]; a = next) {
      for (next = a + 1; next < s->first[ik + 1] && s->energy[next] - s->energy[next - 1] < DEGENERATE; next++) { }
      if (next == a + 1) continue;
      if (!have) {
        MeshPoint(s->mesh, s->mesh->wedge[s->wedge[ik]], k);
        PetscCall(matrix(s->material, k, v));
        have = true;
      }
      PetscCall(SpreadDegenerate(n, v, next - a, s->band + a, s->velocity + 3 * a, ndirections, direction, spread + 6 * a));
      for (int32_t b = a + 1; b < next; b++) PetscCall(PetscArraycpy(spread + 6 * b, spread + 6 * a, 6));
    }
  }
  PetscCall(PetscFree(v));
  PetscCall(PetscFree(direction));
  PetscCall(ErrorAgree(s->comm, code));
  const size_t from = s->nk ? (size_t)s->first[begin] : 0, to = s->nk ? (size_t)s->first[end] : 0;
  PetscCall(SharedArrayCombine(array, sizeof(PetscReal[6]) * from, sizeof(PetscReal[6]) * to));
  PetscFunctionReturn(0);
}

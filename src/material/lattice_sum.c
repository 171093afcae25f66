/* Lattice sums F(k) = sum_R e^{2 pi i k.R} F(R) in real arithmetic over pairs (R, -R): see wannier_impl.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"
#include <cblas.h>

static int compare_vectors(const int *x, const int *y)
{
  for (int i = 0; i < 3; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

static PetscInt find_vector(PetscInt n, int (*const *sorted)[3], const int v[3])
{
  PetscInt low = 0, high = n - 1;

  while (low <= high) {
    const PetscInt middle = (low + high) / 2;
    const int      c      = compare_vectors(*sorted[middle], v);

    if (c == 0) return middle;
    if (c < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

static int compare_pointers(const void *x, const void *y)
{
  return compare_vectors(**(int (*const *)[3])x, **(int (*const *)[3])y);
}

PetscErrorCode PairingCreate(PetscInt nR, int (*R)[3], Pairing *p)
{
  int  (**sorted)[3];
  bool  *done;

  PetscFunctionBeginUser;
  memset(p, 0, sizeof(*p));
  p->nR = nR;
  PetscCall(PetscMalloc3(nR, &p->R, nR, &p->plus, nR, &p->minus));
  PetscCall(PetscMalloc1(nR, &sorted));
  PetscCall(PetscCalloc1(nR, &done));
  for (PetscInt r = 0; r < nR; r++) sorted[r] = &R[r];
  qsort(sorted, (size_t)nR, sizeof(*sorted), compare_pointers);
  for (int pass = 0; pass < 2; pass++) /* the origin first */
    for (PetscInt r = 0; r < nR; r++) {
      const bool origin = !R[r][0] && !R[r][1] && !R[r][2];
      const int  v[3]   = {-R[r][0], -R[r][1], -R[r][2]};
      PetscInt   partner;

      if (done[r] || origin != (pass == 0)) continue;
      partner = origin ? -1 : find_vector(nR, sorted, v);
      if (partner >= 0) partner = sorted[partner] - R;
      done[r] = true;
      if (partner >= 0) done[partner] = true;
      memcpy(p->R[p->ncos], R[r], sizeof(int[3]));
      for (int i = 0; i < 3; i++) p->range[i] = PetscMax(p->range[i], abs(v[i]));
      p->plus[p->ncos]    = r;
      p->minus[p->ncos++] = partner;
      p->nsin += !origin;
    }
  PetscCall(PetscFree(sorted));
  PetscCall(PetscFree(done));
  PetscFunctionReturn(0);
}

PetscErrorCode PairingDestroy(Pairing *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(p->R, p->plus, p->minus));
  PetscFunctionReturn(0);
}

/* power[axis][n + range] = e^{2 pi i n k_axis} for the VECTOR_WIDTH points k */
static void powers(const Pairing *p, const PetscReal k[3][VECTOR_WIDTH], int axis, RealVector *re, RealVector *im)
{
  const int  top = p->range[axis];
  RealVector c, s;

  for (int i = 0; i < VECTOR_WIDTH; i++) {
    const PetscReal x = 2.0 * UMK_PI * (k[axis][i] - rint(k[axis][i]));

    c[i] = cos(x);
    s[i] = sin(x);
  }
  re[top] = (RealVector){1, 1, 1, 1, 1, 1, 1, 1};
  im[top] = (RealVector){0};
  for (int n = 1; n <= top; n++) {
    re[top + n] = re[top + n - 1] * c - im[top + n - 1] * s;
    im[top + n] = re[top + n - 1] * s + im[top + n - 1] * c;
    re[top - n] = re[top + n];
    im[top - n] = -im[top + n];
  }
}

PetscErrorCode PairingPhases(const Pairing *p, PetscInt nk, const PetscReal *k, PetscInt ld, PetscReal *table)
{
  const int   width = 2 * PetscMax(p->range[0], PetscMax(p->range[1], p->range[2])) + 1;
  PetscReal  *buffer;
  RealVector *re[3], *im[3];

  PetscFunctionBeginUser;
  PetscCall(AlignedAlloc((size_t)6 * width * VECTOR_WIDTH, &buffer));
  for (int a = 0; a < 3; a++) {
    re[a] = (RealVector *)buffer + 2 * a * width;
    im[a] = re[a] + width;
  }
  for (PetscInt i0 = 0; i0 < nk; i0 += VECTOR_WIDTH) {
    PetscReal point[3][VECTOR_WIDTH];

    for (int i = 0; i < VECTOR_WIDTH; i++)
      for (int a = 0; a < 3; a++) point[a][i] = k[3 * PetscMin(i0 + i, nk - 1) + a];
    for (int a = 0; a < 3; a++) powers(p, point, a, re[a], im[a]);
    for (PetscInt r = 0; r < p->ncos; r++) {
      const int        n0 = p->R[r][0] + p->range[0], n1 = p->R[r][1] + p->range[1], n2 = p->R[r][2] + p->range[2];
      const RealVector xr = re[0][n0] * re[1][n1] - im[0][n0] * im[1][n1], xi = re[0][n0] * im[1][n1] + im[0][n0] * re[1][n1];
      const PetscInt   s = r - (p->ncos - p->nsin);

      *(RealVector *)&table[r * ld + i0] = xr * re[2][n2] - xi * im[2][n2];
      if (s >= 0) *(RealVector *)&table[(p->ncos + s) * ld + i0] = xr * im[2][n2] + xi * re[2][n2];
    }
  }
  for (PetscInt i = (nk + VECTOR_WIDTH - 1) / VECTOR_WIDTH * VECTOR_WIDTH; i < ld; i++)
    for (PetscInt r = 0; r < p->ncos + p->nsin; r++) table[r * ld + i] = table[r * ld + nk - 1];
  PetscCall(AlignedFree(&buffer));
  PetscFunctionReturn(0);
}

/* --- sums --------------------------------------------------------------------------------------------- */

/* Even (sign = 1) or odd (sign = -1) part of row r: F(R) + F(-R), i (F(R) - F(-R)) */
static PetscErrorCode part(const Pairing *p, PetscInt row, int sign, PetscInt n, PetscErrorCode (*fill)(void *, PetscInt, Complex *), void *ctx, Complex *f, Complex *g)
{
  PetscFunctionBeginUser;
  PetscCall(fill(ctx, p->plus[row], f));
  if (p->minus[row] >= 0) {
    PetscCall(fill(ctx, p->minus[row], g));
    for (PetscInt c = 0; c < n; c++) f[c] += sign * g[c];
  }
  if (sign < 0)
    for (PetscInt c = 0; c < n; c++) f[c] *= I;
  PetscFunctionReturn(0);
}

static PetscErrorCode is_real(const Pairing *p, PetscInt ncols, PetscInt nimaginary, PetscErrorCode (*fill)(void *, PetscInt, Complex *), void *ctx, Complex *f, bool *real)
{
  PetscReal kept = 0.0, dropped = 0.0;

  PetscFunctionBeginUser;
  for (PetscInt r = 0; r < p->nR; r++) {
    PetscCall(fill(ctx, r, f));
    for (PetscInt c = 0; c < ncols; c++) {
      const bool imaginary = c >= ncols - nimaginary;

      kept    = PetscMax(kept, fabs(imaginary ? cimag(f[c]) : creal(f[c])));
      dropped = PetscMax(dropped, fabs(imaginary ? creal(f[c]) : cimag(f[c])));
    }
  }
  *real = dropped <= 1e-10 * kept; /* far below the accuracy of any source: fourteen digits are written at most */
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeSumCreate(MPI_Comm comm, Pairing *p, PetscInt ncols, PetscInt nimaginary, PetscErrorCode (*fill)(void *, PetscInt, Complex *), void *ctx, LatticeSum *sum)
{
  Complex   *f, *g;
  bool       owner;
  PetscReal *even, *odd;

  PetscFunctionBeginUser;
  sum->pairing    = p;
  sum->ncols      = ncols;
  sum->nimaginary = nimaginary;
  PetscCall(PetscMalloc2(ncols, &f, ncols, &g));
  PetscCall(is_real(p, ncols, nimaginary, fill, ctx, f, &sum->real));
  const PetscInt width = sum->real ? ncols : 2 * ncols;
  PetscCall(NodeArrayCreate(comm, sizeof(PetscReal) * (size_t)(p->ncos * width), &sum->even));
  PetscCall(NodeArrayCreate(comm, sizeof(PetscReal) * (size_t)(PetscMax(p->nsin, 1) * width), &sum->odd));
  PetscCall(SharedArrayIsOwner(sum->even.window, &owner));
  even = sum->even.at;
  odd  = sum->odd.at;
  for (PetscInt r = 0; owner && r < p->ncos; r++) {
    const PetscInt s = r - (p->ncos - p->nsin);

    for (int sign = 1; sign >= -1; sign -= 2) {
      PetscReal *to = sign > 0 ? &even[r * width] : &odd[s * width];

      if (sign < 0 && s < 0) continue;
      PetscCall(part(p, r, sign, ncols, fill, ctx, f, g));
      if (!sum->real) memcpy(to, f, sizeof(Complex) * (size_t)ncols);
      else
        for (PetscInt c = 0; c < ncols; c++) to[c] = (sign < 0) != (c >= ncols - nimaginary) ? cimag(f[c]) : creal(f[c]);
    }
  }
  PetscCall(SharedArrayFence(sum->even.window));
  PetscCall(SharedArrayFence(sum->odd.window));
  PetscCall(PetscFree2(f, g));
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeSumDestroy(LatticeSum *sum)
{
  PetscFunctionBeginUser;
  PetscCall(NodeArrayDestroy(&sum->even));
  PetscCall(NodeArrayDestroy(&sum->odd));
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeSumEvaluate(const LatticeSum *sum, PetscInt nk, PetscInt ld, const PetscReal *phases, PetscInt first, PetscInt n, Complex *out)
{
  const Pairing   *p     = sum->pairing;
  const PetscInt   scale = sum->real ? 1 : 2, width = scale * sum->ncols;
  const PetscReal *even = sum->even.at, *odd = sum->odd.at, *sines = &phases[p->ncos * ld];
  const int        M = (int)nk, N = (int)(scale * n);

  PetscFunctionBeginUser;
  if (!sum->real) {
    PetscReal *f = (PetscReal *)out;

    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, (int)p->ncos, 1.0, phases, (int)ld, &even[2 * first], (int)width, 0.0, f, N);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, (int)p->nsin, 1.0, sines, (int)ld, &odd[2 * first], (int)width, 1.0, f, N);
    PetscFunctionReturn(0);
  }
  PetscReal *x, *y;
  PetscCall(PetscMalloc2(nk * n, &x, nk * n, &y));
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, (int)p->ncos, 1.0, phases, (int)ld, &even[first], (int)width, 0.0, x, N);
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, (int)p->nsin, 1.0, sines, (int)ld, &odd[first], (int)width, 0.0, y, N);
  for (PetscInt i = 0; i < nk * n; i++) out[i] = first + i % n >= sum->ncols - sum->nimaginary ? CMPLX(y[i], x[i]) : CMPLX(x[i], y[i]);
  PetscCall(PetscFree2(x, y));
  PetscFunctionReturn(0);
}

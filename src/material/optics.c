/*
  Optical matrices of interpolated electrons at one k, from sums over lattice vectors without the tables of wannier.c, which hold no second derivatives:

    v_i = d_i H - i [A_i, H],    w_ij = D_i v_j,    D_i X = d_i X - i [A_i, X]

  in the Wannier basis, then between the bands. Without the position matrix A is left out of all of them. Either way

    d2 E_n / dk_i dk_j = (w_ij)_nn - sum_{m != n} 2 Re[(v_i)_nm (v_j)_mn] / (E_m - E_n),

  the sum rule of the optical conductivity within the bands that are kept.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "wannier_impl.h"

/* Of one k, [nb][nb] each: H, its derivatives, its second ones (xx yy zz yz xz xy), A, and d_i A_j at [3 i + j]. */
typedef struct {
  PetscInt n;
  Complex *H, *dH[3], *ddH[6], *A[3], *dA[9], *block;
} Sums;

static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};

static PetscErrorCode SumsCreate(PetscInt n, Sums *s)
{
  PetscFunctionBeginUser;
  s->n = n;
  PetscCall(PetscCalloc1(22 * n * n, &s->block));
  Complex *at = s->block;
  s->H        = at;
  for (int i = 0; i < 3; i++) s->dH[i] = at += n * n;
  for (int i = 0; i < 6; i++) s->ddH[i] = at += n * n;
  for (int i = 0; i < 3; i++) s->A[i] = at += n * n;
  for (int i = 0; i < 9; i++) s->dA[i] = at += n * n;
  PetscFunctionReturn(0);
}

static void AddVector(const Wannier *w, PetscInt r, const PetscReal k[3], bool position, Sums *s)
{
  const PetscInt n2    = s->n * s->n;
  const int     *R     = w->Rk[r];
  const Complex  phase = cexp(2 * UMK_PI * I * (k[0] * R[0] + k[1] * R[1] + k[2] * R[2]));
  const Complex *H = (const Complex *)w->H.at + r * n2, *A = position ? (const Complex *)w->position.at + 3 * r * n2 : NULL;
  PetscReal      x[3];

  for (int i = 0; i < 3; i++) x[i] = R[0] * w->head.a[0][i] + R[1] * w->head.a[1][i] + R[2] * w->head.a[2][i];
  for (PetscInt c = 0; c < n2; c++) {
    const Complex h = phase * H[c];

    s->H[c] += h;
    for (int i = 0; i < 3; i++) s->dH[i][c] += I * x[i] * h;
    for (int i = 0; i < 6; i++) s->ddH[i][c] -= x[pair[i][0]] * x[pair[i][1]] * h;
  }
  for (PetscInt c = 0; position && c < 3 * n2; c++) {
    const Complex a = phase * A[c];

    s->A[c / n2][c % n2] += a;
    for (int i = 0; i < 3; i++) s->dA[3 * i + c / n2][c % n2] += I * x[i] * a;
  }
}

static void MakeHermitian(PetscInt n, Complex *M)
{
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; j <= i; j++) {
      const Complex mean = 0.5 * (M[i * n + j] + conj(M[j * n + i]));
      M[i * n + j]       = mean;
      M[j * n + i]       = conj(mean);
    }
}

/* out -= i [a, b] */
static void SubtractCommutator(PetscInt n, const Complex *a, const Complex *b, Complex *out)
{
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; j < n; j++)
      for (PetscInt l = 0; l < n; l++) out[i * n + j] -= I * (a[i * n + l] * b[l * n + j] - b[i * n + l] * a[l * n + j]);
}

/* ddH becomes w and dH becomes v */
static void AddPosition(Sums *s)
{
  const PetscInt n = s->n;

  for (int p = 0; p < 6; p++) {
    const int i = pair[p][0], j = pair[p][1];

    SubtractCommutator(n, s->dA[3 * i + j], s->H, s->ddH[p]);
    SubtractCommutator(n, s->A[j], s->dH[i], s->ddH[p]);
  }
  for (int j = 0; j < 3; j++) SubtractCommutator(n, s->A[j], s->H, s->dH[j]);
  for (int p = 0; p < 6; p++) SubtractCommutator(n, s->A[pair[p][0]], s->dH[pair[p][1]], s->ddH[p]);
}

PetscErrorCode WannierOpticalMatrices(Material m, bool position, const PetscReal k[3], PetscReal *energy, Complex *v, PetscReal *w)
{
  const Wannier *wannier = m->data;
  const PetscInt nb = wannier->head.nb, b2 = nb * nb;
  EigenWork      eigen;
  Sums           s;
  Complex       *U, *part;

  PetscFunctionBeginUser;
  PetscCheck(!position || wannier->head.has_position, PETSC_COMM_SELF, PETSC_ERR_SUP, "this material has no position matrix");
  PetscCall(SumsCreate(nb, &s));
  PetscCall(EigenWorkCreate(nb, &eigen));
  PetscCall(PetscMalloc2(b2, &U, b2, &part));
  for (PetscInt r = 0; r < wannier->head.nRk; r++) AddVector(wannier, r, k, position, &s);
  for (PetscInt i = 0; i < 22; i++) MakeHermitian(nb, s.block + i * b2);
  PetscCall(HermitianEigen(&eigen, s.H, energy, U));
  if (position) AddPosition(&s);
  for (int i = 0; i < 3; i++) {
    HermitianRotate(nb, s.dH[i], U, part);
    for (PetscInt c = 0; c < b2; c++) v[3 * c + i] = part[c];
  }
  for (int i = 0; i < 6; i++) {
    HermitianRotate(nb, s.ddH[i], U, part); /* the antihermitian part, a commutator with H, has no diagonal */
    for (PetscInt n = 0; n < nb; n++) w[6 * n + i] = creal(part[n * nb + n]);
  }
  PetscCall(PetscFree2(U, part));
  PetscCall(EigenWorkDestroy(&eigen));
  PetscCall(PetscFree(s.block));
  PetscFunctionReturn(0);
}

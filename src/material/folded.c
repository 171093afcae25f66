/* Coarse-mesh data from weighted lattice vectors: see folded.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

/* out[cell][width] += F[r][width] */
static void fold(const PetscInt n[3], PetscInt nR, int (*R)[3], PetscInt width, const Complex *F, Complex *out)
{
  for (PetscInt r = 0; r < nR; r++) {
    Complex *to = out + FoldedCell(n, R[r][0], R[r][1], R[r][2]) * width;

    for (PetscInt c = 0; c < width; c++) to[c] += F[r * width + c];
  }
}

static PetscErrorCode fold_coupling(const WannierSource *s, Folded *f)
{
  const WannierHead *h     = &s->head;
  const PetscInt     block = h->nm * h->nb * h->nb;
  PetscErrorCode     code  = 0;
  Complex           *slab;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1((size_t)(f->cells_k * f->cells_q) * (size_t)block, &f->g));
  PetscCall(PetscMalloc1((size_t)h->nRe * (size_t)block, &slab));
  for (PetscInt p = 0; p < h->nRp && !code; p++) {
    const PetscInt cell = FoldedCell(f->nq, s->Rp[p][0], s->Rp[p][1], s->Rp[p][2]);

    code = s->read_slab(s->ctx, p, slab);
    for (PetscInt e = 0; e < h->nRe && !code; e++) {
      Complex *to = f->g + (size_t)(FoldedCell(f->nk, s->Re[e][0], s->Re[e][1], s->Re[e][2]) * f->cells_q + cell) * (size_t)block;

      for (PetscInt c = 0; c < block; c++) to[c] += slab[e * block + c];
    }
  }
  PetscCall(PetscFree(slab));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode fractional(const PetscReal a[3][3], PetscInt n, const PetscReal *x, PetscReal **out)
{
  PetscReal inverse[3][3];

  PetscFunctionBeginUser;
  Invert3(a, inverse);
  PetscCall(PetscMalloc1(3 * n, out));
  for (PetscInt i = 0; i < n; i++) MatTVec3((const PetscReal(*)[3])inverse, &x[3 * i], *out + 3 * i);
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedCreate(const WannierSource *s, Folded *f)
{
  const WannierHead *h = &s->head;
  const PetscInt     b2 = h->nb * h->nb, m2 = h->nm * h->nm;

  PetscFunctionBeginUser;
  memset(f, 0, sizeof(*f));
  f->nb = h->nb, f->nm = h->nm, f->natoms = h->natoms;
  memcpy(f->nk, h->coarse_k, sizeof(f->nk));
  memcpy(f->nq, h->coarse_q, sizeof(f->nq));
  memcpy(f->a, h->a, sizeof(f->a));
  f->cells_k = f->nk[0] * f->nk[1] * f->nk[2];
  f->cells_q = f->nq[0] * f->nq[1] * f->nq[2];
  PetscCall(fractional((const PetscReal(*)[3])f->a, f->natoms, s->tau, &f->tau));
  PetscCall(fractional((const PetscReal(*)[3])f->a, f->nb, s->centres, &f->centres));
  PetscCall(PetscCalloc1(f->cells_k * b2, &f->H));
  fold(f->nk, h->nRk, s->Rk, b2, s->H, f->H);
  if (h->has_position) {
    PetscCall(PetscCalloc1(f->cells_k * 3 * b2, &f->position));
    fold(f->nk, h->nRk, s->Rk, 3 * b2, s->position, f->position);
  }
  if (h->nm) {
    PetscCall(PetscCalloc1(f->cells_q * m2, &f->D));
    fold(f->nq, h->nRq, s->Rq, m2, s->D, f->D);
  }
  if (s->read_slab) PetscCall(fold_coupling(s, f));
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedDestroy(Folded *f)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(f->tau));
  PetscCall(PetscFree(f->centres));
  PetscCall(PetscFree(f->H));
  PetscCall(PetscFree(f->position));
  PetscCall(PetscFree(f->D));
  PetscCall(PetscFree(f->g));
  PetscFunctionReturn(0);
}

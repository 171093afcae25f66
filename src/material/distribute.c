/* Folded data onto lattice vectors, among nearest images: see folded.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

#define TIE    1e-3 /* bohr: images this close share an element; far above the noise of positions, far below distances that matter */
#define MOST   64   /* images that may share */
#define REACH  60   /* largest component of a lattice vector */
#define SIDE   (2 * REACH + 1)

/* A set of lattice vectors, then a list in lexicographic order */
typedef struct {
  PetscInt n;
  int    (*R)[3];
  int     *place; /* [SIDE^3]: position + 1, or 0 */
} VectorSet;

static inline int *place_of(const VectorSet *v, const int R[3])
{
  return &v->place[((R[0] + REACH) * SIDE + R[1] + REACH) * SIDE + R[2] + REACH];
}

static PetscErrorCode set_create(VectorSet *v)
{
  PetscFunctionBeginUser;
  memset(v, 0, sizeof(*v));
  PetscCall(PetscCalloc1(SIDE * SIDE * SIDE, &v->place));
  PetscFunctionReturn(0);
}

static PetscErrorCode set_number(VectorSet *v)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < SIDE * SIDE * SIDE; i++) v->n += v->place[i] != 0;
  PetscCall(PetscMalloc1(v->n, &v->R));
  v->n = 0;
  for (int i = 0; i < SIDE * SIDE * SIDE; i++) {
    if (!v->place[i]) continue;
    memcpy(v->R[v->n], (int[3]){i / (SIDE * SIDE) - REACH, i / SIDE % SIDE - REACH, i % SIDE - REACH}, sizeof(int[3]));
    v->place[i] = (int)++v->n;
  }
  PetscFunctionReturn(0);
}

typedef struct {
  PetscInt n;
  int      R[MOST][3];
} Images;

/* Images R of `cell` in the mesh n with |R + shift| least; shift fractional */
static PetscErrorCode nearest_images(const Folded *f, const PetscInt n[3], PetscInt cell, const PetscReal shift[3], Images *out)
{
  PetscReal distance[125], least = HUGE_VAL;
  int       base[3], R[3];

  PetscFunctionBeginUser;
  FoldedVector(n, cell, base);
  for (int c = 0; c < 3; c++) base[c] -= (int)(n[c] * lrint((base[c] + shift[c]) / (PetscReal)n[c]));
  for (int i = 0; i < 125; i++) {
    PetscReal x[3], y[3];

    for (int c = 0, m = i; c < 3; c++, m /= 5) x[c] = base[c] + (int)n[c] * (m % 5 - 2) + shift[c];
    MatTVec3((const PetscReal(*)[3])f->a, x, y);
    distance[i] = Norm3(y);
    least       = PetscMin(least, distance[i]);
  }
  out->n = 0;
  for (int i = 0; i < 125; i++) {
    if (distance[i] > least + TIE) continue;
    for (int c = 0, m = i; c < 3; c++, m /= 5) R[c] = base[c] + (int)n[c] * (m % 5 - 2);
    PetscCheckInput(out->n < MOST && abs(R[0]) <= REACH && abs(R[1]) <= REACH && abs(R[2]) <= REACH, NULL, 0, "lattice vector (%d, %d, %d) is too far: Wannier centres and atoms must lie near each other", R[0], R[1], R[2]);
    memcpy(out->R[out->n++], R, sizeof(R));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedMeanImage(const Folded *f, const PetscInt n[3], PetscInt cell, const PetscReal shift[3], PetscReal mean[3])
{
  PetscReal x[3] = {shift[0], shift[1], shift[2]};
  Images    images;

  PetscFunctionBeginUser;
  PetscCall(nearest_images(f, n, cell, shift, &images));
  for (PetscInt i = 0; i < images.n; i++)
    for (int c = 0; c < 3; c++) x[c] += images.R[i][c] / (PetscReal)images.n;
  MatTVec3((const PetscReal(*)[3])f->a, x, mean);
  PetscFunctionReturn(0);
}

/* Number of images that share each element: count[r][pair], 0: not that vector's. shift of pair (i, j): x_j - x_i */
static PetscErrorCode distribute_pairs(const Folded *f, const PetscInt n[3], PetscInt nx, const PetscReal *x, VectorSet *v, uint8_t **count)
{
  const PetscInt cells = n[0] * n[1] * n[2];
  Images         images;

  PetscFunctionBeginUser;
  PetscCall(set_create(v));
  for (int pass = 0; pass < 2; pass++) {
    for (PetscInt ij = 0; ij < nx * nx; ij++) {
      const PetscReal *xi = &x[3 * (ij / nx)], *xj = &x[3 * (ij % nx)], shift[3] = {xj[0] - xi[0], xj[1] - xi[1], xj[2] - xi[2]};

      for (PetscInt cell = 0; cell < cells; cell++) {
        PetscCall(nearest_images(f, n, cell, shift, &images));
        for (PetscInt i = 0; i < images.n; i++)
          if (pass == 0) *place_of(v, images.R[i]) = 1;
          else (*count)[(*place_of(v, images.R[i]) - 1) * nx * nx + ij] = (uint8_t)images.n;
      }
    }
    if (pass == 1) break;
    PetscCall(set_number(v));
    PetscCall(PetscCalloc1(v->n * nx * nx, count));
  }
  PetscFunctionReturn(0);
}

/* --- the coupling: slabs made on demand from the folded elements ------------------------------------------------- */

typedef struct {
  Folded    f;
  VectorSet e, p;
  uint8_t  *count_e, *count_p; /* [nRe][nb^2 bra ket], [nRe][nRp][nb^2][natoms] */
} Spread;

static inline size_t at_count(const Spread *s, PetscInt e, PetscInt p, PetscInt ab)
{
  return ((size_t)(e * s->p.n + p) * (size_t)(s->f.nb * s->f.nb) + (size_t)ab) * (size_t)s->f.natoms;
}

/* Pass 0 marks vectors, pass 1 counts. */
static PetscErrorCode visit_phonon_images(Spread *s, PetscInt e, PetscInt ab, int pass)
{
  const Folded    *f  = &s->f;
  const PetscReal *wa = &f->centres[3 * (ab / f->nb)], *wb = &f->centres[3 * (ab % f->nb)];
  Images           images;

  PetscFunctionBeginUser;
  for (PetscInt na = 0; na < f->natoms; na++) {
    PetscReal shift[3];

    for (int c = 0; c < 3; c++) shift[c] = f->tau[3 * na + c] - 0.5 * (wa[c] + wb[c] + s->e.R[e][c]);
    for (PetscInt cell = 0; cell < f->cells_q; cell++) {
      PetscCall(nearest_images(f, f->nq, cell, shift, &images));
      for (PetscInt i = 0; i < images.n; i++)
        if (pass == 0) *place_of(&s->p, images.R[i]) = 1;
        else s->count_p[at_count(s, e, *place_of(&s->p, images.R[i]) - 1, ab) + (size_t)na] = (uint8_t)images.n;
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode distribute_coupling(Spread *s)
{
  const PetscInt b2 = s->f.nb * s->f.nb;

  PetscFunctionBeginUser;
  PetscCall(set_create(&s->p));
  for (int pass = 0; pass < 2; pass++) {
    for (PetscInt e = 0; e < s->e.n; e++)
      for (PetscInt ab = 0; ab < b2; ab++) {
        if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
        if (s->count_e[e * b2 + ab]) PetscCall(visit_phonon_images(s, e, ab, pass));
      }
    if (pass == 1) break;
    PetscCall(set_number(&s->p));
    PetscCall(PetscCalloc1(at_count(s, s->e.n, 0, 0), &s->count_p));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_spread(void *ctx, PetscInt p, void *out)
{
  const Spread  *s      = ctx;
  const Folded  *f      = &s->f;
  const PetscInt nb = f->nb, block = f->nm * nb * nb, cell_p = FoldedCell(f->nq, s->p.R[p][0], s->p.R[p][1], s->p.R[p][2]);

  PetscFunctionBeginUser;
  for (PetscInt e = 0; e < s->e.n; e++) {
    const PetscInt cell = FoldedCell(f->nk, s->e.R[e][0], s->e.R[e][1], s->e.R[e][2]);
    const Complex *from = f->g + (size_t)(cell * f->cells_q + cell_p) * (size_t)block;
    Complex       *to   = (Complex *)out + (size_t)e * (size_t)block;

    for (PetscInt ab = 0; ab < nb * nb; ab++)
      for (PetscInt c = 0; c < f->nm; c++) {
        const PetscInt at = (c * nb + ab % nb) * nb + ab / nb, images = s->count_p[at_count(s, e, p, ab) + (size_t)(c / 3)] * s->count_e[e * nb * nb + ab];

        to[at] = images ? from[at] / (PetscReal)images : 0.0;
      }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode close_spread(void *ctx)
{
  Spread *s = ctx;

  PetscFunctionBeginUser;
  PetscCall(FoldedDestroy(&s->f));
  PetscCall(PetscFree(s->e.place));
  PetscCall(PetscFree(s->e.R));
  PetscCall(PetscFree(s->p.place));
  PetscCall(PetscFree(s->p.R));
  PetscCall(PetscFree(s->count_e));
  PetscCall(PetscFree(s->count_p));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(0);
}

/* --- the rest ------------------------------------------------------------------------------------------------------- */

static PetscErrorCode copy_vectors(const VectorSet *v, PetscInt *n, int (**R)[3])
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(*R));
  PetscCall(PetscMalloc1(v->n, R));
  memcpy(*R, v->R, sizeof(int[3]) * (size_t)v->n);
  *n = v->n;
  PetscFunctionReturn(0);
}

/* *F [nR][parts][n2] anew; count [nR][nx^2], element ij of n2 belongs to the pair (i / per, j / per) of nx */
static PetscErrorCode spread(const PetscInt mesh[3], const VectorSet *v, const uint8_t *count, PetscInt parts, PetscInt n, PetscInt per, const Complex *folded, Complex **F)
{
  const PetscInt n2 = n * n, nx = n / per;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(*F));
  PetscCall(PetscCalloc1(v->n * parts * n2, F));
  for (PetscInt r = 0; r < v->n; r++)
    for (PetscInt c = 0; c < parts * n2; c++) {
      const PetscInt ij = c % n2, images = count[r * nx * nx + ij / n / per * nx + ij % n / per];

      if (images) (*F)[r * parts * n2 + c] = folded[FoldedCell(mesh, v->R[r][0], v->R[r][1], v->R[r][2]) * parts * n2 + c] / (PetscReal)images;
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode distribute_phonons(const Folded *f, WannierSource *s)
{
  VectorSet v     = {0};
  uint8_t  *count = NULL;

  PetscFunctionBeginUser;
  PetscCall(distribute_pairs(f, f->nq, f->natoms, f->tau, &v, &count));
  PetscCall(copy_vectors(&v, &s->head.nRq, &s->Rq));
  PetscCall(spread(f->nq, &v, count, 1, f->nm, 3, f->D, &s->D));
  PetscCall(PetscFree(v.R));
  PetscCall(PetscFree(v.place));
  PetscCall(PetscFree(count));
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedDistribute(Folded *folded, WannierSource *s)
{
  WannierHead *h = &s->head;
  Spread      *spr;
  Folded      *f;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&spr));
  spr->f = *folded;
  memset(folded, 0, sizeof(*folded));
  s->ctx   = spr;
  s->close = close_spread;
  f        = &spr->f;
  if (f->nb) {
    PetscCall(distribute_pairs(f, f->nk, f->nb, f->centres, &spr->e, &spr->count_e));
    PetscCall(copy_vectors(&spr->e, &h->nRk, &s->Rk));
    PetscCall(spread(f->nk, &spr->e, spr->count_e, 1, f->nb, 1, f->H, &s->H));
  }
  if (f->position) PetscCall(spread(f->nk, &spr->e, spr->count_e, 3, f->nb, 1, f->position, &s->position));
  if (f->D) PetscCall(distribute_phonons(f, s));
  if (!f->g) PetscFunctionReturn(0);
  PetscCall(distribute_coupling(spr));
  PetscCall(copy_vectors(&spr->e, &h->nRe, &s->Re));
  PetscCall(copy_vectors(&spr->p, &h->nRp, &s->Rp));
  s->read_slab = read_spread;
  PetscFunctionReturn(0);
}

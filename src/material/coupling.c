/*
  The electron-phonon vertex, in real arithmetic over pairs (R, -R) of lattice vectors (wannier_impl.h, Pairing):

    half transform, once per k:   h(R_p)_{c,n,b} = sum_a [ sum_Re e^{ik.Re} g(Re,R_p)_{c,a,b} ] U_k[a,n]
                                  rows of B: h(R_p) + h(-R_p) (cosines), i (h(R_p) - h(-R_p)) (sines)
    per partner q:                W = B^T . (cos, sin)(q.R_p)                     real GEMM: half the flops of complex phases
                                  g_{m,n,nu} = sum_{b,c} conj(Uf[b,m]) W_{c,n,b} u_{c,nu}
  (a ket, b bra orbital, c Cartesian displacement, n initial and m final band.) Partners are the fastest index of W, so
  that the small rotations run on vectors of VECTOR_WIDTH partners. The stored g is read tile by tile, and converted there.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"
#include <cblas.h>

#define PARTNERS   256              /* most partners per block */
#define TILE_BYTES ((size_t)768 << 10)

typedef struct {
  PetscInt   count;  /* initial bands */
  size_t     at;     /* first number of B in the pool */
  Complex   *ket;    /* [nb][count] columns of U_k */
} Initial;

struct _p_Coupling {
  Material   m;
  Wannier   *w;
  PetscInt   nk, nb, nm, nparts; /* nparts: 1 real g, 2 complex */
  Initial   *initial;
  PetscInt   initial_room;
  Complex   *kets;
  size_t     kets_room;
  PetscReal *pool, *phases, *W, *tile, *product; /* B of all k; q phases; GEMM result; g in double, even and odd; its transforms */
  size_t     pool_room, W_room, product_room;
  PetscInt   tile_units, *active; /* active: rows of a tile [ncos of Re] */
  RealVector *rotation;
  size_t     rotation_room;
  PetscReal  flops, seconds;
};

static PetscErrorCode reserve(size_t count, size_t *room, PetscReal **array)
{
  PetscFunctionBeginUser;
  if (count > *room) {
    PetscCall(AlignedFree(array));
    PetscCall(AlignedAlloc(count, array));
    *room = count;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CouplingCreate(Material m, Coupling *coupling)
{
  Coupling c;

  PetscFunctionBeginUser;
  PetscCheckInput(m->has_coupling, NULL, 0, "material %s has no electron-phonon coupling", m->name);
  PetscCall(PetscNew(&c));
  c->m      = m;
  c->nb     = m->nbands;
  c->nm     = m->nmodes;
  *coupling = c;
  if (m->ops->coupling) PetscFunctionReturn(0);
  c->w      = m->data;
  c->nparts = c->w->head.g_real ? 1 : 2;
  /* a unit of a tile: one pair of phonon vectors and one displacement */
  const size_t unit = (size_t)(2 * c->nb * c->nb * c->nparts), rows = (size_t)(c->w->pair_e.ncos + c->w->pair_e.nsin);
  c->tile_units = PetscMax(1, (PetscInt)(TILE_BYTES / (unit * rows * sizeof(PetscReal))));
  c->tile_units = PetscMin(c->tile_units, c->w->pair_p.ncos * c->nm);
  PetscCall(AlignedAlloc(rows * unit * (size_t)c->tile_units, &c->tile));
  PetscCall(PetscMalloc1(c->w->pair_e.ncos, &c->active));
  PetscCall(AlignedAlloc((size_t)(c->w->pair_p.ncos + c->w->pair_p.nsin) * (PARTNERS + VECTOR_WIDTH), &c->phases));
  PetscFunctionReturn(0);
}

PetscErrorCode CouplingDestroy(Coupling *coupling)
{
  Coupling c = *coupling;

  PetscFunctionBeginUser;
  if (!c) PetscFunctionReturn(0);
  PetscCall(PetscFree(c->initial));
  PetscCall(PetscFree(c->kets));
  PetscCall(PetscFree(c->active));
  PetscCall(AlignedFree(&c->pool));
  PetscCall(AlignedFree(&c->phases));
  PetscCall(AlignedFree(&c->W));
  PetscCall(AlignedFree(&c->tile));
  PetscCall(AlignedFree(&c->product));
  PetscCall(AlignedFree((PetscReal **)&c->rotation));
  PetscCall(PetscFree(*coupling));
  PetscFunctionReturn(0);
}

PetscErrorCode CouplingGetCost(Coupling c, PetscReal *flops, PetscReal *seconds)
{
  PetscFunctionBeginUser;
  if (flops) *flops = c->flops;
  if (seconds) *seconds = c->seconds;
  PetscFunctionReturn(0);
}

/* --- half transform ------------------------------------------------------------------------------------------ */

/* g of (Re, Rp, displacement) as double: parts [nparts][nb^2], times sign, added to `to`; missing vectors (-1) add nothing */
static inline void add_block(const Coupling c, PetscInt re, PetscInt rp, PetscInt mode, PetscReal sign, bool first, PetscReal *restrict to)
{
  const WannierHead *h = &c->w->head;
  const PetscInt     n = c->nb * c->nb, total = n * c->nparts;
  const int          slot = re < 0 || rp < 0 ? -1 : WannierSlot(c->w, re, rp);
  const size_t       at   = ((size_t)slot * (size_t)c->nm + (size_t)mode) * (size_t)total;

  if (slot < 0) {
    for (PetscInt i = 0; first && i < total; i++) to[i] = 0.0;
    return;
  }
#define ADD(type) \
  do { \
    const type *restrict g = (const type *)c->w->g.at + at; \
    if (c->nparts == 1) \
      for (PetscInt i = 0; i < n; i++) to[i] = (first ? 0.0 : to[i]) + sign * g[i]; \
    else \
      for (PetscInt i = 0; i < n; i++) { \
        to[i]     = (first ? 0.0 : to[i]) + sign * g[2 * i]; \
        to[n + i] = (first ? 0.0 : to[n + i]) + sign * g[2 * i + 1]; \
      } \
  } while (0)
  if (h->g_bits == 32) ADD(float);
  else ADD(double);
#undef ADD
}

/* Rows of pairs (Re, -Re) that hold something with the R_p of `units` units; the origin, without a sine row, comes first: *ncos, *nsin of them */
static PetscInt *active_rows(const Coupling c, PetscInt first, PetscInt units, PetscInt *ncos, PetscInt *nsin)
{
  const Pairing *e = &c->w->pair_e, *p = &c->w->pair_p;

  *ncos = *nsin = 0;
  for (PetscInt r = 0; r < e->ncos; r++) {
    bool any = false;

    for (PetscInt pair = first / c->nm; pair <= (first + units - 1) / c->nm && !any; pair++)
      for (int i = 0; i < 4 && !any; i++) {
        const PetscInt re = i & 1 ? e->minus[r] : e->plus[r], rp = i & 2 ? p->minus[pair] : p->plus[pair];

        any = re >= 0 && rp >= 0 && WannierSlot(c->w, re, rp) >= 0;
      }
    if (!any) continue;
    c->active[(*ncos)++] = r;
    *nsin += r >= e->ncos - e->nsin;
  }
  return c->active;
}

/* tile [ncos + nsin active rows of Re][units][plus, minus][nparts][nb^2]: even and odd combinations over (Re, -Re) */
static void load_tile(const Coupling c, PetscInt first, PetscInt units, PetscInt ncos, PetscInt nsin, const PetscInt *rows)
{
  const Pairing *e = &c->w->pair_e, *p = &c->w->pair_p;
  const PetscInt block = c->nb * c->nb * c->nparts, width = 2 * units * block;

  for (PetscInt i = 0; i < ncos; i++) {
    const PetscInt r = rows[i], s = i - (ncos - nsin);

    for (PetscInt u = 0; u < units; u++) {
      const PetscInt pair = (first + u) / c->nm, mode = (first + u) % c->nm;

      for (int minus = 0; minus < 2; minus++) {
        const PetscInt rp   = minus ? p->minus[pair] : p->plus[pair];
        PetscReal     *even = &c->tile[i * width + (2 * u + minus) * block], *odd = &c->tile[(ncos + s) * width + (2 * u + minus) * block];

        add_block(c, e->plus[r], rp, mode, 1.0, true, even);
        if (s >= 0) memcpy(odd, even, sizeof(PetscReal) * (size_t)block);
        add_block(c, e->minus[r], rp, mode, 1.0, false, even);
        if (s >= 0) add_block(c, e->minus[r], rp, mode, -1.0, false, odd);
      }
    }
  }
}

/* The phases of the active rows */
static void gather_phases(const Pairing *e, PetscInt ncos, PetscInt nsin, const PetscInt *rows, PetscInt ld, const PetscReal *phases, PetscReal *out)
{
  for (PetscInt i = 0; i < ncos; i++) {
    const PetscInt r = rows[i], s = i - (ncos - nsin);

    memcpy(out + i * ld, phases + r * ld, sizeof(PetscReal) * (size_t)ld);
    if (s >= 0) memcpy(out + (ncos + s) * ld, phases + (e->ncos + r - (e->ncos - e->nsin)) * ld, sizeof(PetscReal) * (size_t)ld);
  }
}

/* h [count][bra] (split) = sum_a (X + iY)[a][bra] U[a][n] */
static inline __attribute__((always_inline)) void project(PetscInt nb, PetscInt nparts, PetscInt count, const PetscReal *restrict X, const PetscReal *restrict Y, const Complex *restrict ket, PetscReal *restrict hr, PetscReal *restrict hi)
{
  const PetscInt n2 = nb * nb;

  for (PetscInt n = 0; n < count; n++) {
    for (PetscInt b = 0; b < nb; b++) hr[n * nb + b] = hi[n * nb + b] = 0.0;
    for (PetscInt a = 0; a < nb; a++) {
      const PetscReal ur = creal(ket[a * count + n]), ui = cimag(ket[a * count + n]);

      for (PetscInt b = 0; b < nb; b++) {
        const PetscReal gr = nparts == 1 ? X[a * nb + b] : X[a * nb + b] - Y[n2 + a * nb + b];
        const PetscReal gi = nparts == 1 ? Y[a * nb + b] : X[n2 + a * nb + b] + Y[a * nb + b];

        hr[n * nb + b] += gr * ur - gi * ui;
        hi[n * nb + b] += gr * ui + gi * ur;
      }
    }
  }
}

static void project_any(PetscInt nb, PetscInt nparts, PetscInt count, const PetscReal *X, const PetscReal *Y, const Complex *ket, PetscReal *hr, PetscReal *hi)
{
  if (nb == 8 && nparts == 1) project(8, 1, count, X, Y, ket, hr, hi);
  else if (nb == 4 && nparts == 1) project(4, 1, count, X, Y, ket, hr, hi);
  else project(nb, nparts, count, X, Y, ket, hr, hi);
}

/* Transforms X, Y of a tile at one k -> rows of B [ncos + nsin of Rp][re, im][nm][count][nb] */
static void store_rows(const Coupling c, const Initial *k, PetscInt first, PetscInt units, const PetscReal *X, const PetscReal *Y, PetscReal *h)
{
  const Pairing *p     = &c->w->pair_p;
  const PetscInt block = c->nb * c->nb * c->nparts, n = k->count * c->nb, N = c->nm * n;
  PetscReal     *B = c->pool + k->at, *pr = h, *pi = h + n, *mr = h + 2 * n, *mi = h + 3 * n;

  for (PetscInt u = 0; u < units; u++) {
    const PetscInt pair = (first + u) / c->nm, mode = (first + u) % c->nm, s = pair - (p->ncos - p->nsin);
    PetscReal     *even = &B[pair * 2 * N + mode * n], *odd = &B[(p->ncos + s) * 2 * N + mode * n];

    project_any(c->nb, c->nparts, k->count, X + 2 * u * block, Y + 2 * u * block, k->ket, pr, pi);
    if (s < 0) { /* the origin has no partner */
      for (PetscInt i = 0; i < n; i++) even[i] = pr[i], even[N + i] = pi[i];
      continue;
    }
    project_any(c->nb, c->nparts, k->count, X + (2 * u + 1) * block, Y + (2 * u + 1) * block, k->ket, mr, mi);
    for (PetscInt i = 0; i < n; i++) {
      even[i]     = pr[i] + mr[i];
      even[N + i] = pi[i] + mi[i];
      odd[i]      = mi[i] - pi[i];
      odd[N + i]  = pr[i] - mr[i];
    }
  }
}

static PetscErrorCode reserve_initial(Coupling c, PetscInt nk, const Complex *U, const PetscInt *first, const PetscInt *count)
{
  const PetscInt nb = c->nb, rows = c->w ? c->w->pair_p.ncos + c->w->pair_p.nsin : 0;
  size_t         pool = 0, kets = 0;

  PetscFunctionBeginUser;
  if (nk > c->initial_room) {
    PetscCall(PetscFree(c->initial));
    PetscCall(PetscMalloc1(nk, &c->initial));
    c->initial_room = nk;
  }
  for (PetscInt ik = 0; ik < nk; ik++) {
    c->initial[ik].count = count[ik];
    c->initial[ik].at    = pool;
    pool += (size_t)(rows * 2 * c->nm * nb) * (size_t)count[ik];
    pool = (pool + 7) / 8 * 8;
    kets += (size_t)(nb * count[ik]);
  }
  PetscCall(reserve(pool, &c->pool_room, &c->pool));
  if (kets > c->kets_room) {
    PetscCall(PetscFree(c->kets));
    PetscCall(PetscMalloc1(kets, &c->kets));
    c->kets_room = kets;
  }
  kets = 0;
  for (PetscInt ik = 0; ik < nk; ik++) {
    c->initial[ik].ket = c->kets + kets;
    for (PetscInt a = 0; a < nb; a++)
      for (PetscInt n = 0; n < count[ik]; n++) c->initial[ik].ket[a * count[ik] + n] = U[(ik * nb + a) * nb + first[ik] + n];
    kets += (size_t)(nb * count[ik]);
  }
  c->nk = nk;
  PetscFunctionReturn(0);
}

static PetscErrorCode half_transform(Coupling c, PetscInt nk, const PetscReal *k, const PetscInt *count)
{
  const Pairing  *e = &c->w->pair_e, *p = &c->w->pair_p;
  const PetscInt  ld = (nk + VECTOR_WIDTH - 1) / VECTOR_WIDTH * VECTOR_WIDTH, block = 2 * c->nb * c->nb * c->nparts, units = p->ncos * c->nm;
  const PetscReal start = WallTime();
  PetscReal      *phases, *active, *h;
  PetscInt        most = 0;

  PetscFunctionBeginUser;
  for (PetscInt ik = 0; ik < nk; ik++) most = PetscMax(most, count[ik]);
  PetscCall(AlignedAlloc((size_t)((e->ncos + e->nsin) * ld), &phases));
  PetscCall(AlignedAlloc((size_t)((e->ncos + e->nsin) * ld), &active));
  PetscCall(AlignedAlloc((size_t)(4 * most * c->nb), &h));
  PetscCall(PairingPhases(e, nk, k, ld, phases));
  PetscCall(reserve((size_t)(2 * nk * c->tile_units * block), &c->product_room, &c->product));
  for (PetscInt u = 0; u < units; u += c->tile_units) {
    const PetscInt  n = PetscMin(c->tile_units, units - u), width = n * block;
    PetscReal      *X = c->product, *Y = c->product + nk * width;
    PetscInt        ncos, nsin;
    const PetscInt *rows = active_rows(c, u, n, &ncos, &nsin);

    load_tile(c, u, n, ncos, nsin, rows);
    gather_phases(e, ncos, nsin, rows, ld, phases, active);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)nk, (int)width, (int)ncos, 1.0, active, (int)ld, c->tile, (int)width, 0.0, X, (int)width);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)nk, (int)width, (int)nsin, 1.0, active + ncos * ld, (int)ld, c->tile + ncos * width, (int)width, 0.0, Y, (int)width);
    for (PetscInt ik = 0; ik < nk; ik++) store_rows(c, &c->initial[ik], u, n, X + ik * width, Y + ik * width, h);
    c->flops += 2.0 * (PetscReal)(nk * width) * (PetscReal)(ncos + nsin);
  }
  for (PetscInt ik = 0; ik < nk; ik++) c->flops += 8.0 * (PetscReal)((p->ncos + p->nsin) * c->nm * c->nb * c->nb) * (PetscReal)count[ik];
  PetscCall(AlignedFree(&phases));
  PetscCall(AlignedFree(&active));
  PetscCall(AlignedFree(&h));
  c->seconds += WallTime() - start;
  PetscFunctionReturn(0);
}

PetscErrorCode CouplingSetInitial(Coupling c, PetscInt nk, const PetscReal *k, const Complex *U, const PetscInt *first, const PetscInt *count)
{
  PetscFunctionBeginUser;
  if (nk == 0) PetscFunctionReturn(0);
  PetscCall(reserve_initial(c, nk, U, first, count));
  if (c->w) PetscCall(half_transform(c, nk, k, count));
  PetscFunctionReturn(0);
}

/* --- partners -------------------------------------------------------------------------------------------------- */

/* v [nm] (re, im) of `two` (1 or 2) final states = sum_b conj(Uf[b,f]) W_{c,n,b} */
static inline __attribute__((always_inline)) void rotate_bra(PetscInt nb, PetscInt nm, PetscInt stride, PetscInt nf, PetscInt two, const PetscReal *W, PetscInt ld, size_t im, const RealVector *uf, RealVector *v)
{
  for (PetscInt c = 0; c < nm; c++) {
    const PetscReal *w = W + (size_t)(c * stride) * (size_t)ld;
    RealVector       r0 = {0}, i0 = {0}, r1 = {0}, i1 = {0};

    for (PetscInt b = 0; b < nb; b++) {
      const RealVector wr = *(const RealVector *)(w + b * ld), wi = *(const RealVector *)(w + b * ld + im);
      const RealVector *u = uf + 2 * b * nf;

      r0 += u[0] * wr + u[1] * wi;
      i0 += u[0] * wi - u[1] * wr;
      if (two == 2) {
        r1 += u[2] * wr + u[3] * wi;
        i1 += u[2] * wi - u[3] * wr;
      }
    }
    v[2 * c]     = r0;
    v[2 * c + 1] = i0;
    if (two == 2) {
      v[2 * (nm + c)]     = r1;
      v[2 * (nm + c) + 1] = i1;
    }
  }
}

/* g2 [nm] = |sum_c v_c u_{c,nu}|^2 scale_nu */
static inline __attribute__((always_inline)) void rotate_modes(PetscInt nm, const RealVector *v, const RealVector *u, const RealVector *scale, RealVector *g2)
{
  for (PetscInt nu = 0; nu < nm; nu++) {
    RealVector r = {0}, i = {0};

    for (PetscInt c = 0; c < nm; c++) {
      const RealVector ur = u[2 * (c * nm + nu)], ui = u[2 * (c * nm + nu) + 1];

      r += v[2 * c] * ur - v[2 * c + 1] * ui;
      i += v[2 * c] * ui + v[2 * c + 1] * ur;
    }
    g2[nu] = (r * r + i * i) * scale[nu];
  }
}

typedef struct {
  PetscInt    nb, nm, count, nf, ld;
  size_t      im;  /* from real to imaginary rows of W */
  RealVector *uf, *u, *scale, *v, *g2; /* [nb][nf] x 2, [nm][nm] x 2, [nm], [2][nm] x 2, [nf][count][nm] */
} Finish;

/* VECTOR_WIDTH partners: W points at their columns */
static inline __attribute__((always_inline)) void finish(const Finish *f, PetscInt nb, PetscInt nm, const PetscReal *W)
{
  for (PetscInt n = 0; n < f->count; n++)
    for (PetscInt m = 0; m < f->nf; m += 2) {
      const PetscReal *w = W + (size_t)(n * nb) * (size_t)f->ld;
      RealVector      *g = f->g2 + (m * f->count + n) * nm;

      if (m + 1 < f->nf) {
        rotate_bra(nb, nm, f->count * nb, f->nf, 2, w, f->ld, f->im, f->uf + 2 * m, f->v);
        rotate_modes(nm, f->v + 2 * nm, f->u, f->scale, g + f->count * nm);
      } else rotate_bra(nb, nm, f->count * nb, f->nf, 1, w, f->ld, f->im, f->uf + 2 * m, f->v);
      rotate_modes(nm, f->v, f->u, f->scale, g);
    }
}

static void finish_any(const Finish *f, const PetscReal *W)
{
  if (f->nb == 8 && f->nm == 6) finish(f, 8, 6, W);
  else if (f->nb == 4 && f->nm == 3) finish(f, 4, 3, W);
  else finish(f, f->nb, f->nm, W);
}

static PetscErrorCode reserve_finish(Coupling c, PetscInt count, PetscInt nf, PetscInt ld, Finish *f)
{
  const PetscInt nb = c->nb, nm = c->nm;
  const size_t   total = (size_t)(2 * nb * nf + 2 * nm * nm + nm + 4 * nm + nf * count * nm) * VECTOR_WIDTH;

  PetscFunctionBeginUser;
  PetscCall(reserve(total, &c->rotation_room, (PetscReal **)&c->rotation));
  *f       = (Finish){.nb = nb, .nm = nm, .count = count, .nf = nf, .ld = ld, .im = (size_t)(nm * count * nb) * (size_t)ld};
  f->uf    = c->rotation;
  f->u     = f->uf + 2 * nb * nf;
  f->scale = f->u + 2 * nm * nm;
  f->v     = f->scale + nm;
  f->g2    = f->v + 4 * nm;
  PetscFunctionReturn(0);
}

/* Long-range part: W_{c,n,b} += L_c(q) U_k[b,n] */
static PetscErrorCode add_polar(Coupling c, const Initial *k, PetscInt nq, const PetscReal *q, PetscInt ld)
{
  const PetscInt nb = c->nb, nm = c->nm, N = nm * k->count * nb;
  Complex       *L;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(nm, &L));
  for (PetscInt i = 0; i < nq; i++) {
    PetscCall(PolarVertex(c->m, &q[3 * i], L));
    for (PetscInt row = 0; row < N; row++) {
      const PetscInt cart = row / (k->count * nb), n = row / nb % k->count, b = row % nb;
      const Complex  g    = L[cart] * k->ket[b * k->count + n];

      c->W[(size_t)row * (size_t)ld + (size_t)i] += creal(g);
      c->W[(size_t)(N + row) * (size_t)ld + (size_t)i] += cimag(g);
    }
  }
  PetscCall(PetscFree(L));
  PetscFunctionReturn(0);
}

/* nq <= PARTNERS partners */
static PetscErrorCode evaluate_block(Coupling c, const Initial *k, Finish *f, PetscInt nq, const PetscReal *q, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2)
{
  const Pairing *p  = &c->w->pair_p;
  const PetscInt nb = c->nb, nm = c->nm, N2 = 2 * nm * k->count * nb, ld = f->ld, out = f->nf * k->count * nm;
  const PetscInt rows = p->ncos + p->nsin, wide = (nq + VECTOR_WIDTH - 1) / VECTOR_WIDTH * VECTOR_WIDTH;

  PetscFunctionBeginUser;
  PetscCall(PairingPhases(p, nq, q, ld, c->phases));
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)N2, (int)wide, (int)rows, 1.0, c->pool + k->at, (int)N2, c->phases, (int)ld, 0.0, c->W, (int)ld);
  if (c->w->head.polar) PetscCall(add_polar(c, k, nq, q, ld));
  for (PetscInt i0 = 0; i0 < nq; i0 += VECTOR_WIDTH) {
    const PetscInt n = PetscMin(VECTOR_WIDTH, nq - i0);

    GatherRows(n, nb * f->nf, Uf + i0 * nb * f->nf, f->uf);
    GatherRows(n, nm * nm, displacement + i0 * nm * nm, f->u);
    for (PetscInt nu = 0; nu < nm; nu++)
      for (int i = 0; i < VECTOR_WIDTH; i++) {
        const PetscReal w = omega[(i0 + PetscMin(i, n - 1)) * nm + nu];

        f->scale[nu][i] = w > omega_min && w > 0.0 ? 0.5 / w : 0.0;
      }
    finish_any(f, c->W + i0);
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt j = 0; j < out; j++) g2[(i0 + i) * out + j] = ((const PetscReal *)f->g2)[j * VECTOR_WIDTH + i];
  }
  c->flops += (PetscReal)nq * (2.0 * (PetscReal)rows * (PetscReal)N2 + 8.0 * (PetscReal)(k->count * f->nf * nm) * (PetscReal)(nb + nm));
  PetscFunctionReturn(0);
}

PetscErrorCode CouplingEvaluate(Coupling c, PetscInt ik, PetscInt nq, const PetscReal *q, PetscInt nf, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2)
{
  const PetscReal start = WallTime();
  const Initial  *k     = &c->initial[ik];
  const PetscInt  nb = c->nb, nm = c->nm, N2 = 2 * nm * k->count * nb;
  /* W in the second-level cache; the odd multiple of the vector keeps its rows out of each other's cache sets */
  const PetscInt  most = PetscMin(PARTNERS, PetscMax(4 * VECTOR_WIDTH, (PetscInt)(TILE_BYTES / (sizeof(PetscReal) * (size_t)PetscMax(N2, 1))) / VECTOR_WIDTH * VECTOR_WIDTH));
  const PetscInt  ld   = most + VECTOR_WIDTH;
  Finish          f    = {0};

  PetscFunctionBeginUser;
  PetscCheck(ik >= 0 && ik < c->nk, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "initial point %d of %d", (int)ik, (int)c->nk);
  if (nq == 0 || nf == 0 || k->count == 0) PetscFunctionReturn(0);
  if (!c->w) return c->m->ops->coupling(c->m, k->count, k->ket, nq, q, nf, Uf, displacement, omega, omega_min, g2);
  PetscCall(reserve((size_t)(N2 * ld), &c->W_room, &c->W));
  PetscCall(reserve_finish(c, k->count, nf, ld, &f));
  for (PetscInt i = 0; i < nq; i += most)
    PetscCall(evaluate_block(c, k, &f, PetscMin(most, nq - i), &q[3 * i], Uf + i * nb * nf, displacement + i * nm * nm, omega + i * nm, omega_min, g2 + i * nf * k->count * nm));
  c->seconds += WallTime() - start;
  PetscFunctionReturn(0);
}

/* Wigner-Seitz lists: see wigner_seitz.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wigner_seitz.h"

#define NEAR 1e-6

typedef struct {
  const PetscInt *nc;
  PetscReal       metric[3][3];
  PetscInt        side[3], cells, points;
  PetscReal      *distance; /* [points] of the box -2nc..2nc */
  PetscReal      *nearest;  /* [cells] */
  int            *count;    /* [cells] */
  PetscInt       *place;    /* [points] position in the list, or -1 */
} Work;

static inline PetscInt cell_of(const Work *w, const int n[3])
{
  PetscInt c = 0;

  for (int i = 0; i < 3; i++) c = c * w->nc[i] + (n[i] + 4 * w->nc[i]) % w->nc[i];
  return c;
}

static inline PetscInt next_point(const Work *w, int n[3])
{
  for (int i = 2; i >= 0; i--) {
    if (++n[i] <= 2 * w->nc[i]) break;
    n[i] = -2 * (int)w->nc[i];
  }
  return 0;
}

/* distances of all points, the least of each class, and how many share it */
static void measure(Work *w, const PetscReal s[3])
{
  int n[3] = {-2 * (int)w->nc[0], -2 * (int)w->nc[1], -2 * (int)w->nc[2]};

  for (PetscInt c = 0; c < w->cells; c++) w->nearest[c] = HUGE_VAL, w->count[c] = 0;
  for (PetscInt p = 0; p < w->points; p++, next_point(w, n)) {
    const PetscReal x[3] = {n[0] + s[0], n[1] + s[1], n[2] + s[2]};
    PetscReal       gx[3];
    PetscReal      *least = &w->nearest[cell_of(w, n)];

    MatVec3(w->metric, x, gx);
    w->distance[p] = Dot3(x, gx);
    if (w->distance[p] < *least) *least = w->distance[p];
  }
  for (int i = 0; i < 3; i++) n[i] = -2 * (int)w->nc[i];
  for (PetscInt p = 0; p < w->points; p++, next_point(w, n)) {
    const PetscInt c = cell_of(w, n);

    w->count[c] += w->distance[p] - w->nearest[c] < NEAR;
  }
}

/* Add the points of one shift; weights go to `column` of rows that are `nshifts` wide, or nowhere when weight is NULL. */
static PetscInt collect(Work *w, PetscInt nR, PetscInt limit, int (*R)[3], PetscReal *weight, PetscInt nshifts, PetscInt column)
{
  int n[3] = {-2 * (int)w->nc[0], -2 * (int)w->nc[1], -2 * (int)w->nc[2]};

  for (PetscInt p = 0; p < w->points; p++, next_point(w, n)) {
    const PetscInt c = cell_of(w, n);

    if (w->distance[p] - w->nearest[c] >= NEAR) continue;
    if (w->place[p] < 0) {
      w->place[p] = nR++;
      if (limit > 0 && nR > limit) break;
      if (R)
        for (int i = 0; i < 3; i++) R[w->place[p]][i] = n[i];
    }
    if (weight) weight[w->place[p] * nshifts + column] = 1.0 / w->count[c];
  }
  return nR;
}

PetscErrorCode WignerSeitzCreate(const PetscReal a[3][3], const PetscInt nc[3], PetscInt nshifts, const PetscReal *shift, PetscInt limit, WignerSeitz *ws)
{
  Work     w  = {.nc = nc};
  PetscInt nR = 0;

  PetscFunctionBeginUser;
  memset(ws, 0, sizeof(*ws));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) w.metric[i][j] = Dot3(a[i], a[j]);
  w.cells = nc[0] * nc[1] * nc[2];
  for (int i = 0; i < 3; i++) w.side[i] = 4 * nc[i] + 1;
  w.points = w.side[0] * w.side[1] * w.side[2];
  PetscCall(PetscMalloc4(w.points, &w.distance, w.cells, &w.nearest, w.cells, &w.count, w.points, &w.place));
  /* pass 0 counts the vectors, pass 1 stores them */
  for (int pass = 0; pass < 2; pass++) {
    for (PetscInt p = 0; p < w.points; p++) w.place[p] = -1;
    nR = 0;
    for (PetscInt s = 0; s < nshifts; s++) {
      measure(&w, &shift[3 * s]);
      nR = collect(&w, nR, limit, ws->R, ws->weight, nshifts, s);
      if (limit > 0 && nR > limit) break;
    }
    if (limit > 0 && nR > limit) break;
    if (pass == 0) {
      PetscCall(PetscMalloc1(nR, &ws->R));
      PetscCall(PetscCalloc1(nR * nshifts, &ws->weight));
    }
  }
  ws->nR      = nR;
  ws->nshifts = nshifts;
  PetscCall(PetscFree4(w.distance, w.nearest, w.count, w.place));
  PetscFunctionReturn(0);
}

PetscErrorCode WignerSeitzDestroy(WignerSeitz *ws)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(ws->R));
  PetscCall(PetscFree(ws->weight));
  ws->nR = 0;
  PetscFunctionReturn(0);
}

bool WignerSeitzEqual(const WignerSeitz *x, const WignerSeitz *y)
{
  if (x->nR != y->nR) return false;
  if (memcmp(x->R, y->R, sizeof(int[3]) * (size_t)x->nR)) return false;
  for (PetscInt r = 0; r < x->nR; r++)
    for (PetscInt s = 0; s < x->nshifts || s < y->nshifts; s++) {
      const PetscReal wx = x->weight[r * x->nshifts + (x->nshifts == 1 ? 0 : s)], wy = y->weight[r * y->nshifts + (y->nshifts == 1 ? 0 : s)];

      if (fabs(wx - wy) > 1e-12) return false;
    }
  return true;
}

/* Constant-energy surfaces: see isosurface.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "umklapp/states.h"
#include "isosurface.h"

#define BATCH 64
#define EDGES 7 /* of the simplices at a fine point: the nonzero corners of a cell, as bits */

/* --- the coarse mesh ------------------------------------------------------------------------------------------- */

static PetscInt CoarseSize(IsosurfaceMesh m) { return m->n[0] * m->n[1] * m->n[2]; }

static void ChooseDiagonal(IsosurfaceMesh m)
{
  PetscReal shortest = HUGE_VAL;

  for (int i = 0; i < 4; i++) {
    const int sign[3] = {1, i & 1 ? -1 : 1, i & 2 ? -1 : 1};
    PetscReal x[3], d[3];

    for (int c = 0; c < 3; c++) x[c] = (PetscReal)sign[c] / (PetscReal)m->n[c];
    MatTVec3((const PetscReal(*)[3])m->crystal->b, x, d);
    m->diagonal = PetscMax(m->diagonal, Norm3(d));
    if (Norm3(d) > shortest * (1 - 1e-9)) continue;
    shortest = Norm3(d);
    memcpy(m->flip, sign, sizeof sign);
  }
}

static PetscErrorCode FillCoarse(IsosurfaceMesh m, PetscInt begin, PetscInt end, PetscReal *energy, PetscReal *velocity)
{
  PetscReal k[BATCH][3];

  PetscFunctionBeginUser;
  for (PetscInt at = begin; at < end; at += BATCH) {
    const PetscInt count = PetscMin(BATCH, end - at);

    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    for (PetscInt i = 0; i < count; i++) {
      const PetscInt index[3] = {(at + i) / (m->n[1] * m->n[2]), (at + i) / m->n[2] % m->n[1], (at + i) % m->n[2]};
      for (int c = 0; c < 3; c++) k[i][c] = c == 2 && m->crystal->dimension == 2 ? 0 : (PetscReal)index[c] / (PetscReal)m->n[c];
    }
    PetscCall(MaterialElectrons(m->material, count, k[0], energy + at * m->nbands, velocity + 3 * at * m->nbands, NULL));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode IsosurfaceMeshCreate(MPI_Comm comm, Material material, const PetscInt n[3], PetscInt refine, IsosurfaceMesh *mesh)
{
  IsosurfaceMesh m;
  PetscReal     *energy, *velocity;
  PetscInt       begin, end;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&m));
  *mesh       = m;
  m->comm     = comm;
  m->material = material;
  m->refine   = refine;
  PetscCall(MaterialGetCrystal(material, &m->crystal));
  PetscCall(MaterialGetSizes(material, &m->nbands, NULL, NULL, NULL));
  for (int c = 0; c < 3; c++) m->n[c] = c == 2 && m->crystal->dimension == 2 ? 4 : n[c];
  ChooseDiagonal(m);
  const size_t bytes = sizeof(PetscReal) * (size_t)m->nbands;
  PetscCall(SharedArrayCreate(comm, bytes * (size_t)CoarseSize(m), &m->energy_window));
  PetscCall(SharedArrayCreate(comm, 3 * bytes * (size_t)CoarseSize(m), &m->velocity_window));
  PetscCall(SharedArrayGet(m->energy_window, &energy));
  PetscCall(SharedArrayGet(m->velocity_window, &velocity));
  StatesShare(comm, CoarseSize(m), &begin, &end);
  PetscCall(ErrorAgree(comm, FillCoarse(m, begin, end, energy, velocity)));
  PetscCall(SharedArrayCombine(m->energy_window, bytes * (size_t)begin, bytes * (size_t)end));
  PetscCall(SharedArrayCombine(m->velocity_window, 3 * bytes * (size_t)begin, 3 * bytes * (size_t)end));
  m->energy   = energy;
  m->velocity = velocity;
  PetscFunctionReturn(0);
}

PetscErrorCode IsosurfaceMeshDestroy(IsosurfaceMesh *mesh)
{
  PetscFunctionBeginUser;
  if (!*mesh) PetscFunctionReturn(0);
  PetscCall(SharedArrayDestroy(&(*mesh)->energy_window));
  PetscCall(SharedArrayDestroy(&(*mesh)->velocity_window));
  PetscCall(PetscFree(*mesh));
  PetscFunctionReturn(0);
}

/* May the surface pass the coarse cell at `index`? Energies are bounded from the corners by the velocities there and by how much these differ. */
static bool MayPass(IsosurfaceMesh m, PetscInt band, PetscReal energy, const PetscInt index[3])
{
  PetscReal low = HUGE_VAL, high = -HUGE_VAL, speed = 0, first[3] = {0}, change = 0;

  for (int corner = 0; corner < 8; corner++) {
    PetscInt at = 0;

    for (int c = 0; c < 3; c++) at = at * m->n[c] + (index[c] + (corner >> c & 1)) % m->n[c];
    const PetscReal *v = m->velocity + 3 * (at * m->nbands + band), e = m->energy[at * m->nbands + band];
    if (corner == 0) memcpy(first, v, sizeof first);
    const PetscReal d[3] = {v[0] - first[0], v[1] - first[1], v[2] - first[2]};
    low    = PetscMin(low, e);
    high   = PetscMax(high, e);
    speed  = PetscMax(speed, Norm3(v));
    change = PetscMax(change, Norm3(d));
  }
  const PetscReal reach = 0.5 * m->diagonal * (speed + change);
  return low - reach <= energy && energy <= high + reach;
}

/* --- the fine mesh: points that active cells need, in ascending order ------------------------------------------------ */

typedef struct {
  IsosurfaceMesh m;
  PetscInt       n[3], ncells, npoints;
  int64_t       *cell, *point;    /* linear indices: coarse of active cells; fine */
  PetscReal     *energy;          /* [npoints] minus the surface's, one copy per node */
  SharedArray    window;
} Fine;

static int Compare(const void *a, const void *b)
{
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static int64_t FineLinear(const Fine *f, const PetscInt i[3])
{
  int64_t at = 0;
  for (int c = 0; c < 3; c++) at = at * f->n[c] + (i[c] % f->n[c] + f->n[c]) % f->n[c];
  return at;
}

static PetscErrorCode FindCells(Fine *f, PetscInt band, PetscReal energy)
{
  const IsosurfaceMesh m = f->m;

  PetscFunctionBeginUser;
  for (int pass = 0; pass < 2; pass++) {
    f->ncells = 0;
    for (PetscInt at = 0; at < CoarseSize(m); at++) {
      const PetscInt index[3] = {at / (m->n[1] * m->n[2]), at / m->n[2] % m->n[1], at % m->n[2]};
      if (!MayPass(m, band, energy, index)) continue;
      if (pass) f->cell[f->ncells] = at;
      f->ncells++;
    }
    if (!pass) PetscCall(PetscMalloc1(f->ncells, &f->cell));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode FindPoints(Fine *f)
{
  const PetscInt *n = f->m->n, r = f->m->refine, side = r + 1;
  PetscInt        count = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(f->ncells * side * side * side, &f->point));
  for (PetscInt a = 0; a < f->ncells; a++) {
    const PetscInt index[3] = {(PetscInt)f->cell[a] / (n[1] * n[2]), (PetscInt)f->cell[a] / n[2] % n[1], (PetscInt)f->cell[a] % n[2]};
    for (PetscInt j = 0; j < side * side * side; j++) f->point[count++] = FineLinear(f, (PetscInt[3]){index[0] * r + j / (side * side), index[1] * r + j / side % side, index[2] * r + j % side});
  }
  qsort(f->point, (size_t)count, sizeof(int64_t), Compare);
  f->npoints = 0;
  for (PetscInt i = 0; i < count; i++)
    if (i == 0 || f->point[i] != f->point[i - 1]) f->point[f->npoints++] = f->point[i];
  PetscFunctionReturn(0);
}

static PetscErrorCode FillFine(Fine *f, PetscInt band, PetscReal energy, PetscInt begin, PetscInt end)
{
  const PetscInt nb = f->m->nbands;
  PetscReal      k[BATCH][3], *all;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(BATCH * nb, &all));
  for (PetscInt at = begin; at < end; at += BATCH) {
    const PetscInt count = PetscMin(BATCH, end - at);

    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    for (PetscInt i = 0; i < count; i++) {
      const int64_t  p        = f->point[at + i];
      const PetscInt index[3] = {(PetscInt)(p / ((int64_t)f->n[1] * f->n[2])), (PetscInt)(p / f->n[2] % f->n[1]), (PetscInt)(p % f->n[2])};
      for (int c = 0; c < 3; c++) k[i][c] = c == 2 && f->m->crystal->dimension == 2 ? 0 : (PetscReal)index[c] / (PetscReal)f->n[c];
    }
    PetscCall(MaterialElectrons(f->m->material, count, k[0], all, NULL, NULL));
    for (PetscInt i = 0; i < count; i++) f->energy[at + i] = all[i * nb + band] - energy;
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(0);
}

static PetscErrorCode FineCreate(IsosurfaceMesh m, PetscInt band, PetscReal energy, Fine *f)
{
  PetscInt begin, end;

  PetscFunctionBeginUser;
  *f = (Fine){.m = m, .n = {m->n[0] * m->refine, m->n[1] * m->refine, m->n[2] * m->refine}};
  PetscCall(FindCells(f, band, energy));
  PetscCall(FindPoints(f));
  PetscCall(SharedArrayCreate(m->comm, sizeof(PetscReal) * (size_t)PetscMax(1, f->npoints), &f->window));
  PetscCall(SharedArrayGet(f->window, &f->energy));
  StatesShare(m->comm, f->npoints, &begin, &end);
  PetscCall(ErrorAgree(m->comm, FillFine(f, band, energy, begin, end)));
  PetscCall(SharedArrayCombine(f->window, sizeof(PetscReal) * (size_t)begin, sizeof(PetscReal) * (size_t)end));
  PetscFunctionReturn(0);
}

static PetscErrorCode FineDestroy(Fine *f)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(f->cell));
  PetscCall(PetscFree(f->point));
  PetscCall(SharedArrayDestroy(&f->window));
  PetscFunctionReturn(0);
}

static PetscReal At(const Fine *f, const PetscInt i[3])
{
  const int64_t  key   = FineLinear(f, i);
  const int64_t *found = bsearch(&key, f->point, (size_t)f->npoints, sizeof key, Compare);
  return f->energy[found - f->point];
}

/* --- triangles ---------------------------------------------------------------------------------------------------------- */

typedef struct {
  int64_t   key;                 /* of the edge: fine point * EDGES + direction - 1 */
  PetscReal k[3];
  PetscInt  at;                  /* corner 3 t + c that it belongs to */
} Corner;

typedef struct {
  const Fine *f;
  Isosurface  s;
  PetscInt    count, capacity;   /* triangles */
  Corner     *corner;            /* [3 count] */
} Builder;

static PetscErrorCode Grow(Builder *b)
{
  PetscFunctionBeginUser;
  if (b->count < b->capacity) PetscFunctionReturn(0);
  b->capacity = 2 * b->capacity + 1024;
  PetscCall(PetscRealloc(sizeof(*b->corner) * 3 * (size_t)b->capacity, &b->corner));
  PetscCall(PetscRealloc(sizeof(*b->s->triangle) * (size_t)b->capacity, &b->s->triangle));
  PetscFunctionReturn(0);
}

/* Where the edge between corners lo and hi (bits, lo a part of hi) of the cell at `base` meets the surface. Corners are steps along flip[c]. */
static void CutEdge(Builder *b, const PetscInt base[3], int lo, int hi, const PetscReal e[8], int which)
{
  const Fine         *f = b->f;
  IsosurfaceTriangle *t = &b->s->triangle[b->count];
  Corner             *corner = &b->corner[3 * b->count + which];
  const PetscReal     x = e[lo] / (e[lo] - e[hi]);
  PetscInt            p[3];
  PetscReal           fraction[3];

  for (int c = 0; c < 3; c++) {
    p[c]               = base[c] + f->m->flip[c] * (lo >> c & 1);
    t->cell[which][c]  = (int)floor((PetscReal)p[c] / (PetscReal)f->n[c]);
    fraction[c]        = ((PetscReal)(p[c] - t->cell[which][c] * f->n[c]) + x * f->m->flip[c] * ((hi >> c & 1) - (lo >> c & 1))) / (PetscReal)f->n[c];
  }
  MatTVec3((const PetscReal(*)[3])f->m->crystal->b, fraction, corner->k);
  corner->key = FineLinear(f, p) * EDGES + (hi ^ lo) - 1;
  corner->at  = 3 * b->count + which;
}

static PetscErrorCode AddTriangle(Builder *b, const PetscInt base[3], const int edge[3][2], const PetscReal e[8])
{
  PetscFunctionBeginUser;
  PetscCall(Grow(b));
  memset(&b->s->triangle[b->count], 0, sizeof(IsosurfaceTriangle));
  for (int i = 0; i < 3; i++) CutEdge(b, base, edge[i][0] < edge[i][1] ? edge[i][0] : edge[i][1], edge[i][0] < edge[i][1] ? edge[i][1] : edge[i][0], e, i);
  b->count++;
  PetscFunctionReturn(0);
}

/* The simplex with corners 0, a, a|b, 7 of a cell; a corner counts as below when its energy is. */
static PetscErrorCode CutSimplex(Builder *b, const PetscInt base[3], const int v[4], const PetscReal e[8])
{
  int in[4], out[4], nin = 0, nout = 0;

  PetscFunctionBeginUser;
  for (int i = 0; i < 4; i++) {
    if (e[v[i]] < 0) in[nin++] = v[i];
    else out[nout++] = v[i];
  }
  if (nin == 1) PetscCall(AddTriangle(b, base, (const int[3][2]){{in[0], out[0]}, {in[0], out[1]}, {in[0], out[2]}}, e));
  else if (nin == 3) PetscCall(AddTriangle(b, base, (const int[3][2]){{in[0], out[0]}, {in[1], out[0]}, {in[2], out[0]}}, e));
  else if (nin == 2) {
    PetscCall(AddTriangle(b, base, (const int[3][2]){{in[0], out[0]}, {in[0], out[1]}, {in[1], out[1]}}, e));
    PetscCall(AddTriangle(b, base, (const int[3][2]){{in[0], out[0]}, {in[1], out[1]}, {in[1], out[0]}}, e));
  }
  PetscFunctionReturn(0);
}

/* All fine cells of a coarse one. The simplices start from the corner that flip points away from. */
static PetscErrorCode CutCell(Builder *b, PetscInt coarse)
{
  static const int simplex[6][4] = {{0, 1, 3, 7}, {0, 1, 5, 7}, {0, 2, 3, 7}, {0, 2, 6, 7}, {0, 4, 5, 7}, {0, 4, 6, 7}};
  const Fine      *f = b->f;
  const PetscInt  *n = f->m->n, r = f->m->refine, index[3] = {coarse / (n[1] * n[2]), coarse / n[2] % n[1], coarse % n[2]};

  PetscFunctionBeginUser;
  for (PetscInt j = 0; j < r * r * r; j++) {
    const PetscInt sub[3] = {j / (r * r), j / r % r, j % r};
    PetscInt       base[3];
    PetscReal      e[8];
    int            below = 0;

    for (int c = 0; c < 3; c++) base[c] = index[c] * r + sub[c] + (f->m->flip[c] < 0);
    for (int v = 0; v < 8; v++) {
      PetscInt p[3];
      for (int c = 0; c < 3; c++) p[c] = base[c] + f->m->flip[c] * (v >> c & 1);
      e[v] = At(f, p);
      below += e[v] < 0;
    }
    if (below == 0 || below == 8) continue;
    for (int c = 0; c < f->m->crystal->dimension; c++) {
      const PetscInt i = index[c] * r + sub[c];
      b->s->cut        = b->s->cut || (2 * i < f->n[c] && 2 * (i + 1) >= f->n[c]);
    }
    for (int i = 0; i < 6; i++) PetscCall(CutSimplex(b, base, simplex[i], e));
  }
  PetscFunctionReturn(0);
}

static int CompareCorners(const void *a, const void *b)
{
  const Corner *x = a, *y = b;
  return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->at < y->at ? -1 : x->at > y->at);
}

/* Corners of the same key are one vertex. */
static PetscErrorCode NumberVertices(Builder *b)
{
  Isosurface s = b->s;

  PetscFunctionBeginUser;
  s->ntriangles = b->count;
  qsort(b->corner, (size_t)(3 * b->count), sizeof(Corner), CompareCorners);
  for (PetscInt i = 0; i < 3 * b->count; i++) s->nvertices += i == 0 || b->corner[i].key != b->corner[i - 1].key;
  PetscCall(PetscMalloc1(s->nvertices, &s->k));
  for (PetscInt i = 0, v = -1; i < 3 * b->count; i++) {
    if (i == 0 || b->corner[i].key != b->corner[i - 1].key) memcpy(s->k[++v], b->corner[i].k, sizeof(s->k[0]));
    s->triangle[b->corner[i].at / 3].vertex[b->corner[i].at % 3] = v;
  }
  PetscCall(PetscFree(b->corner));
  PetscFunctionReturn(0);
}

/* --- neighbours and components --------------------------------------------------------------------------------------------- */

typedef struct {
  PetscInt a, b;      /* vertices, a < b: a mesh of 3 or more points has no simplex that meets two images of one */
  int      shift[3];  /* cell of b minus cell of a */
  PetscInt at;        /* 3 triangle + corner */
} Side;

static int CompareSides(const void *x, const void *y)
{
  const Side *p = x, *q = y;

  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  if (p->b != q->b) return p->b < q->b ? -1 : 1;
  for (int c = 0; c < 3; c++)
    if (p->shift[c] != q->shift[c]) return p->shift[c] < q->shift[c] ? -1 : 1;
  return p->at < q->at ? -1 : p->at > q->at;
}

static PetscErrorCode FindNeighbours(Isosurface s)
{
  Side *side;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(3 * s->ntriangles, &side));
  for (PetscInt i = 0; i < 3 * s->ntriangles; i++) {
    const IsosurfaceTriangle *t = &s->triangle[i / 3];
    int                       x = (int)(i % 3), y = (x + 1) % 3;

    if (t->vertex[x] > t->vertex[y]) {
      const int swap = x;
      x              = y;
      y              = swap;
    }
    side[i] = (Side){t->vertex[x], t->vertex[y], {t->cell[y][0] - t->cell[x][0], t->cell[y][1] - t->cell[x][1], t->cell[y][2] - t->cell[x][2]}, i};
    s->triangle[i / 3].neighbour[i % 3] = -1;
  }
  qsort(side, (size_t)(3 * s->ntriangles), sizeof(Side), CompareSides);
  for (PetscInt i = 0; i + 1 < 3 * s->ntriangles; i++) {
    if (side[i].a != side[i + 1].a || side[i].b != side[i + 1].b || memcmp(side[i].shift, side[i + 1].shift, sizeof side[i].shift)) continue;
    s->triangle[side[i].at / 3].neighbour[side[i].at % 3]         = side[i + 1].at;
    s->triangle[side[i + 1].at / 3].neighbour[side[i + 1].at % 3] = side[i].at;
    i++;
  }
  PetscCall(PetscFree(side));
  PetscFunctionReturn(0);
}

void IsosurfaceStep(Isosurface s, PetscInt at, int step[3])
{
  const PetscInt            next = s->triangle[at / 3].neighbour[at % 3];
  const IsosurfaceTriangle *t = &s->triangle[at / 3], *u = &s->triangle[next / 3];
  const int                 x = (int)(at % 3);
  const int                 y = (int)(u->vertex[next % 3] == t->vertex[x] ? next % 3 : (next + 1) % 3);

  for (int c = 0; c < 3; c++) step[c] = t->cell[x][c] - u->cell[y][c];
}

static PetscErrorCode FindComponents(Isosurface s)
{
  PetscInt *queue, head, tail;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(s->ntriangles, &queue));
  PetscCall(PetscCalloc1(s->ntriangles, &s->open));
  for (PetscInt t = 0; t < s->ntriangles; t++) s->triangle[t].component = -1;
  for (PetscInt first = 0; first < s->ntriangles; first++) {
    if (s->triangle[first].component >= 0) continue;
    s->triangle[first].component = s->ncomponents;
    queue[0]                     = first;
    for (head = 0, tail = 1; head < tail; head++)
      for (int c = 0; c < 3; c++) {
        IsosurfaceTriangle *t = &s->triangle[queue[head]], *u;
        int                 home[3];

        if (t->neighbour[c] < 0) continue;
        u = &s->triangle[t->neighbour[c] / 3];
        IsosurfaceStep(s, 3 * queue[head] + c, home);
        for (int i = 0; i < 3; i++) home[i] += t->home[i];
        if (u->component < 0) {
          u->component = s->ncomponents;
          memcpy(u->home, home, sizeof home);
          queue[tail++] = t->neighbour[c] / 3;
        } else if (memcmp(u->home, home, sizeof home)) s->open[s->ncomponents] = true;
      }
    s->ncomponents++;
  }
  PetscCall(PetscFree(queue));
  PetscFunctionReturn(0);
}

PetscErrorCode IsosurfaceCreate(IsosurfaceMesh mesh, PetscInt band, PetscReal energy, Isosurface *surface)
{
  Isosurface s;
  Fine       f;
  Builder    b = {&f};

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  *surface   = s;
  b.s        = s;
  s->crystal = mesh->crystal;
  s->band    = band;
  s->energy  = energy;
  PetscCall(FineCreate(mesh, band, energy, &f));
  for (PetscInt a = 0; a < f.ncells; a++) PetscCall(CutCell(&b, (PetscInt)f.cell[a]));
  PetscCall(FineDestroy(&f));
  PetscCall(NumberVertices(&b));
  PetscCall(FindNeighbours(s));
  PetscCall(FindComponents(s));
  PetscFunctionReturn(0);
}

PetscErrorCode IsosurfaceDestroy(Isosurface *surface)
{
  PetscFunctionBeginUser;
  if (!*surface) PetscFunctionReturn(0);
  PetscCall(PetscFree((*surface)->k));
  PetscCall(PetscFree((*surface)->triangle));
  PetscCall(PetscFree((*surface)->open));
  PetscCall(PetscFree(*surface));
  PetscFunctionReturn(0);
}

void IsosurfaceCorner(Isosurface s, PetscInt triangle, int c, const int shift[3], PetscReal k[3])
{
  const IsosurfaceTriangle *t    = &s->triangle[triangle];
  const PetscReal           x[3] = {t->cell[c][0] + shift[0], t->cell[c][1] + shift[1], t->cell[c][2] + shift[2]};

  MatTVec3((const PetscReal(*)[3])s->crystal->b, x, k);
  for (int i = 0; i < 3; i++) k[i] += s->k[t->vertex[c]][i];
}

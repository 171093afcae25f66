/* Orbits in k space: see contour.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "contour.h"

#define NEWTON     16
#define LEAST      64    /* points of a curve */
#define MOST       1024
#define WALK_LIMIT 20    /* times the triangles of the surface */

PetscErrorCode ContourSpaceCreate(Material m, PetscInt band, PetscReal energy, const PetscReal direction[3], ContourSpace *s)
{
  int least = 0;

  PetscFunctionBeginUser;
  *s = (ContourSpace){.material = m, .band = band, .energy = energy};
  PetscCall(MaterialGetCrystal(m, &s->crystal));
  PetscCall(MaterialGetSizes(m, &s->nbands, NULL, NULL, NULL));
  Invert3((const PetscReal(*)[3])s->crystal->b, s->inverse);
  for (int c = 0; c < 3; c++) {
    s->b[c] = direction[c] / Norm3(direction);
    if (fabs(direction[c]) < fabs(direction[least])) least = c;
  }
  PetscReal length = 0;
  for (int c = 0; c < 3; c++) s->e1[c] = (c == least) - s->b[least] * s->b[c];
  length = Norm3(s->e1);
  for (int c = 0; c < 3; c++) s->e1[c] /= length;
  for (int c = 0; c < 3; c++) s->e2[c] = s->b[(c + 1) % 3] * s->e1[(c + 2) % 3] - s->b[(c + 2) % 3] * s->e1[(c + 1) % 3];
  PetscFunctionReturn(0);
}

/* --- the walk over triangles --------------------------------------------------------------------------------------- */

/* Bits of the corners below the plane. */
static int Below(const ContourSpace *s, Isosurface surface, PetscInt t, const int shift[3], PetscReal h, PetscReal z[3], PetscReal k[3][3])
{
  int below = 0;

  for (int c = 0; c < 3; c++) {
    IsosurfaceCorner(surface, t, c, shift, k[c]);
    z[c] = Dot3(s->b, k[c]) - h;
    below |= (z[c] < 0) << c;
  }
  return below;
}

bool ContourMeets(const ContourSpace *s, Isosurface surface, PetscInt t, PetscReal h)
{
  PetscReal z[3], k[3][3];
  const int below = Below(s, surface, t, surface->triangle[t].home, h, z, k);
  return below != 0 && below != 7;
}

typedef struct {
  PetscInt  n, capacity;
  PetscReal (*k)[3];
} Points;

static PetscErrorCode Append(Points *p, const PetscReal k[3])
{
  PetscFunctionBeginUser;
  if (p->n == p->capacity) {
    p->capacity = 2 * p->capacity + 256;
    PetscCall(PetscRealloc(sizeof(*p->k) * (size_t)p->capacity, &p->k));
  }
  memcpy(p->k[p->n++], k, sizeof(p->k[0]));
  PetscFunctionReturn(0);
}

/* Edge by which the plane leaves the triangle towards larger values of the parameter: the edge whose first corner is below and whose second is not. */
static int Leaving(int below)
{
  for (int c = 0; c < 3; c++)
    if ((below >> c & 1) && !(below >> (c + 1) % 3 & 1)) return c;
  return -1;
}

static int OtherEdge(int below, int edge)
{
  for (int c = 0; c < 3; c++)
    if (c != edge && (below >> c & 1) != (below >> (c + 1) % 3 & 1)) return c;
  return -1;
}

/* Are two images of a triangle at the same height? Then their orbits are images too. */
static bool SamePlane(const ContourSpace *s, const int a[3], const int b[3])
{
  const PetscReal x[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
  PetscReal       G[3];

  MatTVec3((const PetscReal(*)[3])s->crystal->b, x, G);
  return fabs(Dot3(G, s->b)) <= 1e-9 * Norm3(G);
}

PetscErrorCode ContourWalk(const ContourSpace *s, Isosurface surface, PetscInt start, PetscReal h, bool *seen, PetscInt *n, PetscReal (**polygon)[3], WalkEnd *end, int period[3])
{
  const PetscInt limit = WALK_LIMIT * surface->ntriangles;
  Points         p     = {0};
  PetscInt       t = start, first = -1;
  int            shift[3], out = -1;

  PetscFunctionBeginUser;
  memcpy(shift, surface->triangle[start].home, sizeof shift);
  *end = WALK_LOST;
  for (PetscInt step = 0; step < limit; step++) {
    const IsosurfaceTriangle *here = &surface->triangle[t];
    PetscReal                 z[3], k[3][3], cut[3];
    const int                 below = Below(s, surface, t, shift, h, z, k), in = out;
    int                       move[3];

    out = in < 0 ? Leaving(below) : OtherEdge(below, in);
    UmkCheck(out >= 0, "orbit: the surface's triangles do not join");
    if (SamePlane(s, here->home, shift)) seen[t] = true;
    const int       a = out, c = (out + 1) % 3;
    const PetscReal x = z[a] / (z[a] - z[c]);
    for (int i = 0; i < 3; i++) cut[i] = k[a][i] + x * (k[c][i] - k[a][i]);
    PetscCall(Append(&p, cut));
    if (step == 0) first = out;
    UmkCheck(here->neighbour[out] >= 0, "orbit: the surface has a hole");
    IsosurfaceStep(surface, 3 * t + out, move);
    for (int i = 0; i < 3; i++) shift[i] += move[i];
    out = (int)(here->neighbour[out] % 3);
    t   = here->neighbour[(a)] / 3;
    if (t != start) continue;
    PetscReal z2[3], k2[3][3];
    if (OtherEdge(Below(s, surface, t, shift, h, z2, k2), out) != first) continue;
    if (!SamePlane(s, surface->triangle[start].home, shift)) continue;
    for (int i = 0; i < 3; i++) period[i] = shift[i] - surface->triangle[start].home[i];
    *end = period[0] || period[1] || period[2] ? WALK_OPEN : WALK_CLOSED;
    break;
  }
  *n       = p.n;
  *polygon = p.k;
  PetscFunctionReturn(0);
}

/* --- points onto the curve ------------------------------------------------------------------------------------------- */

static PetscErrorCode Evaluate(const ContourSpace *s, PetscInt n, const PetscReal (*k)[3], PetscReal *energy, PetscReal (*v)[3])
{
  PetscReal *fractional, *all, *velocity;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(3 * n, &fractional, n * s->nbands, &all, 3 * n * s->nbands, &velocity));
  for (PetscInt i = 0; i < n; i++) {
    MatTVec3((const PetscReal(*)[3])s->inverse, k[i], fractional + 3 * i);
    if (s->crystal->dimension == 2) fractional[3 * i + 2] = 0;
  }
  PetscCall(MaterialElectrons(s->material, n, fractional, all, velocity, NULL));
  for (PetscInt i = 0; i < n; i++) {
    energy[i] = all[i * s->nbands + s->band];
    memcpy(v[i], velocity + 3 * (i * s->nbands + s->band), sizeof(v[i]));
  }
  PetscCall(PetscFree3(fractional, all, velocity));
  PetscFunctionReturn(0);
}

/* Part of a vector in the plane; returns its length squared. */
static PetscReal InPlane(const ContourSpace *s, const PetscReal v[3], PetscReal w[3])
{
  const PetscReal along = Dot3(v, s->b);

  for (int c = 0; c < 3; c++) w[c] = v[c] - along * s->b[c];
  return Dot3(w, w);
}

/* Newton's steps along the gradient in the plane, none longer than `reach`; rough: to 1e-3 of it, with velocities from before the last step. */
static PetscErrorCode Project(const ContourSpace *s, PetscInt n, PetscReal (*k)[3], PetscReal (*v)[3], PetscReal reach, bool rough, bool *found)
{
  PetscReal *energy, previous = HUGE_VAL;

  PetscFunctionBeginUser;
  *found = false;
  PetscCall(PetscMalloc1(n, &energy));
  for (int it = 0; it < NEWTON && !*found; it++) {
    PetscReal farthest = 0;

    PetscCall(Evaluate(s, n, (const PetscReal(*)[3])k, energy, v));
    for (PetscInt i = 0; i < n; i++) {
      PetscReal       w[3], step[3];
      const PetscReal slope2 = InPlane(s, v[i], w);

      for (int c = 0; c < 3; c++) step[c] = slope2 > 0 ? (s->energy - energy[i]) * w[c] / slope2 : 0;
      const PetscReal length = Norm3(step), shorten = length > reach ? reach / length : 1;
      for (int c = 0; c < 3; c++) k[i][c] += shorten * step[c];
      farthest = PetscMax(farthest, slope2 > 0 ? length : HUGE_VAL);
    }
    if (!isfinite(farthest)) break;
    *found   = farthest < (rough ? 1e-3 : 1e-9) * reach || (farthest < 1e-5 * reach && farthest > 0.5 * previous); /* the last step is second order, or round-off */
    previous = farthest;
  }
  if (*found && !rough) PetscCall(Evaluate(s, n, (const PetscReal(*)[3])k, energy, v));
  PetscCall(PetscFree(energy));
  PetscFunctionReturn(0);
}

/* --- Fourier series of a closed curve in the plane: z = x + i y along e1, e2 ---------------------------------------------- */

/* turn[j] = exp(2 pi i j / n) */
static PetscErrorCode Turns(PetscInt n, Complex **turn)
{
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, turn));
  for (PetscInt j = 0; j < n; j++) (*turn)[j] = cexp(2 * UMK_PI * I * (PetscReal)j / (PetscReal)n);
  PetscFunctionReturn(0);
}

static void Transform(PetscInt n, const Complex *turn, const Complex *z, PetscInt m, Complex *f) /* f[m + j], -m <= j <= m < n / 2 */
{
  for (PetscInt j = -m; j <= m; j++) {
    const PetscInt step = (n - j) % n;

    f[m + j] = 0;
    for (PetscInt i = 0, at = 0; i < n; i++, at = (at + step) % n) f[m + j] += z[i] * turn[at];
    f[m + j] /= (PetscReal)n;
  }
}

static void Series(PetscInt m, const Complex *f, PetscInt n, const Complex *turn, Complex *z)
{
  for (PetscInt i = 0; i < n; i++) {
    z[i] = 0;
    for (PetscInt j = 0, at = (n * m - m * i) % n; j <= 2 * m; j++, at = (at + i) % n) z[i] += f[j] * turn[at];
  }
}

static void ToPlane(const ContourSpace *s, PetscInt n, const PetscReal (*k)[3], Complex *z)
{
  for (PetscInt i = 0; i < n; i++) z[i] = Dot3(s->e1, k[i]) + I * Dot3(s->e2, k[i]);
}

/* Points at equal distances along a closed polygon. */
static void Spread(PetscInt n, const PetscReal (*polygon)[3], PetscInt count, PetscReal (*k)[3], PetscReal *total)
{
  PetscReal before = 0;
  PetscInt  at     = 0;

  *total = 0;
  for (PetscInt pass = 0; pass < 2; pass++)
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal *a = polygon[i], *b = polygon[(i + 1) % n], d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]}, length = Norm3(d);

      if (!pass) *total += length;
      for (; pass && at < count && at * *total / count <= before + length; at++)
        for (int c = 0; c < 3; c++) k[at][c] = a[c] + (length > 0 ? (at * *total / count - before) / length : 0) * d[c];
      if (pass) before += length;
    }
  for (; at < count; at++) memcpy(k[at], polygon[n - 1], sizeof(k[at]));
}

/* --- integrals ---------------------------------------------------------------------------------------------------------------- */

static PetscErrorCode Integrate(const ContourSpace *s, Contour *c)
{
  const PetscInt n = c->n, m = (n - 1) / 2;
  Complex       *z, *f, *dz, *turn, centre = 0;
  PetscReal      outward = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &z, 2 * m + 1, &f, n, &dz));
  PetscCall(Turns(n, &turn));
  ToPlane(s, n, (const PetscReal(*)[3])c->k, z);
  Transform(n, turn, z, m, f);
  for (PetscInt j = -m; j <= m; j++) f[m + j] *= I * (PetscReal)j; /* derivative by the parameter, 0 to 2 pi */
  Series(m, f, n, turn, dz);
  PetscCall(PetscFree(turn));
  c->area = c->mass_area = c->slope = c->length = 0;
  const PetscReal step = 2 * UMK_PI / (PetscReal)n;
  for (PetscInt i = 0; i < n; i++) {
    const Complex   w     = Dot3(s->e1, c->v[i]) + I * Dot3(s->e2, c->v[i]);
    const PetscReal speed = cabs(w), dl = cabs(dz[i]) * step;

    c->area += 0.5 * step * cimag(conj(z[i]) * dz[i]);
    centre += 0.5 * step * cimag(conj(z[i]) * dz[i]) * z[i] * 2.0 / 3.0;
    outward += cimag(conj(w) * dz[i]); /* > 0: the curve runs anticlockwise about what v points away from */
    c->length += dl;
    c->mass_area += dl / speed;
    c->slope -= Dot3(s->b, c->v[i]) / speed * dl;
  }
  centre /= c->area;
  for (int i = 0; i < 3; i++) c->centre[i] = creal(centre) * s->e1[i] + cimag(centre) * s->e2[i] + c->h * s->b[i];
  c->sign = outward * c->area > 0 ? 1 : -1;
  c->area = fabs(c->area);
  c->mass_area *= c->sign;
  c->slope *= c->sign;
  PetscCall(PetscFree3(z, f, dz));
  PetscFunctionReturn(0);
}

static PetscErrorCode SetPoints(const ContourSpace *s, PetscInt m, const Complex *f, PetscInt n, PetscReal reach, bool rough, Contour *c, bool *found)
{
  Complex *turn, *z;

  PetscFunctionBeginUser;
  PetscCall(ContourDestroy(c));
  c->n = n;
  PetscCall(PetscMalloc2(n, &c->k, n, &c->v));
  PetscCall(Turns(n, &turn));
  PetscCall(PetscMalloc1(n, &z));
  Series(m, f, n, turn, z);
  for (PetscInt i = 0; i < n; i++)
    for (int x = 0; x < 3; x++) c->k[i][x] = creal(z[i]) * s->e1[x] + cimag(z[i]) * s->e2[x] + c->h * s->b[x];
  PetscCall(PetscFree(turn));
  PetscCall(PetscFree(z));
  PetscCall(Project(s, n, c->k, c->v, reach, rough, found));
  if (*found) PetscCall(Integrate(s, c));
  *found = *found && isfinite(c->mass_area) && c->area > 0 && c->length > 8 * reach && c->length < 60 * reach; /* 20: the length expected */
  PetscFunctionReturn(0);
}

/* From points near the curve: onto it (but for a first look), their Fourier series, points of the series onto it, doubled until the mass stands. */
static PetscErrorCode Refine(const ContourSpace *s, PetscInt n, PetscReal (*k)[3], PetscReal length, PetscReal tolerance, Contour *c, bool *found)
{
  const PetscInt  m     = n / 6;
  const PetscReal reach = 0.05 * length;
  PetscReal     (*v)[3], before = 0, slope = 0;
  Complex        *z, *f, *turn;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &v, n, &z, 2 * m + 1, &f));
  *found = true;
  if (tolerance > 0) PetscCall(Project(s, n, k, v, reach, true, found));
  if (*found) {
    ToPlane(s, n, (const PetscReal(*)[3])k, z);
    PetscCall(Turns(n, &turn));
    Transform(n, turn, z, m, f);
    PetscCall(PetscFree(turn));
    PetscCall(SetPoints(s, m, f, n, reach, tolerance == 0, c, found));
  }
  c->error = tolerance > 0 ? HUGE_VAL : 0;
  for (PetscInt count = 2 * n; *found && c->error > tolerance && count <= MOST; count *= 2) {
    before = c->mass_area;
    slope  = c->slope;
    PetscCall(SetPoints(s, m, f, count, reach, false, c, found));
    c->error = PetscMax(fabs(c->mass_area / before - 1), fabs(c->slope - slope) / c->length);
  }
  c->nbase = n;
  PetscCall(PetscFree3(v, z, f));
  PetscFunctionReturn(0);
}

PetscErrorCode ContourCreate(const ContourSpace *s, PetscInt npolygon, const PetscReal (*polygon)[3], PetscReal h, PetscReal tolerance, Contour *c, bool *found)
{
  const PetscInt n = PetscMax(LEAST, PetscMin(512, npolygon));
  PetscReal    (*k)[3], length;

  PetscFunctionBeginUser;
  *c     = (Contour){.h = h};
  *found = false;
  PetscCall(PetscMalloc1(n, &k));
  Spread(npolygon, polygon, n, k, &length);
  if (length > 0) PetscCall(Refine(s, n, k, length, tolerance, c, found));
  PetscCall(PetscFree(k));
  PetscFunctionReturn(0);
}

PetscErrorCode ContourMove(const ContourSpace *s, const Contour *from, PetscReal h, PetscReal tolerance, Contour *c, bool *found)
{
  const PetscReal dh = h - from->h, longest = 0.1 * from->length;
  PetscReal     (*k)[3], (*even)[3], length;

  PetscFunctionBeginUser;
  *c     = (Contour){.h = h};
  PetscCall(PetscMalloc2(from->n, &k, from->nbase, &even));
  for (PetscInt i = 0; i < from->n; i++) {
    PetscReal       w[3], step[3];
    const PetscReal slope2 = InPlane(s, from->v[i], w), along = Dot3(s->b, from->v[i]);

    for (int x = 0; x < 3; x++) step[x] = -dh * along * w[x] / slope2; /* on the surface to first order */
    const PetscReal shorten = PetscMin(1, longest / PetscMax(Norm3(step), 1e-300));
    for (int x = 0; x < 3; x++) k[i][x] = from->k[i][x] + dh * s->b[x] + shorten * step[x];
  }
  Spread(from->n, (const PetscReal(*)[3])k, from->nbase, even, &length);
  PetscCall(Refine(s, from->nbase, even, length, tolerance, c, found));
  PetscCall(PetscFree2(k, even));
  PetscFunctionReturn(0);
}

PetscErrorCode ContourDestroy(Contour *c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(c->k, c->v));
  PetscFunctionReturn(0);
}

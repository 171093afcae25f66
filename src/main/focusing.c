/*
  The study `focusing`: where a point source of phonons of one branch and frequency sends them. The enhancement A = d Omega_q / d Omega_v (surface.h)
  summed over all parts of the surface that send energy into a direction, averaged over pixels; and the caustics.

  Pixels divide the six faces of a cube, at equal angles atan(y / z), n x n each; their solid angles are exact.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "study.h"
#include "surface.h"

static const DeckKey keys[] = {
  {"focusing", DECK_SECTION, .help = "study: phonon focusing, the enhancement of the phonon flux from a point source over directions, and its caustics"},
  {"focusing.branch", DECK_INT, .required = true, .min = 1, .max = 3000, .help = "branch, counted from 1 in ascending frequency: 1 slow transverse, 2 fast transverse, 3 longitudinal"},
  {"focusing.frequency", DECK_REAL, .unit = "meV", .positive = true, .help = "frequency of the phonons, as hbar omega or omega/2 pi (3 THz); default: the limit of long waves (acoustic branches)"},
  {"focusing.mesh", DECK_INT, .fallback = "160", .min = 4, .max = 2048, .help = "directions of q: 4 n^2 + 2"},
  {"focusing.pixels", DECK_INT, .fallback = "90", .min = 2, .max = 2048, .help = "pixels along each edge of the cube of the map: 6 n^2"},
  {NULL}};

PetscErrorCode FocusingRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

typedef struct {
  Material   material;
  Crystal    crystal;
  PetscInt   branch, nm, pixels, mesh; /* branch from 0 */
  PetscReal  frequency;                /* angular, hartree; 0: long waves */
  PetscReal *map;                      /* [6][pixels][pixels] solid angle of q sent into each pixel */
  PetscReal  sent, missing;            /* solid angle of q: on the map; of directions without the surface */
  PetscInt   ncaustics, capacity;
  PetscReal (*caustic)[4][3];          /* [ncaustics] two ends: directions of v, then of q */
} FocusingStudy;

/* --- the branch ------------------------------------------------------------------------------------------------- */

static PetscErrorCode Branch(void *ctx, PetscInt n, const PetscReal *q, PetscReal *omega, PetscReal *velocity)
{
  FocusingStudy *s = ctx;
  PetscReal     *fractional, *all, *v = NULL, inverse[3][3];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(3 * n, &fractional, n * s->nm, &all));
  if (velocity) PetscCall(PetscMalloc1(3 * n * s->nm, &v));
  Invert3(s->crystal->b, inverse);
  for (PetscInt i = 0; i < n; i++) MatTVec3(inverse, q + 3 * i, fractional + 3 * i);
  PetscCall(MaterialPhonons(s->material, n, fractional, all, v, NULL));
  for (PetscInt i = 0; i < n; i++) {
    omega[i] = all[i * s->nm + s->branch];
    for (int c = 0; velocity && c < 3; c++) velocity[3 * i + c] = v[3 * (i * s->nm + s->branch) + c];
  }
  PetscCall(PetscFree2(fractional, all));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(0);
}

/* Nearest face of the zone: min over G of |G|^2 / (2 G.n). */
static PetscReal ZoneEdge(void *ctx, const PetscReal direction[3])
{
  const FocusingStudy *s     = ctx;
  PetscReal            limit = HUGE_VAL;

  for (int i = 0; i < 125; i++) {
    const PetscReal x[3] = {i / 25 - 2, i / 5 % 5 - 2, i % 5 - 2};
    PetscReal       G[3];

    MatTVec3(s->crystal->b, x, G);
    if (Dot3(G, direction) > 1e-9 * Norm3(G)) limit = PetscMin(limit, Dot3(G, G) / (2 * Dot3(G, direction)));
  }
  return limit;
}

/* --- the map ------------------------------------------------------------------------------------------------------ */

static PetscInt Pixel(PetscInt n, const PetscReal v[3])
{
  const int       axis = fabs(v[0]) >= fabs(v[1]) ? (fabs(v[0]) >= fabs(v[2]) ? 0 : 2) : (fabs(v[1]) >= fabs(v[2]) ? 1 : 2);
  const PetscReal h    = fabs(v[axis]), x = atan2(v[(axis + 1) % 3], h), y = atan2(v[(axis + 2) % 3], h);
  const PetscInt  i = PetscMax(0, PetscMin(n - 1, (PetscInt)floor((x / (UMK_PI / 2) + 0.5) * n))), j = PetscMax(0, PetscMin(n - 1, (PetscInt)floor((y / (UMK_PI / 2) + 0.5) * n)));

  return ((2 * axis + (v[axis] < 0)) * n + i) * n + j;
}

/* Solid angle of the part 0..x, 0..y of the plane z = 1. */
static PetscReal Corner(PetscReal x, PetscReal y) { return atan(x * y / sqrt(1 + x * x + y * y)); }

static PetscReal PixelAngle(PetscInt n, PetscInt i, PetscInt j)
{
  PetscReal x[2], y[2];

  for (int k = 0; k < 2; k++) {
    x[k] = tan(UMK_PI / 2 * ((PetscReal)(i + k) / n - 0.5));
    y[k] = tan(UMK_PI / 2 * ((PetscReal)(j + k) / n - 0.5));
  }
  return Corner(x[1], y[1]) - Corner(x[0], y[1]) - Corner(x[1], y[0]) + Corner(x[0], y[0]);
}

/* Share a triangle's solid angle of q out among the pixels that its velocities fall into, in k^2 small triangles of equal weight, fine against a pixel. */
static void AddTriangle(FocusingStudy *s, PetscReal weight, const PetscReal *const v[3])
{
  PetscReal longest = 0;

  for (int c = 0; c < 3; c++) {
    const PetscReal *a = v[c], *b = v[(c + 1) % 3], d[3] = {a[0] / Norm3(a) - b[0] / Norm3(b), a[1] / Norm3(a) - b[1] / Norm3(b), a[2] / Norm3(a) - b[2] / Norm3(b)};
    longest = PetscMax(longest, Norm3(d));
  }
  const PetscInt k = PetscMax(3, PetscMin(200, (PetscInt)ceil(8 * longest * s->pixels / (UMK_PI / 2))));
  for (PetscInt i = 0; i < k; i++)
    for (PetscInt j = 0; i + j < k; j++)
      for (int upper = 0; upper < 2 && i + j + upper < k; upper++) {
        const PetscReal x = (i + (1 + upper) / 3.0) / k, y = (j + (1 + upper) / 3.0) / k;
        PetscReal       u[3];

        for (int c = 0; c < 3; c++) u[c] = (1 - x - y) * v[0][c] + x * v[1][c] + y * v[2][c];
        s->map[Pixel(s->pixels, u)] += weight / (PetscReal)(k * k);
      }
}

static PetscErrorCode MakeMap(FocusingStudy *s, const Surface *surface)
{
  PetscReal sums[2] = {0, 0};
  int       rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  for (PetscInt t = rank; t < surface->ntriangles; t += size) {
    const PetscInt *c = surface->triangle[t];
    const PetscReal w = SolidAngle(surface->direction[c[0]], surface->direction[c[1]], surface->direction[c[2]]);

    if (!SurfaceHas(surface, t, 0)) sums[1] += w;
    for (int k = 0; k < SURFACE_SHEETS && SurfaceHas(surface, t, k); k++) {
      AddTriangle(s, w, (const PetscReal *const[3]){surface->velocity[c[0]][k], surface->velocity[c[1]][k], surface->velocity[c[2]][k]});
      sums[0] += w;
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, s->map, (PetscMPIInt)(6 * s->pixels * s->pixels), MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  s->sent    = sums[0];
  s->missing = sums[1];
  PetscFunctionReturn(0);
}

/* --- caustics --------------------------------------------------------------------------------------------------------- */

/* 1/A at the corners of a sheet: solid angles of v over q, summed over the triangles around each; NaN where one is missing. */
static PetscErrorCode Curvature(const Surface *surface, int sheet, PetscReal *inverse)
{
  PetscReal *angle;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(surface->nvertices, &angle));
  PetscCall(PetscArrayzero(inverse, surface->nvertices));
  for (PetscInt t = 0; t < surface->ntriangles; t++) {
    const PetscInt *c   = surface->triangle[t];
    const bool      has = SurfaceHas(surface, t, sheet);
    const PetscReal w   = SolidAngle(surface->direction[c[0]], surface->direction[c[1]], surface->direction[c[2]]);
    const PetscReal v   = has ? SolidAngle(surface->velocity[c[0]][sheet], surface->velocity[c[1]][sheet], surface->velocity[c[2]][sheet]) : NAN;

    for (int k = 0; k < 3; k++) {
      angle[c[k]] += w;
      inverse[c[k]] += v;
    }
  }
  for (PetscInt i = 0; i < surface->nvertices; i++) inverse[i] /= angle[i];
  PetscCall(PetscFree(angle));
  PetscFunctionReturn(0);
}

static PetscErrorCode AddCaustic(FocusingStudy *s, PetscReal ends[4][3])
{
  PetscReal (*grown)[4][3];

  PetscFunctionBeginUser;
  if (s->ncaustics == s->capacity) {
    PetscCall(PetscMalloc1(2 * s->capacity + 1024, &grown));
    PetscCall(PetscArraycpy(grown, s->caustic, s->capacity));
    PetscCall(PetscFree(s->caustic));
    s->caustic  = grown;
    s->capacity = 2 * s->capacity + 1024;
  }
  for (int e = 0; e < 4; e++)
    for (int c = 0; c < 3; c++) s->caustic[s->ncaustics][e][c] = ends[e][c] / Norm3(ends[e]);
  s->ncaustics++;
  PetscFunctionReturn(0);
}

/* Segments of the line 1/A = 0, linear within each triangle. */
static PetscErrorCode FindCaustics(FocusingStudy *s, const Surface *surface)
{
  PetscReal *inverse;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(surface->nvertices, &inverse));
  for (int sheet = 0; sheet < SURFACE_SHEETS; sheet++) {
    PetscCall(Curvature(surface, sheet, inverse));
    for (PetscInt t = 0; t < surface->ntriangles; t++) {
      const PetscInt *c = surface->triangle[t];
      PetscReal       ends[4][3];
      int             n = 0;

      if (!SurfaceHas(surface, t, sheet) || !isfinite(inverse[c[0]] + inverse[c[1]] + inverse[c[2]])) continue;
      for (int k = 0; k < 3; k++) {
        const PetscInt  a = c[k], b = c[(k + 1) % 3];
        const PetscReal x = inverse[a] / (inverse[a] - inverse[b]);

        if ((inverse[a] < 0) == (inverse[b] < 0) || n == 2) continue;
        for (int i = 0; i < 3; i++) {
          ends[n][i]     = (1 - x) * surface->velocity[a][sheet][i] + x * surface->velocity[b][sheet][i];
          ends[n + 2][i] = (1 - x) * surface->direction[a][i] + x * surface->direction[b][i];
        }
        n++;
      }
      if (n == 2) PetscCall(AddCaustic(s, ends));
    }
  }
  PetscCall(PetscFree(inverse));
  PetscFunctionReturn(0);
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

static PetscErrorCode WriteSurface(const Surface *surface, Results r)
{
  const PetscInt n = surface->nvertices, dims[2] = {n, SURFACE_SHEETS}, dims3[3] = {n, SURFACE_SHEETS, 3}, shape[2] = {n, 3};
  PetscReal     *length, *velocity, *factor, *inverse;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc4(n * SURFACE_SHEETS, &length, n * SURFACE_SHEETS * 3, &velocity, n * SURFACE_SHEETS, &factor, n, &inverse));
  for (int k = 0; k < SURFACE_SHEETS; k++) {
    PetscCall(Curvature(surface, k, inverse));
    for (PetscInt i = 0; i < n; i++) {
      const bool has                 = surface->length[i][k] > 0;
      length[i * SURFACE_SHEETS + k] = has ? surface->length[i][k] / (UMK_BOHR_ANGSTROM) : NAN;
      factor[i * SURFACE_SHEETS + k] = has ? 1 / inverse[i] : NAN;
      for (int c = 0; c < 3; c++) velocity[(i * SURFACE_SHEETS + k) * 3 + c] = has ? surface->velocity[i][k][c] * UMK_VELOCITY_M_S : NAN;
    }
  }
  PetscCall(ResultsWriteArray(r, "/focusing/surface/direction", 2, shape, surface->direction[0], RESULTS_LABEL("1", "vertex, i", "directions of q, unit vectors")));
  PetscCall(ResultsWriteArray(r, "/focusing/surface/wavenumber", 2, dims, length, RESULTS_LABEL("1/angstrom", "vertex, sheet", "|q| of the surface along the direction; NaN: no such sheet")));
  PetscCall(ResultsWriteArray(r, "/focusing/surface/velocity", 3, dims3, velocity, RESULTS_LABEL("m/s", "vertex, sheet, i", "group velocity")));
  PetscCall(ResultsWriteArray(r, "/focusing/surface/enhancement", 2, dims, factor, RESULTS_LABEL("1", "vertex, sheet", "d Omega_q / d Omega_v, negative where the surface is saddle-shaped")));
  PetscCall(PetscFree4(length, velocity, factor, inverse));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteMap(const FocusingStudy *s, Results r, PetscReal *largest)
{
  const PetscInt n = s->pixels, dims[3] = {6, n, n}, ends[3] = {s->ncaustics, 2, 3};
  PetscReal     *enhancement, *angle, *edge, *v, *q;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(6 * n * n, &enhancement, n * n, &angle, n + 1, &edge));
  PetscCall(PetscMalloc2(6 * s->ncaustics, &v, 6 * s->ncaustics, &q));
  *largest = 0;
  for (PetscInt i = 0; i <= n; i++) edge[i] = 90.0 * i / n - 45.0;
  for (PetscInt i = 0; i < n * n; i++) angle[i] = PixelAngle(n, i / n, i % n);
  for (PetscInt i = 0; i < 6 * n * n; i++) {
    enhancement[i] = s->map[i] / angle[i % (n * n)];
    *largest       = PetscMax(*largest, enhancement[i]);
  }
  for (PetscInt i = 0; i < s->ncaustics; i++) {
    memcpy(v + 6 * i, s->caustic[i][0], 6 * sizeof *v);
    memcpy(q + 6 * i, s->caustic[i][2], 6 * sizeof *q);
  }
  PetscCall(ResultsWriteArray(r, "/focusing/map/enhancement", 3, dims, enhancement, RESULTS_LABEL("1", "face, angle 1, angle 2", "enhancement over directions of the group velocity; faces of a cube in the order +x, -x, +y, -y, +z, -z; angles from the face's axis towards the next two axes in cyclic order")));
  PetscCall(ResultsWriteArray(r, "/focusing/map/solid_angle", 2, dims + 1, angle, RESULTS_LABEL("sr", "angle 1, angle 2", "solid angles of a face's pixels")));
  const PetscInt nedges = n + 1;
  PetscCall(ResultsWriteArray(r, "/focusing/map/edge", 1, &nedges, edge, RESULTS_LABEL("degree", "edge", "edges of the pixels, both angles")));
  PetscCall(ResultsWriteArray(r, "/focusing/caustics/direction", 3, ends, v, RESULTS_LABEL("1", "segment, end, i", "caustics, directions of the group velocity, unit vectors")));
  PetscCall(ResultsWriteArray(r, "/focusing/caustics/wavevector", 3, ends, q, RESULTS_LABEL("1", "segment, end, i", "the same points of the surface: directions of q")));
  PetscCall(PetscFree2(v, q));
  PetscCall(PetscFree3(enhancement, angle, edge));
  PetscFunctionReturn(0);
}

/* Mean enhancement along the crystal's axes is what one compares with pictures: the pixel of a direction. */
static PetscReal At(const FocusingStudy *s, const PetscReal direction[3])
{
  const PetscInt p = Pixel(s->pixels, direction), in = p % (s->pixels * s->pixels);
  return s->map[p] / PixelAngle(s->pixels, in / s->pixels, in % s->pixels);
}

static PetscErrorCode Finish(const FocusingStudy *s, const Surface *surface, Results r)
{
  const PetscReal terahertz = 1e-12 / (2 * UMK_PI * UMK_TIME_S), nudge = 0.3 / s->pixels, f = s->frequency * terahertz;
  PetscReal       largest = 0;
  const PetscInt  branch = s->branch + 1;

  PetscFunctionBeginUser;
  PetscCall(WriteMap(s, r, &largest));
  PetscCall(WriteSurface(surface, r));
  PetscCall(ResultsWriteArray(r, "/focusing/frequency", 0, NULL, &f, RESULTS_LABEL("THz", "", "frequency of the phonons; 0: the limit of long waves")));
  PetscCall(ResultsWriteIntegers(r, "/focusing/branch", 0, NULL, &branch, RESULTS_LABEL("1", "", "branch, counted from 1 in ascending frequency")));
  PetscCall(ResultsWriteArray(r, "/focusing/solid_angle_sent", 0, NULL, &s->sent, RESULTS_LABEL("sr", "", "solid angle of q on the map, all sheets: the integral of the enhancement")));
  PetscCall(ResultsWriteArray(r, "/focusing/solid_angle_missing", 0, NULL, &s->missing, RESULTS_LABEL("sr", "", "solid angle of directions of q along which the surface is not met")));
  Log(1, "map       6 x %d x %d pixels: enhancement up to %.4g; at [100] %.4g, [110] %.4g, [111] %.4g", (int)s->pixels, (int)s->pixels, largest, At(s, (PetscReal[3]){1, nudge, nudge}),
      At(s, (PetscReal[3]){1, 1 - nudge, nudge}), At(s, (PetscReal[3]){1, 1 - nudge, 1 - 2 * nudge}));
  Log(1, "flux      %.6f of 4 pi sent; no such phonons along %.4g of the directions; %d segments of caustics", s->sent / (4 * UMK_PI), s->missing / (4 * UMK_PI), (int)s->ncaustics);
  PetscFunctionReturn(0);
}

static PetscErrorCode GetStudy(Deck deck, Material m, FocusingStudy *s)
{
  PetscInt branch;
  bool     given;

  PetscFunctionBeginUser;
  s->material = m;
  PetscCall(MaterialGetCrystal(m, &s->crystal));
  PetscCall(MaterialGetSizes(m, NULL, &s->nm, NULL, NULL));
  if (s->crystal->dimension != 3) PetscCall(DeckError(deck, "", "focusing is over directions in three dimensions; this material has two"));
  PetscCall(DeckGetInt(deck, "branch", &branch, NULL));
  PetscCall(DeckGetInt(deck, "mesh", &s->mesh, NULL));
  PetscCall(DeckGetInt(deck, "pixels", &s->pixels, NULL));
  PetscCall(DeckGetReal(deck, "frequency", &s->frequency, &given));
  if (branch > s->nm) PetscCall(DeckError(deck, "branch", "there is no branch %d: this material has %d", (int)branch, (int)s->nm));
  if (branch > 3 && !given) PetscCall(DeckError(deck, "branch", "branch %d is not acoustic: give focusing.frequency", (int)branch));
  s->branch = branch - 1;
  PetscFunctionReturn(0);
}

PetscErrorCode FocusingRun(Deck deck, Material m, Results r)
{
  FocusingStudy   s         = {0};
  const PetscReal terahertz = 1e-12 / (2 * UMK_PI * UMK_TIME_S);
  Surface         surface;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "focusing", &deck));
  PetscCall(GetStudy(deck, m, &s));
  /* long waves: 1/400 of the zone, where dispersion changes velocities by some 1e-6 */
  PetscCall(SurfaceCreate(PETSC_COMM_WORLD, s.mesh, Branch, ZoneEdge, &s, s.frequency, 0.0025 * ZoneEdge(&s, (PetscReal[3]){1, 0, 0}), &surface));
  Log(1, "surface   branch %d, %d directions of q, frequencies %.4f to %.4f THz", (int)s.branch + 1, (int)surface.nvertices, surface.lowest * terahertz, surface.highest * terahertz);
  if (s.frequency > 0 && (s.frequency < surface.lowest || s.frequency > surface.highest))
    PetscCall(DeckError(deck, "frequency", "branch %d has no phonons of %.6g THz: it runs from %.4f to %.4f THz", (int)s.branch + 1, s.frequency * terahertz, PetscMax(0, surface.lowest) * terahertz, surface.highest * terahertz));
  if (s.frequency == 0 && surface.lowest <= 0) PetscCall(DeckError(deck, "branch", "branch %d is unstable for long waves (imaginary frequencies)", (int)s.branch + 1));
  PetscCall(PetscCalloc1(6 * s.pixels * s.pixels, &s.map));
  PetscCall(MakeMap(&s, &surface));
  PetscCall(FindCaustics(&s, &surface));
  PetscCall(Finish(&s, &surface, r));
  PetscCall(PetscFree(s.map));
  PetscCall(PetscFree(s.caustic));
  PetscCall(SurfaceDestroy(&surface));
  PetscFunctionReturn(0);
}

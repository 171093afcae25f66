/*
  Weights for delta(x(k')) on a mesh, all non-negative so that the collision operator stays semidefinite.

    gaussian     exp(-(x/s)^2)/(sqrt(pi) s) with s fixed
    adaptive     the same with s = a sqrt(2 var), var = (1/2)(g.W.g + h.W.h): the variance of x over one mesh cell, averaged over the gradients
                 g and h seen from the two members (Yates, Wang, Vanderbilt, Souza, Phys. Rev. B 75, 195121 (2007), made symmetric). The smallest width
                 is for flat bands; with 0.5 meV instead of none silicon's lattice conductivity at 300 K changes by less than 0.4 % on
                 8^3 to 28^3
    tetrahedron  linear interpolation (MacDonald, Vosko, Coleridge, J. Phys. C 12, 2991 (1979)); triangles in two dimensions
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/channel.h"

static const DeckKey keys[] = {
  {"delta",         DECK_SECTION, .primary = "scheme", .help = "energy conservation on a mesh"},
  {"delta.scheme",  DECK_CHOICE, .choices = "adaptive|gaussian|tetrahedron", .fallback = "adaptive", .help = "how delta functions are broadened"},
  {"delta.width",   DECK_REAL, .unit = "eV", .fallback = "10 meV", .positive = true, .max = 10, .help = "gaussian: s in exp(-(x/s)^2)/(sqrt(pi) s)"},
  {"delta.factor",  DECK_REAL, .fallback = "1.0", .positive = true, .max = 20, .help = "adaptive: width in standard deviations of the energy over a mesh cell"},
  {"delta.minimum", DECK_REAL, .unit = "eV", .fallback = "0.5 meV", .min = 0, .max = 1, .help = "adaptive: smallest width"},
  {"delta.cutoff",  DECK_REAL, .fallback = "4.5", .min = 1, .max = 12, .help = "Gaussians are cut off at this many widths"},
  {NULL}};

PetscErrorCode DeltaRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

PetscErrorCode DeltaFromDeck(Deck deck, Delta *d)
{
  PetscInt scheme;
  PetscFunctionBeginUser;
  PetscCall(DeckGetChoice(deck, "scheme", &scheme));
  d->scheme = (DeltaScheme)scheme;
  PetscCall(DeckGetReal(deck, d->scheme == DELTA_GAUSSIAN ? "width" : "factor", &d->width, NULL));
  PetscCall(DeckGetReal(deck, "minimum", &d->minimum, NULL));
  PetscCall(DeckGetReal(deck, "cutoff", &d->cutoff, NULL));
  PetscFunctionReturn(0);
}

static inline PetscReal gaussian(PetscReal x, PetscReal s) { return exp(-(x / s) * (x / s)) / (1.7724538509055160273 * s); }

static void gaussian_weights(const Delta *d, PetscInt n, const PetscReal *x, PetscReal *weight, bool *any)
{
  for (PetscInt i = 0; i < n; i++) {
    if (fabs(x[i]) > d->cutoff * d->width) continue;
    weight[i] = gaussian(x[i], d->width);
    *any      = true;
  }
}

static void adaptive_weights(const Delta *d, KMesh mesh, PetscInt n, const PetscReal *x, const PetscReal *g, const PetscReal *h, PetscReal *weight, bool *any)
{
  for (PetscInt i = 0; i < n; i++) {
    if (x[i] == HUGE_VAL) continue;
    PetscReal variance = DeltaVariance(mesh, g + 3 * i);
    if (h) variance = 0.5 * (variance + DeltaVariance(mesh, h + 3 * i));
    PetscReal s = PetscMax(d->minimum, d->width * sqrt(2.0 * variance));
    if (fabs(x[i]) > d->cutoff * s) continue;
    weight[i] = gaussian(x[i], s);
    *any      = true;
  }
}

static inline void swap(PetscReal e[4], int at[4], int i, int j)
{
  if (e[i] <= e[j]) return;
  PetscReal x = e[i];
  int       k = at[i];
  e[i]  = e[j];
  e[j]  = x;
  at[i] = at[j];
  at[j] = k;
}

/* Round-off of energies at symmetry images of a point, hartree: below it x is zero. */
#define TIE 1e-11

/* share f_ij of corner i on the edge i-j where x = 0 */
#define F(i, j) ((0.0 - e[j]) / (e[i] - e[j]))

/* Weights of the sorted corners, e[0] < 0 < e[3]; they sum to the density per volume of the tetrahedron. */
static void tetrahedron(const PetscReal e[4], PetscReal w[4])
{
  if (0.0 <= e[1]) { /* a triangle around corner 0 */
    PetscReal t1 = F(1, 0), t2 = F(2, 0), t3 = F(3, 0), g = 3.0 * t1 * t2 / (e[3] - e[0]);
    w[0] = g * (3.0 - t1 - t2 - t3) / 3.0;
    w[1] = g * t1 / 3.0;
    w[2] = g * t2 / 3.0;
    w[3] = g * t3 / 3.0;
  } else if (0.0 < e[2]) { /* a quadrilateral: two triangles */
    PetscReal ga = 3.0 * F(1, 2) * F(2, 0) / (e[3] - e[0]), gb = 3.0 * F(2, 1) * F(1, 3) / (e[3] - e[0]), g = ga + gb;
    w[0] = (g * F(0, 3) + ga * F(0, 2)) / 3.0;
    w[1] = (g * F(1, 2) + gb * F(1, 3)) / 3.0;
    w[2] = (g * F(2, 1) + ga * F(2, 0)) / 3.0;
    w[3] = (g * F(3, 0) + gb * F(3, 1)) / 3.0;
  } else { /* around corner 3 */
    PetscReal t0 = F(0, 3), t1 = F(1, 3), t2 = F(2, 3), g = 3.0 * t1 * t2 / (e[3] - e[0]);
    w[0] = g * t0 / 3.0;
    w[1] = g * t1 / 3.0;
    w[2] = g * t2 / 3.0;
    w[3] = g * (3.0 - t0 - t1 - t2) / 3.0;
  }
}

static void triangle(const PetscReal e[3], PetscReal w[3])
{
  if (0.0 <= e[1]) {
    PetscReal t1 = F(1, 0), t2 = F(2, 0), g = 2.0 * t1 / (e[2] - e[0]);
    w[0] = g * (2.0 - t1 - t2) / 2.0;
    w[1] = g * t1 / 2.0;
    w[2] = g * t2 / 2.0;
  } else {
    PetscReal t0 = F(0, 2), t1 = F(1, 2), g = 2.0 * t1 / (e[2] - e[0]);
    w[0] = g * t0 / 2.0;
    w[1] = g * t1 / 2.0;
    w[2] = g * (2.0 - t0 - t1) / 2.0;
  }
}

static void sort(PetscReal e[4], int at[4], int nc)
{
  swap(e, at, 0, 1);
  if (nc == 4) {
    swap(e, at, 2, 3);
    swap(e, at, 0, 2);
    swap(e, at, 1, 3);
  }
  swap(e, at, 1, 2);
  if (nc == 3) swap(e, at, 0, 1);
}

/* A face (an edge in two dimensions) that lies in the surface x = 0, as faces between symmetry images of a state do: half from either side. */
static bool face(const PetscReal e[4], int nc, PetscReal w[4])
{
  const int       low  = e[0] == 0.0 ? 0 : 1; /* corners low .. low + nc - 2 are on the surface */
  const PetscReal apex = low == 0 ? e[nc - 1] : -e[0];
  if (e[low] != 0.0 || e[low + nc - 2] != 0.0 || !(apex > 0.0)) return false;
  for (int v = 0; v < nc; v++) w[v] = v >= low && v <= low + nc - 2 ? 0.5 / apex : 0.0;
  return true;
}

/* One simplex of volume share `volume`, corners at points `corner`. */
static inline void add_simplex(int nc, const PetscInt corner[4], PetscReal volume, const PetscReal *x, PetscReal *weight, bool *any)
{
  PetscReal       e[4]  = {x[corner[0]], x[corner[1]], x[corner[2]], nc == 4 ? x[corner[3]] : HUGE_VAL}, w[4];
  int             at[4] = {0, 1, 2, 3};
  const PetscReal low = PetscMin(PetscMin(e[0], e[1]), nc == 4 ? PetscMin(e[2], e[3]) : e[2]), high = PetscMax(PetscMax(e[0], e[1]), nc == 4 ? PetscMax(e[2], e[3]) : e[2]);
  if (!(low <= TIE && high >= -TIE) || high == HUGE_VAL) return;
  for (int v = 0; v < nc; v++)
    if (fabs(e[v]) <= TIE) e[v] = 0.0;
  sort(e, at, nc);
  if (!(e[0] < 0.0 && e[nc - 1] > 0.0)) {
    if (!face(e, nc, w)) return;
  } else if (nc == 4) tetrahedron(e, w);
  else triangle(e, w);
  for (int v = 0; v < nc; v++) weight[corner[at[v]]] += volume * w[v];
  *any = true;
}

static void simplex_weights(States s, const PetscReal *x, PetscReal *weight, bool *any)
{
  for (PetscInt t = 0; t < s->ntetra; t++) {
    const PetscInt corner[4] = {s->tetra[t][0], s->tetra[t][1], s->tetra[t][2], s->tetra[t][3]};
    add_simplex(s->mesh->ncorners, corner, s->tetra_weight[t], x, weight, any);
  }
}

/* Least and largest x of each row along the last axis */
static void row_bounds(PetscInt rows, PetscInt n, const PetscReal *x, PetscReal (*bound)[2])
{
  for (PetscInt r = 0; r < rows; r++) {
    PetscReal low = HUGE_VAL, high = -HUGE_VAL;
    for (PetscInt i = 0; i < n; i++) {
      low  = PetscMin(low, x[r * n + i]);
      high = PetscMax(high, x[r * n + i]);
    }
    bound[r][0] = low;
    bound[r][1] = high;
  }
}

/* Whether the surface x = 0 may pass between these rows */
static inline bool straddle(const PetscReal (*bound)[2], const PetscInt row[4])
{
  const PetscReal low  = PetscMin(PetscMin(bound[row[0]][0], bound[row[1]][0]), PetscMin(bound[row[2]][0], bound[row[3]][0]));
  const PetscReal high = PetscMax(PetscMax(bound[row[0]][1], bound[row[1]][1]), PetscMax(bound[row[2]][1], bound[row[3]][1]));
  return low <= TIE && high >= -TIE;
}

#define LANES 16

/* n simplices in a row, all corners moving on by one point at a time */
static void add_row(int nc, PetscInt n, const PetscInt corner[4], PetscReal volume, const PetscReal *x, PetscReal *weight, bool *any)
{
  for (PetscInt b = 0; b < n; b += LANES) {
    const PetscReal *e[4] = {x + corner[0] + b, x + corner[1] + b, x + corner[2] + b, x + corner[3] + b};
    const PetscInt   m    = PetscMin(LANES, n - b);
    int              crossed[LANES];
    for (PetscInt k = 0; k < m; k++) {
      const PetscReal low01 = PetscMin(e[0][k], e[1][k]), low23 = PetscMin(e[2][k], e[3][k]), high01 = PetscMax(e[0][k], e[1][k]), high23 = PetscMax(e[2][k], e[3][k]);
      crossed[k] = (PetscMin(low01, low23) <= TIE) & (PetscMax(high01, high23) >= -TIE);
    }
    for (PetscInt k = 0; k < m; k++) {
      const PetscInt at[4] = {corner[0] + b + k, corner[1] + b + k, corner[2] + b + k, corner[3] + b + k};
      if (crossed[k]) add_simplex(nc, at, volume, x, weight, any);
    }
  }
}

/* States of the whole mesh, point[i] = i: simplices from the tiling, row by row along the last axis, in runs that no corner's wrap breaks. */
static PetscErrorCode mesh_weights(KMesh mesh, const PetscReal *x, PetscReal *weight, bool *any)
{
  const PetscInt *n = mesh->n;
  PetscReal(*bound)[2];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n[0] * n[1], &bound));
  row_bounds(n[0] * n[1], n[2], x, bound);
  for (PetscInt t = 0; t < mesh->ntetra; t++) {
    PetscInt o[4][3]; /* corners, folded into the mesh */
    for (int v = 0; v < 4; v++) MeshIndices(mesh, MeshLinear(mesh, (PetscInt[3]){mesh->tetra[t][v][0], mesh->tetra[t][v][1], mesh->tetra[t][v][2]}), o[v]);
    for (PetscInt i = 0; i < n[0]; i++)
      for (PetscInt j = 0; j < n[1]; j++) {
        PetscInt row[4], along[4] = {o[0][2], o[1][2], o[2][2], o[3][2]};
        for (int v = 0; v < 4; v++) row[v] = (i + o[v][0] - (i + o[v][0] < n[0] ? 0 : n[0])) * n[1] + j + o[v][1] - (j + o[v][1] < n[1] ? 0 : n[1]);
        if (!straddle((const PetscReal(*)[2])bound, row)) continue;
        for (PetscInt k = 0, run; k < n[2]; k += run) {
          run = n[2] - k;
          for (int v = 0; v < 4; v++) run = PetscMin(run, n[2] - along[v]);
          const PetscInt corner[4] = {row[0] * n[2] + along[0], row[1] * n[2] + along[1], row[2] * n[2] + along[2], row[3] * n[2] + along[3]};
          add_row(mesh->ncorners, run, corner, mesh->tetra_weight[t], x, weight, any);
          for (int v = 0; v < 4; v++) along[v] = (along[v] + run) % n[2];
        }
      }
  }
  PetscCall(PetscFree(bound));
  PetscFunctionReturn(0);
}

PetscErrorCode DeltaWeightsOf(const Delta *d, KMesh mesh, PetscInt n, const PetscReal *x, const PetscReal *gradient, const PetscReal *second, PetscReal *weight, bool *any)
{
  PetscFunctionBeginUser;
  *any = false;
  PetscCall(PetscArrayzero(weight, n));
  if (d->scheme == DELTA_GAUSSIAN) gaussian_weights(d, n, x, weight, any);
  else adaptive_weights(d, mesh, n, x, gradient, second, weight, any);
  PetscFunctionReturn(0);
}

PetscErrorCode DeltaWeights(const Delta *d, States states, const PetscReal *x, const PetscReal *gradient, const PetscReal *second, PetscReal *weight, bool *any)
{
  PetscFunctionBeginUser;
  if (d->scheme != DELTA_TETRAHEDRON) {
    PetscCall(DeltaWeightsOf(d, states->mesh, states->npoints, x, gradient, second, weight, any));
    PetscFunctionReturn(0);
  }
  *any = false;
  PetscCall(PetscArrayzero(weight, states->npoints));
  if (states->tetra) simplex_weights(states, x, weight, any);
  else PetscCall(mesh_weights(states->mesh, x, weight, any));
  PetscFunctionReturn(0);
}

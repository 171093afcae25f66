/* What the study `orbits` writes and prints. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "orbits.h"

#define BATCH 64

static const PetscReal per_angstrom = 1 / UMK_BOHR_ANGSTROM;

/* Onsager: F = hbar A / 2 pi e, in T for an area in bohr^-2. */
static PetscReal Frequency(PetscReal area) { return area / (2 * UMK_PI) / UMK_TESLA; }

/* e B / 2 pi |m| in GHz. */
static PetscReal Cyclotron(const OrbitStudy *s, PetscReal mass) { return s->field / (2 * UMK_PI * fabs(mass)) / UMK_TIME_S * 1e-9; }

/* Mass that the ellipsoid of a valley has about a direction: sqrt(det M / b.M.b), negative for holes. */
static PetscReal EllipsoidMass(const Valley *v, int dimension, const PetscReal b[3])
{
  PetscReal m[3][3], mb[3];

  if (!v->found) return NAN;
  if (dimension == 2) return copysign(1 / sqrt(v->w[0][0] * v->w[1][1] - v->w[0][1] * v->w[1][0]), v->w[0][0]);
  const PetscReal det = 1 / Det3((const PetscReal(*)[3])v->w);
  Invert3((const PetscReal(*)[3])v->w, m);
  MatVec3((const PetscReal(*)[3])m, b, mb);
  return det / Dot3(b, mb) > 0 ? copysign(sqrt(det / Dot3(b, mb)), v->w[0][0] + v->w[1][1] + v->w[2][2]) : NAN;
}

/* --- the file --------------------------------------------------------------------------------------------------------------- */

static PetscErrorCode WriteColumn(Results r, const char *name, PetscInt n, PetscInt width, const PetscReal *first, size_t stride, PetscReal factor, const ResultsLabel *label)
{
  const PetscInt dims[2] = {n, width};
  PetscReal     *column;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n * width, &column));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < width; c++) column[i * width + c] = factor * first[(size_t)i * stride + (size_t)c];
  PetscCall(ResultsWriteArray(r, name, width > 1 ? 2 : 1, dims, column, label));
  PetscCall(PetscFree(column));
  PetscFunctionReturn(0);
}

/* band, energy, direction and component as whole numbers */
static PetscErrorCode WriteLabels(const OrbitStudy *s, Results r, const char *group, PetscInt n, const Orbit *o)
{
  static const char *const name[4] = {"band", "energy_index", "direction_index", "component"};
  static const char *const help[4] = {"band, counted from 1 in ascending energy", "position in /orbits/energy, from 0", "position in /orbits/direction, from 0", "connected part of the surface, from 0"};
  PetscInt                *value;
  char                     path[96];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &value));
  for (int c = 0; c < 4; c++) {
    for (PetscInt i = 0; i < n; i++) {
      const OrbitSurface *surface = &s->surface[(PetscInt)o[i].surface];
      value[i] = c == 0 ? surface->surface->band + 1 : c == 1 ? surface->energy : (PetscInt)(c == 2 ? o[i].direction : o[i].component);
    }
    snprintf(path, sizeof path, "/orbits/%s/%s", group, name[c]);
    PetscCall(ResultsWriteIntegers(r, path, 1, &n, value, RESULTS_LABEL("1", "orbit", help[c])));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode WritePoints(Results r, const char *path, PetscInt n, const Orbit *o)
{
  const PetscInt dims[3] = {n, ORBIT_DRAWN, 3};
  PetscReal     *point;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n * ORBIT_DRAWN * 3, &point));
  for (PetscInt i = 0; i < n * ORBIT_DRAWN * 3; i++) point[i] = per_angstrom * o[i / (3 * ORBIT_DRAWN)].point[i / 3 % ORBIT_DRAWN][i % 3];
  PetscCall(ResultsWriteArray(r, path, 3, dims, point, RESULTS_LABEL("1/angstrom", "orbit, point, i", "points of the orbit, Cartesian")));
  PetscCall(PetscFree(point));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteClosed(const OrbitStudy *s, Results r, PetscInt n, const Orbit *o)
{
  const size_t stride = sizeof(Orbit) / sizeof(PetscReal);
  PetscReal   *derived;

  PetscFunctionBeginUser;
  PetscCall(WriteLabels(s, r, "orbit", n, o));
  PetscCall(WriteColumn(r, "/orbits/orbit/area", n, 1, &o->area, stride, per_angstrom * per_angstrom, RESULTS_LABEL("1/angstrom^2", "orbit", "extremal area")));
  PetscCall(WriteColumn(r, "/orbits/orbit/mass", n, 1, &o->mass, stride, 1, RESULTS_LABEL("m_e", "orbit", "cyclotron mass (hbar^2 / 2 pi) dA/dE from the integral of dl/|v_perp|; negative: holes")));
  PetscCall(WriteColumn(r, "/orbits/orbit/mass_difference", n, 1, &o->check, stride, 1, RESULTS_LABEL("m_e", "orbit", "the same from areas at two energies")));
  PetscCall(WriteColumn(r, "/orbits/orbit/error", n, 1, &o->error, stride, 1, RESULTS_LABEL("1", "orbit", "relative change of the mass when the points of the orbit were last doubled")));
  PetscCall(WriteColumn(r, "/orbits/orbit/curvature", n, 1, &o->curvature, stride, 1, RESULTS_LABEL("1", "orbit", "d2A/dk_par2: negative at a largest area")));
  PetscCall(WriteColumn(r, "/orbits/orbit/length", n, 1, &o->length, stride, per_angstrom, RESULTS_LABEL("1/angstrom", "orbit", "length of the orbit in k space")));
  PetscCall(WriteColumn(r, "/orbits/orbit/height", n, 1, &o->height, stride, per_angstrom, RESULTS_LABEL("1/angstrom", "orbit", "k_par, along the field")));
  PetscCall(WriteColumn(r, "/orbits/orbit/centre", n, 3, o->centre, stride, per_angstrom, RESULTS_LABEL("1/angstrom", "orbit, i", "centroid")));
  PetscCall(WritePoints(r, "/orbits/orbit/points", n, o));
  PetscCall(PetscMalloc1(n, &derived));
  for (PetscInt i = 0; i < n; i++) derived[i] = Frequency(o[i].area);
  PetscCall(ResultsWriteArray(r, "/orbits/orbit/frequency", 1, &n, derived, RESULTS_LABEL("T", "orbit", "frequency of quantum oscillations in 1/B, hbar A / 2 pi e")));
  for (PetscInt i = 0; i < n; i++) derived[i] = Cyclotron(s, o[i].mass);
  PetscCall(ResultsWriteArray(r, "/orbits/orbit/cyclotron_frequency", 1, &n, derived, RESULTS_LABEL("GHz", "orbit", "e B / 2 pi |m| at /orbits/field")));
  PetscCall(PetscFree(derived));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteOpen(const OrbitStudy *s, Results r, PetscInt n, const Orbit *o)
{
  const size_t stride = sizeof(Orbit) / sizeof(PetscReal);

  PetscFunctionBeginUser;
  PetscCall(WriteLabels(s, r, "open", n, o));
  PetscCall(WriteColumn(r, "/orbits/open/height", n, 1, &o->height, stride, per_angstrom, RESULTS_LABEL("1/angstrom", "orbit", "k_par of the plane in which the orbit was met")));
  PetscCall(WriteColumn(r, "/orbits/open/period", n, 3, o->period, stride, 1, RESULTS_LABEL("1", "orbit, i", "reciprocal lattice vector that the orbit repeats after; 0 0 0: none within the length followed")));
  PetscCall(WritePoints(r, "/orbits/open/points", n, o));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteValleys(const OrbitStudy *s, Results r)
{
  const PetscInt n = s->nvalleys, dims[2] = {n, s->ndirections}, shape[2] = {n, 3}, axes[3] = {n, 3, 3};
  PetscInt      *label[3];
  PetscReal     *k, *energy, *mass, *axis, *about;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc5(3 * n, &k, n, &energy, 3 * n, &mass, 9 * n, &axis, n * s->ndirections, &about));
  PetscCall(PetscMalloc3(n, &label[0], n, &label[1], n, &label[2]));
  for (PetscInt i = 0; i < n; i++) {
    const Valley *v = &s->valley[i];

    label[0][i] = s->surface[v->surface].surface->band + 1;
    label[1][i] = s->surface[v->surface].energy;
    label[2][i] = v->component;
    energy[i]   = v->found ? v->energy / UMK_EV : NAN;
    for (int c = 0; c < 9; c++) axis[9 * i + c] = v->found ? v->axis[c / 3][c % 3] : NAN;
    for (int c = 0; c < 3; c++) k[3 * i + c] = v->found ? per_angstrom * v->k[c] : NAN;
    for (int c = 0; c < 3; c++) mass[3 * i + c] = v->found ? v->mass[c] : NAN;
    for (PetscInt d = 0; d < s->ndirections; d++) about[i * s->ndirections + d] = EllipsoidMass(v, s->crystal->dimension, s->direction[d]);
  }
  PetscCall(ResultsWriteIntegers(r, "/orbits/valley/band", 1, &n, label[0], RESULTS_LABEL("1", "valley", "band, counted from 1")));
  PetscCall(ResultsWriteIntegers(r, "/orbits/valley/energy_index", 1, &n, label[1], RESULTS_LABEL("1", "valley", "position in /orbits/energy of the surface that encloses it")));
  PetscCall(ResultsWriteIntegers(r, "/orbits/valley/component", 1, &n, label[2], RESULTS_LABEL("1", "valley", "connected part of the surface")));
  PetscCall(ResultsWriteArray(r, "/orbits/valley/wavevector", 2, shape, k, RESULTS_LABEL("1/angstrom", "valley, i", "extremum of the band inside the surface; NaN: none, or bands touch there")));
  PetscCall(ResultsWriteArray(r, "/orbits/valley/extremum", 1, &n, energy, RESULTS_LABEL("eV", "valley", "energy of the extremum")));
  PetscCall(ResultsWriteArray(r, "/orbits/valley/mass", 2, shape, mass, RESULTS_LABEL("m_e", "valley, axis", "principal masses at the extremum, from differences of velocities")));
  PetscCall(ResultsWriteArray(r, "/orbits/valley/axis", 3, axes, axis, RESULTS_LABEL("1", "valley, axis, i", "directions of the principal masses")));
  PetscCall(ResultsWriteArray(r, "/orbits/valley/cyclotron_mass", 2, dims, about, RESULTS_LABEL("m_e", "valley, direction", "sqrt(det M / b.M.b) of these masses: the limit of the orbits' mass at the extremum")));
  PetscCall(PetscFree3(label[0], label[1], label[2]));
  PetscCall(PetscFree5(k, energy, mass, axis, about));
  PetscFunctionReturn(0);
}

/* Speeds at the vertices, dealt to the ranks. */
static PetscErrorCode Speeds(const OrbitStudy *s, Isosurface is, PetscReal *speed)
{
  PetscReal inverse[3][3], *fractional, *velocity;
  PetscInt  nb;
  int       rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(MaterialGetSizes(s->material, &nb, NULL, NULL, NULL));
  PetscCall(PetscMalloc2(3 * BATCH, &fractional, 3 * nb * BATCH, &velocity));
  PetscCall(PetscArrayzero(speed, is->nvertices));
  Invert3((const PetscReal(*)[3])s->crystal->b, inverse);
  for (PetscInt at = rank * BATCH; at < is->nvertices; at += size * BATCH) {
    const PetscInt n = PetscMin(BATCH, is->nvertices - at);

    for (PetscInt i = 0; i < n; i++) MatTVec3((const PetscReal(*)[3])inverse, is->k[at + i], fractional + 3 * i);
    for (PetscInt i = 0; i < n && s->crystal->dimension == 2; i++) fractional[3 * i + 2] = 0;
    PetscCall(MaterialElectrons(s->material, n, fractional, NULL, velocity, NULL));
    for (PetscInt i = 0; i < n; i++) speed[at + i] = Norm3(velocity + 3 * (i * nb + is->band)) * UMK_VELOCITY_M_S;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, speed, (PetscMPIInt)is->nvertices, MPIU_REAL, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscFree2(fractional, velocity));
  PetscFunctionReturn(0);
}

/* Lattice vector that brings a triangle of an open component to the first zone. */
static void Fold(Crystal crystal, PetscReal corner[3][3])
{
  PetscReal best = HUGE_VAL, move[3] = {0, 0, 0};

  for (int i = 0; i < 125; i++) {
    const PetscReal x[3] = {i / 25 - 2, i / 5 % 5 - 2, i % 5 - 2};
    PetscReal       G[3], middle[3];

    MatTVec3((const PetscReal(*)[3])crystal->b, x, G);
    for (int c = 0; c < 3; c++) middle[c] = (corner[0][c] + corner[1][c] + corner[2][c]) / 3 + G[c];
    if (Norm3(middle) > best * (1 - 1e-9)) continue;
    best = Norm3(middle);
    memcpy(move, G, sizeof G);
  }
  for (int i = 0; i < 9; i++) corner[i / 3][i % 3] += move[i % 3];
}

static PetscErrorCode WriteSurface(const OrbitStudy *s, Results r, PetscInt number)
{
  const OrbitSurface *o = &s->surface[number];
  Isosurface          is = o->surface;
  const PetscInt      n = is->ntriangles, dims[3] = {n, 3, 3}, band = is->band + 1, energy = o->energy;
  PetscReal         (*corner)[3][3], *speed, *fast;
  char                path[96];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(n, &corner, is->nvertices, &speed, 3 * n, &fast));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, Speeds(s, is, speed)));
  for (PetscInt t = 0; t < n; t++) {
    for (int c = 0; c < 3; c++) {
      IsosurfaceCorner(is, t, c, is->triangle[t].home, corner[t][c]);
      for (int x = 0; x < 3; x++) corner[t][c][x] += o->offset[is->triangle[t].component][x];
      fast[3 * t + c] = speed[is->triangle[t].vertex[c]];
    }
    if (is->open[is->triangle[t].component]) Fold(s->crystal, corner[t]);
    for (int x = 0; x < 9; x++) corner[t][x / 3][x % 3] *= per_angstrom;
  }
  snprintf(path, sizeof path, "/orbits/surface/%d/corner", (int)number);
  PetscCall(ResultsWriteArray(r, path, 3, dims, corner[0][0], RESULTS_LABEL("1/angstrom", "triangle, corner, i", "triangles of the surface, closed parts in one piece")));
  snprintf(path, sizeof path, "/orbits/surface/%d/speed", (int)number);
  PetscCall(ResultsWriteArray(r, path, 2, dims, fast, RESULTS_LABEL("m/s", "triangle, corner", "group velocity")));
  snprintf(path, sizeof path, "/orbits/surface/%d/band", (int)number);
  PetscCall(ResultsWriteIntegers(r, path, 0, NULL, &band, RESULTS_LABEL("1", "", "band, counted from 1")));
  snprintf(path, sizeof path, "/orbits/surface/%d/energy_index", (int)number);
  PetscCall(ResultsWriteIntegers(r, path, 0, NULL, &energy, RESULTS_LABEL("1", "", "position in /orbits/energy")));
  PetscCall(PetscFree3(corner, speed, fast));
  PetscFunctionReturn(0);
}

PetscErrorCode OrbitsWrite(const OrbitStudy *s, Results r)
{
  const PetscInt shape[2] = {s->ndirections, 3}, three[2] = {3, 3};
  const PetscReal field = s->field / UMK_TESLA;
  PetscReal     *energy[2], lattice[9];
  PetscInt       nclosed = 0;
  Orbit         *closed, *open;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(s->nenergies, &energy[0], s->nenergies, &energy[1]));
  for (PetscInt i = 0; i < s->nenergies; i++) {
    energy[0][i] = s->energy[i] / UMK_EV;
    energy[1][i] = s->given[i] / UMK_EV;
  }
  for (int i = 0; i < 9; i++) lattice[i] = per_angstrom * s->crystal->b[i / 3][i % 3];
  PetscCall(ResultsWriteArray(r, "/orbits/direction", 2, shape, s->direction[0], RESULTS_LABEL("1", "direction, i", "directions of the field, unit vectors")));
  PetscCall(ResultsWriteArray(r, "/orbits/energy", 1, &s->nenergies, energy[0], RESULTS_LABEL("eV", "energy", "energies of the surfaces")));
  PetscCall(ResultsWriteArray(r, "/orbits/energy_given", 1, &s->nenergies, energy[1], RESULTS_LABEL("eV", "energy", "the same from where the deck counts")));
  PetscCall(ResultsWriteArray(r, "/orbits/field", 0, NULL, &field, RESULTS_LABEL("T", "", "field of the cyclotron frequencies")));
  PetscCall(ResultsWriteArray(r, "/orbits/reciprocal_lattice", 2, three, lattice, RESULTS_LABEL("1/angstrom", "vector, i", "reciprocal lattice vectors")));
  PetscCall(PetscFree2(energy[0], energy[1]));
  PetscCall(PetscMalloc2(s->list.n, &closed, s->list.n, &open));
  for (PetscInt i = 0; i < s->list.n; i++) {
    if (s->list.orbit[i].kind == WALK_CLOSED) closed[nclosed++] = s->list.orbit[i];
    else open[i - nclosed] = s->list.orbit[i];
  }
  PetscCall(WriteClosed(s, r, nclosed, closed));
  PetscCall(WriteOpen(s, r, s->list.n - nclosed, open));
  PetscCall(PetscFree2(closed, open));
  PetscCall(WriteValleys(s, r));
  for (PetscInt i = 0; i < s->nsurfaces; i++) PetscCall(WriteSurface(s, r, i));
  PetscFunctionReturn(0);
}

/* --- the table ---------------------------------------------------------------------------------------------------------------- */

static const Valley *ValleyOf(const OrbitStudy *s, const Orbit *o)
{
  for (PetscInt i = 0; i < s->nvalleys; i++)
    if (s->valley[i].surface == (PetscInt)o->surface && s->valley[i].component == (PetscInt)o->component) return &s->valley[i];
  return NULL;
}

static const ReportColumn columns[] = {{"direction", NULL, NULL}, {"energy", "eV", "%.5f"}, {"band", NULL, "%.0f"}, {"orbits", NULL, "%.0f"}, {"area", "1/A^2", "%.6g"}, {"F", "T", "%.6g"},
                                       {"mass", "m_e", "%.5f"}, {"by difference", "m_e", "%.5f"}, {"ellipsoid", "m_e", "%.5f"}, {"frequency", "GHz", "%.5g"}, {"d2A/dk2", NULL, "%.4g"}};
#define COLUMNS ((int)(sizeof columns / sizeof columns[0]))

/* Orbits of the same area and mass in one row. */
static PetscErrorCode AddRows(const OrbitStudy *s, ReportTable table)
{
  bool *done;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(s->list.n, &done));
  for (PetscInt i = 0; i < s->list.n; i++) {
    const Orbit  *o = &s->list.orbit[i];
    const Valley *v = ValleyOf(s, o);
    char          name[64];
    const char   *text[COLUMNS] = {name};
    PetscInt      count         = 0;

    if (done[i] || o->kind != WALK_CLOSED) continue;
    for (PetscInt j = i; j < s->list.n; j++) {
      const Orbit *p = &s->list.orbit[j];
      if (p->kind != WALK_CLOSED || p->direction != o->direction || s->surface[(PetscInt)p->surface].energy != s->surface[(PetscInt)o->surface].energy || fabs(p->area - o->area) > 1e-5 * o->area || fabs(p->mass - o->mass) > 1e-4 * fabs(o->mass)) continue;
      done[j] = true;
      count++;
    }
    const PetscReal *b = s->direction[(PetscInt)o->direction];
    snprintf(name, sizeof name, "%.3f %.3f %.3f", b[0], b[1], b[2]);
    const OrbitSurface *surface = &s->surface[(PetscInt)o->surface];
    PetscCall(ReportTableAddRow(table, (const PetscReal[COLUMNS]){0, s->energy[surface->energy] / UMK_EV, surface->surface->band + 1, count, o->area * per_angstrom * per_angstrom, Frequency(o->area), o->mass, o->check,
                                       v ? EllipsoidMass(v, s->crystal->dimension, b) : NAN, Cyclotron(s, o->mass), o->curvature}, text));
  }
  PetscCall(PetscFree(done));
  PetscFunctionReturn(0);
}

/* Where orbits are open: along which lattice vector, in how many of the planes. */
static void ReportOpen(const OrbitStudy *s)
{
  for (PetscInt i = 0; i < s->list.n; i++) {
    const Orbit *o = &s->list.orbit[i];
    PetscInt     planes = 0;
    bool         first = true;

    for (PetscInt j = 0; j < s->list.n; j++) {
      const Orbit *p = &s->list.orbit[j];
      if (p->kind == WALK_CLOSED || p->surface != o->surface || p->direction != o->direction || p->component != o->component) continue;
      first = first && j >= i;
      planes += j == 0 || p[-1].kind == WALK_CLOSED || p->height != p[-1].height || p->component != p[-1].component || p->direction != p[-1].direction;
    }
    if (o->kind == WALK_CLOSED || !first) continue;
    const PetscReal *b = s->direction[(PetscInt)o->direction];
    char             along[64] = "no lattice vector that was found";
    if (o->kind == WALK_OPEN) snprintf(along, sizeof along, "lattice vector %d %d %d", (int)o->period[0], (int)o->period[1], (int)o->period[2]);
    Log(1, "open      band %d at %.5f eV, field along %.3f %.3f %.3f: orbits in %d of %d planes do not close, along %s", (int)s->surface[(PetscInt)o->surface].surface->band + 1,
        s->energy[s->surface[(PetscInt)o->surface].energy] / UMK_EV, b[0], b[1], b[2], (int)planes, (int)s->slices, along);
  }
}

PetscErrorCode OrbitsReport(const OrbitStudy *s)
{
  ReportTable table;
  int         rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (PetscInt i = 0; i < s->nsurfaces; i++) {
    Isosurface is   = s->surface[i].surface;
    PetscInt   open = 0;
    for (PetscInt c = 0; c < is->ncomponents; c++) open += is->open[c];
    Log(1, "surface   band %d at %.5f eV: %d triangles, %d closed and %d open part%s", (int)is->band + 1, is->energy / UMK_EV, (int)is->ntriangles, (int)(is->ncomponents - open), (int)open, is->ncomponents == 1 ? "" : "s");
  }
  for (PetscInt i = 0; i < s->nvalleys; i++) {
    const Valley *v = &s->valley[i];
    if (v->found) Log(1, "valley    band %d, %.5f eV at k = %.4f %.4f %.4f 1/A: masses %.4f %.4f %.4f", (int)s->surface[v->surface].surface->band + 1, v->energy / UMK_EV, per_angstrom * v->k[0], per_angstrom * v->k[1], per_angstrom * v->k[2], v->mass[0], v->mass[1], v->mass[2]);
  }
  ReportOpen(s);
  if (rank) PetscFunctionReturn(0);
  PetscCall(ReportTableCreate(COLUMNS, columns, &table));
  PetscCall(AddRows(s, table));
  Log(0, "\n");
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  Log(0, "\n");
  PetscFunctionReturn(0);
}

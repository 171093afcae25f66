/* Extremal orbits of one component of a surface: see orbits.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <string.h>
#include "orbits.h"

#define TOLERANCE 1e-9  /* of masses */
#define FLAT      1e-6  /* |dA/dk_par| over the length of an orbit that counts as none */

PetscErrorCode OrbitListAppend(OrbitList *list, const Orbit *orbit)
{
  PetscFunctionBeginUser;
  if (list->n == list->capacity) {
    list->capacity = 2 * list->capacity + 16;
    PetscCall(PetscRealloc(sizeof(Orbit) * (size_t)list->capacity, &list->orbit));
  }
  list->orbit[list->n++] = *orbit;
  PetscFunctionReturn(0);
}

typedef struct {
  const OrbitStudy *study;
  ContourSpace      space;
  Isosurface        surface;
  PetscInt          component;
  PetscReal         low, step; /* planes at low + (i + 1/2) step */
  Orbit             orbit;     /* what all orbits of this search share */
  OrbitList        *list;
  PetscInt         *failures;
} Search;

static void Range(Search *s, PetscInt slices)
{
  PetscReal low = HUGE_VAL, high = -HUGE_VAL, k[3];

  for (PetscInt t = 0; t < s->surface->ntriangles; t++)
    for (int c = 0; c < 3 && s->surface->triangle[t].component == s->component; c++) {
      IsosurfaceCorner(s->surface, t, c, s->surface->triangle[t].home, k);
      low  = PetscMin(low, Dot3(k, s->space.b));
      high = PetscMax(high, Dot3(k, s->space.b));
    }
  s->low  = low;
  s->step = (high - low) / (PetscReal)slices;
}

/* --- from a curve to the extremum ------------------------------------------------------------------------------------ */

typedef struct {
  const Search  *s;
  const Contour *from;
  PetscErrorCode code;
  bool           lost;
} Slope;

static double SlopeAt(double h, void *ctx)
{
  Slope  *p = ctx;
  Contour c = {0};
  bool    found = false;
  double  slope = 0;

  if (p->code || p->lost) return 0;
  p->code = ContourMove(&p->s->space, p->from, h, 1e-7, &c, &found);
  if (!p->code && found) slope = c.slope;
  p->lost = !found;
  if (!p->code) p->code = ContourDestroy(&c);
  return slope;
}

static PetscErrorCode Root(const Search *s, const Contour *from, PetscReal end, PetscReal *h, bool *found)
{
  Slope               slope   = {s, from, 0, false};
  gsl_function        f       = {SlopeAt, &slope};
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  gsl_root_fsolver   *solver  = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  int                 status  = gsl_root_fsolver_set(solver, &f, from->h, end);

  PetscFunctionBeginUser;
  for (int i = 0; i < 60 && !status && !slope.lost && !slope.code; i++) {
    status = gsl_root_fsolver_iterate(solver);
    if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver), gsl_root_fsolver_x_upper(solver), 1e-8 * s->step, 0) == GSL_SUCCESS) break;
  }
  *h     = gsl_root_fsolver_root(solver);
  *found = !status && !slope.lost; /* no change of sign after all: no extremum */
  gsl_root_fsolver_free(solver);
  gsl_set_error_handler(handler);
  PetscCall(slope.code);
  PetscFunctionReturn(0);
}

/* The mass from areas at two energies, and d2A/dk_par2 from slopes in two planes; NaN where the orbit does not exist there. */
static PetscErrorCode Differences(const Search *s, const Contour *c, Orbit *o)
{
  const PetscReal de = 1e-3 * c->area / fabs(c->mass_area), dh = 1e-3 * sqrt(c->area);
  PetscReal       value[4] = {NAN, NAN, NAN, NAN};

  PetscFunctionBeginUser;
  for (int i = 0; i < 4; i++) {
    ContourSpace space = s->space;
    Contour      near;
    bool         found;

    if (i >= 2 && s->space.crystal->dimension == 2) break;
    space.energy += i < 2 ? (i ? de : -de) : 0;
    PetscCall(ContourMove(&space, c, c->h + (i < 2 ? 0 : i == 3 ? dh : -dh), TOLERANCE, &near, &found));
    if (found) value[i] = i < 2 ? near.area : near.slope;
    PetscCall(ContourDestroy(&near));
  }
  o->check     = (value[1] - value[0]) / (2 * de) / (2 * UMK_PI);
  o->curvature = (value[3] - value[2]) / (2 * dh);
  PetscFunctionReturn(0);
}

static PetscErrorCode Keep(const Search *s, const Contour *c, PetscReal extremal)
{
  Orbit o = s->orbit;

  PetscFunctionBeginUser;
  o.height   = c->h;
  o.kind     = WALK_CLOSED;
  o.sign     = c->sign;
  o.area     = c->area;
  o.mass     = c->mass_area / (2 * UMK_PI);
  o.error    = c->error;
  o.length   = c->length;
  o.extremal = extremal;
  PetscCall(Differences(s, c, &o));
  memcpy(o.centre, c->centre, sizeof o.centre);
  for (PetscInt i = 0; i < ORBIT_DRAWN; i++) memcpy(o.point[i], c->k[i * c->n / ORBIT_DRAWN], sizeof o.point[i]);
  PetscCall(OrbitListAppend(s->list, &o));
  PetscFunctionReturn(0);
}

static PetscErrorCode KeepAt(const Search *s, const Contour *from, PetscReal h, PetscReal extremal)
{
  Contour c;
  bool    found;

  PetscFunctionBeginUser;
  PetscCall(ContourMove(&s->space, from, h, TOLERANCE, &c, &found));
  if (found && c.error < 1e-4) PetscCall(Keep(s, &c, extremal));
  else (*s->failures)++;
  PetscCall(ContourDestroy(&c));
  PetscFunctionReturn(0);
}

/* Is there an extremum between this curve and the one in the next plane? */
static PetscErrorCode Follow(const Search *s, const Contour *c, PetscInt slice)
{
  Contour   next;
  PetscReal h;
  bool      found;

  PetscFunctionBeginUser;
  PetscCall(ContourMove(&s->space, c, c->h + s->step, 0, &next, &found));
  const bool flat = fabs(c->slope) < FLAT * c->length;
  if (found && flat && fabs(next.slope) < FLAT * next.length) {
    if (slice == s->study->slices / 2) PetscCall(KeepAt(s, c, c->h, 2));
  } else if (found && (c->slope < 0) != (next.slope < 0)) {
    PetscCall(Root(s, c, c->h + s->step, &h, &found));
    if (found) PetscCall(KeepAt(s, c, h, 1));
  }
  PetscCall(ContourDestroy(&next));
  PetscFunctionReturn(0);
}

static PetscErrorCode Closed(const Search *s, PetscInt n, const PetscReal (*polygon)[3], PetscReal h, PetscInt slice)
{
  Contour c;
  bool    found;

  PetscFunctionBeginUser;
  PetscCall(ContourCreate(&s->space, n, polygon, h, 0, &c, &found));
  if (!found) (*s->failures) += slice > 0 && slice < s->study->slices - 1; /* the caps of a closed part hold no extremum */
  else if (s->space.crystal->dimension == 2) PetscCall(KeepAt(s, &c, h, 2));
  else PetscCall(Follow(s, &c, slice));
  PetscCall(ContourDestroy(&c));
  PetscFunctionReturn(0);
}

static PetscErrorCode Open(const Search *s, PetscInt n, const PetscReal (*polygon)[3], WalkEnd end, const int period[3], PetscReal h)
{
  Orbit o = s->orbit;

  PetscFunctionBeginUser;
  o.kind   = end;
  o.height = h;
  o.area = o.mass = o.check = o.curvature = NAN;
  for (int c = 0; c < 3; c++) o.period[c] = end == WALK_OPEN ? period[c] : 0;
  for (PetscInt i = 0; i < ORBIT_DRAWN; i++) memcpy(o.point[i], polygon[i * PetscMin(n, 4096) / ORBIT_DRAWN], sizeof o.point[i]);
  PetscCall(OrbitListAppend(s->list, &o));
  PetscFunctionReturn(0);
}

PetscErrorCode OrbitSearch(const OrbitStudy *study, PetscInt surface, PetscInt direction, PetscInt component, PetscInt slice, OrbitList *list, PetscInt *failures)
{
  Isosurface is = study->surface[surface].surface;
  Search     s  = {.study = study, .surface = is, .component = component, .list = list, .failures = failures};
  bool      *seen;

  PetscFunctionBeginUser;
  s.orbit = (Orbit){.surface = (PetscReal)surface, .direction = (PetscReal)direction, .component = (PetscReal)component};
  PetscCall(ContourSpaceCreate(study->material, is->band, is->energy, study->direction[direction], &s.space));
  Range(&s, study->slices);
  const PetscReal h = s.low + (slice + 0.5) * s.step;
  PetscCall(PetscCalloc1(is->ntriangles, &seen));
  for (PetscInt t = 0; t < is->ntriangles; t++) {
    PetscReal(*polygon)[3];
    PetscInt n;
    int      period[3];
    WalkEnd  end;

    if (seen[t] || is->triangle[t].component != component || !ContourMeets(&s.space, is, t, h)) continue;
    PetscCall(ContourWalk(&s.space, is, t, h, seen, &n, &polygon, &end, period));
    if (end == WALK_CLOSED) PetscCall(Closed(&s, n, (const PetscReal(*)[3])polygon, h, slice));
    else PetscCall(Open(&s, n, (const PetscReal(*)[3])polygon, end, period, h));
    PetscCall(PetscFree(polygon));
  }
  PetscCall(PetscFree(seen));
  PetscFunctionReturn(0);
}

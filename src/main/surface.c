/* Constant-frequency surfaces: see surface.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <string.h>
#include "surface.h"

#define SCAN 32 /* points of a ray between which a root changes the sign */

PetscReal SolidAngle(const PetscReal a[3], const PetscReal b[3], const PetscReal c[3])
{
  const PetscReal la = Norm3(a), lb = Norm3(b), lc = Norm3(c);
  const PetscReal triple = a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]);

  return 2 * atan2(triple, la * lb * lc + Dot3(a, b) * lc + Dot3(b, c) * la + Dot3(c, a) * lb); /* van Oosterom and Strackee, 1983 */
}

/* --- the octahedron ---------------------------------------------------------------------------------------- */

/* Integer points |i| + |j| + |k| = n are the vertices; number of one in the order of i, j, k. */
static PetscInt VertexNumber(PetscInt n, const PetscInt v[3])
{
  const PetscInt i = v[0], m = n - labs((long)i), j = v[1];
  PetscInt       before = 0;

  for (PetscInt x = -n; x < i; x++) before += x == -n ? 1 : 4 * (n - labs((long)x));
  if (m == 0) return before;
  return before + (j == -m ? 0 : 1 + 2 * (j + m - 1)) + (v[2] > 0 && labs((long)j) < m ? 1 : 0);
}

static void AddFace(Surface *s, const int sign[3])
{
  const PetscInt n = s->n;
  const bool     flip = sign[0] * sign[1] * sign[2] < 0;

  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; i + j < n; j++)
      for (int upper = 0; upper < 2 && i + j + 1 + upper <= n; upper++) {
        const PetscInt corner[2][3][2] = {{{i, j}, {i + 1, j}, {i, j + 1}}, {{i + 1, j}, {i + 1, j + 1}, {i, j + 1}}};
        PetscInt      *t               = s->triangle[s->ntriangles++];

        for (int c = 0; c < 3; c++) {
          const PetscInt x = corner[upper][c][0], y = corner[upper][c][1], v[3] = {sign[0] * x, sign[1] * y, sign[2] * (n - x - y)};
          t[flip && c ? 3 - c : c] = VertexNumber(n, v);
        }
      }
}

static PetscErrorCode MakeDirections(Surface *s)
{
  const PetscInt n = s->n;

  PetscFunctionBeginUser;
  s->nvertices = 4 * n * n + 2;
  PetscCall(PetscMalloc2(s->nvertices, &s->direction, 8 * n * n, &s->triangle));
  for (PetscInt i = -n; i <= n; i++)
    for (PetscInt j = -(n - labs((long)i)); j <= n - labs((long)i); j++)
      for (int up = 0; up < 2; up++) {
        const PetscInt  m = n - labs((long)i) - labs((long)j), v[3] = {i, j, up ? m : -m};
        PetscReal      *d = s->direction[VertexNumber(n, v)];
        const PetscReal x[3] = {(PetscReal)v[0] / n, (PetscReal)v[1] / n, (PetscReal)v[2] / n};

        for (int c = 0; c < 3; c++) d[c] = x[c] / Norm3(x);
      }
  for (int f = 0; f < 8; f++) AddFace(s, (const int[3]){f & 1 ? -1 : 1, f & 2 ? -1 : 1, f & 4 ? -1 : 1});
  PetscFunctionReturn(0);
}

/* --- roots ---------------------------------------------------------------------------------------------------- */

typedef struct {
  SurfaceBranch    branch;
  void            *ctx;
  const PetscReal *direction;
  PetscReal        omega;
  PetscErrorCode   code;
} Ray;

static double Excess(double length, void *ctx)
{
  Ray            *ray  = ctx;
  const PetscReal q[3] = {length * ray->direction[0], length * ray->direction[1], length * ray->direction[2]};
  PetscReal       omega = 0;

  if (!ray->code) ray->code = ray->branch(ray->ctx, 1, q, &omega, NULL);
  return omega - ray->omega;
}

static PetscErrorCode Root(Ray *ray, gsl_root_fsolver *solver, PetscReal low, PetscReal high, PetscReal *root)
{
  gsl_function f      = {Excess, ray};
  int          status = gsl_root_fsolver_set(solver, &f, low, high);

  PetscFunctionBeginUser;
  for (int i = 0; i < 100 && !status && gsl_root_test_interval(low, high, 0, 1e-12) == GSL_CONTINUE; i++) {
    status = gsl_root_fsolver_iterate(solver);
    low    = gsl_root_fsolver_x_lower(solver);
    high   = gsl_root_fsolver_x_upper(solver);
  }
  PetscCall(ray->code);
  UmkCheck(!status, "gsl_root_fsolver: %s", gsl_strerror(status));
  *root = gsl_root_fsolver_root(solver);
  PetscFunctionReturn(0);
}

/* Frequencies at SCAN points of a ray, and the roots between them. */
static PetscErrorCode ScanRay(Surface *s, Ray *ray, gsl_root_fsolver *solver, PetscReal limit, PetscReal length[SURFACE_SHEETS])
{
  PetscReal q[SCAN][3], omega[SCAN];
  int       found = 0;

  PetscFunctionBeginUser;
  for (int i = 0; i < SCAN; i++)
    for (int c = 0; c < 3; c++) q[i][c] = (i + 1e-3) / (SCAN - 1 + 2e-3) * limit * ray->direction[c];
  PetscCall(ray->branch(ray->ctx, SCAN, q[0], omega, NULL));
  for (int i = 0; i < SCAN; i++) {
    s->lowest  = PetscMin(s->lowest, omega[i]);
    s->highest = PetscMax(s->highest, omega[i]);
    if (i == 0 || found == SURFACE_SHEETS || (omega[i - 1] < ray->omega) == (omega[i] < ray->omega)) continue;
    PetscCall(Root(ray, solver, Norm3(q[i - 1]), Norm3(q[i]), &length[found++]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode FillVertex(Surface *s, Ray *ray, gsl_root_fsolver *solver, SurfaceLimit limit, PetscReal small, PetscInt i)
{
  PetscFunctionBeginUser;
  ray->direction = s->direction[i];
  if (ray->omega > 0) PetscCall(ScanRay(s, ray, solver, limit(ray->ctx, ray->direction), s->length[i]));
  else s->length[i][0] = small;
  for (int k = 0; k < SURFACE_SHEETS && s->length[i][k] > 0; k++) {
    const PetscReal q[3] = {s->length[i][k] * ray->direction[0], s->length[i][k] * ray->direction[1], s->length[i][k] * ray->direction[2]};
    PetscReal       omega;

    PetscCall(ray->branch(ray->ctx, 1, q, &omega, s->velocity[i][k]));
    s->lowest  = PetscMin(s->lowest, omega);
    s->highest = PetscMax(s->highest, omega);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SurfaceCreate(MPI_Comm comm, PetscInt n, SurfaceBranch branch, SurfaceLimit limit, void *ctx, PetscReal omega, PetscReal small, Surface *s)
{
  Ray               ray    = {.branch = branch, .ctx = ctx, .omega = omega};
  gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  PetscErrorCode    code   = 0;
  PetscInt          begin, end;
  int               rank, size;

  PetscFunctionBeginUser;
  UmkCheck(solver, "gsl_root_fsolver_alloc");
  (void)gsl_set_error_handler_off();
  memset(s, 0, sizeof *s);
  s->n      = n;
  s->lowest = HUGE_VAL;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(MakeDirections(s));
  PetscCall(SharedArrayCreate(comm, sizeof *s->length * (size_t)s->nvertices, &s->shared[0]));
  PetscCall(SharedArrayCreate(comm, sizeof *s->velocity * (size_t)s->nvertices, &s->shared[1]));
  PetscCall(SharedArrayGet(s->shared[0], &s->length));
  PetscCall(SharedArrayGet(s->shared[1], &s->velocity));
  begin = (PetscInt)((PetscInt64)s->nvertices * rank / size);
  end   = (PetscInt)((PetscInt64)s->nvertices * (rank + 1) / size);
  for (PetscInt i = begin; i < end && !code; i++) code = FillVertex(s, &ray, solver, limit, small, i);
  PetscCall(ErrorAgree(comm, code));
  PetscCall(SharedArrayCombine(s->shared[0], sizeof *s->length * (size_t)begin, sizeof *s->length * (size_t)end));
  PetscCall(SharedArrayCombine(s->shared[1], sizeof *s->velocity * (size_t)begin, sizeof *s->velocity * (size_t)end));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &s->lowest, 1, MPIU_REAL, MPI_MIN, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &s->highest, 1, MPIU_REAL, MPI_MAX, comm));
  gsl_root_fsolver_free(solver);
  PetscFunctionReturn(0);
}

PetscErrorCode SurfaceDestroy(Surface *s)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(s->direction, s->triangle));
  for (int i = 0; i < 2; i++) PetscCall(SharedArrayDestroy(&s->shared[i]));
  PetscFunctionReturn(0);
}

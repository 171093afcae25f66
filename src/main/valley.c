/* Extrema of bands and the masses there: differences of velocities, for comparison with cyclotron masses. See orbits.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <string.h>
#include "orbits.h"

static PetscErrorCode BandAt(Material m, Crystal crystal, PetscInt band, PetscInt n, const PetscReal (*k)[3], PetscReal *energy, PetscReal (*v)[3], PetscReal *apart)
{
  PetscReal *fractional, *all, *velocity, inverse[3][3];
  PetscInt   nb;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, &nb, NULL, NULL, NULL));
  Invert3((const PetscReal(*)[3])crystal->b, inverse);
  PetscCall(PetscMalloc3(3 * n, &fractional, n * nb, &all, 3 * n * nb, &velocity));
  for (PetscInt i = 0; i < n; i++) {
    MatTVec3((const PetscReal(*)[3])inverse, k[i], fractional + 3 * i);
    if (crystal->dimension == 2) fractional[3 * i + 2] = 0;
  }
  PetscCall(MaterialElectrons(m, n, fractional, all, velocity, NULL));
  for (PetscInt i = 0; i < n; i++) {
    energy[i] = all[i * nb + band];
    memcpy(v[i], velocity + 3 * (i * nb + band), sizeof(v[i]));
  }
  if (apart) {
    *apart = HUGE_VAL;
    for (PetscInt b = band > 0 ? band - 1 : 0; b < PetscMin(nb, band + 2); b++)
      if (b != band) *apart = PetscMin(*apart, fabs(all[b] - all[band]));
  }
  PetscCall(PetscFree3(fractional, all, velocity));
  PetscFunctionReturn(0);
}

/* d2E/dk2 from velocities at +- step along the axes; fourth order. */
static PetscErrorCode InverseMass(Material m, Crystal crystal, PetscInt band, const PetscReal k[3], PetscReal step, PetscReal w[3][3])
{
  static const PetscReal at[4] = {-2, -1, 1, 2}, weight[4] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
  PetscReal              points[12][3], energy[12], v[12][3];

  PetscFunctionBeginUser;
  for (int i = 0; i < 12; i++)
    for (int c = 0; c < 3; c++) points[i][c] = k[c] + (c == i / 4 ? at[i % 4] * step : 0);
  PetscCall(BandAt(m, crystal, band, 12, (const PetscReal(*)[3])points, energy, v, NULL));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      w[i][j] = 0;
      for (int p = 0; p < 4; p++) w[i][j] += 0.5 * weight[p] / step * (v[4 * i + p][j] + v[4 * j + p][i]);
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode Axes(Valley *valley, int dimension)
{
  PetscReal                  copy[9];
  gsl_matrix_view            matrix;
  gsl_vector                *value   = gsl_vector_alloc(3);
  gsl_matrix                *vectors = gsl_matrix_alloc(3, 3);
  gsl_eigen_symmv_workspace *work    = gsl_eigen_symmv_alloc(3);

  PetscFunctionBeginUser;
  memcpy(copy, valley->w, sizeof copy);
  matrix = gsl_matrix_view_array(copy, 3, 3);
  UmkCheck(!gsl_eigen_symmv(&matrix.matrix, value, vectors, work), "gsl_eigen_symmv");
  gsl_eigen_symmv_sort(value, vectors, GSL_EIGEN_SORT_ABS_ASC); /* the heaviest first; the missing third direction of two dimensions last */
  for (int i = 0; i < 3; i++) {
    const int from = dimension == 2 ? (i + 1) % 3 : i;
    valley->mass[i] = dimension == 2 && i == 2 ? NAN : 1 / gsl_vector_get(value, (size_t)from);
    for (int c = 0; c < 3; c++) valley->axis[i][c] = gsl_matrix_get(vectors, (size_t)c, (size_t)from);
  }
  gsl_eigen_symmv_free(work);
  gsl_matrix_free(vectors);
  gsl_vector_free(value);
  PetscFunctionReturn(0);
}

PetscErrorCode ValleyFind(Material m, Crystal crystal, PetscInt band, const PetscReal k[3], PetscReal length, Valley *valley)
{
  const PetscReal shortest = 1e-3 * length;
  PetscReal       v[1][3], inverse[3][3], step[3], apart = 0;
  const int      *own;

  PetscFunctionBeginUser;
  memcpy(valley->k, k, sizeof valley->k);
  for (int it = 0; it < 20 && !valley->found; it++) { /* Newton's method for v = 0 */
    PetscCall(InverseMass(m, crystal, band, valley->k, shortest, valley->w));
    PetscCall(BandAt(m, crystal, band, 1, (const PetscReal(*)[3])valley->k, &valley->energy, v, &apart));
    if (crystal->dimension == 2) valley->w[2][2] = 1;
    if (fabs(Det3((const PetscReal(*)[3])valley->w)) < 1e-12) break;
    Invert3((const PetscReal(*)[3])valley->w, inverse);
    MatVec3((const PetscReal(*)[3])inverse, v[0], step);
    if (Norm3(step) > length) break;
    for (int c = 0; c < 3; c++) valley->k[c] -= step[c];
    valley->found = Norm3(step) < 1e-8 * length;
  }
  PetscCall(MaterialGetValleys(m, &own));
  valley->found = valley->found && (own || apart > 1e-5); /* bands of models stand alone, whatever their energies */
  if (valley->found) PetscCall(InverseMass(m, crystal, band, valley->k, shortest, valley->w));
  if (valley->found && crystal->dimension == 2)
    for (int c = 0; c < 3; c++) valley->w[2][c] = valley->w[c][2] = 0;
  if (valley->found) PetscCall(Axes(valley, crystal->dimension));
  PetscFunctionReturn(0);
}

/* --- the edge of a band ------------------------------------------------------------------------------------------------ */

typedef struct {
  IsosurfaceMesh mesh;
  PetscInt       band;
  PetscReal      sign;
  PetscErrorCode code;
} Edge;

static void EdgeBoth(const gsl_vector *x, void *ctx, double *f, gsl_vector *g)
{
  Edge           *e      = ctx;
  const PetscReal k[1][3] = {{gsl_vector_get(x, 0), gsl_vector_get(x, 1), gsl_vector_get(x, 2)}};
  PetscReal       energy = 0, v[1][3] = {{0}};

  if (!e->code) e->code = BandAt(e->mesh->material, e->mesh->crystal, e->band, 1, k, &energy, v, NULL);
  *f = e->sign * energy;
  for (size_t c = 0; g && c < 3; c++) gsl_vector_set(g, c, e->sign * v[0][c]);
}

static double EdgeValue(const gsl_vector *x, void *ctx)
{
  double f;
  EdgeBoth(x, ctx, &f, NULL);
  return f;
}

static void EdgeGradient(const gsl_vector *x, void *ctx, gsl_vector *g)
{
  double f;
  EdgeBoth(x, ctx, &f, g);
}

PetscErrorCode ValleyEdge(IsosurfaceMesh mesh, PetscInt band, bool top, PetscReal *energy)
{
  Edge                      e    = {mesh, band, top ? -1 : 1, 0};
  gsl_multimin_function_fdf f    = {EdgeValue, EdgeGradient, EdgeBoth, 3, &e};
  PetscInt                  best = 0;
  PetscReal                 x[3], k[3];

  PetscFunctionBeginUser;
  for (PetscInt i = 1; i < mesh->n[0] * mesh->n[1] * mesh->n[2]; i++)
    if (e.sign * mesh->energy[i * mesh->nbands + band] < e.sign * mesh->energy[best * mesh->nbands + band]) best = i;
  const PetscInt index[3] = {best / (mesh->n[1] * mesh->n[2]), best / mesh->n[2] % mesh->n[1], best % mesh->n[2]};
  for (int c = 0; c < 3; c++) x[c] = c == 2 && mesh->crystal->dimension == 2 ? 0 : (PetscReal)index[c] / (PetscReal)mesh->n[c];
  MatTVec3((const PetscReal(*)[3])mesh->crystal->b, x, k);
  gsl_error_handler_t       *handler = gsl_set_error_handler_off();
  gsl_vector_view            start   = gsl_vector_view_array(k, 3);
  gsl_multimin_fdfminimizer *solver  = gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, 3);
  int                        status  = gsl_multimin_fdfminimizer_set(solver, &f, &start.vector, 0.1 * mesh->diagonal, 0.1);
  for (int it = 0; it < 100 && !status && !e.code; it++) {
    status = gsl_multimin_fdfminimizer_iterate(solver); /* GSL_ENOPROG: at the edge, smooth or not */
    if (gsl_multimin_test_gradient(gsl_multimin_fdfminimizer_gradient(solver), 1e-10) == GSL_SUCCESS) break;
  }
  *energy = e.sign * gsl_multimin_fdfminimizer_minimum(solver);
  gsl_multimin_fdfminimizer_free(solver);
  gsl_set_error_handler(handler);
  PetscCall(e.code);
  PetscFunctionReturn(0);
}

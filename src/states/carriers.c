/*
  Carriers of the whole zone:  n = g_s/(N V) sum_conduction f,  p = g_s/(N V) sum_valence (1 - f),  dn/dmu = g_s/(N V kT) sum f(1-f).

  Energies of the wedge stay distributed; each evaluation is one reduction. In a metal all bands count as conduction.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>

#define BATCH 64

struct _p_Carriers {
  MPI_Comm   comm;
  PetscInt   nlocal, nbands, nvalence, spin;
  bool       metal;
  PetscReal  volume, cell;            /* N V; V */
  PetscReal  lowest, highest;         /* energies of all bands */
  PetscReal  valence, conduction;     /* edges on the mesh */
  PetscReal *energy, *speed2, *star;  /* [nlocal][nbands], same, [nlocal] */
};

static PetscErrorCode evaluate(Carriers c, Material m, KMesh mesh, PetscInt begin)
{
  PetscReal *k, *v;
  Progress   progress;
  PetscFunctionBeginUser;
  ProgressBegin(&progress, "carriers", (PetscReal)c->nlocal);
  PetscCall(PetscMalloc2(3 * BATCH, &k, 3 * BATCH * c->nbands, &v));
  for (PetscInt at = 0; at < c->nlocal; at += BATCH) {
    PetscInt n = PetscMin(BATCH, c->nlocal - at);
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    ProgressUpdate(&progress, (PetscReal)at);
    for (PetscInt i = 0; i < n; i++) {
      MeshPoint(mesh, mesh->wedge[begin + at + i], k + 3 * i);
      c->star[at + i] = mesh->star[begin + at + i];
    }
    PetscCall(MaterialElectrons(m, n, k, c->energy + at * c->nbands, v, NULL));
    for (PetscInt i = 0; i < n * c->nbands; i++) c->speed2[at * c->nbands + i] = Dot3(v + 3 * i, v + 3 * i);
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree2(k, v));
  PetscFunctionReturn(0);
}

static bool is_conduction(Carriers c, PetscInt band) { return c->metal || band >= c->nvalence; }

static PetscErrorCode find_edges(Carriers c)
{
  PetscReal edge[4] = {HUGE_VAL, HUGE_VAL, HUGE_VAL, HUGE_VAL}; /* conduction min, -valence max, min, -max */
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < c->nlocal; i++)
    for (PetscInt b = 0; b < c->nbands; b++) {
      PetscReal e = c->energy[i * c->nbands + b];
      edge[2]     = PetscMin(edge[2], e);
      edge[3]     = PetscMin(edge[3], -e);
      if (is_conduction(c, b)) edge[0] = PetscMin(edge[0], e);
      else edge[1] = PetscMin(edge[1], -e);
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, edge, 4, MPIU_REAL, MPI_MIN, c->comm));
  c->conduction = edge[0];
  c->valence    = -edge[1];
  c->lowest     = edge[2];
  c->highest    = -edge[3];
  PetscFunctionReturn(0);
}

PetscErrorCode CarriersCreate(MPI_Comm comm, Material m, KMesh mesh, Carriers *carriers)
{
  Carriers c;
  Crystal  crystal;
  PetscInt begin, end, nbands;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, &nbands, NULL, NULL, NULL));
  if (nbands == 0) {
    const char *name;

    PetscCall(MaterialGetName(m, &name));
    return InputErrorAt(NULL, 0, "material %s has phonons alone: there are no electrons to carry a current", name);
  }
  PetscCall(PetscNew(&c));
  *carriers = c;
  c->comm   = comm;
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(MaterialGetSizes(m, &c->nbands, NULL, NULL, &c->spin));
  PetscCall(MaterialGetValenceBands(m, &c->nvalence, &c->metal));
  StatesShare(comm, mesh->nwedge, &begin, &end);
  c->nlocal = end - begin;
  c->cell   = crystal->volume;
  c->volume = (PetscReal)mesh->size * crystal->volume;
  PetscCall(PetscMalloc3(c->nlocal * c->nbands, &c->energy, c->nlocal * c->nbands, &c->speed2, c->nlocal, &c->star));
  PetscCall(ErrorAgree(comm, evaluate(c, m, mesh, begin)));
  PetscCall(find_edges(c));
  if (c->metal && c->nvalence > 0) { /* the Fermi level: half filling of the last states at a small temperature */
    StatesPoint p = {.kT = 100.0 * UMK_KELVIN};
    PetscCall(CarriersSolve(c, CARRIERS_ELECTRONS, c->nvalence / crystal->volume, &p));
    c->valence = c->conduction = p.mu;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CarriersDestroy(Carriers *carriers)
{
  PetscFunctionBeginUser;
  if (!*carriers) PetscFunctionReturn(0);
  PetscCall(PetscFree3((*carriers)->energy, (*carriers)->speed2, (*carriers)->star));
  PetscCall(PetscFree(*carriers));
  PetscFunctionReturn(0);
}

PetscErrorCode CarriersGetEdges(Carriers c, PetscReal *valence, PetscReal *conduction)
{
  PetscFunctionBeginUser;
  if (valence) *valence = c->valence;
  if (conduction) *conduction = c->conduction;
  PetscFunctionReturn(0);
}

PetscErrorCode CarriersCount(Carriers c, StatesPoint *p)
{
  PetscReal sum[3] = {0, 0, 0};
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < c->nlocal; i++)
    for (PetscInt b = 0; b < c->nbands; b++) {
      PetscReal x = (c->energy[i * c->nbands + b] - p->mu) / p->kT, w = 0.5 / cosh(0.5 * x);
      if (is_conduction(c, b)) sum[0] += c->star[i] / (exp(x) + 1.0);
      else sum[1] += c->star[i] / (exp(-x) + 1.0);
      sum[2] += c->star[i] * w * w / p->kT;
    }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPIU_REAL, MPI_SUM, c->comm));
  p->electrons = sum[0] * c->spin / c->volume;
  p->holes     = sum[1] * c->spin / c->volume;
  p->dn_dmu    = sum[2] * c->spin / c->volume;
  PetscFunctionReturn(0);
}

typedef struct {
  Carriers       carriers;
  CarrierKind    kind;
  PetscReal      density;
  StatesPoint    p;
  PetscErrorCode code;
} Problem;

/* A monotone function of mu with the density as its root; logarithms keep it well scaled over many decades. */
static double mismatch(double mu, void *ctx)
{
  Problem *problem = ctx;
  problem->p.mu    = mu;
  if (!problem->code) problem->code = CarriersCount(problem->carriers, &problem->p);
  const PetscReal n = problem->p.electrons, h = problem->p.holes, d = problem->density;
  if (problem->kind == CARRIERS_ELECTRONS) return log(PetscMax(n, 1e-300) / d);
  if (problem->kind == CARRIERS_HOLES) return -log(PetscMax(h, 1e-300) / d);
  return log((n + PetscMax(-d, 0.0) + 1e-300) / (h + PetscMax(d, 0.0) + 1e-300)); /* n - p = d */
}

static const char *unreachable = "carriers: no chemical potential gives %s of %.6g per cm^3 at %.6g K: the bands of this material hold between 0 and %.6g per cm^3";

PetscErrorCode CarriersSolve(Carriers c, CarrierKind kind, PetscReal density, StatesPoint *p)
{
  Problem            problem = {c, kind, density, *p, 0};
  gsl_function       f       = {mismatch, &problem};
  gsl_root_fsolver  *solver;
  const PetscReal    low = c->lowest - 800.0 * p->kT, high = c->highest + 200.0 * p->kT;
  PetscReal          limit[2];
  PetscFunctionBeginUser;
  limit[0] = mismatch(low, &problem);
  limit[1] = mismatch(high, &problem);
  PetscCall(problem.code);
  if (!(limit[0] < 0.0 && limit[1] > 0.0) || !isfinite(density)) {
    static const char *names[] = {"an electron density", "a hole density", "a net density"};
    const PetscReal holding    = c->spin * (PetscReal)(kind == CARRIERS_HOLES ? c->nvalence : c->metal ? c->nbands : c->nbands - c->nvalence);
    return InputErrorAt(NULL, 0, unreachable, names[kind], density * UMK_CM3, p->kT / UMK_KELVIN, holding / c->cell * UMK_CM3);
  }
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  solver                       = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  int status                   = gsl_root_fsolver_set(solver, &f, low, high);
  for (int it = 0; status == GSL_SUCCESS && it < 200; it++) {
    status = gsl_root_fsolver_iterate(solver);
    if (status || gsl_root_test_interval(gsl_root_fsolver_x_lower(solver), gsl_root_fsolver_x_upper(solver), 1e-14 * p->kT, 4e-16) == GSL_SUCCESS) break;
  }
  p->mu = gsl_root_fsolver_root(solver);
  gsl_root_fsolver_free(solver);
  gsl_set_error_handler(handler);
  UmkCheck(status == GSL_SUCCESS, "chemical potential: %s", gsl_strerror(status));
  PetscCall(problem.code);
  PetscCall(CarriersCount(c, p));
  PetscFunctionReturn(0);
}

static bool has_state(States s, PetscInt ik, PetscInt band)
{
  for (int32_t a = s->first[ik]; a < s->first[ik + 1]; a++)
    if (s->band[a] == band) return true;
  return false;
}

PetscErrorCode CarriersWindowLoss(Carriers c, States s, CarrierKind kind, const StatesPoint *p, PetscReal *fraction)
{
  PetscReal sum[2] = {0, 0};
  PetscInt  begin, end, ik = 0;
  PetscFunctionBeginUser;
  StatesShare(c->comm, s->mesh->nwedge, &begin, &end);
  for (PetscInt i = 0; i < c->nlocal; i++) {
    while (ik < s->nk && s->wedge[ik] < begin + i) ik++;
    for (PetscInt b = 0; b < c->nbands; b++) {
      if (kind == (is_conduction(c, b) ? CARRIERS_HOLES : CARRIERS_ELECTRONS)) continue;
      PetscReal w = StatesWeight(SPECIES_ELECTRON, c->energy[i * c->nbands + b], p), x = c->star[i] * w * w * c->speed2[i * c->nbands + b];
      sum[0] += x;
      if (ik >= s->nk || s->wedge[ik] != begin + i || !has_state(s, ik, b)) sum[1] += x;
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPIU_REAL, MPI_SUM, c->comm));
  *fraction = sum[0] > 0.0 ? sum[1] / sum[0] : 0.0;
  PetscFunctionReturn(0);
}

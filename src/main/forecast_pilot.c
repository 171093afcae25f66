/*
  Pilots of a forecast: the deck on coarse meshes, solved for real, for what hardly depends on the mesh: how often the solver goes through processes and blocks at a point of
  the scan. Two of them say how what is left, vectors and preconditioners in a field, grows with the mesh.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "forecast.h"

#define PROCESSES   4e5  /* of the finer pilot, about */
#define FIND_TIME   4.0  /* seconds to find them, at most */
#define SOLVE_TIME  10.0 /* seconds for its points of the scan */
#define COARSER     0.75 /* edges of the other */
#define FEWEST      12   /* unknowns of a pilot that stands for a finer mesh */
#define MIB         1048576.0

/* Fields and frequencies of a level, as the run does them; the answers are dropped. */
static PetscErrorCode respond(const System *r, TransportLevel level, PetscInt at, const TransportTensors *still)
{
  const TransportFields *f = &r->scan.fields;
  TransportResponse     *response;
  TransportLowField     *low;
  PetscReal              weight[2][2][3][3];

  PetscFunctionBeginUser;
  if (!f->magnetic && !f->alternating) PetscFunctionReturn(0);
  PetscCall(PetscCalloc1(f->nB * f->nF, &response));
  PetscCall(PetscCalloc1(f->nB, &low));
  if (r->both) PetscCall(DragRespond(r->drag, level, &r->scan.point[at], f, still, response, low, weight));
  else PetscCall(TransportRespond(r->transport, level, &r->scan.point[at], f, still, response, low, weight));
  PetscCall(PetscFree(response));
  PetscCall(PetscFree(low));
  PetscFunctionReturn(0);
}

static PetscErrorCode solve_point(const System *r, PetscInt at)
{
  const StatesPoint *p = &r->scan.point[at];
  TransportTensors   x;
  PetscReal          fraction;
  PetscInt           number;

  PetscFunctionBeginUser;
  PetscCall(CollisionSetPoint(r->collision, p));
  if (r->both) PetscCall(CollisionSetPoint(r->lattice.collision, p));
  PetscCall(DriveUnscattered(r->collision, SystemUnknowns(r), p, &number, &fraction));
  if (r->electrons) PetscCall(CarriersWindowLoss(r->carriers, r->electrons, ScanCarrierKind(&r->scan), p, &fraction));
  for (int l = 0; l < LEVEL_COUNT; l++) {
    if (!r->scan.level[l]) continue;
    if (r->both) PetscCall(DragSolve(r->drag, (TransportLevel)l, p, &x));
    else PetscCall(TransportSolve(r->transport, (TransportLevel)l, p, &x));
    PetscCall(respond(r, (TransportLevel)l, at, &x));
  }
  PetscFunctionReturn(0);
}

/* Processes and blocks */
static PetscErrorCode operator_memory(const System *r, PetscReal *mib)
{
  CollisionCost cost;

  PetscFunctionBeginUser;
  *mib = 0.0;
  for (int k = 0; k < (r->both ? 2 : 1); k++) {
    PetscCall(CollisionGetCost(k ? r->lattice.collision : r->collision, &cost));
    *mib += (80.0 * cost.blocks + 12.0 * cost.processes + cost.bytes) / MIB; /* at most: what is left is the solver's */
  }
  PetscFunctionReturn(0);
}

static PetscReal counted(const CollisionWork *w) { return w->rates_s + w->scans_s + w->fills_s + w->applications_s + w->moving_s; }

/* Points of the scan, evenly spread where there is no time for all. */
static PetscErrorCode solve_points(const System *r, PetscReal seconds, ForecastPilot *p)
{
  const PetscInt  n     = r->scan.nT * r->scan.nC;
  const PetscReal start = ProcessorTime(), before = MemoryPeakBegin();
  PetscReal       kept, operators, one;
  PetscInt        step = 1;

  PetscFunctionBeginUser;
  PetscCall(operator_memory(r, &kept));
  for (PetscInt at = 0; at < n; at += step) {
    PetscCall(solve_point(r, at));
    p->points++;
    one  = (ProcessorTime() - start) / (PetscReal)p->points;
    step = PetscMax(step, (PetscInt)ceil((PetscReal)(n - at - 1) * one / PetscMax(one, seconds - (ProcessorTime() - start))));
  }
  p->rest = ProcessorTime() - start;
  for (int k = 0; k < (r->both ? 2 : 1); k++) {
    PetscCall(CollisionGetWork(k ? r->lattice.collision : r->collision, &p->work[k]));
    p->rest -= counted(&p->work[k]);
  }
  p->rest = PetscMax(0.0, p->rest) / (PetscReal)p->points;
  PetscCall(operator_memory(r, &operators));
  p->memory = PetscMax(0.0, MemoryPeakEnd() - before - (operators - kept));
  PetscFunctionReturn(0);
}

/* *solved: whether the deck makes sense on this mesh and there is something to solve. */
static PetscErrorCode run_pilot(const Arguments *a, const Forecast *f, PetscReal s, PetscReal seconds, ForecastPilot *p, bool *solved)
{
  System         r = {0};
  ForecastMeshes mesh;
  Deck           deck;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  *p = (ForecastPilot){0};
  ForecastScaleMeshes(f, s, &mesh, &p->ratio);
  PetscCall(ForecastLoadDeck(a, &mesh, &deck));
  PetscCall(SystemCreate(PETSC_COMM_SELF, deck, &r));
  code = SystemMakeStates(&r);
  *solved = !code && (s == 1.0 || SystemUnknowns(&r)->nstates >= FEWEST);
  if (code && (code != UMK_ERR_INPUT || s == 1.0)) PetscCall(code);
  if (code) ErrorClear();
  if (*solved) {
    PetscCall(SystemMakeCollision(&r));
    PetscCall(solve_points(&r, seconds, p));
  }
  PetscCall(SystemDestroy(&r));
  PetscFunctionReturn(0);
}

PetscErrorCode ForecastRunPilots(const Arguments *a, Forecast *f)
{
  const PetscReal power = 2.0 * f->dimension - (f->gaussian ? 0.0 : 1.0), x = pow(f->ratio, power);
  PetscReal       processes = 0.0, seconds = 0.0, s;
  bool            solved    = false;

  PetscFunctionBeginUser;
  for (int k = 0; k < f->noperators; k++) {
    const CollisionSample *o = &f->op[k].sample;
    processes += x * (o->processes + o->moving);
    seconds += x * (o->seconds + o->moving_seconds);
  }
  s = PetscMin(1.0, pow(PetscMin(PROCESSES / PetscMax(1.0, processes), FIND_TIME / PetscMax(1e-9, seconds)), 1.0 / power));
  if (s > 0.8) s = 1.0;
  while (s < 1.0) { /* one point, not counted: libraries are loaded after that */
    PetscCall(run_pilot(a, f, s, 0.0, &f->pilot[0], &solved));
    if (solved) break;
    s = PetscMin(1.0, 1.2 * s);
  }
  PetscCall(run_pilot(a, f, s, SOLVE_TIME, &f->pilot[0], &solved));
  f->npilots = 1;
  if (s == 1.0) PetscFunctionReturn(0);
  PetscCall(run_pilot(a, f, COARSER * s, 0.5 * SOLVE_TIME, &f->pilot[1], &solved));
  if (solved && f->pilot[1].ratio > 1.1 * f->pilot[0].ratio) f->npilots = 2;
  PetscFunctionReturn(0);
}

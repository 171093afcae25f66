/*
  What a run will take, before it: `umklapp forecast`.

  Measured on this machine, in processor time: the material and the states of the deck's own meshes, made by the run's own code; the processes of some wedge points
  (CollisionSetUpSample), which are a collision operator of their own, and with it what it takes to go once through a process or a block; and a pilot, the deck on
  a coarse mesh solved for real, how often the solver does so at each point of the scan. The three make the time and the memory of any number of ranks. Where the deck's meshes
  are too large for that, they are those of a coarser mesh, times the power of the edge that each grows with.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_FORECAST_H
#define UMKLAPP_MAIN_FORECAST_H

#include "commands.h"
#include "run.h"

#define FORECAST_MAX_RANKS 32 /* entries of --ranks */
#define FORECAST_SHARES    17 /* shares 2^-i of the wedge points for which blocks are counted */

typedef struct { /* meshes of the deck; 0: not given there */
  PetscInt electrons[3], phonons[3];
} ForecastMeshes;

typedef struct { /* one collision operator */
  CollisionSample sample;
  PetscReal unknowns, points;                    /* wedge points */
  PetscReal blocks[FORECAST_SHARES];             /* of a rank with the share 2^-i of the points */
  PetscReal rates, first, fill, replay, apply;   /* seconds per process; apply: per block */
  PetscReal vector;                              /* seconds per application and unknown, blocks apart */
  PetscReal memory;                              /* MiB that a rank needs besides while rates are summed */
} ForecastOperator;

typedef struct { /* the deck on a coarse mesh */
  PetscReal     ratio;         /* of the run's edges to its own */
  PetscInt      points;        /* of the scan that it solved */
  PetscReal     rest;          /* seconds a point beside what the operators count */
  PetscReal     memory;        /* MiB of solving beside blocks */
  CollisionWork work[2];
} ForecastPilot;

typedef struct {
  int              dimension, noperators, npilots;
  bool             both, lattice, write_states, gaussian, tetrahedra, magnetic, alternating, replayed, assembled;
  int              nlevels, level[LEVEL_COUNT];
  PetscInt         points, fields, frequencies, ncolumns[2];
  PetscReal        states[2];     /* in the results file: electrons, or phonons; phonons beside electrons */
  PetscReal        limit;         /* collision.memory, bytes */
  ForecastMeshes   mesh, measured;
  PetscReal        ratio;         /* of the deck's edges to those measured */
  ForecastOperator op[2];
  ForecastPilot    pilot[2];      /* the finer first */
  PetscReal        start, material, made, own, drag; /* MiB: program; material; states; a rank's tables and buffers; what ranks share out of the drag system */
  PetscReal        shared;        /* MiB of all these that a node holds once */
  PetscReal        material_s, states_s, create_s, drag_s;
} Forecast;

enum { TIME_MATERIAL, TIME_STATES, TIME_FIND, TIME_RATES, TIME_FILL, TIME_APPLY, TIME_REST, TIME_WRITE, TIME_PARTS };
enum { MEMORY_PROGRAM, MEMORY_MATERIAL, MEMORY_STATES, MEMORY_OWN, MEMORY_PROCESSES, MEMORY_BLOCKS, MEMORY_SOLVER, MEMORY_PARTS };
extern const char *const ForecastTimeName[TIME_PARTS], *const ForecastMemoryName[MEMORY_PARTS];

typedef struct {
  PetscReal seconds, memory, node;   /* MiB per rank, per node */
  PetscReal time[TIME_PARTS], mib[MEMORY_PARTS];
  PetscReal processes, blocks;       /* of all ranks; blocks of one rank */
  PetscReal results, checkpoint;     /* bytes of files */
  bool      kept, stored;            /* processes; blocks */
} Estimate;

/* forecast_measure.c: everything but the pilots; then them. Not collective: on one rank. */
PetscErrorCode ForecastMeasure(const Arguments *a, Forecast *f);
PetscErrorCode ForecastLoadDeck(const Arguments *a, const ForecastMeshes *mesh, Deck *deck);
/* The deck's meshes with edges s times as long; *ratio: that of theirs to these. */
void           ForecastScaleMeshes(const Forecast *f, PetscReal s, ForecastMeshes *to, PetscReal *ratio);
/* forecast_pilot.c */
PetscErrorCode ForecastRunPilots(const Arguments *a, Forecast *f);
/* forecast_estimate.c: a run on so many ranks, per_node of them on a node, on meshes with edges x times those of the deck. Not collective. */
void           ForecastEstimate(const Forecast *f, PetscInt ranks, PetscInt per_node, PetscReal x, Estimate *e);
/* forecast_print.c */
typedef struct {
  int       nranks;
  PetscInt  ranks[FORECAST_MAX_RANKS], per_node;
  PetscReal memory; /* MiB per rank; 0: what this machine has */
} ForecastOptions;
PetscErrorCode ForecastPrint(const Forecast *f, const ForecastOptions *o);
/* forecast_keep.c. Beside the results file, for the run to compare. Not collective: on one rank. */
PetscErrorCode ForecastSave(const Forecast *f, const ForecastOptions *o, Deck deck);
/* What was kept for this deck and as many ranks, to the attributes of `results`, or with NULL to the text, beside what the run took since `start`. Nothing where nothing was kept. Collective. */
PetscErrorCode ForecastCompare(Deck deck, Results results, PetscReal start);

#endif

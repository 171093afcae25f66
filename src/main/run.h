/* What the files of `umklapp run` share: the scan over points, and the tensors it gathers. Private to src/main. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_RUN_H
#define UMKLAPP_MAIN_RUN_H

#include "umklapp/output.h"
#include "umklapp/transport.h"

typedef enum { SCAN_ELECTRONS, SCAN_HOLES, SCAN_NET, SCAN_POTENTIAL, SCAN_NEUTRAL, SCAN_LATTICE } ScanKind; /* LATTICE: phonons alone, no carriers */

typedef struct { /* temperatures times carrier densities (or chemical potentials) of the deck */
  PetscInt     nT, nC;
  PetscReal   *kT, *carriers; /* hartree; per bohr^3, or hartree */
  ScanKind     kind;
  StatesPoint *point;         /* [nT][nC], solved */
  TransportFields fields;     /* magnetic fields and frequencies */
  PetscInt     nlevels;
  bool         level[LEVEL_COUNT];
} Scan;

PetscErrorCode ScanRegisterKeys(void);
PetscErrorCode ScanCreate(Deck deck, Material m, Species species, Scan *scan);
/* Chemical potentials of all points. Collective. */
PetscErrorCode ScanSolveCarriers(Scan *scan, Carriers carriers, Material m);
/* The window of electrons.window about the edges that the carriers live at, in the bands they live in. */
PetscErrorCode ScanWindow(const Scan *scan, Deck electrons, Carriers carriers, Material m, StatesWindow *window);
PetscErrorCode ScanDestroy(Scan *scan);
/* Which bands the drive of this scan lives in. */
CarrierKind ScanCarrierKind(const Scan *scan);
/* Carriers that mobility and the table refer to, per bohr^3. */
PetscReal ScanDensity(const Scan *scan, const StatesPoint *p);

typedef struct { /* of a forecast: collisions of some of the wedge points alone (CollisionSetUpSample) */
  const StatesPoint *point;              /* for channels that depend on it */
  PetscReal          seconds, bytes;     /* each may take */
  CollisionSample    electrons, lattice; /* of System.collision and .lattice.collision */
  PetscReal          memory, time;       /* MiB and processor time when the last was done */
} SystemSample;

typedef struct { /* everything alive from deck to solver, in the order it is made */
  MPI_Comm       comm;
  Deck           deck;
  Material       material;
  Species        species;            /* out of equilibrium; with `both` the electrons' side of it */
  bool           both;               /* electrons and phonons out of equilibrium */
  Scan           scan;
  KMesh          mesh;
  Carriers       carriers;           /* NULL for phonons */
  States         electrons, phonons; /* NULL when no process names them */
  ChannelContext context;
  PetscInt       nchannels;
  Channel       *channels;
  Collision      collision;
  Transport      transport;          /* one species */
  struct {                           /* both: phonons among themselves, on their own mesh */
    KMesh          mesh;
    States         phonons;
    ChannelContext context;
    PetscInt       nchannels;
    Channel       *channels;
    Collision      collision;
    PhononPartition partition;
  } lattice;
  struct {                           /* both: phonons around q = 0 on the electrons' mesh, or all zero */
    PhononPartition partition;
    ChannelContext  context;
    PetscInt        nchannels;
    Channel        *channels;        /* the last ones of `collision` */
    SharedArray     inside[2];       /* of the partitions: fine, coarse */
    Channel        *all;             /* of `collision` */
  } refined;
  Drag           drag;               /* both */
  PetscErrorCode (*set_up)(void *ctx, PetscInt which, Collision collision); /* instead of CollisionSetUp: 0 `collision`, 1 `lattice.collision`; NULL: that */
  void          *set_up_context;
} System;

/* Material and scan; the system takes the deck over. Collective, as all of these. */
PetscErrorCode SystemCreate(MPI_Comm comm, Deck deck, System *system);
/* For System.set_up, with a SystemSample as its context. On one rank. */
PetscErrorCode SystemSetUpSample(void *ctx, PetscInt which, Collision collision);
PetscErrorCode SystemMakeStates(System *system);
PetscErrorCode SystemMakeCollision(System *system);
PetscErrorCode SystemDestroy(System *system);
/* The states that are out of equilibrium. Borrowed. */
States SystemUnknowns(const System *system);

typedef struct _RunData { /* everything a run writes; tensors [level][nT * nC] */
  const Scan       *scan;
  States            states;        /* the unknowns: electrons or phonons */
  Collision         collision;
  PetscInt          nchannels;
  Channel          *channels;      /* borrowed */
  const struct _RunData *beside;   /* both species: the phonons' states; tensors are the electrons' record's */
  const struct _RunData *refined;  /* of the phonons' record: those of the refined region, or NULL */
  DragPart          part;          /* both species: which unknowns these are */
  PetscInt          first_channel; /* of `channels` among the collision's */
  PetscInt          nlocal, total; /* states of this record: this rank's, all */
  PetscInt         *row, *state, *number; /* [nlocal] row among the collision's local ones of the species; state; place in the file */
  TransportTensors *tensors[LEVEL_COUNT]; /* without field and frequency */
  TransportResponse *response[LEVEL_COUNT]; /* [nT * nC][nB][nF]; NULL where the run has neither field nor frequency */
  TransportLowField *low[LEVEL_COUNT];    /* [nT * nC][nB], with response */
  PetscReal       (*weight)[2][2][3][3];  /* [nT * nC] sum rule, with response */
  PetscReal        *charge_defect, *energy_defect; /* [nT * nC] */
  PetscReal        *window_loss;   /* [nT * nC] */
  PetscReal        *unscattered;   /* [nT * nC] */
  bool              write_states;
  PetscInt          ncolumns;      /* of rates: channels, the total, then parts of channels */
  char            (*column)[64];
  PetscReal        *rates;         /* [ncolumns][nT * nC][nlocal], when write_states */
  PetscReal        *displacement;  /* [LEVEL_COUNT][nT * nC][nlocal][3] mean free displacement: phonons, or when write_states */
  PetscReal        *modes;         /* [LEVEL_COUNT][nT * nC][nlocal] of the thermal conductivity: phonons */
  PetscReal        *seebeck;       /* [nT * nC][nlocal] of the Seebeck coefficient: phonons at level drag */
  PetscReal        *free_phonons;  /* [nT * nC] modes coupled to nothing: both species */
  PetscInt          sheet;         /* 1: a two-dimensional material without thickness: sheet values */
} RunData;

/* Values local [nlocal][width] of this rank's states in the order of the file, of which every rank has `mine` in turn: ordered [mine][width]; or back. Collective. */
PetscErrorCode RunStateOrder(const RunData *data, PetscInt width, PetscReal *local, PetscInt mine, PetscReal *ordered, bool back);

typedef struct { /* run_checkpoint.c: where a run stands, and its checkpoints */
  Checkpoint  checkpoint;
  System     *system;
  RunData    *record[3];  /* of the run, beside, refined; NULL where there are none */
  bool        restart, continued, processes, solving, stopped; /* continued: there is a checkpoint; stopped: saved for the last time */
  PetscInt    at;         /* the point that is being solved, of nT * nC */
  int         level;      /* its levels below this one are done */
  Collision   collision[2];
} RunCheckpoint;

PetscErrorCode RunCheckpointRegisterKeys(void);
/* Checkpoints of the run whose results go to `output`; what is there already must fit `restart`. complete: restarted, and nothing is left to do. Collective, as all of these. */
PetscErrorCode RunCheckpointCreate(Deck deck, const char *output, bool restart, RunCheckpoint *r, bool *complete);
PetscErrorCode RunCheckpointDestroy(RunCheckpoint *r);
/* For System.set_up, with this as its context: enumeration that is saved now and then, from where an earlier run stopped. */
PetscErrorCode RunCheckpointSetUp(void *ctx, PetscInt which, Collision collision);
/* Records are allocated: take over what an earlier run has solved, and save from now on at every Pulse that is due. */
PetscErrorCode RunCheckpointBegin(RunCheckpoint *r, System *system, RunData *data, RunData *beside, RunData *refined);
/* The scan is over. */
PetscErrorCode RunCheckpointEnd(RunCheckpoint *r);
/* After an error of the computation: a run that stopped where no Pulse was (within a point's processes) is saved as it stood before. Returns the error. */
PetscErrorCode RunCheckpointStopped(RunCheckpoint *r, PetscErrorCode code);

PetscErrorCode RunWrite(Results results, const RunData *data);
/* The tensors at one point, field and frequency; NULL imaginary parts without any frequency. */
const TransportTensors *RunTensors(const RunData *data, int level, PetscInt at, PetscInt field, PetscInt frequency, bool imaginary);
/* What magnetic fields and frequencies add: run_fields.c. */
PetscErrorCode RunWriteFields(Results results, const RunData *data, int level);
PetscErrorCode RunReportFields(const RunData *data);
/* What is known state by state: run_states.c. */
PetscErrorCode RunWriteStates(Results results, const RunData *data);
/* Thermal conductivity of phonons, and thermopower of their drag, below a frequency and below a mean free path. */
PetscErrorCode RunWriteCumulative(Results results, const RunData *data);
/* Stages so far, as /timing: run_times.c. Collective. */
PetscErrorCode RunWriteTimes(Results results);
/* Stages, their seconds in sum and memory, on standard output; start: WallTime() of the run's. Collective. */
PetscErrorCode RunReportMachine(PetscReal start);
/* The table of results, and the audit, on standard output. */
PetscErrorCode RunReport(const RunData *data);

#endif

/* What the files of `umklapp run` share: the scan over points, and the tensors it gathers. Private to src/main. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_RUN_H
#define UMKLAPP_MAIN_RUN_H

#include "umklapp/output.h"
#include "umklapp/transport.h"

typedef enum { SCAN_ELECTRONS, SCAN_HOLES, SCAN_NET, SCAN_POTENTIAL, SCAN_NEUTRAL } ScanKind;

typedef struct { /* temperatures times carrier densities (or chemical potentials) of the deck */
  PetscInt     nT, nC;
  PetscReal   *kT, *carriers; /* hartree; per bohr^3, or hartree */
  ScanKind     kind;
  StatesPoint *point;         /* [nT][nC], solved */
  PetscInt     nlevels;
  bool         level[LEVEL_COUNT];
} Scan;

PetscErrorCode ScanRegisterKeys(void);
PetscErrorCode ScanCreate(Deck deck, Material m, Scan *scan);
/* Chemical potentials of all points. Collective. */
PetscErrorCode ScanSolveCarriers(Scan *scan, Carriers carriers, Material m);
/* The window of electrons.window about the edges that the carriers live at, in the bands they live in. */
PetscErrorCode ScanWindow(const Scan *scan, Deck electrons, Carriers carriers, Material m, StatesWindow *window);
PetscErrorCode ScanDestroy(Scan *scan);
/* Which bands the drive of this scan lives in. */
CarrierKind ScanCarrierKind(const Scan *scan);
/* Carriers that mobility and the table refer to, per bohr^3. */
PetscReal ScanDensity(const Scan *scan, const StatesPoint *p);

typedef struct { /* everything a run writes; tensors [level][nT * nC] */
  const Scan       *scan;
  States            electrons;
  Collision         collision;
  TransportTensors *tensors[LEVEL_COUNT];
  PetscReal        *charge_defect; /* [nT * nC] */
  PetscReal        *window_loss;   /* [nT * nC] */
  PetscReal        *unscattered;   /* [nT * nC] */
  bool              write_states;
  PetscReal        *rates;         /* [nchannels + 1][nT * nC][nlocal], when write_states */
  PetscReal        *displacement;  /* [LEVEL_COUNT][nT * nC][nlocal][3] mean free displacement, when write_states */
  PetscInt          nchannels;
  const char      **channel_name;
  PetscInt          sheet;         /* 1: a two-dimensional material without thickness: sheet values */
} RunData;

PetscErrorCode RunWrite(Results results, const RunData *data);
/* The table of results, and the audit, on standard output. */
PetscErrorCode RunReport(const RunData *data);

#endif

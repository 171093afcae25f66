/* What the files of checkpoints share. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_OUTPUT_CHECKPOINT_PRIVATE_H
#define UMKLAPP_OUTPUT_CHECKPOINT_PRIVATE_H

#include "results.h"

#define CHECKPOINT_FORMAT_VERSION 1

struct _p_Checkpoint {
  MPI_Comm  comm;
  int       rank;
  char     *folder, *keys;
  PetscReal interval;
  bool      often;              /* costs do not count: for tests */
  PetscReal created, last, cost; /* WallTime() of the beginning and of the last one's end, seconds that the last file took: rank 0 decides */
  PetscReal seconds, bytes;     /* written, all together */
  PetscInt  files;
  PetscInt  generation, segment; /* of the next state, of the next file of processes; -1: look into the folder first */
  PetscReal begin;              /* of the one being written */
  char     *path;               /* of the state file that is open for reading */
  hid_t     file;
};

/* A file to write: its attributes are written. The folder is made when missing. */
PetscErrorCode CheckpointFileCreate(Checkpoint c, const char *name, const char *content, Results *r);
PetscErrorCode CheckpointFileEnd(Checkpoint c, PetscErrorCode code, Results *r);
/* Open read only on all ranks; H5I_INVALID_HID where it is no whole HDF5 file. */
hid_t CheckpointFileOpen(Checkpoint c, const char *path);
/* Is the open file of this program and run? An input error that names what differs. */
PetscErrorCode CheckpointFileCheck(Checkpoint c, const char *path, hid_t file);
PetscErrorCode CheckpointAttributeInt(Checkpoint c, const char *path, hid_t file, const char *name, PetscInt *value);
/* Generations of the two state files, -1 where there is none, and the number of files of processes (numbered from 0, gaps counted). */
PetscErrorCode CheckpointLook(Checkpoint c, bool state[2], PetscInt *segments);

#endif

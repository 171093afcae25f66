/* What the files of this layer share: an open results file and its error line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_OUTPUT_RESULTS_PRIVATE_H
#define UMKLAPP_OUTPUT_RESULTS_PRIVATE_H

#include <hdf5.h>
#include "umklapp/output.h"

struct _p_Results {
  MPI_Comm  comm;
  int       rank;      /* of this process in comm */
  char     *path;      /* final name */
  char     *temporary; /* "" once renamed */
  hid_t     file;      /* < 0 when closed */
  PetscReal start;     /* WallTime() at creation */
  Results   next;      /* of the open files of this process */
};

/* Collective: all ranks succeed, or all return an input error that names the file and what was being written. */
PetscErrorCode ResultsAgree(Results results, bool ok, const char *what);

#endif

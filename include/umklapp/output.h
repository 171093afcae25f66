/*
  output: the results file and the text report.

  A results file is one HDF5 file, opened on a communicator with MPI-IO. It is written under a temporary name in the folder
  of its final name and renamed when it is complete, so that a results file is either whole or absent. Every dataset carries
  the attributes `units`, `axes` and `description`; docs/results.md lists them all.

    PetscCall(ResultsCreate(comm, "silicon.h5", &r));             // says at once when the place is not writable
    PetscCall(ResultsWriteProvenance(r, deck));
    PetscCall(ResultsWriteArray(r, "/points/temperature", 1, dims, kelvin, RESULTS_LABEL("K", "temperature", "temperature")));
    PetscCall(ResultsCommit(r));                                  // closes, flushes to disk, renames
    PetscCall(ResultsDestroy(&r));                                // removes the temporary if there was no commit

  Everything here is collective on the communicator of the file unless it says otherwise. Values are written as given: the
  caller converts from atomic units to the units it names. Points that do not exist are NaN.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_OUTPUT_H
#define UMKLAPP_OUTPUT_H

#include "umklapp/deck.h"

#define RESULTS_FORMAT_VERSION 1
#define RESULTS_MAX_RANK       8

typedef struct _p_Results *Results;

typedef struct {
  const char *units;       /* "S/m"; "1" for pure numbers */
  const char *axes;        /* names of the axes, outermost first: "temperature, carriers, field, frequency, i, j" */
  const char *description; /* one line */
} ResultsLabel;
#define RESULTS_LABEL(units, axes, description) (&(const ResultsLabel){units, axes, description})

/* The part [begin, begin + count) of one axis that this rank holds; the other axes are whole. */
typedef struct {
  int      axis;
  PetscInt begin, count;
} ResultsPart;

/* "0.1.0" and the commit the program was built from. Not collective. */
const char *ProgramVersion(void);
const char *ProgramCommit(void);

/* ResultsCreate - UMK_ERR_INPUT on all ranks when `path` cannot be written. */
PetscErrorCode ResultsCreate(MPI_Comm comm, const char *path, Results *results);
/* Attributes of the file: format_version, content ("results"), program, version, commit, deck (its text; deck may be NULL), petsc_options, ranks,
   start; wall_time_s follows at ResultsCommit. */
PetscErrorCode ResultsWriteProvenance(Results results, Deck deck);
/* Attributes of the object (dataset or group, "/" for the file; a group is made when missing). An attribute that exists is replaced. */
PetscErrorCode ResultsWriteAttributeString(Results results, const char *object, const char *name, const char *value);
PetscErrorCode ResultsWriteAttributeReal(Results results, const char *object, const char *name, PetscReal value);
PetscErrorCode ResultsWriteAttributeInt(Results results, const char *object, const char *name, PetscInt value);
/* ResultsWriteArray - data [dims[0]]..[dims[rank-1]], C order, the same on all ranks; rank 0 writes it. rank 0: a scalar (dims may be NULL).
   Groups on the way are made. */
PetscErrorCode ResultsWriteArray(Results results, const char *path, int rank, const PetscInt *dims, const PetscReal *data, const ResultsLabel *label);
PetscErrorCode ResultsWriteIntegers(Results results, const char *path, int rank, const PetscInt *dims, const PetscInt *data, const ResultsLabel *label);
/* ResultsWritePart - an array of the global shape dims, dealt to the ranks along part->axis; data is this rank's part, C order. Every
   element belongs to exactly one rank; a rank may hold none. One collective write. */
PetscErrorCode ResultsWritePart(Results results, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, const PetscReal *data, const ResultsLabel *label);
PetscErrorCode ResultsWriteIntegersPart(Results results, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, const PetscInt *data, const ResultsLabel *label);
PetscErrorCode ResultsCommit(Results results);
PetscErrorCode ResultsDestroy(Results *results);
/* On the way out after an error: close (when all ranks are here: collective) and remove every file that was not committed. */
void           ResultsAbandon(bool together);

/* --- tables of the text report (src/output/report.c); not collective, print where wanted (rank 0) */
typedef struct _p_ReportTable *ReportTable;
typedef struct {
  const char *title;  /* "mobility" */
  const char *unit;   /* "cm^2/V/s"; NULL or "": none */
  const char *format; /* printf format of one double, "%.4g"; NULL: the column holds text */
} ReportColumn;
/* The columns are copied; their strings must outlive the table. */
PetscErrorCode ReportTableCreate(int ncolumns, const ReportColumn *columns, ReportTable *table);
/* values [ncolumns]; NaN prints as "-". In a text column the entry of `text` [ncolumns] is taken; text may be NULL when there is none. */
PetscErrorCode ReportTableAddRow(ReportTable table, const PetscReal *values, const char *const *text);
/* Right-aligned columns under their titles and units, indented by two spaces. */
PetscErrorCode ReportTablePrint(ReportTable table, FILE *out);
PetscErrorCode ReportTableDestroy(ReportTable *table);

#endif

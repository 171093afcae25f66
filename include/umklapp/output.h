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

#include "umklapp/collision.h"

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
/* On the way out after an error: close (when all ranks are here: collective) and remove every file that was not committed. false: HDF5 lost hold of a file, and MPI_Finalize
   would fail in it. */
bool           ResultsAbandon(bool together);

/*
  --- checkpoints (src/output/checkpoint.c): the folder OUTPUT.checkpoint beside the results

    state-0.h5, state-1.h5     where the scan stands, written in turn, so that a whole one is always there
    processes-0000.h5, ...     processes found, each file those since the last one

  Every file is written as results are (temporary name, flushed to disk, renamed), carries the program's version and `keys`, the values that the run depends on (lines
  "path: value"), and is readable on any number of ranks. Collective on the communicator, as everything here.
*/
typedef struct _p_Checkpoint *Checkpoint;
/* interval: seconds between checkpoints; 0: only when asked. keys is copied. Touches nothing. */
PetscErrorCode CheckpointCreate(MPI_Comm comm, const char *output, const char *keys, PetscReal interval, Checkpoint *checkpoint);
PetscErrorCode CheckpointDestroy(Checkpoint *checkpoint);
PetscErrorCode CheckpointGetFolder(Checkpoint checkpoint, const char **folder);
/* Whether there is a file of an unfinished run. */
PetscErrorCode CheckpointFound(Checkpoint checkpoint, bool *found);
/* CheckpointOpen - the newer whole state file, for CheckpointRead*; *open false where there is none, or only processes. A file of another version, or of another deck (the
   message names the key), is an input error; a damaged one is passed over with a warning. */
PetscErrorCode CheckpointOpen(Checkpoint checkpoint, bool *open);
PetscErrorCode CheckpointReadInt(Checkpoint checkpoint, const char *name, PetscInt *value);
/* The whole dataset, the same on all ranks: n numbers; a part of it, as ResultsWritePart wrote one. */
PetscErrorCode CheckpointReadArray(Checkpoint checkpoint, const char *path, PetscInt n, PetscReal *data);
PetscErrorCode CheckpointReadPart(Checkpoint checkpoint, const char *path, int rank, const PetscInt *dims, const ResultsPart *part, PetscReal *data);
PetscErrorCode CheckpointClose(Checkpoint checkpoint);
/* The next state file, to be filled with ResultsWrite*; End commits and destroys it, or gives it up when code is an error, which is returned. */
PetscErrorCode CheckpointBegin(Checkpoint checkpoint, Results *state);
PetscErrorCode CheckpointEnd(Checkpoint checkpoint, PetscErrorCode code, Results *state);
/* Processes that the collision number `which` of the run has found and not yet saved, unless writing would take longer than `seconds` at the pace of the last files: then
   later, or not at all (last: with a warning); those that its ranks still want. restored: processes read, all ranks. */
PetscErrorCode CheckpointSaveProcesses(Checkpoint checkpoint, PetscInt which, Collision collision, PetscReal seconds, bool last);
PetscErrorCode CheckpointLoadProcesses(Checkpoint checkpoint, PetscInt which, Collision collision, PetscReal *restored);
/* Seconds that may be spent on checkpoints now: they cost at most 4 % of a run. Seconds until the next one is due: an interval after the last, later where one like the
   last would exceed that. The same on all ranks. */
PetscErrorCode CheckpointBudget(Checkpoint checkpoint, PetscReal *seconds);
PetscErrorCode CheckpointWait(Checkpoint checkpoint, PetscReal *seconds);
/* The interval begins anew, whether anything was written or not. */
PetscErrorCode CheckpointRest(Checkpoint checkpoint);
/* Seconds spent on writing, bytes written, number of files; all ranks together. */
PetscErrorCode CheckpointGetCost(Checkpoint checkpoint, PetscReal *seconds, PetscReal *bytes, PetscInt *files);
/* Whether `output` holds the results of a run of the same keys, which says so by CheckpointMark before its ResultsCommit. */
PetscErrorCode CheckpointComplete(Checkpoint checkpoint, const char *output, bool *complete);
PetscErrorCode CheckpointMark(Checkpoint checkpoint, Results results);
/* The run is complete: remove the folder. */
PetscErrorCode CheckpointRemove(Checkpoint checkpoint);

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
/* On standard output and in the log (rank 0). */
PetscErrorCode ReportTableLog(ReportTable table);
PetscErrorCode ReportTableDestroy(ReportTable *table);

#endif

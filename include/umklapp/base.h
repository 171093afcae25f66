/*
  base: what every layer stands on. Units and constants, user-facing errors, small
  vectors, node-shared arrays, logging and progress.

  Internal units are Hartree atomic units: hbar = m_e = e = 1, energy in hartree, length in
  bohr, temperature as k_B T in hartree. Numbers are converted only where they enter (deck,
  files) and leave (results, report).

  Errors: every function returns a PetscErrorCode. A user's mistake is recorded with
  InputError() and travels up as UMK_ERR_INPUT through PetscCall() without a stack trace;
  main prints the one recorded line and exits with status 2.

    PetscCheckInput(n > 0, "deck.yaml", 12, "mesh must be positive, not %d", n);
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_BASE_H
#define UMKLAPP_BASE_H

#include <complex.h>
#include <math.h>
#include <petscsys.h>
#include <stdbool.h>
#include <stdint.h>

/* CODATA 2018 (the set Quantum ESPRESSO 6.7 uses); everything else is derived from these. */
#define UMK_HARTREE_EV      27.211386245988
#define UMK_HARTREE_J       4.3597447222071e-18
#define UMK_BOHR_ANGSTROM   0.529177210903
#define UMK_BOLTZMANN_J     1.380649e-23
#define UMK_CHARGE_C        1.602176634e-19
#define UMK_HBAR_JS         1.054571817646156e-34 /* h / 2 pi, h = 6.62607015e-34 exact */
#define UMK_ELECTRON_KG     9.1093837015e-31
#define UMK_AMU_KG          1.66053906660e-27
#define UMK_BOHR_M          (UMK_BOHR_ANGSTROM * 1e-10)
#define UMK_RYDBERG         0.5                                      /* hartree */
#define UMK_EV              (1.0 / UMK_HARTREE_EV)                   /* hartree */
#define UMK_KELVIN          (UMK_BOLTZMANN_J / UMK_HARTREE_J)        /* k_B * 1 K in hartree */
#define UMK_AMU             (UMK_AMU_KG / UMK_ELECTRON_KG)           /* electron masses */
#define UMK_TIME_S          (UMK_HBAR_JS / UMK_HARTREE_J)            /* atomic unit of time in s */
#define UMK_VELOCITY_M_S    (UMK_BOHR_M / UMK_TIME_S)
#define UMK_LIGHT           (299792458.0 / UMK_VELOCITY_M_S)         /* speed of light, 1 / fine-structure constant */
#define UMK_TESLA           (UMK_EV * UMK_BOHR_M * UMK_BOHR_M / UMK_TIME_S) /* 1 T in hbar / (e bohr^2) */
#define UMK_CM3             (1e-6 / (UMK_BOHR_M * UMK_BOHR_M * UMK_BOHR_M)) /* 1 cm^3 in bohr^3 */
#define UMK_PI              3.14159265358979323846

/* Error codes above PETSc's own. */
#define UMK_ERR_INPUT   7001 /* the user's deck or data file is wrong: exit 2 */
#define UMK_ERR_CONVERGE 7002 /* a solve did not converge; results are written: exit 3 */
#define UMK_ERR_STOPPED 7003 /* stopped cleanly before the end: exit 75 */

typedef double _Complex Complex;

/* --- errors (src/base/error.c) ------------------------------------------------------ */
/* Record the one line that the user will see, and return UMK_ERR_INPUT. Not collective.
   file may be NULL, line <= 0 when there is none: "FILE:LINE: message" or "message".      */
PetscErrorCode InputErrorAt(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The recorded line ("" when none). Not collective. */
const char    *ErrorMessage(void);
void           ErrorClear(void);
/* Collective. Every rank hands in its own code; if any is nonzero all ranks return the code of the
   lowest failing rank, and all hold its message. Call after any step that may fail on some ranks only. */
PetscErrorCode ErrorAgree(MPI_Comm comm, PetscErrorCode code);
/* Install the handler that keeps UMK_ERR_* silent and prints PETSc's trace for the rest; call once after PetscInitialize. */
PetscErrorCode ErrorInstallHandler(void);
#define PetscCheckInput(cond, file, line, ...) \
  do { \
    if (PetscUnlikely(!(cond))) return InputErrorAt(file, line, __VA_ARGS__); \
  } while (0)
/* For library calls (HDF5, LAPACKE, spglib) whose failure is not the user's. */
#define UmkCheck(cond, ...) PetscCheck(cond, PETSC_COMM_SELF, PETSC_ERR_LIB, __VA_ARGS__)
/* Edit distance, for "did you mean"; returns the index of the nearest of n names, or -1 when none is near. */
int NearestName(const char *name, int n, const char *const *names);

/* --- units (src/base/units.c) --------------------------------------------------------- */
/*
  UnitParse - the factor that turns a number in `unit` into internal units of the same kind as `kind`.
  unit: e.g. "eV", "meV", "Ry", "K", "cm^-3", "nm", "angstrom", "bohr", "THz", "ps", "m_e", "amu", "g/cm^3",
        "m/s", "eV/angstrom", "cm^2/V/s", "T", "kV/cm": products with '*' or ' ', powers with '^', one or more '/'.
  kind: a unit expression naming the dimension wanted ("eV", "cm^-3", "1"). Temperatures (K) stay kelvin * k_B
        in hartree. THz and cm^-1 convert to energy (h nu; h c nu) when an energy is wanted.
  Returns 0, or nonzero without recording an error when the unit is unknown (*known = false) or of another
  dimension (*known = true). Not collective.
*/
PetscErrorCode UnitParse(const char *unit, const char *kind, PetscReal *factor, bool *known);
/* What a unit measures, with its article: "a length", "an energy"; NULL when the unit is unknown. */
const char *UnitKindName(const char *unit);
/* Nearest known unit symbol to a mistyped one, or NULL. */
const char *UnitNearest(const char *unit);

/* --- small vectors (header only) -------------------------------------------------------- */
static inline PetscReal Dot3(const PetscReal a[3], const PetscReal b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static inline PetscReal Norm3(const PetscReal a[3]) { return sqrt(Dot3(a, a)); }
/* y = M x */
static inline void MatVec3(const PetscReal m[3][3], const PetscReal x[3], PetscReal y[3])
{
  for (int i = 0; i < 3; i++) y[i] = m[i][0] * x[0] + m[i][1] * x[1] + m[i][2] * x[2];
}
/* y = M^T x; with rows of M a set of lattice vectors: Cartesian = fractional . M */
static inline void MatTVec3(const PetscReal m[3][3], const PetscReal x[3], PetscReal y[3])
{
  for (int i = 0; i < 3; i++) y[i] = m[0][i] * x[0] + m[1][i] * x[1] + m[2][i] * x[2];
}
PetscReal Det3(const PetscReal m[3][3]);
void      Invert3(const PetscReal m[3][3], PetscReal inverse[3][3]);
void      MatMul3(const PetscReal a[3][3], const PetscReal b[3][3], PetscReal c[3][3]);

/* --- arrays shared by the ranks of a node (src/base/shared.c) ---------------------------- */
typedef struct _p_SharedArray *SharedArray;
/*
  SharedArrayCreate - collective on comm; one copy of `bytes` zeroed bytes per node (MPI-3 shared window).
  SharedArrayGet borrows the address, valid on every rank of the node. Write on any ranks, then
  SharedArrayFence (collective on the node) before others read. SharedArrayIsOwner: true on the one rank per node that
  should fill data read from a file. SharedArrayCombine: collective; each rank has filled the bytes [begin, end) of its
  OWN range within its node's copy; exchanges between nodes so that every node holds everything. The nodes of a communicator are found once.
*/
PetscErrorCode SharedArrayCreate(MPI_Comm comm, size_t bytes, SharedArray *array);
PetscErrorCode SharedArrayGet(SharedArray array, void *address);
PetscErrorCode SharedArrayIsOwner(SharedArray array, bool *owner);
/* This rank's number among those of its node, and how many they are. Not collective. */
PetscErrorCode SharedArrayGetNode(SharedArray array, int *rank, int *size);
PetscErrorCode SharedArrayFence(SharedArray array);
PetscErrorCode SharedArrayCombine(SharedArray array, size_t begin, size_t end);
/* Every node's copy of `count` items becomes op over the nodes' copies (MPI_MAX, MPI_SUM ...); what a node's ranks have written is there first. Collective. */
PetscErrorCode SharedArrayReduce(SharedArray array, size_t count, MPI_Datatype type, MPI_Op op);
PetscErrorCode SharedArrayDestroy(SharedArray *array);
/* Bytes of all shared arrays that there are now. Not collective. */
PetscReal      SharedArrayTotal(void);

/* --- stopping before the end (src/base/stop.c) --------------------------------------------- */
/*
  A run is asked to stop by SIGTERM or SIGUSR1 to any of its ranks, by a limit of wall time, or by a file. Every rank hears of it within a second wherever it is
  busy: loops of a rank's own work look at StopPending() at every step and return UMK_ERR_STOPPED, which the ErrorAgree after the loop makes common;
  loops that are collective (iterations of a solver, points of a scan) call Pulse().
*/
/* StopInstall - from now on; seconds: wall time from now, 0 without limit; file: whose existence asks, NULL for none. A file that exists already is an input
   error. Collective on PETSC_COMM_WORLD, once. */
PetscErrorCode StopInstall(PetscReal seconds, const char *file);
/* Whether anyone has asked, as far as this rank knows. Cheap, but for loops whose steps take microseconds or more. Not collective; false before StopInstall. */
bool           StopPending(void);
/* Whether it was asked ten seconds ago: for loops that had better come to their end, so that what they found can be saved. Not collective. */
bool           StopOverdue(void);
/* What asked: "SIGTERM", "the limit of 3:50:00 of wall time", "the file STOP"; "" when nothing did. Not collective. */
const char    *StopReason(void);
/* Pulse - the function of PulseSet is called with what all ranks agree on: whether to stop. Then UMK_ERR_STOPPED on all ranks if so. Collective on PETSC_COMM_WORLD;
   one small reduction, nothing before StopInstall. */
PetscErrorCode Pulse(void);
typedef PetscErrorCode (*PulseFunction)(void *ctx, bool stopping);
void           PulseSet(PulseFunction beat, void *ctx);
/* MPI_Wait that passes on what it hears meanwhile; ErrorAgree waits so. Not collective. */
PetscErrorCode StopWait(MPI_Request *request);
/* Messages on their way are received, signals get their default meaning back. Collective, also after an error on all ranks. */
PetscErrorCode StopFinish(void);

/* --- stages (src/base/stage.c): PETSc's log stages, and how even the ranks' work is ---------- */
/* A stage of the run begins on this rank: its PETSc log stage is pushed, the last one's popped. "" ends the last. Not collective. */
PetscErrorCode StageBegin(const char *name);
/* Time of this rank that goes to waiting for others is not work: Begin/End around collective waits within a stage are not needed, StageReport takes the time
   marked as work by these two, or all of the stage's where none was. Not collective. */
void           StageWorkBegin(void);
void           StageWorkEnd(void);
typedef struct {
  char      name[32];
  PetscReal wall;             /* of rank 0 */
  PetscReal work, imbalance;  /* mean over ranks of the time at work, max/mean */
  PetscReal memory;           /* largest resident size of a rank when it ended, MiB */
} StageSummary;
/* Stages in order of their first beginning; borrowed until the next call. Collective on PETSC_COMM_WORLD. */
PetscErrorCode StageReport(PetscInt *n, const StageSummary **summary);

/* --- logging and progress (src/base/log.c, progress.c) --------------------------------------- */
/* Rank 0 of PETSC_COMM_WORLD prints a line (its newline is added when missing); level 0 quiet (errors only), 1 normal, 2 verbose. A log file gets all levels. */
void           LogSetLevel(int level);
void           Log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void           LogWarning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* On standard error of the rank that calls, and in the log. */
void           LogError(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* From now on what is printed is appended to this file too, every line with the time. Collective. */
PetscErrorCode LogOpen(const char *path);
void           LogClose(void);
typedef struct {
  const char *stage;
  PetscReal   total, start, last, logged;
  PetscReal   first;    /* residual */
  bool        terminal, shown;
} Progress;
/*
  Rank-local counts are extrapolated from rank 0: `done` of `total` there. A live line in a terminal; elsewhere, and in the log, a line every 10 s at first, at most
  every 60 s later, four times as many when verbose. Iterations tell their residual instead. The end is spoken of where the stage was, or took a second. Not collective.
*/
void      ProgressBegin(Progress *p, const char *stage, PetscReal total);
void      ProgressUpdate(Progress *p, PetscReal done);
void      ProgressIterate(Progress *p, PetscInt iteration, PetscReal residual, PetscReal target);
void      ProgressEnd(Progress *p);
/* Seconds between lines, instead of 10 to 60. */
void      ProgressSetInterval(PetscReal seconds);
PetscReal WallTime(void);
/* Processor time of this rank in seconds. */
PetscReal ProcessorTime(void);
/* The largest resident memory in MiB between the two; Begin gives what there is then. Memory of finished work is handed back first (src/base/usage.c). */
PetscReal MemoryPeakBegin(void);
PetscReal MemoryPeakEnd(void);
/* Of it, the program's own pages and the libraries', MiB. */
PetscReal MemoryOfProgram(void);
/* Resident memory of this rank in MiB, now and peak. */
void MemoryUsage(PetscReal *now, PetscReal *peak);

#endif

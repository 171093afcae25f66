/*
  The sub-commands of `umklapp` and their command line.

  A command is one file with one function, and one row of the table in arguments.c that names its operands and options. Options with
  two dashes are the program's; after the first operand of a command that solves, options with one dash are PETSc's. A command
  returns a PetscErrorCode; main.c alone turns it into a message and an exit status.

    PetscErrorCode CommandRun(const Arguments *a)
    {
      Deck deck;
      PetscFunctionBeginUser;
      PetscCall(CommandLoadDeck(a, &deck));  // a->operand[0], with --set and --output applied
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MAIN_COMMANDS_H
#define UMKLAPP_MAIN_COMMANDS_H

#include "umklapp/output.h"

#define ARGUMENTS_MAX 256

typedef struct _s_Command Command;

typedef struct {
  const Command *command; /* NULL: none given (help, version or error) */
  bool           help, version;
  int            level;   /* for LogSetLevel */
  char           error[512]; /* what is wrong with the command line; "" when nothing */
  int            noperands, noptions, npetsc;
  const char    *operand[ARGUMENTS_MAX];
  struct {
    const char *name, *value; /* value NULL for a flag */
  } option[ARGUMENTS_MAX];
  char *petsc[ARGUMENTS_MAX];
} Arguments;

typedef struct {
  const char *name, *alias, *value, *help; /* "--output", "-o" or NULL, "FILE" or NULL for a flag */
} Option;

struct _s_Command {
  const char   *name, *operands, *help;
  int           min, max;  /* number of operands */
  bool          petsc;     /* takes PETSc options */
  const Option *options;   /* ends with name == NULL; NULL: none */
  PetscErrorCode (*run)(const Arguments *);
  void         (*more)(FILE *); /* what its help says after the options; NULL: nothing */
};

/* --- blas.c: before anything else. May start the program again. */
void BlasSelectKernel(char **argv);

/* --- arguments.c; not collective, callable before MPI is up */
void        ArgumentsParse(int argc, char **argv, Arguments *arguments);
void        ArgumentsPrintHelp(const Arguments *arguments, FILE *out);
/* Value of an option ("" for a flag); NULL when it was not given. The last one wins. */
const char *ArgumentsGet(const Arguments *arguments, const char *name);
/* Every value of an option that may be repeated; `values` has room for ARGUMENTS_MAX. */
int         ArgumentsGetAll(const Arguments *arguments, const char *name, const char **values);

/* --- keys.c: every key of every layer; then the deck of the command line: operand 0, --set, --output. Collective. */
PetscErrorCode RegisterKeys(void);
PetscErrorCode RunRegisterKeys(void); /* run.c */
PetscErrorCode CommandLoadDeck(const Arguments *arguments, Deck *deck);

/* --- run_options.c: --max-time, --log, --progress; then, with the results open, signals, the limit and the file STOP beside them. Collective. */
PetscErrorCode RunReadOptions(const Arguments *arguments);
PetscErrorCode RunWatchStop(const char *output);

/* --- one file each. Collective. */
PetscErrorCode CommandRun(const Arguments *arguments);
PetscErrorCode CommandForecast(const Arguments *arguments);
PetscErrorCode CommandCheck(const Arguments *arguments);
PetscErrorCode CommandKeys(const Arguments *arguments);
PetscErrorCode CommandImport(const Arguments *arguments);
void           ImportPrintFormats(FILE *out);
PetscErrorCode CommandInspect(const Arguments *arguments);
PetscErrorCode CommandBands(const Arguments *arguments);
PetscErrorCode CommandPhonons(const Arguments *arguments);
PetscErrorCode CommandPlot(const Arguments *arguments);

#endif

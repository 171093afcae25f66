/*
  deck: the typed description of a run. A deck is YAML with units in the values; every value
  knows the file and line it came from. Keys are declared in tables by the modules that use them;
  those tables are the single source of defaults, units, ranges, help, `umklapp keys`, docs/deck.md
  and of every error message.

    static const DeckKey keys[] = {
      {"electrons.mesh",   DECK_INT3, .required = true, .min = 1, .max = 4096, .help = "k mesh"},
      {"electrons.window", DECK_REAL_LIST, .unit = "eV", .fallback = "0.35 eV", .max_count = 2, .help = "..."},
      {NULL}};

    Deck electrons;
    PetscCall(DeckGetSection(deck, "electrons", &electrons));   // borrowed view, never NULL
    PetscCall(DeckGetInt3(electrons, "mesh", mesh));

  A module is handed the view of its own section, not the whole deck.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_DECK_H
#define UMKLAPP_DECK_H

#include "umklapp/base.h"

typedef enum {
  DECK_BOOL,
  DECK_INT,
  DECK_REAL,        /* one number; with .choices a word of those may stand for it: DeckGetWord */
  DECK_STRING,
  DECK_CHOICE,      /* one of .choices ("a|b|c") */
  DECK_CHOICE_LIST, /* scalar or list of them */
  DECK_INT3,        /* [n1, n2, n3]; a scalar n means [n, n, n] */
  DECK_REAL_LIST,   /* scalar, list, or first:last:step, with a unit: "100:400:50 K" */
  DECK_VECTOR,      /* [x, y, z] with a unit */
  DECK_VECTOR_LIST, /* [x, y, z] or [[..], [..]] with a unit */
  DECK_FIELD_LIST,  /* vectors [[x, y, z], ...] with a unit; a scalar, list or first:last:step is strengths along z. Read by DeckGetVectorList */
  DECK_SECTION,     /* a map; listed so that an empty map or a bare scalar may stand for it, see .primary */
  DECK_SECTION_LIST,/* a list of maps; member keys are written "path[].member" */
  DECK_FREE_MAP     /* a map of free string keys to scalars (petsc:) */
} DeckKeyType;

typedef struct {
  const char *path;     /* full dotted path; "[]" after a list of maps */
  DeckKeyType type;
  const char *unit;     /* the unit expression of its kind, e.g. "eV"; NULL or "1": a bare number. A quantity with a unit needs one in the deck */
  const char *fallback; /* default, written as in a deck; NULL: none (absent unless required) */
  const char *choices;  /* "a|b|c" */
  bool        required; /* within its section, when the section is present */
  PetscReal   min, max; /* inclusive, in `unit`; both 0: no limits */
  bool        positive; /* strictly > 0 */
  int         min_count, max_count; /* of a list; 0: no limit */
  const char *primary;  /* for DECK_SECTION: the member that a bare scalar or list stands for ("boundary: 1 mm") */
  const char *help;     /* one line */
} DeckKey;

typedef struct _p_Deck *Deck;

/* --- registration: called before DeckCreate; tables end with path == NULL and must outlive the deck. Not collective. */
PetscErrorCode DeckRegisterKeys(const DeckKey *table);
/* Registered tables, in order, for `umklapp keys` and docs/deck.md. */
PetscErrorCode DeckPrintKeys(FILE *out, const char *section /* or NULL */, bool markdown);

/*
  DeckCreateFromFile - collective on comm: rank 0 reads, all ranks parse. sets: nsets strings "section.key=value" that
  override. Validates everything (unknown, missing, duplicate keys; types, units, ranges) and returns UMK_ERR_INPUT with
  "FILE:LINE: ..." on the first mistake.
*/
PetscErrorCode DeckCreateFromFile(MPI_Comm comm, const char *path, int nsets, const char *const *sets, Deck *deck);
PetscErrorCode DeckCreateFromText(const char *name, const char *text, int nsets, const char *const *sets, Deck *deck);
PetscErrorCode DeckDestroy(Deck *deck);
/* The text as read, with --set lines appended as comments: stored in the results. Borrowed. */
PetscErrorCode DeckGetText(Deck deck, const char **text);
PetscErrorCode DeckGetFileName(Deck deck, const char **name);
/* The effective deck: every key with its value or default, in its declared unit. */
PetscErrorCode DeckPrint(Deck deck, FILE *out);
/* Every value of the effective deck as text in its declared unit, with its path ("material.model.bands[1].mass"), defaults too; sections below the top that are there
   as "given". Not collective. */
typedef PetscErrorCode (*DeckConsumer)(void *ctx, const char *path, const char *value);
PetscErrorCode DeckForEach(Deck deck, DeckConsumer consume, void *ctx);
/* Put the petsc: map into the global options database (command line wins). */
PetscErrorCode DeckApplyPetscOptions(Deck deck);

/* --- reading. Paths are relative to the view. Numbers come in internal units. Not collective. */
PetscErrorCode DeckGetSection(Deck deck, const char *path, Deck *section);            /* borrowed; an absent section gives a view in which only defaults exist */
PetscErrorCode DeckGetSectionCount(Deck deck, const char *path, PetscInt *count);      /* of a DECK_SECTION_LIST */
PetscErrorCode DeckGetSectionAt(Deck deck, const char *path, PetscInt index, Deck *section);
/* true when the user wrote it (section or key), defaults do not count */
PetscErrorCode DeckHas(Deck deck, const char *path, bool *has);
/* Value present by user or default: *set (may be NULL when the key is required or has a default). An absent value leaves
   *value as it was; an absent required one (of an absent section) is an input error. */
PetscErrorCode DeckGetBool(Deck deck, const char *path, bool *value);
PetscErrorCode DeckGetInt(Deck deck, const char *path, PetscInt *value, bool *set);
PetscErrorCode DeckGetReal(Deck deck, const char *path, PetscReal *value, bool *set);      /* a word in its place is not set */
PetscErrorCode DeckGetWord(Deck deck, const char *path, PetscInt *index);                  /* position in .choices of a DECK_REAL; -1: a number, or absent */
PetscErrorCode DeckGetString(Deck deck, const char *path, const char **value, bool *set);  /* borrowed; also for choices */
PetscErrorCode DeckGetChoice(Deck deck, const char *path, PetscInt *index);                /* position in .choices */
PetscErrorCode DeckGetChoiceList(Deck deck, const char *path, PetscInt *count, PetscInt **indices); /* PetscFree by caller */
PetscErrorCode DeckGetInt3(Deck deck, const char *path, PetscInt value[3], bool *set);
PetscErrorCode DeckGetRealList(Deck deck, const char *path, PetscInt *count, PetscReal **values);   /* PetscFree by caller; count 0 when absent */
PetscErrorCode DeckGetVector(Deck deck, const char *path, PetscReal value[3], bool *set);
PetscErrorCode DeckGetVectorList(Deck deck, const char *path, PetscInt *count, PetscReal (**values)[3]);
/* An input error at the line of that key: "FILE:LINE: message". For checks that need more than a range. */
PetscErrorCode DeckError(Deck deck, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A file name written in the deck, resolved against the deck's folder when relative and not found from the working folder. PetscFree by caller. */
PetscErrorCode DeckResolvePath(Deck deck, const char *name, char **resolved);

#endif

/*
  Text written by Fortran's list-directed WRITE: numbers in free format, line breaks without meaning, complex as (re,im),
  exponents E-003 or D-003, repeat counts 3*0.0. A file packed by gzip is unpacked. Every mistake is reported as FILE:LINE with what was expected there.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_FORTRAN_TEXT_H
#define UMKLAPP_FORTRAN_TEXT_H

#include "umklapp/base.h"

typedef struct {
  char      *path, *text;
  size_t     size, at;
  int        line;
  int        repeat;        /* left of a repeat count */
  char       token[128];    /* the value repeated */
} FortranText;

PetscErrorCode FortranTextOpen(const char *path, FortranText *t);
PetscErrorCode FortranTextClose(FortranText *t);
/* n values; `what` names them in errors ("mass 3 of 10"). */
PetscErrorCode FortranTextReal(FortranText *t, const char *what, PetscInt64 n, PetscReal *value);
PetscErrorCode FortranTextComplex(FortranText *t, const char *what, PetscInt64 n, Complex *value);
PetscErrorCode FortranTextInt(FortranText *t, const char *what, int min, int max, PetscInt64 n, PetscInt *value);
PetscErrorCode FortranTextLogical(FortranText *t, const char *what, bool *value);
/* The next word, left in t->token. */
PetscErrorCode FortranTextWord(FortranText *t, const char *what);
/* First character of the next value, 0 at the end of the file. */
char           FortranTextPeek(FortranText *t);
/* To the start of the next line. */
void           FortranTextSkipLine(FortranText *t);
/* Text between apostrophes (blanks within and at its end belong to the writer: the end's are cut) */
PetscErrorCode FortranTextQuoted(FortranText *t, const char *what, size_t size, char *text);
/* Is another value on the line of the last one? */
bool           FortranTextMoreOnLine(FortranText *t);
/* Nothing may follow. */
PetscErrorCode FortranTextEnd(FortranText *t, const char *after);
/* At most as many values as could be left in the file: guards against sizes out of a damaged header. */
PetscErrorCode FortranTextExpect(FortranText *t, const char *what, PetscReal values);

#endif

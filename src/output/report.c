/* Tables of the text report: right-aligned columns under a title and a unit. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "umklapp/output.h"

#define CELL 48

struct _p_ReportTable {
  int           ncolumns, nrows, capacity;
  ReportColumn *column;
  char        (*cell)[CELL]; /* [nrows][ncolumns] */
};

PetscErrorCode ReportTableCreate(int ncolumns, const ReportColumn *columns, ReportTable *table)
{
  PetscFunctionBeginUser;
  PetscCall(PetscNew(table));
  (*table)->ncolumns = ncolumns;
  PetscCall(PetscMalloc1(ncolumns, &(*table)->column));
  PetscCall(PetscArraycpy((*table)->column, columns, ncolumns));
  PetscFunctionReturn(0);
}

static PetscErrorCode Grow(ReportTable t)
{
  const int capacity = t->capacity ? 2 * t->capacity : 16;
  char(*cell)[CELL];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)capacity * t->ncolumns, &cell));
  PetscCall(PetscArraycpy(cell, t->cell, (size_t)t->nrows * t->ncolumns));
  PetscCall(PetscFree(t->cell));
  t->cell     = cell;
  t->capacity = capacity;
  PetscFunctionReturn(0);
}

PetscErrorCode ReportTableAddRow(ReportTable t, const PetscReal *values, const char *const *text)
{
  PetscFunctionBeginUser;
  if (t->nrows == t->capacity) PetscCall(Grow(t));
  for (int i = 0; i < t->ncolumns; i++) {
    char *cell = t->cell[(size_t)t->nrows * t->ncolumns + i];
    if (!t->column[i].format) snprintf(cell, CELL, "%s", text && text[i] ? text[i] : "");
    else if (isnan(values[i])) snprintf(cell, CELL, "-");
    else snprintf(cell, CELL, t->column[i].format, values[i]);
  }
  t->nrows++;
  PetscFunctionReturn(0);
}

static int Width(const char *s) /* characters, not bytes, of UTF-8 */
{
  int n = 0;
  for (; *s; s++) n += (*s & 0xc0) != 0x80;
  return n;
}

static void PrintCell(FILE *out, const char *s, int width) { fprintf(out, "  %*s%s", width - Width(s), "", s); }

PetscErrorCode ReportTablePrint(ReportTable t, FILE *out)
{
  const int n = t->ncolumns;
  int      *width;
  bool      units = false;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &width));
  for (int i = 0; i < n; i++) {
    const char *unit = t->column[i].unit ? t->column[i].unit : "";
    width[i]         = PetscMax(Width(t->column[i].title), Width(unit));
    if (unit[0]) units = true;
    for (int row = 0; row < t->nrows; row++) width[i] = PetscMax(width[i], Width(t->cell[(size_t)row * n + i]));
  }
  for (int i = 0; i < n; i++) PrintCell(out, t->column[i].title, width[i]);
  for (int i = 0; i < n && units; i++) {
    if (!i) fputc('\n', out);
    PrintCell(out, t->column[i].unit ? t->column[i].unit : "", width[i]);
  }
  fputc('\n', out);
  for (int row = 0; row < t->nrows; row++) {
    for (int i = 0; i < n; i++) PrintCell(out, t->cell[(size_t)row * n + i], width[i]);
    fputc('\n', out);
  }
  PetscCall(PetscFree(width));
  PetscFunctionReturn(0);
}

PetscErrorCode ReportTableLog(ReportTable table)
{
  char  *text = NULL;
  size_t size;
  FILE  *out = open_memstream(&text, &size);

  PetscFunctionBeginUser;
  PetscCheck(out, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a table");
  PetscCall(ReportTablePrint(table, out));
  PetscCheck(!fclose(out), PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a table");
  Log(0, "%s", text);
  free(text);
  PetscFunctionReturn(0);
}

PetscErrorCode ReportTableDestroy(ReportTable *table)
{
  PetscFunctionBeginUser;
  if (!*table) PetscFunctionReturn(0);
  PetscCall(PetscFree((*table)->column));
  PetscCall(PetscFree((*table)->cell));
  PetscCall(PetscFree(*table));
  PetscFunctionReturn(0);
}

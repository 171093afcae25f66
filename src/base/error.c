/*
  One line for the user, kept until main prints it; its code travels up through PetscCall() without a trace.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "umklapp/base.h"

enum { MESSAGE_SIZE = 2048, NAME_SIZE = 64 };
static char message[MESSAGE_SIZE];

PetscErrorCode InputErrorAt(const char *file, int line, const char *format, ...)
{
  int     used = 0;
  va_list args;

  message[0] = '\0';
  if (file && line > 0) used = snprintf(message, sizeof message, "%.1024s:%d: ", file, line);
  else if (file) used = snprintf(message, sizeof message, "%.1024s: ", file);
  va_start(args, format);
  vsnprintf(message + used, sizeof message - (size_t)used, format, args);
  va_end(args);
  for (char *c = message; *c; c++)
    if ((unsigned char)*c < 0x20) *c = ' '; /* quoted input may hold line breaks; the message is one line */
  return UMK_ERR_INPUT;
}

const char *ErrorMessage(void)
{
  return message;
}

void ErrorClear(void)
{
  message[0] = '\0';
}

PetscErrorCode ErrorAgree(MPI_Comm comm, PetscErrorCode code)
{
  int         rank, size, mine, first, agreed = (int)code;
  MPI_Request request;

  if (MPI_Comm_rank(comm, &rank) || MPI_Comm_size(comm, &size)) return PETSC_ERR_MPI;
  mine = code ? rank : size;
  if (MPI_Iallreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm, &request) || StopWait(&request)) return PETSC_ERR_MPI;
  if (first == size) return 0;
  if (MPI_Bcast(&agreed, 1, MPI_INT, first, comm)) return PETSC_ERR_MPI;
  if (MPI_Bcast(message, MESSAGE_SIZE, MPI_CHAR, first, comm)) return PETSC_ERR_MPI;
  return (PetscErrorCode)agreed;
}

static PetscErrorCode handler(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code, PetscErrorType type, const char *text, void *context)
{
  if (code == UMK_ERR_INPUT || code == UMK_ERR_CONVERGE || code == UMK_ERR_STOPPED) return code;
  return PetscTraceBackErrorHandler(comm, line, function, file, code, type, text, context);
}

PetscErrorCode ErrorInstallHandler(void)
{
  PetscFunctionBeginUser;
  PetscCall(PetscPushErrorHandler(handler, NULL));
  PetscFunctionReturn(0);
}

/* Edits between a and b (insert, delete, replace, swap neighbours), times 4; a change of case alone counts 1 of 4. */
static int distance(const char *a, const char *b)
{
  int    rows[3][NAME_SIZE + 1];
  size_t na = strnlen(a, NAME_SIZE), nb = strnlen(b, NAME_SIZE);

  for (size_t j = 0; j <= nb; j++) rows[0][j] = 4 * (int)j;
  for (size_t i = 1; i <= na; i++) {
    int *row = rows[i % 3], *up = rows[(i + 2) % 3], *upup = rows[(i + 1) % 3];
    row[0] = 4 * (int)i;
    for (size_t j = 1; j <= nb; j++) {
      bool equal = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      int  best  = up[j - 1] + (a[i - 1] == b[j - 1] ? 0 : equal ? 1 : 4);
      if (up[j] + 4 < best) best = up[j] + 4;
      if (row[j - 1] + 4 < best) best = row[j - 1] + 4;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && upup[j - 2] + 4 < best) best = upup[j - 2] + 4;
      row[j] = best;
    }
  }
  return rows[na % 3][nb];
}

int NearestName(const char *name, int n, const char *const *names)
{
  size_t length = strlen(name);
  int    limit = length <= 3 ? 4 : length <= 8 ? 8 : 12, nearest = -1;

  if (length > NAME_SIZE) return -1;
  for (int i = 0; i < n; i++) {
    int d = distance(name, names[i]);
    /* nothing of a one-letter name is left after one edit: only its case may differ */
    if (length == 1 && d > 1) continue;
    if (d <= limit) {
      limit   = d - 1;
      nearest = i;
    }
  }
  for (int i = 0; i < n && nearest < 0 && length >= 3; i++)
    if (!strncmp(name, names[i], length) || (strlen(names[i]) >= 3 && !strncmp(name, names[i], strlen(names[i])))) nearest = i;
  return nearest;
}

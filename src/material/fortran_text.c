/* Reader of Fortran list-directed text: see fortran_text.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fortran_text.h"
#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>
#include <zlib.h>

/* The whole file, unpacked when it is packed by gzip */
static PetscErrorCode read_all(gzFile file, FortranText *t)
{
  size_t capacity = (size_t)1 << 16;
  char  *bigger;
  int    got, status;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(capacity, &t->text));
  while ((got = gzread(file, t->text + t->size, (unsigned)PetscMin(capacity - t->size - 1, (size_t)1 << 30))) > 0) {
    t->size += (size_t)got;
    if (t->size + 1 < capacity) continue;
    capacity *= 2;
    PetscCall(PetscMalloc1(capacity, &bigger));
    memcpy(bigger, t->text, t->size);
    PetscCall(PetscFree(t->text));
    t->text = bigger;
  }
  t->text[t->size] = 0;
  (void)gzerror(file, &status);
  if (got < 0 || status != Z_OK) return InputErrorAt(t->path, 0, "is damaged or truncated after %zu bytes", t->size);
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextOpen(const char *path, FortranText *t)
{
  PetscErrorCode code;
  struct stat    status;
  gzFile         file;

  PetscFunctionBeginUser;
  memset(t, 0, sizeof(*t));
  if (stat(path, &status)) return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  if (!S_ISREG(status.st_mode)) return InputErrorAt(path, 0, "is not a file");
  if (!(file = gzopen(path, "rb"))) return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  PetscCall(PetscStrallocpy(path, &t->path));
  t->line = 1;
  code    = read_all(file, t);
  if (gzclose(file) != Z_OK && !code) code = InputErrorAt(path, 0, "is damaged or truncated after %zu bytes", t->size);
  if (code) PetscCall(FortranTextClose(t));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextClose(FortranText *t)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(t->path));
  PetscCall(PetscFree(t->text));
  PetscFunctionReturn(0);
}

static void skip_separators(FortranText *t)
{
  for (; t->at < t->size && (isspace((unsigned char)t->text[t->at]) || t->text[t->at] == ','); t->at++) t->line += t->text[t->at] == '\n';
}

/* The next value's characters in t->token; with_parts: the text of a whole (re,im). */
static PetscErrorCode next_token(FortranText *t, const char *what, PetscInt64 i, PetscInt64 n, bool with_parts)
{
  size_t length = 0;
  char  *star, *end;

  PetscFunctionBeginUser;
  if (t->repeat > 0) {
    t->repeat--;
    PetscFunctionReturn(0);
  }
  skip_separators(t);
  if (t->at >= t->size) return InputErrorAt(t->path, t->line, "file ends where %s (value %lld of %lld) should be", what, (long long)i + 1, (long long)n);
  while (t->at < t->size && length + 1 < sizeof(t->token)) {
    const char c = t->text[t->at];

    if (isspace((unsigned char)c) || (c == ',' && !(with_parts && t->token[0] == '('))) break;
    t->token[length++] = c;
    t->at++;
    if (c == ')') break;
  }
  t->token[length] = 0;
  if ((star = strchr(t->token, '*'))) {
    const long count = strtol(t->token, &end, 10);

    if (end != star || count < 1 || count > 1000000000) return InputErrorAt(t->path, t->line, "expected %s (value %lld of %lld), found \"%.40s\"", what, (long long)i + 1, (long long)n, t->token);
    memmove(t->token, star + 1, strlen(star + 1) + 1);
    t->repeat = (int)count - 1;
  }
  PetscFunctionReturn(0);
}

/* A finite number at *at; Fortran's D exponent and its omitted exponent letter (1.0-100) are read too. */
static bool number(const char *text, const char **after, PetscReal *value)
{
  char   copy[64], *end;
  size_t n = 0;

  for (; *text && !strchr(",()", *text) && n + 2 < sizeof(copy); text++) {
    char c = *text;

    if (c == 'D' || c == 'd' || c == 'Q' || c == 'q') c = 'E';
    if ((c == '+' || c == '-') && n > 0 && isdigit((unsigned char)copy[n - 1])) copy[n++] = 'E';
    copy[n++] = c;
  }
  copy[n] = 0;
  if (n == 0 || strspn(copy, "+-.0123456789eE") != n) return false;
  *value = strtod(copy, &end);
  *after = text;
  return *end == 0 && isfinite(*value);
}

static PetscErrorCode bad_value(FortranText *t, const char *what, const char *kind, PetscInt64 i, PetscInt64 n)
{
  return InputErrorAt(t->path, t->line, "expected %s (value %lld of %lld), %s, found \"%.40s\"", what, (long long)i + 1, (long long)n, kind, t->token);
}

PetscErrorCode FortranTextReal(FortranText *t, const char *what, PetscInt64 n, PetscReal *value)
{
  const char *after;

  PetscFunctionBeginUser;
  for (PetscInt64 i = 0; i < n; i++) {
    PetscCall(next_token(t, what, i, n, false));
    if (!number(t->token, &after, &value[i]) || *after) return bad_value(t, what, "a finite number", i, n);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextComplex(FortranText *t, const char *what, PetscInt64 n, Complex *value)
{
  const char *after;
  PetscReal   re, im;

  PetscFunctionBeginUser;
  for (PetscInt64 i = 0; i < n; i++) {
    PetscCall(next_token(t, what, i, n, true));
    if (t->token[0] != '(' || !number(t->token + 1, &after, &re) || *after != ',' || !number(after + 1, &after, &im) || strcmp(after, ")"))
      return bad_value(t, what, "a finite complex number (re,im)", i, n);
    value[i] = CMPLX(re, im);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextInt(FortranText *t, const char *what, int min, int max, PetscInt64 n, PetscInt *value)
{
  char *end;

  PetscFunctionBeginUser;
  for (PetscInt64 i = 0; i < n; i++) {
    char kind[64];
    long number_;

    PetscCall(next_token(t, what, i, n, false));
    errno   = 0;
    number_ = strtol(t->token, &end, 10);
    snprintf(kind, sizeof(kind), "a whole number from %d to %d", min, max);
    if (end == t->token || *end || errno || number_ < min || number_ > max) return bad_value(t, what, kind, i, n);
    value[i] = (PetscInt)number_;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextLogical(FortranText *t, const char *what, bool *value)
{
  PetscFunctionBeginUser;
  PetscCall(next_token(t, what, 0, 1, false));
  const char *c = t->token + (t->token[0] == '.');
  if (!*c || !strchr("TtFf", *c)) return bad_value(t, what, "T or F", 0, 1);
  *value = *c == 'T' || *c == 't';
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextWord(FortranText *t, const char *what)
{
  PetscFunctionBeginUser;
  PetscCall(next_token(t, what, 0, 1, false));
  PetscFunctionReturn(0);
}

char FortranTextPeek(FortranText *t)
{
  if (t->repeat > 0) return t->token[0];
  skip_separators(t);
  return t->at < t->size ? t->text[t->at] : 0;
}

void FortranTextSkipLine(FortranText *t)
{
  t->repeat = 0;
  while (t->at < t->size && t->text[t->at] != '\n') t->at++;
  if (t->at < t->size) t->at++, t->line++;
}

PetscErrorCode FortranTextQuoted(FortranText *t, const char *what, size_t size, char *text)
{
  size_t length;

  PetscFunctionBeginUser;
  skip_separators(t);
  length = t->at < t->size && t->text[t->at] == '\'' ? strcspn(t->text + t->at + 1, "'\n") : 0;
  if (length == 0 || t->text[t->at + 1 + length] != '\'' || t->repeat) return InputErrorAt(t->path, t->line, "expected %s between apostrophes, found \"%.*s\"", what, (int)PetscMin(strcspn(t->text + t->at, "\r\n"), 40), t->text + t->at);
  snprintf(text, size, "%.*s", (int)length, t->text + t->at + 1);
  for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--) text[n - 1] = 0;
  t->at += length + 2;
  PetscFunctionReturn(0);
}

bool FortranTextMoreOnLine(FortranText *t)
{
  size_t at = t->at;

  if (t->repeat > 0) return true;
  while (at < t->size && t->text[at] != '\n' && isspace((unsigned char)t->text[at])) at++;
  return at < t->size && t->text[at] != '\n';
}

PetscErrorCode FortranTextEnd(FortranText *t, const char *after)
{
  PetscFunctionBeginUser;
  skip_separators(t);
  if (t->at < t->size || t->repeat > 0) return InputErrorAt(t->path, t->line, "more values than expected after %s: \"%.*s\"", after, (int)PetscMin(strcspn(t->text + t->at, " \t\r\n"), 40), t->text + t->at);
  PetscFunctionReturn(0);
}

PetscErrorCode FortranTextExpect(FortranText *t, const char *what, PetscReal values)
{
  PetscFunctionBeginUser;
  if (values > (PetscReal)(t->size - t->at)) return InputErrorAt(t->path, t->line, "%s should be %.0f values, but only %zu bytes follow", what, values, t->size - t->at);
  PetscFunctionReturn(0);
}

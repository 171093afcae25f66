/* Cells in text: VASP's POSCAR, and the namelists of ShengBTE's CONTROL (lengths in nm). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell.h"
#include "fortran_text.h"
#include <ctype.h>

#define KINDS 32
#define ATOMS 1000

/* --- POSCAR ----------------------------------------------------------------------------------------------- */

/* Symbols (when there are) and numbers of the kinds; *nkinds and, per atom, its kind */
static PetscErrorCode read_kinds(FortranText *t, PetscInt *nkinds, Symbol symbol[KINDS], PetscInt count[KINDS])
{
  PetscInt n = 0;

  PetscFunctionBeginUser;
  memset(symbol, 0, sizeof(Symbol) * KINDS);
  if (isalpha((unsigned char)FortranTextPeek(t))) {
    do {
      if (n == KINDS) return InputErrorAt(t->path, t->line, "more than %d kinds of atoms", KINDS);
      PetscCall(FortranTextWord(t, "chemical symbol"));
      snprintf(symbol[n++], sizeof(Symbol), "%.*s", (int)strspn(t->token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), t->token);
    } while (FortranTextMoreOnLine(t));
    PetscCall(FortranTextInt(t, "numbers of atoms", 1, ATOMS, n, count));
  } else
    do {
      if (n == KINDS) return InputErrorAt(t->path, t->line, "more than %d kinds of atoms", KINDS);
      PetscCall(FortranTextInt(t, "number of atoms", 1, ATOMS, 1, &count[n++]));
    } while (FortranTextMoreOnLine(t));
  *nkinds = n;
  PetscFunctionReturn(0);
}

static PetscErrorCode read_poscar(FortranText *t, Cell *c)
{
  PetscReal scale, inverse[3][3];
  PetscInt  nkinds = 0, count[KINDS], natoms = 0, k = 0;
  Symbol    symbol[KINDS];
  bool      cartesian;

  PetscFunctionBeginUser;
  FortranTextSkipLine(t);
  PetscCall(FortranTextReal(t, "scale of the lattice", 1, &scale));
  PetscCall(FortranTextReal(t, "lattice vectors", 9, (PetscReal *)c->a));
  const PetscReal volume = fabs(Det3((const PetscReal(*)[3])c->a));
  if (!(volume > 1e-6) || scale == 0.0) return InputErrorAt(t->path, t->line, "the lattice vectors span no volume");
  if (scale < 0.0) scale = cbrt(-scale / volume);
  for (int i = 0; i < 9; i++) c->a[i / 3][i % 3] *= scale / UMK_BOHR_ANGSTROM;
  PetscCall(read_kinds(t, &nkinds, symbol, count));
  for (PetscInt i = 0; i < nkinds; i++) natoms += count[i];
  PetscCall(CellCreate(natoms, c));
  for (PetscInt i = 0; i < nkinds; i++)
    for (PetscInt n = 0; n < count[i]; n++, k++) {
      memcpy(c->symbol[k], symbol[i], sizeof(Symbol));
      if (!symbol[i][0]) snprintf(c->symbol[k], sizeof(Symbol), "#%d", (int)i + 1);
    }
  if (tolower(FortranTextPeek(t)) == 's') FortranTextSkipLine(t);
  PetscCall(FortranTextWord(t, "Direct or Cartesian"));
  cartesian = strchr("CcKk", t->token[0]) != NULL;
  Invert3((const PetscReal(*)[3])c->a, inverse);
  for (k = 0; k < natoms; k++) {
    PetscReal x[3];

    FortranTextSkipLine(t);
    PetscCall(FortranTextReal(t, "atomic position", 3, x));
    for (int i = 0; i < 3 && cartesian; i++) x[i] *= scale / UMK_BOHR_ANGSTROM;
    if (cartesian) MatTVec3((const PetscReal(*)[3])inverse, x, &c->x[3 * k]);
    else memcpy(&c->x[3 * k], x, sizeof(x));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode CellReadPoscar(const char *path, Cell *c)
{
  PetscErrorCode code;
  FortranText    t;

  PetscFunctionBeginUser;
  memset(c, 0, sizeof(*c));
  PetscCall(FortranTextOpen(path, &t));
  code = read_poscar(&t, c);
  PetscCall(FortranTextClose(&t));
  if (code) PetscCall(CellDestroy(c));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- CONTROL ------------------------------------------------------------------------------------------------ */

/* Comments and blanks between a name and its '=' are taken out of the way: comments become blanks. */
static void remove_comments(char *text)
{
  bool quoted = false, comment = false;

  for (; *text; text++) {
    if (*text == '\n') comment = false;
    if (*text == '"' || *text == '\'') quoted = !comment && !quoted;
    if (*text == '!' && !quoted) comment = true;
    if (comment) *text = ' ';
  }
}

/* Position after "name =" or "name(...) =", or NULL; `index` (without blanks) in the brackets, NULL: none */
static const char *find_value(const char *text, const char *name, const char *index)
{
  for (const char *at = text; *at; at++) {
    const char *p = at;
    char        inside[32];
    size_t      n = 0;

    if (strncasecmp(at, name, strlen(name)) || (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))) continue;
    p += strlen(name);
    p += strspn(p, " \t");
    if (*p == '(') {
      for (p++; *p && *p != ')' && n + 1 < sizeof(inside); p++)
        if (!isspace((unsigned char)*p)) inside[n++] = *p;
      p += *p == ')';
    }
    inside[n] = 0;
    p += strspn(p, " \t\r\n");
    if (*p == '=' && !strcmp(inside, index ? index : "")) return p + 1;
  }
  return NULL;
}

/* "name = ", "name(:) = ", "name(:,:) = " */
static const char *find_whole(const char *text, const char *name)
{
  static const char *const forms[] = {NULL, ":", ":,:", ":,:,:"};
  const char              *at      = NULL;

  for (int i = 0; i < 4 && !at; i++) at = find_value(text, name, forms[i]);
  return at;
}

static void go_to(FortranText *t, const char *at)
{
  t->at     = (size_t)(at - t->text);
  t->repeat = 0;
  t->line   = 1;
  for (size_t c = 0; c < t->at; c++) t->line += t->text[c] == '\n';
}

/* n numbers of a name; columns of 3 may be given one by one as name(:,i), or name(:,i,j) when the name has planes of 9 */
static PetscErrorCode numbers(FortranText *t, const char *name, bool planes, PetscInt n, PetscReal *value)
{
  const PetscInt columns = n % 3 == 0 && n > 0 ? n / 3 : 1, each = n / columns;
  const char    *whole = find_whole(t->text, name);
  char           index[32];

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < (whole ? 1 : columns); i++) {
    if (planes) snprintf(index, sizeof(index), ":,%d,%d", (int)(i % 3) + 1, (int)(i / 3) + 1);
    else snprintf(index, sizeof(index), ":,%d", (int)i + 1);
    const char *at = whole ? whole : find_value(t->text, name, index);
    if (!at) return InputErrorAt(t->path, 0, "has no %s%s%s%s", name, n > 1 ? "(" : "", n > 1 ? index : "", n > 1 ? ")" : "");
    go_to(t, at);
    PetscCall(FortranTextReal(t, name, whole ? n : each, value + i * each));
  }
  PetscFunctionReturn(0);
}

/* elements = "Ga" "As" */
static void read_elements(const char *at, Symbol symbol[KINDS])
{
  memset(symbol, 0, sizeof(Symbol) * KINDS);
  for (int i = 0; at && i < KINDS; i++) {
    at += strspn(at, " \t\r\n,");
    if (*at != '"' && *at != '\'') return;
    const char *end = strchr(at + 1, *at);
    if (!end) return;
    for (at++; isspace((unsigned char)*at); at++) {}
    snprintf(symbol[i], sizeof(Symbol), "%.*s", (int)PetscMax(0, PetscMin(end - at, 7)), at);
    symbol[i][strcspn(symbol[i], " ")] = 0;
    at = end + 1;
  }
}

static PetscErrorCode read_control(FortranText *t, Cell *c)
{
  PetscReal natoms, lfactor = 1.0, *types;
  Symbol    symbol[KINDS];

  PetscFunctionBeginUser;
  remove_comments(t->text);
  PetscCall(numbers(t, "natoms", false, 1, &natoms));
  if (natoms != rint(natoms) || natoms < 1 || natoms > ATOMS) return InputErrorAt(t->path, t->line, "natoms = %g is not a number of atoms", natoms);
  if (find_value(t->text, "lfactor", NULL)) PetscCall(numbers(t, "lfactor", false, 1, &lfactor));
  PetscCall(numbers(t, "lattvec", false, 9, (PetscReal *)c->a));
  for (int i = 0; i < 9; i++) c->a[i / 3][i % 3] *= 10.0 * lfactor / UMK_BOHR_ANGSTROM;
  if (!(fabs(Det3((const PetscReal(*)[3])c->a)) > 1e-6)) return InputErrorAt(t->path, t->line, "the lattice vectors span no volume");
  PetscCall(CellCreate((PetscInt)natoms, c));
  PetscCall(numbers(t, "positions", false, 3 * c->natoms, c->x));
  read_elements(find_value(t->text, "elements", NULL), symbol);
  if (!symbol[0][0] || !find_whole(t->text, "types")) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(c->natoms, &types));
  go_to(t, find_whole(t->text, "types"));
  PetscErrorCode code = FortranTextReal(t, "types", c->natoms, types);
  for (PetscInt k = 0; k < c->natoms && !code; k++) {
    if (!(types[k] >= 1 && types[k] <= KINDS) || !symbol[(int)types[k] - 1][0]) code = InputErrorAt(t->path, t->line, "types: atom %d is of kind %g, which elements does not name", (int)k + 1, types[k]);
    else memcpy(c->symbol[k], symbol[(int)types[k] - 1], sizeof(Symbol));
  }
  PetscCall(PetscFree(types));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode flag(FortranText *t, const char *name, bool fallback, bool *value)
{
  const char *at = find_value(t->text, name, NULL);

  PetscFunctionBeginUser;
  *value = fallback;
  if (!at) PetscFunctionReturn(0);
  go_to(t, at);
  PetscCall(FortranTextLogical(t, name, value));
  PetscFunctionReturn(0);
}

/* Masses of the kinds (amu) when they are given and in use, else of the elements */
static PetscErrorCode read_masses(FortranText *t, Cell *c)
{
  PetscReal types[ATOMS], mass[KINDS];
  bool      automatic;
  PetscInt  kinds = 0;

  PetscFunctionBeginUser;
  PetscCall(flag(t, "autoisotopes", true, &automatic));
  if (automatic) {
    for (PetscInt k = 0; k < c->natoms; k++) {
      c->mass[k] = ElementMass(c->symbol[k]);
      if (!(c->mass[k] > 0.0)) return InputErrorAt(t->path, 0, "atom %d is of an element '%s' that has no natural mass: give masses with autoisotopes=.false.", (int)k + 1, c->symbol[k]);
    }
    PetscFunctionReturn(0);
  }
  if (!find_whole(t->text, "types")) return InputErrorAt(t->path, 0, "has no types");
  go_to(t, find_whole(t->text, "types"));
  PetscCall(FortranTextReal(t, "types", c->natoms, types));
  for (PetscInt k = 0; k < c->natoms; k++) kinds = PetscMax(kinds, (PetscInt)types[k]);
  if (!find_whole(t->text, "masses")) return InputErrorAt(t->path, 0, "has autoisotopes=.false. and no masses");
  go_to(t, find_whole(t->text, "masses"));
  PetscCall(FortranTextReal(t, "masses", kinds, mass));
  for (PetscInt k = 0; k < c->natoms; k++) c->mass[k] = mass[(int)types[k] - 1] * UMK_AMU;
  for (PetscInt k = 0; k < c->natoms; k++)
    if (!(c->mass[k] > 0.0)) return InputErrorAt(t->path, t->line, "masses: atom %d has mass %g", (int)k + 1, c->mass[k] / UMK_AMU);
  PetscFunctionReturn(0);
}

/* born(:,i,k) is Z*(field, displacement i) of atom k; out [k][field][displacement] */
static PetscErrorCode read_dipoles(FortranText *t, const Cell *c, Control *x)
{
  PetscReal *born;
  bool       used;

  PetscFunctionBeginUser;
  PetscCall(flag(t, "nonanalytic", true, &used));
  if (!used || (!find_whole(t->text, "born") && !find_value(t->text, "born", ":,1,1"))) PetscFunctionReturn(0);
  PetscCall(numbers(t, "epsilon", false, 9, x->epsilon));
  PetscCall(PetscMalloc1(9 * c->natoms, &born));
  PetscErrorCode code = numbers(t, "born", true, 9 * c->natoms, born);
  if (!code) PetscCall(PetscMalloc1(9 * c->natoms, &x->born));
  for (PetscInt i = 0; i < 9 * c->natoms && !code; i++) x->born[9 * (i / 9) + 3 * (i % 3) + i % 9 / 3] = born[i];
  PetscCall(PetscFree(born));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_harmonic(FortranText *t, Cell *c, Control *x)
{
  PetscReal scell[3];

  PetscFunctionBeginUser;
  if (!find_whole(t->text, "scell")) return InputErrorAt(t->path, 0, "has no scell, the supercell of the harmonic force constants");
  go_to(t, find_whole(t->text, "scell"));
  PetscCall(FortranTextReal(t, "scell", 3, scell));
  for (int i = 0; i < 3; i++) {
    if (scell[i] != rint(scell[i]) || scell[i] < 1 || scell[i] > 60) return InputErrorAt(t->path, t->line, "scell = %g: a whole number from 1 to 60 is expected", scell[i]);
    x->scell[i] = (PetscInt)scell[i];
  }
  PetscCall(read_masses(t, c));
  PetscCall(read_dipoles(t, c, x));
  PetscFunctionReturn(0);
}

PetscErrorCode CellReadControl(const char *path, Cell *c, Control *x)
{
  PetscErrorCode code;
  FortranText    t;

  PetscFunctionBeginUser;
  memset(c, 0, sizeof(*c));
  if (x) memset(x, 0, sizeof(*x));
  PetscCall(FortranTextOpen(path, &t));
  code = read_control(&t, c);
  if (!code && x) code = read_harmonic(&t, c, x);
  PetscCall(FortranTextClose(&t));
  if (code && x) PetscCall(PetscFree(x->born));
  if (code) PetscCall(CellDestroy(c));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/*
  Units with full dimension analysis. A unit is a product of symbols with powers; each symbol carries its value in
  Hartree atomic units (where e = k_B = 1: a volt is an eV, a kelvin is k_B K in hartree) and its SI dimension
  (length, mass, time, current, temperature), so that a kelvin never passes for an energy.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "umklapp/base.h"

enum { LENGTH, MASS, TIME, CURRENT, TEMPERATURE, NDIM };

typedef struct {
  double value;
  double dim[NDIM];
} Quantity;

typedef struct {
  const char *symbol;
  const char *prefixes; /* SI prefixes it is used with */
  Quantity    q;
} Symbol;

#define METRE  (1.0 / UMK_BOHR_M)
#define SECOND (1.0 / UMK_TIME_S)
#define GRAM   (1e-3 / UMK_ELECTRON_KG)
#define JOULE  (1.0 / UMK_HARTREE_J)
#define VOLT   UMK_EV
#define AMPERE (UMK_TIME_S / UMK_CHARGE_C)
#define ANGSTROM (1.0 / UMK_BOHR_ANGSTROM)
#define SI     "fpnumckMGT"

static const Symbol symbols[] = {
  {"1", "", {1, {0}}},
  {"%", "", {0.01, {0}}},
  {"rad", "m", {1, {0}}},
  {"deg", "", {UMK_PI / 180, {0}}},
  {"m", "fpnumck", {METRE, {1}}},
  {"angstrom", "", {ANGSTROM, {1}}},
  {"Angstrom", "", {ANGSTROM, {1}}},
  {"Ang", "", {ANGSTROM, {1}}},
  {"A", "pnumk", {AMPERE, {0, 0, 0, 1}}},
  {"\xc3\x85", "", {ANGSTROM, {1}}},
  {"bohr", "", {1, {1}}},
  {"g", "munk", {GRAM, {0, 1}}},
  {"m_e", "", {1, {0, 1}}},
  {"amu", "", {UMK_AMU, {0, 1}}},
  {"u", "", {UMK_AMU, {0, 1}}},
  {"s", "fpnum", {SECOND, {0, 0, 1}}},
  {"K", "mun", {UMK_KELVIN, {0, 0, 0, 0, 1}}},
  {"Hz", "kMGT", {1 / SECOND, {0, 0, -1}}},
  {"eV", "numkM", {UMK_EV, {2, 1, -2}}},
  {"Ry", "m", {UMK_RYDBERG, {2, 1, -2}}},
  {"hartree", "", {1, {2, 1, -2}}},
  {"Hartree", "", {1, {2, 1, -2}}},
  {"Ha", "m", {1, {2, 1, -2}}},
  {"J", SI, {JOULE, {2, 1, -2}}},
  {"W", "fpnumkMG", {JOULE / SECOND, {2, 1, -3}}},
  {"N", "pnumkM", {JOULE / METRE, {1, 1, -2}}},
  {"Pa", "hkMGT", {JOULE / (METRE * METRE * METRE), {-1, 1, -2}}},
  {"bar", "mk", {1e5 * JOULE / (METRE * METRE * METRE), {-1, 1, -2}}},
  {"e", "", {1, {0, 0, 1, 1}}},
  {"C", "fpnum", {1 / UMK_CHARGE_C, {0, 0, 1, 1}}},
  {"V", "numkM", {VOLT, {2, 1, -3, -1}}},
  {"S", "num", {AMPERE / VOLT, {-2, -1, 3, 2}}},
  {"Ohm", "numkMG", {VOLT / AMPERE, {2, 1, -3, -2}}},
  {"ohm", "numkMG", {VOLT / AMPERE, {2, 1, -3, -2}}},
  {"\xce\xa9", "numkMG", {VOLT / AMPERE, {2, 1, -3, -2}}},
  {"F", "fpnum", {1 / (UMK_CHARGE_C * VOLT), {-2, -1, 4, 2}}},
  {"T", "num", {UMK_TESLA, {0, 1, -2, -1}}},
};
enum { NSYMBOL = sizeof symbols / sizeof symbols[0] };

static const struct {
  const char *name;
  double      dim[NDIM];
} kinds[] = {
  {"a bare number", {0}}, {"a length", {1}}, {"an area", {2}}, {"a volume", {3}}, {"a mass", {0, 1}}, {"a time", {0, 0, 1}},
  {"a current", {0, 0, 0, 1}}, {"a temperature", {0, 0, 0, 0, 1}}, {"an energy", {2, 1, -2}}, {"a frequency or rate", {0, 0, -1}},
  {"an inverse length", {-1}}, {"a sheet density", {-2}}, {"a density", {-3}}, {"a mass density", {-3, 1}}, {"a velocity", {1, 0, -1}},
  {"a charge", {0, 0, 1, 1}}, {"a voltage", {2, 1, -3, -1}}, {"an electric field", {1, 1, -3, -1}}, {"a magnetic field", {0, 1, -2, -1}},
  {"a mobility", {0, -1, 2, 1}}, {"a conductivity", {-3, -1, 3, 2}}, {"a resistivity", {3, 1, -3, -2}}, {"a resistance", {2, 1, -3, -2}},
  {"a conductance", {-2, -1, 3, 2}}, {"a force (energy per length)", {1, 1, -2}}, {"a pressure", {-1, 1, -2}}, {"a power", {2, 1, -3}},
  {"a thermal conductivity", {1, 1, -3, 0, -1}}, {"a sheet mass density", {-2, 1}}, {"a diffusion constant", {2, 0, -1}},
};

static double prefix_value(char c)
{
  static const char   letters[] = "fpnumchkMGT";
  static const double values[]  = {1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1e-2, 1e2, 1e3, 1e6, 1e9, 1e12};
  const char         *at        = strchr(letters, c);

  return c && at ? values[at - letters] : 0;
}

static bool symbol_find(const char *name, size_t length, Quantity *q)
{
  for (int i = 0; i < NSYMBOL; i++) {
    if (strlen(symbols[i].symbol) == length && !strncmp(symbols[i].symbol, name, length)) {
      *q = symbols[i].q;
      return true;
    }
  }
  for (int i = 0; i < NSYMBOL; i++) {
    const size_t n    = strlen(symbols[i].symbol);
    const bool   mu   = length == n + 2 && (!strncmp(name, "\xc2\xb5", 2) || !strncmp(name, "\xce\xbc", 2));
    const char   lead = mu ? 'u' : name[0];
    if ((length != n + 1 && !mu) || strncmp(symbols[i].symbol, name + (length - n), n) || !strchr(symbols[i].prefixes, lead)) continue;
    *q = symbols[i].q;
    q->value *= prefix_value(lead);
    return true;
  }
  return false;
}

static bool symbol_char(char c)
{
  return isalpha((unsigned char)c) || c == '_' || c == '%' || (unsigned char)c >= 0x80;
}

static void skip(const char **s)
{
  while (**s == ' ' || **s == '\t') (*s)++;
}

static bool expression(const char **s, Quantity *q, int depth, const char **bad);

/* symbol[^power], 1, or (expression)[^power]; "cm-3" and "cm2" are read as powers too. *bad: where an unknown symbol starts. */
static bool factor(const char **s, Quantity *q, int depth, const char **bad)
{
  const char *start = *s;
  char       *end;
  double      power = 1;

  if (**s == '(') {
    (*s)++;
    if (depth > 8 || !expression(s, q, depth + 1, bad)) return false;
    skip(s);
    if (*(*s)++ != ')') return (*s)--, false;
  } else if (**s == '1' && !isdigit((unsigned char)(*s)[1]) && (*s)[1] != '.') {
    (*s)++;
    *q = symbols[0].q;
  } else {
    while (symbol_char(**s)) (*s)++;
    if (*s == start || !symbol_find(start, (size_t)(*s - start), q)) return *bad = start, false;
  }
  if (!strncmp(*s, "**", 2)) *s += 2;
  else if (**s == '^') (*s)++;
  else if (!isdigit((unsigned char)**s) && !(**s == '-' && isdigit((unsigned char)(*s)[1]))) return true;
  skip(s);
  power = strtod(*s, &end);
  if (end == *s || !(fabs(power) <= 16)) return false;
  *s       = end;
  q->value = pow(q->value, power);
  for (int d = 0; d < NDIM; d++) q->dim[d] *= power;
  return true;
}

static bool expression(const char **s, Quantity *q, int depth, const char **bad)
{
  *q = symbols[0].q;
  for (bool first = true;; first = false) {
    Quantity f;
    double   sign = 1;
    const char *before = *s;
    skip(s);
    if (!**s || **s == ')') return !first;
    if (!first && **s == '/') sign = -1;
    if (!first && (**s == '/' || **s == '*')) (*s)++;
    skip(s);
    if (!first && *s == before) return false;
    if (!factor(s, &f, depth, bad)) return false;
    q->value *= sign > 0 ? f.value : 1 / f.value;
    for (int d = 0; d < NDIM; d++) q->dim[d] += sign * f.dim[d];
  }
}

static bool parse(const char *text, Quantity *q, const char **bad)
{
  const char *s = text;

  *bad = NULL;
  return expression(&s, q, 0, bad) && !*s && isfinite(q->value) && q->value > 0;
}

static bool same(const double a[NDIM], const double b[NDIM])
{
  for (int d = 0; d < NDIM; d++)
    if (fabs(a[d] - b[d]) > 1e-9) return false;
  return true;
}

PetscErrorCode UnitParse(const char *unit, const char *kind, PetscReal *scale, bool *known)
{
  static const double energy[NDIM] = {2, 1, -2}, rate[NDIM] = {0, 0, -1}, wavenumber[NDIM] = {-1};
  const char         *bad;
  Quantity            u, k;

  *known = parse(unit, &u, &bad);
  if (!*known || !parse(kind && *kind ? kind : "1", &k, &bad)) return PETSC_ERR_ARG_WRONG;
  *scale = u.value;
  if (same(u.dim, k.dim)) return 0;
  /* h nu = 2 pi nu and h c k = 2 pi c k in atomic units; a rate in 1/s is left alone, since hbar would do as well */
  if (same(u.dim, rate) && strstr(unit, "Hz") && same(k.dim, energy)) *scale *= 2 * UMK_PI;
  else if (same(u.dim, wavenumber) && same(k.dim, energy)) *scale *= 2 * UMK_PI * UMK_LIGHT;
  else return PETSC_ERR_ARG_WRONG;
  return 0;
}

const char *UnitKindName(const char *unit)
{
  const char *bad;
  Quantity    q;

  if (!parse(unit, &q, &bad)) return NULL;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (same(kinds[i].dim, q.dim)) return kinds[i].name;
  return "of another dimension";
}

const char *UnitNearest(const char *unit)
{
  static const char *const names[] = {"eV", "meV", "Ry", "hartree", "K", "cm^-3", "cm", "nm", "angstrom", "bohr", "um", "mm", "m", "THz", "GHz", "Hz",
                                      "ps", "fs", "ns", "s", "m_e", "amu", "kg", "g", "T", "V", "kV", "A", "S", "W", "J", "GPa", "Ohm", "deg", "mK", "mT"};
  const char *bad;
  char        name[32] = "";
  Quantity    q;
  int         nearest;

  if (parse(unit, &q, &bad) || !bad) return NULL;
  for (size_t n = 0; n + 1 < sizeof name && symbol_char(bad[n]); n++) name[n] = bad[n];
  if (!*name) return NULL;
  nearest = NearestName(name, (int)(sizeof names / sizeof names[0]), names);
  return nearest < 0 ? NULL : names[nearest];
}

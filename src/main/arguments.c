/* The table of sub-commands, and the command line read against it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include "commands.h"

#define SET    {"--set", NULL, "SECTION.KEY=VALUE", "override a key of the deck; may be repeated"}
#define OUTPUT {"--output", "-o", "FILE", "name of the results file (instead of the deck's)"}
#define RESTART {"--restart", NULL, NULL, "continue an unfinished run from its checkpoint, on any number of ranks; from the beginning where there is none"}

static const Option run_options[]  = {SET, OUTPUT, RESTART,
  {"--max-time", NULL, "TIME", "stop cleanly after this wall time: HH:MM:SS, D-HH:MM:SS, or such as '90 min'"},
  {"--log", NULL, "FILE", "append everything that is printed, with times and at the level of --verbose"},
  {"--progress", NULL, "TIME", "between lines of progress where there is no terminal (default: 10 s, later 60 s)"},
  {NULL}};
static const Option path_options[] = {SET, OUTPUT, {NULL}};
static const Option deck_options[] = {SET, {NULL}};
static const Option forecast_options[] = {
  SET,
  OUTPUT,
  {"--ranks", NULL, "N,N,...", "numbers of ranks to forecast for (default 1,2,4,8,16,32,64)"},
  {"--memory", NULL, "GIB", "memory per rank (default: what this machine has left, shared by as many ranks as it has cores)"},
  {"--per-node", NULL, "N", "ranks on a node (default: cores of this machine)"},
  {NULL}};
static const Option keys_options[] = {{"--markdown", NULL, NULL, "as a Markdown document (docs/deck.md)"}, {NULL}};
static const Option import_options[] = {
  {"--output", "-o", "FILE", "the native material file to write"},
  {"--coarse-k", NULL, "N1,N2,N3", "coarse k mesh (default: worked out from the files)"},
  {"--coarse-q", NULL, "N1,N2,N3", "coarse q mesh (default: worked out from the files)"},
  {"--use-ws", NULL, "yes|no", "Wigner-Seitz cells centred on the orbitals (default: worked out)"},
  {"--interpolation", NULL, "NAME", "symmetric (default), redistributed (not averaged over the operations), source (exactly as the source program)"},
  {"--sum-rule", NULL, "NAME", "acoustic sum rule of force constants: simple (default of qe_fc), crystal, rotational, none"},
  {"--third-order-symmetry", NULL, "NAME", "third-order force constants: none (default), permutation (and sum rules), full (the space group too)"},
  {"--precision", NULL, "64|32", "bits of a stored coupling element (default 64)"},
  {"--mantissa-bits", NULL, "N", "round coupling elements to N mantissa bits (default: all)"},
  {"--threshold", NULL, "X", "drop coupling elements below X times the largest (default 0)"},
  {"--real-tolerance", NULL, "X", "keep the real part of the coupling if its imaginary part is below X of it (default 1e-4)"},
  {"--complex", NULL, NULL, "keep the coupling complex whatever its imaginary part"},
  {NULL}};

static const Command commands[] = {
  {"run", "DECK", "transport: tensors at every temperature and carrier density of the deck", 1, 1, true, run_options, CommandRun},
  {"check", "DECK", "parse and validate; print the effective deck; run nothing", 1, 1, false, deck_options, CommandCheck},
  {"forecast", "DECK", "processes, time, memory and files that a run will take on some numbers of ranks", 1, 1, true, forecast_options, CommandForecast},
  {"keys", "[SECTION]", "every deck key: type, default, unit, range, help", 0, 1, false, keys_options, CommandKeys},
  {"import", "FORMAT PATH...", "first-principles files -> one native material file; parts FORMAT PATH complete each other", 2, 16, false, import_options, CommandImport, ImportPrintFormats},
  {"inspect", "FILE", "what is in a material or results file", 1, 1, false, NULL, CommandInspect},
  {"bands", "DECK", "electron bands along a path, density of states", 1, 1, false, path_options, CommandBands},
  {"phonons", "DECK", "phonon dispersion along a path, density of states", 1, 1, false, path_options, CommandPhonons},
  {"plot", "RESULTS", "pictures (PNG) of a results file", 1, 1, false, NULL, CommandPlot},
  {NULL}};

static void Fail(Arguments *a, const char *format, ...)
{
  va_list list;

  if (a->error[0]) return;
  va_start(list, format);
  vsnprintf(a->error, sizeof a->error, format, list);
  va_end(list);
}

static const Command *FindCommand(Arguments *a, const char *name)
{
  const char *names[sizeof commands / sizeof *commands];
  int         n = 0, near;

  for (const Command *c = commands; c->name; c++) {
    if (!strcmp(c->name, name)) return c;
    names[n++] = c->name;
  }
  near = NearestName(name, n, names);
  if (near >= 0) Fail(a, "unknown command '%s'; did you mean '%s'?", name, names[near]);
  else Fail(a, "unknown command '%s'; see umklapp --help", name);
  return NULL;
}

/* The option that `word` (its first `length` characters) names, or NULL. */
static const Option *FindOption(const Command *c, const char *word, size_t length)
{
  for (const Option *o = c->options; o && o->name; o++) {
    if (strlen(o->name) == length && !strncmp(o->name, word, length)) return o;
    if (o->alias && strlen(o->alias) == length && !strncmp(o->alias, word, length)) return o;
  }
  return NULL;
}

static void FailOption(Arguments *a, const char *word)
{
  const char *names[32] = {"--help", "--quiet", "--verbose"};
  int         n = 3, near;

  for (const Option *o = a->command->options; o && o->name; o++) names[n++] = o->name;
  near = NearestName(word, n, names);
  if (near >= 0) Fail(a, "unknown option '%s'; did you mean '%s'?", word, names[near]);
  else Fail(a, "unknown option '%s'; see umklapp %s --help", word, a->command->name);
}

static bool IsGlobal(Arguments *a, const char *word)
{
  if (!strcmp(word, "--help") || !strcmp(word, "-help") || !strcmp(word, "-h")) return a->help = true;
  if (!strcmp(word, "--version")) return a->version = true;
  if (!strcmp(word, "--quiet")) return a->level = 0, true;
  if (!strcmp(word, "--verbose")) return a->level = 2, true;
  return false;
}

static bool IsDashed(const char *word) { return word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]) && word[1] != '.'; }

/* Read argv[i] and what belongs to it; returns the next position. */
static int ReadWord(Arguments *a, int argc, char **argv, int i)
{
  const char   *word = argv[i], *equal = strchr(word, '=');
  const bool    dashed = IsDashed(word);
  const Option *o = dashed ? FindOption(a->command, word, equal ? (size_t)(equal - word) : strlen(word)) : NULL;

  if (!dashed) {
    a->operand[a->noperands++] = word;
  } else if (o) {
    a->option[a->noptions].name = o->name;
    if (o->value && !equal && i + 1 == argc) Fail(a, "option '%s' needs a value: %s %s", word, o->name, o->value);
    else if (!o->value && equal) Fail(a, "option '%s' takes no value", o->name);
    else a->option[a->noptions++].value = !o->value ? "" : equal ? equal + 1 : argv[++i];
  } else if (a->command->petsc && word[1] != '-') {
    if (!a->noperands) Fail(a, "PETSc options such as '%s' come after the deck", word);
    a->petsc[a->npetsc++] = argv[i];
    if (i + 1 < argc && !IsDashed(argv[i + 1])) a->petsc[a->npetsc++] = argv[++i];
  } else FailOption(a, word);
  return i + 1;
}

void ArgumentsParse(int argc, char **argv, Arguments *a)
{
  int i = 1;

  memset(a, 0, sizeof *a);
  a->level = 1;
  if (argc >= ARGUMENTS_MAX) Fail(a, "more than %d arguments", ARGUMENTS_MAX);
  while (i < argc && IsGlobal(a, argv[i])) i++;
  if (a->help || a->version || a->error[0]) return;
  if (i == argc) Fail(a, "no command given; see umklapp --help");
  else if (IsDashed(argv[i])) Fail(a, "unknown option '%s' before the command; see umklapp --help", argv[i]);
  else a->command = FindCommand(a, argv[i++]);
  if (!a->command) return;
  while (i < argc && !a->error[0]) {
    if (IsGlobal(a, argv[i])) i++;
    else i = ReadWord(a, argc, argv, i);
  }
  if (a->help) a->error[0] = 0;
  else if (a->noperands < a->command->min) Fail(a, "usage: umklapp %s %s [options]", a->command->name, a->command->operands);
  else if (a->noperands > a->command->max) Fail(a, "'%s' is one argument too many; usage: umklapp %s %s [options]", a->operand[a->command->max], a->command->name, a->command->operands);
}

void ArgumentsPrintHelp(const Arguments *a, FILE *out)
{
  const Command *c = a->command;

  if (!c) {
    fprintf(out, "umklapp %s: coupled electron-phonon transport from the linearized Boltzmann equation\n\n", ProgramVersion());
    for (c = commands; c->name; c++) fprintf(out, "  umklapp %-8s %-14s %s\n", c->name, c->operands, c->help);
    fprintf(out, "\n  umklapp COMMAND --help   options of a command\n  --quiet, --verbose       less or more text; --version\n");
    return;
  }
  fprintf(out, "usage: umklapp %s %s [options]%s\n\n%s\n\n", c->name, c->operands, c->petsc ? " [PETSc options]" : "", c->help);
  for (const Option *o = c->options; o && o->name; o++) {
    char text[80];
    snprintf(text, sizeof text, "%s%s%s %s", o->alias ? o->alias : "", o->alias ? ", " : "", o->name, o->value ? o->value : "");
    fprintf(out, "  %-28s %s\n", text, o->help);
  }
  fprintf(out, "  %-28s %s\n", "--quiet, --verbose", "less or more text");
  if (c->more) c->more(out);
}

const char *ArgumentsGet(const Arguments *a, const char *name)
{
  for (int i = a->noptions - 1; i >= 0; i--)
    if (!strcmp(a->option[i].name, name)) return a->option[i].value;
  return NULL;
}

int ArgumentsGetAll(const Arguments *a, const char *name, const char **values)
{
  int n = 0;

  for (int i = 0; i < a->noptions; i++)
    if (!strcmp(a->option[i].name, name)) values[n++] = a->option[i].value;
  return n;
}

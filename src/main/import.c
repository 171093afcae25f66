/* `umklapp import FORMAT PATH [FORMAT PATH]... -o FILE`: files of other programs into one native material file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "commands.h"
#include "umklapp/material.h"

static PetscErrorCode CheckFormat(const char *format)
{
  const char *const *names, *const *help;
  char               list[512] = "";
  int                n, near;

  PetscFunctionBeginUser;
  PetscCall(MaterialImportFormats(&n, &names, &help));
  for (int i = 0; i < n; i++) {
    if (!strcmp(names[i], format)) PetscFunctionReturn(0);
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
  }
  near = NearestName(format, n, names);
  if (near >= 0) return InputErrorAt(NULL, 0, "unknown format '%s'; did you mean '%s'?", format, names[near]);
  return InputErrorAt(NULL, 0, "unknown format '%s'; there are: %s", format, list);
}

void ImportPrintFormats(FILE *out)
{
  const char *const *names, *const *help;
  int                n;

  if (MaterialImportFormats(&n, &names, &help)) return;
  fprintf(out, "\nformats (docs/formats.md):\n");
  for (int i = 0; i < n; i++) fprintf(out, "  %-12s %s\n", names[i], help[i]);
}

/* "8,8,8" or "8" */
static PetscErrorCode ReadMesh(const Arguments *a, const char *option, PetscInt mesh[3])
{
  const char *text = ArgumentsGet(a, option);
  int         n[3], used = 0;

  if (!text) return 0;
  if (sscanf(text, "%d,%d,%d%n", &n[0], &n[1], &n[2], &used) != 3 || text[used]) {
    used = 0;
    if (sscanf(text, "%d%n", &n[0], &used) != 1 || text[used]) used = -1;
    n[1] = n[2] = n[0];
  }
  for (int i = 0; i < 3 && used >= 0; i++)
    if (n[i] < 1 || n[i] > 1024) used = -1;
  if (used < 0) return InputErrorAt(NULL, 0, "%s: '%s' is not a mesh; write N1,N2,N3 with numbers from 1 to 1024", option, text);
  for (int i = 0; i < 3; i++) mesh[i] = n[i];
  return 0;
}

static PetscErrorCode ReadReal(const Arguments *a, const char *option, PetscReal low, PetscReal high, PetscReal *value)
{
  const char *text = ArgumentsGet(a, option);
  char       *end;
  PetscReal   x;

  if (!text) return 0;
  x = strtod(text, &end);
  if (end == text || *end || !(x >= low && x <= high)) return InputErrorAt(NULL, 0, "%s: '%s' is not a number from %g to %g", option, text, low, high);
  *value = x;
  return 0;
}

static PetscErrorCode ReadInterpolation(const Arguments *a, Interpolation *interpolation)
{
  static const char *const names[] = {"source", "redistributed", "symmetric"}; /* order of Interpolation */
  const char              *text    = ArgumentsGet(a, "--interpolation");

  if (!text) return 0;
  for (int i = 0; i < 3; i++)
    if (!strcmp(text, names[i])) {
      *interpolation = (Interpolation)i;
      return 0;
    }
  return InputErrorAt(NULL, 0, "--interpolation: '%s' is none of source, redistributed, symmetric", text);
}

static PetscErrorCode ReadSumRule(const Arguments *a, SumRule *rule)
{
  static const char *const names[] = {"none", "simple", "crystal", "rotational"}; /* order of SumRule */
  const char              *text    = ArgumentsGet(a, "--sum-rule");
  int                      near;

  if (!text) return 0;
  for (int i = 0; i < 4; i++)
    if (!strcmp(text, names[i])) {
      *rule = (SumRule)i;
      return 0;
    }
  near = NearestName(text, 4, names);
  if (near >= 0) return InputErrorAt(NULL, 0, "--sum-rule: no rule '%s'; did you mean '%s'?", text, names[near]);
  return InputErrorAt(NULL, 0, "--sum-rule: '%s' is none of none, simple, crystal, rotational", text);
}

static PetscErrorCode ReadThirdOrder(const Arguments *a, ThirdOrderSymmetry *symmetry)
{
  static const char *const names[] = {"none", "permutation", "full"}; /* order of ThirdOrderSymmetry */
  const char              *text    = ArgumentsGet(a, "--third-order-symmetry");

  if (!text) return 0;
  for (int i = 0; i < 3; i++)
    if (!strcmp(text, names[i])) {
      *symmetry = (ThirdOrderSymmetry)i;
      return 0;
    }
  return InputErrorAt(NULL, 0, "--third-order-symmetry: '%s' is none of none, permutation, full", text);
}

static PetscErrorCode ReadOptions(const Arguments *a, ImportOptions *o)
{
  const char *use_ws = ArgumentsGet(a, "--use-ws");
  PetscReal   precision = 64, bits = 0;

  PetscFunctionBeginUser;
  PetscCall(ImportOptionsDefault(o));
  precision = o->precision;
  bits      = o->mantissa_bits;
  PetscCall(ReadMesh(a, "--coarse-k", o->coarse_k));
  PetscCall(ReadMesh(a, "--coarse-q", o->coarse_q));
  if (use_ws) {
    PetscCheckInput(!strcmp(use_ws, "yes") || !strcmp(use_ws, "no"), NULL, 0, "--use-ws: '%s' is neither yes nor no", use_ws);
    o->use_ws = !strcmp(use_ws, "yes");
  }
  PetscCall(ReadInterpolation(a, &o->interpolation));
  PetscCall(ReadSumRule(a, &o->sum_rule));
  PetscCall(ReadThirdOrder(a, &o->third_order));
  PetscCall(ReadReal(a, "--precision", 32, 64, &precision));
  PetscCheckInput(precision == 32 || precision == 64, NULL, 0, "--precision: '%s' is neither 64 nor 32", ArgumentsGet(a, "--precision"));
  PetscCall(ReadReal(a, "--mantissa-bits", 0, 52, &bits));
  PetscCheckInput(bits == floor(bits), NULL, 0, "--mantissa-bits: '%s' is not a whole number", ArgumentsGet(a, "--mantissa-bits"));
  PetscCall(ReadReal(a, "--threshold", 0, 1, &o->threshold));
  PetscCall(ReadReal(a, "--real-tolerance", 0, 1, &o->real_tolerance));
  if (ArgumentsGet(a, "--complex")) o->real_tolerance = -1;
  o->precision     = (int)precision;
  o->mantissa_bits = (int)bits;
  PetscFunctionReturn(0);
}

/* What the file came from: the command, without the machine's folders. */
static void Provenance(const Arguments *a, char *text, size_t size)
{
  snprintf(text, size, "umklapp %s (%s) import", ProgramVersion(), ProgramCommit());
  for (int i = 0; i < a->noperands; i += 2) {
    const size_t used = strlen(text);
    snprintf(text + used, size - used, " %s", a->operand[i]);
  }
  for (int i = 0; i < a->noptions; i++) {
    const size_t used = strlen(text);
    if (strcmp(a->option[i].name, "--output")) snprintf(text + used, size - used, " %s %s", a->option[i].name, a->option[i].value);
  }
}

PetscErrorCode CommandImport(const Arguments *a)
{
  const char   *output = ArgumentsGet(a, "--output");
  ImportOptions options;
  Material      m;
  ImportPart    parts[ARGUMENTS_MAX / 2];
  char          provenance[1024];
  struct stat   info;
  int           rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCheckInput(output, NULL, 0, "umklapp import needs the name of the file to write: -o FILE");
  PetscCheckInput(a->noperands % 2 == 0, NULL, 0, "usage: umklapp import FORMAT PATH [FORMAT PATH]... -o FILE; '%s' has no path", a->operand[a->noperands - 1]);
  for (int i = 0; i < a->noperands; i += 2) {
    PetscCall(CheckFormat(a->operand[i]));
    parts[i / 2] = (ImportPart){a->operand[i], a->operand[i + 1]};
  }
  PetscCall(ReadOptions(a, &options));
  PetscCall(MaterialImportParts(PETSC_COMM_WORLD, a->noperands / 2, parts, &options, &m));
  Provenance(a, provenance, sizeof provenance);
  PetscCall(MaterialWrite(m, output, provenance));
  if (!rank) PetscCall(MaterialPrint(m, stdout));
  if (!rank && !stat(output, &info)) Log(1, "written: %s (%.1f MB)", output, 1e-6 * (double)info.st_size);
  PetscCall(MaterialDestroy(&m));
  PetscFunctionReturn(0);
}

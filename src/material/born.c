/*
  phonopy's file BORN: a line with the factor (or a comment, or "default"), the dielectric tensor, Z* (field, displacement) of the atoms of the primitive
  cell that no operation takes to an earlier one. The others follow:  Z*(image of k) = S Z*(k) S^T,  averaged over the operations that do so.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"
#include "fortran_text.h"
#include <ctype.h>

/* Z* given for the atoms `owner` says are their own, in their order, or for all */
static PetscErrorCode expand(const Crystal crystal, const PetscReal *given, bool all, PetscReal *born)
{
  const PetscInt n = crystal->natoms;
  PetscInt      *place, *count, found = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &place));
  PetscCall(PetscCalloc1(n, &count));
  for (PetscInt k = 0; k < n; k++) { /* the first atom that an operation takes to k */
    PetscInt least = k;

    for (PetscInt io = 0; io < crystal->nops; io++)
      for (PetscInt l = 0; l < least; l++)
        if (crystal->atom_image[io * n + l] == k) least = l;
    place[k] = all ? k : least == k ? found++ : -1;
  }
  PetscCall(PetscArrayzero(born, 9 * n));
  for (PetscInt io = 0; io < crystal->nops; io++)
    for (PetscInt l = 0; l < n; l++) {
      const PetscInt k = crystal->atom_image[io * n + l];
      PetscReal      S[3][3], St[3][3], Z[3][3], SZ[3][3];

      if (crystal->op[io].time_reversal || place[l] < 0) continue;
      memcpy(S, crystal->op[io].cart, sizeof(S));
      memcpy(Z, &given[9 * place[l]], sizeof(Z));
      for (int c = 0; c < 9; c++) St[c % 3][c / 3] = S[c / 3][c % 3];
      MatMul3((const PetscReal(*)[3])S, (const PetscReal(*)[3])Z, SZ);
      MatMul3((const PetscReal(*)[3])SZ, (const PetscReal(*)[3])St, Z);
      for (int c = 0; c < 9; c++) born[9 * k + c] += Z[c / 3][c % 3];
      count[k]++;
    }
  for (PetscInt i = 0; i < 9 * n; i++) born[i] /= (PetscReal)count[i / 9];
  PetscCall(PetscFree(place));
  PetscCall(PetscFree(count));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_born(FortranText *t, PetscInt natoms, PetscReal epsilon[9], PetscReal *given, PetscInt *ngiven, PetscReal *factor)
{
  *factor = 0.0;
  PetscFunctionBeginUser;
  if (strchr("+-.0123456789", FortranTextPeek(t)) && FortranTextPeek(t)) PetscCall(FortranTextReal(t, "factor of the dipole term", 1, factor));
  FortranTextSkipLine(t);
  PetscCall(FortranTextReal(t, "dielectric tensor", 9, epsilon));
  for (*ngiven = 0; FortranTextPeek(t); ++*ngiven) {
    if (*ngiven == natoms) return InputErrorAt(t->path, t->line, "more Born charges than the %d atoms of the primitive cell", (int)natoms);
    PetscCall(FortranTextReal(t, "Born charge", 9, &given[9 * *ngiven]));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode count_kinds(const Crystal crystal, PetscInt *kinds)
{
  const PetscInt n = crystal->natoms;

  PetscFunctionBeginUser;
  *kinds = 0;
  for (PetscInt k = 0; k < n; k++) {
    bool own = true;

    for (PetscInt i = 0; i < crystal->nops * n; i++) own = own && !(crystal->atom_image[i] == k && i % n < k);
    *kinds += own;
  }
  PetscFunctionReturn(0);
}

PetscErrorCode BornRead(const char *path, const Cell *primitive, PetscReal epsilon[9], PetscReal **born, PetscReal *factor)
{
  const PetscInt n  = primitive->natoms;
  PhonopyYaml    y  = {.primitive = *primitive};
  WannierSource  s  = {0};
  FortranText    t  = {0};
  PetscReal     *given;
  PetscInt       ngiven = 0, kinds = 0;
  Crystal        crystal = NULL;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PhonopyCrystal(&y, &s));
  PetscCall(PetscMalloc1(9 * n, &given));
  code = FortranTextOpen(path, &t);
  if (!code) code = read_born(&t, n, epsilon, given, &ngiven, factor);
  PetscCall(FortranTextClose(&t));
  if (!code) code = CrystalCreate(3, (const PetscReal(*)[3])s.head.a, n, s.tau, s.mass, s.species, s.head.symprec, &crystal);
  if (!code) code = count_kinds(crystal, &kinds);
  if (!code && ngiven != kinds && ngiven != n) code = InputErrorAt(path, 0, "holds Born charges of %d atoms; the primitive cell has %d inequivalent ones", (int)ngiven, (int)kinds);
  if (!code) PetscCall(PetscMalloc1(9 * n, born));
  if (!code) code = expand(crystal, given, ngiven == n, *born);
  PetscCall(CrystalDestroy(&crystal));
  PetscCall(PetscFree(given));
  PetscCall(WannierSourceDestroy(&s));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* Supercells: see supercell.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "supercell.h"

#define SAME_POSITION 0.02 /* bohr */
#define WHOLE         1e-3 /* of a primitive vector */
#define TIE           1e-3 /* bohr: images this close share; the tolerance of distribute.c */

static void cartesian(const Cell *p, const int n[3], PetscReal r[3])
{
  const PetscReal x[3] = {n[0], n[1], n[2]};

  MatTVec3((const PetscReal(*)[3])p->a, x, r);
}

/* Vectors of the same lattice that are short: a search of +-2 around the rounded one then finds every nearest image. */
static void shorten(const Cell *p, int S[3][3])
{
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        PetscReal x[3], y[3];

        if (i == j) continue;
        cartesian(p, S[i], x);
        cartesian(p, S[j], y);
        const int n = (int)ceil(Dot3(x, y) / Dot3(y, y) - 0.5 - 1e-9); /* a tie stays as it is */
        if (n == 0 || fabs(Dot3(x, y)) <= (0.5 + 1e-9) * Dot3(y, y)) continue;
        for (int c = 0; c < 3; c++) S[i][c] -= n * S[j][c];
        changed = true;
      }
  }
}

static PetscErrorCode find_lattice(const char *path, const Cell *super, Supercell *sc)
{
  PetscReal inverse[3][3], S[3][3];

  PetscFunctionBeginUser;
  Invert3((const PetscReal(*)[3])sc->primitive->a, inverse);
  for (int i = 0; i < 3; i++) {
    MatTVec3((const PetscReal(*)[3])inverse, super->a[i], S[i]);
    if (!WholeVector(S[i], WHOLE, sc->S[i])) return InputErrorAt(path, 0, "the supercell does not fit the primitive cell: its vector %d is (%.4f %.4f %.4f) primitive vectors", i + 1, S[i][0], S[i][1], S[i][2]);
  }
  sc->cells = (PetscInt)lrint(fabs(Det3((const PetscReal(*)[3])S)));
  sc->n     = super->natoms;
  if (sc->cells < 1 || sc->n != sc->cells * sc->primitive->natoms)
    return InputErrorAt(path, 0, "the supercell has %d atoms, but is %d primitive cells of %d", (int)sc->n, (int)sc->cells, (int)sc->primitive->natoms);
  shorten(sc->primitive, sc->S);
  for (int i = 0; i < 9; i++) S[i / 3][i % 3] = sc->S[i / 3][i % 3];
  Invert3((const PetscReal(*)[3])S, inverse);
  for (int i = 0; i < 3; i++)
    for (sc->mesh[i] = 1; sc->mesh[i] < sc->cells; sc->mesh[i]++) {
      PetscReal x[3];
      int       n[3];

      for (int c = 0; c < 3; c++) x[c] = inverse[i][c] * (PetscReal)sc->mesh[i];
      if (WholeVector(x, 1e-6, n)) break;
    }
  PetscFunctionReturn(0);
}

/* Fractional coordinates of the primitive lattice -> the atom there and its cell */
static bool find_atom(const Cell *p, const PetscReal y[3], int *atom, int R[3])
{
  for (*atom = 0; *atom < p->natoms; ++*atom) {
    PetscReal d[3], r[3];

    for (int c = 0; c < 3; c++) d[c] = y[c] - p->x[3 * *atom + c];
    for (int c = 0; c < 3; c++) R[c] = (int)lrint(d[c]), d[c] -= R[c];
    MatTVec3((const PetscReal(*)[3])p->a, d, r);
    if (Norm3(r) <= SAME_POSITION) return true;
  }
  return false;
}

/* Is R - R' a vector of the supercell? */
static bool same_cell(const PetscReal inverse[3][3], const int R[3], const int other[3])
{
  const PetscReal d[3] = {R[0] - other[0], R[1] - other[1], R[2] - other[2]};
  PetscReal       x[3];
  int             n[3];

  MatTVec3(inverse, d, x);
  return WholeVector(x, 1e-6, n);
}

static PetscErrorCode find_atoms(const char *path, const Cell *super, Supercell *sc)
{
  PetscReal inverse[3][3], S[3][3];

  PetscFunctionBeginUser;
  Invert3((const PetscReal(*)[3])sc->primitive->a, inverse);
  for (PetscInt i = 0; i < sc->primitive->natoms; i++) sc->first[i] = -1;
  for (PetscInt i = 0; i < sc->n; i++) {
    PetscReal r[3], y[3];

    MatTVec3((const PetscReal(*)[3])super->a, &super->x[3 * i], r);
    MatTVec3((const PetscReal(*)[3])inverse, r, y);
    if (!find_atom(sc->primitive, y, &sc->atom[i], sc->R[i])) return InputErrorAt(path, 0, "atom %d of the supercell is no atom of the primitive cell", (int)i + 1);
    if (strcmp(super->symbol[i], sc->primitive->symbol[sc->atom[i]]))
      return InputErrorAt(path, 0, "atom %d of the supercell is %s where the primitive cell has %s", (int)i + 1, super->symbol[i], sc->primitive->symbol[sc->atom[i]]);
    if (sc->first[sc->atom[i]] < 0) sc->first[sc->atom[i]] = i;
  }
  for (int i = 0; i < 9; i++) S[i / 3][i % 3] = sc->S[i / 3][i % 3];
  Invert3((const PetscReal(*)[3])S, inverse);
  for (PetscInt i = 0; i < sc->n; i++)
    for (PetscInt j = 0; j < i; j++)
      if (sc->atom[i] == sc->atom[j] && same_cell((const PetscReal(*)[3])inverse, sc->R[i], sc->R[j])) return InputErrorAt(path, 0, "atoms %d and %d of the supercell are in one place", (int)j + 1, (int)i + 1);
  PetscFunctionReturn(0);
}

PetscErrorCode SupercellCreate(const char *path, const Cell *primitive, const Cell *super, Supercell *sc)
{
  PetscErrorCode code;

  PetscFunctionBeginUser;
  memset(sc, 0, sizeof(*sc));
  sc->primitive = primitive;
  PetscCall(PetscMalloc1(super->natoms, &sc->atom));
  PetscCall(PetscMalloc1(super->natoms, &sc->R));
  PetscCall(PetscMalloc1(primitive->natoms, &sc->first));
  code = find_lattice(path, super, sc);
  if (!code) code = find_atoms(path, super, sc);
  if (code) PetscCall(SupercellDestroy(sc));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode SupercellDestroy(Supercell *sc)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(sc->atom));
  PetscCall(PetscFree(sc->R));
  PetscCall(PetscFree(sc->first));
  PetscFunctionReturn(0);
}

PetscErrorCode SupercellImages(const Supercell *sc, PetscInt i, PetscInt j, int *nimages, int R[IMAGES_MOST][3])
{
  const Cell *p = sc->primitive;
  PetscReal   S[3][3], inverse[3][3], d[3], x[3], distance[125], least = HUGE_VAL;
  int         base[3], at[125][3];

  PetscFunctionBeginUser;
  for (int c = 0; c < 9; c++) S[c / 3][c % 3] = sc->S[c / 3][c % 3];
  Invert3((const PetscReal(*)[3])S, inverse);
  for (int c = 0; c < 3; c++) base[c] = sc->R[j][c] - sc->R[i][c];
  for (int c = 0; c < 3; c++) d[c] = base[c] + p->x[3 * sc->atom[j] + c] - p->x[3 * sc->atom[i] + c];
  MatTVec3((const PetscReal(*)[3])inverse, d, x);
  for (int m = 0; m < 125; m++) {
    const int n[3] = {m / 25 - 2 - (int)lrint(x[0]), m / 5 % 5 - 2 - (int)lrint(x[1]), m % 5 - 2 - (int)lrint(x[2])};
    PetscReal y[3], r[3];

    for (int c = 0; c < 3; c++) {
      const int shift = n[0] * sc->S[0][c] + n[1] * sc->S[1][c] + n[2] * sc->S[2][c];

      at[m][c] = base[c] + shift;
      y[c]     = d[c] + shift;
    }
    MatTVec3((const PetscReal(*)[3])p->a, y, r);
    distance[m] = Norm3(r);
    least       = PetscMin(least, distance[m]);
  }
  *nimages = 0;
  for (int m = 0; m < 125; m++) {
    if (distance[m] > least + TIE) continue;
    PetscCheck(*nimages < IMAGES_MOST, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "more than %d equally near images", IMAGES_MOST);
    memcpy(R[(*nimages)++], at[m], sizeof(at[m]));
  }
  PetscFunctionReturn(0);
}

/* Parts of an import that name one crystal differently: see parts.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parts.h"

#define SAME_CELL 1e-3 /* relative: lattice vectors of two programs */
#define SAME_ATOM 0.02 /* bohr */
#define SAME_MASS 0.05 /* relative: another isotope mixture is the same element */

/* W of the lattices; false when one is no whole combination of the other, or not of the same volume */
static bool match_lattices(const PetscReal a[3][3], const PetscReal other[3][3], int W[3][3], PetscReal *worst)
{
  PetscReal inverse[3][3], x[3][3];

  Invert3(a, inverse);
  MatMul3(other, (const PetscReal(*)[3])inverse, x);
  *worst = 0.0;
  for (int c = 0; c < 9; c++) {
    W[c / 3][c % 3] = (int)lrint(x[c / 3][c % 3]);
    *worst          = PetscMax(*worst, fabs(x[c / 3][c % 3] - W[c / 3][c % 3]));
  }
  for (int c = 0; c < 9; c++) x[c / 3][c % 3] = W[c / 3][c % 3];
  return *worst <= SAME_CELL && fabs(fabs(Det3((const PetscReal(*)[3])x)) - 1.0) < 0.5;
}

/* The atom of s within SAME_ATOM of Cartesian r modulo the lattice, or -1 */
static int find_atom(const WannierSource *s, const PetscReal inverse[3][3], const PetscReal r[3], int shift[3], PetscReal *distance)
{
  int found = -1;

  *distance = HUGE_VAL;
  for (PetscInt j = 0; j < s->head.natoms; j++) {
    PetscReal d[3], x[3], y[3];
    int       n[3];

    for (int i = 0; i < 3; i++) d[i] = r[i] - s->tau[3 * j + i];
    MatTVec3(inverse, d, x);
    for (int i = 0; i < 3; i++) n[i] = (int)lrint(x[i]), x[i] -= n[i];
    MatTVec3((const PetscReal(*)[3])s->head.a, x, y);
    if (Norm3(y) >= *distance) continue;
    *distance = Norm3(y);
    found     = (int)j;
    memcpy(shift, n, sizeof(n));
  }
  return *distance <= SAME_ATOM ? found : -1;
}

static bool same_kind(const WannierSource *s, const WannierSource *other, int i, PetscInt k)
{
  return !other->mass || fabs(other->mass[k] / s->mass[i] - 1.0) <= SAME_MASS;
}

/* All atoms of other, its origin put at `origin`; the first that has no place in *lost (-1: none), *worst: how far they are */
static bool match_atoms(const WannierSource *s, const WannierSource *other, const PetscReal origin[3], CellMap *map, PetscInt *lost, PetscReal *worst)
{
  PetscReal inverse[3][3];
  bool      taken[1000] = {false};

  Invert3((const PetscReal(*)[3])s->head.a, inverse);
  *lost  = -1;
  *worst = 0.0;
  for (PetscInt k = 0; k < other->head.natoms && *lost < 0; k++) {
    const PetscReal r[3] = {other->tau[3 * k] + origin[0], other->tau[3 * k + 1] + origin[1], other->tau[3 * k + 2] + origin[2]};
    PetscReal       distance;

    map->atom[k] = find_atom(s, (const PetscReal(*)[3])inverse, r, map->shift[k], &distance);
    *worst       = PetscMax(*worst, distance);
    if (map->atom[k] < 0 || taken[map->atom[k]] || !same_kind(s, other, map->atom[k], k)) *lost = k;
    else taken[map->atom[k]] = true;
  }
  return *lost < 0;
}

PetscErrorCode CellMapCreate(const char *path, const WannierSource *s, const WannierSource *other, CellMap *map)
{
  const PetscReal home[3] = {0, 0, 0};
  PetscReal       worst, distance;
  PetscInt        lost, lost_elsewhere;
  bool            found;

  PetscFunctionBeginUser;
  memset(map, 0, sizeof(*map));
  PetscCheckInput(other->head.natoms == s->head.natoms && s->head.natoms <= 1000, path, 0, "has %d atoms in the cell, the part before it %d", (int)other->head.natoms, (int)s->head.natoms);
  PetscCheckInput(match_lattices((const PetscReal(*)[3])s->head.a, (const PetscReal(*)[3])other->head.a, map->W, &worst), path, 0,
                  "its lattice is not that of the part before it (a whole number is missed by %.1e): same lattice constant, same Cartesian axes?", worst);
  map->natoms = other->head.natoms;
  PetscCall(PetscMalloc1(map->natoms, &map->atom));
  PetscCall(PetscMalloc1(map->natoms, &map->shift));
  found = match_atoms(s, other, home, map, &lost, &distance);
  for (PetscInt j = 0; j < s->head.natoms && !found; j++) { /* the same crystal seen from another origin */
    const PetscReal origin[3] = {s->tau[3 * j] - other->tau[0], s->tau[3 * j + 1] - other->tau[1], s->tau[3 * j + 2] - other->tau[2]};

    found = match_atoms(s, other, origin, map, &lost_elsewhere, &distance);
  }
  if (!found) {
    PetscCall(CellMapDestroy(map));
    return InputErrorAt(path, 0, "atom %d stands where the part before it has no atom of that mass: another structure?", (int)lost + 1);
  }
  if (worst > 1e-5 || distance > 1e-3) LogWarning("%s: lattice off by %.1e (relative), atoms by %.1e bohr from the part before it, whose cell is kept", path, worst, distance);
  PetscFunctionReturn(0);
}

PetscErrorCode CellMapDestroy(CellMap *map)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(map->atom));
  PetscCall(PetscFree(map->shift));
  PetscFunctionReturn(0);
}

void CellMapVector(const CellMap *map, int k, int l, const int R[3], int out[3])
{
  for (int j = 0; j < 3; j++) out[j] = R[0] * map->W[0][j] + R[1] * map->W[1][j] + R[2] * map->W[2][j] + map->shift[l][j] - map->shift[k][j];
}

/* --- merging ------------------------------------------------------------------------------------------------ */

static int compare_vectors(const void *x, const void *y)
{
  return memcmp(x, y, sizeof(int[3]));
}

/* The vectors that renamed pairs of atoms need, each once */
static PetscErrorCode renamed_vectors(const CellMap *map, const WannierSource *other, PetscInt *n, int (**R)[3])
{
  const PetscInt pairs = map->natoms * map->natoms;
  PetscInt       kept  = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(other->head.nRq * pairs, R));
  for (PetscInt i = 0; i < other->head.nRq * pairs; i++) CellMapVector(map, (int)(i % pairs / map->natoms), (int)(i % map->natoms), other->Rq[i / pairs], (*R)[i]);
  qsort(*R, (size_t)(other->head.nRq * pairs), sizeof(int[3]), compare_vectors);
  for (PetscInt i = 0; i < other->head.nRq * pairs; i++)
    if (kept == 0 || memcmp((*R)[kept - 1], (*R)[i], sizeof(int[3]))) memmove((*R)[kept++], (*R)[i], sizeof(int[3]));
  *n = kept;
  PetscFunctionReturn(0);
}

static PetscErrorCode merge_harmonic(const CellMap *map, WannierSource *s, const WannierSource *other)
{
  const PetscInt nat = map->natoms, nm = 3 * nat;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(s->D));
  PetscCall(PetscFree(s->Rq));
  PetscCall(renamed_vectors(map, other, &s->head.nRq, &s->Rq));
  PetscCall(PetscCalloc1(s->head.nRq * nm * nm, &s->D));
  for (PetscInt i = 0; i < other->head.nRq * nat * nat; i++) {
    const PetscInt r = i / (nat * nat), k = i % (nat * nat) / nat, l = i % nat;
    int            R[3], (*place)[3];

    CellMapVector(map, (int)k, (int)l, other->Rq[r], R);
    place = bsearch(R, s->Rq, (size_t)s->head.nRq, sizeof(int[3]), compare_vectors);
    for (int c = 0; c < 9; c++) s->D[(place - s->Rq) * nm * nm + (3 * map->atom[k] + c / 3) * nm + 3 * map->atom[l] + c % 3] += other->D[r * nm * nm + (3 * k + c / 3) * nm + 3 * l + c % 3];
  }
  if (!s->head.nb) memcpy(s->head.coarse_q, other->head.coarse_q, sizeof(s->head.coarse_q)); /* beside a coupling it bounds the vertex's dipole sum */
  s->head.moved[2] = other->head.moved[2];
  if (!s->head.nb) s->head.interpolation = other->head.interpolation, s->head.symmetrized = other->head.symmetrized;
  PetscFunctionReturn(0);
}

static PetscErrorCode merge_dipoles(const CellMap *map, WannierSource *s, const WannierSource *other)
{
  PetscFunctionBeginUser;
  s->head.polar        = other->head.polar;
  s->head.polar_length = other->head.polar_length;
  if (other->head.epsilon[0][0] > 0.0) memcpy(s->head.epsilon, other->head.epsilon, sizeof(s->head.epsilon));
  PetscCall(PetscFree(s->zstar));
  if (!other->head.polar) PetscFunctionReturn(0);
  PetscCall(PetscMalloc1(9 * map->natoms, &s->zstar));
  for (PetscInt k = 0; k < map->natoms; k++) PetscCall(PetscArraycpy(s->zstar + 9 * map->atom[k], other->zstar + 9 * k, 9));
  PetscFunctionReturn(0);
}

static PetscErrorCode merge_cubic(const CellMap *map, WannierSource *s, const WannierSource *other)
{
  const PetscInt n = other->head.nT;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(s->T_atom));
  PetscCall(PetscFree(s->T_R));
  PetscCall(PetscFree(s->phi3));
  PetscCall(PetscMalloc1(n, &s->T_atom));
  PetscCall(PetscMalloc1(n, &s->T_R));
  PetscCall(PetscMalloc1((size_t)n * 27, &s->phi3));
  s->head.nT = n;
  for (PetscInt t = 0; t < n; t++) {
    const int *atom = other->T_atom[t];

    for (int i = 0; i < 3; i++) s->T_atom[t][i] = map->atom[atom[i]];
    for (int i = 0; i < 2; i++) CellMapVector(map, atom[0], atom[i + 1], other->T_R[t][i], s->T_R[t][i]);
  }
  PetscCall(PetscArraycpy(s->phi3, other->phi3, (size_t)n * 27));
  PetscFunctionReturn(0);
}

PetscErrorCode SourceMerge(const char *path, WannierSource *s, const WannierSource *other)
{
  const bool     harmonic = other->head.nRq > 0;
  PetscErrorCode code     = 0;
  CellMap        map;

  PetscFunctionBeginUser;
  PetscCheckInput(!other->head.nb, path, 0, "holds electrons: give it as the first part");
  PetscCheckInput(!harmonic || !s->head.nRe || (!s->head.polar && !other->head.polar), path, 0,
                  "its force constants cannot replace those beside an electron-phonon coupling with dipole terms: the coupling was made with the Born charges of the part before it");
  PetscCall(CellMapCreate(path, s, other, &map));
  if (harmonic) {
    Log(1, "  harmonic force constants of %s %s, %d vectors", path, s->head.nRq ? "replace those of the part before it" : "taken", (int)other->head.nRq);
    code = merge_harmonic(&map, s, other);
    if (!code) code = merge_dipoles(&map, s, other);
  }
  if (!code && other->head.nT) code = merge_cubic(&map, s, other);
  PetscCall(CellMapDestroy(&map));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode SourceMergeCubic(const char *path, WannierSource *s, const WannierSource *other)
{
  PetscErrorCode code;
  CellMap        map;

  PetscFunctionBeginUser;
  PetscCheckInput(other->head.nT, path, 0, "holds no third-order force constants");
  PetscCall(CellMapCreate(path, s, other, &map));
  code = merge_cubic(&map, s, other);
  PetscCall(CellMapDestroy(&map));
  PetscCall(code);
  Log(1, "  third order of %s taken, %d triplets", path, (int)other->head.nT);
  PetscFunctionReturn(0);
}

/* Cells of other programs: see cell.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell.h"

/* Standard atomic weights to four digits (IUPAC 2021): they tell elements apart, nothing is computed with them. */
static const struct {
  char      symbol[3];
  PetscReal amu;
} elements[] = {{"H", 1.008},  {"He", 4.003}, {"Li", 6.94},  {"Be", 9.012}, {"B", 10.81},  {"C", 12.01},  {"N", 14.01},  {"O", 16.00},  {"F", 19.00},  {"Ne", 20.18}, {"Na", 22.99}, {"Mg", 24.31}, {"Al", 26.98},
                {"Si", 28.09}, {"P", 30.97},  {"S", 32.06},  {"Cl", 35.45}, {"Ar", 39.95}, {"K", 39.10},  {"Ca", 40.08}, {"Sc", 44.96}, {"Ti", 47.87}, {"V", 50.94},  {"Cr", 52.00}, {"Mn", 54.94}, {"Fe", 55.85},
                {"Co", 58.93}, {"Ni", 58.69}, {"Cu", 63.55}, {"Zn", 65.38}, {"Ga", 69.72}, {"Ge", 72.63}, {"As", 74.92}, {"Se", 78.97}, {"Br", 79.90}, {"Kr", 83.80}, {"Rb", 85.47}, {"Sr", 87.62}, {"Y", 88.91},
                {"Zr", 91.22}, {"Nb", 92.91}, {"Mo", 95.95}, {"Ru", 101.1}, {"Rh", 102.9}, {"Pd", 106.4}, {"Ag", 107.9}, {"Cd", 112.4}, {"In", 114.8}, {"Sn", 118.7}, {"Sb", 121.8}, {"Te", 127.6}, {"I", 126.9},
                {"Xe", 131.3}, {"Cs", 132.9}, {"Ba", 137.3}, {"La", 138.9}, {"Ce", 140.1}, {"Pr", 140.9}, {"Nd", 144.2}, {"Sm", 150.4}, {"Eu", 152.0}, {"Gd", 157.3}, {"Tb", 158.9}, {"Dy", 162.5}, {"Ho", 164.9},
                {"Er", 167.3}, {"Tm", 168.9}, {"Yb", 173.0}, {"Lu", 175.0}, {"Hf", 178.5}, {"Ta", 180.9}, {"W", 183.8},  {"Re", 186.2}, {"Os", 190.2}, {"Ir", 192.2}, {"Pt", 195.1}, {"Au", 197.0}, {"Hg", 200.6},
                {"Tl", 204.4}, {"Pb", 207.2}, {"Bi", 209.0}, {"Th", 232.0}, {"Pa", 231.0}, {"U", 238.0}};

PetscReal ElementMass(const char *symbol)
{
  for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
    if (!strcmp(symbol, elements[i].symbol)) return elements[i].amu * UMK_AMU;
  return 0.0;
}

PetscErrorCode CellCreate(PetscInt natoms, Cell *c)
{
  PetscFunctionBeginUser;
  c->natoms = natoms;
  PetscCall(PetscCalloc1(3 * natoms, &c->x));
  PetscCall(PetscCalloc1(natoms, &c->mass));
  PetscCall(PetscCalloc1(natoms, &c->symbol));
  PetscFunctionReturn(0);
}

PetscErrorCode CellDestroy(Cell *c)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(c->x));
  PetscCall(PetscFree(c->mass));
  PetscCall(PetscFree(c->symbol));
  c->natoms = 0;
  PetscFunctionReturn(0);
}

PetscErrorCode CellMapIdentity(const WannierSource *s, CellMap *map)
{
  PetscFunctionBeginUser;
  memset(map, 0, sizeof(*map));
  map->natoms = s->head.natoms;
  PetscCall(PetscCalloc1(map->natoms, &map->atom));
  PetscCall(PetscCalloc1(map->natoms, &map->shift));
  for (int i = 0; i < 3; i++) map->W[i][i] = 1;
  for (int i = 0; i < (int)map->natoms; i++) map->atom[i] = i;
  PetscFunctionReturn(0);
}

/* Masses are compared when all are known, of the file or of the elements. */
PetscErrorCode CellMatch(const char *path, const Cell *c, const WannierSource *s, CellMap *map)
{
  WannierSource  other = {0};
  PetscErrorCode code;
  bool           known = true;

  PetscFunctionBeginUser;
  other.head.natoms = c->natoms;
  memcpy(other.head.a, c->a, sizeof(c->a));
  PetscCall(PetscMalloc1(3 * c->natoms, &other.tau));
  PetscCall(PetscMalloc1(c->natoms, &other.mass));
  for (PetscInt k = 0; k < c->natoms; k++) {
    MatTVec3((const PetscReal(*)[3])c->a, &c->x[3 * k], &other.tau[3 * k]);
    other.mass[k] = c->mass[k] > 0.0 ? c->mass[k] : ElementMass(c->symbol[k]);
    known         = known && other.mass[k] > 0.0;
  }
  if (!known) PetscCall(PetscFree(other.mass));
  code = CellMapCreate(path, s, &other, map);
  PetscCall(WannierSourceDestroy(&other));
  PetscCall(code);
  PetscFunctionReturn(0);
}

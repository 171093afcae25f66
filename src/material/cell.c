/* Cells of other programs: see cell.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell.h"

/* Mean masses of the natural isotopes (masses of AME2020, compositions of IUPAC 2013 to 2021) */
static const struct {
  char      symbol[3];
  PetscReal amu;
} elements[] = {{"H", 1.00795},  {"He", 4.0026}, {"Li", 6.94003},  {"Be", 9.01218}, {"B", 10.811},  {"C", 12.0107},  {"N", 14.0067},  {"O", 15.9994},  {"F", 18.9984},  {"Ne", 20.18}, {"Na", 22.9898}, {"Mg", 24.3051}, {"Al", 26.9815},
                {"Si", 28.0855}, {"P", 30.9738},  {"S", 32.0648},  {"Cl", 35.4529}, {"Ar", 39.9478}, {"K", 39.0983},  {"Ca", 40.078}, {"Sc", 44.9559}, {"Ti", 47.8667}, {"V", 50.9415},  {"Cr", 51.9961}, {"Mn", 54.938}, {"Fe", 55.8451},
                {"Co", 58.9332}, {"Ni", 58.6934}, {"Cu", 63.546}, {"Zn", 65.3778}, {"Ga", 69.7231}, {"Ge", 72.6299}, {"As", 74.9216}, {"Se", 78.9711}, {"Br", 79.9035}, {"Kr", 83.798}, {"Rb", 85.4677}, {"Sr", 87.6166}, {"Y", 88.9058},
                {"Zr", 91.2236}, {"Nb", 92.9064}, {"Mo", 95.9488}, {"Ru", 101.065}, {"Rh", 102.906}, {"Pd", 106.415}, {"Ag", 107.868}, {"Cd", 112.414}, {"In", 114.818}, {"Sn", 118.71}, {"Sb", 121.76}, {"Te", 127.603}, {"I", 126.904},
                {"Xe", 131.293}, {"Cs", 132.905}, {"Ba", 137.327}, {"La", 138.906}, {"Ce", 140.116}, {"Pr", 140.908}, {"Nd", 144.242}, {"Sm", 150.365}, {"Eu", 151.964}, {"Gd", 157.252}, {"Tb", 158.925}, {"Dy", 162.499}, {"Ho", 164.93},
                {"Er", 167.259}, {"Tm", 168.934}, {"Yb", 173.045}, {"Lu", 174.967}, {"Hf", 178.486}, {"Ta", 180.948}, {"W", 183.842},  {"Re", 186.207}, {"Os", 190.225}, {"Ir", 192.217}, {"Pt", 195.084}, {"Au", 196.967}, {"Hg", 200.593},
                {"Tl", 204.383}, {"Pb", 207.217}, {"Bi", 208.98}, {"Th", 232.038}, {"Pa", 231.036}, {"U", 238.029}};

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

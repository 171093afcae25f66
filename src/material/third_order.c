/* Third-order force constants: see third_order.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "third_order.h"
#include <stdlib.h>

#define GROSS      0.1   /* of the largest element: not noise, another crystal */
#define CONVERGED  1e-13 /* sum rule, relative, when it is imposed */
#define ITERATIONS 2000

/* --- the set ---------------------------------------------------------------------------------------------- */

static uint64_t hash(const Triplet *t)
{
  const int *x = t->atom;
  uint64_t   h = 1469598103934665603ull;

  for (int i = 0; i < 9; i++) h = (h ^ (uint32_t)x[i]) * 1099511628211ull;
  return h ^ h >> 29;
}

PetscErrorCode ThirdOrderCreate(ThirdOrder *t)
{
  PetscFunctionBeginUser;
  memset(t, 0, sizeof(*t));
  PetscFunctionReturn(0);
}

PetscErrorCode ThirdOrderDestroy(ThirdOrder *t)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(t->triplet));
  PetscCall(PetscFree(t->phi));
  PetscCall(PetscFree(t->slot));
  memset(t, 0, sizeof(*t));
  PetscFunctionReturn(0);
}

/* The slot that holds the triplet, or the free one where it belongs */
static PetscInt find_slot(const ThirdOrder *t, const Triplet *triplet)
{
  PetscInt i = (PetscInt)(hash(triplet) & (uint64_t)(t->slots - 1));

  while (t->slot[i] && memcmp(&t->triplet[t->slot[i] - 1], triplet, sizeof(*triplet))) i = (i + 1) & (t->slots - 1);
  return i;
}

static PetscErrorCode grow(ThirdOrder *t)
{
  const PetscInt capacity = t->capacity ? 2 * t->capacity : 1024;
  Triplet       *triplet;
  PetscReal     *phi;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(capacity, &triplet));
  PetscCall(PetscMalloc1((size_t)capacity * 27, &phi));
  if (t->n) {
    PetscCall(PetscArraycpy(triplet, t->triplet, t->n));
    PetscCall(PetscArraycpy(phi, t->phi, (size_t)t->n * 27));
  }
  PetscCall(PetscFree(t->triplet));
  PetscCall(PetscFree(t->phi));
  PetscCall(PetscFree(t->slot));
  t->triplet  = triplet;
  t->phi      = phi;
  t->capacity = capacity;
  t->slots    = 2 * capacity;
  PetscCall(PetscCalloc1(t->slots, &t->slot));
  for (PetscInt i = 0; i < t->n; i++) t->slot[find_slot(t, &t->triplet[i])] = i + 1;
  PetscFunctionReturn(0);
}

PetscErrorCode ThirdOrderAdd(ThirdOrder *t, const Triplet *triplet, const PetscReal phi[27])
{
  PetscInt i;

  PetscFunctionBeginUser;
  if (t->n == t->capacity) PetscCall(grow(t));
  i = find_slot(t, triplet);
  if (!t->slot[i]) {
    t->triplet[t->n] = *triplet;
    memset(&t->phi[27 * t->n], 0, 27 * sizeof(*t->phi));
    t->slot[i] = ++t->n;
  }
  for (int c = 0; phi && c < 27; c++) t->phi[27 * (t->slot[i] - 1) + c] += phi[c];
  PetscFunctionReturn(0);
}

PetscInt ThirdOrderFind(const ThirdOrder *t, const Triplet *triplet)
{
  return t->n ? t->slot[find_slot(t, triplet)] - 1 : -1;
}

/* --- permutations and operations ---------------------------------------------------------------------------- */

/* New place i is held by the old place order[i] */
static const int orders[6][3] = {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1}};

static Triplet permute(const Triplet *t, const int order[3])
{
  const int cell[3][3] = {{0, 0, 0}, {t->R[0][0], t->R[0][1], t->R[0][2]}, {t->R[1][0], t->R[1][1], t->R[1][2]}};
  Triplet   out;

  for (int i = 0; i < 3; i++) out.atom[i] = t->atom[order[i]];
  for (int i = 0; i < 6; i++) out.R[i / 3][i % 3] = cell[order[1 + i / 3]][i % 3] - cell[order[0]][i % 3];
  return out;
}

/* Where component c = 9a + 3b + c of the old triplet stands in the permuted one */
static int permuted_component(int c, const int order[3])
{
  const int axis[3] = {c / 9, c / 3 % 3, c % 3};

  return 9 * axis[order[0]] + 3 * axis[order[1]] + axis[order[2]];
}

static void lattice_matrix(const Crystal c, const CrystalOp *op, int W[3][3])
{
  for (int j = 0; j < 3; j++) {
    PetscReal y[3];

    MatVec3((const PetscReal(*)[3])op->cart, c->a[j], y);
    for (int i = 0; i < 3; i++) W[i][j] = (int)lrint(Dot3(c->b[i], y) / (2.0 * UMK_PI));
  }
}

static Triplet operate(const Crystal c, PetscInt io, const int W[3][3], const Triplet *t)
{
  const int *image      = &c->atom_image[io * c->natoms];
  const int(*shift)[3]  = (const int(*)[3]) & c->atom_shift[io * c->natoms];
  Triplet    out;

  for (int i = 0; i < 3; i++) out.atom[i] = image[t->atom[i]];
  for (int i = 0; i < 6; i++) {
    const int *R = t->R[i / 3], x = i % 3;

    out.R[i / 3][x] = W[x][0] * R[0] + W[x][1] * R[1] + W[x][2] * R[2] + shift[t->atom[1 + i / 3]][x] - shift[t->atom[0]][x];
  }
  return out;
}

/* out_ijk = S_ia S_jb S_kc phi_abc; transpose: with S^T */
static void rotate(const PetscReal S[3][3], bool transpose, const PetscReal phi[27], PetscReal out[27])
{
  PetscReal x[27], y[27];

  memcpy(x, phi, sizeof(x));
  for (int step = 0; step < 3; step++) { /* the first index is rotated and becomes the last: after three the order is back */
    for (int i = 0; i < 3; i++)
      for (int rest = 0; rest < 9; rest++) {
        PetscReal sum = 0.0;

        for (int a = 0; a < 3; a++) sum += (transpose ? S[a][i] : S[i][a]) * x[9 * a + rest];
        y[3 * rest + i] = sum;
      }
    memcpy(x, y, sizeof(x));
  }
  memcpy(out, x, sizeof(x));
}

/* --- checks --------------------------------------------------------------------------------------------------- */

static PetscReal largest(const ThirdOrder *t)
{
  PetscReal most = 0.0;

  for (PetscInt i = 0; i < 27 * t->n; i++) most = PetscMax(most, fabs(t->phi[i]));
  return most;
}

/* sums: the triplets whose third atom is the home cell's first, holding the sum over the index `place` of t; group[i]: the sum of triplet i */
static PetscErrorCode sum_index(const ThirdOrder *t, int place, ThirdOrder *sums, PetscInt *group)
{
  const int order[3] = {place == 0 ? 1 : 0, place == 2 ? 1 : 2, place};

  PetscFunctionBeginUser;
  PetscCall(ThirdOrderCreate(sums));
  for (PetscInt i = 0; i < t->n; i++) {
    Triplet   key = permute(&t->triplet[i], order);
    PetscReal phi[27];

    key.atom[2] = 0;
    memset(key.R[1], 0, sizeof(key.R[1]));
    for (int c = 0; c < 27; c++) phi[permuted_component(c, order)] = t->phi[27 * i + c];
    PetscCall(ThirdOrderAdd(sums, &key, phi));
    if (group) group[i] = ThirdOrderFind(sums, &key);
  }
  PetscFunctionReturn(0);
}

static PetscReal permutation_defect(const ThirdOrder *t)
{
  PetscReal defect = 0.0;

  for (PetscInt i = 0; i < t->n; i++)
    for (int p = 1; p < 6; p++) {
      const Triplet  other = permute(&t->triplet[i], orders[p]);
      const PetscInt j     = ThirdOrderFind(t, &other);

      for (int c = 0; c < 27; c++) defect = PetscMax(defect, fabs(t->phi[27 * i + c] - (j < 0 ? 0.0 : t->phi[27 * j + permuted_component(c, orders[p])])));
    }
  return defect;
}

static PetscReal group_defect(const ThirdOrder *t, const Crystal crystal)
{
  PetscReal defect = 0.0, image[27];
  int       W[3][3];

  for (PetscInt io = 1; io < crystal->nops; io++) {
    if (crystal->op[io].time_reversal) continue;
    lattice_matrix(crystal, &crystal->op[io], W);
    for (PetscInt i = 0; i < t->n; i++) {
      const Triplet  other = operate(crystal, io, (const int(*)[3])W, &t->triplet[i]);
      const PetscInt j     = ThirdOrderFind(t, &other);

      rotate((const PetscReal(*)[3])crystal->op[io].cart, false, &t->phi[27 * i], image);
      for (int c = 0; c < 27; c++) defect = PetscMax(defect, fabs(image[c] - (j < 0 ? 0.0 : t->phi[27 * j + c])));
    }
  }
  return defect;
}

PetscErrorCode ThirdOrderCheck(const ThirdOrder *t, const Crystal crystal, ThirdOrderDefects *d)
{
  ThirdOrder sums;

  PetscFunctionBeginUser;
  memset(d, 0, sizeof(*d));
  d->largest = largest(t);
  if (d->largest <= 0.0) PetscFunctionReturn(0);
  for (int place = 0; place < 3; place++) {
    PetscCall(sum_index(t, place, &sums, NULL));
    d->sum[place] = largest(&sums) / d->largest;
    PetscCall(ThirdOrderDestroy(&sums));
  }
  d->permutation = permutation_defect(t) / d->largest;
  d->group       = group_defect(t, crystal) / d->largest;
  PetscFunctionReturn(0);
}

/* --- what may be imposed ------------------------------------------------------------------------------------------ */

static PetscErrorCode average_permutations(ThirdOrder *t)
{
  PetscReal *mean;

  PetscFunctionBeginUser;
  for (PetscInt i = 0, n = t->n; i < n; i++) /* the set is made closed first */
    for (int p = 1; p < 6; p++) {
      const Triplet other = permute(&t->triplet[i], orders[p]);

      PetscCall(ThirdOrderAdd(t, &other, NULL));
    }
  PetscCall(PetscCalloc1((size_t)t->n * 27, &mean));
  for (PetscInt i = 0; i < t->n; i++)
    for (int p = 0; p < 6; p++) {
      const Triplet  other = permute(&t->triplet[i], orders[p]);
      const PetscInt j     = ThirdOrderFind(t, &other);

      for (int c = 0; c < 27; c++) mean[27 * i + c] += t->phi[27 * j + permuted_component(c, orders[p])] / 6.0;
    }
  PetscCall(PetscArraycpy(t->phi, mean, (size_t)t->n * 27));
  PetscCall(PetscFree(mean));
  PetscFunctionReturn(0);
}

static PetscErrorCode average_group(ThirdOrder *t, const Crystal crystal)
{
  PetscReal *mean, image[27];
  PetscInt   nops = 0;
  int        W[3][3];

  PetscFunctionBeginUser;
  for (PetscInt pass = 0; pass < 2; pass++) {
    const PetscInt n = t->n;

    if (pass == 1) PetscCall(PetscCalloc1((size_t)t->n * 27, &mean));
    for (PetscInt io = 0; io < crystal->nops; io++) {
      if (crystal->op[io].time_reversal) continue;
      nops += pass;
      lattice_matrix(crystal, &crystal->op[io], W);
      for (PetscInt i = 0; i < n; i++) {
        const Triplet other = operate(crystal, io, (const int(*)[3])W, &t->triplet[i]);

        if (pass == 0) PetscCall(ThirdOrderAdd(t, &other, NULL));
        if (pass == 0) continue;
        rotate((const PetscReal(*)[3])crystal->op[io].cart, true, &t->phi[27 * ThirdOrderFind(t, &other)], image);
        for (int c = 0; c < 27; c++) mean[27 * i + c] += image[c];
      }
    }
  }
  for (PetscInt i = 0; i < 27 * t->n; i++) t->phi[i] = mean[i] / (PetscReal)nops;
  PetscCall(PetscFree(mean));
  PetscFunctionReturn(0);
}

/* Subtract from every triplet of a sum over the third index an equal part of it: the orthogonal projection. *defect: the largest sum before. */
static PetscErrorCode project_sums(ThirdOrder *t, PetscReal *defect)
{
  ThirdOrder sums;
  PetscInt  *group, *count;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(t->n, &group));
  PetscCall(sum_index(t, 2, &sums, group));
  PetscCall(PetscCalloc1(sums.n, &count));
  *defect = largest(&sums);
  for (PetscInt i = 0; i < t->n; i++) count[group[i]]++;
  for (PetscInt i = 0; i < 27 * t->n; i++) t->phi[i] -= sums.phi[27 * group[i / 27] + i % 27] / (PetscReal)count[group[i / 27]];
  PetscCall(PetscFree(group));
  PetscCall(PetscFree(count));
  PetscCall(ThirdOrderDestroy(&sums));
  PetscFunctionReturn(0);
}

/* The operations commute with permutations and with the sum rule's projection: one average over them is enough. */
PetscErrorCode ThirdOrderImpose(ThirdOrder *t, const Crystal crystal, bool group)
{
  const PetscReal scale  = largest(t);
  PetscReal       defect = scale;
  PetscInt        step;

  PetscFunctionBeginUser;
  PetscCall(average_permutations(t));
  if (group) PetscCall(average_group(t, crystal));
  for (step = 0; step < ITERATIONS && defect > CONVERGED * scale; step++) {
    PetscCall(project_sums(t, &defect));
    PetscCall(average_permutations(t));
  }
  Log(2, "  sum rule imposed in %d steps: %.1e of the largest element is left", (int)step, defect / scale);
  if (!(defect <= 1e-8 * scale)) LogWarning("third order: the sum rule could be imposed to %.1e of the largest element only", defect / scale);
  PetscFunctionReturn(0);
}

/* --- handed over ---------------------------------------------------------------------------------------------------- */

static int compare(const void *x, const void *y)
{
  const int *a = ((const Triplet *)x)->atom, *b = ((const Triplet *)y)->atom;

  for (int i = 0; i < 9; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

static bool is_zero(const PetscReal phi[27])
{
  for (int c = 0; c < 27; c++)
    if (phi[c] != 0.0) return false;
  return true;
}

static PetscErrorCode hand_over(const ThirdOrder *t, WannierSource *s)
{
  Triplet *sorted;
  PetscInt n = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscFree(s->T_atom));
  PetscCall(PetscFree(s->T_R));
  PetscCall(PetscFree(s->phi3));
  PetscCall(PetscMalloc1(t->n, &sorted));
  for (PetscInt i = 0; i < t->n; i++)
    if (!is_zero(&t->phi[27 * i])) sorted[n++] = t->triplet[i];
  qsort(sorted, (size_t)n, sizeof(*sorted), compare);
  PetscCall(PetscMalloc1(n, &s->T_atom));
  PetscCall(PetscMalloc1(n, &s->T_R));
  PetscCall(PetscMalloc1(27 * n, &s->phi3));
  for (PetscInt i = 0; i < n; i++) {
    memcpy(s->T_atom[i], sorted[i].atom, sizeof(sorted[i].atom));
    memcpy(s->T_R[i], sorted[i].R, sizeof(sorted[i].R));
    PetscCall(PetscArraycpy(&s->phi3[27 * i], &t->phi[27 * ThirdOrderFind(t, &sorted[i])], 27));
  }
  s->head.nT = n;
  PetscCall(PetscFree(sorted));
  PetscFunctionReturn(0);
}

static PetscErrorCode check_and_impose(ThirdOrder *t, const Crystal crystal, const char *path, const ImportOptions *o)
{
  ThirdOrderDefects d;

  PetscFunctionBeginUser;
  PetscCall(ThirdOrderCheck(t, crystal, &d));
  if (d.largest <= 0.0) return InputErrorAt(path, 0, "all third-order force constants are zero");
  Log(1, "  third order: %d triplets, largest element %.4g eV/angstrom^3; of it, violations: sum rule %.1e %.1e %.1e (over each index), permutation %.1e, space group %.1e", (int)t->n,
      d.largest * UMK_HARTREE_EV / pow(UMK_BOHR_ANGSTROM, 3), d.sum[0], d.sum[1], d.sum[2], d.permutation, d.group);
  if (d.group > GROSS)
    return InputErrorAt(path, 0, "the third-order force constants do not have the crystal's symmetry (%.0f %% of the largest element): atoms in another order, or another cell than these belong to", 100.0 * d.group);
  if (o->third_order == THIRD_ORDER_AS_GIVEN) PetscFunctionReturn(0);
  PetscCall(ThirdOrderImpose(t, crystal, o->third_order == THIRD_ORDER_FULL));
  PetscCall(ThirdOrderCheck(t, crystal, &d));
  Log(1, "  third order, imposed: %d triplets, sum rule %.1e %.1e %.1e, permutation %.1e, space group %.1e", (int)t->n, d.sum[0], d.sum[1], d.sum[2], d.permutation, d.group);
  PetscFunctionReturn(0);
}

PetscErrorCode ThirdOrderFinish(ThirdOrder *t, const char *path, const ImportOptions *o, WannierSource *s)
{
  const WannierHead *h = &s->head;
  PetscErrorCode     code;
  Crystal            crystal;

  PetscFunctionBeginUser;
  PetscCall(CrystalCreate((int)h->dimension, (const PetscReal(*)[3])h->a, h->natoms, s->tau, s->mass, s->species, h->symprec, &crystal));
  code = check_and_impose(t, crystal, path, o);
  if (!code) code = hand_over(t, s);
  PetscCall(CrystalDestroy(&crystal));
  PetscCall(ThirdOrderDestroy(t));
  PetscCall(code);
  PetscFunctionReturn(0);
}

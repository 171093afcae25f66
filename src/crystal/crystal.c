/*
  Space group of a crystal (spglib) and its action on k.

  With lattice rows a and fractional atoms x -> W x + w, S = a^T W a^-T in Cartesian coordinates and W^-T on
  fractional k (r.k invariant).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/crystal.h"
#include <spglib.h>
#include <string.h>

static void reciprocal(const PetscReal a[3][3], PetscReal b[3][3])
{
  PetscReal inverse[3][3];
  Invert3(a, inverse);
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < 3; c++) b[i][c] = 2.0 * UMK_PI * inverse[c][i];
}

/* Nearest orthogonal matrix (Newton's polar iteration), then exact 0, 1/2, 1 where rounding is all that is missing. */
static void orthogonalize(PetscReal s[3][3])
{
  for (int it = 0; it < 20; it++) {
    PetscReal inverse[3][3];
    Invert3((const PetscReal(*)[3])s, inverse);
    for (int i = 0; i < 3; i++)
      for (int j = i; j < 3; j++) {
        PetscReal x = 0.5 * (s[i][j] + inverse[j][i]), y = 0.5 * (s[j][i] + inverse[i][j]);
        s[i][j] = x;
        s[j][i] = y;
      }
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      PetscReal twice = round(2.0 * s[i][j]);
      if (fabs(2.0 * s[i][j] - twice) < 1e-10) s[i][j] = 0.5 * twice;
    }
}

static void op_from_rotation(Crystal c, const int w[3][3], CrystalOp *op)
{
  PetscReal W[3][3], inverse[3][3], at[3][3], ati[3][3], tmp[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      W[i][j]  = w[i][j];
      at[i][j] = c->a[j][i];
    }
  Invert3((const PetscReal(*)[3])W, inverse);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) op->k[i][j] = (int)lround(inverse[j][i]);
  Invert3((const PetscReal(*)[3])at, ati);
  MatMul3((const PetscReal(*)[3])at, (const PetscReal(*)[3])W, tmp);
  MatMul3((const PetscReal(*)[3])tmp, (const PetscReal(*)[3])ati, op->cart);
  orthogonalize(op->cart);
}

static int find_op(Crystal c, const int k[3][3])
{
  for (PetscInt i = 0; i < c->nops; i++)
    if (!memcmp(c->op[i].k, k, sizeof(c->op[i].k))) return (int)i;
  return -1;
}

static PetscErrorCode add_op(Crystal c, const CrystalOp *op)
{
  PetscFunctionBeginUser;
  UmkCheck(c->nops < CRYSTAL_MAX_OPS, "more than %d operations", CRYSTAL_MAX_OPS);
  c->op[c->nops++] = *op;
  PetscFunctionReturn(0);
}

/* Unique rotations of the dataset, identity first; in two dimensions only those that keep the plane. */
static PetscErrorCode collect_ops(Crystal c, const SpglibDataset *d)
{
  PetscFunctionBeginUser;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < d->n_operations; i++) {
      CrystalOp op = {.time_reversal = false};
      bool      identity = true;
      op_from_rotation(c, d->rotations[i], &op);
      for (int r = 0; r < 3; r++) op.t[r] = d->translations[i][r];
      for (int r = 0; r < 9; r++) identity = identity && d->rotations[i][r / 3][r % 3] == (r % 4 == 0);
      if (identity != (pass == 0) || find_op(c, (const int(*)[3])op.k) >= 0) continue;
      if (c->dimension == 2 && fabs(fabs(op.cart[2][2]) - 1.0) > 1e-6) continue;
      PetscCall(add_op(c, &op));
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode add_time_reversal(Crystal c)
{
  const PetscInt n = c->nops;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; i++) {
    CrystalOp op = c->op[i];
    op.time_reversal = true;
    for (int r = 0; r < 9; r++) {
      op.k[r / 3][r % 3] *= -1;
      if (op.cart[r / 3][r % 3] != 0.0) op.cart[r / 3][r % 3] *= -1.0;
    }
    if (find_op(c, (const int(*)[3])op.k) < 0) PetscCall(add_op(c, &op));
  }
  PetscFunctionReturn(0);
}

/* Where {S|t} (the space part) takes every atom. */
static PetscErrorCode map_atoms(Crystal c, PetscReal symprec)
{
  PetscReal inverse[3][3];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(c->nops * c->natoms, &c->atom_image, c->nops * c->natoms, &c->atom_shift));
  Invert3((const PetscReal(*)[3])c->a, inverse);
  for (PetscInt io = 0; io < c->nops; io++)
    for (PetscInt ia = 0; ia < c->natoms; ia++) {
      PetscReal r[3], x[3], y[3], sign = c->op[io].time_reversal ? -1.0 : 1.0;
      int       image = -1;
      MatVec3((const PetscReal(*)[3])c->op[io].cart, &c->tau[3 * ia], r);
      for (int i = 0; i < 3; i++) r[i] *= sign;
      MatTVec3((const PetscReal(*)[3])inverse, r, x);
      for (int i = 0; i < 3; i++) x[i] += c->op[io].t[i];
      for (PetscInt ja = 0; ja < c->natoms && image < 0; ja++) {
        PetscReal d[3], cart[3];
        int       shift[3];
        if (c->species[ja] != c->species[ia]) continue;
        MatTVec3((const PetscReal(*)[3])inverse, &c->tau[3 * ja], y);
        for (int i = 0; i < 3; i++) {
          shift[i] = (int)lround(x[i] - y[i]);
          d[i]     = x[i] - y[i] - shift[i];
        }
        MatTVec3((const PetscReal(*)[3])c->a, d, cart);
        if (Norm3(cart) > 10.0 * symprec) continue;
        image = (int)ja;
        memcpy(c->atom_shift[io * c->natoms + ia], shift, sizeof(shift));
      }
      UmkCheck(image >= 0, "operation %d takes atom %d nowhere", (int)io, (int)ia);
      c->atom_image[io * c->natoms + ia] = image;
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode find_space_group(Crystal c, PetscReal symprec)
{
  const PetscInt n = c->natoms > 0 ? c->natoms : 1;
  double         lattice[3][3], (*position)[3];
  PetscReal      inverse[3][3];
  int           *types;
  SpglibDataset *dataset;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2(n, &position, n, &types));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) lattice[i][j] = c->a[j][i];
  Invert3((const PetscReal(*)[3])c->a, inverse);
  types[0] = 1;
  for (PetscInt ia = 0; ia < c->natoms; ia++) {
    MatTVec3((const PetscReal(*)[3])inverse, &c->tau[3 * ia], position[ia]);
    types[ia] = c->species[ia] + 1;
  }
  dataset = spg_get_dataset(lattice, position, types, (int)n, symprec);
  PetscCall(PetscFree2(position, types));
  if (!dataset) return InputErrorAt(NULL, 0, "no space group found for this cell (atoms too close, or a singular lattice?)");
  if (c->natoms > 0) PetscCall(PetscStrncpy(c->symbol, dataset->international_symbol, sizeof(c->symbol)));
  PetscErrorCode code = collect_ops(c, dataset);
  spg_free_dataset(dataset);
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode CrystalCreate(int dimension, const PetscReal a[3][3], PetscInt natoms, const PetscReal *tau, const PetscReal *mass, const int *species, PetscReal symprec, Crystal *crystal)
{
  Crystal c;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&c));
  c->dimension = dimension;
  c->natoms    = natoms;
  memcpy(c->a, a, sizeof(c->a));
  c->volume = fabs(Det3(a));
  if (!(c->volume > 1e-10)) {
    PetscCall(PetscFree(c));
    return InputErrorAt(NULL, 0, "the lattice vectors are linearly dependent");
  }
  reciprocal(a, c->b);
  PetscCall(PetscMalloc3(3 * natoms, &c->tau, natoms, &c->mass, natoms, &c->species));
  PetscCall(PetscArraycpy(c->tau, tau, 3 * natoms));
  PetscCall(PetscArraycpy(c->mass, mass, natoms));
  PetscCall(PetscArraycpy(c->species, species, natoms));
  *crystal = c;
  PetscCall(find_space_group(c, symprec));
  PetscCall(add_time_reversal(c));
  PetscCall(map_atoms(c, symprec));
  PetscFunctionReturn(0);
}

PetscErrorCode CrystalDestroy(Crystal *crystal)
{
  PetscFunctionBeginUser;
  if (!*crystal) PetscFunctionReturn(0);
  PetscCall(PetscFree3((*crystal)->tau, (*crystal)->mass, (*crystal)->species));
  PetscCall(PetscFree2((*crystal)->atom_image, (*crystal)->atom_shift));
  PetscCall(PetscFree(*crystal));
  PetscFunctionReturn(0);
}

static void multiply_k(const int a[3][3], const int b[3][3], int c[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
}

PetscErrorCode CrystalFilterOps(Crystal c, bool (*keep)(const CrystalOp *, void *), void *ctx)
{
  PetscInt kept = 0;
  PetscFunctionBeginUser;
  for (PetscInt io = 0; io < c->nops; io++) {
    if (io > 0 && !keep(&c->op[io], ctx)) continue;
    c->op[kept] = c->op[io];
    PetscCall(PetscArraycpy(c->atom_image + kept * c->natoms, c->atom_image + io * c->natoms, c->natoms));
    if (c->natoms > 0) memmove(c->atom_shift + kept * c->natoms, c->atom_shift + io * c->natoms, sizeof(int[3]) * (size_t)c->natoms);
    kept++;
  }
  c->nops = kept;
  for (PetscInt i = 0; i < kept; i++)
    for (PetscInt j = 0; j < kept; j++) {
      int product[3][3];
      multiply_k((const int(*)[3])c->op[i].k, (const int(*)[3])c->op[j].k, product);
      UmkCheck(find_op(c, (const int(*)[3])product) >= 0, "the operations kept are not a group");
    }
  PetscFunctionReturn(0);
}

/* Folded data averaged over the crystal's operations: see folded.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

#define SAME_CENTRE 0.05 /* bohr */
#define MOST_MOVED  0.03 /* of the largest element: beyond, the functions are not what the average takes them for */

typedef struct { /* one operation of space */
  int       W[3][3];   /* R' = W R */
  PetscReal S[3][3], t[3];
  int      *image, (*shift)[3]; /* functions: S w_m + t = w_image + shift */
  PetscReal *sign;
  const int *atom, (*atom_shift)[3];
} Operation;

typedef struct {
  PetscInt   n;
  Operation *op;
  Crystal    crystal;
} Group;

/* --- the representation --------------------------------------------------------------------------------------------- */

/* Real-space matrix of an operation on whole vectors; false when it does not keep both coarse meshes */
static bool lattice_matrix(const Folded *f, const Crystal c, const CrystalOp *op, int W[3][3])
{
  bool keeps = true;

  for (int j = 0; j < 3; j++) {
    PetscReal y[3];

    MatVec3((const PetscReal(*)[3])op->cart, c->a[j], y);
    for (int i = 0; i < 3; i++) W[i][j] = (int)lrint(Dot3(c->b[i], y) / (2.0 * UMK_PI));
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) keeps = keeps && W[i][j] * f->nk[j] % f->nk[i] == 0 && W[i][j] * f->nq[j] % f->nq[i] == 0;
  return keeps;
}

static PetscErrorCode group_create(const Folded *f, const WannierSource *s, Group *g)
{
  const WannierHead *h = &s->head;

  PetscFunctionBeginUser;
  memset(g, 0, sizeof(*g));
  PetscCall(CrystalCreate((int)h->dimension, (const PetscReal(*)[3])h->a, h->natoms, s->tau, s->mass, s->species, h->symprec, &g->crystal));
  PetscCall(PetscCalloc1(g->crystal->nops, &g->op));
  for (PetscInt i = 0; i < g->crystal->nops; i++) {
    const CrystalOp *from = &g->crystal->op[i];
    Operation       *op   = &g->op[g->n];

    if (from->time_reversal || !lattice_matrix(f, g->crystal, from, op->W)) continue;
    memcpy(op->S, from->cart, sizeof(op->S));
    memcpy(op->t, from->t, sizeof(op->t));
    op->atom       = &g->crystal->atom_image[i * f->natoms];
    op->atom_shift = (const int(*)[3]) & g->crystal->atom_shift[i * f->natoms];
    PetscCall(PetscMalloc3(f->nb, &op->image, f->nb, &op->shift, f->nb, &op->sign));
    g->n++;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode group_destroy(Group *g)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < g->n; i++) PetscCall(PetscFree3(g->op[i].image, g->op[i].shift, g->op[i].sign));
  PetscCall(PetscFree(g->op));
  PetscCall(CrystalDestroy(&g->crystal));
  PetscFunctionReturn(0);
}

/* Distance (bohr) of x from y modulo the lattice; shift: x = y + shift */
static PetscReal lattice_distance(const Folded *f, const PetscReal x[3], const PetscReal y[3], int shift[3])
{
  PetscReal d[3], r[3];

  for (int i = 0; i < 3; i++) {
    shift[i] = (int)lrint(x[i] - y[i]);
    d[i]     = x[i] - y[i] - shift[i];
  }
  MatTVec3((const PetscReal(*)[3])f->a, d, r);
  return Norm3(r);
}

static void operate(const Operation *op, const PetscReal x[3], PetscReal y[3])
{
  for (int i = 0; i < 3; i++) y[i] = op->W[i][0] * x[0] + op->W[i][1] * x[1] + op->W[i][2] * x[2] + op->t[i];
}

/* Where every operation takes every centre. `why` is filled when there is no such map. */
static void map_functions(const Folded *f, Group *g, char why[160])
{
  int shift[3];

  for (PetscInt m = 0; m < f->nb; m++)
    for (PetscInt n = 0; n < m; n++)
      if (lattice_distance(f, &f->centres[3 * m], &f->centres[3 * n], shift) < 2.0 * SAME_CENTRE) {
        snprintf(why, 160, "functions %d and %d share a centre", (int)n + 1, (int)m + 1);
        return;
      }
  for (PetscInt i = 0; i < g->n; i++)
    for (PetscInt m = 0; m < f->nb; m++) {
      Operation *op = &g->op[i];
      PetscReal  x[3];

      operate(op, &f->centres[3 * m], x);
      op->image[m] = -1;
      for (PetscInt n = 0; n < f->nb && op->image[m] < 0; n++)
        if (lattice_distance(f, x, &f->centres[3 * n], op->shift[m]) < SAME_CENTRE) op->image[m] = (int)n;
      if (op->image[m] >= 0) continue;
      snprintf(why, 160, "an operation of the crystal takes function %d to no other one", (int)m + 1);
      return;
    }
}

/* w_m <- mean of {S|t}^-1 (w_m' + T_m) */
static PetscErrorCode average_centres(Folded *f, const Group *g)
{
  PetscReal *mean, W[3][3], inverse[3][3];

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(3 * f->nb, &mean));
  for (PetscInt i = 0; i < g->n; i++) {
    const Operation *op = &g->op[i];

    for (int c = 0; c < 9; c++) W[c / 3][c % 3] = op->W[c / 3][c % 3];
    Invert3((const PetscReal(*)[3])W, inverse);
    for (PetscInt m = 0; m < f->nb; m++) {
      PetscReal x[3], y[3];

      for (int c = 0; c < 3; c++) x[c] = f->centres[3 * op->image[m] + c] + op->shift[m][c] - op->t[c];
      MatVec3((const PetscReal(*)[3])inverse, x, y);
      for (int c = 0; c < 3; c++) mean[3 * m + c] += y[c] / (PetscReal)g->n;
    }
  }
  PetscCall(PetscArraycpy(f->centres, mean, 3 * f->nb));
  PetscCall(PetscFree(mean));
  PetscFunctionReturn(0);
}

/* to[cell] = cell of W R + shift */
static void map_cells(const PetscInt n[3], const int W[3][3], const int add[3], const int subtract[3], PetscInt *to)
{
  int R[3], x[3];

  for (PetscInt cell = 0; cell < n[0] * n[1] * n[2]; cell++) {
    FoldedVector(n, cell, R);
    for (int i = 0; i < 3; i++) x[i] = W[i][0] * R[0] + W[i][1] * R[1] + W[i][2] * R[2] + add[i] - subtract[i];
    to[cell] = FoldedCell(n, x[0], x[1], x[2]);
  }
}

/* tables [nb^2][cells_k] of an operation: where the cell of (m, n) goes */
static void map_electrons(const Folded *f, const Operation *op, PetscInt *tables)
{
  for (PetscInt mn = 0; mn < f->nb * f->nb; mn++) map_cells(f->nk, (const int(*)[3])op->W, op->shift[mn % f->nb], op->shift[mn / f->nb], tables + mn * f->cells_k);
}

/* Signs from the Hamiltonian, function by function along its largest elements: H_mn(R) ~ s_m s_n H_m'n'(R') */
static PetscErrorCode find_signs(const Folded *f, Operation *op, PetscInt *tables)
{
  const PetscInt nb = f->nb, b2 = nb * nb;
  PetscReal     *overlap;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(b2, &overlap));
  map_electrons(f, op, tables);
  for (PetscInt mn = 0; mn < b2; mn++)
    for (PetscInt r = 0; r < f->cells_k; r++) overlap[mn] += creal(f->H[r * b2 + mn] * conj(f->H[tables[mn * f->cells_k + r] * b2 + op->image[mn / nb] * nb + op->image[mn % nb]]));
  for (PetscInt m = 0; m < nb; m++) op->sign[m] = m == 0 ? 1.0 : 0.0;
  for (PetscInt step = 1; step < nb; step++) {
    PetscInt from = -1, to = -1;

    for (PetscInt mn = 0; mn < b2; mn++)
      if (op->sign[mn / nb] != 0.0 && op->sign[mn % nb] == 0.0 && (from < 0 || fabs(overlap[mn]) > fabs(overlap[from * nb + to]))) from = mn / nb, to = mn % nb;
    op->sign[to] = op->sign[from] * (overlap[from * nb + to] < 0.0 ? -1.0 : 1.0);
  }
  PetscCall(PetscFree(overlap));
  PetscFunctionReturn(0);
}

/* --- averages --------------------------------------------------------------------------------------------------------- */

typedef struct {
  PetscReal square, scale, moved, largest; /* sums of squares; largest |difference| and |element| */
} Moved;

/* old <- averaged where nothing moved too far; else left as it is. Frees `averaged`. */
static PetscErrorCode settle(size_t n, Complex **averaged, Complex *old, PetscReal *rms, bool *taken)
{
  Moved m = {0};

  PetscFunctionBeginUser;
  for (size_t i = 0; i < n; i++) {
    const PetscReal d = cabs((*averaged)[i] - old[i]), x = cabs(old[i]);

    m.square += d * d, m.scale += x * x;
    m.moved   = PetscMax(m.moved, d);
    m.largest = PetscMax(m.largest, x);
  }
  *rms   = m.scale > 0.0 ? sqrt(m.square / m.scale) : 0.0;
  *taken = m.moved <= MOST_MOVED * m.largest;
  if (*taken) memcpy(old, *averaged, sizeof(Complex) * n);
  PetscCall(PetscFree(*averaged));
  PetscFunctionReturn(0);
}

/* F_mn(R) <- (F_mn(R) + conj F_nm(-R)) / 2, or its real part; [cells][parts][n][n] */
static void make_hermitian(const PetscInt mesh[3], PetscInt parts, PetscInt n, bool real, Complex *F)
{
  const PetscInt n2 = n * n, cells = mesh[0] * mesh[1] * mesh[2];
  int            R[3];

  for (PetscInt r = 0; r < cells; r++) {
    FoldedVector(mesh, r, R);
    const PetscInt minus = FoldedCell(mesh, -R[0], -R[1], -R[2]);

    for (PetscInt c = 0; c < parts * n2; c++) {
      const PetscInt at = r * parts * n2 + c, partner = minus * parts * n2 + c / n2 * n2 + c % n * n + c % n2 / n;

      if (partner < at) continue;
      F[at]      = 0.5 * (F[at] + conj(F[partner]));
      if (real) F[at] = creal(F[at]);
      F[partner] = conj(F[at]);
    }
  }
}

static PetscErrorCode average_hamiltonian(const Folded *f, const Group *g, PetscInt *tables, Complex **out)
{
  const PetscInt nb = f->nb, b2 = nb * nb;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(f->cells_k * b2, out));
  for (PetscInt i = 0; i < g->n; i++) {
    const Operation *op = &g->op[i];

    map_electrons(f, op, tables);
    for (PetscInt mn = 0; mn < b2; mn++)
      for (PetscInt r = 0; r < f->cells_k; r++)
        (*out)[r * b2 + mn] += op->sign[mn / nb] * op->sign[mn % nb] / (PetscReal)g->n * f->H[tables[mn * f->cells_k + r] * b2 + op->image[mn / nb] * nb + op->image[mn % nb]];
  }
  PetscFunctionReturn(0);
}

/* r_mm(0) -+ centre, so that what is left is a plain vector */
static void shift_centres(const Folded *f, PetscReal sign)
{
  for (PetscInt m = 0; m < f->nb; m++) {
    PetscReal x[3];

    MatTVec3((const PetscReal(*)[3])f->a, &f->centres[3 * m], x);
    for (int c = 0; c < 3; c++) f->position[(c * f->nb + m) * f->nb + m] += sign * x[c];
  }
}

static PetscErrorCode average_position(const Folded *f, const Group *g, PetscInt *tables, Complex **out)
{
  const PetscInt nb = f->nb, b2 = nb * nb;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(f->cells_k * 3 * b2, out));
  for (PetscInt i = 0; i < g->n; i++) {
    const Operation *op = &g->op[i];

    map_electrons(f, op, tables);
    for (PetscInt mn = 0; mn < b2; mn++)
      for (PetscInt r = 0; r < f->cells_k; r++) {
        const Complex  *from   = &f->position[tables[mn * f->cells_k + r] * 3 * b2 + op->image[mn / nb] * nb + op->image[mn % nb]];
        const PetscReal factor = op->sign[mn / nb] * op->sign[mn % nb] / (PetscReal)g->n;

        for (int c = 0; c < 3; c++) (*out)[(r * 3 + c) * b2 + mn] += factor * (op->S[0][c] * from[0] + op->S[1][c] * from[b2] + op->S[2][c] * from[2 * b2]);
      }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode average_force_constants(const Folded *f, const Group *g, Complex **out)
{
  const PetscInt nm = f->nm, m2 = nm * nm;
  PetscInt      *table;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(f->cells_q * m2, out));
  PetscCall(PetscMalloc1(f->cells_q, &table));
  for (PetscInt i = 0; i < g->n; i++)
    for (PetscInt xy = 0; xy < f->natoms * f->natoms; xy++) {
      const Operation *op = &g->op[i];
      const PetscInt   x = xy / f->natoms, y = xy % f->natoms;

      map_cells(f->nq, (const int(*)[3])op->W, op->atom_shift[y], op->atom_shift[x], table);
      for (PetscInt r = 0; r < f->cells_q; r++)
        for (int c = 0; c < 81; c++) { /* sum over c', d' of S_c'c S_d'd D_c'd' */
          const int      a = c / 27, b = c / 9 % 3, k = c / 3 % 3, l = c % 3;
          const Complex  from = f->D[table[r] * m2 + (3 * op->atom[x] + k) * nm + 3 * op->atom[y] + l];

          (*out)[r * m2 + (3 * x + a) * nm + 3 * y + b] += op->S[k][a] * op->S[l][b] / (PetscReal)g->n * from;
        }
    }
  PetscCall(PetscFree(table));
  PetscFunctionReturn(0);
}

/* Add one operation's share of one block [nm][ket][bra]; e [nb^2], p [nb bra][natoms]: cells that this block's elements come from */
static void add_coupling(const Folded *f, const Operation *op, PetscReal factor, const PetscInt *e, const PetscInt *p, Complex *to)
{
  const PetscInt nb = f->nb, b2 = nb * nb, block = f->nm * b2;

  for (PetscInt na = 0; na < f->natoms; na++)
    for (PetscInt n = 0; n < nb; n++)
      for (PetscInt m = 0; m < nb; m++) {
        const Complex  *from = f->g + (size_t)(e[m * nb + n] * f->cells_q + p[m * f->natoms + na]) * (size_t)block + 3 * op->atom[na] * b2 + op->image[n] * nb + op->image[m];
        const PetscReal sign = factor * op->sign[m] * op->sign[n];

        for (int c = 0; c < 3; c++) to[(3 * na + c) * b2 + n * nb + m] += sign * (op->S[0][c] * from[0] + op->S[1][c] * from[b2] + op->S[2][c] * from[2 * b2]);
      }
}

static PetscErrorCode average_coupling(const Folded *f, const Group *g, PetscInt *tables, Complex **out)
{
  const PetscInt nb = f->nb, b2 = nb * nb, np = nb * f->natoms;
  const size_t   block = (size_t)(f->nm * b2);
  PetscInt      *phonons, *e, *p;
  Progress       progress;

  PetscFunctionBeginUser;
  ProgressBegin(&progress, "averaging the coupling", (PetscReal)g->n * (PetscReal)f->cells_k);
  PetscCall(PetscCalloc1((size_t)(f->cells_k * f->cells_q) * block, out));
  PetscCall(PetscMalloc3(np * f->cells_q, &phonons, b2, &e, np, &p));
  for (PetscInt i = 0; i < g->n; i++) {
    const Operation *op = &g->op[i];

    map_electrons(f, op, tables);
    for (PetscInt x = 0; x < np; x++) map_cells(f->nq, (const int(*)[3])op->W, op->atom_shift[x % f->natoms], op->shift[x / f->natoms], phonons + x * f->cells_q);
    for (PetscInt re = 0; re < f->cells_k; re++) {
      if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
      ProgressUpdate(&progress, (PetscReal)i * (PetscReal)f->cells_k + (PetscReal)re);
      for (PetscInt mn = 0; mn < b2; mn++) e[mn] = tables[mn * f->cells_k + re];
      for (PetscInt rp = 0; rp < f->cells_q; rp++) {
        for (PetscInt x = 0; x < np; x++) p[x] = phonons[x * f->cells_q + rp];
        add_coupling(f, op, 1.0 / (PetscReal)g->n, e, p, *out + (size_t)(re * f->cells_q + rp) * block);
      }
    }
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree3(phonons, e, p));
  PetscFunctionReturn(0);
}

/* g_mn(Re, Rp) <- (g_mn(Re, Rp) + conj g_nm(-Re, Rp - Re)) / 2 */
static void make_reversible(const Folded *f, Complex *g)
{
  const PetscInt nb = f->nb, b2 = nb * nb, block = f->nm * b2;
  int            E[3], P[3];

  for (PetscInt e = 0; e < f->cells_k; e++)
    for (PetscInt p = 0; p < f->cells_q; p++) {
      FoldedVector(f->nk, e, E);
      FoldedVector(f->nq, p, P);
      const size_t here = (size_t)(e * f->cells_q + p), there = (size_t)(FoldedCell(f->nk, -E[0], -E[1], -E[2]) * f->cells_q + FoldedCell(f->nq, P[0] - E[0], P[1] - E[1], P[2] - E[2]));
      Complex     *x = g + here * (size_t)block, *y = g + there * (size_t)block;

      if (there < here) continue;
      for (PetscInt c = 0; c < block; c++) {
        const PetscInt partner = c / b2 * b2 + c % nb * nb + c % b2 / nb;

        if (here == there && partner < c) continue;
        x[c]       = 0.5 * (x[c] + conj(y[partner]));
        y[partner] = conj(x[c]);
      }
    }
}

/* --- what is done to one material -------------------------------------------------------------------------------------- */

static PetscErrorCode symmetrize_phonons(Folded *f, const Group *g, WannierHead *h, bool *taken)
{
  Complex *D;

  PetscFunctionBeginUser;
  PetscCall(average_force_constants(f, g, &D));
  make_hermitian(f->nq, 1, f->nm, true, D);
  PetscCall(settle((size_t)(f->cells_q * f->nm * f->nm), &D, f->D, &h->moved[2], taken));
  if (!*taken) LogWarning("the force constants do not have the crystal's symmetry (they would move by %.1e, rms): left as they are", h->moved[2]);
  if (!*taken) h->moved[2] = 0.0;
  PetscFunctionReturn(0);
}

static PetscErrorCode symmetrize_coupling(Folded *f, const Group *g, PetscInt *tables, WannierHead *h, bool *taken)
{
  const bool whole = f->nk[0] % f->nq[0] == 0 && f->nk[1] % f->nq[1] == 0 && f->nk[2] % f->nq[2] == 0;
  Complex   *c;

  PetscFunctionBeginUser;
  PetscCall(average_coupling(f, g, tables, &c));
  if (whole) make_reversible(f, c);
  PetscCall(settle((size_t)(f->cells_k * f->cells_q) * (size_t)(f->nm * f->nb * f->nb), &c, f->g, &h->moved[3], taken));
  PetscFunctionReturn(0);
}

/* H first: nothing else is touched unless it stands the average. */
static PetscErrorCode symmetrize_electrons(Folded *f, const Group *g, bool real, WannierHead *h, char why[160])
{
  PetscInt *tables;
  Complex  *F;
  bool      taken = false, taken_r = false;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(f->nb * f->nb * f->cells_k, &tables));
  for (PetscInt i = 0; i < g->n; i++) PetscCall(find_signs(f, &g->op[i], tables));
  PetscCall(average_hamiltonian(f, g, tables, &F));
  make_hermitian(f->nk, 1, f->nb, real, F);
  PetscCall(settle((size_t)(f->cells_k * f->nb * f->nb), &F, f->H, &h->moved[0], &taken));
  if (!taken) snprintf(why, 160, "the Hamiltonian does not follow the functions' centres and signs (it would move by %.1e, rms)", h->moved[0]);
  if (taken && f->g) PetscCall(symmetrize_coupling(f, g, tables, h, &taken));
  if (!taken && !why[0]) snprintf(why, 160, "the coupling does not follow the functions' centres and signs (it would move by %.1e, rms)", h->moved[3]);
  if (taken) PetscCall(average_centres(f, g));
  if (taken && f->position) {
    shift_centres(f, -1.0);
    PetscCall(average_position(f, g, tables, &F));
    make_hermitian(f->nk, 3, f->nb, real, F);
    PetscCall(settle((size_t)(f->cells_k * 3 * f->nb * f->nb), &F, f->position, &h->moved[1], &taken_r));
    shift_centres(f, 1.0);
    if (!taken_r) Log(1, "  position matrix without the crystal's symmetry (it would move by %.1e, rms; finite differences of the source): left as it is", h->moved[1]);
    if (!taken_r) h->moved[1] = 0.0;
  }
  h->symmetrized = taken;
  if (!taken) h->moved[3] = 0.0;
  PetscCall(PetscFree(tables));
  PetscFunctionReturn(0);
}

PetscErrorCode FoldedSymmetrize(Folded *f, bool real, WannierSource *s)
{
  WannierHead   *h        = &s->head;
  char           why[160] = "";
  PetscErrorCode code;
  bool           taken = false;
  Group          g;

  PetscFunctionBeginUser;
  code = group_create(f, s, &g);
  if (!code && f->D) code = symmetrize_phonons(f, &g, h, &taken);
  if (!f->nb) h->symmetrized = taken;
  if (!code && f->nb) map_functions(f, &g, why);
  if (!code && f->nb && !why[0]) code = symmetrize_electrons(f, &g, real, h, why);
  if (!code && why[0]) LogWarning("electrons and coupling not averaged over the crystal's %d operations: %s", (int)g.n, why);
  if (!code && h->symmetrized)
    Log(1, "  averaged over %d operations; moved by (rms): Hamiltonian %.1e, position %.1e, force constants %.1e, coupling %.1e", (int)g.n, h->moved[0], h->moved[1], h->moved[2], h->moved[3]);
  for (PetscInt i = 0; i < 3 * f->nb && h->symmetrized; i += 3) MatTVec3((const PetscReal(*)[3])f->a, &f->centres[i], &s->centres[i]);
  PetscCall(group_destroy(&g));
  PetscCall(code);
  PetscFunctionReturn(0);
}

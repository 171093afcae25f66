/*
  The magnetic operator Lambda = a.grad_k, a = (q/hbar) v x B, div a = 0, on the states of the window. Along each line l of the mesh (MeshLines)

    (Lambda y)_i = sum_l sum_s c_s [ r_(i,i+s) (alpha_l(i) + alpha_l(i+s))/2 y_(i+s) - r_(i,i-s) (alpha_l(i) + alpha_l(i-s))/2 y_(i-s) ],   alpha_l = a.dual_l

  with the coefficients c_s of central differences: the skew form (alpha D + D alpha)/2, antisymmetric on any set of points. Points outside the
  window have y = 0: pairs that leave it are dropped; y = w phi falls off towards the window's edges.
  The bilinear form is int w^2 phi' a.grad phi, and w^2 is taken at the mean energy of a pair: r_ij = w((e_i + e_j)/2)^2/(w_i w_j), 1 where w is an exponential
  and what makes phi, not y, the function that the mesh has to resolve where it is not, on both sides of a Fermi level (docs/magnetic.md). Pairs so far
  apart that r exceeds RATIO_MAX are no neighbours on such a mesh; it bounds the operator's norm.
  Bands of the points of a line follow each other from point to point (connect.c).

  On the wedge, z = sqrt(N) y: block (a, b) is P_a [ sum_(p in star of b) Lambda_ap S_p sqrt(N_a/N_b) ] P_b with the little groups' projectors. Half of it and minus
  half of its transpose make the two blocks of a pair, equal and opposite to the last bit.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive_impl.h"

#define CHARGE    (-1.0)
#define RATIO_MAX 1e3

static const PetscReal difference[MAGNETIC_MAX_REACH][MAGNETIC_MAX_REACH] = {
  {1.0 / 2.0}, {2.0 / 3.0, -1.0 / 12.0}, {3.0 / 4.0, -3.0 / 20.0, 1.0 / 60.0}, {4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0}, {5.0 / 6.0, -5.0 / 21.0, 5.0 / 84.0, -5.0 / 504.0, 1.0 / 1260.0}};

typedef struct { /* one neighbour of a state: a block of its row */
  PetscInt  column; /* unknown */
  PetscReal block[9];
} Entry;

typedef struct {
  Collision  collision;
  States     s;
  MeshLines  lines;
  PetscReal (*along)[3]; /* [lines.n] q B x dual_l: alpha_l = v.along_l */
  PetscReal (*delta)[3]; /* [lines.n] the step, bohr^-1 */
  int        reach;
  bool       box;
  const StatesPoint *point;
  PetscInt   count, capacity;
  Entry     *entry;      /* of one state */
  PetscReal *M[3];       /* [nb nb] from the row's point to the last one met; to the next; work */
} Builder;

static PetscErrorCode builder_create(Collision c, States s, const PetscReal B[3], int reach, Builder *b)
{
  PetscFunctionBeginUser;
  *b = (Builder){.collision = c, .s = s, .reach = reach};
  PetscCall(CollisionGetPoint(c, &b->point));
  PetscCheck(b->point->kT > 0.0, s->comm, PETSC_ERR_ORDER, "CollisionSetPoint first");
  PetscCall(MeshGetLines(s->mesh, &b->lines));
  PetscCall(MaterialIsBox(s->material, &b->box));
  b->capacity = 2 * reach * b->lines.n * s->nb + 1;
  PetscCall(PetscMalloc3(b->lines.n, &b->along, b->lines.n, &b->delta, b->capacity, &b->entry));
  for (int i = 0; i < 3; i++) PetscCall(PetscMalloc1(s->nb * s->nb, &b->M[i]));
  for (int l = 0; l < b->lines.n; l++) {
    const PetscReal *d = b->lines.dual[l];
    PetscReal        k[3];
    for (int c3 = 0; c3 < 3; c3++) k[c3] = (PetscReal)b->lines.step[l][c3] / (PetscReal)s->mesh->n[c3];
    MatTVec3((const PetscReal(*)[3])s->mesh->crystal->b, k, b->delta[l]);
    b->along[l][0] = CHARGE * (B[1] * d[2] - B[2] * d[1]); /* (v x B).d = v.(B x d) */
    b->along[l][1] = CHARGE * (B[2] * d[0] - B[0] * d[2]);
    b->along[l][2] = CHARGE * (B[0] * d[1] - B[1] * d[0]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode builder_destroy(Builder *b)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree3(b->along, b->delta, b->entry));
  for (int i = 0; i < 3; i++) PetscCall(PetscFree(b->M[i]));
  PetscFunctionReturn(0);
}

/* Position of the point some steps along a line, -1 where it is not near the window. A model's box has no periodic images. */
static PetscInt neighbour(const Builder *b, const PetscInt i[3], int line, int steps)
{
  const PetscInt *n = b->s->mesh->n;
  PetscInt        j[3];
  for (int c = 0; c < 3; c++) {
    const PetscInt centred = 2 * i[c] < n[c] ? i[c] : i[c] - n[c];
    j[c]                   = centred + steps * b->lines.step[line][c];
    if (b->box && n[c] > 1 && PetscAbs(2 * j[c]) >= n[c]) return -1;
  }
  return StatesFindPoint(b->s, MeshLinear(b->s->mesh, j));
}

/* left (3x3) S P, zeros exact */
static void product(const PetscReal left[9], const PetscReal (*S)[3], const PetscReal right[9], PetscReal scale, PetscReal out[9])
{
  PetscReal t[9];
  for (int r = 0; r < 9; r++) t[r] = left[3 * (r / 3)] * S[0][r % 3] + left[3 * (r / 3) + 1] * S[1][r % 3] + left[3 * (r / 3) + 2] * S[2][r % 3];
  for (int r = 0; r < 9; r++) {
    out[r] = t[3 * (r / 3)] * right[r % 3] + t[3 * (r / 3) + 1] * right[3 + r % 3] + t[3 * (r / 3) + 2] * right[6 + r % 3];
    out[r] = fabs(out[r]) < 1e-14 ? 0.0 : scale * out[r];
  }
}

/* w at the mean of two energies, squared, over the product of theirs: (cosh(x + y) + cosh(x - y))/(cosh(x + y) + 1) of the halves of both (e - mu)/kT */
static PetscReal weight_ratio(const StatesPoint *p, PetscReal e, PetscReal f)
{
  const PetscReal sum = fabs(0.5 * (e + f - 2.0 * p->mu) / p->kT), difference = fabs(0.5 * (e - f) / p->kT);
  const PetscReal u = exp(-sum), ratio = (1.0 + u * u + exp(PetscMin(difference - sum, 100.0)) + exp(-difference - sum)) / (1.0 + u * u + 2.0 * u);
  return PetscMin(ratio, RATIO_MAX);
}

/* What band `slot` of point p gets from the bands of point q, `steps` along a line: half of the operator's block. */
static PetscErrorCode add_point(Builder *b, PetscInt a, const PetscReal P[9], PetscInt p, PetscInt q, int line, int steps)
{
  const States    s = b->s;
  const PetscInt  slot = s->band[a] - s->band_first;
  const PetscReal c    = 0.5 * (steps > 0 ? 1.0 : -1.0) * difference[b->reach - 1][PetscAbs(steps) - 1], here = Dot3(s->point_velocity + 3 * (p * s->nb + slot), b->along[line]);
  PetscReal       Q[9];
  PetscFunctionBeginUser;
  MeshLittleGroup(s->mesh, s->mesh->wedge[s->point_wedge[q]], Q);
  for (PetscInt m = 0; m < s->nb; m++) {
    const PetscInt  at = q * s->nb + m, state = s->point_state[at];
    const PetscReal share = b->M[0][slot * s->nb + m];
    if (state < 0 || share == 0.0) continue;
    const PetscReal alpha = 0.5 * (here + Dot3(s->point_velocity + 3 * at, b->along[line]));
    Entry          *e     = &b->entry[b->count++];
    product(P, MeshOpCart(s->mesh, s->point_op[q]), Q, c * share * alpha * weight_ratio(b->point, s->energy[a], s->energy[state]) * sqrt(s->star[a] / s->star[state]), e->block);
    PetscCall(CollisionGetRow(b->collision, SPECIES_ELECTRON, state, &e->column));
  }
  PetscFunctionReturn(0);
}

/* M[0] <- M[0] M(p, q) */
static PetscErrorCode follow(Builder *b, PetscInt p, PetscInt q, int line, int steps)
{
  const PetscInt  nb       = b->s->nb;
  const PetscReal delta[3] = {steps * b->delta[line][0], steps * b->delta[line][1], steps * b->delta[line][2]};
  PetscFunctionBeginUser;
  PetscCall(BandsConnect(b->s, p, q, delta, b->M[1]));
  for (PetscInt i = 0; i < nb; i++)
    for (PetscInt j = 0; j < nb; j++) {
      b->M[2][i * nb + j] = 0.0;
      for (PetscInt k = 0; k < nb; k++) b->M[2][i * nb + j] += b->M[0][i * nb + k] * b->M[1][k * nb + j];
    }
  PetscCall(PetscArraycpy(b->M[0], b->M[2], nb * nb));
  PetscFunctionReturn(0);
}

/* All neighbours of wedge state a, in b->entry. */
static PetscErrorCode find_entries(Builder *b, PetscInt a)
{
  const States     s      = b->s;
  const PetscInt64 linear = s->mesh->wedge[s->wedge[s->k[a]]];
  const PetscInt   p      = StatesFindPoint(s, linear), nb = s->nb;
  PetscInt         i[3];
  PetscReal        P[9];
  PetscFunctionBeginUser;
  UmkCheck(p >= 0, "wedge point %d is not among the points of the window", (int)s->k[a]);
  b->count = 0;
  MeshIndices(s->mesh, linear, i);
  MeshLittleGroup(s->mesh, linear, P);
  for (int l = 0; l < b->lines.n; l++)
    for (int sign = -1; sign <= 1; sign += 2) {
      PetscInt last = p;
      int      met  = 0;
      for (PetscInt m = 0; m < nb * nb; m++) b->M[0][m] = m % (nb + 1) == 0;
      for (int n = 1; n <= b->reach; n++) {
        const PetscInt q = neighbour(b, i, l, sign * n);
        if (q < 0) continue;
        PetscCall(follow(b, last, q, l, sign * (n - met)));
        PetscCall(add_point(b, a, P, p, q, l, sign * n));
        last = q;
        met  = n;
      }
    }
  PetscFunctionReturn(0);
}

/* Room for every row: entries of distinct neighbours. */
static PetscErrorCode preallocate(Builder *b, PetscInt begin, PetscInt n, const PetscInt *state, PetscInt first, Mat H)
{
  PetscInt      *d, *o, *column, nrows, mine;
  PetscErrorCode code = 0;
  PetscFunctionBeginUser;
  PetscCall(MatGetLocalSize(H, &nrows, NULL));
  mine = nrows / 3;
  PetscCall(PetscCalloc2(nrows, &d, nrows, &o));
  PetscCall(PetscMalloc1(b->capacity, &column));
  for (PetscInt i = 0; i < n && !code; i++) {
    if (StopOverdue()) code = UMK_ERR_STOPPED;
    PetscCall(find_entries(b, state[i]));
    PetscInt count = b->count;
    for (PetscInt e = 0; e < count; e++) column[e] = b->entry[e].column;
    PetscCall(PetscSortRemoveDupsInt(&count, column));
    for (PetscInt e = 0; e < count; e++) {
      const bool own = column[e] >= first && column[e] < first + mine;
      for (int r = 0; r < 3; r++) (own ? d : o)[3 * (begin + i) + r] += 3;
    }
  }
  PetscCall(ErrorAgree(PetscObjectComm((PetscObject)H), code));
  PetscCall(MatXAIJSetPreallocation(H, 1, d, o, NULL, NULL));
  PetscCall(PetscFree2(d, o));
  PetscCall(PetscFree(column));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill(Builder *b, Mat H)
{
  const PetscInt *state;
  PetscInt        begin, n, first;
  PetscLayout     rows;
  PetscErrorCode  code = 0;
  Progress        progress;
  PetscFunctionBeginUser;
  PetscCall(MatGetLayouts(H, &rows, NULL));
  PetscCall(PetscLayoutSetUp(rows)); /* the range is asked for before preallocation */
  PetscCall(CollisionGetLocalStates(b->collision, SPECIES_ELECTRON, &begin, &n, &state));
  PetscCall(MatGetOwnershipRange(H, &first, NULL));
  first /= 3;
  PetscCall(preallocate(b, begin, n, state, first, H));
  ProgressBegin(&progress, "magnetic field", (PetscReal)n);
  for (PetscInt i = 0; i < n && !code; i++) {
    if (StopOverdue()) code = UMK_ERR_STOPPED;
    ProgressUpdate(&progress, (PetscReal)i);
    PetscCall(find_entries(b, state[i]));
    for (PetscInt e = 0; e < b->count; e++)
      for (int r = 0; r < 9; r++) PetscCall(MatSetValue(H, 3 * (first + begin + i) + r / 3, 3 * b->entry[e].column + r % 3, b->entry[e].block[r], ADD_VALUES));
  }
  PetscCall(ErrorAgree(PetscObjectComm((PetscObject)H), code));
  ProgressEnd(&progress);
  PetscCall(MatAssemblyBegin(H, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(H, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

PetscErrorCode MagneticCreate(Collision c, States s, const PetscReal B[3], int reach, Mat *Lambda)
{
  Builder  b;
  Vec      v;
  PetscInt n;
  Mat      transpose;
  PetscFunctionBeginUser;
  PetscCall(CollisionCreateVec(c, &v));
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecDestroy(&v));
  PetscCall(MatCreate(s->comm, Lambda));
  PetscCall(MatSetSizes(*Lambda, n, n, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(*Lambda, MATAIJ));
  PetscCall(builder_create(c, s, B, reach, &b));
  PetscCall(fill(&b, *Lambda));
  PetscCall(builder_destroy(&b));
  PetscCall(MatTranspose(*Lambda, MAT_INITIAL_MATRIX, &transpose));
  PetscCall(MatAXPY(*Lambda, -1.0, transpose, DIFFERENT_NONZERO_PATTERN));
  PetscCall(MatDestroy(&transpose));
  PetscFunctionReturn(0);
}

PetscErrorCode DriveCreateMagnetic(Collision c, States s, const PetscReal B[3], Mat *Lambda)
{
  PetscFunctionBeginUser;
  PetscCall(MagneticCreate(c, s, B, MAGNETIC_REACH, Lambda));
  PetscFunctionReturn(0);
}

/*
  The operator applied without a matrix. From its blocks, y_a += B_ab x_b, y_b += B_ab^T x_a; or by replaying processes: with phi_a = S_a z_a / (sqrt(N_a) w_a),

    d = sum_c s_c phi_c,   z'_a += N_first K prod(w) s_a S_a^T d / (sqrt(N_a) w_a)

  a Gram form, semidefinite term by term. Processes read the whole vector, of which a node has one copy; a rank adds to rows that its processes touch, and all is summed
  by exchange.c.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "collision_impl.h"

typedef struct { /* 64 rows of states: those that this rank's processes touch, and how many come before */
  uint64_t bits;
  PetscInt before;
} Touched;

typedef struct {
  Collision   c;
  CollisionApply how;
  PetscInt    nghost;
  Touched    *touched;  /* [nunknowns / 64]: a quarter of a byte per unknown */
  int32_t    *place;    /* [nghost] rows of those touched, ascending */
  Vec         projected;
  const PetscScalar *x; /* [3 nunknowns] by row, the node's */
  PetscScalar       *y; /* [3 nghost] */
} Apply;

static inline void touch(Apply *a, PetscInt row) { a->touched[row / 64].bits |= (uint64_t)1 << (row % 64); }
/* Position of a touched row among them. */
static inline PetscInt ghost(const Apply *a, PetscInt row)
{
  const Touched *t = &a->touched[row / 64];
  return t->before + __builtin_popcountll(t->bits & (((uint64_t)1 << (row % 64)) - 1));
}

static PetscErrorCode mark(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Apply              *a      = ctx;
  const ActiveMembers active = CollisionActive(a->c, b);
  PetscFunctionBeginUser;
  (void)channel;
  (void)chunk;
  if (StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  for (int k = 0; k < active.n; k++)
    for (PetscInt i = 0; i < b->count; i++) touch(a, a->c->row[MemberUnknown(a->c, b, active.member[k], i)]);
  PetscFunctionReturn(0);
}

/* Process n: d = sum_c s_c phi_c, then back. W = K prod(w) N_first. */
static void apply_process(const Apply *a, const ProcessBatch *b, const ActiveMembers *active, PetscInt n, PetscReal W)
{
  const Collision  c = a->c;
  const PetscReal *S[PROCESS_MAX_MEMBERS];
  PetscReal        u[PROCESS_MAX_MEMBERS];
  PetscInt         at[PROCESS_MAX_MEMBERS];
  PetscScalar      d[3] = {0, 0, 0};
  for (int k = 0; k < active->n; k++) {
    const int      m       = active->member[k];
    const PetscInt unknown = MemberUnknown(c, b, m, n);
    const PetscInt row     = c->row[unknown];
    at[k] = 3 * ghost(a, row);
    u[k]  = b->s[m] / (sqrt(c->star[unknown]) * c->weight[b->species[m]][b->state[m][n]]);
    S[k]  = c->rotation[MemberOp(b, m, n)];
    const PetscScalar *x = a->x + 3 * row;
    for (int r = 0; r < 3; r++) d[r] += u[k] * (S[k][3 * r] * x[0] + S[k][3 * r + 1] * x[1] + S[k][3 * r + 2] * x[2]);
  }
  for (int k = 0; k < active->n; k++)
    for (int r = 0; r < 3; r++) a->y[at[k] + r] += W * u[k] * (S[k][r] * d[0] + S[k][3 + r] * d[1] + S[k][6 + r] * d[2]);
}

static PetscErrorCode apply_batch(void *ctx, PetscInt channel, const ProcessBatch *b, Chunk *chunk)
{
  Apply              *a      = ctx;
  Collision           c      = a->c;
  const ActiveMembers active = CollisionActive(c, b);
  PetscFunctionBeginUser;
  (void)channel;
  if (!chunk && StopOverdue()) PetscFunctionReturn(UMK_ERR_STOPPED);
  for (PetscInt n = 0; active.n > 0 && n < b->count; n++) {
    if (b->nmembers == 1) {
      const PetscInt row = c->row[MemberUnknown(c, b, 0, n)], at = 3 * ghost(a, row);
      for (int r = 0; r < 3; r++) a->y[at + r] += b->kernel[n] * a->x[3 * row + r];
    } else apply_process(a, b, &active, n, b->kernel[n] * ProcessWeight(c, b, n) * ProcessStar(c, b, n));
  }
  PetscCall(PetscLogFlops((b->nmembers == 1 ? 6.0 : 40.0 * active.n) * b->count));
  PetscFunctionReturn(0);
}

static PetscErrorCode apply_blocks(const Apply *a)
{
  const BlockList *l     = &a->c->blocks;
  PetscReal        flops = 0.0;
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(CollisionEvent[EVENT_BLOCKS], 0, 0, 0, 0));
  for (PetscInt p = 0; p < l->count; p++) {
    const PetscReal   *B = a->c->value + 9 * (size_t)p;
    const PetscInt     row[2] = {a->c->row[l->pair[p][0]], a->c->row[l->pair[p][1]]};
    const PetscScalar *x = a->x + 3 * row[0], *z = a->x + 3 * row[1];
    PetscScalar       *y = a->y + 3 * ghost(a, row[0]);
    for (int r = 0; r < 3; r++) y[r] += B[3 * r] * z[0] + B[3 * r + 1] * z[1] + B[3 * r + 2] * z[2];
    flops += row[0] == row[1] ? 18.0 : 36.0;
    if (row[0] == row[1]) continue;
    y = a->y + 3 * ghost(a, row[1]);
    for (int r = 0; r < 3; r++) y[r] += B[r] * x[0] + B[3 + r] * x[1] + B[6 + r] * x[2];
  }
  PetscCall(PetscLogFlops(flops));
  PetscCall(PetscLogEventEnd(CollisionEvent[EVENT_BLOCKS], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}

/* 40 operations a member: 3x3 products there and back, and its weight */
static PetscErrorCode apply_processes(Apply *a)
{
  PetscFunctionBeginUser;
  PetscCall(PetscLogEventBegin(CollisionEvent[EVENT_REPLAY], 0, 0, 0, 0));
  PetscCall(CollisionForEach(a->c, apply_batch, a));
  PetscCall(PetscLogEventEnd(CollisionEvent[EVENT_REPLAY], 0, 0, 0, 0));
  PetscFunctionReturn(0);
}

/* y = P A P x + (1 - P) D x; D x for states without any scattering */
static PetscErrorCode apply_operator(Apply *a, Vec x, Vec y)
{
  const PetscReal   *rate;
  const PetscScalar *px, *pp;
  PetscScalar       *py;
  PetscErrorCode     code = 0;
  PetscFunctionBeginUser;
  PetscCall(VecCopy(x, a->projected));
  PetscCall(CollisionProject(a->c, a->projected));
  PetscCall(ExchangeGather(a->c->exchange, a->projected, &a->x));
  PetscCall(PetscArrayzero(a->y, 3 * a->nghost));
  StageWorkBegin();
  code = a->how == COLLISION_BLOCKS ? apply_blocks(a) : apply_processes(a);
  StageWorkEnd();
  if (!a->c->keep) code = ErrorAgree(a->c->comm, code); /* processes enumerated anew take long: that stops in between */
  PetscCall(code);
  PetscCall(ExchangeReduce(a->c->exchange, 3, a->nghost, a->place, a->y, y));
  PetscCall(CollisionProject(a->c, y));
  PetscCall(CollisionGetRates(a->c, -1, &rate));
  PetscCall(VecGetArrayRead(x, &px));
  PetscCall(VecGetArrayRead(a->projected, &pp));
  PetscCall(VecGetArray(y, &py));
  for (PetscInt i = 0; i < 3 * a->c->nrows; i++) { /* blocks are what lies beside the diagonal; replaying gives the diagonal of P x too */
    if (!(rate[i / 3] > 0.0)) py[i] = px[i];
    else py[i] += rate[i / 3] * (a->how == COLLISION_BLOCKS ? px[i] : px[i] - pp[i]);
  }
  PetscCall(VecRestoreArrayRead(x, &px));
  PetscCall(VecRestoreArrayRead(a->projected, &pp));
  PetscCall(VecRestoreArray(y, &py));
  PetscFunctionReturn(0);
}

static PetscErrorCode shell_mult(Mat A, Vec x, Vec y)
{
  const PetscReal start = ProcessorTime();
  Apply          *a;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &a));
  PetscCall(apply_operator(a, x, y));
  a->c->work.applications++;
  a->c->work.applications_s += ProcessorTime() - start;
  PetscFunctionReturn(0);
}

static PetscErrorCode shell_destroy(Mat A)
{
  Apply *a;
  PetscFunctionBeginUser;
  PetscCall(MatShellGetContext(A, &a));
  PetscCall(VecDestroy(&a->projected));
  PetscCall(PetscFree(a->touched));
  PetscCall(PetscFree2(a->place, a->y));
  PetscCall(PetscFree(a));
  PetscFunctionReturn(0);
}

static PetscErrorCode count_touched(Apply *a)
{
  const Collision c = a->c;
  PetscFunctionBeginUser;
  for (PetscInt w = 0; w < (c->nunknowns + 63) / 64; w++) {
    a->touched[w].before = a->nghost;
    a->nghost += __builtin_popcountll(a->touched[w].bits);
  }
  PetscCall(PetscMalloc2(a->nghost, &a->place, 3 * a->nghost, &a->y));
  for (PetscInt w = 0, n = 0; w < (c->nunknowns + 63) / 64; w++)
    for (uint64_t bits = a->touched[w].bits; bits; bits &= bits - 1) a->place[n++] = (int32_t)(64 * w + __builtin_ctzll(bits));
  PetscCall(CollisionCreateVec(c, &a->projected));
  if (!c->exchange) PetscCall(ExchangeCreate(c->comm, 3 * c->row_first, 3 * c->nrows, 3 * c->nunknowns, &c->exchange));
  PetscFunctionReturn(0);
}

PetscErrorCode CollisionCreateShell(Collision c, CollisionApply how, Mat *A)
{
  Apply *a;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&a));
  a->c   = c;
  a->how = how;
  if (how == COLLISION_BLOCKS) PetscCall(CollisionFillBlocks(c));
  PetscCall(PetscCalloc1(c->nunknowns / 64 + 1, &a->touched));
  if (how == COLLISION_REPLAY) PetscCall(ErrorAgree(c->comm, CollisionForEach(c, mark, a)));
  for (PetscInt p = 0; how == COLLISION_BLOCKS && p < c->blocks.count; p++)
    for (int k = 0; k < 2; k++) touch(a, c->row[c->blocks.pair[p][k]]);
  PetscCall(count_touched(a));
  PetscCall(MatCreateShell(c->comm, 3 * c->nrows, 3 * c->nrows, PETSC_DETERMINE, PETSC_DETERMINE, a, A));
  PetscCall(MatShellSetOperation(*A, MATOP_MULT, (void (*)(void))shell_mult));
  PetscCall(MatShellSetOperation(*A, MATOP_MULT_TRANSPOSE, (void (*)(void))shell_mult));
  PetscCall(MatShellSetOperation(*A, MATOP_DESTROY, (void (*)(void))shell_destroy));
  PetscCall(MatSetOption(*A, MAT_SYMMETRIC, PETSC_TRUE));
  PetscFunctionReturn(0);
}

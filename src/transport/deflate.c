/*
  Jacobi's preconditioner with the slow modes taken out: M^-1 = D^-1 + sum_k v_k v_k^T, v_k.A v_l = delta_kl. The v_k span the drift modes, phi = M k: momentum
  that electrons and phonons exchange decays by umklapp processes, walls and impurities alone, ever slower as drag grows, and no diagonal sees that.
  Symmetric and positive, so conjugate gradients apply.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport_impl.h"

typedef struct {
  Vec      inverse; /* of the diagonal */
  PetscInt n;
  Vec      v[DRIVE_MAX_NULL];
} Deflation;

static PetscErrorCode apply(PC pc, Vec x, Vec y)
{
  Deflation  *f;
  PetscScalar dot[DRIVE_MAX_NULL];
  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &f));
  PetscCall(VecPointwiseMult(y, f->inverse, x));
  if (f->n > 0) {
    PetscCall(VecMDot(x, f->n, f->v, dot));
    PetscCall(VecMAXPY(y, f->n, dot, f->v));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode forget(Deflation *f)
{
  PetscFunctionBeginUser;
  for (PetscInt k = 0; k < f->n; k++) PetscCall(VecDestroy(&f->v[k]));
  f->n = 0;
  PetscFunctionReturn(0);
}

static PetscErrorCode destroy(PC pc)
{
  Deflation *f;
  PetscFunctionBeginUser;
  PetscCall(PCShellGetContext(pc, &f));
  PetscCall(forget(f));
  PetscCall(VecDestroy(&f->inverse));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportDeflationCreate(PC pc)
{
  Deflation *f;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&f));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetName(pc, "Jacobi without the drift modes"));
  PetscCall(PCShellSetContext(pc, f));
  PetscCall(PCShellSetApply(pc, apply));
  PetscCall(PCShellSetApplyTranspose(pc, apply));
  PetscCall(PCShellSetDestroy(pc, destroy));
  PetscFunctionReturn(0);
}

/* v less its components along the others in A's inner product, of length 1 in it; *left: something remains. */
static PetscErrorCode orthonormalize(const Deflation *f, Mat A, Vec v, Vec Av, bool *left)
{
  PetscReal first, norm;
  PetscFunctionBeginUser;
  PetscCall(MatMult(A, v, Av));
  PetscCall(VecDot(v, Av, &first));
  for (PetscInt k = 0; k < f->n; k++) {
    PetscReal dot;
    PetscCall(VecDot(f->v[k], Av, &dot));
    PetscCall(VecAXPY(v, -dot, f->v[k]));
  }
  if (f->n > 0) PetscCall(MatMult(A, v, Av));
  PetscCall(VecDot(v, Av, &norm));
  *left = norm > 1e-8 * first && norm > 0.0;
  if (*left) PetscCall(VecScale(v, 1.0 / sqrt(norm)));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportDeflationSet(PC pc, Mat A, Mat D, PetscInt n, const Vec *mode)
{
  Deflation *f;
  Vec        work;
  bool       left;
  PetscBool  ours;
  PetscFunctionBeginUser;
  PetscCall(PetscObjectTypeCompare((PetscObject)pc, PCSHELL, &ours)); /* another one may have been asked for: -pc_type */
  if (!ours) PetscFunctionReturn(0);
  PetscCall(PCShellGetContext(pc, &f));
  PetscCall(forget(f));
  if (!f->inverse) PetscCall(MatCreateVecs(D, &f->inverse, NULL));
  PetscCall(MatGetDiagonal(D, f->inverse));
  PetscCall(VecReciprocal(f->inverse));
  PetscCall(VecDuplicate(f->inverse, &work));
  for (PetscInt k = 0; k < n; k++) {
    PetscCall(VecDuplicate(mode[k], &f->v[f->n]));
    PetscCall(VecCopy(mode[k], f->v[f->n]));
    PetscCall(orthonormalize(f, A, f->v[f->n], work, &left));
    if (left) f->n++;
    else PetscCall(VecDestroy(&f->v[f->n]));
  }
  PetscCall(VecDestroy(&work));
  PetscFunctionReturn(0);
}

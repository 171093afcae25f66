/*
  Phonon modes on the wedge of a mesh, and at any point by rotation: with displacements u_kappa(R) = e_kappa exp(i q.R) and
  S tau_kappa + t = tau_kappa' + T,  e_kappa'(Sq) = S e_kappa(q) exp(-i Sq.T);  time reversal conjugates.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"

#define BATCH 64

static PetscErrorCode evaluate_wedge(States s, PetscInt nm)
{
  SharedArray a[3];
  PetscReal  *omega, *velocity, *q;
  Complex    *displacement;
  PetscInt    begin, end;
  PetscErrorCode code = 0;
  Progress    progress;
  const size_t nw = (size_t)s->mesh->nwedge, n = (size_t)nm;
  PetscFunctionBeginUser;
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * nw * n, &a[0], &omega));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * nw * n * 3, &a[1], &velocity));
  PetscCall(StatesNewArray(s, sizeof(Complex) * nw * n * n, &a[2], &displacement));
  StatesShare(s->comm, (s->mesh->nwedge + BATCH - 1) / BATCH, &begin, &end); /* whole batches: the same numbers to the last bit on any number of ranks */
  begin = PetscMin(BATCH * begin, s->mesh->nwedge);
  end   = PetscMin(BATCH * end, s->mesh->nwedge);
  PetscCall(PetscMalloc1(3 * BATCH, &q));
  ProgressBegin(&progress, "phonons", (PetscReal)(end - begin));
  for (PetscInt at = begin; at < end && !code; at += BATCH) {
    PetscInt count = PetscMin(BATCH, end - at);
    for (PetscInt i = 0; i < count; i++) MeshPoint(s->mesh, s->mesh->wedge[at + i], q + 3 * i);
    code = StopPending() ? UMK_ERR_STOPPED : MaterialPhonons(s->material, count, q, omega + (size_t)at * n, velocity + 3 * (size_t)at * n, displacement + (size_t)at * n * n);
    ProgressUpdate(&progress, (PetscReal)(at - begin));
  }
  PetscCall(ErrorAgree(s->comm, code));
  ProgressEnd(&progress);
  PetscCall(PetscFree(q));
  PetscCall(SharedArrayCombine(a[0], sizeof(PetscReal) * n * (size_t)begin, sizeof(PetscReal) * n * (size_t)end));
  PetscCall(SharedArrayCombine(a[1], 3 * sizeof(PetscReal) * n * (size_t)begin, 3 * sizeof(PetscReal) * n * (size_t)end));
  PetscCall(SharedArrayCombine(a[2], sizeof(Complex) * n * n * (size_t)begin, sizeof(Complex) * n * n * (size_t)end));
  s->omega          = omega;
  s->omega_velocity = velocity;
  s->displacement   = displacement;
  PetscFunctionReturn(0);
}

/* Modes above the threshold, numbered along the wedge. */
static PetscErrorCode number_modes(States s, PetscInt nm)
{
  SharedArray a[8];
  bool        owner;
  int32_t    *wedge, *first, *k, *band;
  PetscReal  *energy, *velocity, *star;
  PetscInt    n = 0;
  const size_t nw = (size_t)s->mesh->nwedge;
  PetscFunctionBeginUser;
  for (size_t i = 0; i < nw * (size_t)nm; i++) n += s->omega[i] > s->omega_min;
  s->nstates = n;
  s->nk      = s->mesh->nwedge;
  s->nb      = nm;
  PetscCall(StatesNewArray(s, sizeof(int32_t) * nw, &a[0], &wedge));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * (nw + 1), &a[1], &first));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * (size_t)n, &a[2], &k));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * (size_t)n, &a[3], &band));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * (size_t)n, &a[4], &energy));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * 3 * (size_t)n, &a[5], &velocity));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * (size_t)n, &a[6], &star));
  PetscCall(SharedArrayIsOwner(a[0], &owner));
  n = 0;
  for (PetscInt iw = 0; owner && iw < s->mesh->nwedge; iw++) {
    wedge[iw] = (int32_t)iw;
    first[iw] = (int32_t)n;
    for (PetscInt nu = 0; nu < nm; nu++) {
      size_t at = (size_t)(iw * nm + nu);
      if (!(s->omega[at] > s->omega_min)) continue;
      k[n]      = (int32_t)iw;
      band[n]   = (int32_t)nu;
      energy[n] = s->omega[at];
      star[n]   = s->mesh->star[iw];
      for (int c = 0; c < 3; c++) velocity[3 * n + c] = s->omega_velocity[3 * at + (size_t)c];
      n++;
    }
  }
  if (owner) first[s->nk] = (int32_t)n;
  for (int i = 0; i < 7; i++) PetscCall(SharedArrayFence(a[i]));
  s->wedge    = wedge;
  s->first    = first;
  s->k        = k;
  s->band     = band;
  s->energy   = energy;
  s->velocity = velocity;
  s->star     = star;
  PetscFunctionReturn(0);
}

PetscErrorCode StatesCreatePhonons(MPI_Comm comm, Material m, KMesh mesh, PetscReal omega_min, States *states)
{
  States   s;
  PetscInt nm;
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  PetscCall(PetscNew(&s->priv));
  *states      = s;
  s->comm      = comm;
  s->species   = SPECIES_PHONON;
  s->mesh      = mesh;
  s->material  = m;
  s->spin      = 1;
  s->omega_min = omega_min;
  PetscCall(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  PetscCall(evaluate_wedge(s, nm));
  PetscCall(number_modes(s, nm));
  PetscCall(SpreadFill(s, nm, MaterialPhononVelocityMatrix));
  PetscFunctionReturn(0);
}

static void rotate_displacement(Crystal c, int iop, const PetscReal q[3], PetscInt nm, const Complex *from, Complex *to)
{
  const CrystalOp *op   = &c->op[iop];
  const PetscReal  sign = op->time_reversal ? -1.0 : 1.0;
  for (PetscInt ia = 0; ia < c->natoms; ia++) {
    const int *T     = c->atom_shift[iop * c->natoms + ia];
    PetscInt   ja    = c->atom_image[iop * c->natoms + ia];
    PetscReal  angle = -2.0 * UMK_PI * (q[0] * T[0] + q[1] * T[1] + q[2] * T[2]);
    Complex    phase = CMPLX(cos(angle), sin(angle));
    for (int r = 0; r < 3; r++)
      for (PetscInt nu = 0; nu < nm; nu++) {
        Complex sum = 0.0;
        for (int d = 0; d < 3; d++) sum += sign * op->cart[r][d] * from[(3 * ia + d) * nm + nu];
        to[(3 * ja + r) * nm + nu] = phase * (op->time_reversal ? conj(sum) : sum);
      }
  }
}

PetscErrorCode StatesPhononsAt(States s, PetscInt64 linear, const PetscReal **omega, PetscReal *velocity, Complex *displacement)
{
  const PetscInt nm  = s->nb;
  const size_t   iw  = (size_t)s->mesh->wedge_of[linear];
  const int      iop = s->mesh->op_of[linear];
  PetscReal      q[3];
  PetscFunctionBeginUser;
  if (omega) *omega = s->omega + iw * (size_t)nm;
  if (velocity)
    for (PetscInt nu = 0; nu < nm; nu++) MatVec3(MeshOpCart(s->mesh, iop), s->omega_velocity + 3 * (iw * (size_t)nm + (size_t)nu), velocity + 3 * nu);
  if (displacement) {
    MeshPoint(s->mesh, linear, q);
    rotate_displacement(s->mesh->crystal, s->mesh->op[iop], q, nm, s->displacement + iw * (size_t)(nm * nm), displacement);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode StatesDisplacements(States s, PetscInt64 linear, Complex *work, const Complex **u)
{
  PetscFunctionBeginUser;
  if (s->point_displacement) *u = s->point_displacement + (size_t)linear * (size_t)(s->nb * s->nb);
  else {
    PetscCall(StatesPhononsAt(s, linear, NULL, NULL, work));
    *u = work;
  }
  PetscFunctionReturn(0);
}

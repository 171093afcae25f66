/* Electrons alone, or phonons alone, in fields and at frequencies: see response.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response.h"
#include <string.h>

typedef struct {
  Transport          t;
  const StatesPoint *p;
  PetscReal          kT;
} Context;

static PetscErrorCode moment(void *context, Vec x, Vec z, PetscReal m[3][3])
{
  const Context *c = context;
  PetscFunctionBeginUser;
  PetscCall(DriveMoment(c->t->collision, c->t->states, x, z, m));
  for (int r = 0; r < 9; r++) m[r / 3][r % 3] /= c->kT;
  PetscFunctionReturn(0);
}

static PetscErrorCode magnetic(void *context, const PetscReal B[3], Mat *Lambda)
{
  const Context *c = context;
  PetscFunctionBeginUser;
  PetscCall(DriveCreateMagnetic(c->t->collision, c->t->states, B, Lambda));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportSpreadRates(PetscInt n, const PetscReal *rate, PetscReal omega, bool imaginary, PetscReal *effective)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal r = rate[i];
    if (!(r > 0.0)) effective[i] = 0.0;
    else if (omega == 0.0) effective[i] = r;
    else effective[i] = imaginary ? r * (r / omega) + omega : r + omega * (omega / r);
  }
  PetscFunctionReturn(0);
}

/* m += what the velocities of degenerate states part by, tau/(1 - i omega tau) each; they do not feel the magnetic field. */
static PetscErrorCode add_spread(Transport t, DriveKind x, DriveKind y, const StatesPoint *p, PetscReal omega, Complex m[3][3])
{
  const PetscReal *rate;
  PetscReal       *effective, part[3][3];
  PetscInt         begin, n;
  PetscFunctionBeginUser;
  if (!t->states->spread) PetscFunctionReturn(0);
  PetscCall(CollisionGetLocalStates(t->collision, t->states->species, &begin, &n, NULL));
  PetscCall(CollisionGetRates(t->collision, -1, &rate));
  PetscCall(PetscMalloc1(n, &effective));
  for (int c = 0; c < (omega != 0.0 ? 2 : 1); c++) {
    PetscCall(TransportSpreadRates(n, rate + begin, omega, c == 1, effective));
    PetscCall(PetscArrayzero(&part[0][0], 9));
    PetscCall(DriveSpread(t->collision, t->states, p, x, y, effective, part));
    for (int r = 0; r < 9; r++) m[r / 3][r % 3] += (c ? I : 1.0) * part[r / 3][r % 3] / p->kT;
  }
  PetscCall(PetscFree(effective));
  PetscFunctionReturn(0);
}

/* <X, X> / k_B T and the spread of degenerate states: weights of the sum rule */
static PetscErrorCode fill_weight(Context *c, const StatesPoint *p, PetscReal weight[2][2][3][3])
{
  const Transport t = c->t;
  PetscReal      *one;
  PetscInt        n;
  PetscFunctionBeginUser;
  PetscCall(CollisionGetLocalStates(t->collision, t->states->species, NULL, &n, NULL));
  PetscCall(PetscMalloc1(n, &one));
  for (PetscInt i = 0; i < n; i++) one[i] = p->kT; /* its inverse is what is wanted */
  PetscCall(PetscArrayzero(&weight[0][0][0][0], 36));
  for (int i = 0; i < t->nkinds; i++)
    for (int k = 0; k < t->nkinds; k++) {
      const DriveKind x = t->kind[i], y = t->kind[k];
      PetscCall(moment(c, t->drive[x], t->drive[y], weight[x][y]));
      PetscCall(DriveSpread(t->collision, t->states, p, x, y, one, weight[x][y]));
    }
  PetscCall(PetscFree(one));
  PetscFunctionReturn(0);
}

/* The list with -B of each B where reversed; opposite [nB]: where -B is, or -1. all->B is the caller's to free. */
static PetscErrorCode extend_fields(const TransportFields *f, bool reversed, TransportFields *all, PetscInt *opposite)
{
  PetscFunctionBeginUser;
  *all = *f;
  PetscCall(PetscMalloc1(2 * f->nB, &all->B));
  PetscCall(PetscArraycpy(&all->B[0][0], &f->B[0][0], 3 * f->nB));
  for (PetscInt b = 0; b < f->nB; b++) {
    opposite[b] = -1;
    for (PetscInt o = 0; o < f->nB; o++) {
      const PetscReal sum[3] = {f->B[b][0] + f->B[o][0], f->B[b][1] + f->B[o][1], f->B[b][2] + f->B[o][2]};
      if (Norm3(sum) <= 1e-12 * Norm3(f->B[b])) opposite[b] = o;
    }
    if (opposite[b] >= 0 || !reversed) continue;
    for (int r = 0; r < 3; r++) all->B[all->nB][r] = -f->B[b][r];
    opposite[b] = all->nB++;
  }
  PetscFunctionReturn(0);
}

/* Largest |L_XY(B) - L_YX(-B)^T| / sqrt(|L_XX| |L_YY|) of n drives. */
static PetscReal reversal(int n, const ResponsePoint *here, const ResponsePoint *there)
{
  PetscReal worst = 0.0;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++) {
      Complex         odd[3][3];
      const PetscReal scale = sqrt(TensorNorm((const Complex(*)[3])here->L[i][i]) * TensorNorm((const Complex(*)[3])here->L[k][k]));
      for (int r = 0; r < 9; r++) odd[r / 3][r % 3] = here->L[i][k][r / 3][r % 3] - there->L[k][i][r % 3][r / 3];
      if (scale > 0.0) worst = PetscMax(worst, TensorNorm((const Complex(*)[3])odd) / scale);
    }
  return worst;
}

/* From dL_EE/d|B| and dL_ET/d|B| */
static void read_low_field(int dimension, PetscReal kT, const TransportTensors *still, const PetscReal EE[3][3], const PetscReal ET[3][3], TransportLowField *low)
{
  Complex rho[3][3], sigma1[3][3], S[3][3], alpha1[3][3], rho1[3][3], S1[3][3];
  TensorJoin((const PetscReal(*)[3])still->resistivity, NULL, rho);
  TensorJoin((const PetscReal(*)[3])still->seebeck, NULL, S);
  TensorJoin(EE, NULL, sigma1);
  TensorJoin(ET, NULL, alpha1);
  TensorMultiply((const Complex(*)[3])rho, (const Complex(*)[3])sigma1, -1.0, S1); /* rho_1 = -rho sigma_1 rho, S_1 = rho (L_ET,1/T - sigma_1 S) */
  TensorMultiply((const Complex(*)[3])S1, (const Complex(*)[3])rho, 1.0, rho1);
  TensorMultiply((const Complex(*)[3])S1, (const Complex(*)[3])S, 1.0, S1);
  TensorMultiply((const Complex(*)[3])rho, (const Complex(*)[3])alpha1, 1.0 / kT, alpha1);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      low->hall[i][j]   = 0.5 * creal(rho1[i][j] - rho1[j][i]);
      low->nernst[i][j] = 0.5 * creal(S1[i][j] + alpha1[i][j] - S1[j][i] - alpha1[j][i]);
    }
}

void ResponseBegin(const ResponsePoint *from, TransportResponse *to)
{
  memset(to, 0, sizeof(*to));
  to->re.converged            = from->converged;
  to->re.residual             = from->residual;
  to->re.iterations           = from->iterations;
  to->re.null_overlap         = from->null_overlap;
  to->re.matthiessen          = NAN;
  to->re.steady_state_missing = from->missing;
  if (!from->missing) return;
  TransportFillNan(&to->re);
  TransportFillNan(&to->im);
}

/* Low-field coefficients of every field of the list; drives: the field, then parts of the gradient. */
static void read_low(const ResponseSystem *s, int dimension, PetscReal kT, const TransportFields *f, const TransportTensors *still, PetscReal (*first)[RESPONSE_DRIVES][RESPONSE_DRIVES][3][3], TransportLowField *low)
{
  for (PetscInt b = 0; b < f->nB; b++) {
    const bool none = !s->still || Norm3(f->B[b]) == 0.0 || s->ndrives < 2;
    PetscReal  ET[3][3] = {{0}};
    for (int k = 1; k < s->ndrives; k++)
      for (int r = 0; r < 9; r++) ET[r / 3][r % 3] += first[b][0][k][r / 3][r % 3];
    read_low_field(dimension, kT, still, (const PetscReal(*)[3])first[b][0][0], (const PetscReal(*)[3])ET, &low[b]);
    for (int r = 0; r < 9 && none; r++) low[b].hall[r / 3][r % 3] = low[b].nernst[r / 3][r % 3] = NAN;
  }
}

PetscErrorCode ResponseRun(const ResponseSystem *s, int dimension, PetscReal kT, bool reversed, const TransportFields *f, const TransportTensors *still, TransportResponse *response, TransportLowField *low)
{
  ResponsePoint  *point;
  TransportFields all;
  PetscInt       *opposite;
  PetscReal     (*first)[RESPONSE_DRIVES][RESPONSE_DRIVES][3][3];
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(f->nB, &opposite));
  PetscCall(extend_fields(f, reversed, &all, opposite));
  PetscCall(PetscMalloc2(all.nB * f->nF, &point, all.nB, &first));
  PetscCall(ResponseSolve(s, &all, point, first));
  for (PetscInt at = 0; at < all.nB * f->nF; at++) {
    const PetscReal   omega = f->omega[at % f->nF];
    TransportResponse spare, *to = at < f->nB * f->nF ? &response[at] : &spare;
    if (Norm3(all.B[at / f->nF]) == 0.0 && omega == 0.0) *to = (TransportResponse){.re = *still, .reversal_defect = still->onsager_defect};
    else PetscCall(s->read(s->context, omega, &point[at], to)); /* adds to L */
  }
  for (PetscInt at = 0; at < f->nB * f->nF; at++) {
    const PetscInt b = at / f->nF, w = at % f->nF;
    if (Norm3(f->B[b]) == 0.0 && f->omega[w] == 0.0) continue;
    response[at].reversal_defect = opposite[b] < 0 || point[at].missing ? NAN : reversal(s->ndrives, &point[at], &point[opposite[b] * f->nF + w]);
    response[at].re.onsager_defect = response[at].reversal_defect;
  }
  read_low(s, dimension, kT, f, still, first, low);
  PetscCall(PetscFree(opposite));
  PetscCall(PetscFree(all.B));
  PetscCall(PetscFree2(point, first));
  PetscFunctionReturn(0);
}

/* Tensors of one field and frequency */
static PetscErrorCode read_point(void *context, PetscReal omega, ResponsePoint *from, TransportResponse *to)
{
  Context        *c = context;
  const Transport t = c->t;
  Complex         L[2][2][3][3] = {{{{0}}}};
  PetscFunctionBeginUser;
  ResponseBegin(from, to);
  if (from->missing) PetscFunctionReturn(0);
  for (int i = 0; i < t->nkinds; i++)
    for (int k = 0; k < t->nkinds; k++) {
      PetscCall(add_spread(t, t->kind[i], t->kind[k], c->p, omega, from->L[i][k]));
      memcpy(L[t->kind[i]][t->kind[k]], from->L[i][k], sizeof(from->L[i][k]));
    }
  if (t->states->species == SPECIES_PHONON) TransportReadLattice(c->kT, (const Complex(*)[3])L[DRIVE_GRADIENT][DRIVE_GRADIENT], &to->re, &to->im);
  else TransportReadComplex(t->states->mesh->crystal->dimension, c->kT, (const Complex(*)[2][3][3])L, &to->re, &to->im);
  PetscFunctionReturn(0);
}

/* The system of a level at the present point; still: solutions without field and frequency. */
static PetscErrorCode make_system(Context *c, TransportLevel level, const TransportTensors *still, Vec X[2], Vec z[2], ResponseSystem *s)
{
  const Transport t = c->t;
  Mat             D;
  PetscFunctionBeginUser;
  for (int i = 0; i < t->nkinds; i++) {
    X[i] = t->drive[t->kind[i]];
    z[i] = t->solution[level][t->kind[i]];
  }
  *s = (ResponseSystem){.comm = t->comm, .ndrives = t->nkinds, .X = X, .still = still->steady_state_missing ? NULL : z, .tolerance = t->tolerance, .max_iterations = t->max_iterations, .usual = still->iterations, .shifted = t->shifted, .context = c, .moment = moment, .magnetic = magnetic, .read = read_point};
  if (level != LEVEL_RTA) {
    TransportTensors spare;
    if (!t->A) PetscCall(TransportSetOperator(t, &spare));
    s->A = t->A;
    if (t->null) PetscCall(MatNullSpaceGetVecs(t->null, NULL, &s->nnull, &s->null));
    s->nuniform = t->states->species == SPECIES_ELECTRON ? s->nnull : 0;
  }
  PetscCall(CollisionGetDiagonal(t->collision, &D));
  PetscCall(MatCreateVecs(D, &s->D, NULL));
  PetscCall(MatGetDiagonal(D, s->D));
  PetscFunctionReturn(0);
}

PetscErrorCode TransportRespond(Transport t, TransportLevel level, const StatesPoint *p, const TransportFields *f, const TransportTensors *still, TransportResponse *response, TransportLowField *low, PetscReal weight[2][2][3][3])
{
  Context        c = {t, p, p->kT};
  ResponseSystem s;
  Vec            X[2], z[2];
  PetscFunctionBeginUser;
  for (int i = 0; i < t->nkinds; i++) PetscCall(DriveFill(t->collision, t->states, p, t->kind[i], NULL, t->drive[t->kind[i]]));
  PetscCall(make_system(&c, level, still, X, z, &s));
  PetscCall(ResponseRun(&s, (int)t->states->mesh->crystal->dimension, p->kT, t->reversed, f, still, response, low));
  PetscCall(fill_weight(&c, p, weight));
  PetscCall(VecDestroy(&s.D));
  PetscFunctionReturn(0);
}

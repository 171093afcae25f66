/* Atoms on springs: see lattice.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "lattice.h"

#define LANES 8
typedef double Lanes __attribute__((vector_size(8 * LANES), aligned(8), may_alias)); /* eight neighbouring cells of a row, wherever they start */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define VECTOR_CLONES
#endif

typedef struct { /* one spring matrix: what the displacement of an atom there pulls here */
  ptrdiff_t from;    /* of its first component, from component 0 of the cell here */
  PetscReal c[3][3]; /* [component there][component here] */
} Spring;

typedef struct {
  PetscInt *first; /* [natoms + 1] springs of each atom of the cell */
  Spring   *spring;
} Springs;

struct _p_Lattice {
  MPI_Comm      comm;
  int           rank, nranks;
  LatticeLayout layout;
  PetscInt     *planes;     /* [nranks + 1] */
  Springs       force, moment[3]; /* D; (r_a - r_b) D */
  PetscReal    *w, *v, *out;
  MPI_Request  *request;
};

/* --- springs -------------------------------------------------------------------------------------------- */

typedef struct {
  PetscInt        nR;
  const int     (*R)[3];
  const Complex  *phi;
  Crystal         crystal;
} Constants;

static PetscInt FindVector(const Constants *k, const int R[3], int sign)
{
  for (PetscInt r = 0; r < k->nR; r++)
    if (k->R[r][0] == sign * R[0] && k->R[r][1] == sign * R[1] && k->R[r][2] == sign * R[2]) return r;
  return -1;
}

/* Block (a, b) of vector r, mass weighted, made symmetric with its partner (b, a) of -R as the dynamical matrix is made hermitian; largest element. */
static PetscReal Block(const Constants *k, PetscInt r, PetscInt partner, PetscInt a, PetscInt b, PetscReal c[3][3])
{
  const PetscInt  nm      = 3 * k->crystal->natoms;
  const PetscReal weight  = 0.5 / sqrt(k->crystal->mass[a] * k->crystal->mass[b]);
  PetscReal       largest = 0;

  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const PetscReal here = creal(k->phi[(r * nm + 3 * a + i) * nm + 3 * b + j]);
      const PetscReal back = partner < 0 ? 0.0 : creal(k->phi[(partner * nm + 3 * b + j) * nm + 3 * a + i]);
      c[j][i]              = weight * (here + back);
      largest              = PetscMax(largest, fabs(c[j][i]));
    }
  return largest;
}

/* axis < 0: the forces; else the moments r_a - r_b along that axis. */
static PetscErrorCode SpringsCreate(const Constants *k, const LatticeLayout *l, int axis, Springs *s)
{
  const PetscInt nat = k->crystal->natoms;
  PetscInt       n   = 0;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(nat + 1, &s->first, 2 * nat * nat * k->nR, &s->spring));
  for (PetscInt a = 0; a < nat; a++) {
    s->first[a] = n;
    for (PetscInt r = 0; r < 2 * k->nR; r++) { /* second half: -R of vectors that have no partner in the list */
      const int      sign    = r < k->nR ? 1 : -1;
      const int     *R       = k->R[r % k->nR];
      const PetscInt partner = FindVector(k, R, -1);
      PetscReal      x[3]    = {sign * R[0], sign * R[1], sign * R[2]}, cart[3];

      if (sign < 0 && partner >= 0) continue;
      MatTVec3(k->crystal->a, x, cart);
      for (PetscInt b = 0; b < nat; b++) {
        Spring   *spring = &s->spring[n];
        PetscReal c[3][3];
        PetscReal size = sign > 0 ? Block(k, r, partner, a, b, c) : Block(k, r % k->nR, -1, b, a, c);

        if (size == 0.0) continue;
        for (int i = 0; i < 9; i++) spring->c[i / 3][i % 3] = sign > 0 ? c[i / 3][i % 3] : c[i % 3][i / 3];
        for (int i = 0; i < 9 && axis >= 0; i++) spring->c[i / 3][i % 3] *= k->crystal->tau[3 * a + axis] - k->crystal->tau[3 * b + axis] - cart[axis];
        spring->from = (ptrdiff_t)(sign * R[0]) * (ptrdiff_t)l->plane + (ptrdiff_t)(sign * R[1]) * (ptrdiff_t)l->row + sign * R[2] + 3 * b * (ptrdiff_t)l->component;
        n++;
      }
    }
  }
  s->first[nat] = n;
  PetscFunctionReturn(0);
}

static PetscErrorCode SpringsDestroy(Springs *s)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(s->first, s->spring));
  PetscFunctionReturn(0);
}

/* Pull of n springs on one atom of 2 LANES neighbouring cells: out [3 components]. */
VECTOR_CLONES static void Pull(PetscInt n, const Spring *spring, const PetscReal *w, size_t component, PetscReal *out)
{
  Lanes sum[3][2] = {{{0}}};

  for (PetscInt s = 0; s < n; s++)
    for (int j = 0; j < 3; j++) {
      const PetscReal *x  = w + spring[s].from + j * (ptrdiff_t)component;
      const Lanes      x0 = *(const Lanes *)x, x1 = *(const Lanes *)(x + LANES);

      for (int i = 0; i < 3; i++) {
        sum[i][0] += spring[s].c[j][i] * x0;
        sum[i][1] += spring[s].c[j][i] * x1;
      }
    }
  for (int i = 0; i < 3; i++) {
    *(Lanes *)(out + (size_t)i * component)         = sum[i][0];
    *(Lanes *)(out + (size_t)i * component + LANES) = sum[i][1];
  }
}

static void PullAll(const LatticeLayout *l, const Springs *s, const PetscReal *w, PetscReal *out)
{
  for (PetscInt i = l->begin; i < l->end; i++)
    for (PetscInt j = 0; j < l->n[1]; j++)
      for (PetscInt k = 0; k < l->n[2]; k += 2 * LANES) {
        const PetscInt at   = PetscMax(0, PetscMin(k, l->n[2] - 2 * LANES)); /* the last block overlaps the one before */
        const size_t   cell = LatticeIndex(l, i, j, at, 0);

        for (PetscInt a = 0; a < l->nm / 3; a++) Pull(s->first[a + 1] - s->first[a], s->spring + s->first[a], w + cell, l->component, out + cell + (size_t)(3 * a) * l->component);
      }
}

/* --- margins -------------------------------------------------------------------------------------------- */

/* Margins of this rank's own planes: rows along n3, then whole rows along n2. */
static void FillPlanes(const LatticeLayout *l, PetscReal *w)
{
  const PetscInt n2 = l->n[1], n3 = l->n[2], r2 = l->reach[1], r3 = l->reach[2];

  for (PetscInt i = l->begin; i < l->end; i++)
    for (PetscInt c = 0; c < l->nm; c++) {
      PetscReal *plane = w + LatticeIndex(l, i, 0, 0, c);

      for (PetscInt j = 0; j < n2; j++) {
        PetscReal *row = plane + (size_t)j * l->row;
        for (PetscInt k = 1; k <= r3; k++) {
          row[-k]         = row[((-k) % n3 + n3) % n3];
          row[n3 + k - 1] = row[(k - 1) % n3];
        }
      }
      for (PetscInt j = -r2; j < n2 + r2; j++)
        if (j < 0 || j >= n2) memcpy(plane + j * (ptrdiff_t)l->row - r3, plane + ((j % n2 + n2) % n2) * (ptrdiff_t)l->row - r3, sizeof(PetscReal) * (size_t)(n3 + 2 * r3));
    }
}

/* Plane of the crystal in margin h (of 2 reach) of a rank. */
static PetscInt MarginPlane(Lattice x, int rank, PetscInt h)
{
  const PetscInt n = x->layout.n[0], r = x->layout.reach[0];
  const PetscInt p = h < r ? x->planes[rank] - r + h : x->planes[rank + 1] + h - r;
  return ((p % n) + n) % n;
}

static PetscErrorCode Exchange(Lattice x, PetscReal *w)
{
  const LatticeLayout *l = &x->layout;
  int                  n = 0;

  PetscFunctionBeginUser;
  FillPlanes(l, w);
  for (int to = 0; to < x->nranks; to++) /* what other ranks, and this one, need of this one's planes */
    for (PetscInt h = 0; h < 2 * l->reach[0] && x->planes[to + 1] > x->planes[to]; h++) {
      const PetscInt   p    = MarginPlane(x, to, h);
      const PetscReal *mine = w + (size_t)(p - l->begin + l->reach[0]) * l->plane;

      if (p < l->begin || p >= l->end) continue;
      if (to != x->rank) PetscCallMPI(MPI_Isend(mine, (PetscMPIInt)l->plane, MPIU_REAL, to, (int)h, x->comm, &x->request[n++]));
      else memcpy(w + (size_t)(h < l->reach[0] ? h : l->end - l->begin + h) * l->plane, mine, sizeof(PetscReal) * l->plane);
    }
  for (PetscInt h = 0; h < 2 * l->reach[0] && l->end > l->begin; h++) {
    const PetscInt p     = MarginPlane(x, x->rank, h);
    int            owner = 0;

    while (p >= x->planes[owner + 1]) owner++;
    if (owner != x->rank) PetscCallMPI(MPI_Irecv(w + (size_t)(h < l->reach[0] ? h : l->end - l->begin + h) * l->plane, (PetscMPIInt)l->plane, MPIU_REAL, owner, (int)h, x->comm, &x->request[n++]));
  }
  PetscCallMPI(MPI_Waitall(n, x->request, MPI_STATUSES_IGNORE));
  PetscFunctionReturn(0);
}

/* --- creation ------------------------------------------------------------------------------------------- */

static PetscErrorCode SetLayout(Lattice x, const Constants *k, const PetscInt n[3])
{
  LatticeLayout *l = &x->layout;

  PetscFunctionBeginUser;
  for (int i = 0; i < 3; i++) {
    l->n[i] = n[i];
    for (PetscInt r = 0; r < k->nR; r++) l->reach[i] = PetscMax(l->reach[i], abs(k->R[r][i]));
  }
  l->nm = 3 * k->crystal->natoms;
  PetscCall(PetscMalloc1(x->nranks + 1, &x->planes));
  for (int p = 0; p <= x->nranks; p++) x->planes[p] = (PetscInt)((PetscInt64)n[0] * p / x->nranks);
  l->begin     = x->planes[x->rank];
  l->end       = x->planes[x->rank + 1];
  l->row       = (size_t)(PetscMax(n[2], 2 * LANES) + 2 * l->reach[2]);
  l->component = l->row * (size_t)(n[1] + 2 * l->reach[1]);
  l->plane     = l->component * (size_t)l->nm;
  l->size      = l->plane * (size_t)(l->end - l->begin + 2 * l->reach[0]) + 2 * LANES;
  PetscCheck(l->plane < (size_t)PETSC_MPI_INT_MAX, x->comm, PETSC_ERR_ARG_OUTOFRANGE, "planes of %zu numbers", l->plane);
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeCreate(MPI_Comm comm, Material m, const PetscInt n[3], Lattice *lattice)
{
  Constants k;
  Lattice   x;
  bool      polar;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetForceConstants(m, &k.nR, &k.R, &k.phi, &polar));
  PetscCall(MaterialGetCrystal(m, &k.crystal));
  PetscCheckInput(k.nR > 0, NULL, 0, "this material has no force constants to move atoms with");
  PetscCheckInput(!polar, NULL, 0, "this material is polar: forces between its dipoles reach through the whole crystal, and the lattice moves with short springs only");
  PetscCall(PetscNew(&x));
  PetscCallMPI(MPI_Comm_dup(comm, &x->comm));
  PetscCallMPI(MPI_Comm_rank(x->comm, &x->rank));
  PetscCallMPI(MPI_Comm_size(x->comm, &x->nranks));
  PetscCall(SetLayout(x, &k, n));
  PetscCall(SpringsCreate(&k, &x->layout, -1, &x->force));
  for (int i = 0; i < 3; i++) PetscCall(SpringsCreate(&k, &x->layout, i, &x->moment[i]));
  PetscCall(PetscCalloc3(x->layout.size, &x->w, x->layout.size, &x->v, x->layout.size, &x->out));
  PetscCall(PetscMalloc1(2 * x->layout.reach[0] * (x->nranks + 1), &x->request));
  *lattice = x;
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeDestroy(Lattice *lattice)
{
  Lattice x = *lattice;

  PetscFunctionBeginUser;
  if (!x) PetscFunctionReturn(0);
  PetscCall(SpringsDestroy(&x->force));
  for (int i = 0; i < 3; i++) PetscCall(SpringsDestroy(&x->moment[i]));
  PetscCall(PetscFree3(x->w, x->v, x->out));
  PetscCall(PetscFree(x->request));
  PetscCall(PetscFree(x->planes));
  PetscCallMPI(MPI_Comm_free(&x->comm));
  PetscCall(PetscFree(*lattice));
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeGetLayout(Lattice x, const LatticeLayout **layout)
{
  PetscFunctionBeginUser;
  *layout = &x->layout;
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeGetState(Lattice x, PetscReal **w, PetscReal **v)
{
  PetscFunctionBeginUser;
  *w = x->w;
  *v = x->v;
  PetscFunctionReturn(0);
}

/* --- motion and what is measured of it ----------------------------------------------------------------------- */

/* y += a x on this rank's planes, margins included: they are written anew before they are used */
static void AddTo(const LatticeLayout *l, PetscReal a, const PetscReal *x, PetscReal *y)
{
  const size_t first = (size_t)l->reach[0] * l->plane, end = first + (size_t)(l->end - l->begin) * l->plane;

  for (size_t i = first; i < end; i++) y[i] += a * x[i];
}

static PetscErrorCode Kick(Lattice x, PetscReal dt)
{
  PetscFunctionBeginUser;
  PetscCall(Exchange(x, x->w));
  PullAll(&x->layout, &x->force, x->w, x->out);
  AddTo(&x->layout, -dt, x->out, x->v);
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeStep(Lattice x, PetscReal dt, PetscInt nsteps)
{
  const PetscReal xi = 0.1786178958448091, lambda = -0.2123418310626054, chi = -0.06626458266981849;
  const PetscReal drift[4] = {xi, chi, 1 - 2 * (chi + xi), chi}, kick[4] = {0.5 - lambda, lambda, lambda, 0.5 - lambda};

  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < nsteps; s++) {
    PetscCall(Pulse());
    for (int i = 0; i < 4; i++) {
      AddTo(&x->layout, drift[i] * dt, x->v, x->w);
      PetscCall(Kick(x, kick[i] * dt));
    }
    AddTo(&x->layout, xi * dt, x->v, x->w);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeEnergy(Lattice x, PetscReal *energy, PetscReal *total)
{
  const LatticeLayout *l = &x->layout;
  PetscReal            sum = 0;
  size_t               n   = 0;

  PetscFunctionBeginUser;
  PetscCall(Exchange(x, x->w));
  PullAll(l, &x->force, x->w, x->out);
  for (PetscInt i = l->begin; i < l->end; i++)
    for (PetscInt j = 0; j < l->n[1]; j++)
      for (PetscInt k = 0; k < l->n[2]; k++)
        for (PetscInt a = 0; a < l->nm / 3; a++, n++) {
          energy[n] = 0;
          for (PetscInt c = 3 * a; c < 3 * a + 3; c++) {
            const size_t at = LatticeIndex(l, i, j, k, c);
            energy[n] += 0.5 * (x->v[at] * x->v[at] + x->w[at] * x->out[at]);
          }
          sum += energy[n];
        }
  PetscCallMPI(MPI_Allreduce(&sum, total, 1, MPIU_REAL, MPI_SUM, x->comm));
  PetscFunctionReturn(0);
}

PetscErrorCode LatticeCurrent(Lattice x, PetscReal current[3])
{
  const LatticeLayout *l = &x->layout;

  PetscFunctionBeginUser;
  PetscCall(Exchange(x, x->v));
  for (int axis = 0; axis < 3; axis++) {
    current[axis] = 0;
    PullAll(l, &x->moment[axis], x->v, x->out);
    for (PetscInt i = l->begin; i < l->end; i++)
      for (PetscInt c = 0; c < l->nm; c++)
        for (PetscInt j = 0; j < l->n[1]; j++)
          for (PetscInt k = 0; k < l->n[2]; k++) current[axis] += 0.5 * x->w[LatticeIndex(l, i, j, k, c)] * x->out[LatticeIndex(l, i, j, k, c)];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, current, 3, MPIU_REAL, MPI_SUM, x->comm));
  PetscFunctionReturn(0);
}

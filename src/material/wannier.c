/*
  Interpolated electrons:  H(k) = sum_R e^{ik.R} H(R),  H U = U E,
  v_nm = (U^+ dH U)_nm - i (E_m - E_n) (U^+ A U)_nm  with  dH = sum_R i R e^{ik.R} H(R),  A(k) = sum_R e^{ik.R} r(R).
  On the diagonal, and within a degenerate set, the second term vanishes; the trace of v over such a set is gauge invariant.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"

#define BATCH 64

typedef struct {
  Wannier        *w;
  const PetscReal (*a)[3];
} FillContext;

static void cartesian(const PetscReal a[3][3], const int R[3], PetscReal x[3])
{
  for (int i = 0; i < 3; i++) x[i] = R[0] * a[0][i] + R[1] * a[1][i] + R[2] * a[2][i];
}

/* F(R) and its gradient i R F(R): [4][n] */
static void with_gradient(const PetscReal a[3][3], const int R[3], PetscInt n, const Complex *F, Complex *out)
{
  PetscReal x[3];

  cartesian(a, R, x);
  for (PetscInt c = 0; c < n; c++) out[c] = F[c];
  for (int i = 0; i < 3; i++)
    for (PetscInt c = 0; c < n; c++) out[(i + 1) * n + c] = I * x[i] * F[c];
}

static PetscErrorCode fill_hamiltonian(void *ctx, PetscInt r, Complex *F)
{
  const FillContext *c = ctx;
  const PetscInt     n = c->w->head.nb * c->w->head.nb;

  PetscFunctionBeginUser;
  with_gradient(c->a, c->w->Rk[r], n, (const Complex *)c->w->H.at + r * n, F);
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_position(void *ctx, PetscInt r, Complex *F)
{
  const FillContext *c = ctx;
  const PetscInt     n = 3 * c->w->head.nb * c->w->head.nb;

  PetscFunctionBeginUser;
  memcpy(F, (const Complex *)c->w->position.at + r * n, sizeof(Complex) * (size_t)n);
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_dynamical(void *ctx, PetscInt r, Complex *F)
{
  const FillContext *c  = ctx;
  const PetscInt     nm = c->w->head.nm, n = nm * nm;
  const Complex     *D  = (const Complex *)c->w->D.at + r * n;

  PetscFunctionBeginUser;
  with_gradient(c->a, c->w->Rq[r], n, D, F);
  for (PetscInt i = 0; i < 4 * n; i++) F[i] /= c->w->sqrt_mass[i % n / nm] * c->w->sqrt_mass[i % nm];
  PetscFunctionReturn(0);
}

/* --- creation ---------------------------------------------------------------------------------------------- */

static PetscErrorCode share(MPI_Comm comm, size_t bytes, const void *source, void **copy)
{
  int rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMalloc(bytes, copy));
  if (rank == 0) memcpy(*copy, source, bytes);
  PetscCallMPI(MPI_Bcast(*copy, (int)bytes, MPI_BYTE, 0, comm));
  PetscFunctionReturn(0);
}

static PetscErrorCode share_crystal(MPI_Comm comm, const WannierSource *s, Material m)
{
  Wannier       *w = m->data;
  WannierHead   *h = &w->head;
  PetscReal     *tau, *mass;
  int           *species;
  const size_t   n = (size_t)h->natoms;

  PetscFunctionBeginUser;
  PetscCall(share(comm, 3 * n * sizeof(PetscReal), s->tau, (void **)&tau));
  PetscCall(share(comm, n * sizeof(PetscReal), s->mass, (void **)&mass));
  PetscCall(share(comm, n * sizeof(int), s->species, (void **)&species));
  const PetscErrorCode code = CrystalCreate((int)h->dimension, (const PetscReal(*)[3])h->a, h->natoms, tau, mass, species, h->symprec, &m->crystal);
  if (!code && h->dimension == 2) m->crystal->thickness = h->thickness;
  if (!code) {
    PetscCall(PetscMalloc1(h->nm, &w->sqrt_mass));
    for (PetscInt c = 0; c < h->nm; c++) w->sqrt_mass[c] = sqrt(mass[c / 3]);
  }
  PetscCall(PetscFree(tau));
  PetscCall(PetscFree(mass));
  PetscCall(PetscFree(species));
  PetscCall(code);
  PetscFunctionReturn(0);
}

static PetscErrorCode share_lists(MPI_Comm comm, const WannierSource *s, Material m)
{
  Wannier           *w = m->data;
  const WannierHead *h = &w->head;
  const size_t       v = sizeof(int[3]);
  size_t             length = s->provenance ? strlen(s->provenance) + 1 : 1;

  PetscFunctionBeginUser;
  PetscCall(share(comm, v * (size_t)h->nRk, s->Rk, (void **)&w->Rk));
  PetscCall(share(comm, v * (size_t)h->nRq, s->Rq, (void **)&w->Rq));
  PetscCall(share(comm, v * (size_t)h->nRe, s->Re, (void **)&w->Re));
  PetscCall(share(comm, v * (size_t)h->nRp, s->Rp, (void **)&w->Rp));
  PetscCall(share(comm, 3 * sizeof(PetscReal) * (size_t)h->nb, s->centres, (void **)&m->centres));
  if (h->polar) PetscCall(share(comm, 9 * sizeof(PetscReal) * (size_t)h->natoms, s->zstar, (void **)&w->zstar));
  PetscCallMPI(MPI_Bcast(&length, sizeof(length), MPI_BYTE, 0, comm));
  PetscCall(share(comm, length, s->provenance ? s->provenance : "", (void **)&w->provenance));
  PetscFunctionReturn(0);
}

/* Which blocks of the coupling hold anything. Rank 0. */
static PetscErrorCode find_present(WannierSource *s, size_t block)
{
  const WannierHead *h      = &s->head;
  const PetscInt     nslabs = s->by_electron ? h->nRe : h->nRp, ninner = s->by_electron ? h->nRp : h->nRe;
  PetscErrorCode     code   = 0;
  char              *slab, *zero;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)h->nRe * (size_t)h->nRp, &s->present));
  PetscCall(PetscMalloc1(block * (size_t)ninner, &slab));
  PetscCall(PetscCalloc1(block, &zero));
  for (PetscInt i = 0; i < nslabs && !code; i++) {
    code = s->read_slab(s->ctx, i, slab);
    for (PetscInt j = 0; j < ninner && !code; j++) s->present[s->by_electron ? (size_t)i * (size_t)h->nRp + (size_t)j : (size_t)j * (size_t)h->nRp + (size_t)i] = memcmp(slab + block * (size_t)j, zero, block) != 0;
  }
  PetscCall(PetscFree(slab));
  PetscCall(PetscFree(zero));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* Places of the blocks that are kept, to every node. Collective. */
static PetscErrorCode share_slots(MPI_Comm comm, WannierSource *s, Wannier *w, size_t block)
{
  const size_t   n    = (size_t)w->head.nRe * (size_t)w->head.nRp;
  PetscErrorCode code = 0;
  int           *slot = NULL, rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0 && !s->present) code = find_present(s, block);
  PetscCall(ErrorAgree(comm, code));
  if (rank == 0) {
    PetscCall(PetscMalloc1(n, &slot));
    for (size_t i = 0; i < n; i++) slot[i] = s->present[i] ? (int)w->nslots++ : -1;
  }
  PetscCallMPI(MPI_Bcast(&w->nslots, 1, MPIU_INT, 0, comm));
  PetscCall(NodeArrayFrom(comm, sizeof(int) * n, slot, &w->slot));
  PetscCall(PetscFree(slot));
  PetscFunctionReturn(0);
}

/* Slabs of the coupling from rank 0 to the owners of the nodes. Collective. */
static PetscErrorCode share_coupling(MPI_Comm comm, WannierSource *s, Wannier *w)
{
  const WannierHead *h      = &w->head;
  const size_t       block  = (size_t)(h->nm * h->nb * h->nb * (h->g_real ? 1 : 2)) * (size_t)(h->g_bits / 8);
  PetscBool          by_electron = s->by_electron ? PETSC_TRUE : PETSC_FALSE;
  bool               owner;
  char              *slab;
  int                rank;
  Progress           progress;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Bcast(&by_electron, 1, MPIU_BOOL, 0, comm));
  PetscCall(share_slots(comm, s, w, block));
  PetscCall(NodeArrayCreate(comm, block * (size_t)PetscMax(w->nslots, 1), &w->g));
  PetscCall(SharedArrayIsOwner(w->g.window, &owner));
  const PetscInt nslabs = by_electron ? h->nRe : h->nRp, ninner = by_electron ? h->nRp : h->nRe;
  PetscCall(PetscMalloc1(block * (size_t)ninner, &slab));
  ProgressBegin(&progress, "coupling", (PetscReal)nslabs);
  for (PetscInt i = 0; i < nslabs; i++) {
    PetscErrorCode code = rank == 0 ? s->read_slab(s->ctx, i, slab) : 0;

    if (!code && StopPending()) code = UMK_ERR_STOPPED;
    code = ErrorAgree(comm, code);
    if (code) {
      PetscCall(PetscFree(slab));
      PetscCall(code);
    }
    for (size_t at = 0, total = block * (size_t)ninner; at < total; at += 1 << 30) PetscCallMPI(MPI_Bcast(slab + at, (int)PetscMin(total - at, 1u << 30), MPI_BYTE, 0, comm));
    for (PetscInt j = 0; j < ninner && owner; j++) {
      const int slot = by_electron ? WannierSlot(w, i, j) : WannierSlot(w, j, i);

      if (slot >= 0) memcpy((char *)w->g.at + block * (size_t)slot, slab + block * (size_t)j, block);
    }
    ProgressUpdate(&progress, (PetscReal)(i + 1));
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree(slab));
  PetscCall(SharedArrayFence(w->g.window));
  PetscFunctionReturn(0);
}

static PetscErrorCode share_cubic(MPI_Comm comm, const WannierSource *s, Wannier *w)
{
  const size_t n = (size_t)w->head.nT;

  PetscFunctionBeginUser;
  PetscCall(NodeArrayFrom(comm, n * sizeof(*s->T_atom), s->T_atom, &w->T_atom));
  PetscCall(NodeArrayFrom(comm, n * sizeof(*s->T_R), s->T_R, &w->T_R));
  PetscCall(NodeArrayFrom(comm, n * 27 * sizeof(*s->phi3), s->phi3, &w->phi3));
  PetscFunctionReturn(0);
}

static PetscErrorCode set_up(MPI_Comm comm, Material m)
{
  Wannier       *w = m->data;
  const PetscInt b2 = w->head.nb * w->head.nb, m2 = w->head.nm * w->head.nm;
  FillContext    c = {w, (const PetscReal(*)[3])w->head.a};

  PetscFunctionBeginUser;
  PetscCall(PairingCreate(w->head.nRk, w->Rk, &w->pair_k));
  PetscCall(PairingCreate(w->head.nRq, w->Rq, &w->pair_q));
  PetscCall(PairingCreate(w->head.nRe, w->Re, &w->pair_e));
  PetscCall(PairingCreate(w->head.nRp, w->Rp, &w->pair_p));
  if (w->head.nb) PetscCall(LatticeSumCreate(comm, &w->pair_k, 4 * b2, 3 * b2, fill_hamiltonian, &c, &w->sum_h));
  if (w->head.has_position) PetscCall(LatticeSumCreate(comm, &w->pair_k, 3 * b2, 0, fill_position, &c, &w->sum_r));
  if (w->head.nm) PetscCall(LatticeSumCreate(comm, &w->pair_q, 4 * m2, 3 * m2, fill_dynamical, &c, &w->sum_d));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_material(MPI_Comm comm, WannierSource *s, Material m)
{
  Wannier           *w = m->data;
  const WannierHead *h = &w->head;

  PetscFunctionBeginUser;
  m->nbands       = h->nb;
  m->nmodes       = h->nm;
  m->spin         = h->spin;
  m->nvalence     = h->nvalence;
  m->metal        = h->metal;
  m->has_position = h->has_position;
  m->has_coupling = h->nRe > 0 && h->nRp > 0;
  m->has_cubic    = h->nT > 0;
  for (int i = 0; i < 3; i++) m->epsilon_infinity += h->epsilon[i][i] / 3.0;
  if (!h->polar) m->epsilon_zero = m->epsilon_infinity; /* no charge moves with the atoms */
  PetscCall(share_crystal(comm, s, m));
  PetscCall(share_lists(comm, s, m));
  if (h->nb) PetscCall(NodeArrayFrom(comm, sizeof(Complex) * (size_t)(h->nRk * h->nb * h->nb), s->H, &w->H));
  if (h->has_position) PetscCall(NodeArrayFrom(comm, sizeof(Complex) * (size_t)(3 * h->nRk * h->nb * h->nb), s->position, &w->position));
  if (h->nm) PetscCall(NodeArrayFrom(comm, sizeof(Complex) * (size_t)(h->nRq * h->nm * h->nm), s->D, &w->D));
  if (m->has_coupling) PetscCall(share_coupling(comm, s, w));
  if (m->has_cubic) PetscCall(share_cubic(comm, s, w));
  PetscCall(set_up(comm, m));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierCreate(MPI_Comm comm, WannierSource *s, Material *m)
{
  WannierHead    head = s->head;
  Wannier       *w;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Bcast(&head, sizeof(head), MPI_BYTE, 0, comm));
  PetscCall(MaterialCreateWithOps(comm, &wannier_ops, head.name, m));
  PetscCall(PetscNew(&w));
  w->head    = head;
  (*m)->data = w;
  code       = fill_material(comm, s, *m);
  if (code) {
    PetscCall(MaterialDestroy(m));
    PetscCall(code);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode WannierSourceDestroy(WannierSource *s)
{
  PetscFunctionBeginUser;
  if (s->close) PetscCall(s->close(s->ctx));
  PetscCall(PetscFree(s->tau));
  PetscCall(PetscFree(s->mass));
  PetscCall(PetscFree(s->species));
  PetscCall(PetscFree(s->centres));
  PetscCall(PetscFree(s->zstar));
  PetscCall(PetscFree(s->Rk));
  PetscCall(PetscFree(s->Rq));
  PetscCall(PetscFree(s->Re));
  PetscCall(PetscFree(s->Rp));
  PetscCall(PetscFree(s->H));
  PetscCall(PetscFree(s->position));
  PetscCall(PetscFree(s->D));
  PetscCall(PetscFree(s->T_atom));
  PetscCall(PetscFree(s->T_R));
  PetscCall(PetscFree(s->phi3));
  PetscCall(PetscFree(s->provenance));
  PetscCall(PetscFree(s->present));
  memset(s, 0, sizeof(*s));
  PetscFunctionReturn(0);
}

static PetscErrorCode wannier_destroy(Material m)
{
  Wannier *w = m->data;

  PetscFunctionBeginUser;
  PetscCall(LatticeSumDestroy(&w->sum_h));
  PetscCall(LatticeSumDestroy(&w->sum_r));
  PetscCall(LatticeSumDestroy(&w->sum_d));
  PetscCall(NodeArrayDestroy(&w->H));
  PetscCall(NodeArrayDestroy(&w->position));
  PetscCall(NodeArrayDestroy(&w->D));
  PetscCall(NodeArrayDestroy(&w->g));
  PetscCall(NodeArrayDestroy(&w->slot));
  PetscCall(NodeArrayDestroy(&w->T_atom));
  PetscCall(NodeArrayDestroy(&w->T_R));
  PetscCall(NodeArrayDestroy(&w->phi3));
  PetscCall(PairingDestroy(&w->pair_k));
  PetscCall(PairingDestroy(&w->pair_q));
  PetscCall(PairingDestroy(&w->pair_e));
  PetscCall(PairingDestroy(&w->pair_p));
  PetscCall(PetscFree(w->zstar));
  PetscCall(PetscFree(w->sqrt_mass));
  PetscCall(PetscFree(w->Rk));
  PetscCall(PetscFree(w->Rq));
  PetscCall(PetscFree(w->Re));
  PetscCall(PetscFree(w->Rp));
  PetscCall(PetscFree(w->provenance));
  PetscCall(PetscFree(m->data));
  PetscFunctionReturn(0);
}

const MaterialOps wannier_ops = {
  .kind            = "wannier",
  .destroy         = wannier_destroy,
  .electrons       = WannierElectrons,
  .phonons         = WannierPhonons,
  .velocity_matrix = WannierVelocityMatrix,
  .optical_matrices = WannierOpticalMatrices,
  .phonon_velocity_matrix = WannierPhononVelocityMatrix,
  .force_constants = WannierForceConstants,
  .write           = WannierWrite,
  .print           = WannierPrint,
};

/* --- electrons --------------------------------------------------------------------------------------------- */

static PetscErrorCode batch_electrons(const Wannier *w, EigenWork *eigen, PetscInt nk, const PetscReal *phases, Complex *H, PetscReal *energy, PetscReal *velocity, Complex *U)
{
  const PetscInt nb = w->head.nb, b2 = nb * nb, width = velocity ? 4 * b2 : b2;
  Complex       *vectors;
  PetscReal     *value, *diagonal;

  PetscFunctionBeginUser;
  PetscCall(LatticeSumEvaluate(&w->sum_h, nk, BATCH, phases, 0, width, H));
  PetscCall(PetscMalloc3(b2, &vectors, nb, &value, nb, &diagonal));
  for (PetscInt ik = 0; ik < nk; ik++) {
    Complex *Uk = U ? U + ik * b2 : velocity ? vectors : NULL;

    PetscCall(HermitianEigen(eigen, H + ik * width, value, Uk));
    if (energy) memcpy(energy + ik * nb, value, sizeof(PetscReal) * (size_t)nb);
    if (!velocity) continue;
    for (int i = 0; i < 3; i++) {
      HermitianDiagonal(nb, H + ik * width + (i + 1) * b2, Uk, diagonal);
      for (PetscInt n = 0; n < nb; n++) velocity[(ik * nb + n) * 3 + i] = diagonal[n];
    }
    AverageDegenerate(nb, value, 3, velocity + ik * nb * 3);
  }
  PetscCall(PetscFree3(vectors, value, diagonal));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierElectrons(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U)
{
  const Wannier *w  = m->data;
  const PetscInt nb = w->head.nb, b2 = nb * nb;
  EigenWork      eigen;
  PetscReal     *phases;
  Complex       *H;

  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(nb, &eigen));
  PetscCall(AlignedAlloc((size_t)((w->pair_k.ncos + w->pair_k.nsin) * BATCH), &phases));
  PetscCall(PetscMalloc1(BATCH * 4 * b2, &H));
  for (PetscInt i = 0; i < nk; i += BATCH) {
    const PetscInt n = PetscMin(BATCH, nk - i);

    PetscCall(PairingPhases(&w->pair_k, n, &k[3 * i], BATCH, phases));
    PetscCall(batch_electrons(w, &eigen, n, phases, H, energy ? energy + i * nb : NULL, velocity ? velocity + 3 * i * nb : NULL, U ? U + i * b2 : NULL));
  }
  PetscCall(PetscFree(H));
  PetscCall(AlignedFree(&phases));
  PetscCall(EigenWorkDestroy(&eigen));
  PetscFunctionReturn(0);
}

PetscErrorCode WannierVelocityMatrix(Material m, const PetscReal k[3], Complex *v)
{
  const Wannier *w  = m->data;
  const PetscInt nb = w->head.nb, b2 = nb * nb;
  EigenWork      eigen;
  PetscReal     *phases, *energy;
  Complex       *H, *A, *U, *part;

  PetscFunctionBeginUser;
  PetscCheck(w->head.has_position, PETSC_COMM_SELF, PETSC_ERR_SUP, "this material has no position matrix");
  PetscCall(EigenWorkCreate(nb, &eigen));
  PetscCall(AlignedAlloc((size_t)((w->pair_k.ncos + w->pair_k.nsin) * VECTOR_WIDTH), &phases));
  PetscCall(PetscMalloc5(4 * b2, &H, 3 * b2, &A, b2, &U, b2, &part, nb, &energy));
  PetscCall(PairingPhases(&w->pair_k, 1, k, VECTOR_WIDTH, phases));
  PetscCall(LatticeSumEvaluate(&w->sum_h, 1, VECTOR_WIDTH, phases, 0, 4 * b2, H));
  PetscCall(LatticeSumEvaluate(&w->sum_r, 1, VECTOR_WIDTH, phases, 0, 3 * b2, A));
  PetscCall(HermitianEigen(&eigen, H, energy, U));
  for (int i = 0; i < 3; i++) {
    HermitianRotate(nb, H + (i + 1) * b2, U, part);
    for (PetscInt c = 0; c < b2; c++) v[3 * c + i] = part[c];
    HermitianRotate(nb, A + i * b2, U, part);
    for (PetscInt c = 0; c < b2; c++) v[3 * c + i] -= I * (energy[c % nb] - energy[c / nb]) * part[c];
  }
  PetscCall(PetscFree5(H, A, U, part, energy));
  PetscCall(AlignedFree(&phases));
  PetscCall(EigenWorkDestroy(&eigen));
  PetscFunctionReturn(0);
}

/*
  The common structure that importers and the native file fill: Wannier functions' Hamiltonian, position matrix, force constants
  and coupling on lattice vectors, Hartree atomic units, all Wigner-Seitz weights folded in.

    H [nRk][nb][nb]          <a,0|H|b,R>                         hartree
    position [nRk][3][nb][nb] <a,0|r|b,R>                        bohr
    D [nRq][nm][nm]          force constants, not mass weighted   hartree/bohr^2, short-range part when polar
    phi3 [nT][27]            third-order force constants of triplets of atoms (0 kappa, R' kappa', R'' kappa''), hartree/bohr^3
    g [nRe][nRp][nm][ket][bra] dV/du, Cartesian displacement c = 3 atom + axis, hartree/bohr, short-range part when polar

  Rank 0 fills a WannierSource; WannierCreate distributes it: one copy per node of everything that is large.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_WANNIER_IMPL_H
#define UMKLAPP_WANNIER_IMPL_H

#include "material_impl.h"

typedef double RealVector __attribute__((vector_size(64), aligned(64)));
#define VECTOR_WIDTH 8

/* --- what an importer or the native reader fills on rank 0 ---------------------------------------- */
typedef struct { /* plain numbers: broadcast as they are */
  char      name[64];
  PetscInt  nb, nm, natoms, spin, nvalence, metal;
  PetscInt  coarse_k[3], coarse_q[3], use_ws;
  PetscInt  nRk, nRq, nRe, nRp; /* nRk = nb = 0: phonons alone; nRe = 0: no coupling */
  PetscInt  nT;                 /* triplets of third-order force constants; 0: none */
  PetscInt  polar, has_position;
  PetscReal a[3][3];          /* bohr */
  PetscInt  dimension;
  PetscReal thickness, symprec;
  PetscReal polar_length;     /* bohr: K = q + G is measured in 2 pi / polar_length in the dipole terms (alat of the source) */
  PetscReal epsilon[3][3];    /* high-frequency; 0: unknown */
  PetscReal fermi;            /* hartree, of the source; not used by transport */
  PetscInt  g_bits, g_real;   /* storage of the coupling: 64 or 32; real part only */
  PetscInt  mantissa_bits;    /* as rounded at import; 0: not */
  PetscReal threshold;        /* elements below this fraction of the largest were dropped */
  PetscInt  interpolation, symmetrized; /* Interpolation: which images carry the elements; averaged over the crystal's operations */
  PetscReal moved[4];         /* by the average, rms relative: Hamiltonian, position, force constants, coupling */
} WannierHead;

typedef struct {
  WannierHead head;
  PetscReal  *tau, *mass;     /* [natoms][3] bohr, [natoms] electron masses */
  int        *species;        /* [natoms] */
  PetscReal  *centres;        /* [nb][3] bohr */
  PetscReal  *zstar;          /* [natoms][3 field][3 displacement] */
  int        (*Rk)[3], (*Rq)[3], (*Re)[3], (*Rp)[3];
  Complex    *H, *position, *D;
  int       (*T_atom)[3];     /* [nT] atoms kappa, kappa', kappa'' */
  int       (*T_R)[2][3];     /* [nT] lattice vectors R', R'' */
  PetscReal  *phi3;           /* [nT][27], Cartesian indices of kappa, kappa', kappa''; the last fastest; every ordered triplet with kappa in the home cell */
  char       *provenance;
  uint8_t    *present;        /* [nRe][nRp]: the block holds something; NULL: found out by reading */
  /* The coupling in slabs of the storage type: slab i is g[i][...] (by_electron) or g[..][i][...]: [nRe][nm][ket][bra]. */
  bool        by_electron;
  PetscErrorCode (*read_slab)(void *ctx, PetscInt i, void *slab);
  PetscErrorCode (*close)(void *ctx); /* NULL, or frees ctx */
  void       *ctx;
} WannierSource;

PetscErrorCode WannierSourceDestroy(WannierSource *s);

/* A native file as a source (native_read.c): coupling slabs by electron vector, in the storage type of the head. Rank 0. */
PetscErrorCode NativeOpen(const char *path, WannierSource *s);

/* --- one copy per node ------------------------------------------------------------------------------- */
typedef struct {
  SharedArray window;
  size_t      bytes;
  void       *at;
} NodeArray;

/* Collective. Rank 0's `source` (bytes) to every node. */
PetscErrorCode NodeArrayFrom(MPI_Comm comm, size_t bytes, const void *source, NodeArray *array);
PetscErrorCode NodeArrayCreate(MPI_Comm comm, size_t bytes, NodeArray *array);
PetscErrorCode NodeArrayDestroy(NodeArray *array);

/* --- lattice sums with real arithmetic -----------------------------------------------------------------
   Vectors are paired, R with -R: e^{ikR} F(R) + e^{-ikR} F(-R) = cos(kR) (F(R) + F(-R)) + i sin(kR) (F(R) - F(-R)).
   Rows of a phase table: `ncos` cosines (the origin first when present), then `nsin` sines.                        */
typedef struct {
  PetscInt  nR, ncos, nsin;
  int      (*R)[3];          /* [ncos] the vector of each row; sine row s belongs to cosine row s + ncos - nsin */
  PetscInt *plus, *minus;    /* [ncos] positions in the list; minus = -1: the partner is not in the list or is R itself */
  int       range[3];        /* largest |component| */
} Pairing;
PetscErrorCode PairingCreate(PetscInt nR, int (*R)[3], Pairing *p);
PetscErrorCode PairingDestroy(Pairing *p);
/* table[row * ld + i] = cos or sin(2 pi k_i . R_row), i < nk; k: [nk][3]; ld a multiple of VECTOR_WIDTH >= nk, table 64-byte aligned,
   columns nk..ld-1 defined (those of the last k). Not collective. */
PetscErrorCode PairingPhases(const Pairing *p, PetscInt nk, const PetscReal *k, PetscInt ld, PetscReal *table);

/* F_c(k) = sum_R e^{ikR} F_c(R), c < ncols; kept as even and odd parts. When every F is real, or i times real, half the work is left out. */
typedef struct {
  Pairing  *pairing;   /* borrowed */
  PetscInt  ncols, nimaginary; /* real: the last nimaginary columns hold i times real numbers */
  bool      real;
  NodeArray even, odd; /* [ncos][ncols (x 2 unless real)], [nsin][...] */
} LatticeSum;
/* fill(ctx, r, F): the ncols complex numbers of vector r. Collective: tables are made by node owners. */
PetscErrorCode LatticeSumCreate(MPI_Comm comm, Pairing *pairing, PetscInt ncols, PetscInt nimaginary, PetscErrorCode (*fill)(void *, PetscInt, Complex *), void *ctx, LatticeSum *sum);
PetscErrorCode LatticeSumDestroy(LatticeSum *sum);
/* out [nk][n]: columns first .. first + n - 1. phases as from PairingPhases. */
PetscErrorCode LatticeSumEvaluate(const LatticeSum *sum, PetscInt nk, PetscInt ld, const PetscReal *phases, PetscInt first, PetscInt n, Complex *out);

typedef struct {
  WannierHead head;
  PetscReal  *zstar, *sqrt_mass; /* [natoms][3][3]; [nm] */
  int        (*Rk)[3], (*Rq)[3], (*Re)[3], (*Rp)[3];
  Pairing     pair_k, pair_q, pair_e, pair_p;
  NodeArray   H, position, D;
  NodeArray   g, slot;         /* g [nslots][nm][ket][bra]; slot [nRe][nRp] (int): place in g, -1: all zero */
  PetscInt    nslots;
  NodeArray   T_atom, T_R, phi3; /* as in WannierSource; nT = 0: empty */
  LatticeSum  sum_h, sum_r, sum_d; /* H, dH (3); r (3); D, dD (3), mass weighted */
  char       *provenance;
} Wannier;

static inline int WannierSlot(const Wannier *w, PetscInt e, PetscInt p)
{
  return ((const int *)w->slot.at)[(size_t)e * (size_t)w->head.nRp + (size_t)p];
}

/* Collective; source is read on rank 0 only and stays the caller's. */
PetscErrorCode WannierCreate(MPI_Comm comm, WannierSource *source, Material *m);
extern const MaterialOps wannier_ops;
PetscErrorCode WannierElectrons(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U);
PetscErrorCode WannierPhonons(Material m, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement);
PetscErrorCode WannierVelocityMatrix(Material m, const PetscReal k[3], Complex *v);
PetscErrorCode WannierOpticalMatrices(Material m, bool position, const PetscReal k[3], PetscReal *energy, Complex *v, PetscReal *w);
PetscErrorCode WannierPhononVelocityMatrix(Material m, const PetscReal q[3], Complex *v);
PetscErrorCode WannierForceConstants(Material m, PetscInt *nR, const int (**R)[3], const Complex **phi, bool *polar);
PetscErrorCode WannierPrint(Material m, FILE *out);
PetscErrorCode WannierWrite(Material m, const char *path, const char *provenance);

/* --- dipole terms (polar.c) ---------------------------------------------------------------------------- */
/* Add to D [nm][nm] (hartree/bohr^2) and to its gradient [3][nm][nm] (hartree/bohr, or NULL) the long-range part at q (fractional). */
PetscErrorCode PolarDynamical(Material m, const PetscReal q[3], Complex *D, Complex *gradient);
/* L [nm]: the long-range vertex is L_c <U_k+q|U_k>; hartree/bohr. Zero at q = 0. */
PetscErrorCode PolarVertex(Material m, const PetscReal q[3], Complex *L);

/* --- linear algebra (linalg.c) --------------------------------------------------------------------------- */
/* out [n][n] = U^+ M U, M hermitised */
void HermitianRotate(PetscInt n, const Complex *M, const Complex *U, Complex *out);
/* H [n][n] (row-major, hermitised here) -> ascending values, U [n][n] columns are vectors. work: EigenWork. */
typedef struct {
  PetscInt  n, lwork;
  Complex  *a, *work;
  PetscReal *rwork;
} EigenWork;
PetscErrorCode EigenWorkCreate(PetscInt n, EigenWork *w);
PetscErrorCode EigenWorkDestroy(EigenWork *w);
PetscErrorCode HermitianEigen(EigenWork *w, const Complex *H, PetscReal *value, Complex *U);
/* diagonal[n] = Re (U^+ M U)_nn, M hermitised */
void HermitianDiagonal(PetscInt n, const Complex *M, const Complex *U, PetscReal *diagonal);
/* rows [n][width] complex numbers of n <= VECTOR_WIDTH points -> [width] pairs of vectors (re, im); missing points repeat the last */
static inline void GatherRows(PetscInt n, PetscInt width, const Complex *rows, RealVector *out)
{
  const PetscReal *row[VECTOR_WIDTH];

  for (int i = 0; i < VECTOR_WIDTH; i++) row[i] = (const PetscReal *)(rows + PetscMin(i, n - 1) * width);
  for (PetscInt j = 0; j < 2 * width; j++) out[j] = (RealVector){row[0][j], row[1][j], row[2][j], row[3][j], row[4][j], row[5][j], row[6][j], row[7][j]};
}
/* 64-byte aligned, PetscFree'd by AlignedFree. */
PetscErrorCode AlignedAlloc(size_t count, PetscReal **array);
PetscErrorCode AlignedFree(PetscReal **array);

#endif

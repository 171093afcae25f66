/*
  Coarse-mesh data behind an importer's file, freed of the file's own choice of lattice vectors, and put on lattice vectors again
  in a way that keeps the crystal's symmetry (private to src/material).

  Fold. Interpolated data are sums over images: R + i.Nk for electrons, R + i.Nq for phonons. The sum of the weighted elements
  over the images is what the source computed on its coarse meshes, whatever cell it chose.

  Distribute. Every folded element is shared among its nearest images,
    H, r, Re:   |Re + w_b - w_a| least                                     w: Wannier centres, a in cell 0, b in cell Re
    D:          |R + tau_2 - tau_1| least
    Rp:         |Rp + tau - (w_a + Re + w_b)/2| least, for each image Re
  with equal weights. A symmetry operation, and the exchange g_ab(Re, Rp) = conj g_ba(-Re, Rp - Re), map these distances onto
  each other, so they also map the interpolated coupling: |g_mn(k, q)| = |g_mn(Sk, Sq)| = |g_nm(k + q, -q)|. With the middle of
  w_a and w_b alone (EPW's cell) neither holds. On the coarse meshes nothing changes.

  Average. When each operation {S|t} takes every Wannier function to one function times +-1, S w_m + t = w_m' + T_m, folded data are
  averaged over the operations, over the exchange above and, real functions, over time reversal:
    H_mn(R) = s_m s_n H_m'n'(SR + T_n - T_m)                               r like H and a vector, D with lattice shifts of the atoms
    g_mn,c(Re, Rp) = s_m s_n sum_c' S_c'c g_m'n',c'(S Re + T_n - T_m, S Rp + T_atom - T_m)
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_FOLDED_H
#define UMKLAPP_FOLDED_H

#include "wannier_impl.h"

typedef struct {
  PetscInt   nb, nm, natoms, nk[3], nq[3], cells_k, cells_q;
  PetscReal  a[3][3];
  PetscReal *tau, *centres;   /* fractional */
  Complex   *H, *position, *D;/* [cells_k][nb][nb], [cells_k][3][nb][nb] or NULL, [cells_q][nm][nm] or NULL */
  Complex   *g;               /* [cells_k][cells_q][nm][ket][bra] or NULL */
} Folded;

/* Not collective: rank 0 of an import. Reads all slabs of `s` (complex, by phonon vector). */
PetscErrorCode FoldedCreate(const WannierSource *s, Folded *f);
PetscErrorCode FoldedDestroy(Folded *f);

/* Cell of R in the coarse mesh n */
static inline PetscInt FoldedCell(const PetscInt n[3], int r0, int r1, int r2)
{
  const PetscInt i = ((r0 % n[0]) + n[0]) % n[0], j = ((r1 % n[1]) + n[1]) % n[1], k = ((r2 % n[2]) + n[2]) % n[2];

  return (i * n[1] + j) * n[2] + k;
}

static inline void FoldedVector(const PetscInt n[3], PetscInt cell, int R[3])
{
  R[0] = (int)(cell / (n[1] * n[2]));
  R[1] = (int)(cell / n[2] % n[1]);
  R[2] = (int)(cell % n[2]);
}

/* Mean (Cartesian) of R + shift over the images R of `cell` in the mesh n with the least |R + shift|; shift fractional */
PetscErrorCode FoldedMeanImage(const Folded *f, const PetscInt n[3], PetscInt cell, const PetscReal shift[3], PetscReal mean[3]);

/* Replace the vectors, H, r, D and coupling of `s` (centres too) by those of `f`, which s->ctx then owns (FoldedDestroy is not needed).
   The old ctx must be closed. */
PetscErrorCode FoldedDistribute(Folded *f, WannierSource *s);

/* The force constants onto the acoustic sum rule `rule` (sum_rule.c); says by how much the raw ones violate it. path: for messages. */
PetscErrorCode FoldedSumRule(const char *path, SumRule rule, Folded *f);

/* Averages over the group as far as the functions allow; sets head.symmetrized and head.moved, new centres. real: drop imaginary parts of
   H and r. Says what it did, or why not. */
PetscErrorCode FoldedSymmetrize(Folded *f, bool real, WannierSource *s);

#endif

/*
  Mobilities of silicon by a small dense solve on the wedge, with EPW 5.3.1's conventions (FORMATS of its files: what it does with them):

  - states: bands that come within the window anywhere, at every k that has one of them in the window;
  - every row from its own state: F_a/tau_a - sum_j in_aj F_j = (-df/de) v_a with vertices g(k_a, q), k_a in the wedge, for absorption and
    emission. umklapp evaluates a process once, from the absorbing side. The two agree only as far as |g| has the crystal's symmetry and
    |g_mn(k, q)| = |g_nm(k + q, -q)|, which EPW's Wigner-Seitz weights break;
  - velocities: within a degenerate set, for each Cartesian component, the eigenvalues of the velocity matrix in ascending order, then
    averaged over the little group of k, as is what is scattered into a state;
  - occupation factors: this program's, 1/tau_a = sum 2 pi/N |g|^2 (w_j w_l/w_a) [delta(e_j - e_a - w) + delta(e_a - e_j - w)], or EPW's,
    f_j + n for absorption and 1 - f_j + n for emission, which balance only where the delta function is sharp.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_WEDGE_MOBILITY_H
#define UMKLAPP_TEST_WEDGE_MOBILITY_H

#include "engine.h"

#define MOBILITY_CM2_VS (UMK_BOHR_M * UMK_BOHR_M / UMK_TIME_S / UMK_HARTREE_EV * 1e4) /* e bohr^2/hbar */

typedef enum { OCCUPATIONS_SYMMETRIC, OCCUPATIONS_EPW } Occupations;
typedef struct {
  const char *material;             /* native file */
  bool        holes;
  Occupations occupations;
  PetscInt    mesh;
  PetscReal   fermi, window, width; /* hartree; window: fermi - window ... fermi + window; Gaussian as in the deck */
  PetscReal   density;              /* per bohr^3 */
} WedgeSetting;
typedef struct {
  PetscReal kelvin, mu, mobility[LEVEL_COUNT]; /* K, eV, cm^2/V/s */
} WedgeResult;

/* result[].kelvin given, the rest filled; at most 4. On one rank. */
void WedgeMobility(const WedgeSetting *set, PetscInt n, WedgeResult *result);
/* Assert relative differences of mobilities. */
void WedgeCompare(const char *name, PetscInt n, const WedgeResult *result, const WedgeResult *expected, PetscReal tolerance);
/* Highest energy of the fourth band at Gamma, hartree. */
PetscReal WedgeValenceTop(const char *material);

#endif

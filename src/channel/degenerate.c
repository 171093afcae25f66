/* Squared vertices where eigenvectors are a matter of choice. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#define DEGENERATE (1e-6 * UMK_RYDBERG)

void ChannelAverageDegenerate(PetscInt outer, PetscInt n, PetscInt inner, const PetscReal *energy, PetscReal *v)
{
  for (PetscInt b = 0; b < n;) {
    PetscInt e = b + 1;
    while (e < n && energy[e] - energy[e - 1] < DEGENERATE) e++;
    for (PetscInt o = 0; e - b > 1 && o < outer; o++)
      for (PetscInt i = 0; i < inner; i++) {
        PetscReal sum = 0.0;
        for (PetscInt j = b; j < e; j++) sum += v[(o * n + j) * inner + i];
        for (PetscInt j = b; j < e; j++) v[(o * n + j) * inner + i] = sum / (PetscReal)(e - b);
      }
    b = e;
  }
}

/* Small dense 3x3 algebra. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "umklapp/base.h"

PetscReal Det3(const PetscReal m[3][3])
{
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

void Invert3(const PetscReal m[3][3], PetscReal inverse[3][3])
{
  const PetscReal scale = 1.0 / Det3(m);
  PetscReal       r[3][3];

  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      const int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
      r[i][j] = scale * (m[a][c] * m[b][d] - m[a][d] * m[b][c]);
    }
  }
  for (int i = 0; i < 9; i++) inverse[i / 3][i % 3] = r[i / 3][i % 3];
}

void MatMul3(const PetscReal a[3][3], const PetscReal b[3][3], PetscReal c[3][3])
{
  PetscReal r[3][3];

  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) r[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  for (int i = 0; i < 9; i++) c[i / 3][i % 3] = r[i / 3][i % 3];
}

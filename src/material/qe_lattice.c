/* Bravais lattices of Quantum ESPRESSO: see qe_lattice.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qe_lattice.h"

/*
  A lattice whose vectors are a times numbers, times b/a in y and c/a in z: most of them. `needs`: bits of celldm 2 and 3 that must be given;
  absent ones count as 1.
*/
static const struct {
  int       ibrav, needs;
  PetscReal a[3][3];
} straight[] = {
  {1, 0, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
  {2, 0, {{-0.5, 0, 0.5}, {0, 0.5, 0.5}, {-0.5, 0.5, 0}}},
  {3, 0, {{0.5, 0.5, 0.5}, {-0.5, 0.5, 0.5}, {-0.5, -0.5, 0.5}}},
  {-3, 0, {{-0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0.5, 0.5, -0.5}}},
  {4, 4, {{1, 0, 0}, {-0.5, 0.86602540378443864676, 0}, {0, 0, 1}}},
  {6, 4, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
  {7, 4, {{0.5, -0.5, 0.5}, {0.5, 0.5, 0.5}, {-0.5, -0.5, 0.5}}},
  {8, 6, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
  {9, 6, {{0.5, 0.5, 0}, {-0.5, 0.5, 0}, {0, 0, 1}}},
  {-9, 6, {{0.5, -0.5, 0}, {0.5, 0.5, 0}, {0, 0, 1}}},
  {91, 6, {{1, 0, 0}, {0, 0.5, -0.5}, {0, 0.5, 0.5}}},
  {10, 6, {{0.5, 0, 0.5}, {0.5, 0.5, 0}, {0, 0.5, 0.5}}},
  {11, 6, {{0.5, 0.5, 0.5}, {-0.5, 0.5, 0.5}, {-0.5, -0.5, 0.5}}},
};

static const char *trigonal(int ibrav, PetscReal a, PetscReal cosine, PetscReal out[3][3])
{
  const PetscReal s = sqrt(1.0 + 2.0 * cosine), t = sqrt(1.0 - cosine);

  if (!(cosine > -0.5 && cosine < 1.0)) return "celldm(4), a cosine, must be between -1/2 and 1";
  if (ibrav == 5) {
    const PetscReal x = a * t / sqrt(2.0), y = a * t / sqrt(6.0), z = a * s / sqrt(3.0), v[3][3] = {{x, -y, z}, {0, 2.0 * y, z}, {-x, -y, z}};

    memcpy(out, v, sizeof(v));
  } else {
    const PetscReal u = a * (s - 2.0 * t) / 3.0, w = a * (s + t) / 3.0, v[3][3] = {{u, w, w}, {w, u, w}, {w, w, u}};

    memcpy(out, v, sizeof(v));
  }
  return NULL;
}

/* unique axis c (12, 13): cosine of a and b in celldm(4); unique axis b (-12, -13): of a and c in celldm(5) */
static const char *monoclinic(int ibrav, const PetscReal d[6], PetscReal out[3][3])
{
  const PetscReal a = d[0], b = d[0] * d[1], c = d[0] * d[2], cosine = ibrav > 0 ? d[3] : d[4], sine = sqrt(1.0 - PetscMin(cosine * cosine, 1.0));
  const PetscReal ab[3] = {b * cosine, b * sine, 0}, ac[3] = {c * cosine, 0, c * sine};
  const PetscReal simple_c[3][3] = {{a, 0, 0}, {ab[0], ab[1], 0}, {0, 0, c}}, simple_b[3][3] = {{a, 0, 0}, {0, b, 0}, {ac[0], 0, ac[2]}};
  const PetscReal base_c[3][3] = {{0.5 * a, 0, -0.5 * c}, {ab[0], ab[1], 0}, {0.5 * a, 0, 0.5 * c}}, base_b[3][3] = {{0.5 * a, 0.5 * b, 0}, {-0.5 * a, 0.5 * b, 0}, {ac[0], 0, ac[2]}};

  if (!(fabs(cosine) < 1.0)) return ibrav > 0 ? "celldm(4), a cosine, must be between -1 and 1" : "celldm(5), a cosine, must be between -1 and 1";
  memcpy(out, ibrav == 12 ? simple_c : ibrav == -12 ? simple_b : ibrav == 13 ? base_c : base_b, sizeof(simple_c));
  return NULL;
}

static const char *triclinic(const PetscReal d[6], PetscReal out[3][3])
{
  const PetscReal a = d[0], b = a * d[1], c = a * d[2], sine = sqrt(1.0 - PetscMin(d[5] * d[5], 1.0));
  const PetscReal rest = 1.0 + 2.0 * d[3] * d[4] * d[5] - d[3] * d[3] - d[4] * d[4] - d[5] * d[5];

  if (!(fabs(d[3]) < 1.0 && fabs(d[4]) < 1.0 && fabs(d[5]) < 1.0 && rest > 0.0)) return "celldm(4), (5) and (6) are not the cosines of a cell";
  const PetscReal v[3][3] = {{a, 0, 0}, {b * d[5], b * sine, 0}, {c * d[4], c * (d[3] - d[4] * d[5]) / sine, c * sqrt(rest) / sine}};
  memcpy(out, v, sizeof(v));
  return NULL;
}

const char *QeLattice(int ibrav, const PetscReal d[6], PetscReal a[3][3])
{
  static const char *const missing[] = {NULL, NULL, "celldm(2) must be positive", NULL, "celldm(3) must be positive"};
  int                      needs     = 6;
  size_t                   i;

  if (!(d[0] > 0.0)) return "celldm(1) must be positive";
  for (i = 0; i < sizeof(straight) / sizeof(straight[0]) && straight[i].ibrav != ibrav; i++);
  if (i < sizeof(straight) / sizeof(straight[0])) needs = straight[i].needs;
  else if (abs(ibrav) == 5) needs = 0;
  else if (abs(ibrav) != 12 && abs(ibrav) != 13 && ibrav != 14) return "there is no such ibrav";
  for (int c = 1; c < 3; c++)
    if (needs & 1 << c && !(d[c] > 0.0)) return missing[1 << c];
  if (abs(ibrav) == 5) return trigonal(ibrav, d[0], d[3], a);
  if (abs(ibrav) == 12 || abs(ibrav) == 13) return monoclinic(ibrav, d, a);
  if (ibrav == 14) return triclinic(d, a);
  const PetscReal edge[3] = {d[0], needs & 2 ? d[0] * d[1] : d[0], needs & 4 ? d[0] * d[2] : d[0]};
  for (int c = 0; c < 9; c++) a[c / 3][c % 3] = straight[i].a[c / 3][c % 3] * edge[c % 3];
  return NULL;
}

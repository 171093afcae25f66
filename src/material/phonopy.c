/*
  A material from files of phonopy or phono3py: see phonopy.h. Of a polar crystal the dipole part of polar.c is taken out of the supercell's
  constants, at the wave vectors q that the supercell fits (q.T whole for its vectors T):

    Phi(0 i, j) -= (1/N) sum_q D^dipole_ij(q) e^{-2 pi i q.(R_j - R_i)}

  as phonopy does with its own dipole sum (Gonze and Lee, Phys. Rev. B 55, 10355 (1997)); at these q nothing changes when it is added again.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"
#include "polar.h"
#include "third_order.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* --- files ------------------------------------------------------------------------------------------------------ */

void PhonopyFind(const char *folder, const char *const *names, char path[PETSC_MAX_PATH_LEN])
{
  struct stat status;

  for (; *names; names++) {
    snprintf(path, PETSC_MAX_PATH_LEN, "%.*s/%s", PETSC_MAX_PATH_LEN - 64, folder, *names);
    if (!stat(path, &status) && S_ISREG(status.st_mode)) return;
  }
  path[0] = 0;
}

PetscErrorCode PhonopyFolder(const char *path, char folder[PETSC_MAX_PATH_LEN], char given[PETSC_MAX_PATH_LEN])
{
  struct stat status;
  char       *slash;

  PetscFunctionBeginUser;
  given[0] = 0;
  snprintf(folder, PETSC_MAX_PATH_LEN, "%s", path);
  if (stat(path, &status)) return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  if (S_ISDIR(status.st_mode)) PetscFunctionReturn(0);
  snprintf(given, PETSC_MAX_PATH_LEN, "%s", path);
  slash = strrchr(folder, '/');
  if (slash) *(slash == folder ? slash + 1 : slash) = 0;
  else snprintf(folder, PETSC_MAX_PATH_LEN, ".");
  PetscFunctionReturn(0);
}

/* --- crystal --------------------------------------------------------------------------------------------------------- */

PetscErrorCode PhonopyCrystal(const PhonopyYaml *y, WannierSource *s)
{
  const Cell    *c    = &y->primitive;
  const PetscInt n    = c->natoms;
  int            kind = 0;

  PetscFunctionBeginUser;
  if (n > 1000) return InputErrorAt(y->path, 0, "%d atoms in the primitive cell are too many", (int)n);
  s->head = (WannierHead){.spin = 2, .dimension = 3, .symprec = 1e-4, .use_ws = 1, .natoms = n, .coarse_q = {1, 1, 1}};
  memcpy(s->head.a, c->a, sizeof(c->a));
  s->head.polar_length = cbrt(4.0 * fabs(Det3((const PetscReal(*)[3])c->a)));
  PetscCall(PetscMalloc1(3 * n, &s->tau));
  PetscCall(PetscMalloc1(n, &s->mass));
  PetscCall(PetscMalloc1(n, &s->species));
  for (PetscInt k = 0; k < n; k++) {
    MatTVec3((const PetscReal(*)[3])c->a, &c->x[3 * k], &s->tau[3 * k]);
    s->mass[k]    = c->mass[k];
    s->species[k] = 0;
    for (PetscInt l = 0; l < k && !s->species[k]; l++)
      if (!strcmp(c->symbol[k], c->symbol[l]) && fabs(c->mass[k] - c->mass[l]) < 1e-6 * c->mass[k]) s->species[k] = s->species[l];
    if (!s->species[k]) s->species[k] = ++kind;
  }
  PetscFunctionReturn(0);
}

/* --- rows -------------------------------------------------------------------------------------------------------------- */

static int compare_indices(const void *x, const void *y)
{
  const PetscInt a = *(const PetscInt *)x, b = *(const PetscInt *)y;

  return (a > b) - (a < b);
}

PetscErrorCode SupercellRows(const char *path, const Supercell *sc, PetscInt nrows, PetscInt n, const PetscInt *row_atom, PetscInt *row, PetscInt *atom)
{
  const PetscInt nprim = sc->primitive->natoms;
  PetscInt      *first;

  PetscFunctionBeginUser;
  if (n != sc->n) return InputErrorAt(path, 0, "is for a supercell of %d atoms, that of the YAML file has %d", (int)n, (int)sc->n);
  if (nrows != n && nrows != nprim) return InputErrorAt(path, 0, "has %d rows: neither the %d atoms of the primitive cell nor the %d of the supercell", (int)nrows, (int)nprim, (int)n);
  PetscCall(PetscMalloc1(nprim, &first));
  PetscCall(PetscArraycpy(first, sc->first, nprim));
  qsort(first, (size_t)nprim, sizeof(*first), compare_indices);
  for (PetscInt k = 0; k < nprim; k++) row[k] = -1;
  for (PetscInt i = nrows - 1; i >= 0; i--) {
    const PetscInt a = row_atom ? row_atom[i] : nrows == n ? i : first[i];

    row[sc->atom[a]]  = i;
    atom[sc->atom[a]] = a;
  }
  PetscCall(PetscFree(first));
  for (PetscInt k = 0; k < nprim; k++)
    if (row[k] < 0) return InputErrorAt(path, 0, "has no row whose first atom is atom %d (%s) of the primitive cell", (int)k + 1, sc->primitive->symbol[k]);
  PetscFunctionReturn(0);
}

/* --- dipoles -------------------------------------------------------------------------------------------------------------- */

/* Charges into `s`, neutral. The factor says in which unit of charge they are: e. */
static PetscErrorCode take_charges(PhonopyYaml *y, const char *born, WannierSource *s)
{
  const PetscInt  n = s->head.natoms;
  const PetscReal e2 = 1.0 / (y->constant * pow(y->length, 3));
  const char     *path = y->born ? y->path : born;
  PetscReal       moved = 0.0, charge = 0.0;

  PetscFunctionBeginUser;
  if (!y->born && !born[0]) PetscFunctionReturn(0);
  if (!y->born) PetscCall(BornRead(born, &y->primitive, y->epsilon, &y->born, &y->nac_factor));
  if (y->nac_factor != 0.0 && fabs(y->nac_factor / e2 - 1.0) > 1e-3)
    return InputErrorAt(path, 0, "the factor of the dipole term is %g; with the units of the force constants e^2 = %.6g is expected", y->nac_factor, e2);
  PetscCall(PetscMalloc1(9 * n, &s->zstar));
  for (int c = 0; c < 9; c++) {
    PetscReal mean = 0.0;

    for (PetscInt k = 0; k < n; k++) mean += y->born[9 * k + c] / (PetscReal)n;
    for (PetscInt k = 0; k < n; k++) s->zstar[9 * k + c] = y->born[9 * k + c] - mean;
    for (PetscInt k = 0; k < n; k++) charge = PetscMax(charge, fabs(s->zstar[9 * k + c]));
    moved                        = PetscMax(moved, fabs(mean));
    s->head.epsilon[c / 3][c % 3] = y->epsilon[c];
  }
  for (int i = 0; i < 3; i++)
    if (!(s->head.epsilon[i][i] > 0.0)) return InputErrorAt(path, 0, "the dielectric tensor is not positive: %g %g %g", s->head.epsilon[0][0], s->head.epsilon[1][1], s->head.epsilon[2][2]);
  s->head.polar = charge > 1e-9;
  if (s->head.polar) Log(1, "  Born charges of %s, made neutral (moved by %.1e e)", path, moved);
  PetscFunctionReturn(0);
}

/* phi [atoms of the primitive][atoms of the supercell][9] of one q, times e^{-2 pi i q.(R_j - R_i)}/N, taken out of the rows */
static void subtract_wave(const Supercell *sc, const PetscReal q[3], const Complex *D, const PetscInt *row, const PetscInt *atom, SecondOrder *fc)
{
  const PetscInt nprim = sc->primitive->natoms, nm = 3 * nprim;

  for (PetscInt k = 0; k < nprim; k++)
    for (PetscInt j = 0; j < sc->n; j++) {
      PetscReal  x = 0.0;
      PetscReal *block = &fc->fc[((size_t)row[k] * (size_t)sc->n + (size_t)j) * 9];

      for (int c = 0; c < 3; c++) x -= 2.0 * UMK_PI * q[c] * (sc->R[j][c] - sc->R[atom[k]][c]);
      for (int c = 0; c < 9; c++) block[c] -= creal(CMPLX(cos(x), sin(x)) * D[(3 * k + c / 3) * nm + 3 * sc->atom[j] + c % 3]) / (PetscReal)sc->cells;
    }
}

static PetscErrorCode subtract_dipoles(const Supercell *sc, const WannierSource *s, const PetscInt *row, const PetscInt *atom, SecondOrder *fc)
{
  const WannierHead *h = &s->head;
  const PetscInt    *mesh = h->coarse_q, m2 = h->nm * h->nm;
  Dipoles            d = {.natoms = h->natoms, .length = h->polar_length, .tau = s->tau, .zstar = s->zstar, .volume = fabs(Det3((const PetscReal(*)[3])h->a))};
  PetscReal          inverse[3][3];
  Complex           *D;

  PetscFunctionBeginUser;
  memcpy(d.mesh, mesh, sizeof(d.mesh));
  memcpy(d.epsilon, h->epsilon, sizeof(d.epsilon));
  Invert3((const PetscReal(*)[3])h->a, inverse);
  for (int i = 0; i < 9; i++) d.b[i / 3][i % 3] = 2.0 * UMK_PI * inverse[i % 3][i / 3];
  PetscCall(PetscMalloc1(m2, &D));
  for (PetscInt i = 0; i < mesh[0] * mesh[1] * mesh[2]; i++) {
    const PetscReal q[3] = {(PetscReal)(i / (mesh[1] * mesh[2])) / mesh[0], (PetscReal)(i / mesh[2] % mesh[1]) / mesh[1], (PetscReal)(i % mesh[2]) / mesh[2]};
    PetscReal       x[3];
    int             whole[3];

    for (int c = 0; c < 3; c++) x[c] = q[0] * sc->S[c][0] + q[1] * sc->S[c][1] + q[2] * sc->S[c][2];
    if (!WholeVector(x, 1e-6, whole)) continue;
    PetscCall(PetscArrayzero(D, m2));
    PetscCall(DipolesDynamical(&d, q, D, NULL));
    subtract_wave(sc, q, D, row, atom, fc);
  }
  PetscCall(PetscFree(D));
  PetscFunctionReturn(0);
}

/* --- second order ------------------------------------------------------------------------------------------------------------ */

typedef struct {
  int       R[3], first, second; /* atoms of the primitive cell */
  PetscReal weight;
  PetscReal *block;
} Share;

static int compare_shares(const void *x, const void *y)
{
  return memcmp(((const Share *)x)->R, ((const Share *)y)->R, sizeof(int[3]));
}

/* Every element on its nearest images; share: NULL to count them */
static PetscErrorCode share_rows(const Supercell *sc, const PetscInt *row, const PetscInt *atom, const SecondOrder *fc, PetscInt *n, Share *share)
{
  int images, R[IMAGES_MOST][3];

  PetscFunctionBeginUser;
  *n = 0;
  for (PetscInt k = 0; k < sc->primitive->natoms; k++)
    for (PetscInt j = 0; j < sc->n; j++) {
      PetscCall(SupercellImages(sc, atom[k], j, &images, R));
      for (int m = 0; m < images; m++, ++*n) {
        if (!share) continue;
        share[*n] = (Share){.first = (int)k, .second = sc->atom[j], .weight = 1.0 / images, .block = &fc->fc[((size_t)row[k] * (size_t)sc->n + (size_t)j) * 9]};
        memcpy(share[*n].R, R[m], sizeof(R[m]));
      }
    }
  PetscFunctionReturn(0);
}

static PetscErrorCode distribute(const Supercell *sc, const PetscInt *row, const PetscInt *atom, const SecondOrder *fc, WannierSource *s)
{
  const PetscInt nm = s->head.nm;
  PetscInt       n, nR = 0;
  Share         *share;

  PetscFunctionBeginUser;
  PetscCall(share_rows(sc, row, atom, fc, &n, NULL));
  PetscCall(PetscMalloc1(n, &share));
  PetscCall(share_rows(sc, row, atom, fc, &n, share));
  qsort(share, (size_t)n, sizeof(*share), compare_shares);
  for (PetscInt i = 0; i < n; i++) nR += i == 0 || compare_shares(&share[i - 1], &share[i]);
  PetscCall(PetscMalloc1(nR, &s->Rq));
  PetscCall(PetscCalloc1(nR * nm * nm, &s->D));
  nR = 0;
  for (PetscInt i = 0; i < n; i++) {
    if (i == 0 || compare_shares(&share[i - 1], &share[i])) memcpy(s->Rq[nR++], share[i].R, sizeof(int[3]));
    for (int c = 0; c < 9; c++) s->D[((nR - 1) * nm + 3 * share[i].first + c / 3) * nm + 3 * share[i].second + c % 3] += share[i].weight * share[i].block[c];
  }
  s->head.nRq = nR;
  PetscCall(PetscFree(share));
  PetscFunctionReturn(0);
}

static PetscErrorCode second_order(PhonopyYaml *y, const char *path, const Supercell *sc, SecondOrder *fc, const char *born, WannierSource *s)
{
  PetscInt *row, *atom;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(sc->primitive->natoms, &row, sc->primitive->natoms, &atom));
  PetscErrorCode code = SupercellRows(path, sc, fc->nrows, fc->n, fc->row_atom, row, atom);
  s->head.nm = 3 * s->head.natoms;
  memcpy(s->head.coarse_q, sc->mesh, sizeof(sc->mesh));
  if (!code) code = take_charges(y, born, s);
  for (int i = 0; i < 3 && s->head.polar; i++) s->head.coarse_q[i] *= s->head.coarse_q[i] == 1 ? 2 : 1; /* one cell would leave out reciprocal vectors of the dipole sum */
  if (!code && s->head.polar) code = subtract_dipoles(sc, s, row, atom, fc);
  if (!code) code = distribute(sc, row, atom, fc, s);
  PetscCall(PetscFree2(row, atom));
  PetscCall(code);
  Log(1, "force constants %s: %d atoms, supercell of %d, %s%s", path, (int)s->head.natoms, (int)sc->n, fc->nrows == fc->n ? "full" : "compact", s->head.polar ? ", dipole part taken out" : "");
  PetscFunctionReturn(0);
}

PetscErrorCode PhonopySecondOrder(PhonopyYaml *y, const char *path, SecondOrder *fc, const char *born, WannierSource *s)
{
  Supercell      sc;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(SupercellCreate(y->path, &y->primitive, y->phonon_supercell.natoms ? &y->phonon_supercell : &y->supercell, &sc));
  code = second_order(y, path, &sc, fc, born, s);
  PetscCall(SupercellDestroy(&sc));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- third order --------------------------------------------------------------------------------------------------------------- */

typedef struct {
  int n, R[IMAGES_MOST][3];
} Images;

static bool is_zero(const PetscReal phi[27])
{
  for (int c = 0; c < 27; c++)
    if (phi[c] != 0.0) return false;
  return true;
}

/* phi [n][n][27] of one first atom (kind k) onto the images of the second and third */
static PetscErrorCode add_row(const Supercell *sc, int k, const Images *images, PetscReal unit, const PetscReal *phi, const uint8_t *present, ThirdOrder *out)
{
  PetscFunctionBeginUser;
  for (PetscInt ij = 0; ij < sc->n * sc->n; ij++) {
    const PetscInt   i = ij / sc->n, j = ij % sc->n;
    const PetscReal *from = &phi[27 * ij];
    PetscReal        part[27];

    if (!present[ij] || is_zero(from)) continue;
    for (int c = 0; c < 27; c++) part[c] = unit / (images[i].n * images[j].n) * from[c];
    for (int m = 0; m < images[i].n * images[j].n; m++) {
      Triplet t = {.atom = {k, sc->atom[i], sc->atom[j]}};

      memcpy(t.R[0], images[i].R[m / images[j].n], sizeof(t.R[0]));
      memcpy(t.R[1], images[j].R[m % images[j].n], sizeof(t.R[1]));
      PetscCall(ThirdOrderAdd(out, &t, part));
    }
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_third(const PhonopyYaml *y, const Supercell *sc, const ThirdOrderFile *f, ThirdOrder *out)
{
  const PetscInt nprim = sc->primitive->natoms;
  PetscErrorCode code;
  PetscInt      *row, *atom;
  PetscReal     *phi;
  uint8_t       *present;
  Images        *images;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(nprim, &row, nprim, &atom));
  code = SupercellRows(f->path, sc, f->nrows, f->n, f->row_atom, row, atom);
  if (!code) {
    PetscCall(PetscMalloc3((size_t)sc->n * (size_t)sc->n * 27, &phi, (size_t)sc->n * (size_t)sc->n, &present, sc->n, &images));
    for (PetscInt k = 0; k < nprim && !code; k++) {
      code = ThirdOrderFileRead(f, row[k], phi, present);
      for (PetscInt j = 0; j < sc->n && !code; j++) code = SupercellImages(sc, atom[k], j, &images[j].n, images[j].R);
      if (!code) code = add_row(sc, (int)k, images, y->constant / y->length, phi, present, out);
    }
    PetscCall(PetscFree3(phi, present, images));
  }
  PetscCall(PetscFree2(row, atom));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode PhonopyThirdOrder(const PhonopyYaml *y, const char *path, const ImportOptions *options, WannierSource *s)
{
  ThirdOrderFile f;
  ThirdOrder     third;
  Supercell      sc;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(ThirdOrderFileOpen(path, &f));
  PetscCall(ThirdOrderCreate(&third));
  code = SupercellCreate(y->path, &y->primitive, &y->supercell, &sc);
  if (!code) {
    code = read_third(y, &sc, &f, &third);
    if (!code) Log(1, "third order %s: supercell of %d atoms, %s%s", path, (int)f.n, f.nrows == f.n ? "full" : "compact", f.nonzero >= 0 ? ", with a cutoff" : "");
    PetscCall(SupercellDestroy(&sc));
  }
  if (!code) code = ThirdOrderFinish(&third, path, options, s);
  PetscCall(ThirdOrderDestroy(&third));
  PetscCall(ThirdOrderFileClose(&f));
  PetscCall(code);
  PetscFunctionReturn(0);
}

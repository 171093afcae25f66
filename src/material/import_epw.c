/*
  EPW 5.3.1 (Quantum ESPRESSO 6.7): a folder with crystal.fmt, epwdata.fmt, vmedata.fmt and PREFIX.epmatwp. Rydberg units.

  The files hold no lattice vectors: they are rebuilt (wigner_seitz.c) from the coarse meshes and use_ws, which come from the
  options or are worked out (epw_meshes.h).
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import_impl.h"
#include "epw_meshes.h"
#include "fortran_text.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define RY_MASS 2.0 /* Rydberg atomic unit of mass in electron masses */

typedef struct {
  FILE       *file;
  char        path[PETSC_MAX_PATH_LEN];
  PetscInt    nb, nm, nRe, nRp;
  WignerSeitz k, q, g;
} Epw;

/* --- crystal.fmt ------------------------------------------------------------------------------------------- */

static PetscErrorCode check_cell(FortranText *t, EpwText *x, PetscReal omega)
{
  const PetscReal volume = fabs(Det3((const PetscReal(*)[3])x->at)) * pow(x->alat, 3);

  PetscFunctionBeginUser;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (fabs(Dot3(x->at[i], x->bg[j]) - (i == j)) > 1e-6) return InputErrorAt(t->path, t->line, "lattice and reciprocal lattice do not belong together: a%d.b%d = %g", i + 1, j + 1, Dot3(x->at[i], x->bg[j]));
  if (!(fabs(volume - omega) <= 1e-6 * volume)) return InputErrorAt(t->path, t->line, "cell volume %.8g bohr^3 does not fit the lattice's %.8g", omega, volume);
  PetscFunctionReturn(0);
}

/* Up to the Wannier centres, whose number stands in epwdata.fmt */
static PetscErrorCode read_crystal(FortranText *t, EpwText *x, WannierSource *s)
{
  WannierHead *h = &s->head;
  PetscReal    omega, amass[10];
  PetscInt    *ityp;
  bool         noncolin;

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, "number of atoms", 1, 1000, 1, &x->nat));
  PetscCall(FortranTextInt(t, "number of modes", 3, 3000, 1, &x->nm));
  if (x->nm != 3 * x->nat) return InputErrorAt(t->path, t->line, "%d modes do not fit %d atoms", (int)x->nm, (int)x->nat);
  PetscCall(FortranTextReal(t, "number of electrons", 1, &x->nelec));
  if (x->nelec <= 0.0) return InputErrorAt(t->path, t->line, "the number of electrons must be positive, not %g", x->nelec);
  if (FortranTextMoreOnLine(t)) return InputErrorAt(t->path, t->line, "a second value beside the number of electrons: written by a newer EPW than the 5.3.1 that can be read");
  PetscCall(FortranTextReal(t, "lattice vectors", 9, (PetscReal *)x->at));
  PetscCall(FortranTextReal(t, "reciprocal vectors", 9, (PetscReal *)x->bg));
  PetscCall(FortranTextReal(t, "cell volume", 1, &omega));
  PetscCall(FortranTextReal(t, "alat", 1, &x->alat));
  PetscCall(check_cell(t, x, omega));
  PetscCall(PetscMalloc2(3 * x->nat, &x->tau, 3 * x->nat, &x->tau_shift));
  PetscCall(FortranTextReal(t, "atomic positions", 3 * x->nat, x->tau));
  PetscCall(FortranTextReal(t, "masses", 10, amass));
  PetscCall(PetscMalloc1(x->nat, &ityp));
  PetscCall(PetscMalloc1(x->nat, &s->mass));
  PetscCall(PetscMalloc1(x->nat, &s->species));
  PetscCall(PetscMalloc1(3 * x->nat, &s->tau));
  PetscErrorCode code = FortranTextInt(t, "kinds of the atoms", 1, 10, x->nat, ityp);
  for (PetscInt i = 0; !code && i < x->nat; i++) {
    s->species[i] = (int)ityp[i];
    s->mass[i]    = RY_MASS * amass[ityp[i] - 1];
    if (s->mass[i] <= 0.0) code = InputErrorAt(t->path, t->line, "atom %d has mass %g", (int)i + 1, amass[ityp[i] - 1]);
  }
  PetscCall(PetscFree(ityp));
  PetscCall(code);
  PetscCall(FortranTextLogical(t, "noncolin", &noncolin));
  for (PetscInt i = 0; i < 3 * x->nat; i++) s->tau[i] = x->alat * x->tau[i];
  for (int i = 0; i < 9; i++) h->a[i / 3][i % 3] = x->alat * x->at[i / 3][i % 3];
  h->natoms = x->nat, h->nm = x->nm, h->spin = noncolin ? 1 : 2, h->dimension = 3, h->symprec = 1e-4, h->polar_length = x->alat;
  PetscFunctionReturn(0);
}

static void fractional(const PetscReal bg[3][3], PetscInt n, const PetscReal *x, PetscReal *f)
{
  for (PetscInt i = 0; i < n; i++)
    for (int c = 0; c < 3; c++) f[3 * i + c] = Dot3(bg[c], &x[3 * i]);
}

static PetscErrorCode read_centres(FortranText *t, EpwText *x, WannierSource *s)
{
  PetscFunctionBeginUser;
  PetscCall(FortranTextExpect(t, "Wannier centres", 3.0 * x->nb));
  PetscCall(PetscMalloc2(3 * x->nb, &x->centres, 3 * x->nb, &x->centre_shift));
  PetscCall(PetscMalloc1(3 * x->nb, &s->centres));
  PetscCall(FortranTextReal(t, "Wannier centres", 3 * x->nb, x->centres));
  PetscCall(FortranTextEnd(t, "the Wannier centres"));
  for (PetscInt i = 0; i < 3 * x->nb; i++) s->centres[i] = x->alat * x->centres[i];
  fractional((const PetscReal(*)[3])x->bg, x->nb, x->centres, x->centre_shift);
  fractional((const PetscReal(*)[3])x->bg, x->nat, x->tau, x->tau_shift);
  PetscFunctionReturn(0);
}

/* --- epwdata.fmt, vmedata.fmt --------------------------------------------------------------------------------- */

static PetscErrorCode read_header(FortranText *t, EpwText *x, WannierSource *s)
{
  WannierHead *h = &s->head;
  PetscInt     n[5];
  PetscReal    charge = 0.0, *z, epsilon[9];

  PetscFunctionBeginUser;
  PetscCall(FortranTextReal(t, "Fermi energy", 1, &x->ef));
  PetscCall(FortranTextInt(t, "numbers of Wannier functions, vectors, modes", 1, 10000000, 5, n));
  if (n[2] != x->nm) return InputErrorAt(t->path, t->line, "%d modes here, %d in crystal.fmt", (int)n[2], (int)x->nm);
  if (n[0] > 1000) return InputErrorAt(t->path, t->line, "%d Wannier functions cannot be", (int)n[0]);
  x->nb     = n[0];
  x->nrr[0] = n[1], x->nrr[1] = n[3], x->nrr[2] = n[4];
  PetscCall(FortranTextExpect(t, "Hamiltonian and force constants", 4.0 * ((PetscReal)n[0] * n[0] * n[1] + (PetscReal)n[2] * n[2] * n[3])));
  PetscCall(PetscMalloc1(9 * x->nat, &s->zstar));
  PetscCall(PetscMalloc1(9 * x->nat, &z));
  PetscErrorCode code = FortranTextReal(t, "Born charges", 9 * x->nat, z);
  for (PetscInt na = 0; !code && na < x->nat; na++) /* Fortran zstar(i,j,na), i field */
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) s->zstar[9 * na + 3 * i + j] = z[9 * na + 3 * j + i];
  for (PetscInt i = 0; !code && i < 9 * x->nat; i++) charge += fabs(z[i]);
  PetscCall(PetscFree(z));
  PetscCall(code);
  PetscCall(FortranTextReal(t, "dielectric tensor", 9, epsilon));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) h->epsilon[i][j] = epsilon[3 * j + i];
  h->nb    = x->nb;
  h->fermi = UMK_RYDBERG * x->ef;
  h->polar = charge > 1e-9;
  if (h->polar && !(h->epsilon[0][0] > 0.0 && h->epsilon[1][1] > 0.0 && h->epsilon[2][2] > 0.0))
    return InputErrorAt(t->path, t->line, "Born charges are given but the dielectric tensor is not positive: %g %g %g", h->epsilon[0][0], h->epsilon[1][1], h->epsilon[2][2]);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_blocks(FortranText *t, EpwText *x)
{
  const PetscInt64 nh = (PetscInt64)x->nb * x->nb * x->nrr[0], nd = (PetscInt64)x->nm * x->nm * x->nrr[1];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(nh, &x->H, nd, &x->D, 3 * nh, &x->r));
  PetscCall(FortranTextComplex(t, "Hamiltonian", nh, x->H));
  PetscCall(FortranTextComplex(t, "force constants", nd, x->D));
  PetscCall(FortranTextEnd(t, "the force constants"));
  PetscFunctionReturn(0);
}

typedef PetscErrorCode (*Reader)(FortranText *, EpwText *, WannierSource *);

static PetscErrorCode open_text(EpwText *x, const char *name, FortranText *t)
{
  char path[PETSC_MAX_PATH_LEN + 32];

  PetscFunctionBeginUser;
  snprintf(path, sizeof(path), "%s/%s", x->folder, name);
  PetscCall(FortranTextOpen(path, t));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_crystal_and_data(FortranText *crystal, FortranText *data, EpwText *x, WannierSource *s)
{
  PetscFunctionBeginUser;
  PetscCall(read_crystal(crystal, x, s));
  PetscCall(read_header(data, x, s));
  PetscCall(read_centres(crystal, x, s));
  PetscCall(read_blocks(data, x));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_position(FortranText *t, EpwText *x)
{
  const PetscInt64 n = (PetscInt64)x->nb * x->nb * x->nrr[0] * 3;

  PetscFunctionBeginUser;
  PetscCall(FortranTextExpect(t, "position matrix", 4.0 * (PetscReal)n));
  PetscCall(FortranTextComplex(t, "position matrix", n, x->r));
  PetscCall(FortranTextEnd(t, "the position matrix: two matrices per line are written by newer EPW than the 5.3.1 that can be read, or the counts differ"));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_text(EpwText *x, WannierSource *s)
{
  FortranText    crystal = {0}, data = {0}, vme = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  code = open_text(x, "crystal.fmt", &crystal);
  if (!code) code = open_text(x, "epwdata.fmt", &data);
  if (!code) code = open_text(x, "vmedata.fmt", &vme);
  if (!code) code = read_crystal_and_data(&crystal, &data, x, s);
  if (!code) code = read_position(&vme, x);
  PetscCall(FortranTextClose(&crystal));
  PetscCall(FortranTextClose(&data));
  PetscCall(FortranTextClose(&vme));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- weights folded in, Hartree units --------------------------------------------------------------------------- */

static inline PetscReal weight(const WignerSeitz *ws, PetscInt r, PetscInt shift)
{
  return ws->weight[r * ws->nshifts + (ws->nshifts == 1 ? 0 : shift)];
}

static PetscErrorCode fold_blocks(const EpwText *x, const Epw *e, WannierSource *s)
{
  const PetscInt nb = x->nb, nm = x->nm, nk = x->nrr[0], nq = x->nrr[1];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(nk * nb * nb, &s->H));
  PetscCall(PetscMalloc1(3 * nk * nb * nb, &s->position));
  PetscCall(PetscMalloc1(nq * nm * nm, &s->D));
  for (PetscInt ab = 0; ab < nb * nb; ab++)
    for (PetscInt r = 0; r < nk; r++) {
      const PetscReal w = weight(&e->k, r, ab);

      s->H[r * nb * nb + ab] = UMK_RYDBERG * w * x->H[ab * nk + r];
      for (int i = 0; i < 3; i++) s->position[(3 * r + i) * nb * nb + ab] = w * x->r[(ab * nk + r) * 3 + i];
    }
  for (PetscInt c = 0; c < nm * nm; c++)
    for (PetscInt r = 0; r < nq; r++) s->D[r * nm * nm + c] = UMK_RYDBERG * weight(&e->q, r, c / nm / 3 * x->nat + c % nm / 3) * x->D[c * nq + r];
  PetscFunctionReturn(0);
}

/* A wrong list of vectors shows at once: H(-R) is no longer the adjoint of H(R). */
static PetscErrorCode check_hermitian(const EpwText *x, const WannierSource *s)
{
  const PetscInt nb = x->nb;
  Pairing        p;
  PetscReal      defect = 0.0, largest = 0.0;

  PetscFunctionBeginUser;
  PetscCall(PairingCreate(s->head.nRk, s->Rk, &p));
  for (PetscInt r = 0; r < p.ncos; r++) {
    const Complex *plus = &s->H[p.plus[r] * nb * nb], *minus = p.minus[r] >= 0 ? &s->H[p.minus[r] * nb * nb] : r == 0 && p.nsin == p.ncos - 1 ? plus : NULL;

    for (PetscInt a = 0; a < nb * nb; a++) {
      largest = PetscMax(largest, cabs(plus[a]));
      defect  = PetscMax(defect, cabs(plus[a] - (minus ? conj(minus[a % nb * nb + a / nb]) : 0.0)));
    }
  }
  PetscCall(PairingDestroy(&p));
  if (!(defect <= 1e-5 * largest))
    return InputErrorAt(x->folder, 0, "the Hamiltonian is not Hermitian on the vectors of the coarse mesh %dx%dx%d, use_ws = %s (defect %.1e): give the right coarse_k and use_ws", (int)s->head.coarse_k[0],
                        (int)s->head.coarse_k[1], (int)s->head.coarse_k[2], s->head.use_ws ? "true" : "false", defect / largest);
  PetscFunctionReturn(0);
}

/* Bands full at every point of the coarse mesh, or a metal and its electrons per cell. */
static PetscErrorCode count_valence(const EpwText *x, WannierSource *s)
{
  WannierHead    *h = &s->head;
  const PetscInt *n = h->coarse_k, b2 = x->nb * x->nb, nk = n[0] * n[1] * n[2];
  EigenWork       eigen;
  Complex        *H;
  PetscReal      *value;
  PetscInt        least = x->nb, most = 0, sum = 0;

  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(x->nb, &eigen));
  PetscCall(PetscMalloc2(b2, &H, x->nb, &value));
  for (PetscInt ik = 0; ik < nk; ik++) {
    const PetscReal k[3]  = {(PetscReal)(ik / (n[1] * n[2])) / n[0], (PetscReal)(ik / n[2] % n[1]) / n[1], (PetscReal)(ik % n[2]) / n[2]};
    PetscInt        below = 0;

    memset(H, 0, sizeof(Complex) * (size_t)b2);
    for (PetscInt r = 0; r < h->nRk; r++) {
      const PetscReal phi = 2.0 * UMK_PI * (k[0] * s->Rk[r][0] + k[1] * s->Rk[r][1] + k[2] * s->Rk[r][2]);

      for (PetscInt c = 0; c < b2; c++) H[c] += CMPLX(cos(phi), sin(phi)) * s->H[r * b2 + c];
    }
    PetscCall(HermitianEigen(&eigen, H, value, NULL));
    for (PetscInt b = 0; b < x->nb; b++) below += value[b] <= h->fermi + 1e-4 * UMK_RYDBERG;
    least = PetscMin(least, below);
    most  = PetscMax(most, below);
    sum += below;
  }
  PetscCall(PetscFree2(H, value));
  PetscCall(EigenWorkDestroy(&eigen));
  h->metal    = least != most;
  h->nvalence = most;
  if (h->metal) { /* whole bands may be missing below: nelec - spin * n nearest to the count */
    const PetscReal filled = (PetscReal)(h->spin * sum) / (PetscReal)nk;

    h->nvalence = (PetscInt)lrint(x->nelec - h->spin * rint((x->nelec - filled) / h->spin));
  }
  PetscFunctionReturn(0);
}

/* --- PREFIX.epmatwp --------------------------------------------------------------------------------------------- */

static PetscErrorCode read_slab(void *ctx, PetscInt p, void *out)
{
  Epw           *e     = ctx;
  const PetscInt b2    = e->nb * e->nb, nat = e->nm / 3;
  const size_t   count = (size_t)(e->nRe * e->nm * b2);
  Complex       *slab  = out, *raw;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(count, &raw));
  if (fseeko(e->file, (off_t)(count * sizeof(Complex)) * p, SEEK_SET) || fread(raw, sizeof(Complex), count, e->file) != count) {
    PetscCall(PetscFree(raw));
    return InputErrorAt(e->path, 0, "cannot be read at byte %lld: %s", (long long)(count * sizeof(Complex)) * p, errno ? strerror(errno) : "end of file");
  }
  for (PetscInt c = 0; c < e->nm; c++)
    for (PetscInt r = 0; r < e->nRe; r++)
      for (PetscInt ket = 0; ket < e->nb; ket++)
        for (PetscInt bra = 0; bra < e->nb; bra++) {
          const PetscInt  ab = bra * e->nb + ket;
          const PetscReal w  = UMK_RYDBERG * weight(&e->k, r, ab) * weight(&e->g, p, ab * nat + c / 3);
          const Complex   g  = raw[((c * e->nRe + r) * e->nb + ket) * e->nb + bra];

          if (!isfinite(creal(g)) || !isfinite(cimag(g))) {
            PetscCall(PetscFree(raw));
            return InputErrorAt(e->path, 0, "coupling element (%d, %d, %d, %d, %d) is not a finite number", (int)bra + 1, (int)ket + 1, (int)r + 1, (int)c + 1, (int)p + 1);
          }
          slab[((r * e->nm + c) * e->nb + ket) * e->nb + bra] = w * g;
        }
  PetscCall(PetscFree(raw));
  PetscFunctionReturn(0);
}

static PetscErrorCode close_epw(void *ctx)
{
  Epw *e = ctx;

  PetscFunctionBeginUser;
  if (e->file) fclose(e->file);
  PetscCall(WignerSeitzDestroy(&e->k));
  PetscCall(WignerSeitzDestroy(&e->q));
  PetscCall(WignerSeitzDestroy(&e->g));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(0);
}

/* The one *.epmatwp of the folder; its stem names the material. */
static PetscErrorCode find_coupling(const char *folder, Epw *e, char name[64])
{
  const char    *suffix = ".epmatwp";
  struct dirent *entry;
  int            n = 0;
  DIR           *dir = opendir(folder);

  PetscFunctionBeginUser;
  if (!dir) return InputErrorAt(folder, 0, "cannot be opened as a folder of EPW files: %s", strerror(errno));
  while ((entry = readdir(dir))) {
    const size_t length = strlen(entry->d_name), tail = strlen(suffix);

    if (length <= tail || strcmp(entry->d_name + length - tail, suffix)) continue;
    n++;
    snprintf(e->path, sizeof(e->path), "%.*s/%s", (int)(sizeof(e->path) - 258), folder, entry->d_name);
    snprintf(name, 64, "%.*s", (int)PetscMin(length - tail, 63), entry->d_name);
  }
  closedir(dir);
  if (n != 1) return InputErrorAt(folder, 0, n ? "holds %d files *.epmatwp where one was expected" : "holds no coupling file PREFIX.epmatwp (found %d)", n);
  PetscFunctionReturn(0);
}

static PetscErrorCode open_coupling(Epw *e)
{
  const PetscReal want = 16.0 * e->nb * e->nb * (PetscReal)e->nRe * e->nm * e->nRp;
  struct stat     status;

  PetscFunctionBeginUser;
  if (stat(e->path, &status) || !(e->file = fopen(e->path, "rb"))) return InputErrorAt(e->path, 0, "cannot be read: %s", strerror(errno));
  if ((PetscReal)status.st_size != want)
    return InputErrorAt(e->path, 0, "is %lld bytes; %d Wannier functions, %d x %d vectors and %d modes make %.0f", (long long)status.st_size, (int)e->nb, (int)e->nRe, (int)e->nRp, (int)e->nm, want);
  PetscFunctionReturn(0);
}

static PetscErrorCode copy_vectors(const WignerSeitz *ws, PetscInt *n, int (**R)[3])
{
  PetscFunctionBeginUser;
  *n = ws->nR;
  PetscCall(PetscMalloc1(ws->nR, R));
  memcpy(*R, ws->R, sizeof(int[3]) * (size_t)ws->nR);
  PetscFunctionReturn(0);
}

static PetscErrorCode fill(EpwText *x, const ImportOptions *o, Epw *e, WannierSource *s)
{
  WannierHead *h = &s->head;

  PetscFunctionBeginUser;
  PetscCall(find_coupling(x->folder, e, h->name));
  PetscCall(read_text(x, s));
  PetscCall(EpwFindMeshes(x, o, h));
  PetscCall(EpwMakeList(x, EPW_LIST_K, h->use_ws, h->coarse_k, x->nrr[0], &e->k));
  PetscCall(EpwMakeList(x, EPW_LIST_Q, h->use_ws, h->coarse_q, x->nrr[1], &e->q));
  PetscCall(EpwMakeList(x, EPW_LIST_G, h->use_ws, h->coarse_q, x->nrr[2], &e->g));
  PetscCall(copy_vectors(&e->k, &h->nRk, &s->Rk));
  PetscCall(copy_vectors(&e->q, &h->nRq, &s->Rq));
  PetscCall(copy_vectors(&e->k, &h->nRe, &s->Re));
  PetscCall(copy_vectors(&e->g, &h->nRp, &s->Rp));
  h->has_position = 1;
  e->nb = x->nb, e->nm = x->nm, e->nRe = h->nRe, e->nRp = h->nRp;
  PetscCall(fold_blocks(x, e, s));
  PetscCall(check_hermitian(x, s));
  PetscCall(count_valence(x, s));
  PetscCall(open_coupling(e));
  s->read_slab = read_slab;
  Log(1, "EPW files %s: %d atoms, %d Wannier functions, coarse k %dx%dx%d, q %dx%dx%d, use_ws = %s%s", x->folder, (int)x->nat, (int)x->nb, (int)h->coarse_k[0], (int)h->coarse_k[1], (int)h->coarse_k[2],
      (int)h->coarse_q[0], (int)h->coarse_q[1], (int)h->coarse_q[2], h->use_ws ? "true" : "false", h->polar ? ", polar" : "");
  PetscFunctionReturn(0);
}

static PetscErrorCode open_epw(const char *path, const ImportOptions *o, WannierSource *s)
{
  EpwText          *x;
  Epw           *e;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&x));
  PetscCall(PetscNew(&e));
  s->ctx   = e;
  s->close = close_epw;
  snprintf(x->folder, sizeof(x->folder), "%s", path);
  code = fill(x, o, e, s);
  PetscCall(PetscFree2(x->tau, x->tau_shift));
  PetscCall(PetscFree2(x->centres, x->centre_shift));
  PetscCall(PetscFree3(x->H, x->D, x->r));
  PetscCall(PetscFree(x));
  PetscCall(code);
  PetscFunctionReturn(0);
}

const Importer epw_importer = {"epw", "a folder of EPW 5.3.1 files: crystal.fmt, epwdata.fmt, vmedata.fmt, PREFIX.epmatwp", open_epw, .meshes = true};

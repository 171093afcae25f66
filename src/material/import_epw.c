/*
  EPW 5.3.1 (Quantum ESPRESSO 6.7): a folder with crystal.fmt, epwdata.fmt, vmedata.fmt and PREFIX.epmatwp. Rydberg units.

  The files hold no lattice vectors: they are rebuilt (wigner_seitz.c) from the coarse meshes and use_ws, which come from the
  options or are worked out: the mesh whose list is as long as the header says, uniform meshes first.
    electrons  s = c_b - c_a;   phonons  s = tau_b - tau_a;   coupling  s = tau_na - (c_a + c_b)/2;   all 0 without use_ws
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import_impl.h"
#include "fortran_text.h"
#include "wigner_seitz.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define MAX_MESH 16
#define RY_MASS 2.0 /* Rydberg atomic unit of mass in electron masses */

typedef struct {
  FILE       *file;
  char        path[PETSC_MAX_PATH_LEN];
  PetscInt    nb, nm, nRe, nRp;
  WignerSeitz k, q, g;
} Epw;

typedef struct { /* what the text files say, Rydberg units */
  char        folder[PETSC_MAX_PATH_LEN];
  PetscReal   alat, nelec, ef, at[3][3], bg[3][3]; /* rows: vectors */
  PetscReal  *tau, *centres;                       /* alat */
  PetscReal  *tau_shift, *centre_shift;            /* fractional */
  PetscInt    nb, nm, nat, nrr[3];
  Complex    *H, *D, *r;                           /* in the order of the file */
} Text;

/* --- crystal.fmt ------------------------------------------------------------------------------------------- */

static PetscErrorCode check_cell(FortranText *t, Text *x, PetscReal omega)
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
static PetscErrorCode read_crystal(FortranText *t, Text *x, WannierSource *s)
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

static PetscErrorCode read_centres(FortranText *t, Text *x, WannierSource *s)
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

static PetscErrorCode read_header(FortranText *t, Text *x, WannierSource *s)
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

static PetscErrorCode read_blocks(FortranText *t, Text *x)
{
  const PetscInt64 nh = (PetscInt64)x->nb * x->nb * x->nrr[0], nd = (PetscInt64)x->nm * x->nm * x->nrr[1];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(nh, &x->H, nd, &x->D, 3 * nh, &x->r));
  PetscCall(FortranTextComplex(t, "Hamiltonian", nh, x->H));
  PetscCall(FortranTextComplex(t, "force constants", nd, x->D));
  PetscCall(FortranTextEnd(t, "the force constants"));
  PetscFunctionReturn(0);
}

typedef PetscErrorCode (*Reader)(FortranText *, Text *, WannierSource *);

static PetscErrorCode open_text(Text *x, const char *name, FortranText *t)
{
  char path[PETSC_MAX_PATH_LEN + 32];

  PetscFunctionBeginUser;
  snprintf(path, sizeof(path), "%s/%s", x->folder, name);
  PetscCall(FortranTextOpen(path, t));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_crystal_and_data(FortranText *crystal, FortranText *data, Text *x, WannierSource *s)
{
  PetscFunctionBeginUser;
  PetscCall(read_crystal(crystal, x, s));
  PetscCall(read_header(data, x, s));
  PetscCall(read_centres(crystal, x, s));
  PetscCall(read_blocks(data, x));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_position(FortranText *t, Text *x)
{
  const PetscInt64 n = (PetscInt64)x->nb * x->nb * x->nrr[0] * 3;

  PetscFunctionBeginUser;
  PetscCall(FortranTextExpect(t, "position matrix", 4.0 * (PetscReal)n));
  PetscCall(FortranTextComplex(t, "position matrix", n, x->r));
  PetscCall(FortranTextEnd(t, "the position matrix: two matrices per line are written by newer EPW than the 5.3.1 that can be read, or the counts differ"));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_text(Text *x, WannierSource *s)
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

/* --- the coarse meshes --------------------------------------------------------------------------------------------- */

typedef enum { LIST_K, LIST_Q, LIST_G } List;

static PetscErrorCode make_shifts(const Text *x, List list, bool use_ws, PetscInt *n, PetscReal **shift)
{
  const PetscReal *c = x->centre_shift, *t = x->tau_shift;
  PetscInt         at = 0;

  PetscFunctionBeginUser;
  *n = !use_ws ? 1 : list == LIST_K ? x->nb * x->nb : list == LIST_Q ? x->nat * x->nat : x->nb * x->nb * x->nat;
  PetscCall(PetscCalloc1(3 * *n, shift));
  if (!use_ws) PetscFunctionReturn(0);
  for (PetscInt a = 0; a < (list == LIST_Q ? x->nat : x->nb); a++)
    for (PetscInt b = 0; b < (list == LIST_Q ? x->nat : x->nb); b++)
      for (PetscInt na = 0; na < (list == LIST_G ? x->nat : 1); na++, at++)
        for (int i = 0; i < 3; i++)
          (*shift)[3 * at + i] = list == LIST_K ? c[3 * b + i] - c[3 * a + i] : list == LIST_Q ? t[3 * b + i] - t[3 * a + i] : t[3 * na + i] - 0.5 * (c[3 * a + i] + c[3 * b + i]);
  PetscFunctionReturn(0);
}

/* The list of that mesh; ws->R == NULL when its length is not `count`. */
static PetscErrorCode make_list(const Text *x, List list, bool use_ws, const PetscInt mesh[3], PetscInt count, WignerSeitz *ws)
{
  PetscReal *shift;
  PetscInt   n;

  PetscFunctionBeginUser;
  PetscCall(make_shifts(x, list, use_ws, &n, &shift));
  PetscCall(WignerSeitzCreate((const PetscReal(*)[3])x->at, mesh, n, shift, count, ws));
  PetscCall(PetscFree(shift));
  if (ws->nR != count) PetscCall(WignerSeitzDestroy(ws));
  PetscFunctionReturn(0);
}

/* Does this mesh with this use_ws give as many electron (or phonon and coupling) vectors as the files have? */
static PetscErrorCode mesh_fits(const Text *x, bool electrons, bool use_ws, const PetscInt mesh[3], bool *fits)
{
  WignerSeitz ws;

  PetscFunctionBeginUser;
  *fits = false;
  if (mesh[0] * mesh[1] * mesh[2] > x->nrr[electrons ? 0 : 1]) PetscFunctionReturn(0);
  PetscCall(make_list(x, electrons ? LIST_K : LIST_Q, use_ws, mesh, x->nrr[electrons ? 0 : 1], &ws));
  *fits = ws.R != NULL;
  PetscCall(WignerSeitzDestroy(&ws));
  if (!*fits || electrons) PetscFunctionReturn(0);
  PetscCall(make_list(x, LIST_G, use_ws, mesh, x->nrr[2], &ws));
  *fits = ws.R != NULL;
  PetscCall(WignerSeitzDestroy(&ws));
  PetscFunctionReturn(0);
}

typedef struct {
  PetscInt n, mesh[8][3]; /* n counts all, the first eight are named */
} Candidates;

static PetscErrorCode add_if_fits(const Text *x, bool electrons, bool use_ws, const PetscInt mesh[3], Candidates *c)
{
  bool fits;

  PetscFunctionBeginUser;
  PetscCall(mesh_fits(x, electrons, use_ws, mesh, &fits));
  if (!fits) PetscFunctionReturn(0);
  if (c->n < 8) PetscCall(PetscArraycpy(c->mesh[c->n], mesh, 3));
  c->n++;
  PetscFunctionReturn(0);
}

/* The mesh given, or n x n x n (cubic), or any */
static PetscErrorCode find_meshes(const Text *x, bool electrons, bool use_ws, bool cubic, const PetscInt given[3], Candidates *c)
{
  const PetscInt count = x->nrr[electrons ? 0 : 1];

  PetscFunctionBeginUser;
  c->n = 0;
  if (given[0]) {
    PetscCall(add_if_fits(x, electrons, use_ws, given, c));
    PetscFunctionReturn(0);
  }
  if (cubic) {
    for (PetscInt n = 1; n <= MAX_MESH && n * n * n <= count; n++) PetscCall(add_if_fits(x, electrons, use_ws, (PetscInt[3]){n, n, n}, c));
    PetscFunctionReturn(0);
  }
  for (PetscInt i = 1; i <= MAX_MESH; i++)
    for (PetscInt j = 1; j <= MAX_MESH && i * j <= count; j++)
      for (PetscInt k = 1; k <= MAX_MESH && i * j * k <= count; k++)
        if (8 * i * j * k >= count) PetscCall(add_if_fits(x, electrons, use_ws, (PetscInt[3]){i, j, k}, c));
  PetscFunctionReturn(0);
}

/* Both settings of use_ws give the same vectors and weights: one atom, orbitals on it. */
static PetscErrorCode same_either_way(const Text *x, const PetscInt mesh_k[3], const PetscInt mesh_q[3], bool *same)
{
  PetscFunctionBeginUser;
  *same = true;
  for (List l = LIST_K; l <= LIST_G; l++) {
    WignerSeitz with, without;

    PetscCall(make_list(x, l, true, l == LIST_K ? mesh_k : mesh_q, x->nrr[l], &with));
    PetscCall(make_list(x, l, false, l == LIST_K ? mesh_k : mesh_q, x->nrr[l], &without));
    *same = *same && with.R && without.R && WignerSeitzEqual(&with, &without);
    PetscCall(WignerSeitzDestroy(&with));
    PetscCall(WignerSeitzDestroy(&without));
  }
  PetscFunctionReturn(0);
}

static void describe(const Candidates *c, char text[160])
{
  size_t at = 0;

  text[0] = 0;
  for (PetscInt i = 0; i < PetscMin(c->n, 8); i++) at += (size_t)snprintf(text + at, 160 - at, "%s%dx%dx%d", i ? ", " : "", (int)c->mesh[i][0], (int)c->mesh[i][1], (int)c->mesh[i][2]);
}

static PetscErrorCode find_coarse(const Text *x, const ImportOptions *o, WannierHead *h)
{
  Candidates k[2] = {{0}}, q[2] = {{0}};
  char       ks[160], qs[160];
  bool       fits[2] = {false, false}, same = false;
  int        ws;

  PetscFunctionBeginUser;
  for (int cubic = 1; cubic >= 0 && !fits[0] && !fits[1]; cubic--)
    for (ws = 0; ws < 2; ws++) {
      if (o->use_ws >= 0 && o->use_ws != ws) continue;
      PetscCall(find_meshes(x, true, ws, cubic, o->coarse_k, &k[ws]));
      if (k[ws].n) PetscCall(find_meshes(x, false, ws, cubic, o->coarse_q, &q[ws]));
      fits[ws] = k[ws].n && q[ws].n;
    }
  if (!fits[0] && !fits[1])
    return InputErrorAt(x->folder, 0, "no coarse meshes%s%s give the %d electron, %d phonon and %d coupling vectors of epwdata.fmt: %s", o->coarse_k[0] || o->coarse_q[0] ? " as given" : "",
                        o->use_ws >= 0 ? " with that use_ws" : "", (int)x->nrr[0], (int)x->nrr[1], (int)x->nrr[2], o->coarse_k[0] || o->coarse_q[0] || o->use_ws >= 0 ? "correct or leave out coarse_k, coarse_q, use_ws" : "give coarse_k, coarse_q and use_ws");
  ws = fits[1] && !fits[0];
  if (k[ws].n > 1 || q[ws].n > 1) {
    describe(&k[ws], ks);
    describe(&q[ws], qs);
    return InputErrorAt(x->folder, 0, "several coarse meshes fit the counts of epwdata.fmt (k: %s; q: %s): give coarse_k and coarse_q", ks, qs);
  }
  if (fits[0] && fits[1]) PetscCall(same_either_way(x, k[0].mesh[0], q[0].mesh[0], &same));
  if (fits[0] && fits[1] && !same) return InputErrorAt(x->folder, 0, "the counts of epwdata.fmt fit use_ws = false and true: give use_ws");
  h->use_ws = ws;
  PetscCall(PetscArraycpy(h->coarse_k, k[ws].mesh[0], 3));
  PetscCall(PetscArraycpy(h->coarse_q, q[ws].mesh[0], 3));
  PetscFunctionReturn(0);
}

/* --- weights folded in, Hartree units --------------------------------------------------------------------------- */

static inline PetscReal weight(const WignerSeitz *ws, PetscInt r, PetscInt shift)
{
  return ws->weight[r * ws->nshifts + (ws->nshifts == 1 ? 0 : shift)];
}

static PetscErrorCode fold_blocks(const Text *x, const Epw *e, WannierSource *s)
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
static PetscErrorCode check_hermitian(const Text *x, const WannierSource *s)
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
static PetscErrorCode count_valence(const Text *x, WannierSource *s)
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

static PetscErrorCode fill(Text *x, const ImportOptions *o, Epw *e, WannierSource *s)
{
  WannierHead *h = &s->head;

  PetscFunctionBeginUser;
  PetscCall(find_coupling(x->folder, e, h->name));
  PetscCall(read_text(x, s));
  PetscCall(find_coarse(x, o, h));
  PetscCall(make_list(x, LIST_K, h->use_ws, h->coarse_k, x->nrr[0], &e->k));
  PetscCall(make_list(x, LIST_Q, h->use_ws, h->coarse_q, x->nrr[1], &e->q));
  PetscCall(make_list(x, LIST_G, h->use_ws, h->coarse_q, x->nrr[2], &e->g));
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
  Text          *x;
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

const Importer epw_importer = {"epw", "a folder of EPW 5.3.1 files: crystal.fmt, epwdata.fmt, vmedata.fmt, PREFIX.epmatwp", open_epw};

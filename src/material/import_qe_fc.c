/*
  Quantum ESPRESSO's q2r.x, a file of force constants in text form (.fc). Rydberg units.

    ntyp nat ibrav celldm(6) | ibrav = 0: three lattice vectors (alat) | species: number 'name' mass | atoms: number kind position (alat)
    T or F; T: epsilon, then for each atom its number and Z*(field, displacement) | n1 n2 n3
    for i, j, a, b (b fastest): "i j a b", then n1 n2 n3 lines "m1 m2 m3 C" (m1 fastest), Ry/bohr^2

  matdyn.x: D_ai,bj(q) = sum_R e^{-iq.R} w(R + tau_a - tau_b) C_ij,ab(R mod n), w the Wigner-Seitz weights of the supercell. So C(m) stands between atom
  a in cell m and b in cell 0: D_ai,bj(-m) in our notation, and w is what nearest images of equal weight are. Dipole terms are left
  out of C when Z* is given, with K measured in 2 pi / alat.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import_impl.h"
#include "folded.h"
#include "fortran_text.h"
#include "qe_lattice.h"

#define RY_MASS 2.0 /* Rydberg atomic unit of mass in electron masses */

static PetscErrorCode read_cell(FortranText *t, PetscInt ibrav, const PetscReal celldm[6], WannierHead *h)
{
  const char *wrong;

  PetscFunctionBeginUser;
  if (ibrav == 0) {
    if (!(celldm[0] > 0.0)) return InputErrorAt(t->path, t->line, "celldm(1) must be positive, not %g", celldm[0]);
    PetscCall(FortranTextReal(t, "lattice vectors", 9, (PetscReal *)h->a));
    for (int c = 0; c < 9; c++) h->a[c / 3][c % 3] *= celldm[0];
  } else if ((wrong = QeLattice((int)ibrav, celldm, h->a))) return InputErrorAt(t->path, t->line, "ibrav = %d: %s", (int)ibrav, wrong);
  if (!(fabs(Det3((const PetscReal(*)[3])h->a)) > 1e-6)) return InputErrorAt(t->path, t->line, "the lattice vectors span no volume");
  h->polar_length = celldm[0];
  PetscFunctionReturn(0);
}

static PetscErrorCode read_species(FortranText *t, PetscInt ntyp, PetscReal *mass)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < ntyp; i++) {
    PetscInt number;
    char     name[32];

    PetscCall(FortranTextInt(t, "number of a species", (int)i + 1, (int)i + 1, 1, &number));
    PetscCall(FortranTextQuoted(t, "name of a species", sizeof(name), name));
    PetscCall(FortranTextReal(t, "mass of a species", 1, &mass[i]));
    if (!(mass[i] > 0.0)) return InputErrorAt(t->path, t->line, "species %d ('%s') has mass %g", (int)i + 1, name, mass[i]);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_atoms(FortranText *t, PetscInt ntyp, const PetscReal *mass, WannierSource *s)
{
  const PetscInt nat = s->head.natoms;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(nat, &s->mass));
  PetscCall(PetscMalloc1(nat, &s->species));
  PetscCall(PetscMalloc1(3 * nat, &s->tau));
  for (PetscInt i = 0; i < nat; i++) {
    PetscInt number, kind;

    PetscCall(FortranTextInt(t, "number of an atom", (int)i + 1, (int)i + 1, 1, &number));
    PetscCall(FortranTextInt(t, "species of an atom", 1, (int)ntyp, 1, &kind));
    PetscCall(FortranTextReal(t, "position of an atom", 3, &s->tau[3 * i]));
    for (int c = 0; c < 3; c++) s->tau[3 * i + c] *= s->head.polar_length;
    s->species[i] = (int)kind;
    s->mass[i]    = RY_MASS * mass[kind - 1];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_dipoles(FortranText *t, WannierSource *s)
{
  const PetscInt nat = s->head.natoms;
  PetscReal      charge = 0.0;
  bool           given;

  PetscFunctionBeginUser;
  PetscCall(FortranTextLogical(t, "T or F for Born charges", &given));
  if (!given) PetscFunctionReturn(0);
  PetscCall(FortranTextReal(t, "dielectric tensor", 9, (PetscReal *)s->head.epsilon));
  PetscCall(PetscMalloc1(9 * nat, &s->zstar));
  for (PetscInt i = 0; i < nat; i++) {
    PetscInt number;

    PetscCall(FortranTextInt(t, "number of an atom's Born charge", (int)i + 1, (int)i + 1, 1, &number));
    PetscCall(FortranTextReal(t, "Born charge", 9, &s->zstar[9 * i]));
    for (int c = 0; c < 9; c++) charge += fabs(s->zstar[9 * i + c]);
  }
  s->head.polar = charge > 1e-9;
  for (int i = 0; i < 3; i++)
    if (!(s->head.epsilon[i][i] > 0.0)) return InputErrorAt(t->path, t->line, "the dielectric tensor is not positive: %g %g %g", s->head.epsilon[0][0], s->head.epsilon[1][1], s->head.epsilon[2][2]);
  PetscFunctionReturn(0);
}

/* What stands at the head of a block or of a line must be the next index. */
static PetscErrorCode expect(FortranText *t, const char *what, int n, const PetscInt *want)
{
  PetscInt found[4];

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, what, -1000000, 1000000, n, found));
  for (int i = 0; i < n; i++)
    if (found[i] != want[i]) return InputErrorAt(t->path, t->line, "expected %s %d %d %d%s%.0d, found %d in place %d", what, (int)want[0], (int)want[1], (int)want[2], n > 3 ? " " : "", n > 3 ? (int)want[3] : 0, (int)found[i], i + 1);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_block(FortranText *t, const PetscInt index[4], WannierSource *s)
{
  const PetscInt *n = s->head.coarse_q, nm = s->head.nm, row = 3 * (index[2] - 1) + index[0] - 1, column = 3 * (index[3] - 1) + index[1] - 1;

  PetscFunctionBeginUser;
  PetscCall(expect(t, "block", 4, index));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt m[3] = {i % n[0] + 1, i / n[0] % n[1] + 1, i / n[0] / n[1] + 1};
    PetscReal      value;

    PetscCall(expect(t, "cell", 3, m));
    PetscCall(FortranTextReal(t, "force constant", 1, &value));
    s->D[(FoldedCell(n, 1 - (int)m[0], 1 - (int)m[1], 1 - (int)m[2]) * nm + row) * nm + column] = UMK_RYDBERG * value;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode read_constants(FortranText *t, WannierSource *s)
{
  WannierHead   *h = &s->head;
  const PetscInt nat = h->natoms;

  PetscFunctionBeginUser;
  PetscCall(FortranTextInt(t, "mesh", 1, 60, 3, h->coarse_q));
  h->nRq = h->coarse_q[0] * h->coarse_q[1] * h->coarse_q[2];
  PetscCall(FortranTextExpect(t, "force constants", 18.0 * nat * nat * (2.0 + 4.0 * h->nRq)));
  PetscCall(PetscMalloc1(h->nRq, &s->Rq));
  PetscCall(PetscMalloc1(h->nRq * h->nm * h->nm, &s->D));
  for (PetscInt r = 0; r < h->nRq; r++) FoldedVector(h->coarse_q, r, s->Rq[r]);
  for (PetscInt i = 0; i < 9 * nat * nat; i++) PetscCall(read_block(t, (PetscInt[4]){i / (3 * nat * nat) + 1, i / (nat * nat) % 3 + 1, i / nat % nat + 1, i % nat + 1}, s));
  PetscCall(FortranTextEnd(t, "the force constants"));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_file(FortranText *t, WannierSource *s)
{
  WannierHead *h = &s->head;
  PetscInt     ntyp, ibrav;
  PetscReal    celldm[6], mass[1000];

  PetscFunctionBeginUser;
  if (t->size && t->text[strspn(t->text, " \t\r\n")] == '<') return InputErrorAt(t->path, 1, "is XML; q2r.x writes the text form when the name flfrc does not end in .xml");
  PetscCall(FortranTextInt(t, "number of species", 1, 1000, 1, &ntyp));
  PetscCall(FortranTextInt(t, "number of atoms", 1, 1000, 1, &h->natoms));
  PetscCall(FortranTextInt(t, "ibrav", -1000, 1000, 1, &ibrav));
  PetscCall(FortranTextReal(t, "celldm", 6, celldm));
  PetscCall(read_cell(t, ibrav, celldm, h));
  PetscCall(read_species(t, ntyp, mass));
  h->nm = 3 * h->natoms;
  PetscCall(read_atoms(t, ntyp, mass, s));
  PetscCall(read_dipoles(t, s));
  PetscCall(read_constants(t, s));
  PetscFunctionReturn(0);
}

static PetscErrorCode open_qe_fc(const char *path, const ImportOptions *options, WannierSource *s)
{
  FortranText    t = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  (void)options;
  s->head = (WannierHead){.spin = 2, .dimension = 3, .symprec = 1e-4};
  ImportName(path, s->head.name);
  code = FortranTextOpen(path, &t);
  if (!code) code = read_file(&t, s);
  PetscCall(FortranTextClose(&t));
  PetscCall(code);
  Log(1, "force constants %s: %d atoms, %d x %d x %d cells%s", path, (int)s->head.natoms, (int)s->head.coarse_q[0], (int)s->head.coarse_q[1], (int)s->head.coarse_q[2], s->head.polar ? ", Born charges" : "");
  PetscFunctionReturn(0);
}

const Importer qe_fc_importer = {"qe_fc", "a file of force constants from Quantum ESPRESSO's q2r.x (.fc, text)", open_qe_fc, .cells = true};

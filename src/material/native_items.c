/* What stands in the native material file: see native_impl.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "native_impl.h"

const char *const native_interpolation[3] = {"source", "redistributed", "symmetric"};
const char *const native_moved[4]         = {"moved_hamiltonian", "moved_position", "moved_force_constants", "moved_coupling"};

#define ITEM(...) items[n++] = (NativeItem){__VA_ARGS__}
#define OWNED(member) .data = s->member, .allocate = (void **)&s->member
#define HELD(member)  .data = (void *)&s->head.member

int NativeItems(WannierSource *s, int most, NativeItem *items)
{
  const WannierHead *h   = &s->head;
  const hsize_t      nat = (hsize_t)h->natoms, nb = (hsize_t)h->nb, nm = (hsize_t)h->nm;
  int                n   = 0;

  ITEM("crystal/lattice", "bohr", "vector, xyz", "lattice vectors", .rank = 2, .shape = {3, 3}, HELD(a));
  ITEM("crystal/positions", "bohr", "atom, xyz", "atomic positions, Cartesian", .rank = 2, .shape = {nat, 3}, OWNED(tau));
  ITEM("crystal/masses", "electron mass", "atom", "atomic masses", .rank = 1, .shape = {nat}, OWNED(mass));
  ITEM("crystal/species", "1", "atom", "kind of each atom", .integer = true, .rank = 1, .shape = {nat}, OWNED(species));
  ITEM("crystal/thickness", "bohr", "", "thickness of a two-dimensional material; 0: sheet", HELD(thickness));
  ITEM("crystal/tolerance", "bohr", "", "tolerance of the search for the space group", HELD(symprec));
  if (h->nb > 0) {
    ITEM("electrons/vectors", "lattice vectors", "R, 123", "lattice vectors R of the Hamiltonian", .integer = true, .rank = 2, .shape = {(hsize_t)h->nRk, 3}, OWNED(Rk));
    ITEM("electrons/hamiltonian", "hartree", "R, bra, ket, re/im", "<a,0|H|b,R>, Wigner-Seitz weights folded in", .rank = 4, .shape = {(hsize_t)h->nRk, nb, nb, 2}, OWNED(H));
    ITEM("electrons/position", "bohr", "R, xyz, bra, ket, re/im", "<a,0|r|b,R>, Wigner-Seitz weights folded in", .optional = !h->has_position, .rank = 5, .shape = {(hsize_t)h->nRk, 3, nb, nb, 2}, OWNED(position));
    ITEM("electrons/centres", "bohr", "function, xyz", "Wannier centres, Cartesian", .rank = 2, .shape = {nb, 3}, OWNED(centres));
    ITEM("electrons/fermi_energy", "hartree", "", "Fermi energy of the source; not used by transport", HELD(fermi));
  }
  ITEM("phonons/vectors", "lattice vectors", "R, 123", "lattice vectors R of the force constants", .integer = true, .rank = 2, .shape = {(hsize_t)h->nRq, 3}, OWNED(Rq));
  ITEM("phonons/force_constants", "hartree/bohr^2", "R, displacement, displacement, re/im", "short-range force constants, not mass weighted, Wigner-Seitz weights folded in", .rank = 4, .shape = {(hsize_t)h->nRq, nm, nm, 2}, OWNED(D));
  ITEM("phonons/dielectric_tensor", "1", "xyz, xyz", "high-frequency dielectric tensor; 0: unknown", .rank = 2, .shape = {3, 3}, HELD(epsilon));
  ITEM("phonons/dipole_length", "bohr", "", "L: the dipole sums of a polar crystal measure q + G in 2 pi / L", HELD(polar_length));
  if (h->polar) ITEM("phonons/born_charges", "e", "atom, field, displacement", "Born effective charges", .rank = 3, .shape = {nat, 3, 3}, OWNED(zstar));
  if (h->nT > 0) {
    const hsize_t nT = (hsize_t)h->nT;

    ITEM("phonons/third_order/atoms", "1", "triplet, atom", "atoms kappa, kappa', kappa'' of each triplet, counted from 0; kappa in the home cell", .integer = true, .rank = 2, .shape = {nT, 3}, OWNED(T_atom));
    ITEM("phonons/third_order/vectors", "lattice vectors", "triplet, R' or R'', 123", "cells of kappa' and kappa''", .integer = true, .rank = 3, .shape = {nT, 2, 3}, OWNED(T_R));
    ITEM("phonons/third_order/force_constants", "hartree/bohr^3", "triplet, xyz of kappa, xyz of kappa', xyz of kappa''", "third derivatives of the energy; every ordered triplet with kappa in the home cell", .rank = 4, .shape = {nT, 3, 3, 3}, OWNED(phi3));
  }
  if (h->nRe > 0) {
    ITEM("coupling/electron_vectors", "lattice vectors", "R, 123", "lattice vectors of the electrons", .integer = true, .rank = 2, .shape = {(hsize_t)h->nRe, 3}, OWNED(Re));
    ITEM("coupling/phonon_vectors", "lattice vectors", "R, 123", "lattice vectors of the phonons", .integer = true, .rank = 2, .shape = {(hsize_t)h->nRp, 3}, OWNED(Rp));
    ITEM("coupling/threshold", "1", "", "elements below this fraction of the largest were dropped at import", HELD(threshold));
  }
  return n > most ? most : n;
}

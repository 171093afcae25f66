#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wannier functions of silicon from smoothly weighted projections.

  wannier.py projections IN.nnkp OUT.nnkp    replace the projections of a .nnkp file by the trial orbitals used here
  wannier.py make                            read proj.amn, proj.eig, proj.nnkp and EPW's si.mmn, si.ukk; rewrite si.ukk

A window with sharp edges makes the disentangled subspace jump between neighbouring k points of the coarse mesh, and the
bands between the mesh points suffer.  Here the subspace is a smooth function of k instead:

  A(k) = w(E_k) <psi_k | h>,   U(k) = the eight-dimensional span of A(k), in the gauge closest to <psi_k | h>,

with eight bond-oriented trial orbitals h (four on each atom) and a smooth weight w of the band energy.  Bands below
FROZEN are kept exactly, those above CUT are not used (between the two the weight decreases smoothly).  An orbital h is

  h = sp3(zona 1) + C_TIGHT sp3(zona 2) + C_WIDE sp3(zona 0.6) + C_D d(along the bond) + C_T s(tetrahedral site behind the atom)

The numbers were found by a least-squares fit of the interpolated bands to pw.x on an 8x8x8 mesh; see README.md.
"""
import sys
import numpy as np
from math import pi

N = 8                                   # coarse k mesh N x N x N
ALAT = 10.20                            # bohr
BOHR = 0.529177210903                   # angstrom
AT = np.array([[-.5, 0, .5], [0, .5, .5], [-.5, .5, 0]])   # lattice vectors (rows), units of ALAT; ibrav = 2
TAU = np.array([[0, 0, 0], [.25, .25, .25]])
C_TIGHT, C_WIDE, C_D, C_T = -1.13, 0.70, -0.104, -0.074
E_OUT, S_OUT = 20.3, 7.75               # eV: w = erfc((E-E_OUT)/S_OUT) * (1 + K erfc((E-E_IN)/S_IN) / 2)
K, E_IN, S_IN = 7.8, 5.0, 3.68
FROZEN, CUT = 7.3, 21.4                 # eV
# directions of the four sp3 orbitals as wannier90 orders them: axes x,y,z on atom 1; x'=y, y'=-x, z'=z on atom 2
DIR = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1],
                [-1, 1, 1], [1, 1, -1], [-1, -1, -1], [1, -1, 1]])
T_SITE = np.array([[.75] * 3, [.5] * 3])   # tetrahedral interstitial sites: [0] behind atom 1, [1] behind atom 2
WEIGHT_FROZEN = 1e3


def erfc(x):
    from math import erfc as f
    return np.vectorize(f)(x)


def projections(src, dst):
    text = open(src).read()
    a, b = text.index('begin projections'), text.index('end projections')
    lines = []

    def add(pos, l, mr, x=(1, 0, 0), zona=1.0):
        f = np.linalg.solve(AT.T, pos)
        lines.append('  %9.5f %9.5f %9.5f %3d %3d %3d' % (*f, l, mr, 1))
        lines.append('    0.000  0.000  1.000  %6.3f %6.3f %6.3f %6.2f' % (*x, zona))
    for zona in (1.0, 2.0, 0.6):
        for atom, x in ((0, (1, 0, 0)), (1, (0, 1, 0))):
            for m in range(1, 5):
                add(TAU[atom], -3, m, x, zona)
    for atom in (0, 1):
        for m in range(1, 6):
            add(TAU[atom], 2, m)
    for t in T_SITE:
        add(t, 0, 1)
    open(dst, 'w').write(text[:a] + 'begin projections\n%6d\n' % (len(lines) // 2) + '\n'.join(lines) + '\n' + text[b:])


def unitary(a):
    u, _, v = np.linalg.svd(a, full_matrices=False)
    return u @ v


def make():
    nk = N ** 3
    k = np.array([(a, b, c) for a in range(N) for b in range(N) for c in range(N)]) / N
    with open('proj.amn') as f:
        f.readline()
        nb, n, nproj = map(int, f.readline().split())
        d = np.loadtxt(f)
    assert n == nk and nproj == 36, 'proj.amn does not fit'
    amn = (d[:, 3] + 1j * d[:, 4]).reshape(nk, nproj, nb).transpose(0, 2, 1)
    eig = np.loadtxt('proj.eig')[:, 2].reshape(nk, nb)

    # the trial orbitals
    h = amn[:, :, 0:8] + C_TIGHT * amn[:, :, 8:16] + C_WIDE * amn[:, :, 16:24]
    for i, d in enumerate(DIR):
        at = i // 4
        dz2 = amn[:, :, 24 + 5 * at:29 + 5 * at]           # z2, xz, yz, x2-y2, xy
        h[:, :, i] += C_D / np.sqrt(3.) * (d[0] * d[2] * dz2[:, :, 1] + d[1] * d[2] * dz2[:, :, 2] + d[0] * d[1] * dz2[:, :, 4])
        r = np.linalg.solve(AT.T, TAU[at] - d / 4. - T_SITE[at])   # lattice vector to the site behind the atom
        assert abs(r - np.rint(r)).max() < 1e-6
        h[:, :, i] += C_T * np.exp(-2j * pi * (k @ np.rint(r)))[:, None] * amn[:, :, 34 + at]

    w = .5 * erfc((eig - E_OUT) / S_OUT) * (1 + K * .5 * erfc((eig - E_IN) / S_IN))
    w = np.where(eig < FROZEN, WEIGHT_FROZEN * w, w) * (eig < CUT)
    span = np.linalg.svd(h * w[:, :, None], full_matrices=False)[0]
    u = span @ unitary(span.conj().transpose(0, 2, 1) @ h)          # nk, nb, 8
    lost = 1 - (abs(u) ** 2).sum(2)[eig < FROZEN].min()

    # centres and spreads from the overlaps (EPW's si.mmn has no header; neighbours from the .nnkp file)
    t = open('proj.nnkp').read()
    t = t[t.index('begin nnkpts'):t.index('end nnkpts')].split('\n')[1:]
    nn = int(t[0])
    nb_list = np.array(' '.join(t[1:]).split(), int).reshape(nk, nn, 5)
    m = np.array(open('si.mmn').read().replace('(', ' ').replace(')', ' ').replace(',', ' ').split(), float)
    m = (m[0::2] + 1j * m[1::2]).reshape(nk, nn, nb, nb).transpose(0, 1, 3, 2)
    nxt = nb_list[:, :, 1] - 1
    b = (k[nxt] + nb_list[:, :, 2:] - k[:, None]) @ np.linalg.inv(AT).T * 2 * pi / ALAT   # 1/bohr
    wb = 3 / (nn * (b[0, 0] ** 2).sum())
    dm = np.einsum('kai,kbai->kbi', u.conj(), m @ u[nxt])
    c0 = (TAU[np.arange(8) // 4] + .04 * DIR) * ALAT
    ph = np.angle(dm * np.exp(1j * np.einsum('kbx,ix->kbi', b, c0)))
    dc = -wb * np.einsum('kbx,kbi->ix', b, ph) / nk
    spread = (wb * (1 - abs(dm) ** 2 + ph ** 2).sum((0, 1)) / nk - (dc ** 2).sum(1)) * BOHR ** 2
    c = c0 + dc
    delta = ((c / ALAT - TAU[np.arange(8) // 4]) * DIR).mean()      # all eight are equivalent: atom + delta * (1,1,1)
    assert abs(c / ALAT - TAU[np.arange(8) // 4] - delta * DIR).max() < 1e-5
    c = TAU[np.arange(8) // 4] + delta * DIR
    print('energies lost below FROZEN %.1e; delta %.6f alat; spreads (A^2) %.5f ... %.5f, sum %.4f'
          % (lost, delta, spread.min(), spread.max(), spread.sum()))

    # rewrite si.ukk: first line, u (k, band, function), window flags, excluded bands, centres
    old = open('si.ukk').read().split('\n')
    first, last = old[0], old[1 + nk * nb * 8 + nk * nb:1 + nk * nb * 8 + nk * nb + nb]
    assert [int(x) for x in first.split()] == [1, nb]
    with open('si.ukk', 'w') as f:
        f.write(first + '\n')
        f.writelines(' (%.16E,%.16E)\n' % (z.real, z.imag) for z in u.reshape(-1))
        f.writelines(' T\n' * (nk * nb))
        f.writelines(x + '\n' for x in last)
        f.writelines('%22.12E%22.12E%22.12E\n' % tuple(x) for x in c)
    return u, eig, c


if __name__ == '__main__':
    if sys.argv[1:2] == ['projections'] and len(sys.argv) == 4:
        projections(*sys.argv[2:])
    elif sys.argv[1:] == ['make']:
        make()
    else:
        sys.exit(__doc__)

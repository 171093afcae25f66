# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of phonopy, phono3py and ShengBTE, made from model crystals whose force constants are known in closed form.

A Crystal has lattice rows (angstrom), fractional atoms, symbols, masses, and
  bonds        springs of second and third order between neighbours: E = sum over bonds of k (n.du)^2/2 + g (n.du)^3/6, n along the bond; the third
               order is complete, the second order has a transverse spring t as well
  dipoles      Born charges and a dielectric tensor: dipole_sum(q)
Everything in eV and angstrom.
"""
import gzip
import io
import itertools

import h5py
import numpy as np

E2 = 27.211386245988 * 0.529177210903  # eV angstrom
MASS = {'Ga': 69.723, 'As': 74.9216, 'Sr': 87.62, 'Ti': 47.867, 'O': 15.999, 'Si': 28.0855}


class Crystal:
    def __init__(self, lattice, atoms, symbols, bonds, born=None, epsilon=None):
        """bonds: [(i, j, R, k, t, g)], each once: atom i in the home cell, j in cell R"""
        self.a, self.x, self.symbols = np.array(lattice, float), np.array(atoms, float), list(symbols)
        self.bonds, self.born, self.epsilon = bonds, born, epsilon

    @property
    def n(self):
        return len(self.x)

    def direction(self, i, j, R):
        d = (self.x[j] + R - self.x[i]) @ self.a
        return d / np.linalg.norm(d)

    def second(self):
        """{(i, j, R): 3x3}, bonds alone"""
        out = {}
        for i, j, R, k, t, _ in self.bonds:
            n = self.direction(i, j, R)
            m = t * np.eye(3) + (k - t) * np.outer(n, n)
            minus = tuple(-np.array(R))
            for key, block in (((i, j, tuple(R)), -m), ((j, i, minus), -m), ((i, i, (0, 0, 0)), m), ((j, j, (0, 0, 0)), m)):
                out[key] = out.get(key, 0) + block
        return out

    def third(self):
        """{(i, j, k, R', R''): 3x3x3}, every ordered triplet with the first atom at home"""
        out = {}
        for i, j, R, _, _, g in self.bonds:
            n = self.direction(i, j, R)
            t = g * np.einsum('a,b,c->abc', n, n, n)
            ends = ((i, np.zeros(3, int), -1), (j, np.array(R), 1))
            for x, y, z in itertools.product(ends, repeat=3):
                key = (x[0], y[0], z[0], tuple(int(v) for v in y[1] - x[1]), tuple(int(v) for v in z[1] - x[1]))
                out[key] = out.get(key, 0) + x[2] * y[2] * z[2] * t
        return out

    def dipole_sum(self, q, length, cut=60.0, direction=None):
        """Reciprocal sum over Gaussian charges of the width that `length` gives, phases e^{2 pi i q.R} without positions. direction: of q = 0"""
        b = np.linalg.inv(self.a).T
        unit, volume, tau = 1.0 / length, abs(np.linalg.det(self.a)), self.x @ self.a
        top = [int(np.sqrt(4 * cut) * unit * np.linalg.norm(v)) + 2 for v in self.a]
        G = np.array(list(itertools.product(*[range(-t, t + 1) for t in top])))

        def waves(q):
            K = (G + q) @ b
            x = np.einsum('ki,ij,kj->k', K, self.epsilon, K)
            keep = (x > 1e-14) & (x / (4 * unit**2) < cut)
            K, x = K[keep], x[keep]
            amplitude = np.einsum('ki,aij,ka->kaj', K, self.born, np.exp(2j * np.pi * K @ tau.T)).reshape(len(K), -1)
            return np.einsum('k,ka,kb->ab', np.exp(-x / (4 * unit**2)) / x, amplitude, amplitude.conj())
        D, zero = waves(np.array(q)), waves(np.zeros(3)).real
        for i in range(self.n):
            for j in range(self.n):
                D[3*i:3*i+3, 3*i:3*i+3] -= zero[3*i:3*i+3, 3*j:3*j+3]
        if direction is not None:
            d = np.array(direction) @ b
            z = np.einsum('i,aij->aj', d, self.born).ravel()
            D = D + np.outer(z, z) / (d @ self.epsilon @ d)
        return 4 * np.pi * E2 / volume * D

    def dynamical(self, q, length=None, direction=None):
        D = np.zeros((3 * self.n, 3 * self.n), complex)
        for (i, j, R), block in self.second().items():
            D[3*i:3*i+3, 3*j:3*j+3] += np.exp(2j * np.pi * np.dot(q, R)) * block
        return D if self.born is None else D + self.dipole_sum(q, length, direction=direction)

    def frequencies(self, q, length=None, direction=None):
        """THz"""
        m = np.repeat([MASS[s] for s in self.symbols], 3)
        w = np.linalg.eigvalsh(self.dynamical(q, length, direction) / np.sqrt(np.outer(m, m)))
        return np.sign(w) * np.sqrt(abs(w)) * np.sqrt(1.602176634e-19 / 1.66053906660e-27) * 1e10 / (2 * np.pi) * 1e-12


class Supercell:
    """matrix: rows, the supercell's vectors in vectors of the crystal; order: of its atoms, a permutation by seed"""
    def __init__(self, crystal, matrix, seed=None):
        self.c, self.S = crystal, np.array(matrix)
        inverse = np.linalg.inv(self.S)
        reach = int(abs(self.S).sum())
        cells = {}
        for R in itertools.product(range(-reach, reach + 1), repeat=3):
            f = np.array(R) @ inverse
            if ((f > -1e-9) & (f < 1 - 1e-9)).all():
                cells[R] = len(cells)
        assert len(cells) == round(abs(np.linalg.det(self.S)))
        self.atoms = [(i, np.array(R)) for i in range(crystal.n) for R in cells]
        if seed is not None:
            np.random.default_rng(seed).shuffle(self.atoms)
        self.inverse, self.N = inverse, len(self.atoms)
        self.index = {(i, self.cell(R)): a for a, (i, R) in enumerate(self.atoms)}
        self.first = [next(a for a in range(self.N) if self.atoms[a][0] == i) for i in range(crystal.n)]
        self.lattice = self.S @ crystal.a
        self.x = np.array([(crystal.x[i] + R) @ inverse for i, R in self.atoms])

    def cell(self, R):
        return tuple(int(v) for v in np.rint((np.array(R) @ self.inverse) % 1.0 % (1 - 1e-9) * round(abs(np.linalg.det(self.S)))))

    def at(self, i, R):
        return self.index[(i, self.cell(R))]

    def commensurate(self):
        """wave vectors with whole products with the supercell's vectors"""
        n = round(abs(np.linalg.det(self.S)))
        found = {}
        for m in itertools.product(range(n), repeat=3):
            q = (self.inverse @ np.array(m)) % 1.0 % (1 - 1e-9)
            found.setdefault(tuple(np.rint(q * n).astype(int)), q)
            if len(found) == n:
                break
        return np.array(list(found.values()))

    def second(self, full, length=None):
        rows = range(self.N) if full else self.first
        out = np.zeros((len(rows), self.N, 3, 3))
        bonds = self.c.second()
        waves = [(q, self.c.dipole_sum(q, length)) for q in self.commensurate()] if self.c.born is not None else []
        for r, a in enumerate(rows):
            i, R = self.atoms[a]
            for (k, j, T), block in bonds.items():
                if k == i:
                    out[r, self.at(j, R + T)] += block
            for b, (j, T) in enumerate(self.atoms):
                for q, D in waves:
                    out[r, b] += (np.exp(-2j * np.pi * np.dot(q, T - R)) * D[3*i:3*i+3, 3*j:3*j+3]).real / len(waves)
        return out

    def third(self, full):
        rows = range(self.N) if full else self.first
        out = np.zeros((len(rows), self.N, self.N, 3, 3, 3))
        for r, a in enumerate(rows):
            i, R = self.atoms[a]
            for (k, j, l, T, U), block in self.c.third().items():
                if k == i:
                    out[r, self.at(j, R + T), self.at(l, R + U)] += block
        return out


# --- files --------------------------------------------------------------------------------------------------------------------

def rows(values, indent=''):
    return ''.join(f'{indent}- [ {v[0]:.15f}, {v[1]:.15f}, {v[2]:.15f} ]\n' for v in np.array(values).reshape(-1, 3))


def cell_yaml(name, lattice, x, symbols):
    text = f'{name}:\n  lattice:\n' + rows(lattice, '  ') + '  points:\n'
    for v, s in zip(x, symbols):
        text += f'  - symbol: {s} # an atom\n    coordinates: [ {v[0]:.15f}, {v[1]:.15f}, {v[2]:.15f} ]\n    mass: {MASS[s]}\n'
    return text + '\n'


def yaml_text(sc, phonon=None, program='phonopy', primitive=True, more=''):
    """phonon: another supercell for the second order"""
    c = sc.c
    text = f'{program}:\n  version: 2.20\n\nphysical_unit:\n  atomic_mass: "AMU"\n  length: "angstrom"\n\n'
    if primitive:
        text += cell_yaml('primitive_cell', c.a, c.x, c.symbols)
    text += cell_yaml('unit_cell', c.a, c.x, c.symbols)
    text += cell_yaml('supercell', sc.lattice, sc.x, [c.symbols[i] for i, _ in sc.atoms])
    if phonon:
        text += cell_yaml('phonon_supercell', phonon.lattice, phonon.x, [c.symbols[i] for i, _ in phonon.atoms])
    return text + more


def constants_text(fc, row_atoms):
    out = io.StringIO()
    out.write(f'{fc.shape[0]:4d} {fc.shape[1]:4d}\n')
    for r, a in zip(range(len(fc)), row_atoms):
        for b in range(fc.shape[1]):
            out.write(f'{a + 1} {b + 1}\n' + ''.join('%22.15f%22.15f%22.15f\n' % tuple(v) for v in fc[r, b]))
    return out.getvalue()


def constants_yaml(fc):
    text = f'force_constants:\n  format: "any"\n  shape: [ {fc.shape[0]}, {fc.shape[1]} ]\n  elements:\n'
    for a in range(fc.shape[0]):
        for b in range(fc.shape[1]):
            text += f'  - # ({a + 1}, {b + 1})\n' + rows(fc[a, b], '    ')
    return text


def nac_yaml(epsilon, charges, factor):
    text = 'nac:\n  born_effective_charge:\n' + ''.join('  - # an atom\n' + rows(z, '    ') for z in charges)
    return text + '  dielectric_constant:\n' + rows(epsilon, '  ') + f'  unit_conversion_factor: {factor}\n'


def born_text(epsilon, charges, first='14.399645'):
    flat = lambda m: ' '.join(f'{v:.10f}' for v in np.array(m).ravel())
    return first + '\n' + flat(epsilon) + '\n' + ''.join(flat(z) + '\n' for z in charges)


def hdf5(name, fc, p2s=None, **more):
    """callable(path)"""
    def make(path):
        with h5py.File(path, 'w') as file:
            file.create_dataset(name, data=fc, compression='gzip')
            if p2s is not None:
                file['p2s_map'] = np.array(p2s, dtype='int64')
            for key, value in more.items():
                file[key] = value
    return make


def shengbte_text(crystal, third):
    out = io.StringIO()
    out.write(f'{len(third):5d}\n')
    for n, ((i, j, k, R, T), t) in enumerate(third.items(), 1):
        out.write(f'\n{n:5d}\n')
        for v in (R, T):
            out.write('%.10e %.10e %.10e\n' % tuple(np.array(v) @ crystal.a))
        out.write(f'{i + 1:6d} {j + 1:6d} {k + 1:6d}\n')
        for x in itertools.product(range(3), repeat=3):
            out.write('%2d %2d %2d %20.10e\n' % (x[0] + 1, x[1] + 1, x[2] + 1, t[x]))
    return out.getvalue()


def poscar(crystal):
    """the atoms of each element must stand together"""
    names = list(dict.fromkeys(crystal.symbols))
    text = 'cell\n1.0\n' + ''.join('%.12f %.12f %.12f\n' % tuple(v) for v in crystal.a)
    text += ' '.join(names) + '\n' + ' '.join(str(crystal.symbols.count(s)) for s in names) + '\nDirect\n'
    return text + ''.join('%.12f %.12f %.12f\n' % tuple(v) for v in crystal.x)


def control(crystal):
    names = list(dict.fromkeys(crystal.symbols))
    text = f'&allocations\n  nelements={len(names)},\n  natoms={crystal.n}, ! atoms\n  ngrid(:)=4 4 4\n&end\n&crystal\n  lfactor=0.1,\n'
    text += ''.join(f'  lattvec(:,{i + 1})= {v[0]:.12f} {v[1]:.12f} {v[2]:.12f},\n' for i, v in enumerate(crystal.a))
    text += '  elements=' + ' '.join(f'"{s}"' for s in names) + '\n  types=' + ' '.join(str(names.index(s) + 1) for s in crystal.symbols) + ',\n'
    return text + ''.join(f'  positions(:,{i + 1})={v[0]:.12f} {v[1]:.12f} {v[2]:.12f},\n' for i, v in enumerate(crystal.x)) + '&end\n'


# --- crystals --------------------------------------------------------------------------------------------------------------------

def zincblende(polar=False):
    a = 5.6
    bonds = [(0, 1, R, 6.0, 1.0, -40.0) for R in ((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1))]
    for i, k in ((0, 0.8), (1, 0.5)):
        bonds += [(i, i, R, k, 0.1, -3.0 - i) for R in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, -1), (1, 0, -1))]
    z = np.array([np.eye(3) * 2.1, np.eye(3) * -2.1])
    return Crystal(a / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]), [[0, 0, 0], [.25, .25, .25]], ['Ga', 'As'], bonds,
                   z if polar else None, np.eye(3) * 10.9)


def perovskite():
    """A, B, three O: the charges of two O follow from the third's"""
    o = [(.5, .5, 0), (.5, 0, .5), (0, .5, .5)]
    bonds = []
    for i in range(3):
        for R in itertools.product((-1, 0), repeat=3):
            d = np.array(o[i]) + R - .5
            if np.linalg.norm(d) < 0.51:
                bonds.append((1, 2 + i, R, 12.0, 2.0, -50.0))
        for R in itertools.product((-1, 0, 1), repeat=3):
            d = np.array(o[i]) + R
            if np.linalg.norm(d) < 0.71:
                bonds.append((0, 2 + i, R, 2.0, 0.4, -5.0))
    oxygen = [np.diag(v) for v in ((-2.0, -2.0, -5.7), (-2.0, -5.7, -2.0), (-5.7, -2.0, -2.0))]
    born = np.array([np.eye(3) * 2.5, np.eye(3) * 7.2] + oxygen)
    return Crystal(3.9 * np.eye(3), [(0, 0, 0), (.5, .5, .5)] + o, ['Sr', 'Ti', 'O', 'O', 'O'], bonds, born, np.eye(3) * 6.2)


def triclinic():
    bonds = [(0, 1, R, 3.0 + sum(R), 0.5, -10.0 - R[0]) for R in itertools.product((-1, 0), repeat=3)]
    bonds += [(i, i, R, 1.0 + i, 0.2, -4.0) for i in (0, 1) for R in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return Crystal([[4.1, 0.2, -0.3], [0.5, 3.9, 0.4], [-0.2, 0.6, 4.6]], [[.03, .02, .05], [.46, .57, .42]], ['Ga', 'As'], bonds)


def zipped(text):
    return gzip.compress(text.encode())

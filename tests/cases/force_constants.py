#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imported force constants against closed forms and against themselves in another format: force_constants.py SOURCE UMKLAPP

Model crystals (force_constant_files.py) in every form that phonopy, phono3py and ShengBTE write, and, where it is there, silicon of
../shared/data/silicon-fc3.
"""
import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import force_constant_files as files
from run_cases import ENVIRONMENT

BOHR, HARTREE = 0.529177210903, 27.211386245988
GENERIC = np.array([[.11, .23, .37], [.05, -.21, .4], [.31, .02, -.13]])
problems = []


def check(name, value, limit):
    if not value <= limit:
        problems.append(f'{name}: {value:.3e} > {limit:.0e}')


class Work:
    def __init__(self, umklapp):
        self.umklapp, self.folder = umklapp, tempfile.mkdtemp(prefix='umklapp-constants-')
        atexit.register(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, **content):
        """{folder__name: text, bytes or callable}; __ for /"""
        for name, what in content.items():
            path = self.path(name.replace('__', '/'))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if callable(what):
                what(path)
            else:
                with open(path, 'wb') as file:
                    file.write(what if isinstance(what, bytes) else what.encode())

    def run(self, *words):
        done = subprocess.run([self.umklapp, *words], cwd=self.folder, capture_output=True, text=True, env=ENVIRONMENT)
        if done.returncode:
            raise SystemExit(f'umklapp {" ".join(words)}: {done.returncode} {done.stderr.strip()}')
        return done.stdout

    def material(self, *words):
        text = self.run('import', *words, '-o', 'material.h5')
        return Native(self.path('material.h5'), text)

    def frequencies(self, q):
        """of material.h5, THz, by the program"""
        points = ', '.join('[%.15f, %.15f, %.15f]' % tuple(v) for v in q)
        self.write(**{'d.yaml': f'material: material.h5\npath: {{points: [{points}], count: {3 * len(q)}}}\noutput: d.h5\ndos: {{mesh: 2}}\n'})
        self.run('phonons', 'd.yaml')
        with h5py.File(self.path('d-phonons.h5')) as file:
            path = file['path/phonons']
            return path['frequency'][()][path['tick'][()]]


class Native:
    def __init__(self, path, text=''):
        self.path, self.text = path, text
        with h5py.File(path) as file:
            self.a, self.tau = file['crystal/lattice'][()] * BOHR, file['crystal/positions'][()] * BOHR
            self.R, D = file['phonons/vectors'][()], file['phonons/force_constants'][()]
            self.D = (D[..., 0] + 1j * D[..., 1]) * HARTREE / BOHR**2
            if 'phonons/third_order' in file:
                third = file['phonons/third_order']
                self.atom, self.T, self.phi = third['atoms'][()], third['vectors'][()], third['force_constants'][()] * HARTREE / BOHR**3
            self.born = file['phonons/born_charges'][()] if 'phonons/born_charges' in file else None

    def dynamical(self, q):
        return np.einsum('r,rab->ab', np.exp(2j * np.pi * self.R @ q), self.D)

    def trilinear(self, q, p):
        """[atom x, atom y, atom z] of phases e^{2 pi i (q.R' + p.R'')}"""
        n = len(self.tau)
        out = np.zeros((n, n, n, 3, 3, 3), complex)
        phase = np.exp(2j * np.pi * (self.T[:, 0] @ q + self.T[:, 1] @ p))
        np.add.at(out, tuple(self.atom.T), phase[:, None, None, None] * self.phi)
        return out

    def triplets(self):
        return {(*atom, tuple(T[0]), tuple(T[1])): phi for atom, T, phi in zip(self.atom.tolist(), self.T.tolist(), self.phi)}


def difference(found, wanted):
    return abs(found - wanted).max() / abs(wanted).max()


def third_difference(found, wanted):
    scale = max(abs(t).max() for t in wanted.values())
    zero = np.zeros((3, 3, 3))
    return max(abs(found.get(k, zero) - wanted.get(k, zero)).max() for k in {**found, **wanted}) / scale


# --- the formulas of phonopy and phono3py, on the supercell itself ----------------------------------------------------------------

def images(sc, a, b):
    """cells (of the primitive lattice) of the nearest images of atom b from a"""
    (i, R), (j, T) = sc.atoms[a], sc.atoms[b]
    shifts = np.array([(x, y, z) for x in range(-2, 3) for y in range(-2, 3) for z in range(-2, 3)]) @ sc.S
    d = np.linalg.norm((sc.c.x[j] + T - sc.c.x[i] - R + shifts) @ sc.c.a, axis=1)
    return (T - R + shifts)[d < d.min() + 1e-5]


def phases(sc, q):
    """[row][atom of the supercell]: mean over nearest images"""
    return np.array([[np.exp(2j * np.pi * images(sc, a, b) @ q).mean() for b in range(sc.N)] for a in sc.first])


def phonopy_dynamical(sc, fc, q):
    """fc compact"""
    D, phase = np.zeros((sc.c.n, 3, sc.c.n, 3), complex), phases(sc, q)
    for i in range(sc.c.n):
        for b, (j, _) in enumerate(sc.atoms):
            D[i, :, j, :] += phase[i, b] * fc[i, b]
    return D.reshape(3 * sc.c.n, -1)


def phono3py_trilinear(sc, fc, q, p):
    n = sc.c.n
    kinds = np.array([[j == i for j in range(n)] for i, _ in sc.atoms], float)
    out = np.zeros((n, n, n, 3, 3, 3), complex)
    first, second = phases(sc, q), phases(sc, p)
    for i in range(n):
        out[i] = np.einsum('b,c,bcxyz,bu,cv->uvxyz', first[i], second[i], fc[i], kinds, kinds, optimize=True)
    return out


# --- model crystals ------------------------------------------------------------------------------------------------------------------

def every_form(w):
    """One second order in all its forms, on a supercell that is no multiple of the primitive vectors, its atoms shuffled"""
    c = files.zincblende()
    sc = files.Supercell(c, [[-2, 2, 2], [2, -2, 2], [2, 2, -2]], seed=1)
    full, compact = sc.second(True), sc.second(False)
    mixed = [sc.first[1], sc.first[0]]
    w.write(**{'text__phonopy.yaml': files.yaml_text(sc), 'text__FORCE_CONSTANTS': files.constants_text(full, range(sc.N)),
               'short__phonopy_disp.yaml': files.yaml_text(sc), 'short__FORCE_CONSTANTS': files.constants_text(compact[::-1], mixed),
               'hdf5__phonopy.yaml': files.yaml_text(sc), 'hdf5__force_constants.hdf5': files.hdf5('force_constants', compact, sc.first, physical_unit=[b'eV/angstrom^2']),
               'full__phonopy.yaml': files.yaml_text(sc), 'full__fc2.hdf5': files.hdf5('force_constants', full, sc.first),
               'yaml__phonopy.yaml': files.yaml_text(sc, more=files.constants_yaml(compact if sc.first[0] < sc.first[1] else compact[::-1])),
               'three__phono3py.yaml': files.yaml_text(files.Supercell(c, np.eye(3, dtype=int)), phonon=sc, program='phono3py'),
               'three__fc2.hdf5': files.hdf5('force_constants', compact, sc.first)})
    for form, path in (('phonopy', 'text'), ('phonopy', 'short'), ('phonopy', 'hdf5'), ('phonopy', 'full'), ('phonopy', 'yaml'),
                       ('phonopy', 'short/FORCE_CONSTANTS'), ('phonopy', 'yaml/phonopy.yaml'), ('phono3py', 'three')):
        m = w.material(form, path)
        check(f'{form} {path}', max(difference(m.dynamical(q), c.dynamical(q)) for q in GENERIC), 1e-12)
    check('frequencies', abs(w.frequencies(GENERIC) - [c.frequencies(q) for q in GENERIC]).max(), 1e-8)


def images_shared(w):
    """Supercells too small for their constants: shares among nearest images, as phonopy and phono3py do it"""
    for name, c, matrix in (('triclinic', files.triclinic(), [[2, 0, 0], [1, 2, 0], [0, -1, 2]]), ('zincblende', files.zincblende(), 2 * np.eye(3, dtype=int))):
        sc = files.Supercell(c, matrix, seed=2)
        second, third = sc.second(False), sc.third(True)
        if name == 'triclinic': # any numbers have its symmetry
            third = np.random.default_rng(7).normal(size=third.shape)
        w.write(**{f'{name}__phono3py.yaml': files.yaml_text(sc, program='phono3py', primitive=False), f'{name}__fc2.hdf5': files.hdf5('force_constants', second, sc.first),
                   f'{name}__fc3.hdf5': files.hdf5('fc3', third)})
        for more in ((), ('--interpolation', 'source')):
            m = w.material('phono3py', name, *more)
            check(f'{name} {more} D', max(difference(m.dynamical(q), phonopy_dynamical(sc, second, q)) for q in GENERIC), 1e-12)
        check(f'{name} third order', difference(m.trilinear(GENERIC[0], GENERIC[1]), phono3py_trilinear(sc, third[sc.first], GENERIC[0], GENERIC[1])), 1e-12)


def third_orders(w):
    """One third order in all its forms: atoms named differently, another origin, lattice vectors that are combinations of the others"""
    c = files.zincblende()
    third = c.third()
    sc = files.Supercell(c, 4 * np.eye(3, dtype=int), seed=3)
    other = files.Crystal(np.array([[1, 0, 0], [1, 1, 0], [0, -1, 1]]) @ c.a, [[.0, .0, .0], [.0, .0, .0]], ['As', 'Ga'], [])
    other.x = (np.array([c.x[1], c.x[0]]) + [[.1, .2, .3], [1.1, -.8, .3]]) @ c.a @ np.linalg.inv(other.a)
    # atom k of `other` is atom 1 - k of c, in the cell shift[k]; R of c = R' M + shift of the end - shift of the start
    shift, inverse = np.array([[0, 0, 0], [1, -1, 0]]), np.linalg.inv([[1, 0, 0], [1, 1, 0], [0, -1, 1]])
    whole = lambda v: tuple(int(x) for x in np.rint(v @ inverse))
    renamed = {(1 - i, 1 - j, 1 - k, whole(np.array(R) - shift[1 - j] + shift[1 - i]), whole(np.array(T) - shift[1 - k] + shift[1 - i])): t
               for (i, j, k, R, T), t in third.items()}
    fc3 = sc.third(False)
    present = (abs(fc3).max((3, 4, 5)) > 0).astype('uint8')
    w.write(**{'two__phono3py_disp.yaml': files.yaml_text(sc, program='phono3py'), 'two__fc2.hdf5': files.hdf5('force_constants', sc.second(False), sc.first),
               'two__fc3.hdf5': files.hdf5('fc3', fc3, sc.first, fc3_nonzero_indices=present),
               'same__FORCE_CONSTANTS_3RD': files.shengbte_text(c, third), 'poscar__FORCE_CONSTANTS_3RD.gz': files.zipped(files.shengbte_text(other, renamed)),
               'poscar__POSCAR': files.poscar(other), 'control__FORCE_CONSTANTS_3RD': files.shengbte_text(other, renamed), 'control__CONTROL': files.control(other)})
    check('phono3py third order', third_difference(w.material('phono3py', 'two').triplets(), third), 1e-12)
    for path in ('same', 'same/FORCE_CONSTANTS_3RD', 'poscar', 'poscar/FORCE_CONSTANTS_3RD.gz', 'control'):
        check(f'shengbte {path}', third_difference(w.material('phono3py', 'two', 'shengbte', path).triplets(), third), 1e-9)
    check('fc3.hdf5 alone', third_difference(w.material('phono3py', 'two', 'phono3py', 'two/fc3.hdf5').triplets(), third), 1e-12)
    imposed(w, c, third)


def shengbte_folder(w):
    """CONTROL, FORCE_CONSTANTS_2ND and _3RD alone: the material that phonopy's files of the same numbers give, Born charges of no symmetry"""
    c, random = files.triclinic(), np.random.default_rng(11)
    cells = (3, 2, 4)
    sc = files.Supercell(c, np.diag(cells))
    order = sorted(range(sc.N), key=lambda a: (sc.atoms[a][0], *sc.atoms[a][1][::-1]))
    fc = sc.second(True)
    charges = 0.3 * random.normal(size=(c.n, 3, 3))
    c.born, c.epsilon = charges - charges.mean(0), np.array([[4.0, .3, .1], [.3, 5.0, -.2], [.1, -.2, 6.0]])
    text = files.constants_text(fc[np.ix_(order, order)], range(sc.N))
    control = files.control(c).replace('&end\n', '', 1).rsplit('&end', 1)[0]
    control = control.replace('&crystal', '&end\n&crystal') + '  scell(:)=%d %d %d\n' % cells
    for i in range(3):
        control += f'  epsilon(:,{i + 1})=%.12f %.12f %.12f,\n' % tuple(c.epsilon[:, i])
        control += ''.join(f'  born(:,{i + 1},{k + 1})=%.12f %.12f %.12f,\n' % tuple(c.born[k][:, i]) for k in range(c.n))
    kinds = len(set(c.symbols))
    masses = [20.0 + k for k in range(kinds)]
    given = control + '  masses=' + ' '.join(map(str, masses)) + '\n&end\n&flags\n  autoisotopes=.false.\n&end\n'
    parts = {'FORCE_CONSTANTS_2ND': text[text.index('\n'):], 'FORCE_CONSTANTS_3RD': files.shengbte_text(c, c.third())}
    parts['FORCE_CONSTANTS_2ND'] = f'{sc.N}' + parts['FORCE_CONSTANTS_2ND']
    for folder, head in (('whole', control + '&end\n'), ('masses', given), ('unpolar', control + '&end\n&flags\n  nonanalytic=.FALSE.\n&end\n'),
                         ('wrong', control.replace('scell(:)=3', 'scell(:)=2') + '&end\n')):
        w.write(**{f'{folder}__CONTROL': head, **{f'{folder}__{name}': content for name, content in parts.items()}})
    w.write(**{'twin__phonopy.yaml': files.yaml_text(sc), 'twin__FORCE_CONSTANTS': files.constants_text(fc, range(sc.N)), 'twin__BORN': files.born_text(c.epsilon, c.born)})
    m = w.material('shengbte', 'whole')
    check('shengbte folder: third order', third_difference(m.triplets(), c.third()), 1e-9)
    found = w.frequencies(GENERIC)
    twin = w.material('phonopy', 'twin')
    check('shengbte folder: D', max(difference(m.dynamical(q), twin.dynamical(q)) for q in GENERIC), 1e-8)
    check('shengbte folder: Born charges', abs(m.born - twin.born).max(), 1e-9)
    check('shengbte folder: frequencies', abs(found / w.frequencies(GENERIC) - 1).max(), 2e-4)
    m = w.material('shengbte', 'masses')
    with h5py.File(m.path) as file:
        names = list(dict.fromkeys(c.symbols))
        check('masses given', abs(file['crystal/masses'][()] / 1822.888486 - [masses[names.index(s)] for s in c.symbols]).max(), 1e-6)
    if w.material('shengbte', 'unpolar').born is not None:
        problems.append('nonanalytic=.FALSE. keeps Born charges')
    for folder, wanted in (('wrong', r'supercell 2 x 2 x 4'), ('same', r'no crystal without CONTROL')):
        try:
            w.run('import', 'shengbte', folder, '-o', 'x.h5')
            problems.append(f'shengbte {folder} is taken')
        except SystemExit as error:
            if not re.search(wanted, str(error)):
                problems.append(f'shengbte {folder}: {error}')


def violations(c, found):
    """sum rule over the third index, and exchange of the second and third"""
    scale, sums = max(abs(t).max() for t in found.values()), {}
    for (i, j, k, R, T), t in found.items():
        sums[i, j, R] = sums.get((i, j, R), 0) + t
    exchange = max(abs(t - found.get((i, k, j, T, R), np.zeros((3, 3, 3))).transpose(0, 2, 1)).max() for (i, j, k, R, T), t in found.items())
    return max(abs(t).max() for t in sums.values()) / scale, exchange / scale


def imposed(w, c, third):
    random, scale = np.random.default_rng(5), max(abs(t).max() for t in third.values())
    noisy = {k: t + 1e-3 * scale * random.uniform(-1, 1, (3, 3, 3)) for k, t in third.items()}
    w.write(**{'noisy': files.shengbte_text(c, noisy)})
    for symmetry in ('none', 'permutation', 'full'):
        m = w.material('phono3py', 'two', 'shengbte', 'noisy', '--third-order-symmetry', symmetry)
        found = m.triplets()
        sums, exchange = violations(c, found)
        if symmetry == 'none':
            said = [float(x) for x in re.findall(r'sum rule (\S+) \S+ (\S+) .*permutation (\S+), space group (\S+)', m.text)[-1]]
            check('noise is kept', third_difference(found, noisy), 1e-9)
            check('noise is seen', max(abs(said[1] / sums - 1), abs(said[2] / max(exchange, said[2]) - 1), 1e-4 / said[3]), 0.1)
            continue
        check(f'{symmetry}: sums', sums, 1e-12)
        check(f'{symmetry}: exchange', exchange, 1e-12)
        check(f'{symmetry}: moved', third_difference(found, third), 1e-3 if symmetry == 'permutation' else 5e-4)
        q = GENERIC[:2] @ np.linalg.inv(m.a).T
        turned = q[:, [1, 2, 0]] @ m.a.T
        norms = [np.linalg.norm(m.trilinear(*x)) for x in (GENERIC[:2], turned)]
        if symmetry == 'full':
            check('full: invariance under a rotation', abs(norms[1] / norms[0] - 1), 1e-12)
        elif abs(norms[1] / norms[0] - 1) < 1e-9:
            problems.append('the noise has the symmetry that is to be imposed')


def dipoles(w):
    """The dipole part goes out and in again: exact where the supercell fits, and between, for a model whose dipoles have another width, to its range.
    The limit along a direction is the exact one."""
    c = files.zincblende(polar=True)
    length = np.cbrt(4 * abs(np.linalg.det(c.a))) * 0.8
    sc = files.Supercell(c, 4 * np.eye(3, dtype=int))
    w.write(**{'polar__phonopy.yaml': files.yaml_text(sc), 'polar__FORCE_CONSTANTS': files.constants_text(sc.second(False, length), sc.first),
               'polar__BORN': files.born_text(c.epsilon, c.born)})
    w.material('phonopy', 'polar')
    fit = np.array([[.25, .5, 0], [0, .25, .75], [.5, .5, .5]])
    check('dipoles, on the mesh', abs(w.frequencies(fit) - [c.frequencies(q, length) for q in fit]).max(), 1e-8)
    off = abs(w.frequencies(GENERIC) - [c.frequencies(q, length) for q in GENERIC]).max()
    check('dipoles, off the mesh', off, 1e-3)
    small = 1e-4 * np.array([[1., 2., -1.], [1., 1., 0.]])
    optical = w.frequencies(small)[:, 3:] - [c.frequencies(np.zeros(3), length, direction=q)[3:] for q in small]
    check('dipoles, towards q = 0', abs(optical).max(), 1e-5)

    c = files.perovskite()
    length = np.cbrt(4 * abs(np.linalg.det(c.a)))
    sc = files.Supercell(c, 2 * np.eye(3, dtype=int), seed=4)
    w.write(**{'perovskite__phonopy.yaml': files.yaml_text(sc), 'perovskite__FORCE_CONSTANTS': files.constants_text(sc.second(False, length), sc.first),
               'perovskite__BORN': files.born_text(c.epsilon, c.born[:3], '# epsilon and Z* of atoms 1 2 3')})
    m = w.material('phonopy', 'perovskite')
    mean = c.born.mean(0)
    w.write(**{'inside__phonopy.yaml': files.yaml_text(sc, more=files.nac_yaml(c.epsilon, c.born, files.E2)), 'inside__FORCE_CONSTANTS': files.constants_text(sc.second(False, length), sc.first)})
    inside = w.material('phonopy', 'inside')
    check('charges in the YAML', max(difference(inside.born, m.born), difference(inside.D, m.D)), 1e-8)
    check('charges by symmetry', abs(m.born - (c.born - mean)).max(), 1e-9)
    fit = np.array([[.5, 0, 0], [.5, .5, 0], [0, .5, .5]])
    check('perovskite, on the mesh', abs(w.frequencies(fit) - [c.frequencies(q, length) for q in fit]).max(), 1e-8)
    return off


# --- silicon ----------------------------------------------------------------------------------------------------------------------------

def silicon(w, data):
    """ShengBTE's and phono3py's form of one third order; fc2.hdf5 by phonopy's formula; DFPT on 6x6x6 beside 4x4x4 (reported)"""
    forms = [w.material('qe_fc', f'{data}/si_dfpt666.fc', *part) for part in (('shengbte', data), ('phono3py', f'{data}/phono3py/fc3.hdf5'))]
    fine = w.frequencies(GENERIC)
    F = [m.trilinear(GENERIC[0], GENERIC[2]) for m in forms]
    v = np.random.default_rng(6).normal(size=(3, 3))
    F = [np.einsum('ijkabc,a,b,c->ijk', f, *v) for f in F]
    check('silicon third order in two formats', difference(F[0], F[1]), 1e-10)
    q = GENERIC[:2] @ np.linalg.inv(forms[0].a).T
    norms = [np.linalg.norm(forms[0].trilinear(*x)) for x in (GENERIC[:2], q[:, [1, 2, 0]] @ forms[0].a.T, (q * [1, -1, -1])[:, [1, 0, 2]] @ forms[0].a.T)]
    check('silicon, invariance', abs(np.array(norms) / norms[0] - 1).max(), 1e-12)
    m = w.material('phono3py', f'{data}/phono3py')
    c = files.Crystal(m.a, m.tau @ np.linalg.inv(m.a), ['Si', 'Si'], [])
    sc = files.Supercell(c, 4 * np.eye(3, dtype=int))
    with h5py.File(f'{data}/phono3py/fc2.hdf5') as file:
        fc, p2s = file['force_constants'][()], file['p2s_map'][()]
    # phonopy's order of a diagonal supercell: atom by atom, the first vector fastest
    sc.atoms, sc.first = [(i, np.array([x, y, z])) for i in (0, 1) for z in range(4) for y in range(4) for x in range(4)], list(p2s)
    sc.atoms = [(i, R + (np.array([-1, 0, -1]) if i else 0)) for i, R in sc.atoms]
    check('silicon, phonopy\'s formula', max(difference(m.dynamical(q), phonopy_dynamical(sc, fc, q)) for q in GENERIC), 1e-10)
    print(f'silicon: 4x4x4 supercell against DFPT on 6x6x6, largest difference on three generic q: {abs(w.frequencies(GENERIC) - fine).max():.3f} THz')


def main():
    source, w = os.path.abspath(sys.argv[1]), Work(os.path.abspath(sys.argv[2]))
    data = os.path.join(source, '../shared/data/silicon-fc3')
    every_form(w)
    images_shared(w)
    third_orders(w)
    shengbte_folder(w)
    off = dipoles(w)
    print(f'dipoles of another width, off the mesh: {off:.1e} THz')
    if os.path.isdir(data):
        silicon(w, os.path.realpath(data))
    print('\n'.join(problems))
    print(f'force constants: {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())

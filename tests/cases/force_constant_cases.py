# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed files of ShengBTE, phonopy and phono3py: each one clear line. The good ones are model crystals of force_constant_files.py."""
import os
import re

import h5py
import numpy as np

import force_constant_files as files
from run_cases import Case

CRYSTAL = files.zincblende(polar=True)
CELL = files.Supercell(CRYSTAL, 2 * np.eye(3, dtype=int))
PLAIN = files.Crystal(CRYSTAL.a, CRYSTAL.x, CRYSTAL.symbols, CRYSTAL.bonds)
SECOND = files.Supercell(PLAIN, CELL.S).second(False)
THIRD = CELL.third(False)
PHONOPY = ['import', 'phonopy', 'p', '-o', 'out.h5']
PHONO3PY = ['import', 'phono3py', 't', '-o', 'out.h5']
SHENGBTE = ['import', 'phonopy', 'p', 'shengbte', 's', '-o', 'out.h5']


def good():
    return {'p/phonopy.yaml': files.yaml_text(CELL), 'p/FORCE_CONSTANTS': files.constants_text(SECOND, CELL.first),
            's/FORCE_CONSTANTS_3RD': files.shengbte_text(CRYSTAL, CRYSTAL.third()), 's/POSCAR': files.poscar(CRYSTAL),
            't/phono3py.yaml': files.yaml_text(CELL, program='phono3py'), 't/fc2.hdf5': files.hdf5('force_constants', SECOND, CELL.first),
            't/fc3.hdf5': files.hdf5('fc3', THIRD, CELL.first)}


def case(name, command, message, change=None, **replaced):
    """change: {name: new content, function of the old text, or None to remove it}"""
    content = good()
    for path, new in (change or {}).items():
        if new is None:
            del content[path]
        else:
            content[path] = new(content[path]) if callable(new) and isinstance(content.get(path), str) else new
    content = {path: what for path, what in content.items() if path.split('/')[0] in command or any(w.startswith(path.split('/')[0] + '/') for w in command)}
    return Case('force constants: ' + name, command, content, message, **replaced)


def sub(pattern, text, count=1):
    def change(old):
        new = re.sub(pattern, text, old, count=count)
        assert new != old, pattern
        return new
    return change


def half(old):
    return old[:len(old) // 2]


def line(number, text):
    def change(old):
        lines = old.splitlines()
        lines[number - 1] = text
        return '\n'.join(lines) + '\n'
    return change


def truncated(make):
    def change(path):
        make(path)
        os.truncate(path, os.path.getsize(path) // 2)
    return change


def poisoned(make, name):
    def change(path):
        make(path)
        with h5py.File(path, 'r+') as file:
            file[name][(0,) * file[name].ndim] = np.nan
    return change


def shengbte_cases():
    def one(name, message, change, command=SHENGBTE):
        return case('shengbte, ' + name, command, message, change)
    third = 's/FORCE_CONSTANTS_3RD'
    n = len(CRYSTAL.third())
    exchanged = sub(r'(?m)^ {5}([12]) {6}([12]) {6}([12])$', lambda m: ''.join(f'{3 - int(x):6d} ' for x in m.groups()), 0)
    return [
        one('without a crystal', r'shengbte holds no crystal', {}, ['import', 'shengbte', 's', '-o', 'out.h5']),
        one('no file', r's: holds no FORCE_CONSTANTS_3RD', {third: None}),
        one('no such file', r's/no: .*No such file', {}, SHENGBTE[:4] + ['s/no'] + SHENGBTE[5:]),
        one('empty', r'3RD:1: file ends', {third: ''}),
        one('truncated', r'3RD:\d+: ', {third: half}),
        one('a block missing', r'3RD:\d+: file ends where number of the block', {third: line(1, str(n + 1))}),
        one('a block too many', r'3RD:\d+: more values', {third: line(1, str(n - 1))}),
        one('a million blocks', r'3RD:1: blocks', {third: line(1, '1000000')}),
        one('wrong block number', r'3RD:3: block number 7 where 1', {third: line(3, '7')}),
        one('atom 3 of 2', r'3RD:6: .*whole number from 1 to 2, found "3"', {third: line(6, '1 3 1')}),
        one('NaN', r'3RD:9: .*finite number, found "NaN"', {third: line(9, ' 1 1 3 NaN')}),
        one('elements in another order', r'3RD:9: element 1 3 1 where 1 1 3', {third: line(9, ' 1 3 1 0.0')}),
        one('no lattice vector', r'3RD:4: \(1\.3 .* is not a lattice vector of s/POSCAR', {third: line(4, '1.3 0.0 0.0')}),
        one('all zero', r'zero', {third: sub(r'(?m)( [123]  [123]  [123]) .*$', r'\1 0.0', 0)}),
        one('atoms exchanged', r'3RD: .*crystal\'s symmetry .*another order', {third: exchanged, 's/POSCAR': None}),
        one('POSCAR with exchanged elements', r's/POSCAR: atom 1 stands where .* mass', {'s/POSCAR': sub('Ga As', 'As Ga')}),
        one('POSCAR of another lattice constant', r's/POSCAR: its lattice', {'s/POSCAR': line(2, '1.02')}),
        one('POSCAR of more atoms', r's/POSCAR: has 3 atoms', {'s/POSCAR': lambda old: sub('\n1 1\n', '\n1 2\n')(old) + '.5 .5 .5\n'}),
        one('POSCAR truncated', r's/POSCAR:\d+: ', {'s/POSCAR': half}),
        one('POSCAR of atoms elsewhere', r's/POSCAR: atom 2 stands', {'s/POSCAR': sub(r'0\.25', '0.35')}),
        one('CONTROL without a lattice', r's/CONTROL: has no lattvec', {'s/CONTROL': sub(r'(?m)^ *lattvec.*$', '', 0)(files.control(CRYSTAL))}),
        one('packed and truncated', r'3RD\.gz: is damaged or truncated', {third: None, third + '.gz': files.zipped(good()[third])[:900]}),
        one('no such symmetry', r"--third-order-symmetry: 'half' is none", {}, SHENGBTE + ['--third-order-symmetry', 'half']),
    ]


def phonopy_cases():
    def one(name, message, change, command=PHONOPY):
        return case('phonopy, ' + name, command, message, change)
    yaml, constants = 'p/phonopy.yaml', 'p/FORCE_CONSTANTS'
    born = files.born_text(CRYSTAL.epsilon, CRYSTAL.born)
    return [
        one('no folder', r'no: cannot be read: No such', {}, ['import', 'phonopy', 'no', '-o', 'out.h5']),
        one('no YAML', r'p: holds no phonopy\.yaml', {yaml: None}),
        one('empty YAML', r'phonopy\.yaml: is empty', {yaml: ''}),
        one('broken YAML', r'phonopy\.yaml:\d+: ', {yaml: sub('unit_cell:', 'unit_cell: [')}),
        one('YAML without a supercell', r'phonopy\.yaml: has no supercell', {yaml: sub('(?s)supercell:.*', '')}),
        one('YAML without a cell', r'phonopy\.yaml: has neither', {yaml: sub('(?s)primitive_cell:.*?supercell:', 'supercell:')}),
        one('a vector too few', r'phonopy\.yaml:\d+: lattice: 6 numbers where 9', {yaml: sub(r'lattice:\n.*\n', 'lattice:\n')}),
        one('NaN in the YAML', r'phonopy\.yaml:\d+: coordinates: .*"nan"', {yaml: sub(r'coordinates: \[ \S+,', 'coordinates: [ nan,')}),
        one('no symbol', r'phonopy\.yaml:\d+: atom 1 has no symbol', {yaml: sub('symbol: Ga', 'label: Ga')}),
        one('negative mass', r'phonopy\.yaml:\d+: atom 1 has mass -', {yaml: sub(' mass: ', ' mass: -')}),
        one('unknown unit', r'phonopy\.yaml: unit "furlong"', {yaml: sub('"angstrom"', '"furlong"')}),
        one('unknown calculator', r'phonopy\.yaml:3: .*abacist', {yaml: sub('version: 2.20', 'version: 2.20\n  calculator: abacist')}),
        one('charges without a dielectric tensor', r'phonopy\.yaml:\d+: born_effective_charge without dielectric', {yaml: lambda old: old + 'nac:\n  born_effective_charge: [1, 2]\n'}),
        one('a supercell that does not fit', r'phonopy\.yaml: the supercell does not fit', {yaml: lambda old: sub(r'(supercell:\n  lattice:\n  - \[ )\S+,', r'\g<1>1.0,')(old)}),
        one('an atom of the supercell elsewhere', r'phonopy\.yaml: atom 1 of the supercell', {yaml: sub(r'(?s)(supercell:.*?coordinates: \[ )\S+,', r'\g<1>0.1,')}),
        one('another element in the supercell', r'phonopy\.yaml: atom 1 of the supercell is As', {yaml: sub(r'(?s)(supercell:.*?symbol: )Ga', r'\g<1>As')}),
        one('no constants', r'p: holds no force constants', {constants: None}),
        one('another supercell', r'FORCE_CONSTANTS: .*supercell of 15 atoms', {constants: lambda old: files.constants_text(SECOND[:, :15], CELL.first)}),
        one('another number of rows', r'FORCE_CONSTANTS: has 1 rows', {constants: lambda old: files.constants_text(SECOND[:1], CELL.first)}),
        one('rows of one kind', r'FORCE_CONSTANTS: has no row whose first atom is atom 2', {constants: files.constants_text(SECOND, [0, 1])}),
        one('truncated', r'FORCE_CONSTANTS:\d+: ', {constants: half}),
        one('too long', r'FORCE_CONSTANTS:\d+: more values', {constants: lambda old: old + '1 1\n'}),
        one('pairs in another order', r'FORCE_CONSTANTS:2: atoms 1 2 where 1 1', {constants: line(2, '1 2')}),
        one('NaN', r'FORCE_CONSTANTS:3: .*finite', {constants: line(3, 'nan 0 0')}),
        one('BORN of too few atoms', r'BORN: holds Born charges of 1 atoms; .* 2 inequivalent', {'p/BORN': files.born_text(CRYSTAL.epsilon, CRYSTAL.born[:1])}),
        one('BORN of too many atoms', r'BORN:\d+: more Born charges', {'p/BORN': born + born.splitlines()[2]}),
        one('BORN truncated', r'BORN:\d+: ', {'p/BORN': born[:-20]}),
        one('BORN in other units', r'BORN: the factor .* is 2; .*14\.39', {'p/BORN': line(1, '2.0')(born)}),
        one('no dielectric tensor', r'BORN: the dielectric tensor is not positive', {'p/BORN': line(2, '0 0 0 0 0 0 0 0 0')(born)}),
        Case('force constants: phonopy, good', PHONOPY, {**{k: v for k, v in good().items() if k[0] == 'p'}, 'p/BORN': born}, status=0, leaves=['out.h5'], output='Born charges'),
    ]


def phono3py_cases():
    def one(name, message, change, command=PHONO3PY, **more):
        return case('phono3py, ' + name, command, message, change, **more)
    yaml, fc2, fc3 = 't/phono3py.yaml', 't/fc2.hdf5', 't/fc3.hdf5'
    order = np.random.default_rng(1).permutation(CELL.N)
    return [
        one('no YAML', r't: holds no phono3py\.yaml', {yaml: None}),
        one('no fc2', r't: holds no fc2\.hdf5; name fc3\.hdf5 itself', {fc2: None}),
        one('not HDF5', r'fc2\.hdf5: is not an HDF5 file', {fc2: 'x' * 100}),
        one('fc2 truncated', r'fc2\.hdf5: .*(damaged|cannot be read)', {fc2: truncated(good()[fc2])}),
        one('fc3 truncated', r'fc3\.hdf5: .*(damaged|cannot be read)', {fc3: truncated(good()[fc3])}),
        one('no dataset in fc2', r'fc2\.hdf5: has no dataset force_constants', {fc2: files.hdf5('other', SECOND)}),
        one('no dataset in fc3', r'fc3\.hdf5: has no dataset fc3', {fc3: files.hdf5('other', THIRD)}),
        one('fc2 of other axes', r'fc2\.hdf5: dataset force_constants has 3 axes', {fc2: files.hdf5('force_constants', SECOND[0])}),
        one('fc2 of two axes of space', r'fc2\.hdf5: .*axis 4 is of length 2', {fc2: files.hdf5('force_constants', SECOND[..., :2])}),
        one('fc2 of another supercell', r'fc2\.hdf5: is for a supercell of 15 atoms', {fc2: files.hdf5('force_constants', SECOND[:, :15], CELL.first)}),
        one('fc2 with a row too many', r'fc2\.hdf5: p2s_map names 2 atoms', {fc2: files.hdf5('force_constants', np.concatenate([SECOND, SECOND[:1]]), CELL.first)}),
        one('fc2 of no atom', r'fc2\.hdf5: p2s_map names atom 99', {fc2: files.hdf5('force_constants', SECOND, [0, 99])}),
        one('fc2 with NaN', r'fc2\.hdf5: .*not finite', {fc2: poisoned(good()[fc2], 'force_constants')}),
        one('fc2 in no unit', r'fc2\.hdf5: unit "eV/day"', {fc2: files.hdf5('force_constants', SECOND, CELL.first, physical_unit=[b'eV/day'])}),
        one('fc3 with NaN', r'fc3\.hdf5: .*not finite', {fc3: poisoned(good()[fc3], 'fc3')}),
        one('fc3 of other axes', r'fc3\.hdf5: dataset fc3 has 5 axes', {fc3: files.hdf5('fc3', THIRD[0])}),
        one('fc3 not square', r'fc3\.hdf5: dataset fc3 is of shape 2 x 16 x 15', {fc3: files.hdf5('fc3', THIRD[:, :, :15])}),
        one('fc3 of another supercell', r'fc3\.hdf5: is for a supercell of 15', {fc3: files.hdf5('fc3', THIRD[:, :15, :15], CELL.first)}),
        one('fc3 with atoms in another order', r'fc3\.hdf5: .*crystal\'s symmetry', {fc3: files.hdf5('fc3', THIRD[:, order][:, :, order], CELL.first)}),
        one('cutoff of another shape', r'fc3\.hdf5: fc3_nonzero_indices', {fc3: files.hdf5('fc3', THIRD, CELL.first, fc3_nonzero_indices=np.ones((2, 16, 15), 'uint8'))}),
        one('fc3 alone', r'fc3\.hdf5: .*after a part with harmonic', {}, ['import', 'phono3py', 't/fc3.hdf5', '-o', 'out.h5']),
        one('good', None, {}, status=0, leaves=['out.h5'], output='third order'),
    ]


def cases(source, umklapp):
    every = shengbte_cases() + phonopy_cases() + phono3py_cases()
    for i, one in enumerate(every): # rank 0 alone reads: the others learn of a mistake in one place
        one.ranks = (1, 2) if i % 8 == 0 or one.status == 0 else (1,)
    return every

# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed data files, made from a tiny EPW set (two flat bands, one atom, one lattice vector) and the native file imported from it."""
import atexit
import os
import shutil
import struct
import subprocess
import tempfile

import h5py
import numpy as np

from deck_cases import BASE, swap
from run_cases import Case, ENVIRONMENT

IMPORT = ['import', 'epw', 'set', '-o', 'out.h5', '--coarse-k', '1', '--coarse-q', '1', '--use-ws', 'yes']


def epw_set():
    """{name: content} of the raw files: simple cubic, a = 7 bohr, two bands (one full), three modes, all at R = 0."""
    crystal = ['1', '3', '2.0', '1. 0. 0. 0. 1. 0. 0. 0. 1.', '1. 0. 0. 0. 1. 0. 0. 0. 1.', '343.', '7.', '0. 0. 0.',
               '20000. 0. 0. 0. 0. 0. 0. 0. 0. 0.', '1', 'F', '0. 0. 0. 0. 0. 0.']
    epwdata = ['0.1', '2 1 3 1 1', ' '.join(['0.'] * 18)]
    epwdata += ['(-0.1,0.)', '(0.,0.)', '(0.,0.)', '(0.2,0.)']
    epwdata += [f'({0.05 if i == j else 0.},0.)' for i in range(3) for j in range(3)]
    position = ['(0.,0.)'] * 12
    coupling = b''.join(struct.pack('<dd', 0.01 * (i + 1), 0.) for i in range(12))
    text = {'crystal.fmt': crystal, 'epwdata.fmt': epwdata, 'vmedata.fmt': position}
    files = {f'set/{name}': '\n'.join(lines) + '\n' for name, lines in text.items()}
    files['set/x.epmatwp'] = coupling
    return files


def without(name):
    files = epw_set()
    del files[f'set/{name}']
    return files


def changed(name, change):
    files = epw_set()
    files[f'set/{name}'] = change(files[f'set/{name}'])
    return files


def line_of(number, text):
    def change(content):
        lines = content.splitlines()
        lines[number - 1] = text
        return '\n'.join(lines) + '\n'
    return change


def epw_cases():
    def case(name, files, message, command=IMPORT):
        return Case('import: ' + name, command, files, message)
    half = lambda content: content[:len(content) // 2]
    nan = lambda content: struct.pack('<d', float('nan')) + content[8:]
    return [
        case('no folder', {}, r'set(/[\w.]+)?: .*No such file'),
        case('a file instead of a folder', {'set': 'x'}, r'set'),
        case('no crystal.fmt', without('crystal.fmt'), r'crystal\.fmt: '),
        case('no epwdata.fmt', without('epwdata.fmt'), r'epwdata\.fmt: '),
        case('no vmedata.fmt', without('vmedata.fmt'), r'(v|d)medata\.fmt'),
        case('no coupling file', without('x.epmatwp'), r'epmatwp'),
        case('two coupling files', {**epw_set(), 'set/y.epmatwp': b'x'}, r'epmatwp'),
        case('truncated crystal.fmt', changed('crystal.fmt', half), r'crystal\.fmt:\d+: '),
        case('truncated epwdata.fmt', changed('epwdata.fmt', half), r'epwdata\.fmt:\d+: '),
        case('truncated vmedata.fmt', changed('vmedata.fmt', half), r'vmedata\.fmt:\d+: '),
        case('truncated coupling', changed('x.epmatwp', half), r'x\.epmatwp: .*96 bytes'),
        case('coupling too long', changed('x.epmatwp', lambda c: c + c), r'x\.epmatwp: .*384 bytes'),
        case('coupling with NaN', changed('x.epmatwp', nan), r'x\.epmatwp: .*not a finite'),
        case('coupling all zero', changed('x.epmatwp', lambda c: bytes(len(c))), r'set: .*zero'),
        case('empty crystal.fmt', changed('crystal.fmt', lambda c: ''), r'crystal\.fmt'),
        case('a word for a number', changed('epwdata.fmt', line_of(4, '(abc,0.)')), r'epwdata\.fmt:4: .*abc'),
        case('NaN in the Hamiltonian', changed('epwdata.fmt', line_of(4, '(NaN,0.)')), r'epwdata\.fmt:4: '),
        case('too many values', changed('epwdata.fmt', lambda c: c + '(1.,0.)\n'), r'epwdata\.fmt:\d+: .*more values'),
        case('wrong number of modes', changed('epwdata.fmt', line_of(2, '2 1 4 1 1')), r'epwdata\.fmt:2: .*4 modes'),
        case('modes do not fit atoms', changed('crystal.fmt', line_of(2, '4')), r'crystal\.fmt:2: .*4 modes'),
        case('negative mass', changed('crystal.fmt', line_of(9, '-1. 0. 0. 0. 0. 0. 0. 0. 0. 0.')), r'crystal\.fmt:\d+: .*mass'),
        case('volume of another cell', changed('crystal.fmt', line_of(6, '300.')), r'crystal\.fmt:\d+: .*volume'),
        case('no electrons', changed('crystal.fmt', line_of(3, '-2.')), r'crystal\.fmt:3: .*electrons'),
        case('wrong coarse mesh', epw_set(), r'mesh', IMPORT[:6] + ['2'] + IMPORT[7:]),
        case('wrong use_ws word', epw_set(), r"--use-ws: 'maybe'", IMPORT[:-1] + ['maybe']),
        case('unwritable', epw_set(), r'no/out\.h5: cannot', IMPORT[:4] + ['no/out.h5'] + IMPORT[5:]),
    ]


def deck_on(material):
    text = swap(BASE[BASE.index('  model'):BASE.index('temperature')], f'  file: {material}\n')
    return swap(BASE[BASE.index('  acoustic'):BASE.index('solve')], '  electron_phonon: {}\n', text)


def native_cases(native):
    def case(name, change, message, command=('check', 'deck.yaml')):
        def make(path):
            shutil.copy(native, path)
            change(path)
        return Case('material: ' + name, list(command), {'m.h5': make, 'deck.yaml': deck_on('m.h5')}, r'm\.h5: .*' + message)

    def edit(action):
        def change(path):
            with h5py.File(path, 'r+') as file:
                action(file)
        return change

    def truncate(path):
        os.truncate(path, os.path.getsize(path) // 2)

    def remove(name):
        return edit(lambda file: file.__delitem__(name))

    def replace(name, value):
        def action(file):
            attributes = dict(file[name].attrs)
            del file[name]
            file[name] = value(file) if callable(value) else value
            file[name].attrs.update(attributes)
        return edit(action)

    def poison(file):
        file['electrons/hamiltonian'][0, 0, 0, 0] = np.nan

    def empty(path):
        open(path, 'w').close()

    def garbage(path):
        with open(path, 'wb') as file:
            file.write(b'not HDF5' * 100)

    return [
        case('missing', os.remove, 'No such file'),
        case('empty', empty, 'HDF5'),
        case('not HDF5', garbage, 'HDF5'),
        case('truncated', truncate, 'damaged or truncated'),
        case('of another program', edit(lambda f: [f.__delitem__(k) for k in list(f)] + [f.attrs.__delitem__(k) for k in list(f.attrs)]), 'not an umklapp material'),
        case('newer version', edit(lambda f: f.attrs.modify('format_version', 99)), '99'),
        case('no Hamiltonian', remove('electrons/hamiltonian'), 'electrons/hamiltonian'),
        case('no lattice', remove('crystal/lattice'), 'crystal/lattice'),
        case('no force constants', remove('phonons/force_constants'), 'phonons/force_constants'),
        case('Hamiltonian of another shape', replace('electrons/hamiltonian', np.zeros((1, 3, 3, 2))), 'electrons/hamiltonian.*shape'),
        case('NaN in the Hamiltonian', edit(poison), 'electrons/hamiltonian.*nan'),
        case('flat lattice', replace('crystal/lattice', np.zeros((3, 3))), 'volume'),
        case('negative mass', replace('crystal/masses', np.array([-1.0])), 'mass'),
        case('inspect a truncated file', truncate, '', ('inspect', 'm.h5')),
        case('bands of a truncated file', truncate, 'damaged or truncated', ('bands', 'deck.yaml')),
    ]


def run_cases():
    def case(name, old, new, message, command=('run', 'deck.yaml')):
        return Case('run: ' + name, list(command), {'deck.yaml': swap(old, new)}, message)
    return [
        case('window without states', '0.35 eV', '[-3, -2] eV', r'no electron states'),
        case('density out of reach', '1e15', '1e26', r'1e\+26'),
        case('no carriers', 'carriers: {electrons: 1e15 cm^-3}\n', '', r'carriers'),
        case('two kinds of carriers', '{electrons: 1e15 cm^-3}', '{electrons: 1e15 cm^-3, holes: 1e15 cm^-3}', r'deck\.yaml:8: '),
        case('no mechanism', BASE[BASE.index('  acoustic'):BASE.index('solve')], '  {}\n', r'no scattering mechanism'),
        case('coupling that a model lacks', BASE[BASE.index('  acoustic'):BASE.index('solve')], '  electron_phonon: {}\n', r'deck\.yaml:\d+: .*phonon'),
        case('unwritable output', 'out.h5', 'no/such/out.h5', r'no/such/out\.h5: cannot write'),
        case('output over the command line', 'title', 'title', r'no/x\.h5: cannot write', ('run', 'deck.yaml', '--output', 'no/x.h5')),
        case('PETSc option before the deck', 'title', 'title', r'-ksp_monitor.*after the deck', ('run', '-ksp_monitor', 'deck.yaml')),
        case('phonons on another mesh', 'delta:', 'phonons: {mesh: 3}\ndelta:', r'deck\.yaml:12: .*mesh'),
        Case('run: good', ['run', 'deck.yaml'], {'deck.yaml': BASE}, status=0, leaves=['out.h5'], output='mobility'),
    ]


def cases(source, umklapp):
    folder = tempfile.mkdtemp(prefix='umklapp-native-')
    atexit.register(shutil.rmtree, folder)
    for name, content in epw_set().items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    subprocess.run([umklapp, *IMPORT], cwd=folder, stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    return epw_cases() + native_cases(os.path.join(folder, 'out.h5')) + run_cases()

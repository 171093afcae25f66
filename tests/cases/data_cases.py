# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed data files, made from a tiny EPW set (two flat bands, one atom, one lattice vector), the native file imported from it, and a tiny file of
Quantum ESPRESSO's force constants; command lines of several parts."""
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


def fc_lines():
    """Rock salt shrunk to two atoms in a cube, a mesh of one cell, springs between the two."""
    lines = ['  2   2   1  7.0  0. 0. 0. 0. 0.', "  1  'Na '  20000.", "  2  'Cl '  30000.", '  1  1  0. 0. 0.', '  2  2  0.5 0.5 0.5', ' T',
             ' 2. 0. 0.', ' 0. 2. 0.', ' 0. 0. 2.', ' 1', ' 1. 0. 0.', ' 0. 1. 0.', ' 0. 0. 1.', ' 2', ' -1. 0. 0.', ' 0. -1. 0.', ' 0. 0. -1.', ' 1 1 1']
    for i in range(1, 4):
        for j in range(1, 4):
            for a in (1, 2):
                for b in (1, 2):
                    lines += [f' {i} {j} {a} {b}', f' 1 1 1  {(0.2 if a == b else -0.2) if i == j else 0.0}']
    return lines


def fc_file(number=None, text=None):
    lines = fc_lines()
    if number:
        lines[number - 1] = text
    return '\n'.join(lines) + '\n'


def fc_cases():
    words = ['import', 'qe_fc', 'x.fc', '-o', 'out.h5']

    def case(name, content, message, command=words):
        return Case('qe_fc: ' + name, command, {'x.fc': content} if content is not None else {}, message)
    cut = lambda n: '\n'.join(fc_lines()[:n]) + '\n'
    alone = 'material: {import: qe_fc, path: x.fc%s}\ntemperature: 300 K\noutput: x.h5\n'
    electrons = swap(BASE[BASE.index('  model'):BASE.index('temperature')], '  file: out.h5\n')
    return [
        Case('qe_fc: good', words, {'x.fc': fc_file()}, status=0, leaves=['out.h5'], output='phonon modes'),
        Case('qe_fc: two parts', ['import', 'qe_fc', 'x.fc', 'qe_fc', 'x.fc', '-o', 'out.h5'], {'x.fc': fc_file()}, status=0, leaves=['out.h5'], output='replace'),
        Case('qe_fc: phonons in place', ['phonons', 'deck.yaml'], {'x.fc': fc_file(), 'deck.yaml': alone % ', sum_rule: crystal'}, status=0, leaves=['deck-phonons.h5'], output='sum rule crystal'),
        case('no file', None, r'x\.fc: .*No such file'),
        case('empty', '', r'x\.fc:1: .*ends'),
        case('XML', '<?xml version="1.0"?>\n', r'x\.fc:1: .*XML'),
        case('ends in the atoms', cut(4), r'x\.fc:\d+: .*number of an atom'),
        case('ends in the constants', cut(60), r'x\.fc:\d+: '),
        case('more than it should hold', fc_file() + '1 2 3\n', r'x\.fc:91: more values'),
        case('no atoms', fc_file(1, '2 0 1 7. 0. 0. 0. 0. 0.'), r'x\.fc:1: .*number of atoms'),
        case('unknown ibrav', fc_file(1, '2 2 15 7. 0. 0. 0. 0. 0.'), r'x\.fc:1: ibrav = 15: there is no such'),
        case('no lattice constant', fc_file(1, '2 2 1 0. 0. 0. 0. 0. 0.'), r'x\.fc:1: .*celldm\(1\)'),
        case('no c/a', fc_file(1, '2 2 6 7. 0. 0. 0. 0. 0.'), r'x\.fc:1: .*celldm\(3\)'),
        case('impossible angle', fc_file(1, '2 2 5 7. 0. 0. 1. 0. 0.'), r'x\.fc:1: .*cosine'),
        case('flat cell', fc_file(1, '2 2 0 7. 0. 0. 0. 0. 0.\n1. 0. 0.\n2. 0. 0.\n0. 0. 1.'), r'x\.fc:4: .*no volume'),
        case('name without apostrophes', fc_file(2, '1 Na 20000.'), r'x\.fc:2: .*apostrophes.*Na'),
        case('mass of zero', fc_file(3, "2 'Cl ' 0."), r"x\.fc:3: .*'Cl'.*mass 0"),
        case('atom of unknown species', fc_file(5, '2 3 0.5 0.5 0.5'), r'x\.fc:5: .*species of an atom.*1 to 2.*"3"'),
        case('atoms out of order', fc_file(4, '2 1 0. 0. 0.'), r'x\.fc:4: .*number of an atom'),
        case('two atoms in one place', fc_file(5, '2 2 0. 0. 1.'), r'x\.fc: atoms 1 and 2 stand in one place'),
        case('dielectric tensor of zero', fc_file(8, '0. 0. 0.'), r'x\.fc:\d+: .*dielectric'),
        case('a word for a charge', fc_file(11, 'x 0. 0.'), r'x\.fc:11: .*Born charge.*"x"'),
        case('mesh of zero', fc_file(18, ' 1 0 1'), r'x\.fc:18: .*mesh.*"0"'),
        case('mesh beyond the file', fc_file(18, ' 9 9 9'), r'x\.fc:18: force constants should be'),
        case('wrong block', fc_file(21, ' 1 1 2 1'), r'x\.fc:21: expected block 1 1 1 2, found 2'),
        case('wrong cell', fc_file(20, ' 1 2 1  0.2'), r'x\.fc:20: expected cell 1 1 1, found 2'),
        case('NaN', fc_file(20, ' 1 1 1  NaN'), r'x\.fc:20: .*force constant.*NaN'),
        case('too large for its field', fc_file(20, ' 1 1 1  ********'), r'x\.fc:20: .*force constant'),
        case('every constant zero', fc_file().replace('0.2\n', '0.0\n'), r'x\.fc: every force constant'),
        case('a rule that there is not', fc_file(), r"--sum-rule: no rule 'cristal'; did you mean 'crystal'", words + ['--sum-rule', 'cristal']),
        case('rotational beside charges', fc_file(), r'x\.fc: sum rule rotational', words + ['--sum-rule', 'rotational']),
        Case('qe_fc: a sum rule on the source\'s images', IMPORT + ['--interpolation', 'source', '--sum-rule', 'simple'], epw_set(), r'set: .*sum rule.*epw'),
        case('coupling options without a coupling', fc_file(), r'threshold', words + ['--threshold', '0.1']),
        case('a mesh that the file tells', fc_file(), r'coarse_q', words + ['--coarse-q', '2']),
        case('a format without its path', fc_file(), r'shengbte.* no path', words[:3] + ['shengbte'] + words[3:]),
        case('no crystal in the first part', fc_file(), r'shengbte holds no crystal', ['import', 'shengbte', 'x.fc', '-o', 'out.h5']),
        Case('qe_fc: another crystal', ['import', 'qe_fc', 'x.fc', 'qe_fc', 'y.fc', '-o', 'out.h5'], {'x.fc': fc_file(), 'y.fc': fc_file(5, '2 2 0.5 0.5 0.4')}, r'y\.fc: atom \d stands'),
        Case('qe_fc: electrons second', ['import', 'qe_fc', 'x.fc', *IMPORT[1:3], *IMPORT[3:]], {'x.fc': fc_file(), **epw_set()}, r'set: .*electrons.*first'),
        Case('qe_fc: beside a native file in the deck', ['check', 'deck.yaml'], {'deck.yaml': electrons.replace('  file: out.h5', '  file: out.h5\n  sum_rule: simple')}, r'deck\.yaml:\d+: .*sum_rule.*native'),
        Case('qe_fc: bands of phonons alone', ['bands', 'deck.yaml'], {'x.fc': fc_file(), 'deck.yaml': alone % ''}, r'deck\.yaml:1: .*no electron bands'),
        Case('qe_fc: electrons of phonons alone', ['run', 'deck.yaml'], {'x.fc': fc_file(), 'deck.yaml': swap(BASE[BASE.index('  model'):BASE.index('temperature')], '  import: qe_fc\n  path: x.fc\n')}, r'no bands'),
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
        case('inspect results of another format', edit(lambda f: (f.attrs.__setitem__('content', np.bytes_('results')), f.attrs.modify('format_version', 99))), 'results of format version 99; this program reads 1', ('inspect', 'm.h5')),
        case('inspect a truncated file', truncate, '', ('inspect', 'm.h5')),
        case('bands of a truncated file', truncate, 'damaged or truncated', ('bands', 'deck.yaml')),
    ]


def checkpoint_cases(umklapp):
    """Checkpoints that are not this run's; the deck is good."""
    def case(name, message, files, command=('run', 'deck.yaml', '--restart'), status=2):
        return Case('checkpoint: ' + name, list(command), {'deck.yaml': BASE, **files}, message, status)

    def state(**attributes):
        def make(path):
            with h5py.File(path, 'w') as file:
                for key, value in attributes.items():
                    file.attrs[key] = np.bytes_(value) if isinstance(value, str) else value
        return make
    version = subprocess.run([umklapp, '--version'], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout.split()[1]
    head = {'content': 'checkpoint state', 'version': version, 'keys': 'temperature: 1 K\n', 'generation': 0}
    name = 'out.h5.checkpoint/state-0.h5'
    return [
        case('without --restart', r'out\.h5\.checkpoint: holds an unfinished run: continue it with --restart', {name: state(format_version=1, **head)}, ('run', 'deck.yaml')),
        case('of another format', r'state-0\.h5: has format version 99; this program reads 1', {name: state(format_version=99, **head)}),
        case('of another program version', r'state-0\.h5: was written by umklapp 0\.0\.9', {name: state(format_version=1, **{**head, 'version': '0.0.9'})}),
        case('of another deck', r'state-0\.h5: is of a run with temperature: 1 K, and this deck has', {name: state(format_version=1, **head)}),
        case('of nothing', r'state-0\.h5: is not a checkpoint', {name: state(title='x')}),
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
    return epw_cases() + fc_cases() + native_cases(os.path.join(folder, 'out.h5')) + checkpoint_cases(umklapp) + run_cases()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed decks and command lines. The line numbers are those of BASE, whose first line is 1."""
from run_cases import Case

BASE = '''\
title: one band
material:
  model:
    bands:
      - kind: ellipsoid
        mass: 0.26 m_e
temperature: [100, 200, 300] K
carriers: {electrons: 1e15 cm^-3}
electrons:
  mesh: [12, 12, 12]
  window: 0.35 eV
delta: {scheme: gaussian, width: 20 meV}
scattering:
  acoustic_deformation:
    potential: 9.5 eV
    density: 2.33 g/cm^3
    sound: 9040 m/s
solve: [rta, full]
petsc: {ksp_rtol: 1e-10}
output: out.h5
'''


def swap(old, new, text=BASE):
    assert old in text, old
    return text.replace(old, new, 1)


def deck(name, old, new, message, command='check'):
    return Case(name, [command, 'deck.yaml'], {'deck.yaml': swap(old, new)}, message)


def whole(name, text, message):
    return Case(name, ['check', 'deck.yaml'], {'deck.yaml': text}, message)


def line(number, *patterns):
    return rf'^umklapp: deck\.yaml:{number}: .*' + '.*'.join(patterns)


def setting(name, value, message):
    return Case(name, ['check', 'deck.yaml', '--set', value], {'deck.yaml': BASE}, message)


LATTICE = """\
material:
  model:
    lattice_constant: 4 angstrom
    phonons: {kind: debye, mass: 28.0855 amu, sound: 6000 m/s}
temperature: 300 K
phonons: 4
scattering:
  isotope: natural
output: out.h5
"""


DRAG = """\
temperature: 300 K
material: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}], phonons: {kind: debye, mass: 27 amu, sound: 4000 m/s}, coupling: {kind: constant, force: 1 eV/angstrom}}}
carriers: {electrons: 3e21 cm^-3}
electrons: {mesh: 4, window: 2 eV}
phonons: {mesh: 2, refine: 10 nm^-1}
scattering: {electron_phonon: {}, phonon_relaxation: 1 ps}
solve: drag
output: out.h5
"""


def drag(name, old, new, message):
    return Case(name, ['run', 'deck.yaml'], {'deck.yaml': swap(old, new, DRAG)}, message)


def lattice(name, old, new, message):
    return Case(name, ['run', 'deck.yaml'], {'deck.yaml': swap(old, new, LATTICE)}, message)


def phonon_models():
    phonons = '    phonons: {kind: debye, mass: 28.0855 amu, sound: 6000 m/s}\n'
    return [
        lattice('model of nothing', phonons, '', line(2, "'bands', 'phonons'")),
        lattice('phonons without a cell', '    lattice_constant: 4 angstrom\n', '', line(3, 'lattice_constant')),
        lattice('key of another kind of phonons', 'sound: 6000 m/s', 'sound: 6000 m/s, frequency: 8 THz', line(4, "'frequency'", 'debye')),
        lattice('phonons of a kind without its key', ', sound: 6000 m/s', '', line(4, "needs 'sound'")),
        lattice('transverse sound faster than longitudinal', '6000 m/s', '[5000, 6000] m/s', line(4, 'transverse')),
        lattice('lattice without its constant', 'lattice_constant: 4 angstrom', 'cell: [[4, 0, 0], [0, 4, 0], [0, 0, 4]] angstrom\n    lattice: fcc', line(4, 'lattice_constant')),
        lattice('vertex without phonons', phonons, '    bands: [{kind: cosine, hopping: 1 eV}]\n    cubic: {kind: grueneisen}\n', line(5, "'phonons'")),
        lattice('atom of no element', '28.0855', '25.5', line(8, 'Mg', 'variance')),
        lattice('too many mass variances', 'isotope: natural', 'isotope: {variance: [1e-4, 1e-4]}', line(8, '2 variances')),
        lattice('mass variances of nature', 'isotope: natural', 'isotope: {abundance: natural, variance: 1e-4}', line(8, 'exclude')),
        lattice('walls that are mirrors', 'isotope: natural', 'boundary: {length: 1 um, specularity: 1}', line(8, 'specularity')),
    ]


def decks():
    return [
        deck('mistyped section', 'temperature:', 'temprature:', line(7, "unknown key 'temprature'", 'temperature')),
        deck('mistyped key', 'window:', 'windw:', line(11, "'windw'", 'window')),
        deck('mistyped key far from any', 'window:', 'zzzzzzzzz:', line(11, "'zzzzzzzzz'")),
        deck('mistyped mechanism', 'acoustic_deformation:', 'acustic_deformation:', line(14, 'acustic', 'acoustic_deformation')),
        deck('mistyped key of a mechanism', 'sound:', 'sond:', line(17, "'sond'", 'sound')),
        deck('mistyped key of a band', 'mass: 0.26', 'masss: 0.26', line(6, "'masss'", 'mass')),
        deck('unknown unit', '0.35 eV', '0.35 eVV', line(11, 'eVV', 'eV')),
        deck('unit of another kind', '0.35 eV', '0.35 nm', line(11, 'nm')),
        deck('unit missing', '0.35 eV', '0.35', line(11, 'unit')),
        deck('unit where none belongs', 'mesh: [12, 12, 12]', 'mesh: [12, 12, 12] nm', line(10, 'electrons.mesh')),
        deck('temperature in eV/nm', '[100, 200, 300] K', '[100, 200, 300] eV/nm', line(7, "'temperature' needs e.g. K")),
        deck('negative mesh', '[12, 12, 12]', '[12, -12, 12]', line(10, '-12')),
        deck('zero mesh', '[12, 12, 12]', '0', line(10, '0')),
        deck('mesh of two numbers', '[12, 12, 12]', '[12, 12]', line(10, '2')),
        deck('mesh of reals', '[12, 12, 12]', '[12.5, 12, 12]', line(10, '12.5')),
        deck('mesh too large', '[12, 12, 12]', '[12, 12, 99999]', line(10, '99999')),
        deck('mesh that fits no integer', '[12, 12, 12]', '99999999999999', line(10, '99999999999999')),
        deck('word for a number', '9.5 eV', 'large', line(15, 'large')),
        deck('NaN', '9.5 eV', 'nan eV', line(15, 'nan')),
        deck('infinity', '9.5 eV', '.inf eV', line(15, 'inf')),
        deck('number too large for a double', '9.5 eV', '1e999 eV', line(15, '1e999')),
        deck('negative mass', '0.26 m_e', '-0.26 m_e', line(6, '-0.26')),
        deck('negative temperature', '[100, 200, 300] K', '-5 K', line(7, '-5')),
        deck('zero temperature', '[100, 200, 300] K', '0 K', line(7, '0 K|positive')),
        deck('negative density of mass', '2.33 g/cm^3', '-2.33 g/cm^3', line(16, '-2.33')),
        deck('negative width', '20 meV', '-20 meV', line(12, '-20')),
        deck('unknown scheme', 'gaussian', 'gausian', line(12, 'gausian', 'gaussian')),
        deck('unknown level', '[rta, full]', '[rta, ful]', line(18, 'ful', 'full')),
        deck('level twice', '[rta, full]', '[rta, rta]', line(18, 'rta')),
        deck('list where a number belongs', '9.5 eV', '[9.5, 9.6] eV', line(15, 'potential')),
        deck('section where a number belongs', '0.35 eV', '{low: 1 eV}', line(11, 'window|low')),
        deck('number where a section belongs', 'carriers: {electrons: 1e15 cm^-3}', 'carriers: 5', line(8, 'carriers')),
        deck('list where a section belongs', 'carriers: {electrons: 1e15 cm^-3}', 'carriers: [1, 2]', line(8, 'carriers')),
        deck('range that never arrives', '[100, 200, 300] K', '100:300:-50 K', line(7, '100:300:-50')),
        deck('range with step zero', '[100, 200, 300] K', '100:300:0 K', line(7, '100:300:0')),
        deck('range of a million values', '[100, 200, 300] K', '1:1000000:0.001 K', line(7, 'more than|values')),
        deck('empty list', '[100, 200, 300] K', '[]', line(7, 'temperature')),
        deck('required key missing', '    sound: 9040 m/s\n', '', r'deck\.yaml:1[3-5]: .*sound'),
        deck('material missing', BASE[BASE.index('material'):BASE.index('temperature')], '', r'deck\.yaml.*material'),
        deck('duplicate key', '  window: 0.35 eV\n', '  window: 0.35 eV\n  window: 0.4 eV\n', line(12, 'duplicate', 'window')),
        deck('duplicate section', 'delta:', 'title: again\ndelta:', line(12, 'duplicate', 'title')),
        deck('section written with dots', 'electrons:\n  mesh: [12, 12, 12]\n  window: 0.35 eV\n', 'electrons.mesh: 12\n', line(9, 'electrons.mesh')),
        deck('tab as indentation', '  window: 0.35 eV', '\twindow: 0.35 eV', line('1[01]', 'tab')),
        deck('unclosed bracket', '[12, 12, 12]', '[12, 12, 12', r'deck\.yaml:\d+: '),
        deck('unclosed quote', 'title: one band', 'title: "one band', r'deck\.yaml:\d+: '),
        deck('anchor', '0.35 eV', '&x 0.35 eV', line(11, 'anchor')),
        deck('tag', '0.35 eV', '!!float 0.35', line(11, 'tag')),
        deck('second document', 'output: out.h5\n', 'output: out.h5\n---\ntitle: again\n', r'deck\.yaml:2\d: .*second'),
        deck('petsc option that is a list', '{ksp_rtol: 1e-10}', '{ksp_rtol: [1, 2]}', line(19, 'ksp_rtol')),
        deck('band of no kind', '      - kind: ellipsoid\n        mass', '      - mass', r'deck\.yaml:5: .*kind'),
        deck('unknown kind of band', 'kind: ellipsoid', 'kind: elipsoid', line(5, 'elipsoid', 'ellipsoid')),
        deck('key of another kind of band', 'mass: 0.26 m_e', 'mass: 0.26 m_e\n        hopping: 1 eV', line(7, 'hopping')),
        deck('four masses', '0.26 m_e', '[1, 1, 1, 1] m_e', line(6, '4')),
        deck('no bands', '    bands:\n      - kind: ellipsoid\n        mass: 0.26 m_e\n', '    bands: []\n', line(4, 'bands')),
        deck('path of one point', 'title: one band', 'title: one band\npath: {points: [0, 0, 0]}', line(2, 'points')),
        deck('path of the wrong dimension', 'title: one band', 'title: one band\npath: {points: [[0, 0], [1, 1]]}', line(2, '2')),
        deck('material of two kinds', '  model:', '  file: x.h5\n  model:', r'deck\.yaml:\d+: .*several'),
        deck('material file missing', BASE[BASE.index('  model'):BASE.index('temperature')], '  file: nowhere.h5\n', r'nowhere\.h5'),
        deck('unknown import format', BASE[BASE.index('  model'):BASE.index('temperature')], '  {import: epv, path: .}\n', r'epv.*epw'),
        whole('empty deck', '', r'^umklapp: deck\.yaml: .*empty'),
        whole('comments only', '# nothing\n', r'^umklapp: deck\.yaml: .*empty'),
        whole('deck that is a list', '- 1\n- 2\n', line(1, 'a list')),
        whole('deck that is a word', 'hello\n', line(1, 'key')),
        whole('binary deck', b'\x89HDF\r\n\x1a\n\x00\x00', r'deck\.yaml'),
        whole('deck of invalid UTF-8', b'title: \xff\xfe\n', line(1, 'UTF-8')),
        whole('zero byte', b'title: a\x00b\n', line(1, 'zero byte')),
        whole('very deep nesting', '{a: ' * 3000 + '1' + '}' * 3000, r'deck\.yaml:1: '),
        Case('no such deck', ['check', 'none.yaml'], message=r'^umklapp: none\.yaml: .*No such file'),
        Case('deck that is a folder', ['check', 'folder'], {'folder/x': ''}, r'^umklapp: folder: .*folder'),
        setting('set an unknown key', 'electrons.windw=1 eV', r'windw.*window'),
        setting('set without a value', 'electrons.window', r'section\.key=value'),
        setting('set a wrong unit', 'electrons.window=1 nm', r'nm'),
        setting('set a member of a value', 'electrons.mesh.x=1', r'electrons\.mesh'),
    ]


def fields():
    def extra(name, text, *message, command='check'):
        return deck(name, 'output: out.h5', text + '\noutput: out.h5', line(20, *message), command)
    return [
        extra('three numbers as fields', 'magnetic_field: [1, 2, 3] T', 'one vector or three strengths'),
        extra('field of two components', 'magnetic_field: [[1, 2]] T', 'three components'),
        extra('field in gauss', 'magnetic_field: 1 gauss', "'magnetic_field'"),
        extra('field without unit', 'magnetic_field: [0, 1]', 'unit', 'T'),
        extra('mistyped field', 'magnetic_feild: 1 T', 'magnetic_field'),
        extra('same field twice', 'magnetic_field: [[0, 0, 1], [0, 0, 1]] T', 'same field', command='run'),
        extra('negative frequency', 'frequency: [0, -1] THz', '-1'),
        extra('frequency as an energy', 'frequency: 4 meV', 'an energy', 'THz'),
        extra('same frequency twice', 'frequency: [1, 2, 1] THz', 'entries 1 and 3', command='run'),
        drag('nothing to refine', '10 nm^-1', '1 nm^-1', line(5, 'no point of the mesh', 'nm.-1 away')),
        drag('refined on one mesh', 'mesh: 2', 'mesh: 4', line(5, 'on the electrons. mesh', 'already')),
        drag('refined without drag', ', phonon_relaxation: 1 ps}\nsolve: drag', '}\nsolve: full', line(5, 'both out of equilibrium')),
        drag('refined length', 'nm^-1', 'nm', line(5, 'nm')),
        lattice('refined phonons alone', 'phonons: 4', 'phonons: {mesh: 4, refine: 2 nm^-1}', line(6, 'only beside electrons')),
        lattice('field on phonons', 'output:', 'magnetic_field: 1 T\noutput:', line(9, 'phonons feel no magnetic field')),
        Case('field along a sheet', ['run', 'deck.yaml'], {'deck.yaml': swap('model:', 'model:\n    dimension: 2', swap('electrons: 1e15 cm^-3', 'sheet_electrons: 1e12 cm^-2', swap('output:', 'magnetic_field: [[1, 0, 0]] T\noutput:')))}, line(21, 'along z')),
    ]


def command_lines():
    good = {'deck.yaml': BASE}
    return [
        Case('no command', [], message='no command'),
        Case('unknown command', ['chek', 'deck.yaml'], good, "'chek'.*'check'"),
        Case('unknown command far from any', ['qqqqqqqqq'], message='qqqqqqqqq.*--help'),
        Case('unknown option', ['check', 'deck.yaml', '--sett', 'a=b'], good, "'--sett'.*'--set'"),
        Case('unknown short option', ['check', 'deck.yaml', '-x'], good, "'-x'"),
        Case('option without its value', ['check', 'deck.yaml', '--set'], good, '--set'),
        Case('time without a unit', ['run', 'deck.yaml', '--max-time', '90'], good, "'--max-time': '90' has no unit: '90 s', '90 min'"),
        Case('time in an unknown unit', ['run', 'deck.yaml', '--progress', '3 weeks'], good, "unknown unit 'weeks' of time: s, min, h or d", ranks=(1,)),
        Case('time of two numbers', ['run', 'deck.yaml', '--max-time=1:30'], good, "'1:30' is no time: HH:MM:SS", ranks=(1,)),
        Case('time that is over', ['run', 'deck.yaml', '--max-time', '0 h'], good, 'must be positive', ranks=(1,)),
        Case('log in a folder that is missing', ['run', 'deck.yaml', '--log', 'no/x.log'], good, 'no/x.log: cannot write the log', ranks=(1,)),
        Case('told to stop before it begins', ['run', 'deck.yaml'], {**good, 'STOP': ''}, 'STOP: this file asks the run to stop; remove it'),
        Case('flag with a value', ['keys', '--markdown=1'], message='--markdown.*no value'),
        Case('no deck', ['check'], message='usage: umklapp check DECK'),
        Case('two decks', ['check', 'deck.yaml', 'deck.yaml'], good, 'one argument too many'),
        Case('forecast on no number of ranks', ['forecast', 'deck.yaml', '--ranks', '1,x'], good, "--ranks: '1,x'"),
        Case('forecast on zero ranks', ['forecast', 'deck.yaml', '--ranks', '0'], good, "--ranks: '0'"),
        Case('forecast on ranks with a comma too many', ['forecast', 'deck.yaml', '--ranks', '2,'], good, "--ranks: '2,'"),
        Case('forecast with no memory', ['forecast', 'deck.yaml', '--memory', '0'], good, "--memory: '0'"),
        Case('forecast with memory in words', ['forecast', 'deck.yaml', '--memory', '2GB'], good, "--memory: '2GB'"),
        Case('forecast on half a node', ['forecast', 'deck.yaml', '--per-node', '0.5'], good, "--per-node: '0.5'"),
        Case('forecast of a mistyped deck', ['forecast', 'deck.yaml'], {'deck.yaml': swap('window', 'windou')}, r"deck\.yaml:11: .*'windou'.*'window'"),
        Case('forecast of a study', ['forecast', 'deck.yaml'], {'deck.yaml': 'material: {model: {phonons: {kind: debye, mass: 27 amu, sound: 4000 m/s}}}\nfocusing: {branch: 1, frequency: 1 THz}\n'}, r'deck\.yaml:2: .*focusing.* study'),
        Case('keys of an unknown section', ['keys', 'electron'], message="'electron'.*'electrons'"),
        Case('import without output', ['import', 'epw', '.'], message='-o FILE'),
        Case('import of an unknown format', ['import', 'epv', '.', '-o', 'x.h5'], message="'epv'.*'epw'"),
        Case('import with a bad mesh', ['import', 'epw', '.', '-o', 'x.h5', '--coarse-k', '4,4'], message="--coarse-k.*'4,4'"),
        Case('import with a bad precision', ['import', 'epw', '.', '-o', 'x.h5', '--precision', '48'], message="--precision.*'48'"),
        Case('import of a missing folder', ['import', 'epw', 'nowhere', '-o', 'x.h5'], message='nowhere'),
        Case('inspect a missing file', ['inspect', 'none.h5'], message=r'none\.h5: .*no such file'),
        Case('inspect a text', ['inspect', 'deck.yaml'], good, r'deck\.yaml: .*HDF5'),
        Case('plot a missing file', ['plot', 'none.h5'], message=r'none\.h5: .*no such file'),
        Case('plot a text', ['plot', 'deck.yaml'], good, r'deck\.yaml: .*HDF5'),
        Case('unwritable output', ['bands', 'deck.yaml', '-o', 'no/such/folder/x.h5'], good, r'no/such/folder/x\.h5: cannot write'),
        Case('output that is a folder', ['bands', 'deck.yaml', '-o', 'folder'], {**good, 'folder/x': ''}, 'folder: cannot write'),
        Case('phonons of a material without', ['phonons', 'deck.yaml'], good, r'deck\.yaml:\d+: .*no phonon'),
    ]


def cases(source, umklapp):
    return decks() + fields() + phonon_models() + command_lines()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What must work: the commands on a small model, the decks of inputs/."""
import glob
import os
import re

from deck_cases import BASE
from run_cases import Case

# Runs in which little or nothing relaxes the current: they end well, and say so.
NO_STEADY_STATE = [
    ('phonons of more energy than the window', '''material: {model: {eps_infinity: 10.9, eps_zero: 12.9, extent: 0.06 eV, bands: [{kind: ellipsoid, mass: 0.067 m_e}]}}
temperature: 300 K
carriers: {electrons: 1e14 cm^-3}
electrons: {mesh: 12, window: 0.05 eV}
scattering: {polar_optical: {energy: 100 meV}}
output: x.h5
''', 'states that nothing scatters'),
    ('elastic scattering on a mesh too coarse for it', '''material: {model: {eps_zero: 11.7, extent: 0.3 eV, bands: [{kind: ellipsoid, mass: [0.98, 0.19, 0.4] m_e, axes: [[1, 2, 2], [2, 1, -2], [2, -2, 1]]}]}}
temperature: 300 K
carriers: {electrons: 1e15 cm^-3}
electrons: {mesh: 9, window: 0.25 eV}
delta: {scheme: gaussian, width: 0.5 meV}
scattering: {ionized_impurity: {density: 1e17 cm^-3}}
output: x.h5
''', 'scatter only into themselves'),
]

# Decks of materials that users import themselves
NOT_SHIPPED = {'aluminium-drag.yaml': 'aluminium.h5'}

# Electrons and phonons that stop each other alone: they drift for ever.
DRIFT = '''material: {model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.2 eV}], phonons: {kind: debye, mass: 27 amu, sound: [4000, 2500] m/s}, coupling: {kind: constant, force: 3 eV/angstrom}}}
temperature: 600 K
carriers: {electrons: 3e21 cm^-3}
electrons: {mesh: 8, window: 2.4 eV}
phonons: {mesh: 8}
delta: {scheme: gaussian, width: 60 meV}
scattering: {electron_phonon: normal}
solve: [full, drag]
output: x.h5
'''


# The third order of one native file beside the phonons of another
THIRD_ORDER = """material: {file: %s/inputs/data/silicon.h5, third_order: {import: native, path: %s/inputs/data/%s}}
temperature: 300 K
phonons: {mesh: 3}
scattering: {three_phonon: {}}
output: x.h5
"""


def third_order_cases(source):
    deck = lambda name: {'deck.yaml': THIRD_ORDER % (source, source, name)}
    return [Case('third order of a native file', ['run', 'deck.yaml'], deck('silicon-phonons.h5'), status=0, leaves=['x.h5'], output='2102 triplets'),
            Case('third order of a native file without one', ['run', 'deck.yaml'], deck('silicon.h5'), 'holds no third-order force constants')]


def cases(source, umklapp):
    deck = {'deck.yaml': BASE}
    found = [
        Case('help', ['--help'], status=0, output='umklapp check'),
        Case('help of a command', ['check', '--help'], status=0, output='--set'),
        Case('version', ['--version'], status=0, output=r'umklapp \d+\.\d+\.\d+'),
        Case('keys', ['keys'], status=0, output='electrons.mesh'),
        Case('keys of a section', ['keys', 'electrons'], status=0, output='window'),
        Case('check', ['check', 'deck.yaml'], deck, status=0, output='0.35 eV'),
        Case('check with set', ['check', 'deck.yaml', '--set', 'electrons.window=0.5 eV'], deck, status=0, output='0.5 eV'),
        Case('bands', ['bands', 'deck.yaml'], deck, status=0, leaves=['deck-bands.h5'], output='conduction bottom'),
        Case('bands to a name', ['bands', 'deck.yaml', '-o', 'x.h5'], deck, status=0, leaves=['x.h5'], output='x.h5'),
    ]
    found += [Case(name, ['run', 'deck.yaml'], {'deck.yaml': text}, status=0, leaves=['x.h5'], output=message) for name, text, message in NO_STEADY_STATE]
    found.append(Case('drift of both species', ['run', 'deck.yaml'], {'deck.yaml': DRIFT}, status=3, leaves=['x.h5'], output='level drag: .* nothing stops that current, there is no steady state'))
    found.append(Case('stopped at once', ['run', 'deck.yaml', '--max-time', '0.001 s', '--log', 'x.log'], deck, 'stopped: the limit of 0:00:00 of wall time', status=75, leaves=['x.log']))
    found += third_order_cases(source)
    for page in ('README.md', 'docs/tutorial.md'):
        with open(os.path.join(source, page)) as text:
            decks = re.findall(r'```yaml\n(.*?)```', text.read(), re.S)
        for i, deck in enumerate(decks):
            results = re.search(r'^output: (\S+)', deck, re.M).group(1)
            deck = deck.replace('inputs/data', os.path.join(source, 'inputs', 'data'))
            status = re.search(r'# exit status (\d+)$', deck, re.M)
            found.append(Case(f'deck {i + 1} of {page}', ['run', 'deck.yaml'], {'deck.yaml': deck}, status=int(status.group(1)) if status else 0, leaves=[results],
                              output='no steady state' if status else 'mobility|kappa'))
    for path in sorted(glob.glob(os.path.join(source, 'inputs', '**', '*.yaml'), recursive=True)):
        name = os.path.basename(path)
        absent = NOT_SHIPPED.get(name)
        absent = absent if absent and not os.path.exists(os.path.join(os.path.dirname(path), absent)) else None
        found.append(Case(f'check {name}', ['check', path], message=f'{absent}: cannot be read') if absent else Case(f'check {name}', ['check', path], status=0, output='material'))
    return found

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies of phonons: study_cases.py SOURCE UMKLAPP quick|slow

quick  a narrow packet of silicon moves as its width says, on 1 and 3 ranks alike; focusing of a Debye crystal is 1 everywhere, that of silicon
       is cubic and conserves the flux; malformed decks end with one line and status 2.
slow   inputs/wave-packet.yaml: the energy velocity of every packet is the group velocity within 0.5 %.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SOURCE, UMKLAPP, SET = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
SILICON = os.path.join(SOURCE, 'inputs', 'data', 'silicon-phonons.h5')
PACKET = f'''material: {SILICON}
wave_packet: {{width: 0.9 nm, distance: 1, samples: 5, step: 1, modes: [{{q: [0.3, 0, 0.3], branch: 3}}, {{q: [0.35, 0.15, 0.3], branch: 3}}]}}
output: x.h5
'''
FOCUS = f'''material: {SILICON}
focusing: {{branch: 1, mesh: 48, pixels: 18}}
output: x.h5
'''
DEBYE = '''material: {model: {lattice: fcc, lattice_constant: 4 angstrom, phonons: {kind: debye, mass: 28.0855 amu, sound: [8000, 5000] m/s}}}
focusing: {branch: 3, mesh: 24, pixels: 6}
output: x.h5
'''
MALFORMED = [
    (PACKET, 'q: [0.3, 0, 0.3], branch: 3', 'q: [0.3, 0, 0.3], branch: 7', 'no branch 7: this material has 6'),
    (PACKET, 'step: 1', 'step: 1, box: 16', 'radius 3.6 nm'),
    (PACKET, '[0.3, 0, 0.3]', '[0.01, 0, 0.01]', 'holds Gamma'),
    (PACKET, '[0.3, 0, 0.3]', '[0.5, 0.5, 0.5]', 'no group velocity'),
    (PACKET, 'output:', 'temperature: 300 K\noutput:', 'belongs to transport'),
    (PACKET, SILICON, '{model: {lattice: fcc, lattice_constant: 4 angstrom, phonons: {kind: debye, mass: 28 amu, sound: [8000, 5000] m/s}}}', 'branch|force constants'),
    (PACKET, 'output:', 'focusing: {branch: 1}\noutput:', 'one study per deck'),
    (FOCUS, 'branch: 1', 'branch: 7', 'no branch 7'),
    (FOCUS, 'branch: 1', 'branch: 4', 'not acoustic'),
    (FOCUS, 'branch: 1', 'branch: 1, frequency: 9 THz', 'no phonons of 9 THz'),
]
problems = []


def check(ok, text):
    if not ok:
        problems.append(text)


def run(deck, ranks=1, folder=None):
    """status, last line of standard error, folder with x.h5"""
    folder = folder or tempfile.mkdtemp(prefix='umklapp-study-')
    path = os.path.join(folder, 'deck.yaml')
    with open(path, 'w') as file:
        file.write(deck)
    words = ([] if ranks == 1 else ['mpirun', '--oversubscribe', '-n', str(ranks)]) + [UMKLAPP, 'run', path]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr, os.path.join(folder, 'x.h5')


def read(path, group):
    with h5py.File(path) as file:
        found = {}
        file[group].visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def packets():
    results = [run(PACKET, ranks) for ranks in (1, 3)]
    for status, text, _ in results:
        check(status == 0, f'packets: status {status}: {text[:300]}')
    if problems:
        return
    one, three = (read(path, 'wave_packet') for _, _, path in results)
    speed = np.linalg.norm(one['group_velocity'], axis=1)
    off = lambda a, b: np.linalg.norm(one[a] - one[b], axis=1).max() / speed.min()
    check(off('energy_velocity', 'mean_group_velocity') < 6e-3, f'centre of energy against the mean over the packet: {off("energy_velocity", "mean_group_velocity"):.2e}')
    check(off('current_velocity', 'mean_group_velocity') < 5e-4, f'energy current against the mean over the packet: {off("current_velocity", "mean_group_velocity"):.2e}')
    check(one['energy_drift'].max() < 1e-6, f'energy drifts by {one["energy_drift"].max():.1e}')
    check(one['deviation'].max() < 0.03, f'off the group velocity by {one["deviation"].max():.3f}')
    check(np.allclose(one['centre'], three['centre'], rtol=0, atol=1e-9), 'centres differ between 1 and 3 ranks')
    check(np.allclose(one['profile/density'].sum(axis=-1) * 0.09, 1, atol=5e-3), 'profiles do not hold the energy')


def focusing():
    status, text, path = run(DEBYE)
    check(status == 0, f'Debye: status {status}: {text[:300]}')
    if status:
        return
    map_ = read(path, 'focusing')
    check(np.abs(map_['surface/enhancement'][:, 0] - 1).max() < 1e-10, 'a Debye crystal focuses')
    check(np.abs(map_['map/enhancement'] - 1).max() < 0.1 and len(map_['caustics/direction']) == 0, 'the map of a Debye crystal is not 1')
    check(abs((map_['map/enhancement'] * map_['map/solid_angle']).sum() / (4 * np.pi) - 1) < 1e-10, 'a Debye crystal loses flux')
    status, text, path = run(FOCUS, 2)
    check(status == 0, f'silicon: status {status}: {text[:300]}')
    if status:
        return
    map_ = read(path, 'focusing')
    a = map_['map/enhancement']
    check(abs((a * map_['map/solid_angle']).sum() / (4 * np.pi) - 1) < 1e-10, 'silicon loses flux')
    mean = a.mean(axis=0)
    for image in (*a, mean.T, mean[::-1], mean[:, ::-1]):
        check(np.abs(image - mean).mean() < 0.05 * mean.mean(), f'not cubic: {np.abs(image - mean).mean() / mean.mean():.3f}')
    check(a.max() > 8 and np.unravel_index(np.argmax(mean), mean.shape)[0] in (8, 9), 'slow transverse phonons are not focused along <100>')
    check(len(map_['caustics/direction']) > 100, 'no caustics')


def malformed():
    for deck, old, new, message in MALFORMED:
        check(old in deck, old)
        status, text, path = run(deck.replace(old, new, 1))
        found = any(part in text for part in message.split('|'))
        check(status == 2 and found and text.count('\n') == 1 and not os.path.exists(path), f'{message}: status {status}: {text[:300]}')


def shipped():
    folder = tempfile.mkdtemp(prefix='umklapp-study-')
    path = os.path.join(folder, 'x.h5')
    done = subprocess.run(['mpirun', '-n', '2', UMKLAPP, 'run', os.path.join(SOURCE, 'inputs', 'wave-packet.yaml'), '-o', path], stdout=subprocess.DEVNULL)
    check(done.returncode == 0, f'shipped deck: status {done.returncode}')
    if not done.returncode:
        deviation = read(path, 'wave_packet')['deviation']
        check(len(deviation) >= 5 and deviation.max() < 5e-3, f'energy velocity off the group velocity by {deviation}')


if SET == 'slow':
    shipped()
else:
    packets()
    focusing()
    malformed()
print('\n'.join(problems))
sys.exit(1 if problems else 0)

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`umklapp forecast` and the run after it: forecast_cases.py SOURCE UMKLAPP

Memory within 25 %, processor time within a factor of 2 (and half a second), the results file within 10 %, the number of processes exactly where all are counted; the run says what was forecast
and stores it, another deck's forecast is not taken for its own.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

import h5py

SOURCE, UMKLAPP = [os.path.abspath(word) for word in sys.argv[1:3]]
PHONONS = f'''material: {SOURCE}/inputs/data/silicon-phonons.h5
temperature: [150, 300] K
phonons: {{mesh: 10}}
scattering: {{three_phonon: {{}}, isotope: natural, boundary: 1 mm}}
write_states: true
output: out.h5
'''
FIELDS = '''material: {model: {dimension: 2, metal: true, lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: [0.5, 0.1] eV}]}}
temperature: 300 K
magnetic_field: [0, 1, 3, 10] T
carriers: {chemical_potential: 1 eV}
electrons: {mesh: [80, 80, 1], window: [0.5, 1.5] eV}
scattering: {relaxation_time: 1000 fs}
solve: [full]
output: out.h5
'''


def say(folder, *words):
    """Text of a command, and the processor time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([UMKLAPP, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, f'{words}: exit status {done.returncode}\n{done.stdout}'
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def near(what, said, took, low, high):
    assert low * took <= said <= high * took, f'{what}: forecast {said}, was {took}'


def check(text, folder):
    deck = os.path.join(folder, 'deck.yaml')
    with open(deck, 'w') as file:
        file.write(text)
    said, _ = say(folder, 'forecast', 'deck.yaml', '--ranks', '1,2,4')
    with open(os.path.join(folder, 'out.h5.forecast')) as file:
        seconds, memory, size = [float(word) for word in file.read().splitlines()[2].split()[1:]]
    ran, used = say(folder, 'run', 'deck.yaml')
    assert re.search(r'^forecast +[\d.]+ s and \d+ MiB per rank; took [\d.]+ s and \d+ MiB$', ran, re.M), f'the run does not compare:\n{ran}'
    near('memory', memory, float(re.search(r'at most (\d+) MiB', ran).group(1)), 0.75, 1.25)
    near('file', size, os.path.getsize(os.path.join(folder, 'out.h5')), 0.9, 1.1)
    assert 0.5 * used - 0.5 <= seconds <= 2.0 * used + 0.5, f'forecast {seconds} s, took {used} s of processor time'
    counted, found = float(re.search(r'processes (\S+), all of them counted', said).group(1)), float(re.search(r'processes (\S+), max', ran).group(1))
    assert counted == found, f'{counted} processes counted, {found} found'
    with h5py.File(os.path.join(folder, 'out.h5')) as results:
        near('attribute', results.attrs['forecast_memory_MiB'], memory, 0.999, 1.001)


def check_another(folder):
    """The forecast of a deck that has changed since says nothing of it."""
    with open(os.path.join(folder, 'deck.yaml'), 'a') as file:
        file.write('title: another\n')
    ran, _ = say(folder, 'run', 'deck.yaml')
    assert 'forecast ' not in ran, f'compares with the forecast of another deck:\n{ran}'


for text in (PHONONS, FIELDS):
    with tempfile.TemporaryDirectory(prefix='umklapp-forecast-') as place:
        check(text, place)
        if text == FIELDS:
            check_another(place)

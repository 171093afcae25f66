#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs killed with SIGKILL and restarted: kill.py SOURCE UMKLAPP [--runs N] [--seed S] [--decks NAME,NAME] [--keep]

Each of N runs (of unlike decks, in turn) is killed one to three times: at a random moment of the uninterrupted run's duration, soon after a stage has begun, or while
a checkpoint or the results are being written; all ranks and mpirun at once, or one rank alone, which mpirun answers by ending the others. It is restarted on another number of ranks (1 to 4)
each time. What must hold:
  - after a kill every HDF5 file that carries its name can be read, whole;
  - a restart knows at least the processes and points that the last one did;
  - the results of the end equal those of the uninterrupted run, dataset by dataset, to 1e-10 of the dataset's largest number, the same points missing;
  - no checkpoint, lock or temporary file is left.
Prints in which stage of the run the kills fell.
"""
import argparse
import collections
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

TOLERANCE = 1e-10
HANGS = 600  # seconds
ENVIRONMENT = {**os.environ, 'OMPI_MCA_mpi_yield_when_idle': '1', 'OMPI_MCA_btl': 'self,vader', 'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
               'OMPI_MCA_btl_vader_single_copy_mechanism': 'none', 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
COMMON = """
solver: {tolerance: 1e-13}
checkpoint: 0.05 s
"""
DECKS = {
    'phonons': """
material: SOURCE/inputs/data/silicon-phonons.h5
temperature: [60, 80, 100, 150, 200, 300, 400, 600, 800, 1000] K
phonons: {mesh: 12}
scattering: {three_phonon: {}, isotope: natural, boundary: 1 mm}
solve: [rta, full]
write_states: true
""",
    'electrons': """
material: SOURCE/inputs/data/silicon.h5
temperature: 100:400:50 K
carriers: {electrons: [1e15, 1e17, 1e19] cm^-3}
electrons: {mesh: 28, window: 0.4 eV}
scattering: {electron_phonon: {}}
solve: [rta, full]
write_states: true
""",
    'drag': """
material:
  file: SOURCE/inputs/data/silicon.h5
  third_order: {import: native, path: SOURCE/inputs/data/silicon-phonons.h5}
temperature: [100, 300] K
carriers: {electrons: 1e18 cm^-3}
electrons: {mesh: 24, window: 0.3 eV}
phonons: {mesh: 6, refine: 4 nm^-1}
scattering: {electron_phonon: {}, three_phonon: {}, isotope: natural, boundary: 1 mm}
solve: [rta, full, drag]
""",
    'metal': """
material:
  model:
    metal: true
    lattice_constant: 4 angstrom
    bands: [{kind: ellipsoid, mass: 8 m_e}]
    phonons: {kind: debye, mass: 27 amu, sound: [4500, 3000] m/s}
    coupling: {kind: deformation, potential: 1 eV, transverse: 1 eV}
    cubic: {kind: grueneisen, grueneisen: 2, sound: 4000 m/s}
temperature: [28, 40, 60, 90, 130, 200] K
carriers: {electrons: 2e21 cm^-3}
electrons: {mesh: 16, window: [0.02, 0.17] eV}
phonons: {mesh: 8}
scattering:
  electron_phonon: {}
  three_phonon: {}
  boundary: 10 um
  relaxation_time: {tau: 10 fs, exponent: -1, energy: 73.5 meV}
solve: [rta, full, drag]
write_states: true
""",
    'fields': """
material:
  model:
    eps_infinity: 10.9
    eps_zero: 12.9
    extent: 0.35 eV
    bands: [{kind: ellipsoid, mass: 0.067 m_e}]
temperature: [200, 300] K
carriers: {electrons: 1e16 cm^-3}
electrons: {mesh: 10, window: 0.33 eV}
scattering:
  polar_optical: {energy: 36 meV}
  acoustic_deformation: {potential: 9 eV, sound: 5000 m/s, density: 5.3 g/cm^3}
magnetic_field: [[0, 0, 0], [0, 3, 4]] T
frequency: [0, 0.1] THz
solve: [rta, full]
""",
    'screened': """
material:
  model:
    eps_zero: 11.7
    extent: 0.4 eV
    bands: [{kind: ellipsoid, mass: 0.2 m_e}]
temperature: [200, 300] K
carriers: {electrons: [1e18, 5e18] cm^-3}
electrons: {mesh: 28, window: 0.4 eV}
scattering:
  acoustic_deformation: {potential: 9 eV, sound: 5000 m/s, density: 5.3 g/cm^3}
  ionized_impurity: {density: carriers, charge: 1, screening: debye}
solve: [rta, full]
""",
    'import': """
material: {import: epw, path: aluminium}
temperature: [100, 200, 300] K
electrons: {mesh: 18, window: 0.3 eV}
phonons: {mesh: 6}
delta: {scheme: gaussian, width: 50 meV}
scattering: {electron_phonon: {}, boundary: 10 um}
solve: [rta, full, drag]
""",
}


class Wrong(Exception):
    pass


def descendants(pid):
    """Processes below pid, by /proc: mpirun's ranks are not of its group."""
    children = collections.defaultdict(list)
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{name}/stat') as file:
                children[int(file.read().rsplit(')', 1)[1].split()[1])].append(int(name))
        except OSError:
            pass
    found = [pid]
    for parent in found:
        found += children[parent]
    return found[1:]


def read(path):
    """Every dataset of a file: {name: array}."""
    out = {}
    with h5py.File(path, 'r') as file:
        file.visititems(lambda name, item: out.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None)
    return out


def size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


class Run:
    """One deck in one folder; out.h5 is its output."""

    def __init__(self, folder, umklapp, deck):
        self.folder, self.umklapp, self.deck = folder, umklapp, deck
        self.path = os.path.join(folder, 'out.h5')
        os.makedirs(folder)

    def start(self, ranks, *options):
        self.log = os.path.join(self.folder, f'{len(os.listdir(self.folder)):03d}-on-{ranks}.log')
        words = ['mpirun', '--oversubscribe', '-n', str(ranks)] if ranks > 1 else []
        words += [self.umklapp, 'run', self.deck, '--output', self.path, '--log', self.log, '--verbose', *options, '-checkpoint_often']
        self.text = open(self.log + '.text', 'w')
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.text, stderr=subprocess.STDOUT, env=ENVIRONMENT, cwd=os.path.dirname(self.deck))

    def said(self):
        with open(self.log + '.text', errors='replace') as file:
            return file.read()

    def wait(self):
        """Exit status."""
        try:
            status = self.process.wait(HANGS)
        except subprocess.TimeoutExpired:
            self.kill(True)
            raise Wrong(f'hangs: {self.log}') from None
        self.text.close()
        return status

    def kill(self, everyone):
        """All processes, or one rank and then what mpirun leaves."""
        below = descendants(self.process.pid)
        for pid in ([*below, self.process.pid] if everyone or not below else [random.choice(below)]):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.wait()
        end = time.time() + 60
        while any(os.path.exists(f'/proc/{pid}') for pid in below):
            if time.time() > end:
                raise Wrong('ranks outlive a killed one for a minute')
            time.sleep(0.01)

    def parts(self):
        """Checkpoint files being written now."""
        try:
            return [name for name in os.listdir(self.path + '.checkpoint') if name.endswith('.part')]
        except OSError:
            return []

    def moment(self):
        """Where the run is."""
        if self.parts():
            return 'write of a checkpoint'
        if size(self.path + '.part') > 20000:
            return 'write of the results'
        stages = re.findall(r'  stage +(\w+)', open(self.log).read()) if os.path.exists(self.log) else []
        if not stages:
            return 'start'
        return {'material': 'material (import)', 'processes': 'enumeration', 'operator': 'assembly', 'point': 'assembly', 'solve': 'solve', 'respond': 'solve',
                'write': 'write of the results', 'report': 'after the results'}.get(stages[-1], 'mesh and states')

    def begun(self, stage):
        """Whether a stage has begun."""
        try:
            with open(self.log) as file:
                return f'  stage     {stage}\n' in file.read()
        except OSError:
            return False

    def wait_until(self, condition, seconds):
        """Whether the run is still going when the condition holds or the time is over."""
        end = time.time() + seconds
        while time.time() < end and not condition():
            if self.process.poll() is not None:
                return False
            time.sleep(0.001)
        return self.process.poll() is None

    def check_files(self):
        """Every file that carries its name is whole."""
        count = 0
        for place, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith('.h5'):
                    try:
                        read(os.path.join(place, name))
                    except Exception as error:
                        raise Wrong(f'{os.path.join(place, name)} cannot be read: {error}') from None
                    count += 1
        return count

    def known(self):
        """Processes and points that a restart says to know."""
        text = self.said()
        processes = sum(float(x) for x in re.findall(r'^restart +([\d.e+]+) processes are known', text, re.M))
        points = re.findall(r'^restart +(\d+) of \d+ points are solved', text, re.M)
        return processes, int(points[0]) if points else 0


def compare(path, reference):
    """Largest difference from the reference, of the dataset's largest number; what must be equal is."""
    there, worst = read(path), (0.0, '')
    names = {name for name in reference if not name.startswith('timing/')}
    if names != {name for name in there if not name.startswith('timing/')}:
        raise Wrong(f'other datasets: {names ^ set(there)}')
    for name in names:
        a, b = there[name], reference[name]
        if a.shape != b.shape:
            raise Wrong(f'{name} is {a.shape}, not {b.shape}')
        if name.startswith('audit/') and name.endswith('iterations') or a.dtype.kind not in 'fiu':
            continue
        if numpy.any(numpy.isfinite(a) != numpy.isfinite(b)):
            raise Wrong(f'{name}: other points are missing')
        ok = numpy.isfinite(b)
        if not numpy.any(ok):
            continue
        scale = numpy.max(numpy.abs(b[ok]))
        if name.startswith('audit/'):
            scale = max(1.0, scale)  # residuals and defects, of the order of rounding
        if scale == 0.0:
            scale = 1.0
        worst = max(worst, (float(numpy.max(numpy.abs(a[ok].astype(float) - b[ok].astype(float)))) / scale, name))
    return worst


def one(run, reference, duration, counts):
    """Kill and restart until the results are there; number of kills."""
    kills, wanted, ranks, before = 0, random.randint(1, 3), 0, (0.0, 0)
    share = 1.0
    while True:
        ranks = random.choice([n for n in (1, 2, 3, 4) if n != ranks])
        run.start(ranks, '--restart')
        going = kills < wanted
        if going:
            way = random.random()
            if way < 0.4:
                going = run.wait_until(lambda: False, random.uniform(0.0, share * duration))
            elif way < 0.65:  # within a stage
                stage = random.choice(['processes', 'operator', 'point', 'solve'])
                going = run.wait_until(lambda: run.begun(stage), 4 * duration) and run.wait_until(lambda: False, random.expovariate(1 / (0.03 * duration)))
            elif way < 0.9:
                left = [random.randint(1, 4), None]  # the file of checkpoints that it shall be

                def enough():
                    now = run.parts()
                    if now and now != left[1]:
                        left[0] -= 1
                    left[1] = now
                    return left[0] == 0
                going = run.wait_until(enough, 2 * duration)
            else:
                going = run.wait_until(lambda: size(run.path + '.part') > 20000, 4 * duration)
            if way >= 0.65 and going:
                time.sleep(random.choice([0, 0.001, 0.01]))
        if going:
            where = run.moment()
            run.kill(random.random() < 0.8)
            going = run.process.returncode != 0  # the end may have come first
        else:
            run.wait()
        if run.process.returncode not in (0, -9, 137) and 'umklapp: ' in run.said():
            raise Wrong(f'exit status {run.process.returncode}: ' + run.said()[-500:])
        now = run.known()
        if now[1] < before[1] or now[0] < before[0] * (1 - 1e-3):
            if re.search(r'^(restart|processes)', run.said(), re.M) and 'stage     point' in open(run.log).read():
                raise Wrong(f'knows less than before: {now}, before {before}: {run.log}')
        before = max(before[0], now[0]), max(before[1], now[1])
        files = run.check_files()
        if not going:
            break
        kills += 1
        counts[where] += 1
        share *= 0.8
    if run.process.returncode != 0:
        raise Wrong(f'exit status {run.process.returncode} in the end: ' + run.said()[-500:])
    if not kills:
        return 0
    worst = compare(run.path, reference)
    if worst[0] > TOLERANCE:
        raise Wrong(f'{worst[1]} differs by {worst[0]:.1e}')
    left = [name for name in os.listdir(run.folder) if name != 'out.h5' and '.log' not in name]
    if left:
        raise Wrong(f'left behind: {left}')
    print(f'  {os.path.basename(run.folder)}: {kills} kills, last seen {before[0]:.3g} processes, {before[1]} points known; difference {worst[0]:.1e} ({worst[1]})', flush=True)
    one.worst = max(getattr(one, 'worst', 0.0), worst[0])
    return kills


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('source')
    parser.add_argument('umklapp')
    parser.add_argument('--runs', type=int, default=6)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--decks')
    parser.add_argument('--keep', action='store_true')
    a = parser.parse_args()
    source, umklapp = os.path.abspath(a.source), os.path.abspath(a.umklapp)
    random.seed(a.seed)
    base = tempfile.mkdtemp(prefix='umklapp-kill-', dir='/var/tmp')
    names = a.decks.split(',') if a.decks else list(DECKS)
    data = os.path.join(source, '../shared/data')
    if 'import' in names:
        if os.path.exists(data):
            subprocess.run([sys.executable, os.path.join(data, 'restore.py'), os.path.join(data, 'aluminium'), os.path.join(base, 'aluminium')], check=True, stdout=subprocess.DEVNULL)
        else:
            names.remove('import')
    references, counts, problems, done = {}, collections.Counter(), [], 0
    for name in names[:a.runs]:
        deck = os.path.join(base, name + '.yaml')
        with open(deck, 'w') as file:
            file.write(DECKS[name].lstrip().replace('SOURCE', source) + COMMON)
        run = Run(os.path.join(base, name), umklapp, deck)
        start = time.time()
        run.start(2)
        if run.wait():
            sys.exit(f'{name} uninterrupted: exit status {run.process.returncode}: {run.said()[-1000:]}')
        references[name] = deck, read(run.path), time.time() - start
        print(f'{name}: {references[name][2]:.1f} s uninterrupted, {len(references[name][1])} datasets', flush=True)
    number = 0
    while done < a.runs:
        name = names[number % len(names)]
        deck, reference, duration = references[name]
        number += 1
        run = Run(os.path.join(base, f'{name}-{number:03d}'), umklapp, deck)
        try:
            n = one(run, reference, duration, counts)
            if not n:  # ended before its first kill
                number -= 1
                shutil.rmtree(run.folder)
                continue
            done += 1
            if not a.keep:
                shutil.rmtree(run.folder)
        except Wrong as error:
            problems.append(f'{name}, run {number}: {error}')
            print('  WRONG', problems[-1], flush=True)
            done += 1
    print(f'{done} runs killed {sum(counts.values())} times: ' + ', '.join(f'{n} {where}' for where, n in counts.most_common()))
    print(f'largest difference {getattr(one, "worst", 0.0):.1e}; {len(problems)} problems')
    if problems or a.keep:
        print('kept:', base)
    else:
        shutil.rmtree(base)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())

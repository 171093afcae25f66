#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decks of inputs/models against closed forms and the radial equation (tests/models): model_cases.py SOURCE UMKLAPP quick|slow

quick: coarse meshes, tolerances a little above the deviation found there. slow: the meshes of the decks, 0.5 % of every quantity, and the order
of convergence where delta functions take part. Silent when right; UMKLAPP_TEST_VERBOSE=1 prints every deviation.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

HALF_PERCENT = 0.005
RANGE = ('material.model.extent=0.6 eV', 'electrons.window=0.6 eV')  # 23 k_B T: nothing of (E/k_B T)^4 exp(-E/k_B T) is cut off
TIME = 'scattering.relaxation_time={tau: 100 fs, exponent: %g}'


class Run:
    """deck; mesh: of the quick runs, the slow ones take the deck's; settings (--set); change: arguments of expected(), or its answer;
    quantities {name: (quick tolerance, slow tolerance)}, tolerances relative to the largest element; checks: functions(results) -> problem."""

    def __init__(self, deck, quick, quantities, settings=(), change=None, answer=None, checks=()):
        self.deck, self.mesh, self.quantities, self.settings = deck, {'quick': quick, 'slow': None}, quantities, tuple(settings)
        self.change, self.answer, self.checks = change or {}, answer, checks

    def name(self, mesh):
        return ' '.join([self.deck, f'mesh {mesh or "of the deck"}', *self.settings[-1:]])


def mesh_setting(deck, n):
    return f'electrons.mesh=[{n}, {n}, 1]' if deck.endswith('2d') else f'electrons.mesh={n}'


def compute(source, umklapp, deck, mesh, settings):
    """Results at the first point of a run: {name: tensor} of level full, and the deviation from Matthiessen's rule."""
    words = [umklapp, 'run', os.path.join(source, 'inputs', 'models', deck + '.yaml')]
    with tempfile.TemporaryDirectory(prefix='umklapp-model-') as folder:
        path = os.path.join(folder, 'x.h5')
        for setting in ([mesh_setting(deck, mesh)] if mesh else []) + list(settings):
            words += ['--set', setting]
        done = subprocess.run(words + ['--output', path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise RuntimeError(f'exit status {done.returncode}: {done.stderr.strip()[:300]}')
        with h5py.File(path) as file:
            found = {name: data[()].reshape(-1, 3, 3)[0] for name, data in file['transport/full'].items()}
            found['matthiessen'] = float(file['audit/full/matthiessen_deviation'][()].flat[0])
            return found


def tensor(value, dimension):
    return np.asarray(value) * np.diag([1.0] * dimension + [0.0] * (3 - dimension)) if np.ndim(value) == 0 else np.asarray(value)


def deviation(found, wanted, dimension=3):
    """Largest element of the difference over the largest wanted, with the sign of the change of the first element."""
    want = tensor(wanted, dimension)
    part = (slice(0, dimension),) * 2
    difference = (found - want)[part]
    return np.abs(difference).max() / np.abs(want).max() * (-1 if abs(found[0, 0]) < abs(want[0, 0]) else 1)


def isotropic(found):
    m = found['mobility']
    return None if np.abs(m - np.eye(3) * m[0, 0]).max() < 1e-10 * m[0, 0] else f'mobility is not isotropic: {m.tolist()}'


def strained(found):
    m = np.diag(found['mobility'])
    return None if abs(m[0] / m[1] - 1) < 1e-10 and m[0] > 1.5 * m[2] else f'strained mobility should lose along z and keep x = y: {m}'


def matthiessen(tolerance, wanted):
    def check(found):
        m = found['matthiessen']
        return None if m < 0 and abs(m - wanted) < tolerance else f"deviation from Matthiessen's rule {m:.5f}, the radial equation gives {wanted:.5f}"
    return check


def near_mott(mott):
    return lambda found: None if abs(found['seebeck'][0, 0] / mott - 1) < HALF_PERCENT else f"S {found['seebeck'][0, 0]:.5g}, Mott's formula {mott:.5g}"


def seebeck_runs(forms):
    """tau ~ E^r without degeneracy: S = (k_B/e)(eta - r - 5/2), L = (k_B/e)^2 (r + 5/2)."""
    eta = forms.acoustic()['eta']  # same mass, temperature and density
    for r, lorenz in ((-0.5, 0.01), (0, 1e-4), (0.5, 0.002), (1, 1e-4), (1.5, 5e-4)):
        answer = {'seebeck': -forms.KB_E * (r + 2.5 - eta), 'lorenz': forms.KB_E**2 * (r + 2.5)}
        yield Run('drude', 16, {'seebeck': (0.0015, HALF_PERCENT), 'lorenz': (lorenz, HALF_PERCENT)}, (*RANGE, 'carriers.electrons=1e14 cm^-3', TIME % r),
                  answer=answer)


def power_runs():
    """The shell of states within k_B T of mu is k_F k_B T/(exponent mu) thick: exponents 3 and 4 need the finest meshes."""
    exact = (2e-4, HALF_PERCENT)
    for exponent in (1, 2, 3, 4):
        change = {'exponent': float(exponent)}
        setting = (f'material.model.bands.exponent={exponent}',)
        yield Run('power-law-2d', 128, {'conductivity': exact, 'seebeck': exact, 'lorenz': exact}, setting, change)
        s = 2e-4 if exponent < 3 else 0.002
        yield Run('power-law-3d', 64, {'conductivity': (6e-4, HALF_PERCENT), 'seebeck': (s, HALF_PERCENT), 'lorenz': (s, HALF_PERCENT)}, setting, change)


def runs(forms, size):
    exact, metal, two = (5e-5, HALF_PERCENT), forms.degenerate_metal(), forms.two_mechanisms()
    slack = {'quick': 0.009, 'slow': 0.005}[size]  # absolute: the deviation itself is 2 %
    yield Run('drude', 12, {'conductivity': exact, 'mobility': exact})
    yield Run('ellipsoid-rotated', 16, {'conductivity': exact})
    yield Run('germanium-valleys', 24, {'mobility': exact}, checks=[isotropic])
    yield Run('strained-silicon', 24, {'mobility': exact}, checks=[strained])
    yield Run('silicon-valleys', 20, {'mobility': (0.022, HALF_PERCENT)}, checks=[isotropic])
    yield Run('acoustic', 20, {'mobility': (0.01, HALF_PERCENT), 'seebeck': (0.001, HALF_PERCENT)})
    yield Run('ionized', 28, {'mobility': (0.015, HALF_PERCENT), 'seebeck': (0.022, HALF_PERCENT)})
    yield Run('froehlich', 28, {'mobility': (0.008, HALF_PERCENT)})
    yield Run('two-mechanisms', 28, {'mobility': (0.006, HALF_PERCENT)}, ['solver.matthiessen=true'], checks=[matthiessen(slack, two['mobility'] / two['matthiessen'] - 1)])
    yield Run('degenerate-metal', 96, {'conductivity': (5e-5, HALF_PERCENT), 'seebeck': (0.001, HALF_PERCENT), 'lorenz': (5e-5, HALF_PERCENT)},
              checks=[near_mott(metal['mott'])])
    yield from seebeck_runs(forms)
    yield from power_runs()


# Observed order p between two meshes, error ~ n^-p: (deck, quantity, meshes, least order).
ORDERS = [('acoustic', 'mobility', (20, 40), 1.5), ('silicon-valleys', 'mobility', (20, 36), 1.8), ('ionized', 'mobility', (28, 56), 1.5), ('ionized', 'seebeck', (28, 56), 1.5),
          ('froehlich', 'mobility', (28, 40), 1.2)]


def judge(run, source, umklapp, forms, size):
    mesh = run.mesh[size]
    found = compute(source, umklapp, run.deck, mesh, run.settings)
    wanted = run.answer or forms.expected(run.deck, **run.change)
    problems = [check(found) for check in run.checks]
    for name, tolerance in run.quantities.items():
        off, limit = deviation(found[name], wanted[name], 2 if run.deck.endswith('2d') else 3), tolerance[size == 'slow']
        if os.environ.get('UMKLAPP_TEST_VERBOSE'):
            print(f'{run.name(mesh)}: {name} {100 * off:+.4f} %', flush=True)
        if not abs(off) < limit:
            problems.append(f'{name} {100 * off:+.3f} % off the closed form, allowed {100 * limit:g} %')
    return [f'{run.name(mesh)}: {p}' for p in problems if p]


def order(source, umklapp, forms, deck, quantity, meshes, least):
    wanted = forms.expected(deck)[quantity]
    off = [abs(deviation(compute(source, umklapp, deck, n, ())[quantity], wanted)) for n in meshes]
    p = np.log(off[0] / off[1]) / np.log(meshes[1] / meshes[0])
    if os.environ.get('UMKLAPP_TEST_VERBOSE'):
        print(f'{deck}: {quantity} order {p:.2f} between meshes {meshes}', flush=True)
    return [] if p > least else [f'{deck}: {quantity} converges with order {p:.2f} between meshes {meshes}, expected more than {least}']


def main():
    source, umklapp, size = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    sys.path.insert(0, os.path.join(source, 'tests', 'models'))
    import closed_forms as forms
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(judge, run, source, umklapp, forms, size) for run in runs(forms, size)]
        if size == 'slow':
            jobs += [pool.submit(order, source, umklapp, forms, *row) for row in ORDERS]
        problems = [problem for job in jobs for problem in job.result()]
    print('\n'.join(problems), end='\n' if problems else '')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())

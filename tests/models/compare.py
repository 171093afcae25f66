#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decks of inputs/models against closed forms and the radial equation.

usage: compare.py SOURCE UMKLAPP quick|full      (full: the decks' own meshes, 0.5 %; a table for docs/models.md)

Every row: deck, overrides, what closed_forms.expected() is asked for, quantities with their tolerance. Level full unless it says rta.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import closed_forms

KB_E = 8.617333262e-5
HALF = 0.005
ALL = {'conductivity': HALF, 'seebeck': HALF, 'lorenz': HALF}


def power(dimension, exponent, mesh):
    return (f'power-law-{dimension}d', {'material.model.bands[0].exponent': str(exponent), 'electrons.mesh': str(mesh)}, {'exponent': float(exponent)}, ALL)


QUICK = [
    ('drude', {}, {}, {'conductivity': 1e-4, 'mobility': 1e-4}),
    ('ellipsoid-rotated', {}, {}, {'conductivity': 1e-4}),
    ('germanium-valleys', {}, {}, {'mobility': 1e-4}),
    ('strained-silicon', {}, {}, {'mobility': 1e-4}),
    ('power-law-2d', {}, {}, ALL),
    ('power-law-3d', {}, {}, ALL),
    ('degenerate-metal', {}, {}, {**ALL, 'mott': HALF, 'lorenz_0': HALF}),
    ('acoustic', {'electrons.mesh': '28'}, {}, {'mobility': 0.006, 'seebeck': HALF}),
    ('froehlich', {'electrons.mesh': '28'}, {}, {'mobility': 0.008}),
    ('two-mechanisms', {'electrons.mesh': '28', 'solver.matthiessen': 'true'}, {}, {'mobility': 0.006, 'deviation': 0.008}),
] + [('drude', {'scattering.relaxation_time': f'{{tau: 100 fs, exponent: {r}, energy: 26 meV}}', 'carriers': '{electrons: 1e13 cm^-3}', 'electrons.mesh': '40'}, None, {'nondegenerate': (r, HALF)}) for r in (-0.5, 0.0, 1.5)]

FULL = QUICK + [power(d, a, m) for d, m in ((2, 256), (3, 96)) for a in (1, 2, 3, 4)] + [
    ('acoustic', {'electrons.mesh': str(n)}, {}, {'mobility': t}) for n, t in ((20, 0.010), (28, 0.006), (40, HALF))] + [
    ('silicon-valleys', {'electrons.mesh': str(n)}, {}, {'mobility': t}) for n, t in ((20, 0.020), (28, 0.010), (36, HALF))] + [
    ('ionized', {'electrons.mesh': str(n)}, {}, {'mobility': t}) for n, t in ((28, 0.012), (48, HALF))] + [
    ('froehlich', {}, {}, {'mobility': HALF}), ('two-mechanisms', {'solver.matthiessen': 'true'}, {}, {'mobility': HALF, 'deviation': HALF})]


def run(source, umklapp, folder, deck, sets):
    results = os.path.join(folder, 'x.h5')
    command = [umklapp, 'run', os.path.join(source, 'inputs', 'models', deck + '.yaml'), '--output', results, '--quiet']
    for key, value in sets.items():
        command += ['--set', f'{key}={value}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'{deck}: exit status {done.returncode}: {done.stderr}')
    return h5py.File(results, 'r')


def found(results, name):
    if name == 'deviation':
        return results['audit/full/matthiessen_deviation'][0, 0, 0, 0]
    name = {'mott': 'seebeck', 'lorenz_0': 'lorenz', 'nondegenerate': 'seebeck'}.get(name, name)
    return results['transport/full'][name][0, 0, 0, 0]


def wanted(results, deck, change, name, tolerance):
    """Expected number or tensor, tolerance, and its scale."""
    if name == 'nondegenerate':  # S = -(k_B/e)(r + 5/2 - eta)
        r, tolerance = tolerance
        eta = results['points/chemical_potential'][0, 0] / (KB_E * results['points/temperature'][0])
        value = -KB_E * (r + 2.5 - eta)
        return value, tolerance, abs(value)
    expected = closed_forms.expected(deck, **change)
    if name == 'deviation':  # of Matthiessen's rule, in units of one: mobility sum_c 1/mobility_c - 1
        return expected['mobility'] / expected['matthiessen'] - 1, tolerance, 1.0
    value = expected[name]
    scale = np.abs(value).max()
    if name in ('seebeck', 'mott') and deck.startswith('power'):
        scale = max(scale, 0.1 * KB_E)  # the degenerate Seebeck coefficient is a small difference
    return value, tolerance, scale


def compare(source, umklapp, rows, verbose):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for deck, sets, change, quantities in rows:
            with run(source, umklapp, folder, deck, sets) as results:
                for name, tolerance in quantities.items():
                    want, limit, scale = wanted(results, deck, change, name, tolerance)
                    have = found(results, name)
                    if np.ndim(want) == 0 and np.ndim(have) == 2:  # isotropic, in the plane if two-dimensional
                        n = 2 if '2d' in deck else 3
                        want, have = want * np.eye(n), have[:n, :n]
                    error = np.abs(np.asarray(have) - want).max() / scale
                    bad = not error <= limit
                    failed += bad
                    if bad or verbose:
                        what = ', '.join(f'{k.split(".")[-1]} {v}' for k, v in sets.items())
                        print(f'| {deck} | {what} | {name} | {100 * error:.3f} % | {100 * limit:.2f} % |{" FAILED" if bad else ""}', flush=True)
    return failed


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(1 if compare(sys.argv[1], os.path.abspath(sys.argv[2]), QUICK if sys.argv[3] == 'quick' else FULL, sys.argv[3] == 'full') else 0)

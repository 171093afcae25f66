#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convergence of silicon's thermal conductivity at 300 K with mesh and delta functions, isotopes on and off.

  lattice_convergence.py UMKLAPP FIGURE.png [--most 24] [--ranks 2]

Prints a table in markdown (W/m/K, rta / full) and draws kappa against 1/n with a straight line through the finest meshes.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import h5py
import matplotlib
import numpy as np
matplotlib.use('Agg')
import matplotlib.pyplot as plt

MATERIAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../inputs/data/silicon-phonons.h5')
SCHEMES = [('adaptive', 'adaptive', True), ('Gaussian 10 cm$^{-1}$', '{scheme: gaussian, width: 1.23984 meV}', True),
           ('tetrahedra', 'tetrahedron', True), ('adaptive, no isotopes', 'adaptive', False)]


def kappa(umklapp, mesh, delta, isotopes, ranks, folder):
    out = os.path.join(folder, 'x.h5')
    deck = os.path.join(folder, 'x.yaml')
    with open(deck, 'w') as f:
        f.write(f'material: {os.path.abspath(MATERIAL)}\ntemperature: 300 K\nphonons: {{mesh: {mesh}}}\ndelta: {delta}\n'
                f'scattering: {{three_phonon: {{}}{", isotope: natural" if isotopes else ""}}}\noutput: {out}\n')
    run = subprocess.run(['mpirun', '-n', str(ranks), umklapp, 'run', deck], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    with h5py.File(out) as f:
        return [np.trace(f[f'/transport/{level}/lattice_thermal_conductivity'][0, 0, 0, 0]) / 3 for level in ('rta', 'full')]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('umklapp')
    parser.add_argument('figure')
    parser.add_argument('--most', type=int, default=24)
    parser.add_argument('--ranks', type=int, default=2)
    a = parser.parse_args()
    meshes = [n for n in (8, 12, 16, 20, 24, 28, 32) if n <= a.most]
    table = np.zeros((len(SCHEMES), len(meshes), 2))
    with tempfile.TemporaryDirectory() as folder:
        for i, (_, delta, isotopes) in enumerate(SCHEMES):
            for j, n in enumerate(meshes):
                table[i, j] = kappa(a.umklapp, n, delta, isotopes, a.ranks, folder)
    print('| | ' + ' | '.join(f'{n}^3' for n in meshes) + ' | 1/n -> 0 |')
    print('|---' * (len(meshes) + 2) + '|')
    figure, axes = plt.subplots(figsize=(5, 3.8))
    for i, (name, _, _) in enumerate(SCHEMES):
        x = 1.0 / np.array(meshes)
        line = [np.polyfit(x[-3:], table[i, -3:, level], 1) for level in (0, 1)]
        print(f'| {name} | ' + ' | '.join(f'{r:.2f} / {f:.2f}' for r, f in table[i]) + f' | {line[0][1]:.1f} / {line[1][1]:.1f} |')
        colour = axes.plot(x, table[i, :, 1], 'o-', label=name)[0].get_color()
        axes.plot(x, table[i, :, 0], 's--', color=colour, mfc='none')
        axes.plot([0, x[-1]], np.polyval(line[1], [0, x[-1]]), ':', color=colour)
    axes.set_xlabel('1/n of an n x n x n mesh')
    axes.set_ylabel(r'$\kappa$ (W/mK) at 300 K')
    axes.set_xlim(left=0)
    axes.legend(frameon=False, title='filled: full, open: relaxation time', title_fontsize=8, fontsize=8)
    figure.savefig(a.figure, dpi=180, bbox_inches='tight')


main()

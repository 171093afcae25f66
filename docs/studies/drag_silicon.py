#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phonon drag in n-type silicon.

    drag_silicon.py figure RESULTS.h5 FIGURE.png             S(T) with and without drag from the results of inputs/silicon-drag.yaml, and its numbers
    drag_silicon.py meshes UMKLAPP ELECTRONS/PHONONS[@REFINE]/SCHEME ...     S at 1e16 cm^-3, 100 and 300 K, without impurities, on other meshes, as rows of a table;
                                                            REFINE in nm^-1, without it no phonon is refined
    drag_silicon.py cumulative RESULTS.h5 FIGURE.png         which phonons carry heat and which drag, at the lowest density
    drag_silicon.py size RESULTS.h5 THIN.h5                  S of the lowest density with walls further apart and closer
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

DECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'inputs', 'silicon-drag.yaml')


def read(path):
    """T, n, and in uV/K S with drag, the phonons' part of it, and S without drag; all [T, n]"""
    with h5py.File(path) as f:
        part = [np.trace(f[f'transport/{s}'][:, :, 0, 0], axis1=-2, axis2=-1) / 3e-6 for s in ('drag/seebeck', 'drag/seebeck_phonon', 'full/seebeck') if f'transport/{s}' in f]
        return f['points/temperature'][()], f['points/carrier_density'][()], *part


def figure(results, picture):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    T, n, total, phonon, without = read(results)
    n = np.ravel(n[0] if n.ndim > 1 else n)
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    for i in range(len(n)):
        label = f'$10^{{{round(np.log10(n[i] if n[i] < 1e21 else n[i] / 1e6))}}}$ cm$^{{-3}}$'
        axes[0].plot(T, -total[:, i], 'o-', ms=3, color=f'C{i}', label=label)
        axes[0].plot(T, -without[:, i], '--', color=f'C{i}')
        axes[1].plot(T, -phonon[:, i], 'o-', ms=3, color=f'C{i}')
    for ax, title in zip(axes, ('-S with drag (lines), without (dashes)', 'phonons\' part of -S')):
        ax.set(xlabel='temperature (K)', ylabel=r'$\mu$V/K', title=title)
    for ax in axes:
        ax.set_yscale('log')
    axes[0].legend(fontsize=8)
    fig.savefig(picture, dpi=110)
    for name, part in (('with drag', total), ('phonons', phonon), ('without', without)):
        print(f'| {name}, T (K) | ' + ' | '.join(f'{x:.0e}' for x in n) + ' |')
        for t, row in zip(T, part):
            print(f'| {t:g} | ' + ' | '.join(f'{x:.1f}' for x in row) + ' |')


def meshes(umklapp, names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            electrons, phonons, scheme = name.split('/')
            mesh, _, refine = phonons.partition('@')
            out = os.path.join(folder, 'x.h5')
            sets = [f'electrons.mesh={electrons}', f'phonons={{mesh: {mesh}' + (f', refine: {refine} nm^-1' if refine else '') + '}', f'delta.scheme={scheme}', 'temperature=[100, 300] K',
                    'carriers={electrons: 1e16 cm^-3}', 'electrons.window=0.3 eV', 'scattering={electron_phonon: {}, three_phonon: {}, isotope: natural, boundary: 1 mm}', 'collision.memory=9']
            subprocess.run([umklapp, 'run', DECK, '-o', out, *(w for s in sets for w in ('--set', s))], check=True, stdout=subprocess.DEVNULL)
            _, _, total, phonon, _ = read(out)
            electron = total - phonon
            print(f'| {electrons}^3 | {mesh}^3 | {refine or "-"} | {scheme} | ' + ' | '.join(f'{electron[i, 0]:.1f}, {phonon[i, 0]:.2f}' for i in (0, 1)) + ' |', flush=True)


def cumulative(results, picture):
    """Heat and drag of phonons with mean free paths up to a length, as shares of the whole"""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    with h5py.File(results) as f:
        T, group = f['points/temperature'][()], f['phonons/cumulative/drag']
        for k, t in enumerate((100, 300)):
            i = int(np.argmin(abs(T - t)))
            for axis, x, below in ((axes[0], group['mean_free_path'][i, 0] * 1e-3, 'mean_free_path'), (axes[1], f['phonons/cumulative/frequency'][()], 'frequency')):
                for name, style in (('kappa', '--'), ('seebeck', '-')):
                    y = group[f'{name}_below_{below}'][i, 0]
                    axis.plot(x, y / y[-1], style, color=f'C{k}', label=f'{"heat" if name == "kappa" else "drag"}, {T[i]:g} K')
                    if name == 'seebeck' or below == 'mean_free_path':
                        print(f'{T[i]:g} K, {name}, half below {below} {np.interp(0.5, y / y[-1], x):.3g}')
    axes[0].set(xscale='log', xlabel=r'mean free path ($\mu$m)', ylabel='share of phonons below', xlim=(1e-2, None))
    axes[1].set(xlabel='frequency (THz)')
    axes[0].legend(fontsize=8)
    fig.savefig(picture, dpi=110)


def size(results, thin):
    (T, _, total, _, _), (t, _, small) = read(results), read(thin)[:3]
    for i, x in enumerate(t):
        j = int(np.argmin(abs(T - x)))
        print(f'| {x:g} | {total[j, 0]:.0f} | {small[i, 0]:.0f} |')


if __name__ == '__main__':
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == 'meshes':
        meshes(arguments[0], arguments[1:])
    else:
        {'figure': figure, 'cumulative': cumulative, 'size': size}[command](*arguments)

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phonon drag in the model metal of inputs/metal-drag.yaml.

    drag_metal.py run UMKLAPP FOLDER          the deck, its cold end on finer meshes of electrons, and the diffusive part alone, into results in FOLDER (minutes)
    drag_metal.py report FOLDER FIGURE.png    tables, exponents, the heat capacity of the model's phonons, and the figure
"""
import os
import subprocess
import sys

import h5py
import numpy as np

DECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'inputs', 'metal-drag.yaml')
SOUND, LATTICE, DENSITY = (4500.0, 3000.0, 3000.0), 4e-10, 2e27  # of the deck, SI
HBAR, KB, E = 1.054571817e-34, 1.380649e-23, 1.602176634e-19
RUNS = {  # beside the deck itself: what is different
    '36/18': ['electrons.mesh=36', 'phonons.mesh=18'],
    '48/24': [],
    '72/24': ['electrons.mesh=72', 'temperature=[7, 10, 14, 20, 28] K', 'electrons.window=[0.055, 0.095] eV', 'solve=drag']}
DIFFUSIVE = """material: {model: {metal: true, lattice_constant: 4 angstrom, bands: [{kind: ellipsoid, mass: 8 m_e}]}}
temperature: [7, 10, 14, 20, 28, 40, 60] K
carriers: {electrons: 2e21 cm^-3}
electrons: {mesh: 288, window: [0.02, 0.14] eV}
scattering: {relaxation_time: {tau: 10 fs, exponent: -1, energy: 73.5 meV}}
solve: rta
"""


def run(umklapp, folder):
    os.makedirs(folder, exist_ok=True)
    for name, sets in RUNS.items():
        out = os.path.join(folder, name.replace('/', '-') + '.h5')
        subprocess.run([umklapp, 'run', DECK, '-o', out, *(w for s in sets for w in ('--set', s))], check=True, stdout=subprocess.DEVNULL)
    deck = os.path.join(folder, 'diffusive.yaml')
    with open(deck, 'w') as f:
        f.write(DIFFUSIVE)
    subprocess.run([umklapp, 'run', deck, '-o', os.path.join(folder, 'diffusive.h5')], check=True, stdout=subprocess.DEVNULL)


def heat_capacity(T, n=96):
    """J/m^3/K of the model's phonons: frequency v |q|, q in the cubic zone."""
    q = (np.arange(n) + 0.5) / n * np.pi / LATTICE
    q = np.sqrt(sum(np.meshgrid(q**2, q**2, q**2)))
    x = [HBAR * v * q / (KB * T) for v in SOUND]
    return KB / LATTICE**3 * sum(np.mean((y / 2 / np.sinh(np.minimum(y / 2, 300)))**2) for y in x)


def read(path, dataset):
    with h5py.File(path) as f:
        return f['points/temperature'][()], 1e6 * np.trace(f[f'transport/{dataset}'][:, 0, 0, 0], axis1=-2, axis2=-1) / 3


def exponent(T, S, low, high):
    chosen = (T >= low) & (T <= high)
    return np.polyfit(np.log(T[chosen]), np.log(-S[chosen]), 1)[0]


def report(folder, picture):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    fig, ax = plt.subplots(figsize=(6.2, 4.6), constrained_layout=True)
    for i, name in enumerate(RUNS):
        path = os.path.join(folder, name.replace('/', '-') + '.h5')
        T, phonon = read(path, 'drag/seebeck_phonon')
        electron = read(path, 'drag/seebeck_electron')[1]
        for t, p, e in zip(T, phonon, electron):
            herring = -1e6 * heat_capacity(t) / (3 * DENSITY * E)
            print(f'| {name} | {t:g} | {p:.2f} | {herring:.2f} | {p / herring - 1:+.3f} | {e:.2f} |')
        if T[0] < 15:
            print(f'{name}: exponent of S_phonon {exponent(T, phonon, 7, 20):.2f} ({min(t for t in T if t >= 7):g} to 20 K), {exponent(T, phonon, 7, 28):.2f} (to 28 K)')
        ax.plot(T, -phonon, 'osD^'[i], ms=4, mfc='none', color=f'C{i}', label=f'phonons, {name.split("/")[0]}$^3$/{name.split("/")[1]}$^3$')
    T, diffusive = read(os.path.join(folder, 'diffusive.h5'), 'rta/seebeck')
    print('diffusive', *(f'{t:g}: {s:.3f}' for t, s in zip(T, diffusive)), f'exponent {exponent(T, diffusive, 7, 28):.3f}')
    ax.plot(T, -diffusive, 'k.', label='diffusive alone, 288$^3$')
    fine = np.geomspace(6, 220, 80)
    ax.plot(fine, [1e6 * heat_capacity(t) / (3 * DENSITY * E) for t in fine], 'k-', lw=1, label='$C/3ne$')
    ax.plot(fine[fine < 30], 3.6e-3 * fine[fine < 30]**3 * 2.2, 'k:', lw=0.8)
    ax.text(11, 19, '$T^3$')
    ax.plot(fine, -diffusive[0] * fine / T[0], 'k--', lw=0.8)
    ax.text(120, 13, '$T$')
    ax.set(xscale='log', yscale='log', xlabel='temperature (K)', ylabel=r'$-S$ ($\mu$V/K)', ylim=(0.7, 1500))
    ax.set_xticks([7, 10, 20, 40, 100, 200], ['7', '10', '20', '40', '100', '200'])
    ax.minorticks_off()
    ax.legend(fontsize=8)
    fig.savefig(picture, dpi=110)


if __name__ == '__main__':
    (run if sys.argv[1] == 'run' else report)(*sys.argv[2:4])

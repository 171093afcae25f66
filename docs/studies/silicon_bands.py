#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped silicon against pw.x and matdyn.x: bands, masses, phonons, and its mobility.

  silicon_bands.py [--umklapp build/umklapp] [--material inputs/data/silicon.h5] [--reference inputs/first-principles/reference]

Draws docs/figures/silicon-bands.png and fills the tables between the markers of docs/silicon.md. Bands and frequencies come from
`umklapp bands` and `umklapp phonons`, on exactly the points of the reference files.
"""
import argparse
import os
import re
import subprocess
import tempfile

import h5py
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENT = os.path.join(ROOT, 'docs/silicon.md')
FIGURE = os.path.join(ROOT, 'docs/figures/silicon-bands.png')
ALAT = 10.20                                  # bohr
HBAR2_2M = 3.8099821 / 0.529177210903 ** 2    # hbar^2 / 2 m_e, eV bohr^2
THZ = 33.35640951981521                       # cm^-1
WINDOW = 0.35                                 # eV: bands this close to their edge count as transport


def lines(k):
    """Cut a list of points into straight, evenly spaced lines: (first, last + 1); corners belong to both."""
    cuts, step = [0], np.diff(k, axis=0)
    for i in range(1, len(step)):
        if abs(step[i] - step[i - 1]).max() > 1e-6 and i > cuts[-1]:
            cuts.append(i)
    return [(a, b + 1) for a, b in zip(cuts, cuts[1:] + [len(k) - 1])]


def line(args, command, first, last, count):
    """Energies (eV) or frequencies (THz) on count points from first to last, and the k of umklapp."""
    species, quantity = ('electrons', 'energy') if command == 'bands' else ('phonons', 'frequency')
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/deck.yaml', 'w') as f:
            f.write('material: %s\nelectrons: {mesh: 2}\nphonons: {mesh: 2}\ndos: {mesh: 2}\noutput: out.h5\npath: {points: [[%s], [%s]], labels: A B, count: %d}\n'
                    % (os.path.abspath(args.material), ', '.join('%.12f' % x for x in first), ', '.join('%.12f' % x for x in last), count))
        subprocess.run([os.path.abspath(args.umklapp), command, 'deck.yaml', '--output', folder + '/out.h5', '--quiet'], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        name = [n for n in os.listdir(folder) if n.endswith('.h5')][0]
        with h5py.File(os.path.join(folder, name)) as f:
            return f['path/%s/k' % species][:], f['path/%s/%s' % (species, quantity)][:]


def evaluate(args, command, k):
    out = None
    for a, b in lines(k):
        at, e = line(args, command, k[a], k[b - 1], b - a)
        assert abs(at - k[a:b]).max() < 1e-6, 'points of the reference are not on a line'
        out = np.full((len(k), e.shape[1]), np.nan) if out is None else out
        out[a:b] = e
    return out


def inverse_mass(curvature, unit):
    """m/m_e from the coefficient of t^2 in eV, t in units of `unit` 1/bohr."""
    return HBAR2_2M * unit ** 2 / curvature


def masses(e, nvalence=4):
    """From the lines of bands-masses.txt: position and energy of the minimum, m_l, m_t (two directions), hole masses [100], [111], [110]."""
    unit, c = 2 * np.pi / ALAT, e[:, nvalence]
    t = np.linspace(-0.03, 0.03, 7)
    transverse = [inverse_mass(np.polyfit(t, c[i:i + 7], 4)[2], unit) for i in (0, 7)]
    fit = np.polyfit(np.linspace(0.80, 0.89, 19) - 0.845, c[14:33], 4)
    root = np.roots(np.polyder(fit))
    t0 = min(root[abs(root.imag) < 1e-9].real, key=abs)
    longitudinal = inverse_mass(np.polyval(np.polyder(fit, 2), t0) / 2, unit)
    t, holes = np.linspace(0, 0.05, 11), []
    design = np.stack([t ** 2, t ** 4, t ** 6], 1)
    for first in (33, 44, 55):
        v = e[first:first + 11, 1:nvalence] - e[33, nvalence - 1]
        holes.append([-inverse_mass(np.linalg.lstsq(design, v[:, b], rcond=None)[0][0], unit) for b in range(3)])
    return t0 + 0.845, np.polyval(fit, t0), longitudinal, transverse, holes


def table_masses(pw, own, top_pw, top_own):
    rows = [('conduction minimum, part of Gamma-X', '%.4f' % pw[0], '%.4f' % own[0]), ('gap (eV)', '%.4f' % (pw[1] - top_pw), '%.4f' % (own[1] - top_own)),
            ('m_l', '%.3f' % pw[2], '%.3f' % own[2]), ('m_t along [010], [011]',) + tuple('%.3f, %.3f' % tuple(m[3]) for m in (pw, own))]
    for name, a, b in zip(('[100]', '[111]', '[110]'), pw[4], own[4]):
        rows.append(('holes along ' + name,) + tuple(', '.join('%.3f' % x for x in sorted(m)) for m in (a, b)))
    return '| | pw.x | umklapp |\n|---|---|---|\n' + '\n'.join('| %s | %s | %s |' % r for r in rows)


def table_errors(sets, top, bottom):
    out = ['| largest (rms) difference, meV | conduction, up to %.2f eV above the minimum | valence, down to %.2f eV below the top | all four valence bands |' % (WINDOW, WINDOW), '|---|---|---|---|']
    for name, pw, own in sets:
        d = 1e3 * (own[:, :5] - pw[:, :5])
        c, v = pw[:, 4] < bottom + WINDOW, pw[:, 1:4] > top - WINDOW
        cell = ['%.1f (%.1f)' % (abs(x).max(), np.sqrt((x ** 2).mean())) if x.size else '' for x in (d[c, 4], d[:, 1:4][v], d[:, :4])]
        out.append('| %s, %d points | %s |' % (name, len(pw), ' | '.join(cell)))
    return '\n'.join(out)


def mobility(args, carriers, mesh):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/deck.yaml', 'w') as f:
            f.write('material: %s\ntemperature: 300 K\ncarriers: {%s: 1e15 cm^-3}\nelectrons: {mesh: %d, window: %g eV}\nscattering: {electron_phonon: {}}\n'
                    'delta: {scheme: adaptive}\nsolve: [rta, full]\noutput: out.h5\n' % (os.path.abspath(args.material), carriers, mesh, args.window))
        subprocess.run([os.path.abspath(args.umklapp), 'run', 'deck.yaml', '--output', folder + '/out.h5', '--quiet'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with h5py.File(folder + '/out.h5') as f:
            return [np.trace(f['transport/%s/mobility' % level][0, 0, 0, 0]) / 3 for level in ('rta', 'full')]


def table_mobility(args):
    e, h = (mobility(args, c, args.mesh) for c in ('electrons', 'holes'))
    return '\n'.join(['| cm^2/Vs at 300 K, 1e15 cm^-3 | electrons | holes |', '|---|---|---|',
                      '| `rta`, %d^3 | %.0f | %.0f |' % (args.mesh, e[0], h[0]), '| `full`, %d^3 | %.0f | %.0f |' % (args.mesh, e[1], h[1]),
                      '| Ponce, Margine and Giustino, Phys. Rev. B 97, 121201 (2018): GW bands, spin-orbit coupling | 1366 | 658 |',
                      '| measured | 1350-1450 | 445-505 |'])


def draw(gx, gl, px, pk, pl, top):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    plt.rcParams.update({'font.size': 9, 'axes.spines.top': False, 'axes.spines.right': False, 'legend.frameon': False})
    own, reference = '#1f77b4', '#d62728'
    figure = plt.figure(figsize=(11, 4.6), constrained_layout=True)
    grid = figure.add_gridspec(2, 3, width_ratios=[1.15, 1, 1.15], height_ratios=[1.6, 1])
    ax = figure.add_subplot(grid[:, 0])
    x, l = np.linspace(0, 1, len(gx[0])), -np.sqrt(3) / 2 * np.linspace(0, 1, len(gl[0]))
    for at, (pw, e), step in ((x, gx, 6), (l, gl, 4)):
        ax.plot(at, e[:, :8] - top, color=own, lw=1.2)
        ax.plot(at[::step], pw[::step, :8] - top, 'o', color=reference, ms=2.6, mew=0)
    ax.plot([], [], color=own, label='umklapp')
    ax.plot([], [], 'o', color=reference, ms=3, label='pw.x, matdyn.x')
    ax.set_xlim(l[-1], 1)
    ax.set_ylim(-12.6, 4)
    ax.set_xticks([l[-1], 0, 1])
    ax.set_xticklabels(['L', r'$\Gamma$', 'X'])
    ax.axvline(0, color='0.8', lw=0.7, zorder=0)
    ax.set_ylabel('energy above the valence top (eV)')
    ax.set_title('bands')
    ax.legend(loc='center', bbox_to_anchor=(0.5, 0.36), frameon=True, framealpha=1, edgecolor='none')

    zoom, error = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    pw, e = gx
    near = pw[:, 4] < pw[:, 4].min() + WINDOW
    zoom.plot(x, 1e3 * (e[:, 4] - pw[:, 4].min()), color=own, lw=1.2)
    zoom.plot(x[::3], 1e3 * (pw[::3, 4] - pw[:, 4].min()), 'o', color=reference, ms=2.6, mew=0)
    zoom.set_xlim(x[near][0], 1)
    zoom.set_ylim(-15, 1e3 * WINDOW)
    zoom.set_ylabel('meV above the minimum')
    zoom.set_title('conduction valley')
    zoom.tick_params(labelbottom=False)
    error.axhline(0, color='0.8', lw=0.7)
    error.plot(x, 1e3 * (e[:, 4] - pw[:, 4]), color='k', lw=1)
    error.set_xlim(x[near][0], 1)
    error.set_ylim(-6, 6)
    error.set_ylabel('umklapp - pw.x (meV)')
    error.set_xlabel(r'part of $\Gamma$-X')

    ax = figure.add_subplot(grid[:, 2])
    start, ticks, names = 0.0, [0.0], [r'$\Gamma$']
    for (pw, e), length, name in ((px, 1.0, 'X, K'), (pk, 3 / np.sqrt(8), r'$\Gamma$'), (pl, np.sqrt(3) / 2, 'L')):
        at = start + length * np.linspace(0, 1, len(pw))
        ax.plot(at, e, color=own, lw=1.2)
        ax.plot(at[::3], pw[::3], 'o', color=reference, ms=2.6, mew=0)
        start += length
        ticks.append(start)
        names.append(name)
    for t in ticks[1:-1]:
        ax.axvline(t, color='0.8', lw=0.7, zorder=0)
    ax.set_xticks(ticks)
    ax.set_xticklabels(names)
    ax.set_xlim(0, start)
    ax.set_ylim(0, 16.5)
    ax.set_ylabel('frequency (THz)')
    ax.set_title('phonons')
    figure.savefig(FIGURE, dpi=140)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--umklapp', default=os.path.join(ROOT, 'build/umklapp'))
    parser.add_argument('--material', default=os.path.join(ROOT, 'inputs/data/silicon.h5'))
    parser.add_argument('--reference', default=os.path.join(ROOT, 'inputs/first-principles/reference'))
    parser.add_argument('--mesh', type=int, default=80, help='mesh of the mobilities')
    parser.add_argument('--window', type=float, default=0.45, help='energy window of the mobilities, eV')
    args = parser.parse_args()
    read = {n: np.loadtxt(os.path.join(args.reference, n + '.txt')) for n in ('bands-gamma-x', 'bands-gamma-l', 'bands-masses', 'phonons-path')}
    gx, gl = ((read[n][:, 3:], evaluate(args, 'bands', read[n][:, :3])) for n in ('bands-gamma-x', 'bands-gamma-l'))

    k = read['bands-masses'][:, :3]
    own = np.concatenate([line(args, 'bands', k[a], k[b - 1], b - a)[1] for a, b in ((0, 7), (7, 14), (14, 33), (33, 44), (44, 55), (55, 66))])
    top, bottom = gx[0][0, 3], gx[0][:, 4].min()

    q, omega = read['phonons-path'][:, :3], read['phonons-path'][:, 3:] / THZ
    branch = [(omega[a:b], line(args, 'phonons', q[a], q[b - 1], b - a)[1]) for a, b in lines(q) if b - a > 2]
    phonon_error = max(abs(a - b).max() for a, b in branch)
    print('phonons: largest difference to matdyn.x %.1e THz on %d points' % (phonon_error, sum(len(a) for a, b in branch)))

    parts = {'bands': table_errors((('Gamma-X',) + gx, ('Gamma-L',) + gl), top, bottom), 'masses': table_masses(masses(read['bands-masses'][:, 3:]), masses(own), top, gx[1][0, 3]),
             'phonons': 'Largest difference to matdyn.x along Gamma-X, K-Gamma and Gamma-L (%d points): %.0e THz.' % (sum(len(a) for a, b in branch), phonon_error),
             'mobility': table_mobility(args)}
    for body in parts.values():
        print(body + '\n')
    draw(gx, gl, *branch, top)
    if os.path.exists(DOCUMENT):
        with open(DOCUMENT) as f:
            text = f.read()
        for name, body in parts.items():
            text = re.sub('(<!-- %s -->\n).*?(<!-- end -->)' % name, lambda m: m.group(1) + body + '\n' + m.group(2), text, flags=re.S)
        with open(DOCUMENT, 'w') as f:
            f.write(text)


if __name__ == '__main__':
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mobility of silicon at 300 K against mesh, delta scheme and energy window.

  silicon_convergence.py [--umklapp build/umklapp] [--material inputs/data/silicon.h5] [--carriers both] [--largest 100]

Runs what docs/studies/data/silicon-convergence-CARRIERS.csv do not hold yet (one run at a time, on one rank), then writes
docs/figures/silicon-convergence.png and the tables between the markers of docs/convergence.md. Each csv starts with the
checksum of the material file; numbers of another file are thrown away.
"""
import argparse
import csv
import hashlib
import os
import re
import resource
import subprocess
import tempfile

import h5py
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CSV = os.path.join(ROOT, 'docs/studies/data/silicon-convergence-%s.csv')   # electrons, holes
DOCUMENT = os.path.join(ROOT, 'docs/convergence.md')
FIGURE = os.path.join(ROOT, 'docs/figures/silicon-convergence.png')
CARRIERS = ('electrons', 'holes')
SCHEMES = [('adaptive', 1.0), ('tetrahedron', 0.0), ('adaptive', 0.5), ('adaptive', 0.7), ('gaussian', 30.0), ('gaussian', 10.0)]
MESHES = [20, 24, 30, 40, 50, 60, 80, 100]
DEAR = {80: SCHEMES[2:5], 100: SCHEMES[1:]}   # mesh: schemes left out
WINDOWS = [0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.60]
WINDOW = 0.45                 # eV, of the mesh study
FIELDS = ['carriers', 'scheme', 'parameter', 'mesh', 'window', 'temperature', 'rta', 'full', 'loss', 'states', 'points', 'processes', 'cpu', 'wall']
KEYS = FIELDS[:6]


def checksum(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()[:16]


def load(material, carriers):
    try:
        with open(CSV % carriers) as f:
            if f.readline().split()[-1] != checksum(material):
                return {}
            return {tuple(r[k] for k in KEYS): r for r in csv.DictReader(f)}
    except FileNotFoundError:
        return {}


def save(rows, material, carriers):
    os.makedirs(os.path.dirname(CSV), exist_ok=True)
    with open(CSV % carriers, 'w', newline='') as f:
        f.write('# material ' + checksum(material) + '\n')
        out = csv.DictWriter(f, FIELDS, lineterminator='\n')
        out.writeheader()
        out.writerows(sorted((r for r in rows.values() if r['carriers'] == carriers), key=lambda r: (r['scheme'], float(r['parameter']), int(r['mesh']), float(r['window']), float(r['temperature']))))


def run(args, carriers, scheme, parameter, mesh, window, temperatures):
    """One run; a list of rows, one for each temperature."""
    delta = {'adaptive': '{scheme: adaptive, factor: %g}', 'gaussian': '{scheme: gaussian, width: %g meV}', 'tetrahedron': '{scheme: tetrahedron}'}[scheme]
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/deck.yaml', 'w') as f:
            f.write('material: %s\ntemperature: [%s] K\ncarriers: {%s: 1e15 cm^-3}\nelectrons: {mesh: %d, window: %g eV}\n'
                    'delta: %s\nscattering: {electron_phonon: {}}\nsolve: [rta, full]\ncollision: {memory: 9}\noutput: out.h5\n'
                    % (os.path.abspath(args.material), ', '.join('%g' % t for t in temperatures), carriers, mesh, window,
                       delta % parameter if '%' in delta else delta))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = dict(os.environ, OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1')
        text = subprocess.run([os.path.abspath(args.umklapp), 'run', 'deck.yaml', '--output', folder + '/out.h5'], cwd=folder, env=environment, check=True,
                              stdout=subprocess.PIPE, universal_newlines=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        count = {name: float(re.search(pattern, text).group(1)) for name, pattern in
                 (('states', r'states\s+(\d+)'), ('points', r'wedge points, (\d+) points'), ('processes', r'processes ([\d.e+]+),'))}
        rows = []
        with h5py.File(folder + '/out.h5') as f:
            for i, t in enumerate(temperatures):
                mobility = {level: np.trace(f['transport/%s/mobility' % level][i, 0, 0, 0]) / 3 for level in ('rta', 'full')}
                rows.append(dict(carriers=carriers, scheme=scheme, parameter='%g' % parameter, mesh=str(mesh), window='%g' % window, temperature='%g' % t,
                                 rta='%.4f' % mobility['rta'], full='%.4f' % mobility['full'], loss='%.3e' % f['audit/full/window_loss'][i, 0, 0, 0],
                                 states='%d' % count['states'], points='%d' % count['points'], processes='%.4g' % count['processes'],
                                 cpu='%.2f' % (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), wall='%.2f' % f.attrs['wall_time_s']))
    return rows


def need(rows, args, *what):
    carriers, scheme, parameter, mesh, window, temperatures = what
    key = [(carriers, scheme, '%g' % parameter, str(mesh), '%g' % window, '%g' % t) for t in temperatures]
    if all(k in rows for k in key):
        return
    for r in run(args, *what):
        rows[tuple(r[k] for k in KEYS)] = r
    r = rows[key[0]]
    print('%-9s %-11s %-4s %4s^3 window %s eV: rta %8s full %8s, loss %s, cpu %s s' %
          (carriers, scheme, r['parameter'], r['mesh'], r['window'], r['rta'], r['full'], r['loss'], r['cpu']), flush=True)
    save(rows, args.material, carriers)


def series(rows, carriers, scheme, parameter, level='full'):
    got = sorted((int(r['mesh']), float(r[level])) for r in rows.values()
                 if (r['carriers'], r['scheme'], r['parameter'], r['window'], r['temperature']) == (carriers, scheme, '%g' % parameter, '%g' % WINDOW, '300'))
    return np.array([g[0] for g in got]), np.array([g[1] for g in got])


def extrapolate(n, mu, smallest=50):
    """mu(N) = mu + c/N^2 by least squares: value, and the scatter of the points around it carried to N -> infinity."""
    use = n >= smallest
    design = np.stack([np.ones(use.sum()), 1.0 / n[use] ** 2], 1)
    c, *_ = np.linalg.lstsq(design, mu[use], rcond=None)
    scatter = np.sqrt(((design @ c - mu[use]) ** 2).sum() / max(1, use.sum() - 2))
    return c[0], scatter * np.sqrt(np.linalg.inv(design.T @ design)[0, 0]), c


def label(scheme, parameter):
    return {'adaptive': 'adaptive, factor %g' % parameter, 'gaussian': 'Gaussian, %g meV' % parameter, 'tetrahedron': 'tetrahedra'}[scheme]


def table_mesh(rows, carriers):
    out = ['| %s, %s | ' % (carriers, 'level') + ' | '.join('%d^3' % n for n in MESHES) + ' | N -> inf |', '|---|' + '---|' * (len(MESHES) + 1)]
    for scheme, parameter in SCHEMES:
        for level in ('rta', 'full'):
            n, mu = series(rows, carriers, scheme, parameter, level)
            value = dict(zip(n, mu))
            cells = ['%.0f' % value[m] if m in value else '' for m in MESHES]
            limit = '%.0f +- %.0f' % extrapolate(n, mu)[:2] if scheme != 'gaussian' and (n >= 50).sum() > 2 else ''
            out.append('| %s, `%s` | %s | %s |' % (label(scheme, parameter), level, ' | '.join(cells), limit))
    return '\n'.join(out)


def table_cost(rows, carriers):
    out = ['| %s | ' % carriers + ' | '.join('%d^3' % n for n in MESHES) + ' |', '|---|' + '---|' * len(MESHES)]
    pick = {(r['scheme'], r['parameter'], int(r['mesh'])): r for r in rows.values() if r['carriers'] == carriers and r['window'] == '%g' % WINDOW and r['temperature'] == '300'}
    for name, field, scheme in (('points in the window', 'points', SCHEMES[0]), ('processes, adaptive 1', 'processes', SCHEMES[0]), ('CPU s, adaptive 1', 'cpu', SCHEMES[0]),
                                ('processes, tetrahedra', 'processes', SCHEMES[1]), ('CPU s, tetrahedra', 'cpu', SCHEMES[1])):
        row = [pick.get((scheme[0], '%g' % scheme[1], m)) for m in MESHES]
        out.append('| %s | %s |' % (name, ' | '.join(('%.2g' % float(r[field]) if field == 'processes' else '%.0f' % float(r[field])) if r else '' for r in row)))
    return '\n'.join(out)


def table_window(rows, carriers):
    out = ['| %s, window | ' % carriers + ' | '.join('%d K: mobility, drive outside' % t for t in (200, 300, 400)) + ' | CPU s |', '|---|---|---|---|---|']
    for w in WINDOWS:
        cells = []
        for t in (200, 300, 400):
            r = rows[(carriers, 'adaptive', '1', '40', '%g' % w, '%g' % t)]
            cells.append('%.1f, %.0e' % (float(r['full']), float(r['loss'])))
        out.append('| %.2f eV | %s | %s |' % (w, ' | '.join(cells), r['cpu']))
    return '\n'.join(out)


def write_document(rows):
    with open(DOCUMENT) as f:
        text = f.read()
    parts = {'mesh': '\n\n'.join(table_mesh(rows, c) for c in CARRIERS), 'cost': '\n\n'.join(table_cost(rows, c) for c in CARRIERS),
             'window': '\n\n'.join(table_window(rows, c) for c in CARRIERS)}
    for name, body in parts.items():
        text = re.sub('(<!-- %s -->\n).*?(<!-- end -->)' % name, lambda m: m.group(1) + body + '\n' + m.group(2), text, flags=re.S)
    with open(DOCUMENT, 'w') as f:
        f.write(text)


def draw(rows):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    plt.rcParams.update({'font.size': 9, 'axes.spines.top': False, 'axes.spines.right': False, 'legend.frameon': False})
    colour = ['#1f77b4', '#d62728', '#8cc4ec', '#4c9fd6', '#b0b0b0', '#606060']
    marker = ['o', 'D', '^', 's', 'v', 'x']
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), constrained_layout=True)
    for ax, carriers in zip(axes, CARRIERS):
        for (scheme, parameter), c, m in zip(SCHEMES, colour, marker):
            n, mu = series(rows, carriers, scheme, parameter)
            ax.plot(1e4 / n ** 2, mu, m + '-', color=c, ms=4.5, lw=1.2, label=label(scheme, parameter))
            if (scheme, parameter) in (SCHEMES[0], SCHEMES[1]) and (n >= 50).sum() > 2:
                value, error, fit = extrapolate(n, mu)
                x = np.linspace(0, 1 / 50 ** 2, 20)
                ax.plot(1e4 * x, fit[0] + fit[1] * x, ':', color=c, lw=1)
                ax.errorbar([0], [value], yerr=[error], color=c, marker=m, mfc='white', ms=6, capsize=3)
            rta = series(rows, carriers, scheme, parameter, 'rta')
            if (scheme, parameter) == SCHEMES[0]:
                ax.plot(1e4 / rta[0] ** 2, rta[1], '--', color=c, lw=1, label='the same, relaxation times')
        ax.set_xlim(-0.4, 1e4 / 30 ** 2 * 1.04)
        shown = np.concatenate([mu[n >= 30] for n, mu in (series(rows, carriers, *s) for s in SCHEMES)])
        ax.set_ylim(0.97 * shown.min(), 1.03 * shown.max())
        ax.set_xlabel(r'$10^4/N^2$ for an $N\times N\times N$ mesh')
        ax.set_ylabel(r'mobility (cm$^2$/Vs)')
        ax.set_title('silicon, %s, 300 K' % carriers)
        top = ax.secondary_xaxis('top', functions=(lambda x: x, lambda x: x))
        top.set_xticks([1e4 / n ** 2 for n in (30, 40, 50, 60, 80, 100)])
        top.set_xticklabels(['30', '40', '50', '60', '80', '100'], fontsize=7)
        top.tick_params(length=2)
    axes[0].legend(fontsize=7.5, loc='lower left')
    figure.savefig(FIGURE, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--umklapp', default=os.path.join(ROOT, 'build/umklapp'))
    parser.add_argument('--material', default=os.path.join(ROOT, 'inputs/data/silicon.h5'))
    parser.add_argument('--carriers', choices=CARRIERS + ('both',), default='both', help='of one kind only: no figure, no tables')
    parser.add_argument('--largest', type=int, default=max(MESHES), help='largest mesh to run')
    args = parser.parse_args()
    rows = {}
    for carriers in CARRIERS:
        rows.update(load(args.material, carriers))
    for carriers in [c for c in CARRIERS if args.carriers in (c, 'both')]:
        for w in WINDOWS:
            need(rows, args, carriers, 'adaptive', 1.0, 40, w, (200, 300, 400))
        for mesh in [m for m in MESHES if m <= args.largest]:
            for scheme, parameter in [x for x in SCHEMES if x not in DEAR.get(mesh, [])]:
                need(rows, args, carriers, scheme, parameter, mesh, WINDOW, (300,))
    if args.carriers != 'both':
        return
    draw(rows)
    if os.path.exists(DOCUMENT):
        write_document(rows)


if __name__ == '__main__':
    main()

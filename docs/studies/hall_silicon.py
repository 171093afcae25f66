#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hall factor of silicon against the mesh (docs/magnetic.md): hall_silicon.py run UMKLAPP FOLDER MESH... | figure FOLDER FIGURE.png

run: inputs/hall-silicon.yaml for electrons and holes on each mesh, results in FOLDER. figure: what FOLDER holds.
"""
import glob
import os
import re
import subprocess
import sys

import h5py


def run(umklapp, folder, meshes):
    deck = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'inputs', 'hall-silicon.yaml')
    for n in meshes:
        for kind in ('electrons', 'holes'):
            subprocess.run([umklapp, 'run', deck, '--set', f'electrons.mesh={n}', '--set', f'carriers={{{kind}: 1e15 cm^-3}}',
                            '--output', os.path.join(folder, f'{kind}-{n}.h5')], check=True)


def figure(folder, path):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    for kind, colour in (('electrons', 'C0'), ('holes', 'C3')):
        files = {int(re.search(r'-(\d+)\.h5', f).group(1)): f for f in glob.glob(os.path.join(folder, f'{kind}-*.h5'))}
        meshes = sorted(files)
        for level, style in (('full', 'o-'), ('rta', 's--')):
            factor = []
            for n in meshes:
                with h5py.File(files[n]) as f:
                    factor.append(f[f'transport/{level}/low_field/hall_factor'][0, 0, 1])
            left.plot(meshes, factor, style, color=colour, label=f'{kind}, {level}')
        with h5py.File(files[meshes[-1]]) as f:
            field = f['points/magnetic_field'][:, 2]
            x = f['transport/full']
            right.plot(field[1:], x['hall_factor'][0, 0, 1:, 0], 'o-', color=colour, label=f'{kind}, {meshes[-1]}$^3$: Hall factor')
            right.plot(field[1:], x['magnetoresistance_transverse'][0, 0, 1:, 0], '^:', color=colour, label=f'{kind}: transverse magnetoresistance')
    left.set(xlabel='points along each axis of the mesh', ylabel='Hall factor, weak field', ylim=(0, None))
    right.set(xlabel='B (T)', xscale='log', ylim=(0, 2), ylabel='Hall factor, magnetoresistance')
    left.legend(fontsize=8)
    right.legend(fontsize=8, loc='upper left')
    fig.tight_layout()
    fig.savefig(path, dpi=120)


if __name__ == '__main__':
    if sys.argv[1] == 'run':
        run(sys.argv[2], sys.argv[3], [int(n) for n in sys.argv[4:]])
    else:
        figure(sys.argv[2], sys.argv[3])

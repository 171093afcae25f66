#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strong and weak scaling and memory on one machine, stage by stage: docs/scaling.md.

scaling.py UMKLAPP FOLDER [--ranks 1 2] [--memory-ranks 4] [--repeat 2] [--study NAME ...]

Runs each study on each number of ranks, `repeat` times in turn (the fastest counts), and prints tables; FOLDER takes results, logs, scaling.png.
Ranks beyond the cores of the machine (--memory-ranks) are run once, for their memory and balance alone. Cells of stages: seconds of wall time / seconds at work, the mean of
the ranks, and in brackets the largest of them over the mean.
"""
import argparse
import os
import subprocess
import sys

import h5py
import numpy

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STAGES = ('states', 'processes', 'operator', 'point', 'solve', 'write')
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1')

# name: deck, --set, and for weak scaling the --set per number of ranks: work grows about as the ranks do
STUDIES = {
    'silicon electrons': ('silicon-mobility.yaml', ['electrons.mesh=48'], None),
    'silicon phonons': ('silicon-kappa.yaml', ['phonons.mesh=18', 'temperature=[200, 300, 400] K'], None),
    'silicon drag': ('silicon-drag.yaml', ['electrons.mesh=48', 'phonons.mesh=12', 'temperature=[200, 300] K', 'carriers={electrons: [1e14, 1e16] cm^-3}'], None),
    'weak: silicon phonons': ('silicon-kappa.yaml', ['temperature=[200, 300, 400] K'], {1: ['phonons.mesh=14'], 2: ['phonons.mesh=16'], 4: ['phonons.mesh=18']}),
    'weak: silicon electrons': ('silicon-mobility.yaml', [], {1: ['electrons.mesh=42'], 2: ['electrons.mesh=48'], 4: ['electrons.mesh=55']}),
}


def run(umklapp, folder, name, ranks):
    """One run: stages {name: (wall, work, imbalance, MiB)}, wall time, peak MiB per rank, processes."""
    deck, sets, weak = STUDIES[name]
    path = os.path.join(folder, f"{name.replace(' ', '-').replace(':', '')}-{ranks}")
    command = ['mpirun', '--oversubscribe', '-n', str(ranks), umklapp, 'run', os.path.join(HERE, 'inputs', deck), '--output', path + '.h5']
    for item in sets + (weak[ranks] if weak else []):
        command += ['--set', item]
    with open(path + '.log', 'w') as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=ENVIRONMENT, check=True)
    with open(path + '.log') as log:
        text = log.read()
    done = next(line for line in text.splitlines() if line.startswith('done in'))
    processes = [line.split() for line in text.splitlines() if line.startswith('processes ') and 'max/mean' in line]
    with h5py.File(path + '.h5', 'r') as file:
        t = file['timing']
        names = t.attrs['stages']
        names = (names.decode() if isinstance(names, bytes) else names).split(', ')
        stages = {n: tuple(float(t[k][i]) for k in ('wall', 'work', 'imbalance', 'memory')) for i, n in enumerate(names)}
    return {'stages': stages, 'seconds': float(done.split()[2]), 'MiB': float(done.split('at most')[1].split()[0]),
            'processes': sum(float(p[1].rstrip(',')) for p in processes), 'balance': max(float(p[5].rstrip(',')) for p in processes)}


def table(title, head, rows):
    print(f'\n{title}\n\n| ' + ' | '.join(head) + ' |\n|' + '---|' * len(head))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
    sys.stdout.flush()


def best(runs):
    return min(runs, key=lambda r: r['seconds'])


def report(name, results, timed):
    """results {ranks: run}; timed: the ranks that have cores of their own."""
    weak = name.startswith('weak')
    first = results[timed[0]]
    rows = []
    for ranks, r in sorted(results.items()):
        row = [str(ranks), f"{r['processes']:.3g}", f"{r['balance']:.3f}"]
        for stage in STAGES:
            wall, work, imbalance, _ = r['stages'].get(stage, (0, 0, 1, 0))
            row.append((f'{wall:.2f} / ' if ranks in timed else '') + f'{work:.2f}' + (f' ({imbalance:.2f})' if stage in ('processes', 'solve') else ''))
        speed = first['seconds'] / r['seconds'] * (r['processes'] / first['processes'] if weak else 1.0)
        row += [f"{r['seconds']:.1f}" if ranks in timed else '', f"{speed:.2f}" if ranks in timed else '', f"{r['MiB']:.0f}"]
        rows.append(row)
    table(name, ['ranks', 'processes', 'max/mean'] + list(STAGES) + ['whole, s', 'speed-up', 'MiB per rank'], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('umklapp')
    parser.add_argument('folder')
    parser.add_argument('--ranks', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--memory-ranks', type=int, nargs='*', default=[4])
    parser.add_argument('--repeat', type=int, default=2)
    parser.add_argument('--study', nargs='+', default=list(STUDIES), choices=list(STUDIES))
    a = parser.parse_args()
    os.makedirs(a.folder, exist_ok=True)
    everything = {}
    for name in a.study:
        runs = {ranks: [] for ranks in a.ranks}
        for _ in range(a.repeat):
            for ranks in a.ranks:
                runs[ranks].append(run(a.umklapp, a.folder, name, ranks))
        results = {ranks: best(r) for ranks, r in runs.items()}
        for ranks in a.memory_ranks:
            results[ranks] = run(a.umklapp, a.folder, name, ranks)
        report(name, results, a.ranks)
        everything[name] = results
    plot(a.folder, everything, a.ranks)


def plot(folder, everything, timed):
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    strong = {n: r for n, r in everything.items() if not n.startswith('weak')}
    if not strong:
        return
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    x = numpy.arange(len(strong))
    bottom = {ranks: numpy.zeros(len(strong)) for ranks in timed}
    for i, stage in enumerate(STAGES):
        for j, ranks in enumerate(timed):
            value = numpy.array([r[ranks]['stages'].get(stage, (0,))[0] / r[timed[0]]['seconds'] for r in strong.values()])
            axes[0].bar(x + (j - 0.5 * (len(timed) - 1)) * 0.3, value, 0.26, bottom=bottom[ranks], color=f'C{i}', label=stage if not j else None, alpha=1.0 if not j else 0.75)
            bottom[ranks] += value
    axes[0].set_xticks(x, strong)
    axes[0].set_ylabel(f'time, of the run on {timed[0]} rank')
    axes[0].set_title('left bar 1 rank, right bar 2' if timed == [1, 2] else 'bars: ' + ', '.join(map(str, timed)) + ' ranks', fontsize=10)
    axes[0].legend(fontsize=8, loc='upper left', bbox_to_anchor=(1.0, 1.0))
    for i, (name, r) in enumerate(strong.items()):
        ranks = sorted(r)
        axes[1].loglog(ranks, [r[k]['MiB'] for k in ranks], 'o-', color=f'C{i}', label=name)
    axes[1].set_xticks(sorted(next(iter(strong.values()))), sorted(next(iter(strong.values()))))
    axes[1].minorticks_off()
    ticks = [n for n in (100, 150, 200, 300, 400, 600, 800, 1200, 1600) if axes[1].get_ylim()[0] <= n <= axes[1].get_ylim()[1]]
    axes[1].set_yticks(ticks, ticks)
    axes[1].set_xlabel('ranks')
    axes[1].set_ylabel('MiB per rank')
    axes[1].legend(fontsize=8)
    figure.savefig(os.path.join(folder, 'scaling.png'), dpi=110)


if __name__ == '__main__':
    main()

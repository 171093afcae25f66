#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table and picture of a scaling study: python3 scaling.py FOLDER, where FOLDER was written by scaling.sh.

Reads FOLDER/N.log (the text of the run on N nodes) and FOLDER/N.h5; writes FOLDER/times.csv and FOLDER/scaling.png.
Rate r = processes per second, of a stage or of the whole run; p ranks; 0: the run on the fewest ranks.
Speed-up r p0/r0 (strong scaling: t0 p0/t), efficiency (r/p)/(r0/p0). A run's own count of processes enters, so that weak scaling is right
when meshes cannot grow exactly. Runs that did not end are named and left out; exit status 1 when fewer than two ended.
"""
import csv
import glob
import os
import re
import sys

STAGES = ('processes', 'solve')  # what is divided over ranks and takes long; the others are in the table


def read_log(path):
    """Times, memory and processes of a run, or None when its text has no end."""
    text = open(path, errors='replace').read()
    done = re.search(r'^done in ([\d.]+) s on (\d+) ranks?, at most (\d+) MiB', text, re.M)
    seconds = re.search(r'^seconds\s+(.*)$', text, re.M)
    counts = re.findall(r'^processes ([\d.e+-]+), max/mean over ranks ([\d.]+)', text, re.M)
    if not (done and seconds and counts):
        return None
    run = {'seconds ' + name: float(value) for name, value in (part.split() for part in seconds.group(1).split(', '))}
    run.update({'nodes': int(os.path.basename(path)[:-4]), 'ranks': int(done.group(2)), 'seconds': float(done.group(1)),
                'MiB per rank': int(done.group(3)), 'processes': sum(float(n) for n, _ in counts), 'max/mean': max(float(m) for _, m in counts)})
    return run


def rate(run, stage=None):
    """Processes per second; the text has tenths of a second, so nothing is shorter."""
    return run['processes'] / max(run['seconds ' + stage] if stage else run['seconds'], 0.1)


def difference(folder, runs):
    """Largest relative difference between results of the runs, each quantity against its largest number; None when a file or h5py is missing."""
    try:
        import h5py
        import numpy
    except ImportError:
        return None
    worst, reference = 0.0, {}
    for run in runs:
        path = os.path.join(folder, f"{run['nodes']}.h5")
        if not os.path.exists(path):
            return None
        with h5py.File(path, 'r') as file:
            for level in file.get('transport', ()):
                for name in ('conductivity', 'electronic_thermal_conductivity', 'lattice_thermal_conductivity'):
                    if name in file['transport'][level]:
                        value = file['transport'][level][name][...]
                        first = reference.setdefault((level, name), value)
                        worst = max(worst, float(numpy.max(numpy.abs(value - first)) / numpy.max(numpy.abs(first))))
    return worst


def plot(folder, runs):
    try:
        import matplotlib
        matplotlib.use('Agg')
        from matplotlib import pyplot, ticker
    except ImportError:
        print('no picture: python3-matplotlib is missing')
        return
    ranks = [run['ranks'] for run in runs]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4))
    left.plot(ranks, [n / ranks[0] for n in ranks], ':', color='gray', label='ideal')
    right.axhline(1, linestyle=':', color='gray')
    for stage, label in [(None, 'whole run')] + [(s, s) for s in STAGES]:
        if stage and runs[0]['seconds ' + stage] < 0.5:  # too short to be timed from the text
            continue
        speed = [rate(run, stage) / rate(runs[0], stage) for run in runs]
        left.plot(ranks, speed, 'o-', label=label)
        right.plot(ranks, [s * ranks[0] / n for s, n in zip(speed, ranks)], 'o-', label=label)
    for axes, name in ((left, 'speed-up'), (right, 'efficiency')):
        axes.set(xscale='log', xlabel='ranks', ylabel=name)
        axes.set_xticks(ranks, [str(n) for n in ranks])
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    left.set_yscale('log')
    left.yaxis.set_major_formatter(ticker.FormatStrFormatter('%g'))
    left.yaxis.set_minor_formatter(ticker.FormatStrFormatter('%.2g'))
    right.set_ylim(0, 1.2)
    left.legend()
    figure.suptitle(os.path.basename(os.path.normpath(folder)))
    figure.tight_layout()
    figure.savefig(os.path.join(folder, 'scaling.png'), dpi=150)


def main(folder):
    runs = []
    for path in glob.glob(os.path.join(folder, '*.log')):
        run = read_log(path) if re.fullmatch(r'\d+\.log', os.path.basename(path)) else None
        runs += [run] if run else []
        if not run:
            print(f'{path}: no end of a run in it; left out')
    runs.sort(key=lambda run: run['ranks'])
    if len(runs) < 2:
        print('scaling needs two runs that ended')
        return 1
    if not all(run['processes'] for run in runs):  # mechanisms without processes, as a relaxation time
        print('no processes in these runs: times are compared as they are')
        for run in runs:
            run['processes'] = 1
    for run in runs:
        run['speed-up'] = rate(run) / rate(runs[0])
        run['efficiency'] = run['speed-up'] * runs[0]['ranks'] / run['ranks']
    columns = ['nodes', 'ranks', 'processes', 'seconds'] + [name for name in runs[0] if name.startswith('seconds ')] + ['max/mean', 'MiB per rank',
                                                                                                                    'speed-up', 'efficiency']
    with open(os.path.join(folder, 'times.csv'), 'w', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows({name: f'{run[name]:.6g}' for name in columns} for run in runs)
    print('  nodes  ranks  processes  seconds  enumerate    solve  max/mean  MiB/rank  speed-up  efficiency')
    for run in runs:
        print(f"{run['nodes']:7d}{run['ranks']:7d}{run['processes']:11.3e}{run['seconds']:9.1f}{run['seconds processes']:11.1f}{run['seconds solve']:9.1f}"
              f"{run['max/mean']:10.3f}{run['MiB per rank']:10d}{run['speed-up']:10.2f}{run['efficiency']:12.2f}")
    if len({run['processes'] for run in runs}) == 1:
        worst = difference(folder, runs)
        if worst is not None:
            print(f'results differ by at most {worst:.1e}')
    plot(folder, runs)
    return 0


if __name__ == '__main__':
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit('usage: python3 scaling.py FOLDER')
    sys.exit(main(sys.argv[1]))

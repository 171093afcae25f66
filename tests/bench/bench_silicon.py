#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of umklapp on silicon, as ratios measured in one run on one machine; prints, judges nothing.

  bench_silicon.py [--build build] [--set ../shared/data/silicon] [--restore ../shared/data/restore.py] [--skip-epw] [--repeat 3]

  a  silicon electrons, 20^3, four temperatures, Gaussian of 30 meV, 4x4x4 coarse set: CPU seconds beside epw.x on the same files
  b  vertex kernel in percent of the DGEMM rate of the same core: tests/bench/bench_vertex, and a real run
  c  1 -> 2 ranks: enumeration and whole run, 60^3
  d  memory per rank on 1 and 2 ranks, as the program prints it
  e  inputs/silicon-mobility.yaml on 2 ranks

CPU seconds are user + system time of the whole process, wall times the best of --repeat runs.
"""
import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EPW_DOCUMENTED = 112.0     # CPU seconds, where epw.x cannot be run
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1')

TEST_DECK = '''material: %s
temperature: [100, 200, 300, 400] K
carriers: {electrons: 1e15 cm^-3}
electrons: {mesh: 20, window: [6.312, 6.912] eV}
delta: {scheme: gaussian, width: 30 meV}
scattering: {electron_phonon: {}}
solve: [rta, full]
output: out.h5
'''
FINE_DECK = '''material: %s
temperature: 300 K
carriers: {electrons: 1e15 cm^-3}
electrons: {mesh: 60, window: 0.45 eV}
scattering: {electron_phonon: {}}
solve: [rta, full]
output: out.h5
'''


def run(command, folder):
    """CPU seconds, wall seconds and text of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit('%s: exit %d\n%s' % (' '.join(command), done.returncode, done.stdout[-2000:]))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.time() - start, done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else float('nan')


def mobilities(text):
    return [(int(t), level, float(mu)) for t, level, mu in re.findall(r'^ +(\d+) +\S+ +\S+ +(rta|full) +(\S+)', text, re.M)]


def run_epw(args, folder):
    """CPU seconds of epw.x on the restored files, and what it prints last at each temperature."""
    where = os.path.join(folder, 'epw')
    shutil.copytree(os.path.join(folder, 'set'), where)
    shutil.copy(os.path.join(args.set, 'qe/epw-mobility-electrons.in'), where)
    with open(os.path.join(where, 'si.ukk'), 'w') as f:     # a restart reads the first line of it alone
        f.write('   1  16\n')
    cpu, wall, text = run(['epw.x', '-in', 'epw-mobility-electrons.in'], where)
    rows = re.findall(r'^ +(\d+)\.000 +\S+ +\S+ +\S+ +(\S+) ', text, re.M)
    print('   epw.x mobilities (SERTA first, iterations, converged last): ' +
          '; '.join('%s K %.6g ... %.6g' % (t, float([m for u, m in rows if u == t][0]), float([m for u, m in rows if u == t][-1])) for t in ('100', '200', '300', '400')))
    return cpu


def peer(args, folder):
    print('a  silicon electrons, 20^3, four temperatures, relaxation times and full, 4x4x4 coarse set')
    run([sys.executable, args.restore, args.set, os.path.join(folder, 'set')], folder)
    imported = run([args.umklapp, 'import', 'epw', 'set', '-o', 'set.h5', '--interpolation', 'source'], folder)[0]
    with open(os.path.join(folder, 'test.yaml'), 'w') as f:
        f.write(TEST_DECK % 'set.h5')
    cpu = [run([args.umklapp, 'run', 'test.yaml', '--output', 'test.h5'], folder) for i in range(args.repeat)]
    own = min(c[0] for c in cpu)
    print('   umklapp mobilities: ' + '; '.join('%d K %s %.6g' % m for m in mobilities(cpu[0][2])))
    documented = args.skip_epw or not shutil.which('epw.x')
    epw = EPW_DOCUMENTED if documented else run_epw(args, folder)
    print('   epw.x %s%.1f CPU s; umklapp run %.2f CPU s, import once %.2f CPU s' % ('(documented) ' if documented else '', epw, own, imported))
    print('   ratio %.0f; with the import %.0f' % (epw / own, epw / (own + imported)))


def kernel(args, folder):
    print('b  vertex kernel against DGEMM')
    texts = [run([os.path.join(args.build, 'tests/bench/bench_vertex'), args.material], folder)[2] for i in range(args.repeat)]
    text = max(texts, key=lambda t: number(r'dgemm \d+ +([\d.]+)', t))
    print('   ' + text.strip().replace('\n', '\n   '))
    return number(r'dgemm \d+ +([\d.]+)', text)


def ranks(args, folder, dgemm):
    with open(os.path.join(folder, 'fine.yaml'), 'w') as f:
        f.write(FINE_DECK % args.material)
    best = {}
    for n in (1, 2):
        texts = [run(['mpirun', '--oversubscribe', '-n', str(n), args.umklapp, 'run', 'fine.yaml', '--output', 'fine.h5'], folder)[2] for i in range(args.repeat)]
        best[n] = {name: min(number(pattern, t) for t in texts) for name, pattern in
                   (('enumeration', r'scattering processes: ([\d.]+) s'), ('run', r'done in ([\d.]+) s'), ('memory', r'at most ([\d.]+) MiB'), ('kept', r'([\d.]+) MiB per rank'))}
        best[n]['kernel'] = max(number(r'vertex kernel ([\d.]+) Gflop', t) for t in texts)
    print('   real run, 60^3: %.1f Gflop/s on one rank, %.0f %% of the DGEMM rate above' % (best[1]['kernel'], 100 * best[1]['kernel'] / dgemm))
    print('c  1 -> 2 ranks, electrons, 60^3, best of %d' % args.repeat)
    for name in ('enumeration', 'run'):
        print('   %-11s %.2f s -> %.2f s: %.2f times' % (name, best[1][name], best[2][name], best[1][name] / best[2][name]))
    print('d  memory per rank, 60^3')
    for n in (1, 2):
        print('   %d ranks: at most %.0f MiB, of it %.0f MiB of kept processes' % (n, best[n]['memory'], best[n]['kept']))


def main_job(args, folder):
    deck = os.path.join(ROOT, 'inputs/silicon-mobility.yaml')
    print('e  the main job, inputs/silicon-mobility.yaml, on 2 ranks')
    wall = [run(['mpirun', '--oversubscribe', '-n', '2', args.umklapp, 'run', deck, '--output', os.path.join(folder, 'main.h5')], ROOT)[1] for i in range(args.repeat)]
    print('   %.1f s wall, start of mpirun to its end' % min(wall))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'))
    parser.add_argument('--material', default=os.path.join(ROOT, 'inputs/data/silicon.h5'))
    parser.add_argument('--set', default=os.path.join(ROOT, '../shared/data/silicon'), help='the 4x4x4 test set')
    parser.add_argument('--restore', default=os.path.join(ROOT, '../shared/data/restore.py'))
    parser.add_argument('--skip-epw', action='store_true', help='compare with the documented CPU seconds')
    parser.add_argument('--repeat', type=int, default=3)
    args = parser.parse_args()
    for name in ('build', 'material', 'set', 'restore'):
        setattr(args, name, os.path.abspath(getattr(args, name)))
    args.umklapp = os.path.join(args.build, 'umklapp')
    with tempfile.TemporaryDirectory() as folder:
        if os.path.exists(args.restore):
            peer(args, folder)
        else:
            print('a  skipped: no test set at ' + args.set)
        ranks(args, folder, kernel(args, folder))
        if os.path.exists(os.path.join(ROOT, 'inputs/silicon-mobility.yaml')):
            main_job(args, folder)


if __name__ == '__main__':
    main()

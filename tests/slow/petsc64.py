#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program with a PETSc of 64-bit indices gives the numbers of the ordinary build: petsc64.py SOURCE UMKLAPP

Configures and builds SOURCE with -Dpetsc64=true in a temporary folder, runs DECKS with both programs on 2 ranks, compares every dataset but times and what is only
round-off (audit). Skipped (status 77) where that PETSc is missing: on Debian libpetsc64-real-dev and libslepc64-real-dev.
"""
import os
import subprocess
import sys
import tempfile

TOLERANCE = 1e-10
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != 'LD_LIBRARY_PATH'}  # each program loads its own library
DECKS = [('inputs/models/degenerate-metal.yaml', []),
         ('inputs/silicon-mobility.yaml', ['--set', 'electrons.mesh=16', '--set', 'temperature=[200, 300] K', '--set', 'delta=tetrahedron']),
         ('inputs/silicon-kappa.yaml', ['--set', 'phonons.mesh=6', '--set', 'temperature=300 K']),
         ('inputs/silicon-drag.yaml', ['--set', 'electrons.mesh=16', '--set', 'phonons.mesh=4', '--set', 'phonons.refine=8 nm^-1', '--set', 'temperature=300 K',
                                       '--set', 'carriers={electrons: 1e16 cm^-3}'])]


def run(*words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, **options)
    if done.returncode:
        sys.exit(f'{" ".join(words)}: exit status {done.returncode}\n{done.stdout[-2000:]}')


def difference(one, other):
    """Largest difference of a dataset relative to its largest number, and its name."""
    import h5py
    import numpy
    worst = (0.0, 'nothing')

    def compare(name, item):
        nonlocal worst
        if not isinstance(item, h5py.Dataset) or name.startswith(('timing', 'audit')):
            return
        x, y = item[()], b[name][()]
        if (numpy.isnan(x) != numpy.isnan(y)).any():
            worst = max(worst, (numpy.inf, name))
        x, y = numpy.nan_to_num(x), numpy.nan_to_num(y)
        scale = numpy.abs(x).max() if x.size else 0.0
        if scale > 0.0:
            worst = max(worst, (float(numpy.abs(x - y).max() / scale), name))

    with h5py.File(one, 'r') as a, h5py.File(other, 'r') as b:
        a.visititems(compare)
    return worst


def main(source, umklapp):
    if any(subprocess.run(['pkg-config', '--exists', name]).returncode for name in ('petsc64', 'slepc64')):
        print('skipped: no PETSc and SLEPc with 64-bit indices (Debian: libpetsc64-real-dev, libslepc64-real-dev)')
        return 77
    problems = 0
    with tempfile.TemporaryDirectory(prefix='umklapp-petsc64-') as folder:
        build = os.path.join(folder, 'build')
        run('meson', 'setup', build, source, '-Dpetsc64=true', '-Dtests=disabled')
        run('ninja', '-C', build, 'umklapp')
        for deck, sets in DECKS:
            for name, program in (('32', umklapp), ('64', os.path.join(build, 'umklapp'))):
                run('mpirun', '--oversubscribe', '-n', '2', program, 'run', os.path.join(source, deck), *sets, '--output', os.path.join(folder, name + '.h5'), cwd=folder)
            worst, name = difference(os.path.join(folder, '32.h5'), os.path.join(folder, '64.h5'))
            print(f'{deck}: largest difference {worst:.1e} ({name})')
            problems += not worst <= TOLERANCE
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])))

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around a run, on 1, 2 and 3 ranks: trouble.py SOURCE UMKLAPP

Disk full while checkpoints or results are written, folders that cannot be written, two runs on one output, files of another format version, damaged checkpoints, STOP.
One clear line each, the right exit status, nothing lost, nobody waits. Disks are small tmpfs in a mount namespace of their own; those cases are left out where that is not allowed.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

source, umklapp = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ENVIRONMENT = {**os.environ, 'OMPI_MCA_mpi_yield_when_idle': '1', 'OMPI_MCA_btl': 'self,vader', 'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
               'OMPI_MCA_btl_vader_single_copy_mechanism': 'none', 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
DECK = f"""material: {source}/inputs/data/silicon-phonons.h5
temperature: 60:350:10 K
phonons: {{mesh: 10}}
scattering: {{three_phonon: {{}}, isotope: natural, boundary: 1 mm}}
solve: [rta, full]
solver: {{tolerance: 1e-12}}
write_states: true
checkpoint: 0.02 s
output: unused.h5
"""
MPIRUN = re.compile(r'^(-{20,}|\s*)$|^(Primary job|a non-zero exit|mpirun detected|the job to be|  Process name:|  Exit code:)')
problems, count = [], 0


def words(ranks, output, *options):
    return (['mpirun', '--oversubscribe', '-n', str(ranks)] if ranks > 1 else []) + [umklapp, 'run', 'deck.yaml', '--output', output, *options, '-checkpoint_often']


def run(command, before=None):
    """Exit status, standard output, lines of standard error that are not mpirun's; `before` is shell in a mount namespace of its own."""
    if before:
        command = ['unshare', '--mount', 'sh', '-ec', f'mount --make-rprivate /\n{before}\nstatus=0; "$@" || status=$?\n[ ! -d keep ] || cp -r small/. keep\nexit $status', 'sh', *command]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace', env=ENVIRONMENT, timeout=120)
    except subprocess.TimeoutExpired:
        return None, '', ['waits for ever']
    return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if not MPIRUN.match(line)]


def check(name, result, status, line=None, out=None, condition=True):
    """line: of standard error, exactly one when given, none when not; out: in standard output."""
    global count
    count += 1
    got, text, errors = result
    if got != status:
        problems.append(f'{name}: exit status {got}, not {status}: {errors[:3]}')
    elif line is None and errors or line is not None and (len(errors) != 1 or not re.search(line, errors[0])):
        problems.append(f'{name}: says {errors[:3]}, not one line like {line!r}')
    elif out is not None and not re.search(out, text, re.M):
        problems.append(f'{name}: the text has nothing like {out!r}: {text[-300:]}')
    elif not condition:
        problems.append(f'{name}: condition failed')
    else:
        return
    print('WRONG', problems[-1], flush=True)


def whole(folder):
    """Every file that carries its name can be read."""
    paths = glob.glob(f'{folder}/**/*.h5', recursive=True)
    for path in paths:
        try:
            with h5py.File(path, 'r') as file:
                file.visititems(lambda _, item: item[...] if isinstance(item, h5py.Dataset) else None)
        except Exception as error:
            problems.append(f'{path} cannot be read: {error}')
            return []
    return paths


def same(path):
    with h5py.File(path, 'r') as a, h5py.File('reference.h5', 'r') as b:
        name = 'transport/full/lattice_thermal_conductivity'
        return float(numpy.max(numpy.abs(a[name][...] - b[name][...]) / numpy.max(numpy.abs(b[name][...])))) < 1e-10


def checkpoint(output, ranks=2):
    """A run that was stopped, with both states; one that comes to its end first is repeated."""
    for _ in range(10):
        shutil.rmtree(output + '.checkpoint', ignore_errors=True)
        process = subprocess.Popen(words(ranks, output), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        while process.poll() is None and not (os.path.exists(output + '.checkpoint/state-1.h5') and os.path.exists(output + '.checkpoint/state-0.h5')):
            time.sleep(0.001)
        if process.poll() is None:
            process.send_signal(signal.SIGUSR1)
        if process.wait() == 75:
            return
        os.remove(output)
    problems.append(f'{output}: no run could be stopped, exit status {process.returncode}')


def stop_file(ranks):
    """STOP while the run is going on, and at its beginning."""
    process = subprocess.Popen(words(ranks, 'stop.h5', '--set', 'temperature=60:1000:2 K'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    while process.poll() is None and not os.path.exists('stop.h5.checkpoint/state-0.h5'):
        time.sleep(0.001)
    open('STOP', 'w').close()
    start = time.time()
    out, errors = (text.decode(errors='replace') for text in process.communicate())
    took = time.time() - start
    check(f'STOP, {ranks} ranks', (process.returncode, out, [line for line in errors.splitlines() if not MPIRUN.match(line)]), 75, 'umklapp: stopped: the file STOP', None, took < 30)
    check(f'STOP at the beginning, {ranks} ranks', run(words(ranks, 'stop.h5', '--restart', '--set', 'temperature=60:1000:2 K')), 2, 'STOP: this file asks the run to stop')
    os.remove('STOP')
    shutil.rmtree('stop.h5.checkpoint')


def disk_full(ranks):
    """A disk with room for some checkpoints, then for the results or not."""
    disk = 'mount -t tmpfs -o size=%s small small'
    for room, status in (('500k', 2), ('3m', None), ('9m', None)):
        shutil.rmtree('keep', ignore_errors=True)
        os.makedirs('keep')
        result = run(words(ranks, 'small/r.h5'), disk % room)
        name = f'disk of {room}, {ranks} ranks'
        there = whole('keep')
        if room == '500k':
            check(name, result, 2, 'cannot write the results: No space left')
        elif result[0] == 0:
            check(name, result, 0, None, 'warning: no checkpoint', same('keep/r.h5'))
        else:  # the results found no room beside the checkpoint, which stays
            check(name, result, 2, 'small/r.h5: cannot write .*: No space left', 'warning: no checkpoint', any('checkpoint' in path for path in there))
        left = [name for name in glob.glob('keep/**', recursive=True) if name.endswith(('.part', '.lock'))]
        if left:
            problems.append(f'{name}: left behind: {left}')
    if os.path.isdir('keep/r.h5.checkpoint'):  # with more room it goes on
        check(f'more room, {ranks} ranks', run(words(ranks, 'keep/r.h5', '--restart')), 0, None, r'^restart +[\d.e+]+ processes are known', True)
        if not same('keep/r.h5'):
            problems.append('after a full disk: other results')
    shutil.rmtree('keep')


def read_only(ranks):
    """At the beginning; later, when checkpoints are to be written."""
    check(f'read-only folder, {ranks} ranks', run(words(ranks, 'small/r.h5'), 'mount -t tmpfs -o ro small small'), 2, 'small/r.h5: cannot write the results: Read-only file system')
    with open('small/r.h5.checkpoint', 'w'):
        pass
    check(f'a file where the checkpoints are to be, {ranks} ranks', run(words(ranks, 'small/r.h5')), 0, None, 'warning: no checkpoint: small/r.h5.checkpoint', True)
    shutil.rmtree('small')
    os.makedirs('small')
    if os.geteuid() == 0:
        os.makedirs('small/theirs')
        result = subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', umklapp, 'run', 'deck.yaml', '--output', 'small/theirs/r.h5'], capture_output=True, text=True,
                                env=ENVIRONMENT, check=False)
        check('somebody else\'s folder', (result.returncode, result.stdout, result.stderr.splitlines()), 2, 'cannot write the results: Permission denied')
    check(f'output is a folder, {ranks} ranks', run(words(ranks, 'small')), 2, 'small: cannot write the results: it is a folder')
    check(f'output in no folder, {ranks} ranks', run(words(ranks, 'nowhere/r.h5')), 2, 'nowhere/r.h5: cannot write the results: No such file')


def two_runs(ranks):
    first = subprocess.Popen(words(ranks, 'two.h5'), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    while first.poll() is None and not os.path.exists('two.h5.checkpoint'):
        time.sleep(0.002)
    check(f'two runs, {ranks} ranks', run(words(1, 'two.h5')), 2, 'two.h5: another run is writing this file: host')
    check(f'two runs, the second restarts, {ranks} ranks', run(words(2, 'two.h5', '--restart')), 2, 'two.h5: another run is writing this file: host')
    text = first.communicate()[0].decode(errors='replace')
    check(f'two runs, the first, {ranks} ranks', (first.returncode, text, []), 0, None, '^done in', same('two.h5'))
    for name in glob.glob('two.h5*'):
        os.remove(name)


def versions(ranks):
    """Files that another version of the program wrote."""
    shutil.copy('reference.h5', 'other.h5')
    shutil.copy(f'{source}/inputs/data/silicon-phonons.h5', 'material.h5')
    for name in ('other.h5', 'material.h5'):
        with h5py.File(name, 'r+') as file:
            file.attrs.modify('format_version', 99)
    check('inspect results of another version', run([umklapp, 'inspect', 'other.h5']), 2, 'other.h5: .*format.* 99')
    check('plot results of another version', run([umklapp, 'plot', 'other.h5']), 2, 'other.h5: .*format.* 99')
    check('inspect a material of another version', run([umklapp, 'inspect', 'material.h5']), 2, 'material.h5: .*format.* 99')
    check(f'run with a material of another version, {ranks} ranks', run(words(ranks, 'r.h5', '--set', 'material=material.h5')), 2, 'material.h5: .*format.* 99')
    checkpoint('v.h5')
    for path in glob.glob('v.h5.checkpoint/*.h5'):
        with h5py.File(path, 'r+') as file:
            file.attrs.modify('format_version', 99)
    check(f'checkpoint of another format, {ranks} ranks', run(words(ranks, 'v.h5', '--restart')), 2, 'v.h5.checkpoint/.*: has format version 99')
    for path in glob.glob('v.h5.checkpoint/*.h5'):
        with h5py.File(path, 'r+') as file:
            file.attrs.modify('format_version', 1)
    check(f'its version put back, {ranks} ranks', run(words(ranks, 'v.h5', '--restart')), 0, None, r'^restart +\d+ of 30 points', same('v.h5') if os.path.exists('v.h5') else True)


def damaged(ranks):
    """Checkpoint files cut off, overwritten, empty; a deck that has changed."""
    for how in ('cut', 'empty', 'noise', 'both', 'processes'):
        checkpoint('d.h5', ranks)
        states = [path for path in ('d.h5.checkpoint/state-0.h5', 'd.h5.checkpoint/state-1.h5') if os.path.exists(path)]
        newest = {}
        for path in states:
            with h5py.File(path, 'r') as file:
                newest[path] = int(file.attrs['generation'])
        victims = states if how == 'both' else sorted(glob.glob('d.h5.checkpoint/processes-*.h5'))[:1] if how == 'processes' else [max(states, key=newest.get)]
        for path in victims:
            size = os.path.getsize(path)
            with open(path, 'r+b') as file:
                if how == 'noise':
                    file.seek(0)
                    file.write(os.urandom(size))
                else:
                    file.truncate(0 if how == 'empty' else size // 2)
        check(f'damaged checkpoint ({how}), {ranks} ranks', run(words(ranks, 'd.h5', '--restart')), 0, None, 'warning: .*damaged')
        if os.path.exists('d.h5') and not same('d.h5'):
            problems.append(f'damaged checkpoint ({how}): other results')
        for name in glob.glob('d.h5*'):
            if os.path.isfile(name):
                os.remove(name)
    checkpoint('d.h5', ranks)
    check(f'without --restart, {ranks} ranks', run(words(ranks, 'd.h5')), 2, 'd.h5.checkpoint: holds an unfinished run')
    check(f'changed deck, {ranks} ranks', run(words(ranks, 'd.h5', '--restart', '--set', 'phonons.mesh=8')), 2, 'd.h5.checkpoint/.*phonons.mesh')
    check(f'restart after all that, {ranks} ranks', run(words(ranks, 'd.h5', '--restart')), 0, None, r'^restart +\d+ of 30 points')
    check(f'complete, {ranks} ranks', run(words(ranks, 'd.h5', '--restart')), 0, None, 'd.h5 is complete')
    if not same('d.h5'):
        problems.append('restart after refusals: other results')
    os.remove('d.h5')


def main():
    base = tempfile.mkdtemp(prefix='umklapp-trouble-', dir='/var/tmp')
    os.chmod(base, 0o755)
    os.chdir(base)
    os.makedirs('small')
    with open('deck.yaml', 'w') as file:
        file.write(DECK)
    disks = subprocess.run(['unshare', '--mount', 'sh', '-c', 'mount --make-rprivate / && mount -t tmpfs small small'], capture_output=True, check=False).returncode == 0
    check('uninterrupted', run(words(2, 'reference.h5')), 0)
    for ranks in (1, 2, 3):
        for part in (disk_full, read_only, two_runs, versions, damaged, stop_file):
            if disks or part is not disk_full and part is not read_only:
                start = time.time()
                part(ranks)
                print(f'{part.__name__} on {ranks}: {time.time() - start:.1f} s', flush=True)
    os.chdir('/')
    shutil.rmtree(base)
    print(f'{count} cases, {len(problems)} problems' + ('' if disks else '; no mounts here: disks that are full or read-only left out'))
    print('\n'.join(problems))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())

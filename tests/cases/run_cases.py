#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decks, files and command lines, good and malformed: run_cases.py SOURCE UMKLAPP SET

Runs every case of the table SET (good, deck, data ...: the module SET_cases.py beside this file) on 1 and 2 ranks in an empty folder and checks
  - the exit status,
  - of a malformed one: exactly one line `umklapp: ...` on standard error, which the case's pattern matches,
  - that no file is left behind that the case does not name,
  - that all ranks end.
"""
import concurrent.futures
import importlib
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT = 60
ENVIRONMENT = {**os.environ, 'OMPI_MCA_btl': 'self,vader', 'OMP_NUM_THREADS': '1'}  # one machine: MPI starts a third faster without its network
# What mpirun itself says when a rank ends with another status than 0.
MPIRUN = re.compile(r'^(-{20,}|\s*)$|^(Primary job|a non-zero exit|mpirun detected|the job to be|  Process name:|  Exit code:)')


class Case:
    """name: of the case; command: words after `umklapp`; files: {name: text, bytes or a callable(path)} made in the empty folder;
    message: pattern of the one line; status: expected; leaves: files that the command may write; output: pattern of standard output;
    ranks: numbers of them to run on."""

    def __init__(self, name, command, files=None, message=None, status=2, leaves=(), output=None, ranks=(1, 2)):
        self.name, self.command, self.files = name, command, files or {}
        self.message, self.status, self.leaves, self.output, self.ranks = message, status, set(leaves), output, ranks


def make_files(case, folder):
    for name, content in case.files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if callable(content):
            content(path)
        else:
            with open(path, 'wb') as file:
                file.write(content if isinstance(content, bytes) else content.encode())


def listing(folder):
    return {os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names}


def judge(case, status, out, err, new):
    lines = [line for line in err.splitlines() if not MPIRUN.match(line)]
    if status != case.status:
        return f'exit status {status}, expected {case.status}; {err.strip()[:400]}'
    if case.message is None and lines:
        return f'says on standard error: {lines[0]}'
    if case.message is not None and (len(lines) != 1 or not lines[0].startswith('umklapp: ')):
        return f'expected one line, got {len(lines)}: {err.strip()[:400]}'
    if case.message is not None and not re.search(case.message, lines[0]):
        return f'message {lines[0]!r} is not like {case.message!r}'
    if case.output is not None and not re.search(case.output, out):
        return f'output is not like {case.output!r}: {out[:300]}'
    if new - case.leaves:
        return f'leaves {sorted(new - case.leaves)}'
    if case.leaves - new:
        return f'did not write {sorted(case.leaves - new)}'
    return None


def run(case, umklapp, ranks):
    with tempfile.TemporaryDirectory(prefix='umklapp-case-') as folder:
        make_files(case, folder)
        before = listing(folder)
        words = ([] if ranks == 1 else ['mpirun', '--oversubscribe', '-n', str(ranks)]) + [umklapp, *case.command]
        try:
            done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                                  env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            return f'{case.name} on {ranks} ranks: hangs'
        problem = judge(case, done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace'), listing(folder) - before)
        return problem and f'{case.name} on {ranks} ranks: {problem}'


def main():
    source, umklapp, name = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    sys.modules['run_cases'] = sys.modules['__main__']
    cases = importlib.import_module(f'{name}_cases').cases(source, umklapp)
    wanted = sys.argv[4] if len(sys.argv) > 4 else ''
    jobs = [(case, ranks) for case in cases for ranks in case.ranks if wanted in case.name]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        problems = [p for p in pool.map(lambda job: run(job[0], umklapp, job[1]), jobs) if p]
    print('\n'.join(problems))
    print(f'{name}: {len({case.name for case, _ in jobs})} cases, {len(jobs)} runs on 1 and 2 ranks, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main())

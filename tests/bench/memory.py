#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of a rank on 1, 2, 4 ... ranks of this machine: memory.py UMKLAPP DECK [--ranks 1,2,4] [-- ARGUMENTS OF umklapp run]

Watches the ranks while they run. Of the largest rank, in MiB: `own` memory that no other rank sees (RssAnon), `shared` windows of the node that it touched
(RssShmem; the same pages count for every rank), `files` (programs and libraries), `peak` of all three as the run itself reports it.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}


def ranks_of(program):
    """Process ids that run `program`."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.readlink(f'/proc/{pid}/exe') == program:
                yield int(pid)
        except OSError:
            pass


def look(pid):
    try:
        with open(f'/proc/{pid}/status') as file:
            return {name: int(kb) / 1024 for name, kb in re.findall(r'^(RssAnon|RssShmem|RssFile):\s+(\d+)', file.read(), re.M)}
    except OSError:
        return {}


def run(program, deck, ranks, extra):
    largest = {'RssAnon': 0.0, 'RssShmem': 0.0, 'RssFile': 0.0}
    with tempfile.TemporaryDirectory() as folder:
        words = ['mpirun', '--oversubscribe', '-n', str(ranks), program, 'run', deck, '--output', os.path.join(folder, 'results.h5'), *extra]
        with open(os.path.join(folder, 'log'), 'w+') as log:
            with subprocess.Popen(words, stdout=log, stderr=log, env=ENVIRONMENT) as process:
                while process.poll() is None:
                    for pid in ranks_of(program):
                        for name, value in look(pid).items():
                            largest[name] = max(largest[name], value)
                    time.sleep(0.02)
            log.seek(0)
            text = log.read()
    if process.returncode:
        sys.exit(text)
    peak = int(re.search(r'at most (\d+) MiB per rank', text).group(1))
    kept = [float(x) for x in re.findall(r'([\d.]+) MiB per rank$', text, re.M) if x]
    return largest, peak, sum(kept[:-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('umklapp')
    parser.add_argument('deck')
    parser.add_argument('--ranks', default='1,2,4')
    words = sys.argv[1:]
    extra = words[words.index('--') + 1:] if '--' in words else []
    a = parser.parse_args(words[:words.index('--')] if '--' in words else words)
    print('  ranks      own   shared    files     peak   of own: processes')
    for ranks in map(int, a.ranks.split(',')):
        largest, peak, kept = run(os.path.realpath(a.umklapp), os.path.abspath(a.deck), ranks, extra)
        print(f"{ranks:7d}{largest['RssAnon']:9.1f}{largest['RssShmem']:9.1f}{largest['RssFile']:9.1f}{peak:9d}{kept:21.1f}")


main()

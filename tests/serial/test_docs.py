#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/deck.md is what `umklapp keys --markdown` prints; every sub-command is in the README and in the man page.

test_docs.py SOURCE UMKLAPP
"""
import re
import subprocess
import sys

source, umklapp = sys.argv[1:]


def output(*words):
    return subprocess.run([umklapp, *words], stdout=subprocess.PIPE, check=True, text=True).stdout


def read(name):
    with open(f'{source}/{name}') as file:
        return file.read()


problems = []
if read('docs/deck.md') != output('keys', '--markdown'):
    problems.append('docs/deck.md is out of date: build/umklapp keys --markdown > docs/deck.md')
commands = re.findall(r'^  umklapp ([a-z]+) ', output('--help'), re.M)
if len(commands) < 7:
    problems.append(f'umklapp --help lists only {commands}')
for name in commands:
    if f'umklapp {name} ' not in read('README.md'):
        problems.append(f'README.md does not mention umklapp {name}')
    if not re.search(rf'^\.BR? ?"?{name}\b', read('docs/umklapp.1'), re.M):
        problems.append(f'docs/umklapp.1 does not describe {name}')
print('\n'.join(problems))
sys.exit(1 if problems else 0)

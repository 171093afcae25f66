# SPDX-License-Identifier: GPL-3.0-or-later
"""What must work: the commands on a small model, the decks of inputs/."""
import glob
import os
import re

from deck_cases import BASE
from run_cases import Case


def cases(source, umklapp):
    deck = {'deck.yaml': BASE}
    found = [
        Case('help', ['--help'], status=0, output='umklapp check'),
        Case('help of a command', ['check', '--help'], status=0, output='--set'),
        Case('version', ['--version'], status=0, output=r'umklapp \d+\.\d+\.\d+'),
        Case('keys', ['keys'], status=0, output='electrons.mesh'),
        Case('keys of a section', ['keys', 'electrons'], status=0, output='window'),
        Case('check', ['check', 'deck.yaml'], deck, status=0, output='0.35 eV'),
        Case('check with set', ['check', 'deck.yaml', '--set', 'electrons.window=0.5 eV'], deck, status=0, output='0.5 eV'),
        Case('bands', ['bands', 'deck.yaml'], deck, status=0, leaves=['deck-bands.h5'], output='conduction bottom'),
        Case('bands to a name', ['bands', 'deck.yaml', '-o', 'x.h5'], deck, status=0, leaves=['x.h5'], output='x.h5'),
    ]
    with open(os.path.join(source, 'README.md')) as readme:
        first = re.search(r'```yaml\n(.*?)```', readme.read(), re.S).group(1)
    found.append(Case('deck of the README', ['run', 'first.yaml'], {'first.yaml': first}, status=0, leaves=['first.h5'], output='mobility'))
    for path in sorted(glob.glob(os.path.join(source, 'inputs', '**', '*.yaml'), recursive=True)):
        found.append(Case(f'check {os.path.basename(path)}', ['check', path], status=0, output='material'))
    return found

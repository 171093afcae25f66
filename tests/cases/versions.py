#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One version everywhere: versions.py SOURCE UMKLAPP. meson.build's is the one; program, Debian's changelog, Spack's recipe and CHANGELOG.md repeat it."""
import os
import re
import subprocess
import sys

source, program = sys.argv[1:]


def find(path, pattern):
    """First match of the pattern in a file of the source folder."""
    with open(os.path.join(source, path)) as file:
        match = re.search(pattern, file.read(), re.M)
    return match.group(1) if match else 'none'


version = find('meson.build', r"^\s*version: '([^']+)'")
found = {
    'umklapp --version': subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout.split()[1],
    'debian/changelog': find('debian/changelog', r'\Aumklapp \(([^)-]+)'),
    'CHANGELOG.md': find('CHANGELOG.md', r'^## ([^\s,]+)'),
    'packaging/spack/package.py': find('packaging/spack/package.py', r'^    version\("(\d[^"]*)"'),
}
wrong = [f'{name} has {value}' for name, value in found.items() if value != version]
compile(open(os.path.join(source, 'packaging/spack/package.py')).read(), 'package.py', 'exec')
print(f'version {version}: ' + ('; '.join(wrong) or 'the same everywhere'))
sys.exit(1 if wrong else 0)

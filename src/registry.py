#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a registry table: registry.py OUTPUT HEADER TYPE TABLE SUFFIX NAME...

For each NAME the table holds a pointer to the object NAME+SUFFIX of type TYPE, in the order given; it ends with NULL.
"""
import sys

output, header, ctype, table, suffix, *names = sys.argv[1:]
with open(output, 'w') as out:
    out.write(f'#include "{header}"\n')
    for name in names:
        out.write(f'extern const {ctype} {name}{suffix};\n')
    body = ''.join(f'  &{name}{suffix},\n' for name in names)
    out.write(f'const {ctype} *const {table}[] = {{\n{body}  0\n}};\n')

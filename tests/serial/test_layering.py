#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data flows one way: a layer includes only public headers of layers to its left, and its own private ones.

test_layering.py SOURCE - exit 1 and one line per arrow that points back.
"""
import os
import re
import sys

LAYERS = ['base', 'deck', 'crystal', 'mesh', 'material', 'states', 'channel', 'collision', 'drive', 'transport', 'output', 'main']
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def includes(path):
    with open(path) as file:
        return INCLUDE.findall(file.read())


def check_file(path, layer, private):
    """private: names that a quoted include without a folder may have."""
    rank = LAYERS.index(layer)
    for name in includes(path):
        public = re.fullmatch(r'umklapp/(\w+)\.h', name)
        if public and public.group(1) not in LAYERS:
            yield f'{path}: includes "{name}", which belongs to no layer'
        elif public and LAYERS.index(public.group(1)) > rank:
            yield f'{path}: layer {layer} includes {public.group(1)}, which is to its right'
        elif not public and name not in private:
            yield f'{path}: includes "{name}", which is neither a public header nor one of layer {layer}'


def check(source):
    headers = os.path.join(source, 'include', 'umklapp')
    for name in sorted(os.listdir(headers)):
        layer = name[:-2]
        if layer not in LAYERS:
            yield f'{headers}/{name}: no layer of this name'
        else:
            yield from check_file(os.path.join(headers, name), layer, ())
    generated = {'output': {'version.h', 'program.h'}, 'main': {'place.h'}}
    for layer in sorted(os.listdir(os.path.join(source, 'src'))):
        folder = os.path.join(source, 'src', layer)
        if not os.path.isdir(folder) or layer == '__pycache__':
            continue
        if layer not in LAYERS:
            yield f'{folder}: no layer of this name'
            continue
        files = sorted(os.listdir(folder))
        private = {name for name in files if name.endswith('.h')} | generated.get(layer, set())
        for name in files:
            if name.endswith(('.c', '.h')):
                yield from check_file(os.path.join(folder, name), layer, private)


def self_test():
    """The test must be able to fail."""
    import tempfile
    with tempfile.TemporaryDirectory() as source:
        os.makedirs(os.path.join(source, 'include', 'umklapp'))
        os.makedirs(os.path.join(source, 'src', 'mesh'))
        with open(os.path.join(source, 'src', 'mesh', 'a.c'), 'w') as file:
            file.write('#include "umklapp/crystal.h"\n#include "umklapp/states.h"\n#include "../deck/deck_impl.h"\n#include "mesh_impl.h"\n')
        with open(os.path.join(source, 'src', 'mesh', 'mesh_impl.h'), 'w') as file:
            file.write('#include "umklapp/mesh.h"\n')
        found = list(check(source))
        assert len(found) == 2 and 'states' in found[0] and 'deck_impl.h' in found[1], found


self_test()
problems = list(check(sys.argv[1]))
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)

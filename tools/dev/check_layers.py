#!/usr/bin/env python3
"""Checks every #include of the tree against cmake/layers.txt and the rules below.

  tools/dev/check_layers.py [ROOT]       prints file:line: reason, exits 1 if anything is wrong
  tools/dev/check_layers.py --self-test  proves on a small bad tree that each rule bites

src/LAYER      includes by path from src/ or include/, only the layers that layers.txt allows it
src/kernels/X  (an ISA folder, or shared/) only intrinsics, C headers, kernels/kernels.h,
               tensor/blocks.h, kernels/shared/ and its own files: an inline function of the standard
               library, built there for a wider CPU, could be the copy that the linker keeps.
               scalar/ is built for every CPU, so that its layer's rule will do
include/cria   only the standard library and itself; c.h only C headers
tools/         only the public headers, its own folder, tools/house by path, and libraries: it proves
               that the API suffices
"""
import os
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
C_HEADERS = {'assert.h', 'float.h', 'limits.h', 'math.h', 'stddef.h', 'stdint.h', 'string.h'}
INTRINSICS = {'immintrin.h', 'arm_neon.h', 'arm_fp16.h'}
KERNEL_HEADERS = {'kernels/kernels.h', 'tensor/blocks.h'}
SOURCE = ('.h', '.cc', '.c', '.inc')


def read_layers(path):
    """{layer: set of what it may include}, in the file's order; an unknown word is an error."""
    layers = {}
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            name, colon, allowed = line.partition(':')
            if not colon or name in layers:
                sys.exit(f'{path}:{number}: expected "layer: what it may include", once a layer')
            for word in allowed.split():
                if word not in layers and word.split('/')[0] != 'cria':
                    sys.exit(f'{path}:{number}: {word} is no layer below {name}')
            layers[name] = set(allowed.split())
    return layers


def check_layer(layer, layers, quoted, target, root):
    if not quoted:
        return None
    top = target.split('/')[0]
    base = 'include' if top == 'cria' else 'src'
    if not os.path.isfile(os.path.join(root, base, target)):
        return f'no such file under {base}/'
    if top == layer or top in layers[layer] or target in layers[layer]:
        return None
    return f'{layer} may not include {target if top == "cria" else top} (cmake/layers.txt)'


def check_kernel_folder(folder, quoted, target):
    if not quoted:
        ok = target in C_HEADERS or target in INTRINSICS
    else:
        ok = target in KERNEL_HEADERS or target.startswith(
            ('kernels/shared/', f'kernels/{folder}/'))
    return None if ok else 'a kernel folder may not include this'


def check_public(name, quoted, target, root):
    if quoted:
        return None if (target.startswith('cria/') and
                        os.path.isfile(os.path.join(root, 'include', target))) else \
            'a public header may include only cria/ and the standard library'
    if name == 'c.h':
        return None if target in C_HEADERS else 'c.h may include only C headers'
    return 'a public header may include no such library' if '.' in target else None


def check_tool(folder, quoted, target, root):
    if not quoted:
        return None
    own = False
    while '/' in folder and not own:  # by path from its folder, or from one above it
        own = os.path.isfile(os.path.join(root, folder, target))
        folder = os.path.dirname(folder)
    house = target.startswith('house/') and os.path.isfile(os.path.join(root, 'tools', target))
    public = target.startswith('cria/') and os.path.isfile(os.path.join(root, 'include', target))
    return None if own or house or public else 'a tool may include only cria/, house/ and its own'


def check(path, layers, quoted, target, root):
    """The reason why path may not include target, or None."""
    parts = path.split('/')
    if '..' in target.split('/'):
        return 'paths start at src/ or include/'
    if parts[0] == 'include':
        return check_public(parts[-1], quoted, target, root)
    if parts[0] == 'tools':
        return check_tool('/'.join(parts[:-1]), quoted, target, root)
    if parts[0] == 'src':
        if parts[1] not in layers:
            return f'{parts[1]} is not in cmake/layers.txt'
        if parts[1] == 'kernels' and len(parts) > 3 and parts[2] != 'scalar':
            return check_kernel_folder(parts[2], quoted, target)
        return check_layer(parts[1], layers, quoted, target, root)
    return None


def sources(root):
    for top in ('include', 'src', 'tools'):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith(SOURCE):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, '/')


def problems(root):
    layers = read_layers(os.path.join(root, 'cmake', 'layers.txt'))
    found, n_files = [], 0
    for path in sources(root):
        n_files += 1
        with open(os.path.join(root, path), encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                if match:
                    reason = check(path, layers, match[1] == '"', match[2], root)
                    if reason:
                        found.append(f'{path}:{number}: {line.strip()}: {reason}')
    return found, n_files


def self_test():
    """Each file's last line breaks one rule and must be found; the lines before it are fine."""
    good = ['#include <vector>', '#include "cria/status.h"']
    tree = {
        'cmake/layers.txt': ['low: cria/status.h', 'kernels: low', 'high: low cria/status.h'],
        'include/cria/status.h': ['#include <string>', '#include <pcre2.h>'],
        'include/cria/model.h': good + ['#include "low/low.h"'],
        'include/cria/c.h': ['#include <stdint.h>', '#include <string>'],
        'src/low/low.h': good + ['#include "high/high.h"'],
        'src/low/low.cc': good + ['#include "low/low.h"', '#include "cria/model.h"'],
        'src/low/near.cc': ['#include "low.h"'],
        'src/low/up.cc': ['#include "../low/low.h"'],
        'src/high/high.h': good + ['#include "low/low.h"', '#  include "kernels/kernels.h"'],
        'src/new/new.cc': good[:1],
        'src/kernels/kernels.h': ['#include <array>', '#include "low/low.h"',
                                  '#include "high/high.h"'],
        'src/kernels/wide/dot.cc': ['#include <immintrin.h>', '#include <string.h>',
                                    '#include "kernels/kernels.h"',
                                    '#include "kernels/shared/dot.inl.h"',
                                    '#include <algorithm>'],
        'src/kernels/scalar/dot.cc': ['#include <algorithm>', '#include "low/low.h"',
                                      '#include "high/high.h"'],
        'src/kernels/shared/dot.inl.h': ['#include "kernels/wide/dot.h"'],
        'tools/cria/main.cc': good + ['#include <CLI/CLI.hpp>', '#include "own.h"',
                                      '#include "low/low.h"'],
        'tools/cria/own.h': ['#include <string>', '#include "house/house.h"',
                             '#include "kernels/kernels.h"'],
        'tools/cria/bench/table.cc': ['#include "bench/table.h"', '#include "own.h"',
                                      '#include "low/low.h"'],
        'tools/cria/bench/table.h': ['#include <string>', '#include "cria/table.h"'],
        'tools/house/house.h': good + ['#include "house/house.h"', '#include "own.h"'],
        'tools/dev/score/main.cc': good + ['#include "house/house.h"', '#include "cria/own.h"'],
    }
    with tempfile.TemporaryDirectory() as root:
        for path, lines in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines) + '\n')
        found = sorted(line.split(': ')[0] for line in problems(root)[0])
    expected = sorted(f'{path}:{len(lines)}' for path, lines in tree.items()
                      if path != 'cmake/layers.txt')
    if found != expected:
        sys.exit(f'self-test failed: found {found}, expected {expected}')
    print(f'self-test: {len(expected)} of {len(expected)} bad includes found')


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    found, n_files = problems(root)
    if n_files == 0:
        sys.exit(f'{root}: no sources')
    if found:
        sys.exit('\n'.join(found))
    print(f'layers: {n_files} files, no include points upwards')


if __name__ == '__main__':
    main()

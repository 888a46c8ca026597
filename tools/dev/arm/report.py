"""The packed kernels of the ARM tables against their goals, without ARM hardware.

  report.py [--only TEXT] [--json FILE] BUILD_FOLDER

BUILD_FOLDER is an aarch64 build that has made the target arm_driver. A line for each table, type, number
of rows M and core: instructions that qemu executes per multiply-add, and modelled multiply-adds a
cycle of the whole call and of its inner loop (pipeline.py says what the models are worth). Exit status 1
where a goal is missed.
"""
import argparse
import dataclasses
import json
import os
import sys

import profile_run

N = K = 512
LIBRARIES = 'usr/lib/aarch64-linux-gnu'


@dataclasses.dataclass
class Case:
    """A product of M rows, and what it has to reach. A goal of None: for information."""
    table: str
    kind: str           # of the weights
    m: int
    whole: dict = dataclasses.field(default_factory=dict)   # core: multiply-adds a cycle, whole call
    inner: dict = dataclasses.field(default_factory=dict)   # the same of the inner loop
    insns: float = None                                     # per multiply-add, at most

    def cpu(self):
        """What qemu is to be: the least that has the table's instructions."""
        for table, cpu in (('neon', 'cortex-a72'), ('i8mm', 'max')):
            if self.table.startswith(table):
                return cpu
        return 'cortex-a76'

    def cores(self):
        return list(dict.fromkeys([*self.whole, *self.inner]))


def cases():
    return [
        Case('neon', 'f32', 1, {'a72': None, 'a76': None}, insns=0.60),
        Case('neon', 'f32', 4, {'a72': 3.7, 'a76': 7.2}, insns=0.42),
        Case('neon', 'f32', 32, {'a72': 3.85, 'a76': 7.6}, {'a72': 3.9, 'a76': 7.8}, 0.36),
        Case('neon_a53', 'f32', 1, {'a53': None}),
        Case('neon_a53', 'f32', 4, {'a53': 2.4}),
        Case('neon_a53', 'f32', 32, {'a53': 2.8}, {'a53': 3.1}),
        Case('neon_a55', 'f32', 1, {'a55': None}),
        Case('neon_a55', 'f32', 4, {'a55': 3.2}),
        Case('neon_a55', 'f32', 32, {'a55': 3.5}, {'a55': 3.9}),
        Case('neon', 's8', 1, {'a72': None}),
        Case('neon', 's8', 8, inner={'a72': 7.5}),
        Case('neon_a53', 's8', 8, inner={'a53': 3.7}),
        Case('dotprod', 's8', 1, {'a76': None}, insns=0.16),
        Case('dotprod', 's8', 8, inner={'a76': 31}, insns=0.10),
        Case('dotprod_a55', 's8', 8, inner={'a55': 15.2}),
        Case('i8mm', 's8', 1, {'n2': None}),
        Case('i8mm', 's8', 8, inner={'n2': 60}),
        Case('neon', 'q4_0', 1, {'a72': 6.5}, insns=0.38),
        Case('neon', 'q4_0', 4, {'a72': 7.5}),
        Case('neon', 'q4_0', 8, {'a72': None}),
        Case('neon', 'q4_0', 64, {'a72': None}),
        Case('neon_a53', 'q4_0', 1, {'a53': 2.8}),
        Case('neon_a53', 'q4_0', 4, {'a53': 3.8}),
        Case('neon_a53', 'q4_0', 8, {'a53': None}),
        Case('dotprod', 'q4_0', 1, {'a76': 14.5}, insns=0.24),
        Case('dotprod', 'q4_0', 4, {'a76': 16}),
        Case('dotprod', 'q4_0', 8, {'a76': 28}),
        Case('dotprod', 'q4_0', 64, {'a76': 28}),
        Case('dotprod_a55', 'q4_0', 1, {'a55': 4.8}),
        Case('dotprod_a55', 'q4_0', 4, {'a55': 8}),
        Case('dotprod_a55', 'q4_0', 8, {'a55': 12}),
        Case('dotprod_a55', 'q4_0', 64, {'a55': 12}),
        Case('i8mm', 'q4_0', 1, {'n2': None}),
        Case('i8mm', 'q4_0', 8, {'n2': None}),
        Case('i8mm', 'q4_0', 16, {'n2': None}, {'n2': 50}),
        Case('i8mm', 'q8_0', 16, {'n2': None}, {'n2': None}),
        Case('i8mm', 'q4_k', 16, {'n2': None}, {'n2': None}),
        Case('i8mm', 'q6_k', 16, {'n2': None}, {'n2': None}),
        Case('neon', 'q6_k', 1, {'a72': 3.8}),
        Case('dotprod', 'q6_k', 1, {'a76': 7}),
    ]


def rows_of(case, command, environment):
    """What to print of a case: (measure, reached, goal, whether that is enough)."""
    profile = profile_run.Profile(case.cpu(), command, environment)
    n_macs = case.m * N * K
    insns = profile.n_insns / n_macs
    yield 'insns/MAC', insns, case.insns, case.insns is None or insns <= case.insns
    for core in case.cores():
        if core in case.whole:
            goal, reached = case.whole[core], n_macs / profile.cycles(core)
            yield f'{core} whole', reached, goal, goal is None or reached >= goal
        if core in case.inner:
            goal, reached = case.inner[core], profile.inner_loop_rate(core)
            yield f'{core} inner', reached, goal, goal is None or reached >= goal


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default='', help='cases whose "TABLE TYPE M" contains this')
    parser.add_argument('--sysroot', help='where the program finds libraries that are not installed')
    parser.add_argument('--json', help='write the table there, too')
    parser.add_argument('build')
    args = parser.parse_args()
    driver = os.path.join(args.build, 'tests', 'kernels', 'arm_driver')
    if not os.access(driver, os.X_OK):
        parser.error(f'no {driver}: build the target arm_driver for aarch64 first')
    environment = {}
    if args.sysroot:
        environment['QEMU_SET_ENV'] = 'LD_LIBRARY_PATH=' + os.path.join(args.sysroot, LIBRARIES)
    found, n_short = [], 0
    print(f'{"table":12} {"type":5} {"M":>3}  {"measure":10} {"reached":>8} {"goal":>6}')
    for case in cases():
        if args.only not in f'{case.table} {case.kind} {case.m}':
            continue
        command = [driver, case.table, case.kind, str(case.m), str(N), str(K)]
        if not profile_run.runs(case.cpu(), command + ['1'], environment):
            print(f'{case.table:12} {case.kind:5} {case.m:3}  does not run')
            n_short += 1
            continue
        for measure, reached, goal, enough in rows_of(case, command, environment):
            n_short += not enough
            verdict = '' if goal is None else 'ok' if enough else 'short'
            print(f'{case.table:12} {case.kind:5} {case.m:3}  {measure:10} {reached:8.3f} '
                  f'{"" if goal is None else goal:>6} {verdict}', flush=True)
            found.append({'table': case.table, 'type': case.kind, 'm': case.m, 'measure': measure,
                          'reached': reached, 'goal': goal})
    if args.json:
        with open(args.json, 'w', encoding='ascii') as file:
            json.dump(found, file, indent=1)
    return 1 if n_short > 0 else 0


if __name__ == '__main__':
    sys.exit(main())

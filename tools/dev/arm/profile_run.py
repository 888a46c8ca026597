"""What a program executes under qemu: instructions, and modelled cycles of every block.

  profile_run.py [--cpu CPU] [--hot N] MULTIPLY_ADDS -- PROGRAM...   the program's last argument, which
                                                                     is added, says how often it works
"""
import argparse
import collections
import hashlib
import os
import subprocess
import tempfile

import pipeline

HERE = os.path.dirname(os.path.abspath(__file__))
BRANCHES = ((0x7c000000, 0x14000000), (0xff000010, 0x54000000), (0x7e000000, 0x34000000),
            (0x7e000000, 0x36000000), (0xfe000000, 0xd6000000), (0xff000000, 0xd4000000))
# Instructions per cycle of what runs too rarely to be modelled.
COLD_RATE = {'a53': 1.0, 'a55': 1.0, 'a72': 1.5, 'a76': 2.0, 'n2': 2.0}


def plugin():
    """The plugin, built once a user and version."""
    source = os.path.join(HERE, 'block_counts.c')
    with open(source, 'rb') as file:
        version = hashlib.sha256(file.read()).hexdigest()[:16]
    library = os.path.join(tempfile.gettempdir(), f'cria-block-counts-{os.getuid()}-{version}.so')
    if not os.path.exists(library):
        built = f'{library}.{os.getpid()}'
        subprocess.run(['gcc', '-O2', '-shared', '-fPIC', '-o', built, source], check=True)
        os.rename(built, library)
    return library


def environment_of(more):
    return {'PATH': os.environ['PATH'], 'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', **more}


def runs(cpu, command, environment=()):
    """Whether a program succeeds, as it does not where it wants what the CPU lacks."""
    return subprocess.run(['qemu-aarch64', '-cpu', cpu] + command, timeout=900, check=False,
                          env=environment_of(dict(environment)), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def block_counts(cpu, command, environment=()):
    """{(address, code): executions} of a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'blocks')
        subprocess.run(['qemu-aarch64', '-cpu', cpu, '-plugin', f'{plugin()},out={path}'] + command,
                       env=environment_of(dict(environment)), stdout=subprocess.DEVNULL, timeout=900, check=True)
        counts = collections.Counter()
        with open(path, encoding='ascii') as file:
            for line in file:
                address, executions, code = line.split()
                counts[int(address, 16), code] += int(executions)
    return counts


def ends_in_branch(code):
    word = int(code[-8:], 16)
    return any(word & mask == value for mask, value in BRANCHES)


def joined(counts):
    """Blocks that qemu cut (at a page's end, or for length) become one with what follows: else a loop
    would be modelled in halves."""
    by_address = collections.defaultdict(list)
    for key in counts:
        by_address[key[0]].append(key)
    for key in sorted(counts):
        while counts.get(key, 0) > 0 and not ends_in_branch(key[1]) and len(key[1]) < 16000:
            end = key[0] + len(key[1]) // 2
            after = [k for k in by_address[end] if counts.get(k, 0) >= 0.99 * counts[key]]
            if not after:
                break
            n = counts.pop(key)
            counts[after[0]] -= n
            if counts[after[0]] <= 0:
                del counts[after[0]]
            key = (key[0], key[1] + after[0][1])
            counts[key] = counts.get(key, 0) + n
    return counts


_insns, _cycles = {}, {}


def insns_of(code):
    if code not in _insns:
        _insns[code] = pipeline.disassemble(code)
    return _insns[code]


def block_cycles(code, core):
    if (code, core) not in _cycles:
        _cycles[code, core] = pipeline.cycles(insns_of(code), core)
    return _cycles[code, core]


class Profile:
    """One call: three runs' worth less one run's, halved."""

    def __init__(self, cpu, command, environment=()):
        once, thrice = (block_counts(cpu, command + [n], environment) for n in ('1', '3'))
        per_call = {k: (thrice[k] - once[k]) / 2 for k in thrice if thrice[k] > once[k]}
        self.blocks = sorted(joined(per_call).items(), key=lambda b: -b[1] * len(b[0][1]))
        self.n_insns = sum(n * len(code) // 8 for (_, code), n in self.blocks)

    def cycles(self, core):
        total, seen = 0.0, 0
        for (_, code), n in self.blocks:
            if seen > 0.99 * self.n_insns:
                total += n * len(code) / 8 / COLD_RATE[core]
            else:
                total += n * block_cycles(code, core)
            seen += n * len(code) // 8
        return total

    def inner_loop(self):
        """The block that executes the most instructions: its code and how often it runs."""
        (_, code), n = self.blocks[0]
        return code, n

    def inner_loop_rate(self, core, multiply_adds=None):
        """Multiply-adds per cycle of the inner loop; by default what its instructions make."""
        code, n = self.inner_loop()
        made = sum(i.multiply_adds() for i in insns_of(code)) if multiply_adds is None else \
            multiply_adds / n
        return made / block_cycles(code, core)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--cpu', default='max')
    parser.add_argument('--hot', type=int, default=0, help='print so many of the hottest blocks')
    parser.add_argument('--cores', default=','.join(pipeline.CORES))
    parser.add_argument('multiply_adds', type=float)
    parser.add_argument('command', nargs='+')
    args = parser.parse_args()
    profile = Profile(args.cpu, args.command)
    print(f'instructions per multiply-add {profile.n_insns / args.multiply_adds:.4f}')
    for core in args.cores.split(','):
        print(f'{core}: {args.multiply_adds / profile.cycles(core):6.2f} multiply-adds a cycle, '
              f'inner loop {profile.inner_loop_rate(core):6.2f}')
    for (address, code), n in profile.blocks[:args.hot]:
        share = n * len(code) / 8 / profile.n_insns
        costs = ' '.join(f'{core} {block_cycles(code, core):.1f}' for core in args.cores.split(','))
        print(f'\n{address:x}: {len(code) // 8} instructions, {n:.0f} times, {share:.1%}; {costs}')
        for insn in insns_of(code):
            print('   ', insn.text)


if __name__ == '__main__':
    main()

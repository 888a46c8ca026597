"""Cycles of straight-line A64 code on four cores, with data in the first-level cache.

Cortex-A53 and A55: a model of ours of in-order dual issue, whose rules are those that kernel writers
have measured, checked against published timings of gemmlowp's kernels (int8 within 5 %, fp32 13 to
31 % optimistic). Cortex-A72, A76 (as Neoverse N1) and Neoverse N2: llvm-mca 19, whose own models of
A53, A55 and "A76" are far off (A53 three times too slow; A55 twice too fast; A76 is A57).
"""
import re
import subprocess

CORES = ('a53', 'a55', 'a72', 'a76', 'n2')
MCA_CPU = {'a72': 'cortex-a72', 'a76': 'neoverse-n1', 'n2': 'neoverse-n2'}
FEATURES = '-mattr=+v8.6a,+fullfp16,+dotprod,+i8mm'

VECTOR = re.compile(r'\b[vqdshb](\d+)\b')
GENERAL = re.compile(r'\b[xw](\d+)\b|\b(sp)\b')
# Vector instructions that read what they write to.
READS_DESTINATION = {
    'fmla', 'fmls', 'mla', 'mls', 'smlal', 'umlal', 'smlal2', 'umlal2', 'sdot', 'udot', 'usdot',
    'sudot', 'smmla', 'ummla', 'usmmla', 'sadalp', 'uadalp', 'ins', 'fmlal', 'fmlal2', 'usra', 'ssra',
    'sli', 'sri', 'tbx', 'bsl', 'bit', 'bif', 'fcvtn2', 'xtn2'}
SLOW_VECTOR = {'fmul', 'sadalp', 'uadalp', 'scvtf', 'ucvtf', 'fadd', 'fsub', 'addv', 'addp', 'saddlp',
               'uaddlp', 'fcvtl', 'fcvtl2', 'fcvtn', 'fcvtn2'}
PER_LANE = ('fmla', 'fmls', 'mla', 'mls', 'smlal', 'umlal', 'smlal2', 'umlal2', 'smull', 'umull',
            'smull2', 'umull2')


def registers(text):
    found = {'v' + n for n in VECTOR.findall(text)}
    found |= {'x' + (n or sp) for n, sp in GENERAL.findall(text)}
    span = re.search(r'\{\s*v(\d+)\S*\s*-\s*v(\d+)', text)
    if span:
        found |= {f'v{n}' for n in range(int(span[1]), int(span[2]) + 1)}
    return found


class Insn:
    """One instruction: its kind, and the registers that it reads, writes and counts up.

    Kinds: V arithmetic on vectors; LDQ, LDD, LDX loads of vectors of 16 and 8 bytes and of general
    registers; ST; INS a move between general and vector registers or into a lane; ALU; BR; PRFM.
    """

    def __init__(self, text):
        self.text = re.sub(r'\s*(//|<).*', '', text).strip().lower().replace('\t', ' ')
        self.name, _, self.operands = self.text.partition(' ')
        self.operands = self.operands.strip()
        self.parts = re.split(r',\s*(?![^\[\{]*[\]\}])', self.operands)
        self.reads, self.writes, self.counted_up = set(), set(), set()
        self.kind, self.n_loaded = 'ALU', 1
        self.short = bool(re.match(r'v\d+\.(2s|4h|8b|1d)\b|[dsh]\d+\b', self.operands))
        self.classify()

    def classify(self):
        name, operands = self.name, self.operands
        if name.startswith('prf'):
            self.kind, self.reads = 'PRFM', registers(operands)
        elif name.startswith(('ldr', 'ldur', 'ldp', 'ldnp', 'ld1', 'ld2', 'ld3', 'ld4')):
            self.classify_load()
        elif name.startswith(('str', 'stp', 'stur', 'st1', 'st2', 'st3', 'st4')):
            self.kind, self.reads = 'ST', registers(operands)
        elif name.startswith('b.') or name in ('b', 'bl', 'br', 'blr', 'ret', 'cbz', 'cbnz', 'tbz',
                                               'tbnz'):
            self.kind = 'BR'
            self.reads = registers(operands) | ({'flags'} if name.startswith('b.') else set())
        elif name in ('cmp', 'cmn', 'tst'):
            self.reads, self.writes = registers(operands), {'flags'}
        elif name != 'nop':
            self.classify_arithmetic()

    def classify_load(self):
        at = self.operands.index('[')
        target, address = self.operands[:at], self.operands[at:]
        self.writes, self.reads = registers(target), registers(address)
        if ']!' in address or '],' in address:
            self.counted_up = registers(address.split(']')[0])
        if self.name[2].isdigit():
            one_lane = re.search(r'\}\s*\[', self.operands)
            if one_lane:
                self.reads |= self.writes
            short = re.match(r'\{\s*v\d+\.(2s|4h|8b|1d)\b', target)
            whole = not one_lane and not self.name.endswith('r')
            self.kind = 'LDD' if whole and short else 'LDQ'
            self.n_loaded = len(self.writes) if whole else 1
            return
        self.n_loaded = 2 if self.name.startswith(('ldp', 'ldnp')) else 1
        self.kind = {'q': 'LDQ', 'd': 'LDD', 's': 'LDD', 'h': 'LDD', 'b': 'LDD'}.get(
            target.strip()[0], 'LDX')

    def classify_arithmetic(self):
        first = self.parts[0].strip()
        self.writes = registers(first)
        self.reads = set().union(set(), *(registers(part) for part in self.parts[1:]))
        vector = VECTOR.search(self.operands) and not (self.name in ('add', 'sub') and
                                                       first[0] in 'xw')
        if vector:
            to_lane = self.name in ('mov', 'ins', 'fmov') and re.match(r'v\d+\.[bhsd]\[', first)
            if to_lane or self.name in READS_DESTINATION:
                self.reads |= self.writes
            self.kind = 'INS' if to_lane or first[0] in 'xw' else 'V'
            return
        if self.name in ('adds', 'subs', 'ands'):
            self.writes.add('flags')
        if self.name in ('csel', 'cset', 'csinc'):
            self.reads.add('flags')
        if self.name == 'movk':
            self.reads |= self.writes

    def multiply_adds(self):
        lanes = re.match(r'v\d+\.(\d+)[bhsd]', self.operands)
        if not lanes:
            return 0
        n = int(lanes[1])
        if self.name in PER_LANE:
            return n
        if self.name in ('sdot', 'udot', 'usdot', 'sudot'):
            return 4 * n
        return 32 if self.name in ('smmla', 'ummla', 'usmmla') else 0


LATENCY = {'a53': {'LDQ': 5, 'LDD': 4, 'LDX': 3, 'INS': 3}, 'a55': {'LDQ': 4, 'LDD': 3, 'LDX': 3, 'INS': 2}}


def latency(insn, core):
    if insn.kind != 'V':
        return LATENCY[core].get(insn.kind, 1)
    if insn.multiply_adds() or insn.name in SLOW_VECTOR:
        return 4
    return 3 if core == 'a53' else 2


def may_pair(a, b, core):
    """Whether two instructions may issue in the same cycle."""
    kinds = {a.kind, b.kind}
    memory = {'LDQ', 'LDD', 'LDX', 'ST', 'PRFM'}
    if (a.kind in memory and b.kind in memory) or 'LDQ' in kinds:
        return False
    if {a.name, b.name} & {'sadalp', 'uadalp'}:
        return False
    if kinds == {'V'}:
        return core == 'a55' and a.short and b.short
    if kinds in ({'V', 'LDD'}, {'V', 'INS'}):
        return core == 'a55'
    return kinds not in ({'INS'}, {'BR'})


class InOrder:
    """Issue of one instruction after the other, two at most in a cycle."""

    def __init__(self, core):
        self.core = core
        self.ready = {}         # register: cycle from which it may be read
        self.cycle = 0
        self.first = None       # of a pair, issued in this cycle; the second may join it
        self.busy_until = 0     # by an instruction that takes more than one cycle to issue
        self.fmla_cycles = set()

    def operands_ready(self, insn):
        after_reads = [self.ready.get(r, 0) for r in insn.reads]
        after_writes = [self.ready.get(r, 0) - latency(insn, self.core) + 1 for r in insn.writes]
        return max([0] + after_reads + after_writes)

    def blocked(self, insn, cycle):
        """A53: no vector load in the fourth cycle after a floating-point multiply-add."""
        return (self.core == 'a53' and insn.kind in ('LDD', 'LDQ') and
                cycle - 4 in self.fmla_cycles)

    def issue(self, insn):
        ready = self.operands_ready(insn)
        while self.blocked(insn, ready):
            ready += 1
        if (self.first is not None and ready <= self.cycle and not self.blocked(insn, self.cycle) and
                may_pair(self.first, insn, self.core) and self.busy_until <= self.cycle):
            at = self.cycle
            self.first = None
            self.cycle += 1
        else:
            if self.first is not None:
                self.cycle += 1
            at = max(self.cycle, ready, self.busy_until)
            while self.blocked(insn, at):
                at += 1
            self.cycle, self.first = at, insn
            slots = 1
            if insn.kind == 'LDQ':
                slots = 2 * insn.n_loaded
            elif insn.kind == 'LDD':
                slots = insn.n_loaded
            elif insn.name in ('sadalp', 'uadalp') and not insn.short:
                slots = 2
            if slots > 1:
                self.busy_until = at + slots
                self.cycle = self.busy_until - 1
        done = at + latency(insn, self.core)
        if insn.kind == 'LDQ':
            done += 2 * (insn.n_loaded - 1)
        if insn.name in ('fmla', 'fmls', 'mla'):
            self.fmla_cycles.add(at)
        for register in insn.writes:
            self.ready[register] = done
        for register in insn.counted_up:
            self.ready[register] = at + 1


def in_order_cycles(insns, core, times=10):
    """Cycles of one run of a block that runs again and again."""
    machine, ends = InOrder(core), []
    for _ in range(times):
        for insn in insns:
            machine.issue(insn)
        ends.append(machine.cycle)
    half = times // 2
    return (ends[-1] - ends[half - 1]) / (times - half)


def mca_cycles(insns, core, times=50):
    """The same by llvm-mca, which wants no targets and no calls."""
    lines = []
    for insn in insns:
        if insn.name == 'b' or insn.name.startswith('b.'):
            lines.append(insn.name + ' #4')
        elif insn.name in ('bl', 'ret', 'br', 'blr'):
            lines.append('nop')
        elif insn.name in ('cbz', 'cbnz', 'tbz', 'tbnz'):
            lines.append(insn.name + ' ' + ', '.join(insn.parts[:-1]) + ', #4')
        else:
            lines.append(insn.text)
    command = ['llvm-mca-19', '-mtriple=aarch64', FEATURES, '-mcpu=' + MCA_CPU[core],
               f'-iterations={times}', '-instruction-info=0', '-resource-pressure=0']
    run = subprocess.run(command, input='\n'.join(lines) + '\n', capture_output=True, text=True,
                         check=False)
    cycles = re.search(r'Total Cycles:\s+(\d+)', run.stdout)
    # What it cannot read (system instructions) is no part of a kernel.
    return int(cycles[1]) / times if cycles else float(len(insns))


def cycles(insns, core):
    return in_order_cycles(insns, core) if core in ('a53', 'a55') else mca_cycles(insns, core)


def disassemble(code):
    """Instructions of a block's code, 8 hexadecimal digits each."""
    words = (code[i:i + 8] for i in range(0, len(code), 8))
    text = ' '.join(f'0x{w[6:8]} 0x{w[4:6]} 0x{w[2:4]} 0x{w[0:2]}' for w in words)
    out = subprocess.run(['llvm-mc-19', '--disassemble', '-triple=aarch64', FEATURES], input=text,
                         capture_output=True, text=True, check=True).stdout
    lines = (line.strip() for line in out.splitlines())
    return [Insn(line) for line in lines if line and not line.startswith('.')]

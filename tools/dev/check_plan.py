#!/usr/bin/env python3
"""Holds `cria plan` against what `cria run` takes, on synthetic models of several shapes and types.

    tools/dev/check_plan.py PROGRAM [MODEL.gguf ...] [--only TEXT] [--threads N] [--smaps]

For each model and context: what the plan says; then the program runs with a prompt that fills the
context to the last few tokens, which it generates, with the plan's total as its budget (--mem); the
peak of its resident memory is read at its end. Fails where the peak is above the plan, or below it by
more than 2 % and 3 MB. --smaps prints which mappings held the memory, sampled while it ran.

Linux only: the child is stopped at its end with ptrace, because the peak that wait4 gives includes
that of this script.
"""
import argparse
import ctypes
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
# Shape, type, contexts. Large enough to differ, small enough for minutes on two cores.
MODELS = [
    ("tiny", "f32", (128, 1024, 16384)),
    ("smollm2-135m", "q4_0", (128, 1024, 4096)),
    ("smollm2-135m", "q8_0", (64, 512, 2048)),
    ("llama-134m", "f16", (64, 512, 2048)),
    ("llama-134m", "q4_K", (64, 512, 2048)),
    ("qwen2-0.5b", "q6_K", (64, 512, 1024)),
]
AL = SOURCE / "models/al-q8_0.gguf"
AL_CONTEXTS = (128, 512, 2048)
GENERATED = 8
SHARE, SLACK = 0.02, 3_000_000

PTRACE_SEIZE, PTRACE_CONT, PTRACE_O_TRACEEXIT = 0x4206, 7, 0x40
PTRACE_EVENT_EXIT = 6
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def trace(request, pid, data):
    if libc.ptrace(request, pid, None, data) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def peak_of(words, sample=None):
    """Peak resident bytes of a program, and what it said on standard error; sample(pid) is called
    now and then while it runs."""
    start, go = os.pipe()
    with tempfile.TemporaryFile() as said:
        # The shell waits until it is traced; then it becomes the program.
        child = subprocess.Popen(["/bin/sh", "-c", f'read line <&{start}; exec "$@"', "sh", *words],
                                 pass_fds=[start], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=said)
        trace(PTRACE_SEIZE, child.pid, PTRACE_O_TRACEEXIT)
        os.write(go, b"\n")
        peak = None
        while True:
            pid, status = os.waitpid(child.pid, os.WNOHANG if sample else 0)
            if pid == 0:
                sample(child.pid)
                continue
            if not os.WIFSTOPPED(status):
                break
            ends = status >> 16 == PTRACE_EVENT_EXIT
            if ends:
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
                peak = 1024 * int(text.split("VmHWM:")[1].split()[0])
            trace(PTRACE_CONT, pid, 0 if status >> 16 else os.WSTOPSIG(status))
        os.close(start)
        os.close(go)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return child.returncode, peak, said.read().decode(errors="replace")


class Mappings:
    """The largest resident size that each kind of mapping was seen with."""

    def __init__(self):
        self.at_peak, self.peak = {}, 0

    def __call__(self, pid):
        now, kind = {}, None
        try:
            lines = pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines()
        except OSError:
            return
        for line in lines:
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                kind = words[5] if len(words) > 5 else "anonymous"
            elif words[0] == "Rss:":
                now[kind] = now.get(kind, 0) + int(words[1])
            elif words[0] == "Size:" and kind == "anonymous":
                kind = f"anonymous, {int(words[1])} KiB"
        if sum(now.values()) > self.peak:
            self.at_peak, self.peak = now, sum(now.values())

    def print(self):
        for kind, size in sorted(self.at_peak.items(), key=lambda item: -item[1])[:16]:
            print(f"    {size:9} KiB  {kind}")


def output_of(words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def prompt_of(program, model, n_tokens):
    """A text of just about n_tokens tokens, of all kinds of words."""
    def count(n):
        return len(output_of([program, "tokenize", model, "--ids"], " ".join(words[:n])).split())

    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(1, 5))) for _ in range(n_tokens + 1)]
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(middle) <= n_tokens else (low, middle - 1)
    return " ".join(words[:low])


def check(program, model, n_ctx, options, folder):
    flags = ["-c", str(n_ctx), "-t", str(options.threads)]
    plan = json.loads(output_of([program, "plan", model, "--json", *flags]))
    prompt = folder / "prompt.txt"
    prompt.write_text(prompt_of(program, model, n_ctx - GENERATED))
    mappings = Mappings() if options.smaps else None
    code, peak, said = peak_of([program, "run", model, "-f", str(prompt), *flags, "--ignore-eos",
                                "--mem", str(plan["total_bytes"] + (1 << 20))], mappings)
    if code != 0:
        sys.exit(f"{model}, {n_ctx}: {said}")
    planned = plan["total_bytes"]
    over = planned - peak
    right = 0 <= over <= max(SHARE * planned, SLACK)
    print(f"{pathlib.Path(model).stem:22} {n_ctx:6} {planned / 1e6:9.2f} {peak / 1e6:9.2f} "
          f"{over / 1e6:+7.2f} {100 * over / peak:+6.1f} %{'' if right else '   WRONG'}", flush=True)
    if mappings:
        print("    planned:", {k: v for k, v in plan.items() if k.endswith("_bytes")})
        mappings.print()
    return right


def cases(options, folder):
    for path in options.models:
        yield path, AL_CONTEXTS
    if options.models:
        return
    if AL.exists():
        yield str(AL), AL_CONTEXTS
    for shape, kind, contexts in MODELS:
        if options.only in f"{shape}-{kind}":
            path = str(folder / f"{shape}-{kind}.gguf")
            output_of([options.program, "synth", "--shape", shape, "--type", kind, path])
            yield path, contexts
            os.remove(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--only", default="", help="synthetic models whose name holds this")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smaps", action="store_true")
    options = parser.parse_args()
    right = True
    print(f"{'model':22} {'n_ctx':>6} {'plan MB':>9} {'peak MB':>9} {'over':>7}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for model, contexts in cases(options, folder):
            for n_ctx in contexts:
                right = check(options.program, model, n_ctx, options, folder) and right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

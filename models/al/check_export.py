#!/usr/bin/python3
"""Checks an exported file against PyTorch: same tokens, same greedy replies from `cria`."""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy
import torch

import dataset
import export
import model


class Greedy:
    """Replies of the trained network; the whole text is computed anew for every token."""

    def __init__(self, al, processor, n_max):
        self.al, self.processor, self.n_max = al, processor, n_max
        self.encoder = dataset.Encoder(processor)
        self.packer = dataset.Packer(self.encoder, al.config, 1, 256)
        self.run = model.Run.make(al.config)
        self.matrices = [matrix.detach() for matrix in al.merged()]

    def next_token(self, ids):
        n = len(ids)
        empty = torch.zeros(0, dtype=torch.long)
        batch = dataset.Batch(
            tokens=torch.tensor(ids), positions=torch.arange(n),
            blocks=self.packer.blocks(0, n, numpy.zeros(0, int)), read_rows=torch.tensor([n - 1]),
            targets=empty, weights=empty, answer=empty, in_call=empty)
        return int(self.run.logits(self.matrices, batch)[0].argmax())

    @torch.no_grad()
    def reply(self, prompt):
        out = []
        while len(out) < self.n_max:
            token = self.next_token(prompt + out)
            if token == self.encoder.control["end"]:
                break
            out.append(token)
        return self.processor.decode(out)


def cria(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{program} {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def prompts(path, encoder, n):
    """[(text, tokens)] of conversations up to the last reply."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            branch = record["branches"][len(found) % len(record["branches"])]
            turns = [{"role": "system", "content": record["system"]}, *branch[:-1]]
            text = "".join(f"<|{t['role']}|>{t['content']}<|end|>" for t in turns)
            ids = []
            for t in turns:
                ids += encoder.turn(t["role"], encoder.processor.encode(t["content"]))
            found.append((text + "<|assistant|>", ids + [encoder.control["assistant"]]))
            if len(found) == n:
                break
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="the folder of train.py")
    parser.add_argument("--cria", default="cria", help="the program (%(default)s)")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a JSONL file of prompts")
    parser.add_argument("--ema", action="store_true", help="the file holds the averaged weights")
    parser.add_argument("-n", type=int, default=10, help="prompts (%(default)s)")
    parser.add_argument("gguf", help="the exported file")
    args = parser.parse_args()
    greedy = Greedy(*export.load_checkpoint(args.work, args.ema), n_max=120)
    n_tokens_alike = n_alike = 0
    found = prompts(args.data, greedy.encoder, args.n)
    for text, ids in found:
        theirs = cria(args.cria, "tokenize", args.gguf, "--ids", "--special", "-p", text)
        n_tokens_alike += [int(i) for i in theirs.split()] == ids
        reply = cria(args.cria, "run", args.gguf, "--special", "--temp", 0, "-n", 120,
                     "--no-stats", "-p", text).rstrip("\n")
        ours = greedy.reply(ids)
        n_alike += reply == ours
        print(("same: " if reply == ours else f"PyTorch: {ours!r}\ncria: ") + repr(reply))
    print(f"of {len(found)} prompts {n_tokens_alike} have the same tokens, {n_alike} the same "
          "reply")
    sys.exit(n_alike < len(found) or n_tokens_alike < len(found))


if __name__ == "__main__":
    main()

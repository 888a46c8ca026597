#!/usr/bin/env python3
"""Writes Al's training, validation and test data: seeded, from grammars, split by phrasing and by name.

    python3 generate.py --out DIR [--scale 1.0] [--seed 1]

train-000.jsonl ... go from small houses to large ones; valid.jsonl has names and phrasings of its own;
test_AXIS.jsonl hold one axis each (see ../TASK.md for the formats).
"""

import argparse
import json
import multiprocessing
import pathlib
import random

import commands
import follow_ups
import house as houses
import lookups
import phrases as phrase_files
import questions
import talk

# How often each kind of case is drawn in training.
MIX = [(commands.single, 36), (commands.relative, 14), (commands.several, 16), (commands.group, 9),
       (questions.one_device, 15), (questions.counting, 6), (commands.ask_back, 14), (commands.absent, 8),
       (questions.absent_device, 2), (commands.no_service, 6), (commands.unfit, 3), (talk.out_of_scope, 3),
       (talk.small_talk, 3), (follow_ups.follow_up, 16), (follow_ups.new_subject, 14)]
# In training only: cases that are nearly nothing but looking rows up, and more of what is learnt last.
EXTRA = [(lookups.ids, 6), (lookups.states, 3), (lookups.names, 2), (commands.start_timer, 5),
         (commands.relative, 16), (commands.several, 14), (commands.group, 4), (commands.ask_back, 16),
         (questions.one_device, 8), (questions.counting, 4)]
# (smallest, largest house, share of the samples): the curriculum, one shard or more each
CURRICULUM = [(2, 4, 0.06), (2, 8, 0.14), (2, 12, 0.25), (2, 16, 0.25), (2, 24, 0.30)]
SAMPLES = 120_000
SHARD = 2000
BRANCHES = 16


def draw_case(ctx, mix):
    """A case of the mix; kinds that this house does not allow are drawn again."""
    for _ in range(60):
        make = ctx.rng.choices([f for f, _ in mix], [w for _, w in mix])[0]
        case = make(ctx)
        if case:
            if "{" in case.user:
                raise ValueError(f"a slot was left open: {case.user}")
            return case
    return None


def sample(rng, phrases, split, smallest, largest):
    """One training sample: a house and independent conversations in it."""
    # Small and large houses are equally frequent by the logarithm of their size.
    n = round(smallest * (largest / smallest) ** rng.random())
    house = houses.random_house(rng, split, n)
    ctx = commands.Context(rng, house, phrases, split, split, rng.choice([0.1, 0.3, 0.5]))
    branches, size = [], 0
    while len(branches) < BRANCHES and size < 5200:
        case = draw_case(ctx, MIX + EXTRA)
        if case is None:
            break
        branches.append(case.branch())
        size += sum(len(m["content"]) for m in case.branch())
    return {"system": house.system_message(), "branches": branches}


def write_samples(path, rng, phrases, split, count, smallest, largest):
    with open(path, "w") as out:
        for _ in range(count):
            out.write(json.dumps(sample(rng, phrases, split, smallest, largest)) + "\n")


def write_shard(work):
    """One training file, from a seed of its own: the same whatever else is made, and by how many."""
    out, seed, phrases, number, count, smallest, largest = work
    path = out / f"train-{number:03d}.jsonl"
    write_samples(path, random.Random(f"{seed}/train/{number}"), phrases, "train", count, smallest, largest)
    return f"{path.name}: {count} houses of {smallest} to {largest} devices"


# axis -> (split of names, split of phrases, share of ids that do not tell the name, sizes, mix)
COMMANDS = [(commands.single, 70), (commands.several, 15), (commands.group, 10)]
AXES = {
    "seen": ("train", "train", None, (2, 16), MIX),
    "unseen_names": ("test", "train", None, (2, 16), COMMANDS),
    "unrelated_ids": ("train", "train", 1.0, (2, 16), COMMANDS),
    "new_phrasings": ("train", "test", None, (2, 16), MIX),
    "new_verbs": ("train", "verbs", None, (2, 16), [(commands.single, 1)]),
    "devices_8_10": ("test", "train", None, (8, 10), COMMANDS),
    "devices_20_24": ("test", "train", None, (20, 24), COMMANDS),
    "state": ("test", "test", None, (2, 16), [(questions.one_device, 3), (questions.counting, 1)]),
    "refusals": ("test", "test", None, (2, 16), [(commands.absent, 4), (questions.absent_device, 1),
                 (commands.no_service, 3), (talk.out_of_scope, 2), (commands.ask_back, 5)]),
    "relative": ("test", "test", None, (2, 16), [(commands.relative, 1)]),
    "follow_ups": ("test", "test", None, (2, 16), [(follow_ups.follow_up, 1)]),
}
WANTED = {"relative": lambda c: c.category == "relative", "new_verbs": lambda c: c.calls,
          "refusals": lambda c: not c.calls}


def write_tests(path, seed, phrases, axis, count):
    names, split, unrelated, (smallest, largest), mix = AXES[axis]
    rng = random.Random(f"{seed}/{axis}")
    wanted = WANTED.get(axis, lambda case: True)
    written = 0
    with open(path, "w") as out:
        while written < count:
            house = houses.random_house(rng, names, rng.randint(smallest, largest), unrelated)
            ctx = commands.Context(rng, house, phrases, split, names)
            for _ in range(2):
                case = draw_case(ctx, mix)
                if case and wanted(case) and written < count:
                    out.write(case.as_test(house, [axis]) + "\n")
                    written += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the files")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amount (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", type=int, default=400, help="cases per axis (default 400)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--only-tests", action="store_true", help="write no training data")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    phrases = phrase_files.Phrases()
    for axis in AXES:
        write_tests(args.out / f"test_{axis}.jsonl", args.seed, phrases, axis, args.tests)
    if args.only_tests:
        return
    write_samples(args.out / "valid.jsonl", random.Random(f"{args.seed}/valid"), phrases, "valid",
                  max(20, int(400 * args.scale)), 2, 16)
    shards = []
    for smallest, largest, share in CURRICULUM:
        left = int(SAMPLES * args.scale * share)
        while left > 0:
            shards.append((args.out, args.seed, phrases, len(shards), min(left, SHARD), smallest, largest))
            left -= SHARD
    with multiprocessing.Pool(args.jobs) as pool:
        for line in pool.imap(write_shard, shards):
            print(line, flush=True)


if __name__ == "__main__":
    main()

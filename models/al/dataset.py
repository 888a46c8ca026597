"""Training data: JSONL in, token arrays in a cache, batches of packed rows out.

One sequence is a system message and its branches. Every branch continues from the system message
and sees it, but no other branch: the prompt is paid for once, for about ten answers.
"""
import dataclasses
import hashlib
import heapq
import itertools
import json
import sys

import numpy
import torch

import looking
import tokenizer

SYSTEM_WEIGHT = 0.15  # of the system message's tokens after the Services line, against answers
CHUNK = 2000  # sequences tokenised at once


COLUMNS = ("tokens", "positions", "read_rows", "targets", "weights", "answer", "in_call")


@dataclasses.dataclass
class Block:
    """Rows [start, start + n_rows) that see the rows [prefix, prefix + n_prefix), and those of
    themselves where mask [rows * query heads per KV head, n_rows] is 0 and not -inf.
    looks: where attention should go, per kind of looking.KINDS, (rows of the block [n], what they
    should see, 1 or 0 [n, n_prefix + n_rows]), or None.
    """
    start: int
    n_rows: int
    prefix: int
    n_prefix: int
    mask: torch.Tensor
    looks: tuple = (None,) * len(looking.KINDS)


@dataclasses.dataclass
class Batch:
    """Packed rows. What is learnt: from row read_rows[i] the token targets[i], as weights[i] says;
    answer[i] numbers the branch that it belongs to, -1 for the system message; in_call[i] is 1 from
    an answer's fence on."""
    tokens: torch.Tensor
    positions: torch.Tensor
    blocks: list
    read_rows: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    answer: torch.Tensor
    in_call: torch.Tensor

    def to(self, device):
        for field in COLUMNS:
            setattr(self, field, getattr(self, field).to(device))
        for block in self.blocks:
            block.mask = block.mask.to(device)
            block.looks = [look and tuple(x.to(device) for x in look) for look in block.looks]
        return self


class Encoder:
    """Texts to tokens, with the control tokens between them."""

    def __init__(self, processor):
        self.processor = processor
        self.control = {name: processor.piece_to_id(f"<|{name}|>")
                        for name in ("system", "user", "assistant", "end")}
        self.devices = processor.piece_to_id(tokenizer.DEVICES)
        self.fence = processor.piece_to_id(tokenizer.FENCE)

    def turn(self, role, ids):
        return [self.control[role], *ids, self.control["end"]]

    def sequences(self, lines):
        """Per line (tokens, n_system, [(n_tokens, n_learnt) of a branch])."""
        records = [json.loads(line) for line in lines]
        texts = []
        for record in records:
            texts.append(record["system"])
            texts += [turn["content"] for branch in record["branches"] for turn in branch]
        ids = iter(self.processor.encode(texts))
        for record in records:
            tokens = self.turn("system", next(ids))
            n_system, branches = len(tokens), []
            for branch in record["branches"]:
                turns = [self.turn(turn["role"], next(ids)) for turn in branch]
                branches.append((sum(map(len, turns)), len(turns[-1]) - 1))
                tokens += itertools.chain.from_iterable(turns)
            yield tokens, n_system, branches


class Shard:
    """The sequences of one file.

    tokens    [n] uint16
    sequences [n_sequences, 4] int32: first token, n_system, first branch, n_branches
    branches  [n_branches, 2] int32: n_tokens, n_learnt (the last ones)
    """

    def __init__(self, arrays):
        self.tokens, self.sequences, self.branches = arrays
        ends = numpy.append(self.sequences[1:, 0], len(self.tokens))
        self.n_tokens = ends - self.sequences[:, 0]

    def __len__(self):
        return len(self.sequences)


def encode_file(path, encoder, n_ctx):
    """The arrays of a Shard. Sequences with a branch beyond n_ctx are left out."""
    tokens, sequences, branches, n_tokens, n_left_out = [], [], [], 0, 0
    with open(path, encoding="utf-8") as file:
        while lines := list(itertools.islice(file, CHUNK)):
            for ids, n_system, own in encoder.sequences(lines):
                if n_system + max(n for n, _ in own) > n_ctx:
                    n_left_out += 1
                    continue
                sequences.append((n_tokens, n_system, len(branches), len(own)))
                branches += own
                tokens.append(numpy.array(ids, numpy.uint16))
                n_tokens += len(ids)
    if n_left_out:
        print(f"{path}: {n_left_out} sequences are longer than {n_ctx} tokens; left out")
    return (numpy.concatenate(tokens), numpy.array(sequences, numpy.int32),
            numpy.array(branches, numpy.int32))


def load_shard(path, vocabulary, n_ctx, cache):
    """A file's Shard, from the cache where the file and the vocabulary are those of last time."""
    stat = path.stat()
    key = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns} {n_ctx}".encode()
    name = hashlib.sha256(key + vocabulary.read_bytes()).hexdigest()[:16]
    cached = cache / f"{path.stem}-{name}.npy"
    if not cached.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = cached.with_suffix(".part")
        with open(part, "wb") as file:
            for array in encode_file(path, Encoder(tokenizer.load(vocabulary)), n_ctx):
                numpy.save(file, array)
        part.replace(cached)
    with open(cached, "rb") as file:
        return Shard([numpy.load(file) for _ in range(3)])


def load_shards(paths, vocabulary, n_ctx, cache):
    shards = []
    for i, path in enumerate(paths):
        shards.append(load_shard(path, vocabulary, n_ctx, cache))
        if sys.stderr.isatty():
            print(f"\rtokens of {i + 1} of {len(paths)} files", end="", file=sys.stderr)
    n = [sum(x) for x in zip(*((len(s), len(s.branches), len(s.tokens)) for s in shards))]
    print(f"\r{len(paths)} files: {n[0]} houses, {n[1]} branches, {n[2]} tokens", flush=True)
    return shards


class Curriculum:
    """Draws sequences in the order of the files as training goes on; inside a file without
    replacement, in a fixed random order.

    A share `replay` comes from any earlier file, so that what is learnt first is not forgotten.
    """

    def __init__(self, shards, seed, replay):
        self.shards, self.seed, self.replay = shards, seed, replay
        self.ends = numpy.cumsum([len(shard.tokens) for shard in shards])
        self.drawn = [0] * len(shards)  # sequences so far, of each file; kept in checkpoints
        self.orders = {}

    def draw(self, progress, random):
        """(shard, index of a sequence) for a progress of 0 to 1."""
        at = progress * random.random() if random.random() < self.replay else progress
        i = int(numpy.searchsorted(self.ends, min(at, 0.999999) * self.ends[-1], side="right"))
        shard = self.shards[i]
        round_, index = divmod(self.drawn[i], len(shard))
        if self.orders.get(i, (None,))[0] != round_:
            order = numpy.random.default_rng([self.seed, i, round_]).permutation(len(shard))
            self.orders[i] = (round_, order)
        self.drawn[i] += 1
        return shard, self.orders[i][1][index]

    def draw_step(self, progress, step, n_tokens):
        """[(shard, index of a sequence)] for one step: n_tokens in all, or a little more."""
        random = numpy.random.default_rng([self.seed, step])
        drawn = []
        while n_tokens > 0:
            drawn.append(self.draw(progress, random))
            n_tokens -= drawn[-1][0].n_tokens[drawn[-1][1]]
        return drawn


class Packer:
    """Packs sequences into batches of about n_rows rows."""

    def __init__(self, encoder, config, n_rows, n_block_rows):
        self.encoder = encoder
        self.finder = looking.Finder(encoder.processor)
        self.n_per_kv = config.n_heads // config.n_kv_heads
        self.n_rows, self.n_block_rows = n_rows, n_block_rows

    def groups(self, drawn, n_workers):
        """Splits [(shard, index)] into groups of about n_rows tokens, as many for every worker and
        all of about the same size: each sequence, longest first, goes to the smallest group."""
        sizes = [int(shard.n_tokens[i]) for shard, i in drawn]
        n_rounds = max(1, round(sum(sizes) / self.n_rows / n_workers))
        groups = [(0, i, []) for i in range(n_rounds * n_workers)]
        for i in sorted(range(len(drawn)), key=lambda i: -sizes[i]):
            size, number, group = heapq.heappop(groups)
            heapq.heappush(groups, (size + sizes[i], number, group + [drawn[i]]))
        return [group for _, _, group in groups if group]

    def pack(self, group):
        columns = {name: [] for name in COLUMNS}
        blocks, row, n_answers = [], 0, 0
        for shard, i in group:
            first, n_system, first_branch, n_branches = map(int, shard.sequences[i])
            tokens = shard.tokens[first:first + shard.n_tokens[i]].astype(numpy.int64)
            branches = shard.branches[first_branch:first_branch + n_branches]
            own = self.blocks(row, n_system, n_system + numpy.cumsum(branches[:, 0]))
            self.look(own, row, tokens.tolist(), n_system, branches[:, 0])
            blocks += own
            columns["tokens"].append(tokens)
            columns["positions"].append(numpy.arange(n_system))
            rows_from = 1 + int(numpy.argmax(tokens[:n_system] == self.encoder.devices))
            self.learn(columns, tokens, row, (rows_from, n_system), -1)
            end = n_system
            for n, n_learnt in branches:
                columns["positions"].append(numpy.arange(n_system, n_system + n))
                end += int(n)
                self.learn(columns, tokens, row, (end - n_learnt, end), n_answers)
                n_answers += 1
            row += len(tokens)
        return Batch(blocks=blocks, **{name: torch.from_numpy(numpy.concatenate(parts))
                                       for name, parts in columns.items()})

    def look(self, blocks, row, tokens, n_system, branch_sizes):
        """Notes in the blocks of a sequence where its tokens should look."""
        rows, by_id, by_name = self.finder.rows(tokens[:n_system])
        found, at = {}, n_system
        for n in branch_sizes:
            for look in self.finder.looks(tokens[at:at + n], by_id, by_name):
                row_start, row_end = rows[look.row]
                mention = look.mention and tuple(at + i for i in look.mention)
                copied = None if look.next is None else (row_start + look.next,
                                                         row_start + look.next + 1)
                found[at + look.at] = ((row_start, row_end), mention, copied)
            at += int(n)
        for block in blocks:
            if block.n_prefix == n_system:
                first = block.start - row
                own = [(i - first, *found[i]) for i in range(first, first + block.n_rows)
                       if i in found]
                to_inside = n_system - first
                block.looks = (
                    self.look_mask(block, [(i, at) for i, at, _, _ in own]),
                    self.look_mask(block, [(i, (a + to_inside for a in at))
                                           for i, _, at, _ in own if at]),
                    self.look_mask(block, [(i, at) for i, _, _, at in own if at]))

    @staticmethod
    def look_mask(block, pairs):
        """What Block.looks holds, of [(row of the block, (first, last) column that it should see)].
        """
        if not pairs:
            return None
        mask = torch.zeros(len(pairs), block.n_prefix + block.n_rows)
        for k, (_, (first, last)) in enumerate(pairs):
            mask[k, first:last] = 1
        return torch.tensor([i for i, _ in pairs]), mask

    def learn(self, columns, tokens, row, part, answer):
        """Adds the tokens [part) of a sequence that begins at row to what is learnt."""
        targets = tokens[slice(*part)]
        weight = SYSTEM_WEIGHT if answer < 0 else 1
        columns["read_rows"].append(numpy.arange(row + part[0] - 1, row + part[1] - 1))
        columns["targets"].append(targets)
        columns["weights"].append(numpy.full(len(targets), weight, numpy.float32))
        columns["answer"].append(numpy.full(len(targets), answer))
        columns["in_call"].append(numpy.maximum.accumulate(targets == self.encoder.fence))

    def blocks(self, row, n_system, ends):
        """Cuts a sequence into blocks of about n_block_rows: small ones waste less on what the mask
        hides, large ones multiply faster."""
        n_parts = -(-n_system // self.n_block_rows)
        cuts = [n_system * i // n_parts for i in range(n_parts + 1)]
        blocks = [Block(row + a, b - a, row, a, self.mask([0, b - a]))
                  for a, b in zip(cuts, cuts[1:])]
        start, inside = n_system, [0]
        for i, end in enumerate(ends):
            inside.append(int(end) - start)
            full = i + 1 == len(ends) or ends[i + 1] - start > self.n_block_rows
            if full:
                blocks.append(Block(row + start, inside[-1], row, n_system, self.mask(inside)))
                start, inside = int(end), [0]
        return blocks

    def mask(self, cuts):
        """Causal inside each of the parts [cuts[i], cuts[i + 1]), -inf elsewhere."""
        n = cuts[-1]
        part = torch.bucketize(torch.arange(n), torch.tensor(cuts[1:]), right=True)
        seen = (part[:, None] == part).tril_()
        mask = torch.zeros(n, n).masked_fill_(seen.logical_not_(), float("-inf"))
        return mask.repeat_interleave(self.n_per_kv, 0)

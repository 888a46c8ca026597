#!/usr/bin/python3
"""Trains Al.

Reads train-*.jsonl and valid.jsonl of --data (format: TASK.md); keeps everything that it makes in
--work: al.model (the vocabulary), cache/, checkpoint.pt, log.jsonl. The learning rate and the order
of the data follow the share of --minutes that is spent, so a run ends when its time ends, whatever
the machine; a killed run (SIGTERM saves it first) goes on with --resume, a finished one with
--resume and more --minutes.

Needs Debian's python3-torch, python3-numpy, python3-sentencepiece and libopenblas0-pthread: without
the last one matrix products run on a slow reference library. libjemalloc2 makes it faster.
"""
import argparse
import concurrent.futures
import ctypes.util
import json
import os
import pathlib
import signal
import sys
import time

SETTINGS = {
    # Memory once got is kept, in huge pages: pages would otherwise come and go at every operation.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    # Every worker computes its own batches alone: threads inside of operations would wait for each
    # other thousands of times a second, and for whatever else runs on the machine.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Where jemalloc is installed. Memory kept for good would grow without end, and memory given back
    # at once costs as much as computing.
    "MALLOC_CONF": "thp:always,narenas:2,oversize_threshold:0,dirty_decay_ms:20000,muzzy_decay_ms:20000",
}


def restart_with_settings():
    """Starts this program again with the environment that libraries read when they are loaded."""
    if "AL_SETTINGS" in os.environ:
        return
    cpu = pathlib.Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    wide = {"ATEN_CPU_CAPABILITY": "avx512", "OPENBLAS_CORETYPE": "SKYLAKEX"}
    # glibc's one arena searches long lists: jemalloc made training 1.4 times as fast.
    allocator = ctypes.util.find_library("jemalloc")
    env = {**SETTINGS, **(wide if "avx512bw" in cpu else {}),
           **({"LD_PRELOAD": allocator} if allocator else {}), **os.environ, "AL_SETTINGS": "1"}
    os.execve(sys.executable, [sys.executable, *sys.argv], env)


if __name__ == "__main__":
    restart_with_settings()

import torch  # noqa: E402

import dataset  # noqa: E402
import looking  # noqa: E402
import model  # noqa: E402
import muon  # noqa: E402
import smoke_data  # noqa: E402
import tokenizer  # noqa: E402


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=pathlib.Path, help="folder of train-*.jsonl and valid.jsonl")
    add("--work", type=pathlib.Path, required=True, help="folder for all that is made")
    add("--minutes", type=float, default=120, help="time for training (%(default)s)")
    add("--resume", action="store_true", help="go on from the checkpoint in --work")
    add("--start-from", type=pathlib.Path, metavar="CHECKPOINT",
        help="begin with the weights of another run with the same al.model, copied beforehand")
    add("--smoke", action="store_true", help="a tiny network and made-up data: half a minute")
    add("--step-tokens", type=int, default=8192, help="tokens of a step (%(default)s)")
    add("--batch-rows", type=int, default=2048, help="tokens computed at once (%(default)s)")
    add("--block-rows", type=int, default=160, help="rows of attention at once (%(default)s)")
    add("--layers", type=int, default=8, help="(%(default)s)")
    add("--d-ff", type=int, default=512, help="(%(default)s)")
    add("--muon-lr", type=float, default=0.02, help="(%(default)s)")
    add("--adam-lr", type=float, default=3e-3, help="(%(default)s)")
    add("--replay", type=float, default=0.2,
        help="share of houses from any earlier file (%(default)s)")
    add("--ema", type=float, default=0, metavar="DECAY",
        help="keep an average of the weights, say 0.998; 0: none (%(default)s)")
    add("--vocab", type=int, default=1536, help="pieces, where al.model is made (%(default)s)")
    add("--look-weight", type=float, default=0.2,
        help="of attention that looks at the right row, against a token; 0: off (%(default)s)")
    add("--workers", type=int, default=os.cpu_count(),
        help="threads that compute batches (%(default)s)")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto",
        help="of matrix products; auto: what is faster here")
    add("--seed", type=int, default=1, help="(%(default)s)")
    add("--valid-houses", type=int, default=40, help="per validation (%(default)s)")
    add("--valid-minutes", type=float, default=10, help="between validations (%(default)s)")
    add("--save-minutes", type=float, default=5, help="between checkpoints (%(default)s)")
    args = parser.parse_args()
    if args.smoke:
        args.layers, args.d_ff, args.minutes, args.step_tokens = 2, 256, 0.4, 2048
        args.valid_minutes, args.vocab = 0.2, 800
        args.data = args.data or smoke_data.write(args.work / "smoke-data")
    elif args.data is None:
        parser.error("--data is needed, but for --smoke")
    return args


def pick_dtype(name, device):
    """bfloat16 where it multiplies faster; processors without instructions for it emulate it."""
    if name != "auto":
        return getattr(torch, name)
    if device == "cuda":
        return torch.bfloat16
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(512, 256, dtype=dtype), torch.ones(256, 512, dtype=dtype)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        seconds[dtype] = min(times)
    return min(seconds, key=seconds.get)


def learning_rate(progress, step):
    """The factor on both learning rates: 100 steps of warm-up, linear decay over the last 70 %."""
    return min(1.0, (step + 1) / 100, max(0.0, 1 - progress) / 0.7)


class Trainer:
    """A training run: network, optimiser, data, and where it stands."""

    def __init__(self, args):
        self.args = args
        self.step, self.seconds, self.n_tokens = 0, 0.0, 0
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = pick_dtype(args.dtype, self.device)
        self.load_data()
        pieces = [self.processor.id_to_piece(i) for i in range(self.processor.get_piece_size())]
        n_bases = len({base for base, _ in tokenizer.base_and_form(pieces)})
        self.config = model.Config(n_vocab=len(pieces), n_bases=n_bases, n_layers=args.layers,
                                   d_ff=args.d_ff)
        self.packer = dataset.Packer(self.encoder, self.config, args.batch_rows, args.block_rows)
        self.al = model.Al(self.config, pieces).to(self.device)
        self.run = model.Run.make(self.config, self.dtype, self.device, args.look_weight)
        self.optimizer = muon.Optimizer(self.al, self.dtype, args.muon_lr, args.adam_lr)
        self.pool = concurrent.futures.ThreadPoolExecutor(
            args.workers, initializer=torch.set_num_threads, initargs=(1,))
        self.average = [p.detach().clone() for p in self.al.parameters()] if args.ema else []
        self.log_file = open(args.work / "log.jsonl", "a" if args.resume else "w", buffering=1)
        if args.resume:
            self.load()
        elif args.start_from:
            saved = self.saved(args.start_from)
            self.al.load_state_dict(saved["weights"])
            self.optimizer.load(saved["optimizer"])

    def load_data(self):
        """Vocabulary and shards; both are made where they are not there yet."""
        args = self.args
        train, valid = sorted(args.data.glob("train-*.jsonl")), args.data / "valid.jsonl"
        if not train or not valid.exists():
            sys.exit(f"{args.data}: expected train-*.jsonl and valid.jsonl")
        vocabulary = args.work / "al.model"
        args.work.mkdir(parents=True, exist_ok=True)
        if not vocabulary.exists():
            tokenizer.make(train, vocabulary, args.vocab)
        self.processor = tokenizer.load(vocabulary)
        self.encoder = dataset.Encoder(self.processor)

        def shards(paths):
            return dataset.load_shards(paths, vocabulary, model.Config.n_ctx, args.work / "cache")

        self.curriculum = dataset.Curriculum(shards(train), args.seed, args.replay)
        self.valid = shards([valid])[0]

    @property
    def progress(self):
        return self.seconds / (60 * self.args.minutes)

    def train(self):
        a = self.args
        print(f"{self.al.n_shipped() / 1e6:.2f}M parameters, {self.config.n_vocab} pieces, "
              f"{self.dtype}, {a.workers} workers, {self.device}", flush=True)
        shown, n_shown_tokens, losses = self.seconds, self.n_tokens, []
        saved = validated = self.seconds
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        while self.progress < 1:
            if stopped:
                self.save()
                sys.exit(f"stopped after {self.seconds / 60:.1f} minutes; saved")
            start = time.monotonic()
            losses.append(self.train_step())
            self.seconds += time.monotonic() - start
            if self.seconds - shown > 10 or self.progress >= 1:
                self.log({"step": self.step, "minutes": round(self.seconds / 60, 2),
                          "loss": round(sum(losses) / len(losses), 4),
                          "tokens_per_s": round((self.n_tokens - n_shown_tokens)
                                                / (self.seconds - shown)),
                          "lr": round(a.muon_lr * learning_rate(self.progress, self.step), 5),
                          **self.looks()})
                shown, n_shown_tokens, losses = self.seconds, self.n_tokens, []
            if self.seconds - validated > 60 * a.valid_minutes and self.progress < 1:
                validated = self.seconds
                self.validate()
            if self.seconds - saved > 60 * a.save_minutes:
                saved = self.seconds
                self.save()
        self.validate()
        self.save()

    def looks(self):
        """The mean attention that guided heads paid to the right places since the last call."""
        means = {}
        for kind, paid in zip(looking.KINDS, self.run.seen()):
            total, n = map(sum, zip(*paid)) if paid else (0, 0)
            if n:
                means[f"sees_{kind}"] = round(total / n, 4)
        return means

    def train_step(self):
        """Returns the mean loss of the step."""
        drawn = self.curriculum.draw_step(self.progress, self.step, self.args.step_tokens)
        loss = self.gradients(self.packer.groups(drawn, self.args.workers))
        torch.nn.utils.clip_grad_norm_(self.al.parameters(), 1.0)
        self.optimizer.step(learning_rate(self.progress, self.step), self.pool.map)
        with torch.no_grad():
            for kept, p in zip(self.average, self.al.parameters()):
                kept.lerp_(p, 1 - self.args.ema)
        self.step += 1
        self.n_tokens += int(sum(shard.n_tokens[i] for shard, i in drawn))
        return loss

    def gradients(self, groups):
        """Fills the parameters' gradients with those of the weighted mean over all groups.

        Workers take turns at the groups and share the merged matrices, through which the summed
        gradients go once.
        """
        matrices = self.al.merged()

        def work(groups):
            leaves = [matrix.detach().requires_grad_() for matrix in matrices]
            loss_sum = weight = 0.0
            for group in groups:
                batch = self.packer.pack(group).to(self.device)
                loss = self.run.loss(leaves, batch)
                loss.backward()
                loss_sum += float(loss.detach())
                weight += float(batch.weights.sum())
            return loss_sum, weight, [leaf.grad for leaf in leaves]

        n = self.args.workers
        shares = [groups[i::n] for i in range(n) if groups[i::n]]
        losses, weights, grads = zip(*self.pool.map(work, shares))
        total = sum(weights)
        for p in self.al.parameters():
            p.grad = None
        torch.autograd.backward(matrices, [sum(own).div_(total) for own in zip(*grads)])
        return sum(losses) / total

    def validate(self):
        """Loss, and the share of answers of which every token is the likeliest one: those that
        greedy decoding would give word for word; the same for the calls of those that have any."""
        drawn = [(self.valid, i) for i in range(min(len(self.valid), self.args.valid_houses))]
        matrices = [matrix.detach() for matrix in self.al.merged()]

        @torch.no_grad()
        def count(group):
            batch = self.packer.pack(group).to(self.device)
            logits = self.run.logits(matrices, batch)
            loss = torch.nn.functional.cross_entropy(logits, batch.targets, reduction="none")
            answers = batch.answer >= 0
            answer, in_call = batch.answer[answers], batch.in_call[answers]
            wrong = (logits.argmax(-1) != batch.targets)[answers]
            n = int(answer.max()) + 1
            has_call = torch.bincount(answer[in_call], minlength=n) > 0
            call_wrong = torch.bincount(answer[in_call & wrong], minlength=n) > 0
            exact = torch.bincount(answer[wrong], minlength=n) == 0
            return [float(x) for x in (loss @ batch.weights, batch.weights.sum(), n, exact.sum(),
                                       has_call.sum(), (has_call & ~call_wrong).sum())]

        counts = self.pool.map(count, self.packer.groups(drawn, self.args.workers))
        loss, weight, n, n_exact, n_calls, n_exact_calls = map(sum, zip(*counts))
        self.log({"step": self.step, "minutes": round(self.seconds / 60, 2),
                  "valid_loss": round(loss / weight, 4), "exact": round(n_exact / n, 4),
                  "exact_calls": round(n_exact_calls / max(1, n_calls), 4)})

    def log(self, record):
        print("  ".join(f"{key} {value}" for key, value in record.items()), flush=True)
        self.log_file.write(json.dumps(record) + "\n")

    def save(self):
        """Writes the checkpoint beside the old one and then in its place."""
        path = self.args.work / "checkpoint.pt"
        part = path.with_suffix(".part")
        torch.save({"config": vars(self.config), "weights": self.al.state_dict(),
                    "average": self.average, "optimizer": self.optimizer.state(),
                    "step": self.step, "seconds": self.seconds, "n_tokens": self.n_tokens,
                    "minutes": self.args.minutes, "drawn": self.curriculum.drawn}, part)
        part.replace(path)

    def saved(self, path):
        saved = torch.load(path, map_location=self.device)
        if saved["config"] != vars(self.config):
            sys.exit(f"{path}: holds another network: {saved['config']}")
        return saved

    def load(self):
        saved = self.saved(self.args.work / "checkpoint.pt")
        self.al.load_state_dict(saved["weights"])
        self.optimizer.load(saved["optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.n_tokens, self.curriculum.drawn = saved["n_tokens"], saved["drawn"]
        if len(self.average) == len(saved["average"]):
            self.average = saved["average"]


def main():
    args = parse_args()
    if not args.resume and (args.work / "checkpoint.pt").exists():
        sys.exit(f"{args.work}: holds a checkpoint; name --resume or another folder")
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    Trainer(args).train()


if __name__ == "__main__":
    main()

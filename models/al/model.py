"""Al's network: a LLaMA (RMSNorm, RoPE, grouped queries, SwiGLU, tied embeddings) for the CPU.

Works on packed rows, no padding: x [n_rows, d_model] holds the tokens of many sequences one after
the other; only attention looks at which rows belong together (see dataset.Block).

RoPE turns adjacent pairs (0, 1), (2, 3), ... of a head, the convention of GGUF's arch `llama`, so
Q and K are exported without a permutation inside heads. The order of the query heads differs here:
see Config.head_order.
"""
import dataclasses

import torch

import looking
import tokenizer


@dataclasses.dataclass
class Config:
    """Sizes of a network; the names are Cria's."""
    n_vocab: int
    n_bases: int  # texts that pieces of one meaning share: tokenizer.base_and_form
    d_model: int = 256
    n_layers: int = 8
    n_heads: int = 4
    n_kv_heads: int = 2
    head_dim: int = 64
    d_ff: int = 512
    n_ctx: int = 2048
    rope_base: float = 10000.0
    rms_eps: float = 1e-5

    @property
    def d_q(self):
        return self.n_heads * self.head_dim

    @property
    def d_kv(self):
        return self.n_kv_heads * self.head_dim

    def head_order(self):
        """The query heads in the order of GGUF, which puts those of one KV head side by side.

        Here the KV head runs fastest, so that the query rows of a KV head lie at one distance in
        memory and matrix products read them where they are.
        """
        n_per_kv = self.n_heads // self.n_kv_heads
        return [i * self.n_kv_heads + kv for kv in range(self.n_kv_heads) for i in range(n_per_kv)]


class Linear(torch.autograd.Function):
    """y = x w^T, multiplied in a type of fewer bits than w has.

    The gradient of w goes back in fp32, because those of many micro-batches are summed.
    """

    @staticmethod
    def forward(ctx, x, w, dtype):
        x, w = x.to(dtype), w.to(dtype)
        ctx.save_for_backward(x, w)
        return x @ w.t()

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        dy = dy.to(w.dtype)
        return dy @ w, (dy.t() @ x).float(), None


class RmsNorm(torch.autograd.Function):
    """x / sqrt(mean(x^2) + eps), without a weight: that is folded into the next matrix."""

    @staticmethod
    def forward(ctx, x, eps):
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = length.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        y = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx, dy):
        y, scale = ctx.saved_tensors
        dy = dy.float()
        along = (dy * y).mean(-1, keepdim=True)
        return torch.addcmul(dy, y, along, value=-1).mul_(scale), None


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up of x = [gate | up]."""

    @staticmethod
    def forward(ctx, x):
        gate, up = x.chunk(2, dim=-1)
        activated = torch.nn.functional.silu(gate)
        ctx.save_for_backward(x, activated)
        return activated * up

    @staticmethod
    def backward(ctx, dy):
        x, activated = ctx.saved_tensors
        gate, up = x.chunk(2, dim=-1)
        dx = torch.empty_like(x)
        dgate, dup = dx.chunk(2, dim=-1)
        torch.mul(dy, activated, out=dup)
        dgate.copy_(torch.ops.aten.silu_backward(dy * up, gate))
        return dx


def key_parts(block, n_kv_heads, head_dim, *tensors):
    """[(columns of the scores, the tensors' head views)] of a block's prefix and of the block."""
    parts = [(slice(block.n_prefix, None), block.start, block.n_rows)]
    if block.n_prefix:
        parts.insert(0, (slice(0, block.n_prefix), block.prefix, block.n_prefix))
    return [(at, [heads(x, n_kv_heads, head_dim, start, n) for x in tensors])
            for at, start, n in parts]


def heads(x, n_kv_heads, head_dim, start, n_rows):
    """Rows of x [n, heads * head_dim] as [n_kv_heads, rows * query heads of each, head_dim]."""
    n_per_kv = x.shape[1] // (n_kv_heads * head_dim)
    step = x.stride(0) if n_per_kv == 1 else n_kv_heads * head_dim
    return x.as_strided((n_kv_heads, n_rows * n_per_kv, head_dim), (head_dim, step, 1),
                        x.storage_offset() + start * x.stride(0))


class TreeAttention(torch.autograd.Function):
    """Attention of packed rows, block by block, RoPE included; always fp32.

    A block's rows see a prefix (the system message, or the part of it before them) and those rows
    of the block that its mask lets them see. So the work of branch x branch, which a dense mask
    would throw away, is never done. Probabilities are kept for the backward pass: to read them
    back costs less than to make them again.

    guide (None, or a Guide of this layer) adds to the loss, whose own gradient must be 1, what some
    heads leave to look at beside the rows that Block.looks names.
    """

    @staticmethod
    def forward(ctx, qkv, turn, blocks, config, guide):
        n, hd, n_kv = qkv.shape[0], config.head_dim, config.n_kv_heads
        qkv = qkv.float()
        q, k = (rotate(part, turn, hd) for part in qkv[:, :-config.d_kv].split(
            [config.d_q, config.d_kv], dim=1))
        q.mul_(hd ** -0.5)
        v = qkv[:, -config.d_kv:]
        out = torch.empty(n, config.d_q, device=qkv.device)
        kept = []
        for block in blocks:
            qb = heads(q, n_kv, hd, block.start, block.n_rows)
            scores = qb.new_empty(n_kv, qb.shape[1], block.n_prefix + block.n_rows)
            parts = key_parts(block, n_kv, hd, k, v)
            for at, (kb, _) in parts:
                torch.bmm(qb, kb.transpose(1, 2), out=scores[:, :, at])
            scores[:, :, block.n_prefix:] += block.mask
            p = torch.softmax(scores, -1)
            ob = heads(out, n_kv, hd, block.start, block.n_rows)
            for i, (at, (_, vb)) in enumerate(parts):
                torch.baddbmm(ob, p[:, :, at], vb, beta=int(i > 0), out=ob)
            kept.append(p)
        ctx.kept = (q, k, v, turn, blocks, config, kept, guide)
        return out

    @staticmethod
    def backward(ctx, dout):
        q, k, v, turn, blocks, config, kept, guide = ctx.kept
        hd, n_kv = config.head_dim, config.n_kv_heads
        dout = dout.float().contiguous()
        dqkv = torch.zeros(q.shape[0], config.d_q + 2 * config.d_kv, device=q.device)
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), dqkv[:, -config.d_kv:]
        for block, p in zip(blocks, kept):
            qb, dob, dqb = (heads(x, n_kv, hd, block.start, block.n_rows) for x in (q, dout, dq))
            dp = torch.empty_like(p)
            parts = key_parts(block, n_kv, hd, k, v, dk, dv)
            for at, (_, vb, _, dvb) in parts:
                torch.bmm(dob, vb.transpose(1, 2), out=dp[:, :, at])
                dvb.baddbmm_(p[:, :, at].transpose(1, 2), dob)
            if guide:
                guide.add_gradient(dp, p, block, config)
            ds = torch._softmax_backward_data(dp, p, -1, p.dtype)
            for i, (at, (kb, _, dkb, _)) in enumerate(parts):
                torch.baddbmm(dqb, ds[:, :, at], kb, beta=int(i > 0), out=dqb)
                dkb.baddbmm_(ds[:, :, at].transpose(1, 2), qb)
        back = turn.conj()
        dqkv[:, :config.d_q] = rotate(dq.mul_(hd ** -0.5), back, hd)
        dqkv[:, config.d_q:-config.d_kv] = rotate(dk, back, hd)
        return dqkv, None, None, None, None


@dataclasses.dataclass
class Guide:
    """Tells heads of a layer where to look: adds -weight * log(their attention to those places).

    looks: [(index in looking.KINDS, KV head, number of the query head among those of its KV head)]
    seen:  per kind, the attention paid, for each gradient that was added; whoever reads it empties it
    """
    looks: list
    weight: float
    seen: list

    @staticmethod
    def of_layers(config, weight):
        """Per layer a Guide or None. What a token speaks of is gathered in a third of the layers, its
        row found in the two after the first half, what to copy from it in the last one."""
        n = config.n_layers
        looks = [[] for _ in range(n)]
        looks[n // 3].append((looking.KINDS.index("mention"), 1, 0))
        looks[n // 2].append((looking.KINDS.index("row"), 1, 1))
        looks[min(n // 2 + 1, n - 1)].append((looking.KINDS.index("row"), 0, 0))
        looks[n - 1].append((looking.KINDS.index("next"), 1, 0))
        seen = [[] for _ in looking.KINDS]
        return [Guide(own, weight, seen) if own and weight else None for own in looks]

    def add_gradient(self, dp, p, block, config):
        n_per_kv = config.n_heads // config.n_kv_heads
        for kind, kv, i in self.looks:
            if block.looks[kind] is None:
                continue
            rows, mask = block.looks[kind]
            rows = rows * n_per_kv + i
            paid = (p[kv, rows] * mask).sum(-1, keepdim=True)
            self.seen[kind].append((float(paid.sum()), len(rows)))
            dp[kv].index_add_(0, rows, mask * (-self.weight / (paid + 1e-4)))


def rotate(x, turn, head_dim):
    """RoPE: adjacent pairs of every head as complex numbers, times turn [n_rows, head_dim / 2]."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, head_dim // 2, 2)))
    return torch.view_as_real(pairs * turn[:, None]).flatten(1)


class WeightedLoss(torch.autograd.Function):
    """Sum of weights * cross entropy. Makes its gradients at once, while the logits are there."""

    @staticmethod
    def forward(ctx, h, w, targets, weights, dtype):
        h, w, at = h.to(dtype), w.to(dtype), targets[:, None]
        log_p = torch.log_softmax((h @ w.t()).float(), -1)
        loss = -(log_p.gather(1, at)[:, 0] @ weights)
        dlogits = log_p.exp_().scatter_add_(1, at, torch.full_like(log_p[:, :1], -1))
        dlogits = dlogits.mul_(weights[:, None]).to(dtype)
        ctx.grads = dlogits @ w, (dlogits.t() @ h).float()
        return loss

    @staticmethod
    def backward(ctx, dloss):
        dh, dw = ctx.grads
        return dh * dloss, dw * dloss, None, None, None


class Al(torch.nn.Module):
    """The parameters. Matrices are [out, in] as in GGUF; q, k, v and gate, up are stacked."""

    def __init__(self, config, pieces):
        super().__init__()
        self.config = c = config
        bases, forms = zip(*tokenizer.base_and_form(pieces))
        index = {base: i for i, base in enumerate(dict.fromkeys(bases))}
        assert len(index) == c.n_bases
        self.register_buffer("base_of", torch.tensor([index[base] for base in bases]))
        self.register_buffer("form_of", torch.tensor([tokenizer.FORMS.index(f) for f in forms]))

        def parameter(n_out, n_in, deviation):
            return torch.nn.Parameter(torch.randn(n_out, n_in) * deviation)

        # An embedding is the sum of what a piece's forms share, what a form adds, and its own: so
        # a name is alike in other case or place before the first step.
        self.base = parameter(c.n_bases, c.d_model, 0.02)
        self.form = parameter(len(tokenizer.FORMS), c.d_model, 0.01)
        self.own = parameter(c.n_vocab, c.d_model, 0.0)
        self.layers = torch.nn.ModuleList()
        for _ in range(c.n_layers):
            layer = torch.nn.Module()
            layer.attention_norm = torch.nn.Parameter(torch.ones(c.d_model))
            layer.qkv = parameter(c.d_q + 2 * c.d_kv, c.d_model, c.d_model ** -0.5)
            layer.out = parameter(c.d_model, c.d_q, 0.0)
            layer.ffn_norm = torch.nn.Parameter(torch.ones(c.d_model))
            layer.gate_up = parameter(2 * c.d_ff, c.d_model, c.d_model ** -0.5)
            layer.down = parameter(c.d_model, c.d_ff, 0.0)
            self.layers.append(layer)
        self.norm = torch.nn.Parameter(torch.ones(c.d_model))

    def embedding(self):
        return self.base[self.base_of] + self.form[self.form_of] + self.own

    def n_shipped(self):
        """Parameters of the exported file."""
        inside = sum(p.numel() for p in self.parameters()) - sum(
            p.numel() for p in (self.base, self.form, self.own))
        return inside + self.config.n_vocab * self.config.d_model

    def merged(self):
        """The matrices that run() multiplies with: norms and embedding parts folded in.

        Folding costs as much as a small pass over activations, so it is done once a step, not once
        a micro-batch: see train.gradients.
        """
        embedding = self.embedding()
        matrices = [embedding, embedding * self.norm]
        for layer in self.layers:
            matrices += [layer.qkv * layer.attention_norm, layer.out,
                         layer.gate_up * layer.ffn_norm, layer.down]
        # What the first layer asks of a row depends on its token alone: one row per piece, looked
        # up, saves 2 % of a step.
        matrices[2] = RmsNorm.apply(embedding, self.config.rms_eps) @ matrices[2].t()
        return matrices


@dataclasses.dataclass
class Run:
    """How to multiply: the network's sizes, the type of matrix products, the angles of RoPE."""
    config: Config
    dtype: torch.dtype
    turns: torch.Tensor  # exp(i position frequency) [n_ctx, head_dim / 2]
    guides: list  # per layer a Guide or None

    @classmethod
    def make(cls, config, dtype=torch.float32, device="cpu", look_weight=0.0):
        pairs = torch.arange(config.head_dim // 2, dtype=torch.float64)
        frequencies = config.rope_base ** (-2 * pairs / config.head_dim)
        angles = torch.arange(config.n_ctx, dtype=torch.float64)[:, None] * frequencies
        turns = torch.polar(torch.ones_like(angles), angles).to(torch.complex64)
        return cls(config, dtype, turns.to(device), Guide.of_layers(config, look_weight))

    def hidden(self, matrices, batch):
        """The last hidden state, normed, of the rows batch.read_rows."""
        eps = self.config.rms_eps
        x = torch.nn.functional.embedding(batch.tokens, matrices[0])
        turn = self.turns[batch.positions]
        for i in range(self.config.n_layers):
            qkv, out, gate_up, down = matrices[2 + 4 * i:6 + 4 * i]
            if i == 0:
                h = torch.nn.functional.embedding(batch.tokens, qkv)
            else:
                h = Linear.apply(RmsNorm.apply(x, eps), qkv, self.dtype)
            h = TreeAttention.apply(h, turn, batch.blocks, self.config, self.guides[i])
            if i == self.config.n_layers - 1:  # after this, rows no longer see each other
                h, x = (y.index_select(0, batch.read_rows) for y in (h, x))
            x = x + Linear.apply(h, out, self.dtype)
            h = Linear.apply(RmsNorm.apply(x, eps), gate_up, self.dtype)
            x = x + Linear.apply(SwiGlu.apply(h), down, self.dtype)
        return RmsNorm.apply(x, eps)

    def loss(self, matrices, batch):
        """Sum of weight * cross entropy of batch.targets."""
        return WeightedLoss.apply(self.hidden(matrices, batch), matrices[1], batch.targets,
                                  batch.weights, self.dtype)

    def seen(self):
        """Empties and returns what the guides have seen: per kind [(attention paid, rows)]."""
        kinds = next((guide.seen for guide in self.guides if guide), ())
        paid = [list(kind) for kind in kinds]
        for kind in kinds:
            kind.clear()
        return paid

    def logits(self, matrices, batch):
        """Of the rows batch.read_rows."""
        return Linear.apply(self.hidden(matrices, batch), matrices[1], self.dtype).float()

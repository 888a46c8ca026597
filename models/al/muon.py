"""The optimiser: Muon for matrices, Adam for embeddings and norms.

Source: Muon: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; its
five steps of Newton and Schulz and their coefficients.
"""
import torch

PARTS = 4  # matrices to a job: enough jobs for every thread
# A piece that a step does not meet still gets a gradient, of about 6e-7 an element (measured; one
# occurrence gives 1e-4). Adam would blow it up to a full step, and rare pieces would be moved by
# noise: eps lies between the two.
ADAM = {"betas": (0.9, 0.99), "eps": 1e-5}


def orthogonal(x, dtype):
    """Each matrix of x [n, rows, columns] with its singular values moved near 1."""
    tall = x.shape[1] > x.shape[2]
    y = x.transpose(1, 2) if tall else x
    y = (y / (y.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(dtype)
    for _ in range(5):
        gram = y @ y.transpose(1, 2)
        y = torch.baddbmm(y, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), y,
                          beta=3.4445)
    y = y.float()
    return y.transpose(1, 2) if tall else y


class Optimizer:
    """Steps all parameters of a model.Al."""

    def __init__(self, al, dtype, muon_lr=0.02, adam_lr=3e-3, momentum=0.95):
        self.dtype, self.lr, self.momentum = dtype, muon_lr, momentum
        config = al.config
        # Stacked matrices are single ones to Muon. Those of a shape are handled at once.
        self.by_shape = {}
        for layer in al.layers:
            for p, n_rows in ((layer.qkv, [config.d_q, config.d_kv, config.d_kv]),
                              (layer.out, [config.d_model]), (layer.down, [config.d_model]),
                              (layer.gate_up, [config.d_ff, config.d_ff])):
                p.momentum = torch.zeros_like(p)
                start = 0
                for n in n_rows:
                    rows = slice(start, start + n)
                    self.by_shape.setdefault((n, p.shape[1]), []).append((p, rows))
                    start += n
        self.matrices = list({id(p): p for parts in self.by_shape.values()
                              for p, _ in parts}.values())
        known = {id(p) for p in self.matrices}
        self.adam = torch.optim.Adam([p for p in al.parameters() if id(p) not in known],
                                     lr=adam_lr, **ADAM)
        self.adam_lr = adam_lr

    @torch.no_grad()
    def step(self, factor, run_all=map):
        """One step with the learning rates times factor. run_all(function, items) may use threads.
        """
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * factor
        self.adam.step()
        for p in self.matrices:
            p.momentum.lerp_(p.grad, 1 - self.momentum)
            p.grad.lerp_(p.momentum, self.momentum)  # Nesterov's look ahead
        jobs = [(parts[i:i + PARTS], self.lr * factor * max(1, n_rows / n_cols) ** 0.5)
                for (n_rows, n_cols), parts in self.by_shape.items()
                for i in range(0, len(parts), PARTS)]
        list(run_all(self.move, jobs))

    @torch.no_grad()
    def move(self, job):
        """Moves matrices of one shape by their orthogonal updates."""
        parts, lr = job
        update = orthogonal(torch.stack([p.grad[rows] for p, rows in parts]), self.dtype)
        for (p, rows), u in zip(parts, update):
            p[rows].add_(u, alpha=-lr)

    def state(self):
        return {"adam": self.adam.state_dict(), "momentum": [p.momentum for p in self.matrices]}

    def load(self, state):
        self.adam.load_state_dict(state["adam"])
        for group in self.adam.param_groups:
            group.update(ADAM)
        for p, saved in zip(self.matrices, state["momentum"]):
            p.momentum.copy_(saved)

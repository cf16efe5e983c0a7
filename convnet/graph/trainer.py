"""A trainer: the memory and the moments of one network's training, and its steps."""

import time

import numpy as np

from convnet.engine import aligned_zeros
from convnet.engine.pace import Pace
from convnet.graph.compiler import compile_training
from convnet.graph.inputs import check_input
from convnet.graph.memory import Memory

SOLVERS = ("adam", "sgd")
LOSSES = ("softmax", "sigmoid")


class Trainer:
    """Steps of mini-batch training. All memory is taken here and in `resize`, none in a step.

    Parameters
    ----------
    network : Network
        Its parameters are updated in place.
    loss : {"softmax", "sigmoid"}
        Cross-entropy of two or more logits with class numbers, or of one logit with 0 and 1.
    batch_size : int
        Most rows of a step.
    solver : {"adam", "sgd"}, default="adam"
    alpha : float, default=0.0
        L2 penalty alpha / 2 · Σw² / Σ(sample weights of the batch); biases and batch norm do not count.
    momentum, nesterov : float, bool
        Of "sgd".
    beta_1, beta_2, epsilon : float
        Of "adam".
    seed : int, default=0
        Of dropout's masks.
    n_threads : int, default=1
        Most threads of a step (see `convnet.engine.pace`); may be set between steps. Results do not depend on it.
    """

    def __init__(
        self,
        network,
        *,
        loss,
        batch_size,
        solver="adam",
        alpha=0.0,
        momentum=0.9,
        nesterov=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        seed=0,
        n_threads=1,
    ):
        if solver not in SOLVERS or loss not in LOSSES:
            raise ValueError(f"solver must be one of {SOLVERS} and loss one of {LOSSES}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size!r}")
        outputs = network.plan.output_shape
        if len(outputs) != 1 or (outputs[0] == 1) != (loss == "sigmoid"):
            raise ValueError(f"loss {loss!r} does not fit outputs of shape {outputs}")
        self.network = network
        self.loss = loss
        self.solver = solver
        self._pace = Pace(n_threads)
        self.seed = seed
        self._constants = dict(
            alpha=alpha, momentum=momentum, nesterov=nesterov, beta_1=beta_1, beta_2=beta_2,
            epsilon=epsilon,
        )  # fmt: skip
        self.resize(batch_size)
        self._moments = [aligned_zeros(len(network.params)) for _ in range(2)]
        self._steps = 0

    @property
    def n_threads(self):
        """Most threads of a step; fewer run while that is faster."""
        return self._pace.most

    @n_threads.setter
    def n_threads(self, n_threads):
        if n_threads != self._pace.most:
            self._pace = Pace(n_threads)

    def resize(self, batch_size):
        """Take memory for batches of up to `batch_size` rows; the moments go on. Where that fails nothing changes."""
        network = self.network
        compiled = compile_training(
            network.plan, network.isa, batch_size, loss=self.loss, solver=self.solver
        )
        memory = Memory(compiled)
        context = memory.context(network.params)
        losses, squares = np.zeros(batch_size), np.zeros(max(1, compiled.sizes["squares"]))
        context.sums(losses, squares)
        self._compiled, self._memory, self._context = compiled, memory, context
        self._losses, self._squares, self.batch_size = losses, squares, batch_size

    def reset_moments(self):
        """Forget the optimizer's moments."""
        for moment in self._moments:
            moment[...] = 0.0
        self._steps = 0

    def step(self, X, y, rows, sample_weight, *, scale, learning_rate, epoch):
        """Train on one batch and return its loss.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            The whole data; rows are gathered and converted inside.
        y : ndarray of shape (n,)
            int32 class numbers for "softmax", float32 zeros and ones for "sigmoid".
        rows : int64 ndarray
            Rows of the batch, `batch_size` at the most.
        sample_weight : float32 ndarray of shape (n,), default=None
        scale : float
            Factor of X's values.
        learning_rate : float
        epoch : int
            Part of the key of dropout's masks.

        Returns
        -------
        loss : float
            Σ w·l / Σ w + penalty; may be NaN or infinite, which the caller has to look at.
        """
        X = check_input(X, self.network.plan.input_shape)
        total = (
            float(len(rows))
            if sample_weight is None
            else float(sample_weight[rows].sum(dtype=np.float64))
        )
        self._check_targets(y, rows)
        self._steps += 1
        rate = learning_rate
        constants = self._constants
        if self.solver == "adam":
            rate *= np.sqrt(1.0 - constants["beta_2"] ** self._steps)
            rate /= 1.0 - constants["beta_1"] ** self._steps
        context, program = self._context, self._compiled.program
        context.input(X, scale, rows)
        if self.loss == "softmax":
            context.classes(y)
        else:
            context.targets(y)
        context.sample_weight(sample_weight, total)
        context.random(self.seed, epoch)
        context.optimizer(*self._moments, learning_rate=rate, **constants)
        scratch = self._memory.scratch_for(program, self.n_threads)
        start = time.perf_counter()
        program.run(context, self._memory.arena, scratch, self._pace.threads())
        if len(rows) == self.batch_size:
            self._pace.record(time.perf_counter() - start)
        self.network.changed()
        penalty = constants["alpha"] / 2.0 * float(self._squares.sum())
        return (float(self._losses[: len(rows)].sum()) + penalty) / total

    def _check_targets(self, y, rows):
        if self.loss == "softmax":
            (classes,) = self.network.plan.output_shape
            labels = y[rows]
            if labels.min() < 0 or labels.max() >= classes:
                raise ValueError(f"y must hold class numbers from 0 to {classes - 1}")

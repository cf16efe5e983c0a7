"""Training steps of a network, with their memory and the optimizer's moments."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.augment.plan import AugmentPlan
from convnet.communication.communicator import Communicator
from convnet.engine.threads import ThreadCountTuner
from convnet.graph.arrays import check_input
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.graph.losses import check_loss, set_targets
from convnet.graph.optimizer import Optimizer, check_clip_norm
from convnet.graph.runtime.distributed import DistributedStep
from convnet.graph.runtime.network import Network
from convnet.values.messages import show


class Trainer:
    """Steps of mini-batch training. The constructor and `resize` allocate all memory, a step none.

    Parameters
    ----------
    network : Network
        Its parameters are updated in place.
    loss : {"softmax", "sigmoid", "squared_error", "absolute_error", "huber"}
        See `convnet.graph.losses`. "softmax" takes class numbers, the others a number per output; "sigmoid" numbers
        from 0 to 1. Formulas: csrc/loss/loss.inc.h.
    batch_size : int
        Maximum number of samples of a step.
    solver : str, default="adam"
        One of `convnet.engine.SOLVERS`. Formulas and sources: csrc/optimizer/optimizer.inc.h.
    alpha : float, default=0.0
        The L2 penalty is alpha / 2 · Σw² / Σ(sample weights of the batch), without biases and batch norm. For "adamw",
        each step instead subtracts the share alpha · learning_rate of each weight, and the loss has no penalty.
        `Parameter.l2` takes the place of alpha where it is set.
    momentum, nesterov, beta_1, beta_2, epsilon : float, bool, float, float, float
        Constants of the formulas.
    clip_norm : float, default=None
        Maximum 2-norm of the gradient of the mean loss with respect to all parameters, without the penalty. A longer
        gradient is scaled down (Pascanu et al., 2013).
    label_smoothing : float, default=0.0
        Share of the target that is spread evenly over all classes (Szegedy et al., 2016), for "softmax" and "sigmoid".
    augment : AugmentPlan, default=None
        Random changes of the input images. Those that mix samples mix their targets and weights too: see `MixUp`.
    frozen : frozenset of str, default=frozenset()
        Names of parameters that do not change, running statistics included; batch norm uses those. The penalty leaves
        them out.
    rates : mapping of str to float, default=None
        Factors of the learning rate by parameter name. Parameters that are not listed have a factor of 1.
    frozen_prefix : str, default=None
        Name of the last layer of the frozen prefix. Steps take its outputs instead of X.
    seed : int, default=0
        Seed of dropout's masks and of augmentation.
    communicator : Communicator, default=None
        Exchanges with the other ranks, if several run each step together. All of them have a trainer with the same
        settings, take the same steps, and have the same parameters after each.
    n_threads : int, default=1
        Maximum number of threads of a step (see `convnet.engine.threads`). It may be set between steps.
        Results do not depend on it.

    Attributes
    ----------
    data_loss : float
        Σ w·l of the last step, without smoothing and penalty.
    score : float
        Σ w·score of the last step, from the outputs before its update. For "softmax" the score of a sample is 1 if the
        class is right, for "sigmoid" if all labels are, else 0. For the other losses it is Σ v·r² of its residuals r,
        with the weights v from `set_score_weights`.
    """

    def __init__(
        self,
        network: Network,
        *,
        loss: str,
        batch_size: int,
        solver: str = "adam",
        alpha: float = 0.0,
        momentum: float = 0.9,
        nesterov: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        augment: AugmentPlan | None = None,
        frozen: frozenset[str] = frozenset(),
        rates: Mapping[str, float] | None = None,
        frozen_prefix: str | None = None,
        seed: int = 0,
        communicator: Communicator | None = None,
        n_threads: int = 1,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {show(batch_size)}")
        check_loss(loss, network.plan.output_shape, label_smoothing)
        check_clip_norm(clip_norm)
        self.network = network
        self.loss, self.solver = loss, solver
        self.label_smoothing, self.clip_norm = label_smoothing, clip_norm
        self._optimizer = Optimizer(
            solver, len(network.params), alpha=alpha, momentum=momentum, nesterov=nesterov,
            beta_1=beta_1, beta_2=beta_2, epsilon=epsilon,
        )  # fmt: skip
        self._tuner = ThreadCountTuner(n_threads)
        self.augment = augment
        self.frozen, self.rates, self.frozen_prefix = frozen, rates, frozen_prefix
        self._input_shape = (
            network.plan.named[frozen_prefix].output_shape
            if frozen_prefix
            else network.plan.input_shape
        )
        self.seed, self.communicator = seed, communicator
        self._score_weights = np.ones(network.plan.output_shape)
        self.data_loss = self.score = 0.0
        self._distributed: DistributedStep | None = None
        self.resize(batch_size)

    @property
    def n_threads(self) -> int:
        """Maximum number of threads of a step. Fewer run while that is faster."""
        return self._tuner.most

    @n_threads.setter
    def n_threads(self, n_threads: int) -> None:
        if n_threads != self._tuner.most:
            self._tuner = ThreadCountTuner(n_threads)

    def resize(self, batch_size: int) -> None:
        """Allocate memory for batches of up to `batch_size` samples and keep the moments. A failure changes nothing."""
        self.gather_state()  # ranks may update other parameters than before
        network = self.network
        compiled = compile_training(
            network.plan,
            network.isa,
            batch_size,
            loss=self.loss,
            solver=self.solver,
            clipped=self.clip_norm is not None,
            augment=() if self.augment is None else self.augment.stages,
            frozen=self.frozen,
            rates=self.rates,
            frozen_prefix=self.frozen_prefix,
            on_ranks=self.communicator is not None,
        )
        memory = TrainingMemory(compiled, network.plan, batch_size)
        context = memory.context(network.params)
        if self.augment is not None:
            context.augmentation(self.augment.transforms, self.augment.fill)
        losses, squares = np.zeros((3, batch_size)), np.zeros(max(1, compiled.sizes["squares"]))
        context.sums(losses, squares)
        context.score_weights(self._score_weights)
        context.smoothing(self.label_smoothing)
        norms = None
        if self.clip_norm is not None:
            norms = np.zeros(1 + compiled.sizes["squares"])
            context.clipping(self.clip_norm, norms)
        distributed = None
        if self.communicator is not None:
            distributed = DistributedStep(
                self.communicator,
                compiled,
                memory,
                batch_size,
                params=network.params,
                moments=self._optimizer.moments,
                losses=losses,
                squares=squares,
                norms=norms,
            )
        self._compiled, self._memory, self._context = compiled, memory, context
        self._losses, self._squares, self.batch_size = losses, squares, batch_size
        self._distributed = distributed

    def set_communicator(self, communicator: Communicator | None) -> None:
        """Take the next steps with other ranks, or alone if it is None, and keep the moments.

        `gather_state` must have been called after the last step.
        """
        if communicator is not self.communicator:
            self.communicator, self._distributed = communicator, None
            self.resize(self.batch_size)

    def set_score_weights(self, weights: NDArray[np.float64]) -> None:
        """Set the weight of each output's squared residual in the score, shape (n_outputs,). The default is 1."""
        self._score_weights = weights
        self._context.score_weights(weights)

    def reset_moments(self) -> None:
        """Forget the optimizer's moments."""
        self._optimizer.reset()

    def state(self) -> dict[str, Any]:
        """Return what a trainer with the same settings needs to resume, besides the network's weights.

        Returns
        -------
        state : dict
            "moment_1" and "moment_2", float32 arrays (copies) as long as the flat parameters, and "steps", an int.
        """
        return self._optimizer.state()

    def is_finite(self) -> bool:
        """Return whether the optimizer's moments are finite, on all ranks."""
        finite = self._optimizer.is_finite()
        return finite if self.communicator is None else self.communicator.all(finite)

    def gather_state(self) -> None:
        """Let every rank have the moments of all parameters, so that `state` returns them. All ranks call this."""
        if self._distributed is not None:
            self._distributed.gather_moments()

    def samples(self, n: int) -> tuple[int, int]:
        """Return the samples [first, last) of a batch of n whose images this process needs."""
        mixes = self.augment is not None and self.augment.mixes  # with any other image of the batch
        return (0, n) if self._distributed is None or mixes else self._distributed.samples(n)

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Resume from what `state` returned, with the same bits.

        Raises
        ------
        ValueError
            If a key is missing or unknown, a shape differs or a value is not finite; nothing is set then.
        """
        self._optimizer.set_state(state)

    def step(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        rows: NDArray[np.int64],
        sample_weight: NDArray[np.float32] | None,
        *,
        scale: float,
        learning_rate: float,
        epoch: int,
        sample_ids: NDArray[np.int64] | None = None,
    ) -> float:
        """Train on one batch and return its loss.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            The whole data set, or the outputs of the frozen prefix for it. The step gathers and converts its rows.
        y : ndarray of shape (n,) or (n, n_outputs)
            int32 class numbers for "softmax"; for the others float32 and contiguous, (n,) where there is one output.
        rows : int64 ndarray
            Rows of the batch, at most `batch_size`.
        sample_weight : float32 ndarray of shape (n,), default=None
        scale : float
            Factor of X's values.
        learning_rate : float
        epoch : int
            Part of the key of dropout's masks and of augmentation.
        sample_ids : int64 ndarray of shape (len(rows),), default=None
            Numbers that key the random numbers of each sample. None: `rows`.

        Returns
        -------
        loss : float
            Σ w·l / Σ w + penalty. It may be NaN or infinite; the caller checks.
        """
        X = check_input(X, self._input_shape)
        total = (
            float(len(rows))
            if sample_weight is None
            else float(sample_weight[rows].sum(dtype=np.float64))
        )
        context, program = self._context, self._compiled.program
        set_targets(context, self.loss, y)
        context.input(X, scale, rows)
        if sample_ids is not None:
            context.sample_ids(sample_ids)
        context.sample_weight(sample_weight, total)
        context.random(self.seed, epoch)
        self._optimizer.advance(context, learning_rate)
        scratch = self._memory.scratch_for(program, self.n_threads)
        start = time.perf_counter()
        if self._distributed is None:
            program.run(context, self._memory.arena, scratch, self._tuner.threads())
        else:
            self._distributed.run(context, len(rows), self._tuner.threads(), scratch)
        if len(rows) == self.batch_size:
            self._tuner.record(time.perf_counter() - start)
        self.network.changed(self.frozen_prefix)
        penalty = self._optimizer.penalty(self._squares, self._compiled.decays)
        loss, self.data_loss, self.score = self._losses[:, : len(rows)].sum(axis=1).tolist()
        return (loss + penalty) / total

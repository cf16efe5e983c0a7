"""Augmentation without a net, for previews."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.augment.plan import AugmentPlan
from convnet.engine import Context, Program, aligned_zeros, default_isa
from convnet.graph.arrays import check_input
from convnet.graph.layout import Arena, Buffer

WORK = 2**20  # of a sample, in multiply-adds: always worth all threads


def augmented(
    X: NDArray[Any],
    plan: AugmentPlan,
    *,
    scale: float = 1.0,
    seed: int = 0,
    epoch: int = 0,
    rows: NDArray[np.int64] | None = None,
    isa: str | None = None,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Return the images as a training step sees them.

    Parameters
    ----------
    X : ndarray of shape (n, h, w, c)
        Of any integer, bool or float dtype up to 64 bits, and any strides.
    plan : AugmentPlan
        The random changes.
    scale : float, default=1.0
        Every value is multiplied by it first.
    seed, epoch : int, default=0
        Key of the random numbers.
    rows : int64 ndarray of shape (n,), default=None
        Numbers by which random numbers know the images; None: 0 to n - 1.
    isa : str, default=None
        Instruction set of the kernels. None: the best that the processor has.
    n_threads : int, default=1

    Returns
    -------
    images : float32 ndarray of shape (n, h, w, c)
        Each image depends on its own pixels and its key alone, unless the plan mixes samples: then all images of X are
        one batch.
    """
    X = check_input(X, X.shape[1:])
    out = np.empty(X.shape, dtype=np.float32)
    if out.size == 0:
        return out
    arena, image = Arena(1), Buffer(X.shape[1:])
    arena.place(image)
    operation = "maps", dict(src=image.map(), dst=image.map())
    stages = [(0, stage) for stage in (*plan.stages, "output")]
    sizes = dict.fromkeys(
        ("gradient", "packed", "lane", "batch", "squares", "params", "lanes"), 0
    ) | dict(input=image.shape, output=image.size)
    program = Program(
        isa or default_isa(), [operation], [(1, 0.0, WORK, (0, 0), stages)], arena.floats, 1, sizes
    )
    context = Context()
    context.parameters(aligned_zeros(16), aligned_zeros(16))
    context.input(X, scale)
    if rows is not None:
        context.sample_ids(np.ascontiguousarray(rows, dtype=np.int64))
    context.augmentation(plan.transforms, plan.fill)
    context.random(seed, epoch)
    context.output(out.reshape(-1))
    n_threads = max(1, min(n_threads, len(X)))
    memory = aligned_zeros(n_threads * program.arena_floats), program.scratch(n_threads)
    program.predict(context, 0, *memory, n_threads)
    return out

"""An optimizer: the constants and the moments of one training."""

import math
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine import SOLVERS, Context, aligned_zeros
from convnet.graph.arrays import is_finite

MOMENTS = ("moment_1", "moment_2")


class Optimizer:
    """Solver, constants, moments.

    Parameters
    ----------
    solver : {"adam", "adamw", "rmsprop", "sgd"}
        Formulas and sources: csrc/optimizer/optimizer.inc.h.
    floats : int
        Length of the flat parameters.
    constants : mapping
        ``alpha``, ``momentum``, ``nesterov``, ``beta_1``, ``beta_2``, ``epsilon``.
    """

    def __init__(self, solver: str, floats: int, **constants: Any) -> None:
        if solver not in SOLVERS:
            raise ValueError(f"solver must be one of {SOLVERS}; got {solver!r}")
        self.solver, self.constants = solver, constants
        self._moments = [aligned_zeros(floats) for _ in MOMENTS]
        self._steps = 0

    def reset(self) -> None:
        """Forget the moments."""
        for moment in self._moments:
            moment[...] = 0.0
        self._steps = 0

    def state(self) -> dict[str, Any]:
        """Return the moments (copies) and the number of steps taken."""
        moments = zip(MOMENTS, self._moments, strict=True)
        return {name: moment.copy() for name, moment in moments} | {"steps": self._steps}

    def is_finite(self) -> bool:
        """Return whether all moments are finite: an infinite mean square ends the learning of its weight silently."""
        return all(map(is_finite, self._moments))

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; nothing is set where that does not fit."""
        if set(state) != {*MOMENTS, "steps"}:
            raise ValueError(f"the optimizer's state must have {MOMENTS} and 'steps'")
        moments = [np.asarray(state[name], dtype=np.float32) for name in MOMENTS]
        try:
            steps = index(state["steps"])
        except TypeError:
            steps = -1
        if not 0 <= steps < 2**63:
            raise ValueError(f"steps must be 0 or more, an integer; got {state['steps']!r}")
        for name, moment in zip(MOMENTS, moments, strict=True):
            if moment.shape != self._moments[0].shape:
                raise ValueError(
                    f"{name} has shape {moment.shape}; the network wants {self._moments[0].shape}"
                )
            if not np.isfinite(moment).all():
                raise ValueError(f"{name} has values that are not finite")
        for own, moment in zip(self._moments, moments, strict=True):
            own[...] = moment
        self._steps = steps

    def advance(self, context: Context, learning_rate: float) -> None:
        """Count a step, and set the context's moments and constants for it."""
        self._steps += 1
        rate = learning_rate
        if self.solver in ("adam", "adamw"):
            rate *= np.sqrt(1.0 - self.constants["beta_2"] ** self._steps)
            rate /= 1.0 - self.constants["beta_1"] ** self._steps
        context.optimizer(
            *self._moments, learning_rate=rate, base_rate=learning_rate, **self.constants
        )

    def penalty(self, squares: NDArray[np.float64], decays: Sequence[float | None]) -> float:
        """Return what the loss gains by decay: half of each block's constant times its squares.

        Parameters
        ----------
        squares : ndarray of float64
            Σw² of each block of parameters, 0 where nothing decays.
        decays : list of (float or None)
            Its own constant, or None for `alpha`.
        """
        alpha = self.constants["alpha"]
        if not any(decays):
            return alpha / 2.0 * float(squares.sum())
        constants = np.array([alpha if own is None else own for own in decays])
        return float(constants @ squares) / 2.0


def check_clip_norm(clip_norm: float | None) -> None:
    """Raise unless it is None or a number above 0."""
    if clip_norm is not None and not 0.0 < clip_norm < math.inf:
        raise ValueError(f"clip_norm must be None or a number above 0; got {clip_norm!r}")

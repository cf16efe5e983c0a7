"""The optimizer: the operations that update parameters in a training step, and the solver with its moments."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.engine import SOLVERS, STAGES, UPDATE_BLOCK, Context, aligned_zeros
from convnet.graph.arrays import is_finite
from convnet.graph.layout import Parameter
from convnet.values.messages import show

UPDATED = 32  # multiply-adds that take as long as updating a parameter whose gradient has one part
MOMENTS = ("moment_1", "moment_2")


class Update:
    """The operations that update the parameters.

    Parameters
    ----------
    parameters : iterable of Parameter
        The parameters that are trained.
    place : callable
        Given a parameter, returns the fields that locate its gradient.
    solver : str or None
        None: the gradients are summed and copied out, and the parameters do not change.
    clipped : bool
        Whether to clip the norm of the gradient before the update.
    rates : mapping of str to float
        Factors of the learning rate by parameter name. Parameters that are not listed have a factor of 1.

    Attributes
    ----------
    operations : list of (str, dict)
    decays : list of (float or None)
        The L2 constant of each block of parameters, in the order of the sums of squares. None means `alpha`.
    work : float
        Work of the update of all parameters, in multiply-adds.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        place: Callable[[Parameter], dict[str, Any]],
        solver: str | None,
        *,
        clipped: bool,
        rates: Mapping[str, float],
    ) -> None:
        stage = f"update_{solver}" if solver else "reduce"
        self.operations: list[tuple[str, dict[str, Any]]] = []
        self.decays: list[float | None] = []
        self.work = 0.0
        self._norms: list[tuple[int, str]] = []
        self._clips: list[tuple[int, str]] = []
        self._updates: list[tuple[int, str]] = []
        self._bounds: list[tuple[int, str]] = []
        for parameter in parameters:
            fields: dict[str, Any] = dict(
                weights=parameter.offset,
                count=parameter.size,
                rate_factor=rates.get(parameter.name, 1.0),
                decay=int(parameter.decay),
                l2=-1.0 if parameter.l2 is None else parameter.l2,
                first_block=len(self.decays),
                **place(parameter),
            )
            self.work += parameter.size * (UPDATED + fields["parts"])
            self.decays += [parameter.l2] * -(-parameter.size // UPDATE_BLOCK)
            if clipped:
                self._add(self._norms, "gradient_norm", fields)
                fields["parts"] = 1  # "gradient_norm" leaves the sum in the first part
            self._add(self._updates, stage, fields)
            if parameter.max_norm is not None and solver:
                bound = dict(
                    columns=parameter.shape[parameter.unit_axis],
                    inner=prod(parameter.shape[parameter.unit_axis :][1:]),
                    max_norm=parameter.max_norm,
                )
                self._add(self._bounds, "max_norm", fields | bound)
        if clipped:
            self._add(self._clips, "clip", {})

    def _add(self, stages: list[tuple[int, str]], stage: str, fields: dict[str, Any]) -> None:
        stages.append((len(self.operations), stage))
        self.operations.append(("update", dict(fields)))

    def phases(self, first: int) -> list[list[tuple[int, str]]]:
        """Return the stages of each batch phase. `first` is the number of the first operation."""
        before = [phase for phase in (self._norms, self._clips) if phase]
        after = [phase for phase in (self._bounds,) if phase]
        phases = [*before, self._updates, *after]
        return [[(first + number, stage) for number, stage in phase] for phase in phases]


class Optimizer:
    """A solver with its constants and moments.

    Parameters
    ----------
    solver : str
        One of `convnet.engine.SOLVERS`. Formulas and sources: csrc/optimizer/optimizer.inc.h.
    floats : int
        Length of the flat parameter array.
    constants : mapping
        ``alpha``, ``momentum``, ``nesterov``, ``beta_1``, ``beta_2``, ``epsilon``.

    Attributes
    ----------
    moments : list of ndarray of float32
        Each has a value per parameter.
    """

    def __init__(self, solver: str, floats: int, **constants: Any) -> None:
        if solver not in SOLVERS:
            raise ValueError(f"solver must be one of {SOLVERS}; got {show(solver)}")
        self.solver, self.constants = solver, constants
        self.moments = [aligned_zeros(floats) for _ in MOMENTS]
        self._steps = 0

    def reset(self) -> None:
        """Set the moments and the number of steps to 0."""
        for moment in self.moments:
            moment[...] = 0.0
        self._steps = 0

    def state(self) -> dict[str, Any]:
        """Return the moments (copies) and the number of steps taken."""
        moments = zip(MOMENTS, self.moments, strict=True)
        return {name: moment.copy() for name, moment in moments} | {"steps": self._steps}

    def is_finite(self) -> bool:
        """Return whether all moments are finite. An infinite mean square would silently stop updates."""
        return all(map(is_finite, self.moments))

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Resume from what `state` returned. If it does not fit, raise ValueError and change nothing."""
        if set(state) != {*MOMENTS, "steps"}:
            raise ValueError(f"the optimizer's state must have {MOMENTS} and 'steps'")
        moments = [np.asarray(state[name], dtype=np.float32) for name in MOMENTS]
        try:
            steps = index(state["steps"])
        except TypeError:
            steps = -1
        if not 0 <= steps < 2**63:
            raise ValueError(f"steps must be 0 or more, an integer; got {show(state['steps'])}")
        for name, moment in zip(MOMENTS, moments, strict=True):
            if moment.shape != self.moments[0].shape:
                raise ValueError(
                    f"{name} has shape {moment.shape}; expected {self.moments[0].shape}"
                )
            if not np.isfinite(moment).all():
                raise ValueError(f"{name} has values that are not finite")
        for own, moment in zip(self.moments, moments, strict=True):
            own[...] = moment
        self._steps = steps

    def advance(self, context: Context, learning_rate: float) -> None:
        """Count a step, and set the context's moments and constants for it."""
        self._steps += 1
        rate = learning_rate
        if STAGES[f"update_{self.solver}"].needs_corrected_rate:
            rate *= np.sqrt(1.0 - self.constants["beta_2"] ** self._steps)
            rate /= 1.0 - self.constants["beta_1"] ** self._steps
        context.optimizer(
            *self.moments, learning_rate=rate, base_rate=learning_rate, **self.constants
        )

    def penalty(self, squares: NDArray[np.float64], decays: Sequence[float | None]) -> float:
        """Return the L2 penalty: the sum over all blocks of half the constant times the sum of squares.

        Parameters
        ----------
        squares : ndarray of float64
            Σw² of each block of parameters, 0 if it does not decay.
        decays : list of (float or None)
            The constant of each block. None means `alpha`.
        """
        alpha = self.constants["alpha"]
        if not any(decays):
            return alpha / 2.0 * float(squares.sum())
        constants = np.array([alpha if own is None else own for own in decays])
        return float(constants @ squares) / 2.0


def check_clip_norm(clip_norm: float | None) -> None:
    """Raise ValueError unless `clip_norm` is None or a finite number above 0."""
    if clip_norm is not None and not 0.0 < clip_norm < math.inf:
        raise ValueError(f"clip_norm must be None or a number above 0; got {show(clip_norm)}")

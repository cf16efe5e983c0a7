"""The end of a training step: the gradient's norm where it is clipped, the solver, bounds of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from convnet.engine import UPDATE_BLOCK
from convnet.graph.parameters import Parameter

if TYPE_CHECKING:
    from convnet.graph.compiler.gradients import Gradients


class Update:
    """Operations that update the parameters.

    Parameters
    ----------
    parameters : iterable of Parameter
        Those that are trained.
    gradients : object
        Its ``final`` tells where a parameter's gradient lies.
    solver : str or None
        Updates the parameters; None: their gradients are added up and copied out.
    clipped : bool
        Whether the gradient's norm is wanted before.
    rates : mapping of str to float
        Factors of the learning rate by names of parameters, where they are not 1.

    Attributes
    ----------
    operations : list of (str, dict)
    decays : list of (float or None)
        Of each block of parameters, in the order of the sums of squares: its own constant of decay, or None for
        `alpha`.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        gradients: Gradients,
        solver: str | None,
        *,
        clipped: bool,
        rates: Mapping[str, float],
    ) -> None:
        stage = f"update_{solver}" if solver else "reduce"
        self.operations: list[tuple[str, dict[str, Any]]] = []
        self.decays: list[float | None] = []
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
                **gradients.final(parameter),
            )
            self.decays += [parameter.l2] * -(-parameter.size // UPDATE_BLOCK)
            if clipped:
                self._add(self._norms, "gradient_norm", fields)
                fields["lanes"] = min(1, fields["lanes"])  # the first lane has the sum
            self._add(self._updates, stage, fields)
            if parameter.max_norm is not None and solver:
                bound = dict(columns=parameter.shape[-1], max_norm=parameter.max_norm)
                self._add(self._bounds, "max_norm", fields | bound)
        if clipped:
            self._add(self._clips, "clip", {})

    def _add(self, stages: list[tuple[int, str]], stage: str, fields: dict[str, Any]) -> None:
        stages.append((len(self.operations), stage))
        self.operations.append(("update", dict(fields)))

    def phases(self, first: int) -> list[list[tuple[int, str]]]:
        """Return the stages of each batch phase, the operations being numbered from `first`."""
        before = [phase for phase in (self._norms, self._clips) if phase]
        after = [phase for phase in (self._bounds,) if phase]
        phases = [*before, self._updates, *after]
        return [[(first + number, stage) for number, stage in phase] for phase in phases]

"""The end of a training step: the gradient's norm where it is clipped, the solver, bounds of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from convnet.engine import UPDATE, operation_fields
from convnet.graph.parameters import Parameter

if TYPE_CHECKING:
    from convnet.graph.compiler.gradients import Gradients

SOLVERS = ("adam", "adamw", "rmsprop", "sgd")
UPDATES = (*SOLVERS, "reduce", "gradient_norm", "max_norm")  # stages that go through the parameters


class Update:
    """Operations that update the parameters.

    Parameters
    ----------
    parameters : iterable of Parameter
        Those that are trained.
    gradients : object
        Its ``final`` tells where a parameter's gradient lies.
    solver : str
        Stage that updates a parameter, or "reduce".
    clipped : bool
        Whether the gradient's norm is wanted before.
    rates : mapping of str to float
        Factors of the learning rate by names of parameters, where they are not 1.

    Attributes
    ----------
    operations : list of dict
    decays : list of (float or None)
        Of each block of parameters, in the order of the sums of squares: its own constant of decay, or None for
        `alpha`.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        gradients: Gradients,
        solver: str,
        *,
        clipped: bool,
        rates: Mapping[str, float],
    ) -> None:
        self.operations: list[dict[str, Any]] = []
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
                aux=len(self.decays),
                **gradients.final(parameter),
            )
            self.decays += [parameter.l2] * -(-parameter.size // UPDATE)
            if clipped:
                self._add(self._norms, "gradient_norm", fields)
                fields["lanes"] = min(1, fields["lanes"])  # the first lane has the sum
            self._add(self._updates, solver, fields)
            if parameter.max_norm is not None and solver != "reduce":
                columns = operation_fields()["dst"] | dict(c=parameter.shape[-1])
                bound = dict(dst=columns, max_norm=parameter.max_norm)
                self._add(self._bounds, "max_norm", fields | bound)
        if clipped:
            self._add(self._clips, "clip", {})

    def _add(self, stages: list[tuple[int, str]], stage: str, fields: dict[str, Any]) -> None:
        stages.append((len(self.operations), stage))
        self.operations.append(operation_fields() | fields)

    def phases(self, first: int) -> list[list[tuple[int, str]]]:
        """Return the stages of each batch phase, the operations being numbered from `first`."""
        before = [phase for phase in (self._norms, self._clips) if phase]
        after = [phase for phase in (self._bounds,) if phase]
        phases = [*before, self._updates, *after]
        return [[(first + number, stage) for number, stage in phase] for phase in phases]

"""The base of all schedules."""

from dataclasses import dataclass, fields, replace
from math import inf
from typing import Any, NamedTuple, Self

from convnet.values.messages import reworded, show

MAX_NESTING = 8  # of schedules inside schedules


def _depth(schedule: "Schedule") -> int:
    inside = (getattr(schedule, field.name, None) for field in fields(schedule))
    return 1 + max((_depth(one) for one in inside if isinstance(one, Schedule)), default=0)


class PlateauState(NamedTuple):
    """What a training remembers between epochs for a schedule that depends on the loss.

    Parameters
    ----------
    rate : float
        `learning_rate_init`, reduced by the factors so far.
    best : float, default=inf
        The loss of the last epoch that improved it.
    stalled : int, default=0
        Number of epochs since then, or since the last reduction.
    cooldown : int, default=0
        Number of the next epochs that do not count as stalled.
    """

    rate: float
    best: float = inf
    stalled: int = 0
    cooldown: int = 0


@dataclass(frozen=True)
class Schedule:
    """A learning rate as a function of the epoch or of the step.

    A subclass is a frozen dataclass. It declares its fields with `convnet.values.constraints.parameter` and defines
    `multiplier`.

    Attributes
    ----------
    per_step : bool
        Whether the rate changes within an epoch. If not, `multiplier` is called once per epoch.
    """

    def __post_init__(self) -> None:
        if _depth(self) > MAX_NESTING:
            raise ValueError(
                f"{type(self).__name__}: schedules are nested more than {MAX_NESTING} deep"
            )

    @property
    def per_step(self) -> bool:
        """Whether the rate changes within an epoch."""
        return False

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        """Return the factor by which `learning_rate_init` is multiplied.

        Parameters
        ----------
        epoch, max_iter : int
            Index of the epoch, from 0, and number of epochs.
        step, steps : int, default=0, 1
            Index of the step in the epoch, from 0, and steps per epoch. Only schedules with `per_step` use them.

        Returns
        -------
        multiplier : float
            The factor.
        """
        raise NotImplementedError

    def update(self, state: PlateauState, epoch: int, loss: float) -> PlateauState:
        """Return the state after an epoch. Schedules that do not depend on the loss return it unchanged.

        Parameters
        ----------
        state : PlateauState
            The state before the epoch: a named tuple of `rate`, which `multiplier` multiplies, `best`, `stalled` and
            `cooldown`. A training begins with ``(learning_rate_init, inf, 0, 0)``.
        epoch : int
            Index of the epoch, from 0.
        loss : float
            Its validation loss if there is a validation set, otherwise its training loss.

        Returns
        -------
        state : PlateauState
            The state for the next epoch.
        """
        return state

    def check(self, max_iter: int) -> None:
        """Check the fields. ``fit`` calls this before the first epoch.

        Parameters
        ----------
        max_iter : int
            Number of epochs of the fit.

        Raises
        ------
        TypeError, ValueError
            If a field has a wrong type or value. The message names it.
        """
        for field in fields(self):
            try:
                field.metadata.get("check", bool)(getattr(self, field.name))
            except (TypeError, ValueError) as error:
                raise reworded(error, f"{type(self).__name__}: {field.name} {error}") from None

    def _check_warmup(self, name: str, max_iter: int) -> None:
        """Check that the epochs of a warm-up leave at least one other epoch."""
        value = getattr(self, name)
        if value >= max_iter:
            raise ValueError(
                f"{type(self).__name__}: {name} is {show(value)}, but there are only {max_iter} epochs. "
                f"Lower {name} or raise max_iter."
            )

    def get_fields(self) -> dict[str, Any]:
        """Return the fields by name.

        Returns
        -------
        fields : dict
            Names and values. Fields of a nested schedule have names such as ``then__final``.
        """
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in list(found.items()):
            if isinstance(value, Schedule):
                found |= {f"{name}__{inner}": v for inner, v in value.get_fields().items()}
        return found

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed.

        Parameters
        ----------
        **changes : dict
            New values by name, with the names that `get_fields` returns.

        Returns
        -------
        schedule : Schedule
            Of the same type.
        """
        for key, value in changes.items():
            name, _, inner = key.partition("__")
            value = getattr(self, name).replace(**{inner: value}) if inner else value
            self = replace(self, **{name: value})
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

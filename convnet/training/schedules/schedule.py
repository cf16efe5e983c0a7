"""The base of all schedules."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

MOST_NESTED = 8  # schedules inside schedules inside ...


def _depth(schedule: "Schedule") -> int:
    inside = (getattr(schedule, field.name, None) for field in fields(schedule))
    return 1 + max((_depth(one) for one in inside if isinstance(one, Schedule)), default=0)


@dataclass(frozen=True)
class Schedule:
    """A learning rate as a function of the epoch or of the step; a subclass gives `multiplier` and `check`.

    Attributes
    ----------
    per_step : bool
        Whether the rate changes within an epoch; `multiplier` is asked once an epoch where it does not.
    """

    def __post_init__(self) -> None:
        if _depth(self) > MOST_NESTED:
            raise ValueError(
                f"{type(self).__name__}: schedules lie more than {MOST_NESTED} deep in one another"
            )

    @property
    def per_step(self) -> bool:
        """Whether the rate changes within an epoch."""
        return False

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        """Return what the initial rate is multiplied by.

        Parameters
        ----------
        epoch, max_iter : int
            The epoch, from 0, and their number.
        step, steps : int, default=0, 1
            The step of the epoch, from 0, and their number; only schedules with `per_step` look at it.

        Returns
        -------
        multiplier : float
            1 is `learning_rate_init`.
        """
        raise NotImplementedError

    def check(self, max_iter: int) -> None:
        """Look for fields that cannot be used; called by ``fit`` before the first epoch.

        Parameters
        ----------
        max_iter : int
            Epochs of the fit.

        Raises
        ------
        ValueError
            At the first such field, by name.
        """

    def get_fields(self) -> dict[str, Any]:
        """Return the fields by name.

        Returns
        -------
        fields : dict
            Names and values; those of a schedule within as ``then__final`` and so on.
        """
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in list(found.items()):
            if isinstance(value, Schedule):
                found |= {f"{name}__{inner}": v for inner, v in value.get_fields().items()}
        return found

    def replace(self, **changes: Any) -> Self:
        """Return a schedule like this one with some fields changed.

        Parameters
        ----------
        **changes : dict
            Fields by name, as `get_fields` names them.

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

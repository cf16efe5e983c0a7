"""A fit as callbacks see it."""

from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

State: TypeAlias = tuple[dict[str, Any], dict[str, NDArray[Any]]]  # numbers fit for JSON; arrays


class Run(Protocol):
    """What hooks are given; see `Callback`. ``fit`` has one of its own making."""

    estimator: Any
    figures: dict[str, float]
    scratch: dict[Any, Any]

    @property
    def epoch(self) -> int:
        """Epochs done."""

    @property
    def last_epoch(self) -> int:
        """Epochs that will be done at the end."""

    @property
    def history(self) -> dict[str, list[float]]:
        """The figures of all epochs."""

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, whose weights are kept so far."""

    @property
    def is_whole(self) -> bool:
        """Whether the last epoch was not cut short by `max_time`."""

    @property
    def identity(self) -> dict[str, str]:
        """Texts that name parameters and data."""

    def fitted(self) -> Any:
        """Return a fitted estimator with a network of its own."""

    def state(self) -> State:
        """Return numbers, fit for JSON, and arrays by name, to resume from."""

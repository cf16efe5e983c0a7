"""FitRun: what callbacks see of a fit."""

from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

# Values that JSON can hold, and arrays by name.
ResumeState: TypeAlias = tuple[dict[str, Any], dict[str, NDArray[Any]]]


class FitRun(Protocol):
    """One call of ``fit``, as its callbacks see it; see `Callback`."""

    estimator: Any
    metrics: dict[str, float]
    scratch: dict[Any, Any]

    @property
    def epoch(self) -> int:
        """Number of epochs done."""

    @property
    def last_epoch(self) -> int:
        """Number of epochs after which the fit ends, unless it stops earlier."""

    @property
    def batch(self) -> int:
        """Number of batches done in the current epoch; 0 between epochs."""

    @property
    def n_batches(self) -> int:
        """Number of batches of an epoch."""

    @property
    def history(self) -> dict[str, list[float]]:
        """Metrics of all epochs."""

    @property
    def seconds_left(self) -> float:
        """Seconds until `max_time` ends the fit; infinity without it."""

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, whose weights are the best so far."""

    @property
    def epoch_is_complete(self) -> bool:
        """False if `max_time` ended the last epoch early."""

    @property
    def fingerprint(self) -> dict[str, str]:
        """Strings that identify the parameters and the data."""

    def fitted(self) -> Any:
        """Return a fitted estimator with a network of its own."""

    def state(self) -> ResumeState:
        """Return values for JSON, and arrays by name, from which a later fit can resume.

        Raises
        ------
        RuntimeError
            Within an epoch.
        """

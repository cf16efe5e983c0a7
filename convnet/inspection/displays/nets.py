"""The nets that displays take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.utils import Bunch

    from convnet.graph import LayerInfo
    from convnet.inspection.summary import Summary
    from convnet.inspection.trace.trace import Trace


class Net(Protocol):
    """What displays use of a ConvNetClassifier or ConvNetRegressor."""

    augment: Any
    data_format: str
    scoring: Any
    input_shape_: tuple[int, ...]
    layers_: tuple[LayerInfo, ...]
    loss_curve_: list[float]
    history_: dict[str, list[float]]
    best_iter_: int

    @property
    def weights_(self) -> Mapping[str, NDArray[np.float32]]: ...

    def predict(self, X: Any) -> np.ndarray: ...

    def summary(self, X: Any = None, y: Any = None) -> Summary: ...

    def trace(self, x: Any) -> Trace: ...

    def preview_augment(self, X: Any, n: int) -> np.ndarray: ...

    def maximal_patches(self, X: Any, layer: str, n: int) -> Bunch: ...

    @property
    def explain(self) -> Callable[..., np.ndarray]: ...


def check_net(estimator: object, caller: str) -> None:
    """Raise TypeError unless an estimator is itself a net, rather than one that contains a net.

    Parameters
    ----------
    estimator : object
        What was passed.
    caller : str
        Name of the display.
    """
    if not hasattr(estimator, "feature_maps"):
        raise TypeError(
            f"{caller} takes a ConvNetClassifier or a ConvNetRegressor; got {type(estimator).__name__}. Pass the net "
            "inside it: pipeline[-1], search.best_estimator_, transformer.estimator_."
        )


def check_fitted_net(estimator: Any, caller: str) -> None:
    """Raise TypeError unless an estimator is a net, NotFittedError unless it is fitted."""
    check_net(estimator, caller)
    check_is_fitted(estimator, "weights_")
    estimator.summary()  # raises if the fitted attributes are inconsistent

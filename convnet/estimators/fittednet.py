"""What methods of mixins use of the estimator that they are mixed into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from convnet.fitted.network_cache import NetworkCache
    from convnet.fitted.weights import Weights
    from convnet.graph import LayerInfo, Network
    from convnet.inputs.hints import Aims, Images, Report
    from convnet.inputs.scaling import InputFormat


class FittedNet:
    """The attributes of a net; `BaseConvNet` has them, and the methods that are only named here."""

    input_shape: Any
    data_format: str
    n_jobs: int | None

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    image_form_: dict[str, Any]
    input_shape_: tuple[int, ...]
    layers_: tuple[LayerInfo, ...]
    weights_: Weights
    n_parameters_: int
    init_report_: Report | None
    n_iter_: int
    best_iter_: int
    loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float]
    validation_scores_: list[float]
    history_: dict[str, list[float]]
    _holder: NetworkCache
    _input_format: InputFormat

    if TYPE_CHECKING:

        def predict(self, X: Any) -> np.ndarray: ...

        def _network(self) -> Network: ...

        def _images(self, X: Any) -> tuple[Images, float]: ...

        def _outputs(self, X: Any, layer: str | None = None) -> NDArray[np.float32]: ...

        def _aims(self, target: Any, n: int, outputs: Callable[[], np.ndarray]) -> Aims: ...

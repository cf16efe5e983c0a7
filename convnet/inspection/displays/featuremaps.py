"""FeatureMapDisplay: the outputs of the layers of a net for an image."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.colors import color_scale
from convnet.inspection.displays.grid import MAX_MAPS, draw_maps
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.layer_rows import MAX_MAPS_IN_ROW, draw_rows
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.text import name_list
from convnet.layers.geometry import cross
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


# Layers that change nothing in prediction have no row.
UNCHANGED = ("Flatten", "Dropout", "SpatialDropout2D")


class FeatureMapDisplay:
    """The outputs of layers for one image: all maps of one layer, or the strongest maps of several layers.

    Dark is 0 and bright is the largest value of a layer. If a layer has negative outputs, white is 0, red is positive
    and blue is negative.

    Parameters
    ----------
    maps : dict of ndarray of shape (h, w, c), (length, c) or (features,)
        Outputs by layer name, in the order of the layers.
    image : ndarray of shape (h, w, 3), (length, c) or (features,), default=None
        The image, with colors from 0 to 1, the signal or the flat row. It is drawn above the layers if there are
        several.
    types : dict of str, default=None
        Layer types by layer name.
    classes : array-like of shape (n_outputs,), default=None
        Labels of the values of the layer "output".
    prediction : object, default=None
        What the net predicts, for the heading.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray or dict of list of matplotlib Axes
        For one layer an array of shape (n_rows, n_cols) with None in empty places; for several layers lists by layer
        name, including "input".
    bounding_ax_ : matplotlib Axes
        The axes that were divided; their title is the heading.

    Examples
    --------
    >>> import convnet
    >>> import numpy as np
    >>> from convnet.inspection import FeatureMapDisplay
    >>> net = convnet.load_pretrained("mnist-small")
    >>> image = np.eye(28, dtype=np.uint8) * 255
    >>> display = FeatureMapDisplay.from_estimator(net, image, "conv1")
    >>> display.maps["conv1"].shape
    (28, 28, 16)
    """

    def __init__(
        self,
        maps: Mapping[str, np.ndarray],
        *,
        image: np.ndarray | None = None,
        types: Mapping[str, str] | None = None,
        classes: Sequence[Any] | np.ndarray | None = None,
        prediction: Any = None,
    ) -> None:
        self.maps = maps
        self.image = image
        self.types = types
        self.axes_: np.ndarray | dict[str, list[Axes]]
        self.classes = classes
        self.prediction = prediction

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        x: ArrayLike,
        layer: str | Sequence[str] | None = None,
        *,
        n_max: int | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the outputs of layers of a fitted net.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A fitted net.
        x : array-like of shape (h, w, c), (h, w), (length, c) or (features,)
            One image, signal or flat row, or an X of one row.
        layer : str or list of str, default=None
            Names of layers, as in ``layers_``: "conv1", or "residual1/conv1" for a nested layer. None is the whole net:
            all outer layers, except those that change nothing in prediction.
        n_max : int, default=None
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : FeatureMapDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `estimator` is not a net.
        ValueError
            If no layer has that name (the message lists the names), x is not one image of the shape in ``fit``, or
            n_max is below 1.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        trace = estimator.trace(x)
        image = trace.feature_map("input")
        if image.ndim == 3:
            image = DisplayImages(estimator, np.reshape(x, (1, -1)), cls.__name__)[:][0]
        if layer is None:
            layer = [info.name for info in estimator.layers_ if info.type not in UNCHANGED]
        names = name_list(f"{cls.__name__}: layer", layer)
        types = {info.name: info.type for outer in estimator.layers_ for info in outer.walk()}
        display = cls(
            {name: trace.feature_map(name) for name in names},
            image=image,
            types={name: types.get(name, "") for name in names},
            classes=getattr(estimator, "classes_", None),
            prediction=trace.prediction,
        )
        return display.plot(ax, n_max=n_max)

    def plot(self, ax: Axes | None = None, *, n_max: int | None = None) -> Self:
        """Draw the maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.
        n_max : int, default=None
            Largest number of maps of a layer to draw: for one layer the first ones, for several layers those with the
            largest mean magnitude, with their channel numbers as titles. None is 64 for one layer and 8 for several.

        Returns
        -------
        self : FeatureMapDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If n_max is below 1, or `ax` was divided before.
        """
        if n_max is not None:
            n_max = integer(1, inf).check("FeatureMapDisplay: n_max", n_max)
        (name, values), *others = self.maps.items()
        if not others and values.ndim == 3:
            self._plot_layer(ax, name, values, n_max or MAX_MAPS)
        else:
            self._plot_rows(ax, n_max or MAX_MAPS_IN_ROW)
        self.figure_ = self.bounding_ax_.figure
        return self

    def _plot_layer(self, ax: Axes | None, name: str, values: np.ndarray, n_max: int) -> None:
        maps = list(np.moveaxis(values, -1, 0))
        grid = draw_maps(
            "FeatureMapDisplay.plot",
            maps,
            titles=range(len(maps)),
            heading=", ".join([name, self._label(name)]),
            scale=color_scale(maps),
            label="output",
            ax=ax,
            n_max=n_max,
        )
        self.axes_, self.bounding_ax_ = grid.axes, grid.bounding_ax

    def _plot_rows(self, ax: Axes | None, n_max: int) -> None:
        names, predicted = self._predicted()
        heading = [] if self.prediction is None else [f"prediction: {self.prediction}"]
        if any(values.ndim == 3 for values in self.maps.values()):
            heading.append("(channel numbers above the maps, strongest first)")
        self.bounding_ax_, self.axes_ = draw_rows(
            "FeatureMapDisplay.plot",
            self.maps,
            image=self.image,
            labels={name: self._label(name) for name in self.maps}
            | ({} if self.image is None else {"input": cross(self.image.shape[:2])}),
            names=names,
            predicted=predicted,
            heading="\n".join(heading),
            n_max=n_max,
            ax=ax,
        )

    def _predicted(self) -> tuple[Sequence[Any] | np.ndarray | None, int | None]:
        """Return names of the output values and the index of the predicted one; None if there are none."""
        outputs, classes = self.maps.get("output"), self.classes
        if outputs is None or classes is None:
            return None, None
        if np.ndim(self.prediction):
            return classes if len(outputs) == len(classes) else None, None
        if len(outputs) == 1 and len(classes) == 2:  # the logit of the second class
            return [f"{classes[1]} (vs. {classes[0]})"], 0 if outputs[0] > 0 else None
        return classes, int(outputs.argmax())

    def _label(self, name: str) -> str:
        kind = (self.types or {}).get(name, "")
        return " ".join(filter(None, [kind, cross(self.maps[name].shape)]))

"""FeatureMapDisplay: what a net makes of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.grid import N_MAX, draw_maps
from convnet.inspection.displays.images import Pictures
from convnet.inspection.displays.layer_rows import N_ROW, draw_rows
from convnet.inspection.displays.naming import named
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.scale import scale_of
from convnet.inspection.explain.given import whole
from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


# What a prediction leaves as it is has no row of its own.
UNCHANGED = ("Flatten", "Dropout", "SpatialDropout2D")


class FeatureMapDisplay:
    """What the layers of a net put out for one image: all maps of a layer, or the way through the whole net.

    Dark is 0 and bright the largest value of a layer. Where a layer puts out negative values too, white is 0, red above
    it and blue below.

    Parameters
    ----------
    maps : dict of ndarray of shape (h, w, c), (length, c) or (features,)
        By the names of the layers, in their order.
    image : ndarray of shape (h, w, 3), (length, c) or (features,), default=None
        The image, its colours from 0 to 1, the signal or the flat row; drawn above the layers where there are several.
    types : dict of str, default=None
        Types of the layers, by name.
    classes : array-like of shape (n_outputs,), default=None
        What the values of the layer "output" stand for, where that is drawn.
    prediction : object, default=None
        The net's answer, for the heading.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Set by ``plot``.
    axes_ : ndarray or dict of list of matplotlib Axes
        Of one layer, (n_rows, n_cols), None where a place is empty; of several, by name, "input" among them.
    bounding_ax_ : matplotlib Axes
        What was divided; its title is the heading.

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
        """Draw what the layers of a fitted net put out.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            Fitted.
        x : array-like of shape (h, w, c), (h, w), (length, c) or (features,)
            One image, signal or flat row, or an X of one row, as for ``trace``.
        layer : str or list of str, default=None
            Names of layers, as in ``layers_``; of one inside another "residual1/conv1". None is the whole net: the
            outer layers, but for those that change nothing in prediction.
        n_max : int, default=None
            As for ``plot``.
        ax : matplotlib Axes, default=None
            As for ``plot``.

        Returns
        -------
        display : FeatureMapDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        TypeError
            `estimator` is no net.
        ValueError
            No layer has that name, with those that exist; x is not one image of the shape in ``fit``.
        ImportError
            matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        trace = estimator.trace(x)
        image = trace.feature_map("input")
        if image.ndim == 3:
            image = Pictures(estimator, np.reshape(x, (1, -1)), cls.__name__)[:][0]
        if layer is None:
            layer = [info.name for info in estimator.layers_ if info.type not in UNCHANGED]
        names = named(f"{cls.__name__}: layer", layer)
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
            Axes to divide; None makes a new figure.
        n_max : int, default=None
            Maps to draw of a layer: of one layer the first, of several the strongest, those of the largest mean
            magnitude, under the numbers of their channels. None is 64 of one layer, 8 of each of several.

        Returns
        -------
        self : FeatureMapDisplay

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            n_max is below 1; `ax` was divided before.
        """
        if n_max is not None:
            n_max = whole("FeatureMapDisplay: n_max", n_max)
        (name, values), *others = self.maps.items()
        if not others and values.ndim == 3:
            self._plot_layer(ax, name, values, n_max or N_MAX)
        else:
            self._plot_rows(ax, n_max or N_ROW)
        self.figure_ = self.bounding_ax_.figure
        return self

    def _plot_layer(self, ax: Axes | None, name: str, values: np.ndarray, n_max: int) -> None:
        maps = list(np.moveaxis(values, -1, 0))
        grid = draw_maps(
            "FeatureMapDisplay.plot",
            maps,
            titles=range(len(maps)),
            heading=", ".join([name, self._words(name)]),
            scale=scale_of(maps),
            label="output",
            ax=ax,
            n_max=n_max,
        )
        self.axes_, self.bounding_ax_ = grid.axes, grid.bounding_ax

    def _plot_rows(self, ax: Axes | None, n_max: int) -> None:
        names, winner = self._answer()
        heading = [] if self.prediction is None else [f"prediction: {self.prediction}"]
        if any(values.ndim == 3 for values in self.maps.values()):
            heading.append("numbers are those of the channels, the strongest first")
        self.bounding_ax_, self.axes_ = draw_rows(
            "FeatureMapDisplay.plot",
            self.maps,
            image=self.image,
            words={name: self._words(name) for name in self.maps}
            | ({} if self.image is None else {"input": cross(self.image.shape[:2])}),
            names=names,
            winner=winner,
            heading="\n".join(heading),
            n_max=n_max,
            ax=ax,
        )

    def _answer(self) -> tuple[Sequence[Any] | np.ndarray | None, int | None]:
        """Return names of the output's values and the position of the predicted one; None where there are none."""
        outputs, classes = self.maps.get("output"), self.classes
        if outputs is None or classes is None:
            return None, None
        if np.ndim(self.prediction):
            return classes if len(outputs) == len(classes) else None, None
        if len(outputs) == 1 and len(classes) == 2:  # the logit of the second class
            return [f"{classes[1]}, against {classes[0]}"], 0 if outputs[0] > 0 else None
        return classes, int(outputs.argmax())

    def _words(self, name: str) -> str:
        kind = (self.types or {}).get(name, "")
        return " ".join(filter(None, [kind, cross(self.maps[name].shape)]))

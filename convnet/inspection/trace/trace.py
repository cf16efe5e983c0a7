"""Trace: one prediction worked out step by step."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.trace.ending import Ending
from convnet.inspection.trace.maps import Maps
from convnet.inspection.trace.text import cross, number, place
from convnet.inspection.trace.working import work_out
from convnet.layers.residual import SHORTCUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.graph import Network
    from convnet.inspection.trace.step import Spot, Step


LEGEND = """\
name[row, column, channel], counted from 0, is one value of what a layer puts out. Each layer is shown for the value
that contributes most to the next one shown; in a grid it stands in [ ]."""
AXES = {3: ("row", "column", "channel"), 2: ("position", "channel"), 1: ("feature",)}


class Trace:
    """One prediction, worked out value by value; print it.

    Printed is a chain: the output of the predicted class, the strongest of the products that it sums, the value which
    that product read, and so on back to the image; in the order of the layers. `at` works out any other value.

    Parameters
    ----------
    network : Network
        Used for prediction: running statistics, no dropout.
    image : ndarray of shape (1, h, w, c), (1, length, c) or (1, features)
        Of any numeric dtype.
    scale : float, default=1.0
        What it is multiplied by.
    prediction, probabilities, classes : object, ndarray, ndarray, default=None
        See `Ending`; a bare network has none.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, those inside others too.
    steps : tuple of Step
        The chain that is printed, in the order of the layers.
    outputs : ndarray of float64, shape (n_outputs,)
        Logits, or a regressor's values.
    probabilities : ndarray of float64, shape (n_classes,), or None
        As ``predict_proba`` has them; None of a regressor.
    prediction : object
        As ``predict`` has it.
    ending : Ending or None
        From outputs to the answer; None of a bare network.

    Examples
    --------
    >>> import convnet
    >>> import numpy as np
    >>> net = convnet.load_pretrained("mnist-small")
    >>> trace = net.trace(np.eye(28, dtype=np.uint8) * 255)
    >>> step = trace.at("conv1", 5, 5, 0)
    >>> step.patch.shape, bool(abs(step.computed - step.value) < 1e-5)
    ((3, 3, 1), True)
    """

    def __init__(
        self,
        network: Network,
        image: np.ndarray,
        scale: float = 1.0,
        *,
        prediction: Any = None,
        probabilities: np.ndarray | None = None,
        classes: np.ndarray | None = None,
    ) -> None:
        self._maps = Maps(network, image, scale)
        self._scale, self._input_shape = scale, network.plan.input_shape
        self._prediction, self._probabilities = prediction, probabilities
        self.layers = tuple(self._maps.layers)
        self._steps: tuple[Step, ...] | None = None
        self.ending = (
            None if prediction is None else Ending(self.outputs, prediction, probabilities, classes)
        )

    @property
    def outputs(self) -> NDArray[np.float64]:
        """What the net puts out, float64 (n_outputs,): logits, or a regressor's values."""
        return self._maps.map(self._maps.last).ravel()

    @property
    def probabilities(self) -> np.ndarray | None:
        """As ``predict_proba`` has them, float64 (n_classes,); None of a regressor."""
        return self._probabilities

    @property
    def prediction(self) -> Any:
        """As ``predict`` has it."""
        return self._prediction

    def feature_map(self, layer: str) -> NDArray[np.float32]:
        """Return the output of a layer.

        Parameters
        ----------
        layer : str
            Its name; "input" is the image as the net sees it.

        Returns
        -------
        values : ndarray of float32, shape (h, w, c), (length, c) or (features,)
            The engine's; read-only.

        Raises
        ------
        ValueError
            No layer has that name.
        """
        if layer != "input":
            self._check_layer(layer)
        return self._maps.array(layer)

    def at(self, layer: str, *indices: int) -> Step:
        """Return how one output value of a layer comes about.

        Parameters
        ----------
        layer : str
            Its name: "conv1", "residual1/conv2".
        *indices : int
            Row, column and channel in its output, from 0; position and channel of a signal; the number of a flat value.

        Returns
        -------
        step : Step
            To be printed; its arrays are attributes, such as ``patch``, ``kernel`` and ``products`` of a convolution.

        Raises
        ------
        ValueError
            No layer has that name; too few or too many indices, or one that lies outside of the output.
        """
        self._check_layer(layer)
        shape = self._maps.shape(layer)
        axes, indices = AXES[len(shape)], tuple(map(operator.index, indices))
        if len(indices) != len(shape):
            raise ValueError(
                f"{layer} puts out {cross(shape)}: at takes {', '.join(axes)}; got {place(indices)}."
            )
        for axis, i, n in zip(axes, indices, shape, strict=True):
            if not 0 <= i < n:
                raise ValueError(
                    f"{layer} puts out {cross(shape)}: {axis} must be 0 to {n - 1}; got {i}."
                )
        return work_out(self._maps, layer, (*(0,) * (3 - len(shape)), *indices))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The chain that is printed: a tuple with a `Step` for each layer, in their order."""
        if self._steps is None:
            self._steps = self._chain()
        return self._steps

    def _chain(self) -> tuple[Step, ...]:
        maps, ending = self._maps, self.ending
        shape = maps.last.shape
        unit = int(self.outputs.argmax()) if ending is None else ending.unit
        sign = None if ending is None else ending.sign
        spot: Spot | None = maps.spot(maps.last, np.unravel_index(unit, shape))
        steps = []
        while spot is not None and spot.layer in maps.layers:
            steps.append(step := work_out(maps, spot.layer, spot.index, sign))
            other = getattr(step, "other", None)
            if other is not None and other.layer == f"{step.layer}/{SHORTCUT}":
                steps.append(work_out(maps, other.layer, other.index))
            spot, sign = step.source, None
        return tuple(reversed(steps))

    def __repr__(self) -> str:
        scale = "" if self._scale == 1 else f", values × {number(self._scale)}"
        head = f"input: {cross(self._input_shape)}{scale}\n{LEGEND}"
        ending = [] if self.ending is None else [str(self.ending)]
        return "\n\n".join([head, *map(str, self.steps), *ending])

    def _check_layer(self, layer: str) -> None:
        if layer not in self._maps.layers:
            raise ValueError(f"no layer is called {layer!r}; there are {', '.join(self.layers)}")

"""Trace: one prediction, step by step."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.trace.final_step import FinalStep
from convnet.inspection.trace.forward_pass import INPUT, ForwardPass
from convnet.inspection.trace.steps import step_at
from convnet.inspection.trace.text import bracketed, number
from convnet.layers.geometry import cross
from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.graph import Network
    from convnet.inspection.trace.forward_pass import Location
    from convnet.inspection.trace.step import TraceStep


LEGEND = """\
name[row, column, channel] is one output value of a layer; indices start at 0. Each layer is shown for the value
that contributes most to the next value shown; in grids that value is marked with [ ]."""
AXES = {3: ("row", "column", "channel"), 2: ("position", "channel"), 1: ("feature",)}


class Trace:
    """One prediction, calculated value by value. Print it to see the calculation.

    A trace starts at the output of the predicted class, takes the strongest product of its sum, goes on to the value
    that this product reads, and so on back to the image. It prints these steps in the order of the layers. `at` returns
    the step of any other value.

    Parameters
    ----------
    network : Network
        The network, used for prediction.
    image : ndarray of shape (1, h, w, c), (1, length, c) or (1, features)
        One image of any numeric dtype.
    scale : float, default=1.0
        Factor that the image is multiplied by.
    prediction, probabilities, classes, y_mean, y_scale : object or ndarray, default=None
        See `FinalStep`; a network without an estimator has none.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, including nested ones.
    steps : tuple of TraceStep
        The printed steps, in the order of the layers.
    outputs : ndarray of float64, shape (n_outputs,)
        Logits, or a regressor's values.
    probabilities : ndarray of float64, shape (n_classes,), or None
        As ``predict_proba`` returns them; None for a regressor.
    prediction : object
        As ``predict`` returns it.
    final_step : FinalStep or None
        From the outputs to the prediction; None for a network without an estimator.

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
        y_mean: np.ndarray | None = None,
        y_scale: np.ndarray | None = None,
    ) -> None:
        self._forward = ForwardPass(network, image, scale)
        self._scale, self._input_shape = scale, network.plan.input_shape
        self._prediction, self._probabilities = prediction, probabilities
        self.layers = tuple(self._forward.layers)
        self._steps: tuple[TraceStep, ...] | None = None
        self.final_step = (
            None
            if prediction is None
            else FinalStep(self.outputs, prediction, probabilities, classes, y_mean, y_scale)
        )

    @property
    def outputs(self) -> NDArray[np.float64]:
        """Outputs of the net, float64 (n_outputs,): logits, or a regressor's values."""
        return self._forward.values(self._forward.output_buffer).ravel()

    @property
    def probabilities(self) -> np.ndarray | None:
        """As ``predict_proba`` returns them, float64 (n_classes,); None for a regressor."""
        return self._probabilities

    @property
    def prediction(self) -> Any:
        """As ``predict`` returns it."""
        return self._prediction

    def feature_map(self, layer: str) -> NDArray[np.float32]:
        """Return the output of a layer.

        Parameters
        ----------
        layer : str
            Name of the layer; "input" is the image as the net reads it.

        Returns
        -------
        values : ndarray of float32, shape (h, w, c), (length, c) or (features,)
            As the engine computed it; read-only.

        Raises
        ------
        ValueError
            If no layer has that name. The message lists the names.
        """
        if layer != INPUT:
            self._check_layer(layer)
        return self._forward.output(layer)

    def at(self, layer: str, *indices: int) -> TraceStep:
        """Return how one output value of a layer is computed.

        Parameters
        ----------
        layer : str
            Name of the layer: "conv1", "residual1/conv2".
        *indices : int
            Index in the layer's output, from 0: row, column and channel; for a signal position and channel; for flat
            data the feature.

        Returns
        -------
        step : TraceStep
            Print it to see the calculation. Its arrays are attributes, such as ``patch``, ``kernel`` and ``products``
            of a convolution.

        Raises
        ------
        ValueError
            If no layer has that name, or the number of indices is wrong, or an index is out of range.
        """
        self._check_layer(layer)
        shape = self._forward.shape(layer)
        axes, indices = AXES[len(shape)], tuple(map(operator.index, indices))
        if len(indices) != len(shape):
            raise ValueError(
                f"The output of {layer} has shape {cross(shape)}: expected {', '.join(axes)}, got {bracketed(indices)}."
            )
        for axis, i, n in zip(axes, indices, shape, strict=True):
            if not 0 <= i < n:
                raise ValueError(
                    f"The output of {layer} has shape {cross(shape)}: {axis} must be from 0 to {n - 1}, got {i}."
                )
        return step_at(self._forward, layer, (*(0,) * (3 - len(shape)), *indices))

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """The printed steps: a tuple with a `TraceStep` for each layer, in their order."""
        if self._steps is None:
            self._steps = self._traced_steps()
        return self._steps

    def _traced_steps(self) -> tuple[TraceStep, ...]:
        """Return the steps from the image to the traced output, found backward from there."""
        net, final = self._forward, self.final_step
        buffer = net.output_buffer
        unit = int(self.outputs.argmax()) if final is None else final.unit
        sign = None if final is None else final.sign
        source: Location | None = net.locate(buffer, np.unravel_index(unit, buffer.shape))
        steps = []
        while source is not None and source.layer in net.layers:
            steps.append(step := step_at(net, source.layer, source.map_index, sign))
            for end in getattr(step, "sources", ()):  # of the other branches
                if end is not step.source and end.layer.startswith(f"{step.layer}/"):
                    steps.append(step_at(net, end.layer, end.map_index))
            source, sign = step.source, None
        return tuple(reversed(steps))

    def __repr__(self) -> str:
        scale = "" if self._scale == 1 else f", values × {number(self._scale)}"
        head = f"input: {cross(self._input_shape)}{scale}\n{LEGEND}"
        final = [] if self.final_step is None else [str(self.final_step)]
        return "\n\n".join([head, *map(str, self.steps), *final])

    def _check_layer(self, layer: str) -> None:
        if layer not in self._forward.layers:
            raise ValueError(
                f"no layer is called {show(layer)}; the layers are {listed(self.layers)}"
            )

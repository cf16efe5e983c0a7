"""What a fitted net makes of its input, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Bunch

from convnet.engine.threads import resolve_n_threads
from convnet.estimators.fittednet import FittedNet
from convnet.fitted.attributes import fit_snapshot
from convnet.fitted.validate import validate_fitted
from convnet.inputs.images import image_shapes
from convnet.inspection.explain import maximal_patches
from convnet.inspection.trace import Trace
from convnet.values.fields import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class InspectionMixin(FittedNet):
    """Methods of estimators that show what happens inside the net."""

    def feature_maps(self, X: Any, layer: str) -> NDArray[np.float32]:
        """Return the maps that a layer puts out, as in prediction: running statistics, no dropout.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        layer : str
            Name of the layer, as in ``layers_``: "conv1"; of one inside another "residual1/conv1".

        Returns
        -------
        maps : ndarray of float32, shape (n, height, width, channels)
            After the layer's activation; channels last, whatever `data_format` is. (n, length, channels) of layers for
            signals, (n, features) where the layer puts out flat data.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        TypeError
            `layer` is no text.
        ValueError
            No layer has that name, with those that exist; images of another shape than in ``fit``, with both.
        """
        self = fit_snapshot(self)
        validate_fitted(self)
        if not isinstance(layer, str):
            raise TypeError(
                f"feature_maps: layer must be the name of one layer; got {show(layer)}."
            )
        return self._outputs(X, layer)

    def maximal_patches(self, X: Any, layer: str, n: int = 9) -> Bunch:
        """Return the patches of images that excite each channel of a layer most.

        A patch is what a value of the layer can depend on, its receptive field, worked out through all kernels,
        strides, dilations, paddings, pools and residual branches before it. Each image gives a channel its strongest
        value alone: n patches are of n images.

        Parameters
        ----------
        X : array-like of shape (m, h, w, c), (m, h, w), (m, length, c) or (m, features)
            Images, signals or flat rows.
        layer : str
            Name of the layer, as in ``layers_``: "conv1"; of one inside another "residual1/conv1". Of layers that put
            out flat data, "output" too, the patch is the whole image.
        n : int, default=9
            Patches of each channel; of an X of fewer rows as many as it has.

        Returns
        -------
        strongest : Bunch
            ``patches``, of the dtype and in the units of X, shape (channels, n, ph, pw, c), (channels, n, length, c) or
            (channels, n, features), the strongest first: 0 beyond the border of the image, as the layers' padding; the
            whole side where the receptive field is as long as that or longer. ``activations``, float32 of shape
            (channels, n), as ``feature_maps`` has them. ``rows``, int of shape (channels, n): numbers of the images.
            ``positions``, int of shape (channels, n, 2), or (channels, n, 1) of signals: row and column in the image
            of the patch's first pixel, which may lie before the border.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        ValueError
            No layer has that name, with those that exist; `n` is below 1; images of another shape than in ``fit``,
            with both.
        """
        self = fit_snapshot(self)
        network, n_threads = self._network(), resolve_n_threads(self.n_jobs)
        images, scale = self._images(X)
        return Bunch(**maximal_patches(network, images, scale, layer, n, n_threads))

    def trace(self, x: ArrayLike) -> Trace:
        """Work out one prediction step by step.

        Printed, it shows from the image on: patch, kernel, products, sum, bias and activation of one pixel of each
        convolution, the window and the winner of each pooling, and so on up to the logits and the probabilities. The
        pixel is the one that contributes most to what is shown next: the prediction is followed back to the image.

        Parameters
        ----------
        x : array-like of shape (h, w, c), (h, w), (length, c) or (features,)
            One image, signal or flat row, or an X of one row.

        Returns
        -------
        trace : Trace
            To be printed. ``trace.at("conv1", row, column, channel)`` is the same for any output value of any layer;
            ``trace.steps`` holds the steps with their arrays, ``trace.feature_map("conv1")`` a layer's whole output,
            ``trace.probabilities`` what ``predict_proba`` returns.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        ValueError
            x is not one image of the shape in ``fit``; both shapes are named.
        """
        self = fit_snapshot(self)
        network = self._network()
        X = self._one_image(x)
        images, scale = self._images(X)
        predict_proba = getattr(self, "predict_proba", None)
        return Trace(
            network,
            np.asarray(images),
            scale,
            prediction=self.predict(X)[0],
            probabilities=None if predict_proba is None else predict_proba(X)[0],
            classes=getattr(self, "classes_", None),
        )

    def _one_image(self, x: Any) -> Any:
        """Return x as an X of one row; ValueError where it is not one."""
        shape, singles = np.shape(x), image_shapes(self)
        if shape in singles:
            return np.asarray(x)[None]
        if len(shape) > 1 and shape[0] == 1 and shape[1:] in singles:
            return x
        raise ValueError(f"trace takes one image of shape {singles[0]}; x has shape {shape}.")

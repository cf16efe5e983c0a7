"""Methods that show how a fitted net works: feature maps, traces, maximal patches, explanations, augmented images."""

from __future__ import annotations

import copy
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Bunch

from convnet.augment.plan import plan_augment
from convnet.augment.spec import as_augment
from convnet.data.arraylikes import array_shape
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.call_checks import checked_call
from convnet.estimators.declaration import check_parameters
from convnet.fitted.state import fit_snapshot
from convnet.fitted.validate import validate_fitted
from convnet.fitting.session import draw_seed
from convnet.graph.arrays import check_finite
from convnet.graph.losses import log_probabilities
from convnet.graph.runtime.augmenter import augmented
from convnet.inputs import images as inputs
from convnet.inputs.scaling import DIVISORS, fitted_format
from convnet.inputs.tasks.classification import predicted_codes
from convnet.inspection.explain import (
    ExplainInput,
    check_options,
    explain,
    first_by_cell,
    maximal_patches,
    mean_by_cell,
)
from convnet.inspection.explain.targets import class_targets, label_codes
from convnet.inspection.trace import Trace
from convnet.training.prediction import predict_in_batches
from convnet.values.constraints import choice, integer
from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.data.arraylikes import Images
    from convnet.graph import Network
    from convnet.inputs.scaling import InputFormat
    from convnet.inputs.tasks.base import Task


class InspectionMixin:
    """What a net computes inside, for estimators with the attributes and methods declared here."""

    layers: Any
    augment: Any
    input_shape: Any
    data_format: str
    rescale: Any
    random_state: Any
    n_jobs: int | None

    input_shape_: tuple[int, ...]
    _input_format: InputFormat

    if TYPE_CHECKING:

        def predict(self, X: Any) -> np.ndarray: ...

        def _network(self) -> Network: ...

        def _images(self, X: Any) -> tuple[Images, float]: ...

        def _outputs(self, X: Any, layer: str | None = None) -> NDArray[np.float32]: ...

        def _fitted_task(self, fitted: Mapping[str, Any]) -> Task: ...

    @checked_call
    def feature_maps(self, X: Any, layer: str) -> NDArray[np.float32]:
        """Return the output of a layer, computed as in prediction: running statistics, no dropout.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        layer : str
            Name of the layer, as in ``layers_``: "conv1", or "residual1/conv1" for a nested layer.

        Returns
        -------
        maps : ndarray of float32, shape (n, height, width, channels), (n, length, channels) or (n, features)
            Output of the layer after its activation: maps, signals or flat data. Channels are last, whatever
            `data_format` is.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `layer` is not a string.
        ValueError
            If no layer has that name (the message lists the names), or the images do not have the shape of those in
            ``fit``.
        """
        self = fit_snapshot(self)
        validate_fitted(self)
        if not isinstance(layer, str):
            raise TypeError(
                f"feature_maps: layer must be the name of one layer; got {show(layer)}."
            )
        return self._outputs(X, layer)

    @checked_call
    def trace(self, x: ArrayLike) -> Trace:
        """Calculate one prediction step by step.

        Print the trace to see the patch, the kernel, the products, the sum, the bias and the activation of one pixel of
        each convolution, the window and the largest value of each pooling, and so on up to the outputs and, for a
        classifier, the probabilities. The trace follows the prediction back to the image: for each layer it shows the
        value that contributes most to the value shown for the following layer.

        Parameters
        ----------
        x : array-like of shape (h, w, c), (h, w), (length, c) or (features,)
            One image, signal or flat row, or an X that holds a single sample.

        Returns
        -------
        trace : Trace
            Print it. ``trace.at("conv1", row, column, channel)`` calculates any other value of any layer;
            ``trace.steps`` holds the steps with their arrays, ``trace.feature_map("conv1")`` the whole output of a
            layer, and, for a classifier, ``trace.probabilities`` what ``predict_proba`` returns.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If x is not one image of the shape in ``fit``. The message shows both shapes.
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
            y_mean=getattr(self, "y_mean_", None),
            y_scale=getattr(self, "y_scale_", None),
        )

    def _one_image(self, x: Any) -> Any:
        """Return x as an X of one row; ValueError if it is not one image."""
        shape, singles = array_shape(x, "x"), inputs.image_shapes(self)
        if shape in singles:
            return np.asarray(x)[None]
        if len(shape) > 1 and shape[0] == 1 and shape[1:] in singles:
            return x
        raise ValueError(f"trace takes one image of shape {singles[0]}; x has shape {shape}.")

    @checked_call
    def maximal_patches(self, X: Any, layer: str, n: int = 9) -> Bunch:
        """Return the image patches that activate each channel of a layer most.

        A patch is the receptive field of one output value: all pixels that the value can depend on, through the
        kernels, strides, dilations, paddings, pools and residual blocks before it. For each channel an image
        contributes only its largest value, so n patches come from n images.

        Parameters
        ----------
        X : array-like of shape (m, h, w, c), (m, h, w), (m, length, c) or (m, features)
            Images, signals or flat rows.
        layer : str
            Name of the layer, as in ``layers_``: "conv1", or "residual1/conv1" for a nested layer. For layers with
            flat output, including "output", the patch is the whole image.
        n : int, default=9
            Patches per channel, at most m.

        Returns
        -------
        top : Bunch
            ``patches``, with the dtype and the units of X, of shape (channels, n, ph, pw, c), (channels, n, length, c)
            or (channels, n, features), with the strongest patch first. Patches are 0 beyond the border of the image, as
            in the padding of the layers. Where the receptive field is at least as long as a side of the image, the
            patch is that whole side.
            ``activations``, float32 of shape (channels, n): the values, as ``feature_maps`` returns them.
            ``rows``, int of shape (channels, n): the rows of the images in X.
            ``positions``, int of shape (channels, n, 2), or (channels, n, 1) for signals: row and column of the
            patch's first pixel in the image; negative before the border.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If no layer has that name (the message lists the names), `n` is below 1, or the images do not have the shape
            of those in ``fit``.
        """
        self = fit_snapshot(self)
        network, n_threads = self._network(), resolve_n_threads(self.n_jobs)
        images, scale = self._images(X)
        return Bunch(**maximal_patches(network, images, scale, layer, n, n_threads))

    @checked_call
    def explain(
        self,
        X: Any,
        method: str = "gradcam",
        target: Any = None,
        *,
        layer: str | None = None,
        baseline: ArrayLike | None = None,
        steps: int | None = None,
        patch: int | Sequence[int] | None = None,
        stride: int | Sequence[int] | None = None,
        value: ArrayLike | None = None,
    ) -> NDArray[np.float32]:
        """Return maps of the size of the images that show which pixels an output depends on.

        A map explains f, one output of the net for one image. For a classifier f is the logit of a class, not its
        probability, which depends on all other logits too. Two classes share one logit: f is that logit for the second
        class and its negative for the first, so that a large f is always evidence for the target. For a regressor f is
        an output, in the units of y. The net computes f as in prediction: running statistics, no dropout.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        method : {"gradcam", "saliency", "integrated_gradients", "occlusion"}, default="gradcam"
            "gradcam": where the maps of `layer` raise f. Values are 0 or more, at the resolution of that layer; not
            available for flat rows [1]_.
            "saliency": how fast f changes with a pixel, the maximum over its channels. Values are 0 or more, per unit
            of X: for uint8 images they are 1/255 of those for the same images from 0 to 1 [2]_.
            "integrated_gradients": what each pixel contributes to f(x) - f(baseline), signed and summed over its
            channels. The sum over the image equals that difference within 1 %; otherwise a warning says how far it is
            off [3]_.
            "occlusion": how much f falls when a window is covered, averaged over the windows that cover the pixel.
            Negative where covering raises f [4]_.
        target : label, or array-like of shape (n,), default=None
            Which output to explain: a label of ``classes_``, or the index of a regressor's output; one for all images,
            or one for each. None is the predicted class (the most likely one of a multilabel net), and the only output
            of a regressor.
        layer : str, default=None
            For "gradcam": name of a layer that returns maps. None is the last one that is not nested in another layer.
        baseline : float or array-like, default=None
            For "integrated_gradients": the images to compare with, in the units of X: one number for all pixels, one
            image, or one image for each row of X. None is 0.
        steps : int, default=None
            For "integrated_gradients": number of segments of the path from the baseline to the image. Segments are
            halved until the sum is within 0.5 %, with at most 64 · `steps` gradients for each image. None is 32.
        patch : int or (height, width), default=None
            For "occlusion": size of the window in pixels. None is a quarter of each side; for flat rows one feature.
        stride : int or (vertical, horizontal), default=None
            For "occlusion": distance between windows in pixels, at most `patch`. None is half of `patch`.
        value : float or array-like of shape (c,) or (features,), default=None
            For "occlusion": the value that covers a window, in the units of X: one number, or one for each channel, or
            for each feature of flat rows. None is the mean color of the image: the mean of each channel over its pixels
            (of a signal over its length). For flat rows None is 0, the mean of standardized features; for others pass
            ``X_train.mean(axis=0)``.

        Returns
        -------
        maps : ndarray of float32, shape (n, h, w), (n, length) or (n, features)
            Not normalized: in units of f, and for "saliency" in units of f per unit of X. The map of an image is
            bit-identical whatever the other images and `n_jobs` are.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If the method, layer or target does not exist (the message lists those that do), a parameter belongs to
            another method or is out of range, the method is "gradcam" and no layer returns maps, or the images do not
            have the shape of those in ``fit``.

        References
        ----------
        .. [1] R. R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
               Localization", ICCV 2017, https://arxiv.org/abs/1610.02391.
        .. [2] K. Simonyan, A. Vedaldi and A. Zisserman, "Deep Inside Convolutional Networks: Visualising Image
               Classification Models and Saliency Maps", ICLR 2014 workshop, https://arxiv.org/abs/1312.6034.
        .. [3] M. Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017,
               https://arxiv.org/abs/1703.01365.
        .. [4] M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
               https://arxiv.org/abs/1311.2901.

        Examples
        --------
        >>> import convnet
        >>> from sklearn.datasets import load_digits
        >>> digits = load_digits()
        >>> clf = convnet.ConvNetClassifier(max_iter=2, random_state=0).fit(digits.images, digits.target)
        >>> clf.explain(digits.images[:5], method="integrated_gradients").shape
        (5, 8, 8)
        """
        self = fit_snapshot(self)
        network = self._network()
        images, scale = self._images(X)
        n_threads = resolve_n_threads(self.n_jobs)
        given: dict[str, Any] = dict(
            layer=layer, steps=steps, patch=patch, stride=stride, value=value
        )
        options = self._method_options(method, given | dict(baseline=baseline), len(images))

        def predicted() -> NDArray[np.float32]:
            return predict_in_batches(network, images, scale=scale, n_threads=n_threads)

        targets = self._fitted_task(vars(self)).explain_targets(target, len(images), predicted)
        return explain(ExplainInput(network, images, scale, targets, n_threads), method, options)

    def _method_options(self, method: str, options: Mapping[str, Any], n: int) -> dict[str, Any]:
        """Return the options that are set, checked, with the baseline as an array for n images."""
        found = check_options(method, options)
        if "baseline" in found:
            found["baseline"] = self._baseline(found["baseline"], n)
        return found

    def _baseline(self, baseline: ArrayLike, n: int) -> np.ndarray:
        """Return a baseline as a number, or as an array of one or n images."""
        shape, singles = array_shape(baseline, "baseline"), inputs.image_shapes(self)
        array = np.asarray(baseline)
        if shape in singles:
            array = array[None]
        elif shape and (len(array) != n or shape[1:] not in singles):
            raise ValueError(
                f"baseline must be a number, an image of shape {singles[0]}, or {n} images, one for each row of X; "
                f"it has shape {shape}."
            )
        if array.dtype.kind not in "buif" or not np.isfinite(array).all():
            raise ValueError(f"baseline must be finite numbers; its dtype is {array.dtype}.")
        if not array.ndim:
            return array
        format = self._input_format.data_format
        return np.asarray(inputs.as_images(array, self.input_shape_, format))

    @checked_call
    def preview_augment(self, X: Any, n: int = 1) -> np.ndarray:
        """Return augmented images as training would see them.

        Works before and after ``fit``. Row i of X is augmented as in epochs 0 to n - 1 of a ``fit`` whose X begins with
        these rows and whose `random_state` is the same integer. `MixUp` and `CutMix` mix these images with each other,
        as if they were one batch. Neither the estimator nor its RandomState changes.

        Parameters
        ----------
        X : array-like of shape (n_images, h, w, c), (n_images, h, w) or (n_images, features)
            Images as ``fit`` takes them.
        n : int, default=1
            Number of epochs.

        Returns
        -------
        images : ndarray of shape (n_images, n, h, w, c)
            In the units of X, with channels last, whatever `data_format` is. For uint8 and uint16 images they have the
            dtype of X, so that matplotlib shows them: values are rounded, and clipped to the range of the dtype. For
            other dtypes they are float32, as training computes them: not clipped, so that brightness and contrast may
            exceed the range of X.

        Raises
        ------
        TypeError, ValueError
            If a parameter is invalid, or an augmentation does not fit the images, as in ``fit``.
        """
        check_parameters(self)
        if hasattr(self, "weights_"):
            validate_fitted(self)
        kind = type(self).__name__
        n = integer(1, inf).check(f"{kind}: n", n)
        shape = inputs.declared_shape(self.input_shape, self.data_format, self.layers)
        if shape is None:
            shape = getattr(self, "input_shape_", None)
        images = inputs.as_images(
            inputs.check_rows(X, kind), shape, self.data_format, layers=self.layers
        )
        plan = plan_augment(as_augment(self.augment), images.shape[1:], self._value_range(images))
        images = np.asarray(
            images
        )  # rows read from files fit in memory, since the result is larger
        dtype = images.dtype if images.dtype.name in DIVISORS else np.dtype(np.float32)
        if plan is None:
            return np.repeat(images[:, None].astype(dtype), n, axis=1)
        seed = draw_seed(copy.deepcopy(self.random_state))
        n_threads = resolve_n_threads(self.n_jobs)
        shown = np.empty((len(images), n, *images.shape[1:]), dtype)
        for epoch in range(n):
            seen = augmented(images, plan, seed=seed, epoch=epoch, n_threads=n_threads)
            check_finite(seen, "Images of the net, as augment changes them,")
            if dtype.kind == "u":
                seen = np.clip(np.rint(seen), 0, DIVISORS[dtype.name])
            shown[:, epoch] = seen
        return shown

    def _value_range(self, images: Images) -> float:
        """Return the range of values in the units of these images: that of the fit, or of a fit on them."""
        kind = type(self).__name__
        fitted = getattr(self, "_input_format", None)
        if fitted is None:
            return fitted_format(images, self.data_format, self.rescale, kind).largest
        return fitted.largest * fitted.scale / fitted.scale_for(images, kind)


class ClassifierInspectionMixin(InspectionMixin):
    """The methods of `InspectionMixin`, and `explain_confusion`."""

    classes_: np.ndarray
    _indicator_dtype: np.dtype[Any] | None

    @checked_call
    def explain_confusion(
        self,
        X: Any,
        y: ArrayLike,
        method: str = "gradcam",
        *,
        cells: str = "mean",
        **options: Any,
    ) -> Bunch:
        """Return an explanation for each cell of the confusion matrix.

        Each image is explained for its predicted class. The mean of a cell shows what aligned images, such as digits
        or scans, have in common. For photographs, where the object may be anywhere, take one example of each cell.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,)
            True labels, among ``classes_``.
        method : str, default="gradcam"
            See ``explain``.
        cells : {"mean", "example"}, default="mean"
            "mean": the mean map of the images of a cell. "example": the map of the image in ``rows``; only these images
            are explained.
        **options : dict
            Other parameters of ``explain``, except `target`.

        Returns
        -------
        confusion : Bunch
            ``maps``, float32 of shape (n_classes, n_classes, h, w), (..., length) or (..., features): the map of the
            images with true class i (row) and predicted class j (column), NaN if there are none.
            ``counts``, int of shape (n_classes, n_classes): the number of images in each cell.
            ``rows``, int of shape (n_classes, n_classes): the row in X of the image whose predicted class has the
            highest probability in the cell, the first of equals; -1 if the cell has no images.
            ``classes``: the labels, in this order.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            As ``explain``; if y has an unknown label or another length than X; if `cells` is neither "mean" nor
            "example"; if the net is a multilabel classifier.
        """
        self = fit_snapshot(self)
        network = self._network()
        images, scale = self._images(X)
        n_threads = resolve_n_threads(self.n_jobs)
        if self._indicator_dtype is not None:
            raise ValueError(
                "explain_confusion needs one label per row, but this net is a multilabel classifier."
            )
        cells = choice("mean", "example").check("cells", cells)
        found = self._method_options(method, options, len(images))
        true = label_codes(np.atleast_1d(y), self.classes_, len(images), "y")
        logits = predict_in_batches(network, images, scale=scale, n_threads=n_threads)
        predicted = predicted_codes(logits)
        targets = class_targets(predicted, logits.shape[1])
        places, k = (true, predicted), len(self.classes_)
        rows, counts = first_by_cell(places, log_probabilities(logits).max(axis=1), k)
        explained = ExplainInput(network, images, scale, targets, n_threads)
        if cells == "example":
            few = np.sort(rows[rows >= 0])
            explained = ExplainInput(
                network, images[few], scale, targets.of(few), n_threads, rows=few
            )
        maps = mean_by_cell(explained, places, k, method, found)
        return Bunch(maps=maps, counts=counts, rows=rows, classes=self.classes_)

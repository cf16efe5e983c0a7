"""Estimators to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.fitted.attributes import fit_snapshot
from convnet.persistence import model_file

if TYPE_CHECKING:
    import os

    from convnet.fitted.weights import Weights


class SavingMixin:
    """Gives an estimator ``save``.

    The class has ``_describe``, which returns what is said of a fitted one, as plain data, and its weights.
    """

    if TYPE_CHECKING:

        def _describe(self) -> tuple[dict[str, Any], Weights]: ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file, for `convnet.load`.

        The file holds the weights, the layers, what ``fit`` learnt of X and y, and the parameters. It holds no
        pickles: no code runs when it is loaded. Later releases of convnet load it too. Parameters that are no plain
        data (callables, callbacks, a RandomState, the weights of `init_weights`) are left out with a warning; the
        loaded estimator has their defaults.
        Pipelines around it are saved with ``skops.io.dump``: ``pip install "convnet[skops]"``.

        Parameters
        ----------
        path : str or path
            Ends in ``.npz``, for which NumPy is enough, or in ``.safetensors``, which needs the extra of that name.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            It is not fitted.
        ValueError
            The path has another ending, its folder does not exist, or ``fit`` would refuse a parameter.
        TypeError
            The estimator is of a subclass, or its labels are no numbers or texts.
        ImportError
            The path ends in ``.safetensors`` and safetensors is not installed.

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
        from convnet.model_io.loading import ESTIMATORS  # which imports this

        kind = type(self)
        if ESTIMATORS.get(kind.__name__) is not kind:
            raise TypeError(
                f"save takes {', '.join(ESTIMATORS)}; got a subclass, {kind.__name__}. Pickle it instead."
            )
        model_file.write(path, *self._describe())

"""AugmentDisplay: images beside their augmented copies."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.data.arraylikes import first_rows
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.nets import check_net
from convnet.inspection.displays.table import draw_table
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convnet.inspection.displays.nets import Net


class AugmentDisplay:
    """Images, each beside copies as `augment` changes them in training.

    A row shows an image and then its copies in the first epochs of a fit. Copies have the colors of the image: black
    and white are the same values, and values beyond them are shown as black and white.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, 3)
        Colors of the original images, from 0 to 1.
    copies : ndarray of shape (n, n_copies, h, w, 3)
        Colors of the augmented copies.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (n, 1 + n_copies)
        For each image its axes, then those of its copies.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.augment import RandomRotation, RandomZoom
    >>> from convnet.inspection import AugmentDisplay
    >>> from sklearn.datasets import load_digits
    >>> clf = ConvNetClassifier(augment=[RandomRotation(15), RandomZoom(0.2)], random_state=0)
    >>> display = AugmentDisplay.from_estimator(clf, load_digits().images, n=3)
    >>> display.copies.shape
    (3, 5, 8, 8, 3)
    """

    def __init__(self, images: np.ndarray, copies: np.ndarray) -> None:
        self.images = images
        self.copies = copies

    @classmethod
    def from_estimator(
        cls, estimator: Net, X: Any, *, n: int = 4, n_copies: int = 5, ax: Axes | None = None
    ) -> Self:
        """Augment images as training does, and draw them.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A net with `augment`. It need not be fitted.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        n : int, default=4
            Largest number of images to draw. If there are more, the first ones are drawn.
        n_copies : int, default=5
            Number of copies of each image. Copy i is that of epoch i.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : AugmentDisplay
            The display, already drawn.

        Raises
        ------
        ValueError
            If the net has no augmentation, X does not hold images of the right shape, or n or n_copies is below 1.
        TypeError
            If `estimator` is not a net.
        ImportError
            If matplotlib is not installed.
        """
        check_net(estimator, cls.__name__)
        n = integer(1, inf).check(f"{cls.__name__}: n", n)
        n_copies = integer(1, inf).check(f"{cls.__name__}: n_copies", n_copies)
        if not estimator.augment:
            raise ValueError(
                f"{cls.__name__}: augment is {estimator.augment}, so training does not change the images. Set it to a "
                "list of augmentations, such as [RandomFlip()]."
            )
        first = (
            X.read_rows(np.arange(min(n, len(X)))) if hasattr(X, "read_rows") else first_rows(X, n)
        )
        copies = estimator.preview_augment(first, n_copies)
        pictures = DisplayImages(estimator, X, cls.__name__, shape=copies.shape[2:])
        return cls(pictures[: len(copies)], pictures.colors(copies)).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the images and their copies.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.

        Returns
        -------
        self : AugmentDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` was divided before, or is too small.
        """
        epochs = range(1, 1 + self.copies.shape[1])
        table = draw_table(
            "AugmentDisplay.plot",
            np.concatenate([self.images[:, None], self.copies], axis=1),
            columns=["original", *(f"epoch {i}" for i in epochs)],
            heading="images as training sees them",
            ax=ax,
        )
        self.figure_, self.axes_ = table
        return self

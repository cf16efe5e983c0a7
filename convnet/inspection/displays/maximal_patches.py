"""MaximalPatchesDisplay: the image patches that activate each channel of a layer most."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.nets import check_fitted_net
from convnet.inspection.displays.table import draw_table
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from convnet.inspection.displays.nets import Net


OUTSIDE = 0.8  # gray of the parts of a patch that lie beyond the border of the image


class MaximalPatchesDisplay:
    """For each channel of a layer, the image patches that activate it most.

    A row shows a channel, with its strongest patch first and the activation above each patch. Channels are in
    descending order of their largest activation. Parts of a patch beyond the border of the image are light gray.

    Parameters
    ----------
    patches : ndarray of shape (m, n, ph, pw, 3)
        Patches of m channels, with colors from 0 to 1.
    activations : ndarray of shape (m, n)
        Activations of the channels for these patches.
    channels : ndarray of int, shape (m,)
        Indices of the channels in the layer.
    layer : str, default=None
        Name of the layer, for the heading.
    rows : ndarray of int, shape (m, n), default=None
        Rows of the images in X.
    positions : ndarray of int, shape (m, n, 2), default=None
        Row and column of the first pixel of each patch in its image.
    total : int, default=None
        Number of channels of the layer; None is m.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (m, n)
        One for each patch.

    Examples
    --------
    >>> import convnet
    >>> import numpy as np
    >>> from convnet.inspection import MaximalPatchesDisplay
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().images[:100].repeat(3, axis=1).repeat(3, axis=2) / 16
    >>> X = np.pad(X, [(0, 0), (2, 2), (2, 2)])
    >>> net = convnet.load_pretrained("mnist-small")
    >>> display = MaximalPatchesDisplay.from_estimator(net, X, "conv2", n=6)
    >>> display.activations.shape
    (8, 6)
    """

    def __init__(
        self,
        patches: np.ndarray,
        activations: np.ndarray,
        channels: np.ndarray,
        *,
        layer: str | None = None,
        rows: np.ndarray | None = None,
        positions: np.ndarray | None = None,
        total: int | None = None,
    ) -> None:
        self.patches = patches
        self.activations = activations
        self.channels = channels
        self.layer = layer
        self.rows = rows
        self.positions = positions
        self.total = total

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        X: Any,
        layer: str,
        *,
        n: int = 9,
        n_channels: int = 8,
        ax: Axes | None = None,
    ) -> Self:
        """Find the patches with ``maximal_patches``, and draw them.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A net fitted on images.
        X : array-like of shape (n_rows, h, w, c), (n_rows, h, w) or (n_rows, features)
            Images.
        layer : str
            Name of the layer, as in ``layers_``: "conv1", or "residual1/conv1" for a nested layer. For layers with
            flat output, the patch is the whole image.
        n : int, default=9
            Patches for each channel, at most n_rows: each is from another image.
        n_channels : int, default=8
            Largest number of channels to draw: those with the largest activations.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : MaximalPatchesDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        ValueError
            If no layer has that name (the message lists the names), X does not have the shape of the images in
            ``fit``, or n or n_channels is below 1.
        TypeError
            If `estimator` is not a net.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        n = integer(1, inf).check(f"{cls.__name__}: n", n)
        n_channels = integer(1, inf).check(f"{cls.__name__}: n_channels", n_channels)
        pictures = DisplayImages(estimator, X, cls.__name__)
        top = estimator.maximal_patches(X, layer, n)
        channels = np.argsort(-top.activations[:, 0], kind="stable")[:n_channels]
        positions = top.positions[channels]
        patches = pictures.colors(top.patches[channels])
        patches[_outside(positions, patches.shape[2:4], pictures.shape[:2])] = OUTSIDE
        display = cls(
            patches,
            top.activations[channels],
            channels,
            layer=layer,
            rows=top.rows[channels],
            positions=positions,
            total=len(top.activations),
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the patches.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.

        Returns
        -------
        self : MaximalPatchesDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` was divided before, or is too small.
        """
        m = len(self.channels)
        total = m if self.total is None else self.total
        some = f"{m} of {total:,} channels, strongest first" if m < total else ""
        notes = [self.layer, some, "activations above the patches"]
        table = draw_table(
            "MaximalPatchesDisplay.plot",
            self.patches,
            rows=[f"channel {i}" for i in self.channels],
            captions=[[f"{value:.3g}" for value in row] for row in self.activations],
            heading="; ".join(filter(None, notes)),
            ax=ax,
        )
        self.figure_, self.axes_ = table
        return self


def _outside(positions: np.ndarray, size: tuple[int, ...], image: tuple[int, ...]) -> np.ndarray:
    """Return which pixels of patches lie beyond the border of the image: bool, (m, n, ph, pw)."""
    inside = []
    for axis in range(2):
        pixels = positions[..., axis, None] + np.arange(size[axis])
        inside.append((pixels >= 0) & (pixels < image[axis]))
    return ~(inside[0][..., :, None] & inside[1][..., None, :])

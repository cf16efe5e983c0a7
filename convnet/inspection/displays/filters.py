"""FilterDisplay: the kernels of a convolution."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Self

import numpy as np

from convnet.inspection.displays.colors import diverging
from convnet.inspection.displays.grid import MAX_MAPS, draw_maps
from convnet.inspection.displays.nets import check_fitted_net
from convnet.layers import Conv1DTranspose, Conv2DTranspose
from convnet.layers.geometry import cross
from convnet.values.constraints import integer
from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from convnet.inspection.displays.nets import Net


CHANNEL_RULES = ("auto", "color", "strongest", "mean", "all")
TRANSPOSED = Conv1DTranspose, Conv2DTranspose
KERNEL_SUFFIX = "/weights"  # of the names of kernels in ``weights_``


def convolutions(net: Net) -> dict[str, np.ndarray]:
    """Return the kernels of the convolutions of a fitted net, by layer name, with the filters on the last axis."""
    layers = {info.name: info.layer for outer in net.layers_ for info in outer.walk()}
    found = {
        name.removesuffix(KERNEL_SUFFIX): array
        for name, array in net.weights_.items()
        if name.endswith(KERNEL_SUFFIX) and array.ndim > 2
    }
    return {
        name: array.swapaxes(-1, -2) if isinstance(layers[name], TRANSPOSED) else array
        for name, array in found.items()
    }


class FilterDisplay:
    """The kernels of a convolution, one picture for each filter.

    White weights are 0, red ones positive and blue ones negative; all filters share the scale. Filters that read color
    images are drawn in color, with gray for 0: a filter responds to image regions that look like its picture.

    Parameters
    ----------
    kernels : ndarray of shape (height, width, in_channels, filters) or (size, in_channels, filters)
        As in ``weights_``; the second shape is for signals.
    layer : str, default=None
        Name of the layer, for the heading.
    reads_image : bool, default=False
        Whether the layer reads the image, so that three channels are red, green and blue.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    axes_ : ndarray of matplotlib Axes, shape (n_rows, n_cols)
        One for each picture; None in empty places.
    im_ : list of matplotlib AxesImage
        The images drawn by matplotlib.
    colorbar_ : matplotlib Colorbar or None
        None for pictures in color.
    bounding_ax_ : matplotlib Axes
        The axes that were divided; their title is the heading.

    Examples
    --------
    >>> import convnet
    >>> from convnet.inspection import FilterDisplay
    >>> display = FilterDisplay.from_estimator(convnet.load_pretrained("mnist-small"))
    >>> display.layer, display.kernels.shape
    ('conv1', (3, 3, 1, 16))
    """

    def __init__(
        self, kernels: ArrayLike, *, layer: str | None = None, reads_image: bool = False
    ) -> None:
        self.kernels = kernels
        self.layer = layer
        self.reads_image = reads_image

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        layer: str | None = None,
        *,
        channels: str | int = "auto",
        n_max: int | None = MAX_MAPS,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the kernels of a layer of a fitted net.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            A fitted net.
        layer : str, default=None
            Name of a convolution, as in ``weights_``: "conv1", "residual1/conv1", "separable1/depthwise". None is
            the first.
        channels : str or int, default="auto"
            See ``plot``.
        n_max : int or None, default=64
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : FilterDisplay
            The display, already drawn.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `estimator` is not a net.
        ValueError
            If no convolution has that name (the message lists the names), the net has none, or ``plot`` raises one.
        ImportError
            If matplotlib is not installed.
        """
        check_fitted_net(estimator, cls.__name__)
        kernels = convolutions(estimator)
        if not kernels:
            raise ValueError(f"{cls.__name__} needs a convolution, but this net has none.")
        first = next(iter(kernels))
        layer = first if layer is None else layer
        if layer not in kernels:
            raise ValueError(
                f"no convolution is called {show(layer)}; the convolutions are {listed(kernels)}"
            )
        display = cls(kernels[layer], layer=layer, reads_image=layer == first)
        return display.plot(ax, channels=channels, n_max=n_max)

    def plot(
        self, ax: Axes | None = None, *, channels: str | int = "auto", n_max: int | None = MAX_MAPS
    ) -> Self:
        """Draw the kernels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide. None makes a new figure.
        channels : str or int, default="auto"
            How to draw filters that read several channels. "strongest": the channel whose weights have the largest
            2-norm; "mean": the mean of the channels; "color": three channels as red, green and blue; "all": one picture
            for each pair of a filter and a channel; an integer: the channel with that index. "auto" is "color" if the
            layer reads color images, else "strongest".
            Kernels of size 1×1 are drawn as one picture of all filters and channels, and kernels for signals as one
            picture of all channels for each filter.
        n_max : int or None, default=64
            Largest number of pictures to draw. If there are more, the first ones are drawn and the heading says so.
            None draws all.

        Returns
        -------
        self : FilterDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `channels` is not one of these, if the filters do not have that channel, if `n_max` is below 1, or if
            `ax` was divided before.
        """
        if n_max is not None:
            n_max = integer(1, inf).check("FilterDisplay: n_max", n_max)
        kernels = np.asarray(self.kernels)
        size = kernels.shape[:-2]
        if kernels.ndim == 4 and size == (1, 1):
            maps, titles, note = [kernels[0, 0].T], None, "rows: filters, columns: channels"
        elif kernels.ndim == 3:
            maps, titles = list(np.moveaxis(kernels, -1, 0).swapaxes(1, 2)), None
            note = "rows: channels" if kernels.shape[1] > 1 else ""
        else:
            maps, titles, note = self._pictures(kernels, channels)
        titles = [f"{i}" for i in range(len(maps))] if titles is None and len(maps) > 1 else titles
        heading = [self.layer, f"kernels of {cross(size)}", note]
        grid = draw_maps(
            "FilterDisplay.plot",
            maps,
            titles=titles,
            heading=", ".join(filter(None, heading)),
            noun="pictures" if channels == "all" else "filters",
            scale=diverging([kernels if channels == "all" else np.array(maps)]),
            label="weight",
            ax=ax,
            n_max=n_max,
            n_cols=kernels.shape[2] if channels == "all" and kernels.shape[2] <= 16 else None,
        )
        self.figure_, self.axes_, self.im_ = grid.figure, grid.axes, grid.images
        self.colorbar_, self.bounding_ax_ = grid.colorbar, grid.bounding_ax
        return self

    def _pictures(
        self, kernels: np.ndarray, channels: str | int
    ) -> tuple[list[np.ndarray], list[str] | None, str]:
        """Return the pictures, their titles and a note on kernels of shape (height, width, in_channels, filters)."""
        n_channels, n = kernels.shape[2:]
        is_number = isinstance(channels, int | np.integer) and not isinstance(channels, bool)
        number = int(channels) if is_number else None
        if number is None and channels not in CHANNEL_RULES:
            raise ValueError(
                f"channels must be a number or one of {', '.join(CHANNEL_RULES)}; got {show(channels)}"
            )
        if number is not None and not 0 <= number < n_channels:
            raise ValueError(f"channels must be 0 to {n_channels - 1}; got {channels}")
        if channels == "color" and n_channels != 3:
            raise ValueError(f'channels="color" needs 3 channels; these filters read {n_channels}')
        filters = np.moveaxis(kernels, -1, 0)  # (filters, height, width, in_channels)
        if channels == "color" or (channels == "auto" and self.reads_image and n_channels == 3):
            largest = np.abs(filters).max() or 1.0
            return list(0.5 + filters / (2 * largest)), None, "red, green and blue; gray is 0"
        if channels == "all":
            pairs = [(f, c) for f in range(n) for c in range(n_channels)]
            titles = [f"{f} ← {c}" for f, c in pairs]
            return [filters[f, ..., c] for f, c in pairs], titles, "filter ← channel"
        if n_channels == 1:
            return list(filters[..., 0]), None, ""
        if channels == "mean":
            return list(filters.mean(-1)), None, f"mean of {n_channels} channels"
        if number is not None:
            return list(filters[..., number]), None, f"channel {channels}"
        strongest = np.square(filters).sum((1, 2)).argmax(-1)
        maps = [filters[f, ..., c] for f, c in enumerate(strongest)]
        titles = [f"{f} ← {c}" for f, c in enumerate(strongest)]
        return maps, titles, "filter ← its strongest channel"

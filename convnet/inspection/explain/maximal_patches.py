"""The image patches that activate each channel of a layer most."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.inspection.explain.base import images_per_batch
from convnet.inspection.explain.receptive_field import receptive_field
from convnet.values.constraints import integer

if TYPE_CHECKING:
    from convnet.graph import Network


@dataclass
class TopActivations:
    """The largest activations of each channel, at most one per image, in descending order; ties keep the image order.

    Parameters
    ----------
    activations : ndarray of float32, shape (channels, n)
        The values.
    rows : ndarray of int, shape (channels, n)
        Rows of the images in X.
    pixels : ndarray of int, shape (channels, n)
        Flat indices of the values in their maps.
    """

    activations: np.ndarray
    rows: np.ndarray
    pixels: np.ndarray

    def merged(self, later: TopActivations, n: int) -> TopActivations:
        """Return the n largest of these activations and of those of later images."""
        arrays = vars(self), vars(later)
        both = {k: np.concatenate([few[k] for few in arrays], axis=1) for k in arrays[0]}
        order = np.argsort(-both["activations"], axis=1, kind="stable")[:, :n]
        return TopActivations(**{k: np.take_along_axis(v, order, axis=1) for k, v in both.items()})


def maximal_patches(
    network: Network, images: Any, scale: float, layer: str, n: int, n_threads: int
) -> dict[str, np.ndarray]:
    """Return the patches of images that activate each channel of a layer most.

    Parameters
    ----------
    network : Network
        The network, used for prediction.
    images : ndarray of shape (m, h, w, c), (m, length, c) or (m, features)
        Images of any numeric dtype.
    scale : float
        Factor that the images are multiplied by.
    layer : str
        Name of the layer.
    n : int
        Patches per channel.
    n_threads : int
        Number of threads. It does not affect results.

    Returns
    -------
    found : dict of ndarray
        ``patches``, ``activations``, ``rows`` and ``positions``, as the method of estimators returns them.
    """
    top = _top_activations(network, images, scale, layer, integer(1, inf).check("n", n), n_threads)
    shape, sides = network.plan.named[layer].output_shape, images.shape[1:-1]
    pixels = np.unravel_index(top.pixels, (1,) * (3 - len(shape)) + shape[:-1])
    fields = receptive_field(network.plan, layer)
    first = 2 - len(sides)  # signals have one row
    size, corners = [], []
    for side, field, pixel in zip(sides, fields[first:], pixels[first:], strict=True):
        longest = int((field.last - field.first).max()) + 1
        fits = longest < side  # otherwise the patch is the whole side
        size.append(longest if fits else side)
        corners.append(field.first[pixel] if fits else np.zeros_like(pixel))
    positions = np.stack(corners, axis=-1) if sides else np.empty((*top.rows.shape, 0), int)
    patches = np.zeros((*top.rows.shape, *size, images.shape[-1]), images.dtype)
    for which in np.ndindex(*top.rows.shape):
        _copy_patch(images[top.rows[which]], positions[which], patches[which])
    return dict(patches=patches, activations=top.activations, rows=top.rows, positions=positions)


def _top_activations(
    network: Network, images: Any, scale: float, layer: str, n: int, n_threads: int
) -> TopActivations:
    step = images_per_batch(network.plan, n_threads)
    found: TopActivations | None = None
    for i in range(0, len(images), step):
        maps = network.features(images[i : i + step], layer, scale=scale, n_threads=n_threads)
        check_finite(maps, f"The outputs of the net, at layer {layer!r},")
        maps = maps.reshape(len(maps), -1, maps.shape[-1])
        pixels = maps.argmax(axis=1)
        values = np.take_along_axis(maps, pixels[:, None], axis=1)[:, 0]
        rows = np.broadcast_to(np.arange(i, i + len(maps)), pixels.T.shape)
        few = TopActivations(values.T, rows, pixels.T)
        none = TopActivations(*(array[:, :0] for array in vars(few).values()))
        found = (found or none).merged(few, n)
    assert found is not None  # X has at least one row
    return found


def _copy_patch(image: np.ndarray, corner: np.ndarray, patch: np.ndarray) -> None:
    """Copy the part of an image that lies in a patch whose first pixel is pixel `corner` of the image."""
    source, target = [], []
    for start, size, side in zip(corner, patch.shape[:-1], image.shape[:-1], strict=True):
        first = max(start, 0)
        last = max(first, min(start + size, side))
        source.append(slice(first, last))
        target.append(slice(first - start, last - start))
    patch[tuple(target)] = image[tuple(source)]

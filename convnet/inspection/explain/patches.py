"""The patches of images that excite the channels of a layer most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.inspection.explain.given import whole
from convnet.inspection.explain.memory import rows_together
from convnet.inspection.explain.receptive import receptive_field

if TYPE_CHECKING:
    from convnet.graph import Network


@dataclass
class Strongest:
    """Of each channel the strongest values, one an image, strongest first; of equals the first image's.

    Parameters
    ----------
    activations : ndarray of float32, shape (channels, n)
    rows, places : ndarray of int, shape (channels, n)
        Which image, and where in its map, whose pixels are counted row by row.
    """

    activations: np.ndarray
    rows: np.ndarray
    places: np.ndarray

    def joined(self, later: Strongest, n: int) -> Strongest:
        """Return the n strongest of these and of those of later images."""
        arrays = vars(self), vars(later)
        both = {k: np.concatenate([few[k] for few in arrays], axis=1) for k in arrays[0]}
        order = np.argsort(-both["activations"], axis=1, kind="stable")[:, :n]
        return Strongest(**{k: np.take_along_axis(v, order, axis=1) for k, v in both.items()})


def maximal_patches(
    network: Network, images: Any, scale: float, layer: str, n: int, n_threads: int
) -> dict[str, np.ndarray]:
    """Return what `InspectionMixin.maximal_patches` does, as a dict.

    Parameters
    ----------
    network : Network
    images : ndarray of shape (m, h, w, c), (m, length, c) or (m, features)
        Of any numeric dtype.
    scale : float
        What they are multiplied by.
    layer : str
        Name of the layer.
    n : int
        Patches of a channel.
    n_threads : int
    """
    strongest = _strongest(network, images, scale, layer, whole("n", n), n_threads)
    shape, sides = network.plan.named[layer].output_shape, images.shape[1:-1]
    spots = np.unravel_index(strongest.places, (1,) * (3 - len(shape)) + shape[:-1])
    fields = receptive_field(network.plan, layer)
    first = 2 - len(sides)  # signals have one row
    size, corners = [], []
    for side, field, spot in zip(sides, fields[first:], spots[first:], strict=True):
        longest = int((field.last - field.first).max()) + 1
        fits = longest < side  # else the patch is the whole side
        size.append(longest if fits else side)
        corners.append(field.first[spot] if fits else np.zeros_like(spot))
    positions = np.stack(corners, axis=-1) if sides else np.empty((*strongest.rows.shape, 0), int)
    patches = np.zeros((*strongest.rows.shape, *size, images.shape[-1]), images.dtype)
    for which in np.ndindex(*strongest.rows.shape):
        _cut(images[strongest.rows[which]], positions[which], patches[which])
    return dict(
        patches=patches,
        activations=strongest.activations,
        rows=strongest.rows,
        positions=positions,
    )


def _strongest(
    network: Network, images: Any, scale: float, layer: str, n: int, n_threads: int
) -> Strongest:
    step = rows_together(network.plan, n_threads)
    found: Strongest | None = None
    for i in range(0, len(images), step):
        maps = network.features(images[i : i + step], layer, scale=scale, n_threads=n_threads)
        check_finite(maps, f"The outputs of the net, at layer {layer!r},")
        maps = maps.reshape(len(maps), -1, maps.shape[-1])
        places = maps.argmax(axis=1)
        values = np.take_along_axis(maps, places[:, None], axis=1)[:, 0]
        rows = np.broadcast_to(np.arange(i, i + len(maps)), places.T.shape)
        few = Strongest(values.T, rows, places.T)
        none = Strongest(*(array[:, :0] for array in vars(few).values()))
        found = (found or none).joined(few, n)
    assert found is not None  # there are images
    return found


def _cut(image: np.ndarray, corner: np.ndarray, patch: np.ndarray) -> None:
    """Copy what of an image lies in the patch whose first pixel is its pixel `corner`."""
    source, target = [], []
    for start, size, side in zip(corner, patch.shape[:-1], image.shape[:-1], strict=True):
        first = max(start, 0)
        last = max(first, min(start + size, side))
        source.append(slice(first, last))
        target.append(slice(first - start, last - start))
    patch[tuple(target)] = image[tuple(source)]

"""Maps laid over images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, as ITU-R BT.601 has it
AGAINST, FOR = (0.10, 0.35, 0.80), (0.86, 0.08, 0.10)  # blue and red, apart with any colour vision
PAPER = (
    0.6,
    1.0,
)  # black and white of the image below a map: pale, so that the map's colours can be told
STRONGEST = 0.9  # opacity of a map where it is largest
TOP = 0.995  # quantile of a map's magnitudes that ends its scale: a few pixels would pale the rest
STEPS = 256  # of the colour bar


def laid_over(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a map laid over an image.

    Parameters
    ----------
    picture : ndarray of shape (h, w, 3)
        Colours from 0 to 1.
    values : ndarray of shape (h, w)
        The map.

    Returns
    -------
    blend : ndarray of shape (h, w, 3)
        The image in pale grey, below red where the map is above 0 and blue where it is below, the stronger the larger
        its magnitude is; the scale ends at the map's own largest magnitudes.
    """
    largest = np.quantile(np.abs(values), TOP) or np.abs(values).max()
    share = np.clip(values / (largest or 1), -1, 1)
    dark, light = PAPER
    return _blend(dark + (light - dark) * (np.asarray(picture) @ LUMA), share)


def _blend(paper: np.ndarray, share: np.ndarray) -> np.ndarray:
    opacity = STRONGEST * np.abs(share)[..., None]
    colours = np.array([AGAINST, FOR])[(share > 0).astype(int)]
    return opacity * colours + (1 - opacity) * paper[..., None]


def draw_scale(ax: Axes, *, signed: bool) -> None:
    """Draw the colours of `laid_over` on grey as a colour bar.

    Parameters
    ----------
    ax : Axes
        A narrow, high one.
    signed : bool
        Whether there are maps with values below 0.
    """
    share = np.linspace(-1 if signed else 0, 1, STEPS)
    bar = _blend(np.full(STEPS, np.mean(PAPER)), share)
    ax.imshow(bar[:, None], origin="lower", aspect="auto", extent=(0, 1, share[0], 1))
    names = {0: "no matter", 1: "matters most"}
    if signed:
        names = {-1: "speaks\nagainst", 0: "no matter", 1: "speaks\nfor it"}
    ax.set(xticks=[], yticks=list(names), yticklabels=list(names.values()))
    ax.yaxis.tick_right()
    ax.tick_params(labelsize=8, length=2)
    ax.get_yticklabels()[0].set_verticalalignment("bottom")
    ax.get_yticklabels()[-1].set_verticalalignment("top")

"""The fitted nets that come with convnet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convnet.model_io.loading import load
from convnet.values.fields import did_you_mean, show

if TYPE_CHECKING:
    from convnet.estimators.classifier import ConvNetClassifier


FOLDER = Path(__file__).parents[1] / "pretrained"


def load_pretrained(name: str) -> ConvNetClassifier:
    """Return a fitted net that comes with convnet; nothing is downloaded.

    Parameters
    ----------
    name : str
        "mnist-small": 28×28 images of handwritten digits, white on black, 0 to 9. Its card, with data, settings and
        accuracy, is ``mnist-small.md`` beside it in ``convnet/pretrained``.

    Returns
    -------
    estimator : ConvNetClassifier
        Fitted, a new one with each call.

    Raises
    ------
    ValueError
        There is no net of that name, with those that there are.

    Examples
    --------
    >>> import convnet
    >>> net = convnet.load_pretrained("mnist-small")
    >>> net.input_shape_
    (28, 28, 1)
    """
    known = sorted(path.stem for path in FOLDER.glob("*.npz"))
    if name not in known:
        raise ValueError(
            f"there is no pretrained net {show(name)}; there are {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return load(FOLDER / f"{name}.npz")

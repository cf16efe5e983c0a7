"""The digit 7: a net of 1,138 parameters that reads handwritten digits."""

import numpy as np
from lesson_text import fill, read

from convnet import ConvNetClassifier
from convnet.estimators.explorer import write_explorer

PANELS = ("images", "net", "detail", "editor", "costs")
SHOWN = 7  # the digit of the tour
MISTAKES = 3
LOOKED_AT = 1000  # test images to choose from


def train(X, y):
    """Return the net, fitted on images (n, 28, 28) and their digits."""
    net = ConvNetClassifier(
        "walkthrough", learning_rate_init=3e-3, batch_size=64, max_iter=8, random_state=0
    )
    return net.fit(X, y)


def build(net, X, y, path, *, language="en"):
    """Write the page of a fitted net and return it as an `ExplorerPage`.

    Parameters
    ----------
    net : ConvNetClassifier
        With the layers of the preset "walkthrough".
    X : ndarray of shape (n, 28, 28)
        Test images. The page shows one of each digit, a 7 first, and some that the net gets wrong.
    y : ndarray of shape (n,)
        Their digits.
    path : path
        The file to write.
    language : str, default="en"
        Language of the text of the tour.
    """
    X, y = X[:LOOKED_AT], y[:LOOKED_AT]
    proba = net.predict_proba(X)
    predicted = net.classes_[proba.argmax(axis=1)]
    right = np.flatnonzero(predicted == y)
    digits = [SHOWN, *(digit for digit in net.classes_ if digit != SHOWN)]
    rows = [right[y[right] == digit][:1] for digit in digits]
    mistakes = np.flatnonzero(predicted != y)[:MISTAKES]
    first, n_right = rows[0], sum(map(len, rows))
    if not len(first):
        raise ValueError(f"The net predicts none of the images of a {SHOWN} correctly.")
    rows = np.concatenate([*rows, mistakes])
    layers = {info.name: info for info in net.layers_}
    facts = {
        "n_parameters": net.n_parameters_,
        "n_layers": len(net.layers_),
        "share": f"{100 * proba[first[0]].max():.1f}%",
        "digit": str(SHOWN),
        "unit": int(np.flatnonzero(net.classes_ == SHOWN)[0]),
        "n_first": layers["conv1"].n_parameters,
        "n_second": layers["conv2"].n_parameters,
        "n_inputs": layers["flatten"].output_shape[0],
        "n_classes": len(net.classes_),
        "mistake": n_right if len(mistakes) else None,
        "true": str(y[mistakes[0]]) if len(mistakes) else "",
        "said": str(predicted[mistakes[0]]) if len(mistakes) else "",
    }
    text = fill(read("digit", language), facts, PANELS)
    return write_explorer(
        net,
        X[rows],
        y[rows],
        path,
        n_max=len(rows),
        title=text.title,
        names=[str(row) for row in rows],
        lesson=text.lesson,
    )

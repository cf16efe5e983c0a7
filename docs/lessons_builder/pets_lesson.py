"""Cats and dogs: a net that tells them apart, and what it looks at."""

import numpy as np
from lesson_text import fill, read

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from convnet.estimators.explorer import write_explorer
from convnet.schedules import OneCycle

PANELS = ("images", "explanation", "net", "detail", "editor", "costs")
SIDE = 150  # pixels of a photograph
PER_CLASS = 6  # photographs that the net gets right
MISTAKES = 4


def train(X, y):
    """Return the net, fitted on photographs (n, 150, 150, 3) and their classes, as examples/cats_dogs.py trains it."""
    net = ConvNetClassifier(
        "catdog",
        augment=[RandomFlip(), RandomRotation(15), RandomTranslation(0.1), RandomZoom(0.2)],
        batch_size=32,
        learning_rate=OneCycle(),
        learning_rate_init=3e-3,
        max_iter=40,
        n_iter_no_change=40,
        random_state=0,
    )
    return net.fit(X, y)


def build(net, X, y, path, names=None, *, language="en"):
    """Write the page of a fitted net and return it as an `ExplorerPage`.

    Parameters
    ----------
    net : ConvNetClassifier
        Of two classes, with the layers of the preset "catdog".
    X : ndarray of shape (n, height, width, 3)
        Photographs that the net was not trained on. The page shows some of those that the net is most certain of, and
        its worst mistakes.
    y : ndarray of shape (n,)
        Their classes.
    path : path
        The file to write.
    names : sequence of n str, default=None
        Names of the photographs. None: their rows.
    language : str, default="en"
        Language of the text of the tour.
    """
    proba = net.predict_proba(X)
    certain = proba.max(axis=1)
    predicted = net.classes_[proba.argmax(axis=1)]
    order = np.argsort(-certain, kind="stable")
    right, wrong = order[predicted[order] == y[order]], order[predicted[order] != y[order]]
    classes = [right[y[right] == label][:PER_CLASS] for label in net.classes_]
    if not len(classes[0]):
        raise ValueError(f"The net predicts no photograph of a {net.classes_[0]} correctly.")
    mistakes = wrong[:MISTAKES]
    rows = np.concatenate([*classes, mistakes])
    n_right = sum(map(len, classes))
    facts = {
        "n_parameters": net.n_parameters_,
        "accuracy": f"{100 * np.mean(predicted == y):.0f}%",
        "n_photographs": len(X),
        "first": str(net.classes_[0]),
        "second": str(net.classes_[1]),
        "other": len(classes[0]) if len(classes[1]) else None,
        "share": f"{100 * certain[rows[0]]:.1f}%",
        "field": receptive_field(net, "activation4"),
        "n_maps": net._network().plan.named["activation4"].output_shape[2],
        "last": "×".join(map(str, net._network().plan.named["activation4"].output_shape[:2])),
        "height": X.shape[1],
        "width": X.shape[2],
        "mistake": n_right if len(mistakes) else None,
        "true": str(y[mistakes[0]]) if len(mistakes) else "",
        "said": str(predicted[mistakes[0]]) if len(mistakes) else "",
    }
    text = fill(read("pets", language), facts, PANELS)
    return write_explorer(
        net,
        X[rows],
        y[rows],
        path,
        n_max=len(rows),
        title=text.title,
        explain=True,
        names=[str(row) if names is None else names[row] for row in rows],
        lesson=text.lesson,
    )


def receptive_field(net, layer):
    """Return how many pixels high the part of the image is that a value of a layer depends on, in a chain of layers.

    A window of k pixels adds (k − 1) · s, where s is the product of the strides before it.
    """
    graph = net._network().plan.graph
    field = stride = 1
    for op in graph.ops:
        window = getattr(op, "kernel", None) or getattr(op, "size", None)
        if window:
            field += (window[0] - 1) * stride
            stride *= op.stride[0]
        if op.dst is graph.outputs[layer]:
            break
    return field

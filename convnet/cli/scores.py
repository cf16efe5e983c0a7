"""Scores of a net on labeled data, for each class and in total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.cli.errors import UsageError
from convnet.cli.report import confusion_lines, percent, say, table

if TYPE_CHECKING:
    from convnet.estimators.classifier import ConvNetClassifier


MAX_CLASSES = 12  # classes up to which the confusion matrix is printed


def score(clf: ConvNetClassifier, X: Any, y: np.ndarray) -> dict[str, Any]:
    """Return how well a fitted net classifies labeled rows.

    Parameters
    ----------
    clf : ConvNetClassifier
        Predicts one label per row.
    X : array-like
        Rows.
    y : array-like of shape (n,)
        Labels. They are compared as strings, so that a folder "3" is the class 3, and numbers by their value, so that
        3.0 is that class too.

    Returns
    -------
    found : dict
        Values that JSON can hold: `n`; `accuracy`; `classes`, a list of dict of `name`, `precision` (None for a class
        that was never predicted), `recall` (None for a class without rows) and `n`; `confusion`, a row of counts for
        each true class. Arrays: `true` and `predicted`, the number of the class of each row; `probabilities`, those of
        the predicted classes.
    """
    p = clf.predict_proba(X)
    if clf.predict(X[:1]).ndim > 1:
        raise UsageError(
            "the model predicts several labels per image. Pass a model that predicts one."
        )
    names = [str(label) for label in clf.classes_]
    labels, texts = np.asarray(y).tolist(), [str(label) for label in y]
    known = dict(zip(clf.classes_.tolist(), names, strict=True))
    texts = [known.get(label, text) for label, text in zip(labels, texts, strict=True)]
    names += sorted(set(texts) - set(names))  # labels that the net has not learned
    number = {name: i for i, name in enumerate(names)}
    true = np.array([number[text] for text in texts])
    predicted = p.argmax(axis=1)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (true, predicted), 1)
    right, of_true, of_predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return {
        "n": len(true),
        "accuracy": float(right.sum() / len(true)),
        "classes": [
            {
                "name": name,
                "precision": _share(right[i], of_predicted[i]),
                "recall": _share(right[i], of_true[i]),
                "n": int(of_true[i]),
            }
            for i, name in enumerate(names)
        ],
        "confusion": counts.tolist(),
        "true": true,
        "predicted": predicted,
        "probabilities": p[np.arange(len(p)), predicted],
    }


def data(found: dict[str, Any]) -> dict[str, Any]:
    """Return the part of `score` that is fit for JSON."""
    return {name: found[name] for name in ("n", "accuracy", "classes", "confusion")}


def tell(found: dict[str, Any]) -> None:
    """Print a line for each class, and the confusion matrix where it is small."""
    classes = found["classes"]
    rows = [["class", "precision", "recall", "images"]]
    rows += [
        [one["name"], _percent(one["precision"]), _percent(one["recall"]), f"{one['n']:,}"]
        for one in classes
    ]
    say("", *table(rows), "")
    if len(classes) <= MAX_CLASSES:
        names = [one["name"] for one in classes]
        say(*confusion_lines(names, found["confusion"]), "")


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _percent(share: float | None) -> str:
    return "-" if share is None else percent(share)

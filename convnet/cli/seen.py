"""Which of the images that a net is tested on it has seen in training, recognized by their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from convnet.cli.report import number
from convnet.fitted.seen_images import Sketch, fingerprints

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from convnet.estimators.classifier import ConvNetClassifier


class Seen(NamedTuple):
    """Of n images, how many were used in training and how many chose the epoch. None if that is not known."""

    n: int
    training: int | None
    selection: int | None
    is_exact: bool = (
        True  # False: the counts are estimates from a sample of the images that the net has seen
    )

    @property
    def is_new(self) -> bool:
        """Whether the net has certainly seen none of the images."""
        return self.is_exact and self.training == self.selection == 0

    def accuracy(self, share: str, noun: str) -> str:
        """Return a line that says an accuracy, and what it was measured on."""
        images = number(self.n, noun)
        if self.training:
            some = "all used" if self.training == self.n else f"{self.training:,} of them used"
            return f"accuracy: {share} ({images}, {some} in training)"
        if self.selection:
            return f"accuracy: {share} ({images} that chose the epoch)"
        if self.is_new:
            return f"test accuracy: {share} ({images} never used in training)"
        return f"accuracy: {share} ({images})"

    def hints(self, noun: str) -> list[str]:
        """Return what an accuracy on images that the net has seen means."""
        if self.training:
            return [
                f"The model was trained on {'these' if self.training == self.n else 'some of these'} {noun}s. On "
                f"new {noun}s, expect a lower accuracy. To measure it, use {noun}s that were not used in training."
            ]
        if self.selection:
            return [
                f"The best epoch for these {noun}s was kept. On new {noun}s, expect a slightly lower accuracy."
            ]
        return []


def remember(
    clf: ConvNetClassifier,
    training: NDArray[np.uint64],
    selection: NDArray[np.uint64] | None,
    start: ConvNetClassifier | None,
) -> None:
    """Note on a fitted net which images it has seen, by their fingerprints; its file will hold them.

    Parameters
    ----------
    clf : ConvNetClassifier
        The net.
    training : ndarray of uint64
        Fingerprints of the images that it was trained on.
    selection : ndarray of uint64, or None
        Those of the images that chose the epoch.
    start : ConvNetClassifier or None
        The net whose weights it began with, and whose images it has seen too.
    """
    sketches = {"training": Sketch.of(training)}
    if selection is not None:
        sketches["selection"] = Sketch.of(selection)
    for name, text in getattr(start, "_seen_images", {}).items():
        earlier = Sketch.from_text(text)
        sketches[name] = sketches[name].union(earlier) if name in sketches else earlier
    clf._seen_images = {name: sketch.to_text() for name, sketch in sketches.items()}


def recognize(clf: ConvNetClassifier, X: Any) -> Seen:
    """Return how many of the images X a net has seen. Only nets that this command trained know it."""
    known = getattr(clf, "_seen_images", None)
    n = X.shape[0]
    if known is None:
        return Seen(n, None, None)
    hashes = fingerprints(X)
    sketches = {name: Sketch.from_text(text) for name, text in known.items()}
    counts = {
        name: round(n * sketches[name].share(hashes)) if name in sketches else 0
        for name in ("training", "selection")
    }
    return Seen(n, **counts, is_exact=all(sketch.is_whole for sketch in sketches.values()))

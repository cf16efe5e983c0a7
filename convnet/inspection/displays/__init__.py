"""Displays: pictures of a net, after scikit-learn's pattern.

A display holds what is drawn as arrays; `from_estimator` computes them and draws, `plot` draws again. matplotlib is
imported by `plot` alone.

    HistoryDisplay, ...  →  grid (maps side by side)  →  canvas (a new figure, or axes that are divided)  →  backend
"""

from convnet.inspection.displays.architecture import ArchitectureDisplay
from convnet.inspection.displays.confusion import ConfusionDisplay
from convnet.inspection.displays.explanation import ExplanationDisplay
from convnet.inspection.displays.featuremaps import FeatureMapDisplay
from convnet.inspection.displays.filters import FilterDisplay
from convnet.inspection.displays.history import HistoryDisplay
from convnet.inspection.displays.mistakes import MistakesDisplay

__all__ = [
    "ArchitectureDisplay",
    "ConfusionDisplay",
    "ExplanationDisplay",
    "FeatureMapDisplay",
    "FilterDisplay",
    "HistoryDisplay",
    "MistakesDisplay",
]

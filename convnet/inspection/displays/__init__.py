"""Pictures of a net, following scikit-learn's display pattern.

A display holds its data as arrays. `from_estimator` computes and draws them, `plot` draws them again. Only `plot`
imports matplotlib.

    HistoryDisplay, ...  →  grid (maps side by side)  →  canvas (a new figure, or given axes that are divided)
"""

from convnet.inspection.displays.architecture import ArchitectureDisplay
from convnet.inspection.displays.augmented import AugmentDisplay
from convnet.inspection.displays.confusion import ConfusionDisplay
from convnet.inspection.displays.explanation import ExplanationDisplay
from convnet.inspection.displays.featuremaps import FeatureMapDisplay
from convnet.inspection.displays.filters import FilterDisplay
from convnet.inspection.displays.history import HistoryDisplay
from convnet.inspection.displays.maximal_patches import MaximalPatchesDisplay
from convnet.inspection.displays.mistakes import MistakesDisplay

__all__ = [
    "ArchitectureDisplay",
    "AugmentDisplay",
    "ConfusionDisplay",
    "ExplanationDisplay",
    "FeatureMapDisplay",
    "FilterDisplay",
    "HistoryDisplay",
    "MaximalPatchesDisplay",
    "MistakesDisplay",
]

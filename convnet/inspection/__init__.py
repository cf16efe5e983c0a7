"""Inspection: what a net looks like, and how it arrives at its predictions."""

from convnet.inspection.displays import (
    ArchitectureDisplay,
    AugmentDisplay,
    ConfusionDisplay,
    ExplanationDisplay,
    FeatureMapDisplay,
    FilterDisplay,
    HistoryDisplay,
    MaximalPatchesDisplay,
    MistakesDisplay,
)
from convnet.inspection.explorer import ExplorerPage
from convnet.inspection.trace import Trace, TraceStep

__all__ = [
    "ArchitectureDisplay",
    "AugmentDisplay",
    "ConfusionDisplay",
    "ExplanationDisplay",
    "ExplorerPage",
    "FeatureMapDisplay",
    "FilterDisplay",
    "HistoryDisplay",
    "MaximalPatchesDisplay",
    "MistakesDisplay",
    "Trace",
    "TraceStep",
]

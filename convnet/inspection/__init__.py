"""Inspection: what a net looks like, and how it comes to what it says."""

from convnet.inspection.displays import (
    ArchitectureDisplay,
    ConfusionDisplay,
    ExplanationDisplay,
    FeatureMapDisplay,
    FilterDisplay,
    HistoryDisplay,
    MistakesDisplay,
)
from convnet.inspection.trace import Trace, TraceStep

__all__ = [
    "ArchitectureDisplay",
    "ConfusionDisplay",
    "ExplanationDisplay",
    "FeatureMapDisplay",
    "FilterDisplay",
    "HistoryDisplay",
    "MistakesDisplay",
    "Trace",
    "TraceStep",
]

"""Inspection: what a net looks like, and how it arrives at its predictions."""

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

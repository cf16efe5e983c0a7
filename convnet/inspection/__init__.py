"""Inspection: what a net looks like, and how it comes to what it says."""

from convnet.inspection.displays import (
    FeatureMapDisplay,
    FilterDisplay,
    HistoryDisplay,
    MistakesDisplay,
)

__all__ = [
    "FeatureMapDisplay",
    "FilterDisplay",
    "HistoryDisplay",
    "MistakesDisplay",
]

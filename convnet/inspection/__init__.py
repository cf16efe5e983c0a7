"""Inspection: what a net looks like, and how it comes to what it says."""

from convnet.inspection.displays import HistoryDisplay, MistakesDisplay

__all__ = ["HistoryDisplay", "MistakesDisplay"]

"""Learning-rate schedules, for the `learning_rate` parameter."""

from convnet.training.schedules import Cosine, Exponential, OneCycle, Schedule, Step, Warmup

__all__ = ["Cosine", "Exponential", "OneCycle", "Schedule", "Step", "Warmup"]

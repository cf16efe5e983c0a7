"""Learning-rate schedules, for the `learning_rate` parameter."""

from convnet.training.schedules import Cosine, Schedule, Step

__all__ = ["Cosine", "Schedule", "Step"]

"""Learning-rate schedules: immutable values that a grid search can vary. One a file.

schedule.py   the base: multiplier of the rate, check of the fields
checks.py     what the checks share
curve.py      how a rate goes from one value to another
"""

from convnet.training.schedules.cosine import Cosine
from convnet.training.schedules.exponential import Exponential
from convnet.training.schedules.onecycle import OneCycle
from convnet.training.schedules.schedule import Schedule
from convnet.training.schedules.step import Step
from convnet.training.schedules.warmup import Warmup

__all__ = ["NAMED", "Cosine", "Exponential", "OneCycle", "Schedule", "Step", "Warmup"]

NAMED: dict[str, Schedule] = {
    "step": Step(),
    "exponential": Exponential(),
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
}

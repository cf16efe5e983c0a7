"""Learning-rate schedules: immutable objects that a grid search can vary. schedule.py holds their base class."""

from convnet.training.schedules.cosine import Cosine
from convnet.training.schedules.exponential import Exponential
from convnet.training.schedules.onecycle import OneCycle
from convnet.training.schedules.reduceonplateau import ReduceOnPlateau
from convnet.training.schedules.schedule import PlateauState, Schedule
from convnet.training.schedules.step import Step
from convnet.training.schedules.warmup import Warmup

__all__ = [
    "NAMED",
    "Cosine",
    "Exponential",
    "OneCycle",
    "PlateauState",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]

NAMED: dict[str, Schedule] = {
    "auto": OneCycle(),  # in `fit`
    "step": Step(),
    "exponential": Exponential(),
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
    "reduce_on_plateau": ReduceOnPlateau(),
}

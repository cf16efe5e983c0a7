"""Learning-rate schedules, for the `learning_rate` parameter."""

from typing import TYPE_CHECKING

from convnet.training.schedules import (
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

__all__ = [
    "Cosine",
    "Exponential",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise missing_name(__name__, name, __all__, foreign_tables.SCHEDULES)

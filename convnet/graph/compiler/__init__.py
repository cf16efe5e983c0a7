"""From operations to a program: they are fused, placed at fixed offsets in memory, and their stages put in phases."""

from convnet.graph.compiler.fusion import Fold
from convnet.graph.compiler.prediction import (
    SHARED_SAMPLES,
    PredictionCode,
    assemble_prediction,
    can_divide,
    compile_prediction,
)
from convnet.graph.compiler.program import Compiled, TrainingMemory
from convnet.graph.compiler.training import compile_training

__all__ = [
    "SHARED_SAMPLES",
    "Compiled",
    "Fold",
    "PredictionCode",
    "TrainingMemory",
    "assemble_prediction",
    "can_divide",
    "compile_prediction",
    "compile_training",
]

"""From operations to a program: buffers placed in the arena, stages in phases, everything at a fixed offset."""

from convnet.graph.compiler.prediction import compile_prediction
from convnet.graph.compiler.training import compile_training

__all__ = ["compile_prediction", "compile_training"]

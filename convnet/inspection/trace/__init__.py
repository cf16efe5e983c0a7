"""Tracing: one prediction worked out step by step, as on paper.

    Trace  →  Maps (the engine's map of every layer)  →  a Step for an output value: Convolution, Pooling, ...

The engine computes the maps; each step computes one value again in float64, by its definition, from the engine's values
of the layer before it.
"""

from convnet.inspection.trace.final_step import Ending
from convnet.inspection.trace.step import Step
from convnet.inspection.trace.trace import Trace

__all__ = ["Ending", "Step", "Trace"]

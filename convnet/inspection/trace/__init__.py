"""One prediction, traced step by step.

    Trace  →  ForwardPass (the output of every layer)  →  a TraceStep for one output value: ConvolutionStep, ...

The engine computes the layer outputs in float32. Each step recomputes one value in float64 from its
definition and the engine's output of the previous layer.
"""

from convnet.inspection.trace.final_step import FinalStep
from convnet.inspection.trace.step import TraceStep
from convnet.inspection.trace.trace import Trace

__all__ = ["FinalStep", "Trace", "TraceStep"]

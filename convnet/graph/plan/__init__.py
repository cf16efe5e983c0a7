"""From layers to operations: names, shapes, parameters, and the memory that they need."""

from convnet.graph.plan.plan import LayerInfo, Plan

__all__ = ["LayerInfo", "Plan"]

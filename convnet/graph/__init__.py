"""From layers to native programs: plans, their compilation, and the networks that run them.

    layers ──Plan──▶ ops over buffers ──fuse──▶ fewer ops ──compile──▶ Program (convnet.engine)
                                                               ▲
                              Network (weights, prediction), Trainer (steps)

`Plan` resolves names and shapes. The method `lower` of a layer calls a `Builder`. `ops/` has a file for each kind of
operation. `compiler` fixes all offsets and the order of the phases, for a prediction or for a training step.
"""

from convnet.graph.plan import LayerInfo, Plan
from convnet.graph.runtime.network import Network
from convnet.graph.runtime.trainer import Trainer

__all__ = ["LayerInfo", "Network", "Plan", "Trainer"]

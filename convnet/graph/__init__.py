"""From layers to native programs.

    layers ──Plan──▶ ops over buffers ──fuse──▶ fewer ops ──compile──▶ Program (convnet.engine)
                                                               ▲
                              Network (weights, prediction), Trainer (steps)

`Plan` resolves names and shapes; `Builder` is what a layer's `lower` calls; `ops/` holds one file for each kind
of operation; `compiler` fixes every offset and the order of the phases, of a prediction or of a training step.
"""

from convnet.graph.plan import LayerInfo, Plan
from convnet.graph.runtime.network import Network
from convnet.graph.runtime.trainer import Trainer

__all__ = ["LayerInfo", "Network", "Plan", "Trainer"]

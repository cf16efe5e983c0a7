"""What all operations of a plan have in common."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from convnet.engine import operation_fields
from convnet.graph.buffers import Buffer
from convnet.graph.parameters import Parameter

Fields: TypeAlias = dict[str, Any]  # of C's cn_op, by name
Pair: TypeAlias = tuple[int, int]  # (vertical, horizontal)
Stage: TypeAlias = tuple[bool, str]  # whether it is a batch stage; its name

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh")
# Those whose derivative follows from the output: they can be fused into the operation before them.
# All of them are monotone, so they may also change places with a max-pool.
FROM_OUTPUT = ("linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh")
FIELDS = {"gamma": "weights", "beta": "bias", "deviation": "variance"}  # of cn_op, by role


@dataclass
class Op:
    """An operation that reads buffer `src` and writes buffer `dst`.

    A subclass says which kernel stages it runs. A stage is a name of `convnet.engine`; LANE stages take samples, BATCH
    stages divide the whole batch into tasks.

    Attributes
    ----------
    other : Buffer or None
        Second input of a sum, or second output of a fork.
    layer : str
        Name of the layer that it comes from (the first, where several were fused).
    parameters : dict of Parameter
        By role: weights, bias, gamma, beta, mean, variance, deviation.
    """

    layer: str
    src: Buffer
    dst: Buffer
    parameters: dict[str, Parameter] = field(default_factory=dict)
    other: Buffer | None = None

    frozen = False  # its parameters are not trained
    reverses = True  # it has a part in the backward pass
    random = False  # its outputs in a training step differ from step to step
    entry: ClassVar[str | None] = None  # stage that does the same to X itself, in place of "input"

    @property
    def pack(self) -> str | None:
        """Batch stage that packs the weights."""
        return None

    @property
    def lane_parameters(self) -> bool:
        """Whether gradients are summed in the lanes, or computed over the whole batch."""
        return True

    def forward(self) -> list[Stage]:
        """Return the stages of a training step's forward pass, in order."""
        raise NotImplementedError

    def backward(self) -> list[Stage]:
        """Return the stages of the backward pass."""
        raise NotImplementedError

    def finish(self) -> list[str]:
        """Return the batch stages that follow the whole backward pass."""
        return []

    def lane_gradient(self, role: str) -> int:
        """Return the floats that a lane sums for a parameter, 0 if its gradient is the whole batch's."""
        return self.parameters[role].size if self.lane_parameters else 0

    def predict(self) -> str:
        """Return the lane stage of a prediction."""
        raise NotImplementedError

    def multiply_adds(self) -> int:
        """Return the multiply-adds of one sample's forward pass; only products with weights count."""
        return 0

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        """Return the floats of the packed weights for the forward pass and the data gradient."""
        return 0, 0

    def aux_bytes(self) -> tuple[int, int, int]:
        """Return the bytes kept for the backward pass: (of a sample, of a lane, at the end)."""
        return 0, 0, 0

    def kept_bytes(self) -> int:
        """Return the bytes of a sample that batch norm keeps of a max-pool fused into it."""
        return 0

    def fields(self) -> Fields:
        """Return the operation's own fields of C's cn_op."""
        return {}

    def compiled(self, **extra: Any) -> Fields:
        """Return all fields of cn_op."""
        op = operation_fields()
        op.update(bias=-1, aux=-1, kept=-1, pool_h=1, pool_w=1, groups=1, block=1, group=1)
        op.update(grad_weights=-1, grad_bias=-1)
        op.update(src=self.src.map(), dst=self.dst.map())
        if self.other is not None:
            op.update(other=self.other.map())
        for role, parameter in self.parameters.items():
            op[FIELDS.get(role, role)] = parameter.offset
        op.update(self.fields())
        op.update(extra)
        return op

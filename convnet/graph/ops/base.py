"""What all operations of a plan have in common."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from convnet.graph.layout import Buffer, Parameter

Fields: TypeAlias = dict[str, Any]  # parameters of an operation in C, by name: csrc/params.def
Pair: TypeAlias = tuple[int, int]  # (vertical, horizontal)
Operation: TypeAlias = tuple[
    str, Fields
]  # as `convnet.engine.Program` takes it: family, parameters


@dataclass
class Op:
    """An operation that reads buffer `src` and writes buffer `dst`.

    A subclass says which kernel stages it runs, by their names in csrc/stages.def, and fills the parameters of its
    family. Lane stages take samples; batch stages divide the whole batch into tasks.

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

    family: ClassVar[str]  # of its parameters in C

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

    def forward(self) -> list[str]:
        """Return the stages of a training step's forward pass, in order."""
        raise NotImplementedError

    def backward(self) -> list[str]:
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

    def winners_bytes(self) -> int:
        """Return the bytes that a max-pool keeps of each sample for the backward pass."""
        return 0

    def statistics_bytes(self) -> tuple[int, int]:
        """Return the bytes of a batch's statistics: of each lane, and of the result."""
        return 0, 0

    def fields(self) -> Fields:
        """Return the operation's own parameters in C."""
        return {}

    def compiled(self, **extra: Any) -> Operation:
        """Return the operation in C's form."""
        fields: Fields = dict(src=self.src.map(), dst=self.dst.map())
        if self.other is not None:
            fields.update(other=self.other.map())
        for role, parameter in self.parameters.items():
            fields[role] = parameter.offset
        return self.family, fields | self.fields() | extra

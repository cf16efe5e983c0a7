"""Op: the base class of the operations of a plan."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from convnet.graph.layout import Buffer, Parameter

Fields: TypeAlias = dict[str, Any]  # parameters of an operation in C, by name; see csrc/params.def
Pair: TypeAlias = tuple[int, int]  # (vertical, horizontal)
Operation: TypeAlias = tuple[str, Fields]  # (family, parameters), as `Program` takes it


@dataclass
class Op:
    """An operation that reads buffer `src` and writes buffer `dst`.

    A subclass names the kernel stages that it runs, as in csrc/stages.def, and fills the parameters of its family. Lane
    stages run on the samples of a run of lanes; batch stages divide the whole batch into tasks.

    Attributes
    ----------
    other : Buffer or None
        Second input of an operation that merges two branches, or second output of a fork.
    layer : str
        Name of the layer that the operation comes from. If several layers were fused, the name of the first.
    parameters : dict of Parameter
        By role: weights, bias, gamma, beta, mean, variance or deviation.
    """

    layer: str
    src: Buffer
    dst: Buffer
    parameters: dict[str, Parameter] = field(default_factory=dict)
    other: Buffer | None = None

    kinds: ClassVar[dict[str, type["Op"]]] = {}  # all operations by name

    family: ClassVar[str]  # name of its parameter family in C

    frozen = False  # whether its parameters stay as they are
    reverses = True  # whether it takes part in the backward pass
    random = False  # whether its outputs for the same input differ from step to step in training
    entry: ClassVar[str | None] = None  # stage that reads X itself, so that "input" is not needed

    packed_roles: ClassVar[tuple[str, ...]] = ()  # of the parameters that packing alone reads

    # whether the tasks of `weight_blocks` with the first rows compute the bias row by row; if not, those with row 0 do
    bias_by_rows: ClassVar[bool] = False

    writes_part = False  # whether other operations write into the same output
    # whether its output, in a prediction, may be a slice of the channels of a wider map
    writes_slices = False

    @property
    def inputs(self) -> tuple[Buffer, ...]:
        """The buffers that the operation reads."""
        return (self.src,) if self.other is None else (self.src, self.other)

    @property
    def outputs(self) -> tuple[Buffer, ...]:
        """The buffers that the operation writes."""
        return (self.dst,)

    def __init_subclass__(cls) -> None:
        Op.kinds[cls.__name__] = cls

    @property
    def pack(self) -> str | None:
        """Batch stage that packs the weights, or None."""
        return None

    @property
    def by_columns(self) -> bool:
        """Whether a prediction takes many samples together through the operation, by blocks of its outputs' weights."""
        return False

    @property
    def pack_predict(self) -> str | None:
        """Batch stage that packs the weights for a prediction, or None."""
        return self.pack

    def forward(self) -> list[str]:
        """Return the stages of a training step's forward pass, in order."""
        raise NotImplementedError

    def backward(self) -> list[str]:
        """Return the stages of the backward pass."""
        raise NotImplementedError

    def finish(self) -> list[str]:
        """Return the batch stages that follow the whole backward pass."""
        return []

    def sums_over_batch(self, role: str) -> bool:
        """Return whether a parameter's gradient is computed over the whole batch. If not, each lane sums its own."""
        return False

    def weight_blocks(self, lanes: int) -> Fields:
        """Return the parameters in C that divide a gradient computed over the whole batch into tasks."""
        return {}

    def weight_matrix(self) -> tuple[int, int, int]:
        """Return the shape (taps, rows, columns) of the weights as the matrices that `weight_blocks` divides."""
        raise NotImplementedError

    def predict(self) -> list[str]:
        """Return the stages of a prediction, in order."""
        raise NotImplementedError

    def band(self) -> int:
        """Return by how many rows of the output a prediction can divide the work on a sample; 0: not at all."""
        return 0

    def transforms_floats(self) -> int:
        """Return how many floats per sample the stages of a prediction need for transforms of the input."""
        return 0

    def want_halo(self) -> None:
        """Widen the halo of the input to the zeros that the stages read."""

    def multiply_adds(self) -> int:
        """Return the multiply-adds of one sample's forward pass; only products with weights count."""
        return 0

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        """Return how many floats the weights take when packed for the forward pass, and for the data gradient."""
        return 0, 0

    def winners_bytes(self) -> int:
        """Return how many bytes per sample a max-pool keeps for the backward pass."""
        return 0

    def statistics_bytes(self) -> tuple[int, int]:
        """Return how many bytes the statistics of a batch take: in each lane, and as the result."""
        return 0, 0

    def sample_statistics_bytes(self) -> int:
        """Return how many bytes per sample its own statistics take, which are kept for the backward pass."""
        return 0

    def fields(self) -> Fields:
        """Return the parameters in C that are specific to the operation."""
        return {}

    def compiled(self, **extra: Any) -> Operation:
        """Return the operation as `Program` takes it."""
        fields: Fields = dict(src=self.src.map(), dst=self.dst.map())
        if self.other is not None:
            fields.update(other=self.other.map())
        for role, parameter in self.parameters.items():
            fields[role] = parameter.offset
        return self.family, fields | self.fields() | extra

"""The weights of an exported net: one float32 array with what its kernels read, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.engine import SLACK, aligned_zeros
from convnet.graph.layout import aligned
from convnet.graph.runtime.predictor import pack_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.graph.compiler import PredictionCode

# Bits of a NaN that no weight has. After packing, it is where nothing was written: the ends of rounded-up areas.
UNWRITTEN = np.uint32(0x7FC0DEAD)


@dataclass(frozen=True, eq=False)
class PlacedWeights:
    """The weights, and the operations that read them there.

    Attributes
    ----------
    values : ndarray of float32
        The weights. The last `SLACK` values are zeros, because kernels may read beyond an array.
    operations : list of (str, dict)
        The operations of a prediction, with offsets into `values`.
    """

    values: NDArray[np.float32]
    operations: list[tuple[str, dict[str, Any]]]


def place_weights(code: PredictionCode, isa: str, params: NDArray[np.float32]) -> PlacedWeights:
    """Fold and pack the weights for an instruction set, and keep what the stages of a prediction read.

    Parameters
    ----------
    code : PredictionCode
        Of one sample.
    isa : str
        Instruction set, which this machine has.
    params : ndarray of float32
        Flat parameters of the net.
    """
    compiled = code.compile(isa)
    packed = aligned_zeros(code.sizes["packed"])
    packed.view(np.uint32)[...] = UNWRITTEN
    folded = pack_weights(compiled, params, packed)
    written = packed.view(np.uint32) != UNWRITTEN
    packed[~written] = 0
    parts: list[NDArray[np.float32]] = []
    size = 0

    def place(values: NDArray[np.float32]) -> int:
        nonlocal size
        offset, whole = size, np.zeros(aligned(len(values)), dtype=np.float32)
        whole[: len(values)] = values
        parts.append(whole)
        size += len(whole)
        return offset

    operations = [code.operations[0]]
    for op, (family, given) in zip(code.ops, code.operations[1:-1], strict=True):
        fields = dict(given)
        for role, parameter in op.parameters.items():
            if op.pack_predict and role in op.packed_roles:
                del fields[role]
            else:
                fields[role] = place(folded[parameter.offset : parameter.offset + parameter.size])
        if "packed" in fields:
            first = fields["packed"]
            whole = slice(first, first + op.packed_floats(False)[0])
            ends = np.flatnonzero(written[whole])
            fields["packed"] = place(packed[whole][: ends[-1] + 1])
        operations.append((family, fields))
    operations.append(code.operations[-1])
    parts.append(np.zeros(SLACK, dtype=np.float32))
    return PlacedWeights(np.concatenate(parts), operations)

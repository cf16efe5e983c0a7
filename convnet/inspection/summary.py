"""A net as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convnet.graph import LayerInfo


Row = tuple[str, str, str, str, str, str, str]

HEADER = ("layer", "type", "algorithm", "output shape", "parameters", "multiply-adds", "memory")
WORDS = 4  # columns of text, before those of figures


class Summary:
    """The layers of a net with their figures; print it.

    Parameters
    ----------
    layers : sequence of LayerInfo
        From a plan.
    input_shape : tuple of int
        (h, w, c) or (features,).
    has_output : bool
        Whether the output layer is among them.

    Attributes
    ----------
    layers, input_shape : tuple
        As passed.
    n_parameters, multiply_adds, memory_bytes : int
        Totals; multiply-adds and memory are those of one sample.
    """

    def __init__(
        self, layers: Sequence[LayerInfo], input_shape: Sequence[int], *, has_output: bool
    ) -> None:
        self.layers = tuple(layers)
        self.input_shape = tuple(input_shape)
        self.has_output = has_output
        self.n_parameters = sum(layer.n_parameters for layer in self.layers)
        self.multiply_adds = sum(layer.multiply_adds for layer in self.layers)
        self.memory_bytes = sum(layer.memory_bytes for layer in self.layers)

    def __repr__(self) -> str:
        rows = [("", "input", "", cross(self.input_shape), "", "", "")]
        rows += [row for layer in self.layers for row in _rows(layer, "")]
        total = (
            "total",
            *("", "", ""),
            *_validation_metrics(self.n_parameters, self.multiply_adds, self.memory_bytes),
        )
        widths = [max(map(len, column)) for column in zip(HEADER, *rows, total, strict=True)]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [
            _line(HEADER, widths),
            rule,
            *(_line(row, widths) for row in rows),
            rule,
            _line(total, widths),
        ]
        lines.append(
            "Multiply-adds and memory (of what the layers put out, float32) are those of one sample."
        )
        if any(layer.layers for layer in self.layers):
            lines.append("The figures of a layer with others inside count those.")
        if not self.has_output:
            lines.append("The output layer is not counted: its size follows from y.")
        return "\n".join(lines)


def _rows(layer: LayerInfo, indent: str) -> Iterator[Row]:
    yield (
        indent + layer.name,
        layer.type,
        layer.algorithm,
        cross(layer.output_shape),
        *_validation_metrics(layer.n_parameters, layer.multiply_adds, layer.memory_bytes),
    )
    for inner in layer.layers:
        yield from _rows(inner, indent + "  ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:WORDS], widths[:WORDS], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[WORDS:], widths[WORDS:], strict=True)]
    return "  ".join(left + right).rstrip()


def _validation_metrics(
    n_parameters: int, multiply_adds: int, memory_bytes: int
) -> tuple[str, str, str]:
    return f"{n_parameters:,}", f"{multiply_adds:,}", _bytes(memory_bytes)


def _bytes(n: float) -> str:
    power = min(3, max(0, (int(n).bit_length() - 1) // 10))
    n /= 1024**power
    return f"{n:,.{0 if n == int(n) else 1}f} {('B', 'KiB', 'MiB', 'GiB')[power]}"

"""Summary: a net as a table. Also the labels of layers in tables and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convnet.graph import LayerInfo


Row = tuple[str, str, str, str, str, str, str]

HEADER = ("layer", "type", "algorithm", "output shape", "parameters", "multiply-adds", "memory")
N_TEXT_COLUMNS = 4  # left-aligned; the columns of numbers after them are right-aligned


class LayerLabel(NamedTuple):
    """What a picture says about a layer.

    Parameters
    ----------
    name : str
        Name of the layer, without those of the layers around it.
    spec : str
        Repr of the layer without its name; for a layer with nested layers its type, merge and activation.
    shape : str
        Output shape: "28×28×16".
    n_parameters : str
        Number of parameters, with separators: "1,138".
    """

    name: str
    spec: str
    shape: str
    n_parameters: str


def layer_label(info: LayerInfo) -> LayerLabel:
    """Return the label of a layer."""
    spec = repr(info.layer.replace(name=None))
    if info.layers:
        words = (getattr(info.layer, field, None) for field in ("merge", "activation"))
        spec = ", ".join([info.type, *filter(None, words)])
    name = info.name.rpartition("/")[2]
    return LayerLabel(name, spec, cross(info.output_shape), f"{info.n_parameters:,}")


class Summary:
    """A table of the layers of a net. Print it.

    Parameters
    ----------
    layers : sequence of LayerInfo
        The layers of a plan.
    input_shape : tuple of int
        (h, w, c), (length, c) or (features,).
    has_output : bool
        Whether `layers` contains the output layer.

    Attributes
    ----------
    layers, input_shape : tuple
        As passed.
    n_parameters : int
        Number of parameters of all layers.
    multiply_adds : int
        Multiply-adds of all layers for one sample.
    memory_bytes : int
        Bytes of the outputs of all layers (float32) for one sample.
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
            *("total", "", "", ""),
            *_size_cells(self.n_parameters, self.multiply_adds, self.memory_bytes),
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
            "Multiply-adds and memory (of the float32 outputs of the layers) are for one sample."
        )
        if any(layer.layers for layer in self.layers):
            lines.append("The numbers of a layer include those of its nested layers.")
        if not self.has_output:
            lines.append("The output layer is not counted: its size depends on y.")
        return "\n".join(lines)


def _rows(layer: LayerInfo, indent: str) -> Iterator[Row]:
    yield (
        indent + layer.name,
        layer.type,
        layer.algorithm,
        cross(layer.output_shape),
        *_size_cells(layer.n_parameters, layer.multiply_adds, layer.memory_bytes),
    )
    for inner in layer.layers:
        yield from _rows(inner, indent + "  ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    n = N_TEXT_COLUMNS
    left = [cell.ljust(width) for cell, width in zip(cells[:n], widths[:n], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[n:], widths[n:], strict=True)]
    return "  ".join(left + right).rstrip()


def _size_cells(n_parameters: int, multiply_adds: int, memory_bytes: int) -> tuple[str, str, str]:
    return f"{n_parameters:,}", f"{multiply_adds:,}", _bytes_text(memory_bytes)


def _bytes_text(n: float) -> str:
    power = min(3, max(0, (int(n).bit_length() - 1) // 10))
    n /= 1024**power
    return f"{n:,.{0 if n == int(n) else 1}f} {('B', 'KiB', 'MiB', 'GiB')[power]}"

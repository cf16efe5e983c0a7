"""Every layer through everything that a layer can do."""

import copy
import json
import pickle
from dataclasses import fields
from itertools import product
from math import prod

import pytest
from layer_table import TABLE

from convnet import layers as public
from convnet.graph.ops.base import Op
from convnet.graph.plan.builder import GraphBuilder
from convnet.layers import (
    Flatten,
    Layer,
    as_layers,
    layer_from_dict,
    layer_types,
    to_dicts,
    to_json,
    to_yaml,
)
from convnet.layers.pool import GlobalPool

every = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.repr)


def windows(shape, kernel, stride, padding, dilation, ceil_mode=False):
    """Count the windows of each axis one by one.

    In ceil mode, a window follows another one that does not reach the end, if it begins before the padding there.
    """
    sizes, axes = [], len(shape) - 1
    kernel, stride, padding, dilation = (x[-axes:] for x in (kernel, stride, padding, dilation))
    for n, k, s, (before, after), d in zip(shape, kernel, stride, padding, dilation, strict=False):
        inside = [p for p in range(-before, n + after) if p + d * (k - 1) < n + after]
        if ceil_mode:
            starts = range(-before, n, s)
            inside = [p for p in starts if p - s + k < n + after for _ in range(s)]
        sizes.append(len(inside[::s]))
    return tuple(sizes)


def expected_shape(row):
    """Count the windows of each operation of a row."""
    shape = row.input_shape
    for op in row.ops:
        fields = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)} | op.fields
        if op.name in ("Conv2DOp", "Pool2DOp"):
            around = (fields[key] for key in ("stride", "padding", "dilation"))
            kernel = fields["kernel" if op.name == "Conv2DOp" else "size"]
            ceil_mode = getattr(row.layer, "ceil_mode", False)
            shape = (*windows(shape, kernel, *around, ceil_mode), op.channels or shape[-1])
        elif op.name == "Conv2DTransposeOp":
            axes, inputs = len(shape) - 1, shape
            around = (fields[key][-axes:] for key in ("kernel", "stride", "padding", "dilation"))
            sizes = [
                (n - 1) * s + d * (k - 1) + 1 - sum(p)
                for n, k, s, p, d in zip(inputs, *around, strict=False)
            ]
            shape = (*sizes, op.channels)
        elif op.name == "DenseOp":
            shape = (op.channels,)
        elif op.name == "ConcatOp":
            shape = (*shape[:-1], op.channels)
        elif op.name == "MultiplyOp":  # the first branch is the identity
            shape = row.input_shape
        elif op.name == "ZeroPad2DOp":
            sides = (n + sum(pads) for n, pads in zip(shape, op.fields["padding"], strict=False))
            shape = (*sides, shape[2])
        elif op.name == "ResizeOp":
            axes, size = len(shape) - 1, row.layer.size
            size = size if isinstance(size, tuple) else (size,) * axes
            factors = shape[:axes] if hasattr(row.layer, "interpolation") else (1,) * axes
            shape = (*(a * b for a, b in zip(factors, size, strict=True)), shape[-1])
    if isinstance(row.layer, GlobalPool):
        return shape[-1:]
    return (prod(shape),) if isinstance(row.layer, Flatten) else shape


def test_the_table_has_every_layer():
    assert {type(row.layer) for row in TABLE} == set(layer_types().values())


@every
def test_prints_what_builds_it(row):
    assert repr(row.layer) == row.repr
    assert eval(row.repr, vars(public)) == row.layer


@every
def test_round_trips(row):
    layer = row.layer
    assert layer_from_dict(layer.to_dict()) == layer
    assert json.loads(json.dumps(layer.to_dict())) == layer.to_dict()
    assert as_layers(to_json([layer])) == (layer,)
    assert as_layers(to_yaml([layer, layer])) == (layer, layer)
    assert to_dicts([layer]) == [layer.to_dict()]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(layer, protocol)) == layer


@every
def test_is_a_value(row):
    layer = row.layer
    twin = type(layer)(**layer.get_params())
    assert twin == layer and twin is not layer and hash(twin) == hash(layer)
    assert layer.replace() == layer and layer.replace(name="other") != layer
    assert copy.copy(layer) is layer and copy.deepcopy([layer]) == [layer]
    for name in (*layer.get_params(), "anything"):
        with pytest.raises(AttributeError):
            setattr(layer, name, 1)
        with pytest.raises(AttributeError):
            delattr(layer, name)
    assert twin == layer


@every
def test_has_the_output_shape_that_counting_gives(row):
    assert row.layer.output_shape(row.input_shape) == expected_shape(row)


SHARED = {field.name for field in fields(Op)}


@every
def test_lowers_to_its_operations(row):
    builder = GraphBuilder(row.input_shape)
    builder.lower("name", row.layer)
    assert builder.shape == expected_shape(row)
    assert [type(op).__name__ for op in builder.ops] == [op.name for op in row.ops]
    for found, expected in zip(builder.ops, row.ops, strict=True):
        own = {f.name: (getattr(found, f.name), f.default) for f in fields(found)}
        changed = {k: v for k, (v, d) in own.items() if k not in SHARED and v != d}
        defaults = {k: v for k, v in expected.fields.items() if v == own[k][1]}
        assert changed | defaults == expected.fields
        if expected.weights is not None:
            weights = found.parameters["weights"]
            assert {k: getattr(weights, k) for k in expected.weights} == expected.weights
            assert found.parameters.keys() == (
                {"weights", "bias"} if expected.use_bias else {"weights"}
            )


def test_an_operation_that_does_not_exist():
    class Pooling(Layer):
        def lower(self, builder):
            builder.emit("Pool2D")

    with pytest.raises(ValueError, match=r"layer 'p': unknown operation 'Pool2D'.* 'Pool2DOp'"):
        GraphBuilder((4, 4, 1)).lower("p", Pooling())


@every
def test_refuses_an_unknown_parameter(row):
    kind = type(row.layer).__name__
    with pytest.raises(
        TypeError, match=f"^{kind} has no parameter 'nmae'. Did you mean 'name'\\?$"
    ):
        row.layer.replace(nmae="a")
    with pytest.raises(TypeError, match=f"^{kind} has no parameter 'nmae'"):
        type(row.layer)(**row.layer.get_params(), nmae="a")


JUNK = [float("nan"), float("inf"), -1, 2**20 + 1, 10**5000, 1.5, True, "x" * 10**6, b"3", [], [[]]]
JUNK += [
    {},
    [3, 3, 3],
    [[[1]]],
    object(),
    lambda: 0,
    "softmax2",
    complex(1, 1),
    "a__b",
    "1",
    "_",
    None,
]


@every
def test_checks_every_parameter(row):
    """Whatever is put in, the layer is as if built from a good value or says which parameter is bad."""
    kind = type(row.layer).__name__
    for (name, old), bad in product(row.layer.get_params().items(), JUNK):
        try:
            layer = row.layer.replace(**{name: bad})
        except (TypeError, ValueError) as error:
            assert str(error).startswith(f"{kind}: ") and len(str(error)) < 320
        else:
            assert layer_from_dict(json.loads(json.dumps(layer.to_dict()))) == layer
            assert (
                type(bad) is type(old)
                or (bad == [] and isinstance(old, tuple))
                or bad is None
                or old is None
                or isinstance(bad, int | float)
            )


@every
def test_maps_and_flat_shapes(row):
    layer = row.layer
    assert layer.takes in ("map", "signal", "flat", "any")
    if layer.takes == "map":
        with pytest.raises(
            public.LayerShapeError, match=r"needs a \(height, width, channels\) map"
        ):
            layer.output_shape((784,))
        with pytest.raises(public.LayerShapeError, match="map but its input is a signal, 784×3"):
            layer.output_shape((784, 3))
    if layer.takes == "signal":
        with pytest.raises(public.LayerShapeError, match=r"needs a \(length, channels\) signal"):
            layer.output_shape((784,))
        with pytest.raises(public.LayerShapeError, match="signal but its input is a map, 28×28×1"):
            layer.output_shape((28, 28, 1))
    assert issubclass(type(layer), Layer) and layer.stem.isalpha()

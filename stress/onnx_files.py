"""Makes hostile ONNX models: valid protobuf with wrong contents, and files with wrong bytes."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

RNG = np.random.default_rng(0)
NUMBERS = (
    -(2**63),
    -(2**31),
    -7,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    16,
    255,
    2**16,
    2**20,
    2**31 - 1,
    2**31,
    2**40,
    2**62,
)
LOCATIONS = (
    *("../outside.bin", "/etc/passwd", "", ".", "/dev/zero", "linked.bin", "..", "a/../../outside.bin"),
    *("model.onnx", "data.bin", "C:\\x", "\0", "x" * 5000, "data.bin/", "folder/data.bin"),
)  # fmt: skip
STRINGS = (
    b"",
    b"SAME_UPPER",
    b"VALID",
    b"linear",
    b"cubic",
    b"reflect",
    b"\xff\xfe",
    b"x" * 10_000,
)
HUGE = ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize")
OPERATORS = (
    *("Conv", "ConvTranspose", "MaxPool", "AveragePool", "Gemm", "MatMul", "Add", "Mul", "Sub", "Div", "Pow"),
    *("Concat", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "ReduceMean", "Pad", "Resize", "Softmax"),
    *("Sigmoid", "Clip", "LRN", "PRelu", "BatchNormalization", "InstanceNormalization", "Shape", "Gather", "Slice"),
    *("Identity", "Cast", "Constant", "ConstantOfShape", "Expand", "Tile", "Range", "Dropout", "Loop", "If"),
    *("GroupNormalization", "GlobalAveragePool", "ArgMax", "ZipMap", "Where", "Equal", "Erf", "Tanh", "Relu"),
)  # fmt: skip


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def made(nodes, dims, arrays):
    """Return a model. Nodes are (operator, inputs, output, attributes)."""
    built = [
        helper.make_node(operator, inputs.split(), [output], name=f"n{i}", **attributes)
        for i, (operator, inputs, output, attributes) in enumerate(nodes)
    ]
    graph = helper.make_graph(
        built,
        "graph",
        [helper.make_tensor_value_info("x", 1, dims)],
        [helper.make_tensor_value_info("y", 1, None)],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def models():
    """Return correct models by name: a net of each kind of operator, and one that convnet wrote."""
    branches = [
        ("Conv", "x w b", "a", dict(pads=[1, 1, 1, 1])),
        ("BatchNormalization", "a g b m v", "n", {}),
        ("Relu", "n", "r", {}),
        ("Conv", "r u", "c", dict(group=2)),
        ("Sigmoid", "c", "s", {}),
        ("Mul", "c s", "silu", {}),
        ("Add", "silu r", "sum", {}),
        ("MaxPool", "sum", "p", dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
        ("Concat", "p p", "j", dict(axis=1)),
        ("GlobalAveragePool", "j", "q", {}),
        ("Flatten", "q", "f", {}),
        ("Gemm", "f d e", "z", dict(transB=1)),
        ("Softmax", "z", "y", dict(axis=1)),
    ]
    arrays = {
        **dict(w=random(4, 2, 3, 3), b=random(4), g=random(4), m=random(4), v=np.abs(random(4))),
        **dict(u=random(4, 2, 1, 1), d=random(3, 8), e=random(3)),
    }
    shapes = [
        ("Pad", "x pads", "a", {}),
        ("Resize", "a none scales", "s", dict(mode="nearest")),
        ("LRN", "s", "l", dict(size=3)),
        ("PRelu", "l slope", "i", {}),
        ("Transpose", "i", "t", dict(perm=[0, 2, 3, 1])),
        ("Shape", "t", "shape", {}),
        ("Gather", "shape first", "n", {}),
        ("Unsqueeze", "n axis", "n1", {}),
        ("Concat", "n1 rest", "target", dict(axis=0)),
        ("Reshape", "t target", "f", {}),
        ("MatMul", "f d", "z", {}),
        ("Add", "z e", "y", {}),
    ]
    whole = {
        **dict(
            pads=np.int64([0, 0, 1, 0, 0, 0, 0, 1]),
            none=np.float32([]),
            scales=np.float32([1, 1, 2, 2]),
        ),
        **dict(slope=random(2, 1, 1), first=np.int64(0), axis=np.int64([0]), rest=np.int64([-1])),
        **dict(d=random(2 * 12 * 12, 3), e=random(3)),
    }
    return {
        "branches": made(branches, ["n", 2, 6, 5], arrays),
        "shapes": made(shapes, ["n", 2, 5, 5], whole),
        "own": _own(),
    }


def _own():
    from convnet import ConvNetClassifier
    from convnet.layers import BatchNorm, Conv2D, Dense, Flatten, Residual

    layers = [Conv2D(4, 3), BatchNorm(), Residual([Conv2D(4, 1)]), Flatten(), Dense(5)]
    X, y = np.zeros((6, 5, 5, 2), np.float32), np.arange(6) % 3
    return ConvNetClassifier(layers, random_state=0).initialize(X, y).to_onnx()


def altered(model, draw):
    """Return a model with a few wrong contents."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        draw.choice(CHANGES)(model.graph, draw, model)
    return model


def _number(draw):
    return draw.choice(NUMBERS)


def _tensor(graph, draw, model):
    tensor = draw.choice(graph.initializer)
    how = draw.randrange(6)
    if how == 0 and tensor.dims:
        tensor.dims[draw.randrange(len(tensor.dims))] = _number(draw)
    elif how == 1:
        tensor.dims.append(_number(draw))
    elif how == 2:
        tensor.data_type = draw.choice((0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 17, 99))
    elif how == 3:
        tensor.raw_data = tensor.raw_data[: draw.randrange(len(tensor.raw_data) + 1)]
    elif how == 4:
        tensor.ClearField("raw_data")
        field = draw.choice(("float_data", "int64_data", "int32_data"))
        getattr(tensor, field).extend(
            [draw.choice((0, 1, -1, 2**31 - 1))] * draw.choice((0, 1, 100_000))
        )
    else:
        tensor.data_location = 1
        tensor.ClearField("raw_data")
        for key, value in (
            ("location", draw.choice(LOCATIONS)),
            ("offset", draw.choice(("0", "-1", "8", str(2**62), "x", "1" * 5000))),
            ("length", draw.choice(("0", "-1", "48", str(2**62), "x"))),
        ):
            if draw.random() < 0.8:
                tensor.external_data.add(key=key, value=value)


def _constant(graph, draw, model):
    """Other integers in a constant: shapes, axes, pads."""
    tensor = draw.choice(graph.initializer)
    try:
        array = numpy_helper.to_array(tensor).copy()
    except Exception:  # an earlier change has damaged it
        return
    if array.size and array.dtype.kind in "if":
        with np.errstate(all="ignore"):
            array.flat[draw.randrange(array.size)] = draw.choice(
                (
                    0,
                    -1,
                    1,
                    3,
                    1e6,
                    2**40,
                    *((np.nan, np.inf, 3e38) if array.dtype.kind == "f" else ()),
                )
            )
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _attribute(graph, draw, model):
    nodes = [node for node in graph.node if node.attribute]
    if not nodes:
        return
    attribute = draw.choice(draw.choice(nodes).attribute)
    how = draw.randrange(5)
    if how == 0:
        attribute.i, attribute.type = _number(draw), 2
    elif how == 1 and attribute.ints:
        attribute.ints[draw.randrange(len(attribute.ints))] = _number(draw)
    elif how == 2:
        attribute.type = draw.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 13))
    elif how == 3:
        attribute.s, attribute.type = draw.choice(STRINGS), 3
    else:
        attribute.ints.extend([_number(draw)] * draw.choice((1, 2, 10_000)))
        attribute.type = 7


def _operator(graph, draw, model):
    draw.choice(graph.node).op_type = draw.choice(OPERATORS)


def _wire(graph, draw, model):
    """Another input or output: among them circles, names that do not exist, and branches that cross."""
    node = draw.choice(graph.node)
    names = [name for other in graph.node for name in (*other.input, *other.output)] + ["", "no"]
    side = node.input if draw.random() < 0.8 or not node.output else node.output
    how = draw.randrange(3)
    if how == 0 and len(side):
        side[draw.randrange(len(side))] = draw.choice(names)
    elif how == 1:
        side.append(draw.choice(names))
    elif len(side):
        del side[draw.randrange(len(side))]


def _input(graph, draw, model):
    value = graph.input[0] if graph.input else graph.input.add()
    tensor = value.type.tensor_type
    how = draw.randrange(4)
    if how == 0 and tensor.shape.dim:
        draw.choice(tensor.shape.dim).dim_value = _number(draw)
    elif how == 1:
        tensor.elem_type = draw.choice((0, 1, 2, 8, 10, 99))
    elif how == 2:
        tensor.shape.dim.add().dim_value = _number(draw)
    else:
        tensor.ClearField("shape")


def _order(graph, draw, model):
    nodes = list(graph.node)
    how = draw.randrange(3)
    if how == 0:
        draw.shuffle(nodes)
    elif how == 1:
        del nodes[draw.randrange(len(nodes))]
    else:
        nodes.insert(draw.randrange(len(nodes)), draw.choice(nodes))
    del graph.node[:]
    graph.node.extend(nodes)


def _huge(graph, draw, model):
    """A node that makes a large constant, in place of the constant of another node."""
    numbers = [n for n in NUMBERS if n >= 0]
    shape = np.int64([draw.choice(numbers) for _ in range(draw.choice((1, 2, 4)))])
    graph.initializer.append(numpy_helper.from_array(shape, "huge"))
    graph.initializer.append(numpy_helper.from_array(random(*([1] * len(shape))), "one"))
    operator = draw.choice(HUGE)
    inputs = ["huge"] if operator == "ConstantOfShape" else ["one", "huge"]
    inputs = ["huge", "huge", "huge"] if operator == "Range" else inputs
    graph.node.insert(0, helper.make_node(operator, inputs, ["made"], name="huge"))
    node = graph.node[draw.randrange(1, len(graph.node))]
    if node.input:
        node.input[draw.randrange(len(node.input))] = "made"


def _chain(graph, draw, model):
    """Thousands of nodes in a row, or side by side."""
    n = draw.choice((50, 1000, 10_000))
    last = graph.node[-1]
    if not last.input:
        return
    before, kind = (
        last.input[0],
        draw.choice(("Relu", "Identity", "Sigmoid", "Add", "Flatten", "wide")),
    )
    names = [f"chain{i}" for i in range(n)]
    nodes = []
    if kind == "wide":
        nodes = [helper.make_node("Relu", [before], [name]) for name in names]
        nodes.append(helper.make_node(draw.choice(("Concat", "Sum")), names, ["wide"], axis=1))
        names.append("wide")
    else:
        for name, source in zip(names, [before, *names], strict=False):
            nodes.append(
                helper.make_node(kind, [source, source] if kind == "Add" else [source], [name])
            )
    last = onnx.NodeProto.FromString(last.SerializeToString())
    last.input[0] = names[-1]
    del graph.node[-1]
    graph.node.extend([*nodes, last])


def _metadata(graph, draw, model):
    texts = ("", "{", "[]", "null", "{}", "1" * 5000, '{"layers": []}', "[" * 10_000, '"x"')
    if model.metadata_props:
        entry = draw.choice(model.metadata_props)
        how = draw.random()
        if how < 0.5:
            entry.value = draw.choice(texts)
        elif entry.value:
            at = draw.randrange(len(entry.value))
            entry.value = (
                entry.value[:at] + draw.choice('0123456789{}[],:"x') + entry.value[at + 1 :]
            )


def _outputs(graph, draw, model):
    how = draw.randrange(3)
    if how == 0 and graph.output:
        graph.output[0].name = draw.choice(
            [name for node in graph.node for name in node.output] or [""]
        )
    elif how == 1:
        graph.output.add().name = "x"
    elif graph.output:
        del graph.output[-1]


def _opset(graph, draw, model):
    if model.opset_import:
        model.opset_import[0].version = draw.choice((-1, 0, 1, 6, 9, 11, 13, 18, 21, 2**40))


CHANGES = (
    *(_tensor, _tensor, _constant, _attribute, _attribute, _operator, _wire, _wire, _input, _order, _huge, _chain),
    *(_metadata, _outputs, _opset),
)  # fmt: skip

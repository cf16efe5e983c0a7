"""What `from_onnx` refuses: each with one error that says what is wrong and where."""

import os
import sys

import numpy as np
import pytest
from onnx_graphs import graph

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from convnet import ModelFileError, from_onnx  # noqa: E402

RNG = np.random.default_rng(0)
MAXIMUM = 1500  # characters of a message


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def refused(model, *texts, error=ModelFileError, **options):
    with pytest.raises(error) as found:
        from_onnx(model, **options)
    message = str(found.value)
    assert len(message) <= MAXIMUM and "\n" not in message and message.startswith("from_onnx")
    for text in texts:
        assert text in message
    return message


def dense(x_dims=("n", 4), units=3, **options):
    """Return the model of one dense layer."""
    arrays = {"w": random(4, units), "b": random(units)}
    return graph([("Gemm", "x w b", "y", {})], list(x_dims), arrays, **options)


def test_all_unknown_operators_are_listed():
    nodes = [
        ("LSTM", "x w r", "a", dict(hidden_size=3)),
        ("Einsum", "a", "b", dict(equation="i")),
        ("LSTM", "b w r", "c", dict(hidden_size=3)),
        ("Relu", "c", "y", {}),
    ]
    model = graph(nodes, ["n", 4], {"w": random(2, 2), "r": random(2, 2)})
    message = refused(model, "operator LSTM of lstm_0, lstm_2", "operator Einsum of einsum_1")
    assert "Relu" not in message


def test_an_operator_of_another_domain_is_listed_with_it():
    model = dense()
    model.graph.node[0].domain = "com.example"
    refused(model, "com.example.Gemm")


def test_all_problems_of_known_operators_are_listed():
    nodes = [
        ("Conv", "x w", "a", {}),
        ("MaxPool", "x", "b", dict(kernel_shape=[2, 2], dilations=[2, 2])),
        ("Pad", "x pads", "c", dict(mode="reflect")),
        ("Concat", "a b c", "y", dict(axis=1)),
    ]
    arrays = {"w": random(4, 7, 3, 3), "pads": np.int64([0] * 8)}
    refused(
        graph(nodes, ["n", 6, 9, 9], arrays),
        *("'conv_0': 6 channels do not fit weights of shape (4, 7, 3, 3)", "dilation", "reflect"),
    )


def test_a_second_output_is_named():
    nodes = [
        ("MaxPool", "x", "a places", dict(kernel_shape=[2, 2])),
        ("Cast", "places", "b", dict(to=1)),
        ("Add", "a b", "y", {}),
    ]
    refused(graph(nodes, ["n", 6, 9, 9], {}), "maxpool_0", "'places'", "cast_1")


def test_functions_that_are_no_activation_are_named_by_their_own_nodes():
    nodes = [
        ("Abs", "x", "a", {}),
        ("MatMul", "a w", "b", {}),
        ("Elu", "b", "c", dict(alpha=0.5)),
        ("MatMul", "c w", "d", {}),
        ("Abs", "d", "y", {}),
    ]
    message = refused(graph(nodes, ["n", 4], {"w": random(4, 4)}), "'abs_0'", "'elu_2'", "'abs_4'")
    assert "matmul" not in message


@pytest.mark.parametrize("to", ["INT32", "UINT8", "BOOL"])
def test_a_cast_that_rounds_is_refused(to):
    code = getattr(onnx.TensorProto, to)
    nodes = [
        ("Cast", "x", "a", dict(to=code)),
        ("Cast", "a", "b", dict(to=1)),
        ("MatMul", "b w", "y", {}),
    ]
    refused(graph(nodes, ["n", 4], {"w": random(4, 3)}), "'cast_0': it rounds")


def test_a_cast_of_integers_to_booleans_is_refused():
    nodes = [
        ("Cast", "x", "a", dict(to=9)),
        ("Cast", "a", "b", dict(to=1)),
        ("MatMul", "b w", "y", {}),
    ]
    model = graph(nodes, ["n", 4], {"w": random(4, 3)}, x_type=onnx.TensorProto.UINT8)
    refused(model, "'cast_0': it rounds")


@pytest.mark.parametrize("operator", ["Div", "Add"])
def test_arithmetic_of_bytes_is_refused(operator):
    """ONNX divides integers without a rest, and bytes wrap around at 256."""
    nodes = [
        (operator, "x c", "a", {}),
        ("Cast", "a", "b", dict(to=1)),
        ("MatMul", "b w", "y", {}),
    ]
    arrays = {"c": np.uint8(200), "w": random(4, 3)}
    refused(graph(nodes, ["n", 4], arrays, x_type=onnx.TensorProto.UINT8), "computes in uint8")


def test_a_scale_of_the_samples_is_refused():
    nodes = [("Resize", "x  scales", "a", {}), ("Flatten", "a", "y", {})]
    refused(graph(nodes, ["n", 2, 3, 3], {"scales": np.float32([2, 1, 1, 1])}), "resizes samples")


def test_a_constant_per_pixel_is_refused():
    model = graph([("Add", "x c", "y", {})], ["n", 2, 3, 4], {"c": random(2, 3, 4)})
    refused(model, "one value per channel")


def test_branches_that_cross_are_refused():
    nodes = [
        ("Gemm", "x w", "a", {}),
        ("Gemm", "x w", "b", {}),
        ("Gemm", "a w", "c", {}),
        ("Add", "c b", "d", {}),
        ("Add", "c a", "e", {}),
        ("Concat", "d e", "f", dict(axis=1)),
        ("Relu", "f", "y", {}),
    ]
    refused(graph(nodes, ["n", 4], {"w": random(4, 4)}), "begin at one place")


def test_nesting_has_a_limit():
    """Not of Python's stack: a deep graph is one error."""
    nodes = [("Gemm", "x w", "t0", {})]
    for i in range(12):  # each merge is inside the next one
        nodes.append(("Gemm", f"t{i} w", f"u{i}", {}))
        nodes.append(("Add", f"u{i} t0", f"t{i + 1}", {}))
    nodes.append(("Relu", "t12", "y", {}))
    refused(graph(nodes, ["n", 4], {"w": random(4, 4)}), "nested more than 8 deep")


def test_a_long_chain_needs_no_stack():
    n = 20_000
    nodes = [("Relu", "x", "t0", {})]
    nodes += [("Relu" if i % 2 else "Tanh", f"t{i}", f"t{i + 1}", {}) for i in range(n)]
    nodes.append(("Gemm", f"t{n} w", "y", {}))
    limit = sys.getrecursionlimit()
    refused(graph(nodes, ["n", 4], {"w": random(4, 3)}), "layers")
    assert sys.getrecursionlimit() == limit


def test_a_map_as_output_is_refused():
    model = graph([("Conv", "x w", "y", {})], ["n", 2, 9, 9], {"w": random(3, 2, 3, 3)})
    refused(model, "map of shape (7, 7, 3)")


def test_several_outputs_are_refused():
    nodes = [("Gemm", "x w", "y", {}), ("Gemm", "x w", "z", {})]
    refused(
        graph(nodes, ["n", 4], {"w": random(4, 3)}, outputs=("y", "z")),
        "2 outputs",
        "extract_model",
    )


def test_several_inputs_are_refused():
    model = dense()
    model.graph.input.append(onnx.helper.make_tensor_value_info("z", 1, ["n", 3]))
    model.graph.node.append(onnx.helper.make_node("Add", ["y", "z"], ["sum"]))
    model.graph.output[0].name = "sum"
    refused(model, "2 inputs", "x, z")


SIZES = {
    "open": ["n", 3, "h", "w"],
    "negative": ["n", 3, -1, 5],
    "zero": ["n", 3, 0, 5],
    "none": None,
}


@pytest.mark.parametrize("dims", SIZES.values(), ids=SIZES)
def test_an_open_size_is_asked_for(dims):
    nodes = [
        ("Conv", "x w", "a", {}),
        ("GlobalAveragePool", "a", "b", {}),
        ("Flatten", "b", "y", {}),
    ]
    model = graph(nodes, dims, {"w": random(2, 3, 3, 3)})
    refused(model, "input_shape=(height, width, channels)", "'x'", error=ValueError)
    net = from_onnx(model, input_shape=(6, 5, 3))
    assert net.input_shape_ == (6, 5, 3) and net.n_outputs_ == 2


def test_input_shape_is_compared_with_the_graph():
    refused(dense(), "input_shape is (5,)", "(4,)", error=ValueError, input_shape=5)
    refused(dense(), "has 3 axes", error=ValueError, input_shape=(4, 1, 1))
    refused(dense(), "input_shape must be", error=ValueError, input_shape="4")
    assert from_onnx(dense(), input_shape=4).input_shape_ == (4,)


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        (["a", "b"], "3 classes"),
        (["a", "b", "b"], "2 different classes"),
        (["a", "b", "c", "d"], "4 given"),
        ("abc", "list of at least two labels"),
        ([["a", "b", "c"]], "list of at least two labels"),
        ([1], "list of at least two labels"),
        ([1, "a", 2], "all strings or all finite numbers"),
        ([None, 1, 2], "all strings or all finite numbers"),
        ([1, np.nan, 2], "all strings or all finite numbers"),
    ],
)
def test_classes_are_compared_with_the_outputs(classes, text):
    refused(dense(), text, error=ValueError, classes=classes)


def test_classes_of_several_labels_are_refused():
    arrays = {"w": random(4, 3)}
    model = graph([("MatMul", "x w", "z", {}), ("Sigmoid", "z", "y", {})], ["n", 4], arrays)
    refused(model, "several labels", error=ValueError, classes=["a", "b", "c"])


@pytest.mark.parametrize(
    "source", [None, 3, ["a"], np.zeros(3)], ids=lambda one: type(one).__name__
)
def test_another_type_is_a_type_error(source):
    with pytest.raises(TypeError, match=r"path of an \.onnx file"):
        from_onnx(source)


def test_a_file_that_does_not_exist(tmp_path):
    (tmp_path / "model.onnx").write_bytes(dense().SerializeToString())
    with pytest.raises(FileNotFoundError, match=r"Did you mean 'model\.onnx'"):
        from_onnx(tmp_path / "modle.onnx")


CONTENTS = {
    "empty": b"",
    "text": b"no model",
    "an archive": b"PK\x03\x04" + bytes(100),
    "a truncated model": dense().SerializeToString()[:-20],
    "half a model": dense().SerializeToString()[:40],
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_other_content(content, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    refused(content)
    assert "model.onnx" in refused(path)


def test_nodes_in_a_circle():
    nodes = [("Add", "x b", "a", {}), ("Add", "x a", "b", {}), ("Gemm", "b w", "y", {})]
    refused(graph(nodes, ["n", 4], {"w": random(4, 3)}), "in a circle", "'b'")


def test_a_tensor_with_two_values():
    nodes = [("Relu", "x", "a", {}), ("Tanh", "x", "a", {}), ("Gemm", "a w", "y", {})]
    refused(graph(nodes, ["n", 4], {"w": random(4, 3)}), "two values")


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile", "Range"])
def test_constants_that_are_larger_than_the_file(operator):
    huge = np.int64([2**20, 2**20])
    arrays = {
        "huge": huge,
        "one": np.ones((1, 1), np.float32),
        "start": np.float32(0),
        "limit": np.float32(1e15),
        "step": np.float32(1e-3),
    }
    inputs = {
        "ConstantOfShape": "huge",
        "Expand": "one huge",
        "Tile": "one huge",
        "Range": "start limit step",
    }
    nodes = [(operator, inputs[operator], "w", {}), ("MatMul", "x w", "y", {})]
    refused(graph(nodes, ["n", 4], arrays), "values that the file does not have")


def test_an_empty_constant_that_takes_much_memory_on_the_way():
    """tile(ones, (2³³, 0)) is empty, but NumPy repeats the rows first."""
    arrays = {"one": np.ones((1, 1), np.float32), "repeats": np.int64([2**33, 0])}
    nodes = [("Tile", "one repeats", "w", {}), ("MatMul", "x w", "y", {})]
    refused(graph(nodes, ["n", 4], arrays), "values that the file does not have")


def test_many_layers_with_the_weights_of_one():
    """Each layer has a copy of its weights, so that a small file would need much memory."""
    weights = np.eye(512, dtype=np.float32)
    nodes = [
        ("MatMul", f"x{i} w" if i else "x w", f"x{i + 1}" if i < 99 else "y", {})
        for i in range(100)
    ]
    refused(graph(nodes, ["n", 512], {"w": weights}), "copy of 'w'", "more than its size allows")
    net = from_onnx(graph([*nodes[:2], ("MatMul", "x2 w", "y", {})], ["n", 512], {"w": weights}))
    np.testing.assert_array_equal(net.weights_["output/weights"], weights)


def test_many_labels_as_long_as_one_of_them():
    """In an array of strings, each takes the memory of the longest: here 40 GB."""
    names = ["x" * 100_000, *map(str, range(99_999))]
    nodes = [
        ("MatMul", "x w", "s", {}),
        ("ArgMax", "s", "i", dict(axis=1, keepdims=0)),
        ("ArrayFeatureExtractor", "names i", "y", {}),
    ]
    label = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.STRING, None)
    model = graph(nodes, ["n", 4], {"w": random(4, 3)}, outputs=(label,))
    # make_tensor would allocate such an array itself
    tensor = onnx.TensorProto(name="names", data_type=onnx.TensorProto.STRING, dims=[100_000])
    tensor.string_data.extend(name.encode() for name in names)
    model.graph.initializer.append(tensor)
    refused(model, "an array of strings", "more than its size allows")


def external(tmp_path, location, **entries):
    """Return the path of a model whose weights lie elsewhere."""
    model = dense()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    folder = tmp_path / "models"
    folder.mkdir(exist_ok=True)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_external_data_beside_the_model(tmp_path):
    weights = random(4, 3)
    path = external(tmp_path, "data/w.bin", offset=8, length=48)
    (path.parent / "data").mkdir()
    (path.parent / "data" / "w.bin").write_bytes(bytes(8) + weights.tobytes())
    net = from_onnx(path)
    np.testing.assert_array_equal(net.weights_["output/weights"], weights)
    refused(path.read_bytes(), "lies in another file")


@pytest.mark.parametrize(
    "location",
    ["../w.bin", "data/../../w.bin", "{outside}", "C:/w.bin", "..\\w.bin", "", "a//b", "nul\0l"],
)
def test_external_data_elsewhere_are_not_read(location, tmp_path):
    outside = tmp_path / "w.bin"
    outside.write_bytes(bytes(48))
    refused(external(tmp_path, location.format(outside=outside)), "not inside the folder")


def test_external_data_that_tensors_share(tmp_path):
    """The same values are read once. Values that overlap are refused, because each tensor takes memory."""
    path = external(tmp_path, "w.bin", offset=0, length=48)
    (path.parent / "w.bin").write_bytes(random(4, 3).tobytes() + bytes(4))
    model = onnx.load_model(path, load_external_data=False)
    (bias,) = (one for one in model.graph.initializer if one.name == "b")
    model.graph.initializer.remove(bias)
    other = model.graph.initializer.add()
    other.CopyFrom(model.graph.initializer[0])
    other.name = "v"
    model.graph.node.insert(0, onnx.helper.make_node("Add", ["w", "v"], ["sum"], name="sum"))
    model.graph.node[1].input[:] = ["x", "sum"]
    path.write_bytes(model.SerializeToString())
    shared = from_onnx(path).weights_["output/weights"]
    weights = np.fromfile(path.parent / "w.bin", np.float32, 12).reshape(4, 3)
    np.testing.assert_array_equal(shared, 2 * weights)
    other.external_data[1].value = "4"
    path.write_bytes(model.SerializeToString())
    refused(path, "overlaps with other tensors")


def test_external_data_through_a_link_are_not_read(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(48))
    path = external(tmp_path, "w.bin")
    os.symlink(tmp_path / "w.bin", path.parent / "w.bin")
    refused(path, "which is a link")
    path = external(tmp_path, "folder/w.bin")
    os.symlink(tmp_path, path.parent / "folder")
    refused(path, "which is a link")


@pytest.mark.parametrize(
    ("entries", "size", "text"),
    [
        (dict(length=47), 48, "47"),
        (dict(length=48), 40, "too short"),
        (dict(offset=2**60), 48, "too short"),
        (dict(offset=-1), 48, "needs 48"),
    ],
)
def test_external_data_of_another_size(entries, size, text, tmp_path):
    path = external(tmp_path, "w.bin", **entries)
    (path.parent / "w.bin").write_bytes(bytes(size))
    refused(path, text)


def test_external_data_in_a_pipe_are_not_read(tmp_path):
    path = external(tmp_path, "w.bin")
    os.mkfifo(path.parent / "w.bin")
    refused(path, "not a plain file")


def test_weights_that_are_not_finite():
    model = dense()
    array = np.full((4, 3), np.inf, np.float32)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(array, "w"))
    refused(model, "not finite")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"from_onnx needs onnx\. Install it with.*\[onnx\]"):
        from_onnx("model.onnx")

"""X as users pass it: dtypes, scales, orders of axes, sizes."""

import numpy as np
import pandas as pd
import pytest
from onnx_models import (
    assert_same_classes,
    check,
    libraries,
    operators,
    opsets,
    run,
    with_random_weights,
)
from photographs import write_photographs
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetTransformer
from convnet.data import ImageFolder, load_images
from convnet.layers import Conv1D, Conv2D, Dense, MaxPool2D, Normalize, Rescale, Resize, UpSample2D

LAYERS = [Conv2D(4, 3, activation="relu"), MaxPool2D(2), Dense(6, activation="relu")]
SIGNALS = [Conv1D(4, 3, activation="relu"), Dense(6, activation="relu")]
N = 6


@pytest.fixture(autouse=True)
def _needs_onnx():
    libraries()


def initialized(X, layers=LAYERS, **params):
    net = ConvNetClassifier(layers, **params).initialize(X, np.arange(N) % 3)
    return with_random_weights(net)


def assert_takes(net, X):
    """Assert that the model of a net takes X, with its dtype and shape, in batches of any size."""
    onnx, _ = libraries()
    model = net.to_onnx()
    assert_same_classes(net, model, X)
    for few in (X[:1], X[:3]):
        np.testing.assert_allclose(
            run(model, few)["probabilities"], net.predict_proba(few), rtol=0, atol=1e-5
        )
    (source,) = model.graph.input
    kind = source.type.tensor_type
    assert onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type) == X.dtype
    dims = [dim.dim_param or dim.dim_value for dim in kind.shape.dim]
    assert dims == ["n", *X.shape[1:]]
    return model


def values(shape, dtype, seed=0):
    """Return random values that fill the range of integers, or are about 0."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(size=(N, *shape)).astype(dtype)
    if dtype.kind == "b":
        return rng.random((N, *shape)) < 0.5
    largest = min(np.iinfo(dtype).max, 65535)
    return rng.integers(0, largest, (N, *shape), dtype=dtype, endpoint=True)


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "uint16", "float32", "float64", "float16", "int16", "int64", "uint32", "bool"],
)
def test_dtypes(dtype):
    X = values((6, 5, 3), dtype)
    rescale = "auto" if np.dtype(dtype).kind in "fb" or dtype in ("uint8", "uint16") else 1e-4
    model = assert_takes(initialized(X, rescale=rescale), X)
    assert ("Cast" in operators(model)) == (dtype != "float32")


def test_long_doubles_are_passed_as_doubles():
    X = values((6, 5, 3), "float64")
    net = initialized(X.astype(np.longdouble))
    model = net.to_onnx()
    np.testing.assert_allclose(run(model, X)["probabilities"], net.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("rescale", ["auto", None, 0.01])
def test_scales(rescale):
    X = values((6, 5, 3), "uint8")
    model = assert_takes(initialized(X, rescale=rescale, layers=[Rescale(0.01), *LAYERS]), X)
    assert ("input/scale" in {t.name for t in model.graph.initializer}) == (rescale == 0.01)


SHAPES = {  # shape of a sample, parameters, layers
    "maps": ((6, 5, 3), {}, LAYERS),
    "maps of one channel": ((6, 5, 1), {}, LAYERS),
    "maps without an axis of channels": ((6, 5), {}, LAYERS),
    "maps, channels first": ((3, 6, 5), {"data_format": "channels_first"}, LAYERS),
    "one channel first": ((1, 6, 5), {"data_format": "channels_first"}, LAYERS),
    "flat maps": ((90,), {"input_shape": (6, 5, 3)}, LAYERS),
    "flat maps of one channel": ((30,), {"input_shape": (6, 5)}, LAYERS),
    "flat maps, channels first": (
        (90,),
        {"input_shape": (3, 6, 5), "data_format": "channels_first"},
        LAYERS,
    ),
    "signals": ((9, 3), {}, SIGNALS),
    "signals of one channel": ((9, 1), {}, SIGNALS),
    "signals, channels first": ((3, 9), {"data_format": "channels_first"}, SIGNALS),
    "flat signals": ((27,), {"input_shape": (9, 3)}, SIGNALS),
    "flat signals of one channel": ((9,), {"input_shape": (9, 1)}, SIGNALS),
    "features": ((9,), {}, [Dense(5, activation="relu")]),
    "pixels in a row": ((1, 1, 5), {"input_shape": (1, 1, 5)}, [Conv2D(3, 1)]),
}


@pytest.mark.parametrize(("shape", "params", "layers"), SHAPES.values(), ids=SHAPES)
def test_shapes(shape, params, layers):
    X = values(shape, "float32")
    model = assert_takes(initialized(X, layers, **params), X)
    first = params.get("data_format") == "channels_first"
    moves = not first and (shape[-1] == 3 or shape in [(90,), (27,)])
    assert operators(model).count("Transpose") == int(moves)


def test_the_shape_in_fit_counts_not_that_in_partial_fit():
    X = values((6, 5), "float32")
    y = np.arange(N) % 3
    net = ConvNetClassifier(LAYERS, warm_start=True, max_iter=1).fit(X, y)
    net.fit(X.reshape(N, 6, 5, 1), y).partial_fit(X.reshape(N, 30), y)
    assert_takes(net, X)


def test_a_net_of_an_earlier_file_takes_maps():
    X = values((6, 5), "float32")
    net = initialized(X)
    object.__setattr__(net._input_format, "sample_shape", None)
    assert_takes(net, X[..., None])


def test_a_data_frame():
    X = values((30,), "float64")
    frame = pd.DataFrame(X).add_prefix("pixel ")
    net = initialized(frame, input_shape=(6, 5))
    found = run(net.to_onnx(), X)["probabilities"]
    np.testing.assert_allclose(found, net.predict_proba(frame), rtol=0, atol=1e-5)


def test_raw_images_of_another_size():
    """A whole net: bytes of 21×17 pixels, resized, scaled and normalized inside."""
    X = values((21, 17, 3), "uint8")
    layers = [Resize((9, 20)), Rescale(), Normalize(), *LAYERS]
    net = ConvNetClassifier(layers, max_iter=1, random_state=0).fit(X, np.arange(N) % 3)
    assert_takes(net, X)


def test_a_constant_channel_is_not_divided():
    X = values((6, 5, 3), "uint8")
    X[..., 1] = 7
    net = ConvNetClassifier([Normalize(), *LAYERS], max_iter=1, random_state=0)
    assert_takes(net.fit(X, np.arange(N) % 3), X)
    assert net.weights_["normalize1/deviation"][1] == 0


def test_a_folder_of_photographs(tmp_path):
    """Read when they are needed."""
    write_photographs(tmp_path / "photos", 3)
    folder = ImageFolder(tmp_path / "photos", size=(24, 20))
    net = with_random_weights(ConvNetClassifier(LAYERS).initialize(folder, folder.target))
    assert_takes(net, load_images(tmp_path / "photos", **folder.image_form).data)


SIZES = [(10, 4), (5, 9), (12, 6), (9, 27), (7, 3), (16, 8), (8, 5), (30, 24), (1, 3), (3, 1)]


@pytest.mark.parametrize("opset", opsets())
@pytest.mark.parametrize("method", ["auto", "area", "bilinear", "nearest"])
def test_sizes(method, opset):
    """Each pixel is that of convnet, of images of 0 to 255."""
    for (h, height), (w, width) in zip(SIZES, SIZES[3:] + SIZES[:3], strict=True):
        X = values((h, w, 2), "uint8")
        layers = [Resize((height, width), method=method, name="other_size")]
        net = ConvNetClassifier(layers, rescale=None, input_shape=(h, w, 2))
        net = FrozenEstimator(net.initialize(X, np.arange(N) % 2))
        net = ConvNetTransformer(net, "other_size").fit(X)
        model = net.to_onnx(opset=opset)
        check(model)
        found = run(model, X)["embeddings"]
        np.testing.assert_allclose(found, net.transform(X), rtol=0, atol=255 * 2e-6)


@pytest.mark.parametrize("opset", opsets())
def test_sizes_that_are_exact_in_no_float32(opset):
    """Resize has factors, and the size is what rounding down gives."""
    X = np.broadcast_to(values((1, 1, 1), "float32"), (N, 1, 97, 1))
    for width in range(98, 130):
        net = initialized(X, [Resize((1, width)), Conv2D(1, 1)], input_shape=(1, 97, 1))
        check(net.to_onnx(opset=opset))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Resize((12, 10)), ["Resize"]),
        (UpSample2D((2, 3)), ["Resize"]),
        (Resize((3, 5)), ["AveragePool"]),
        (Resize((3, 1)), ["AveragePool"]),
        (Resize((4, 7)), ["MatMul", "Resize"]),
        (Resize((4, 3)), ["MatMul", "MatMul"]),
        (Resize((4, 3), method="nearest"), ["Gather", "Gather"]),
    ],
)
def test_operators_of_sizes(layer, expected):
    X = values((6, 5, 2), "float32")
    assert operators(initialized(X, [layer, Conv2D(1, 1)]).to_onnx())[1:-5] == expected

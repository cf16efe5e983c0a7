"""What the page of a net holds."""

import base64
import ntpath
import os
import re
import shutil
import warnings
import zlib
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from explorer_pages import (
    HOSTILE,
    KINDS,
    colors,
    digits,
    document_of,
    limit_weights,
    other,
    residual,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.callbacks import Callback, Checkpoint
from convnet.estimators import explorer
from convnet.graph.ops.base import Op
from convnet.inspection.explain import METHODS, integrated_gradients
from convnet.inspection.explorer import document as limits, epochs
from convnet.inspection.explorer.net import FIELDS
from convnet.inspection.explorer.page import PLACEHOLDER, TEMPLATE
from convnet.inspection.explorer.png import encode_png
from convnet.layers import BatchNorm, Conv2D, Dense, GlobalAvgPool2D, MaxPool2D

ROOT = Path(__file__).parents[3]


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def read_png(file):
    """Return the pixels of a PNG file with rows that have the filter none, sub or up."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(file):
        size = int.from_bytes(file[at : at + 4], "big")
        kind, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + size]
        assert int.from_bytes(file[at + 8 + size : at + 12 + size], "big") == zlib.crc32(
            kind + data
        )
        chunks[kind], at = data, at + 12 + size
    w, h = (int.from_bytes(chunks[b"IHDR"][i : i + 4], "big") for i in (0, 4))
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(h, -1)
    channels = (lines.shape[1] - 1) // w
    rows, above = [], np.zeros((w, channels), np.uint8)
    for line in lines:
        values = line[1:].reshape(w, channels)
        if line[0] == 1:
            values = np.cumsum(values, axis=0, dtype=np.uint8)
        elif line[0] == 2:
            values = values + above
        else:
            assert line[0] == 0
        rows.append(values)
        above = values
    return np.array(rows)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_files_hold_the_pixels(channels):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 9, channels), dtype=np.uint8)
    image[2], image[4] = image[1], np.arange(9)[:, None]  # rows for the filters up and sub
    file = encode_png(image)
    assert (read_png(file) == image).all()
    assert {line[0] for line in zlib_lines(file, 7)} == {0, 1, 2}


def zlib_lines(file, height):
    at = file.index(b"IDAT")
    size = int.from_bytes(file[at - 4 : at], "big")
    return np.frombuffer(zlib.decompress(file[at + 4 : at + 4 + size]), np.uint8).reshape(
        height, -1
    )


def test_pillow_reads_the_same_pixels(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = colors(1)[0][0]
    (tmp_path / "a.png").write_bytes(encode_png(pixels))
    assert (np.asarray(image.open(tmp_path / "a.png")) == pixels).all()


def test_a_document_holds_the_net_and_the_images(tmp_path):
    net, X, y = digits()
    page = net.explore(X[600:], y[600:], tmp_path / "digits.html", n_max=12, title="Digits")
    found = document_of(page.path)
    assert found["title"] == "Digits" and found["version"] == convnet.__version__
    assert len(found["samples"]) == page.n_images == 12
    for i, sample in enumerate(found["samples"]):
        assert (read_png(base64.b64decode(sample["data"]))[..., 0] == X[600 + i]).all()
        assert sample["name"] == str(i) and sample["label"] == str(y[600 + i])
        assert sample["correct"] == (net.predict(X[600 + i : 601 + i])[0] == y[600 + i])
        np.testing.assert_allclose(sample["values"], net.predict_proba(X[600 + i : 601 + i])[0])
    assert found["input"]["scale"] == np.float32(1 / 255)
    block = floats(found["weights"])
    for parameter in found["net"]["parameters"]:
        values = block[parameter["offset"] :][: np.prod(parameter["shape"], dtype=int)]
        assert (values.reshape(parameter["shape"]) == net.weights_[parameter["name"]]).all()
    assert [layer["name"] for layer in found["net"]["layers"]] == [
        info.name for info in net.layers_
    ]
    final = {"function": "softmax", "classes": list("0123456789"), "mean": None, "scale": None}
    assert found["final"] == final


def test_branches(tmp_path):
    net, X, _ = residual()
    page = net.explore(X, path=tmp_path / "a.html")
    layers = {layer["name"]: layer for layer in document_of(page.path)["net"]["layers"]}
    block = layers["residual1"]
    assert block["merge"] == "add" and [b["label"] for b in block["branches"]] == [
        "body",
        "shortcut",
    ]
    assert [inner["type"] for inner in block["branches"][0]["layers"]] == ["Conv2D", "BatchNorm"]
    assert layers["residual2"]["branches"][1]["layers"] == []


def test_every_operation_is_described_and_computed_by_the_page():
    registry = (ROOT / "explorer/src/engine/registry.ts").read_text(encoding="utf-8")
    computed = re.findall(r"^  (\w+): \w+,$", registry, re.M)
    kinds = {name for name, kind in Op.kinds.items() if not kind.__subclasses__()}
    assert set(computed) == set(FIELDS) == kinds


@pytest.mark.parametrize("kind", KINDS)
def test_other_nets(kind, tmp_path):
    net, X, y = other(kind)
    found = document_of(net.explore(X, y, tmp_path / "a.html", n_max=3).path)
    outputs = np.array([sample["outputs"] for sample in found["samples"]])
    final = found["final"]
    if kind.startswith("regressor"):
        values = np.array(final["mean"] or 0) + np.array(final["scale"] or 1) * outputs
        np.testing.assert_allclose(values.squeeze(), net.predict(X[:3]), rtol=1e-6)
        assert found["samples"][0]["correct"] is None
    elif kind == "binary":
        assert final["function"] == "sigmoid" and final["classes"] == ["False", "True"]
        np.testing.assert_allclose(1 / (1 + np.exp(-outputs[:, 0])), net.predict_proba(X[:3])[:, 1])
    elif kind == "multilabel":
        assert final["function"] == "multilabel" and len(final["classes"]) == 4
        np.testing.assert_allclose(1 / (1 + np.exp(-outputs)), net.predict_proba(X[:3]))
        names = np.array(final["classes"], object)
        assert found["samples"][1]["label"] == (", ".join(names[y[1].astype(bool)]) or "–")
    if found["input"]["encoding"] == "float32":
        assert (floats(found["samples"][0]["data"]) == np.ravel(X[0])).all()


def test_nothing_from_outside_ends_the_script(tmp_path):
    X, _ = colors()
    y = np.resize([HOSTILE, "\u2028\x00\x1b[31m", "naïve"], len(X))
    net = ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0).fit(X, y)
    page = net.explore(X, y, tmp_path / "a.html", title=HOSTILE)
    html = Path(page.path).read_text(encoding="utf-8")
    template = TEMPLATE.read_text(encoding="utf-8")
    assert html.count("<") == template.count("<") - 1  # that of the placeholder
    found = document_of(page.path)
    assert found["title"] == HOSTILE
    assert sorted(found["final"]["classes"]) == sorted([HOSTILE, "\\u2028\\x00\\x1b[31m", "naïve"])


def test_the_template_allows_nothing_from_the_network():
    template = TEMPLATE.read_text(encoding="utf-8")
    assert template.count(PLACEHOLDER) == 1
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', template)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    assert rules["worker-src"] == "blob:" and rules["img-src"] == "data: blob:"
    for rule in ("script-src", "style-src"):
        assert re.fullmatch(r"'sha256-[\w+/]+='", rules[rule])
    licenses = re.search(r'<script type="text/plain" id="licenses">(.*?)</script>', template, re.S)[
        1
    ]
    for name in ("preact", "@preact/signals", "@preact/signals-core", "htm"):
        assert f"{name}\n" in licenses
    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?!data:)', template)


def test_a_notebook_shows_the_page(tmp_path):
    net, X, _ = digits()
    page = net.explore(X, path=tmp_path / "a.html", n_max=1)
    frame = page._repr_html_()
    source = re.search(r'srcdoc="([^"]*)"', frame)[1]
    assert unescape(source) == Path(page.path).read_text(encoding="utf-8")
    assert 'sandbox="allow-scripts"' in frame


def test_what_does_not_fit_is_left_out(tmp_path, monkeypatch):
    net, X, _ = residual()
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 1200)
    page = net.explore(X, path=tmp_path / "a.html")
    assert 1 <= page.n_images < 24 and page.left_out == {
        "images": 24 - page.n_images,
        "parameters": [],
        "epochs": [],
    }
    limit_weights(monkeypatch, net, X, tmp_path / "a.html", 4)  # conv1 and residual1/conv1
    page = net.explore(X, path=tmp_path / "a.html")
    found = document_of(page.path)
    assert page.n_images == 1
    assert page.left_out["parameters"] == [p.name for p in net._network().plan.parameters][4:]
    assert [p["offset"] is None for p in found["net"]["parameters"]][:5] == [False] * 4 + [True]
    assert len(floats(found["weights"])) == 112 + 216 + 6


def test_files_have_names_and_lists_are_taken(tmp_path):
    net, X, y = digits()

    class Folder(np.ndarray):
        filenames = (
            "/home/me/x/a.png",
            "/home/me/b\x1b.png",
            *(f"/home/me/{i}" for i in range(28)),
        )

    page = net.explore(X[:30].view(Folder), y[:30], tmp_path / "a.html", n_max=2)
    assert [s["name"] for s in document_of(page.path)["samples"]] == ["x/a.png", "b\\x1b.png"]
    net, X, _ = other("table")
    page = net.explore(X[:3].tolist(), path=str(tmp_path / "b.html"))
    assert page.n_images == 3


@pytest.mark.parametrize(
    "convert",
    [np.asarray, np.float64, lambda y: y[:, None], list],
    ids=["integers", "floats", "column", "list"],
)
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_labels_are_compared_by_value(convert, tmp_path):
    net, X, _ = digits()
    found = document_of(net.explore(X[:9], convert(net.predict(X[:9])), tmp_path / "a.html").path)
    assert all(sample["correct"] for sample in found["samples"])
    assert [one["label"] for one in found["samples"]] == [
        one["prediction"] for one in found["samples"]
    ]
    wrong = (net.predict(X[:9]) + 1) % 10
    found = document_of(net.explore(X[:9], convert(wrong), tmp_path / "a.html").path)
    assert not any(sample["correct"] for sample in found["samples"])


def test_targets_of_another_kind_are_refused(tmp_path):
    net, X, y = digits()
    path = tmp_path / "a.html"
    indicator = np.eye(10, dtype=int)[y[:9]]
    with pytest.raises(ValueError, match="one label per sample"):
        net.explore(X[:9], indicator, path)
    several = ConvNetClassifier([GlobalAvgPool2D()]).initialize(X[:9], indicator[:, :3])
    with pytest.raises(ValueError, match="several labels per sample"):
        several.explore(X[:9], y[:9], path)
    with pytest.raises(ValueError, match="4 columns; the net has 3 outputs"):
        several.explore(X[:9], indicator[:, :4], path)
    numbers = ConvNetRegressor([GlobalAvgPool2D()]).initialize(X[:9], y[:9])
    with pytest.raises(ValueError, match="A regressor needs numbers"):
        numbers.explore(X[:9], ["a"] * 9, path)
    with pytest.raises(ValueError, match="2 columns; the net has 1 output"):
        numbers.explore(X[:9], indicator[:, :2], path)
    assert not path.exists()


def test_an_object_that_only_converts_to_an_array_is_limited_too(tmp_path):
    net, X, _ = digits()

    class Converts:
        def __array__(self, dtype=None, copy=None):
            return X

    assert net.explore(Converts(), path=tmp_path / "a.html", n_max=3).n_images == 3


def test_wrong_calls(tmp_path):
    net, X, y = digits()
    path = tmp_path / "a.html"
    with pytest.raises(ValueError, match=r"X has 30 rows and y has shape \(29,\)"):
        net.explore(X[:30], y[:29], path)
    with pytest.raises(ValueError, match="n_max"):
        net.explore(X, path=path, n_max=0)
    with pytest.raises(TypeError, match="title must be a string"):
        net.explore(X, path=path, title=3)
    with pytest.raises(TypeError, match="explain must be True or False"):
        net.explore(X, path=path, explain="gradcam")
    with pytest.raises(ValueError, match="there is no folder"):
        net.explore(X, path=tmp_path / "none" / "a.html")
    with pytest.raises(ValueError, match="8"):
        net.explore(X[:, :5], path=path)
    with pytest.raises(NotFittedError):
        ConvNetClassifier([GlobalAvgPool2D()]).explore(X, path=path)
    assert not path.exists()


def decoded(entry, signed):
    levels = read_png(base64.b64decode(entry["data"]))[..., 0].astype(float)
    return (levels - 128) / 127 * entry["largest"] if signed else levels / 255 * entry["largest"]


@pytest.mark.parametrize("kind", ["digits", *KINDS])
def test_explanations_are_those_of_explain(kind, tmp_path):
    net, X, _ = digits() if kind == "digits" else other(kind)
    n = 1 if kind == "tall" else 3
    found = document_of(net.explore(X[:n], path=tmp_path / "a.html", explain=True).path)
    methods = found["explanations"]["methods"]
    assert list(methods) == list(METHODS)
    label = 0 if kind == "regressor of two" else None
    for name, method in methods.items():
        if kind in ("table", "one pixel") and name == "gradcam":
            assert "no" in method["reason"] or "none" in method["reason"]
            assert found["explanations"]["layer"] is None
            continue
        assert method["reason"] is None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # integrated gradients of a net that has hardly learned
            maps = net.explain(X[:n], name, label)
        for sample, values in zip(found["samples"], maps, strict=True):
            entry = sample["explanation"]["maps"][name]
            shown = decoded(entry, method["signed"]).reshape(values.shape)
            step = entry["largest"] / (127 if method["signed"] else 255)
            np.testing.assert_allclose(shown, values, atol=0.501 * step, rtol=1e-6)
    if kind == "binary":
        targets = [net.classes_[s["explanation"]["target"]] for s in found["samples"]]
        assert targets == net.predict(X[:n]).tolist()


def test_costly_explanations_are_computed_on_request(tmp_path):
    net, X, _ = digits()
    found = document_of(net.explore(X[:2], path=tmp_path / "a.html").path)
    assert list(found["samples"][0]["explanation"]["maps"]) == ["gradcam", "saliency"]
    assert found["explanations"]["layer"] == "batchnorm1"


def test_warnings_of_a_method_stand_on_the_page(tmp_path, monkeypatch):
    net, X, _ = digits()
    monkeypatch.setattr(integrated_gradients, "MAX_ERROR", 0.0)
    found = document_of(net.explore(X[:2], path=tmp_path / "a.html", explain=True).path)
    note = found["explanations"]["methods"]["integrated_gradients"]["note"]
    assert note.startswith("integrated_gradients: for 2 of 2 images the sum over the image differs")
    assert found["explanations"]["methods"]["occlusion"]["note"] is None


def test_maps_are_small(tmp_path):
    """The page of the Keras lab net with 12 images takes less than 5 MB, its maps little of that."""
    X, y = colors(shape=(28, 28, 1))
    net = ConvNetClassifier("keraslab", max_iter=1, random_state=0).fit(X, y)
    page = net.explore(X, path=tmp_path / "a.html", n_max=12, explain=True)
    assert Path(page.path).stat().st_size < 5_000_000
    for sample in document_of(page.path)["samples"]:
        for entry in sample["explanation"]["maps"].values():
            assert len(entry["data"]) < 28 * 28 * 4 / 3 + 200


def test_the_file_is_never_larger_than_promised(tmp_path, monkeypatch):
    """Large float images, many classes, long names and checkpoints: what does not fit is left out."""
    monkeypatch.setattr(limits, "MAX_BYTES", 400_000)
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 60_000)
    rng = np.random.default_rng(0)
    path = tmp_path / "a.html"
    X = rng.random((4, 80, 80, 1)).astype(np.float32)  # 34 kB in base64
    net = ConvNetClassifier([GlobalAvgPool2D()]).initialize(X, [0, 1, 0, 1])
    page = net.explore(X, path=path)
    assert page.n_images == 1 and page.left_out["images"] == 3
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 10_000)
    assert net.explore(X, path=path).n_images == 1  # a single image may take more
    X = rng.random((4, 300, 300, 1)).astype(np.float32)
    net = ConvNetClassifier([GlobalAvgPool2D()]).initialize(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"one image of shape \(300, 300, 1\).* has room for 0.2"):
        net.explore(X, path=path)
    monkeypatch.setattr(limits, "MAX_IMAGE_BYTES", 60_000)
    X = rng.random((1500, 2, 2, 1)).astype(np.float32)
    names = np.array([f"<class> {i % 700}" for i in range(1500)])
    net = ConvNetClassifier([GlobalAvgPool2D(), Dense(8)]).initialize(X, names)
    page = net.explore(X, names, path, checkpoints=[net] * 20)
    size = path.stat().st_size
    assert size <= 400_000
    assert 1 < page.n_images < 24 and page.left_out["images"] == 24 - page.n_images
    assert page.left_out["parameters"] == [] and page.left_out["epochs"]


def test_files_on_several_drives_are_named_with_their_folders(monkeypatch):
    monkeypatch.setattr(explorer, "os", SimpleNamespace(path=ntpath, PathLike=os.PathLike))
    names = ["C:\\me\\cats\\1.jpg", "D:\\dogs\\1.jpg", "C:\\1.jpg"]
    assert explorer._names(names, np.arange(3)) == ["cats\\1.jpg", "dogs\\1.jpg", "1.jpg"]
    assert explorer._names(names[:1], np.arange(1)) == ["1.jpg"]


def test_the_page_knows_how_photographs_were_fitted(tmp_path):
    net, X, _ = digits()
    assert document_of(net.explore(X, path=tmp_path / "a.html").path)["input"]["fit"] is None
    copy = clone(net).fit(X[:50], net.predict(X[:50]))
    copy.image_form_ = {"size": (8, 8), "channels": 1, "fit": "pad"}
    assert document_of(copy.explore(X, path=tmp_path / "a.html").path)["input"]["fit"] == "pad"


def test_the_worst_images_come_first(tmp_path):
    net, X, y = digits()
    path = tmp_path / "a.html"
    found = document_of(net.explore(X[600:900], y[600:900], path, n_max=5, order="worst").path)
    p = net.predict_proba(X[600:900])[np.arange(300), y[600:900]]
    rows = np.argsort(p, kind="stable")[:5]
    assert [s["name"] for s in found["samples"]] == list(map(str, rows))
    np.testing.assert_allclose([s["loss"] for s in found["samples"]], -np.log(p[rows]), rtol=1e-5)
    for sample, row in zip(found["samples"], rows, strict=True):
        assert (read_png(base64.b64decode(sample["data"]))[..., 0] == X[600 + row]).all()
        assert sample["label"] == str(y[600 + row])
    given = document_of(net.explore(X[600:900], y[600:900], path, n_max=5).path)
    assert [s["name"] for s in given["samples"]] == list("01234")
    unknown = document_of(net.explore(X[:3], np.array([1, 77, 3]), path).path)["samples"][1]
    assert unknown["loss"] > 700 and unknown["correct"] is False


@pytest.mark.parametrize("kind", ["regressor", "regressor of two", "multilabel", "binary"])
def test_losses_of_other_nets(kind, tmp_path):
    net, X, y = other(kind)
    page = net.explore(X, y, tmp_path / "a.html", n_max=4, order="worst")
    samples = document_of(page.path)["samples"]
    rows = [int(sample["name"]) for sample in samples]
    if kind == "multilabel":
        expected = np.sum(net.predict(X) != y, axis=1)
        assert [int(s["loss"]) for s in samples] == sorted(expected, reverse=True)[:4]
        return
    if kind == "binary":
        expected = -np.log(net.predict_proba(X)[np.arange(30), y.astype(int)])
    elif kind == "regressor":
        expected = np.abs(net.predict(X) - y)
    else:
        expected = np.linalg.norm((net.predict(X) - y) / net.y_scale_, axis=1)
    assert rows == np.argsort(-expected, kind="stable")[:4].tolist()
    np.testing.assert_allclose([s["loss"] for s in samples], expected[rows], rtol=1e-5)


@pytest.mark.parametrize("kind", ["list", "frame", "lazy"])
def test_the_worst_rows_of_other_containers(kind, tmp_path):
    net, X, y = other("table")
    if kind == "frame":
        pandas = pytest.importorskip("pandas")
        given = pandas.DataFrame(X, index=np.arange(30) + 100)
    elif kind == "list":
        given = X.tolist()
    else:
        given = Reads(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the net was fitted without names
        page = net.explore(given, y, tmp_path / "a.html", n_max=3, order="worst")
    samples = document_of(page.path)["samples"]
    for sample in samples:
        np.testing.assert_array_equal(floats(sample["data"]), X[int(sample["name"])])
    assert samples[0]["loss"] >= samples[1]["loss"] >= samples[2]["loss"]


class Reads:
    """An array-like that is read by rows."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read_rows(self, rows):
        return self.array[rows]


def test_wrong_orders(tmp_path):
    net, X, y = digits()
    with pytest.raises(ValueError, match='order must be "given" or "worst"'):
        net.explore(X, y, tmp_path / "a.html", order="best")
    with pytest.raises(ValueError, match='order="worst" needs y'):
        net.explore(X, path=tmp_path / "a.html", order="worst")


class Copies(Callback):
    """Keeps the file of a Checkpoint, and the estimator, after each epoch."""

    def __init__(self, path):
        self.path, self.paths, self.estimators = path, [], []

    def on_epoch_end(self, run):
        self.paths.append(self.path.with_name(f"epoch{run.epoch}.npz"))
        shutil.copy(self.path, self.paths[-1])
        self.estimators.append(run.fitted())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A net with its checkpoints and estimators after each of three epochs."""
    _, X, y = digits()
    path = tmp_path_factory.mktemp("checkpoints") / "c.npz"
    copies = Copies(path)
    layers = [Conv2D(4, 3, activation="relu"), BatchNorm(), MaxPool2D(2)]
    net = ConvNetClassifier(layers, max_iter=3, random_state=0, early_stopping=False)
    net.set_params(callbacks=[Checkpoint(path), copies])
    return net.fit(X[:300], y[:300]), copies, X, y


def test_checkpoints_are_the_weights_of_their_epochs(trained, tmp_path):
    net, copies, X, _ = trained
    mixed = [copies.paths[2], copies.estimators[0], copies.paths[1]]
    page = net.explore(X, path=tmp_path / "a.html", n_max=1, checkpoints=mixed)
    found = document_of(page.path)
    assert found["epochs"]["names"] == ["epoch 1", "epoch 2", "epoch 3"]
    assert found["epochs"]["encoding"] == "float32"
    for text, estimator in zip(found["epochs"]["weights"], copies.estimators, strict=True):
        for p in found["net"]["parameters"]:
            block = floats(text)[p["offset"] :][: np.prod(p["shape"], dtype=int)]
            assert (block == estimator.weights_[p["name"]].ravel()).all()
    assert found["epochs"]["weights"][2] == found["weights"]


def test_checkpoints_that_do_not_fit(trained, tmp_path, monkeypatch):
    net, copies, X, _ = trained
    path = tmp_path / "a.html"
    whole = document_of(net.explore(X, path=path, checkpoints=copies.paths).path)["epochs"]
    monkeypatch.setattr(epochs, "MAX_EPOCH_BYTES", 3 * len(whole["weights"][0]) - 1)
    found = document_of(net.explore(X, path=path, checkpoints=copies.paths).path)["epochs"]
    assert found["encoding"] == "int16" and len(found["weights"]) == 3
    each = len(found["weights"][0])
    assert each < 0.6 * len(whole["weights"][0])
    monkeypatch.setattr(epochs, "MAX_EPOCH_BYTES", 2 * each)
    page = net.explore(X, path=path, checkpoints=copies.paths)
    assert document_of(page.path)["epochs"]["names"] == ["epoch 1", "epoch 3"]
    assert page.left_out["epochs"] == ["epoch 2"]


def test_integers_are_close_to_the_weights():
    rng = np.random.default_rng(0)
    array = (rng.normal(size=(3, 3, 2, 4)) * [1e-6, 1, 1e6, 0]).astype(np.float32)
    text = epochs._encoded(epochs.EpochWeights("", {"w": array}), ["w"], "int16")
    file = base64.b64decode(text)
    scales, integers = np.frombuffer(file[:16], "<f4"), np.frombuffer(file[16:], "<i2")
    error = np.abs(integers.reshape(array.shape) * scales - array).max(axis=(0, 1, 2))
    assert (error <= np.abs(array).max(axis=(0, 1, 2)) / 65_000).all()


def test_checkpoints_of_other_nets_are_refused(trained, tmp_path):
    net, copies, X, y = trained
    path = tmp_path / "a.html"

    def refused(one, match, error=ValueError):
        with pytest.raises(error, match=match):
            net.explore(X, path=path, checkpoints=one)

    refused(copies.paths[0], "checkpoints must be a list", TypeError)
    refused([3], r"checkpoints\[0\] must be the path", TypeError)
    np.savez(tmp_path / "x.npz", a=1)
    refused([copies.paths[0], tmp_path / "x.npz"], "x.npz.* is not a checkpoint")
    refused([tmp_path / "none.npz"], "none.npz")
    given = clone(net).set_params(callbacks=None, max_iter=1)
    other_layers = [Conv2D(4, 3, activation="tanh"), BatchNorm(), MaxPool2D(2)]
    refused([clone(given).set_params(layers=other_layers).fit(X[:50], y[:50])], "other layers")
    file = tmp_path / "other.npz"
    clone(given).set_params(layers=other_layers, callbacks=[Checkpoint(file)]).fit(X[:50], y[:50])
    refused(
        [file], r"other.npz', was written by a fit with layers=\[Conv2D.*; this net has layers="
    )
    refused([clone(given).fit(X[:50], y[:50] % 5)], r"has output/weights of shape \(36, 5\)")
    refused([clone(given).fit(X[:50], y[:50] + 1)], "has the classes")
    refused([clone(given).fit(X[:50] / 255, y[:50])], "multiplies images by")
    assert not path.exists()

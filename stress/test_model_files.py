"""Hostile and broken files: reading one raises the documented error, or gives a net that predicts.

Covers model files and everything else that convnet reads: skops files, checkpoints, caches of decoded rows, specs.
"""

import io
import json
import random
import sys
import warnings
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from model_files import (
    altered_archive,
    altered_arrays,
    altered_bytes,
    altered_entry,
    altered_header,
    altered_json,
    altered_rows,
    container,
    npy,
)
from run_isolated import assert_small, main, run_isolated
from small_nets import LAYERS, fitted
from states import ARRAYS

import convnet
from convnet import ConvNetClassifier
from convnet.callbacks import Checkpoint
from convnet.graph import Network, Plan
from convnet.layers import as_layers, preset, to_json, to_yaml
from convnet.persistence import model_file

REFUSALS = (ValueError, TypeError)
ENDINGS = "npz", "safetensors"
CHANGES = [name for name in ARRAYS if name != "huge"]  # which no machine could write
LARGE = 2**26  # bytes of maps from which on the test does not predict


class Model:
    """A fitted net, the description and arrays of its file, and the bytes of the file."""

    def __init__(self, name, folder):
        self.net, self.X, _ = fitted(name)
        _, weights = self.net._to_manifest()
        self.expected, self.name, self.folder = _computed(self.net, self.X), name, folder
        self.files = {}
        for ending in ENDINGS:
            self.net.save(folder / f"whole.{ending}")
            self.files[ending] = (folder / f"whole.{ending}").read_bytes()
        with (
            zipfile.ZipFile(io.BytesIO(self.files["npz"])) as archive,
            archive.open("convnet.npy") as file,
        ):
            self.description = json.loads(np.lib.format.read_array(file).tobytes())
        self.arrays = dict(weights)

    def attempt(self, ending, make, draw, same):
        """Return the outcome of reading a file. If `same`, an accepted file must give the same net."""
        try:
            data = make(self, ending, draw)
        except Exception:  # arrays that the format cannot hold
            return "cannot be written"
        path = self.folder / f"altered.{ending}"
        path.write_bytes(data)
        try:
            net = convnet.load(path)
        except convnet.ModelFileError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            return "refused"
        inner = getattr(net, "estimator_", net)
        if sum(info.memory_bytes for info in getattr(inner, "estimator", inner).layers_) > LARGE:
            return "too large to predict"
        try:
            out = _computed(net, self.X)
        except REFUSALS:
            assert not same
            return "refused by predict"
        if same:
            np.testing.assert_array_equal(out, self.expected)
        return "predicts"


def _computed(net, X):
    """Return the outputs, after a check against a network made from the net's own spec and weights."""
    if hasattr(net, "transform"):
        return net.transform(X)
    net.predict(X)
    out, (images, scale), spec = net._outputs(X), net._images(X), net._network_cache
    oracle = Network(spec.layers, spec.input_shape, spec.n_outputs)
    oracle.set_weights(net.weights_)
    np.testing.assert_array_equal(out, oracle.forward(images, scale=scale))
    return out


def _description(model, ending, draw):
    return container(ending, altered_json(model.description, draw), model.arrays)


def _arrays(model, ending, draw):
    arrays = altered_arrays(model.arrays, draw, ARRAYS[draw.choice(CHANGES)])
    digest = model_file._digest_of_arrays(arrays)
    return container(ending, json.dumps(model.description | {"arrays": digest}), arrays)


def _headers(model, ending, draw):
    alter = altered_archive if ending == "npz" else altered_header
    return alter(model.files[ending], draw)


def _bytes(model, ending, draw):
    return altered_bytes(model.files[ending], draw)


MAKERS = {  # the function, its share, whether contents stay where the file is accepted
    "description": (_description, 5, False),
    "arrays": (_arrays, 1, False),
    "headers": (_headers, 2, True),
    "bytes": (_bytes, 2, True),
}


def _models(n, folder):
    models = [Model(name, folder) for name in (*LAYERS, "transformer")]
    kinds = [kind for kind, (_, share, _) in MAKERS.items() for _ in range(share)]
    for i in range(n):
        model, ending = models[i % len(models)], ENDINGS[i // len(models) % 2]
        kind = kinds[i // len(models) // 2 % len(kinds)]
        make, _, same = MAKERS[kind]
        call = partial(model.attempt, ending, make, random.Random(i), same)
        yield f"file {i}: {kind} of {model.name}.{ending}", call


def _skops(n, folder):
    import skops.io

    net, X, _ = fitted("conv")
    data = skops.io.dumps(net)
    trusted = skops.io.get_untrusted_types(data=data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()

    def schema(content, draw):
        return altered_json(json.loads(content), draw).encode()

    def array(content, draw):
        return npy(draw, np.load(io.BytesIO(content)))

    def attempt(draw):
        name = "schema.json" if draw.random() < 0.7 else draw.choice(names)
        change = schema if name == "schema.json" else array
        try:
            found = skops.io.loads(altered_entry(data, name, draw, change), trusted=trusted)
        except Exception:  # skops has errors of many kinds
            return "refused"
        if type(found) is not type(net):
            return "another object"
        try:
            _computed(found, X)
        except (*REFUSALS, AttributeError):  # the latter where a parameter lacks
            return "refused by predict"
        return "predicts"

    for i in range(n):
        yield f"skops {i}", partial(attempt, random.Random(i))


def _checkpoints(n, folder):
    path = folder / "checkpoint.npz"
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (12, 6, 5, 1), dtype=np.uint8), np.resize([0, 1, 2], 12)
    params = {"max_iter": 2, "random_state": 0, "early_stopping": True, "validation_fraction": 0.4}
    clf = ConvNetClassifier(LAYERS["conv"], **params, callbacks=[Checkpoint(path)])
    clf.set_params(max_iter=1).fit(X, y)
    data = path.read_bytes()
    clf.set_params(max_iter=2)

    def numbers(content, draw):
        with io.BytesIO(content) as file:
            found = json.loads(np.lib.format.read_array(file).tobytes())
        file = io.BytesIO()
        same = (
            {key: found.pop(key) for key in ("fingerprint", "format")}
            if draw.random() < 0.9
            else {}
        )
        text = altered_json(found, draw)
        text = json.dumps(same)[:-1] + ", " + text.lstrip("{") if same else text
        np.save(file, np.frombuffer(text.encode(), np.uint8))
        return file.getvalue()

    def attempt(draw):
        how = draw.random()
        if how < 0.6:
            changed = altered_entry(data, "numbers.json.npy", draw, numbers)
        else:
            changed = (altered_archive if how < 0.85 else altered_bytes)(data, draw)
        path.write_bytes(changed)
        try:
            clf.fit(X, y)
        except ValueError as error:
            assert "Checkpoint" in str(error) or "resume" in str(error) or "finite" in str(error), (
                error
            )
            return "refused"
        _computed(clf, X)
        return "goes on"

    for i in range(n):
        yield f"checkpoint {i}", partial(attempt, random.Random(i))


def _caches(n, folder):
    from photographs import write_photographs

    from convnet.data import ImageFolder

    write_photographs(folder / "photographs", 2)
    options = {"size": 6, "cache_dir": folder / "cache"}
    expected = np.asarray(ImageFolder(folder / "photographs", **options))
    (path,) = (folder / "cache").iterdir()
    data = path.read_bytes()

    def attempt(draw):
        whole = draw.random() < 0.7
        path.write_bytes(
            altered_rows(data, len(expected), draw) if whole else altered_bytes(data, draw)
        )
        rows = np.asarray(ImageFolder(folder / "photographs", **options))
        np.testing.assert_array_equal(rows, expected)
        return "the same rows"

    for i in range(n):
        yield f"cache {i}", partial(attempt, random.Random(i))


def _specs(n, folder):
    whole = [
        (layers, (16, 2) if name == "signal" else (8, 6, 2)) for name, layers in LAYERS.items()
    ]
    whole += [(as_layers(name), (64, 64, 3)) for name in preset.names()]

    def attempt(draw):
        ending, (layers, shape) = draw.choice(("json", "yaml")), draw.choice(whole)
        text = (to_json if ending == "json" else to_yaml)(layers)
        if ending == "json" and draw.random() < 0.7:
            data = altered_json(json.loads(text), draw).encode()
        else:
            data = altered_bytes(text.encode(), draw)
        path = folder / f"spec.{ending}"
        path.write_bytes(data)
        try:
            Plan(as_layers(path), shape, 3)
        except REFUSALS:
            return "refused"
        return "layers"

    for i in range(n):
        yield f"spec {i}", partial(attempt, random.Random(i))


TRIALS = {
    "models": (_models, 5200, 15000),
    "skops": (_skops, 100, 500),
    "checkpoints": (_checkpoints, 150, 1000),
    "caches": (_caches, 80, 300),
    "specs": (_specs, 200, 1000),
}


def _lists():
    """Return a description with as many lists as the text limit allows."""
    text = f'{{"format": 1, "x": [{"[]," * (model_file.MAX_CHARACTERS // 3 - 20)}[]]}}'
    return container("npz", text, {}), "npz"


def _parts():
    """Return a description with as many objects as allowed, and numbers up to the text limit."""
    parts = "{}," * (model_file.MAX_CONTAINERS - 10)
    figures = "1.5," * ((model_file.MAX_CHARACTERS - len(parts)) // 4 - 20)
    return container("npz", f'{{"format": 1, "x": [{parts}{figures}1]}}', {}), "npz"


def _texts():
    """Return a description with as many texts as the text limit allows."""
    texts = '"ab",' * (model_file.MAX_CHARACTERS // 5 - 20)
    return container("safetensors", f'{{"format": 1, "x": [{texts}"ab"]}}', {}), "safetensors"


def _entries():
    """Return an archive of very many entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(50_000):
            archive.writestr(f"{i}", b"")
    return file.getvalue(), "npz"


def _deflated():
    """Return a small archive that decompresses to much data."""
    file = io.BytesIO()
    np.savez_compressed(file, convnet=np.zeros(2**29, np.uint8))
    return file.getvalue(), "npz"


BOMBS = {
    "lists": _lists,
    "parts": _parts,
    "texts": _texts,
    "entries": _entries,
    "deflated": _deflated,
}


def _bomb(path):
    with pytest.raises(convnet.ModelFileError):
        convnet.load(path)
    return "refused"


@pytest.mark.parametrize("kind", BOMBS)
def test_files_that_grow(kind, tmp_path, figure):
    data, ending = BOMBS[kind]()
    path = tmp_path / f"bomb.{ending}"
    path.write_bytes(data)
    report = run_isolated(__file__, tmp_path, "bomb", path)
    assert_small(report, f"a file of {kind}", figure)


@pytest.mark.parametrize("kind", TRIALS)
def test_files(kind, tmp_path, amount, figure):
    n = amount(*TRIALS[kind][1:])
    if kind == "skops":
        pytest.importorskip("skops")
    report = run_isolated(__file__, tmp_path, kind, n)
    assert report["tried"] == n
    if kind != "caches":
        assert n / 4 < report["counts"]["refused"] < n
    asked = "0 of 5,000" if kind == "models" else "0"
    figure(
        f"hostile files, {kind}: crashes, hangs, wrong numbers or other errors",
        seen=f"0 of {n}",
        asked=asked,
    )
    assert_small(report, f"hostile files, {kind}", figure)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    if kind == "bomb":
        path = Path(sys.argv[3])
        main([(path.name, partial(_bomb, path))], folder, path.stat().st_size)
    else:
        main(TRIALS[kind][0](int(sys.argv[3]), folder), folder, 50_000)

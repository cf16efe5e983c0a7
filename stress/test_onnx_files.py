"""Hostile ONNX models: one error, or a net. Nothing outside the model's folder is read, and memory has a bound."""

import os
import random
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from model_files import altered_bytes
from run_isolated import assert_small, main, run_isolated

onnx = pytest.importorskip("onnx", reason="pip install onnx, as .ci/run does")

import onnx_files  # noqa: E402

import convnet  # noqa: E402

MAX_PREDICTED = (
    2**22
)  # bytes of the maps of a sample; larger nets are valid, but take longer than a trial should


def attempt(folder, model, content, draw):
    """Return the outcome of importing an altered model, and of a prediction."""
    changed = altered_bytes(content, draw) if draw.random() < 0.3 else None
    if changed is None:
        changed = onnx_files.altered(model, draw).SerializeToString()
    path = folder / "model.onnx"
    path.write_bytes(changed)
    try:
        net = convnet.from_onnx(path)
    except ValueError as error:
        message = str(error)
        assert message.startswith("from_onnx") and "\n" not in message and len(message) <= 1500
        return "refused"
    net = getattr(net, "estimator_", net)
    assert all(np.isfinite(array).all() for array in net.weights_.values())
    if sum(info.memory_bytes for info in net.layers_) > MAX_PREDICTED:
        return "imported"
    X = np.ones((2, *net.input_shape_), np.float32)
    try:
        net.predict(X)
    except ValueError:  # weights so large that the outputs overflow; uint8 in the fit
        return "imported"
    return "predicts"


def trials(names, n, folder):
    made = onnx_files.models()
    (folder.parent / "outside.bin").write_bytes(bytes(10_000))
    (folder / "data.bin").write_bytes(bytes(10_000))
    if not (folder / "linked.bin").is_symlink():
        os.symlink(folder.parent / "outside.bin", folder / "linked.bin")
    files = {name: made[name].SerializeToString() for name in names}
    for name in names:  # imports, before the first trial
        convnet.from_onnx(files[name])
    for i in range(n):
        name = names[i % len(names)]
        call = partial(attempt, folder, made[name], files[name], random.Random(i))
        yield f"file {i}: {name}", call


@pytest.mark.parametrize("names", ["branches shapes own"])
def test_files(names, tmp_path, amount, figure):
    n = amount(600, 20_000)
    folder = tmp_path / "models"
    folder.mkdir()
    report = run_isolated(__file__, folder, n, *names.split())
    assert report["tried"] == n
    assert n / 10 < report["counts"]["refused"] < n
    assert report["counts"]["predicts"] > n / 100  # harmless changes
    figure("hostile ONNX models: failures", seen=f"0 of {n}", asked="0 of 20,000")
    assert_small(report, "hostile ONNX models", figure)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    folder, n, *names = sys.argv[1:]
    main(trials(names, int(n), Path(folder)), folder, 1_000_000)

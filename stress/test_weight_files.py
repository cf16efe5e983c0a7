"""Hostile files of weights of other libraries: one error, or arrays that lie in the file. Nothing of them is run."""

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
from weight_files import ARRAYS, ENDINGS, PICKLED, altered_entry_header, altered_pickle, whole

import convnet
from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, GlobalAvgPool2D, PReLU
from convnet.persistence.weight_files.reading import read_weights

LAYERS = [Conv2D(4, 3), BatchNorm(), PReLU(), GlobalAvgPool2D()]


def attempt(form, folder, data, draw):
    """Return the outcome of reading an altered file, and of a net that starts from it."""
    if form in PICKLED and draw.random() < 0.7:
        changed = altered_pickle(form, draw)
    elif form in ("safetensors", "npz") and draw.random() < 0.5:
        changed = altered_entry_header(data, draw)
    else:
        changed = altered_bytes(data, draw)
    path = folder / f"w.{ENDINGS[form]}"
    path.write_bytes(changed)
    try:
        arrays = read_weights(str(path)).arrays
    except convnet.ModelFileError as error:
        assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 800
        return "refused"
    finally:
        assert not (folder / "ran").exists()
    assert all(array.size * array.itemsize <= 16 * len(changed) for array in arrays.values())
    sum(float(np.sum(array)) for array in arrays.values() if array.dtype.kind != "b")
    X, y = np.zeros((6, 5, 5, 2), np.float32), np.arange(6) % 3
    try:
        clf = ConvNetClassifier(LAYERS, init_weights=path).initialize(X, y)
        assert np.isfinite(clf.predict_proba(X)).all()
    except (ValueError, TypeError):  # among them: weights so large that the outputs overflow
        return "refused by the net"
    return "predicts"


def trials(forms, n, folder):
    files = {form: whole(form) for form in forms}
    for form in forms:  # imports, before the first trial
        path = folder / f"w.{ENDINGS[form]}"
        path.write_bytes(files[form])
        assert len(read_weights(str(path)).arrays) == len(ARRAYS)
    for i in range(n):
        form = forms[i % len(forms)]
        yield f"file {i}: {form}", partial(attempt, form, folder, files[form], random.Random(i))


@pytest.mark.parametrize("forms", ["archive sequence python2", "safetensors npz", "h5"])
def test_files(forms, tmp_path, amount, figure):
    """HDF5's own library parses .h5 files, so a crash there is not one of convnet; see SECURITY.md."""
    n = amount(400, 5000)
    report = run_isolated(__file__, tmp_path, n, *forms.split())
    assert report["tried"] == n
    assert n / 10 < report["counts"]["refused"] < n
    assert report["counts"]["predicts"] > n / 100  # harmless changes: the files reach the net
    figure(f"hostile files of weights, {forms}: failures", seen=f"0 of {n}", asked="0 of 5,000")
    assert_small(report, f"hostile files of weights, {forms}", figure)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    folder, n, *forms = sys.argv[1:]
    os.chdir(folder)  # where a command in a pickle would leave its files
    main(trials(forms, int(n), Path(folder)), folder, 50_000)

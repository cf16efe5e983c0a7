"""convnet explore."""

import json
import webbrowser

import numpy as np
import pytest
from explorer_pages import document_of, limit_weights

from convnet import ConvNetClassifier, ConvNetRegressor, cli, load as load_classifier
from convnet.callbacks import Checkpoint
from convnet.layers import Conv2D


@pytest.fixture
def model(arrays):
    """model.npz, a small net, and digits.npz."""
    X, y = arrays
    clf = ConvNetClassifier([Conv2D(3, 3)], max_iter=1, random_state=0).fit(X, y)
    clf.save("model.npz")
    return clf


def test_arrays(model, arrays, folder, capsys):
    _, y = arrays
    assert cli.main(["explore", "model.npz", "digits.npz", "--images", "10"]) == 0
    assert capsys.readouterr().out == "explore.html: 10 images\n"
    found = document_of("explore.html")
    assert found["title"] == "model.npz"
    rows = [int(sample["name"]) for sample in found["samples"]]
    assert sorted(y[rows]) == list(range(10))  # one of each class
    assert [sample["label"] for sample in found["samples"]] == [str(label) for label in y[rows]]


def test_arrays_without_labels(model, arrays, folder, capsys):
    np.savez("x.npz", X=arrays[0][:50])
    argv = ["explore", "model.npz", "x.npz", "-o", "seen.html", "--title", "Seen", "--json"]
    assert cli.main(argv) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["page"] == "seen.html" and result["images"] == 24
    assert result["left_out"] == {"images": 0, "parameters": [], "epochs": []}
    found = document_of("seen.html")
    assert found["title"] == "Seen" and found["samples"][0]["label"] is None


def test_the_browser_is_opened(model, folder, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert cli.main(["explore", "model.npz", "digits.npz", "--quiet"]) == 0
    assert opened == []
    assert cli.main(["explore", "model.npz", "digits.npz", "--quiet", "--force", "--open"]) == 0
    assert opened == [(folder / "explore.html").as_uri()]


def test_photographs(pets, folder, capsys):
    """The label of a photograph is the name of its folder."""
    classes = sorted(path.name for path in (folder / "others").iterdir())
    assert cli.main(["explore", "pets.npz", "others", "--images", "6"]) == 0
    assert capsys.readouterr().out == "explore.html: 6 images\n"
    samples = document_of("explore.html")["samples"]
    assert [sample["label"] for sample in samples] == [classes[0]] * 3 + [classes[1]] * 3
    assert all(sample["name"].startswith(f"{sample['label']}/") for sample in samples)
    (folder / "others" / classes[0]).rename(folder / "others" / "unknown")
    assert cli.main(["explore", "pets.npz", "others", "--force"]) == 0
    samples = document_of("explore.html")["samples"]  # some folders are classes, others are not
    assert [sample["label"] for sample in samples] == [classes[1]] * 5 + [None] * 5
    assert [sample["correct"] is None for sample in samples] == [False] * 5 + [True] * 5
    (folder / "others" / classes[1]).rename(folder / "others" / "strange")
    assert cli.main(["explore", "pets.npz", "others", "--force"]) == 0
    samples = document_of("explore.html")["samples"]
    assert len(samples) == 10 and {sample["label"] for sample in samples} == {None}


@pytest.mark.parametrize("fit", [None, "pad"])
def test_the_page_fits_photographs_as_the_training_did(pets, folder, fit):
    options = [] if fit is None else ["--fit", fit]
    assert cli.main(["explore", "pets.npz", "others", *options, "--quiet"]) == 0
    expected = load_classifier("pets.npz").image_form_["fit"] if fit is None else fit
    assert document_of("explore.html")["input"]["fit"] == expected


def test_the_worst_images(model, arrays, folder, failed, capsys):
    """They are chosen among all images; those without a label are not shown first."""
    X, y = arrays
    assert (
        cli.main(["explore", "model.npz", "digits.npz", "--images", "4", "--order", "worst"]) == 0
    )
    samples = document_of("explore.html")["samples"]
    p = model.predict_proba(X)[np.arange(len(y)), y]
    assert [int(sample["name"]) for sample in samples] == np.argsort(p, kind="stable")[:4].tolist()
    np.testing.assert_allclose([s["loss"] for s in samples], -np.log(np.sort(p)[:4]), rtol=1e-5)
    np.savez("x.npz", X=X[:5])
    assert "--order worst needs labels" in failed(
        *("explore", "model.npz", "x.npz", "--order", "worst", "--force")
    )


def test_checkpoints(arrays, folder, failed):
    X, y = arrays
    clf = ConvNetClassifier(
        [Conv2D(3, 3)], max_iter=2, random_state=0, callbacks=[Checkpoint("c.npz")]
    )
    clf.fit(X, y).set_params(callbacks=None).save("model.npz")
    options = ("explore", "model.npz", "digits.npz", "--checkpoint")
    assert cli.main([*options, "c.npz", "--quiet"]) == 0
    assert document_of("explore.html")["epochs"]["names"] == ["epoch 2"]
    message = failed(*options, "digits.npz", "--force")
    assert "--checkpoint: " in message and "is not a checkpoint" in message


def test_a_file_that_cannot_be_read(pets, folder, capsys):
    good = next((folder / "others").rglob("*.*"))
    (folder / "bad.jpg").write_bytes(b"no image")
    assert cli.main(["explore", "pets.npz", str(good), "bad.jpg"]) == 3
    assert "bad.jpg" in capsys.readouterr().err
    assert len(document_of("explore.html")["samples"]) == 1
    assert cli.main(["explore", "pets.npz", "bad.jpg", "--force"]) == 2


def test_what_does_not_fit_is_named(model, arrays, folder, capsys, monkeypatch):
    net, X = model, arrays[0]
    limit_weights(monkeypatch, net, X, folder / "a.html", 1)
    assert cli.main(["explore", "model.npz", "digits.npz"]) == 0
    out = capsys.readouterr().out
    assert "too large for the page: " in out and "more images and the weights " in out
    assert "output/weights" in out


def test_a_regressor(arrays, folder):
    X, y = arrays
    ConvNetRegressor([Conv2D(2, 3)], max_iter=1).fit(X, y.astype(float)).save("r.npz")
    np.savez("r_data.npz", X=X, y=y.astype(float))
    assert cli.main(["explore", "r.npz", "r_data.npz", "--quiet"]) == 0
    assert document_of("explore.html")["final"]["function"] == "identity"


def test_wrong_options(model, folder, failed):
    (folder / "explore.html").touch()
    assert "explore.html exists already" in failed("explore", "model.npz", "digits.npz")
    assert "Pass it alone" in failed("explore", "model.npz", "digits.npz", "a.jpg", "--force")
    assert "--fit" in failed("explore", "model.npz", "digits.npz", "--fit", "pad", "--force")
    assert "cannot write it" in failed("explore", "model.npz", "digits.npz", "-o", "model.npz")


@pytest.mark.parametrize("asked", [False, True])
def test_explanations_on_request(asked, model, folder):
    argv = ["explore", "model.npz", "digits.npz", "--quiet", "--images", "2"]
    assert cli.main([*argv, *["--explain"] * asked]) == 0
    maps = document_of("explore.html")["samples"][1]["explanation"]["maps"]
    assert ("occlusion" in maps) == ("integrated_gradients" in maps) == asked

"""convnet inspect."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from convnet import ConvNetClassifier, ConvNetRegressor, cli, inspection
from convnet._extras import install_command
from convnet.augment import RandomFlip
from convnet.layers import Conv1D, Conv2D, Dense, MaxPool2D, Residual

LAYERS = [
    Conv2D(3, 3, activation="relu"),
    Residual([Conv2D(3, 3, padding="same")]),
    MaxPool2D(2),
]
GENERAL = ["history", "architecture", "filters_conv1", "filters_residual1-conv1", "patches"]
NO_AUGMENT = "no augment: the model was trained without augmentation."


@pytest.fixture
def model(arrays):
    """model.npz, a net of two convolutions, and digits.npz."""
    X, y = arrays
    clf = ConvNetClassifier(LAYERS, max_iter=1, random_state=0).fit(X, y)
    clf.save("model.npz")
    return clf


def pictures(folder):
    return sorted(path.stem for path in folder.iterdir())


@pytest.mark.slow
def test_all_pictures(model, folder, capsys):
    before = plt.get_fignums()
    assert cli.main(["inspect", "model.npz", "digits.npz", "--out", "seen", "--images", "2"]) == 0
    names = [*GENERAL, "feature_maps_0", "feature_maps_1", "explanations", "mistakes", "confusion"]
    lines = [f"seen/{name}.png" for name in names]
    assert capsys.readouterr().out.splitlines() == [lines[0], NO_AUGMENT, *lines[1:]]
    assert pictures(folder / "seen") == sorted(names)
    for path in (folder / "seen").iterdir():
        with Image.open(path) as image:
            assert image.format == "PNG" and min(image.size) > 50
    assert plt.get_fignums() == before


@pytest.mark.slow
def test_rows_and_methods(model, arrays, folder, monkeypatch):
    X, y = arrays
    drawn = {}
    for name in (
        "MaximalPatchesDisplay",
        "FeatureMapDisplay",
        "ExplanationDisplay",
        "ConfusionDisplay",
        "MistakesDisplay",
    ):
        display = getattr(inspection, name)

        def spy(*args, _name=name, _original=display.from_estimator, **kwargs):
            drawn[_name] = _original(*args, **kwargs)
            return drawn[_name]

        monkeypatch.setattr(display, "from_estimator", spy)
    options = ["--rows", "7,3", "--method", "occlusion,saliency", "--mistakes", "5"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) == 0
    found = drawn["ExplanationDisplay"]
    assert list(found.maps) == ["occlusion", "saliency"]
    np.testing.assert_array_equal(found.maps["occlusion"], model.explain(X[[7, 3]], "occlusion"))
    assert [title.split()[0] for title in found.titles] == [str(label) for label in y[[7, 3]]]
    assert {"feature_maps_7", "feature_maps_3"} <= set(pictures(folder / "pictures"))
    last = drawn["FeatureMapDisplay"].maps["conv1"]
    np.testing.assert_array_equal(last, model.feature_maps(X[[3]], "conv1")[0])
    expected = model.explain_confusion(X, y, "occlusion").maps
    np.testing.assert_array_equal(drawn["ConfusionDisplay"].maps, expected)
    assert len(drawn["MistakesDisplay"].rows) == 5
    patches = drawn["MaximalPatchesDisplay"]
    assert patches.layer == "pool1"
    top = model.maximal_patches(X, "pool1")
    assert patches.activations[0, 0] == top.activations.max()


def test_a_net_without_maps(arrays, folder, capsys):
    X, y = arrays
    ConvNetClassifier([Dense(3)], max_iter=1).fit(X, y).save("model.npz")
    options = ["--only", "explanations", "--images", "1"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) == 0
    options = ["--only", "patches"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) != 0
    assert "the model has no layer that returns maps." in capsys.readouterr().err


def test_augmented_images(arrays, folder, monkeypatch):
    X, y = arrays
    net = ConvNetClassifier(LAYERS, augment=[RandomFlip()], max_iter=1, random_state=0).fit(X, y)
    net.save("model.npz")
    drawn, original = [], inspection.AugmentDisplay.from_estimator

    def spy(*args, **kwargs):
        drawn.append(original(*args, **kwargs))
        return drawn[-1]

    monkeypatch.setattr(inspection.AugmentDisplay, "from_estimator", spy)
    options = ["--only", "augment", "--rows", "7,3,5,1,2"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) == 0
    expected = inspection.AugmentDisplay.from_estimator(net, X[[7, 3, 5, 1, 2]], n=5)
    np.testing.assert_array_equal(drawn[0].copies, expected.copies)
    assert drawn[0].axes_.shape == (5, 6) and pictures(folder / "pictures") == ["augment"]


def test_images_come_from_all_classes(pets, capsys):
    options = ["--only", "feature_maps", "--json", "--quiet"]
    assert cli.main(["inspect", "pets.npz", "others", *options]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [0, 1, 5, 6]  # 5 images of a class
    assert cli.main(["inspect", "pets.npz", "others", *options, "--images", "3", "--force"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [0, 1, 5]


def test_each_of_ten_classes_is_shown(model, arrays, capsys):
    X, y = arrays
    order = np.argsort(y, kind="stable")
    np.savez("sorted.npz", X=X[order], y=y[order])
    options = ["--only", "feature_maps", "--json", "--quiet"]
    assert cli.main(["inspect", "model.npz", "sorted.npz", *options]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert y[order][rows].tolist() == list(range(10))


def test_without_labels_images_come_from_everywhere(model, arrays, capsys):
    np.savez("new.npz", X=arrays[0])
    options = ["--only", "feature_maps", "--json", "--quiet"]
    assert cli.main(["inspect", "model.npz", "new.npz", *options]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [0, 99, 199, 299]


def test_images_are_large_enough(pets):
    """An image takes 200 pixels or more."""
    argv = [
        "inspect",
        "pets.npz",
        "others",
        "--only",
        "explanations,mistakes",
        "--method",
        "saliency",
    ]
    assert cli.main([*argv, "--images", "2"]) == 0
    with Image.open("pictures/explanations.png") as image:
        assert image.size[0] >= 2 * 200 and image.size[1] >= 2 * 200


def test_only_some(model, folder, capsys):
    options = ["--only", "mistakes,history"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) == 0
    assert pictures(folder / "pictures") == ["history", "mistakes"]


def test_files_are_replaced_with_force_alone_and_others_left(model, folder, failed):
    (folder / "pictures").mkdir()
    (folder / "pictures" / "history.png").write_text("old")
    (folder / "pictures" / "mine.txt").write_text("mine")
    assert "--out: pictures/history.png exists already. Pass --force to replace it" in failed(
        "inspect", "model.npz", "digits.npz"
    )
    assert pictures(folder / "pictures") == ["history", "mine"]
    assert cli.main(["inspect", "model.npz", "digits.npz", "--only", "history", "--force"]) == 0
    assert (folder / "pictures" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert pictures(folder / "pictures") == ["history", "mine"]


def test_without_labels(model, arrays, folder, capsys, failed):
    np.savez("new.npz", X_test=arrays[0][:3])
    assert cli.main(["inspect", "model.npz", "new.npz", "--images", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["no mistakes: new.npz has no y.", "no confusion: new.npz has no y."]
    assert "pictures/feature_maps_2.png" in lines and "pictures/feature_maps_3.png" not in lines
    text = failed("inspect", "model.npz", "new.npz", "--only", "confusion")
    assert "there is no picture of confusion: new.npz has no y." in text


@pytest.mark.slow
def test_flat_rows_signals_and_numbers(arrays, folder, capsys):
    X, y = arrays
    flat = X.reshape(len(X), -1)
    nets = {
        "flat": (ConvNetClassifier([Dense(3)], max_iter=1), flat, y),
        "signal": (ConvNetClassifier([Conv1D(2, 3)], max_iter=1), X.astype(np.float32) / 255, y),
        "number": (ConvNetRegressor(LAYERS, max_iter=1), X, y * 0.5),
    }
    for name, (net, X_net, y_net) in nets.items():
        net.fit(X_net, y_net).save("model.npz")
        np.savez("own.npz", X=X_net, y=y_net)
        options = ["--out", name, "--images", "1", "--method", "gradcam"]
        assert cli.main(["inspect", "model.npz", "own.npz", *options]) == 0
    out = capsys.readouterr().out
    assert pictures(folder / "flat") == ["architecture", "feature_maps_0", "history"]
    assert "no filters: the model has no convolution." in out
    assert "no patches: the model takes rows of shape (64,), not images." in out
    assert "no explanations: the model takes rows of shape (64,), not images." in out
    assert "filters_conv1" in pictures(folder / "signal")
    assert {"explanations", "mistakes"} < set(pictures(folder / "number"))
    assert "no confusion: the model is a ConvNetRegressor, which has no classes." in out


def test_bad_input(model, arrays, folder, failed, monkeypatch):
    X, y = arrays
    np.savez("fewer.npz", X=X, y=y[:9])
    np.savez("small.npz", X=X[:, :5], y=y)
    np.savez("nothing.npz", X=X[:0], y=y[:0])
    for arguments, text in [
        (["none.npz", "digits.npz"], "there is no file none.npz"),
        (["digits.npz", "digits.npz"], "is not a model that this convnet can read"),
        (["model.npz", "none.npz"], "there is no file or folder none.npz"),
        (["model.npz", "model.npz"], "has no X; it has"),
        (["model.npz", "fewer.npz"], "X has 300 rows and y has shape (9,). Make them equal."),
        (["model.npz", "small.npz"], "X has shape (n, 5, 8); expected (n, 8, 8, 1)"),
        (["model.npz", "nothing.npz"], "X has shape (0, 8, 8)"),
        (["model.npz", "digits.npz", "--rows", "0,300"], "has rows 0 to 299; got 300"),
        (["model.npz", "digits.npz", "--out", "model.npz"], "is a file. Pass a folder."),
        (["model.npz", "digits.npz", "--out", "model.npz/a"], "cannot make the folder"),
    ]:
        assert text in failed("inspect", *arguments)
        assert not (folder / "pictures").exists()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert install_command("plot") in failed("inspect", "model.npz", "digits.npz")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--images", "0"], "must be a whole number, 1 or more; got 0"),
        (["--rows", "1,b"], "must be numbers such as 0,3,5; got '1,b'"),
        (["--method", "lime"], "'lime' is unknown; choose from gradcam, saliency"),
        (["--only", "history,cats"], "'cats' is unknown; choose from history"),
    ],
)
def test_bad_options(capsys, options, text):
    with pytest.raises(SystemExit) as caught:
        cli.main(["inspect", "model.npz", "digits.npz", *options])
    assert caught.value.code == 2 and text in capsys.readouterr().err


def test_the_digits_that_come_with_scikit_learn(folder):
    assert cli.main(["train", "digits", "--epochs", "1", "--layers", "[]"]) == 0
    assert cli.main(["inspect", "model.npz", "digits", "--only", "mistakes"]) == 0
    assert pictures(folder / "pictures") == ["mistakes"]


def test_photographs(pets, capsys, failed):
    argv = ["inspect", "pets.npz", "others", "--only", "mistakes,explanations", "--rows", "1,8"]
    assert cli.main([*argv, "--method", "saliency", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pictures"] == ["pictures/mistakes.png", "pictures/explanations.png"]
    assert found["skipped"] == []
    Path("others/day").rename("others/eel")
    assert "the class eel, which pets.npz does not know" in failed(*argv, "--force")


def test_ctrl_c_says_what_was_written(model, folder, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(inspection.FilterDisplay, "from_estimator", interrupt)
    options = ["--only", "history,filters"]
    assert cli.main(["inspect", "model.npz", "digits.npz", *options]) == 130
    assert "interrupted; 1 picture was written to pictures" in capsys.readouterr().err

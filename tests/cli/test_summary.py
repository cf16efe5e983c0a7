"""convnet summary."""

import json

import pytest

from convnet import ConvNetClassifier, ConvNetRegressor, cli
from convnet.layers import Conv1D, Conv2D, to_json


def test_a_model(arrays, capsys):
    clf = ConvNetClassifier([Conv2D(3, 3)], max_iter=1).fit(*arrays)
    clf.save("net.npz")
    ConvNetRegressor([], max_iter=1).fit(*arrays).save("numbers.npz")
    assert cli.main(["summary", "net.npz"]) == 0
    assert capsys.readouterr().out == f"{clf.summary()}\n"
    assert cli.main(["summary", "numbers.npz", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 65


def test_a_preset_with_and_without_its_output(capsys):
    assert cli.main(["summary", "walkthrough", "--input", "28x28x1", "--classes", "10"]) == 0
    assert "1,138" in capsys.readouterr().out
    assert cli.main(["summary", "walkthrough", "--input", "28x28"]) == 0
    out = capsys.readouterr().out
    assert "1,138" not in out and "The output layer is not counted" in out


def test_json(capsys):
    options = ["--input", "28x28x1", "--classes", "10", "--json"]
    assert cli.main(["summary", "walkthrough", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["parameters"], found["multiply_adds"]) == (1138, 28_800 + 7_200 + 1_000)
    assert found["input_shape"] == [28, 28, 1]
    assert [layer["type"] for layer in found["layers"]][:2] == ["Conv2D", "MaxPool2D"]
    assert found["layers"][0]["output_shape"] == [24, 24, 2]
    assert found["layers"][0]["parameters"] == 52
    assert cli.main(["summary", "resnet-small", "--input", "32x32x3", "--json"]) == 0
    blocks = json.loads(capsys.readouterr().out)["layers"]
    assert any(inner["type"] == "Conv2D" for inner in blocks[3]["layers"])


def test_files_signals_and_tables(folder, capsys):
    (folder / "spec.json").write_text(to_json([Conv1D(4, 3)]))
    assert cli.main(["summary", "spec.json", "--input", "100x2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input_shape"] == [100, 2] and found["layers"][0]["output_shape"] == [98, 4]
    assert cli.main(["summary", "auto", "--input", "20", "--classes", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input_shape"] == [20] and found["layers"][-1]["output_shape"] == [3]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["none.npz"], "there is no file none.npz. Train a model first: convnet train"),
        (["lenet"], "a spec needs the shape of an image. Pass --input, as in 150x150x3."),
        (["lenet", "--input", "9x9"], "layers"),
        (["lenent", "--input", "28x28"], "Did you mean 'lenet'?"),
        (["net.npz", "--input", "28x28"], "--input is for specs; the model net.npz has its own"),
        (["lenet", "--input", "28x28", "--classes", "1"], "--classes must be 2 or more; got 1."),
    ],
)
def test_bad_input(folder, failed, argv, text):
    assert text in failed("summary", *argv)

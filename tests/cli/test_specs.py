"""convnet specs."""

import json
from dataclasses import asdict

from convnet import cli
from convnet.layers import as_layers, presets


def test_list(capsys):
    assert cli.main(["specs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "input", "parameters", "multiply-adds", "net"]
    assert len(lines) == 1 + len(presets())
    for line, (name, preset) in zip(lines[1:], presets().items(), strict=True):
        assert line.split()[0] == name and line.endswith(f"  {preset.description}")
        assert line.split()[2:4] == [f"{preset.n_parameters:,}", f"{preset.multiply_adds:,}"]


def test_one_is_printed_as_a_spec_of_ones_own(capsys):
    for name in presets():
        assert cli.main(["specs", name]) == 0
        assert as_layers(capsys.readouterr().out) == as_layers(name)


def test_json(capsys):
    assert cli.main(["specs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "command": "specs",
        "specs": {
            name: asdict(preset) | {"input_shape": list(preset.input_shape)}
            for name, preset in presets().items()
        },
    }
    assert cli.main(["specs", "lenet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert as_layers(found["layers"]) == as_layers("lenet") and found["name"] == "lenet"


def test_no_such_spec(failed):
    text = failed("specs", "lenent")
    assert "there is no spec 'lenent'. Did you mean 'lenet'? There are catdog, densenet121" in text

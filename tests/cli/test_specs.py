"""convnet specs."""

import json

from convnet import cli
from convnet.layers import as_layers, presets


def test_list(capsys):
    assert cli.main(["specs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(presets())
    for line, (name, text) in zip(lines, presets().items(), strict=True):
        assert line.split("  ")[0] == name and line.endswith(text)


def test_one_is_printed_as_a_spec_of_ones_own(capsys):
    for name in presets():
        assert cli.main(["specs", name]) == 0
        assert as_layers(capsys.readouterr().out) == as_layers(name)


def test_json(capsys):
    assert cli.main(["specs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"command": "specs", "specs": presets()}
    assert cli.main(["specs", "lenet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert as_layers(found["layers"]) == as_layers("lenet") and found["name"] == "lenet"


def test_no_such_spec(failed):
    text = failed("specs", "lenent")
    assert "there is no spec 'lenent'. Did you mean 'lenet'? There are catdog, keraslab" in text

"""What all commands share."""

import pytest

from convnet import cli


def test_usage(capsys):
    for argv in ([], ["fly"], ["train"], ["train", "digits", "--epochs", "many"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(argv)
        assert caught.value.code == 2


@pytest.mark.parametrize("argv", [["-h"], ["train", "-h"], ["predict", "-h"], ["inspect", "-h"]])
def test_help(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "convnet train digits" in out
    assert ("runs the code in it" in out) == (argv[0] in ("predict", "inspect"))

"""The commands in docs/command_line.md run, and it names what there is."""

import os
import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from photographs import SMALL, write_photographs
from PIL import Image

from convnet import cli

PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make what the page assumes: pets, photos with a table, birds, photo.jpg."""
    monkeypatch.chdir(tmp_path)
    write_photographs("pets/train", 5, kinds=("cat", "dog"))
    write_photographs("pets/test", 5, seed=1, kinds=("cat", "dog"))
    write_photographs("birds", 4, seed=2, kinds=("owl", "swan"))
    os.mkdir("photos")
    for i in range(1, 5):
        shutil.copy(f"pets/train/{'cat' if i % 2 else 'dog'}/{i}.jpg", f"photos/IMG_{i}.jpg")
    Image.new("RGB", (200, 120), (210, 210, 210)).save("photo.jpg")


def test_the_commands_run(home, capsys):
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(r"^```text\n(file,label\n.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]
    Path("labels.csv").write_text(table + "IMG_3.jpg,cat\nIMG_4.jpg,dog\n")
    commands = re.findall(r"^\$ convnet (.*)$", text, re.MULTILINE)
    assert len(commands) >= 8
    for command in commands:
        argv = shlex.split(command)
        if argv[0] == "export" and "--c" not in argv and find_spec("onnx") is None:
            continue  # .ci/run installs it
        if argv[0] == "train":  # small and short
            argv += ["--epochs", "2"] if "--from" in argv else [*SMALL, "--epochs", "2"]
        assert cli.main(argv) == 0, command
    assert "test accuracy: " in capsys.readouterr().out


def test_it_names_all_commands_and_exit_codes():
    text = PAGE.read_text(encoding="utf-8")
    from convnet.cli import exit_codes, parser

    for command in parser.COMMANDS:
        assert f"| `{command.__name__.rpartition('.')[2]}` |" in text
    codes = [value for name, value in vars(exit_codes).items() if name.isupper()]
    for code in codes:
        assert f"\n| {code} |" in text

"""What all commands share."""

import codecs
import io
import json
import os
import subprocess
import sys
import warnings

import pytest

import convnet
from convnet import cli
from convnet.cli import options, specs
from convnet.cli.errors import UsageError

COMMANDS = ["train", "predict", "evaluate", "inspect", "summary", "specs"]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["fly"], "invalid choice: 'fly'"),
        (["train"], "the following arguments are required: FOLDER|FILE.npz|digits"),
        (
            ["train", "digits", "--epochs", "many"],
            "1 or more; got many (convnet train -h shows how)",
        ),
        (["train", "digits", "--jobs", "0"], "1 or more; got 0"),
        (
            ["train", "digits", "--size", "0"],
            "a side in pixels such as 150, or HEIGHTxWIDTH such as 100x150, each 1 or more; got '0'",
        ),
        (
            ["train", "digits", "--size", "3x4x5"],
            "HEIGHTxWIDTH such as 100x150, each 1 or more; got '3x4x5'",
        ),
        (
            ["train", "digits", "--cache", "much"],
            "must be a number of bytes, such as 1000000, 512M or 2G",
        ),
        (["train", "digits", "--fit", "squash"], "invalid choice: 'squash'"),
        (
            ["train", "digits", "--augment", "spin:3"],
            "'spin' is unknown; choose from flip, rotate, shift",
        ),
        (["train", "digits", "--augment", "rotate"], "rotate needs a value, such as rotate:15"),
        (
            ["train", "digits", "--augment", "rotate:far"],
            "rotate:far is not a number. Write rotate:15",
        ),
        (["train", "digits", "--augment", "zoom:7"], "factor"),
        (["train", "digits", "--augment", "none.json"], "cannot read 'none.json'"),
        (["train", "digits", "--val", "a", "--val-fraction", ".1"], "not allowed with"),
        (["predict", "model.npz", "a.jpg", "--top", "0"], "1 or more; got 0"),
        (["summary", "lenet", "--input", "28,28"], "such as 150x150x3; got '28,28'"),
    ],
)
def test_bad_usage_is_one_line(capsys, argv, text):
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    out, err = capsys.readouterr()
    assert caught.value.code == 2 and not out
    assert text in err and err.startswith("convnet") and err.count("\n") == 1


def test_help_without_arguments(capsys):
    assert cli.main([]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: convnet") and not err
    assert all(f"\n    {command} " in out for command in COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"convnet {convnet.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "-h"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and f"examples:\n  convnet {command}" in out
    assert ("runs the code in it" in out) == (command not in ("train", "specs"))


def test_help_names_all_commands(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["-h"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and all(f"\n    {command} " in out for command in COMMANDS)
    assert "130 stopped by Ctrl-C" in out


@pytest.mark.parametrize(
    ("text", "value"),
    [("150", (150, 150)), ("100x150", (100, 150)), ("100×150", (100, 150))],
)
def test_sizes(text, value):
    assert options.size(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("1000", 1000), ("3k", 3072), ("512M", 2**29), ("2GiB", 2**31), ("1GB", 2**30)],
)
def test_amounts(text, value):
    assert options.amount(text) == value


def test_augmentations(tmp_path):
    path = tmp_path / "augment.json"
    path.write_text('[{"type": "RandomFlip", "mode": "both"}]')
    assert repr(options.augment("flip,rotate:15,shift:.1,crop:4,cutout:3")) == (
        "(RandomFlip(), RandomRotation(15.0), RandomTranslation(0.1), RandomCrop(4), Cutout(3))"
    )
    assert repr(options.augment("flip:both,zoom:.2,contrast:.3,brightness:.4")) == (
        "(RandomFlip('both'), RandomZoom(0.2), RandomContrast(0.3), RandomBrightness(0.4))"
    )
    assert (
        repr(options.augment("saturation:.5,hue:.1")) == "(RandomSaturation(0.5), RandomHue(0.1))"
    )
    assert repr(options.augment("resized-crop,resized-crop:.3")) == (
        "(RandomResizedCrop(), RandomResizedCrop(scale=(0.3, 1.0)))"
    )
    assert repr(options.augment("mixup,cutmix:.5")) == "(MixUp(), CutMix(0.5))"
    assert repr(options.augment(str(path))) == "(RandomFlip('both'),)"
    assert options.augment("none") == ()


def test_json_is_alone_on_standard_output(capsys, monkeypatch):
    def talks(args):
        print("for people")
        warnings.warn("take care\nof this max_iter \x1b", stacklevel=2)
        return {"command": "specs"}

    monkeypatch.setattr(specs, "run", talks)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["specs", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"command": "specs"}
    assert err == "for people\nconvnet: warning: take care of this --epochs \\x1b\n"
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["specs", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"command": "specs"}
    assert err == "convnet: warning: take care of this --epochs \\x1b\n"


@pytest.mark.parametrize("error", [UsageError, ValueError, TypeError, ImportError, OSError])
def test_errors_are_one_line(capsys, monkeypatch, error):
    def fails(args):
        raise error("the learning_rate_init is\nwrong.")

    monkeypatch.setattr(specs, "run", fails)
    assert cli.main(["specs", "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out and err == "convnet: error: the --learning-rate is wrong.\n"


def test_the_installed_command_without_extras():
    code = """
import sys
sys.modules["PIL"] = sys.modules["matplotlib"] = None
from convnet.cli import main
sys.exit(main(["specs"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "catdog" in done.stdout, done.stderr


def test_names_that_standard_output_cannot_write():
    """Text is written in the encoding that there is, whatever it holds."""
    code = """
import sys
from convnet import cli
from convnet.cli import options, specs
specs.run = lambda args: print("true \\u2192 \\udcff.jpg")
sys.exit(cli.main(["specs"]))
"""
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert (done.returncode, done.stdout) == (0, "true \\u2192 \\udcff.jpg\n"), done.stderr


def test_standard_output_that_somebody_replaced(monkeypatch):
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", codecs.getwriter("utf-8")(file))
    assert cli.main(["specs"]) == 0
    assert b"catdog" in file.getvalue()


def test_the_package_is_the_command():
    done = subprocess.run([sys.executable, "-m", "convnet", "fly"], capture_output=True, text=True)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("convnet: error: ") and "invalid choice: 'fly'" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["convnet.estimators", "convnet.cli.command", "numpy"])
@pytest.mark.parametrize(
    "start",
    [
        "from convnet.cli import main; sys.exit(main())",
        "import runpy; runpy.run_module('convnet', run_name='__main__')",
    ],
)
def test_ctrl_c_while_the_package_is_imported(start, module):
    code = f"""
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
{start}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "convnet: interrupted; nothing was written\n"

"""The public names of the package, its import, and what it says about itself."""

import inspect
import os
import pickle
import pydoc
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import convnet

ROOT = Path(__file__).parents[1]


def test_show_config(capsys):
    convnet.show_config()
    out = capsys.readouterr().out
    for word in (convnet.__version__, "instruction set:", "available:", "OpenMP:", "threads:"):
        assert word in out


def test_public_names():
    for name in convnet.__all__:
        assert hasattr(convnet, name)
    from convnet.layers import Conv2D
    from convnet.schedules import Step

    assert convnet.layers.Conv2D is Conv2D and convnet.schedules.Step is Step


# What takes long to import or belongs to an extra; scikit-learn's callbacks import rich where it is.
HEAVY = {
    *("PIL", "h5py", "matplotlib", "onnx", "pandas", "safetensors", "skops", "torch", "yaml"),
    *("zarr", "sklearn.model_selection", "convnet.cli"),
}


@pytest.mark.slow
def test_import_is_light():
    code = f"""
import sys
import sklearn
before = set(sys.modules)
import convnet
assert convnet.ConvNetClassifier
print(*sorted({HEAVY} & (set(sys.modules) - before)))
"""
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    assert not out.split()


def run(code, **options):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, **options
    )


@pytest.mark.slow
def test_public_names_are_listed_before_and_after_their_first_use():
    code = "import convnet; print(*dir(convnet)); convnet.load; print(*dir(convnet))"
    before, after = run(code).stdout.splitlines()
    assert set(convnet.__all__) <= set(before.split()) <= set(after.split())


@pytest.mark.slow
def test_star_import_and_help():
    code = "from convnet import *; print(ConvNetClassifier.__name__, layers.Conv2D.__name__, __version__)"
    assert run(code).stdout.split() == ["ConvNetClassifier", "Conv2D", convnet.__version__]
    text = pydoc.render_doc(convnet, renderer=pydoc.plaintext)
    assert "class ConvNetClassifier" in text and "find_learning_rate(" in text
    assert dict(inspect.getmembers(convnet))["load"] is convnet.load


@pytest.mark.slow
def test_pickles_name_modules_that_import_what_they_need():
    data = pickle.dumps(convnet.ConvNetClassifier(max_iter=3))
    done = run(f"import pickle; print(pickle.loads({data!r}).max_iter)")
    assert done.stdout == "3\n", done.stderr


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="module 'convnet' has no attribute 'ConvNet'"):
        convnet.ConvNet  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'ConvNet' from 'convnet'"):
        from convnet import ConvNet  # noqa: F401


@pytest.mark.parametrize(
    "use", ["convnet.load", "from convnet import load", "hasattr(convnet, 'load')"]
)
def test_errors_of_the_import_are_not_hidden(use):
    done = run(f"import sys, convnet; sys.modules['sklearn'] = None; {use}")
    assert "ModuleNotFoundError: No module named 'sklearn" in done.stderr


def test_a_checkout_that_is_not_built_says_what_to_run(tmp_path):
    package = Path(convnet.__file__).parent
    built = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(package, tmp_path / "convnet", ignore=built)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for code in ("import convnet", "import convnet.layers"):
        done = run(code, cwd=tmp_path, env=env)
        last = done.stderr.splitlines()[-1]
        assert last.startswith("ImportError: The compiled part of convnet is missing from "), last
        assert str(tmp_path) in last and 'pip install -e "."' in last


def test_one_name_is_installed_at_the_top():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    setuptools = settings["tool"]["setuptools"]
    assert "py-modules" not in setuptools
    assert setuptools["packages"]["find"]["include"] == ["convnet", "convnet.*"]
    commands = settings["project"]["scripts"].values()
    assert all(command.startswith("convnet.") for command in commands)

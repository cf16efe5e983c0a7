"""What the package says of itself, and how quickly."""

import subprocess
import sys
import warnings
from importlib.metadata import version

import convnet


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


def test_import_is_light():
    code = """
import time
import sklearn
import sys
before = set(sys.modules)
start = time.perf_counter()
import convnet
print(time.perf_counter() - start, "sklearn.model_selection" in sys.modules, "yaml" in set(sys.modules) - before)
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(3)
    ]
    assert all(run[1:] == ["False", "False"] for run in runs)
    seconds = min(float(run[0]) for run in runs)
    if seconds > 0.2:  # a loaded machine is no failure, but a slow import shall be seen
        warnings.warn(f"import convnet took {seconds:.2f} s", stacklevel=1)
    assert seconds < 1


def test_version():
    assert version("convnet") == convnet.__version__

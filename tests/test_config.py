"""What the package says of itself, and how quickly."""

import subprocess
import sys

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
import time, sys
start = time.perf_counter()
import sklearn
middle = time.perf_counter()
import convnet
heavy = {"sklearn.model_selection", "PIL", "matplotlib"} & set(sys.modules)
print(middle - start, time.perf_counter() - middle, *heavy)
"""
    command = [sys.executable, "-c", code]
    runs = []
    for _ in range(3):
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        runs.append((float(out[0]), float(out[1])))
        assert not out[2:]
    sklearn, own = map(min, zip(*runs, strict=True))
    assert own < max(0.2, sklearn / 4)  # on a slow or busy machine, in proportion

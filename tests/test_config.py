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


# What takes long to import or belongs to an extra; scikit-learn's callbacks import rich where it is.
HEAVY = {
    *("PIL", "h5py", "matplotlib", "onnx", "pandas", "safetensors", "skops", "torch", "yaml"),
    *("zarr", "sklearn.model_selection", "convnet.cli"),
}


def test_import_is_light():
    code = f"""
import sys
import sklearn
before = set(sys.modules)
import convnet
print(*sorted({HEAVY} & (set(sys.modules) - before)))
"""
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    assert not out.split()

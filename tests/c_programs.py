"""Exported nets compiled and called: as a library in this process, or as the example in another."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from convnet.model_io.c_source.targets import compiler_flags

COMPILERS = "gcc", "clang"
LIMIT = 600  # seconds of a program, against hangs


def program(name):
    """Return the path of a program, or skip the test."""
    return shutil.which(name) or pytest.skip(f"needs {name}, which is not installed")


def run(*command, cwd=None):
    """Run a command and return its output. Fail with what it printed if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


def compile_net(folder, compiler, *options, name="net", isa="scalar", flags="-O1"):
    """Compile the C files of an exported net without a warning."""
    command = [program(compiler), *compiler_flags(isa).split(), "-Werror", *flags.split()]
    run(*command, "-Ikernels", *options, f"{name}.c", f"{name}_weights.c", "-lm", cwd=folder)


class CompiledNet:
    """An exported net as a library in this process.

    Parameters
    ----------
    estimator : ConvNetClassifier, ConvNetRegressor or ConvNetTransformer
        The fitted net.
    folder : path
        Where to export it.
    compiler, flags, isa, name : str
    """

    def __init__(self, estimator, folder, *, compiler="gcc", flags="-O1", isa="scalar", name="net"):
        self.export = estimator.to_c(folder, name=name, isa=isa)
        self.name = name
        compile_net(
            folder, compiler, "-shared", "-fPIC", "-o", "net.so", name=name, isa=isa, flags=flags
        )
        self.library = ctypes.CDLL(str(folder / "net.so"))
        scratch_size = getattr(self.library, f"{name}_scratch_size")
        scratch_size.restype = ctypes.c_size_t
        assert scratch_size() == self.export.scratch_bytes
        self.weights = ctypes.addressof(ctypes.c_float.in_dll(self.library, f"{name}_weights"))
        self._predict = getattr(self.library, f"{name}_predict")
        self._predict.argtypes = [ctypes.c_void_p] * 4

    def scratch(self):
        """Return scratch memory full of NaN, aligned to 8 bytes and not to 16, with NaN behind it."""
        floats = self.export.scratch_bytes // 4
        whole = np.full(floats + 64, np.nan, dtype=np.float32)
        start = -(whole.ctypes.data // 4) % 16 + 2
        return whole[start : start + floats]

    def call(self, scratch, x, y):
        """Return the code that the prediction of one sample returns."""
        return self._predict(self.weights, scratch.ctypes.data, x.ctypes.data, y.ctypes.data)

    def predict(self, X, like):
        """Return the results for X, in an array like `like`, all in the same scratch memory."""
        X, scratch = np.ascontiguousarray(X), self.scratch()
        found = np.full((len(like), like[0].size), np.nan, dtype=like.dtype)
        for x, y in zip(X, found, strict=True):
            assert self.call(scratch, x, y) == 0
        return found.reshape(like.shape)


def build_example(folder, compiler, *options, flags="-O1"):
    """Compile the example of an exported net."""
    compile_net(folder, compiler, *options, "-o", "example", "example.c", flags=flags)


def example_values(text, size):
    """Return the values in the output of the example, shape (n, size), and the words behind them."""
    lines = [line.split(" ", size) for line in text.splitlines()]
    values = np.array([[float(value) for value in line[:size]] for line in lines])
    return values, [" ".join(line[size:]) for line in lines]

"""The files that to_c writes, where it may write them, and what it refuses."""

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from c_programs import COMPILERS, CompiledNet, example_values, program, run
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Conv2D, Dense
from convnet.model_io.c_source import kernels
from convnet.model_io.c_source.targets import TARGETS

ROOT = Path(__file__).parents[3]
CSRC = kernels.csrc()


def net(layers=None, shape=(4, 4, 1)):
    X = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32)
    return ConvNetClassifier(layers or [Dense(3)], random_state=0).initialize(X, [0, 1, 2] * 2), X


def refusal(call, error=ValueError):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_files(tmp_path):
    clf, _ = net()
    export = clf.to_c(tmp_path / "new", name="digits")
    written = sorted(path for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert sorted(export.files) == written
    assert export.weights_bytes == (tmp_path / "new" / "digits_weights.bin").stat().st_size
    own = {path.name for path in written if path.parent == tmp_path / "new"}
    assert own == {
        *("digits.h", "digits.c", "digits_weights.bin", "digits_weights.c", "example.c"),
        "Makefile",
    }


def test_only_needed_kernels_are_written(tmp_path):
    clf, _ = net()
    clf.to_c(tmp_path)
    folders = {path.name for path in (tmp_path / "kernels").iterdir() if path.is_dir()}
    assert folders == {"activation", "dense", "gemm", "isa", "loss", "map"}
    text = "".join(path.read_text() for path in (tmp_path / "kernels").rglob("*.h"))
    assert "dense_fwd" in text
    for other in ("dense_bwd", "dense_weights", "cn_activate_grad", "gradient_in", "CN_STAGE"):
        assert other not in text
    lists = (tmp_path / "kernels" / "params.def").read_text()
    assert re.findall(r"^CN_FAMILY\((\w+)\)", lists, re.MULTILINE) == ["maps", "dense"]
    lists = (tmp_path / "kernels" / "activations.def").read_text()
    assert re.findall(r"^CN_ACTIVATION\((\w+)", lists, re.MULTILINE) == ["RELU"]


def test_each_kept_function_is_that_of_csrc(tmp_path):
    """The kernels are copied, not rewritten: every line is one of csrc, except for two."""
    clf, _ = net([Conv2D(16, 3, padding="same", activation="gelu"), Conv2D(20, 3)], (9, 9, 2))
    clf.to_c(tmp_path)
    for path in (tmp_path / "kernels").rglob("*"):
        if path.is_file():
            source = CSRC / path.relative_to(tmp_path / "kernels")
            known = {*source.read_text().splitlines()}
            others = [
                line
                for line in path.read_text().splitlines()
                if line not in known and not line.startswith(("#include", "#define CN_DTYPE_LIST"))
            ]
            assert others == [], path


def test_all_forward_kernels_are_found():
    names = re.findall(r"^CN_\w+\((\w+), ", (CSRC / "stages.def").read_text(), re.MULTILINE)
    forward = [name for name in names if name.endswith(("_fwd", "_predict", "put", "halo", "form"))]
    assert {"input", "output", "affine_input", "winograd_transform"} < {*forward}
    for name in forward:
        assert f"{name}(" in (CSRC / kernels.file_of_stage(name)).read_text()


def test_kernels_of_a_package(tmp_path, monkeypatch):
    """An installed package has csrc inside, and a broken one says so."""
    monkeypatch.setattr(kernels, "PACKAGE", tmp_path / "convnet")
    assert refusal(kernels.csrc, FileNotFoundError) == (
        f"to_c: the kernels are missing. There is no {tmp_path / 'convnet' / 'csrc' / 'convnet.h'}. "
        "Install convnet again."
    )
    shutil.copytree(CSRC, tmp_path / "convnet" / "csrc")
    assert kernels.csrc() == tmp_path / "convnet" / "csrc"


@pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="needs the sources")
def test_flags_are_those_of_the_engine():
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    values = {
        node.targets[0].id: node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    engine = ast.literal_eval(values["ISA_FLAGS"])
    assert engine.keys() == TARGETS.keys()
    for isa, flags in engine.items():
        machine = [flag for flag in flags if flag.startswith("-m") and "prefer" not in flag]
        assert TARGETS[isa].flags.split() == machine


@pytest.mark.parametrize(
    "name",
    ["", "1net", "_net", "my net", "é", "stdint", "cn_net", "CN_x", "n" * 61, "example", "Math"],
)
def test_names_that_c_does_not_take(tmp_path, name):
    clf, _ = net()
    message = refusal(lambda: clf.to_c(tmp_path / "new", name=name))
    assert message.startswith("to_c: name must be a C identifier of at most 60 characters")
    assert not (tmp_path / "new").exists()
    assert "must be a string; got None" in refusal(lambda: clf.to_c(tmp_path, name=None), TypeError)


@pytest.mark.parametrize("name", ["convnet", "sizes", "n" * 60, "kernels", "int"])
def test_names_that_are_taken_elsewhere(tmp_path, name):
    """A net may be called like a file in the kernels, or like a keyword: all names in C have an ending."""
    clf, X = net()
    compiled = CompiledNet(clf, tmp_path, name=name)
    expected = clf.predict_proba(X)
    np.testing.assert_array_equal(compiled.predict(X, expected), expected)


def test_two_nets_in_one_program(tmp_path):
    """No name is taken twice: the object files link."""
    files = []
    for name, layers in (("a", [Dense(3)]), ("b", [Conv2D(3, 2)])):
        net(layers)[0].to_c(tmp_path / name, name=name)
        for part in (name, f"{name}_weights"):
            run(
                program("gcc"),
                "-std=c11",
                "-fPIC",
                "-Ikernels",
                "-c",
                f"{part}.c",
                cwd=tmp_path / name,
            )
            files.append(tmp_path / name / f"{part}.o")
    run(program("gcc"), "-shared", "-o", tmp_path / "both.so", *files, "-lm")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_weights_in_a_shared_library(tmp_path, compiler):
    """A program may copy the weights of a library into its own memory, so the symbol has a size."""
    clf, X = net()
    build = [program(compiler), "-std=c11"]
    clf.to_c(tmp_path)
    library = ["-Ikernels", "-fPIC", "-shared", "net.c", "net_weights.c", "-lm", "-o", "libnet.so"]
    run(*build, *library, cwd=tmp_path)
    linked = ["-fno-pie", "-no-pie", "example.c", "-L.", "-lnet", "-Wl,-rpath,.", "-o", "example"]
    run(*build, *linked, cwd=tmp_path)
    X.tofile(tmp_path / "samples.bin")
    values, _ = example_values(run("./example", "samples.bin", cwd=tmp_path), 3)
    np.testing.assert_array_equal(values, clf.predict_proba(X))


def test_isa(tmp_path, monkeypatch):
    clf, _ = net()
    assert refusal(lambda: clf.to_c(tmp_path, isa="sse9")) == (
        "to_c: isa must be one of scalar, baseline, avx2, avx512; got 'sse9'."
    )
    monkeypatch.setattr("convnet.model_io.c_source.export.available_isas", lambda: ["scalar"])
    assert "this machine has no avx2; it has scalar" in refusal(
        lambda: clf.to_c(tmp_path, isa="avx2")
    )
    assert not list(tmp_path.iterdir())


def test_folders(tmp_path):
    clf, _ = net()
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    assert "is a file" in refusal(lambda: clf.to_c(tmp_path / "file"))
    assert "is not empty. Pass overwrite=True" in refusal(lambda: clf.to_c(tmp_path / "full"))
    assert "there is no folder" in refusal(lambda: clf.to_c(tmp_path / "a" / "b"))
    assert "cannot be a folder: File name too long" in refusal(lambda: clf.to_c("x" * 300))
    assert "cannot be a folder: embedded null byte" in refusal(lambda: clf.to_c("a\0b"))
    assert "must be a string or a path; got 3" in refusal(lambda: clf.to_c(3), TypeError)
    assert "overwrite" in refusal(lambda: clf.to_c(tmp_path / "empty", overwrite="yes"), TypeError)
    clf.to_c(tmp_path / "empty")
    first = (tmp_path / "empty" / "net.c").read_bytes()
    net([Dense(5)])[0].to_c(tmp_path / "empty", overwrite=True)
    assert (tmp_path / "empty" / "net.c").read_bytes() != first
    clf.to_c(str(tmp_path / "full"), overwrite=True)
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "full" / "net.c").read_bytes() == first


def test_the_same_net_gives_the_same_files(tmp_path):
    """An export that is under version control changes only if the net does."""
    clf, X = net()
    clf.predict(X)
    exports = [clf.to_c(tmp_path / key) for key in "ab"]
    for a, b in zip(exports[0].files, exports[1].files, strict=True):
        assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize(
    "estimator", [ConvNetClassifier(), ConvNetRegressor(), ConvNetTransformer(ConvNetClassifier())]
)
def test_not_fitted(tmp_path, estimator):
    with pytest.raises(NotFittedError):
        estimator.to_c(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_header_says_what_x_is(tmp_path):
    X = np.zeros((2, 3, 8, 6), dtype=np.uint16)
    clf = ConvNetClassifier([Dense(2)], data_format="channels_first").initialize(X, ["a", "b"])
    clf.to_c(tmp_path / "classifier")
    header = (tmp_path / "classifier" / "net.h").read_text()
    assert "x        3 x 8 x 6 values (channels x height x width), as in X of fit" in header
    assert (
        "int net_predict(const float *weights, void *scratch, const uint16_t *x, double *y);"
        in header
    )
    ConvNetTransformer(FrozenEstimator(clf), "dense1").fit(X).to_c(tmp_path / "transformer")
    header = (tmp_path / "transformer" / "net.h").read_text()
    assert "const uint16_t *x, float *y);" in header and "net_classes" not in header
    assert "y        2 values: the output of layer dense1" in header


def test_a_cpp_program_can_include_the_header(tmp_path):
    net()[0].to_c(tmp_path)
    source = '#include "net.h"\nint main() { return net_scratch_size() == 0 || !net_classes[0]; }\n'
    (tmp_path / "main.cpp").write_text(source)
    run(
        program("clang++"), "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "main.cpp", cwd=tmp_path
    )

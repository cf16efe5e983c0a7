"""Exported nets of the benchmarks: the same bits as convnet, whatever compiles them and wherever they run."""

import platform
import subprocess

import numpy as np
import pytest
from c_programs import COMPILERS, CompiledNet, build_example, example_values, program, run

from convnet.engine import available_isas

NETS = {"walkthrough": (100, None), "keraslab": (100, None), "resnet18": (100, 32)}
SLOW = pytest.param("resnet18", marks=pytest.mark.slow)
CHEAP_AND_SLOW = "walkthrough", "keraslab", SLOW
CROSS_COMPILERS = {
    "aarch64": ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
    "arm": ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
}
X86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
MAX_BYTES = 40 * 1000  # of walkthrough, code and weights
# What the code may call: libm, and what compilers insert. At -O0, Clang and GCC call no others.
ALLOWED = {"memcpy", "memset", "sqrt", "sqrtf", "pow"}
COPIED = "float *weights = malloc(sizeof net_weights);\n    memcpy(weights, net_weights, sizeof net_weights);\n"


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", CHEAP_AND_SLOW)
def test_predictions_have_the_same_bits(tmp_path, benchmark_net, name, compiler):
    n, side = NETS[name]
    clf, X = benchmark_net(name, n, side)
    expected = clf.predict_proba(X)
    compiled = CompiledNet(clf, tmp_path, compiler=compiler, flags="-O2")
    np.testing.assert_array_equal(compiled.predict(X, expected), expected)


@pytest.mark.parametrize("isa", [isa for isa in available_isas() if isa != "scalar"])
@pytest.mark.parametrize("name", ["keraslab", SLOW])
def test_other_instruction_sets(tmp_path, monkeypatch, benchmark_net, name, isa):
    monkeypatch.setenv("CONVNET_ISA", isa)
    clf, X = benchmark_net(name, 4, NETS[name][1])
    expected = clf.predict_proba(X)
    compiled = CompiledNet(clf, tmp_path, isa=isa, flags="-O2")
    np.testing.assert_array_equal(compiled.predict(X, expected), expected)


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["-O0", "-O3", "-Os", "-O3 -march=native -ffp-contract=on"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_optimization_changes_no_bit(tmp_path, benchmark_net, compiler, flags):
    """With the last flags, Clang would fuse multiplications with additions if the code allowed it."""
    clf, X = benchmark_net("keraslab", 2)
    expected = clf.predict_proba(X)
    compiled = CompiledNet(clf, tmp_path, compiler=compiler, flags=flags)
    np.testing.assert_array_equal(compiled.predict(X, expected), expected)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_walkthrough_is_small(tmp_path, benchmark_net, compiler, capsys):
    clf, _ = benchmark_net("walkthrough", 1)
    export = clf.to_c(tmp_path)
    run(
        program(compiler), "-std=c11", "-Os", "-ffp-contract=off", "-Ikernels", "-c", "net.c",
        "net_weights.c", cwd=tmp_path,
    )  # fmt: skip
    sizes = run(program("size"), "-t", "net.o", "net_weights.o", cwd=tmp_path)
    with capsys.disabled():
        print(f"\nwalkthrough, {compiler} -Os:\n{sizes}")
    total = int(sizes.splitlines()[-1].split()[3])
    assert export.weights_bytes < total < MAX_BYTES


@pytest.mark.parametrize("flags", ["-O0", "-O2"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_only_the_c_library_is_called(tmp_path, benchmark_net, compiler, flags):
    clf, _ = benchmark_net("resnet18", 1, 32)
    clf.to_c(tmp_path)
    run(
        program(compiler), "-std=c11", flags, "-ffp-contract=off", "-fno-pie", "-Ikernels", "-c",
        "net.c", cwd=tmp_path,
    )  # fmt: skip
    missing = {
        line.split()[-1]
        for line in run(program("nm"), "-u", "net.o", cwd=tmp_path).splitlines()
        if line.strip()
    }
    assert missing <= ALLOWED | {"_GLOBAL_OFFSET_TABLE_"}
    # and nothing is writable, so calls share no state
    assert not [
        line for line in run(program("nm"), "net.o", cwd=tmp_path).splitlines()
        if line.split()[-2] in "bBcCdD"
    ]  # fmt: skip


@pytest.mark.parametrize("name", CHEAP_AND_SLOW)
def test_memory_is_used_correctly(tmp_path, benchmark_net, name):
    """Valgrind reports reads of memory that was not written, and accesses outside it."""
    valgrind = program("valgrind")
    clf, X = benchmark_net(name, 2 if name == "walkthrough" else 1, NETS[name][1])
    clf.to_c(tmp_path)
    # in memory of exactly the promised sizes, which Valgrind takes as not written
    source = (tmp_path / "example.c").read_text()
    for old, new in (
        ("#include <stdio.h>\n", "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"),
        ("static _Alignas(64) unsigned char scratch[NET_SCRATCH_BYTES];\n", ""),
        ("argv) {\n", "argv) {\n    void *scratch = malloc(NET_SCRATCH_BYTES);\n    " + COPIED),
        ("net_predict(net_weights,", "net_predict(weights,"),
        ("fclose(file);", "fclose(file);\n    free(scratch);\n    free(weights);"),
    ):
        assert source.count(old) == 1
        source = source.replace(old, new)
    (tmp_path / "example.c").write_text(source)
    build_example(tmp_path, "gcc", "-g", flags="-O2")
    X.tofile(tmp_path / "samples.bin")
    text = run(
        valgrind, "-q", "--error-exitcode=9", "--leak-check=full", "./example", "samples.bin",
        cwd=tmp_path,
    )  # fmt: skip
    values, _ = example_values(text, 10)
    np.testing.assert_array_equal(values, clf.predict_proba(X))


@pytest.mark.parametrize("processor", CROSS_COMPILERS)
@pytest.mark.parametrize("name", CHEAP_AND_SLOW)
def test_other_processors_compute_the_same_bits(tmp_path, benchmark_net, name, processor):
    """Their compilers could fuse multiplications with additions, their libm is another, and ARM has 32 bits."""
    compiler, emulator = CROSS_COMPILERS[processor]
    emulator = program(emulator)
    clf, X = benchmark_net(name, 1 if name == "resnet18" else 20, NETS[name][1])
    clf.to_c(tmp_path)
    build_example(tmp_path, compiler, "-static", flags="-O2")
    X.tofile(tmp_path / "samples.bin")
    values, classes = example_values(run(emulator, "./example", "samples.bin", cwd=tmp_path), 10)
    np.testing.assert_array_equal(values, clf.predict_proba(X))
    assert classes == [str(label) for label in clf.predict(X)]


@X86_64
@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ("-ffast-math", "without -ffast-math"),
        ("-funsafe-math-optimizations", "without -ffast-math"),
        ("-std=gnu11 -mfma", "with -std=c11"),
        ("-mfpmath=387", "-mfpmath=sse"),
    ],
)
def test_flags_that_would_change_bits_are_refused(tmp_path, benchmark_net, flags, error):
    clf, _ = benchmark_net("walkthrough", 1)
    clf.to_c(tmp_path)
    done = subprocess.run(
        [program("gcc"), "-std=c11", *flags.split(), "-Ikernels", "-c", "net.c"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert error in done.stderr


def test_the_makefile_builds_the_example(tmp_path, benchmark_net):
    make = program("make")
    clf, X = benchmark_net("walkthrough", 3)
    clf.to_c(tmp_path)
    run(make, f"CC={program('gcc')}", cwd=tmp_path)
    X.tofile(tmp_path / "samples.bin")
    values, classes = example_values(run("./example", "samples.bin", cwd=tmp_path), 10)
    np.testing.assert_array_equal(values, clf.predict_proba(X))
    assert classes == [str(label) for label in clf.predict(X)]


@X86_64
@pytest.mark.parametrize(
    ("isa", "wrong"),
    [
        (isa, flags)
        for isa, flags in (
            ("baseline", "-mavx2"),
            ("baseline", "-mfma"),
            ("avx2", "-mavx2 -mfma -mavx512f"),
        )
        if isa in available_isas()
    ],
)
def test_flags_of_other_instruction_sets_are_refused(tmp_path, benchmark_net, isa, wrong):
    """The weights are packed for one width of vectors, and fused multiply-adds change bits."""
    clf, _ = benchmark_net("walkthrough", 1)
    clf.to_c(tmp_path, isa=isa)
    done = subprocess.run(
        [program("gcc"), "-std=c11", *wrong.split(), "-Ikernels", "-c", "net.c"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"net.c was exported for {isa}: compile it with " in done.stderr

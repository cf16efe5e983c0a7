"""Fits on MPI: the bits of one process, and one clear error, without hanging, when a rank fails."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from mpi_programs import Program, needs_mpi, run, wait_for

HERE = Path(__file__).parent
FITS, FAULT = HERE / "mpi_fits.py", HERE / "mpi_fault.py"
QUICK = (1, 1), (2, 2), (3, 1)
SIZES = [
    pytest.param(n, threads, marks=[] if (n, threads) in QUICK else pytest.mark.long)
    for n in (1, 2, 3, 4, 8)
    for threads in (1, 2)
]
KILLS, STOPS = (
    [pytest.param(i, marks=pytest.mark.long if i else []) for i in range(n)] for n in (50, 10)
)
TIMEOUT = 3  # seconds without a sign of life

pytestmark = needs_mpi


@pytest.fixture(scope="module")
def expected():
    """Return the hashes of fits in one process."""
    program = [sys.executable, "-W", "ignore", FITS, "3", "alone"]
    output = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout
    return output.split()[1:]


@pytest.mark.parametrize(("size", "threads"), SIZES)
def test_one_hash_on_all_ranks(expected, size, threads):
    lines = run(size, FITS, 3, "mpi", threads=threads).splitlines()
    found = {line.split()[0]: line.split()[1:] for line in lines if "=" in line}
    assert found == {str(rank): expected for rank in range(size)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return the weights of a fit of 6 epochs that is not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run(1, FAULT, folder, "none", 6, 60)
    return dict(np.load(folder / "weights.npz"))


@pytest.mark.parametrize("number", KILLS)
def test_a_killed_rank(tmp_path, weights, number):
    rng = np.random.default_rng(number)
    program = Program(3, FAULT, tmp_path, "none", 6, TIMEOUT)
    pids = [int(wait_for(tmp_path / f"pid{rank}").read_text()) for rank in range(3)]
    wait_for(tmp_path / "fit.npz")
    time.sleep(rng.random() * 0.3)
    os.kill(pids[rng.integers(3)], signal.SIGKILL)
    code, _ = program.end()
    assert code != 0
    run(2, FAULT, tmp_path, "none", 6, 60)  # resumes on another number of ranks
    _assert_equal(dict(np.load(tmp_path / "weights.npz")), weights)


@pytest.mark.parametrize("number", STOPS)
def test_a_stopped_rank(tmp_path, number):
    rng = np.random.default_rng(number)
    program = Program(3, FAULT, tmp_path, "none", 1000, TIMEOUT)
    stopped = int(rng.integers(3))
    pids = [int(wait_for(tmp_path / f"pid{rank}").read_text()) for rank in range(3)]
    wait_for(tmp_path / "begun")
    time.sleep(rng.random() * 0.3)
    os.kill(pids[stopped], signal.SIGSTOP)
    begin = time.monotonic()
    code, output = program.end()
    assert code != 0
    assert f"rank {stopped} has not answered for {TIMEOUT} seconds" in output
    assert time.monotonic() - begin < 60 + TIMEOUT  # not for the speed: it does not hang


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("disk", r"rank 1 failed: OSError: the disk is gone"),
        ("raises", r"rank 1 failed: ValueError: a mistake of rank 1"),
        ("leaves", r"equally often: rank 1 has left the with block, but rank 0 calls fit"),
        ("data", r"Rank 1 differs from rank 0 in y"),
        ("versions", r"Rank 1 has convnet .*other, but rank 0 has \d"),
    ],
)
def test_a_mistake_of_one_rank(tmp_path, mode, message):
    code, output = Program(3, FAULT, tmp_path, mode, 50, 30).end()
    assert code != 0
    assert re.search(message, output), output


def test_a_fit_after_one_that_failed(tmp_path):
    output = run(3, FAULT, tmp_path, "again", 50, 30)
    assert "rank 1 caught the disk is gone" in output
    assert "rank 0 caught rank 1 failed: OSError: the disk is gone" in output
    assert output.count("done at") == 3


def test_many_blocks(tmp_path):
    """Communicators are freed: MPICH has some 2,000 of them."""
    program = tmp_path / "many.py"
    program.write_text(
        "from convnet.distributed import mpi\nfor _ in range(800):\n    with mpi():\n        pass\n"
    )
    run(2, program)


def test_ctrl_c(tmp_path):
    program = Program(2, FAULT, tmp_path, "none", 1000, 30)
    wait_for(tmp_path / "begun")
    os.kill(int((tmp_path / "pid1").read_text()), signal.SIGINT)
    code, output = program.end()
    assert code != 0 and output.count("KeyboardInterrupt") >= 2


def test_without_a_launcher():
    program = "from convnet.distributed import mpi\nwith mpi():\n    pass"
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert (
        "RuntimeError: mpi() found no other process. Start the program with: mpiexec" in done.stderr
    )


def _assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)

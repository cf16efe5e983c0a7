"""One random_state gives the same bits on any number of threads, under any backend of joblib, in batches of any size.

Each kernel table is compared with itself: tables round differently. `hashed_fits.py` has the nets.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convnet.engine import available_isas, openmp_version
from convnet.engine.threads import MAX_PER_CPU, cpu_counts

SCRIPT = Path(__file__).with_name("hashed_fits.py")
THREADS, BACKENDS = (1, 2, 3, 4, 8), ("loky", "threading", "multiprocessing")
FEW = (1, 3, 8), ("threading",)  # for the lesser tables, in the quick form


def distinct(hashes):
    """Return for each net its distinct hashes, each with the first setting that gave it."""
    return {
        net: [f"{one}: {next(at for at, other in found.items() if other == one)}" for one in seen]
        for net, found in hashes.items()
        if (seen := sorted(set(found.values())))
    }


@pytest.mark.parametrize("isa", available_isas())
def test_one_hash(isa, amount, figure):
    """Fits and predictions of each net have one hash; the fits run inside the backend's workers."""
    whole = THREADS, BACKENDS
    counts, backends = whole if isa == available_isas()[-1] else amount(FEW, whole)
    environment = os.environ | {"CONVNET_ISA": isa}
    command = [sys.executable, str(SCRIPT), ",".join(map(str, counts)), ",".join(backends)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    for what, asked in (
        ("fits", f"1 over {counts} threads × {', '.join(backends)}"),
        ("predictions", f"1 over batches of 1, 2, 7, 32, n × {counts} threads"),
    ):
        seen = distinct(answer[what])
        most = max(map(len, seen.values()))
        figure(f"hashes of {what} of each of {len(seen)} nets, {isa}", seen=most, asked=asked)
        assert most == 1, seen
    if openmp_version() and answer["threads"] is not None:
        assert answer["threads"] >= min(max(counts), MAX_PER_CPU * cpu_counts()[1])

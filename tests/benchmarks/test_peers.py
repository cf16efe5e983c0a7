"""The comparison with other libraries: the same net on the same weights, before anything is timed."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from contestants import CONTESTANTS, check
from nets import NETS
from structure import plan

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None,
    reason="PyTorch is not installed: pip install torch==2.13.0, as .ci/run does",
)
QUICK = ("--samples", "10", "--repeats", "1", "--threads", "1")


def test_sizes_are_those_of_torchvision():
    """Its models with ten classes have 11,181,642 and 2,236,682 parameters."""
    trainable = {
        name: sum(p.size for p in plan(NETS[name]).parameters if p.trainable)
        for name in ("resnet18", "mobilenetv2")
    }
    shortcuts = 128 + 256 + 512  # channels with a bias in place of batch norm's gamma and beta
    assert trainable == {"resnet18": 11_181_642 - shortcuts, "mobilenetv2": 2_236_682}


@needs_torch
def test_every_installed_library_computes_the_same_nets(run):
    """The program exits unless logits and probabilities are equal."""
    nets = ["keraslab", "vggbn", "catdog16", "resnet18", "mobilenetv2", "lenet5", "separable"]
    done = run("peers.py", "--others", "--nets", *nets, *QUICK)
    assert not done.returncode, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("×")]
    for net in nets:
        found = {tuple(row[1:3]) for row in rows if row[0] == net}
        assert {("train", "eager"), ("predict", "eager"), ("train", "channels")} <= found
    for library in CONTESTANTS.keys() - {"channels last"}:
        skipped = f"{library} is skipped: " in done.stdout
        assert skipped != any(row[2] == library for row in rows), library


@pytest.mark.slow
@needs_torch
def test_table_of_pytorch(run):
    done = run("peers.py", "--nets", "mobilenetv2", *QUICK)
    assert not done.returncode, done.stdout + done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[-2:]] == ["train", "predict"]


@needs_torch
@pytest.mark.parametrize("table", [[], ["--latency"]])
def test_vs_chooses_the_libraries(run, table):
    done = run("peers.py", "--nets", "walkthrough", "--vs", "eager", *table, *QUICK)
    assert not done.returncode, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("×")]
    assert {row[1 if table else 2] for row in rows} == {"eager"}
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    ("library", "module", "packages"),
    [
        ("onnxruntime", "onnxruntime", "onnx onnxruntime"),
        ("openvino", "openvino", "onnx openvino"),
        ("jax", "jax", "jax"),
        ("eager", "torch", "torch"),
    ],
)
def test_vs_a_library_that_is_not_installed(run, library, module, packages):
    done = run("peers.py", "--vs", library, *QUICK, missing=[module])
    assert done.returncode == 1
    assert done.stderr == (
        f"{library} cannot be measured: No module named '{module}'. Install it with: pip install {packages}\n"
    )


class Peer:
    """A contestant whose results are off by `error`."""

    def __init__(self, logits, probabilities, *, of_logits=0.0, of_probabilities=0.0):
        self._logits, self._probabilities = logits + of_logits, probabilities + of_probabilities

    def load(self, weights):
        assert weights == "weights"

    def logits(self):
        return self._logits

    def predict_proba(self):
        return self._probabilities


@pytest.mark.parametrize("what", ["logits", "probabilities"])
def test_check_finds_results_that_differ(what):
    logits, probabilities = np.array([[10.0, -20.0]]), np.array([[1.0, 0.0]])
    clf = SimpleNamespace(
        weights_="weights",
        decision_function=lambda X: logits,
        predict_proba=lambda X: probabilities,
    )
    limit = {"logits": 20e-4, "probabilities": 1e-4}[what]  # logits: of the largest one
    near, far = (
        Peer(logits, probabilities, **{f"of_{what}": factor * limit}) for factor in (0.9, 1.1)
    )
    check("net", clf, {"near": near}, None)
    with pytest.raises(SystemExit, match=f"the {what} of far differ from convnet's by"):
        check("net", clf, {"near": near, "far": far}, None)

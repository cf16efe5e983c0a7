"""Nets with random weights, and their ONNX models in ONNX Runtime."""

import numpy as np
import pytest

TOLERANCE = 1e-5


def libraries():
    """Return the modules onnx and onnxruntime. Skip the test if one is not installed."""
    return pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")


def opsets():
    """Return the oldest version of the operators, the default, and the newest one that onnx knows."""
    try:
        import onnx
    except ImportError:  # the tests are skipped
        return [17]
    return [13, 17, onnx.defs.onnx_opset_version()]


def with_random_weights(net, seed=0):
    """Give a net random weights, positive variances and standard deviations, and return it."""
    rng = np.random.default_rng(seed)
    return net.set_weights({name: random_values(rng, name, a) for name, a in net.weights_.items()})


def random_values(rng, name, array):
    """Return random values for a parameter. Products with them keep the size of their input."""
    if name.endswith(("variance", "deviation", "gamma")):
        return rng.uniform(0.5, 1.5, array.shape)
    fan_in = max(1, array.size // array.shape[-1]) if array.ndim > 1 else 4
    return rng.normal(size=array.shape) / np.sqrt(fan_in)


def check(model):
    """Assert that the model is valid, with all shapes."""
    onnx, _ = libraries()
    onnx.checker.check_model(model, full_check=True)


def run(model, X):
    """Return the outputs of ONNX Runtime by name."""
    _, onnxruntime = libraries()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: X}), strict=True))


def assert_same_classes(clf, model, X, tolerance=TOLERANCE):
    """Assert that the model is valid and has the probabilities and labels of a classifier."""
    check(model)
    found, expected = run(model, X), clf.predict_proba(X)
    assert list(found) == ["label", "probabilities"]
    assert found["probabilities"].dtype == np.float32
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(found["label"], clf.predict(X))


def operators(model):
    """Return the operators of a model in order."""
    return [node.op_type for node in model.graph.node]

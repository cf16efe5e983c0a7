"""The libraries that convnet is compared with.

A contestant is created from (net, X, y, n_threads). It has `predict_proba(X=None)`, which predicts the images that it
was created with by default, and `one`, one image in its own format. It has `fit_epoch()` if it can train, and
`load(weights)`, which takes the weights of convnet, if it computes the same net. `logits()` returns its logits for the
images that it was created with, if the library gives access to them.
"""

from importlib import import_module

import numpy as np

# name: (file, function that creates a contestant, packages to install)
CONTESTANTS = {
    "eager": ("torch_net", "TorchNet", "torch"),
    "channels last": ("torch_net", "channels_last_net", "torch"),
    "skorch": ("skorch_net", "SkorchNet", "torch skorch"),
    "keras": ("keras_net", "KerasNet", "tensorflow-cpu"),
    "jax": ("jax_net", "JaxNet", "jax"),
    "onnxruntime": ("onnx_net", "OnnxNet", "onnx onnxruntime"),
    "openvino": ("openvino_net", "OpenVinoNet", "onnx openvino"),
    "MLPClassifier": ("mlp", "Mlp", "threadpoolctl"),
}
TOLERANCE = 1e-4


def makers(names=None):
    """Return {name: function that creates a contestant}.

    Parameters
    ----------
    names : list of str, default=None
        Keys of CONTESTANTS. Exits if the library of one is not installed. None means all; those that are not installed
        are printed and left out.
    """
    found = {}
    for name in CONTESTANTS if names is None else names:
        module, maker, packages = CONTESTANTS[name]
        try:
            found[name] = getattr(import_module(module), maker)
        except ImportError as error:
            missing = f"{error}. Install it with: pip install {packages}"
            if names is not None:
                raise SystemExit(f"{name} cannot be measured: {missing}") from None
            print(f"{name} is skipped: {missing}")
    return found


def check(net_name, clf, contestants, X):
    """Exit unless all contestants that compute the same net return the same for the same weights.

    Compares probabilities, and logits if there are any, to 1e-4; the logits relative to their largest absolute value if
    that is above 1.
    """
    logits, probabilities = clf.decision_function(X), clf.predict_proba(X)
    for name, contestant in contestants.items():
        if not hasattr(contestant, "load"):
            continue
        contestant.load(clf.weights_)
        errors = {"probabilities": np.abs(contestant.predict_proba() - probabilities).max()}
        if hasattr(contestant, "logits"):
            scale = max(1.0, np.abs(logits).max())
            errors["logits"] = np.abs(contestant.logits() - logits).max() / scale
        for what, error in errors.items():
            if not error <= TOLERANCE:
                raise SystemExit(
                    f"{net_name}: the {what} of {name} differ from convnet's by {error:.2g} on the same weights"
                )

"""The libraries that convnet is compared with, as far as they are installed.

A contestant is created from (net, X, y, n_threads). It has `predict_proba(X=None)`, which predicts the images that it
was created with by default, and `one`, one image in its own format. It has `fit_epoch()` if it can train, and
`load(weights)`, which takes the weights of convnet, if it computes the same net.
"""

from importlib import import_module

import numpy as np

CONTESTANTS = {
    "eager": ("torch_net", "TorchNet"),
    "channels last": ("torch_net", "channels_last_net"),
    "skorch": ("skorch_net", "SkorchNet"),
    "Keras": ("keras_net", "KerasNet"),
    "ONNX Runtime": ("onnx_net", "OnnxNet"),
    "MLPClassifier": ("mlp", "Mlp"),
}


def makers(names=CONTESTANTS):
    """Return {name: function that creates a contestant}. If a library is missing, print that and leave it out."""
    found = {}
    for name in names:
        module, maker = CONTESTANTS[name]
        try:
            found[name] = getattr(import_module(module), maker)
        except ImportError as error:
            print(f"{name} is skipped: {error}")
    return found


def check(net_name, clf, contestants, X):
    """Exit unless every contestant that computes the same net returns the same probabilities for the same weights."""
    want = clf.predict_proba(X)
    for name, contestant in contestants.items():
        if not hasattr(contestant, "load"):
            continue
        contestant.load(clf.weights_)
        error = np.abs(contestant.predict_proba() - want).max()
        if not error <= 1e-4:
            raise SystemExit(
                f"{net_name}: {name}'s probabilities differ from convnet's by {error:.2g}"
            )

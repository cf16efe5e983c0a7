"""Whom convnet is measured beside, each where it is installed.

A contestant is made of (net, X, y, n_threads) and has `predict_proba(X=None)`, by default of the rows that it was
made with, and `one`, one image in its own format. It has `fit_epoch()` if it trains, and `load(weights)`, for
convnet's weights, if it computes the same net.
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
    """{name: what makes a contestant}; those whose library is missing are left out, which is printed."""
    found = {}
    for name in names:
        module, maker = CONTESTANTS[name]
        try:
            found[name] = getattr(import_module(module), maker)
        except ImportError as error:
            print(f"{name} is left out: {error}")
    return found


def check(net_name, clf, contestants, X):
    """The same weights give the same probabilities in every contestant that computes the same net."""
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

"""Edited states give a clear error, or a net that computes what its attributes say, and never a crash.

Each edit is tried through ``__setstate__``, in a pickle, in a joblib file, and by setting attributes.
"""

import copy
import io
import pickle
import random
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from run_isolated import assert_small, main, run_isolated
from small_nets import LAYERS, fitted
from states import HOSTILE, edits

import convnet
from convnet.graph import Network

LIBRARIES = {"pickle": pickle, "joblib": joblib}
REFUSALS = (ValueError, TypeError)  # NotFittedError is a ValueError
WAYS = ("setstate", "pickle", "joblib", "hand")
SHOWN = ("weights_", "_network_cache", "_input_format")  # what predictions follow from


class Altered:
    """Pickles as an estimator with an arbitrary state."""

    def __init__(self, kind, state):
        self.kind, self.state = kind, state

    def __reduce__(self):
        return object.__new__, (self.kind,), self.state


class Subject:
    """A fitted net, the edits of its state, and the checks after an edit."""

    def __init__(self, name, folder):
        self.net, self.X, self.y = fitted(name)
        self.folder, self.expected = folder, self.net._outputs(self.X)
        self.edits = {f"{name}: {edit}": do for edit, do in edits(self.net.__getstate__())}

    def attempt(self, way, change, seed):
        """Make an edit in one of `WAYS` and return its outcome."""
        before = self.net.__getstate__()
        state = dict(before)
        try:
            change(state)
        except Exception:
            return "does not apply"
        data = io.BytesIO()
        if way in LIBRARIES:
            try:
                LIBRARIES[way].dump(Altered(type(self.net), state), data)
            except Exception:
                return "cannot be pickled"
        try:
            if way == "hand":
                net = _set_by_hand(self.net, before, state, self.X if seed % 2 else None)
            elif way in LIBRARIES:
                data.seek(0)
                net = LIBRARIES[way].load(data)
            else:
                net = object.__new__(type(self.net))
                net.__setstate__(state)
        except REFUSALS as error:
            assert str(error), "an error without a message"
            return "refused"
        return self.ask(net, before, state, seed)

    def ask(self, net, before, state, seed):
        """Predict and call one more method: each raises a clear error, or returns what the attributes stand for."""
        allowed = _allowed(net)
        try:
            out = net._outputs(self.X)
        except allowed:
            return "refused by predict"
        images, scale = net._images(self.X)
        spec = net._network_cache
        oracle = Network(spec.layers, spec.input_shape, spec.n_outputs)
        oracle.set_weights(net.weights_)
        np.testing.assert_array_equal(out, oracle.forward(images, scale=scale))
        if all(state.get(name) is before.get(name) for name in SHOWN):
            np.testing.assert_array_equal(out, self.expected)
        calls = list(CALLS.values())
        try:
            calls[seed % len(calls)](net, self)
        except allowed:
            return "predicts"
        return "predicts, and more"


class Transformer(Subject):
    """A transformer, the edits of its state, and those of the state of the net that it holds."""

    def __init__(self, folder):
        self.net, self.X, self.y = fitted("transformer")
        self.folder, self.expected = folder, self.net.transform(self.X)
        inner = self.net.estimator_.__getstate__()
        own = {f"{key} = {name}": {key: v} for key in vars(self.net) for name, v in HOSTILE.items()}
        self.edits = {f"transformer: {edit}": _set(new) for edit, new in own.items()}
        self.edits |= {f"without {key}": _without(key) for key in vars(self.net)}
        for edit, change in edits(inner):
            self.edits[f"transformer: its {edit}"] = _inside(
                type(self.net.estimator_), inner, change
            )

    def ask(self, net, before, state, seed):
        allowed = *_allowed(net), *_allowed(getattr(net, "estimator_", net))
        try:
            out = net.transform(self.X)
            np.testing.assert_array_equal(out, net.estimator_._outputs(self.X, net.layer_))
        except allowed:
            return "refused by predict"
        calls = (
            net.get_feature_names_out,
            partial(_saved_transformer, net, self),
            partial(repr, net),
        )
        try:
            calls[seed % len(calls)]()
        except allowed:
            return "predicts"
        return "predicts, and more"


def _allowed(net):
    """Return the allowed errors, which include AttributeError if a parameter was deleted."""
    parameters = net._get_param_names() if hasattr(net, "_get_param_names") else ()
    return (
        REFUSALS
        if set(parameters) <= getattr(net, "__dict__", {}).keys()
        else (*REFUSALS, AttributeError)
    )


def _set(new):
    return lambda state: state.update(new)


def _without(key):
    return lambda state: state.pop(key)


def _inside(kind, inner, change):
    def changed(state):
        net = object.__new__(kind)
        vars(net).update({name: value for name, value in inner.items() if name != "_state_format"})
        change(vars(net))
        state["estimator_"] = net

    return changed


def _saved_transformer(net, subject):
    path = subject.folder / "transformer.npz"
    net.save(path)
    np.testing.assert_array_equal(convnet.load(path).transform(subject.X), net.transform(subject.X))


def _set_by_hand(net, before, state, X):
    """Return a copy of a net with the attributes of a state; if X is given, the net predicts first."""
    net = copy.copy(net)
    if X is not None:
        net.transform(X) if hasattr(net, "transform") else net.predict(X)
    for name in before.keys() - state.keys() - {"_state_format"}:
        delattr(net, name)
    for name, value in state.items():
        if name == "_state_format":
            continue
        if value is not before.get(name, before):
            setattr(net, name, value)
    return net


def _saved(net, subject):
    path = subject.folder / "net.npz"
    net.save(path)
    np.testing.assert_array_equal(convnet.load(path)._outputs(subject.X), net._outputs(subject.X))


def _pickled(net, subject):
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again._outputs(subject.X), net._outputs(subject.X))


CALLS = {
    "predict": lambda net, s: net.predict(s.X),
    "score": lambda net, s: net.score(s.X, s.y),
    "partial_fit": lambda net, s: net.set_params(n_jobs=1).partial_fit(s.X, s.y).predict(s.X),
    "save": _saved,
    "pickle": _pickled,
    "explain": lambda net, s: net.explain(s.X, "saliency"),
    "trace": lambda net, s: str(net.trace(s.X[0])),
    "summary": lambda net, s: str(net.summary()),
    "feature_maps": lambda net, s: net.feature_maps(s.X, net.layers_[0].name),
    "patches": lambda net, s: net.maximal_patches(s.X, net.layers_[0].name),
    "deepcopy": lambda net, s: copy.deepcopy(net).predict(s.X),
    "layers_up_to": lambda net, s: net.layers_up_to(net.layers_[0].name),
    "preview": lambda net, s: net.preview_augment(s.X),
    "repr": lambda net, s: repr(net) and net.get_params(),
}


def _trials(n, folder):
    """Yield n trials: all edits of all nets in all ways, in random order, some combined with another edit."""
    subjects = [*(Subject(name, folder) for name in LAYERS), Transformer(folder)]
    plans = [
        (subject, edit, way)
        for subject in subjects
        for edit in subject.edits
        for way in WAYS
        if not (way in LIBRARIES and "huge" in edit)  # which would write them
    ]
    draw = random.Random(0)
    draw.shuffle(plans)
    for i in range(n):
        subject, edit, way = plans[i % len(plans)]
        name, change = f"trial {i}, {way}, {edit}", subject.edits[edit]
        if i % 5 == 4:  # two edits
            other = draw.choice(list(subject.edits))
            if way != "joblib":
                name, change = f"{name}, then {other}", _both(change, subject.edits[other])
        yield name, lambda s=subject, w=way, c=change, i=i: s.attempt(w, c, i)


def _both(first, second):
    def change(state):
        first(state)
        second(state)

    return change


def test_edited_states(tmp_path, amount, figure):
    n = amount(2200, 10000)
    report = run_isolated(__file__, tmp_path, n)
    assert report["tried"] == n
    assert report["counts"]["refused"] > n / 4 and report["counts"]["predicts, and more"] > n / 20
    figure(
        "edited states: crashes, hangs, wrong numbers or unclear errors",
        seen=f"0 of {n}",
        asked="0 of 2,000",
    )
    assert_small(report, "edited states", figure)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    main(_trials(int(sys.argv[2]), folder), folder, len(pickle.dumps(fitted("conv")[0])))

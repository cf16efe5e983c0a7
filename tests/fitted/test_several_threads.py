"""An estimator that one thread fits while another one uses it, or that Ctrl-C leaves in the midst of a fit."""

import os
import sys
import threading

import numpy as np
import pytest
from forked import HANG, assert_ends_well
from streaming_nets import X, Y, net

from convnet import ConvNetTransformer
from convnet.callbacks import Callback
from convnet.fitted.state import fit_snapshot
from convnet.fitting import callback_view
from convnet.graph import Trainer
from convnet.layers import Dense


class Meanwhile:
    """Rows during whose reading something else is done, once."""

    shape, dtype = X.shape, X.dtype

    def __init__(self, act):
        self.act = act

    def __len__(self):
        return len(X)

    def read_rows(self, rows):
        act, self.act = self.act, None
        if act:
            act()
        return X[rows]


def test_a_prediction_is_of_one_fit():
    """That of a net of three classes whose place one of five takes before its classes are looked up."""
    for method in ("predict", "predict_proba", "decision_function"):
        clf = net(max_iter=1).fit(X, Y)
        want = getattr(clf, method)(X)
        meanwhile = Meanwhile(lambda clf=clf: clf.fit(X, np.arange(len(X)) % 5 + 10))
        np.testing.assert_array_equal(getattr(clf, method)(meanwhile), want)
        assert set(clf.predict(X)) <= {10, 11, 12, 13, 14}


def test_a_method_may_set_attributes():
    class Counting(type(net())):
        def __init__(self, layers="auto"):
            super().__init__(layers)

        def _outputs(self, X, layer=None):
            self.calls_ = getattr(self, "calls_", 0) + 1
            return super()._outputs(X, layer)

    clf = Counting([Dense(2)]).fit(X, Y)
    clf.predict(X)
    clf.predict_proba(X)
    assert clf.calls_ == 2


def forked_meanwhile(monkeypatch, owner, name, act, holds):
    """In a child forked while another thread's `act` has just called ``owner.name``, `holds` returns True."""
    call, called, forked = getattr(owner, name), threading.Event(), threading.Event()

    def wait(*args, **kwargs):
        result = call(*args, **kwargs)
        called.set()
        forked.wait()
        return result

    monkeypatch.setattr(owner, name, wait)
    thread = threading.Thread(target=act)
    thread.start()
    assert called.wait(HANG)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            forked.set()
            status = int(not holds())
        finally:
            os._exit(status)
    forked.set()
    thread.join()
    assert_ends_well(child)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_while_another_thread_is_in_partial_fit(monkeypatch):
    """The child, in which it never ends, goes by the weights that the estimator has."""
    clf = net().partial_fit(X, Y, classes=[0, 1, 2])
    want = clf.predict_proba(X)

    def holds():
        return np.array_equal(clf.predict_proba(X), want) and clf.partial_fit(X, Y).n_iter_ == 2

    forked_meanwhile(monkeypatch, Trainer, "step", lambda: clf.partial_fit(X, Y), holds)
    assert clf.n_iter_ == 2 and not np.array_equal(clf.predict_proba(X), want)


class Naming(Callback):
    def on_epoch_end(self, run):
        assert run.fingerprint is run.fingerprint


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_while_another_thread_names_its_data(monkeypatch):
    """The child names those of its own fit."""

    def fit():
        return net(max_iter=1, callbacks=[Naming()]).fit(X, Y)

    forked_meanwhile(
        monkeypatch, callback_view, "checkpoint_fingerprint", fit, lambda: fit().n_iter_ == 1
    )


def interrupt(function, line):
    """Return a trace function by which Ctrl-C comes before a line of a function is begun."""

    def trace(frame, event, _):
        nonlocal line
        if frame.f_code is not function.__code__:
            return None
        line -= event == "line"
        if line < 0:
            raise KeyboardInterrupt
        return trace

    return trace


def test_a_transformer_has_all_of_a_fit_or_nothing():
    fitted = ConvNetTransformer(net(max_iter=1), -2).fit(X, Y)
    before, ended = dict(vars(fitted.set_params(layer=-3))), 0
    for line in range(20):
        tracing = sys.gettrace()
        sys.settrace(interrupt(ConvNetTransformer.fit, line))
        try:
            fitted.fit(X, Y)
        except KeyboardInterrupt:
            ended += 1
        finally:
            sys.settrace(tracing)
        changed = {name for name, value in vars(fitted).items() if value is not before[name]}
        assert changed in (set(), {"estimator_", "layer_"})
        vars(fitted).update(before)
    assert 3 <= ended < 20


def test_a_prediction_begun_before_partial_fit_ended():
    """It is of the weights there were, and takes nothing from the next partial_fit: the moments go on."""
    nets = [net(), net()]
    for one in nets:
        one.partial_fit(X, Y, classes=np.unique(Y)).partial_fit(X, Y)
    begun, want = fit_snapshot(nets[0]), nets[0].predict_proba(X)
    for one in nets:
        one.partial_fit(X, Y)
    np.testing.assert_array_equal(begun.predict_proba(X), want)
    found, want = (one.partial_fit(X, Y).predict_proba(X) for one in nets)
    np.testing.assert_array_equal(found, want)

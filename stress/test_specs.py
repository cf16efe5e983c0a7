"""Any value of a parameter is accepted, or refused by ValueError or TypeError quickly, before memory is allocated."""

import copy
import json
import os
import pickle
import resource
import time
import warnings

import adversarial_objects
import hostile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.augment import as_augment
from convnet.graph.plan import memory_limits as room
from convnet.layers import Conv2D, Dense, as_layers, layer_types, to_json
from convnet.training.schedules import Schedule
from convnet.values.value import Value

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/clear_refs"), reason="memory is measured as Linux does"
)
SECONDS = 0.1  # of processor time until a refusal, on an idle machine
MIB = 4  # allocated until a refusal
SMALL = 10**5  # multiply-adds and parameters of a net that is fitted
KINDS = [ConvNetClassifier, ConvNetRegressor]
X = np.random.default_rng(0).random((6, 5, 4, 1)).astype(np.float32)
Y = np.arange(6) % 2
PARAMETERS = sorted({name for kind in KINDS for name in kind().get_params(deep=False)})
NESTED = ["layers", "augment", "learning_rate"]


def having(name, kind):
    """Return `kind` if it has the parameter, else the kind that has it."""
    return next(one for one in (kind, *KINDS) if name in one().get_params(deep=False))


class Meter:
    """Measures the processor time and memory of refused calls, and keeps the worst of each."""

    def __init__(self, limit):
        self.limit = limit  # seconds
        self.tried = self.refused = self.fitted = 0
        self.seconds, self.mib = (0.0, ""), (0.0, "")

    def __call__(self, what, call):
        """Return what the call returns, or None if it refuses. Any other exception is a failure."""
        self.tried += 1
        before, start = _peak(reset=True), time.thread_time()
        try:
            return call()
        except (ValueError, TypeError) as error:
            seconds, mib = time.thread_time() - start, _peak() - before
            assert len(str(error)) < 5000
            if seconds > self.limit or mib > MIB:  # a delay of the machine does not happen twice
                before, start = _peak(reset=True), time.thread_time()
                with pytest.raises((ValueError, TypeError)):
                    call()
                seconds, mib = time.thread_time() - start, _peak() - before
            self.refused += 1
            self.seconds = max(self.seconds, (seconds, what))
            self.mib = max(self.mib, (mib, what))
            assert seconds < self.limit, f"{what} took {seconds:.3f} s: {error}"
            assert mib < MIB, f"{what} took {mib:.1f} MiB: {error}"
            return None


def _peak(reset=False):
    """Return the peak resident memory in MiB since the last reset."""
    if reset:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def many(n):
    return settings(
        max_examples=n, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


def shown(value):
    """Return the name of a value's type for messages: the value itself may not be printable."""
    return ascii(type(value).__name__)


def tried(meter, net, name):
    """Plan a net and, if it is small, fit it. A refused call must not change the net."""
    before = dict(vars(net))
    what = f"{name} {shown(before.get(name))}"
    summary = meter(what, lambda: net.summary(X, Y))
    size = (
        0
        if summary is None
        else summary.multiply_adds + summary.n_parameters + summary.memory_bytes // 4
    )
    fitted = None
    if size < SMALL:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about one epoch, and odd scales of X
            fitted = meter(what, lambda: net.fit(X, Y))
    if fitted is None:
        assert vars(net).keys() == before.keys()
        assert all(vars(net)[key] is value for key, value in before.items())
    else:
        meter.fitted += 1
        assert np.isfinite(net.loss_curve_).all() and np.isfinite(net.predict(X)).all()


def build(kind, **params):
    return kind(**{"layers": [Dense(3)], "max_iter": 1, "n_jobs": 1, "random_state": 0} | params)


@pytest.fixture(autouse=True, scope="module")
def limited():
    """Limit the address space: a call that takes too much memory fails instead of bringing down the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    hard = before[1]
    most = 8 * 2**30 if hard == resource.RLIM_INFINITY else min(8 * 2**30, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def meter(amount):
    return Meter(amount(100 * SECONDS, SECONDS))


@pytest.fixture(autouse=True)
def warm():
    """Fit once, so that what a process does only once does not count."""
    for kind in KINDS:
        for layers in ("auto", [Conv2D(2, 2)], "- type: ReLU"):
            build(kind, layers=layers, early_stopping=True, validation_fraction=0.5).fit(X, Y)


def test_specs_of_layers(meter, amount):
    n = amount(700, 4000)

    @many(n)
    @given(hostile.layers)
    def run(layers):
        meter("layers", lambda: as_layers(layers, X.shape[1:]))
        tried(meter, build(KINDS[meter.tried % 2], layers=layers), "layers")

    run()
    assert meter.fitted > n // 50 and meter.refused > n // 2  # both happen


def test_every_parameter(meter, amount):
    n = amount(500, 3000)

    @many(n)
    @given(st.sampled_from(PARAMETERS + NESTED * 3), st.data())
    def run(name, data):
        kind = KINDS[meter.tried % 2]
        kind = kind if name in NESTED else having(name, kind)
        strategy = {"layers": hostile.layers, "augment": hostile.augment}.get(name, hostile.values)
        params = {name: data.draw(strategy)}
        if name in ("validation_fraction", "scoring", "n_iter_no_change", "tol"):
            params["early_stopping"] = True
        tried(meter, build(kind, **params), name)

    run()


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_odd_value_of_every_parameter(name, meter, amount):
    """Try each value of `hostile.ODD` for each parameter."""
    kind = having(name, KINDS[0])
    values = hostile.ODD[:: amount(3, 1)]
    for value in values if name not in NESTED else [*values, *([value] for value in hostile.ODD)]:
        params = {name: value}
        if name in ("validation_fraction", "scoring", "n_iter_no_change", "tol"):
            params["early_stopping"] = True
        tried(meter, build(kind, **params), name)


def test_transformers(meter, amount):
    n = amount(100, 500)

    @many(n)
    @given(hostile.values, st.booleans())
    def run(value, is_layer):
        net = build(ConvNetClassifier)
        transformer = ConvNetTransformer(net, value) if is_layer else ConvNetTransformer(value)
        if meter("transformer", lambda: transformer.fit(X, Y)) is not None:
            assert np.isfinite(transformer.transform(X)).all()

    run()


pieces = st.sampled_from(
    [
        *PARAMETERS,
        *NESTED * 5,
        "0",
        "1",
        "-1",
        "-9",
        "9" * 30,
        "9" * 5000,
        "units",
        "stem",
        "type",
        "then",
        "",
        "_",
    ]
) | st.text(max_size=5)
keys = st.lists(pieces, min_size=1, max_size=5).map("__".join) | st.just(
    "layers" + "__0__layers" * 3000
)
SPECS = [
    [Conv2D(2, 2, name="stem"), Dense(3)],
    "auto",
    [{"type": "Dense", "units": 3}, adversarial_objects.residuals(3)],
    *([value] for value in hostile.OBJECTS),
    adversarial_objects.cyclic_list(),
    adversarial_objects.cyclic_dict(),
    "- type: ReLU",
    None,
]


def test_nested_names(meter, amount):
    n = amount(500, 2500)

    @many(n)
    @given(
        st.integers(0, len(SPECS) - 1),
        st.dictionaries(keys, hostile.values, min_size=1, max_size=3),
    )
    def run(place, params):
        net = build(ConvNetClassifier, layers=SPECS[place])
        before = dict(vars(net))
        if meter("set_params", lambda: net.set_params(**params)) is None:
            assert all(vars(net)[key] is value for key, value in before.items())
        else:
            tried(meter, net, "nested")

    run()


def assert_usable(meter, value):
    """Assert that a value can be hashed, printed, copied, compared and pickled."""
    meter("hash", lambda: hash(value))
    for call in (repr, str, copy.copy, copy.deepcopy, clone):
        assert meter(call.__name__, lambda call=call: call(value)) is not None
    assert meter("==", lambda: value == clone(value) and value == value)
    assert meter("pickle", lambda: pickle.loads(pickle.dumps(value))) is not None


def test_values(meter, amount):
    """A value that was built can be hashed, printed, compared, copied and stored; others are refused when built."""
    n = amount(300, 2000)

    @many(n)
    @given(hostile.layers, hostile.augment)
    def run(layers, augment):
        built = meter("layers", lambda: as_layers(layers, X.shape[1:]))
        if built is not None:
            assert as_layers(json.loads(to_json(built))) == built
        for value in [*(built or ()), *(meter("augment", lambda: as_augment(augment)) or ())]:
            assert_usable(meter, value)

    run()


def test_states_of_values(meter, amount):
    n = amount(200, 1000)
    types = list(layer_types().values())

    @many(n)
    @given(st.sampled_from(types), hostile.values | hostile.layer_dicts)
    def run(kind, state):
        value = meter("state", lambda: object.__new__(kind).__setstate__(state) or kind)
        assert value is None or issubclass(value, Value)

    run()


def test_estimators_can_be_inspected(meter, amount):
    n = amount(200, 1000)

    @many(n)
    @given(st.sampled_from(PARAMETERS), hostile.layers)
    def run(name, value):
        net = build(having(name, KINDS[0])).set_params(**{name: value})
        assert meter("get_params", lambda: net.get_params()) is not None
        if not _cannot_be_copied(value):
            meter("clone", lambda: clone(net))

    run()


def _cannot_be_copied(value):
    """Return whether copying a value raises for a reason other than its depth."""
    try:
        copy.deepcopy(value)
    except Exception as error:
        return not isinstance(error, RecursionError)
    return False


def test_schedules_in_schedules():
    with pytest.raises(ValueError, match="nested more than 8 deep"):
        adversarial_objects.deep_schedule(3000)
    assert isinstance(adversarial_objects.deep_schedule(7), Schedule)


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ([Dense(2**20), Dense(2**8), Dense(2**20), Dense(2**8), *[Dense(2**14)] * 30], "GiB"),
        ([{"type": "Dense", "units": 10**9}], "units must be an integer from 1 to 1048576"),
        ([Conv2D(10**6, 99, padding="same")], "'conv1': its weights would have"),
        ([Conv2D(2**12, 1), *[Conv2D(2**12, 3, padding="same")] * 30], "parameters"),
        ([{"type": "ZeroPad2D", "padding": 2**12}, Conv2D(4, 1)], "'conv1': its output"),
    ],
)
def test_enormous_nets(layers, name, meter, monkeypatch):
    """A net that the machine cannot hold is refused by name, before memory is allocated."""
    monkeypatch.setattr(room, "machine_bytes", lambda: 16 * 2**30)
    net = build(ConvNetClassifier, layers=layers)
    refused = []

    def fit():
        try:
            net.fit(X, Y)
        except (ValueError, TypeError) as error:
            refused.append(str(error))
            raise

    meter(name, fit)
    assert refused and name in refused[-1]
    with pytest.raises(NotFittedError):
        net.predict(X)


def test_figures(meter, amount, figure):
    """Run last: record the totals."""
    assert meter.tried >= amount(0, 10_000)
    figure(
        "specs: calls that end in another error than ValueError or TypeError",
        seen=f"0 of {meter.tried}",
        asked="0 of 10000 (long form)",
    )
    seconds, what = meter.seconds
    figure(
        "specs: slowest refusal",
        seen=f"{seconds * 1000:.0f} ms ({what})",
        asked="<= 100 ms (long form)",
    )
    mib, what = meter.mib
    figure("specs: most memory of a refusal", seen=f"{mib:.1f} MiB ({what})", asked=f"< {MIB} MiB")

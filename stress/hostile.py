"""Values to try for every parameter, most of them invalid, and hypothesis strategies that combine them."""

from collections import OrderedDict, UserDict, deque
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
from adversarial_objects import (
    cyclic_dict,
    cyclic_list,
    deep_schedule,
    nested,
    residuals,
    tampered,
)
from hypothesis import strategies as st

from convnet.augment import augmentation_types
from convnet.augment.base import Moving
from convnet.layers import Conv2D, Dense, Layer, Residual, layer_types
from convnet.schedules import Cosine, Exponential, OneCycle, ReduceOnPlateau, Step, Warmup

BIG = 10**400

# fmt: off
NUMBERS = [
    0, 1, 2, 3, 4, 8, -1, 2**20, 2**20 + 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, BIG,
    -BIG, 0.0, -0.0, 0.5, 1.0, 1.5, -1.0, 1e-320, 1e20, 1e308, -1e308, float("nan"), float("inf"),
    -float("inf"), True, False, 1j, Decimal("NaN"), Decimal(3), Fraction(1, 3), Fraction(BIG),
    10**5000, np.int8(3), np.uint64(2**64 - 1), np.float16("inf"), np.float32("nan"),
    np.longdouble("1e4000"), np.bool_(True), np.datetime64("NaT"), np.timedelta64(3, "s"),
    np.complex64(1j), np.float64(0.5),
]
TEXTS = [
    "", "auto", "Auto", "relu", "same", "valid", "softmax", "conv", "a" * 65, "a__b", "0", "-1",
    "*", "lenet", "cosine", "adam", "balanced", "until:", "*" * 10**5, "x" * 10**6, "[" * 10**4,
    "- " * 10**5, "\ud800", "\0", "é\u202e", "𝟛", "٣", "null\0.json", "/dev/null", "/", ".",
    "nowhere.yaml", "[1e999]", "- 1e999", "{}", "[]", "[[]]", "null", "- !!bool maybe",
    "- !!timestamp x", "- !!int ''", "- {type: Dense, units: 1" + ":1" * 1000 + "}", "? [a]\n: 1",
    "- &a [*a]", "%TAG ! x", "- !!set {a}", "[" + "9" * 5000 + "]",
    '[{"type": "Dense", "units": Infinity}]', '{"layers": {"layers": []}}',
]
OTHERS = [
    None, ..., NotImplemented, object, int, Layer, Conv2D, len, print, lambda *args: args,
    b"", b"relu", bytearray(10**6), memoryview(b"abc"), bytes(10**6), range(10**9), set(), {1},
    frozenset(), deque([1]), deque(range(10**5)), OrderedDict(), UserDict(), MappingProxyType({}),
    SimpleNamespace(), partial(int), Path("nowhere"), Path("/"), Exception("x"), slice(None),
    property(), type("list", (), {})(), np.array(3), np.array([]), np.zeros((2, 2)),
    np.array([None]), np.array(["a"]), np.zeros(10**6), np.array([1, 2]), np.ma.masked,
    np.dtype("f4"), np.random.default_rng(0), np.zeros(3, [("a", "i4")]),
    cyclic_list(), cyclic_dict(), cyclic_dict(type="Residual"), nested(5000),
    nested(5000, tuple), nested(3000, dict), [None] * 10**5, [{}] * 1001, tuple(range(10**5)),
    dict.fromkeys(range(10**5)), Step(), Cosine(), OneCycle(0.5, BIG), Exponential(float("nan")),
    Step(BIG), Warmup(BIG), Warmup(1, Step), Cosine("0", []), OneCycle(1.0, 1e308, 1e308), deep_schedule(5),
    ReduceOnPlateau(BIG), ReduceOnPlateau(1e-308, BIG), ReduceOnPlateau(patience=0, min_lr=BIG),
]
OBJECTS = [
    Layer(), Moving(), Dense(3), Conv2D(2, 3),
    *(
        tampered(Dense, "units", value, 3)
        for value in (-5, 0, BIG, None, "3", 2.5, float("nan"))
    ),
    *(
        tampered(Conv2D, "stride", value, 2, 3)
        for value in (0, -1, (1,), (1, 0), (1, 2, 3), [])
    ),
    tampered(Residual, "layers", 3, [Dense(3)]),
    tampered(Residual, "layers", [object()], [Dense(3)]),
    tampered(Conv2D, "activation", "nonsense", 2, 3), tampered(Conv2D, "name", "a/b", 2, 3),
    *(residuals(depth) for depth in (1, 7, 8, 9, 100, 3000)),
    {"type": "Conv2D", "filters": 2**20, "kernel_size": 99, "padding": "same"},
    {"type": "Dense", "units": 2**20}, {"type": "Dense", "units": 10**9},
    {"type": "Resize", "size": 2**20}, {"type": "ZeroPad2D", "padding": 2**20},
    {"type": "Conv2D", "filters": 2**10, "kernel_size": 2**10, "padding": 2**10},
]
# fmt: on
OBJECTS[-1]["name"] = "huge"
itself = Residual([Dense(3)])
object.__setattr__(itself, "layers", (itself,))
OBJECTS.append(itself)

ODD = NUMBERS + TEXTS + OTHERS + OBJECTS


def odd(index):
    """Return a value by its index: hypothesis would hash and print the values themselves."""
    return ODD[index]


atoms = st.integers(0, len(ODD) - 1).map(odd)
atoms |= st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=4) | st.sampled_from(["type", "layers"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def _likely(types):
    """Return a strategy for dicts that describe members of a family, with mostly valid fields."""
    names = sorted({name for cls in types.values() for name in cls.parameter_names()})
    small = st.integers(1, 5) | st.sampled_from(
        ["same", "relu", 0.5, (1, 2), (2, 2), [1, 3], None, True]
    )
    fields = st.dictionaries(st.sampled_from(names), small | values, max_size=3)
    kinds = st.sampled_from(sorted(types))
    required = {
        "filters": 2,
        "kernel_size": 2,
        "units": 3,
        "rate": 0.5,
        "size": 4,
        "layers": [{"type": "ReLU"}],
    }
    required |= {"padding": 1, "height": 0.1, "degrees": 9.0, "amount": 0.1}

    def build(kind, extra):
        own = types[kind].parameter_names()
        return {k: v for k, v in required.items() if k in own} | {"type": kind} | extra

    return st.builds(build, kinds, st.just({}) | fields)


layer_dicts = _likely(layer_types())
layers = st.lists(layer_dicts | values, max_size=4) | st.lists(layer_dicts, max_size=5) | values
layers |= st.builds(
    lambda inner: [{"type": "Residual", "layers": inner}], st.lists(layer_dicts, max_size=3)
)
augment = st.lists(_likely(augmentation_types()) | values, max_size=3) | values

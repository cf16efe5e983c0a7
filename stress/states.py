"""Named edits of the state of a fitted net: each changes the dict of its attributes."""

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np

from convnet.fitted.attributes import FITTED
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.weights import Weights
from convnet.inputs.scaling import InputFormat


class Number(int):
    """A subclass of int."""


class Text(str):
    """A subclass of str."""


class Numbers(list):
    """A subclass of list."""


class Mapped(dict):
    """A subclass of dict."""


HOSTILE = {
    "None": None, "True": True, "-1": -1, "0": 0, "1": 1, "2**31": 2**31, "2**63": 2**63, "10**400": 10**400,
    "1.5": 1.5, "nan": float("nan"), "inf": float("inf"), "a complex": 1j, "a fraction": Fraction(1, 3),
    "''": "", "a text": "x", "bytes": b"x", "()": (), "[]": [], "{}": {}, "three": (1, 2, 3), "[nan]": [float("nan")],
    "nested": [[[[]]]], "an object": object(), "a function": print, "a type": int, "...": ...,
    "int64": np.int64(3), "float32": np.float32(1), "0-d": np.array(3), "empty": np.zeros(0),
    "a square": np.zeros((2, 2)), "objects": np.array([None, 1], dtype=object),
    "huge": np.broadcast_to(np.int8(0), 2**40),
    "dates": np.array(["2020-01-01"], "M8[D]"), "masked": np.ma.array([1, 2, 3], mask=True), "a range": range(10**9),
    "a dtype": np.dtype(">f4"), "Number": Number(3), "Text": Text("auto"),
    "Numbers": Numbers([1.0]), "Mapped": Mapped(),
    "no weights": Weights({}), "a format": InputFormat((1,), "channels_last", "uint8", 1.0, None, 1.0),
    "a network cache": NetworkCache((), (1,), 1),
}  # fmt: skip
FEW = ("None", "True", "-1", "0", "2**63", "10**400", "nan", "a text", "[]", "three", "huge", "0-d")
FEW += ("int64", "Number", "objects", "an object")

ARRAYS = {
    "less": lambda a: a[..., :-1].copy(),
    "more": lambda a: np.concatenate([a, a]),
    "flat": lambda a: a.reshape(-1).copy(),
    "an axis more": lambda a: a[None].copy(),
    "transposed": lambda a: a.T,
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[..., ::-1],
    "big-endian": lambda a: a.astype(">f4"),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view("<f4").reshape(a.shape),
    "float64": lambda a: a.astype(np.float64),
    "float16": lambda a: a.astype(np.float16),
    "int32": lambda a: a.astype(np.int32),
    "complex": lambda a: a.astype(np.complex64),
    "objects": lambda a: a.astype(object),
    "texts": lambda a: a.astype("U8"),
    "records": lambda a: np.zeros(a.shape, "f4,f4"),
    "0-d": lambda a: np.float32(1).reshape(()),
    "empty": lambda a: a[:0].copy(),
    "huge": lambda a: np.broadcast_to(np.float32(0), (2**40, *a.shape)),
    "broadcast": lambda a: np.broadcast_to(np.float32(0), a.shape),
    "a NaN": lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, np.float32("nan"), a),
    "infinite": lambda a: a + np.float32("inf"),
    "largest": lambda a: np.full_like(a, 3e38),
    "negative": lambda a: -np.abs(a) - 1,
    "subnormal": lambda a: np.full_like(a, 1e-40),
    "other values": lambda a: a[..., ::-1].copy(),
    "masked": lambda a: np.ma.array(a, mask=True),
    "a scalar": lambda a: np.float32(1),
    "a list": lambda a: a.tolist(),
    "nothing": lambda a: None,
}  # fmt: skip


def weights_of(arrays):
    """Return Weights of arbitrary objects, as an altered pickle may hold."""
    weights = object.__new__(Weights)
    weights._arrays = arrays
    return weights


def edits(state):
    """Yield all edits as (name, function); a function changes a copy of the state in place."""
    for key in state:
        yield f"without {key}", lambda s, key=key: s.pop(key)
        for name, value in HOSTILE.items():
            if name == "huge" and key not in FITTED:
                continue  # a parameter may be anything, and is pickled
            yield f"{key} = {name}", lambda s, key=key, value=value: s.update({key: value})
    for key in (*FITTED, "predict", "fit", "__dict__", "x", ""):
        for name in ("None", "1", "a text", "a function"):
            value = HOSTILE[name]
            yield f"more: {key} = {name}", lambda s, key=key, value=value: s.update({key: value})
    yield "a key that is not a string", lambda s: s.update({1: 2})
    yield from _of_weights(state)
    yield from _of_spec(state)
    yield from _of_values(state)


def _of_weights(state):
    arrays = dict(state["weights_"])

    def changed(s, **new):
        s["weights_"] = weights_of(arrays | new)

    for name, array in arrays.items():
        for how, change in ARRAYS.items():
            yield f"{name} {how}", lambda s, n=name, c=change, a=array: changed(s, **{n: c(a)})
        left = {k: v for k, v in arrays.items() if k != name}
        yield f"without {name}", lambda s, left=left: s.update(weights_=weights_of(left))
        for other, its in arrays.items():
            both = {name: its, other: array}
            yield f"{name} and {other} swapped", lambda s, both=both: changed(s, **both)
    yield "a weight more", lambda s: changed(s, x=np.zeros(3, np.float32))
    yield (
        "a key that is not a string in the weights",
        lambda s: changed(s) or s["weights_"]._arrays.update({1: 2}),
    )
    yield "weights that are a dict", lambda s: s.update(weights_=dict(arrays))
    yield "weights of a number", lambda s: s.update(weights_=weights_of(3))


def _of_spec(state):
    layers, shape, n = (
        getattr(state["_network_cache"], k) for k in ("layers", "input_shape", "n_outputs")
    )

    def spec(s, layers=layers, shape=shape, n=n):
        s["_network_cache"] = NetworkCache(layers, shape, n)

    for name, value in HOSTILE.items():
        yield f"spec: layers {name}", lambda s, v=value: spec(s, layers=v)
        yield f"spec: input_shape {name}", lambda s, v=value: spec(s, shape=v)
        yield f"spec: n_outputs {name}", lambda s, v=value: spec(s, n=v)
        yield f"spec: a layer more, {name}", lambda s, v=value: spec(s, layers=(*layers, v))
        yield f"spec: a longer shape, {name}", lambda s, v=value: spec(s, shape=(*shape[:-1], v))
    yield "spec: layers backwards", lambda s: spec(s, layers=layers[::-1])
    yield "spec: no layers", lambda s: spec(s, layers=())
    for times in (2, 500, 2000):
        yield f"spec: layers {times} times", lambda s, t=times: spec(s, layers=layers * t)
    for factor in (0, 2, 2**20, 2**62):
        sides = tuple(side * factor for side in shape)
        yield f"spec: shape × {factor}", lambda s, sides=sides: spec(s, shape=sides)
    for i, layer in enumerate(layers):
        for field in fields(layer):
            for name in FEW:
                changed = _altered(layer, field.name, HOSTILE[name])
                listed = (*layers[:i], changed, *layers[i + 1 :])
                yield (
                    f"spec: layers[{i}].{field.name} = {name}",
                    lambda s, v=listed: spec(s, layers=v),
                )


def _altered(value, field, new):
    """Return a copy of a value with one field changed that no constructor has checked."""
    altered = object.__new__(type(value))
    for known in fields(value):
        object.__setattr__(altered, known.name, getattr(value, known.name))
    object.__setattr__(altered, field, new)
    return altered


def _of_values(state):
    """Yield edits inside the list of layers, the input format and the metrics."""
    infos, given = state["layers_"], state["_input_format"]
    for i, info in enumerate(infos):
        for field in fields(info):
            for name in FEW:
                changed = _altered(info, field.name, HOSTILE[name])
                listed = (*infos[:i], changed, *infos[i + 1 :])
                yield f"layers_[{i}].{field.name} = {name}", lambda s, v=listed: s.update(layers_=v)
    yield "layers_ backwards", lambda s: s.update(layers_=infos[::-1])
    yield "layers_ as a list", lambda s: s.update(layers_=list(infos))
    for field in fields(given):
        for name, value in HOSTILE.items():
            changed = replace(given, **{field.name: value})
            yield f"format: {field.name} = {name}", lambda s, v=changed: s.update(_input_format=v)
    for key, value in state.items():
        few = [name for name in FEW if name != "huge" or key in FITTED]  # a parameter is pickled
        if isinstance(value, dict):
            for inner in (*value, "x", 1):
                for name in few:
                    changed = value | {inner: HOSTILE[name]}
                    yield f"{key}[{inner!r}] = {name}", lambda s, k=key, v=changed: s.update({k: v})
                left = {k: v for k, v in value.items() if k != inner}
                yield f"{key} without {inner!r}", lambda s, k=key, v=left: s.update({k: v})
        elif isinstance(value, list) and value:
            for name in few:
                changed = [*value[:-1], HOSTILE[name]]
                yield f"{key}[-1] = {name}", lambda s, k=key, v=changed: s.update({k: v})
            yield f"{key} longer", lambda s, k=key, v=value: s.update({k: [*v, v[-1]]})
        elif isinstance(value, np.ndarray):
            for how, change in ARRAYS.items():
                yield f"{key} {how}", lambda s, k=key, c=change, v=value: s.update({k: c(v)})

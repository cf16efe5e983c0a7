"""Values that no user passes on purpose: they contain themselves, are nested deeply, or changed after a check."""

from convnet.schedules import Step, Warmup


def nested(depth, kind=list):
    value = kind()
    for _ in range(depth):
        value = kind([value]) if kind is not dict else {"layers": value}
    return value


def cyclic_list():
    value = []
    value.append(value)
    return value


def cyclic_dict(**others):
    value = dict(others)
    value["layers"] = [value, value]
    return value


def deep_schedule(depth):
    value = Step()
    for _ in range(depth):
        value = Warmup(1, value)
    return value


def residuals(depth):
    """Return nested Residual blocks as dicts, which no constructor has checked."""
    value = {"type": "ReLU"}
    for _ in range(depth):
        value = {"type": "Residual", "layers": [value]}
    return value


def tampered(kind, field, value, *arguments):
    """Return a value with a field that was changed after the constructor checked it."""
    layer = kind(*arguments)
    object.__setattr__(layer, field, value)
    return layer

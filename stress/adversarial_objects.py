"""Objects that no user passes on purpose: their methods raise or lie, they contain themselves, or they skip checks."""

from convnet.schedules import Step, Warmup


class Raising:
    """Raises in every method."""

    def _raise(self, *args, **options):
        raise ZeroDivisionError("asked")

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __getitem__ = _raise
    __repr__ = __str__ = __bool__ = __int__ = __float__ = __index__ = __call__ = __contains__ = (
        _raise
    )
    __hash__ = __fspath__ = __array__ = keys = items = _raise


class RaisingAttributes(Raising):
    def __getattr__(self, name):
        raise KeyError(name)


class Endless(list):
    """A list whose length is 1 and whose iteration never ends."""

    def __iter__(self):
        while True:
            yield {"type": "ReLU"}

    __len__ = lambda self: 1  # noqa: E731
    __deepcopy__ = lambda self, memo: self  # noqa: E731


class EndlessDict(dict):
    __iter__, __deepcopy__ = Endless.__iter__, Endless.__deepcopy__
    keys = values = items = __iter__


class RaisingText(str):
    __eq__ = __len__ = __iter__ = __str__ = __repr__ = Raising._raise
    __hash__ = str.__hash__


class Agreeing(str):
    """Equals everything."""

    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = str.__hash__


class Small(int):
    """Compares as both smaller and larger than everything."""

    __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True


class RaisingInt(int):
    __le__ = __lt__ = __ge__ = __gt__ = __int__ = __index__ = __repr__ = Raising._raise


class RaisingFloat(float):
    __le__ = __lt__ = __ge__ = __gt__ = __float__ = __repr__ = Raising._raise


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

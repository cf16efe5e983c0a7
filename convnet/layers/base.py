"""The base of all layers: an immutable, checked value."""

from dataclasses import MISSING, dataclass, fields
from typing import ClassVar

from convnet.layers.fields import did_you_mean, layer_name, parameter, show


def _build(cls, params):
    return cls(**params)


@dataclass(frozen=True, repr=False)
class Layer:
    """One layer of a spec: a value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `parameter`, is decorated with `register`, and gives
    `output_shape` and `lower`. Fields are checked and normalised when a layer is built.

    Parameters
    ----------
    name : str, default=None
        Name in ``layers__<name>__<field>`` and ``weights_["<name>/weights"]``; by default a number is
        put after the layer's `stem`: "conv1".
    """

    stem: ClassVar[str]
    takes: ClassVar[str] = "any"  # input: "map", "flat" (the plan puts a Flatten in front) or "any"

    name: str | None = parameter(layer_name, None, kw_only=True)

    def __new__(cls, *args, **kwargs):
        cls.check_parameter_names(kwargs)
        return super().__new__(cls)

    def __post_init__(self):
        kind = type(self).__name__
        for field in fields(self):
            try:
                value = field.metadata["check"](getattr(self, field.name))
            except (TypeError, ValueError) as error:
                raise type(error)(f"{kind}: {field.name} {error}") from None
            object.__setattr__(self, field.name, value)
        self.check()

    def check(self):
        """Check what several fields have to agree on; raise ValueError."""

    @classmethod
    def parameter_names(cls):
        """Return the names of the parameters, as in the signature: the layer's own, then "name"."""
        own = [field.name for field in fields(cls) if not field.kw_only]
        return (*own, *(field.name for field in fields(cls) if field.kw_only))

    @classmethod
    def check_parameter_names(cls, names):
        """Raise TypeError, with the likely name, at the first of `names` that is no parameter."""
        known = cls.parameter_names()
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known)
                raise TypeError(f"{cls.__name__} has no parameter {show(name)}.{hint}")

    def get_params(self, deep=True):
        """Return all parameters by name; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def replace(self, **changes):
        """Return a layer like this one with some parameters changed."""
        self.check_parameter_names(changes)
        return type(self)(**self.get_params() | changes)

    def to_dict(self):
        """Return plain data: the type and the parameters that are not default; pairs become lists."""
        return {"type": type(self).__name__} | {k: _plain(v) for k, v in self._changed().items()}

    def output_shape(self, input_shape):
        """Return the shape that leaves the layer.

        Parameters
        ----------
        input_shape : tuple of int
            (height, width, channels) or (features,).

        Raises
        ------
        LayerShapeError
            With the cause and the remedy, if the layer cannot take that shape.
        """
        return input_shape

    def lower(self, builder):
        """Emit the layer's ops: call `builder`, whose `shape` is the input shape."""
        raise NotImplementedError(f"{type(self).__name__} has no lower")

    def _changed(self):
        defaults = {field.name: field.default for field in fields(self)}
        params = self.get_params().items()
        return {k: v for k, v in params if defaults[k] is MISSING or v != defaults[k]}

    def __repr__(self):
        first = [field.name for field in fields(self) if field.metadata["positional"]]
        parts = [f"{v!r}" if k in first else f"{k}={v!r}" for k, v in self._changed().items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self):
        return _build, (type(self), self.get_params())  # what is unpickled is checked again

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __sklearn_clone__(self):
        return self


def _plain(value):
    return [_plain(v) for v in value] if isinstance(value, tuple) else value

"""A family: the types of one kind of value by name, which is what a stored spec refers to."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from convnet.values.fields import did_you_mean, show
from convnet.values.plain import plain
from convnet.values.value import Value, immutable

V = TypeVar("V", bound=Value)


class Family(Generic[V]):
    """The registered types of one kind of value.

    Parameters
    ----------
    base : type
        The subclass of `Value` that all types derive from.
    parameter : str
        The estimator's parameter that holds a list of such values, which errors begin with: "layers".
    noun : str
        What one of them is called: "layer".
    example : str
        Plain data of one of them, for errors: ``{"type": "ReLU"}``.
    word : str, default=None
        What the parameter may be instead of a list: ``"auto"`` with its quotes, or ``None``.
    presets : callable, default=tuple
        Returns the names of the lists that come with convnet.
    """

    def __init__(
        self,
        base: type[V],
        *,
        parameter: str,
        noun: str,
        example: str,
        word: str,
        presets: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self.base, self.parameter, self.noun, self.word = base, parameter, noun, word
        self.one = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
        self.example, self.presets = example, presets
        self._types: dict[str, type[V]] = {}

    def add(self, cls: type[V]) -> None:
        """Make a subclass of the base an immutable value that specs can name."""
        if not issubclass(cls, self.base):
            raise TypeError(f"{cls.__name__} must be a subclass of {self.base.__name__}")
        if cls.__name__ in self._types:
            raise ValueError(f"{self.one} type named {cls.__name__!r} is registered already")
        self._types[cls.__name__] = immutable(cls)

    def types(self) -> dict[str, type[V]]:
        """Return the registered types by name."""
        return dict(self._types)

    def from_dict(self, params: dict[str, Any]) -> V:
        """Return the value that ``{"type": "Conv2D", "filters": 16, ...}`` describes."""
        types = self._types
        params = plain(params)
        if not isinstance(params, dict):
            raise TypeError(f"{self.one} must be a dict such as {self.example}; got {show(params)}")
        kind = plain(params.get("type"))
        if not isinstance(kind, str):
            known = ", ".join(types)
            raise ValueError(f'{self.one} needs a "type", one of {known}; got {show(params)}')
        if kind not in types:
            raise ValueError(
                f"there is no {self.noun} type {show(kind)}.{did_you_mean(kind, types)}"
            )
        cls = types[kind]
        fields = {key: value for key, value in params.items() if key != "type"}
        cls.check_parameter_names(fields)
        return cls(**fields)

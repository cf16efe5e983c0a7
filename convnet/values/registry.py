"""A registry: the classes of one family of values by name, which is how a stored spec refers to them."""

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from convnet.values.docstrings import inherit_docs
from convnet.values.foreign_names import ForeignNames
from convnet.values.messages import did_you_mean, show
from convnet.values.value import Value, immutable

T = TypeVar("T", bound=Value)
V = TypeVar("V", bound=Value)


def _place(cls: type) -> tuple[str, str]:
    """Return where a class is defined. A class that is defined again has the same place."""
    return cls.__module__, cls.__qualname__


class Registry(Generic[V]):
    """The registered classes of one family of values: layers or augmentations.

    Parameters
    ----------
    base : type
        The subclass of `Value` that all classes of the family derive from.
    parameter : str
        The estimator parameter that holds a list of such values: "layers". Errors begin with it.
    noun : str
        The word for one value: "layer".
    example : str
        Plain data of one value, for errors: ``{"type": "ReLU"}``.
    word : str
        The alternative to a list that the parameter accepts: ``"auto"`` with its quotes, or ``None``.
    presets : callable, default=tuple
        Returns the names of the lists that come with convnet.
    foreign : ForeignNames, default=None
        What to write instead of classes of other libraries.
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
        foreign: ForeignNames | None = None,
    ) -> None:
        self.base, self.parameter, self.noun, self.word = base, parameter, noun, word
        self.one = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
        self.example, self.presets = example, presets
        self.foreign = foreign or ForeignNames({})
        self._types: dict[str, type[V]] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Make a class an immutable value that specs can name; a class decorator.

        The class inherits the documentation of its fields from its base classes.

        Parameters
        ----------
        cls : type
            A subclass of `Layer` (`convnet.layers.register`) or of `Augmentation` (`convnet.augment.register`).

        Returns
        -------
        cls : type
            The same class, which is now a frozen dataclass.

        Raises
        ------
        TypeError
            If `cls` is not a subclass of the base class.
        ValueError
            If another class of this name is already registered. A class that is defined again, as by a cell of a
            notebook that is run twice, replaces the former one.
        """
        base: type[Value] = self.base
        if not issubclass(cls, base):
            raise TypeError(f"{cls.__name__} must be a subclass of {base.__name__}")
        known = self._types.get(cls.__name__)
        if known is not None and _place(known) != _place(cls):
            raise ValueError(
                f"{self.one} type named {show(cls.__name__)} is already registered: that of {known.__module__}. Give "
                "your class another name, by which files can tell it apart."
            )
        documented = bool(cls.__dict__.get("__doc__"))
        built = immutable(cls)
        _mark_keyword_only(built)
        if documented:  # otherwise dataclass wrote a signature
            built.__doc__ = inherit_docs(built, base)
        self._types[cls.__name__] = cast(type[V], built)
        return built

    def types(self) -> dict[str, type[V]]:
        """Return the registered classes by name."""
        return dict(self._types)

    def from_dict(self, params: dict[str, Any]) -> V:
        """Return the value that ``{"type": "Conv2D", "filters": 16, ...}`` describes."""
        types = self._types
        if not isinstance(params, dict):
            raise TypeError(f"{self.one} must be a dict such as {self.example}; got {show(params)}")
        name = params.get("type")
        if not isinstance(name, str):
            known = ", ".join(types)
            keras = ' Write the fields of Keras\'s "config" beside it.' * ("class_name" in params)
            raise ValueError(
                f'{self.one} needs a "type", one of {known}; got {show(params)}.{keras}'
            )
        if name not in types:
            is_own = name.lower() in map(str.lower, types)
            hint = "" if is_own else self.foreign.remedy(name)
            hint = hint or did_you_mean(name, types)
            raise ValueError(f"unknown {self.noun} type {show(name)}.{hint}")
        cls = types[name]
        fields = {key: value for key, value in params.items() if key != "type"}
        cls.check_parameter_names(fields)
        return cls(**fields)


def _mark_keyword_only(cls: type[Value]) -> None:
    """Have the signature of a class say which parameters `_check_positional` accepts by name only."""
    init = cls.__dict__["__init__"]
    signature, most = inspect.signature(init), cls._max_positional() + 1  # with self
    parameters = [
        p if i < most else p.replace(kind=p.KEYWORD_ONLY)
        for i, p in enumerate(signature.parameters.values())
    ]
    init.__signature__ = signature.replace(parameters=parameters)

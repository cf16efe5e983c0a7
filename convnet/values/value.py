"""The base of all values of a spec: immutable and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from convnet.values.constraints import parameter
from convnet.values.foreign_names import ForeignNames, unknown_names
from convnet.values.messages import reworded, show

T = TypeVar("T")
V = TypeVar("V", bound="Value")


def _build(cls: type[V], params: Mapping[str, Any]) -> V:
    return cls(**params)


def checked(value: V) -> V:
    """Check a value again, because code can change even a frozen field. Return it, normalized if needed."""
    params = {name: getattr(value, name, None) for name in value.parameter_names()}
    built = _build(type(value), params)
    own = built.get_params()
    same = all(type(own[name]) is type(v) and own[name] == v for name, v in params.items())
    return value if same else built


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def immutable(cls: type[T]) -> type[T]:
    """Make a class whose fields are declared with `parameter` a frozen dataclass; a class decorator."""
    return dataclass(frozen=True, repr=False)(cls)


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
@immutable
class Value:
    """A value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `convnet.values.constraints.parameter` and is registered with its `Registry`.
    Building a value checks and normalizes its fields. A bad field raises TypeError or ValueError.
    """

    foreign_parameters: ClassVar[ForeignNames] = ForeignNames({})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        cls.check_parameter_names(kwargs)
        cls._check_positional(args)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for field in fields(self):
            try:
                value = field.metadata["check"](getattr(self, field.name))
            except (TypeError, ValueError) as error:
                # The check of a list of layers has named the position already: "layers[3]: ...".
                name = "" if str(error).startswith(field.name) else f"{field.name} "
                raise reworded(error, f"{kind}: {name}{error}") from None
            object.__setattr__(self, field.name, value)
        self.check()

    def check(self) -> None:
        """Check conditions on several fields at once. Raise ValueError if one is not met."""

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Return the names of the parameters in the order of the signature: keyword-only ones are last.

        Returns
        -------
        names : tuple of str
        """
        own = [field.name for field in fields(cls) if not field.kw_only]
        return (*own, *(field.name for field in fields(cls) if field.kw_only))

    @classmethod
    def check_parameter_names(cls, names: Iterable[str]) -> None:
        """Check that all names are names of parameters.

        Parameters
        ----------
        names : iterable of str
            The names, or a dict that maps names to values.

        Raises
        ------
        TypeError
            If a name is unknown. The message says what to write instead of names from other libraries, or suggests a
            similar one.
        """
        known = cls.parameter_names()
        values = names if isinstance(names, Mapping) else dict.fromkeys(names, ...)
        unknown = {name: value for name, value in values.items() if name not in known}
        if unknown:
            raise unknown_names(cls.__name__, unknown, known, cls.foreign_parameters)

    @classmethod
    def _check_positional(cls, args: tuple[Any, ...]) -> None:
        """Raise TypeError if more values are given by position than `_max_positional` allows."""
        most = cls._max_positional()
        if len(args) > most:
            names = " and ".join(cls.parameter_names()[:most])
            count = f"{len(args)} values" if len(args) > 1 else "a value"
            raise TypeError(
                f"{cls.__name__} takes only {names} by position; got {count}.{cls._positional_hint(args)}"
                if most
                else f"{cls.__name__} takes no value by position; got {show(args[0])}. Write {cls.__name__}()."
            )

    @classmethod
    def _max_positional(cls) -> int:
        """Return how many parameters can be given by position."""
        return sum(not field.kw_only for field in fields(cls))

    @classmethod
    def _positional_hint(cls, args: tuple[Any, ...]) -> str:
        """Return what to add to the error about too many values by position."""
        return " Give the others by name."

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Accepted for scikit-learn. It has no effect, because values do not nest.

        Returns
        -------
        params : dict
            Names and values, in the order of the signature.
        """
        return {name: getattr(self, name) for name in self.parameter_names()}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed.

        Parameters
        ----------
        **changes : dict
            New values by name of the parameter. They are checked as in the constructor.

        Returns
        -------
        value : object
            Of the same type.
        """
        self.check_parameter_names(changes)
        return type(self)(**self.get_params() | changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the value as a dict for JSON or YAML.

        Returns
        -------
        params : dict
            The type and the non-default parameters. Pairs become lists.
        """
        return {"type": type(self).__name__} | {k: _plain(v) for k, v in self._changed().items()}

    def _changed(self) -> dict[str, Any]:
        defaults = {field.name: field.default for field in fields(self)}
        params = self.get_params().items()
        return {k: v for k, v in params if defaults[k] is MISSING or v != defaults[k]}

    def __repr__(self) -> str:
        first = [field.name for field in fields(self) if field.metadata["positional"]]
        changed = {k: _written(v) for k, v in self._changed().items()}
        parts = [v if k in first else f"{k}={v}" for k, v in changed.items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _build, (type(self), self.get_params())  # so that unpickling checks the fields

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # skops makes an empty value and passes its state here: check the fields
        self.__init__(**state)  # type: ignore[misc]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __sklearn_clone__(self) -> Self:
        return self


def _written(value: object) -> str:
    """Return a field as code: values, and lists of them, in brackets."""
    if isinstance(value, tuple) and _holds_values(value):
        return f"[{', '.join(map(_written, value))}]"
    return "[]" if value == () else repr(value)


def _holds_values(value: object) -> bool:
    return isinstance(value, Value) or (isinstance(value, tuple) and any(map(_holds_values, value)))


def _plain(value: object) -> object:
    if isinstance(value, Value):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value

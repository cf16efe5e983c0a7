"""The base of all values of a spec: immutable and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self, TypeVar, dataclass_transform

from convnet.values.fields import did_you_mean, parameter, refusal, show
from convnet.values.plain import plain

T = TypeVar("T")
V = TypeVar("V", bound="Value")


def _build(cls: type[V], params: Mapping[str, Any]) -> V:
    return cls(**params)


def checked(value: V) -> V:
    """Return a value that has been checked anew: a field may have been changed, in spite of all, to what it cannot be.

    It is the same one where nothing had to be normalised.
    """
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

    A subclass declares its fields with `convnet.values.fields.parameter` and is registered with its
    `Registry`. Fields are checked and normalised when a value is built; a bad one raises TypeError or ValueError.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        cls.check_parameter_names(kwargs)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for field in fields(self):
            given = getattr(self, field.name, None)  # there is none where __init__ was not run
            try:
                value = field.metadata["check"](plain(given))
            except (TypeError, ValueError) as error:
                # a check of a list has named the place in it: layers[3]: ...
                name = "" if str(error).startswith(field.name) else f"{field.name} "
                raise refusal(error, f"{kind}: {name}{error}") from None
            except Exception as error:  # of an object that is no number or text, whatever it says
                raise TypeError(
                    f"{kind}: {field.name} cannot be {show(given)}, which raised {type(error).__name__}"
                ) from error
            object.__setattr__(self, field.name, value)
        self.check()

    def check(self) -> None:
        """Check what several fields have to agree on; raise ValueError."""

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Return the names of the parameters, as in the signature: those that only a keyword gives last.

        Returns
        -------
        names : tuple of str
        """
        own = [field.name for field in fields(cls) if not field.kw_only]
        return (*own, *(field.name for field in fields(cls) if field.kw_only))

    @classmethod
    def check_parameter_names(cls, names: Iterable[str]) -> None:
        """Look for names that are no parameters.

        Parameters
        ----------
        names : iterable of str
            To look up.

        Raises
        ------
        TypeError
            At the first unknown name, with the likely one.
        """
        known = cls.parameter_names()
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known)
                raise TypeError(f"{cls.__name__} has no parameter {show(name)}.{hint}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            There for scikit-learn; changes nothing.

        Returns
        -------
        params : dict
            Names and values, in the order of the signature.
        """
        return {name: getattr(self, name) for name in self.parameter_names()}

    def replace(self, **changes: Any) -> Self:
        """Return a value like this one with some parameters changed.

        Parameters
        ----------
        **changes : dict
            Parameters by name; checked as when a value is built.

        Returns
        -------
        value : object
            Of the same type.
        """
        self.check_parameter_names(changes)
        return type(self)(**self.get_params() | changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, fit for JSON and YAML.

        Returns
        -------
        params : dict
            The type and the parameters that are not default; pairs become lists.
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
        return _build, (type(self), self.get_params())  # what is unpickled is checked again

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # skops makes an empty value and gives it this: it is checked here
        self.__init__(**state)  # type: ignore[misc]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __sklearn_clone__(self) -> Self:
        return self


def _written(value: object) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], Value):
        return repr(list(value))
    return repr(value)


def _plain(value: object) -> object:
    if isinstance(value, Value):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value

"""Calls with wrong arguments, and attributes of other libraries: errors that name the user's class and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Self, TypeVar

from convnet.inputs.paths import refuse_paths
from convnet.values import foreign_estimator_tables
from convnet.values.foreign_names import (
    MAX_NAMES,
    ForeignNames,
    as_code,
    is_sentence,
    unknown_names,
)
from convnet.values.messages import did_you_mean, show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    F = TypeVar("F", bound=Callable[..., Any])

BY_METHOD = dict.fromkeys(
    ("fit", "partial_fit", "initialize"), foreign_estimator_tables.FIT_PARAMETERS
)


class Arguments:
    """The arguments that a method takes.

    Parameters
    ----------
    method : callable
        With ``self`` as its first parameter.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        parameters = list(signature(method).parameters.values())[1:]
        kinds = {p.kind for p in parameters}
        self.names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.required = [
            p.name for p in parameters if p.default is p.empty and p.name in self.names
        ]
        self.takes_any_name = Parameter.VAR_KEYWORD in kinds
        self.takes_any_number = Parameter.VAR_POSITIONAL in kinds

    def unknown(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that the method does not have."""
        if self.takes_any_name:
            return {}
        return {name: value for name, value in kwargs.items() if name not in self.names}

    def missing(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[str]:
        """Return the names of required arguments that were not passed."""
        given = {*self.positional[: len(args)], *kwargs}
        return [name for name in self.required if name not in given]

    def repeated(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[str]:
        """Return the names of arguments that were passed both by position and by name."""
        return [name for name in self.positional[: len(args)] if name in kwargs]

    def are_too_many(self, args: tuple[Any, ...]) -> bool:
        """Return whether more values were passed by position than the method takes."""
        return len(args) > len(self.positional) and not self.takes_any_number


def checked_call(method: F) -> F:
    """Have a method raise a TypeError that names the class of the estimator and the remedy, if arguments are wrong."""
    arguments = Arguments(method)
    fewest, most = len(arguments.required), len(arguments.positional)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs and fewest <= len(args) <= most:  # the usual call, of small nets too
            return method(self, *args)
        if (
            arguments.unknown(kwargs)
            or arguments.repeated(args, kwargs)
            or arguments.are_too_many(args)
            or arguments.missing(args, kwargs)
        ):
            raise _wrong_call(self, method.__name__, arguments, args, kwargs)
        return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _constructor(init: Callable[..., Any]) -> Arguments:
    return Arguments(init)


class CallChecksMixin:
    """Checks the arguments of an estimator's constructor, and answers to attributes of other libraries.

    The constructor and its signature stay as they are, which scikit-learn reads.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if args or kwargs:
            arguments = _constructor(cls.__init__)
            unknown = arguments.unknown(kwargs)
            if unknown:
                table = foreign_estimator_tables.ESTIMATOR_PARAMETERS
                raise unknown_names(cls.__name__, unknown, arguments.names, table)
            if arguments.are_too_many(args):
                raise TypeError(_too_many(cls.__name__, arguments, args))
            repeated = arguments.repeated(args, kwargs)
            if repeated:
                raise TypeError(_repeated(cls.__name__, repeated))
        return super().__new__(cls)

    if not TYPE_CHECKING:  # else every attribute would be known

        def __getattr__(self, name: str) -> Any:
            remedy = (
                "" if name.startswith("_") else foreign_estimator_tables.ATTRIBUTES.remedy(name)
            )
            if not remedy:
                return object.__getattribute__(self, name)  # raises the error of Python
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.{remedy}")


def _wrong_call(
    estimator: Any,
    method: str,
    arguments: Arguments,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> TypeError:
    """Return the error of a call. Raise it if X is a path, which comes before all other errors."""
    owner = f"{type(estimator).__name__}.{method}()"
    unknown = arguments.unknown(kwargs)
    if "X" in arguments.names and args:
        refuse_paths(args[0])
    if unknown:
        first = list(unknown.items())[:MAX_NAMES]
        return TypeError(
            " ".join(
                f"{owner} has no parameter {show(name)}.{_remedy(estimator, method, arguments, name, value)}"
                for name, value in first
            )
        )
    if arguments.are_too_many(args):
        return TypeError(_too_many(owner, arguments, args))
    repeated = arguments.repeated(args, kwargs)
    if repeated:
        return TypeError(_repeated(owner, repeated))
    missing = arguments.missing(args, kwargs)
    return TypeError(f"{owner} needs {' and '.join(missing)}.{_missing_remedy(method, args)}")


def _remedy(estimator: Any, method: str, arguments: Arguments, name: str, value: Any) -> str:
    """Return what to write instead of an argument that a method does not have."""
    tables = [BY_METHOD.get(method, ForeignNames({}))]
    if "X" in arguments.names and method not in BY_METHOD:
        tables.append(foreign_estimator_tables.PREDICT_PARAMETERS)
    for table in tables:
        remedy = table.remedy(name, value, arguments.names)
        if remedy:
            return remedy
    own = type(estimator)._get_param_names()
    code = f"{name}={as_code(value)}" if name in own else ""
    code = code or foreign_estimator_tables.ESTIMATOR_PARAMETERS.find(name, value, own)
    if is_sentence(code):
        return f" {code}"
    if code:
        return f" Pass it to the constructor: {type(estimator).__name__}(..., {code})."
    return did_you_mean(name, arguments.names)


def _repeated(owner: str, names: Sequence[str]) -> str:
    """Return the message about arguments passed twice."""
    return f"{owner} got {names[0]} twice: by position and by name. Pass it once."


def _too_many(owner: str, arguments: Arguments, args: tuple[Any, ...]) -> str:
    """Return the message about too many values by position."""
    *first, last = arguments.positional or ["no value"]
    taken = f"{', '.join(first)} and {last}" if first else last
    others = [name for name in arguments.names if name not in arguments.positional]
    remedy = f" Give the others by name: {', '.join(others[:3])}, ..." if others else ""
    if taken == "layers" and all(hasattr(value, "to_dict") for value in args):
        names = ", ".join(f"{type(value).__name__}(...)" for value in args[:3])
        remedy = f" Pass the layers as one list: {owner}([{names}])."
    return f"{owner} takes {taken} by position; got {len(args)} values.{remedy}"


def _missing_remedy(method: str, args: tuple[Any, ...]) -> str:
    """Return how to pass X and y if X is an object that holds both, such as a Bunch, a mapping or an ImageFolder.

    Otherwise return "".
    """
    X = args[0] if args else None
    if isinstance(X, Mapping) and "data" in X and "target" in X:
        return f" Write {method}(photos.data, photos.target) for a Bunch named photos."
    if isinstance(X, Mapping):
        names = ", ".join(f"data[{show(name)}]" for name in list(X)[:2]) or "X, y"
        return f" X is a {type(X).__name__}. Pass its arrays, such as {method}({names})."
    if hasattr(X, "read_rows") and hasattr(X, "target"):
        return f" Write {method}(folder, folder.target) for an ImageFolder named folder."
    return ""

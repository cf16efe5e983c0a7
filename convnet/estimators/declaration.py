"""Parameters declared as fields: constructor, signature, docstring and check of the values follow from them.

A class declares each parameter with its type, its constraint and its default, and describes it in the section
"Parameters" of its docstring, as a layer does:

::

    @declares_parameters
    class ConvNetRegressor(BaseConvNet):
        normalize_y: bool = parameter(boolean, default=True)

It takes the parameters of its base classes too. The constructor stores the values, as scikit-learn expects, and ``fit``
checks them. The classes are not dataclasses: libraries that compare or hash dataclasses would miss fitted attributes.
"""

from __future__ import annotations

import inspect
import textwrap
from dataclasses import MISSING, Field
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from convnet.fitted.attributes import ATTRIBUTES
from convnet.training.optimization import check_learning_rate
from convnet.values.constraints import parameter
from convnet.values.docstrings import join_sections, split_entries, split_sections
from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from convnet.fitted.attributes import FittedAttribute


T = TypeVar("T")


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(parameter,))
def declares_parameters(cls: type[T]) -> type[T]:
    """Give a class the constructor and the docstring that its parameters declare; a class decorator.

    Positional parameters come first, then the others of the class, then those of its base classes.

    Parameters
    ----------
    cls : type
        Its annotated fields that `convnet.values.constraints.parameter` defines are its parameters. Only those with
        ``kw_only=False`` can be given by position. Its docstring describes its own parameters.

    Returns
    -------
    cls : type
        The same class, with the fields of all parameters by name in ``_declared_parameters``.

    Raises
    ------
    KeyError
        If a parameter is not described.
    """
    annotations = inspect.get_annotations(cls)
    own = {name: vars(cls)[name] for name in annotations if isinstance(vars(cls).get(name), Field)}
    for name, field in own.items():
        field.type = annotations[name]
        delattr(cls, name)  # an instance without the attribute was not constructed
    inherited = getattr(cls, "_declared_parameters", {})
    fields = own | {name: field for name, field in inherited.items() if name not in own}
    ordered = dict(sorted(fields.items(), key=lambda item: item[1].kw_only is not False))
    cls._declared_parameters = ordered  # type: ignore[attr-defined]
    cls.__init__ = _constructor(cls.__qualname__, ordered)  # type: ignore[method-assign]
    cls.__init__.__module__ = cls.__module__
    if cls.__doc__ is not None:  # python -OO
        cls.__doc__ = _described(cls, ordered)
    return cls


def _constructor(name: str, fields: dict[str, Field[Any]]) -> Callable[..., None]:
    """Return an ``__init__`` that stores one argument for each field."""
    signature = Signature(
        [
            Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
            *(_parameter(name, field) for name, field in fields.items()),
        ],
        return_annotation=None,
    )

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            call = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}.__init__() {error}") from None
        call.apply_defaults()
        del call.arguments["self"]
        self.__dict__.update(call.arguments)

    init.__name__, init.__qualname__ = "__init__", f"{name}.__init__"
    init.__signature__ = signature  # type: ignore[attr-defined]
    init.__annotations__ = {name: field.type for name, field in fields.items()} | {"return": None}
    return init


def _parameter(name: str, field: Field[Any]) -> Parameter:
    positional = field.kw_only is False
    return Parameter(
        name,
        Parameter.POSITIONAL_OR_KEYWORD if positional else Parameter.KEYWORD_ONLY,
        default=Parameter.empty if field.default is MISSING else field.default,
        annotation=field.type,
    )


def _described(cls: type, names: dict[str, Any]) -> str:
    """Return the docstring of a class with the descriptions of its base classes' parameters."""
    entries: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if "_declared_parameters" in vars(base):
            entries |= split_entries(split_sections(base.__doc__ or "").get("Parameters", ""))
    sections = split_sections(cls.__doc__ or "")
    sections["Parameters"] = "\n".join(entries[name] for name in names)
    return join_sections(sections)


def documents_fitted_attributes(cls: type[T]) -> type[T]:
    """Add the fitted attributes that nets share to the section "Attributes" of a class; a class decorator.

    Parameters
    ----------
    cls : type
        Its docstring describes only the attributes that are specific to it.

    Returns
    -------
    cls : type
        The same class.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    sections = split_sections(cls.__doc__)
    own = split_entries(sections["Attributes"])
    shared = [a for a in ATTRIBUTES if a.doc and a.name not in own]
    entries = own | {a.name: _attribute_entry(a) for a in shared}
    sections["Attributes"] = "\n".join(entries.values())
    cls.__doc__ = join_sections(sections)
    return cls


def _attribute_entry(attribute: FittedAttribute) -> str:
    text = textwrap.fill(attribute.doc, 110, break_long_words=False, break_on_hyphens=False)
    return f"{attribute.name} : {attribute.type}\n{textwrap.indent(text, '    ')}"


class ParameterError(ValueError, TypeError):
    """A parameter has a wrong type or value. Both a ValueError and a TypeError, as in scikit-learn."""


def check_parameters(estimator: Any) -> None:
    """Raise ParameterError if a parameter has a wrong type or value. The message names estimator and parameter."""
    kind = type(estimator).__name__
    names = (*estimator._declared_parameters, *estimator._get_param_names())
    missing = [name for name in names if not hasattr(estimator, name)]
    if missing:
        raise ParameterError(
            f"{kind} has no parameter {show(missing[0])}. Its __init__ must call super().__init__(), which sets the "
            "parameters of the base class, and set its own."
        )
    try:
        for name, field in estimator._declared_parameters.items():
            constraint = field.metadata["check"]
            if constraint is not None and name in vars(estimator):
                constraint.check(name, getattr(estimator, name))
        check_learning_rate(estimator.learning_rate, estimator.max_iter, estimator.n_iter_no_change)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{kind}: {error}") from None

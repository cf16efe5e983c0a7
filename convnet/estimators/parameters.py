"""Nested parameter names: ``layers__stem__filters``, ``augment__0__degrees``, ``learning_rate__every``.

Layers, augmentations and schedules are immutable, so a change makes a new one, in a new list. The caller's list and
the other candidates of a search do not change. A bad value must raise in ``fit`` and not here, because a search catches
only errors of ``fit``. A layer or an augmentation that cannot be built is therefore stored as a dict, which ``fit``
refuses.
"""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, Self

from convnet._sklearn_bases import BaseEstimator
from convnet.augment.base import AUGMENTATIONS
from convnet.augment.spec import as_augment
from convnet.layers import as_layers, resolve_names
from convnet.layers.base import LAYERS
from convnet.training.schedules import NAMED, Schedule
from convnet.values import foreign_estimator_tables
from convnet.values.messages import did_you_mean, listed, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from convnet.values.registry import Registry


def nested_parameters(params: dict[str, Any]) -> dict[str, Any]:
    """Return the nested names and values that ``get_params(deep=True)`` lists; never fails.

    A layer is listed under its name if it was given one, else under its index. Layers written as dicts, text or a path
    are not listed, because they are not converted yet. An augmentation is listed under its index.

    Parameters
    ----------
    params : dict
        The estimator's own parameters.
    """
    nested: dict[str, Any] = {}
    for registry in (LAYERS, AUGMENTATIONS):
        spec = params.get(registry.parameter)  # a subclass may not list it
        nested |= _listed(registry, registry.parameter, spec)
    learning_rate = params.get("learning_rate")
    if isinstance(learning_rate, Schedule):
        nested |= {f"learning_rate__{k}": v for k, v in learning_rate.get_fields().items()}
    return nested


def _listed(registry: Registry[Any], prefix: str, values: Any) -> dict[str, Any]:
    """Return the names and values of the members of a list, of their fields and of nested lists."""
    nested: dict[str, Any] = {}
    for i, value in enumerate(values if isinstance(values, list | tuple) else ()):
        if isinstance(value, registry.base):
            name = getattr(value, "name", None)
            key = f"{prefix}__{i if name is None else name}"
            nested[key] = value
            nested |= {f"{key}__{field}": v for field, v in value.get_params().items()}
            for field, depth in _nested_fields(type(value)).items():
                lists = {f"{key}__{field}": getattr(value, field)}
                if depth == 2:
                    lists = {f"{key}__{field}__{j}": v for j, v in enumerate(lists.popitem()[1])}
                    nested |= lists
                for path, members in lists.items():
                    nested |= _listed(registry, path, members)
    return nested


def _nested_fields(kind: type) -> Mapping[str, int]:
    """Return the fields of a class that hold nested members, as in `Layer.nested_fields`."""
    return getattr(kind, "nested_fields", {})


def replace_layers(spec: Any, changes: dict[str, Any]) -> list[Any]:
    """Return a new list of layers with some of them changed.

    Parameters
    ----------
    spec : list, dict, str or path
        The ``layers`` parameter. If it is not a list or tuple, it is converted first.
    changes : dict
        New values by name: "0__filters", "-1__units", "stem__filters", "0" for a whole layer,
        "2__layers__0__filters" for a layer of a Residual, or "2__branches__1__0__filters" for one of a branch.
    """
    if isinstance(spec, str) and spec == "auto":
        name = next(iter(changes))
        raise ValueError(
            f'layers__{name[:60]}: layers="auto" has no layers to change. Set layers to a list first.'
        )
    layers = spec if isinstance(spec, list | tuple) else as_layers(spec)
    return _replaced(LAYERS, layers, changes, LAYERS.parameter)


def replace_augment(spec: Any, changes: dict[str, Any]) -> list[Any]:
    """Return a new list of augmentations with some of them changed, like `replace_layers` but without names."""
    augment = spec if isinstance(spec, list | tuple) else as_augment(spec)
    return _replaced(AUGMENTATIONS, augment, changes, AUGMENTATIONS.parameter)


def _replaced(
    registry: Registry[Any], values: Iterable[Any], changes: dict[str, Any], path: str
) -> list[Any]:
    """Return a copy of `values` with the changes made: first whole members, then fields, then nested lists.

    `path` is the name of the list, for errors: "layers__1__branches__0".
    """
    values = list(values)
    whole: dict[int, Any] = {}  # by index: the new member
    fields: dict[int, dict[str, Any]] = {}  # its new fields
    inner: dict[int, dict[str, dict[str, Any]]] = {}  # changes of nested members, by field
    for key, value in changes.items():
        name, _, field = key.partition("__")
        i, (outer, _, below) = _index(registry, name, values, path), field.partition("__")
        if not field:
            whole[i] = value
        elif below and outer in _all_nested_fields(registry):
            inner.setdefault(i, {}).setdefault(outer, {})[below] = value
        else:
            fields.setdefault(i, {})[field] = value
    for i, value in whole.items():
        values[i] = value
    for i, new in fields.items():
        for field, value in new.items():
            values[i] = _changed(registry, values[i], field, value)
    for i, lists in inner.items():
        for field, deeper in lists.items():
            inside, depth = _inner(registry, values[i], field)
            replaced = _replaced if depth == 1 else _replaced_lists
            changed = replaced(registry, inside, deeper, f"{path}__{i}__{field}")
            values[i] = _changed(registry, values[i], field, changed)
    return values


def _replaced_lists(
    registry: Registry[Any], lists: Iterable[Any], changes: dict[str, Any], path: str
) -> list[Any]:
    """Return a copy of a list of lists with the changes made: "1" for a whole list, "1__0__filters"."""
    lists = list(lists)
    by_list: dict[int, dict[str, Any]] = {}
    for key, value in sorted(changes.items(), key=lambda change: "__" in change[0]):
        number, _, below = key.partition("__")
        if not number.lstrip("-").isdecimal() or not -len(lists) <= int(number) < len(lists):
            raise ValueError(
                f"{path}__{number[:60]}: no list has this index. {path} has {len(lists)} lists, numbered from 0."
            )
        if below:
            by_list.setdefault(int(number), {})[below] = value
        else:
            lists[int(number)] = value
    for i, deeper in by_list.items():
        lists[i] = _replaced(registry, lists[i], deeper, f"{path}__{i}")
    return lists


def _all_nested_fields(registry: Registry[Any]) -> set[str]:
    """Return the names of all fields that hold nested members."""
    return {field for kind in registry.types().values() for field in _nested_fields(kind)}


def replace_schedule(learning_rate: Any, changes: dict[str, Any]) -> Schedule:
    """Return a new schedule with some fields changed. A name such as "cosine" stands for a schedule with fields."""
    schedule = NAMED.get(learning_rate) if isinstance(learning_rate, str) else learning_rate
    if not isinstance(schedule, Schedule):
        raise ValueError(
            f"learning_rate__{next(iter(changes))[:60]}: learning_rate={show(learning_rate)} has no fields."
        )
    for name in sorted(changes, key=lambda name: name.count("__")):  # "then" before "then__final"
        known = schedule.get_fields()
        if name not in known:
            kind = type(schedule).__name__
            raise ValueError(f"{kind} has no parameter {show(name)}.{did_you_mean(name, known)}")
        schedule = schedule.replace(**{name: changes[name]})
    return schedule


def _index(registry: Registry[Any], key: str, values: Sequence[Any], path: str) -> int:
    """Return the index of the member with this index or name in the list named `path`."""
    what = f"{path}__{key[:60]}"
    try:
        i = int(key)
    except ValueError:
        names = _names(values, key) if registry is LAYERS else []
        if key in names:
            return names.index(key)
        hint = did_you_mean(key, [name for name in names if isinstance(name, str)])
        raise ValueError(f"{what}: no {registry.noun} has this name.{hint}") from None
    if not -len(values) <= i < len(values):
        members = [f"{path}__{j} is {_kind(one)}" for j, one in enumerate(values)]
        raise ValueError(
            f"{what}: no {registry.noun} has this index. {listed(members) if members else 'The list is empty'}."
        )
    return i


def _kind(value: Any) -> str:
    """Return the name of the class of a layer or an augmentation, also in its dict form."""
    return str(value.get("type", "dict")) if isinstance(value, dict) else type(value).__name__


def _names(layers: Sequence[Any], key: str) -> Sequence[Any]:
    """Return the names given to layers. If `key` is not among them and all are built, add the automatic names."""
    names = [
        layer.get("name") if isinstance(layer, dict) else getattr(layer, "name", None)
        for layer in layers
    ]
    automatic = key not in names and all(isinstance(layer, LAYERS.base) for layer in layers)
    return resolve_names(layers) if automatic else names


def _opened(registry: Registry[Any], value: Any, field: str) -> tuple[type, dict[str, Any]]:
    """Return the type and the parameters of a value or its dict. Raise ValueError if `field` is not one of them."""
    params = dict(value) if isinstance(value, dict) else None
    kind = type(value) if params is None else registry.types().get(params.pop("type", None))
    if kind is None or not issubclass(kind, registry.base):
        raise ValueError(f"{show(value)} is not {registry.one}: it has no parameter {show(field)}.")
    try:
        kind.check_parameter_names([field])
    except TypeError as error:
        raise ValueError(str(error)) from None
    return kind, value.get_params() if params is None else params


def _inner(registry: Registry[Any], value: Any, field: str) -> tuple[Sequence[Any], int]:
    """Return the list nested in a field of a value or its dict, and its depth."""
    kind, params = _opened(registry, value, field)
    inside = params.get(field, ())
    if not isinstance(inside, list | tuple):
        raise ValueError(f"{show(value)} has no list of {registry.noun}s in {field} to change.")
    return inside, _nested_fields(kind)[field]


def _changed(registry: Registry[Any], value: Any, field: str, new: Any) -> Any:
    """Return `value` with a field changed. If that is invalid, return a dict, which ``fit`` refuses."""
    kind, params = _opened(registry, value, field)
    params[field] = new
    try:
        return kind(**params)
    except (TypeError, ValueError):
        return {"type": kind.__name__} | params


NESTED = {
    "layers": replace_layers,
    "augment": replace_augment,
    "learning_rate": replace_schedule,
}
MAX_SEPARATORS = (
    20  # in a nested name: layers nest up to 8 deep, with two separators for each level
)
NAMED_KINDS = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class ParametersMixin(BaseEstimator):
    """Gives an estimator nested parameter names.

    A subclass may have a constructor with other parameters, which calls that of its base class. ``get_params`` then
    lists its own parameters, and those that its ``**kwargs`` pass on to the base class. All others of the base class
    are *hidden*: the constructor sets them.
    """

    # what **kwargs of the constructor may pass on, and what it sets itself; None before that is looked for
    _inherited_names: ClassVar[tuple[str, ...]] = ()
    _refused_names: ClassVar[frozenset[str] | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Add the parameters of the base class to the signature of a constructor with ``**kwargs``."""
        super().__init_subclass__(**options)
        init = vars(cls).get("__init__")
        if init is None:
            return
        own = signature(init).parameters
        rest = [p for p in own.values() if p.kind is Parameter.VAR_KEYWORD]
        inherited = signature(super(cls, cls).__init__).parameters if rest else {}
        passed_on = [
            p.replace(kind=Parameter.KEYWORD_ONLY)
            for name, p in inherited.items()
            if p.kind in NAMED_KINDS and name not in own
        ]
        cls._inherited_names = tuple(p.name for p in passed_on)
        cls._refused_names = None
        if passed_on:
            named = [p for p in own.values() if p not in rest]
            init.__signature__ = signature(init).replace(parameters=[*named, *passed_on, *rest])

    def _refused(self) -> frozenset[str]:
        """Return the inherited parameters that the constructor does not take, because it sets them itself.

        An estimator is constructed with each of them, once per class. ``super().__init__(layers=..., **kwargs)``, for
        example, raises a TypeError if kwargs hold `layers`.
        """
        cls, inherited = type(self), type(self)._inherited_names
        if not inherited:
            return frozenset()
        if cls._refused_names is None:
            own = [name for name in cls._get_param_names() if name not in inherited]

            def takes(*names: str) -> bool:
                try:
                    cls(**{name: getattr(self, name) for name in (*own, *names)})
                except Exception:  # a constructor of a user may raise anything
                    return False
                return True

            if takes(*inherited):
                cls._refused_names = frozenset()
            elif takes():
                cls._refused_names = frozenset(name for name in inherited if not takes(name))
            else:
                return frozenset()  # the values of its own parameters are not valid
        return cls._refused_names

    def _hidden_names(self) -> list[str]:
        """Return the parameters of the base classes that the constructor of a subclass does not take."""
        cls, refused = type(self), self._refused()
        known = {name for name in cls._get_param_names() if name not in refused}
        hidden: dict[str, None] = {}
        for base in cls.__mro__[1:]:
            if issubclass(base, ParametersMixin) and "__init__" in vars(base):
                names = [
                    p.name
                    for p in signature(base.__init__).parameters.values()
                    if p.kind in NAMED_KINDS
                ]
                hidden |= {name: None for name in names[1:] if name not in known}
        return list(hidden)

    def _all_names(self) -> list[str]:
        """Return the names of the parameters, hidden ones included."""
        hidden = self._hidden_names()
        return hidden + [name for name in self._get_param_names() if name not in hidden]

    def _changed_hidden(self, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return the hidden parameters that the constructor sets to other values for `new` parameters than for `old`.

        A search over a parameter from which a constructor makes the layers would otherwise fit the same net each time.
        """
        hidden = self._hidden_names()
        if not hidden or all(old[name] is value for name, value in new.items()):
            return {}
        before, after = vars(type(self)(**old)), vars(type(self)(**new))
        return {
            name: after[name]
            for name in hidden
            if name in after and not _equal(before.get(name), after[name])
        }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters. With `deep`, include those of layers, augmentations and a schedule.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include nested names such as ``layers__0__filters``, ``layers__stem__filters`` for a layer named
            "stem", and ``augment__0__degrees``.

        Returns
        -------
        params : dict
            Names and values.
        """
        refused = self._refused()
        params = {k: v for k, v in super().get_params(deep=False).items() if k not in refused}
        return params | nested_parameters(params) if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters. Lists of layers are copied, not changed in place. Fitted attributes do not change.

        Parameters
        ----------
        **params : dict
            ``layers`` is set before nested names such as ``layers__0__filters``, ``layers__-1__units``,
            ``layers__stem__filters`` and ``layers__0`` (a whole layer). An unknown name raises ValueError at once; a
            bad value raises in ``fit``. If a subclass makes parameters of its base class, such as `layers`,
            from its own, they follow.

        Returns
        -------
        self : object
            This estimator.

        Raises
        ------
        ValueError
            If a name is unknown. The message lists the names that exist.
        """
        known = self.get_params(deep=False)
        own: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        for key, value in params.items():
            name, separator, rest = key.partition("__")
            nested_well = name in NESTED and rest.count("__") <= MAX_SEPARATORS
            if name not in known or (separator and not nested_well):
                hint = foreign_estimator_tables.ESTIMATOR_PARAMETERS.remedy(key, value, known)
                hint = hint or did_you_mean(key, known) or f" Valid parameters are: {list(known)}."
                raise ValueError(
                    f"Invalid parameter {show(key)} for estimator {type(self).__name__}.{hint}"
                )
            if separator:
                nested.setdefault(name, {})[rest] = value
            else:
                own[name] = value
        for name, changes in nested.items():
            own[name] = NESTED[name](own.get(name, known[name]), changes)
        hidden = self._changed_hidden(known, known | own)
        for name, value in own.items():
            setattr(self, name, value)
        self.__dict__.update(hidden)
        return self


def _equal(a: Any, b: Any) -> bool:
    try:
        return a is b or bool(a == b)
    except Exception:  # arrays, and objects that cannot be compared
        return False

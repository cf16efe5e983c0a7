"""Specs: everything that users can pass as a list of values, converted to values and back to plain data."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from convnet._extras import missing_extra
from convnet.values.constraints import is_integer
from convnet.values.foreign_names import as_code
from convnet.values.messages import did_you_mean, reworded, show
from convnet.values.registry import Registry
from convnet.values.value import Value, checked

V = TypeVar("V", bound=Value)
Spec: TypeAlias = Sequence[Value | dict[str, Any]] | Mapping[str, Any] | str | os.PathLike[str]

MAX_VALUES = 1000  # in a list
MAX_TEXT = 2**18  # characters
MAX_DEPTH = 100  # of nested YAML collections: parsing 100,000 takes seconds
MAX_SCALAR = 2**12  # characters of an unquoted YAML scalar: long numbers in base 60 take minutes


def as_values(registry: Registry[V], spec: Any, where: str | None = None) -> tuple[V, ...]:
    """Return the values that a spec describes.

    Parameters
    ----------
    registry : Registry
        The classes that the spec can name.
    spec : list of Value or dict, dict, str or path
        Values, the result of `to_dicts`, ``{"layers": [...]}`` with an optional "description", JSON or YAML text, or
        the path of a .json or .yaml file.
    where : str, default=None
        The place of the list, for errors. None is the parameter of the registry.

    Returns
    -------
    values : tuple of Value
    """
    what, noun = registry.parameter, registry.noun
    if isinstance(spec, str | os.PathLike):
        spec = _parse(registry, *_read(what, spec))
    if isinstance(spec, dict):
        if len(spec) > 2 or spec.keys() - {"description"} != {what}:
            raise ValueError(f'a dict of {noun}s must be {{"{what}": [...]}}; got {show(spec)}')
        spec = spec[what]
    if isinstance(spec, registry.base):
        raise TypeError(f"{what} must be a list; got one {noun}. Write [{show(spec)}]")
    if not isinstance(spec, list | tuple):
        hint = _hint(registry, spec)
        raise TypeError(f"{what} must be {_kinds(registry)}; got {show(spec)}.{hint}")
    if len(spec) > MAX_VALUES:
        raise ValueError(f"{what} has {len(spec)} entries; at most {MAX_VALUES} are allowed")
    return tuple(
        _as_value(registry, f"{where or what}[{i}]", entry) for i, entry in enumerate(spec)
    )


def to_dicts(values: Iterable[Value]) -> list[dict[str, Any]]:
    """Return values as a list of dicts for JSON or YAML. `as_values` converts it back to equal values."""
    return [value.to_dict() for value in values]


def to_json(values: Iterable[Value]) -> str:
    """Return values as JSON text with one value per line."""
    lines = ",\n  ".join(json.dumps(entry) for entry in to_dicts(values))
    return f"[\n  {lines}\n]\n" if lines else "[]\n"


def to_yaml(values: Iterable[Value]) -> str:
    """Return values as YAML text. Requires PyYAML."""
    return _yaml().safe_dump(to_dicts(values), sort_keys=False, default_flow_style=None, width=1000)


def _kinds(registry: Registry[V]) -> str:
    """Return the kinds of spec, for errors."""
    preset = ", a preset" if registry.presets() else ""
    return f"{registry.word}{preset} or a list of {registry.noun}s"


def _as_value(registry: Registry[V], where: str, entry: object) -> V:
    if isinstance(entry, type) and issubclass(entry, registry.base):
        raise TypeError(f"{where} is the class {entry.__name__}. Write {entry.__name__}(...)")
    try:
        if isinstance(entry, registry.base):
            return checked(entry)
        if isinstance(entry, dict):
            return registry.from_dict(entry)
    except (TypeError, ValueError) as error:
        raise reworded(error, f"{where}: {error}") from None
    hint = _hint(registry, entry)
    raise TypeError(f"{where} must be {registry.one} or a dict; got {show(entry)}.{hint}")


def _hint(registry: Registry[V], entry: object) -> str:
    """Return what to write instead of an entry that is neither a value nor a dict, or ""."""
    own = {name.lower(): name for name in registry.types()}
    if isinstance(entry, str):
        name = own.get(entry.lower())
        return f" Write {name}(...)." if name else registry.foreign.remedy(entry)
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], registry.base):
        return f" Write {type(entry[1]).__name__}(..., name={show(entry[0])})."
    if is_integer(entry) and "dense" in own:
        return f' Write Dense({as_code(entry)}, activation="relu").'
    hint = registry.foreign.remedy_of(entry)
    name = own.get((entry if isinstance(entry, type) else type(entry)).__name__.lower())
    return hint or (f" Write {name}(...) of convnet." if name else "")


def _read(what: str, spec: str | os.PathLike[Any]) -> tuple[str, str]:
    """Return the text of a spec and its format: "json", "yaml", or "" if it is unknown."""
    path = os.fspath(spec)
    if not isinstance(path, str):
        raise TypeError(f"{what}: a path must be a string; got {show(path)}")
    end = os.path.splitext(path)[1].lower()
    kind = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}.get(end, "")
    if "\n" in path or not (kind or isinstance(spec, os.PathLike) or os.path.isfile(path)):
        return path, ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read(MAX_TEXT + 1), kind
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, a null character
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{what}: cannot read {show(path)}: {reason}") from None


def _parse(registry: Registry[V], text: str, kind: str) -> Any:
    what = registry.parameter
    if len(text) > MAX_TEXT:
        raise ValueError(
            f"{what}: the text has more than {MAX_TEXT} characters. Shorten it, or pass a list of {registry.noun}s"
        )
    if not kind:
        _refuse_a_word(registry, text.strip())
        kind = "json" if text.lstrip()[:1] in ("[", "{") else "yaml"
    try:
        return json.loads(text) if kind == "json" else _parse_yaml(text)
    except RecursionError:
        raise ValueError(f"{what}: the {kind.upper()} text is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{what}: invalid {kind.upper()}: {str(error)[:300]}") from None


def _refuse_a_word(registry: Registry[V], text: str) -> None:
    """Raise ValueError for text that cannot be a list: one line without a colon or a leading bracket or dash."""
    if text[:1] not in ("[", "{", "-") and "\n" not in text and ":" not in text:
        presets = registry.presets()
        hint = did_you_mean(text, [registry.word.strip('"'), *presets])
        known = f" Presets: {', '.join(presets)}." if presets else ""
        raise ValueError(
            f"{registry.parameter} must be {_kinds(registry)}; got {show(text)}.{hint}{known}"
        )


def _parse_yaml(text: str) -> Any:
    yaml = _yaml()
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise RecursionError
            if isinstance(event, yaml.AliasEvent):  # can expand without bound
                raise ValueError("aliases (*name) are not supported")
            if (
                isinstance(event, yaml.ScalarEvent)
                and event.style is None
                and len(event.value) > MAX_SCALAR
            ):
                raise ValueError(
                    f"a value has more than {MAX_SCALAR} characters. Put text in quotes"
                )
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except (AttributeError, LookupError) as error:  # from a tag that does not fit its value
        raise ValueError(f"a value does not fit its tag ({type(error).__name__})") from None


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        raise ImportError(missing_extra("YAML", "PyYAML", "yaml")) from None
    return yaml

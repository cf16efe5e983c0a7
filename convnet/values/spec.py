"""Specs: from anything a user may write to a tuple of values, and back to plain data."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from convnet.values.fields import did_you_mean, refusal, show
from convnet.values.plain import plain
from convnet.values.registry import Registry
from convnet.values.value import Value, checked

V = TypeVar("V", bound=Value)
Spec: TypeAlias = Sequence[Value | dict[str, Any]] | Mapping[str, Any] | str | os.PathLike[str]

MOST = 1000  # values in a list
MAX_TEXT = 2**18  # characters
MAX_DEPTH = 100  # lists and dicts in one another: a hundred thousand take seconds to be counted
# Characters of a number or word of YAML without quotes: long ones in base 60 take minutes.
MAX_SCALAR = 2**12


def as_values(registry: Registry[V], spec: Any) -> tuple[V, ...]:
    """Return the values that a spec stands for.

    Parameters
    ----------
    registry : Registry
    spec : list of Value or dict, dict, str or path
        Values, plain data as `to_dicts` gives it or ``{"layers": [...]}``, which may have a "description" too, JSON
        or YAML text, the path of a .json or .yaml file.

    Returns
    -------
    values : tuple of Value
    """
    try:
        return _as_values(registry, spec)
    except (TypeError, ValueError, ImportError):
        raise
    except Exception as error:  # of an object that is no value, whatever it says
        raise TypeError(
            f"{registry.parameter} cannot be read: it raised {type(error).__name__}"
        ) from error


def _as_values(registry: Registry[V], spec: Any) -> tuple[V, ...]:
    what, noun = registry.parameter, registry.noun
    spec = plain(spec)
    if isinstance(spec, str | os.PathLike):
        spec = _parse(registry, *_read(what, spec))
    if isinstance(spec, dict):
        if len(spec) > 2 or spec.keys() - {"description"} != {what}:
            raise ValueError(f'a dict of {noun}s must be {{"{what}": [...]}}; got {show(spec)}')
        spec = plain(spec[what])
    if isinstance(spec, registry.base):
        raise TypeError(f"{what} must be a list; got one {noun}. Write [{spec!r}]")
    if not isinstance(spec, list | tuple):
        raise TypeError(f"{what} must be {_kinds(registry)}; got {show(spec)}")
    if len(spec) > MOST:
        raise ValueError(f"{what} has {len(spec)} entries; at most {MOST} are allowed")
    return tuple(_as_value(registry, i, entry) for i, entry in enumerate(spec))


def to_dicts(values: Iterable[Value]) -> list[dict[str, Any]]:
    """Return a list of dicts, fit for JSON and YAML, that `as_values` turns back into equal values."""
    return [value.to_dict() for value in values]


def to_json(values: Iterable[Value]) -> str:
    """Return JSON text, a value a line."""
    lines = ",\n  ".join(json.dumps(entry) for entry in to_dicts(values))
    return f"[\n  {lines}\n]\n" if lines else "[]\n"


def to_yaml(values: Iterable[Value]) -> str:
    """Return YAML text; needs PyYAML."""
    return _yaml().safe_dump(to_dicts(values), sort_keys=False, default_flow_style=None, width=1000)


def _kinds(registry: Registry[V]) -> str:
    """Return what a spec may be, in words."""
    preset = ", a preset" if registry.presets() else ""
    return f"{registry.word}{preset} or a list of {registry.noun}s"


def _as_value(registry: Registry[V], i: int, entry: object) -> V:
    where, entry = f"{registry.parameter}[{i}]", plain(entry)
    if isinstance(entry, type) and issubclass(entry, registry.base):
        raise TypeError(f"{where} is the class {entry.__name__}. Write {entry.__name__}(...)")
    try:
        if isinstance(entry, registry.base):
            return checked(entry)
        if isinstance(entry, dict):
            return registry.from_dict(entry)
    except (TypeError, ValueError) as error:
        raise refusal(error, f"{where}: {error}") from None
    raise TypeError(f"{where} must be {registry.one} or a dict; got {show(entry)}")


def _read(what: str, spec: str | os.PathLike[Any]) -> tuple[str, str]:
    """Return text and its format: "json", "yaml" or "" where only the text can tell."""
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
        raise ValueError(f"{what}: the text has more than {MAX_TEXT} characters")
    if not kind:
        _refuse_a_word(registry, text.strip())
        kind = "json" if text.lstrip()[:1] in ("[", "{") else "yaml"
    try:
        return json.loads(text) if kind == "json" else _parse_yaml(text)
    except RecursionError:
        raise ValueError(f"{what}: the {kind.upper()} text is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{what}: no valid {kind.upper()}: {str(error)[:300]}") from None


def _refuse_a_word(registry: Registry[V], text: str) -> None:
    """Raise ValueError for what cannot be meant as a list: one line, no bracket, no colon, no dash in front."""
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
            if isinstance(event, yaml.AliasEvent):  # they can grow without bound
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
    except (AttributeError, LookupError) as error:  # of a tag that its value does not suit
        raise ValueError(f"a value is not what its tag says ({type(error).__name__})") from None


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        raise ImportError('YAML needs PyYAML: pip install "convnet[yaml]"') from None
    return yaml

"""Finds what is missing in the docstrings of the public API."""

import ast
import inspect
import textwrap

from docstrings import docstring
from public import base_of, is_estimator, is_value, methods, pages, parameters


def shortcomings():
    """Return a line for each missing part of a public docstring."""
    found = []
    for page in pages():
        for thing in page.things:
            found += lacking(thing, thing.__name__)
            if inspect.isclass(thing):
                for name, method in methods(thing).items():
                    found += lacking(method, f"{thing.__name__}.{name}")
    return found


def lacking(thing, name):
    """Return a line for each missing part of the docstring of a class or function; lines start with `name`."""
    try:
        doc = docstring(thing)
    except ValueError as error:
        return [f"{name}: {error}"]
    lines = [] if doc.summary else ["no docstring"]
    lines += _parameters(thing, doc)
    if inspect.isclass(thing):
        lines += _class(thing, doc)
    else:
        lines += _function(thing, doc)
    return [f"{name}: {line}" for line in lines]


def _parameters(thing, doc):
    signature = parameters(thing)
    written = doc.documented("Parameters")
    names = [_starred(p) for p in signature]
    if list(written) != names:
        return [f"documents the parameters {', '.join(written) or 'none'}; has {', '.join(names)}"]
    lines = []
    for parameter, (name, entry) in zip(signature, written.items(), strict=True):
        if (not entry.kind and not name.startswith("*")) or not entry.text:
            lines.append(f"{name} has no type or no description")
        default = entry.kind.partition("default=")[2]
        actual = "" if parameter.default is parameter.empty else parameter.default
        if not _same_default(default, actual, entry.names.index(name)):
            lines.append(
                f"{name} has the default {actual!r}, but {default or 'none'} is documented"
            )
    return lines


def _starred(parameter):
    return {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(
        parameter.kind.name, ""
    ) + parameter.name


def _same_default(text, actual, position):
    """Return whether a documented default, such as "0.9, 0.999" or '"auto"', is `actual` at `position`."""
    if actual == "" or not text:
        return actual == "" and not text
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text == repr(actual)
    return value == actual or (isinstance(value, tuple) and value[position] == actual)


def _class(cls, doc):
    """Return missing sections: values need references, layers also shapes, estimators their attributes."""
    needed = []
    if is_value(cls):
        needed += ["References"]
    if is_value(cls) and hasattr(base_of(cls), "output_shape"):
        needed += ["Notes", "Examples"]
        needed += ["Raises"] if cls.takes in ("map", "signal") else []
    if is_value(cls) and getattr(cls, "check", None) is not getattr(base_of(cls), "check", None):
        needed += ["Raises"]
    if is_estimator(cls):
        learns = not hasattr(cls, "__sklearn_is_fitted__")  # some estimators need no fit
        needed += ["Attributes", "Examples"] if learns else ["Examples"]
    return [f"no {section}" for section in dict.fromkeys(needed) if not doc.sections.get(section)]


def _function(function, doc):
    """Return missing sections: functions document what they return and raise."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    own = list(_own_nodes(tree.body[0]))
    lines = []
    if any(isinstance(node, ast.Return) and node.value for node in own):
        lines += [] if doc.sections.get("Returns") else ["no Returns"]
    if any(isinstance(n, ast.Raise) and n.exc and "NotImplemented" not in ast.dump(n) for n in own):
        lines += [] if doc.sections.get("Raises") else ["no Raises"]
    if function.__name__ == "fit":  # the checks that it calls raise errors
        lines += [] if doc.sections.get("Raises") else ["no Raises"]
    return list(dict.fromkeys(lines))


def _own_nodes(function):
    """Yield the nodes of a function, except those of nested functions."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            yield from _own_nodes(node)

"""The public API, found through ``__all__``, arranged in pages."""

import inspect
from functools import cache
from typing import NamedTuple

import convnet
from convnet.graph import Network

NETWORK = """The net below the estimators.

```python
from convnet.graph import Network
```"""


class Page(NamedTuple):
    """A page: file name without suffix, introduction, and {heading: things}."""

    name: str
    intro: str
    groups: dict

    @property
    def things(self):
        """All things of the page, in their order."""
        return [thing for group in self.groups.values() for thing in group]


@cache
def pages():
    """Return all pages.

    Each estimator in ``convnet.__all__`` has its own page, and the other classes and functions there share one. Each
    public module has a page for its ``__all__``, so a new module gets its page without further changes. `Network` has a
    page although ``convnet.__all__`` does not name its module.
    """
    things = [getattr(convnet, name) for name in convnet.__all__ if not name.startswith("__")]
    modules = [thing for thing in things if inspect.ismodule(thing)]
    estimators = [thing for thing in things if is_estimator(thing)]
    others = [thing for thing in things if thing not in modules + estimators]
    return (
        *(Page(cls.__name__, "", {"": [cls]}) for cls in estimators),
        *map(_module_page, modules),
        Page("graph", NETWORK, {"": [Network]}),
        Page("functions", "The other functions and classes of `convnet`.", {"": others}),
    )


def _module_page(module):
    things = [getattr(module, name) for name in module.__all__]
    bases = [thing for thing in things if _is_base(thing, things)]
    errors = [thing for thing in things if inspect.isclass(thing) and issubclass(thing, Exception)]
    functions = [thing for thing in things if inspect.isroutine(thing)]
    values = [t for t in things if inspect.isclass(t) and t not in bases + errors]
    groups = {"": values, "Base classes": bases, "Functions": functions, "Errors": errors}
    summary = inspect.getdoc(module).partition("\n\n")[0]
    return Page(
        module.__name__.rpartition(".")[2],
        f"{summary}\n\n```python\nfrom {module.__name__} import {(values or functions)[0].__name__}\n```",
        {heading: group for heading, group in groups.items() if group},
    )


def is_estimator(thing):
    """Return whether a thing is a class with ``fit``."""
    return inspect.isclass(thing) and hasattr(thing, "fit")


def is_value(thing):
    """Return whether a thing is a layer, a schedule or an augmentation: a class with a public base class."""
    return inspect.isclass(thing) and base_of(thing) is not None


def base_of(cls):
    """Return the public base class of a class, or None."""
    public = [thing for page in pages() for thing in page.things]
    return next((ancestor for ancestor in cls.__mro__[1:] if ancestor in public), None)


def _is_base(thing, things):
    classes = [other for other in things if inspect.isclass(other) and other is not thing]
    return (
        inspect.isclass(thing)
        and any(issubclass(other, thing) for other in classes)
        and not any(issubclass(thing, other) for other in classes)
    )


def parameters(thing):
    """Return the parameters of a function, or of the constructor of a class, without ``self``."""
    builds = inspect.isclass(thing) and thing.__init__ is not object.__init__
    signature = inspect.signature(thing.__init__ if builds else thing)
    return [p for p in signature.parameters.values() if p.name != "self"]


def methods(cls):
    """Return {name: function} for the public methods that convnet defines.

    Methods of the public base class of `cls` are left out. ``fit`` comes first; then the methods follow class by class,
    in method resolution order, and within a class in the order of its source file.
    """
    base = base_of(cls)
    found = {}
    for name in dir(cls):
        function = inspect.unwrap(getattr(cls, name))
        ours = getattr(function, "__module__", None) or ""
        written = inspect.isfunction(function) or inspect.ismethod(function)
        if name.startswith("_") or not written or hasattr(base, name):
            continue
        if ours.partition(".")[0] == "convnet":
            owner = next(i for i, c in enumerate(cls.__mro__) if name in c.__dict__)
            found[name] = (name != "fit", owner, function.__code__.co_firstlineno), function
    return {name: f for name, (_, f) in sorted(found.items(), key=lambda item: item[1][0])}


def inherited_methods(cls):
    """Return the names of the methods that users of `cls` inherit from scikit-learn, in any of its releases."""
    ours = methods(cls)
    names = ("fit_transform", "score", "set_output", "transform")
    return [name for name in names if hasattr(cls, name) and name not in ours]

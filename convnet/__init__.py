"""Convolutional neural networks as native scikit-learn estimators.

The public names are those of `convnet._public`, which is imported when one of them is first used. So ``import convnet``
itself takes no time, and the command ``convnet`` can handle Ctrl-C while the rest of the package is being imported.
"""

from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from convnet._version import __version__ as __version__

if PathFinder.find_spec("_engine", [f"{folder}/engine" for folder in __path__]) is None:
    raise ImportError(
        f"The compiled part of convnet is missing from {__path__[0]}. If this is a checkout, build it with: "
        'pip install -e "." If convnet is installed elsewhere, run Python from a folder outside this checkout.'
    )

if TYPE_CHECKING:
    from convnet._public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("_"):
            from convnet import _public

            if name == "__all__":
                return _public.__all__
            if name in getattr(
                _public, "__all__", []
            ):  # not set yet while `_public` imports the other modules
                return getattr(_public, name)
            if hasattr(_public, "__all__"):
                raise _public.missing_public_name(name)
        raise AttributeError(f"module 'convnet' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})

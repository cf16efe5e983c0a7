"""Warnings that point to the user's line, however many calls of convnet and scikit-learn lie between."""

import sys
import warnings

INTERNAL = ("convnet", "sklearn")  # packages whose frames are skipped


def warn_user(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the first line up the stack that is not in convnet or scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_internal(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)


def _is_internal(module: str) -> bool:
    return module.partition(".")[0] in INTERNAL

"""Model files: checks of their paths, writing and loading."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

import convnet
from convnet.cli.errors import UsageError
from convnet.data.images.pillow import EXTENSIONS
from convnet.persistence import model_file
from convnet.persistence.files import atomic_write, check_path

if TYPE_CHECKING:
    from convnet.estimators.base import BaseConvNet

    N = TypeVar("N", bound=BaseConvNet)


def check_output(option: str, path: str, *inputs: str | None) -> None:
    """Raise an error unless a file can be written there, which is none of those that the command reads."""
    check_path(option, path)
    for other in inputs:
        if (
            other
            and os.path.exists(other)
            and os.path.exists(path)
            and os.path.samefile(other, path)
        ):
            raise UsageError(f"{option}: {path} would be lost, which is read. Pass another path.")


def check_model_path(path: str, *inputs: str | None) -> None:
    """Raise an error unless a model can be written there: before a net is trained for it."""
    check_output("--out", path, *inputs)
    if _ending(path) in model_file.ENDINGS:
        model_file.ENDINGS[_ending(path)].check_installed()


def write_model(model: Any, path: str) -> None:
    """Write a fitted estimator: as its ``save`` does where the ending is one of its formats, else a pickle."""
    if _ending(path) in model_file.ENDINGS:
        model.save(path)
    else:
        with atomic_write(path) as file:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)


def load_model(path: str, *kinds: type[N], jobs: int | None = None) -> N:
    """Return the fitted estimator in a file of either sort; UsageError unless it is of one of these classes.

    `jobs`, if any, are its threads.
    """
    if _ending(path).lower() in EXTENSIONS or os.path.isdir(path):
        raise UsageError(
            f"{path} is no model. The model comes first, what it is to look at after it."
        )
    try:
        model = convnet.load(path) if _ending(path) in model_file.ENDINGS else _unpickled(path)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}. Write one with: convnet train FOLDER --out {path}"
        ) from None
    if not isinstance(model, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise UsageError(
            f"{path} holds a {type(model).__name__}, not a {wanted}. "
            "Pass a file that convnet train or save wrote."
        )
    if not hasattr(model, "weights_"):
        raise UsageError(
            f"{path} holds a {type(model).__name__} that is not fitted yet. Fit it first."
        )
    return model if jobs is None else model.set_params(n_jobs=jobs)


def _unpickled(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
        raise UsageError(
            f"{path} is not a model: {error}. Pass a file that convnet train or save wrote."
        ) from None


def _ending(path: str) -> str:
    return os.path.splitext(path)[1]

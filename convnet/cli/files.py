"""Models, and files that are written whole or not at all."""

import os
import pickle
from contextlib import contextmanager, suppress

from convnet.cli.errors import UsageError


@contextmanager
def output(path, mode, **options):
    """Open a file that takes its place at the end: an error leaves what was there before."""
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a folder. Pass the path of a file.")
    part = f"{path}.part"
    try:
        file = open(part, mode, **options)  # noqa: SIM115
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}. Pass another path.") from None
    try:
        with file:
            yield file
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def load_model(path):
    """Return the classifier in a pickle; UsageError if it holds something else."""
    from convnet import ConvNetClassifier

    try:
        with open(path, "rb") as file:
            model = pickle.load(file)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}. Write one with: convnet train FILE.npz --out {path}"
        ) from None
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
        raise UsageError(
            f"{path} is not a model: {error}. Pass a file that convnet train wrote."
        ) from None
    if not isinstance(model, ConvNetClassifier):
        kind = type(model).__name__
        raise UsageError(
            f"{path} holds a {kind}, not a ConvNetClassifier. Pass a file that convnet train wrote."
        )
    return model

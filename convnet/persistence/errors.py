"""ModelFileError."""

from __future__ import annotations


class ModelFileError(ValueError):
    """A file holds no model that this convnet can read: it is another kind of file, truncated, altered or newer.

    Parameters
    ----------
    message : str
        Path and reason.

    Examples
    --------
    >>> import convnet
    >>> open("notes.npz", "w").close()
    >>> try:
    ...     convnet.load("notes.npz")
    ... except convnet.ModelFileError as error:
    ...     print("no model")
    no model
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)

"""ImageReader: a transformer that reads image files."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from convnet.data.arraylikes import as_objects, refuse_iterables
from convnet.data.errors import ImageError, UnreadableError
from convnet.data.images.decode import decode
from convnet.data.images.form import check_form
from convnet.data.images.pillow import check_pillow
from convnet.data.images.resizing import write_resized
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads
from convnet.values.messages import MAX_NAME, printable, shorten, show

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from convnet.data.images.form import ImageForm


BYTES = bytes | bytearray | memoryview  # an image file in memory
OUTPUTS = (None, "default", "pandas", "polars")  # of set_output
MAX_PATH = 4096  # bytes of the longest path


class ImageReader(TransformerMixin, BaseEstimator):
    """Reads paths, the bytes of files, open files or Pillow images into an array: the first step of a pipeline.

    Images are read in the same way as by `load_images` and `ImageFolder`.

    Parameters
    ----------
    size : (int, int) or int, default=(150, 150)
        Height and width of the images in pixels. One integer sets both.
    channels : int, default=3
        3 for color, 1 for gray.
    fit_mode : {"crop", "pad", "stretch"}, default="crop"
        As `fit` of `load_images`, a name that is taken by a method here.
    n_jobs : int, default=None
        Threads that decode. None: one per core, or fewer if OpenMP or an affinity mask limits them. -1: all CPUs.

    Raises
    ------
    ImportError
        In ``transform``, if Pillow is not installed.
    ValueError, TypeError
        In ``fit`` and ``transform``, if a parameter is invalid.

    Examples
    --------
    >>> from PIL import Image
    >>> from convnet import ConvNetClassifier
    >>> from convnet.data import ImageReader
    >>> from sklearn.pipeline import make_pipeline
    >>> for name, value in [("day", 200), ("night", 20)]:
    ...     Image.new("RGB", (40, 30), (value, value, value)).save(f"{name}.png")
    >>> ImageReader(size=24).transform(["day.png", Image.open("night.png")]).shape
    (2, 24, 24, 3)
    >>> pipe = make_pipeline(ImageReader(size=24), ConvNetClassifier(max_iter=2, random_state=0))
    >>> list(pipe.fit(["day.png", "night.png"], ["light", "dark"]).predict(["day.png"])) != []
    True
    """

    def __init__(
        self,
        size: tuple[int, int] | int = (150, 150),
        *,
        channels: int = 3,
        fit_mode: str = "crop",
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.channels = channels
        self.fit_mode = fit_mode
        self.n_jobs = n_jobs

    def fit(self, X: object, y: object = None) -> Self:
        """Check the parameters. Nothing is learned.

        Parameters
        ----------
        X : object
            Ignored.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            A parameter is invalid.
        """
        self._form()
        return self

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Read images.

        Parameters
        ----------
        X : array-like of shape (n,) or (n, 1)
            Paths as strings or path objects, image files as bytes, binary files open for reading, or Pillow images, in
            any mix: a list, an array, or a column of a data frame. Files and images stay open.

        Returns
        -------
        images : ndarray of uint8, shape (n, h, w, c)

        Raises
        ------
        ImportError
            Pillow is not installed.
        ImageError
            An image cannot be read. The error names the first in X.
        TypeError
            X is a single path, or can only be iterated over, as a generator, or an element of X is none of these.
        ValueError
            X has another shape, or a parameter is invalid.
        """
        form = self._form()
        check_pillow("ImageReader")
        files = _as_list(X)
        images, lost = np.empty((len(files), *form.shape), np.uint8), {}
        # A file that occurs several times, as in a bootstrap sample, is read once: two threads must not share a file.
        first = {id(file): i for i, file in reversed(list(enumerate(files)))}

        def read_one(i: int) -> bool:
            try:
                _read(files[i], form, images[i])
            except UnreadableError as error:
                lost[i] = error
            return bool(lost)

        for_each(read_one, sorted(first.values()), resolve_n_threads(self.n_jobs))
        if lost:
            i = min(lost)
            raise ImageError(f"ImageReader: {_name(files[i], i)} {lost[i]}.")
        for i, file in enumerate(files):
            if first[id(file)] != i:
                images[i] = images[first[id(file)]]
        return images

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept scikit-learn's choice of the output of a pipeline, which concerns the steps after this one.

        Images have more axes than a data frame: ``transform`` always returns an array.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            What the other steps of the pipeline return.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            `transform` is something else.
        """
        if transform not in OUTPUTS:
            raise ValueError(
                f'ImageReader: transform must be "default", "pandas", "polars" or None; got {show(transform)}.'
            )
        return self

    def _form(self) -> ImageForm:
        return check_form("ImageReader", self.size, self.channels, self.fit_mode, name="fit_mode")

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _as_list(X: Any) -> list[Any]:
    """Return X as a list of files; raise TypeError or ValueError if it is something else."""
    from PIL import Image

    if isinstance(X, str | os.PathLike | Image.Image | BYTES) or hasattr(X, "read"):
        raise TypeError(
            "ImageReader: X must be a list of paths, files, bytes or images; got a single "
            f"{type(X).__name__}. Pass [X]."
        )
    refuse_iterables(X, "ImageReader: X")
    array = as_objects(X)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"ImageReader: X must have shape (n,) or (n, 1); got {array.shape}.")
    files = array.tolist()
    for i, file in enumerate(files):
        if not (isinstance(file, str | os.PathLike | Image.Image | BYTES) or hasattr(file, "read")):
            raise TypeError(
                f"ImageReader: X[{i}] must be a path, the bytes of an image file, an open file or a Pillow image; got "
                f"{type(file).__name__}.{_hint(file)}"
            )
    return files


def _hint(file: Any) -> str:
    """Return what to do about an element that is a dict with the bytes of a file, or an array."""
    if isinstance(file, dict) and isinstance(file.get("bytes"), bytes):
        return ' Pass [x["bytes"] for x in X].'
    return " Pass [PIL.Image.fromarray(x) for x in X]." if isinstance(file, np.ndarray) else ""


def _read(file: Any, form: ImageForm, out: NDArray[np.uint8]) -> None:
    from PIL import Image

    if isinstance(file, BYTES):
        try:
            decode(io.BytesIO(file), form, out)
        except UnreadableError as error:
            raise UnreadableError(f"{error}{_path_hint(file)}") from error
        return
    if not isinstance(file, Image.Image):
        decode(file, form, out)
        return
    try:
        write_resized(file, form, out, draft=False)
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableError(f"is damaged: {error}".rstrip(". ")) from error


def _path_hint(content: bytes | bytearray | memoryview) -> str:
    """Return a hint if bytes that are not an image are the path of a file."""
    try:
        is_path = 0 < len(content) < MAX_PATH and os.path.exists(bytes(content))
    except ValueError:  # a path has no null bytes
        is_path = False
    return (
        ": bytes are the content of a file; pass a path as text, os.fsdecode(path)"
        if is_path
        else ""
    )


def _name(file: Any, i: int) -> str:
    if isinstance(file, BYTES):
        return f"X[{i}], {len(file)} bytes,"
    is_path = isinstance(file, str | os.PathLike)
    name: Any = os.fsdecode(file) if is_path else getattr(file, "filename", None)
    name = name or getattr(file, "name", None)
    return printable(shorten(name, MAX_NAME)) if isinstance(name, str) and name else f"X[{i}]"

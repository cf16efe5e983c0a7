"""Models as safetensors files: one JSON header with texts and shapes, then the numbers."""


def check_installed():
    """Raise ImportError if a library lacks."""
    _library()


def write(file, texts, arrays):
    """Write {name: ASCII text} and {name: array} to an open binary file."""
    file.write(_library().numpy.save(arrays, metadata=texts))


class Reader:
    """A safetensors file; the library checks that header and length go together.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path):
        self._file = _library().safe_open(path, framework="numpy")
        self._texts = self._file.metadata() or {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.__exit__(*error)

    def text(self, name):
        """Return the text of this name, or None if there is none."""
        return self._texts.get(name)

    def names(self):
        """Return the names of all texts and arrays."""
        return {*self._texts, *self._file.keys()}

    def array(self, name, dtype, shape):
        """Return an array; ValueError where dtype or shape is another."""
        piece = self._file.get_slice(name)
        found = tuple(piece.get_shape())
        if piece.get_dtype() != "F32" or found != shape:
            raise ValueError(
                f"{name} is {piece.get_dtype()} of shape {found}; expected F32 of {shape}"
            )
        return self._file.get_tensor(name).astype(dtype)


def _library():
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            '.safetensors needs safetensors: pip install "convnet[safetensors]"'
        ) from None
    return safetensors

"""to_c: a fitted estimator as C source code."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convnet.engine import available_isas
from convnet.model_io.c_source.interface import (
    embedded_weights,
    example,
    header,
    makefile,
)
from convnet.model_io.c_source.kernels import pruned_kernels
from convnet.model_io.c_source.net import export_net
from convnet.model_io.c_source.outputs import outputs_of, outputs_of_layer
from convnet.model_io.c_source.source import net_source
from convnet.model_io.c_source.targets import TARGETS
from convnet.model_io.exported import ExportsNet
from convnet.persistence.files import atomic_write
from convnet.values.constraints import boolean
from convnet.values.messages import listed, quoted, show

if TYPE_CHECKING:
    from collections.abc import Mapping


DEFAULT_NAME = "net"
MAX_NAME = 60  # characters of the prefix
# <name>.h and <name>.c must not take the place of headers of C, nor of the example.
RESERVED = {
    *("assert", "complex", "ctype", "errno", "example", "fenv", "float", "inttypes", "iso646"),
    *("limits", "locale", "math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbool"),
    *("stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "tgmath", "threads", "time"),
    *("uchar", "wchar", "wctype"),
}


class FolderNotEmptyError(ValueError):
    """Raised if `folder`, a path in quotes, is not empty and may not be overwritten."""

    def __init__(self, folder: str, message: str) -> None:
        super().__init__(message)
        self.folder = folder


@dataclass(frozen=True)
class CExport:
    """The files that ``to_c`` wrote.

    Attributes
    ----------
    files : tuple of pathlib.Path
        Paths of the files.
    weights_bytes, scratch_bytes : int
        Sizes of the weights and of the memory for a prediction.
    """

    files: tuple[Path, ...]
    weights_bytes: int
    scratch_bytes: int


class CExportMixin(ExportsNet):
    """Adds ``to_c`` to an estimator."""

    def to_c(
        self,
        directory: str | os.PathLike[str],
        *,
        name: str = DEFAULT_NAME,
        isa: str = "scalar",
        overwrite: bool = False,
    ) -> CExport:
        """Write the fitted estimator as C11 source code, for services and devices without Python.

        The code computes what `predict_proba`, ``predict`` of a regressor or ``transform`` computes, from a sample of X
        as in ``fit`` on, with the same bits as convnet with these kernels (``CONVNET_ISA=scalar``). It allocates
        nothing, starts no threads and needs only ``memcpy``, ``memset`` and ``math.h``.

        The folder gets ``<name>.h``, which is the manual; ``<name>.c``; the weights as ``<name>_weights.bin``, and
        ``<name>_weights.c``, which embeds them; the kernels that the net uses, in ``kernels``; and a Makefile that
        builds ``example.c``.

        Parameters
        ----------
        directory : str or path
            Folder to write to. It is created if it does not exist; its parent must exist.
        name : str, default="net"
            Prefix of the files and of all names in C: a C identifier that begins with a letter.
        isa : {"scalar", "baseline", "avx2", "avx512"}, default="scalar"
            Instruction set that the code is for, which this machine must have. "scalar" is plain C for all processors,
            with the same bits on each; "baseline" has vectors of SSE2 or NEON.
        overwrite : bool, default=False
            Whether files in the folder may be replaced. Files with other names stay. Those of a net with another name
            do not compile anymore, because `kernels` has only what one net uses.

        Returns
        -------
        export : CExport
            `files` has the paths of the files, `weights_bytes` and `scratch_bytes` the sizes of the weights and of the
            memory that a prediction needs.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If a parameter is not valid, this machine lacks `isa`, the folder is not empty and `overwrite` is False, or
            no file can be written there.

        Examples
        --------
        >>> import convnet
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> export = convnet.ConvNetClassifier(max_iter=2).fit(X, y).to_c("digits", name="digits")
        >>> sorted(path.name for path in export.files if path.suffix != ".h")
        ['Makefile', 'activations.def', 'digits.c', 'digits_weights.bin', 'digits_weights.c', 'example.c', 'params.def']
        """
        net, layer = self._exported()
        network = net._network()
        _check_name(name)
        _check_isa(isa)
        folder = _folder(directory, boolean.check("to_c: overwrite", overwrite))
        plan = network.plan
        if layer is None:
            outputs = outputs_of(net._fitted_task(vars(net)), prod(plan.output_shape))
        else:
            outputs = outputs_of_layer(layer, prod(plan.named[layer].output_shape))
        exported = export_net(network, net._input_format, outputs, layer=layer, name=name, isa=isa)
        code = net_source(exported)
        texts = {
            f"{name}.h": header(exported, f"a {type(self).__name__}"),
            f"{name}.c": code,
            f"{name}_weights.c": embedded_weights(exported),
            "example.c": example(exported),
            "Makefile": makefile(exported),
            **pruned_kernels(code, exported.dtype),
        }
        contents = {path: text.encode() for path, text in texts.items()}
        contents[f"{name}_weights.bin"] = exported.weights.astype("<f4").tobytes()
        _write(folder, contents)
        return CExport(
            tuple(folder / path for path in sorted(contents)),
            exported.weights.nbytes,
            exported.scratch_bytes,
        )


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"to_c: name must be a string; got {show(name)}.")
    usable = re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) and len(name) <= MAX_NAME
    if not usable or name.lower() in RESERVED or name.lower().startswith("cn_"):
        raise ValueError(
            f"to_c: name must be a C identifier of at most {MAX_NAME} characters that begins with a letter, such as "
            f'"net". It must not begin with "cn_", or be "example" or the name of a header of C; got {show(name)}.'
        )


def _check_isa(isa: Any) -> None:
    if not isinstance(isa, str) or isa not in TARGETS:
        raise ValueError(f"to_c: isa must be one of {listed(TARGETS)}; got {show(isa)}.")
    if isa not in available_isas():
        raise ValueError(
            f"to_c: this machine has no {isa}; it has {listed(available_isas())}. Pass one of these, or export on a "
            "machine like the one that runs the net."
        )


def _folder(directory: Any, overwrite: bool) -> Path:
    """Return the folder to write to. Raise an error unless it is new, empty or may be overwritten."""
    try:
        folder = Path(os.fsdecode(directory))
    except TypeError:
        raise TypeError(
            f"to_c: directory must be a string or a path; got {show(directory)}."
        ) from None
    path = quoted(str(folder))
    try:
        folder.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # a name that is too long or has a null character
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"to_c: {path} cannot be a folder: {reason}. Pass another path."
        ) from error
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"to_c: {path} is a file. Pass the path of a folder.")
    if folder.is_dir() and not overwrite and any(folder.iterdir()):
        raise FolderNotEmptyError(
            path,
            f"to_c: the folder {path} is not empty. Pass overwrite=True to replace files in it, or another folder.",
        )
    if not folder.absolute().parent.is_dir():
        raise ValueError(
            f"to_c: there is no folder {quoted(str(folder.absolute().parent))} for {path}. Create it first."
        )
    return folder


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, each as a whole."""
    try:
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                file.write(content)
    except OSError as error:
        raise ValueError(
            f"to_c: {quoted(str(folder))} cannot be written: {error.strerror}. Pass another folder."
        ) from error

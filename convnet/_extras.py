"""What to say if an optional library is missing: the command that installs it."""

from pathlib import Path

DISTRIBUTION = (
    "scikit-convnet"  # its name for pip; the package "convnet" on PyPI is another project
)


def missing_extra(what: str, library: str, extra: str) -> str:
    """Return the message that something needs a library of an extra.

    Parameters
    ----------
    what : str
        What needs the library: "HistoryDisplay".
    library : str
        Its name.
    extra : str
        The extra in ``pyproject.toml`` that installs it.

    Returns
    -------
    message : str
        Such as ``HistoryDisplay needs matplotlib. Install it with: pip install "scikit-convnet[plot]"``.
    """
    return f"{what} needs {library}. Install it with: {install_command(extra)}"


def install_command(extra: str = "") -> str:
    """Return the pip command that installs this package, with an extra.

    If the package is imported from a checkout, the command makes an editable install of that checkout. A plain install
    would put a copy in its place, and later changes of the checkout would have no effect.

    Parameters
    ----------
    extra : str, default=""
        An extra in ``pyproject.toml``.

    Returns
    -------
    command : str
        Such as ``pip install "scikit-convnet[plot]"`` or ``pip install -e "/home/me/convnet[plot]"``.
    """
    folder = Path(__file__).resolve().parents[1]
    is_checkout = (folder / "pyproject.toml").is_file() and (folder / "setup.py").is_file()
    option, target = ("-e ", folder) if is_checkout else ("", DISTRIBUTION)
    suffix = f"[{extra}]" if extra else ""
    return f'pip install {option}"{target}{suffix}"'


def install_library(name: str, version: str = "") -> str:
    """Return the pip command that installs a library that no extra lists.

    Parameters
    ----------
    name : str
        Its name for pip.
    version : str, default=""
        The oldest version that will do. If it is given, an installed library is upgraded.

    Returns
    -------
    command : str
        Such as ``pip install pillow-heif`` or ``pip install -U "pillow>=11.3"``.
    """
    return f'pip install -U "{name}>={version}"' if version else f"pip install {name}"

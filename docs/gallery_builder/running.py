"""Runs programs and collects what their blocks print and draw."""

import io
import warnings
from contextlib import redirect_stdout
from typing import NamedTuple

import matplotlib

DPI = 100  # resolution of pictures
MAX_WIDTH = 1000  # of a picture, in pixels


class Result(NamedTuple):
    """What a block printed, and the figures it drew as a list of (alternative text, PNG bytes)."""

    printed: str
    pictures: list


def run(program):
    """Run a program, with warnings as errors.

    Parameters
    ----------
    program : Program
        The program.

    Returns
    -------
    results : list of Result
        One for each block; empty for text.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.close("all")
    names = {"__name__": "__main__", "__file__": str(program.path)}
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for content, line in program.blocks:
            printed = io.StringIO()
            if line:
                code = compile("\n" * (line - 1) + content, program.path, "exec")
                with redirect_stdout(printed):
                    exec(code, names)
            figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
            pictures = [(_description(figure, program), _png(figure)) for figure in figures]
            results.append(Result(printed.getvalue().rstrip(), pictures))
            pyplot.close("all")
    return results


def _description(figure, program):
    """Return the title of a figure, else the first title of its axes, else that of the program."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return " ".join(next((title for title in titles if title), program.title).split())


def _png(figure):
    png = io.BytesIO()
    dpi = min(DPI, MAX_WIDTH / figure.get_figwidth())
    smallest = {"optimize": True}
    figure.savefig(png, dpi=dpi, bbox_inches="tight", facecolor="white", pil_kwargs=smallest)
    return png.getvalue()

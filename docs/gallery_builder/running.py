"""What the blocks of a program print and draw."""

import io
import warnings
from contextlib import redirect_stdout
from typing import NamedTuple

import matplotlib

DPI = 100  # of pictures in a page
WIDEST = 1000  # pixels of a picture


class Result(NamedTuple):
    """What a block printed, and [(alternative text, PNG as bytes)] of the figures it drew."""

    printed: str
    pictures: list


def run(program):
    """Return a `Result` for each block of a program, which is run from its beginning; warnings are errors.

    Parameters
    ----------
    program : Program

    Returns
    -------
    results : list of Result
        Empty ones for text.
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
    """Return the title of a figure or that of its first axes that have one, else the program's."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return " ".join(next((title for title in titles if title), program.title).split())


def _png(figure):
    png = io.BytesIO()
    dpi = min(DPI, WIDEST / figure.get_figwidth())
    smallest = {"optimize": True}
    figure.savefig(png, dpi=dpi, bbox_inches="tight", facecolor="white", pil_kwargs=smallest)
    return png.getvalue()

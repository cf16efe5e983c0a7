"""Parsing of docstrings and detection of missing parts, on small examples."""

import dataclasses
import inspect

import pytest
from accepts import must_be
from docstrings import parse
from incomplete import lacking
from public import pages
from rendering import _prose, write_all

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Layer

TEXT = """Do something
to rows.

More of it.

Parameters
----------
first, second : float, default=0.9, 0.999
    Two numbers

    in two paragraphs.
rows : array-like of shape (n, h)
    Some.

Returns
-------
int
    How many.

Notes
-----
A formula.

and more
"""


def test_sections():
    doc = parse(TEXT)
    assert doc.summary == "Do something to rows."
    assert doc.description == "More of it."
    assert list(doc.sections) == ["Parameters", "Returns", "Notes"]
    both, rows = doc.sections["Parameters"]
    assert both.names == ("first", "second")
    assert both.kind == "float, default=0.9, 0.999"
    assert both.text == "Two numbers\n\nin two paragraphs."
    assert (rows.kind, rows.text) == ("array-like of shape (n, h)", "Some.")
    assert doc.sections["Returns"][0].names == ("int",)
    assert doc.sections["Notes"] == "A formula.\n\nand more"


@pytest.mark.parametrize(
    "text",
    [
        "One.\n\nParametres\n----------\nx : int\n    What.",
        "One.\n\nNotes\n-----\nA.\n\nNotes\n-----\nB.",
        "One.\n\nReturns\n-------\n    int",
    ],
)
def test_invalid_numpydoc(text):
    with pytest.raises(ValueError, match=r"unknown, or appears twice|before the first"):
        parse(text)


def complete(rows, kind="a", *more, **others):
    """Count.

    Parameters
    ----------
    rows : list
        Rows.
    kind : str, default="a"
        Kind.
    *more, **others : object
        Ignored.

    Returns
    -------
    n : int
        Count.

    Raises
    ------
    ValueError
        Always but for "a".
    """
    if kind != "a":
        raise ValueError
    return len(rows)


def changed(old, new):
    """Return `complete` with another docstring."""

    def function():
        """Written below."""

    text = inspect.getdoc(complete).replace(old, new)
    assert text != inspect.getdoc(complete)
    function.__doc__, function.__wrapped__ = text, complete
    return function


def test_a_complete_docstring():
    assert lacking(complete, "complete") == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'kind : str, default="a"',
            'kinds : str, default="a"',
            "documents the parameters rows, kinds, *more, **others; has rows, kind, *more",
        ),
        (
            'str, default="a"',
            'str, default="b"',
            "kind has the default 'a', but \"b\" is documented",
        ),
        ('str, default="a"', "str", "kind has the default 'a', but none is documented"),
        ("rows : list", "rows : list, default=3", "rows has the default '', but 3 is documented"),
        ("rows : list", "rows", "rows has no type or no description"),
        ("    Rows.\n", "", "rows has no type or no description"),
        ("Returns\n-------\nn : int\n    Count.\n", "", "no Returns"),
        ("Raises\n------\nValueError\n", "Notes\n-----\n", "no Raises"),
        ("Count.\n\nParameters", "Parameters", "no docstring"),
    ],
)
def test_missing_parts_are_found(old, new, line):
    assert any(found.startswith(f"f: {line}") for found in lacking(changed(old, new), "f"))


@pytest.mark.parametrize("section", ["Notes", "References", "Examples", "Raises"])
def test_a_layer_needs_its_shapes_its_source_and_its_errors(section):
    layer = type("Conv2D", (Conv2D,), {"__doc__": inspect.getdoc(Conv2D)})
    assert lacking(layer, "layer") == []
    layer.__doc__ = layer.__doc__.replace(f"{section}\n-", "See Also\n-", 1)
    assert f"layer: no {section}" in lacking(layer, "layer")


def test_the_docstring_of_a_base_class_does_not_count():
    @dataclasses.dataclass(frozen=True, repr=False)
    class Silent(Layer):
        pass

    assert "Silent: no docstring" in lacking(Silent, "Silent")


def test_what_a_parameter_must_be():
    assert must_be(Conv2D, "filters", "int") == "from 1 to 1048576"
    assert must_be(Conv2D, "padding", '"valid" or int') == ""
    assert must_be(ConvNetClassifier, "alpha", "float") == "0 or more"
    assert must_be(ConvNetClassifier, "layers", "list") == ""


def test_pages_link_to_each_other():
    layers = write_all()["layers.md"]
    assert "# Conv2D\n" in layers
    assert "See [`Layer`](#layer)." in layers
    assert "- **`filters`**: int; from 1 to 1048576  \n" in layers
    assert "; default `1`  \n" in layers


def test_links_of_dotted_names_and_calls():
    estimator = write_all()["ConvNetClassifier.md"]
    assert "[`convnet.schedules`](schedules.md)" in estimator
    assert "[`Cosine()`](schedules.md#cosine)" in estimator
    assert "[`Step()`](schedules.md#step)" in estimator  # and not the step of a trace
    assert "[`convnet.callbacks.Progress()`](callbacks.md#progress)" in estimator


def test_tables():
    page = next(page for page in pages() if page.name == "layers")
    text = "Look:\n\n=====  ====\n``x``  what\n       more\n=====  ====\n\nEnd."
    table = "|  |  |\n| --- | --- |\n| `x` | what |\n|  | more |"
    assert _prose(text, page) == f"Look:\n\n{table}\n\nEnd."

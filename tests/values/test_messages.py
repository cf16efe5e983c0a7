"""Texts of messages: short, and free of characters that cannot be written."""

import numpy as np
import pytest

from convnet.values.messages import MAX_MESSAGE, listed, printable, quoted, shorten, shortened, show


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("café → 猫 👍", "café → 猫 👍"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("a\x1b[31mb\x7f", "a\\x1b[31mb\\x7f"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("a\u2028b", "a\\u2028b"),
        ("a\u00a0b", "a\u00a0b"),
        (np.str_("x\udcff"), "x\\xff"),
        (3, "3"),
        ("", ""),
    ],
)
def test_printable(text, expected):
    assert printable(text) == expected
    printable(text).encode()


def test_shorten_keeps_both_ends():
    assert shorten("abc", 3) == "abc"
    text = shorten("start" + "x" * 5000 + "end")
    assert text.startswith("start") and text.endswith("end") and len(text) == MAX_MESSAGE
    assert " … " in text


def test_shortened_keeps_the_kind_of_error():
    error = ValueError("short")
    assert shortened(error) is error
    for kind in (ValueError, TypeError):
        found = shortened(kind("x" * 9000))
        assert type(found) is kind and len(str(found)) == MAX_MESSAGE


def test_listed():
    assert listed(["a", "b"]) == "a, b"
    assert listed(range(3)) == "0, 1, 2"
    many = listed([f"layer{i}" for i in range(1000)])
    assert many.startswith("layer0, layer1, ") and many.endswith(" more") and len(many) < 700
    assert len(listed(["x" * 9000])) == 60


def test_quoted_and_show():
    assert quoted("a\udce9") == "'a\\udce9'"
    assert len(quoted("x" * 9000)) == 202
    assert quoted(3) == show(3) == "3"
    assert len(show(b"x" * 9000)) < 100

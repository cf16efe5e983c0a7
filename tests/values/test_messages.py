"""Texts of messages: short, and free of characters that cannot be drawn or written."""

import numpy as np
import pytest

from convnet.values.messages import MAX_MESSAGE, listed, printable, quoted, shorten, shortened, show


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("cat", "cat"),
        (3, "3"),
        ("café → 猫 👍", "café → 猫 👍"),
        ("Kätzchen 猫 🐈‍⬛", "Kätzchen 猫 🐈‍⬛"),
        ("a\u00a0b", "a\u00a0b"),
        ("a\x1b[31mb\x7f", "a\\x1b[31mb\\x7f"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("a\x85b\x9b", "a\\x85b\\x9b"),
        ("gnp\u202etac\u2066\u2069", "gnp\\u202etac\\u2066\\u2069"),
        ("\ufeffa\u200b\u2028\u2029", "\\ufeffa\\u200b\\u2028\\u2029"),
        ("caf\udce9", "caf\\xe9"),  # a byte of a file name
        (np.str_("x\udcff"), "x\\xff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u0646\u200c\u0628", "\u0646\u200c\u0628"),  # a joiner inside a Persian word
    ],
)
def test_characters_that_a_terminal_would_obey_become_escapes(text, expected):
    assert printable(text) == expected
    printable(text).encode()


def test_characters_to_keep():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


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

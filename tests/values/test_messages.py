"""Names that are shown."""

import pytest

from convnet.values.messages import printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat", "cat"),
        ("Kätzchen 猫 🐈‍⬛", "Kätzchen 猫 🐈‍⬛"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("a\x85b\x9b", "a\\x85b\\x9b"),
        ("gnp\u202etac\u2066\u2069", "gnp\\u202etac\\u2066\\u2069"),
        ("\ufeffa\u200b\u2028\u2029", "\\ufeffa\\u200b\\u2028\\u2029"),
        ("caf\udce9", "caf\\xe9"),  # a byte of a file name
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u0646\u200c\u0628", "\u0646\u200c\u0628"),  # a joiner inside a Persian word
    ],
)
def test_characters_that_a_terminal_would_obey_become_escapes(name, shown):
    assert printable(name) == shown


def test_characters_to_keep():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"

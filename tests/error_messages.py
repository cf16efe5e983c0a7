"""What a call raises, as a text of bounded length."""

import pytest

SCREEN = 24 * 80  # characters


def message(call, kind=(TypeError, ValueError)):
    """Return the text of the error that a call raises."""
    with pytest.raises(kind) as caught:
        call()
    assert len(str(caught.value)) <= SCREEN
    return str(caught.value)

"""A fitted net from which others start."""

import pytest
from transfer_nets import X, Y, net


@pytest.fixture(scope="session")
def base():
    """Return a fitted net from which others start."""
    return net().fit(X, Y)

"""Locks that are free in a forked child, whichever thread of the parent held them.

A fork may happen at any moment, so what a lock guards must always be consistent: build the new value first, then assign
it in one step.
"""

from __future__ import annotations

import os
import weakref
from threading import Lock
from typing import Protocol


class Owner(Protocol):
    """An object with such a lock."""

    _lock: Lock


OWNERS: weakref.WeakSet[Owner] = weakref.WeakSet()


def lock_of(owner: Owner) -> Lock:
    """Return a lock for ``owner._lock``; a forked child replaces it by a new one.

    Hold it only by ``with owner._lock``, which releases the lock that it acquired.
    """
    OWNERS.add(owner)
    return Lock()


def _in_child() -> None:
    for owner in OWNERS:
        owner._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

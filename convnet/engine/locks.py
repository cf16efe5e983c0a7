"""Locks that are free in a forked child, even if a thread of the parent held them.

A fork may happen at any moment, so what a lock guards must always be consistent: build the new value first, then assign
it in one step.
"""

from __future__ import annotations

import os
import weakref
from itertools import count
from threading import Lock
from typing import Protocol


class Owner(Protocol):
    """An object with such a lock."""

    _lock: Lock


# Plain weak references. A WeakSet would run Python code whenever an owner is freed, and a Ctrl-C that arrives there
# would be lost: Python ignores exceptions in callbacks of weak references.
_owners: dict[int, weakref.ref[Owner]] = {}
_keys = count()


def lock_of(owner: Owner) -> Lock:
    """Return a lock for ``owner._lock``; a forked child replaces it by a new one.

    Hold it only by ``with owner._lock``, which releases the lock that it acquired.
    """
    for key, reference in list(_owners.items()):
        if reference() is None:
            _owners.pop(key, None)
    _owners[next(_keys)] = weakref.ref(owner)
    return Lock()


def _in_child() -> None:
    for reference in list(_owners.values()):
        owner = reference()
        if owner is not None:
            owner._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

"""Locks that a forked child finds free, whichever thread of its parent held them.

What a lock guards has to be whole at every moment, as a child may find it at any: a new value is finished before it is
put in its place, in one assignment.
"""

from __future__ import annotations

import os
import weakref
from threading import Lock
from typing import Protocol


class Owner(Protocol):
    """What has such a lock."""

    _lock: Lock


OWNERS: weakref.WeakSet[Owner] = weakref.WeakSet()


def lock_of(owner: Owner) -> Lock:
    """Return the lock that is to be ``owner._lock``, which is another one in a forked child.

    It is to be held by ``with owner._lock`` alone, which lets go of the lock that it took.
    """
    OWNERS.add(owner)
    return Lock()


def _in_child() -> None:
    for owner in OWNERS:
        owner._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

"""Locks that a forked child finds free."""

import gc
import weakref

from convnet.engine import threads


class Owner:
    def __init__(self):
        self._lock = threads.lock_of(self)


def test_no_python_code_runs_when_an_owner_is_freed():
    """A Ctrl-C in the callback of a weak reference would be lost."""
    owner = Owner()
    references = weakref.getweakrefs(owner)
    assert references and all(reference.__callback__ is None for reference in references)


def test_freed_owners_are_forgotten():
    owner = Owner()
    before = len(threads._owners)
    for _ in range(100):
        Owner()
    gc.collect()
    Owner()
    assert len(threads._owners) <= before + 1
    assert owner._lock.acquire(blocking=False)


def test_a_child_gets_new_locks():
    owners = [Owner(), Owner()]
    held = [owner._lock for owner in owners]
    for lock in held:
        lock.acquire()
    threads._in_child()
    assert not any(owner._lock.locked() for owner in owners)
    assert all(owner._lock is not lock for owner, lock in zip(owners, held, strict=True))

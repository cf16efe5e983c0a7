"""The memory of the machine, or of the container."""

import os
from functools import cache

# Limits of a container: of control groups in their second version, and in their first.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@cache
def machine_bytes() -> int:
    """Return the memory of the machine, or of the container, in bytes."""
    return min(_physical(), *map(_limit, LIMITS))


def _physical() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not of this system: no more than it can address
        return 2**47


def _limit(path: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read(32))
    except (OSError, ValueError):  # there is none, or it is "max"
        return 2**63

"""Checks of the fields of schedules, and the numbers that they agree on."""

from convnet.values.fields import is_number, show


def check(schedule: object, name: str, phrase: str, passes: bool) -> None:
    """Raise ValueError, saying what a field must be, unless it passes."""
    if not passes:
        value = getattr(schedule, name)
        raise ValueError(f"{type(schedule).__name__}: {name} must be {phrase}; got {show(value)}")


def check_share(schedule: object, name: str, *, zero: bool = True) -> None:
    """Check that a field is a number from 0, or above 0, to 1."""
    value = getattr(schedule, name)
    passes = is_number(value) and (0 <= value <= 1 if zero else 0 < value <= 1)
    check(schedule, name, "from 0 to 1" if zero else "above 0 and at most 1", passes)


def check_shorter(schedule: object, name: str, max_iter: int) -> None:
    """Check that the epochs of a warm-up leave others."""
    value = getattr(schedule, name)
    if value >= max_iter:
        raise ValueError(
            f"{type(schedule).__name__}: {name}={show(value)} leaves no epoch after the warm-up; "
            f"there are {max_iter}. Lower {name} or raise max_iter"
        )

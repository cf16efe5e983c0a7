"""UsageError: an error that the user can fix."""


class UsageError(Exception):
    """Something the user can put right; the message is one line with the remedy."""

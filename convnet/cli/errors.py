"""What the user can put right."""


class UsageError(Exception):
    """Something the user can put right; the message is one line with the remedy."""

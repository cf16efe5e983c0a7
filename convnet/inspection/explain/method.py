"""What all methods have in common."""


class Method:
    """A way to explain: built of a subject and its `parameters`, which it checks, and called with parts of the subject.

    A call returns the maps of a part: float32, (m, h, w), (m, length) or (m, features).
    """

    parameters = ()

    def __init__(self, subject):
        pass

    def __call__(self, part):
        raise NotImplementedError

    def finish(self):
        """Warn of what went wrong in any part."""

"""What all methods have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from convnet.inspection.explain.base import Subject


class Method:
    """A way to explain: built of a subject and its `parameters`, which it checks, and called with parts of the subject.

    A call returns the maps of a part: float32, (m, h, w), (m, length) or (m, features).
    """

    parameters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, subject: Subject) -> None:
        pass

    def __call__(self, part: Subject) -> NDArray[np.float32]:
        raise NotImplementedError

    def finish(self) -> None:
        """Warn of what went wrong in any part."""

"""The methods by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.inspection.explain.gradcam import GradCAM
from convnet.inspection.explain.integrated_gradients import IntegratedGradients
from convnet.inspection.explain.occlusion import Occlusion
from convnet.inspection.explain.saliency import Saliency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from convnet.inspection.explain.method import Method
    from convnet.inspection.explain.subject import Subject


METHODS: dict[str, type[Method]] = {
    "gradcam": GradCAM,
    "saliency": Saliency,
    "integrated_gradients": IntegratedGradients,
    "occlusion": Occlusion,
}


def check_options(method: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not None.

    Raises
    ------
    ValueError
        There is no such method, or one of the options is none of its.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
    given = {name: value for name, value in options.items() if value is not None}
    own = METHODS[method].parameters
    for name in given:
        if name not in own:
            others = [key for key, cls in METHODS.items() if name in cls.parameters]
            belongs = f"a parameter of {others[0]}" if others else "no parameter of any method"
            takes = f"takes {', '.join(own)}" if own else "takes none"
            raise ValueError(f"{name} is {belongs}; {method} {takes}")
    return given


def explanations(
    subject: Subject, method: str, options: Mapping[str, Any]
) -> Iterator[tuple[Subject, NDArray[np.float32]]]:
    """Yield the parts of a subject, each with its maps: float32, (n, h, w), (n, length) or (n, features)."""
    build: Callable[..., Method] = METHODS[method]
    explainer = build(subject, **options)
    for part in subject.parts():
        with np.errstate(over="ignore", invalid="ignore"):  # which is refused next
            maps = explainer(part)
        yield part, check_finite(maps, "Explanations of the net")
    explainer.finish()


def explain(subject: Subject, method: str, options: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the maps of all images of a subject; options as `check_options` returns them."""
    found = []
    for _, maps in explanations(subject, method, options):
        found.append(maps)
    return np.concatenate(found)

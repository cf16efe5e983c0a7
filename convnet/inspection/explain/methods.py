"""The methods by name."""

import numpy as np

from convnet.graph.finite import check_finite
from convnet.inspection.explain.gradcam import GradCAM
from convnet.inspection.explain.integrated_gradients import IntegratedGradients
from convnet.inspection.explain.occlusion import Occlusion
from convnet.inspection.explain.saliency import Saliency

METHODS = {
    "gradcam": GradCAM,
    "saliency": Saliency,
    "integrated_gradients": IntegratedGradients,
    "occlusion": Occlusion,
}


def check_options(method, options):
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


def explanations(subject, method, options):
    """Yield the parts of a subject, each with its maps: float32, (n, h, w), (n, length) or (n, features)."""
    explainer = METHODS[method](subject, **options)
    for part in subject.parts():
        with np.errstate(over="ignore", invalid="ignore"):  # which is refused next
            maps = explainer(part)
        yield part, check_finite(maps, "Explanations of the net")
    explainer.finish()


def explain(subject, method, options):
    """Return the maps of all images of a subject; options as `check_options` returns them."""
    found = []
    for _, maps in explanations(subject, method, options):
        found.append(maps)
    return np.concatenate(found)

"""The accepted values of a parameter, from the phrase of its constraint."""

from public import is_estimator

from convnet.estimators.shared_parameters import SharedParameters
from convnet.values.constraints import Constraint


def must_be(thing, name, kind):
    """Return what the error for an invalid value says beyond the documented type.

    Parameters
    ----------
    thing : class
        An estimator, or a class such as a layer.
    name : str
        Name of a parameter.
    kind : str
        Documented type of the parameter.

    Returns
    -------
    phrase : str
        Such as "from 1 to 1048576"; empty if there is no check, or nothing to add.
    """
    if '"' in kind or "bool" in kind:  # several checks apply to strings and pairs
        return ""
    if is_estimator(thing):
        fields = getattr(thing, "_declared_parameters", SharedParameters._declared_parameters)
    else:
        fields = getattr(thing, "__dataclass_fields__", {})
    check = fields[name].metadata.get("check") if name in fields else None
    phrase = check.phrase if isinstance(check, Constraint) else ""
    for noun in ("an integer, ", "an integer ", "a number, ", "a number ", "a string"):
        phrase = phrase.removeprefix(noun)
    return phrase

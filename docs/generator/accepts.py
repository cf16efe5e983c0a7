"""The accepted values of a parameter, from the phrase of its constraint."""

import dataclasses

from public import is_estimator

from convnet.estimators.parameter_constraints import CONSTRAINTS
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
    phrase = _of_parameter(name) if is_estimator(thing) else _of_field(thing, name)
    for noun in ("an integer, ", "an integer ", "a number, ", "a number ", "a string"):
        phrase = phrase.removeprefix(noun)
    return phrase


def _of_parameter(name):
    return CONSTRAINTS[name].phrase if name in CONSTRAINTS else ""


def _of_field(cls, name):
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    checks = [field.metadata.get("check") for field in fields if field.name == name]
    return checks[0].phrase if checks and isinstance(checks[0], Constraint) else ""

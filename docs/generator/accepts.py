"""The accepted values of a parameter, taken from the error message of its check."""

import dataclasses

from public import is_estimator

from convnet.estimators.constraints import RULES

_MARK = "must be "


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
    for noun in ("an integer, ", "an integer ", "a number ", "a string"):
        phrase = phrase.removeprefix(noun)
    return phrase


def _of_parameter(name):
    return RULES[name].phrase if name in RULES else ""


def _of_field(cls, name):
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    checks = [field.metadata.get("check") for field in fields if field.name == name]
    try:
        for check in filter(None, checks):
            check(object())
    except (TypeError, ValueError) as error:
        message = str(error)
        return message[len(_MARK) :].partition("; got ")[0] if message.startswith(_MARK) else ""
    return ""

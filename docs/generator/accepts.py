"""What a parameter must be, asked of the check that refuses what it must not be."""

import dataclasses

from public import is_estimator

from convnet.estimators.constraints import RULES

_MARK = "must be "


def must_be(thing, name, kind):
    """Return what the error for a wrong value says that the documented type does not.

    Parameters
    ----------
    thing : class
        An estimator or a value.
    name : str
        Of a parameter.
    kind : str
        Its documented type.

    Returns
    -------
    phrase : str
        Such as "from 1 to 1048576"; empty where there is no such check or nothing to add.
    """
    if '"' in kind or "bool" in kind:  # strings and pairs are refused by more than one check
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

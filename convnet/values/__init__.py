"""Values: immutable, checked pieces of a spec, of which layers and augmentations are made.

::

    value.py    Value: keyword-checked, compared, hashed, printed, pickled, its own clone
    fields.py   checks of single fields; words for errors
    plain.py    what values of subclasses of str, int, list, tuple and dict hold
    registry.py Registry: the classes of one family of values by name, plain data ↔ value
    docstrings.py documentation that a class inherits field by field
    spec.py     lists of values ↔ lists of dicts, JSON, YAML, paths

Nothing here imports from the rest of convnet.
"""

"""Values: the immutable, checked objects that layers and augmentations are.

::

    constraints.py  what a parameter must be: one phrase and one check
    messages.py     texts of error messages: short reprs, suggestions for misspelled names
    foreign_names.py   errors about names of Keras, PyTorch and scikit-learn, which say what to write instead
    foreign_tables.py  these names of layers, callbacks and functions, and what to write instead
    foreign_estimator_tables.py  those of parameters, arguments and attributes of estimators
    value.py        Value: immutable, checked, compared, hashed, printed and pickled by its fields
    user_warnings.py  warnings that point to the line of the user
    registry.py     Registry: the classes of one family of values by name; dict ↔ value
    docstrings.py   documentation of fields, inherited from base classes
    spec.py         lists of values ↔ lists of dicts, JSON, YAML, paths

Nothing here imports from the rest of convnet, apart from the message about missing extras.
"""

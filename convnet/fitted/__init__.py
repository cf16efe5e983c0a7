"""Fitted nets: their attributes, the network behind them, and whether they are consistent.

::

    attributes.py      the table of fitted attributes, with their checks
    state.py           fitted attributes of an estimator: replaced all at once, copied, read as those of one fit
    weights.py         the read-only mapping of names to arrays
    network_cache.py   the network, built when it is first needed
    seen_images.py     fingerprints of the images that the net was trained on
    validate.py        checks of a whole estimator, after unpickling or before use
"""

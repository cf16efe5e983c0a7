"""Estimators in files and pickles.

::

    description.py   fitted net to manifest and back
    files.py         save, load and load_pretrained; the registry of classes that files may hold
    pickling.py      the state of an estimator in pickles and copies

`convnet.persistence` has the file formats.
"""

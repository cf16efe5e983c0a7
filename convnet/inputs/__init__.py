"""The arguments of ``fit`` and ``predict``, checked and encoded.

nested.py         why X cannot become an array of numbers, and what to do
paths.py          paths in place of X
images.py         X as images, signals or flat features
scaling.py        the dtype and range of X, and the scale that the net reads it with
targets.py        y as labels, indicators or numbers; weights of samples and classes
tasks/            what a net learns: classification, multilabel classification, regression
"""

"""Fitted nets as modules of PyTorch.

Only this folder imports torch, and only when ``to_torch`` is called::

    export.py    the method to_torch, without torch
    names.py     names of submodules: those of the layers
    build.py     a fitted net to a module: the chain of layers up to an output, and what comes before and after it
    chains.py    layers in order, with names, shapes and weights; layers inside others
    registry.py  the function that converts each class of layers
    weighted.py, pooling.py, values.py, blocks.py   these functions
    modules.py   modules for what PyTorch has no layer for
"""

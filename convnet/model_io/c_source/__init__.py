"""Fitted nets as C source code.

::

    export.py      to_c: checks, and the files of the folder
    net.py         a prediction of one sample on one thread: operations, calls of kernels, sizes of memory
    weights.py     the weights that the kernels read, folded and packed
    outputs.py     the last step: probabilities, values in the units of y, or a layer's output
    source.py      the C file
    interface.py   header, Makefile, example
    targets.py     instruction sets and the flags of compilers
    kernels.py     the parts of csrc that the C file calls
"""

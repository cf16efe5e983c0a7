"""Fitted nets as ONNX models.

::

    model.py          the whole model: opset, inputs and outputs, checks
    model_input.py    X as a user passes it, to the net's input
    operations/       the nodes of each kind of operation of a plan
    net.py            what these functions share: values of buffers, order of axes, constants
    resampling.py     weights of another size that ONNX's Resize does not have
    heads.py          the net's outputs to labels, probabilities or values
    metadata.py       what the graph does not say: class, classes, form of X
    graph.py          nodes, constants and their names
    converters.py     the same inside a pipeline that skl2onnx converts

Maps are (n, channels, height, width) in the graph, and signals (n, channels, length).
"""

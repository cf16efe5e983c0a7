"""ONNX models as fitted nets.

::

    protobuf/       file, bytes or ModelProto to nodes and tensors, checked
    outputs.py      which output the net computes; its last activation; classes
    translation.py  nodes to vertices, one by one
      inputs.py       the input and the order of its axes
      folding.py      constants, and the shapes for Reshape
      operators/      one function per operator
      context.py      what these functions share
      expressions.py  several nodes as one activation
      vertices.py     vertices, and how the axes of tensors belong to them
      budget.py       a limit on values that the file does not have
    simplify.py     scales, offsets and padding into the layers beside them
    branches.py     vertices to layers, with Parallel and Residual; names.py names them
    assembly.py     all of this, and the manifest of the estimator
    errors.py       the message about what layers cannot express
"""

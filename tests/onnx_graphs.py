"""ONNX graphs for the tests of `from_onnx`: small ones made here, and published ones, compared with ONNX Runtime."""

import numpy as np
from onnx_models import libraries

from convnet import from_onnx

TOLERANCE = 1e-4


def graph(nodes, x_dims, arrays=None, *, outputs=("y",), opset=17, x_type=1):
    """Return a model.

    Parameters
    ----------
    nodes : list of tuple
        (operator, inputs, outputs, attributes); names as text with spaces between them.
    x_dims : list
        Sizes of the input "x".
    arrays : dict of ndarray, default=None
        Constants.
    outputs : sequence of str or of ValueInfoProto, default=("y",)
        Names of the outputs, of floats.
    """
    onnx, _ = libraries()
    helper = onnx.helper
    made = [
        helper.make_node(
            operator,
            inputs.split(" "),
            names.split(" "),
            name=f"{operator.lower()}_{i}",
            domain="ai.onnx.ml" if operator in ("ZipMap", "ArrayFeatureExtractor") else "",
            **attributes,
        )
        for i, (operator, inputs, names, attributes) in enumerate(nodes)
    ]
    infos = [
        helper.make_tensor_value_info(one, 1, None) if isinstance(one, str) else one
        for one in outputs
    ]
    made_graph = helper.make_graph(
        made,
        "graph",
        [helper.make_tensor_value_info("x", x_type, x_dims)],
        infos,
        [onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in (arrays or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(made_graph, opset_imports=opsets, ir_version=8)


def onnx_outputs(model, X):
    """Return the first output of ONNX Runtime as (n, outputs)."""
    _, onnxruntime = libraries()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = model if isinstance(model, bytes | str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: X})[0]
    return found.reshape(len(X), -1)


def channels_last(X):
    """Return maps or signals with their channels last."""
    return np.moveaxis(X, 1, -1) if X.ndim > 2 else X


def assert_imported(model, X, tolerance=TOLERANCE, **options):
    """Assert that the imported net computes what ONNX Runtime computes, and return it.

    X has the layout of the model.
    """
    net = from_onnx(model, **options)
    expected = onnx_outputs(model, X)
    same = X.shape[1:] == net.input_shape_ or X.ndim == 2
    given = X if same and X.ndim != 3 else channels_last(X)
    found = net.predict_proba(given) if hasattr(net, "predict_proba") else net.predict(given)
    found = np.asarray(found).reshape(len(X), -1)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    return net


def fill(model, seed=0):
    """Replace the constants that a published graph makes by random arrays, scaled so that values keep their size."""
    onnx, _ = libraries()
    rng = np.random.default_rng(seed)
    made = model.graph
    shapes = {one.name: onnx.numpy_helper.to_array(one) for one in made.initializer}
    roles = {}
    for node in made.node:
        roles |= {name: (node.op_type, i) for i, name in enumerate(node.input)}
    kept, used = [], set()
    for node in made.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        used.add(node.input[0])
        shape = tuple(map(int, shapes[node.input[0]]))
        role = roles.get(node.output[0])
        if role in (("BatchNormalization", 1), ("BatchNormalization", 4)):
            values = rng.uniform(0.5, 1.5, shape)
        elif len(shape) > 1:
            values = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        else:
            values = rng.normal(size=shape) * 0.1
        array = onnx.numpy_helper.from_array(values.astype(np.float32), node.output[0])
        made.initializer.append(array)
    constants = [one for one in made.initializer if one.name not in used]
    inputs = [one for one in made.input if one.name not in used]
    del made.node[:], made.initializer[:], made.input[:]
    made.node.extend(kept)
    made.initializer.extend(constants)
    made.input.extend(inputs)
    return model

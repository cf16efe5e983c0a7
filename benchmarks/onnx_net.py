"""A net in ONNX Runtime, for prediction only. The graph is built here, so no exporter is needed."""

import numpy as np
import onnxruntime
from nets import channels_first
from onnx import TensorProto, checker, helper, numpy_helper

from convnet.graph import Plan

ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}
OPSET, IR_VERSION = 17, 8


class Graph:
    """A chain of nodes, with the arrays that they read."""

    def __init__(self):
        self.nodes, self.arrays, self.last = [], [], "X"

    def add(self, kind, *arrays, **attributes):
        inputs = [self.last]
        for array in arrays:
            inputs.append(f"array{len(self.arrays)}")
            self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(array), inputs[-1]))
        self.last = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.last], **attributes))

    def model(self, input_shape, n_outputs):
        ends = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])]
            for name, shape in (("X", input_shape), (self.last, (n_outputs,)))
        ]
        graph = helper.make_graph(self.nodes, "net", *ends, self.arrays)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        checker.check_model(model)
        return model.SerializeToString()


def export(net, weights):
    """Return the net as an ONNX model in bytes: from float32 (n, c, h, w) to probabilities, or to that of class 1."""
    graph = Graph()
    shape, flattened = net.input_shape, None
    for info in Plan(list(net.layers), net.input_shape, net.n_outputs).layers:
        layer, kind = info.layer, info.type
        own = {role: weights.get(f"{info.name}/{role}") for role in ("weights", "bias")}
        if kind == "Conv2D":
            pad = (layer.kernel_size - 1) // 2 if layer.padding == "same" else 0
            graph.add("Conv", own["weights"].transpose(3, 2, 0, 1), own["bias"], pads=[pad] * 4)
        elif kind == "MaxPool2D":
            size = [layer.pool_size] * 2
            graph.add("MaxPool", kernel_shape=size, strides=size)
        elif kind == "BatchNorm":
            roles = ("gamma", "beta", "moving_mean", "moving_variance")
            arrays = [weights[f"{info.name}/{role}"] for role in roles]
            graph.add("BatchNormalization", *arrays, epsilon=layer.epsilon)
        elif kind == "Flatten":
            graph.add("Flatten")
            h, w, c = shape
            flattened = c, h, w
        elif kind == "Dense":
            w = own["weights"]
            if flattened:
                w, flattened = channels_first(w, *flattened), None
            graph.add("Gemm", w, own["bias"])
        elif kind == "ReLU":
            graph.add("Relu")
        elif kind != "Dropout":
            raise NotImplementedError(kind)
        if getattr(layer, "activation", None) in ACTIVATIONS:
            graph.add(ACTIVATIONS[layer.activation])
        shape = info.output_shape
    graph.add(*(["Sigmoid"] if net.n_outputs == 1 else ["Softmax"]))
    h, w, c = net.input_shape
    return graph.model((c, h, w), net.n_outputs)


class OnnxNet:
    """A net that predicts in batches of the net's batch size, like the PyTorch net."""

    def __init__(self, net, X, y, n_threads):
        self.net = net
        self.X = np.ascontiguousarray(X.transpose(0, 3, 1, 2))
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = n_threads
        self.session = None

    @property
    def one(self):
        return self.X[:1]

    def load(self, weights):
        self.session = onnxruntime.InferenceSession(
            export(self.net, weights), self.options, providers=["CPUExecutionProvider"]
        )

    def predict_proba(self, X=None):
        X = self.X if X is None else X
        parts = [
            self.session.run(None, {"X": X[start : start + self.net.batch]})[0]
            for start in range(0, len(X), self.net.batch)
        ]
        p = np.concatenate(parts)
        return np.concatenate([1 - p, p], axis=1) if self.net.n_outputs == 1 else p

"""A net as an ONNX model, for runtimes that predict with it. The graph is built here, so no exporter is needed."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from structure import branches, channels_first, groups, plan, window, with_input_shapes

ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
OPSET, IR_VERSION = 17, 8


class Graph:
    """Nodes, with the arrays that they read. `last` is the name of the value that the next node reads."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes, self.arrays, self.last = [], [], "X"

    def add(self, kind, *arrays, values=(), output=None, **attributes):
        """Add a node that reads the last value, then `values`, then arrays."""
        inputs = [self.last, *values]
        for array in arrays:
            inputs.append(f"array{len(self.arrays)}")
            self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(array), inputs[-1]))
        self.last = output or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.last], **attributes))

    def layers(self, infos, shape):
        for info, before in with_input_shapes(infos, shape):
            self.layer(info, before)

    def layer(self, info, shape):
        """Add the nodes of a layer. The output of the last one is named "logits"."""
        layer, kind = info.layer, info.type
        name = "logits" if info.name == "output" else None
        if kind in ("Conv2D", "DepthwiseConv2D"):
            w = window(layer, shape)
            self.add(
                "Conv",
                self.weights[f"{info.name}/weights"].transpose(3, 2, 0, 1),
                *self.bias(info),
                pads=ends(w.padding),
                strides=w.stride,
                dilations=w.dilation,
                group=groups(layer, shape),
            )
        elif kind in ("MaxPool2D", "AvgPool2D"):
            w = window(layer, shape)
            operator = "MaxPool" if kind == "MaxPool2D" else "AveragePool"
            self.add(operator, kernel_shape=w.size, pads=ends(w.padding), strides=w.stride)
        elif kind == "BatchNorm":
            arrays = [self.weights[f"{info.name}/{role}"] for role in NORM]
            self.add("BatchNormalization", *arrays, epsilon=layer.epsilon)
        elif kind == "GlobalAvgPool2D":
            self.add("GlobalAveragePool")
            self.add("Flatten")
        elif kind == "Residual":
            self.residual(info, shape)
        elif kind == "Dense":
            weights = self.weights[f"{info.name}/weights"]
            self.add("Gemm", weights, *self.bias(info), output=name)
        elif kind in ("ReLU", "Flatten"):
            self.add({"ReLU": "Relu"}.get(kind, kind))
        elif kind != "Dropout":
            raise NotImplementedError(kind)
        if getattr(layer, "activation", None):
            self.add(ACTIVATIONS[layer.activation])

    def residual(self, info, shape):
        body, shortcut = branches(info)
        source = self.last
        self.layers(body, shape)
        out, self.last = self.last, source
        if shortcut:
            self.layer(shortcut, shape)
        self.add("Add", values=[out])

    def bias(self, info):
        name = f"{info.name}/bias"
        return [self.weights[name]] if name in self.weights else []


def ends(pads):
    """Return ONNX's order of padding: top, left, bottom, right."""
    return [side[end] for end in (0, 1) for side in pads]


def export(net, weights):
    """Return the net as an ONNX model in bytes.

    Its input is X, float32 (n, c, h, w). Its outputs are "logits" and "probabilities" of shape (n, n_outputs). For two
    classes, that is one column, for class 1.
    """
    graph = Graph(channels_first(net, weights))
    graph.layers(plan(net).layers, net.input_shape)
    graph.add("Sigmoid" if net.n_outputs == 1 else "Softmax", output="probabilities")
    h, w, c = net.input_shape
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
        for name, shape in (
            ("X", (c, h, w)),
            ("probabilities", (net.n_outputs,)),
            ("logits", (net.n_outputs,)),
        )
    ]
    made = helper.make_graph(graph.nodes, "net", values[:1], values[1:], graph.arrays)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)
    checker.check_model(model)
    return model.SerializeToString()


class OnnxModelNet:
    """A net that predicts in batches of the net's batch size, like the PyTorch net.

    Subclasses define `load(weights)`, and `run(X, output)`, which returns an output of the model for a batch.
    """

    def __init__(self, net, X, y, n_threads):
        self.net, self.n_threads = net, n_threads
        self.X = np.ascontiguousarray(X.transpose(0, 3, 1, 2))

    @property
    def one(self):
        return self.X[:1]

    def batches(self, X, output):
        starts = range(0, len(X), self.net.batch)
        return np.concatenate([self.run(X[i : i + self.net.batch], output) for i in starts])

    def logits(self):
        z = self.batches(self.X, "logits")
        return z[:, 0] if self.net.n_outputs == 1 else z

    def predict_proba(self, X=None):
        p = self.batches(self.X if X is None else X, "probabilities")
        return np.concatenate([1 - p, p], axis=1) if self.net.n_outputs == 1 else p

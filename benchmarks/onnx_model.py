"""A net as an ONNX model, for runtimes that predict with it: the base class of these contestants."""

import numpy as np
from onnx import TensorProto, helper

from convnet import ConvNetClassifier


def export(net, weights):
    """Return the net as an ONNX model in bytes.

    Its input is X, float32 (n, c, h, w). Its outputs are "probabilities" of shape (n, n_classes), and "output", the
    logits, of shape (n, n_outputs). For two classes, that is one column, for class 1.
    """
    h, w, c = net.input_shape
    clf = ConvNetClassifier(list(net.layers), data_format="channels_first")
    clf.initialize(np.zeros((net.n_classes, c, h, w), np.float32), np.arange(net.n_classes))
    model = clf.set_weights(weights).to_onnx(labels=False)
    logits = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", net.n_outputs])
    model.graph.output.append(logits)
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
        z = self.batches(self.X, "output")
        return z[:, 0] if self.net.n_outputs == 1 else z

    def predict_proba(self, X=None):
        return self.batches(self.X if X is None else X, "probabilities")

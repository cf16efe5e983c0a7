"""A net in OpenVINO, for prediction only."""

import openvino
from onnx_model import OnnxModelNet, export


class OpenVinoNet(OnnxModelNet):
    """The model is compiled for each batch size that occurs, which is faster than one model for all."""

    def load(self, weights):
        self.model = openvino.Core().read_model(export(self.net, weights))
        self.compiled = {}

    def compile(self, n):
        self.model.reshape([n, *self.X.shape[1:]])
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self.n_threads,
            "INFERENCE_PRECISION_HINT": "f32",  # some processors would compute in bfloat16
            "ENABLE_CPU_PINNING": False,  # would bind the thread that calls, which the others use too
        }
        return openvino.Core().compile_model(self.model, "CPU", options)

    def run(self, X, output):
        if len(X) not in self.compiled:
            self.compiled[len(X)] = self.compile(len(X))
        return self.compiled[len(X)](X)[output]

"""A net in ONNX Runtime, for prediction only."""

import onnxruntime
from onnx_model import OnnxModelNet, export


class OnnxNet(OnnxModelNet):
    def load(self, weights):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.n_threads
        self.session = onnxruntime.InferenceSession(
            export(self.net, weights), options, providers=["CPUExecutionProvider"]
        )

    def run(self, X, output):
        return self.session.run([output], {"X": X})[0]

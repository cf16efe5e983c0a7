"""The content of an ONNX file, checked: nodes in order (loading.py), and values of tensors (tensors.py)."""

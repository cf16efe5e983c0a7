"""The version of convnet."""

__version__ = "0.1.0"

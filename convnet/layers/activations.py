"""The names of the activations; the functions themselves are kernels of the engine."""

ACTIVATIONS = (
    "linear",  # x
    "relu",  # max(x, 0)
    "leaky_relu",  # x if x > 0 else 0.01 x
    "elu",  # x if x > 0 else exp(x) - 1
    "gelu",  # x Φ(x), exact: Φ(x) = (1 + erf(x / √2)) / 2
    "silu",  # x sigmoid(x)
    "sigmoid",  # 1 / (1 + exp(-x))
    "tanh",
)
REFUSED = ("softmax",)  # belongs to the automatic output layer; the plan says so, with the position
ELSEWHERE = {"identity": "linear", "none": "linear", "logistic": "sigmoid", "swish": "silu"}

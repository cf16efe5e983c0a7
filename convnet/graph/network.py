"""A network: the weights of a plan, and what can be computed with them."""

import os
import threading

import numpy as np

from convnet.engine import DTYPES, Context, aligned_zeros, default_isa
from convnet.graph.compiler import compile_prediction, compile_training
from convnet.graph.parameters import initial_weights
from convnet.graph.plan import Plan


class Network:
    """Weights of a plan, with prediction, and single passes to look at.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        (height, width, channels), or (features,) for flat data.
    n_outputs : int, default=None
        Units of the output layer that is appended; None appends none.
    seed : int, default=0
        Non-negative; of the starting weights.
    isa : str, default=None
        Kernel table; None is the best that the processor has, capped by ``CONVNET_ISA``.
    input_gradient : bool, default=False
        Whether `backward` also computes the gradient by X.
    winograd : bool, default=None
        Whether 3×3 convolutions that suit it are computed by Winograd's algorithm, which is faster and rounds
        differently. None: yes, unless the environment's ``CONVNET_WINOGRAD`` is 0.
    """

    def __init__(
        self,
        layers,
        input_shape,
        n_outputs=None,
        *,
        seed=0,
        isa=None,
        input_gradient=False,
        winograd=None,
    ):
        if winograd is None:
            winograd = os.environ.get("CONVNET_WINOGRAD", "1") != "0"
        self.plan = Plan(layers, input_shape, n_outputs, winograd=winograd)
        self.isa = isa or default_isa()
        self.input_gradient = input_gradient
        self.params = aligned_zeros(max(16, self.plan.parameters.floats))
        self._predictors = {}
        self._lock = threading.Lock()
        self._step = None
        for parameter, values in initial_weights(self.plan.parameters, seed):
            self._view(parameter)[...] = values

    def _view(self, parameter):
        flat = self.params[parameter.offset : parameter.offset + parameter.size]
        return flat.reshape(parameter.shape)

    def get_weights(self):
        """Return {name: float32 array}: copies of all parameters, running statistics included."""
        return {p.name: self._view(p).copy() for p in self.plan.parameters}

    def set_weights(self, weights):
        """Set all parameters.

        Parameters
        ----------
        weights : mapping of str to array
            Finite arrays of the names and shapes that `get_weights` returns.

        Raises
        ------
        ValueError
            If a name is missing or unknown, a shape differs, or a value is not finite; nothing is set then.
        """
        own = {p.name: p for p in self.plan.parameters}
        if missing := own.keys() - weights.keys():
            raise ValueError(f"weights lack {', '.join(sorted(missing))}")
        if unknown := weights.keys() - own.keys():
            raise ValueError(f"weights have no place for {', '.join(sorted(unknown))}")
        arrays = {}
        for name, parameter in own.items():
            array = np.asarray(weights[name], dtype=np.float32)
            if array.shape != parameter.shape:
                raise ValueError(f"{name} has shape {array.shape}; the plan wants {parameter.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has values that are not finite")
            arrays[name] = array
        for name, parameter in own.items():
            self._view(parameter)[...] = arrays[name]
        self.changed()

    def changed(self):
        """Note that the parameters changed: packed and folded copies are made anew when they are wanted."""
        with self._lock:
            self._predictors = {}

    def forward(self, X, *, scale=1.0, n_threads=1):
        """Return the outputs for X as in prediction.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            Of any integer, bool or float dtype up to 64 bits, and any strides.
        scale : float, default=1.0
            Every value is multiplied by it.
        n_threads : int, default=1

        Returns
        -------
        out : float32 ndarray of shape (n, *output_shape)
            The bits of a row depend on that row alone.
        """
        return self._predictor(None).run(X, scale, n_threads)

    def features(self, X, layer, *, scale=1.0, n_threads=1):
        """Return the output of the layer of that name, as in prediction: float32, (n, *its shape)."""
        names = [info.name for info in self.plan.layers]
        if layer not in names:
            raise ValueError(f"no layer is called {layer!r}; there are {', '.join(names)}")
        return self._predictor(layer).run(X, scale, n_threads)

    def _predictor(self, layer):
        with self._lock:
            if layer not in self._predictors:
                self._predictors[layer] = Predictor(self, layer)
            return self._predictors[layer]

    def forward_training(self, X, *, scale=1.0, seed=0, epoch=0, rows=None, n_threads=1):
        """Return the outputs for X as in a training step: batch statistics (the running ones move), dropout.

        `rows` are the numbers by which dropout knows the rows of X (default: their positions).
        """
        self._step = Step(self, X, scale, seed, epoch, rows, n_threads)
        self.changed()
        return self._step.out.reshape(len(X), *self.plan.output_shape)

    def backward(self, grad_output, n_threads=1):
        """Return (gradient by X or None, {name: gradient}) of the last `forward_training`.

        Parameters
        ----------
        grad_output : array of shape (n, *output_shape)
            Gradient of the loss by the outputs.
        n_threads : int, default=1
        """
        if self._step is None:
            raise ValueError("backward needs a forward_training before it")
        step, self._step = self._step, None
        return step.backward(grad_output, n_threads)


def check_input(X, input_shape):
    """Return X as a 4-D array that the engine can read; a view where that is possible."""
    X = np.asarray(X)
    if X.ndim == 2 and len(input_shape) == 1:
        X = X[:, None, None, :]
    shape = input_shape if len(input_shape) == 3 else (1, 1, *input_shape)
    if X.ndim != 4 or X.shape[1:] != shape:
        raise ValueError(f"X has shape {X.shape}; the plan wants (n, {', '.join(map(str, shape))})")
    if X.dtype.str[1:] not in DTYPES:
        raise TypeError(f"X has dtype {X.dtype}; it must be numeric and of 64 bits at the most")
    return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))


class Predictor:
    """Prediction up to one layer: a program, its folded and packed weights, and memory for each call."""

    def __init__(self, network, layer):
        plan = network.plan
        self.compiled = compile_prediction(plan, network.isa, layer)
        self.input_shape = plan.input_shape
        shapes = {info.name: info.output_shape for info in plan.layers}
        self.shape = plan.output_shape if layer is None else shapes[layer]
        self.params = aligned_zeros(len(network.params))
        self.params[...] = network.params
        for fold in self.compiled.folded:
            self._fold(fold)
        self.packed = aligned_zeros(self.compiled.sizes["packed"])
        self._pool = []
        self.compiled.program.pack(self._context(), 0, 1)

    def _fold(self, fold):
        """Scale the weights by gamma / sqrt(variance + epsilon) and move the rest into the bias."""

        def values(parameter):
            part = self.params[parameter.offset : parameter.offset + parameter.size]
            return part.reshape(parameter.shape)

        gamma, beta, mean, variance = (
            values(fold.norm.parameters[role]).astype(np.float64)
            for role in ("gamma", "beta", "mean", "variance")
        )
        scale = gamma / np.sqrt(variance + fold.norm.epsilon)
        own = 0.0 if fold.bias is None else values(fold.bias).astype(np.float64)
        values(fold.weights)[...] *= scale.astype(np.float32)
        values(fold.norm.parameters["beta"])[...] = beta + (own - mean) * scale

    def _context(self):
        context = Context()
        context.parameters(self.params, self.packed)
        return context

    def run(self, X, scale, n_threads):
        X = check_input(X, self.input_shape)
        program, n = self.compiled.program, len(X)
        out = np.empty((n, self.compiled.sizes["output"]), dtype=np.float32)
        if n:
            n_threads = max(1, min(n_threads, n))
            context = self._context()
            context.input(X, scale)
            context.output(out.reshape(-1))
            memory = self._check_out(n_threads)
            program.predict(context, 1, *memory, n_threads)
            self._pool.append((n_threads, memory))
        return out.reshape(n, *self.shape)

    def _check_out(self, n_threads):
        """Arenas and scratch for one call; several threads may predict at once."""
        try:
            had, memory = self._pool.pop()
        except IndexError:
            had, memory = 0, None
        if had >= n_threads:
            return memory
        program = self.compiled.program
        return aligned_zeros(n_threads * program.arena_floats), program.scratch(n_threads)


class Memory:
    """All memory of a training program."""

    def __init__(self, compiled):
        program, sizes = compiled.program, compiled.sizes
        self.arena = aligned_zeros(max(16, program.arena_floats))
        self.packed = aligned_zeros(sizes["packed"])
        self.lane_grads = aligned_zeros(compiled.lanes * sizes["lane"])
        self.batch_grads = aligned_zeros(sizes["batch"])
        self.lanes = compiled.lanes
        self.scratch = None
        self.n_threads = 0

    def context(self, params):
        """Context of a training step on these parameters."""
        context = Context()
        context.parameters(params, self.packed, trainable=True)
        context.gradients(self.lane_grads, self.lanes, self.batch_grads)
        return context

    def scratch_for(self, program, n_threads):
        """Scratch for so many threads; kept from call to call."""
        if n_threads > self.n_threads:
            self.scratch, self.n_threads = program.scratch(n_threads), n_threads
        return self.scratch


class Step:
    """One forward pass in training, which waits for its backward pass."""

    def __init__(self, network, X, scale, seed, epoch, rows, n_threads):
        self.network = network
        X = check_input(X, network.plan.input_shape)
        self.compiled = compile_training(
            network.plan, network.isa, max(1, len(X)), input_gradient=network.input_gradient
        )
        self.memory = Memory(self.compiled)
        self.context = self.memory.context(network.params)
        self.n = len(X)
        if rows is not None and len(rows) != self.n:
            raise ValueError(f"rows names {len(rows)} rows; X has {self.n}")
        self.out = np.empty(self.n * self.compiled.sizes["output"], dtype=np.float32)
        self.context.input(X, scale)
        if rows is not None:
            self.context.row_names(np.ascontiguousarray(rows, dtype=np.int64))
        self.context.output(self.out)
        self.context.random(seed, epoch)
        self._run(n_threads, 0, self.compiled.forward_phases)

    def _run(self, n_threads, begin, end):
        program = self.compiled.program
        scratch = self.memory.scratch_for(program, n_threads)
        program.run(self.context, self.memory.arena, scratch, n_threads, begin, end)

    def backward(self, grad_output, n_threads):
        program, sizes = self.compiled.program, self.compiled.sizes
        grad = np.ascontiguousarray(grad_output, dtype=np.float32).reshape(-1)
        if grad.size != self.out.size:
            raise ValueError(f"grad_output has {grad.size} values; the outputs have {self.out.size}")
        self.context.gradient(grad)
        reduce_phase = program.n_phases - 1
        grad_input = None
        if self.network.input_gradient:
            size = max(sizes["input"], sizes["output"])
            grad_input = np.empty(self.n * size, dtype=np.float32)
            self.context.output(grad_input)
        self._run(n_threads, self.compiled.forward_phases, reduce_phase)
        flat = aligned_zeros(max(16, len(self.network.params), self.n * sizes["output"]))
        self.context.output(flat)
        self._run(n_threads, reduce_phase, program.n_phases)
        plan = self.network.plan
        gradients = {
            p.name: flat[p.offset : p.offset + p.size].reshape(p.shape).copy()
            for p in plan.parameters
            if p.trainable
        }
        if grad_input is not None:
            grad_input = grad_input[: self.n * sizes["input"]].reshape(self.n, *plan.input_shape)
        return grad_input, gradients

"""Network: the weights of a plan, its predictions, and single training passes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convnet.engine import SINGLE_DTYPES, SinglePrediction, aligned_zeros, default_isa
from convnet.engine.threads import lock_of
from convnet.graph.layout import Parameter, initial_weights
from convnet.graph.plan import Plan
from convnet.graph.runtime.passes import TrainingPass, output_gradient
from convnet.graph.runtime.predictor import PackedWeights, Predictor
from convnet.layers import Layer
from convnet.values.messages import listed, show

# The layer before the first that runs, and the last that runs. None: from the input, or to the output.
Span: TypeAlias = tuple[str | None, str | None]


class Network:
    """A net without an estimator: layers with weights, for predictions and single training passes.

    Estimators are built on it. It has no classes, and no output layer unless `n_outputs` is given.

    Parameters
    ----------
    layers : sequence of Layer
        The layers.
    input_shape : tuple of int
        (height, width, channels), (length, channels) for signals, or (features,) for flat data.
    n_outputs : int, default=None
        Number of units of an output layer to append. None appends no layer.
    seed : int, default=0
        Seed of the initial weights, 0 or more.
    isa : str, default=None
        Instruction set of the kernels. None is the best one of the processor, within the limit of ``CONVNET_ISA``.
    input_gradient : bool, default=False
        Whether `backward` also computes the gradient with respect to X.
    winograd : bool, default=None
        Whether convolutions may use Winograd's algorithm. None follows the environment variable ``CONVNET_WINOGRAD``.

    Examples
    --------
    >>> import numpy as np
    >>> from convnet.graph import Network
    >>> from convnet.layers import Conv2D
    >>> net = Network([Conv2D(1, 3)], input_shape=(6, 6, 1))
    >>> kernel = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])
    >>> net.set_weights({"conv1/weights": kernel.reshape(3, 3, 1, 1), "conv1/bias": [0]})
    >>> image = np.repeat([[10, 10, 10, 0, 0, 0]], 6, axis=0)
    >>> net.forward(image.reshape(1, 6, 6, 1))[0, :, :, 0]
    array([[ 0., 30., 30.,  0.],
           [ 0., 30., 30.,  0.],
           [ 0., 30., 30.,  0.],
           [ 0., 30., 30.,  0.]], dtype=float32)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Sequence[int],
        n_outputs: int | None = None,
        *,
        seed: int = 0,
        isa: str | None = None,
        input_gradient: bool = False,
        winograd: bool | None = None,
    ) -> None:
        plan = Plan(layers, input_shape, n_outputs, winograd=winograd)
        self._build(plan, seed=seed, isa=isa, input_gradient=input_gradient)

    @classmethod
    def from_plan(
        cls, plan: Plan, *, seed: int = 0, isa: str | None = None, input_gradient: bool = False
    ) -> Self:
        """Return a network of an existing plan, so that the layers are not lowered again.

        Parameters
        ----------
        plan : Plan
            Plan of the net.
        seed : int, default=0
            Seed of the initial weights, 0 or more.
        isa : str, default=None
            Instruction set of the kernels.
        input_gradient : bool, default=False
            Whether `backward` also computes the gradient with respect to X.

        Returns
        -------
        network : Network
            The network.
        """
        network = cls.__new__(cls)
        network._build(plan, seed=seed, isa=isa, input_gradient=input_gradient)
        return network

    def _build(self, plan: Plan, *, seed: int, isa: str | None, input_gradient: bool) -> None:
        plan.check_parameters()
        self.plan, self.isa = plan, isa or default_isa()
        self.input_gradient = input_gradient
        self.params = aligned_zeros(max(16, self.plan.parameters.floats))
        # by the layers that they begin behind and end with; weights are dropped after a change
        self._predictors: dict[Span, Predictor] = {}
        self._packed: dict[Span, PackedWeights] = {}
        self._lock = lock_of(self)
        self._pass: TrainingPass | None = None
        for parameter, values in initial_weights(self.plan.parameters, seed):
            self._view(parameter)[...] = values

    def _view(self, parameter: Parameter) -> NDArray[np.float32]:
        flat = self.params[parameter.offset : parameter.offset + parameter.size]
        return flat.reshape(parameter.shape)

    def get_weights(self) -> dict[str, NDArray[np.float32]]:
        """Return copies of all parameters, including running statistics.

        Returns
        -------
        weights : dict of str to float32 ndarray
            The parameters by name, such as "conv1/weights".
        """
        return {p.name: self._view(p).copy() for p in self.plan.parameters}

    def set_weights(self, weights: Mapping[str, ArrayLike]) -> None:
        """Set all parameters.

        Parameters
        ----------
        weights : mapping of str to array
            Finite arrays with the names and shapes that `get_weights` returns.

        Raises
        ------
        ValueError
            If a name is missing or unknown, a shape differs, a value is not finite, or a variance is negative. Nothing
            is set then.
        """
        own = {p.name: p for p in self.plan.parameters}
        if missing := own.keys() - weights.keys():
            raise ValueError(f"weights are missing: {listed(sorted(missing))}")
        if unknown := weights.keys() - own.keys():
            raise ValueError(f"the net has no weights named {listed(sorted(unknown))}")
        arrays = {}
        for name, parameter in own.items():
            array = np.asarray(weights[name], dtype=np.float32)
            if array.shape != parameter.shape:
                raise ValueError(f"{name} has shape {array.shape}; expected {parameter.shape}")
            parameter.check(array)
            arrays[name] = array
        for name, parameter in own.items():
            self._view(parameter)[...] = arrays[name]
        self.changed()

    def changed(self, frozen_prefix: str | None = None) -> None:
        """Drop the packed copies of the parameters after a change. The next prediction packs them again.

        Parameters
        ----------
        frozen_prefix : str, default=None
            Name of a layer. If given, the parameters up to it have not changed, and their packed copy is kept.
        """
        with self._lock:
            kept = None, frozen_prefix
            self._packed = {k: v for k, v in self._packed.items() if frozen_prefix and k == kept}

    def forward(
        self,
        X: NDArray[Any],
        *,
        after: str | None = None,
        scale: float = 1.0,
        n_threads: int = 1,
    ) -> NDArray[np.float32]:
        """Return the outputs for X as in prediction.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            Of any integer, bool or float dtype up to 64 bits, and any strides.
        after : str, default=None
            Name of a layer that is not inside another. If given, X holds the outputs of this layer, as `features`
            returns them, and only the layers behind it run.
        scale : float, default=1.0
            Factor of X's values.
        n_threads : int, default=1
            Maximum number of threads. The result does not depend on it.

        Returns
        -------
        out : float32 ndarray of shape (n, *output_shape)
            The bits of a sample depend on that sample alone.

        Raises
        ------
        ValueError
            If no layer has the name `after`, or that layer is inside another.
        """
        if after is not None:
            outer = [info.name for info in self.plan.layers]
            if after not in outer:
                raise ValueError(
                    f"after: no layer is called {show(after)}, or it is inside another; the outer layers are "
                    f"{listed(outer)}"
                )
        return self._predict((after, None), X, scale, n_threads)

    def features(
        self, X: NDArray[Any], layer: str, *, scale: float = 1.0, n_threads: int = 1
    ) -> NDArray[np.float32]:
        """Return the output of a layer for X as in prediction.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            As in `forward`.
        layer : str
            Name of the layer. Nested layers have names such as "residual1/conv1".
        scale : float, default=1.0
            Factor of X's values.
        n_threads : int, default=1
            Maximum number of threads. The result does not depend on it.

        Returns
        -------
        out : float32 ndarray of shape (n, *output shape of the layer)
            The output of the layer.

        Raises
        ------
        ValueError
            If no layer has that name.
        """
        self._check_layer(layer)
        return self._predict((None, layer), X, scale, n_threads)

    def gradient(
        self,
        X: NDArray[Any],
        grad_outputs: ArrayLike,
        layer: str | None = None,
        *,
        scale: float = 1.0,
        n_threads: int = 1,
    ) -> NDArray[np.float32]:
        """Return the gradient of a function of the outputs for X, with respect to X or to the output of a layer.

        The net runs as in prediction: batch norm uses the running statistics, and dropout is off. Each sample of the
        result depends on that sample of X alone.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            As in `forward`.
        grad_outputs : array of shape (n, *output_shape)
            The function's gradient with respect to the outputs. For one logit: 1 there and 0 elsewhere.
        layer : str, default=None
            Name of the layer. None: the input.
        scale : float, default=1.0
            X is multiplied by it. The gradient is with respect to X before the multiplication.
        n_threads : int, default=1
            Maximum number of threads. The result does not depend on it.

        Returns
        -------
        grad : float32 ndarray of shape (n, *input_shape) or (n, *the layer's shape)

        Raises
        ------
        ValueError
            If no layer has that name, or a shape does not fit.
        """
        if layer is not None:
            self._check_layer(layer)
        return output_gradient(
            self.plan,
            self.params,
            self.isa,
            X,
            grad_outputs,
            layer,
            scale=scale,
            n_threads=n_threads,
        )

    def _check_layer(self, layer: str) -> None:
        if layer not in self.plan.named:
            known = listed(self.plan.named)
            raise ValueError(f"no layer is called {show(layer)}; the layers are {known}")

    def _predict(
        self, span: Span, X: NDArray[Any], scale: float, n_threads: int
    ) -> NDArray[np.float32]:
        predictor, weights = self._predictor(span)
        return predictor.run(weights, X, scale=scale, n_threads=n_threads)

    def single_prediction(
        self, dtype: np.dtype[Any], scale: float, attributes: dict[str, Any], names: Iterable[str]
    ) -> SinglePrediction | None:
        """Return an object that predicts single samples with the current weights, without the steps of `forward`.

        Parameters
        ----------
        dtype : dtype
            Of the samples: uint8, float32 or float64.
        scale : float
            Factor of their values.
        attributes : dict
            Attributes of the estimator that predicts.
        names : iterable of str
            Names of the attributes that must still be the same objects at each prediction.

        Returns
        -------
        single : SinglePrediction or None
            None for other dtypes.
        """
        if dtype.str[1:] not in SINGLE_DTYPES or not dtype.isnative:
            return None
        predictor, weights = self._predictor((None, None))
        return SinglePrediction(
            predictor.compiled.program,
            predictor.take_memory,
            *weights,
            predictor.compiled.sizes["output"],
            self.plan.input_shape,
            dtype.str[1:],
            scale,
            attributes,
            names,
        )

    def _predictor(self, span: Span) -> tuple[Predictor, PackedWeights]:
        """Return the predictor of some layers, and the weights packed for it.

        Of each kind, one predictor is cached with its packed weights: the whole net, the first layers, the last layers.
        """
        with self._lock:
            if span not in self._predictors:
                kind = [name is None for name in span]
                for other in [k for k in self._predictors if [name is None for name in k] == kind]:
                    del self._predictors[other]
                    self._packed.pop(other, None)
                after, layer = span
                self._predictors[span] = Predictor(self.plan, self.isa, layer, after)
            if span not in self._packed:
                self._packed[span] = self._predictors[span].pack(self.params)
            return self._predictors[span], self._packed[span]

    def forward_training(
        self,
        X: NDArray[Any],
        *,
        scale: float = 1.0,
        seed: int = 0,
        epoch: int = 0,
        sample_ids: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> NDArray[np.float32]:
        """Return the outputs for X as in a training step, with dropout and batch statistics.

        The running statistics change.

        Parameters
        ----------
        X : ndarray of shape (n, h, w, c)
            As in `forward`.
        scale : float, default=1.0
            Factor of X's values.
        seed, epoch : int, default=0
            Seed of the random numbers of dropout, and number of the epoch.
        sample_ids : ndarray of int64, shape (n,), default=None
            Numbers that select the random numbers of each sample. None is the position in X.
        n_threads : int, default=1
            Maximum number of threads. The result does not depend on it.

        Returns
        -------
        out : float32 ndarray of shape (n, *output_shape)
            The outputs. `backward` continues from them.
        """
        self._pass = TrainingPass(
            self.plan,
            self.params,
            self.isa,
            X,
            scale=scale,
            seed=seed,
            epoch=epoch,
            sample_ids=sample_ids,
            n_threads=n_threads,
            input_gradient=self.input_gradient,
        )
        self.changed()
        return self._pass.outputs

    def backward(
        self, grad_output: ArrayLike, n_threads: int = 1
    ) -> tuple[NDArray[np.float32] | None, dict[str, NDArray[np.float32]]]:
        """Return the gradients of the last `forward_training`.

        Parameters
        ----------
        grad_output : array of shape (n, *output_shape)
            Gradient of the loss with respect to the outputs.
        n_threads : int, default=1
            Maximum number of threads. The result does not depend on it.

        Returns
        -------
        grad_X : float32 ndarray or None
            Gradient with respect to X, with `input_gradient`.
        gradients : dict of str to float32 ndarray
            Gradient with respect to each parameter.

        Raises
        ------
        ValueError
            If `forward_training` was not called before.
        """
        if self._pass is None:
            raise ValueError(
                "backward has no forward pass to continue. Call forward_training first."
            )
        last, self._pass = self._pass, None
        return last.backward(grad_output, n_threads)

"""CachedFeatures: the outputs of a frozen prefix, computed once and cached for later epochs."""

from dataclasses import dataclass, field
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convnet.augment.plan import AugmentPlan
from convnet.graph import Network
from convnet.graph.compiler import can_divide
from convnet.graph.runtime.augmenter import augmented
from convnet.training.examples import Examples
from convnet.training.prediction import predict_in_batches

# Of the cached outputs of one set of samples. If they would take more, each epoch computes them again.
MAX_CACHED_BYTES = 2**30
READ_SAMPLES = 256  # samples that are read into memory together


@dataclass(frozen=True, eq=False)
class FrozenPrefix:
    """The first layers of a net, which do not change during a fit.

    Parameters
    ----------
    network : Network
        The whole net.
    layer : str
        Name of the last layer of the frozen prefix.
    n_threads : int
        Maximum number of threads.
    """

    network: Network
    layer: str
    n_threads: int

    @property
    def keeps_bits(self) -> bool:
        """Whether layers behind it compute the same bits from its outputs as the whole net."""
        return can_divide(self.network.plan, self.layer)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its outputs for a sample."""
        return self.network.plan.named[self.layer].output_shape

    def outputs(
        self, X: Any, *, scale: float, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return its outputs for X, or for some rows of X; see `predict_in_batches`."""
        return predict_in_batches(
            self.network, X, scale=scale, n_threads=self.n_threads, rows=rows, layer=self.layer
        )


@dataclass(frozen=True)
class AugmentedCopies:
    """A fixed number of augmented versions of each image, which the epochs take in turn.

    Parameters
    ----------
    plan : AugmentPlan
        The random changes.
    n : int
        Number of versions. Version i has the random numbers of epoch i.
    seed : int
        Seed of the random numbers.
    """

    plan: AugmentPlan
    n: int
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class CachedFeatures(Examples):
    """Examples whose samples go through the frozen prefix of a net before a step sees them.

    The outputs for each sample are computed when a step first needs them, and cached unless those for all samples
    would take more than `MAX_CACHED_BYTES`. The bits are the same either way.

    Parameters
    ----------
    prefix : FrozenPrefix
        The layers that do not change.
    copies : AugmentedCopies, default=None
        Augmented versions of the images. None: the images are not augmented.
    cached : bool
        False where each sample is needed only once.
    """

    prefix: FrozenPrefix
    copies: AugmentedCopies | None = None
    cached: bool
    _cache: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        examples: Examples,
        *,
        prefix: FrozenPrefix,
        copies: AugmentedCopies | None = None,
        cached: bool,
    ) -> Self:
        """Return the same examples behind a frozen prefix."""
        return cls(**vars(examples), prefix=prefix, copies=copies, cached=cached)

    def outputs(self, network: Network, n_threads: int) -> NDArray[np.float32]:
        """See `Examples`. If they are cached, only the layers behind the prefix run, on the first version."""
        if not self._uses_cache():
            return super().outputs(network, n_threads)
        for i in range(0, len(self.rows), READ_SAMPLES):
            features = self._filled(self.rows[i : i + READ_SAMPLES], 0, None)
        return predict_in_batches(
            network,
            features,
            scale=1.0,
            n_threads=n_threads,
            rows=self.rows,
            after=self.prefix.layer,
        )

    def _wanted(self, rows: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """See `Examples`: the rows whose outputs are not cached."""
        return rows[~self._cache["present"][self._version(epoch), rows]] if self._cache else rows

    def _batch(
        self,
        rows: NDArray[np.int64],
        epoch: int,
        own: slice,
        read: NDArray[Any] | None = None,
    ) -> dict[str, Any]:
        """See `Examples`."""
        version = self._version(epoch)
        if not self._uses_cache():
            return self._alone(rows, own, self._features(rows[own], version, read), 1.0)
        return dict(
            X=self._filled(rows[own], version, read),
            y=self.targets,
            rows=rows,
            sample_weight=self.weights,
            scale=1.0,
        )

    def _version(self, epoch: int) -> int:
        """Return the number of the version of the images that an epoch takes."""
        return 0 if self.copies is None else epoch % self.copies.n

    def _filled(
        self, rows: NDArray[np.int64], version: int, read: NDArray[Any] | None
    ) -> NDArray[np.float32]:
        """Return the cache of a version, one entry per row of X, with the outputs for these rows filled in."""
        if not self._cache:
            shape = (self._n_versions, len(self.X))
            self._cache.update(
                outputs=np.empty((*shape, *self.prefix.shape), np.float32),
                present=np.zeros(shape, bool),
            )
        missing = rows[~self._cache["present"][version, rows]]
        if len(missing):
            self._cache["outputs"][version, missing] = self._features(missing, version, read)
            self._cache["present"][version, missing] = True
        return self._cache["outputs"][version]

    @property
    def _n_versions(self) -> int:
        return 1 if self.copies is None else self.copies.n

    @property
    def bytes_to_cache(self) -> int:
        """Number of bytes of the outputs for all versions of all samples."""
        return 4 * self._n_versions * len(self.rows) * prod(self.prefix.shape)

    def _uses_cache(self) -> bool:
        return self.cached and self.bytes_to_cache <= MAX_CACHED_BYTES

    def _features(
        self, rows: NDArray[np.int64], version: int, read: NDArray[Any] | None
    ) -> NDArray[np.float32]:
        """Return the prefix's outputs for rows of X, whose samples are in `read` unless it is None."""
        if self.copies is None:
            if read is None:
                return self.prefix.outputs(self.X, scale=self.scale, rows=rows)
            return self.prefix.outputs(read, scale=self.scale)
        images = augmented(
            np.asarray(self.X[rows] if read is None else read),
            self.copies.plan,
            scale=self.scale,
            seed=self.copies.seed,
            epoch=version,
            rows=rows,
            n_threads=self.prefix.n_threads,
        )
        return self.prefix.outputs(images, scale=1.0)

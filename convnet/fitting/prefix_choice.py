"""Whether a fit takes the outputs of its first, frozen layers from a cache: the choice, and the warnings about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.training.frozen_prefix import (
    MAX_CACHED_BYTES,
    AugmentedCopies,
    CachedFeatures,
    FrozenPrefix,
)
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from convnet.augment.plan import AugmentPlan
    from convnet.graph import Network
    from convnet.training.examples import Examples


def choose_prefix(
    estimator: Any,
    network: Network,
    augment: AugmentPlan | None,
    frozen: frozenset[str],
    n_threads: int,
) -> FrozenPrefix | None:
    """Return the frozen prefix that runs once per image, or None if all layers run in every step.

    Warns if `cache_augmented` has no effect.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    network : Network
    augment : AugmentPlan or None
    frozen : frozenset of str
        Names of the frozen parameters.
    n_threads : int
    """
    caches_copies = estimator.cache_augmented is not None
    last = network.plan.frozen_prefix(frozen)
    if caches_copies and (augment is None or last is None):
        reason = (
            "augment is None"
            if augment is None
            else "freeze does not keep the first layers of the net"
        )
        warn_user(f"{_name(estimator)}: cache_augmented has no effect, because {reason}.")
    if last is None or (augment is not None and not caches_copies):
        return None
    return FrozenPrefix(network, last, n_threads)


def behind_prefix(
    estimator: Any,
    examples: Examples,
    prefix: FrozenPrefix,
    augment: AugmentPlan | None,
    *,
    seed: int,
    cached: bool,
) -> CachedFeatures:
    """Return the training set behind the frozen prefix.

    Warns if the features of all versions of the images take more memory than the cache may.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    examples : Examples
        The training set.
    prefix : FrozenPrefix
    augment : AugmentPlan or None
        Makes the versions of each image; None if there is only the image itself.
    seed : int
        Of the random changes.
    cached : bool
        Whether to cache the features.
    """
    copies = None
    if augment is not None:
        copies = AugmentedCopies(augment, estimator.cache_augmented, seed)
    features = CachedFeatures.of(examples, prefix=prefix, copies=copies, cached=cached)
    if copies is not None and features.bytes_to_cache > MAX_CACHED_BYTES:
        warn_user(
            f"{_name(estimator)}: the outputs of the frozen layers for {copies.n} versions of each image take "
            f"{features.bytes_to_cache / 2**30:.1f} GiB. Only {MAX_CACHED_BYTES / 2**30:.1f} GiB are cached, so each "
            "epoch computes them again. Lower cache_augmented, or freeze more layers."
        )
    return features


def _name(estimator: Any) -> str:
    return type(estimator).__name__

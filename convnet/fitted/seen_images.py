"""Fingerprints of the images that a net has seen, with which evaluation recognizes them by their content.

A fingerprint is a 48-bit hash of an image as the net gets it. A `Sketch` keeps the `MAX_HASHES` smallest
fingerprints of a set. For a small set, these are all. Of a larger set, they are a random sample that does not depend on
the order of the images: each image whose fingerprint is below the largest one kept is certainly in the set or certainly
not, whatever set it comes from. So a model file grows by 32 KB at most.
"""

from __future__ import annotations

import base64
import hashlib
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_HASHES = 4096
HASH_BYTES = 6
CHUNK_BYTES = 2**24  # of X that are read at a time


class Sketch(NamedTuple):
    """The smallest fingerprints of a set of images, ascending, and whether these are all."""

    hashes: NDArray[np.uint64]
    is_whole: bool

    @classmethod
    def of(cls, hashes: NDArray[np.uint64], *, is_whole: bool = True) -> Self:
        """Return the sketch of a set that has these fingerprints, and larger ones unless it `is_whole`."""
        distinct = np.unique(hashes)
        return cls(distinct[:MAX_HASHES], is_whole and len(distinct) <= MAX_HASHES)

    @property
    def limit(self) -> int:
        """The fingerprints up to this one are known completely."""
        return 2 ** (8 * HASH_BYTES) if self.is_whole else int(self.hashes[-1])

    def union(self, other: Self) -> Self:
        """Return the sketch of the images in either set."""
        limit = min(self.limit, other.limit)
        hashes = np.concatenate([self.hashes, other.hashes])
        return self.of(hashes[hashes <= limit], is_whole=self.is_whole and other.is_whole)

    def share(self, hashes: NDArray[np.uint64]) -> float:
        """Return the share of images with these fingerprints that are in the set: exact, or estimated from a sample."""
        comparable = hashes[hashes <= self.limit]
        return float(np.isin(comparable, self.hashes).mean()) if len(comparable) else 0.0

    def to_text(self) -> str:
        """Return a short text, from which `from_text` returns the sketch."""
        data = self.hashes.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :HASH_BYTES].tobytes()
        return f"{'whole' if self.is_whole else 'sample'}:{base64.b64encode(data).decode()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the sketch that `to_text` wrote; raise ValueError if it wrote something else."""
        kind, _, encoded = text.partition(":")
        data = np.frombuffer(base64.b64decode(encoded, validate=True), np.uint8)
        padded = np.zeros((len(data) // HASH_BYTES, 8), np.uint8)
        padded[:, :HASH_BYTES] = data.reshape(-1, HASH_BYTES)
        hashes = padded.view("<u8")[:, 0].astype(np.uint64)
        if kind not in ("whole", "sample") or len(hashes) > MAX_HASHES or not len(hashes):
            raise ValueError("expected a sketch of images")
        if (np.diff(hashes.astype(np.int64)) <= 0).any():
            raise ValueError("expected ascending fingerprints")
        return cls(hashes, kind == "whole")


def fingerprints(X: Any) -> NDArray[np.uint64]:
    """Return the fingerprint of each image, uint64 (n,).

    It is a hash of the values as float32, so that the same values of another type or shape have the same fingerprint.

    Parameters
    ----------
    X : ndarray or ImageFolder of shape (n, ...)
        The images.
    """
    n, row_bytes = X.shape[0], max(1, prod(X.shape[1:]) * np.dtype(np.float32).itemsize)
    step = max(1, CHUNK_BYTES // row_bytes)
    hashes = np.empty(n, np.uint64)
    for begin in range(0, n, step):
        rows = np.asarray(X[begin : begin + step]).astype(np.float32).reshape(-1, prod(X.shape[1:]))
        for i, row in enumerate(np.ascontiguousarray(rows), begin):
            digest = hashlib.blake2b(row.data, digest_size=HASH_BYTES).digest()
            hashes[i] = int.from_bytes(digest, "little")
    return hashes


def check_seen(seen: Any, fitted: Any, plan: Any) -> None:
    """Raise an exception unless `seen` holds sketches by the purpose of the images."""
    if not isinstance(seen, dict) or not seen.keys() <= {"training", "selection"}:
        raise ValueError("expected a dict of sketches")
    for text in seen.values():
        Sketch.from_text(text)

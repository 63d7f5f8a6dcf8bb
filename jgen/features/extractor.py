"""Define feature extractors: a function of rows with the name and the digest that a protocol carries."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.errors import UsageError
from jgen.types import Array, PyTree

BATCH_SIZE = 256
"""Rows that pass through a small network at a time."""


class Extractor(NamedTuple):
    """Function from examples to features, with a name and a digest.

    Attributes:
        name: What it is; it names the distance: ``"inception-v3"`` alone makes a Frechet distance an FID.
        digest: First digits of the SHA-256 of what determines it; empty where nothing does but its name.
        apply: ``apply(x [batch, *event]) -> features [batch, dim]``; None hands rows on as vectors, on the
            host and in their own type.
        check: ``check(name, x [row, *event])`` raises a ``ValueError`` for rows that ``apply`` would
            misread, such as images in another range; None checks nothing.
        batch_size: Rows that ``apply`` takes at a time. The last batch is filled up to it, so that one
            program computes the features of any number of rows, and a row's do not depend on that number.
    """

    name: str
    digest: str
    apply: Callable[[Any], Any] | None
    check: Callable[[str, np.ndarray], None] | None = None
    batch_size: int = BATCH_SIZE

    def __call__(self, x: Any) -> np.ndarray:
        """Compute the features ``[row, dim]`` of rows ``[row, *event]``, a batch at a time.

        Raises:
            ValueError: For no rows, an array without axes, rows of different shapes, rows that the extractor
                does not take, or features that are not one vector a row.
        """
        x = self._rows(x)
        if self.apply is None:
            return x.reshape(len(x), -1)
        batches = []
        for start in range(0, len(x), self.batch_size):
            rows = x[start : start + self.batch_size]
            filler = np.broadcast_to(rows[-1:], (self.batch_size - len(rows), *rows.shape[1:]))
            batch = np.concatenate([rows, filler]) if len(filler) else rows
            features = np.asarray(self.apply(batch))
            if features.ndim != 2 or len(features) != len(batch):
                raise ValueError(
                    f"{self.name} must return features [batch, dim]; got {features.shape} of {len(batch)}"
                )
            batches.append(features[: len(rows)])
        return np.concatenate(batches)

    def _rows(self, x: Any) -> np.ndarray:
        try:
            x = np.asarray(x)
        except ValueError as error:  # NumPy's words are "inhomogeneous shape"
            raise ValueError(f"{self.name} takes rows of one shape: {error}") from error
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"{self.name} takes rows [row, ...], one or more; got shape {x.shape}")
        if self.check is not None:
            self.check(self.name, x)
        return x

    @property
    def protocol(self) -> dict[str, str]:
        """What a ``Result`` says of it."""
        return {"extractor": self.name, "digest": self.digest}


def check_extractor(extractor: Any) -> Extractor:
    """Return an extractor: an ``Extractor``, or a callable that has a ``protocol`` as it has.

    Raises:
        UsageError: If it is anything else, such as a name or a plain function.

    Example:
        >>> check_extractor("inception")
        Traceback (most recent call last):
        jgen.errors.UsageError: 'inception' is no Extractor: give one of jgen.features, such as raw(),
        pca_features(rows, 16) or inception_features(params), or name your own function by from_network
    """
    if callable(extractor) and hasattr(extractor, "protocol"):
        return extractor
    raise UsageError(
        f"{extractor!r} is no Extractor: give one of jgen.features, such as raw(), pca_features(rows, 16) or "
        "inception_features(params), or name your own function by from_network"
    )


def digest_of(params: PyTree) -> str:
    """Compute the first 12 digits of the SHA-256 of the bytes, shapes and types of all leaves.

    Example:
        >>> digest_of({"a": np.zeros(2)}) == digest_of({"a": np.zeros(2)}) != digest_of({"a": np.ones(2)})
        True
    """
    total = hashlib.sha256()
    for path, leaf in jax.tree.leaves_with_path(params):
        array = np.ascontiguousarray(leaf)
        total.update(f"{jax.tree_util.keystr(path)} {array.dtype.name} {np.shape(leaf)}".encode())
        total.update(array.tobytes())
    return total.hexdigest()[:12]


def raw() -> Extractor:
    """Return the extractor that hands rows on, each as one vector.

    It takes numbers as they are: both samples must be in one unit, not one in 0 to 255 and one in [0, 1].

    Example:
        >>> raw()(np.zeros((5, 8, 8, 1))).shape, raw().protocol
        ((5, 64), {'extractor': 'raw', 'digest': ''})
    """
    return Extractor("raw", "", None)


def from_network(
    name: str,
    apply: Partial | Callable[[PyTree, Array], Array],
    params: PyTree,
    *,
    check: Callable[[str, np.ndarray], None] | None = None,
    batch_size: int = BATCH_SIZE,
) -> Extractor:
    """Return the extractor of a network ``apply(params, x)``, named and hashed.

    Products that do not state their precision are of full float32 precision: that of a GPU or a TPU is less
    by default, and features would differ between devices in their third digit.

    Args:
        name: What it is.
        apply: A function of the parameters and a batch, traceable.
        params: The parameters; they make the digest.
        check: As in ``Extractor``.
        batch_size: Rows that pass through it at a time: what the memory holds.

    Returns:
        It compiles once for each shape and type of rows.

    Raises:
        ValueError: For a batch size below 1.

    Example:
        >>> projection = from_network("projection", lambda w, x: x @ w, np.ones((3, 2), np.float32))
        >>> projection(np.ones((5, 3))).shape, projection.protocol
        ((5, 2), {'extractor': 'projection', 'digest': '...'})
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    return Extractor(name, digest_of(params), Partial(_apply, as_partial(apply), params), check, batch_size)


@jit
def _apply(apply: Partial, params: PyTree, x: Array) -> Array:
    with jax.default_matmul_precision("highest"):
        return apply(params, x)

"""Define feature extractors: a function of rows with the name and the digest that a protocol carries."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.types import Array, PyTree

BATCH = 256
"""Rows that pass through a network at a time; the last batch is padded, so that all are one program."""


class Extractor(NamedTuple):
    """Function from examples to features, with a name and a digest.

    Attributes:
        name: What it is; it names the distance: ``"inception-v3"`` alone makes a Frechet distance an FID.
        digest: First digits of the SHA-256 of its parameters; empty where it has none.
        apply: ``apply(x [batch, *event]) -> features [batch, dim]``; None hands rows on as vectors, on the
            host and in their own type.
    """

    name: str
    digest: str
    apply: Callable[[Array], Array] | None

    def __call__(self, x: Any) -> np.ndarray:
        """Compute the features ``[row, dim]`` of rows ``[row, *event]``, 256 at a time.

        Raises:
            ValueError: For no rows or an array without axes, or features that are not one vector a row.
        """
        x = np.asarray(x)
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"{self.name} takes rows [row, ...], one or more; got shape {x.shape}")
        if self.apply is None:
            return x.reshape(len(x), -1)
        batches = []
        for start in range(0, len(x), BATCH):
            rows = np.minimum(np.arange(start, start + BATCH), len(x) - 1)  # the last row pads the batch
            batches.append(np.asarray(self.apply(jnp.asarray(x[rows])))[: len(x) - start])
        features = np.concatenate(batches)
        if features.ndim != 2:
            raise ValueError(f"{self.name} must return features [batch, dim]; got {features.shape}")
        return features

    @property
    def protocol(self) -> dict[str, str]:
        """What a ``Result`` says of it."""
        return {"extractor": self.name, "digest": self.digest}


def digest_of(params: PyTree) -> str:
    """Compute the first 12 digits of the SHA-256 of the bytes, shapes and types of all leaves.

    Example:
        >>> digest_of({"a": np.zeros(2)}) == digest_of({"a": np.zeros(2)}) != digest_of({"a": np.ones(2)})
        True
    """
    total = hashlib.sha256()
    for path, leaf in jax.tree.leaves_with_path(params):
        array = np.ascontiguousarray(leaf)
        total.update(f"{jax.tree_util.keystr(path)} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()[:12]


def raw() -> Extractor:
    """Return the extractor that hands rows on, each as one vector.

    Example:
        >>> raw()(np.zeros((5, 8, 8, 1))).shape, raw().protocol
        ((5, 64), {'extractor': 'raw', 'digest': ''})
    """
    return Extractor("raw", "", None)


def from_network(name: str, apply: Partial | Callable[[PyTree, Array], Array], params: PyTree) -> Extractor:
    """Return the extractor of a network ``apply(params, x)``, named and hashed.

    Args:
        name: What it is.
        apply: A function of the parameters and a batch, traceable.
        params: The parameters; they make the digest.

    Returns:
        It compiles once for each shape of rows.
    """
    return Extractor(name, digest_of(params), Partial(_apply, as_partial(apply), params))


@jit
def _apply(apply: Partial, params: PyTree, x: Array) -> Array:
    return apply(params, x)

"""Extract principal components of rows."""

from typing import Any

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen._internal.principal_axes import spectrum
from jgen.features.extractor import Extractor, digest_of
from jgen.features.input_checks import check_shape


def pca_features(x: ArrayLike, k: int) -> Extractor:
    r"""Return the extractor "pca-k" of the first k principal components of given rows.

    The feature of a row is :math:`V^\top (x - \bar x)`, with the k principal directions of the given rows as
    columns of V, in float64 on the host. It is not whitened: distances of features are those of rows, less
    what the other directions add, and with all directions a metric that rotations do not change is that of
    ``raw``. Whitened, the k-th direction would count as much as the first, noise included.

    Fit it to the real training rows, not to the rows that a metric compares: directions of the compared rows
    would depend on both samples.

    Args:
        x: Rows ``[row, *event]``, of which each is read as one vector.
        k: Number of components, at most the rank of the centred rows.

    Returns:
        Rows ``[row, *event]`` to components ``[row, k]``. Its digest is that of the given rows and k, which
        determine the directions: those are computed to rounding, which differs between machines.

    Raises:
        ValueError: For fewer than two rows, a number that is not finite, or k outside of 1 to the rank; the
            extractor raises it for rows of another shape.

    Example:
        >>> line = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
        >>> extractor = pca_features(line, 1)
        >>> extractor.name, extractor(line).round(9).ravel().tolist()
        ('pca-1', [-5.0, 0.0, 5.0])
    """
    rows = np.asarray(x, np.float64)
    if rows.ndim < 2:
        raise ValueError(f"x must be rows [row, ...], two or more; got shape {rows.shape}")
    mean, _, directions, rank = spectrum(rows.reshape(len(rows), -1))
    if not 1 <= k <= rank:
        raise ValueError(f"k must be between 1 and {rank}, the rank of the centred rows; got {k}")
    shape, axes = (None, *rows.shape[1:]), f"rows {('row', *rows.shape[1:])}"
    return Extractor(
        f"pca-{k}",
        digest_of((rows, np.int64(k))),
        Partial(_project, mean, directions[:k].T),
        Partial(_check, shape, axes),
    )


def _check(shape: tuple[int | None, ...], axes: str, name: str, x: np.ndarray) -> None:
    check_shape(name, x, shape, axes)


def _project(mean: np.ndarray, directions: np.ndarray, x: Any) -> Any:
    return (x.reshape(len(x), -1) - mean[None]) @ directions

"""Compute principal component analysis."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.principal_axes import spectrum
from jgen.types import Array


class PCA(NamedTuple):
    """Principal components of rows, as a pytree of arrays.

    Attributes:
        mean: Mean of the rows ``[dim]``.
        components: Orthonormal directions ``[component, dim]``, that of largest variance first; the entry
            of largest magnitude of each is positive, so that equal data give equal signs.
        variances: Variance along each component ``[component]``, a mean over the rows.
        rest: Total variance of all other directions ``[]``: the mean squared error of
            ``reconstruct(project(rows))``, summed over columns.
    """

    mean: Array
    components: Array
    variances: Array
    rest: Array

    def project(self, x: Array) -> Array:
        """Return the coordinates of ``x [*batch, dim]`` along the components, ``[*batch, component]``."""
        return jnp.matmul(x - _rows(self.mean, x), self.components.T, precision="highest")

    def whiten(self, x: Array) -> Array:
        """Return coordinates in units of their standard deviations: covariance I over the rows."""
        z = self.project(x)
        return z / _rows(jnp.sqrt(self.variances), z)

    def reconstruct(self, z: Array) -> Array:
        """Return the point with coordinates ``z [*batch, component]`` of ``project``, ``[*batch, dim]``."""
        x = jnp.matmul(z, self.components, precision="highest")
        return x + _rows(self.mean, x)


def pca(rows: ArrayLike, num_components: int) -> PCA:
    r"""Compute the orthogonal directions of largest variance, in closed form.

    .. math:: \frac1n \sum_i (x_i - \bar x)(x_i - \bar x)^\top = U \Lambda U^\top

    Args:
        rows: The data ``[row, dim]``; sums are taken in float64 on the host.
        num_components: Number of columns of U to keep, at most the rank of the centred rows.

    Returns:
        The directions, with functions that project, whiten and reconstruct.

    Raises:
        ValueError: For rows that are no table of finite numbers, more components than the rows have, or a
            unit in which variances are no normal numbers.

    Example:
        >>> import jax.numpy as jnp
        >>> fit = pca(jnp.array([[0.0, 0.0], [4.0, 3.0]]), 1)
        >>> print(fit.components, fit.variances, fit.project(jnp.array([[4.0, 3.0]])))
        [[0.8 0.6]] [6.25] [[2.5]]

    Reference:
        Pearson (1901), "On lines and planes of closest fit to systems of points in space".
    """
    mean, values, vectors, rank = spectrum(rows)
    if not 1 <= num_components <= rank:
        raise ValueError(
            f"num_components must be between 1 and {rank}, the rank of the centred rows; got {num_components}"
        )
    info = np.finfo(np.dtype(jnp.result_type(float)))
    if not info.tiny <= values[num_components - 1] <= values[0] <= info.max:
        raise ValueError(
            f"the variances run from {values[num_components - 1]:.3g} to {values[0]:.3g}, which {info.dtype} "
            "does not hold: change the unit of the rows"
        )
    parts = (mean, vectors[:num_components], values[:num_components], np.sum(values[num_components:]))
    return PCA(*(jnp.asarray(part, float) for part in parts))


def _rows(vector: Array, like: Array) -> Array:
    return jnp.broadcast_to(vector, like.shape)

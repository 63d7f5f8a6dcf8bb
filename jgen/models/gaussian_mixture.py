r"""Build Gaussian mixtures with full covariances, for gradient maximum likelihood.

The likelihood of this model has no maximum: a component that shrinks onto one point, repeated rows or any
lower-dimensional set sends it to infinity. The estimate is therefore the best *interior* local maximum.
Scales have a lower bound ``floor``, which bounds the likelihood, and a solution that reaches it is flagged as
degenerate, to be reported and excluded.

Parameters are in whitened coordinates, :math:`y = W^{-1}(x - \bar x)` with :math:`W W^\top` the
covariance of the data, where every direction has scale 1. There

.. math:: p(x) = \sum_k \pi_k \, N(x;\; \bar x + W \mu_k,\; W L_k L_k^\top W^\top), \qquad
          (L_k)_{ii} = \text{floor} + e^{r_{ki}},

and the estimate does not change under scaling and shifting of the columns.

Reference:
    N. E. Day, Estimating the components of a mixture of normal distributions, 1969;
    R. J. Hathaway, A constrained formulation of maximum-likelihood estimation for normal mixtures, 1985.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen._internal.validation import check_finite
from jgen.distributions.mixture import mixture
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.types import Array, Key


class MixtureParams(NamedTuple):
    """Unconstrained parameters, in whitened coordinates.

    Attributes:
        logits: Log-weights up to a constant ``[component]``.
        means: ``[component, dim]``.
        log_diagonal: Log of the diagonal of ``scale_tril`` minus ``floor`` ``[component, dim]``.
        lower: Other entries of ``scale_tril``, row by row ``[component, dim (dim - 1) / 2]``.
    """

    logits: Array
    means: Array
    log_diagonal: Array
    lower: Array


class GaussianMixture(NamedTuple):
    """Gaussian mixture as a pytree of three functions, with the whitening of the data bound.

    Attributes:
        init: ``init(key) -> MixtureParams``, a random start.
        distribution: ``distribution(params) -> Distribution`` over one row ``[dim]``, in data units.
        degenerate: ``degenerate(params) -> bool``: whether some scale is less than twice ``floor``, so that
            the bound, not the data, determines it.
    """

    init: Partial
    distribution: Partial
    degenerate: Partial


def gaussian_mixture(data: Array, num_components: int, *, floor: float = 0.02) -> GaussianMixture:
    """Build a full-covariance Gaussian mixture, whitened by the data it will be fitted to.

    Args:
        data: Rows ``[row, dim]``; their mean and covariance determine the coordinates of the parameters, and
            ``init`` starts components at rows.
        num_components: Number of components.
        floor: Smallest conditional standard deviation of a coordinate given those before it, within a
            component, as a fraction of that of the whole data.

    Returns:
        ``GaussianMixture(init, distribution, degenerate)``.

    Raises:
        ValueError: For data that are not rows of numbers, too few rows, or columns that are constant or
            linear in the others (name the columns to drop).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models.gaussian_mixture import gaussian_mixture
        >>> x = jax.random.normal(jax.random.key(0), (50, 2))
        >>> model = gaussian_mixture(x, 3)
        >>> params = model.init(jax.random.key(1))
        >>> model.distribution(params).log_prob(x[0]).shape, bool(model.degenerate(params))
        ((), False)
    """
    data = jnp.asarray(data)
    if data.ndim != 2 or not jnp.issubdtype(data.dtype, jnp.floating):
        raise ValueError(f"data must be floating-point rows [row, dim], got {data.dtype}{list(data.shape)}")
    rows, dim = data.shape
    if num_components < 1 or rows <= dim or rows < num_components:
        raise ValueError(f"{rows} rows of {dim} columns cannot fit {num_components} components")
    if not 0 < floor < 1:
        raise ValueError(f"floor is a fraction of the scale of the data, in (0, 1), got {floor}")
    exact = check_finite("data", np.asarray(data, np.float64))
    mean, sd = exact.mean(0), exact.std(0)  # [dim]
    sd = np.where(sd > 0, sd, 1.0)
    triangle = np.linalg.qr((exact - mean) / sd, mode="r") / np.sqrt(rows)  # [dim, dim]
    conditional = np.diagonal(triangle)  # scale of a column given those before it, up to its sign
    bad = ~(np.abs(conditional) > np.sqrt(jnp.finfo(data.dtype).eps))
    if bad.any():
        raise ValueError(f"column {bad.argmax()} is constant or linear in the columns before it: drop it")
    whitener = jnp.asarray(sd[:, None] * triangle.T * np.sign(conditional), data.dtype)  # [dim, dim]
    smallest = jnp.asarray(floor, data.dtype)
    centred, mean = jnp.asarray(exact - mean, data.dtype), jnp.asarray(mean, data.dtype)
    init = Partial(bind_static(_init, num_components=num_components), centred, whitener, smallest)
    distribution = Partial(_distribution, mean, whitener, smallest)
    return GaussianMixture(init, distribution, Partial(_degenerate, smallest))


def _init(rows: Array, whitener: Array, floor: Array, key: Key, *, num_components: int) -> MixtureParams:
    """Initialise weights, means and covariances by a few rounds of k-means from k-means++ seeds."""
    scale = jnp.sqrt((whitener**2).sum(-1))  # [dim]
    whitened = jax.scipy.linalg.solve_triangular(whitener, rows.T, lower=True).T  # [row, dim]
    member = _cluster(num_components, rows / scale[None], key)  # [row, component]
    dim, count = rows.shape[1], member.sum(0)  # [component]
    weights = (count + 1) / (count + 1).sum()
    means = member.T @ whitened / jnp.maximum(count, 1)[:, None]  # [component, dim]
    offsets = whitened[:, None] - means[None]  # [row, component, dim]
    scatter = jnp.einsum("nk,nki,nkj->kij", member, offsets, offsets)
    prior = jnp.eye(dim, dtype=rows.dtype)[None]  # dim + 1 pseudo-rows regularise small clusters
    scale_tril = jnp.linalg.cholesky((scatter + (dim + 1) * prior) / (count + dim + 1)[:, None, None])
    below = jnp.tril_indices(dim, -1)
    diagonal = jnp.diagonal(scale_tril, axis1=1, axis2=2)  # [component, dim]
    log_diagonal = jnp.log(jnp.maximum(diagonal - floor, 2 * floor))
    return MixtureParams(jnp.log(weights), means, log_diagonal, scale_tril[:, below[0], below[1]])


def _cluster(num_clusters: int, rows: Array, key: Key, num_rounds: int = 5) -> Array:
    """Return memberships ``[row, cluster]``, zeros and ones, by k-means from k-means++ seeds."""
    first, *rest = jax.random.split(key, num_clusters)
    means = rows[jax.random.randint(first, (1,), 0, rows.shape[0])]
    for following in rest:
        log_distance = jnp.log(_square_distance(rows, means).min(-1))  # [row]
        means = jnp.concatenate([means, rows[jax.random.categorical(following, log_distance)][None]])

    def nearest(means: Array) -> Array:
        return jax.nn.one_hot(_square_distance(rows, means).argmin(-1), num_clusters, dtype=rows.dtype)

    def lloyd(means: Array, _: None) -> tuple[Array, None]:
        member = nearest(means)
        count = member.sum(0)[:, None]
        return jnp.where(count > 0, member.T @ rows / jnp.maximum(count, 1), means), None

    return nearest(jax.lax.scan(lloyd, means, length=num_rounds)[0])


def _square_distance(rows: Array, means: Array) -> Array:
    return ((rows[:, None] - means[None]) ** 2).sum(-1)  # [row, cluster]


def _distribution(mean: Array, whitener: Array, floor: Array, params: MixtureParams) -> dist.Distribution:
    dim = mean.shape[0]
    rows, columns = jnp.tril_indices(dim, -1)
    scale_tril = jax.vmap(lambda diagonal, lower: jnp.diag(diagonal).at[rows, columns].set(lower))(
        floor + jnp.exp(params.log_diagonal), params.lower
    )  # [component, dim, dim]
    components = MultivariateNormal(
        mean[None] + params.means @ whitener.T, scale_tril=jnp.einsum("ij,kjl->kil", whitener, scale_tril)
    )
    return mixture(jax.nn.softmax(params.logits), components)


def _degenerate(floor: Array, params: MixtureParams) -> Array:
    return (params.log_diagonal < jnp.log(floor)).any()

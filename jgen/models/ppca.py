"""Fit probabilistic principal component analysis in closed form."""

from math import log, pi
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen._internal.principal_axes import spectrum
from jgen.models.linear_gaussian import exact_posterior, linear_decoder
from jgen.models.priors import constant, standard_prior
from jgen.types import Array, LatentModel, PyTree


class PPCA(NamedTuple):
    """Maximum-likelihood linear Gaussian model of some rows.

    Attributes:
        model: Latent-variable model; its ``init`` returns ``params`` for any key, and its encoder is the
            exact posterior.
        params: ``{"decoder": {"weight" [dim, latent], "bias" [dim], "log_scale" []}}``; prior and encoder
            have none. ``linear_log_prob(params, x)`` is the exact log p(x).
        log_likelihood: Mean over the rows of log p(x), in nats, the maximum over linear Gaussian decoders
            and so over linear VAEs.
    """

    model: LatentModel
    params: PyTree
    log_likelihood: Array


def ppca(rows: ArrayLike, latent_dim: int) -> PPCA:
    r"""Fit a linear decoder with isotropic noise by maximum likelihood, from the covariance's eigenvalues.

    .. math:: z \sim N(0, I), \quad x \mid z \sim N(Wz + b, s^2 I); \qquad
        b = \bar x, \quad s^2 = \frac{1}{d - k} \sum_{j > k} \lambda_j, \quad
        W = U_k (\Lambda_k - s^2 I)^{1/2},

    .. math:: \frac1n \sum_i \log p(x_i) = -\frac12 \Big( d \log 2\pi + \sum_{j \le k} \log \lambda_j
        + (d - k) \log s^2 + d \Big).

    W is unique up to a rotation of z; here its columns are along the principal directions, that of largest
    variance first, with the signs of ``pca``.

    Args:
        rows: The data ``[row, dim]``; sums are taken in float64 on the host.
        latent_dim: k, below the rank of the centred rows, as else the noise would be 0 and p(x) infinite.

    Returns:
        The model, its parameters and their log-likelihood.

    Raises:
        ValueError: For rows that are no table of finite numbers, or a latent as large as their rank.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.models import linear_log_prob, ppca
        >>> rows = jax.random.normal(jax.random.key(0), (100, 5))
        >>> fit = ppca(rows, 2)
        >>> fit.params["decoder"]["weight"].shape
        (5, 2)
        >>> bool(abs(linear_log_prob(fit.params, rows).mean() - fit.log_likelihood) < 1e-4)
        True

    Reference:
        Tipping and Bishop (1999), "Probabilistic principal component analysis", JRSS B 61(3).
    """
    mean, values, vectors, rank = spectrum(rows)
    dim = len(mean)
    if not 1 <= latent_dim < rank:
        raise ValueError(
            f"latent_dim must be between 1 and {rank - 1}, below the rank {rank} of the centred rows "
            f"(a larger latent leaves no noise, and an infinite density); got {latent_dim}"
        )
    largest, noise = values[:latent_dim], values[latent_dim:].mean()  # noise: a variance
    log_likelihood = -(dim * log(2 * pi) + np.log(largest).sum() + (dim - latent_dim) * log(noise) + dim) / 2
    weight = vectors[:latent_dim].T * np.sqrt(largest - noise)
    decoder = {"weight": weight, "bias": mean, "log_scale": log(noise) / 2}
    decoder = {name: jnp.asarray(part, float) for name, part in decoder.items()}
    params = {"prior": {}, "decoder": decoder, "encoder": {}}
    prior = Partial(constant, standard_prior(latent_dim).distribution({}, None))
    model = LatentModel(Partial(constant, params), prior, Partial(linear_decoder), Partial(exact_posterior))
    return PPCA(model, params, jnp.asarray(log_likelihood, float))

"""Define the exact posterior of a latent under a linear Gaussian decoder."""

from math import inf, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import check_options, coordinate_powers, covering_scale, make_target, sample_gaussian
from jgen.types import Array, Target


def linear_decoder(
    x: Array | None = None, weight: Array | None = None, bias: Array | None = None, scale: float | Array = 0.5
) -> Target:
    r"""Make the posterior of z given x, where z ~ N(0, I) and x given z ~ N(W z + b, s^2 I).

    .. math:: \log \tilde p(z) = \log p(z) + \log p(x | z), \qquad Z = p(x)

        Var[z|x] = (I + W'W / s^2)^{-1}, \qquad E[z|x] = Var[z|x] W'(x - b) / s^2

    It is probabilistic PCA's posterior and evidence. Every truth is a JAX function of the arguments, so
    ``vmap`` over ``x`` gives the evidence of a batch.

    The proposal is the posterior, wider by s with s^dim = e, so ``log_bound = log Z + 1``.

    Args:
        x: Observation ``[event]``; a fixed wave by default.
        weight: W ``[event, dim]``; by default 64 x 10, cosines of falling size.
        bias: b ``[event]``; 0 by default.
        scale: s, the standard deviation of x about its mean, above 0.

    Returns:
        The target; its position z is an array ``[dim]``; ``log_evidence`` is log p(x).

    Raises:
        ValueError: The shapes do not agree, or ``scale`` is not positive.

    Example:
        >>> target = linear_decoder(x=jnp.array([1.0]), weight=jnp.array([[1.0]]), scale=1.0)
        >>> print(target.mean.round(3), target.variance.round(3))
        [0.5] [0.5]

    Reference:
        Tipping and Bishop, "Probabilistic principal component analysis", JRSS B 61, 1999.
    """
    weight = default_weight(64, 10) if weight is None else jnp.asarray(weight)
    check_options("linear_decoder", "weight [event, dim]", weight.ndim == 2, shape=weight.shape)
    event, dim = weight.shape
    x = jnp.asarray(np.sin(np.arange(event) / 3.0) if x is None else x)
    bias = jnp.asarray(np.zeros(event, weight.dtype) if bias is None else bias)
    needs, shapes = f"x and bias [{event}] to match weight {weight.shape}", (x.shape, bias.shape)
    check_options("linear_decoder", needs, shapes == ((event,), (event,)), shapes=shapes)
    fulfilled = isinstance(scale, jax.Array) or 0 < scale < inf
    check_options("linear_decoder", "scale > 0, a standard deviation", fulfilled, scale=scale)
    mean, variance, factor, cover, log_evidence = posterior(x, weight, bias, scale)
    return make_target(
        log_density=Partial(log_density, x, weight, bias, scale),
        start=jnp.zeros(dim),
        sample=Partial(sample_gaussian, mean, factor),
        mean=mean,
        variance=variance,
        log_evidence=log_evidence,
        expectations={"z^2": (Partial(coordinate_powers, 2), variance + mean**2)},
        proposal=MultivariateNormal(mean, scale_tril=cover),
        log_bound=log_evidence + 1,
        source="Tipping and Bishop 1999; closed form",
    )


@jax.jit
def posterior(x: Array, weight: Array, bias: Array, scale: float | Array) -> tuple[Array, ...]:
    """Return mean and variance ``[dim]``, two factors ``[dim, dim]`` (Var, wider) and log p(x)."""
    event, dim = weight.shape
    with jax.default_matmul_precision("highest"):
        residual = x - bias  # [event]
        precision = jnp.eye(dim) + weight.T @ weight / scale**2  # [dim, dim]
        lower = jnp.linalg.cholesky(precision)
        factor = solve_triangular(lower, jnp.eye(dim), lower=True, trans="T")  # factor factor' = Var
        covariance = factor @ factor.T
        mean = covariance @ (weight.T @ residual) / scale**2  # [dim]
        misfit = residual - weight @ mean
    quadratic = jnp.square(misfit).sum() / scale**2 + jnp.square(mean).sum()
    log_det = 2 * jnp.log(jnp.diag(lower)).sum() + 2 * event * jnp.log(scale)
    log_evidence = -(quadratic + log_det + event * log(2 * pi)) / 2
    cover = covering_scale(dim) * jnp.linalg.cholesky(covariance)
    return mean, jnp.diag(covariance), factor, cover, log_evidence


def default_weight(event: int, dim: int) -> Array:
    """Return cosines of the event index, ``[event, dim]``, the k-th of size 1/sqrt(k)."""
    index = np.arange(event)[:, None]
    size = 1 / np.sqrt(np.arange(1, dim + 1))
    return jnp.asarray(size * np.cos(pi * (2 * index + 1) * np.arange(1, dim + 1) / (2 * event)))


def log_density(x: Array, weight: Array, bias: Array, scale: float | Array, z: Array) -> Array:
    """Evaluate log p(z) + log p(x given z) at ``z [dim]``."""
    misfit = (x - bias - jnp.matmul(weight, z, precision="highest")) / scale  # [event]
    constant = len(x) * jnp.log(scale) + (len(x) + len(z)) * log(2 * pi) / 2
    return -(misfit @ misfit + z @ z) / 2 - constant

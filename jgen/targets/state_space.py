"""Define the posterior path of a linear-Gaussian state space, exact by the Kalman filter."""

from math import inf, log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jax.tree_util import Partial

from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.targets.parts import check_options, coordinate_powers, covering_scale, make_target, sample_gaussian
from jgen.types import Array, Target

Pair = tuple[Array, Array]
"""Mean and variance of one state."""


def state_space(
    observations: Array | None = None,
    persistence: float = 0.9,
    process_scale: float = 0.5,
    observation_scale: float = 1.0,
) -> Target:
    r"""Make the posterior of z given x, where z is a stationary AR(1) and x_t given z_t ~ N(z_t, r^2).

    .. math:: z_1 \sim N(0, q^2 / (1 - a^2)), \quad z_t \sim N(a z_{t-1}, q^2), \quad Z = p(x)

    log Z comes from a Kalman filter, mean and variance from a Rauch-Tung-Striebel smoother, all as JAX
    functions of the arguments. The exact draws use the Cholesky factor of the dense posterior covariance.

    The proposal is the posterior, wider by s with s^T = e, so ``log_bound = log Z + 1``.

    Args:
        observations: x ``[T]``; a fixed wave of length 50 by default.
        persistence: a, inside (-1, 1).
        process_scale: q, above 0.
        observation_scale: r, above 0.

    Returns:
        The target; its position is the path z, an array ``[T]``; ``log_evidence`` is log p(x).

    Raises:
        ValueError: ``observations`` is not a sequence of at least one, or a parameter is out of range.

    Example:
        >>> target = state_space(jnp.array([1.0]), persistence=0.0, process_scale=1.0)
        >>> print(target.mean, target.variance)
        [0.5] [0.5]

    Reference:
        Kalman, 1960; Rauch, Tung and Striebel, "Maximum likelihood estimates of linear dynamic systems",
        AIAA Journal 3, 1965.
    """
    index = np.arange(50.0)
    x = jnp.asarray(2 * np.sin(index / 5) + np.cos(1.7 * index) if observations is None else observations)
    check_options("state_space", "observations [T], T >= 1", x.ndim == 1 and x.size > 0, shape=x.shape)
    scales = {"process_scale": process_scale, "observation_scale": observation_scale}
    fulfilled = abs(persistence) < 1 and all(0 < scale < inf for scale in scales.values())
    needs = "positive scales and, to be stationary, |persistence| < 1"
    check_options("state_space", needs, fulfilled, persistence=persistence, **scales)
    parameters, shock = (persistence, process_scale, observation_scale), process_scale**2
    stationary = shock / (1 - persistence**2)
    mean, variance, log_evidence = smoother(persistence, shock, observation_scale**2, stationary, x)
    factor = np.linalg.cholesky(covariance(parameters, len(x)))
    return make_target(
        log_density=Partial(log_density, parameters, x),
        start=jnp.zeros_like(x),
        sample=Partial(sample_gaussian, mean, jnp.asarray(factor)),
        mean=mean,
        variance=variance,
        log_evidence=log_evidence,
        expectations={"z^2": (Partial(coordinate_powers, 2), variance + mean**2)},
        proposal=MultivariateNormal(mean, scale_tril=jnp.asarray(covering_scale(len(x)) * factor)),
        log_bound=log_evidence + 1,
        source="Kalman filter, RTS smoother",
    )


def log_density(parameters: tuple[float, float, float], x: Array, z: Array) -> Array:
    """Evaluate log p(z) + log p(x given z) at the path ``z [T]``, for the parameters (a, q, r)."""
    a, q, r = parameters
    shocks = z - a * jnp.pad(z[:-1], (1, 0))  # [T]; the first is z_1 whole, of precision (1 - a^2) / q^2
    noise = x - z  # [T]
    scales = len(x) * (jnp.log(q) + jnp.log(r)) - jnp.log1p(-(a**2)) / 2
    squares = (shocks @ shocks - (a * z[0]) ** 2) / q**2 + noise @ noise / r**2
    return -squares / 2 - scales - len(x) * log(2 * pi)


@jax.jit
def smoother(a: float, shock: float, noise: float, stationary: float, x: Array) -> tuple[Array, Array, Array]:
    """Return posterior mean and variance of the path, each ``[T]``, and log p(x).

    Args:
        a: Persistence, a in z_t = a z_{t-1} + q e_t.
        shock: Variance q^2 of the process's shocks.
        noise: Variance r^2 of x_t about z_t.
        stationary: Variance of the first state.
        x: Observations ``[T]``.
    """

    def predict_and_update(carry: Pair, x_t: Array) -> tuple[Pair, tuple]:
        mean, variance = carry  # of z_t given x before t
        log_prob = norm.logpdf(x_t, mean, jnp.sqrt(variance + noise))
        gain = variance / (variance + noise)
        mean, variance = mean + gain * (x_t - mean), gain * noise  # of z_t given x up to t
        return (a * mean, a**2 * variance + shock), (mean, variance, log_prob)

    def smooth(later: Pair, filtered: Pair) -> tuple[Pair, Pair]:
        mean, variance = filtered
        predicted = a**2 * variance + shock
        gain = a * variance / predicted
        mean, variance = mean + gain * (later[0] - a * mean), variance + gain**2 * (later[1] - predicted)
        return (mean, variance), (mean, variance)

    initial = (jnp.zeros((), x.dtype), jnp.asarray(stationary, x.dtype))
    _, (means, variances, log_probs) = jax.lax.scan(predict_and_update, initial, x)
    last = (means[-1], variances[-1])
    _, (early_means, early_variances) = jax.lax.scan(smooth, last, (means[:-1], variances[:-1]), reverse=True)
    return jnp.append(early_means, last[0]), jnp.append(early_variances, last[1]), log_probs.sum()


def covariance(parameters: tuple[float, float, float], length: int) -> np.ndarray:
    """Return the dense posterior covariance ``[T, T]``: the inverse of a tridiagonal precision."""
    a, q, r = parameters
    diagonal = np.full(length, (1 + a**2) / q**2 + 1 / r**2)
    diagonal[-1] -= a**2 / q**2
    diagonal[0] -= a**2 / q**2  # at length 1 both ends meet: (1 - a^2) / q^2 + 1 / r^2
    neighbours = np.full(length - 1, -a / q**2)
    return np.linalg.inv(np.diag(diagonal) + np.diag(neighbours, 1) + np.diag(neighbours, -1))

"""Define three sparse means under the horseshoe prior, not centred."""

from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.parts import half_cauchy, make_target, sample_by_rejection
from jgen.types import Array, Key, Target

OBSERVATIONS = (0.2, -1.5, 4.0)


def horseshoe() -> Target:
    r"""Make the posterior of the log-scales and the raw values of three means.

    .. math:: y_i \sim N(\lambda_i r_i, 1), \quad r_i \sim N(0, 1), \quad \lambda_i \sim HalfCauchy(1)

    The density is that of the position, (log lambda, r), so it holds the log-Jacobian, log lambda. Given
    lambda all is normal, so each truth is a one-dimensional integral over log lambda, done by a
    trapezoid sum; a draw is lambda by rejection from its prior, then r. Small observations
    are shrunk nearly to 0, large ones hardly.

    Returns:
        The target; its position is an array ``[6]``, three log-scales, then three raw values;
        ``log_evidence`` is log p(y).

    Example:
        >>> function, truth = horseshoe().expectations["means"]
        >>> [round(float(each), 2) for each in truth]
        [0.07, -0.66, 3.45]

    Reference:
        Carvalho, Polson and Scott, "The horseshoe estimator for sparse signals", Biometrika 97, 2010.
        Quadrature.
    """
    y = np.array(OBSERVATIONS)
    log_scale = np.arange(-45, 30, 0.05)[:, None]  # [node, 1]
    scale = np.exp(log_scale)
    v = 1 + scale**2  # [node, 1], variance of y given the scale
    weights = (
        np.exp(log_likelihood(y, v, np)) * (2 / np.pi * scale / v) * 0.05
    )  # the prior of log lambda is sech / pi
    evidence = weights.sum(0)  # [observation]
    weights /= evidence
    raw = scale * y / v  # [node, observation], mean of r given the scale
    mean = np.concatenate([(weights * log_scale).sum(0), (weights * raw).sum(0)])
    square = np.concatenate([(weights * log_scale**2).sum(0), (weights * (raw**2 + 1 / v)).sum(0)])
    return make_target(
        log_density=Partial(log_density, y),
        start=np.zeros(6),
        sample=Partial(sample, y, log_likelihood(y, np.maximum(y**2, 1), np)),  # the largest
        mean=mean,
        variance=square - mean**2,
        log_evidence=np.log(evidence).sum(),
        expectations={
            "means": (Partial(means), (weights * scale * raw).sum(0)),
            "shrinkage": (Partial(shrinkage), (weights / v).sum(0)),
        },
        source="Carvalho, Polson and Scott 2010; quadrature",
    )


def means(position: Array) -> Array:
    """Return the three means, lambda r, ``[3]``."""
    return jnp.exp(position[:3]) * position[3:]


def shrinkage(position: Array) -> Array:
    """Return the factor by which each mean is shrunk, 1 / (1 + lambda^2), ``[3]``."""
    return jax.nn.sigmoid(-2 * position[:3])


def log_density(y: Array, position: Array) -> Array:
    """Evaluate log p(y, position), normalised over both, log-Jacobian included."""
    log_scale, raw = position[:3], position[3:]
    likelihood = -jnp.square(y - means(position)).sum() / 2
    prior = (log_scale - jnp.logaddexp(0.0, 2 * log_scale)).sum() + 3 * log(2 / pi)
    return likelihood + prior - raw @ raw / 2 - 3 * log(2 * pi)


def log_likelihood(y: Any, v: Any, xp: Any = jnp) -> Any:
    """Evaluate the log-density of y given its variance v = 1 + lambda^2, by NumPy or JAX."""
    return -(xp.log(2 * pi * v) + y**2 / v) / 2


def log_accept(y: Array, top: Array, scale: Array) -> Array:
    """Evaluate the log-probability of accepting a scale: its likelihood over the largest one."""
    return log_likelihood(y, 1 + scale**2) - top


def sample(y: Array, top: Array, key: Key) -> Array:
    """Draw one exact sample ``[6]``."""
    scale_key, raw_key = jax.random.split(key)
    keys = jax.random.split(scale_key, 3)
    draw = Partial(sample_by_rejection, Partial(half_cauchy, 1.0))
    scale = jax.vmap(lambda y, top, key: draw(Partial(log_accept, y, top), key))(y, top, keys)  # [3]
    v = 1 + scale**2
    raw = scale * y / v + jax.random.normal(raw_key, (3,), y.dtype) / jnp.sqrt(v)
    return jnp.concatenate([jnp.log(scale), raw])

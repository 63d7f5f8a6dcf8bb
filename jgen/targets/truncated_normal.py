"""A normal law confined to the unit interval, in logits: a constraint that was transformed away."""

from math import log, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Logistic

from jgen.targets.bindable import accepted
from jgen.targets.special_functions import normal_cdf, normal_pdf
from jgen.types import Array, Key, Target


def truncated_normal(loc: float = 0.7, scale: float = 0.4) -> Target:
    r"""The logit y of x ~ N(m, s^2) cut off to (0, 1), unnormalised.

    .. math:: \log \tilde p(y) = -\frac{(x - m)^2}{2 s^2} + \log x (1 - x), \qquad
        Z = s \sqrt{2 \pi} \, (\Phi(\beta) - \Phi(\alpha))

        E x = m + s h, \quad Var x = s^2 \Big(1 + \frac{\alpha \phi(\alpha) - \beta \phi(\beta)}
        {\Phi(\beta) - \Phi(\alpha)} - h^2\Big), \quad
        h = \frac{\phi(\alpha) - \phi(\beta)}{\Phi(\beta) - \Phi(\alpha)}

    with x = sigma(y), alpha = -m/s and beta = (1 - m)/s; log x (1 - x) is the log-Jacobian.
    Mean and variance of y are trapezoid sums. The proposal is logistic, which is what a uniform x is in
    logits, so ``log_bound = 0``.

    Args:
        loc: m, in [0, 1].
        scale: s, at least 0.05: below, there is hardly a constraint.

    Returns:
        The target; its position is a scalar array ``[]``.

    Raises:
        ValueError: ``loc`` is not in [0, 1], or ``scale`` is below 0.05.

    Example:
        >>> function, truth = truncated_normal(loc=0.5).expectations["x"]
        >>> round(truth, 6)
        0.5

    Reference:
        Johnson, Kotz and Balakrishnan, "Continuous univariate distributions", 1994, section 13.10.
    """
    if not (0 <= loc <= 1 and 0.05 <= scale < float("inf")):
        raise ValueError(
            f"truncated_normal needs 0 <= loc <= 1 and scale >= 0.05, got loc={loc}, scale={scale}."
        )
    alpha, beta = -loc / scale, (1 - loc) / scale
    mass = normal_cdf(beta) - normal_cdf(alpha)
    hazard = (normal_pdf(alpha) - normal_pdf(beta)) / mass
    bend = (alpha * normal_pdf(alpha) - beta * normal_pdf(beta)) / mass
    mean, variance = loc + scale * hazard, scale**2 * (1 + bend - hazard**2)
    y = np.arange(-60, 60, 0.05)  # [node]
    x = 1 / (1 + np.exp(-y))
    weights = np.exp(-(((x - loc) / scale) ** 2) / 2) * x / (1 + np.exp(y))
    weights /= weights.sum()
    centre = weights @ y
    return Target(
        log_density=Partial(log_density, loc, scale),
        start=jnp.asarray(0.0),
        sample=Partial(sample, loc, scale),
        mean=jnp.asarray([centre]),
        variance=jnp.asarray([weights @ (y - centre) ** 2]),
        log_evidence=log(scale * sqrt(2 * pi) * mass),
        expectations={
            "x": (Partial(jax.nn.sigmoid), mean),
            "x^2": (Partial(square), variance + mean**2),
        },
        proposal=Logistic(jnp.asarray(0.0), jnp.asarray(1.0)),
        log_bound=0.0,
        name="truncated_normal",
        source="closed form; quadrature",
    )


def log_density(loc: float, scale: float, y: Array) -> Array:
    """The unnormalised log-density of ``y []``, log-Jacobian included."""
    log_jacobian = jax.nn.log_sigmoid(y) + jax.nn.log_sigmoid(-y)
    return -((jax.nn.sigmoid(y) - loc) ** 2) / (2 * scale**2) + log_jacobian


def square(y: Array) -> Array:
    """The square of x."""
    return jax.nn.sigmoid(y) ** 2


def propose(key: Key) -> Array:
    """One logit of a uniform variable."""
    return jax.random.logistic(key)


def log_accept(loc: float, scale: float, y: Array) -> Array:
    """The log-probability of accepting ``y []``."""
    return -(((jax.nn.sigmoid(y) - loc) / scale) ** 2) / 2


def sample(loc: float, scale: float, key: Key) -> Array:
    """One exact draw ``[]``, by rejection."""
    return accepted(Partial(propose), Partial(log_accept, loc, scale), key)

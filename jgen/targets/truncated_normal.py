"""Define a normal distribution truncated to the unit interval, in logits."""

from math import inf, log, pi, sqrt

import jax
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Logistic
from scipy.special import ndtr

from jgen.targets.parts import check_options, make_target, sample_by_rejection, squared
from jgen.types import Array, Target


def truncated_normal(loc: float = 0.7, scale: float = 0.4) -> Target:
    r"""Make the logit y of x ~ N(m, s^2) truncated to (0, 1), unnormalised.

    .. math:: \log \tilde p(y) = -\frac{(x - m)^2}{2 s^2} + \log x (1 - x), \qquad
        Z = s \sqrt{2 \pi} \, (\Phi(\beta) - \Phi(\alpha))

        E x = m + s h, \quad Var x = s^2 \Big(1 + \frac{\alpha \phi(\alpha) - \beta \phi(\beta)}
        {\Phi(\beta) - \Phi(\alpha)} - h^2\Big), \quad
        h = \frac{\phi(\alpha) - \phi(\beta)}{\Phi(\beta) - \Phi(\alpha)}

    with x = sigma(y), alpha = -m/s and beta = (1 - m)/s; log x (1 - x) is the log-Jacobian.
    Mean and variance of y are trapezoid sums. The proposal is logistic, the distribution of the logit
    of a uniform x, so ``log_bound = 0``.

    Args:
        loc: m, in [0, 1].
        scale: s, at least 0.05: below, the constraint hardly matters.

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
    needs, fulfilled = "0 <= loc <= 1 and scale >= 0.05", 0 <= loc <= 1 and 0.05 <= scale < inf
    check_options("truncated_normal", needs, fulfilled, loc=loc, scale=scale)
    ends = np.array([-loc, 1 - loc]) / scale  # alpha, beta
    heights, mass = np.exp(-(ends**2) / 2) / sqrt(2 * pi), np.diff(ndtr(ends))[0]
    hazard, bend = -np.diff([heights, ends * heights])[:, 0] / mass
    mean, variance = loc + scale * hazard, scale**2 * (1 + bend - hazard**2)
    y = np.arange(-60, 60, 0.05)  # [node]
    x = 1 / (1 + np.exp(-y))
    weights = np.exp(-(((x - loc) / scale) ** 2) / 2) * x / (1 + np.exp(y))
    weights /= weights.sum()
    centre = weights @ y
    return make_target(
        log_density=Partial(log_density, loc, scale),
        start=np.array(0.0),
        sample=Partial(sample_by_rejection, Partial(jax.random.logistic), Partial(log_accept, loc, scale)),
        mean=np.array([centre]),
        variance=np.array([weights @ (y - centre) ** 2]),
        log_evidence=log(scale * sqrt(2 * pi) * mass),
        expectations={
            "x": (Partial(jax.nn.sigmoid), mean),
            "x^2": (Partial(squared, Partial(jax.nn.sigmoid)), variance + mean**2),
        },
        proposal=Logistic(np.array(0.0), np.array(1.0)),
        log_bound=0.0,
        source="closed form; quadrature",
    )


def log_density(loc: float, scale: float, y: Array) -> Array:
    """Evaluate the unnormalised log-density of ``y []``, log-Jacobian included."""
    log_jacobian = jax.nn.log_sigmoid(y) + jax.nn.log_sigmoid(-y)
    return -((jax.nn.sigmoid(y) - loc) ** 2) / (2 * scale**2) + log_jacobian


def log_accept(loc: float, scale: float, y: Array) -> Array:
    """Evaluate the log-probability of accepting ``y []``."""
    return -(((jax.nn.sigmoid(y) - loc) / scale) ** 2) / 2

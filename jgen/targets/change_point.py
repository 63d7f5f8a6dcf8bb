"""Define a change-point model of British coal-mining disasters, with the year summed out."""

from math import lgamma, log

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from scipy.special import digamma, gammaln, polygamma

from jgen.targets.finite_states import enumerate_weights
from jgen.targets.parts import make_target, sample_index
from jgen.types import Array, Key, Target

DISASTERS = (
    4, 5, 4, 0, 1, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2,
    3, 4, 2, 1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1,
    0, 0, 0, 2, 1, 0, 0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 4, 2, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0,
    0, 0, 0, 1, 0, 0, 1, 0, 1,
)  # fmt: skip
"""Disasters a year, 1851 to 1961."""
SHAPE = RATE = 1.0
"""Parameters of the gamma prior of both rates."""


def change_point() -> Target:
    r"""Make the posterior of the logs of two rates of disasters, before and after an unknown year.

    .. math:: y_t \sim Poisson(\lambda_1) \; (t \le \tau), \quad y_t \sim Poisson(\lambda_2) \; (t > \tau),
        \quad \lambda_k \sim Gamma(1, 1), \quad \tau \sim Uniform\{1, \dots, T - 1\}

        \log \tilde p(x) = \log \sum_\tau p(y, \tau | \lambda = e^x) + \log p(\lambda) + x_1 + x_2

    The year is summed out; the last two terms are the log-Jacobian. Given the year both rates are gamma, so
    every truth is a sum over T - 1 closed forms, and a draw is a year, then two gamma variables.

    Returns:
        The target; its position is an array ``[2]``, log lambda before and after;
        ``log_evidence`` is log p(y).

    Example:
        >>> target = change_point()
        >>> [round(float(rate), 2) for rate in target.expectations["rates"][1]]
        [3.07, 0.94]
        >>> round(1850 + target.expectations["last year"][1])  # the posterior mean of the last year before
        1890

    Reference:
        Jarrett, "A note on the intervals between coal-mining disasters", Biometrika 66, 1979 (the data);
        Raftery and Akman, "Bayesian analysis of a Poisson process with a change-point", Biometrika 73, 1986.
        Closed form.
    """
    y = np.array(DISASTERS)
    years = np.arange(1, len(y))  # [tau]
    before = y.cumsum()[:-1]  # [tau]
    shapes = SHAPE + np.stack([before, y.sum() - before], 1)  # [tau, rate]
    rates = RATE + np.stack([years, len(y) - years], 1)  # [tau, rate]
    constant = 2 * (SHAPE * log(RATE) - lgamma(SHAPE)) - sum(lgamma(n + 1) for n in y) - log(len(years))
    log_joint = (gammaln(shapes) - shapes * np.log(rates)).sum(1) + constant  # [tau], log p(y, tau)
    means = digamma(shapes) - np.log(rates)  # [tau, rate]
    log_evidence, weights, mean, _ = enumerate_weights(means, log_joint)
    counts = np.stack([before, y.sum() - before, years, len(y) - years], 1).astype(float)
    return make_target(
        log_density=Partial(log_density, counts, constant),
        start=np.zeros(2),
        sample=Partial(sample, weights.cumsum(), shapes, rates.astype(float)),
        mean=mean,
        variance=weights @ (polygamma(1, shapes) + means**2) - mean**2,
        log_evidence=log_evidence,
        expectations={
            "rates": (Partial(jnp.exp), weights @ (shapes / rates)),
            "last year": (Partial(last_year, counts), weights @ years),
        },
        source="Jarrett 1979; closed form",
    )


def log_years(counts: Array, x: Array) -> Array:
    """Evaluate log p(y, tau given the rates), but for a constant, ``[tau]``."""
    return counts @ jnp.concatenate([x, -jnp.exp(x)])


def log_density(counts: Array, constant: float, x: Array) -> Array:
    """Evaluate log p(y, x), normalised over both, at ``x [2]``; ``counts`` as in the factory."""
    prior = (SHAPE * x - RATE * jnp.exp(x)).sum()  # SHAPE - 1 from the density, 1 from the log-Jacobian
    return jax.nn.logsumexp(log_years(counts, x)) + prior + constant


def last_year(counts: Array, x: Array) -> Array:
    """Return the mean of tau given the rates."""
    return jax.nn.softmax(log_years(counts, x)) @ counts[:, 2]


def sample(cumulative: Array, shapes: Array, rates: Array, key: Key) -> Array:
    """Draw one exact sample ``[2]``."""
    year_key, rate_key = jax.random.split(key)
    tau = sample_index(cumulative, year_key)
    return jax.random.loggamma(rate_key, shapes[tau]) - jnp.log(rates[tau])

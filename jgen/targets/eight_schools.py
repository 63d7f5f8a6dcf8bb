"""Define the hierarchical model of the eight schools, not centred: a small model with a funnel."""

from math import log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import enumerate_weights
from jgen.targets.parts import half_cauchy, make_target, sample_by_rejection
from jgen.types import Array, Key, PyTree, Target

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
PRIOR_SCALE = 5.0
"""Scale of the priors of mu, N(0, 5^2), and of tau, HalfCauchy(5)."""


def eight_schools() -> Target:
    r"""Make the posterior of Rubin's eight schools, not centred, in unconstrained coordinates.

    .. math:: y_j \sim N(\mu + \tau r_j, s_j^2), \; r_j \sim N(0, 1), \; \mu \sim N(0, 5^2), \;
        \tau \sim HalfCauchy(5)

    The position is ``dict(mu [], log_tau [], theta_raw [8])``; the density is that of the position, so
    it holds tau's log-Jacobian, log tau. log Z = log p(y) = -31.31134735.

    Given tau everything is Gaussian, so each truth is a one-dimensional integral over log tau, done by a
    trapezoid sum, and each exact draw is one tau by rejection from its prior, then mu, then theta_raw.

    Returns:
        The target; it has no proposal, as its position is a dict.

    Example:
        >>> target = eight_schools()
        >>> round(target.log_evidence, 6)
        -31.311347

    Reference:
        Rubin, "Estimation in parallel randomized experiments", JES 6, 1981; Gelman et al., "Bayesian data
        analysis", section 5.5. Quadrature.
    """
    y, s = np.array(EFFECTS), np.array(ERRORS)
    log_tau = np.arange(-45, 12, 0.05)  # [node]
    tau = np.exp(log_tau)  # [node]
    mu, precision, log_likelihood = mu_given_tau(y, s, tau, np)  # [node] each
    prior = 2 / pi / PRIOR_SCALE / (1 + (tau / PRIOR_SCALE) ** 2) * tau  # [node], of log tau
    v = s**2 + tau[:, None] ** 2  # [node, school]
    gain = tau[:, None] / v  # [node, school]: theta_raw given mu is N(gain (y - mu), s^2 / v)
    raw = gain * (y - mu[:, None])  # [node, school]
    raw_square = s**2 / v + gain**2 / precision[:, None] + raw**2  # [node, school]
    theta = mu[:, None] + tau[:, None] * raw  # [node, school]
    rows = np.column_stack([log_tau, mu, raw])  # [node, dim]
    squares = np.column_stack([log_tau**2, mu**2 + 1 / precision, raw_square])
    log_evidence, weights, mean, _ = enumerate_weights(rows, log_likelihood + np.log(prior * 0.05))
    return make_target(
        log_density=Partial(log_density, y, s),
        start={"mu": np.zeros(()), "log_tau": np.zeros(()), "theta_raw": np.zeros(8)},
        sample=Partial(sample, y, s, log_likelihood.max()),
        mean=mean,
        variance=weights @ squares - mean**2,
        log_evidence=log_evidence,
        expectations={
            "mu": (Partial(get_mu), weights @ mu),
            "tau": (Partial(get_tau), weights @ tau),
            "log_tau": (Partial(get_log_tau), weights @ log_tau),
            "theta": (Partial(get_theta), weights @ theta),
        },
        source="Rubin 1981; quadrature",
    )


def log_density(y: Array, s: Array, position: PyTree) -> Array:
    """Evaluate log p(y, position), normalised over both; ``position`` is dict(mu, log_tau, theta_raw)."""
    mu, log_tau, raw = position["mu"], position["log_tau"], position["theta_raw"]
    likelihood = -jnp.square((y - get_theta(position)) / s).sum() / 2 - jnp.log(s).sum()
    priors = -jnp.square(raw).sum() / 2 - jnp.square(mu / PRIOR_SCALE) / 2 - log(PRIOR_SCALE)
    tau_prior = log(2 / pi / PRIOR_SCALE) - jnp.logaddexp(0.0, 2 * (log_tau - log(PRIOR_SCALE)))
    return likelihood + priors + tau_prior + log_tau - (2 * len(y) + 1) * log(2 * pi) / 2


def get_mu(position: PyTree) -> Array:
    """Return the grand mean."""
    return position["mu"]


def get_log_tau(position: PyTree) -> Array:
    """Return the log standard deviation of the schools."""
    return position["log_tau"]


def get_tau(position: PyTree) -> Array:
    """Return the standard deviation of the schools."""
    return jnp.exp(position["log_tau"])


def get_theta(position: PyTree) -> Array:
    """Return the effects of the schools, ``[8]``."""
    return position["mu"] + jnp.exp(position["log_tau"]) * position["theta_raw"]


def mu_given_tau(y: Any, s: Any, tau: Any, xp: Any = jnp) -> tuple[Any, Any, Any]:
    """Return mean and precision of mu given ``tau [...]`` and y, and log p(y given tau), by NumPy or JAX."""
    v = s**2 + tau[..., None] ** 2  # [..., school], variance of y given mu
    precision = (1 / v).sum(-1) + 1 / PRIOR_SCALE**2
    mean = (y / v).sum(-1) / precision
    terms = xp.log(2 * pi * v).sum(-1) + (y**2 / v).sum(-1) - mean**2 * precision
    return mean, precision, -(terms + xp.log(precision * PRIOR_SCALE**2)) / 2


def log_accept(y: Array, s: Array, top: float, tau: Array) -> Array:
    """Evaluate the log-probability of accepting ``tau []``: its likelihood over the largest one."""
    return jnp.where(tau > 0, mu_given_tau(y, s, tau)[2] - top, -jnp.inf)


def sample(y: Array, s: Array, top: float, key: Key) -> PyTree:
    """Draw one exact sample."""
    tau_key, mu_key, raw_key = jax.random.split(key, 3)
    tau = sample_by_rejection(Partial(half_cauchy, PRIOR_SCALE), Partial(log_accept, y, s, top), tau_key)
    mean, precision, _ = mu_given_tau(y, s, tau)
    mu = mean + jax.random.normal(mu_key) / jnp.sqrt(precision)
    v = s**2 + tau**2  # [school]
    raw = tau / v * (y - mu) + s / jnp.sqrt(v) * jax.random.normal(raw_key, s.shape)
    return {"mu": mu, "log_tau": jnp.log(tau), "theta_raw": raw}

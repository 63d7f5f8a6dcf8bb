"""Deaths from AIDS in Australia, quarter by quarter: a Poisson regression."""

from math import lgamma, log, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.two_coefficients import envelope_sample, fit
from jgen.types import Array, Target

DEATHS = (0, 1, 2, 3, 1, 4, 9, 18, 23, 31, 20, 25, 37, 45)
"""January to March 1983, to April to June 1986."""
PRIOR_MEAN, PRIOR_SCALE = (2.0, 1.0), (0.5, 0.5)


def poisson_regression() -> Target:
    r"""The posterior of a level and a slope of log rates, under independent normal priors.

    .. math:: y_t \sim Poisson(e^{\alpha + \beta x_t}), \quad \alpha \sim N(2, 0.5^2), \;
        \beta \sim N(1, 0.5^2)

    with x_t the standardised quarter. Its truths are trapezoid sums over a grid. The proposal is the
    prior moved to the mode, which bounds a log-concave likelihood exactly: ``log_bound`` is the ratio at
    the mode; exact draws are by rejection from it.

    Returns:
        The target; its position is an array ``[2]``, alpha then beta; ``log_evidence`` is log p(y).

    Example:
        >>> [round(float(each), 2) for each in poisson_regression().mean]
        [2.25, 1.04]

    Reference:
        Whyte et al., 1987; Dobson, "An introduction to generalized linear models", 1990, section 3.5 (the
        data). Quadrature.
    """
    quarter = np.arange(len(DEATHS), dtype=float)
    standard = (quarter - quarter.mean()) / quarter.std()
    design = np.stack([np.ones(len(DEATHS)), standard], 1)  # [quarter, coefficient]
    deaths = np.array(DEATHS, float)

    def poisson(log_rate: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rate = np.exp(log_rate)
        return deaths * log_rate - rate - [lgamma(y + 1) for y in DEATHS], deaths - rate, -rate

    prior_scale = np.array(PRIOR_SCALE)
    posterior = fit(design, np.array(PRIOR_MEAN), prior_scale, poisson)
    density = Partial(log_density, jnp.asarray(design), jnp.asarray(deaths))
    mode = jnp.asarray(posterior.mode)
    rates = np.exp(posterior.nodes @ design.T)  # [node, quarter]
    return Target(
        log_density=density,
        start=jnp.asarray(np.zeros(2)),
        sample=Partial(envelope_sample, density, mode, jnp.asarray(prior_scale), posterior.peak),
        mean=jnp.asarray(posterior.mean),
        variance=jnp.asarray(posterior.variance),
        log_evidence=posterior.log_evidence,
        expectations={
            "rates": (Partial(death_rates, jnp.asarray(design)), jnp.asarray(posterior.weights @ rates))
        },
        proposal=Normal(mode, jnp.asarray(prior_scale)).to_event(1),
        log_bound=posterior.peak + float(np.log(prior_scale).sum()) + log(2 * pi),
        name="poisson_regression",
        source="Whyte et al. 1987; quadrature",
    )


def death_rates(design: Array, w: Array) -> Array:
    """The expected deaths of each quarter ``[quarter]``."""
    return jnp.exp(jnp.matmul(design, w, precision="highest"))


def log_density(design: Array, deaths: Array, w: Array) -> Array:
    """Gives log p(y, w), normalised over both, at ``w [2]``."""
    log_rate = jnp.matmul(design, w, precision="highest")  # [quarter]
    likelihood = (deaths * log_rate - jnp.exp(log_rate)).sum() - sum(lgamma(y + 1) for y in DEATHS)
    mean, scale = jnp.array(PRIOR_MEAN, w.dtype), jnp.array(PRIOR_SCALE, w.dtype)
    return likelihood - jnp.square((w - mean) / scale).sum() / 2 - jnp.log(scale).sum() - log(2 * pi)

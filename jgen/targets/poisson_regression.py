"""Define a Poisson regression of quarterly deaths from AIDS in Australia."""

from math import lgamma

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.two_coefficient_posterior import make_posterior
from jgen.types import Target

DEATHS = (0, 1, 2, 3, 1, 4, 9, 18, 23, 31, 20, 25, 37, 45)
"""January to March 1983, to April to June 1986."""
PRIOR = (2.0, 1.0), (0.5, 0.5)
"""Mean and standard deviation of both coefficients."""


def poisson_regression() -> Target:
    r"""Make the posterior of a level and a slope of log rates, under independent normal priors.

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
    constant = -sum(lgamma(y + 1) for y in DEATHS)
    return make_posterior(
        "poisson_regression",
        "Whyte et al. 1987",
        data=(design, np.array(DEATHS, float), 1.0, constant),
        prior=PRIOR,
        functions=(Partial(jnp.exp), Partial(jnp.exp)),
        in_float64=(np.exp, np.exp, np.exp),
        start=np.zeros(2),
    )

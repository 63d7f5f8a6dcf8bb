"""Define a logistic regression of deaths on dose whose posterior is far from normal."""

from math import comb, log

import jax
import numpy as np
from jax.tree_util import Partial
from scipy.special import expit

from jgen.targets.two_coefficient_posterior import make_posterior
from jgen.types import Target

LOG_DOSE = (-0.86, -0.30, -0.05, 0.73)
"""In log g/ml; five animals each."""
DEATHS = (0, 1, 3, 5)
ANIMALS = 5
PRIOR = (0.0, 10.0), (2.0, 10.0)
"""Mean and standard deviation of both coefficients."""


def bioassay() -> Target:
    r"""Make the posterior of an intercept and a slope, in logits, under independent normal priors.

    .. math:: y_i \sim Binomial(5, \sigma(\alpha + \beta x_i)), \quad \alpha \sim N(0, 2^2), \;
        \beta \sim N(10, 10^2)

    Four doses, twenty animals: the posterior is skew, with a long tail to steep slopes. Its truths are
    trapezoid sums over a grid. The proposal is the prior moved to the mode, which bounds a log-concave
    likelihood exactly: ``log_bound`` is the ratio at the mode; exact draws are by rejection from it.

    Returns:
        The target; its position is an array ``[2]``, alpha then beta; ``log_evidence`` is log p(y).

    Example:
        >>> print(np.round(bioassay().mean, 1))
        [ 1. 10.]

    Reference:
        Racine et al., "Bayesian methods in practice: experiences in the pharmaceutical industry", Applied
        Statistics 35, 1986 (the data); Gelman et al., "Bayesian data analysis", section 3.7. Quadrature.
    """
    design = np.stack([np.ones(4), LOG_DOSE], 1)  # [dose, coefficient]
    constant = sum(log(comb(ANIMALS, y)) for y in DEATHS)
    return make_posterior(
        "bioassay",
        "Racine et al. 1986",
        data=(design, np.array(DEATHS, float), float(ANIMALS), constant),
        prior=PRIOR,
        functions=(Partial(jax.nn.softplus), Partial(jax.nn.sigmoid)),
        in_float64=(lambda x: np.logaddexp(0, x), expit, lambda x: expit(x) * expit(-x)),
        start=np.array(PRIOR[0]),
    )

"""Define a standard normal with a Cauchy proposal."""

from math import log, pi

import numpy as np
from numpyro.distributions import Cauchy

from jgen.targets.scalar_normal import make_scalar_normal
from jgen.types import Target


def normal_from_cauchy() -> Target:
    r"""Make N(0, 1), normalised, with a standard Cauchy proposal.

    .. math:: \sup_x N(x; 0, 1) \, \pi (1 + x^2) = \sqrt{2 \pi / e} = 1.52034690, \quad at \; x = \pm 1

    Returns:
        The target; its position is a scalar array ``[]``; rejection accepts 1 / 1.52034690 of its proposals.

    Example:
        >>> round(float(np.exp(normal_from_cauchy().log_bound)), 6)
        1.520347

    Reference:
        Robert and Casella, "Monte Carlo statistical methods", 2004, section 2.3.
    """
    proposal = Cauchy(np.array(0.0), np.array(1.0))
    return make_scalar_normal("normal_from_cauchy", proposal, (log(2 * pi) - 1) / 2)

"""Define a standard normal with a Laplace proposal."""

from math import log, pi

import numpy as np
from numpyro.distributions import Laplace

from jgen.targets.scalar_normal import make_scalar_normal
from jgen.types import Target


def normal_from_laplace() -> Target:
    r"""Make N(0, 1), normalised, with a standard Laplace proposal.

    .. math:: \sup_x 2 N(x; 0, 1) e^{|x|} = \sqrt{2 e / \pi} = 1.31548925, \quad at \; x = \pm 1

    Returns:
        The target; its position is a scalar array ``[]``; rejection accepts 1 / 1.31548925 of its proposals.

    Example:
        >>> round(float(np.exp(normal_from_laplace().log_bound)), 6)
        1.315489

    Reference:
        Robert and Casella, "Monte Carlo statistical methods", 2004, section 2.3.
    """
    proposal = Laplace(np.array(0.0), np.array(1.0))
    return make_scalar_normal("normal_from_laplace", proposal, (1 + log(2 / pi)) / 2)

"""Define a standard Gaussian, the easiest target."""

from math import log, pi

import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import check_options, coordinate_powers, covering_scale, make_target, sample_from
from jgen.types import Array, Target


def standard_gaussian(dim: int = 10) -> Target:
    r"""Make N(0, I), unnormalised.

    .. math:: \log \tilde p(x) = -|x|^2 / 2, \qquad \log Z = \tfrac{dim}{2} \log 2\pi

    The proposal is N(0, s^2 I) with s^dim = e, so ``log_bound = log Z + 1``.

    Args:
        dim: Number of coordinates, at least 1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1.

    Example:
        >>> target = standard_gaussian(dim=2)
        >>> round(float(target.log_density(target.start)), 6)
        -1.0

    Reference:
        Closed form.
    """
    check_options("standard_gaussian", "dim >= 1", dim >= 1, dim=dim)
    zeros, ones = np.zeros(dim), np.ones(dim)
    log_evidence = dim * log(2 * pi) / 2
    return make_target(
        log_density=Partial(log_density),
        start=ones,
        sample=Partial(sample_from, Normal(zeros, ones).to_event(1)),
        mean=zeros,
        variance=ones,
        log_evidence=log_evidence,
        expectations={"x^4": (Partial(coordinate_powers, 4), 3 * ones)},
        proposal=Normal(zeros, covering_scale(dim) * ones).to_event(1),
        log_bound=log_evidence + 1,
    )


def log_density(x: Array) -> Array:
    """Return minus half the squared length of ``x [dim]``."""
    return -(x @ x) / 2

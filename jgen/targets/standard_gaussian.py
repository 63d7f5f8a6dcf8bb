"""The easiest target: a standard Gaussian."""

from math import log, pi

import jax.numpy as jnp
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.bindable import power, sample_of, widening
from jgen.types import Array, Target


def standard_gaussian(dim: int = 10) -> Target:
    r"""N(0, I), unnormalised: what every sampler must do well first.

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
    if dim < 1:
        raise ValueError(f"standard_gaussian needs dim >= 1, got dim={dim}: give at least one coordinate.")
    zeros, ones = jnp.zeros(dim), jnp.ones(dim)
    log_evidence = dim * log(2 * pi) / 2
    return Target(
        log_density=Partial(log_density),
        start=ones,
        sample=Partial(sample_of, Normal(zeros, ones).to_event(1)),
        mean=zeros,
        variance=ones,
        log_evidence=log_evidence,
        expectations={"x^4": (Partial(power, 4), 3 * ones)},
        proposal=Normal(zeros, widening(dim) * ones).to_event(1),
        log_bound=log_evidence + 1,
        name="standard_gaussian",
        source="closed form",
    )


def log_density(x: Array) -> Array:
    """Minus half the squared length of ``x [dim]``."""
    return -(x @ x) / 2

"""Define independent Cauchy coordinates, which have no mean and no variance."""

from math import log, pi

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Cauchy

from jgen.distributions.parameters import log_one_plus_square
from jgen.targets.parts import check_options, covering_scale, make_target, sample_from
from jgen.types import Array, Target, Trait


def cauchy(dim: int = 100) -> Target:
    r"""Make ``dim`` independent standard Cauchy coordinates, normalised.

    .. math:: \log p(x) = -\sum_i \log \pi (1 + x_i^2), \qquad E[-\log p] = dim \log 4\pi

    No moment exists; each coordinate's -log p has mean log 4 pi and standard deviation pi / sqrt 3,
    and lies in (-1, 1) with probability 1/2. The proposal is Cauchy of scale s, s^dim = e;
    the ratio of the two is largest at 0, so ``log_bound = 1``.

    Args:
        dim: Number of coordinates, at least 1.

    Returns:
        The target; its position is an array ``[dim]``.

    Raises:
        ValueError: ``dim`` is below 1.

    Example:
        >>> target = cauchy(dim=1)
        >>> round(float(target.expectations["-log p"][1]), 6)
        2.531024

    Reference:
        Closed form; E log(1 + x^2) = 2 log 2 under the Cauchy distribution.
    """
    check_options("cauchy", "dim >= 1", dim >= 1, dim=dim)
    zeros, ones = np.zeros(dim), np.ones(dim)
    return make_target(
        Trait.HEAVY_TAILED,
        log_density=Partial(log_density),
        start=ones,
        sample=Partial(sample_from, Cauchy(zeros, ones).to_event(1)),
        log_evidence=0.0,
        expectations={
            "-log p": (Partial(negative_log_density), dim * log(4 * pi)),
            "|x| < 1": (Partial(inside), ones / 2),
        },
        proposal=Cauchy(zeros, covering_scale(dim) * ones).to_event(1),
        log_bound=1.0,
    )


def log_density(x: Array) -> Array:
    """Evaluate the normalised log-density of ``x [dim]``."""
    return -log_one_plus_square(x).sum() - len(x) * log(pi)


def negative_log_density(x: Array) -> Array:
    """Return minus the log-density."""
    return -log_density(x)


def inside(x: Array) -> Array:
    """Return 1 for each coordinate between the quartiles, else 0, ``[dim]``."""
    return (jnp.abs(x) < 1).astype(x.dtype)

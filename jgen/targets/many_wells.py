"""Define a product of double wells, with too many modes to list."""

from math import pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jax.tree_util import Partial
from numpyro.distributions import Categorical, Independent, MixtureSameFamily, Normal

from jgen.targets.grid_maximum import maximum_on_grid
from jgen.targets.parts import check_options, make_target, sample_by_rejection, sample_each
from jgen.targets.tilted_well import integrate_well, log_density_in_float64
from jgen.types import Array, Key, Target, Trait

BARRIER, TILT = 6.0, 0.5
CENTRES, SPREAD = (1.75, -1.7), 0.5
"""Of the proposal, a mixture of two Gaussians for each well."""


def many_wells(wells: int = 4) -> Target:
    r"""Make the product of wells -log p = sum_i x_i^4 - 6 x_i^2 - x_i / 2, unnormalised.

    .. math:: \log Z = wells \cdot \log Z_1, \qquad Z_1 = 11784.50926513, \qquad
        E x_i = 1.18796098, \quad P(x_i > 0) = .84430710

    There are 2^wells modes, with barriers of 9 nats between them. The modes have unequal weights, from 0.51
    down to 0.0006 at the default, so a sampler that finds them all may still estimate their weights wrongly.
    The truths are one-dimensional.

    The proposal is a product of two-component Gaussian mixtures over the wells; the maximum of the ratio is
    found in one dimension, so ``log_bound`` is exact. Draws are by rejection from it, well by well.

    Args:
        wells: Number of coordinates, 1 to 16.

    Returns:
        The target; its position is an array ``[wells]``.

    Raises:
        ValueError: ``wells`` is not within 1 to 16: beyond, hardly any proposal is accepted.

    Example:
        >>> function, truth = many_wells(1).expectations["x > 0"]
        >>> print(np.round(truth, 4))
        [0.8443]

    Reference:
        Midgley et al., "Flow annealed importance sampling bootstrap", ICLR 2023 (32 dimensions, with a
        Gaussian coordinate beside each well). Quadrature.
    """
    check_options("many_wells", "1 <= wells <= 16", 1 <= wells <= 16, wells=wells)
    one = integrate_well(BARRIER, TILT)
    ones = np.ones(wells)
    weights = np.array([one.right, 1 - one.right])

    def log_ratio(x: np.ndarray) -> np.ndarray:
        squares = np.square((x[:, None] - np.array(CENTRES)) / SPREAD)  # [node, component]
        density = (weights * np.exp(-squares / 2)).sum(1) / SPREAD / (2 * pi) ** 0.5
        return log_density_in_float64(BARRIER, TILT, x) - np.log(density)

    top = max(maximum_on_grid(log_ratio, -4.0, 0.0), maximum_on_grid(log_ratio, 0.0, 4.0))
    components = Normal(np.tile(CENTRES, (wells, 1)), np.full((wells, 2), SPREAD))
    mixtures = MixtureSameFamily(Categorical(probs=np.tile(weights, (wells, 1))), components)
    accept = Partial(log_accept, one.right, top)
    coordinate = Partial(sample_by_rejection, Partial(propose, one.right), accept)
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density),
        start=ones,
        sample=Partial(sample_each, coordinate, ones),
        mean=one.mean * ones,
        variance=(one.square - one.mean**2) * ones,
        log_evidence=wells * one.log_evidence,
        expectations={
            "x > 0": (Partial(on_the_right), one.right * ones),
            "x^2": (Partial(jnp.square), one.square * ones),
        },
        proposal=Independent(mixtures, 1),
        log_bound=wells * top,
        source="Midgley et al. 2023; quadrature",
    )


def log_density(x: Array) -> Array:
    """Evaluate the unnormalised log-density of ``x [wells]``."""
    return (x**2 * (BARRIER - x**2) + TILT * x).sum()


def on_the_right(x: Array) -> Array:
    """Return 1 for each coordinate in the right-hand well, else 0, ``[wells]``."""
    return (x > 0).astype(x.dtype)


def propose(right: float, key: Key) -> Array:
    """Propose one coordinate."""
    side_key, normal_key = jax.random.split(key)
    centre = jnp.where(jax.random.bernoulli(side_key, right), *CENTRES)
    return centre + SPREAD * jax.random.normal(normal_key)


def log_accept(right: float, top: float, x: Array) -> Array:
    """Evaluate the log-probability of accepting ``x []``."""
    first, second = (norm.logpdf(x, centre, SPREAD) for centre in CENTRES)
    cover = jnp.logaddexp(jnp.log(right) + first, jnp.log1p(-right) + second)
    return x**2 * (BARRIER - x**2) + TILT * x - cover - top

"""Compute R-hat: how well the chains agree in location and scale."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen.diagnostics.chain_statistics import (
    diagnose,
    distance_from_median,
    rank_normalise,
    split_chains,
)
from jgen.types import Array


def _potential_scale_reduction(draws: Array) -> Array:
    """Compute the classical ratio of draws ``[chain, draw]``: 0/0 (all equal) is NaN, B/0 is inf."""
    num_draws = draws.shape[1]
    within_chain = draws - draws[:, :1]  # [chain, draw]; a stuck chain has variance 0, not rounding
    within = within_chain.var(axis=1, ddof=1).mean()
    between = (within_chain.mean(axis=1) + draws[:, 0]).var(ddof=1)
    return jnp.sqrt(between / within + (num_draws - 1) / num_draws)


def _rank_normalised(draws: Array) -> Array:
    split = split_chains(draws)  # [2 chain, draw // 2]
    location = _potential_scale_reduction(rank_normalise(split))
    scale = _potential_scale_reduction(rank_normalise(distance_from_median(split)))
    return jnp.fmax(location, scale)


def rhat(draws: ArrayLike) -> Array:
    r"""Compute rank-normalised R-hat: the larger of split and folded R-hat.

    .. math:: \hat R = \sqrt{\frac{(n-1)/n \, W + B/n}{W}}

    of the normal scores of the split draws x (agreement in location) and of |x - median| (agreement in
    scale). The first alone misses chains of equal mean and different scale. Values above 1.01 show that the
    chains have not mixed.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar; NaN for NaN draws, fewer than four draws, one chain or draws that are all equal;
        inf where each chain is stuck at its own value.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> draws = jax.random.normal(jax.random.key(0), (4, 1000))
        >>> bool(rhat(draws) < 1.01), bool(rhat(draws.at[:2].multiply(3)) > 1.1)
        (True, True)

    Reference:
        Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
        localization: an improved R-hat. Bayesian Analysis 16(2).
    """
    return diagnose(_rank_normalised, draws, min_chains=2)

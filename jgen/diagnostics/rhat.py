"""R-hat: do the chains agree, in location and in scale?"""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen.diagnostics.chain_statistics import diagnose, median, rank_normalise, split_chains
from jgen.types import Array


def _potential_scale_reduction(draws: Array) -> Array:
    """The classical ratio, of draws ``[chain, draw]``: 0/0 (all equal) is NaN, B/0 is inf."""
    num_draws = draws.shape[1]
    within_chain = draws - draws[:, :1]  # [chain, draw]; a stuck chain has variance 0, not rounding
    within = within_chain.var(axis=1, ddof=1).mean()
    between = (within_chain.mean(axis=1) + draws[:, 0]).var(ddof=1)
    return jnp.sqrt(between / within + (num_draws - 1) / num_draws)


def _rank_normalised(draws: Array) -> Array:
    split = split_chains(draws)  # [2 chain, draw // 2]
    location = _potential_scale_reduction(rank_normalise(split))
    scale = _potential_scale_reduction(rank_normalise(jnp.abs(split - median(split))))
    return jnp.fmax(location, scale)


def rhat(draws: ArrayLike) -> Array:
    r"""Rank-normalised R-hat: the larger of the split one and the folded one.

    .. math:: \hat R = \sqrt{\frac{(n-1)/n \, W + B/n}{W}}

    of the normal scores of the split draws x (do the chains agree where they are?) and of
    |x - median| (do they agree how wide they are?). The first alone does not see two chains of
    equal mean and different scale. Values above 1.01 say that the chains have not mixed.

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

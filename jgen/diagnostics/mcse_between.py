"""Compute the Monte Carlo standard error from the spread of the means of independent chains."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen.diagnostics.chain_statistics import diagnose, in_unit
from jgen.types import Array


def _between(draws: Array) -> Array:
    scaled, unit = in_unit(draws)
    means = scaled.mean(axis=1)  # [chain]
    return unit * (means.std(ddof=1) / jnp.sqrt(means.size))


def mcse_between(draws: ArrayLike) -> Array:
    r"""Compute the standard error of the mean from independent chains, sd of chain means / sqrt(chains).

    .. math:: se^2 = \frac{1}{M (M - 1)} \sum_{m=1}^{M} (\bar x_m - \bar x)^2

    ``mcse_mean`` estimates the error from the autocorrelation inside chains, which misses modes that no chain
    crosses between. This one is right for chains that mix at any speed, on one condition: that they are
    independent and were **started in equilibrium**, at exact draws of the target. Then their means are M
    independent draws of one distribution whose mean is the truth. Chains started elsewhere may all be wrong
    together, which the draws do not show.

    It has M - 1 degrees of freedom: take 50 chains or more.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar, in the units of the draws; NaN for NaN draws, one chain, or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> mode = jax.random.bernoulli(jax.random.key(0), 0.5, (400, 1))  # two modes, no crossing
        >>> draws = 10.0 * mode + jax.random.normal(jax.random.key(1), (400, 50))
        >>> bool(abs(mcse_between(draws) / (5.0 / 20.0) - 1) < 0.2)
        True

    Reference:
        Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7(4); Gelman and Rubin (1992).
    """
    return diagnose(_between, draws, min_chains=2)

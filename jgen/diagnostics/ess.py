"""Compute effective sample sizes of Markov chains: for the mean, the bulk, a quantile, the tails."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from jgen.diagnostics import chain_statistics
from jgen.diagnostics.chain_statistics import (
    check_probability,
    diagnose,
    effective_sample_size,
    split_chains,
)
from jgen.types import Array


def split_ess(draws: Array) -> Array:
    """Compute the effective sample size of the split chains."""
    return effective_sample_size(split_chains(draws))


def indicator_ess(draws: Array, prob: float) -> Array:
    """Compute the effective sample size of the indicators x <= quantile."""
    return split_ess(chain_statistics.below_quantile(draws, prob).astype(draws.dtype))


def _bulk(draws: Array) -> Array:
    return effective_sample_size(chain_statistics.rank_normalise(split_chains(draws)))


def _tail(draws: Array) -> Array:
    return jnp.minimum(indicator_ess(draws, 0.05), indicator_ess(draws, 0.95))


def ess_mean(draws: ArrayLike) -> Array:
    r"""Compute the effective sample size for the mean, M n / tau, of the split chains.

    The standard error of the mean is sd / sqrt(ESS); both need chains that have mixed (``rhat``). For AR(1)
    with coefficient r the autocorrelation time tau is (1 + r)/(1 - r).

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> draws = jax.random.normal(jax.random.key(0), (4, 1000))
        >>> repeated = draws.repeat(10, axis=1)  # each draw ten times: no more information
        >>> bool(abs(ess_mean(repeated) / 4000 - 1) < 0.25)
        True

    Reference:
        Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7(4).
    """
    return diagnose(split_ess, draws)


def ess_bulk(draws: ArrayLike) -> Array:
    """Compute the effective sample size of rank-normalised draws: it exists where the variance does not.

    It is that for the mean of the normal scores of the draws.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar; NaN for NaN draws or fewer than four draws. R-hat is reliable above 100 per chain.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> draws = jax.random.cauchy(jax.random.key(0), (4, 1000))
        >>> bool(ess_bulk(draws) > 3000)
        True

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2), section 4.1.
    """
    return diagnose(_bulk, draws)


def ess_quantile(draws: ArrayLike, prob: float) -> Array:
    """Compute the effective sample size for one quantile: that of the indicators x <= quantile.

    The standard error of the share of the draws below a point near it is sqrt(p (1 - p) / ESS).

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.
        prob: A Python number in [0, 1].

    Returns:
        Scalar; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``, or ``prob`` not a probability.

    Example:
        >>> import jax
        >>> bool(ess_quantile(jax.random.normal(jax.random.key(0), (4, 1000)), 0.5) > 3000)
        True

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2), section 4.2.
    """
    check_probability("ess_quantile", prob)
    return diagnose(indicator_ess, draws, prob)


def ess_tail(draws: ArrayLike) -> Array:
    """Compute the effective sample size for the tails: the smaller of those for the 5 % and 95 % quantiles.

    It is that for the share of the draws in the worse of the two tails.

    Args:
        draws: Draws of one scalar quantity ``[chain, draw]``; vmap over coordinates.

    Returns:
        Scalar; NaN for NaN draws or fewer than four draws.

    Raises:
        ValueError: If ``draws`` is not ``[chain, draw]``.

    Example:
        >>> import jax
        >>> bool(ess_tail(jax.random.normal(jax.random.key(0), (4, 1000))) > 2000)
        True

    Reference:
        Vehtari et al. (2021), Bayesian Analysis 16(2), section 4.3.
    """
    return diagnose(_tail, draws)
